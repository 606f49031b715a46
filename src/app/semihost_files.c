/* SPDX-License-Identifier: Apache-2.0 */
#include "app/semihost_files.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INPUT_BYTES 1024

struct semihost_files {
    struct chardev *console;
    size_t head, len; /* ring of typed bytes */
    uint8_t input[INPUT_BYTES];
};

static int files_open(void *opaque, const char *path, unsigned mode)
{
    /* r, r+, w, w+, a, a+; the odd modes of each pair are the same in binary. */
    static const int flags[] = {O_RDONLY,
                                O_RDWR,
                                O_WRONLY | O_CREAT | O_TRUNC,
                                O_RDWR | O_CREAT | O_TRUNC,
                                O_WRONLY | O_CREAT | O_APPEND,
                                O_RDWR | O_CREAT | O_APPEND};
    /* Not to be stopped by a FIFO without a writer. */
    int fd = open(path, flags[mode / 2] | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
    return fd < 0 ? -errno : fd;
}

static int files_close(void *opaque, int fd)
{
    return close(fd) < 0 ? -errno : 0;
}

static int64_t files_read(void *opaque, int fd, void *buf, size_t len)
{
    ssize_t n;
    do {
        n = read(fd, buf, len);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static int64_t files_write(void *opaque, int fd, const void *buf, size_t len)
{
    ssize_t n;
    do {
        n = write(fd, buf, len);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static int64_t files_seek(void *opaque, int fd, uint64_t pos)
{
    off_t r = lseek(fd, (off_t)pos, SEEK_SET);
    return r < 0 ? -errno : r;
}

static int64_t files_size(void *opaque, int fd)
{
    struct stat st;
    return fstat(fd, &st) < 0 ? -errno : st.st_size;
}

static bool files_is_tty(void *opaque, int fd)
{
    return isatty(fd) != 0;
}

static int files_remove(void *opaque, const char *path)
{
    return remove(path) < 0 ? -errno : 0;
}

static int files_rename(void *opaque, const char *from, const char *to)
{
    return rename(from, to) < 0 ? -errno : 0;
}

static int64_t files_console_read(void *opaque, void *buf, size_t len)
{
    struct semihost_files *s = opaque;
    if (s->len == 0) {
        return s->console != NULL ? -EAGAIN : 0;
    }
    size_t n = MIN(len, s->len);
    for (size_t i = 0; i < n; i++) {
        ((uint8_t *)buf)[i] = s->input[(s->head + i) % INPUT_BYTES];
    }
    s->head = (s->head + n) % INPUT_BYTES;
    s->len -= n;
    return (int64_t)n;
}

static void files_console_write(void *opaque, int fd, const void *buf, size_t len)
{
    struct semihost_files *s = opaque;
    if (s->console != NULL) {
        (void)chardev_write(s->console, buf, len);
    } else {
        FILE *f = fd == STDOUT_FILENO ? stdout : stderr;
        (void)fwrite(buf, 1, len, f);
        (void)fflush(f);
    }
}

static size_t input_room(void *dev)
{
    const struct semihost_files *s = dev;
    return INPUT_BYTES - s->len;
}

static void input_deliver(void *dev, const uint8_t *buf, size_t len)
{
    struct semihost_files *s = dev;
    for (size_t i = 0; i < len && s->len < INPUT_BYTES; i++) {
        s->input[(s->head + s->len++) % INPUT_BYTES] = buf[i];
    }
}

struct semihost_files *semihost_files_new(struct chardev *console)
{
    struct semihost_files *s = g_new0(struct semihost_files, 1);
    s->console = console;
    if (console != NULL) {
        console->room = input_room;
        console->deliver = input_deliver;
        console->dev = s;
    }
    return s;
}

void semihost_files_free(struct semihost_files *s)
{
    g_free(s);
}

struct semihost_host semihost_files_host(struct semihost_files *s)
{
    return (struct semihost_host){
        .open = files_open,
        .close = files_close,
        .read = files_read,
        .write = files_write,
        .seek = files_seek,
        .size = files_size,
        .is_tty = files_is_tty,
        .remove = files_remove,
        .rename = files_rename,
        .console_read = files_console_read,
        .console_write = files_console_write,
        .opaque = s,
    };
}
