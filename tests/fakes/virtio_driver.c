/* SPDX-License-Identifier: Apache-2.0 */
/* A small virtio driver for tests; see the header. */
#include "fakes/virtio_driver.h"

#include <glib.h>
#include <string.h>

/* MMIO registers, VIRTIO 1.2, 4.2.2. */
enum {
    R_DEVICE_FEATURES = 0x10,
    R_DEVICE_FEATURES_SEL = 0x14,
    R_DRIVER_FEATURES = 0x20,
    R_DRIVER_FEATURES_SEL = 0x24,
    R_PAGE_SIZE = 0x28,
    R_QUEUE_SEL = 0x30,
    R_QUEUE_NUM = 0x38,
    R_QUEUE_ALIGN = 0x3c,
    R_QUEUE_PFN = 0x40,
    R_QUEUE_READY = 0x44,
    R_QUEUE_NOTIFY = 0x50,
    R_ISR = 0x60,
    R_ACK = 0x64,
    R_STATUS = 0x70,
    R_QUEUE_DESC = 0x80,
    R_QUEUE_DRIVER = 0x90,
    R_QUEUE_DEVICE = 0xa0,
    R_CONFIG = 0x100,
};

static enum bus_result mem_access(void *opaque, struct bus_txn *t)
{
    struct rig *r = opaque;
    uint64_t off = t->pa.v - RIG_BASE;
    if (t->pa.v < RIG_BASE || off > RIG_BYTES + RIG_ODD_BYTES - t->size) {
        return BUS_DECERR;
    }
    if (t->write) {
        memcpy(r->mem + off, &t->data, t->size);
    } else {
        t->data = 0;
        memcpy(&t->data, r->mem + off, t->size);
    }
    return BUS_OK;
}

static uint8_t *mem_span(void *opaque, pa_t pa, size_t len, bool write)
{
    struct rig *r = opaque;
    uint64_t off = pa.v - RIG_BASE;
    if (r->no_span || pa.v < RIG_BASE || off > RIG_BYTES || len > RIG_BYTES - off) {
        return NULL;
    }
    return r->mem + off;
}

static void irq_sink(void *opaque, unsigned n, bool level)
{
    ((struct rig *)opaque)->irqs += level;
}

struct rig *rig_new(struct virtio_dev *d, bool legacy, bool with_evq)
{
    struct rig *r = g_new0(struct rig, 1);
    r->mem = g_malloc0(RIG_BYTES + RIG_ODD_BYTES);
    r->heap = RIG_BASE + 0x1000;
    r->evq = with_evq ? evq_new() : NULL;
    r->t = (struct virtio_mmio *)device_new(&virtio_mmio_ops, "virtio-mmio.0");
    r->t->port = (struct bus_port){.access = mem_access, .span = mem_span, .opaque = r};
    r->t->evq = r->evq;
    r->t->legacy = legacy;
    r->t->irq = (struct irq_line){.sink = irq_sink, .opaque = r};
    if (d != NULL && !virtio_mmio_plug(r->t, d, NULL)) {
        g_assert_not_reached();
    }
    if (!device_realize(&r->t->dev, NULL)) {
        g_assert_not_reached();
    }
    device_reset(&r->t->dev, RESET_COLD);
    return r;
}

void rig_free(struct rig *r)
{
    device_free(&r->t->dev);
    if (r->evq != NULL) {
        evq_free(r->evq);
    }
    g_free(r->mem);
    g_free(r);
}

uint32_t rig_read(struct rig *r, uint32_t off)
{
    struct bus_txn t = {.pa = pa(off), .size = 4};
    (void)device_access(&r->t->dev, 0, &t);
    return (uint32_t)t.data;
}

void rig_write(struct rig *r, uint32_t off, uint32_t v)
{
    struct bus_txn t = {.pa = pa(off), .size = 4, .write = true, .data = v};
    (void)device_access(&r->t->dev, 0, &t);
}

uint64_t rig_config(struct rig *r, uint32_t off, unsigned size)
{
    struct bus_txn t = {.pa = pa(R_CONFIG + off), .size = (uint8_t)size};
    (void)device_access(&r->t->dev, 0, &t);
    return t.data;
}

uint64_t rig_alloc(struct rig *r, uint32_t bytes)
{
    uint64_t at = r->heap;
    r->heap += align_up(bytes, 16);
    g_assert(r->heap <= RIG_BASE + RIG_BYTES);
    return at;
}

uint8_t *rig_at(struct rig *r, uint64_t addr)
{
    g_assert(addr >= RIG_BASE && addr < RIG_ODD + RIG_ODD_BYTES);
    return r->mem + (addr - RIG_BASE);
}

static void setup_queue(struct rig *r, unsigned n)
{
    struct rig_queue *q = &r->q[n];
    q->num = RIG_NUM;
    q->next_desc = 0;
    q->avail_idx = 0;
    q->used_seen = 0;
    rig_write(r, R_QUEUE_SEL, n);
    rig_write(r, R_QUEUE_NUM, q->num);
    r->heap = align_up(r->heap, 4096);
    q->desc = rig_alloc(r, 8192);
    memset(rig_at(r, q->desc), 0, 8192);
    q->avail = q->desc + 16UL * q->num;
    q->used = q->desc + 4096;
    if (r->t->legacy) {
        rig_write(r, R_QUEUE_ALIGN, 4096);
        rig_write(r, R_QUEUE_PFN, (uint32_t)(q->desc / 4096));
        return;
    }
    const uint64_t rings[] = {q->desc, q->avail, q->used};
    for (unsigned i = 0; i < 3; i++) {
        rig_write(r, R_QUEUE_DESC + 0x10 * i, (uint32_t)rings[i]);
        rig_write(r, R_QUEUE_DESC + 0x10 * i + 4, (uint32_t)(rings[i] >> 32));
    }
    rig_write(r, R_QUEUE_READY, 1);
}

bool rig_start(struct rig *r, uint64_t want, unsigned n_queues)
{
    uint64_t offered = 0;
    rig_write(r, R_PAGE_SIZE, 4096);
    rig_write(r, R_STATUS, 0);
    rig_write(r, R_STATUS, VIRTIO_STATUS_ACKNOWLEDGE);
    rig_write(r, R_STATUS, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
    for (unsigned i = 0; i < 2; i++) {
        rig_write(r, R_DEVICE_FEATURES_SEL, i);
        offered |= (uint64_t)rig_read(r, R_DEVICE_FEATURES) << (32 * i);
    }
    r->features = offered & (want | (r->t->legacy ? 0 : VIRTIO_F_VERSION_1));
    for (unsigned i = 0; i < 2; i++) {
        rig_write(r, R_DRIVER_FEATURES_SEL, i);
        rig_write(r, R_DRIVER_FEATURES, (uint32_t)(r->features >> (32 * i)));
    }
    uint32_t status = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;
    if (!r->t->legacy) {
        status |= VIRTIO_STATUS_FEATURES_OK;
        rig_write(r, R_STATUS, status);
        if ((rig_read(r, R_STATUS) & VIRTIO_STATUS_FEATURES_OK) == 0) {
            return false;
        }
    }
    for (unsigned i = 0; i < n_queues; i++) {
        setup_queue(r, i);
    }
    rig_write(r, R_STATUS, status | VIRTIO_STATUS_DRIVER_OK);
    return true;
}

void rig_set_desc(struct rig *r, unsigned q, unsigned i, uint64_t addr, uint32_t len,
                  uint16_t flags, uint16_t next)
{
    uint8_t *d = rig_at(r, r->q[q].desc + 16UL * i);
    virtio_put_le(d, addr, 8);
    virtio_put_le(d + 8, len, 4);
    virtio_put_le(d + 12, flags, 2);
    virtio_put_le(d + 14, next, 2);
}

uint16_t rig_add(struct rig *r, unsigned n, const struct rig_seg *s, unsigned count)
{
    struct rig_queue *q = &r->q[n];
    uint16_t head = (uint16_t)(q->next_desc % q->num);
    for (unsigned i = 0; i < count; i++) {
        unsigned at = q->next_desc++ % q->num;
        bool last = i + 1 == count;
        uint16_t flags = (uint16_t)((s[i].in ? 2 : 0) | (last ? 0 : 1));
        rig_set_desc(r, n, at, s[i].addr, s[i].len, flags, (uint16_t)(q->next_desc % q->num));
    }
    rig_offer(r, n, head);
    return head;
}

void rig_offer(struct rig *r, unsigned n, uint16_t head)
{
    struct rig_queue *q = &r->q[n];
    virtio_put_le(rig_at(r, q->avail + 4 + 2UL * (q->avail_idx % q->num)), head, 2);
    virtio_put_le(rig_at(r, q->avail + 2), ++q->avail_idx, 2);
}

void rig_kick(struct rig *r, unsigned q)
{
    rig_write(r, R_QUEUE_NOTIFY, q);
}

bool rig_take(struct rig *r, unsigned n, uint32_t *out_head, uint32_t *out_len)
{
    struct rig_queue *q = &r->q[n];
    if ((uint16_t)virtio_get_le(rig_at(r, q->used + 2), 2) == q->used_seen) {
        return false;
    }
    const uint8_t *e = rig_at(r, q->used + 4 + 8UL * (q->used_seen++ % q->num));
    *out_head = (uint32_t)virtio_get_le(e, 4);
    *out_len = (uint32_t)virtio_get_le(e + 4, 4);
    return true;
}

void rig_ack(struct rig *r)
{
    rig_write(r, R_ACK, rig_read(r, R_ISR));
}

bool rig_needs_reset(struct rig *r)
{
    return (rig_read(r, R_STATUS) & VIRTIO_STATUS_NEEDS_RESET) != 0;
}
