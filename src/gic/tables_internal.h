/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables in memory that commands of the ITS fill: in one level or two, as GITS_BASER<n> and
 * GICv4.1's GICR_VPROPBASER describe them. Arm IHI 0069H, 5.2 "The ITS", 12.11, 12.18.
 *
 * Tables are RAM: nothing else is reached, so a table on top of registers is one that fails.
 */
#ifndef GIC_TABLES_INTERNAL_H
#define GIC_TABLES_INTERNAL_H

#include "gic/gic_internal.h"

/* ITS_REFUSED: a command error, the command has no effect. ITS_STALLED: memory did not answer. */
enum its_result { ITS_DONE, ITS_REFUSED, ITS_STALLED };

struct gic_table {
    bool valid, indirect;
    uint64_t base;
    uint32_t page; /* bytes */
    uint32_t n_pages;
    uint32_t entry; /* bytes, a power of two */
};

/* Bytes of a page by its Page_Size field. */
uint32_t gic_table_page(unsigned field);
/* Where entry id is. ITS_REFUSED: the table does not reach that far. */
enum its_result gic_table_locate(const struct gic *g, const struct gic_table *t, uint32_t id,
                                 pa_t *out);
enum its_result gic_table_load(const struct gic *g, pa_t at, uint64_t *out, unsigned n_words);
enum its_result gic_table_store(const struct gic *g, pa_t at, const uint64_t *v, unsigned n_words);

#endif
