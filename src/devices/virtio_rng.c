/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtio entropy device: VIRTIO 1.2, 5.4 "Entropy Device". The bytes come from the machine's
 * seeded source, so a run can be repeated.
 */
#include "devices/virtio_rng.h"

#include <glib.h>

enum {
    QUEUE_SIZE = 8,
    REQUEST_MAX = 65536, /* a device may fill less than it was given */
};

struct virtio_rng {
    struct virtio_dev d;
    struct entropy *source;
    struct virtq_chain chain;
};

static bool fill_piece(void *ctx, uint8_t *host, size_t len)
{
    struct entropy *e = ctx;
    e->fill(e->opaque, host, len);
    return true;
}

static void rng_notify(struct virtio_dev *d, unsigned q)
{
    struct virtio_rng *r = (struct virtio_rng *)d;
    while (virtq_pop(d, q, &r->chain)) {
        uint64_t n = r->chain.in_bytes < REQUEST_MAX ? r->chain.in_bytes : REQUEST_MAX;
        if (!virtq_chain_visit(d, &r->chain, VIRTQ_IN, 0, n, fill_piece, r->source)) {
            return;
        }
        virtq_push(d, q, r->chain.head, (uint32_t)n);
    }
    virtq_signal(d, q);
}

static void rng_finalize(struct virtio_dev *d)
{
    virtio_dev_fini(d);
    g_free(d);
}

static void rng_snap(struct virtio_dev *d, struct snap *s)
{
    struct entropy *e = ((struct virtio_rng *)d)->source;
    uint64_t at = e->tell != NULL ? e->tell(e->opaque) : 0;
    snap_u64(s, "stream", &at, 0);
    if (snap_mode(s) == SNAP_LOAD && snap_ok(s) && e->seek != NULL) {
        e->seek(e->opaque, at);
    }
}

static const struct virtio_dev_ops rng_ops = {
    .type = "virtio-rng",
    .device_id = VIRTIO_ID_ENTROPY,
    .notify = rng_notify,
    .snap_more = rng_snap,
    .finalize = rng_finalize,
};

struct virtio_dev *virtio_rng_new(const char *id, struct entropy *source)
{
    struct virtio_rng *r = g_new0(struct virtio_rng, 1);
    virtio_dev_init(&r->d, &rng_ops, id, 1);
    virtio_dev_set_queue(&r->d, 0, QUEUE_SIZE);
    r->source = source;
    return &r->d;
}
