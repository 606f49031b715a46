/* SPDX-License-Identifier: Apache-2.0 */
/* Ends of blocks, for the emitters that need them and for the block builder. */
#ifndef CPU_ISA_BRANCH_H
#define CPU_ISA_BRANCH_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu/isa/emit.h"

/* End the block in front of the instruction at e->off: continue there. */
void emit_fallthrough(struct emit *e);
/*
 * BR, BLR, RET to the address in c->x[reg], which is authenticated already. rn: the register that
 * the instruction names (X16 and X17 set another BTYPE).
 */
void emit_register_branch(struct emit *e, uint8_t reg, unsigned rn, bool link, bool is_ret);

/*
 * A handler that does a comparison (by its handler) and the chained conditional branch after it in
 * one; NULL: there is none.
 */
op_fn *fused_compare_branch(op_fn *compare, unsigned cond);

#endif
