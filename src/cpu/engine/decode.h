/* SPDX-License-Identifier: Apache-2.0 */
/* From one instruction word to operations: the table look-up, features, FP traps, UNDEFINED. */
#ifndef CPU_ENGINE_DECODE_H
#define CPU_ENGINE_DECODE_H

#include "cpu/isa/emit.h"

#define BTYPE_ANY 0xe /* every BTYPE that a branch sets, as a mask */

/* Append the operations of e->insn. False: this PE does not have it, and what is there is void. */
bool decode_allocated(struct emit *e);
/* The same, with UNDEFINED and the FP trap as operations; always appends at least one. */
void decode_insn(struct emit *e);
/* Before decode_insn: ask for breakpoints in front of the instruction. */
void decode_break(struct emit *e);
/* End the block: continue at e->off. */
void decode_fallthrough(struct emit *e);
/*
 * Which values of PSTATE.BTYPE (bit n: value n) make this word, as the target of a branch in a
 * guarded page, a Branch Target exception. Arm ARM D8.4.4, BTypeCompatible. With BTYPE_KEPT it is
 * none: the word is BRK, whose exception has PSTATE.BTYPE in its SPSR.
 */
#define BTYPE_KEPT 1
uint8_t decode_btype_refused(uint32_t insn, uint32_t mode);

#endif
