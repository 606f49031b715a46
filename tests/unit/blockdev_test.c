/* SPDX-License-Identifier: Apache-2.0 */
/* Block backends on real temporary files: sizes, errors, locks, overlays; and the seeded entropy.
 */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"
#include "fakes/unit.h"
#include "host/blockdev.h"
#include "host/entropy.h"

static char *make_file(const void *data, size_t len)
{
    char *path = NULL;
    int fd = g_file_open_tmp("armature-XXXXXX", &path, NULL);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), len);
    close(fd);
    return path;
}

static void drop_file(char *path)
{
    assert_int_equal(g_unlink(path), 0);
    g_free(path);
}

static void expect_error(const struct blockdev_cfg *cfg, const char *part)
{
    GError *err = NULL;
    assert_null(host_blockdev_open(cfg, &err));
    assert_non_null(err);
    assert_non_null(strstr(err->message, part));
    assert_null(strchr(err->message, '\n'));
    g_error_free(err);
}

static void test_file(void **state)
{
    uint8_t data[1536], buf[1536];
    memset(data, 7, sizeof(data));
    char *path = make_file(data, 1300); /* not whole sectors */
    struct blockdev *b = host_blockdev_open(&(struct blockdev_cfg){.path = path}, NULL);
    assert_non_null(b);
    assert_int_equal(b->size, 1536);
    assert_false(b->read_only);
    assert_true(b->ops->read(b->opaque, 0, buf, sizeof(buf)));
    memset(data + 1300, 0, 236);
    assert_memory_equal(buf, data, sizeof(data));
    memset(data + 512, 9, 1024);
    assert_true(b->ops->write(b->opaque, 512, data + 512, 1024));
    assert_true(b->ops->flush(b->opaque));
    /* A second writer is refused. */
    expect_error(&(struct blockdev_cfg){.path = path}, "in use");
    expect_error(&(struct blockdev_cfg){.path = path, .read_only = true}, "in use");
    host_blockdev_close(b);
    b = host_blockdev_open(&(struct blockdev_cfg){.path = path, .read_only = true}, NULL);
    assert_true(b->ops->read(b->opaque, 0, buf, sizeof(buf)));
    assert_memory_equal(buf, data, sizeof(data));
    assert_false(b->ops->write(b->opaque, 0, buf, 512));
    host_blockdev_close(b);
    drop_file(path);
}

static int hold_byte(const char *path, off_t at)
{
    struct flock l = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &l), 0);
    return fd;
}

/* QEMU locks byte 100 + n for what it does, 200 + n for what it keeps others from; n is 0 for
 * reading, 1 for writing. Readers have room beside each other, and none beside a writer. */
static void test_locks(void **state)
{
    static const struct {
        off_t at;
        bool reader;
    } cases[] = {{100, true}, {201, true}, {101, false}, {200, false}};
    uint8_t data[512] = {0};
    char *path = make_file(data, sizeof(data));
    struct blockdev_cfg read = {.path = path, .read_only = true}, write = {.path = path};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int fd = hold_byte(path, cases[i].at);
        struct blockdev *a = host_blockdev_open(&read, NULL);
        struct blockdev *b = cases[i].reader ? host_blockdev_open(&read, NULL) : NULL;
        assert_int_equal(a != NULL, cases[i].reader);
        assert_int_equal(b != NULL, cases[i].reader);
        expect_error(&write, "in use");
        if (a != NULL) {
            /* Another program sees a reader that lets it read. */
            struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 200, .l_len = 1};
            assert_int_equal(fcntl(fd, F_OFD_GETLK, &l), 0);
            assert_int_equal(l.l_type, F_UNLCK);
            host_blockdev_close(a);
            host_blockdev_close(b);
        }
        close(fd);
    }
    drop_file(path);
}

static void test_zero_and_discard(void **state)
{
    uint8_t data[65536], buf[65536];
    memset(data, 7, sizeof(data));
    char *path = make_file(data, sizeof(data));
    struct blockdev *b = host_blockdev_open(&(struct blockdev_cfg){.path = path}, NULL);
    if (b->ops->zero(b->opaque, 4096, 8192, true)) { /* a matter of the file system */
        memset(data + 4096, 0, 8192);
    }
    assert_true(b->ops->discard(b->opaque, 32768, 4096));
    assert_true(b->ops->read(b->opaque, 0, buf, 32768));
    assert_memory_equal(buf, data, 32768);
    assert_int_equal(b->size, sizeof(data));
    host_blockdev_close(b);
    drop_file(path);
}

static void test_exact(void **state)
{
    char *path = make_file("abc", 3);
    struct blockdev *b =
        host_blockdev_open(&(struct blockdev_cfg){.path = path, .exact = true}, NULL);
    assert_int_equal(b->size, 3);
    host_blockdev_close(b);
    drop_file(path);
}

static void test_errors(void **state)
{
    expect_error(&(struct blockdev_cfg){.path = "/nonexistent/disk.img"}, "No such file");
    expect_error(&(struct blockdev_cfg){.path = "/", .read_only = true}, "neither a file");
    expect_error(&(struct blockdev_cfg){.path = "/dev/null"}, "neither a file");
    char *path = make_file("QFI\xfb\0\0\0\3", 8);
    expect_error(&(struct blockdev_cfg){.path = path}, "qcow2");
    struct blockdev *b =
        host_blockdev_open(&(struct blockdev_cfg){.path = path, .format_raw = true}, NULL);
    assert_non_null(b);
    host_blockdev_close(b);
    if (geteuid() != 0) {
        assert_int_equal(g_chmod(path, 0400), 0);
        expect_error(&(struct blockdev_cfg){.path = path, .format_raw = true}, "ermission");
    }
    drop_file(path);
}

static void test_snapshot(void **state)
{
    uint8_t *data = g_malloc(300000), *buf = g_malloc(300032);
    for (unsigned i = 0; i < 300000; i++) {
        data[i] = (uint8_t)(i * 11);
    }
    char *path = make_file(data, 300000);
    struct blockdev *b =
        host_blockdev_open(&(struct blockdev_cfg){.path = path, .snapshot = true}, NULL);
    assert_int_equal(b->size, 300032);
    assert_false(b->read_only);
    memset(buf, 0x55, 100000);
    assert_true(b->ops->write(b->opaque, 65000, buf, 100000)); /* several clusters */
    assert_true(b->ops->write(b->opaque, 299999, buf, 33));    /* the last, partial one */
    assert_true(b->ops->read(b->opaque, 0, buf, 300032));
    assert_memory_equal(buf, data, 65000);
    assert_memory_equal(buf + 165000, data + 165000, 299999 - 165000);
    for (unsigned i = 65000; i < 165000; i++) {
        assert_int_equal(buf[i], 0x55);
    }
    assert_int_equal(buf[300031], 0x55);
    host_blockdev_close(b);
    b = host_blockdev_open(&(struct blockdev_cfg){.path = path, .read_only = true}, NULL);
    assert_true(b->ops->read(b->opaque, 0, buf, 300000));
    assert_memory_equal(buf, data, 300000); /* untouched */
    host_blockdev_close(b);
    drop_file(path);
    g_free(data);
    g_free(buf);
}

static void test_memory(void **state)
{
    char buf[4];
    struct blockdev *b = host_blockdev_memory("flash", 6, true);
    assert_int_equal(b->size, 6);
    assert_true(b->ops->read(b->opaque, 1, buf, 4));
    assert_memory_equal(buf, "lash", 4);
    assert_false(b->ops->write(b->opaque, 1, buf, 4));
    host_blockdev_close(b);
}

static void test_entropy(void **state)
{
    /* RFC 8439, A.1, test vector 1: key, nonce and counter are zero. */
    static const uint8_t want[16] = {0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90,
                                     0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86, 0xbd, 0x28};
    struct host_entropy e, f;
    uint8_t a[200], b[200];
    host_entropy_init(&e, 0, "");
    memset(e.key, 0, sizeof(e.key));
    e.port.fill(e.port.opaque, a, sizeof(want));
    assert_memory_equal(a, want, sizeof(want));
    /* The same stream, however it is cut. */
    host_entropy_init(&e, 42, "rng0");
    host_entropy_init(&f, 42, "rng0");
    e.port.fill(e.port.opaque, a, 200);
    for (unsigned i = 0; i < 200; i += 8) {
        f.port.fill(f.port.opaque, b + i, 8);
    }
    assert_memory_equal(a, b, 200);
    host_entropy_init(&f, 42, "rng1");
    f.port.fill(f.port.opaque, b, 200);
    assert_memory_not_equal(a, b, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_locks),
        cmocka_unit_test(test_zero_and_discard),
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_snapshot),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_entropy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
