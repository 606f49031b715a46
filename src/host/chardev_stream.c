/* SPDX-License-Identifier: Apache-2.0 */
/* Character backends over plain descriptors: standard input and output, files, FIFOs, given fds. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <unistd.h>

#include "host/terminal.h"

#include "host/chardev_internal.h"

struct chr_stream {
    struct host_chardev base;
    int in_fd, out_fd; /* -1: none */
    int watch;
    bool may_block; /* shared with other processes: the mode must not be changed */
    bool owns_fds;
    bool is_stdio;
    /* File: what opening it leaves to do until the machine runs, and to undo if it never does. */
    bool to_truncate;
    char *made; /* path of a file that was not there before */
};

/* The machine runs: from here on the file is ours. */
static void file_begin(struct chr_stream *s)
{
    if (s->to_truncate && ftruncate(s->out_fd, 0) != 0) {
        /* Not a regular file. */
    }
    s->to_truncate = false;
    g_clear_pointer(&s->made, g_free);
}

static void stream_send(struct host_chardev *c, const uint8_t *buf, size_t len)
{
    struct chr_stream *s = (struct chr_stream *)c;
    file_begin(s);
    if (s->out_fd >= 0) {
        (void)chr_write_fd(c, s->out_fd, buf, len, s->may_block);
    }
}

static void stream_prepare(struct host_chardev *c, int *timeout_ms)
{
    struct chr_stream *s = (struct chr_stream *)c;
    file_begin(s);
    s->watch = -1;
    if (s->in_fd >= 0 && chr_input_room(c) != 0) {
        s->watch = hostloop_watch(c->loop, s->in_fd, POLLIN);
    }
}

static void stream_dispatch(struct host_chardev *c)
{
    struct chr_stream *s = (struct chr_stream *)c;
    uint8_t buf[1024];
    size_t room = chr_input_room(c);
    if (s->in_fd < 0 || room == 0 || hostloop_revents(c->loop, s->watch) == 0) {
        return;
    }
    ssize_t n = read(s->in_fd, buf, room < sizeof(buf) ? room : sizeof(buf));
    if (n > 0) {
        chr_input(c, buf, (size_t)n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        if (s->owns_fds && s->in_fd != s->out_fd) {
            close(s->in_fd);
        }
        s->in_fd = -1; /* end of input; output goes on */
    }
}

static void stream_close(struct host_chardev *c)
{
    struct chr_stream *s = (struct chr_stream *)c;
    if (s->is_stdio) {
        host_term_release();
        if (s->out_fd != STDOUT_FILENO) {
            close(s->out_fd);
        }
    }
    if (s->made != NULL) {
        (void)unlink(s->made);
        g_free(s->made);
    }
    if (s->owns_fds) {
        if (s->in_fd >= 0 && s->in_fd != s->out_fd) {
            close(s->in_fd);
        }
        if (s->out_fd >= 0) {
            close(s->out_fd);
        }
    }
}

static struct host_chardev *stream_new(const struct chr_kind_ops *ops, int in_fd, int out_fd)
{
    struct chr_stream *s = g_new0(struct chr_stream, 1);
    s->base.ops = ops;
    s->in_fd = in_fd;
    s->out_fd = out_fd;
    s->watch = -1;
    return &s->base;
}

static const char *name_of(const struct chardev_cfg *cfg)
{
    return cfg->id != NULL ? cfg->id : "chardev";
}

/* ---- standard input and output ---- */

static const struct chr_kind_ops stdio_ops = {
    .name = "stdio",
    .send = stream_send,
    .prepare = stream_prepare,
    .dispatch = stream_dispatch,
    .close = stream_close,
};

/*
 * A terminal that poll() calls writable can still block a write, with our signals held back.
 * Through a description of our own we need not share its mode with others. -1: not a terminal.
 */
static int reopen_terminal(void)
{
    return isatty(STDOUT_FILENO) != 0
               ? open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
               : -1;
}

struct host_chardev *chr_stdio_open(const struct chardev_cfg *cfg, GError **err)
{
    if (!host_term_claim()) {
        fail(err, ERR_OPTION, "%s: standard input and output are in use by another device",
             name_of(cfg));
        return NULL;
    }
    int terminal = reopen_terminal();
    struct host_chardev *c =
        stream_new(&stdio_ops, STDIN_FILENO, terminal >= 0 ? terminal : STDOUT_FILENO);
    struct chr_stream *s = (struct chr_stream *)c;
    s->may_block = terminal < 0;
    s->is_stdio = true;
    c->never_full = cfg->mux && isatty(STDIN_FILENO) != 0;
    host_term_raw(!cfg->no_signal);
    return c;
}

/* ---- files ---- */

static const struct chr_kind_ops file_ops = {
    .name = "file",
    .send = stream_send,
    .prepare = stream_prepare,
    .dispatch = stream_dispatch,
    .close = stream_close,
};

/* A mistake elsewhere in the command must not cost an old file its contents, nor leave a new one.
 */
static int open_output(const struct chardev_cfg *cfg, bool *out_made)
{
    int mode = O_WRONLY | O_CLOEXEC | (cfg->append ? O_APPEND : 0);
    int fd = open(cfg->path, mode | O_CREAT | O_EXCL, 0666);
    *out_made = fd >= 0;
    return fd < 0 && errno == EEXIST ? open(cfg->path, mode | O_CREAT, 0666) : fd;
}

struct host_chardev *chr_file_open(const struct chardev_cfg *cfg, GError **err)
{
    int in = -1;
    bool made;
    if (cfg->path == NULL) {
        fail(err, ERR_OPTION, "%s: a file chardev needs path=FILE", name_of(cfg));
        return NULL;
    }
    if (cfg->input_path != NULL) {
        in = open(cfg->input_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (in < 0) {
            fail(err, ERR_FILE, "%s: cannot read '%s': %s", name_of(cfg), cfg->input_path,
                 g_strerror(errno));
            return NULL;
        }
    }
    int out = open_output(cfg, &made);
    if (out < 0) {
        fail(err, ERR_FILE, "%s: cannot write '%s': %s", name_of(cfg), cfg->path,
             g_strerror(errno));
        if (in >= 0) {
            close(in);
        }
        return NULL;
    }
    struct host_chardev *c = stream_new(&file_ops, in, out);
    struct chr_stream *s = (struct chr_stream *)c;
    s->owns_fds = true;
    s->to_truncate = !cfg->append;
    s->made = made ? g_strdup(cfg->path) : NULL;
    c->where = g_string_new("file:");
    g_string_append(c->where, cfg->path);
    return c;
}

/* ---- FIFOs ---- */

static const struct chr_kind_ops pipe_ops = {
    .name = "pipe",
    .send = stream_send,
    .prepare = stream_prepare,
    .dispatch = stream_dispatch,
    .close = stream_close,
};

/* PATH.in and PATH.out if both exist, else PATH both ways. Open for both, so that a FIFO neither
 * waits for its far end nor reports its leaving. */
struct host_chardev *chr_pipe_open(const struct chardev_cfg *cfg, GError **err)
{
    if (cfg->path == NULL) {
        fail(err, ERR_OPTION, "%s: a pipe chardev needs path=FIFO", name_of(cfg));
        return NULL;
    }
    int mode = O_RDWR | O_CLOEXEC | O_NONBLOCK;
    g_autofree char *in_path = g_strconcat(cfg->path, ".in", NULL);
    g_autofree char *out_path = g_strconcat(cfg->path, ".out", NULL);
    int in = open(in_path, mode);
    int out = open(out_path, mode);
    if (in < 0 || out < 0) {
        if (in >= 0) {
            close(in);
        }
        if (out >= 0) {
            close(out);
        }
        in = out = open(cfg->path, mode);
    }
    if (in < 0) {
        fail(err, ERR_FILE, "%s: cannot open pipe '%s': %s", name_of(cfg), cfg->path,
             g_strerror(errno));
        return NULL;
    }
    struct host_chardev *c = stream_new(&pipe_ops, in, out);
    ((struct chr_stream *)c)->owns_fds = true;
    c->where = g_string_new("pipe:");
    g_string_append(c->where, cfg->path);
    return c;
}

/* ---- descriptors opened by somebody else ---- */

static const struct chr_kind_ops fd_ops = {
    .name = "fd",
    .send = stream_send,
    .prepare = stream_prepare,
    .dispatch = stream_dispatch,
    .close = stream_close,
};

struct host_chardev *chr_fd_open(const struct chardev_cfg *cfg, GError **err)
{
    struct host_chardev *c = stream_new(&fd_ops, cfg->fd_in, cfg->fd_out);
    ((struct chr_stream *)c)->may_block = true;
    return c;
}
