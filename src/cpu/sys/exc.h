/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking exceptions and returning from them. All functions expect c->pc to be the address of the
 * instruction concerned (cpu_sync) and leave it at the vector, with PSTATE, SPSR, ELR, ESR, FAR
 * and HPFAR set as the manual says (Arm ARM D1.3 "Exceptions"; AArch64.TakeException).
 */
#ifndef CPU_SYS_EXC_H
#define CPU_SYS_EXC_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;
struct xlat_fault;

/* ESR_ELx.EC. */
enum exception_class {
    EC_UNKNOWN = 0x00,
    EC_WFX = 0x01,
    EC_FP = 0x07,
    EC_PAC = 0x09,
    EC_LS64 = 0x0a,
    EC_BTI = 0x0d,
    EC_ILLEGAL = 0x0e,
    EC_SVC = 0x15,
    EC_HVC = 0x16,
    EC_SMC = 0x17,
    EC_SYSREG = 0x18,
    EC_SVE = 0x19,
    EC_ERET = 0x1a,
    EC_FPAC = 0x1c,
    EC_SME = 0x1d,
    EC_IABT_LOWER = 0x20,
    EC_IABT_SAME = 0x21,
    EC_PC_ALIGN = 0x22,
    EC_DABT_LOWER = 0x24,
    EC_DABT_SAME = 0x25,
    EC_SP_ALIGN = 0x26,
    EC_MOPS = 0x27,
    EC_SERROR = 0x2f,
    EC_BREAKPOINT_LOWER = 0x30,
    EC_BREAKPOINT_SAME = 0x31,
    EC_STEP_LOWER = 0x32,
    EC_STEP_SAME = 0x33,
    EC_WATCHPOINT_LOWER = 0x34,
    EC_WATCHPOINT_SAME = 0x35,
    EC_BRK = 0x3c,
};

/* Preferred return address relative to the instruction. */
enum exc_return_to { RETURN_THIS, RETURN_NEXT };

/* Synchronous exception to EL target (1 to 3). iss: ESR bits 24:0 (and 55:32). */
void exc_take_sync(struct cpu *c, unsigned target_el, enum exception_class ec, uint64_t iss,
                   enum exc_return_to ret);
/* The same, with FAR_ELx. */
void exc_take_fault(struct cpu *c, unsigned target_el, enum exception_class ec, uint64_t iss,
                    uint64_t far);
/* UNDEFINED and other exceptions that go to EL1, or EL2 with TGE, or stay at the current EL. */
unsigned exc_default_target(const struct cpu *c);
void exc_undefined(struct cpu *c);
/* Software breakpoint and other debug exceptions: the same with MDCR_EL2.TDE. */
unsigned exc_debug_target(const struct cpu *c);
/* Take one. lower: its class when it comes from a lower EL; the next one is that of the same EL. */
void exc_take_debug(struct cpu *c, enum exception_class lower, uint64_t iss);

enum exc_async_kind { EXC_IRQ, EXC_FIQ, EXC_SERROR, EXC_VIRQ, EXC_VFIQ, EXC_VSERROR };
/* Take an asynchronous exception in front of the instruction at c->pc. */
void exc_take_async(struct cpu *c, unsigned target_el, enum exc_async_kind kind);

/* ERET: PSTATE from spsr, c->pc from elr; an illegal return sets PSTATE.IL. */
void exc_return(struct cpu *c, uint64_t elr, uint64_t spsr);
/* PSTATE from v for a debugger: EL and SP stay where v names none that exists. */
void exc_force_pstate(struct cpu *c, uint64_t v);
/* ESB: a pending SError that PSTATE.A masks is deferred to DISR_EL1 or VDISR_EL2. */
void exc_error_synchronization(struct cpu *c);

/* PSTATE as SPSR_ELx sees it, with NZCV. */
uint64_t exc_spsr(const struct cpu *c);
/* Change EL and SP select: swaps the banked stack pointer. */
void exc_set_el(struct cpu *c, unsigned el, bool spsel);

#endif
