/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtio devices apart from their transport: VIRTIO 1.2, 2 "Basic Facilities of a Virtio Device".
 *
 * A device model (virtio_blk.c, ...) embeds struct virtio_dev, pops descriptor chains from its
 * queues when notified, and pushes them back used, all within the notification. A transport
 * (virtio_mmio.c) shows registers to the driver, owns the interrupt and lends its door to memory.
 *
 * Everything in guest memory is hostile: a queue that breaks the rules makes the device `broken`
 * (DEVICE_NEEDS_RESET for a driver that knows the bit) until the driver resets it.
 *
 * Left out: packed rings, in-order, notification data, queue reset, big-endian legacy drivers.
 */
#ifndef DEVICES_VIRTIO_H
#define DEVICES_VIRTIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"
#include "core/bus.h"
#include "core/snapshot.h"

/* VIRTIO 1.2, 5 "Device Types". */
enum virtio_device_id {
    VIRTIO_ID_NONE = 0,
    VIRTIO_ID_NET = 1,
    VIRTIO_ID_BLOCK = 2,
    VIRTIO_ID_CONSOLE = 3,
    VIRTIO_ID_ENTROPY = 4,
};

/* VIRTIO 1.2, 2.1 "Device Status Field". */
enum virtio_status {
    VIRTIO_STATUS_ACKNOWLEDGE = 0x01,
    VIRTIO_STATUS_DRIVER = 0x02,
    VIRTIO_STATUS_DRIVER_OK = 0x04,
    VIRTIO_STATUS_FEATURES_OK = 0x08,
    VIRTIO_STATUS_NEEDS_RESET = 0x40,
    VIRTIO_STATUS_FAILED = 0x80,
};

/* VIRTIO 1.2, 6 "Reserved Feature Bits". */
#define VIRTIO_F_ANY_LAYOUT    BIT(27) /* legacy only */
#define VIRTIO_F_INDIRECT_DESC BIT(28)
#define VIRTIO_F_EVENT_IDX     BIT(29)
#define VIRTIO_F_VERSION_1     BIT(32)

#define VIRTIO_CONFIG_MAX 256
#define VIRTQ_NUM_MAX     1024 /* largest queue */
#define VIRTQ_CHAIN_MAX   1024 /* longest chain, indirect descriptors included */

/* Bytes a device moves in one notification before it lets the machine run on. */
#define VIRTIO_WORK_BYTES (UINT64_C(64) << 20)

struct virtq {
    uint16_t num_max;
    uint16_t num_default; /* until the driver chooses */
    uint16_t num;
    bool ready;
    bool deferred;              /* work is left: the transport calls notify again later */
    bool quiet;                 /* the device does not want to hear of new buffers */
    uint64_t desc, avail, used; /* guest physical */
    uint16_t last_avail;        /* next entry of the available ring to take */
    uint16_t used_idx;
    uint16_t signalled; /* used_idx when the driver was last interrupted */
    bool signalled_valid;
};

struct virtq_seg {
    uint64_t addr;
    uint32_t len;
};

/* A popped chain. The device-readable ("out") segments come first. Scratch: 16 KiB, so devices
 * embed one and reuse it. */
struct virtq_chain {
    uint16_t head;
    uint16_t n_out, n_in;
    uint64_t out_bytes, in_bytes;
    struct virtq_seg seg[VIRTQ_CHAIN_MAX];
};

/* Out: the device reads. In: the device writes. */
enum virtq_dir { VIRTQ_OUT, VIRTQ_IN };

struct virtio_dev;

/* What a transport does for the device plugged into it. */
struct virtio_transport {
    void (*interrupt)(void *opaque, bool config);
    /* Call virtio_dev_resume soon. False: it cannot, finish now. */
    bool (*defer)(void *opaque);
    const struct bus_port *port;
    void *opaque;
};

struct virtio_dev_ops {
    const char *type; /* "virtio-blk" */
    uint16_t device_id;
    /* Queue q may have new buffers. */
    void (*notify)(struct virtio_dev *d, unsigned q);
    /* The driver wrote [off, off + len) of the configuration, within config_bytes. NULL: read-only.
     */
    void (*config_write)(struct virtio_dev *d, uint32_t off, const uint8_t *buf, size_t len);
    /* The status register changed (not to zero); may be NULL. */
    void (*status_changed)(struct virtio_dev *d);
    /* Back to power-on state; queues and features are reset already. May be NULL. */
    void (*reset)(struct virtio_dev *d);
    /* As in device_ops, of the model's own state; may be NULL. */
    const struct snap_desc *snap;
    void (*snap_more)(struct virtio_dev *d, struct snap *s);
    bool (*post_load)(struct virtio_dev *d, GError **err);
    /* Release what the model owns, and the model itself. */
    void (*finalize)(struct virtio_dev *d);
};

struct virtio_dev {
    const struct virtio_dev_ops *ops;
    char *id; /* for logs */
    uint64_t offered;
    uint64_t features; /* accepted by the driver */
    uint8_t status;
    bool broken;
    unsigned n_queues;
    struct virtq *queues;
    uint32_t config_bytes;
    uint32_t config_generation;
    uint8_t config[VIRTIO_CONFIG_MAX];
    struct virtio_transport transport; /* empty until plugged */
};

/* ---- for device models ---- */
void virtio_dev_init(struct virtio_dev *d, const struct virtio_dev_ops *ops, const char *id,
                     unsigned n_queues);
/* The size of queue q, a power of two. A transport may allow more. */
void virtio_dev_set_queue(struct virtio_dev *d, unsigned q, uint16_t size);
void virtio_dev_fini(struct virtio_dev *d);
/* The driver broke a rule: stop until it resets the device. */
void virtio_dev_error(struct virtio_dev *d, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
/* Configuration changed under the driver: tell it. */
void virtio_dev_config_changed(struct virtio_dev *d);
/* Leave the rest of queue q for later. False: not possible, go on. */
bool virtio_dev_defer(struct virtio_dev *d, unsigned q);

static inline bool virtio_dev_has(const struct virtio_dev *d, uint64_t feature)
{
    return (d->features & feature) != 0;
}

static inline bool virtio_dev_driver_ok(const struct virtio_dev *d)
{
    return (d->status & VIRTIO_STATUS_DRIVER_OK) != 0 && !d->broken;
}

/* Little-endian fields of the configuration space and of requests. */
static inline void virtio_put_le(uint8_t *p, uint64_t v, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

static inline uint64_t virtio_get_le(const uint8_t *p, size_t n_bytes)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n_bytes; i++) {
        v |= (uint64_t)p[i] << (8 * i);
    }
    return v;
}

/* ---- queues (virtio_queue.c) ---- */
/* Take the next chain. False: none, or the device just broke. */
bool virtq_pop(struct virtio_dev *d, unsigned q, struct virtq_chain *c);
/* Give back the last n chains popped, untouched and not pushed. */
void virtq_unpop(struct virtio_dev *d, unsigned q, unsigned n);
/* The chain is done; in_bytes: how much of it was written. */
void virtq_push(struct virtio_dev *d, unsigned q, uint16_t head, uint32_t in_bytes);
/* The same for several chains that become visible together: fill each, then publish. */
void virtq_fill(struct virtio_dev *d, unsigned q, unsigned nth, uint16_t head, uint32_t in_bytes);
void virtq_publish(struct virtio_dev *d, unsigned q, unsigned n);
/* Interrupt the driver for what was pushed, unless it asked not to. */
void virtq_signal(struct virtio_dev *d, unsigned q);
/* Ask the driver (not) to notify of new buffers: queues start with true. */
void virtq_want_kick(struct virtio_dev *d, unsigned q, bool want);
bool virtq_ready(const struct virtio_dev *d, unsigned q);

/*
 * Visit [off, off + len) of one side of a chain as pieces of host memory: what fn writes to an
 * "in" piece lands in guest memory. Stops when fn returns false. False: fn stopped, or the range
 * is outside the chain, or guest memory is not there (the device is then broken).
 */
bool virtq_chain_visit(struct virtio_dev *d, const struct virtq_chain *c, enum virtq_dir dir,
                       uint64_t off, uint64_t len, bool (*fn)(void *ctx, uint8_t *host, size_t len),
                       void *ctx);
/* Copies, on top of it. */
bool virtq_chain_read(struct virtio_dev *d, const struct virtq_chain *c, uint64_t off, void *buf,
                      size_t len);
bool virtq_chain_write(struct virtio_dev *d, const struct virtq_chain *c, uint64_t off,
                       const void *buf, size_t len);

/* ---- for transports ---- */
void virtio_dev_reset(struct virtio_dev *d);
/* Status written by the driver, not zero. Clears FEATURES_OK again if the features will not do. */
void virtio_dev_set_status(struct virtio_dev *d, uint8_t status);
void virtio_dev_notify(struct virtio_dev *d, unsigned q);
void virtio_dev_resume(struct virtio_dev *d);
uint64_t virtio_dev_config_read(const struct virtio_dev *d, uint32_t off, unsigned size);
void virtio_dev_config_write(struct virtio_dev *d, uint32_t off, unsigned size, uint64_t v);
/* Rings at these addresses; ready starts the queue at index 0. num is checked by the caller. */
void virtq_start(struct virtq *vq);
void virtq_stop(struct virtq *vq);
/* Addresses of a legacy queue: one block, VIRTIO 1.2, 2.7.2 "Legacy Interfaces". */
void virtq_set_legacy_rings(struct virtq *vq, uint64_t base, uint32_t align);
void virtio_dev_free(struct virtio_dev *d);
/* The device's part of the transport's section, and the check after loading (virtio_snap.c). */
void virtio_dev_snap(struct virtio_dev *d, struct snap *s);
bool virtio_dev_post_load(struct virtio_dev *d, GError **err) NODISCARD;

#endif
