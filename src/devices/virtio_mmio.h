/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtio over MMIO: one slot, with or without a device in it.
 *
 *     struct virtio_mmio *t = (struct virtio_mmio *)device_new(&virtio_mmio_ops, "virtio-mmio.0");
 *     t->port = bus_direct_port(bus, PAS_NS); t->evq = evq; t->legacy = true;
 *     t->irq = (struct irq_line){.sink = ..., .n = 16};
 *     virtio_mmio_plug(t, virtio_blk_new(...));
 *     device_realize(&t->dev, err); device_reset(&t->dev, RESET_COLD);
 */
#ifndef DEVICES_VIRTIO_MMIO_H
#define DEVICES_VIRTIO_MMIO_H

#include "core/bus.h"
#include "core/device.h"
#include "core/evq.h"
#include "core/irq.h"
#include "devices/virtio.h"

#define VIRTIO_MMIO_SIZE 0x200 /* spacing of slots in the address map */

struct virtio_mmio {
    struct device dev;
    /* Configuration and wires: the board fills these before realize. */
    struct bus_port port; /* the door to memory */
    struct evq *evq;      /* for long transfers; NULL: they end within the notification */
    struct irq_line irq;
    bool legacy; /* version 1 registers, as QEMU's default (virtio-mmio.force-legacy=on) */

    struct virtio_dev *vdev; /* NULL: an empty slot. Owned */
    struct event more;       /* calls virtio_dev_resume */
    /* Registers. */
    uint32_t host_features_sel, guest_features_sel;
    uint32_t guest_features[2]; /* as written; they bind at FEATURES_OK (version 2) */
    uint32_t guest_page_size;
    uint32_t queue_sel;
    uint32_t queue_align;
    uint32_t shm_sel;
    uint32_t isr;
};

extern const struct device_ops virtio_mmio_ops;

/* Put a device into the slot, before realize. The slot owns it from here. False: occupied (the
 * device stays the caller's). */
bool virtio_mmio_plug(struct virtio_mmio *t, struct virtio_dev *d, GError **err) NODISCARD;

#endif
