/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results of integer instructions from their operands, so that a trace need not have them: those
 * that isa/effects.h calls computed. Arm ARM C6.2.
 */
#ifndef DEBUG_TRACE_EVAL_H
#define DEBUG_TRACE_EVAL_H

#include <stdint.h>

/* x: registers with SP as 31 and zero as 32 (A64_ZR). out: the result, and NZCV afterwards. */
void trace_eval(const uint64_t *x, unsigned nzcv, uint64_t pc, uint32_t word, uint64_t out[2]);

#endif
