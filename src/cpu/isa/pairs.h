/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairs of operations with one handler: less than half of the dispatches of two. Which pairs there
 * are is data: pairs.txt, counted on a kernel boot and on user programs (tools/pairs_gen.py).
 *
 * The files named in pair_templates.c.inc hold handlers as templates over two macros: HANDLER(name)
 * begins a function, NEXT(n) goes on n slots later. Built as usual they are operations; for pairs
 * they are built again, once as functions to inline (the second half) and once for every second
 * half, with NEXT leading there (the first half). Both operations keep their slots and operands, so
 * faults, PCs and entries in the middle need no special care.
 */
#ifndef CPU_ISA_PAIRS_H
#define CPU_ISA_PAIRS_H

#include <stddef.h>

#include "cpu/isa/op.h"

struct pair_row {
    op_fn *first, *second, *both;
};
extern const struct pair_row pair_rows[]; /* generated */
extern const size_t n_pair_rows;

struct pair_index;
struct pair_index *pair_index_new(void);
void pair_index_free(struct pair_index *p);

/* Let neighbours among the n slots run as pairs. */
void pairs_fuse(const struct pair_index *p, struct op *slots, unsigned n);

#endif
