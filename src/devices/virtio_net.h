/* SPDX-License-Identifier: Apache-2.0 */
/* Virtio network device. */
#ifndef DEVICES_VIRTIO_NET_H
#define DEVICES_VIRTIO_NET_H

#include "core/backend.h"
#include "devices/virtio.h"

struct virtio_net_cfg {
    const char *id;
    struct netdev *net; /* NULL: no cable. Outlives the device */
    uint8_t mac[6];
    uint16_t mtu;          /* 0: not told to the driver */
    uint16_t queue_size;   /* 0: 256; a power of two from 64 */
    bool no_mergeable_buf; /* mrg_rxbuf=off */
    bool no_ctrl_vq;       /* ctrl_vq=off */
};

struct virtio_dev *virtio_net_new(const struct virtio_net_cfg *cfg, GError **err);
/* Plug or pull the cable. */
void virtio_net_set_link(struct virtio_dev *d, bool up);

#endif
