/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways out of a block, all tail-called from handlers (EXIT_TO). Each finds the exact PC of the
 * instruction that `o` belongs to, refunds the budget of what was not executed and returns to the
 * run loop with the state architectural.
 */
#ifndef CPU_ENGINE_EXITS_H
#define CPU_ENGINE_EXITS_H

#include <stdint.h>

#include "cpu/isa/op.h"

/* Bring c->pc (of o's instruction), c->budget and c->time up to date, so that code outside the
 * handlers may look at them. Budget and time include this instruction as executed. */
void cpu_sync(struct cpu *c, const struct op *o, int64_t budget);

/* After cpu_sync: the instruction does not begin after all, as far as counts and time go. */
void cpu_uncount(struct cpu *c);

/* The instruction is UNDEFINED: EC 0. */
op_fn raise_undefined;
/* SP is the base register and not aligned to 16 bytes. */
op_fn raise_sp_alignment;
/* An FP or SIMD instruction under CPACR_EL1/CPTR_ELx control. */
op_fn raise_fp_trap;
/* After cpu_sync and a call that took an exception or changed c->pc: back to the run loop, without
 * executing what follows o. */
op_fn leave_block;
/* o's instruction is complete: go on with the next one through the run loop (context may have
 * changed, an interrupt may be pending). */
op_fn leave_after;

#endif
