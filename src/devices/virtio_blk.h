/* SPDX-License-Identifier: Apache-2.0 */
/* Virtio block device. */
#ifndef DEVICES_VIRTIO_BLK_H
#define DEVICES_VIRTIO_BLK_H

#include "core/backend.h"
#include "devices/virtio.h"

struct virtio_blk_cfg {
    const char *id;
    struct blockdev *disk;        /* outlives the device */
    const char *serial;           /* NULL: empty; at most 20 bytes count */
    uint32_t logical_block_size;  /* 0: 512; a power of two up to 32 KiB */
    uint32_t physical_block_size; /* 0: as logical */
    uint16_t queue_size;          /* 0: 256; a power of two */
};

/* NULL and err: no disk, or impossible sizes. */
struct virtio_dev *virtio_blk_new(const struct virtio_blk_cfg *cfg, GError **err);

#endif
