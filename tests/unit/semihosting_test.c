/* SPDX-License-Identifier: Apache-2.0 */
/* Semihosting over a fake guest memory and fake files: every operation, right and hostile. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "base/bits.h"
#include "fakes/unit.h"
#include "machine/semihosting.h"

#define MEM_BASE UINT64_C(0x40000000)
#define MEM_SIZE 0x10000U
#define FAILED   UINT64_MAX

/* One file, "f", in memory; one console. */
struct rig {
    uint8_t mem[MEM_SIZE];
    uint8_t file[4096];
    size_t file_len, pos;
    bool exists, is_open;
    unsigned last_mode;
    GString *console;
    int console_fd;
    const char *typed;
    unsigned waits;
    tick_t now;
    int request, code;
    struct semihost *s;
};

static bool mem_ok(uint64_t va, size_t len)
{
    return va >= MEM_BASE && len <= MEM_SIZE && va - MEM_BASE <= MEM_SIZE - len;
}

static bool guest_read(void *o, uint64_t va, void *buf, size_t len)
{
    struct rig *r = o;
    if (!mem_ok(va, len)) {
        return false;
    }
    memcpy(buf, r->mem + (va - MEM_BASE), len);
    return true;
}

static bool guest_write(void *o, uint64_t va, const void *buf, size_t len)
{
    struct rig *r = o;
    if (!mem_ok(va, len)) {
        return false;
    }
    memcpy(r->mem + (va - MEM_BASE), buf, len);
    return true;
}

static int f_open(void *o, const char *path, unsigned mode)
{
    struct rig *r = o;
    if (strcmp(path, "f") != 0 || (mode < 4 && !r->exists)) {
        return -ENOENT;
    }
    r->exists = true;
    r->is_open = true;
    r->last_mode = mode;
    r->pos = 0;
    return 7;
}

static int f_close(void *o, int fd)
{
    ((struct rig *)o)->is_open = false;
    return 0;
}

static int64_t f_read(void *o, int fd, void *buf, size_t len)
{
    struct rig *r = o;
    size_t n = MIN(len, r->file_len - MIN(r->pos, r->file_len));
    memcpy(buf, r->file + r->pos, n);
    r->pos += n;
    return (int64_t)n;
}

static int64_t f_write(void *o, int fd, const void *buf, size_t len)
{
    struct rig *r = o;
    size_t n = MIN(len, sizeof(r->file) - r->pos);
    if (n == 0) {
        return -ENOSPC;
    }
    memcpy(r->file + r->pos, buf, n);
    r->pos += n;
    r->file_len = MAX(r->file_len, r->pos);
    return (int64_t)n;
}

static int64_t f_seek(void *o, int fd, uint64_t pos)
{
    struct rig *r = o;
    if (pos > sizeof(r->file)) {
        return -EINVAL;
    }
    r->pos = pos;
    return (int64_t)pos;
}

static int64_t f_size(void *o, int fd)
{
    return (int64_t)((struct rig *)o)->file_len;
}

static bool f_is_tty(void *o, int fd)
{
    return false;
}

static int f_remove(void *o, const char *path)
{
    struct rig *r = o;
    if (strcmp(path, "f") != 0 || !r->exists) {
        return -ENOENT;
    }
    r->exists = false;
    return 0;
}

static int f_rename(void *o, const char *from, const char *to)
{
    return strcmp(from, "f") == 0 && strcmp(to, "g") == 0 ? 0 : -EACCES;
}

static int64_t c_read(void *o, void *buf, size_t len)
{
    struct rig *r = o;
    if (*r->typed == '\0') {
        return -EAGAIN;
    }
    size_t n = MIN(len, strlen(r->typed));
    memcpy(buf, r->typed, n);
    r->typed += n;
    return (int64_t)n;
}

static void c_write(void *o, int fd, const void *buf, size_t len)
{
    ((struct rig *)o)->console_fd = fd;
    g_string_append_len(((struct rig *)o)->console, buf, (gssize)len);
}

static bool wait_input(void *o)
{
    struct rig *r = o;
    r->typed = r->waits == 2 ? "late" : "";
    return r->waits++ < 4;
}

static tick_t now(void *o)
{
    return ((struct rig *)o)->now;
}

static void request(void *o, enum machine_request q, int code)
{
    struct rig *r = o;
    r->request = (int)q;
    r->code = code;
}

static int setup(void **state)
{
    struct rig *r = g_new0(struct rig, 1);
    struct semihost_config c = {
        .host = {f_open, f_close, f_read, f_write, f_seek, f_size, f_is_tty, f_remove, f_rename,
                 c_read, c_write, r},
        .machine = {request, r},
        .now = now,
        .wait = wait_input,
        .opaque = r,
        .epoch_seconds = 1000,
        .cmdline = "prog arg",
        .ram_base = MEM_BASE,
        .ram_size = 0x8000000,
    };
    r->console = g_string_new(NULL);
    r->typed = "";
    r->request = -1;
    r->s = semihost_new(&c);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    semihost_free(r->s);
    assert_false(r->is_open);
    g_string_free(r->console, true);
    g_free(r);
    return 0;
}

#define BLOCK (MEM_BASE + 0x100)
#define NAME  (MEM_BASE + 0x200)
#define DATA  (MEM_BASE + 0x1000)

static uint64_t raw(struct rig *r, uint64_t op, uint64_t param)
{
    struct semihost_guest g = {guest_read, guest_write, r};
    return semihost_call(r->s, &g, op, param);
}

static uint64_t call(struct rig *r, uint64_t op, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    uint64_t block[4] = {a, b, c, d};
    memcpy(r->mem + 0x100, block, sizeof(block));
    return raw(r, op, BLOCK);
}

static uint64_t open_name(struct rig *r, const char *name, uint64_t mode)
{
    size_t len = strlen(name);
    memcpy(r->mem + 0x200, name, len + 1);
    return call(r, 1, NAME, mode, len, 0);
}

static void test_files(void **state)
{
    struct rig *r = *state;
    assert_int_equal(open_name(r, "f", 0), FAILED);
    assert_int_equal(raw(r, 0x13, 0), ENOENT);
    uint64_t h = open_name(r, "f", 6);
    assert_int_equal(h, 1);
    assert_int_equal(r->last_mode, 6);
    memcpy(r->mem + 0x1000, "hello", 5);
    assert_int_equal(call(r, 5, h, DATA, 5, 0), 0);
    assert_int_equal(call(r, 0xc, h, 0, 0, 0), 5);
    assert_int_equal(call(r, 9, h, 0, 0, 0), 0);
    assert_int_equal(call(r, 0xa, h, 1, 0, 0), 0);
    assert_int_equal(call(r, 6, h, DATA + 16, 10, 0), 6);
    assert_memory_equal(r->mem + 0x1010, "ello", 4);
    assert_int_equal(call(r, 6, h, DATA + 16, 10, 0), 10); /* end of file */
    assert_int_equal(call(r, 0xa, h, 1U << 20, 0, 0), FAILED);
    /* The file is full after 4096 bytes: the rest is not written. */
    assert_int_equal(call(r, 0xa, h, 0, 0, 0), 0);
    assert_int_equal(call(r, 5, h, DATA, 5000, 0), 904);
    assert_int_equal(call(r, 2, h, 0, 0, 0), 0);
    assert_int_equal(call(r, 2, h, 0, 0, 0), FAILED);
    assert_int_equal(raw(r, 0x13, 0), EBADF);
    memcpy(r->mem + 0x200, "fg", 2);
    assert_int_equal(call(r, 0xf, NAME, 1, NAME + 1, 1), 0);
    assert_int_equal(call(r, 0xe, NAME, 1, 0, 0), 0);
    assert_int_equal(call(r, 0xe, NAME, 1, 0, 0), FAILED);
}

static void test_console(void **state)
{
    struct rig *r = *state;
    uint64_t out = open_name(r, ":tt", 4);
    uint64_t in = open_name(r, ":tt", 0);
    memcpy(r->mem + 0x1000, "abc", 4);
    assert_int_equal(call(r, 5, out, DATA, 3, 0), 0);
    assert_int_equal(r->console_fd, 1);
    raw(r, 4, DATA);
    assert_int_equal(r->console_fd, 2);
    raw(r, 3, DATA + 1);
    assert_string_equal(r->console->str, "abcabcb");
    assert_int_equal(call(r, 9, in, 0, 0, 0), 1);
    r->typed = "xy";
    assert_int_equal(raw(r, 7, 0), 'x');
    assert_int_equal(call(r, 6, in, DATA, 100, 0), 99);
    /* Nothing typed: it waits, and gets something. */
    assert_int_equal(call(r, 6, in, DATA, 100, 0), 96);
    assert_memory_equal(r->mem + 0x1000, "late", 4);
    /* The machine is to stop: end of input. */
    assert_int_equal(raw(r, 7, 0), FAILED);
}

static void test_features(void **state)
{
    struct rig *r = *state;
    uint64_t h = open_name(r, ":semihosting-features", 0);
    assert_int_equal(call(r, 0xc, h, 0, 0, 0), 5);
    assert_int_equal(call(r, 6, h, DATA, 16, 0), 11);
    assert_memory_equal(r->mem + 0x1000, "SHFB\x03", 5);
    assert_int_equal(call(r, 0xa, h, 4, 0, 0), 0);
    assert_int_equal(call(r, 6, h, DATA, 1, 0), 0);
    assert_int_equal(call(r, 0xa, h, INT64_MAX, 0, 0), 0);
    assert_int_equal(call(r, 6, h, DATA, 1, 0), 1);
    assert_int_equal(call(r, 5, h, DATA, 1, 0), 1);
    assert_int_equal(open_name(r, ":semihosting-features", 4), FAILED);
}

static void test_time_and_info(void **state)
{
    struct rig *r = *state;
    uint64_t v[4];
    r->now = 3 * TICKS_PER_SEC + TICKS_PER_SEC / 2;
    assert_int_equal(raw(r, 0x10, 0), 350);
    assert_int_equal(raw(r, 0x11, 0), 1003);
    assert_int_equal(raw(r, 0x31, 0), 1000000000);
    assert_int_equal(raw(r, 0x30, DATA), 0);
    memcpy(v, r->mem + 0x1000, 8);
    assert_int_equal(v[0], UINT64_C(3500000000));
    assert_int_equal(call(r, 0x15, DATA, 100, 0, 0), 0);
    assert_string_equal((char *)r->mem + 0x1000, "prog arg");
    memcpy(v, r->mem + 0x108, 8);
    assert_int_equal(v[0], 8);
    assert_int_equal(call(r, 0x15, DATA, 8, 0, 0), FAILED);
    assert_int_equal(call(r, 0x16, DATA, 0, 0, 0), 0);
    memcpy(v, r->mem + 0x1000, 32);
    assert_int_equal(v[0], MEM_BASE + 0x4000000);
    assert_int_equal(v[2], MEM_BASE + 0x8000000);
    assert_int_equal(call(r, 0xd, DATA, 5, 32, 0), 0);
    assert_string_equal((char *)r->mem + 0x1000, "/tmp/armature-05");
    assert_int_equal(call(r, 0xd, DATA, 5, 3, 0), FAILED);
    assert_int_equal(call(r, 8, (uint64_t)-5, 0, 0, 0), 1);
    assert_int_equal(call(r, 8, 5, 0, 0, 0), 0);
    assert_int_equal(call(r, 0x12, NAME, 3, 0, 0), FAILED);
}

static void test_exit(void **state)
{
    struct rig *r = *state;
    call(r, 0x18, 0x20026, 42, 0, 0);
    assert_int_equal(r->request, REQ_EXIT);
    assert_int_equal(r->code, 42);
    call(r, 0x20, 0x20026, 0, 0, 0);
    assert_int_equal(r->code, 0);
    call(r, 0x18, 0x20023, 0, 0, 0);
    assert_int_equal(r->code, 1);
    raw(r, 0x18, 0);
    assert_int_equal(r->code, 1);
}

/* Every operation with parameter blocks of nonsense: an answer, and no access outside. */
static void test_hostile(void **state)
{
    static const uint64_t values[] = {0,
                                      1,
                                      2,
                                      63,
                                      64,
                                      65,
                                      UINT64_MAX,
                                      UINT64_MAX - 8,
                                      INT64_MAX,
                                      MEM_BASE,
                                      MEM_BASE + MEM_SIZE - 4,
                                      BIT(32),
                                      BIT(63)};
    struct rig *r = *state;
    memset(r->mem + 0x1000, 0xff, MEM_SIZE - 0x1000);
    open_name(r, "f", 6);
    open_name(r, ":tt", 0);
    for (uint64_t op = 0; op < 0x40; op++) {
        for (size_t i = 0; i < ARRAY_LEN(values); i++) {
            raw(r, op, values[i]);
            for (size_t j = 0; j < ARRAY_LEN(values); j++) {
                r->typed = "some typed text";
                call(r, op, values[i], values[j], values[(i + j) % ARRAY_LEN(values)], 1);
            }
        }
    }
    assert_int_equal(raw(r, 0x100, 0), FAILED);
    assert_int_equal(raw(r, UINT32_MAX, 0), FAILED);
    /* The upper half of X0 is not part of the number. */
    assert_int_equal(raw(r, BIT(40) | 0x31, 0), 1000000000);
    semihost_reset(r->s);
}

static void test_handles_run_out(void **state)
{
    struct rig *r = *state;
    unsigned n = 0;
    while (open_name(r, ":tt", 4) != FAILED) {
        n++;
        assert_true(n <= 1000);
    }
    assert_int_equal(n, 64);
    assert_int_equal(raw(r, 0x13, 0), EMFILE);
    r->exists = true;
    assert_int_equal(open_name(r, "f", 0), FAILED);
    assert_false(r->is_open);
    semihost_reset(r->s);
    assert_int_equal(open_name(r, ":tt", 4), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_console, setup, teardown),
        cmocka_unit_test_setup_teardown(test_features, setup, teardown),
        cmocka_unit_test_setup_teardown(test_time_and_info, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
        cmocka_unit_test_setup_teardown(test_handles_run_out, setup, teardown),
    };
    return cmocka_run_group_tests_name("semihosting", tests, NULL, NULL);
}
