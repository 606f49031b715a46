/* SPDX-License-Identifier: Apache-2.0 */
/* Copy and set loops: by words, by bytes, by pairs. */
#include "bench.h"

#define N 65536

static _Alignas(16) uint8_t from[N], to[N];

static void copy_words(uint64_t *d, const uint64_t *s, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        d[i] = s[i];
        __asm__ volatile("" ::: "memory");
    }
}

static void copy_bytes(uint8_t *d, const uint8_t *s, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        d[i] = s[i];
        __asm__ volatile("" ::: "memory");
    }
}

static void copy_pairs(uint8_t *d, const uint8_t *s, unsigned n)
{
    __asm__ volatile("1: ldp x9, x10, [%1], #16\n"
                     "ldp x11, x12, [%1], #16\n"
                     "stp x9, x10, [%0], #16\n"
                     "stp x11, x12, [%0], #16\n"
                     "subs %2, %2, #32\n"
                     "b.ne 1b"
                     : "+r"(d), "+r"(s), "+r"(n)::"x9", "x10", "x11", "x12", "cc", "memory");
}

static void set_words(uint64_t *d, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        d[i] = v;
        __asm__ volatile("" ::: "memory");
    }
}

uint64_t bench_run(void)
{
    uint64_t sum = 0;

    for (unsigned round = 0; round < 1500; round++) {
        set_words((uint64_t *)from, round * UINT64_C(0x0101010101010101), N / 8);
        copy_words((uint64_t *)to, (const uint64_t *)from, N / 8);
        copy_bytes(to + 1, from, N / 4);
        copy_pairs(to, from + 64, N - 64);
        sum = sum * 31 + to[round % N];
    }
    return sum;
}
