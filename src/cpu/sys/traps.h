/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traps of instruction classes: pure functions of the control registers and PSTATE. System
 * registers and SYS instructions have their own (sysreg_table.h, sysops.h).
 */
#ifndef CPU_SYS_TRAPS_H
#define CPU_SYS_TRAPS_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;

/* Values returned by the functions below, besides the target EL. */
#define TRAP_NONE  0
#define TRAP_UNDEF 4 /* the instruction is UNDEFINED */

/* ISS.TI of EC_WFX. */
enum wfx_kind { WFX_WFI, WFX_WFE, WFX_WFIT, WFX_WFET };

/* WFI and friends, when the PE would really wait. */
struct wfx_trap {
    unsigned target;       /* EL of the EC_WFX exception, or TRAP_NONE */
    uint64_t delay_cycles; /* FEAT_TWED: of a WFE that waits so long first; 0: none */
};
struct wfx_trap trap_wfx(const struct cpu *c, enum wfx_kind kind);
/* ISS of EC_WFX: CV, COND, TI, and RN, RV of WFxT. rt: the register of WFxT. */
uint64_t trap_wfx_iss(enum wfx_kind kind, unsigned rt);

/* SVC: 2 if it is a fine-grained trap to EL2 (EC_SVC, as usual); TRAP_NONE: exc_default_target. */
unsigned trap_svc_target(const struct cpu *c);
/* HVC: the EL that takes it (EC_HVC), or TRAP_UNDEF. */
unsigned trap_hvc_target(const struct cpu *c);
/* SMC: 3: taken to EL3; 2: trapped to EL2, returning to the SMC itself; TRAP_UNDEF. A board with
 * firmware behind the SMC conduit asks it first only if the answer is not 2. */
unsigned trap_smc_target(const struct cpu *c);
/* ERET, ERETAA, ERETAB at EL1 and above: 2: trapped (EC_ERET), TRAP_NONE, TRAP_UNDEF at EL0. */
unsigned trap_eret_target(const struct cpu *c);
/* ISS of EC_ERET. pac: ERETAA, ERETAB; key_b: ERETAB. */
static inline uint64_t trap_eret_iss(bool pac, bool key_b)
{
    return (uint64_t)pac << 1 | (pac && key_b);
}

/* PAuth instructions that use a key which SCTLR_ELx enables (XPAC: never): EC_PAC, ISS 0. */
unsigned trap_pauth_target(const struct cpu *c);
/* FP and Advanced SIMD instructions and FPCR, FPSR: the EL that takes the trap, or TRAP_NONE. */
unsigned trap_fp_target(const struct cpu *c);
/* Take it: EC_FP, or EC 0 when CPACR_EL1 traps EL0 and HCR_EL2.TGE sends that to EL2. */
void trap_fp_take(struct cpu *c);

/* LD64B and relatives, hints with traps: none is implemented. */

/* MOPS at EL0 or EL1: false: UNDEFINED (SCTLR_ELx.MSCEn, HCRX_EL2.MSCEn). */
bool trap_mops_enabled(const struct cpu *c);

/* SCTLR_ELx that controls EL0 now: SCTLR_EL2 for a host application (E2H, TGE), else SCTLR_EL1. */
uint64_t trap_sctlr_el0(const struct cpu *c);

#endif
