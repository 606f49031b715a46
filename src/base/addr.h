/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses and simulated time as types that cannot be mixed by accident.
 *
 * A virtual address, an intermediate physical address and a physical address are three different
 * things; most stage 2 bugs are one used for another. The structs cost nothing at run time.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <stdint.h>

typedef struct {
    uint64_t v;
} va_t;

typedef struct {
    uint64_t v;
} ipa_t;

typedef struct {
    uint64_t v;
} pa_t;

/* Simulated time: 1 tick = 1 ps since power-on. Never host time. 2^64 ticks are 213 days. */
typedef uint64_t tick_t;

#define TICKS_PER_NS  UINT64_C(1000)
#define TICKS_PER_US  UINT64_C(1000000)
#define TICKS_PER_MS  UINT64_C(1000000000)
#define TICKS_PER_SEC UINT64_C(1000000000000)
#define TICK_NEVER    UINT64_MAX

static inline va_t va(uint64_t v)
{
    return (va_t){v};
}

static inline ipa_t ipa(uint64_t v)
{
    return (ipa_t){v};
}

static inline pa_t pa(uint64_t v)
{
    return (pa_t){v};
}

#endif
