/* SPDX-License-Identifier: Apache-2.0 */
/* A vector register as four words, and rotations to the left, as hash instructions use them. */
#ifndef CPU_ISA_CRYPTO_WORDS_H
#define CPU_ISA_CRYPTO_WORDS_H

#include <stdint.h>
#include <string.h>

#include "cpu/cpu_internal.h"

struct words {
    uint32_t w[4];
};

static inline struct words get(const struct cpu *c, unsigned r)
{
    struct words x;
    memcpy(&x, &c->v[r], 16);
    return x;
}

static inline void put(struct cpu *c, unsigned r, struct words x)
{
    memcpy(&c->v[r], &x, 16);
}

static inline uint32_t rol32(uint32_t v, unsigned n)
{
    return v << n | v >> (32 - n);
}

#endif
