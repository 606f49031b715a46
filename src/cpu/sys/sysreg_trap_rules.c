/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which control traps which system register: the accessibility pseudocode of the register
 * descriptions (Arm ARM D24) and system instructions (C5), one list a class. Fine-grained traps are
 * a column of sysregs.def and sysops.def; nested virtualization is in sysreg_nv.c.
 */
#include "cpu/sys/hcr.h"
#include "cpu/sys/sysreg_table.h"
#include "cpu/sys/traps.h"

#define E0  1
#define E1  2
#define E2  4
#define E01 3
#define E12 6
#define E02 7 /* EL0 to EL2 */

/* clang-format off */
/* to EL2 by a bit that traps, and by a bit that enables */
#define HCR(els, dir, bit)         {els, dir, 2, CTL_HCR, bit, false, FEAT_NONE, NULL}
#define HCR_F(els, dir, bit, f)    {els, dir, 2, CTL_HCR, bit, false, FEAT_##f, NULL}
#define HCR_EN(els, bit)           {els, SR_RW, 2, CTL_HCR, bit, true, FEAT_NONE, NULL}
#define HCRX_EN(els, bit)          {els, SR_RW, 2, CTL_HCRX, bit, true, FEAT_HCX, NULL}
#define MDCR2(els, bit)            {els, SR_RW, 2, CTL_MDCR_EL2, bit, false, FEAT_NONE, NULL}
#define MDCR2_F(els, bit, f)       {els, SR_RW, 2, CTL_MDCR_EL2, bit, false, FEAT_##f, NULL}
#define SCR_EN(els, bit)           {els, SR_RW, 3, CTL_SCR, bit, true, FEAT_NONE, NULL}
#define SCR_TRAP(els, bit)         {els, SR_RW, 3, CTL_SCR, bit, false, FEAT_NONE, NULL}
#define MDCR3(els, bit)            {els, SR_RW, 3, CTL_MDCR_EL3, bit, false, FEAT_NONE, NULL}
#define MDCR3_F(els, bit, f)       {els, SR_RW, 3, CTL_MDCR_EL3, bit, false, FEAT_##f, NULL}
#define SCTLR0(dir, bit)           {E0, dir, 1, CTL_SCTLR_EL0, bit, false, FEAT_NONE, NULL}
#define SCTLR0_EN(dir, bit)        {E0, dir, 1, CTL_SCTLR_EL0, bit, true, FEAT_NONE, NULL}
#define UNDEF_IF(els, dir, fn)     {els, dir, 0, CTL_ALWAYS, 0, false, FEAT_NONE, fn}
#define EL1_IF(dir, fn)            {E0, dir, 1, CTL_ALWAYS, 0, false, FEAT_NONE, fn}
#define EL2_IF(els, dir, fn)       {els, dir, 2, CTL_ALWAYS, 0, false, FEAT_NONE, fn}
#define END                        {0, 0, 0, 0, 0, false, 0, NULL}
#define CLASS(name, ...)           const struct sr_rule sr_rules_##name[] = {__VA_ARGS__}
/* clang-format on */

/* ---- conditions that are not one bit ---- */

static bool in_secure(const struct cpu *c, const struct sr_desc *d, bool write)
{
    return cpu_has(c, FEAT_EL3) && c->ps.el < 3 && cpu_lower_pas(c) == PAS_S;
}

/* VSTTBR_EL2 and VSTCR_EL2 exist in Secure state; EL3 sees them with Secure EL2 on. */
static bool not_secure_el2(const struct cpu *c, const struct sr_desc *d, bool write)
{
    return c->ps.el == 3 ? !bit(c->sr[SR_SCR_EL3], 18) : !in_secure(c, d, write);
}

static bool not_top_el(const struct cpu *c, const struct sr_desc *d, bool write)
{
    unsigned top = c->cfg.has_el3 ? 3 : c->cfg.has_el2 ? 2 : 1;
    return d->el_r != top;
}

/* SP_EL0 is UNDEFINED while it is the current stack pointer. */
static bool sp_in_use(const struct cpu *c, const struct sr_desc *d, bool write)
{
    return c->ps.sp == 0;
}

/* ALLINT: HCRX_EL2.TALLINT traps writes. */
static bool allint_trapped(const struct cpu *c, const struct sr_desc *d, bool write)
{
    return (cpu_hcrx_el2(c) & HCRX_TALLINT) != 0;
}

/* DAIF: SCTLR_EL1.UMA, and never from a host's EL0 (SCTLR_EL2 has no such bit). */
static bool daif_denied(const struct cpu *c, const struct sr_desc *d, bool write)
{
    return sr_is_host(c) || !bit(c->sr[SR_SCTLR_EL1], 9);
}

/* CPACR_EL1.E0POE; of a host CPTR_EL2.E0POE. */
static bool overlay_denied(const struct cpu *c, const struct sr_desc *d, bool write)
{
    return !sr_is_host(c) && !bit(c->sr[SR_CPACR_EL1], 29);
}

static bool overlay_denied_to_host(const struct cpu *c, const struct sr_desc *d, bool write)
{
    return sr_is_host(c) && !bit(c->sr[SR_CPTR_EL2], 29);
}

/* HCR_EL2.EnSCXT: unlike the other fields it also holds for EL0 of a host. */
static bool scxt_disabled(const struct cpu *c, const struct sr_desc *d, bool write)
{
    return cpu_el2_enabled(c) && !bit(c->sr[SR_HCR_EL2], 53);
}

/* PMUSERENR_EL0: EN (0) opens all; SW (1), CR (2), ER (3) some of the registers. */
static bool pmu_denied(const struct cpu *c, unsigned other_bits)
{
    return (c->sr[SR_PMUSERENR_EL0] & (1 | other_bits)) == 0;
}

static bool pmu_closed(const struct cpu *c, const struct sr_desc *d, bool write)
{
    return pmu_denied(c, 0);
}

static bool pmu_sw_closed(const struct cpu *c, const struct sr_desc *d, bool write)
{
    return pmu_denied(c, 2);
}

static bool pmu_cr_closed(const struct cpu *c, const struct sr_desc *d, bool write)
{
    return pmu_denied(c, write ? 0 : 4);
}

static bool pmu_er_closed(const struct cpu *c, const struct sr_desc *d, bool write)
{
    return pmu_denied(c, write ? 0 : 8);
}

static bool pmu_sel_closed(const struct cpu *c, const struct sr_desc *d, bool write)
{
    return pmu_denied(c, 8);
}

/* Which event counter an access means, and whether EL2 keeps it for itself (MDCR_EL2.HPMN). */
static bool counter_reserved(const struct cpu *c, unsigned n)
{
    return cpu_el2_enabled(c) && n >= extract64(c->sr[SR_MDCR_EL2], 0, 5);
}

static unsigned counter_of(const struct sr_desc *d)
{
    return ((d->enc >> 3) & 3) << 3 | (d->enc & 7);
}

static bool counter_hidden(const struct cpu *c, const struct sr_desc *d, bool write)
{
    return counter_reserved(c, counter_of(d));
}

static bool selected_hidden(const struct cpu *c, const struct sr_desc *d, bool write)
{
    unsigned n = (unsigned)extract64(c->sr[SR_PMSELR_EL0], 0, 5);
    return n != 31 && counter_reserved(c, n);
}

static bool no_fgt(const struct cpu *c)
{
    return !cpu_has(c, FEAT_FGT);
}

/* Without FEAT_FGT a hidden counter is UNDEFINED, with it a trap to EL2. */
static bool counter_undef(const struct cpu *c, const struct sr_desc *d, bool write)
{
    return no_fgt(c) && counter_hidden(c, d, write);
}

static bool selected_undef(const struct cpu *c, const struct sr_desc *d, bool write)
{
    return no_fgt(c) && selected_hidden(c, d, write);
}

/* ---- the classes ---- */
CLASS(NONE, END);

/* EL1 translation controls: HCR_EL2.TVM, TRVM. */
#define VM_RULES HCR(E1, SR_WRITE, 26), HCR(E1, SR_READ, 30)
CLASS(VM, VM_RULES, END);
CLASS(SCTLR2, VM_RULES, HCRX_EN(E1, 15), SCR_EN(E12, 44), END);
CLASS(TCR2, VM_RULES, HCRX_EN(E1, 14), SCR_EN(E12, 43), END);
/* SCR_EL3.PIEn. */
CLASS(PIE, VM_RULES, SCR_EN(E12, 45), END);
CLASS(POR_EL0, EL1_IF(SR_RW, overlay_denied), HCR(E01, SR_WRITE, 26), HCR(E01, SR_READ, 30),
      EL2_IF(E0, SR_RW, overlay_denied_to_host), SCR_EN(E02, 45), END);
CLASS(ACTLR, HCR(E1, SR_RW, 21), END);
#define LOR_RULES HCR(E1, SR_RW, 35), SCR_TRAP(E12, 14)
CLASS(LOR, UNDEF_IF(E02, SR_RW, in_secure), LOR_RULES, END);
CLASS(LORID, LOR_RULES, END);
CLASS(SP_EL, UNDEF_IF(E02 | 8, SR_RW, sp_in_use), END);
CLASS(TOP_EL, UNDEF_IF(E02 | 8, SR_RW, not_top_el), END);
CLASS(SEC_EL2, UNDEF_IF(E02 | 8, SR_RW, not_secure_el2), END);

/* Controls of controls. */
CLASS(CPACR, {E1, SR_RW, 2, CTL_CPTR_EL2, 31, false, FEAT_NONE, NULL},
      {E12, SR_RW, 3, CTL_CPTR_EL3, 31, false, FEAT_NONE, NULL}, END);
CLASS(CPTR2, {E2, SR_RW, 3, CTL_CPTR_EL3, 31, false, FEAT_NONE, NULL}, END);
CLASS(HCRX, SCR_EN(E2, 38), END);
CLASS(FGT, SCR_EN(E2, 27), END);
CLASS(FGT2, SCR_EN(E2, 59), END);
CLASS(MDCR2, MDCR3(E2, 9), END);

CLASS(ERR, HCR(E1, SR_RW, 36), SCR_TRAP(E12, 15), END);
CLASS(SCXT, SCTLR0(SR_RW, 20), EL2_IF(E01, SR_RW, scxt_disabled), SCR_EN(E02, 25), END);
CLASS(APK, HCR_EN(E1, 40), SCR_EN(E12, 16), END);

/* PSTATE and FP. */
CLASS(ALLINT, EL2_IF(E1, SR_WRITE, allint_trapped), END);
CLASS(UMA, EL1_IF(SR_RW, daif_denied), END);
CLASS(FP, END); /* EC_FP: sysreg_access.c */

/* Identification. */
CLASS(TID1, HCR(E1, SR_RW, 16), END);
CLASS(TID2, HCR(E1, SR_RW, 17), HCR_F(E1, SR_RW, 49, EVT), END);
CLASS(CTR, SCTLR0_EN(SR_READ, 15), HCR(E01, SR_READ, 17), END);
CLASS(TID3, HCR(E1, SR_READ, 18), END);

/* Debug: MDCR_EL2.{TDA, TDOSA, TDRA, TDCC}, MDCR_EL3.{TDA, TDOSA, TDCC}. */
#define TDCC_EL2(els) MDCR2_F(els, 27, FGT)
#define TDCC_EL3(els) MDCR3_F(els, 27, FGT)
CLASS(DBG, MDCR2(E1, 9), MDCR3(E12, 9), END);
CLASS(DRA, MDCR2(E1, 11), MDCR3(E12, 9), END);
CLASS(OSLOCK, MDCR2(E1, 10), MDCR3(E12, 10), END);
CLASS(OSDTR, TDCC_EL2(E1), MDCR2(E1, 9), TDCC_EL3(E12), MDCR3(E12, 9), END);
CLASS(MDCCINT, TDCC_EL2(E1), MDCR2(E1, 9), TDCC_EL3(E12), MDCR3(E12, 9), END);
CLASS(DCC, {E0, SR_RW, 1, CTL_MDSCR, 12, false, FEAT_NONE, NULL}, TDCC_EL2(E01), MDCR2(E01, 9),
      TDCC_EL3(E02), MDCR3(E02, 9), END);

/* Performance monitors: MDCR_EL2.{TPM, TPMCR, HPMN}, MDCR_EL3.TPM. */
#define TPM MDCR2(E01, 6), MDCR3(E02, 6)
CLASS(PMU, EL1_IF(SR_RW, pmu_closed), TPM, END);
CLASS(PMCR, EL1_IF(SR_RW, pmu_closed), MDCR2(E01, 5), TPM, END);
CLASS(PMSWINC, EL1_IF(SR_RW, pmu_sw_closed), TPM, END);
CLASS(PMSELR, EL1_IF(SR_RW, pmu_sel_closed), TPM, END);
CLASS(PMCCNTR, EL1_IF(SR_RW, pmu_cr_closed), TPM, END);
CLASS(PMCNTR, UNDEF_IF(E01, SR_RW, counter_undef), EL1_IF(SR_RW, pmu_er_closed), MDCR2(E01, 6),
      EL2_IF(E01, SR_RW, counter_hidden), MDCR3(E02, 6), END);
CLASS(PMTYPE, UNDEF_IF(E01, SR_RW, counter_undef), EL1_IF(SR_RW, pmu_closed), MDCR2(E01, 6),
      EL2_IF(E01, SR_RW, counter_hidden), MDCR3(E02, 6), END);
CLASS(PMXCNTR, UNDEF_IF(E01, SR_RW, selected_undef), EL1_IF(SR_RW, pmu_er_closed), MDCR2(E01, 6),
      EL2_IF(E01, SR_RW, selected_hidden), MDCR3(E02, 6), END);
CLASS(PMXTYPE, UNDEF_IF(E01, SR_RW, selected_undef), EL1_IF(SR_RW, pmu_closed), MDCR2(E01, 6),
      EL2_IF(E01, SR_RW, selected_hidden), MDCR3(E02, 6), END);
CLASS(PMUSER, TPM, END);

/* System instructions: HCR_EL2.{TPCP, TPU, TOCU, TICAB, TSW, TDZ, AT, TTLB, TTLBIS, TTLBOS, NV},
 * SCTLR_ELx.{UCI, DZE, EnRCTX}. */
static bool el2_off(const struct cpu *c, const struct sr_desc *d, bool write)
{
    return !cpu_el2_enabled(c);
}

CLASS(OP_NONE, END);
CLASS(OP_IALLUIS, HCR(E1, SR_RW, 24), HCR_F(E1, SR_RW, 50, EVT), END);
CLASS(OP_IALLU, HCR(E1, SR_RW, 24), HCR_F(E1, SR_RW, 52, EVT), END);
CLASS(OP_POU, SCTLR0_EN(SR_RW, 26), HCR(E01, SR_RW, 24), HCR_F(E01, SR_RW, 52, EVT), END);
CLASS(OP_POC, SCTLR0_EN(SR_RW, 26), HCR(E01, SR_RW, 23), END);
CLASS(OP_SETWAY, HCR(E1, SR_RW, 22), END);
CLASS(OP_ZVA, SCTLR0_EN(SR_RW, 14), HCR(E01, SR_RW, 28), END);
CLASS(OP_AT, HCR_F(E1, SR_RW, 44, NV), END);
CLASS(OP_EL2, UNDEF_IF(8, SR_RW, el2_off), END);
CLASS(OP_RCTX, SCTLR0_EN(SR_RW, 10), HCR_F(E1, SR_RW, 42, NV), END);
CLASS(OP_TLB, HCR(E1, SR_RW, 25), END);
CLASS(OP_TLB_IS, HCR(E1, SR_RW, 25), HCR_F(E1, SR_RW, 54, EVT), END);
CLASS(OP_TLB_OS, HCR(E1, SR_RW, 25), HCR_F(E1, SR_RW, 55, EVT), END);
