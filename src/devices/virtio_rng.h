/* SPDX-License-Identifier: Apache-2.0 */
/* Virtio entropy device. */
#ifndef DEVICES_VIRTIO_RNG_H
#define DEVICES_VIRTIO_RNG_H

#include "core/backend.h"
#include "devices/virtio.h"

/* source outlives the device. */
struct virtio_dev *virtio_rng_new(const char *id, struct entropy *source);

#endif
