/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/isa/pairs.h"

#include <glib.h>

#include "base/bits.h"
#include "base/result.h"

#define INDEX_BITS 11
#define INDEX_SIZE (1U << INDEX_BITS)

/* Open addressing; at least half of it is empty. */
struct pair_index {
    struct pair_row slot[INDEX_SIZE];
};

static unsigned hash_of(op_fn *first, op_fn *second)
{
    uint64_t h = ((uint64_t)(uintptr_t)first << 1 ^ (uint64_t)(uintptr_t)second) *
                 UINT64_C(0x9e3779b97f4a7c15);
    return (unsigned)(h >> (64 - INDEX_BITS));
}

struct pair_index *pair_index_new(void)
{
    struct pair_index *p = g_new0(struct pair_index, 1);
    ASSERT(n_pair_rows <= INDEX_SIZE / 2);
    for (size_t i = 0; i < n_pair_rows; i++) {
        unsigned h = hash_of(pair_rows[i].first, pair_rows[i].second);
        while (p->slot[h].first != NULL) {
            h = (h + 1) % INDEX_SIZE;
        }
        p->slot[h] = pair_rows[i];
    }
    return p;
}

void pair_index_free(struct pair_index *p)
{
    g_free(p);
}

static op_fn *find(const struct pair_index *p, op_fn *first, op_fn *second)
{
    unsigned h = hash_of(first, second);
    while (p->slot[h].first != NULL) {
        if (p->slot[h].first == first && p->slot[h].second == second) {
            return p->slot[h].both;
        }
        h = (h + 1) % INDEX_SIZE;
    }
    return NULL;
}

void pairs_fuse(const struct pair_index *p, struct op *slots, unsigned n)
{
    for (unsigned i = 0; i + 1 < n; i++) {
        op_fn *both = find(p, slots[i].fn, slots[i + 1].fn);
        if (both != NULL) {
            slots[i].fn = both;
            i++;
        }
    }
}
