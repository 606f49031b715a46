/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/semihosting.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/log.h"
#include "base/result.h"

/* Semihosting 3.0, "The semihosting operations". */
enum semihost_op {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_WRITEC = 0x03,
    SYS_WRITE0 = 0x04,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_READC = 0x07,
    SYS_ISERROR = 0x08,
    SYS_ISTTY = 0x09,
    SYS_SEEK = 0x0a,
    SYS_FLEN = 0x0c,
    SYS_TMPNAM = 0x0d,
    SYS_REMOVE = 0x0e,
    SYS_RENAME = 0x0f,
    SYS_CLOCK = 0x10,
    SYS_TIME = 0x11,
    SYS_SYSTEM = 0x12,
    SYS_ERRNO = 0x13,
    SYS_GET_CMDLINE = 0x15,
    SYS_HEAPINFO = 0x16,
    SYS_EXIT = 0x18,
    SYS_EXIT_EXTENDED = 0x20,
    SYS_ELAPSED = 0x30,
    SYS_TICKFREQ = 0x31,
};
#define N_OPS (SYS_TICKFREQ + 1)

#define ADP_STOPPED_APPLICATION_EXIT 0x20026
#define FAILED                       UINT64_MAX
#define MAX_FILES                    64
#define MAX_PATH                     4096
#define MAX_STRING                   65536 /* SYS_WRITE0: longer strings are cut */
#define CHUNK                        16384 /* bytes copied at a time */
#define TICK_HZ                      UINT64_C(1000000000)
#define MAX_ARGS                     4
/* Bytes of one SYS_READ or SYS_WRITE; the rest counts as not transferred. */
#define MAX_TRANSFER (UINT64_C(1) << 30)

enum file_kind { FILE_FREE, FILE_HOST, FILE_CONSOLE, FILE_FEATURES };
struct file {
    enum file_kind kind;
    int fd;       /* FILE_HOST, FILE_CONSOLE */
    uint64_t pos; /* FILE_FEATURES */
};

struct semihost {
    struct semihost_config c;
    struct file files[MAX_FILES]; /* handle - 1 */
    int last_errno;
    uint8_t chunk[CHUNK];
};

/* Semihosting 3.0, "The features file": magic, SH_EXT_EXIT_EXTENDED and SH_EXT_STDOUT_STDERR. */
static const uint8_t features[] = {'S', 'H', 'F', 'B', 0x03};

static uint64_t failure(struct semihost *s, int error)
{
    s->last_errno = error;
    return FAILED;
}

static uint64_t le64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return GUINT64_FROM_LE(v);
}

/* A call's parameter block: n words of 64 bits. */
static bool args(const struct semihost_guest *g, uint64_t param, uint64_t *a, unsigned n)
{
    uint8_t raw[8 * MAX_ARGS];
    if (!g->read(g->opaque, param, raw, (size_t)8 * n)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        a[i] = le64(raw + 8 * i);
    }
    return true;
}

/* A string of known length, NUL terminated into out[MAX_PATH]. */
static bool get_path(const struct semihost_guest *g, uint64_t va, uint64_t len, char *out)
{
    if (len >= MAX_PATH || !g->read(g->opaque, va, out, len)) {
        return false;
    }
    out[len] = 0;
    return strlen(out) == len;
}

static struct file *get_file(struct semihost *s, uint64_t handle)
{
    if (handle == 0 || handle > MAX_FILES || s->files[handle - 1].kind == FILE_FREE) {
        return NULL;
    }
    return &s->files[handle - 1];
}

static uint64_t new_file(struct semihost *s, enum file_kind kind, int fd)
{
    for (unsigned i = 0; i < MAX_FILES; i++) {
        if (s->files[i].kind == FILE_FREE) {
            s->files[i] = (struct file){.kind = kind, .fd = fd};
            return i + 1;
        }
    }
    if (kind == FILE_HOST) {
        s->c.host.close(s->c.host.opaque, fd);
    }
    return failure(s, EMFILE);
}

static uint64_t sys_open(struct semihost *s, const struct semihost_guest *g, uint64_t param)
{
    uint64_t a[3];
    char path[MAX_PATH];

    if (!args(g, param, a, 3) || !get_path(g, a[0], a[2], path)) {
        return failure(s, EFAULT);
    }
    if (a[1] > 11) {
        return failure(s, EINVAL);
    }
    if (strcmp(path, ":tt") == 0) {
        /* SH_EXT_STDOUT_STDERR: opened to append it is standard error. */
        return new_file(s, FILE_CONSOLE, (int)(a[1] / 4));
    }
    if (strcmp(path, ":semihosting-features") == 0) {
        return a[1] > 1 ? failure(s, EACCES) : new_file(s, FILE_FEATURES, -1);
    }
    int fd = s->c.host.open(s->c.host.opaque, path, (unsigned)a[1]);
    return fd < 0 ? failure(s, -fd) : new_file(s, FILE_HOST, fd);
}

static uint64_t close_file(struct semihost *s, struct file *f)
{
    int r = f->kind == FILE_HOST ? s->c.host.close(s->c.host.opaque, f->fd) : 0;
    f->kind = FILE_FREE;
    return r < 0 ? failure(s, -r) : 0;
}

static uint64_t sys_close(struct semihost *s, const struct semihost_guest *g, uint64_t param)
{
    uint64_t a[1];
    if (!args(g, param, a, 1)) {
        return failure(s, EFAULT);
    }
    struct file *f = get_file(s, a[0]);
    return f == NULL ? failure(s, EBADF) : close_file(s, f);
}

static uint64_t sys_writec(struct semihost *s, const struct semihost_guest *g, uint64_t param)
{
    uint8_t c;
    if (g->read(g->opaque, param, &c, 1)) {
        s->c.host.console_write(s->c.host.opaque, STDERR_FILENO, &c, 1);
    }
    return 0;
}

static uint64_t sys_write0(struct semihost *s, const struct semihost_guest *g, uint64_t param)
{
    size_t n = 0;
    size_t total = 0;
    /* Byte by byte: the string may end just before memory that is not mapped. */
    for (; total < MAX_STRING; total++) {
        uint8_t c;
        if (!g->read(g->opaque, param + total, &c, 1) || c == 0) {
            break;
        }
        s->chunk[n++] = c;
        if (n == CHUNK) {
            s->c.host.console_write(s->c.host.opaque, STDERR_FILENO, s->chunk, n);
            n = 0;
        }
    }
    if (n != 0) {
        s->c.host.console_write(s->c.host.opaque, STDERR_FILENO, s->chunk, n);
    }
    return 0;
}

static int64_t write_some(struct semihost *s, const struct file *f, size_t len)
{
    if (f->kind == FILE_CONSOLE) {
        s->c.host.console_write(s->c.host.opaque, f->fd, s->chunk, len);
        return (int64_t)len;
    }
    if (f->kind == FILE_HOST) {
        return s->c.host.write(s->c.host.opaque, f->fd, s->chunk, len);
    }
    return -EBADF;
}

/* As a processor that a debugger has halted: the machine stands still until a key comes. */
static int64_t console_read(struct semihost *s, size_t len)
{
    for (;;) {
        int64_t n = s->c.host.console_read(s->c.host.opaque, s->chunk, len);
        if (n != -EAGAIN || !s->c.wait(s->c.opaque)) {
            return n == -EAGAIN ? 0 : n;
        }
    }
}

static int64_t read_some(struct semihost *s, struct file *f, size_t len)
{
    if (f->kind == FILE_CONSOLE) {
        return console_read(s, len);
    }
    if (f->kind == FILE_HOST) {
        return s->c.host.read(s->c.host.opaque, f->fd, s->chunk, len);
    }
    size_t n = f->pos < sizeof(features) ? MIN(len, sizeof(features) - f->pos) : 0;
    memcpy(s->chunk, features + MIN(f->pos, sizeof(features)), n);
    f->pos += n;
    return (int64_t)n;
}

/* Both return the number of bytes not transferred. */
static uint64_t sys_write(struct semihost *s, const struct semihost_guest *g, uint64_t param)
{
    uint64_t a[3];
    if (!args(g, param, a, 3)) {
        return failure(s, EFAULT);
    }
    struct file *f = get_file(s, a[0]);
    if (f == NULL) {
        s->last_errno = EBADF;
        return a[2];
    }
    uint64_t rest = a[2] > MAX_TRANSFER ? a[2] - MAX_TRANSFER : 0;
    while (a[2] > rest) {
        size_t n = MIN(a[2] - rest, CHUNK);
        if (!g->read(g->opaque, a[1], s->chunk, n)) {
            s->last_errno = EFAULT;
            break;
        }
        int64_t done = write_some(s, f, n);
        if (done <= 0) {
            s->last_errno = (int)-done;
            break;
        }
        a[1] += (uint64_t)done;
        a[2] -= (uint64_t)done;
    }
    return a[2];
}

static uint64_t sys_read(struct semihost *s, const struct semihost_guest *g, uint64_t param)
{
    uint64_t a[3];
    if (!args(g, param, a, 3)) {
        return failure(s, EFAULT);
    }
    struct file *f = get_file(s, a[0]);
    if (f == NULL) {
        s->last_errno = EBADF;
        return FAILED;
    }
    uint64_t rest = a[2] > MAX_TRANSFER ? a[2] - MAX_TRANSFER : 0;
    while (a[2] > rest) {
        size_t want = MIN(a[2] - rest, CHUNK);
        int64_t n = read_some(s, f, want);
        if (n < 0) {
            return failure(s, (int)-n);
        }
        if (!g->write(g->opaque, a[1], s->chunk, (size_t)n)) {
            return failure(s, EFAULT);
        }
        a[1] += (uint64_t)n;
        a[2] -= (uint64_t)n;
        /* A console line is complete, or the file has ended. */
        if ((size_t)n < want || f->kind == FILE_CONSOLE) {
            break;
        }
    }
    return a[2];
}

static uint64_t sys_readc(struct semihost *s, const struct semihost_guest *g, uint64_t param)
{
    return console_read(s, 1) == 1 ? s->chunk[0] : FAILED;
}

static uint64_t sys_iserror(struct semihost *s, const struct semihost_guest *g, uint64_t param)
{
    uint64_t a[1];
    return args(g, param, a, 1) && (int64_t)a[0] >= 0 ? 0 : 1;
}

static uint64_t sys_istty(struct semihost *s, const struct semihost_guest *g, uint64_t param)
{
    uint64_t a[1];
    if (!args(g, param, a, 1)) {
        return failure(s, EFAULT);
    }
    struct file *f = get_file(s, a[0]);
    if (f == NULL) {
        return failure(s, EBADF);
    }
    return f->kind == FILE_CONSOLE ||
           (f->kind == FILE_HOST && s->c.host.is_tty(s->c.host.opaque, f->fd));
}

static uint64_t sys_seek(struct semihost *s, const struct semihost_guest *g, uint64_t param)
{
    uint64_t a[2];
    if (!args(g, param, a, 2)) {
        return failure(s, EFAULT);
    }
    struct file *f = get_file(s, a[0]);
    if (f == NULL || f->kind == FILE_CONSOLE || a[1] > INT64_MAX) {
        return failure(s, f == NULL ? EBADF : EINVAL);
    }
    if (f->kind == FILE_FEATURES) {
        f->pos = a[1];
        return 0;
    }
    int64_t r = s->c.host.seek(s->c.host.opaque, f->fd, a[1]);
    return r < 0 ? failure(s, (int)-r) : 0;
}

static uint64_t sys_flen(struct semihost *s, const struct semihost_guest *g, uint64_t param)
{
    uint64_t a[1];
    if (!args(g, param, a, 1)) {
        return failure(s, EFAULT);
    }
    struct file *f = get_file(s, a[0]);
    if (f == NULL) {
        return failure(s, EBADF);
    }
    if (f->kind != FILE_HOST) {
        return f->kind == FILE_FEATURES ? sizeof(features) : 0;
    }
    int64_t r = s->c.host.size(s->c.host.opaque, f->fd);
    return r < 0 ? failure(s, (int)-r) : (uint64_t)r;
}

static uint64_t sys_tmpnam(struct semihost *s, const struct semihost_guest *g, uint64_t param)
{
    uint64_t a[3];
    char name[32];

    if (!args(g, param, a, 3)) {
        return failure(s, EFAULT);
    }
    /* The same every time: a name from the guest's identifier, as specified. */
    int n = g_snprintf(name, sizeof(name), "/tmp/armature-%02x", (unsigned)a[1] & 0xff);
    if (a[2] <= (uint64_t)n || !g->write(g->opaque, a[0], name, (size_t)n + 1)) {
        return failure(s, EFAULT);
    }
    return 0;
}

static uint64_t sys_remove(struct semihost *s, const struct semihost_guest *g, uint64_t param)
{
    uint64_t a[2];
    char path[MAX_PATH];

    if (!args(g, param, a, 2) || !get_path(g, a[0], a[1], path)) {
        return failure(s, EFAULT);
    }
    int r = s->c.host.remove(s->c.host.opaque, path);
    return r < 0 ? failure(s, -r) : 0;
}

static uint64_t sys_rename(struct semihost *s, const struct semihost_guest *g, uint64_t param)
{
    uint64_t a[4];
    char from[MAX_PATH];
    char to[MAX_PATH];

    if (!args(g, param, a, 4) || !get_path(g, a[0], a[1], from) || !get_path(g, a[2], a[3], to)) {
        return failure(s, EFAULT);
    }
    int r = s->c.host.rename(s->c.host.opaque, from, to);
    return r < 0 ? failure(s, -r) : 0;
}

static tick_t now(const struct semihost *s)
{
    return s->c.now(s->c.opaque);
}

static uint64_t sys_clock(struct semihost *s, const struct semihost_guest *g, uint64_t param)
{
    return now(s) / (TICKS_PER_SEC / 100);
}

static uint64_t sys_time(struct semihost *s, const struct semihost_guest *g, uint64_t param)
{
    return (uint64_t)s->c.epoch_seconds + now(s) / TICKS_PER_SEC;
}

static uint64_t sys_elapsed(struct semihost *s, const struct semihost_guest *g, uint64_t param)
{
    uint64_t t = GUINT64_TO_LE(now(s) / (TICKS_PER_SEC / TICK_HZ));
    return g->write(g->opaque, param, &t, sizeof(t)) ? 0 : failure(s, EFAULT);
}

static uint64_t sys_tickfreq(struct semihost *s, const struct semihost_guest *g, uint64_t param)
{
    return TICK_HZ;
}

/* A guest must not run commands on the host. */
static uint64_t sys_system(struct semihost *s, const struct semihost_guest *g, uint64_t param)
{
    log_unimp("semihosting", "SYS_SYSTEM is refused");
    return failure(s, EPERM);
}

static uint64_t sys_errno(struct semihost *s, const struct semihost_guest *g, uint64_t param)
{
    return (uint64_t)s->last_errno;
}

static uint64_t sys_get_cmdline(struct semihost *s, const struct semihost_guest *g, uint64_t param)
{
    uint64_t a[2];
    const char *line = s->c.cmdline != NULL ? s->c.cmdline : "";
    uint64_t len = strlen(line);

    if (!args(g, param, a, 2) || a[1] <= len || !g->write(g->opaque, a[0], line, len + 1)) {
        return failure(s, E2BIG);
    }
    len = GUINT64_TO_LE(len);
    return g->write(g->opaque, param + 8, &len, 8) ? 0 : failure(s, EFAULT);
}

/* The upper half of RAM: heap from its start, stack from its end. */
static uint64_t sys_heapinfo(struct semihost *s, const struct semihost_guest *g, uint64_t param)
{
    uint64_t a[1];
    uint64_t half = s->c.ram_base + align_down(s->c.ram_size / 2, 4096);
    uint64_t end = s->c.ram_base + s->c.ram_size;
    uint64_t block[4] = {
        GUINT64_TO_LE(half), /* heap base */
        GUINT64_TO_LE(end),  /* heap limit */
        GUINT64_TO_LE(end),  /* stack base */
        GUINT64_TO_LE(half), /* stack limit */
    };
    if (!args(g, param, a, 1) || !g->write(g->opaque, a[0], block, sizeof(block))) {
        return failure(s, EFAULT);
    }
    return 0;
}

/* In AArch64 both exits take a block: reason and exit code. */
static uint64_t sys_exit(struct semihost *s, const struct semihost_guest *g, uint64_t param)
{
    uint64_t a[2] = {0, 1};
    int code = 1;
    if (args(g, param, a, 2) && a[0] == ADP_STOPPED_APPLICATION_EXIT) {
        code = (int)(a[1] & 0xff);
    }
    s->c.machine.request(s->c.machine.opaque, REQ_EXIT, code);
    return 0;
}

typedef uint64_t semihost_fn(struct semihost *s, const struct semihost_guest *g, uint64_t param);

static semihost_fn *const ops[N_OPS] = {
    [SYS_OPEN] = sys_open,
    [SYS_CLOSE] = sys_close,
    [SYS_WRITEC] = sys_writec,
    [SYS_WRITE0] = sys_write0,
    [SYS_WRITE] = sys_write,
    [SYS_READ] = sys_read,
    [SYS_READC] = sys_readc,
    [SYS_ISERROR] = sys_iserror,
    [SYS_ISTTY] = sys_istty,
    [SYS_SEEK] = sys_seek,
    [SYS_FLEN] = sys_flen,
    [SYS_TMPNAM] = sys_tmpnam,
    [SYS_REMOVE] = sys_remove,
    [SYS_RENAME] = sys_rename,
    [SYS_CLOCK] = sys_clock,
    [SYS_TIME] = sys_time,
    [SYS_SYSTEM] = sys_system,
    [SYS_ERRNO] = sys_errno,
    [SYS_GET_CMDLINE] = sys_get_cmdline,
    [SYS_HEAPINFO] = sys_heapinfo,
    [SYS_EXIT] = sys_exit,
    [SYS_EXIT_EXTENDED] = sys_exit,
    [SYS_ELAPSED] = sys_elapsed,
    [SYS_TICKFREQ] = sys_tickfreq,
};

struct semihost *semihost_new(const struct semihost_config *c)
{
    struct semihost *s = g_new0(struct semihost, 1);
    s->c = *c;
    return s;
}

void semihost_reset(struct semihost *s)
{
    for (unsigned i = 0; i < MAX_FILES; i++) {
        if (s->files[i].kind != FILE_FREE) {
            close_file(s, &s->files[i]);
        }
    }
    s->last_errno = 0;
}

/* clang-format off */
static const struct snap_field file_fields[] = {
    SNAP_UPTO(struct file, kind, FILE_FEATURES),
    SNAP_UPTO(struct file, fd, 2),
    SNAP_UPTO(struct file, pos, sizeof(features)),
};
static const struct snap_desc file_desc = SNAP_DESC(0, file_fields);
static const struct snap_field semihost_fields[] = {
    SNAP_FIELD(struct semihost, last_errno),
    SNAP_STRUCTS(struct semihost, files, struct file, &file_desc),
};
/* clang-format on */
static const struct snap_desc semihost_desc = SNAP_DESC(1, semihost_fields);

static bool has_host_files(const struct semihost *s)
{
    for (unsigned i = 0; i < MAX_FILES; i++) {
        if (s->files[i].kind == FILE_HOST) {
            return true;
        }
    }
    return false;
}

/* Files of the host are outside of the machine: with one open, there is nothing to go back to. */
void semihost_snap(struct semihost *s, struct snap *out)
{
    if (snap_mode(out) == SNAP_LOAD) {
        semihost_reset(s);
    }
    snap_section(out, "semihosting", &semihost_desc, s);
    if (snap_mode(out) != SNAP_HASH && has_host_files(s)) {
        snap_fail(out, "the guest has a file of the host open by semihosting");
    }
    if (snap_mode(out) == SNAP_LOAD && !snap_ok(out)) {
        memset(s->files, 0, sizeof(s->files)); /* loaded: handles of nobody */
    }
}

void semihost_free(struct semihost *s)
{
    if (s != NULL) {
        semihost_reset(s);
        g_free(s);
    }
}

uint64_t semihost_call(struct semihost *s, const struct semihost_guest *g, uint64_t op,
                       uint64_t param)
{
    uint32_t n = (uint32_t)op;
    if (n >= N_OPS || ops[n] == NULL) {
        log_guest("semihosting", "there is no operation 0x%x", n);
        return failure(s, ENOSYS);
    }
    return ops[n](s, g, param);
}
