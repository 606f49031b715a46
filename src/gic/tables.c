/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "gic/tables_internal.h"

#define L1_VALID BIT(63)
#define L1_PA    mask64(12, 40)

uint32_t gic_table_page(unsigned field)
{
    static const uint8_t log2[] = {12, 14, 16, 16}; /* 0b11 is reserved: as 0b10 */
    return UINT32_C(1) << log2[field & 3];
}

enum its_result gic_table_load(const struct gic *g, pa_t at, uint64_t *out, unsigned n_words)
{
    const uint8_t *p = gic_ram(g, at, n_words * sizeof(*out), false);
    if (p == NULL) {
        return ITS_STALLED;
    }
    memcpy(out, p, n_words * sizeof(*out)); /* little endian host */
    return ITS_DONE;
}

enum its_result gic_table_store(const struct gic *g, pa_t at, const uint64_t *v, unsigned n_words)
{
    uint8_t *p = gic_ram(g, at, n_words * sizeof(*v), true);
    if (p == NULL) {
        return ITS_STALLED;
    }
    memcpy(p, v, n_words * sizeof(*v));
    return ITS_DONE;
}

enum its_result gic_table_locate(const struct gic *g, const struct gic_table *t, uint32_t id,
                                 pa_t *out)
{
    uint32_t per_page = t->page / t->entry;
    uint64_t l1;
    if (!t->valid) {
        return ITS_REFUSED;
    }
    if (!t->indirect) {
        *out = pa(t->base + (uint64_t)id * t->entry);
        return id < t->n_pages * per_page ? ITS_DONE : ITS_REFUSED;
    }
    if (id / per_page >= t->n_pages * (t->page / sizeof(l1))) {
        return ITS_REFUSED;
    }
    if (gic_table_load(g, pa(t->base + id / per_page * sizeof(l1)), &l1, 1) != ITS_DONE) {
        return ITS_STALLED;
    }
    *out = pa((l1 & L1_PA & ~(uint64_t)(t->page - 1)) + (uint64_t)(id % per_page) * t->entry);
    return l1 & L1_VALID ? ITS_DONE : ITS_REFUSED;
}
