/* SPDX-License-Identifier: Apache-2.0 */
/* Pointer chase over CHASE_BYTES: every load depends on the one before, and pages change. */
#include "bench.h"

#ifndef CHASE_BYTES
#define CHASE_BYTES (UINT64_C(4) << 20)
#endif
#define STEP  64
#define STEPS 12000000

uint64_t bench_run(void)
{
    uint8_t *area = (uint8_t *)(RAM_BASE + (UINT64_C(64) << 20));
    uint64_t n = CHASE_BYTES / STEP, at = 0, sum = 0;

    /* A full cycle: a linear congruence modulo a power of two. */
    for (uint64_t i = 0; i < n; i++) {
        *(uint64_t *)(area + i * STEP) = ((i * 1664525 + 1013904223) & (n - 1)) * STEP;
    }
    for (uint64_t i = 0; i < STEPS; i++) {
        at = *(const uint64_t *)(area + at);
        sum += at;
    }
    return sum;
}
