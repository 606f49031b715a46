/* SPDX-License-Identifier: Apache-2.0 */
/* A benchmark: one function that works for about a second on the reference emulator. */
#ifndef BENCH_H
#define BENCH_H

#include "mmu.h"

/* A checksum, which both emulators must agree on. */
uint64_t bench_run(void);

/* A number sequence that is the same everywhere. */
static inline uint32_t bench_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

#endif
