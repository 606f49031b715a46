/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers of a PE as a trace tells them, and what an instruction did to them and to memory.
 */
#ifndef DEBUG_TRACE_REGS_H
#define DEBUG_TRACE_REGS_H

#include "debug/trace_read.h"

struct trace_regs {
    uint64_t x[A64_SINK + 1]; /* 31: SP; A64_ZR stays 0 */
    uint64_t v[32][2];
    uint64_t pstate; /* as SPSR_ELx */
    uint32_t fpsr;
};

/* Fill in writes and accesses of i from the recorded values (a64_effect_values of them), and bring
 * the registers up to date. */
void trace_regs_apply(struct trace_regs *r, struct trace_insn *i, const uint64_t *values);

#endif
