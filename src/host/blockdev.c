/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw image files and block devices, and plain memory, as block backends.
 *
 * A file is locked while it is open, at the bytes and in the way QEMU locks images, so that two
 * emulators do not write to one disk. Other image formats are recognised to be refused.
 */
#include "host/blockdev.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"

#include "host/blockdev_internal.h"

enum {
    SECTOR = 512,
    /* Bytes of an image that say by locks, as QEMU's do, what its users do and what they keep
     * others from: to read what is consistent, to write, to resize. */
    LOCK_DOES = 100,
    LOCK_KEEPS_FROM = 200,
    LOCK_BYTES = 64, /* of each kind */
    PERM_READ = 0,
    PERM_WRITE = 1,
    PERM_RESIZE = 3,
};

struct host_file {
    struct blockdev dev;
    const struct blockdev_impl *impl;
    int fd;
    bool no_flush, no_unmap;
};

struct host_memory {
    struct blockdev dev;
    const struct blockdev_impl *impl;
    uint8_t *data;
};

/* The impl pointer follows the public part in every kind. */
struct host_any {
    struct blockdev dev;
    const struct blockdev_impl *impl;
};

void host_blockdev_close(struct blockdev *b)
{
    if (b != NULL) {
        ((struct host_any *)b)->impl->close(b);
    }
}

/* ---- files ---- */

static bool file_read(void *opaque, uint64_t offset, void *buf, size_t len)
{
    const struct host_file *f = opaque;
    uint8_t *p = buf;
    while (len != 0) {
        ssize_t n = pread(f->fd, p, len, (off_t)offset);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return false;
        }
        if (n == 0) {
            memset(p, 0, len); /* the last sector of an odd-sized file, or a file cut short */
            return true;
        }
        p += n;
        offset += (uint64_t)n;
        len -= (size_t)n;
    }
    return true;
}

static bool file_write(void *opaque, uint64_t offset, const void *buf, size_t len)
{
    const struct host_file *f = opaque;
    const uint8_t *p = buf;
    if (f->dev.read_only) {
        return false;
    }
    while (len != 0) {
        ssize_t n = pwrite(f->fd, p, len, (off_t)offset);
        if (n <= 0 && errno != EINTR) {
            return false;
        }
        if (n > 0) {
            p += n;
            offset += (uint64_t)n;
            len -= (size_t)n;
        }
    }
    return true;
}

static bool file_flush(void *opaque)
{
    const struct host_file *f = opaque;
    return f->no_flush || f->dev.read_only || fdatasync(f->fd) == 0;
}

static bool file_punch(const struct host_file *f, uint64_t offset, uint64_t len)
{
    return fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
                     (off_t)len) == 0;
}

static bool file_zero(void *opaque, uint64_t offset, uint64_t len, bool unmap)
{
    const struct host_file *f = opaque;
    if (f->dev.read_only || len == 0) {
        return !f->dev.read_only;
    }
    if (unmap && !f->no_unmap) {
        return file_punch(f, offset, len);
    }
    return fallocate(f->fd, FALLOC_FL_ZERO_RANGE, (off_t)offset, (off_t)len) == 0;
}

static bool file_discard(void *opaque, uint64_t offset, uint64_t len)
{
    const struct host_file *f = opaque;
    if (!f->no_unmap && !f->dev.read_only && len != 0) {
        (void)file_punch(f, offset, len); /* only a hint */
    }
    return true;
}

static void file_close(struct blockdev *b)
{
    struct host_file *f = (struct host_file *)b;
    (void)file_flush(f);
    close(f->fd);
    g_free(f);
}

static const struct blockdev_ops file_ops = {
    .read = file_read,
    .write = file_write,
    .flush = file_flush,
    .zero = file_zero,
    .discard = file_discard,
};
static const struct blockdev_impl file_impl = {.close = file_close};

static bool set_lock(int fd, short type, off_t from, off_t len)
{
    struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = from, .l_len = len};
    /* A file system without locks is no reason to fail. */
    return fcntl(fd, F_OFD_SETLK, &l) == 0 || (errno != EAGAIN && errno != EACCES);
}

static bool is_locked(int fd, off_t at)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
    return fcntl(fd, F_OFD_GETLK, &l) == 0 && l.l_type != F_UNLCK;
}

/* Who writes is alone. Who reads can do so beside others who read. */
static bool lock_image(int fd, bool write)
{
    if (write) {
        return set_lock(fd, F_WRLCK, LOCK_DOES, LOCK_KEEPS_FROM + LOCK_BYTES - LOCK_DOES);
    }
    return set_lock(fd, F_RDLCK, LOCK_DOES + PERM_READ, 1) &&
           set_lock(fd, F_RDLCK, LOCK_KEEPS_FROM + PERM_WRITE, 1) &&
           set_lock(fd, F_RDLCK, LOCK_KEEPS_FROM + PERM_RESIZE, 1) &&
           !is_locked(fd, LOCK_KEEPS_FROM + PERM_READ) && !is_locked(fd, LOCK_DOES + PERM_WRITE) &&
           !is_locked(fd, LOCK_DOES + PERM_RESIZE);
}

/* The name of the image format that data starts with, if it is one we cannot read. */
static const char *foreign_format(const uint8_t *data, size_t len)
{
    static const struct {
        const char *magic;
        const char *name;
    } formats[] = {
        {"QFI\xfb", "qcow2"}, {"KDMV", "vmdk"},    {"QED", "qed"},
        {"vhdxfile", "vhdx"}, {"conectix", "vhd"}, {"<<< ", "vdi"},
    };
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        size_t n = strlen(formats[i].magic);
        if (len >= n && memcmp(data, formats[i].magic, n) == 0) {
            return formats[i].name;
        }
    }
    return NULL;
}

static bool check_format(int fd, const char *who, const char *path, GError **err)
{
    uint8_t head[16];
    ssize_t n = pread(fd, head, sizeof(head), 0);
    const char *format = foreign_format(head, n > 0 ? (size_t)n : 0);
    if (format == NULL) {
        return true;
    }
    return fail(err, ERR_FILE,
                "%s: '%s' is a %s image; only raw images work (qemu-img convert -O raw)", who, path,
                format);
}

static bool measure(int fd, const char *who, const char *path, uint64_t *out_size, GError **err)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return fail(err, ERR_FILE, "%s: '%s': %s", who, path, g_strerror(errno));
    }
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
        return fail(err, ERR_FILE, "%s: '%s' is neither a file nor a block device", who, path);
    }
    off_t end = lseek(fd, 0, SEEK_END);
    if (end < 0) {
        return fail(err, ERR_FILE, "%s: '%s': %s", who, path, g_strerror(errno));
    }
    *out_size = (uint64_t)end;
    return true;
}

struct blockdev *host_blockdev_open(const struct blockdev_cfg *cfg, GError **err)
{
    const char *who = cfg->id != NULL ? cfg->id : "drive";
    bool write = !cfg->read_only && !cfg->snapshot;
    uint64_t size = 0;
    int fd = open(cfg->path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (fd < 0) {
        fail(err, ERR_FILE, "%s: cannot open '%s'%s: %s", who, cfg->path,
             write ? " for writing" : "", g_strerror(errno));
        return NULL;
    }
    bool ok = measure(fd, who, cfg->path, &size, err) &&
              (cfg->format_raw || check_format(fd, who, cfg->path, err));
    if (ok && !cfg->no_lock && !lock_image(fd, write)) {
        ok = fail(err, ERR_FILE, "%s: '%s' is in use by another process (locking=off to insist)",
                  who, cfg->path);
    }
    if (!ok) {
        close(fd);
        return NULL;
    }
    struct host_file *f = g_new0(struct host_file, 1);
    f->dev.ops = &file_ops;
    f->dev.opaque = f;
    f->dev.size = cfg->exact ? size : align_up(size, SECTOR);
    f->dev.read_only = !write;
    f->impl = &file_impl;
    f->fd = fd;
    f->no_flush = cfg->no_flush;
    f->no_unmap = cfg->no_unmap;
    if (!cfg->snapshot) {
        return &f->dev;
    }
    struct blockdev *o = host_blockdev_overlay(&f->dev);
    o->read_only = cfg->read_only;
    return o;
}

/* ---- memory ---- */

static bool memory_read(void *opaque, uint64_t offset, void *buf, size_t len)
{
    memcpy(buf, ((struct host_memory *)opaque)->data + offset, len);
    return true;
}

static bool memory_write(void *opaque, uint64_t offset, const void *buf, size_t len)
{
    struct host_memory *m = opaque;
    if (!m->dev.read_only) {
        memcpy(m->data + offset, buf, len);
    }
    return !m->dev.read_only;
}

static bool memory_flush(void *opaque)
{
    return true;
}

static void memory_close(struct blockdev *b)
{
    g_free(((struct host_memory *)b)->data);
    g_free(b);
}

static const struct blockdev_ops memory_ops = {
    .read = memory_read, .write = memory_write, .flush = memory_flush};
static const struct blockdev_impl memory_impl = {.close = memory_close};

struct blockdev *host_blockdev_memory(const void *data, size_t len, bool read_only)
{
    struct host_memory *m = g_new0(struct host_memory, 1);
    m->data = g_malloc0(len);
    if (data != NULL) {
        memcpy(m->data, data, len);
    }
    m->impl = &memory_impl;
    m->dev =
        (struct blockdev){.ops = &memory_ops, .opaque = m, .size = len, .read_only = read_only};
    return &m->dev;
}
