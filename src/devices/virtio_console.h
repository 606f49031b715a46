/* SPDX-License-Identifier: Apache-2.0 */
/* Virtio console device: a bus of ports (QEMU's virtio-serial), each with a character backend. */
#ifndef DEVICES_VIRTIO_CONSOLE_H
#define DEVICES_VIRTIO_CONSOLE_H

#include "core/backend.h"
#include "devices/virtio.h"

struct virtio_console_cfg {
    const char *id;
    unsigned max_ports; /* 0: 31; 1: a plain console without multiport */
    bool no_emergency_write;
};

struct virtio_port_cfg {
    const char *name;    /* shown by the guest as /dev/virtio-ports/NAME; NULL: none */
    int nr;              /* -1: the first free one; 0 is for consoles unless asked for */
    bool console;        /* virtconsole; else virtserialport */
    struct chardev *chr; /* NULL: not connected. Outlives the device */
};

struct virtio_dev *virtio_console_new(const struct virtio_console_cfg *cfg, GError **err);
/* Before the device is reset for the first time. */
bool virtio_console_add_port(struct virtio_dev *d, const struct virtio_port_cfg *cfg,
                             GError **err) NODISCARD;

#endif
