/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traps of instruction classes: AArch64.CheckForWFxTrap, CheckFPAdvSIMDEnabled64,
 * CheckForSMCUndefOrTrap, CheckForERetTrap, CheckForSVCTrap, CheckMOPSEnabled and the trap part of
 * AuthIA and friends of the shared pseudocode.
 */
#include "cpu/sys/traps.h"

#include "cpu/sys/exc.h"
#include "cpu/sys/hcr.h"
#include "cpu/sys/sysreg_nv.h"
#include "cpu/sys/sysreg_table.h"

#define HFGITR_ERET    51
#define HFGITR_SVC_EL0 52 /* SVC_EL1 follows */

/* An exception for EL1 that HCR_EL2.TGE sends to EL2. */
static unsigned el1_or_tge(const struct cpu *c)
{
    return cpu_el2_enabled(c) && (c->sr[SR_HCR_EL2] & HCR_TGE) != 0 ? 2 : 1;
}

uint64_t trap_sctlr_el0(const struct cpu *c)
{
    return c->sr[sr_is_host(c) ? SR_SCTLR_EL2 : SR_SCTLR_EL1];
}

/* WFETrapDelay: TWEDEn, with TWEDEL above it, in the register whose control traps. */
static uint64_t wfe_delay(const struct cpu *c, uint64_t control, unsigned enable)
{
    bool on = cpu_has(c, FEAT_TWED) && bit(control, enable);
    return on ? BIT(extract64(control, enable + 1, 4) + 8) : 0;
}

struct wfx_trap trap_wfx(const struct cpu *c, enum wfx_kind kind)
{
    bool wfe = kind == WFX_WFE || kind == WFX_WFET;
    uint64_t sctlr = trap_sctlr_el0(c), hcr = c->sr[SR_HCR_EL2], scr = c->sr[SR_SCR_EL3];
    if (c->ps.el == 0 && !bit(sctlr, wfe ? 18 : 16)) {
        return (struct wfx_trap){el1_or_tge(c), wfe ? wfe_delay(c, sctlr, 45) : 0};
    }
    if (sr_el2_traps(c, c->ps.el) && (hcr & (wfe ? HCR_TWE : HCR_TWI)) != 0) {
        return (struct wfx_trap){2, wfe ? wfe_delay(c, hcr, 59) : 0};
    }
    if (c->ps.el < 3 && c->cfg.has_el3 && bit(scr, wfe ? 13 : 12)) {
        return (struct wfx_trap){3, wfe ? wfe_delay(c, scr, 29) : 0};
    }
    return (struct wfx_trap){TRAP_NONE, 0};
}

uint64_t trap_wfx_iss(enum wfx_kind kind, unsigned rt)
{
    bool timed = kind == WFX_WFIT || kind == WFX_WFET;
    uint64_t reg = timed ? (uint64_t)rt << 5 | 1 << 2 : 0; /* RN, RV */
    return BIT(24) | UINT64_C(0xe) << 20 | reg | (uint64_t)kind;
}

unsigned trap_svc_target(const struct cpu *c)
{
    bool trapped =
        sr_fgt_active(c, c->ps.el) && bit(c->sr[SR_HFGITR_EL2], HFGITR_SVC_EL0 + c->ps.el);
    return trapped ? 2 : TRAP_NONE;
}

unsigned trap_hvc_target(const struct cpu *c)
{
    bool off = c->cfg.has_el3 ? !bit(c->sr[SR_SCR_EL3], 8) : (c->sr[SR_HCR_EL2] & HCR_HCD) != 0;
    if (!c->cfg.has_el2 || c->ps.el == 0 || (c->ps.el == 1 && !cpu_el2_enabled(c)) || off) {
        return TRAP_UNDEF;
    }
    return c->ps.el == 3 ? 3 : 2;
}

/* Without EL3 too HCR_EL2.TSC traps: IMPLEMENTATION DEFINED, and what hypervisors hope for. */
unsigned trap_smc_target(const struct cpu *c)
{
    if (c->ps.el == 0) {
        return TRAP_UNDEF;
    }
    if (c->ps.el == 1 && cpu_el2_enabled(c) && (c->sr[SR_HCR_EL2] & HCR_TSC) != 0) {
        return 2;
    }
    return !c->cfg.has_el3 || bit(c->sr[SR_SCR_EL3], 7) ? TRAP_UNDEF : 3;
}

unsigned trap_eret_target(const struct cpu *c)
{
    if (c->ps.el == 0) {
        return TRAP_UNDEF;
    }
    if (c->ps.el == 1 &&
        (nv_bits(c).nv || (sr_fgt_active(c, 1) && bit(c->sr[SR_HFGITR_EL2], HFGITR_ERET)))) {
        return 2;
    }
    return TRAP_NONE;
}

unsigned trap_pauth_target(const struct cpu *c)
{
    if (sr_el2_traps(c, c->ps.el) && (c->sr[SR_HCR_EL2] & HCR_API) == 0) {
        return 2;
    }
    if (c->ps.el < 3 && c->cfg.has_el3 && !bit(c->sr[SR_SCR_EL3], 17)) {
        return 3;
    }
    return TRAP_NONE;
}

/* ---- floating point ---- */

/* CPACR_EL1.FPEN: 1 traps EL0, 0 and 2 trap EL0 and EL1. Without a say for a host's EL0. */
static bool cpacr_traps(const struct cpu *c)
{
    unsigned fpen = (unsigned)extract64(c->sr[SR_CPACR_EL1], 20, 2);
    if (c->ps.el > 1 || sr_is_host(c)) {
        return false;
    }
    return fpen == 1 ? c->ps.el == 0 : fpen != 3;
}

static bool cptr_el2_traps(const struct cpu *c)
{
    uint64_t cptr = c->sr[SR_CPTR_EL2], hcr = c->sr[SR_HCR_EL2];
    unsigned fpen = (unsigned)extract64(cptr, 20, 2);
    if (c->ps.el > 2 || !cpu_el2_enabled(c)) {
        return false;
    }
    if ((hcr & HCR_E2H) == 0) {
        return bit(cptr, 10);
    }
    if (fpen == 1) {
        return c->ps.el == 0 && (hcr & HCR_TGE) != 0;
    }
    return fpen != 3;
}

unsigned trap_fp_target(const struct cpu *c)
{
    if (cpacr_traps(c)) {
        return el1_or_tge(c);
    }
    if (cptr_el2_traps(c)) {
        return 2;
    }
    return c->cfg.has_el3 && bit(c->sr[SR_CPTR_EL3], 10) ? 3 : TRAP_NONE;
}

void trap_fp_take(struct cpu *c)
{
    unsigned target = trap_fp_target(c);
    if (target == 2 && cpacr_traps(c)) {
        exc_take_sync(c, 2, EC_UNKNOWN, 0, RETURN_THIS);
    } else {
        exc_take_sync(c, target, EC_FP, BIT(24) | UINT64_C(0xe) << 20, RETURN_THIS);
    }
}

/* ---- memory copy and set ---- */

bool trap_mops_enabled(const struct cpu *c)
{
    if (sr_el2_traps(c, c->ps.el) && cpu_has(c, FEAT_HCX) && !(cpu_hcrx_el2(c) & HCRX_MSCEn)) {
        return false;
    }
    return c->ps.el != 0 || bit(trap_sctlr_el0(c), 33);
}
