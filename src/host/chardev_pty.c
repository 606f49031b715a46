/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pseudo terminal as character backend. While nobody has the other side open, output is dropped
 * and the kernel only tells us by a permanent hang-up, so that state is looked at by a timer.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "host/chardev_internal.h"

enum { RECHECK_MS = 250 };

struct chr_pty {
    struct host_chardev base;
    int fd;
    int watch;
};

static bool connected(const struct chr_pty *p)
{
    struct pollfd f = {.fd = p->fd};
    return poll(&f, 1, 0) >= 0 && (f.revents & POLLHUP) == 0;
}

static void pty_send(struct host_chardev *c, const uint8_t *buf, size_t len)
{
    struct chr_pty *p = (struct chr_pty *)c;
    if (connected(p)) {
        (void)chr_write_fd(c, p->fd, buf, len, false);
    }
}

static void pty_prepare(struct host_chardev *c, int *timeout_ms)
{
    struct chr_pty *p = (struct chr_pty *)c;
    p->watch = -1;
    if (!connected(p)) {
        *timeout_ms = *timeout_ms < 0 || *timeout_ms > RECHECK_MS ? RECHECK_MS : *timeout_ms;
    } else if (chr_input_room(c) != 0) {
        p->watch = hostloop_watch(c->loop, p->fd, POLLIN);
    }
}

static void pty_dispatch(struct host_chardev *c)
{
    struct chr_pty *p = (struct chr_pty *)c;
    uint8_t buf[1024];
    size_t room = chr_input_room(c);
    if (room == 0 || hostloop_revents(c->loop, p->watch) == 0) {
        return;
    }
    ssize_t n = read(p->fd, buf, room < sizeof(buf) ? room : sizeof(buf));
    if (n > 0) {
        chr_input(c, buf, (size_t)n);
    }
}

static void pty_close(struct host_chardev *c)
{
    close(((struct chr_pty *)c)->fd);
}

static const struct chr_kind_ops pty_ops = {
    .name = "pty",
    .send = pty_send,
    .prepare = pty_prepare,
    .dispatch = pty_dispatch,
    .close = pty_close,
};

/* Raw mode belongs to the terminal, not to who has it open: set it once, through the far side. */
static bool set_raw(const char *path)
{
    struct termios t;
    int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool ok = tcgetattr(fd, &t) == 0;
    if (ok) {
        cfmakeraw(&t);
        ok = tcsetattr(fd, TCSAFLUSH, &t) == 0;
    }
    close(fd);
    return ok;
}

struct host_chardev *chr_pty_open(const struct chardev_cfg *cfg, GError **err)
{
    const char *id = cfg->id != NULL ? cfg->id : "pty";
    char path[64];
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || grantpt(fd) != 0 || unlockpt(fd) != 0 || ptsname_r(fd, path, sizeof(path)) != 0 ||
        !set_raw(path) || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        fail(err, ERR_HOST, "%s: no pseudo terminal: %s", id, g_strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    struct chr_pty *p = g_new0(struct chr_pty, 1);
    p->base.ops = &pty_ops;
    p->fd = fd;
    p->base.where = g_string_new("pty:");
    g_string_append(p->base.where, path);
    /* The wording scripts look for. */
    printf("char device redirected to %s (label %s)\n", path, id);
    (void)fflush(stdout);
    return &p->base;
}
