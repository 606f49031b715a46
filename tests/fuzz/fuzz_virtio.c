/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: a hostile virtio driver. The input is a list of operations on one device of
 * each kind behind its MMIO slot (the first byte picks the kind and the register version): register
 * accesses, bytes into ring memory, well-formed chains, notifications, outside input. Memory is
 * small, so that random addresses often hit the rings.
 */
#include <glib.h>
#include <stdint.h>
#include <string.h>

#include "devices/virtio_blk.h"
#include "devices/virtio_console.h"
#include "devices/virtio_mmio.h"
#include "devices/virtio_net.h"
#include "devices/virtio_rng.h"

#define MEM_BASE   UINT64_C(0x40000000)
#define MEM_BYTES  0x8000U
#define DISK_BYTES 0x10000U
#define STEPS_MAX  512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    uint8_t mem[MEM_BYTES];
    uint8_t disk_data[DISK_BYTES];
    struct blockdev disk;
    struct netdev net;
    struct chardev chr[2];
    struct entropy entropy;
    struct virtio_mmio *t;
    struct evq *evq;
};

struct input {
    const uint8_t *p;
    size_t left;
};

static uint64_t take(struct input *in, unsigned n)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < n && in->left != 0; i++, in->left--) {
        v |= (uint64_t)*in->p++ << (8 * i);
    }
    return v;
}

/* ---- the outside ---- */

static enum bus_result mem_access(void *opaque, struct bus_txn *t)
{
    struct world *w = opaque;
    uint64_t off = t->pa.v - MEM_BASE;
    if (t->pa.v < MEM_BASE || off > MEM_BYTES - t->size) {
        return BUS_DECERR;
    }
    if (t->write) {
        memcpy(w->mem + off, &t->data, t->size);
    } else {
        t->data = 0;
        memcpy(&t->data, w->mem + off, t->size);
    }
    return BUS_OK;
}

/* The upper half of memory is reached by accesses only. */
static uint8_t *mem_span(void *opaque, pa_t pa, size_t len, bool write)
{
    struct world *w = opaque;
    uint64_t off = pa.v - MEM_BASE;
    bool direct = pa.v >= MEM_BASE && off <= MEM_BYTES / 2 && len <= MEM_BYTES / 2 - off;
    return direct ? w->mem + off : NULL;
}

static bool disk_read(void *opaque, uint64_t offset, void *buf, size_t len)
{
    g_assert(offset <= DISK_BYTES && len <= DISK_BYTES - offset);
    memcpy(buf, ((struct world *)opaque)->disk_data + offset, len);
    return true;
}

static bool disk_write(void *opaque, uint64_t offset, const void *buf, size_t len)
{
    g_assert(offset <= DISK_BYTES && len <= DISK_BYTES - offset);
    memcpy(((struct world *)opaque)->disk_data + offset, buf, len);
    return true;
}

static bool disk_flush(void *opaque)
{
    return true;
}

/* The network echoes, as nastily as it can: from within the device's send. */
static void net_send(void *opaque, const uint8_t *frame, size_t len)
{
    struct world *w = opaque;
    (void)w->net.deliver(w->net.dev, frame, len);
}

static void net_retry(void *opaque) {}

static size_t chr_write(void *opaque, const uint8_t *buf, size_t len)
{
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < len; i++) {
        sum ^= buf[i];
    }
    return len;
}

static void entropy_fill(void *opaque, uint8_t *buf, size_t len)
{
    memset(buf, 0x5a, len);
}

static const struct blockdev_ops disk_ops = {
    .read = disk_read, .write = disk_write, .flush = disk_flush};
static const struct netdev_ops net_ops = {.send = net_send};
static const struct chardev_ops chr_ops = {.write = chr_write};

/* ---- the devices ---- */

static struct virtio_dev *make_console(struct world *w)
{
    struct virtio_dev *d = virtio_console_new(&(struct virtio_console_cfg){.max_ports = 4}, NULL);
    for (unsigned i = 0; i < 2; i++) {
        w->chr[i] = (struct chardev){.ops = &chr_ops};
        const struct virtio_port_cfg cfg = {
            .nr = -1, .console = i == 0, .name = i == 0 ? NULL : "port", .chr = &w->chr[i]};
        if (!virtio_console_add_port(d, &cfg, NULL)) {
            g_assert_not_reached();
        }
    }
    return d;
}

static struct virtio_dev *make_device(struct world *w, unsigned kind)
{
    const struct virtio_blk_cfg blk = {.disk = &w->disk, .serial = "fuzz", .queue_size = 16};
    const struct virtio_net_cfg net = {.net = &w->net, .mac = {2, 0, 0, 0, 0, 1}};
    switch (kind) {
    case 0:
        return virtio_blk_new(&blk, NULL);
    case 1:
        return virtio_net_new(&net, NULL);
    case 2:
        return make_console(w);
    default:
        return virtio_rng_new(NULL, &w->entropy);
    }
}

static struct world *world_new(uint8_t choice)
{
    struct world *w = g_new0(struct world, 1);
    w->disk = (struct blockdev){
        .ops = &disk_ops, .opaque = w, .size = DISK_BYTES, .read_only = (choice & 16) != 0};
    w->net = (struct netdev){.ops = &net_ops, .opaque = w, .retry = net_retry};
    w->entropy = (struct entropy){.fill = entropy_fill};
    w->evq = evq_new();
    w->t = (struct virtio_mmio *)device_new(&virtio_mmio_ops, "fuzz");
    w->t->port = (struct bus_port){.access = mem_access, .span = mem_span, .opaque = w};
    w->t->evq = (choice & 8) != 0 ? w->evq : NULL;
    w->t->legacy = (choice & 4) != 0;
    if (!virtio_mmio_plug(w->t, make_device(w, choice & 3), NULL) ||
        !device_realize(&w->t->dev, NULL)) {
        g_assert_not_reached();
    }
    device_reset(&w->t->dev, RESET_COLD);
    return w;
}

static void world_free(struct world *w)
{
    device_free(&w->t->dev);
    evq_free(w->evq);
    g_free(w);
}

/* ---- operations ---- */

static void mmio_write(struct world *w, uint32_t off, uint32_t v)
{
    struct bus_txn t = {.pa = pa(off), .size = 4, .write = true, .data = v};
    (void)device_access(&w->t->dev, 0, &t);
}

static void any_access(struct world *w, struct input *in)
{
    uint64_t what = take(in, 2);
    struct bus_txn t = {
        .pa = pa(what & 0x1ff),
        .size = (uint8_t)(1U << (what >> 9 & 3)),
        .write = (what & 0x8000) != 0,
    };
    t.data = t.write ? take(in, t.size) : 0;
    (void)device_access(&w->t->dev, 0, &t);
}

/* A plausible start: features from the input, queues at fixed places. */
static void bring_up(struct world *w, struct input *in)
{
    uint64_t features = take(in, 8) & w->t->vdev->offered;
    mmio_write(w, 0x70, 0);
    mmio_write(w, 0x70, 3);
    w->t->vdev->features = features | (w->t->vdev->offered & VIRTIO_F_VERSION_1);
    mmio_write(w, 0x70, w->t->legacy ? 3 : 11);
    mmio_write(w, 0x28, 0x1000);
    for (unsigned q = 0; q < 4; q++) {
        uint32_t base = (uint32_t)MEM_BASE + 0x1000 * q;
        mmio_write(w, 0x30, q);
        mmio_write(w, 0x38, 8);
        if (w->t->legacy) {
            mmio_write(w, 0x3c, 0x100);
            mmio_write(w, 0x40, base >> 12);
        } else {
            mmio_write(w, 0x80, base);
            mmio_write(w, 0x90, base + 0x80);
            mmio_write(w, 0xa0, base + 0x100);
            mmio_write(w, 0x44, 1);
        }
    }
    mmio_write(w, 0x70, w->t->legacy ? 7 : 15);
}

/* A descriptor, an available entry and a notification. */
static void offer(struct world *w, struct input *in)
{
    unsigned q = (unsigned)take(in, 1) & 3, i = (unsigned)take(in, 1) & 7;
    uint8_t *queue = w->mem + 0x1000 * q, *d = queue + 16 * i;
    uint8_t *avail = queue + 0x80;
    uint16_t idx = (uint16_t)virtio_get_le(avail + 2, 2);
    virtio_put_le(d, MEM_BASE + (take(in, 2) & (MEM_BYTES - 1)), 8);
    virtio_put_le(d + 8, take(in, 2), 4);
    virtio_put_le(d + 12, take(in, 1) & 7, 2);
    virtio_put_le(d + 14, take(in, 1) & 7, 2);
    virtio_put_le(avail + 4 + 2 * (idx & 7), i, 2);
    virtio_put_le(avail + 2, idx + 1U, 2);
    mmio_write(w, 0x50, q);
}

/* A request in the usual shape: 16 bytes of header, data, a byte of status. */
static void offer_request(struct world *w, struct input *in)
{
    unsigned q = (unsigned)take(in, 1) & 3;
    uint8_t *queue = w->mem + 0x1000 * q, *avail = queue + 0x80;
    uint64_t header = 0x800 + 0x1000 * q;
    uint16_t idx = (uint16_t)virtio_get_le(avail + 2, 2);
    bool in_data = (take(in, 1) & 1) != 0;
    const struct {
        uint64_t at;
        uint64_t len;
        unsigned flags;
    } d[3] = {{header, 16, 1}, {header + 16, take(in, 2), in_data ? 3 : 1}, {header + 0x700, 1, 2}};
    for (unsigned i = 0; i < 3; i++) {
        virtio_put_le(queue + 16 * i, MEM_BASE + d[i].at, 8);
        virtio_put_le(queue + 16 * i + 8, d[i].len, 4);
        virtio_put_le(queue + 16 * i + 12, d[i].flags, 2);
        virtio_put_le(queue + 16 * i + 14, i + 1, 2);
    }
    virtio_put_le(w->mem + header, take(in, 1), 4);
    virtio_put_le(w->mem + header + 8, take(in, 1), 8);
    virtio_put_le(w->mem + header + 16, take(in, 1), 8);
    virtio_put_le(w->mem + header + 24, take(in, 2), 8);
    virtio_put_le(avail + 4 + 2 * (idx & 7), 0, 2);
    virtio_put_le(avail + 2, idx + 1U, 2);
    mmio_write(w, 0x50, q);
}

static void scribble(struct world *w, struct input *in)
{
    size_t at = take(in, 2) & (MEM_BYTES - 1), n = take(in, 1);
    for (; n != 0 && at < MEM_BYTES && in->left != 0; n--) {
        w->mem[at++] = (uint8_t)take(in, 1);
    }
}

static void outside_input(struct world *w, struct input *in)
{
    uint8_t buf[2048];
    size_t len = take(in, 2) & (sizeof(buf) - 1);
    memset(buf, (int)take(in, 1), sizeof(buf));
    if (w->net.deliver != NULL) {
        (void)w->net.deliver(w->net.dev, buf, len);
    }
    for (unsigned i = 0; i < 2; i++) {
        struct chardev *c = &w->chr[i];
        if (c->deliver != NULL) {
            size_t room = c->room(c->dev);
            c->deliver(c->dev, buf, len < room ? len : room);
        }
    }
}

static void step(struct world *w, struct input *in)
{
    switch (take(in, 1) & 7) {
    case 0:
        bring_up(w, in);
        break;
    case 1:
        offer(w, in);
        break;
    case 2:
        offer_request(w, in);
        break;
    case 3:
        scribble(w, in);
        break;
    case 4:
        outside_input(w, in);
        break;
    case 5:
        mmio_write(w, 0x50, (uint32_t)take(in, 1) & 15);
        break;
    case 6:
        if (evq_next(w->evq) != TICK_NEVER) {
            evq_advance(w->evq, evq_next(w->evq));
        }
        break;
    default:
        any_access(w, in);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {.p = data, .left = size};
    struct world *w = world_new((uint8_t)take(&in, 1));
    for (unsigned i = 0; i < STEPS_MAX && in.left != 0; i++) {
        step(w, &in);
    }
    world_free(w);
    return 0;
}
