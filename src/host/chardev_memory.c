/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Character backends without a far end: null, the ring buffer that a monitor reads, and the test
 * device. The test device understands QEMU's: a decimal number and `q` ask to end the run with
 * exit status (number << 1) | 1; blanks are skipped, anything else is ignored.
 */
#include <glib.h>
#include <string.h>

#include "host/chardev_internal.h"

/* ---- null ---- */

static void null_send(struct host_chardev *c, const uint8_t *buf, size_t len) {}

static const struct chr_kind_ops null_ops = {.name = "null", .send = null_send, .unbuffered = true};

struct host_chardev *chr_null_open(const struct chardev_cfg *cfg, GError **err)
{
    struct host_chardev *c = g_new0(struct host_chardev, 1);
    c->ops = &null_ops;
    return c;
}

/* ---- ring buffer ---- */

struct chr_ringbuf {
    struct host_chardev base;
    size_t bytes;        /* a power of two */
    uint64_t put, taken; /* counts since the start */
    uint8_t *data;
};

static void ringbuf_send(struct host_chardev *c, const uint8_t *buf, size_t len)
{
    struct chr_ringbuf *r = (struct chr_ringbuf *)c;
    for (size_t i = 0; i < len; i++) {
        r->data[r->put++ & (r->bytes - 1)] = buf[i];
    }
    if (r->put - r->taken > r->bytes) {
        r->taken = r->put - r->bytes; /* the oldest are overwritten */
    }
}

static void ringbuf_close(struct host_chardev *c)
{
    g_free(((struct chr_ringbuf *)c)->data);
}

static const struct chr_kind_ops ringbuf_ops = {
    .name = "ringbuf", .send = ringbuf_send, .close = ringbuf_close, .unbuffered = true};

struct host_chardev *chr_ringbuf_open(const struct chardev_cfg *cfg, GError **err)
{
    size_t bytes = cfg->ring_bytes != 0 ? cfg->ring_bytes : 65536;
    if ((bytes & (bytes - 1)) != 0 || bytes > (1U << 30)) {
        fail(err, ERR_OPTION, "%s: the size of a ringbuf is a power of two, at most 1G",
             cfg->id != NULL ? cfg->id : "chardev");
        return NULL;
    }
    struct chr_ringbuf *r = g_new0(struct chr_ringbuf, 1);
    r->base.ops = &ringbuf_ops;
    r->bytes = bytes;
    r->data = g_malloc(bytes);
    return &r->base;
}

size_t host_chardev_ring_read(struct host_chardev *c, uint8_t *buf, size_t len)
{
    struct chr_ringbuf *r = (struct chr_ringbuf *)c;
    size_t n = 0;
    if (c->ops != &ringbuf_ops) {
        return 0;
    }
    while (n < len && r->taken != r->put) {
        buf[n++] = r->data[r->taken++ & (r->bytes - 1)];
    }
    return n;
}

/* ---- test device ---- */

struct chr_testdev {
    struct host_chardev base;
    bool in_number; /* digits were seen, then perhaps blanks */
    bool gap;       /* blanks after digits: what follows is the command, even a digit */
    bool done;
    unsigned arg;
};

static void testdev_byte(struct chr_testdev *t, uint8_t b)
{
    if (g_ascii_isspace(b)) {
        t->gap = t->in_number;
    } else if (g_ascii_isdigit(b) && !t->gap) {
        t->arg = t->arg * 10 + (b - '0');
        t->in_number = true;
    } else {
        if (b == 'q') {
            t->done = true;
            hostloop_request(t->base.loop, REQ_EXIT, (int)(t->arg << 1 | 1));
        }
        t->arg = 0;
        t->in_number = false;
        t->gap = false;
    }
}

static void testdev_send(struct host_chardev *c, const uint8_t *buf, size_t len)
{
    struct chr_testdev *t = (struct chr_testdev *)c;
    for (size_t i = 0; i < len && !t->done; i++) {
        testdev_byte(t, buf[i]);
    }
}

static const struct chr_kind_ops testdev_ops = {
    .name = "testdev", .send = testdev_send, .unbuffered = true};

struct host_chardev *chr_testdev_open(const struct chardev_cfg *cfg, GError **err)
{
    struct chr_testdev *t = g_new0(struct chr_testdev, 1);
    t->base.ops = &testdev_ops;
    return &t->base;
}
