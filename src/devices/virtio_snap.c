/* SPDX-License-Identifier: Apache-2.0 */
/* What every virtio device saves: status, features, configuration space, queues. */
#include "devices/virtio.h"

/* clang-format off */
static const struct snap_field queue_fields[] = {
    SNAP_UPTO(struct virtq, num, VIRTQ_NUM_MAX),
    SNAP_FIELD(struct virtq, ready),
    SNAP_FIELD(struct virtq, deferred),
    SNAP_FIELD(struct virtq, quiet),
    SNAP_FIELD(struct virtq, desc),
    SNAP_FIELD(struct virtq, avail),
    SNAP_FIELD(struct virtq, used),
    SNAP_FIELD(struct virtq, last_avail),
    SNAP_FIELD(struct virtq, used_idx),
    SNAP_FIELD(struct virtq, signalled),
    SNAP_FIELD(struct virtq, signalled_valid),
};
static const struct snap_field dev_fields[] = {
    SNAP_FIELD(struct virtio_dev, features),
    SNAP_FIELD(struct virtio_dev, status),
    SNAP_FIELD(struct virtio_dev, broken),
    SNAP_FIELD(struct virtio_dev, config_generation),
    SNAP_ARRAY(struct virtio_dev, config, uint8_t),
};
/* clang-format on */
static const struct snap_desc queue_desc = SNAP_DESC(0, queue_fields);
static const struct snap_desc dev_desc = SNAP_DESC(0, dev_fields);

void virtio_dev_snap(struct virtio_dev *d, struct snap *s)
{
    snap_fields(s, &dev_desc, d);
    for (unsigned q = 0; q < d->n_queues; q++) {
        snap_enter(s, "queue", q);
        snap_fields(s, &queue_desc, &d->queues[q]);
        snap_leave(s);
    }
    if (d->ops->snap != NULL) {
        snap_fields(s, d->ops->snap, d);
    }
    if (d->ops->snap_more != NULL) {
        d->ops->snap_more(d, s);
    }
}

bool virtio_dev_post_load(struct virtio_dev *d, GError **err)
{
    for (unsigned q = 0; q < d->n_queues; q++) {
        const struct virtq *vq = &d->queues[q];
        bool size_ok = vq->num != 0 && (vq->num & (vq->num - 1)) == 0;
        if (!size_ok && (vq->num != 0 || vq->ready)) {
            return fail(err, ERR_FILE, "queue %u has %u entries", q, vq->num);
        }
    }
    return d->ops->post_load == NULL || d->ops->post_load(d, err);
}
