/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which addresses may have translations larger than a page in the fast TLB. The fast TLB holds 4
 * KiB pieces; maintenance of one address must remove all pieces of the block around it. A few
 * hashed bit maps, one a size, tell that there cannot be any; otherwise contexts are retired.
 */
#ifndef CPU_ENGINE_TLBMAINT_H
#define CPU_ENGINE_TLBMAINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"

#define LARGE_WORDS 64
static const uint8_t large_sizes[] = {14, 16, 21, 25,
                                      30, 39, 48}; /* log2, rounded up to one of these */

struct large_map {
    uint64_t bits[sizeof(large_sizes)][LARGE_WORDS];
    uint8_t used; /* bit n: size n has entries */
};

static inline unsigned large_map_bit(uint64_t va, unsigned size_log2)
{
    return (unsigned)extract64(va, size_log2, 56 - size_log2) % (LARGE_WORDS * 64);
}

static inline void large_map_add(struct large_map *m, uint64_t va, unsigned size_log2)
{
    for (unsigned i = 0; i < sizeof(large_sizes); i++) {
        if (size_log2 <= large_sizes[i]) {
            unsigned b = large_map_bit(va, large_sizes[i]);
            m->bits[i][b / 64] |= BIT(b % 64);
            m->used |= (uint8_t)(1U << i);
            return;
        }
    }
}

static inline bool large_map_has(const struct large_map *m, uint64_t va)
{
    for (unsigned i = 0; m->used >> i != 0; i++) {
        unsigned b = large_map_bit(va, large_sizes[i]);
        if ((m->used >> i & 1) && (m->bits[i][b / 64] >> (b % 64) & 1)) {
            return true;
        }
    }
    return false;
}

#endif
