/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations of system instructions. Each ends its block, except those that system_emit_* append,
 * which decide for themselves. imm of an operation is the instruction word.
 */
#ifndef CPU_ENGINE_SYSTEM_OPS_H
#define CPU_ENGINE_SYSTEM_OPS_H

#include "cpu/isa/emit.h"

op_fn system_yield, system_wfx, system_sev, system_sevl, system_esb;
op_fn system_wfxt; /* b: the register with the deadline */
op_fn system_svc, system_hvc, system_smc, system_brk, system_semihost, system_eret;

/* The trap that a WFE was to wait for is due. */
void system_delayed_trap(struct cpu *c);

bool system_emit_mrs(struct emit *e, uint16_t enc);
bool system_emit_msr(struct emit *e, uint16_t enc);
bool system_emit_msr_imm(struct emit *e, unsigned op1, unsigned op2);
bool system_emit_sys(struct emit *e);
bool system_emit_isb(struct emit *e);

#endif
