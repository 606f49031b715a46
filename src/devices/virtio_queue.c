/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Split virtqueues: VIRTIO 1.2, 2.7 "Split Virtqueues", with indirect descriptors and event index.
 *
 * Nothing read from guest memory is trusted: indices, lengths and chains are bounded before use,
 * so a walk ends after VIRTQ_CHAIN_MAX descriptors whatever they say.
 */
#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "devices/virtio.h"

enum {
    DESC_F_NEXT = 1,
    DESC_F_WRITE = 2,
    DESC_F_INDIRECT = 4,
    AVAIL_F_NO_INTERRUPT = 1,
    USED_F_NO_NOTIFY = 1,
    DESC_BYTES = 16,
    USED_ELEM_BYTES = 8,
    PIECE_BYTES = 4096, /* unit of what is not direct memory */
};

struct desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};

/* ---- guest memory ---- */

static uint8_t *direct(const struct virtio_dev *d, uint64_t addr, size_t len, bool write)
{
    const struct bus_port *p = d->transport.port;
    return p->span != NULL ? p->span(p->opaque, pa(addr), len, write) : NULL;
}

static bool ring_read(struct virtio_dev *d, uint64_t addr, void *buf, size_t len)
{
    const uint8_t *host = direct(d, addr, len, false);
    if (host != NULL) {
        memcpy(buf, host, len);
        return true;
    }
    if (port_read(d->transport.port, pa(addr), buf, len) == BUS_OK) {
        return true;
    }
    virtio_dev_error(d, "ring at %#" PRIx64 " is not readable memory", addr);
    return false;
}

static bool ring_write(struct virtio_dev *d, uint64_t addr, const void *buf, size_t len)
{
    uint8_t *host = direct(d, addr, len, true);
    if (host != NULL) {
        memcpy(host, buf, len);
        return true;
    }
    if (port_write(d->transport.port, pa(addr), buf, len) == BUS_OK) {
        return true;
    }
    virtio_dev_error(d, "ring at %#" PRIx64 " is not writable memory", addr);
    return false;
}

static bool ring_read16(struct virtio_dev *d, uint64_t addr, uint16_t *out)
{
    uint16_t v;
    if (!ring_read(d, addr, &v, sizeof(v))) {
        return false;
    }
    *out = GUINT16_FROM_LE(v);
    return true;
}

static bool ring_write16(struct virtio_dev *d, uint64_t addr, uint16_t v)
{
    v = GUINT16_TO_LE(v);
    return ring_write(d, addr, &v, sizeof(v));
}

/* ---- fields of the rings ---- */

static bool avail_idx(struct virtio_dev *d, const struct virtq *vq, uint16_t *out)
{
    return ring_read16(d, vq->avail + 2, out);
}

static uint64_t used_event_addr(const struct virtq *vq)
{
    return vq->avail + 4 + 2 * (uint64_t)vq->num;
}

static uint64_t avail_event_addr(const struct virtq *vq)
{
    return vq->used + 4 + USED_ELEM_BYTES * (uint64_t)vq->num;
}

bool virtq_ready(const struct virtio_dev *d, unsigned q)
{
    return q < d->n_queues && d->queues[q].ready && !d->broken && d->transport.port != NULL;
}

void virtq_start(struct virtq *vq)
{
    vq->last_avail = 0;
    vq->used_idx = 0;
    vq->signalled_valid = false;
    vq->quiet = false;
    vq->ready = true;
}

void virtq_stop(struct virtq *vq)
{
    vq->ready = false;
    vq->deferred = false;
}

void virtq_set_legacy_rings(struct virtq *vq, uint64_t base, uint32_t align)
{
    vq->desc = base;
    vq->avail = base + DESC_BYTES * (uint64_t)vq->num;
    vq->used = align_up(vq->avail + 2 * (3 + (uint64_t)vq->num), align);
}

/* ---- taking chains ---- */

static bool read_desc(struct virtio_dev *d, uint64_t table, uint32_t i, struct desc *out)
{
    uint8_t raw[DESC_BYTES];
    if (!ring_read(d, table + DESC_BYTES * (uint64_t)i, raw, sizeof(raw))) {
        return false;
    }
    out->addr = virtio_get_le(raw, 8);
    out->len = (uint32_t)virtio_get_le(raw + 8, 4);
    out->flags = (uint16_t)virtio_get_le(raw + 12, 2);
    out->next = (uint16_t)virtio_get_le(raw + 14, 2);
    return true;
}

static bool add_seg(struct virtio_dev *d, struct virtq_chain *c, const struct desc *e)
{
    unsigned n = (unsigned)c->n_out + c->n_in;
    bool in = (e->flags & DESC_F_WRITE) != 0;
    if (n == VIRTQ_CHAIN_MAX) {
        virtio_dev_error(d, "descriptor chain is a loop or too long");
        return false;
    }
    if (e->len == 0 || e->addr + e->len < e->addr) {
        virtio_dev_error(d, "descriptor of %u bytes at %#" PRIx64, e->len, e->addr);
        return false;
    }
    if (!in && c->n_in != 0) {
        virtio_dev_error(d, "readable descriptor after a writable one");
        return false;
    }
    c->seg[n] = (struct virtq_seg){.addr = e->addr, .len = e->len};
    if (in) {
        c->n_in++;
        c->in_bytes += e->len;
    } else {
        c->n_out++;
        c->out_bytes += e->len;
    }
    return true;
}

/* Follow the chain from entry i of a table of n entries. */
static bool walk_table(struct virtio_dev *d, uint64_t table, uint32_t n, uint32_t i, bool indirect,
                       struct virtq_chain *c)
{
    for (;;) {
        struct desc e;
        if (i >= n) {
            virtio_dev_error(d, "descriptor %u of a table of %u", i, n);
            return false;
        }
        if (!read_desc(d, table, i, &e)) {
            return false;
        }
        if ((e.flags & DESC_F_INDIRECT) != 0) {
            if (indirect || e.len == 0 || e.len % DESC_BYTES != 0) {
                virtio_dev_error(d, "bad indirect table of %u bytes", e.len);
                return false;
            }
            return walk_table(d, e.addr, e.len / DESC_BYTES, 0, true, c);
        }
        if (!add_seg(d, c, &e)) {
            return false;
        }
        if ((e.flags & DESC_F_NEXT) == 0) {
            return true;
        }
        i = e.next;
    }
}

/* How many chains wait. False: none, or broken. */
static bool pending(struct virtio_dev *d, const struct virtq *vq)
{
    uint16_t idx;
    if (!avail_idx(d, vq, &idx)) {
        return false;
    }
    uint16_t n = (uint16_t)(idx - vq->last_avail);
    if (n > vq->num) {
        virtio_dev_error(d, "available index %u, but only %u entries after %u", idx, vq->num,
                         vq->last_avail);
        return false;
    }
    return n != 0;
}

bool virtq_pop(struct virtio_dev *d, unsigned q, struct virtq_chain *c)
{
    if (!virtq_ready(d, q)) {
        return false;
    }
    struct virtq *vq = &d->queues[q];
    if (!pending(d, vq)) {
        return false;
    }
    /* The index is read before the entry, and the entry before the descriptors. */
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    uint16_t head;
    if (!ring_read16(d, vq->avail + 4 + 2 * (uint64_t)(vq->last_avail & (vq->num - 1)), &head)) {
        return false;
    }
    vq->last_avail++;
    if (virtio_dev_has(d, VIRTIO_F_EVENT_IDX) && !vq->quiet &&
        !ring_write16(d, avail_event_addr(vq), vq->last_avail)) {
        return false;
    }
    c->head = head;
    c->n_out = 0;
    c->n_in = 0;
    c->out_bytes = 0;
    c->in_bytes = 0;
    return walk_table(d, vq->desc, vq->num, head, false, c);
}

void virtq_unpop(struct virtio_dev *d, unsigned q, unsigned n)
{
    d->queues[q].last_avail = (uint16_t)(d->queues[q].last_avail - n);
}

/* ---- returning chains ---- */

void virtq_fill(struct virtio_dev *d, unsigned q, unsigned nth, uint16_t head, uint32_t in_bytes)
{
    struct virtq *vq = &d->queues[q];
    if (!virtq_ready(d, q)) {
        return;
    }
    unsigned slot = (vq->used_idx + nth) & (vq->num - 1U);
    uint8_t raw[USED_ELEM_BYTES];
    virtio_put_le(raw, head, 4);
    virtio_put_le(raw + 4, in_bytes, 4);
    (void)ring_write(d, vq->used + 4 + USED_ELEM_BYTES * (uint64_t)slot, raw, sizeof(raw));
}

void virtq_publish(struct virtio_dev *d, unsigned q, unsigned n)
{
    struct virtq *vq = &d->queues[q];
    if (!virtq_ready(d, q)) {
        return;
    }
    /* Buffers and elements are written before the index. */
    __atomic_thread_fence(__ATOMIC_RELEASE);
    vq->used_idx = (uint16_t)(vq->used_idx + n);
    (void)ring_write16(d, vq->used + 2, vq->used_idx);
}

void virtq_push(struct virtio_dev *d, unsigned q, uint16_t head, uint32_t in_bytes)
{
    virtq_fill(d, q, 0, head, in_bytes);
    virtq_publish(d, q, 1);
}

/* VIRTIO 1.2, 2.7.7 "Used Buffer Notification Suppression". */
static bool driver_wants_signal(struct virtio_dev *d, struct virtq *vq)
{
    uint16_t v;
    if (!virtio_dev_has(d, VIRTIO_F_EVENT_IDX)) {
        return ring_read16(d, vq->avail, &v) && (v & AVAIL_F_NO_INTERRUPT) == 0;
    }
    uint16_t old = vq->signalled;
    bool first = !vq->signalled_valid;
    vq->signalled = vq->used_idx;
    vq->signalled_valid = true;
    if (!ring_read16(d, used_event_addr(vq), &v)) {
        return false;
    }
    /* Did the index pass the event between the two? */
    return first || (uint16_t)(vq->used_idx - v - 1) < (uint16_t)(vq->used_idx - old);
}

void virtq_signal(struct virtio_dev *d, unsigned q)
{
    if (virtq_ready(d, q) && driver_wants_signal(d, &d->queues[q]) &&
        d->transport.interrupt != NULL) {
        d->transport.interrupt(d->transport.opaque, false);
    }
}

void virtq_want_kick(struct virtio_dev *d, unsigned q, bool want)
{
    struct virtq *vq = &d->queues[q];
    if (!virtq_ready(d, q) || vq->quiet == !want) {
        return;
    }
    vq->quiet = !want;
    if (!virtio_dev_has(d, VIRTIO_F_EVENT_IDX)) {
        (void)ring_write16(d, vq->used, want ? 0 : USED_F_NO_NOTIFY);
        return;
    }
    uint16_t idx;
    if (want && avail_idx(d, vq, &idx)) {
        (void)ring_write16(d, avail_event_addr(vq), idx);
    }
}

/* ---- contents of chains ---- */

struct visit {
    enum virtq_dir dir;
    bool (*fn)(void *ctx, uint8_t *host, size_t len);
    void *ctx;
};

/* A piece that is not direct memory goes through a buffer. */
static bool visit_bounced(struct virtio_dev *d, const struct visit *v, uint64_t addr, size_t len)
{
    uint8_t buf[PIECE_BYTES];
    enum bus_result r = BUS_OK;
    bool go_on = true;
    if (v->dir == VIRTQ_OUT) {
        r = port_read(d->transport.port, pa(addr), buf, len);
        go_on = r == BUS_OK && v->fn(v->ctx, buf, len);
    } else {
        memset(buf, 0, len);
        go_on = v->fn(v->ctx, buf, len);
        if (go_on) {
            r = port_write(d->transport.port, pa(addr), buf, len);
        }
    }
    if (r != BUS_OK) {
        virtio_dev_error(d, "buffer at %#" PRIx64 " is not memory", addr);
        return false;
    }
    return go_on;
}

static bool visit_range(struct virtio_dev *d, const struct visit *v, uint64_t addr, size_t len)
{
    uint8_t *host = direct(d, addr, len, v->dir == VIRTQ_IN);
    if (host != NULL) {
        return v->fn(v->ctx, host, len);
    }
    while (len != 0) {
        size_t n = PIECE_BYTES - (addr & (PIECE_BYTES - 1));
        n = n < len ? n : len;
        host = direct(d, addr, n, v->dir == VIRTQ_IN);
        if (!(host != NULL ? v->fn(v->ctx, host, n) : visit_bounced(d, v, addr, n))) {
            return false;
        }
        addr += n;
        len -= n;
    }
    return true;
}

bool virtq_chain_visit(struct virtio_dev *d, const struct virtq_chain *c, enum virtq_dir dir,
                       uint64_t off, uint64_t len, bool (*fn)(void *ctx, uint8_t *host, size_t len),
                       void *ctx)
{
    const struct visit v = {.dir = dir, .fn = fn, .ctx = ctx};
    const struct virtq_seg *s = dir == VIRTQ_OUT ? c->seg : c->seg + c->n_out;
    uint64_t bytes = dir == VIRTQ_OUT ? c->out_bytes : c->in_bytes;
    if (d->broken || off > bytes || len > bytes - off) {
        return false;
    }
    for (; len != 0; s++) {
        if (off >= s->len) {
            off -= s->len;
            continue;
        }
        uint64_t n = s->len - off;
        n = n < len ? n : len;
        if (!visit_range(d, &v, s->addr + off, n)) {
            return false;
        }
        off = 0;
        len -= n;
    }
    return true;
}

static bool copy_out(void *ctx, uint8_t *host, size_t len)
{
    uint8_t **at = ctx;
    memcpy(*at, host, len);
    *at += len;
    return true;
}

static bool copy_in(void *ctx, uint8_t *host, size_t len)
{
    const uint8_t **at = ctx;
    memcpy(host, *at, len);
    *at += len;
    return true;
}

bool virtq_chain_read(struct virtio_dev *d, const struct virtq_chain *c, uint64_t off, void *buf,
                      size_t len)
{
    uint8_t *at = buf;
    return virtq_chain_visit(d, c, VIRTQ_OUT, off, len, copy_out, &at);
}

bool virtq_chain_write(struct virtio_dev *d, const struct virtq_chain *c, uint64_t off,
                       const void *buf, size_t len)
{
    const uint8_t *at = buf;
    return virtq_chain_visit(d, c, VIRTQ_IN, off, len, copy_in, &at);
}
