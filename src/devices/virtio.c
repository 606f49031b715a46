/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of a virtio device that all device types share: status, features, configuration space
 * and errors. VIRTIO 1.2, 2.1 "Device Status Field", 2.2 "Feature Bits", 2.5 "Device Configuration
 * Space".
 */
#include "devices/virtio.h"

#include <glib.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/log.h"

void virtio_dev_init(struct virtio_dev *d, const struct virtio_dev_ops *ops, const char *id,
                     unsigned n_queues)
{
    d->ops = ops;
    d->id = g_strdup(id != NULL ? id : ops->type);
    d->n_queues = n_queues;
    d->queues = g_new0(struct virtq, n_queues);
    d->offered = VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX;
}

void virtio_dev_set_queue(struct virtio_dev *d, unsigned q, uint16_t size)
{
    d->queues[q].num_default = size;
    d->queues[q].num_max = size;
}

void virtio_dev_fini(struct virtio_dev *d)
{
    g_free(d->queues);
    g_free(d->id);
}

void virtio_dev_free(struct virtio_dev *d)
{
    if (d != NULL) {
        d->ops->finalize(d);
    }
}

void virtio_dev_error(struct virtio_dev *d, const char *fmt, ...)
{
    if (d->broken) {
        return;
    }
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *what = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    log_guest(d->id, "%s: %s; stopped until reset", d->ops->type, what);
    d->broken = true;
    if (virtio_dev_has(d, VIRTIO_F_VERSION_1)) {
        d->status |= VIRTIO_STATUS_NEEDS_RESET;
        virtio_dev_config_changed(d);
    }
}

void virtio_dev_config_changed(struct virtio_dev *d)
{
    d->config_generation++;
    if ((d->status & VIRTIO_STATUS_DRIVER_OK) != 0 && d->transport.interrupt != NULL) {
        d->transport.interrupt(d->transport.opaque, true);
    }
}

bool virtio_dev_defer(struct virtio_dev *d, unsigned q)
{
    if (d->transport.defer == NULL || !d->transport.defer(d->transport.opaque)) {
        return false;
    }
    d->queues[q].deferred = true;
    return true;
}

void virtio_dev_resume(struct virtio_dev *d)
{
    for (unsigned q = 0; q < d->n_queues; q++) {
        if (d->queues[q].deferred) {
            d->queues[q].deferred = false;
            virtio_dev_notify(d, q);
        }
    }
}

void virtio_dev_notify(struct virtio_dev *d, unsigned q)
{
    if (q < d->n_queues && d->queues[q].ready && !d->broken) {
        d->ops->notify(d, q);
    }
}

void virtio_dev_reset(struct virtio_dev *d)
{
    d->status = 0;
    d->features = 0;
    d->broken = false;
    for (unsigned q = 0; q < d->n_queues; q++) {
        struct virtq *vq = &d->queues[q];
        *vq = (struct virtq){
            .num_max = vq->num_max,
            .num_default = vq->num_default,
            .num = vq->num_default,
        };
    }
    if (d->ops->reset != NULL) {
        d->ops->reset(d);
    }
}

/* VIRTIO 1.2, 2.2 "Feature Bits": a subset of what was offered; a modern transport needs VERSION_1.
 */
static bool features_acceptable(const struct virtio_dev *d)
{
    uint64_t must = d->offered & VIRTIO_F_VERSION_1;
    return (d->features & ~d->offered) == 0 && (d->features & must) == must;
}

void virtio_dev_set_status(struct virtio_dev *d, uint8_t status)
{
    if ((status & VIRTIO_STATUS_FEATURES_OK) != 0 && !features_acceptable(d)) {
        log_guest(d->id, "features %#" PRIx64 " refused (offered %#" PRIx64 ")", d->features,
                  d->offered);
        status &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK;
    }
    /* NEEDS_RESET is the device's: only a reset clears it. */
    d->status =
        (uint8_t)((status & ~VIRTIO_STATUS_NEEDS_RESET) | (d->status & VIRTIO_STATUS_NEEDS_RESET));
    if (d->ops->status_changed != NULL) {
        d->ops->status_changed(d);
    }
}

uint64_t virtio_dev_config_read(const struct virtio_dev *d, uint32_t off, unsigned size)
{
    if (off > d->config_bytes || size > d->config_bytes - off) {
        return 0;
    }
    return virtio_get_le(d->config + off, size);
}

void virtio_dev_config_write(struct virtio_dev *d, uint32_t off, unsigned size, uint64_t v)
{
    if (d->ops->config_write == NULL || off > d->config_bytes || size > d->config_bytes - off) {
        log_guest(d->id, "write of read-only configuration byte %#x", off);
        return;
    }
    uint8_t buf[8];
    virtio_put_le(buf, v, size);
    d->ops->config_write(d, off, buf, size);
}
