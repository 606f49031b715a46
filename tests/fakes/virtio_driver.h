/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small virtio driver over MMIO for tests: memory, one slot, handshake, queues, chains.
 *
 * Memory is an array at RIG_BASE that the device reaches directly, and an odd page right after it
 * that only answers accesses (so the bounced path is used), and nothing beyond.
 */
#ifndef TESTS_FAKES_VIRTIO_DRIVER_H
#define TESTS_FAKES_VIRTIO_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "devices/virtio_mmio.h"

#define RIG_BASE      UINT64_C(0x40000000)
#define RIG_BYTES     (4U << 20)
#define RIG_ODD       (RIG_BASE + RIG_BYTES)
#define RIG_ODD_BYTES 4096U
#define RIG_QUEUES    8
#define RIG_NUM       16 /* queue size used */

struct rig_queue {
    uint64_t desc, avail, used;
    unsigned num;
    unsigned next_desc;
    uint16_t avail_idx, used_seen;
};

struct rig {
    struct virtio_mmio *t;
    struct evq *evq;
    uint8_t *mem; /* RIG_BYTES + RIG_ODD_BYTES */
    bool no_span; /* all memory by accesses */
    uint64_t features;
    unsigned irqs; /* rising edges */
    uint64_t heap; /* next free address */
    struct rig_queue q[RIG_QUEUES];
};

struct rig_seg {
    uint64_t addr;
    uint32_t len;
    bool in;
};

/* d: freed with the rig; NULL: an empty slot. */
struct rig *rig_new(struct virtio_dev *d, bool legacy, bool with_evq);
void rig_free(struct rig *r);

uint32_t rig_read(struct rig *r, uint32_t off);
void rig_write(struct rig *r, uint32_t off, uint32_t v);
uint64_t rig_config(struct rig *r, uint32_t off, unsigned size);

/* Negotiate offered & want and set up n queues of RIG_NUM entries. False: refused. */
bool rig_start(struct rig *r, uint64_t want, unsigned n_queues);
/* bytes of zeroed memory, 16-byte aligned. */
uint64_t rig_alloc(struct rig *r, uint32_t bytes);
uint8_t *rig_at(struct rig *r, uint64_t addr);

void rig_set_desc(struct rig *r, unsigned q, unsigned i, uint64_t addr, uint32_t len,
                  uint16_t flags, uint16_t next);
/* Make a chain available; returns its head. */
uint16_t rig_add(struct rig *r, unsigned q, const struct rig_seg *s, unsigned n);
/* Put a head into the available ring as it is. */
void rig_offer(struct rig *r, unsigned q, uint16_t head);
void rig_kick(struct rig *r, unsigned q);
/* The next used element. False: none. */
bool rig_take(struct rig *r, unsigned q, uint32_t *out_head, uint32_t *out_len);
void rig_ack(struct rig *r);
bool rig_needs_reset(struct rig *r);

#endif
