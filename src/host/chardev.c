/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of a character backend that all kinds share. Input goes from the kind through the escape
 * keys into the queue of the front in focus, and from there to the device when host_poll delivers.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "host/chardev_internal.h"

enum { KEY_ESCAPE = 0x01 }; /* Ctrl-A */

static const char help_text[] = "\n"
                                "Ctrl-A h        this help\n"
                                "Ctrl-A x        leave the emulator\n"
                                "Ctrl-A b        send a break\n"
                                "Ctrl-A c        next device of this backend\n"
                                "Ctrl-A p        press the power key\n"
                                "Ctrl-A Ctrl-A   send Ctrl-A\n";

/* ---- output ---- */

void chr_flush(struct host_chardev *c)
{
    size_t len = c->out_len;
    c->out_len = 0; /* first: sending may wait, and a wait may print */
    if (len != 0) {
        uint8_t buf[CHR_OUT_BYTES];
        memcpy(buf, c->out, len);
        c->ops->send(c, buf, len);
    }
    if (c->log != NULL && fflush(c->log) != 0) {
        c->lost = errno;
    }
}

static void chr_output(struct host_chardev *c, const uint8_t *buf, size_t len)
{
    if (c->log != NULL) {
        (void)fwrite(buf, 1, len, c->log);
    }
    if (c->ops->unbuffered) {
        c->ops->send(c, buf, len);
        return;
    }
    while (len != 0) {
        if (c->out_len == sizeof(c->out)) {
            chr_flush(c);
        }
        size_t n = sizeof(c->out) - c->out_len;
        n = n < len ? n : len;
        memcpy(c->out + c->out_len, buf, n);
        c->out_len += n;
        buf += n;
        len -= n;
    }
}

/* A line of our own; not while the machine waits for this very output. */
static void chr_print(struct host_chardev *c, const char *text)
{
    if (hostloop_is_waiting(c->loop)) {
        return;
    }
    chr_flush(c);
    c->ops->send(c, (const uint8_t *)text, strlen(text));
}

static size_t front_write(void *opaque, const uint8_t *buf, size_t len)
{
    struct chr_front *f = opaque;
    chr_output(f->owner, buf, len);
    return len;
}

static const struct chardev_ops front_ops = {.write = front_write};

/* A peer that left is no loss, nor is a terminal that hung up. */
static void note_lost(struct host_chardev *c, int why)
{
    if (why != EPIPE && why != ECONNRESET && why != EIO) {
        c->lost = why;
    }
}

int host_chardev_lost(const struct host_chardev *c)
{
    return c->lost;
}

bool chr_write_fd(struct host_chardev *c, int fd, const uint8_t *buf, size_t len, bool may_block)
{
    while (len != 0) {
        if (may_block) {
            struct pollfd p = {.fd = fd, .events = POLLOUT};
            if (poll(&p, 1, 0) == 0 && !hostloop_wait_writable(c->loop, fd)) {
                return false;
            }
        }
        /* A pipe that is writable takes PIPE_BUF bytes without blocking. */
        ssize_t n = write(fd, buf, may_block && len > PIPE_BUF ? PIPE_BUF : len);
        if (n < 0 && errno == EAGAIN) {
            if (!hostloop_wait_writable(c->loop, fd)) {
                return false;
            }
        } else if (n < 0 && errno != EINTR) {
            note_lost(c, errno);
            return false;
        } else if (n > 0) {
            buf += n;
            len -= (size_t)n;
        }
    }
    return true;
}

/* ---- input ---- */

size_t chr_input_room(const struct host_chardev *c)
{
    if (c->never_full || c->n_fronts == 0) {
        return CHR_IN_BYTES;
    }
    return CHR_IN_BYTES - c->fronts[c->focus]->in_len;
}

static void queue_byte(struct host_chardev *c, uint8_t b)
{
    struct chr_front *f = c->n_fronts != 0 ? c->fronts[c->focus] : NULL;
    if (f != NULL && f->in_len < CHR_IN_BYTES) {
        f->in[(f->in_head + f->in_len++) % CHR_IN_BYTES] = b;
    }
}

static void set_focus(struct host_chardev *c, unsigned n)
{
    const struct chr_front *old = c->fronts[c->focus];
    const struct chr_front *f = c->fronts[n];
    if (n == c->focus) {
        return;
    }
    c->focus = n;
    if (old->focus != NULL) {
        old->focus(old->focus_opaque, false);
    }
    if (f->focus != NULL) {
        f->focus(f->focus_opaque, true);
    }
}

static void escape_key(struct host_chardev *c, uint8_t key)
{
    switch (key) {
    case KEY_ESCAPE:
        queue_byte(c, KEY_ESCAPE);
        break;
    case 'x':
        chr_print(c, "\nTerminated\n");
        hostloop_leave(c->loop);
        hostloop_request(c->loop, REQ_EXIT, 0);
        break;
    case 'b':
        if (c->n_fronts != 0) {
            c->fronts[c->focus]->break_waits = true;
        }
        break;
    case 'p':
        hostloop_request(c->loop, REQ_POWER_KEY, 0);
        break;
    case 'c':
        if (c->n_fronts > 1) {
            set_focus(c, (c->focus + 1) % c->n_fronts);
        }
        break;
    case 'h':
    case '?':
        chr_print(c, help_text);
        break;
    default:
        break; /* as QEMU: an unknown key after Ctrl-A is dropped */
    }
}

void chr_input(struct host_chardev *c, const uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (c->escape) {
            c->escape = false;
            escape_key(c, buf[i]);
        } else if (c->mux && buf[i] == KEY_ESCAPE) {
            c->escape = true;
        } else {
            queue_byte(c, buf[i]);
        }
    }
}

void chr_peer(struct host_chardev *c, bool there)
{
    c->peer = there;
    for (unsigned i = 0; i < c->n_fronts; i++) {
        c->fronts[i]->came_waits = there;
        c->fronts[i]->left_waits |= !there;
    }
}

/* While the machine is paused its devices get nothing. */
static bool is_held(const struct chr_front *f)
{
    return !f->door.outside && hostloop_input_held(f->owner->loop);
}

static size_t front_takes(const struct chr_front *f)
{
    const struct chardev *d = &f->door;
    if (f->in_len == 0 || d->deliver == NULL || is_held(f)) {
        return 0;
    }
    size_t room = d->room != NULL ? d->room(d->dev) : f->in_len;
    return room < f->in_len ? room : f->in_len;
}

/* Something behind all the input. */
static bool has_news(const struct chr_front *f)
{
    return (f->break_waits || f->left_waits || f->came_waits) && f->in_len == 0 && !is_held(f);
}

static void tell_peer(struct chr_front *f, bool *news, bool there)
{
    bool is_new = *news;
    *news = false;
    if (is_new && f->door.deliver_peer != NULL) {
        f->door.deliver_peer(f->door.dev, there);
    }
}

static bool deliver_news(struct chr_front *f)
{
    bool broke = f->break_waits && f->door.deliver_break != NULL;
    f->break_waits = false;
    if (broke) {
        f->door.deliver_break(f->door.dev);
    }
    tell_peer(f, &f->left_waits, false);
    tell_peer(f, &f->came_waits, true);
    return broke;
}

static bool deliver_front(struct chr_front *f)
{
    bool any = false;
    for (size_t n = front_takes(f); n != 0; n = front_takes(f)) {
        size_t straight = CHR_IN_BYTES - f->in_head;
        n = n < straight ? n : straight;
        size_t at = f->in_head;
        f->in_head = (f->in_head + n) % CHR_IN_BYTES;
        f->in_len -= n;
        f->door.deliver(f->door.dev, f->in + at, n);
        any = true;
    }
    if (has_news(f)) {
        any |= deliver_news(f);
    }
    return any;
}

/* ---- as a source of the loop ---- */

static void source_prepare(void *opaque, int *timeout_ms)
{
    struct host_chardev *c = opaque;
    if (c->ops->prepare != NULL) {
        c->ops->prepare(c, timeout_ms);
    }
}

static void source_dispatch(void *opaque)
{
    struct host_chardev *c = opaque;
    if (c->ops->dispatch != NULL) {
        c->ops->dispatch(c);
    }
}

static bool source_deliver(void *opaque)
{
    struct host_chardev *c = opaque;
    bool any = false;
    for (unsigned i = 0; i < c->n_fronts; i++) {
        any |= deliver_front(c->fronts[i]);
    }
    return any;
}

static bool source_waiting(void *opaque)
{
    const struct host_chardev *c = opaque;
    for (unsigned i = 0; i < c->n_fronts; i++) {
        const struct chr_front *f = c->fronts[i];
        if (has_news(f) || front_takes(f) != 0) {
            return true;
        }
    }
    return false;
}

static void source_flush(void *opaque)
{
    chr_flush(opaque);
}

/* ---- life ---- */

static struct host_chardev *open_kind(struct hostloop *h, const struct chardev_cfg *cfg,
                                      GError **err)
{
    static struct host_chardev *(*const open[])(const struct chardev_cfg *, GError **) = {
        [CHARDEV_NULL] = chr_null_open,       [CHARDEV_STDIO] = chr_stdio_open,
        [CHARDEV_FILE] = chr_file_open,       [CHARDEV_PIPE] = chr_pipe_open,
        [CHARDEV_FD] = chr_fd_open,           [CHARDEV_PTY] = chr_pty_open,
        [CHARDEV_RINGBUF] = chr_ringbuf_open, [CHARDEV_TESTDEV] = chr_testdev_open,
    };
    return cfg->kind == CHARDEV_SOCKET ? chr_socket_open(h, cfg, err) : open[cfg->kind](cfg, err);
}

struct host_chardev *host_chardev_open(struct hostloop *h, const struct chardev_cfg *cfg,
                                       GError **err)
{
    FILE *log = NULL;
    if (cfg->log_path != NULL) {
        log = fopen(cfg->log_path, cfg->log_append ? "ae" : "we");
        if (log == NULL) {
            fail(err, ERR_FILE, "chardev %s: cannot write logfile '%s': %s",
                 cfg->id != NULL ? cfg->id : "", cfg->log_path, g_strerror(errno));
            return NULL;
        }
    }
    struct host_chardev *c = open_kind(h, cfg, err);
    if (c == NULL) {
        if (log != NULL) {
            (void)fclose(log);
        }
        return NULL;
    }
    c->loop = h;
    c->log = log;
    c->id = g_strdup(cfg->id != NULL ? cfg->id : c->ops->name);
    if (c->where == NULL) {
        c->where = g_string_new(c->ops->name);
    }
    c->mux = cfg->mux;
    c->source = (struct host_source){
        .prepare = source_prepare,
        .dispatch = source_dispatch,
        .deliver = source_deliver,
        .waiting = source_waiting,
        .flush = source_flush,
        .urgent = cfg->mux,
        .opaque = c,
    };
    hostloop_add(h, &c->source);
    return c;
}

void host_chardev_close(struct host_chardev *c)
{
    if (c == NULL) {
        return;
    }
    chr_flush(c);
    hostloop_remove(c->loop, &c->source);
    if (c->ops->close != NULL) {
        c->ops->close(c);
    }
    for (unsigned i = 0; i < c->n_fronts; i++) {
        g_free(c->fronts[i]);
    }
    if (c->log != NULL) {
        (void)fclose(c->log);
    }
    g_string_free(c->where, TRUE);
    g_free(c->id);
    g_free(c);
}

struct chardev *host_chardev_front(struct host_chardev *c, GError **err)
{
    if (c->n_fronts != 0 && !c->mux) {
        fail(err, ERR_OPTION, "chardev '%s' is in use already (mux=on lets devices share it)",
             c->id);
        return NULL;
    }
    if (c->n_fronts == CHR_FRONTS_MAX) {
        fail(err, ERR_OPTION, "chardev '%s' has %d users already, no more can share it", c->id,
             CHR_FRONTS_MAX);
        return NULL;
    }
    struct chr_front *f = g_new0(struct chr_front, 1);
    f->owner = c;
    f->door.ops = &front_ops;
    f->door.opaque = f;
    f->came_waits = c->peer || !c->ops->has_peers;
    c->fronts[c->n_fronts++] = f;
    return &f->door;
}

void host_chardev_on_focus(struct chardev *front, void (*fn)(void *opaque, bool focus),
                           void *opaque)
{
    struct chr_front *f = front->opaque;
    f->focus = fn;
    f->focus_opaque = opaque;
}

bool host_chardev_has_focus(const struct chardev *front)
{
    const struct chr_front *f = front->opaque;
    return f->owner->fronts[f->owner->focus] == f;
}

const char *host_chardev_id(const struct host_chardev *c)
{
    return c->id;
}

const char *host_chardev_where(struct host_chardev *c)
{
    return c->where->str;
}
