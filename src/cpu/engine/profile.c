/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only with -Dpair_profile=true: which operations follow each other, and how often. Written to
 * pairs.out at the end, as addresses of handlers; tools/pairs_gen.py gives them their names.
 */
#include <inttypes.h>
#include <stdio.h>

#include "cpu/engine/block.h"

#define N_COUNTERS (1U << 18)

static struct counter {
    const void *first, *second;
    uint64_t n;
} counters[N_COUNTERS];

static void count(const void *first, const void *second)
{
    uint64_t h = ((uintptr_t)first * 31 + (uintptr_t)second) * UINT64_C(0x9e3779b97f4a7c15);
    struct counter *k = &counters[h >> 46];
    if (k->n == 0) {
        k->first = first;
        k->second = second;
    }
    k->n += k->first == first && k->second == second;
}

void profile_block(const struct op *header)
{
    if (header->a == 0) {
        return; /* a stub */
    }
    const struct block *b = block_of_entry(header);
    for (unsigned i = 1; i < b->n_ops; i++) {
        count((const void *)(uintptr_t)header[i].fn, (const void *)(uintptr_t)header[i + 1].fn);
    }
}

__attribute__((destructor)) static void write_counters(void)
{
    FILE *f = fopen("pairs.out", "w");
    for (unsigned i = 0; f != NULL && i < N_COUNTERS; i++) {
        if (counters[i].n != 0) {
            fprintf(f, "%" PRIu64 " %p %p\n", counters[i].n, counters[i].first, counters[i].second);
        }
    }
    if (f != NULL) {
        fclose(f);
    }
}
