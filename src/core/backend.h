/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doors from device models to the outside world. host/ implements them; devices only see these.
 * Input from outside enters a machine only through `deliver` callbacks, which the run loop calls
 * at a defined virtual time (so that it can be recorded).
 */
#ifndef CORE_BACKEND_H
#define CORE_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "core/snapshot.h"

/* ---- byte streams: UARTs, consoles ---- */
struct chardev_ops {
    /* Bytes from the guest; never blocks the machine for long. Returns how many were taken. */
    size_t (*write)(void *opaque, const uint8_t *buf, size_t len);
};
struct chardev {
    const struct chardev_ops *ops;
    void *opaque;
    /* Set by the device. room: how many bytes it can take now. */
    size_t (*room)(void *dev);
    void (*deliver)(void *dev, const uint8_t *buf, size_t len);
    void (*deliver_break)(void *dev); /* NULL: the device knows no break condition */
    /* A far end came or went. NULL: it makes no difference. */
    void (*deliver_peer)(void *dev, bool there);
    /* A debugger or monitor, not a device of the machine: gets its input while that is paused. */
    bool outside;
    void *dev;
};
static inline size_t chardev_write(struct chardev *c, const uint8_t *buf, size_t len)
{
    return c != NULL && c->ops != NULL ? c->ops->write(c->opaque, buf, len) : len;
}

/* ---- block devices: disks, flash images ---- */
struct blockdev_ops {
    /* offset and len in bytes, within the size. False: an I/O error. */
    bool (*read)(void *opaque, uint64_t offset, void *buf, size_t len);
    bool (*write)(void *opaque, uint64_t offset, const void *buf, size_t len);
    bool (*flush)(void *opaque);
    /* NULL or false: not possible, the caller writes zeros. unmap: blocks may be freed. */
    bool (*zero)(void *opaque, uint64_t offset, uint64_t len, bool unmap);
    /* NULL: ignored. The contents are undefined after it. */
    bool (*discard)(void *opaque, uint64_t offset, uint64_t len);
};
struct blockdev {
    const struct blockdev_ops *ops;
    void *opaque;
    uint64_t size; /* bytes */
    bool read_only;
    /* What the guest wrote, when it is kept apart from the image: state of the machine. NULL: the
     * image itself is written, or nothing can be. */
    const struct snap_chunks *kept;
};

/* ---- network: frames without FCS ---- */
struct netdev_ops {
    void (*send)(void *opaque, const uint8_t *frame, size_t len);
};
struct netdev {
    const struct netdev_ops *ops;
    void *opaque;
    /* Set by the device. False: no buffer now, the backend keeps the frame (bounded). */
    bool (*deliver)(void *dev, const uint8_t *frame, size_t len);
    void (*retry)(void *opaque); /* set by the backend: the device has room again */
    void *dev;
};

/* ---- entropy: deterministic, seeded from the configuration ---- */
struct entropy {
    void (*fill)(void *opaque, uint8_t *buf, size_t len);
    /* Where in the stream it is, in bytes: state of the machine. */
    uint64_t (*tell)(void *opaque);
    void (*seek)(void *opaque, uint64_t at);
    void *opaque;
};

/* ---- what a guest, or somebody in front of the machine, may ask of it ---- */
enum machine_request { REQ_POWER_KEY, REQ_POWEROFF, REQ_RESET, REQ_EXIT, REQ_SERROR };
/* The code of REQ_SERROR: a PE and the ISS of its SError, 25 bits. */
#define SERROR_CODE(pe, iss) ((int)((pe) << 25 | (iss)))
#define SERROR_PE(code)      ((unsigned)(code) >> 25)
#define SERROR_ISS(code)     ((unsigned)(code) & 0x1ffffff)
struct machine_port {
    /* code: exit status for REQ_EXIT. Takes effect when the current instruction ends. */
    void (*request)(void *opaque, enum machine_request r, int code);
    void *opaque;
};

#endif
