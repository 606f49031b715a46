/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which slots of a large table are in use, while they are few. Hypervisors invalidate all
 * instruction caches for every page they hand out (Xen: flush_page_to_ram): dropping every block
 * must cost what was there, not what the tables could hold.
 */
#ifndef CPU_ENGINE_TOUCHED_H
#define CPU_ENGINE_TOUCHED_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TOUCHED_MAX 512U

struct touched {
    uint32_t n; /* above TOUCHED_MAX: too many to tell */
    uint32_t at[TOUCHED_MAX];
};

static inline void touched_add(struct touched *t, uint32_t slot)
{
    if (t->n < TOUCHED_MAX) {
        t->at[t->n] = slot;
    }
    t->n += t->n <= TOUCHED_MAX;
}

/* Zero the slots in use of a table of len slots. */
static inline void touched_clear(struct touched *t, void *table, size_t slot_bytes, size_t len)
{
    if (t->n > TOUCHED_MAX) {
        memset(table, 0, slot_bytes * len);
    } else {
        for (uint32_t i = 0; i < t->n; i++) {
            memset((uint8_t *)table + t->at[i] * slot_bytes, 0, slot_bytes);
        }
    }
    t->n = 0;
}

#endif
