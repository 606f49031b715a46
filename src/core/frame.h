/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key frames: the state of a machine in the memory of this process. The same walk as a snapshot's,
 * but fields are kept without names, and memory is shared with the frame before.
 *
 *     struct snap *s = frame_saver_new(family, base);
 *     machine_snap(..)
 *     frame_saver_finish(s, err)
 *
 *     struct snap *s = frame_loader_new(family, f, base);
 *     ... the same ...
 *     frame_loader_finish(s)
 *
 * base: the frame whose memory was the machine's when the family's log of writes began.
 */
#ifndef CORE_FRAME_H
#define CORE_FRAME_H

#include "core/snapshot.h"

struct frame;

struct frame_family {
    uint64_t bytes; /* of all its frames */
    /* Pages of a memory that may have been written since base: a bit each. NULL: any may be. */
    const uint64_t *(*written)(void *opaque, const uint8_t *host);
    /* A page is another than in base (saving) or becomes another one (loading). */
    void (*touched)(void *opaque, const uint8_t *host, uint64_t page);
    void *opaque;
};

/* base NULL: the first one of the family. */
struct snap *frame_saver_new(struct frame_family *y, const struct frame *base);
/* NULL and *err: something cannot be kept. Both free s. */
struct frame *frame_saver_finish(struct snap *s, GError **err);
struct snap *frame_loader_new(struct frame_family *y, const struct frame *f,
                              const struct frame *base);
bool frame_loader_finish(struct snap *s, GError **err) NODISCARD;
void frame_free(struct frame *f);

#endif
