/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv3 CPU interface system registers. Arm IHI 0069H, 12.2 "AArch64 System register descriptions";
 * pseudocode of the register descriptions (CheckGroup0ForSpecialIdentifiers and its like).
 *
 * ICC_SRE_ELx.SRE, DFB, DIB and Enable are RAO/WI: no legacy operation. At EL1, HCR_EL2.IMO and FMO
 * turn an access into one to the virtual interface (icv.c). Left out: PMHE (1-of-N never asks for
 * priority hints).
 */
#include "base/log.h"

#include "gic/gic_internal.h"

#define HCR_EL2_FMO BIT(3)
#define HCR_EL2_IMO BIT(4)
#define SCR_EL3_NS  BIT(0)
#define SCR_EL3_IRQ BIT(1)
#define SCR_EL3_FIQ BIT(2)

enum {
    CTLR3_CBPR_S = 1 << 0,
    CTLR3_CBPR_NS = 1 << 1,
    CTLR3_EOIMODE_3 = 1 << 2,
    CTLR3_EOIMODE_S = 1 << 3,
    CTLR3_EOIMODE_NS = 1 << 4
};

static struct gic_pe *of(void *owner)
{
    return owner;
}

/* ---- who is asking ---- */

static bool in_secure(const struct pe_view *v)
{
    return v->pas == PAS_S || v->pas == PAS_ROOT || v->el == 3;
}

/* Registers banked by Security state: at EL3, SCR_EL3.NS selects. */
static bool ns_bank(const struct pe_view *v)
{
    return v->el == 3 ? (v->scr_el3 & SCR_EL3_NS) != 0 : !in_secure(v);
}

static enum gic_grp group1_bank(const struct pe_view *v)
{
    return ns_bank(v) ? GRP_1NS : GRP_1S;
}

/* The group whose registers this one shows. */
static enum gic_grp reg_group(const struct pe_view *v, const struct sysreg *r)
{
    return r->sub & SUB_G0 ? GRP_0 : group1_bank(v);
}

static enum vgrp reg_vgroup(const struct sysreg *r)
{
    return r->sub & SUB_G0 ? VGRP_0 : VGRP_1;
}

static bool two_states(const struct gic_pe *p)
{
    return p->g->cfg.security && !p->g->ds;
}

/* Non-secure software sees priorities shifted when Group 0 is not its own (4.8.1). */
static bool sees_ns_priorities(const struct gic_pe *p, const struct pe_view *v)
{
    return two_states(p) && v->el3 && !in_secure(v) && (v->scr_el3 & SCR_EL3_FIQ) != 0;
}

static bool eoi_split(const struct gic_pe *p, const struct pe_view *v)
{
    return p->cpu.eoi_split[v->el == 3 ? GRP_0 : group1_bank(v)];
}

/* ---- access checks ---- */

static uint64_t route_bits(const struct sysreg *r, uint64_t g0, uint64_t g1)
{
    return (r->sub & SUB_G0 ? g0 : 0) | (r->sub & SUB_G1 ? g1 : 0);
}

static bool el1_under_el2(const struct pe_view *v)
{
    return v->el == 1 && v->el2_enabled;
}

/* The access is to the virtual interface. Common registers: either group routed is enough. */
static bool is_virtual(const struct pe_view *v, const struct sysreg *r)
{
    return el1_under_el2(v) && (v->hcr_el2 & route_bits(r, HCR_EL2_FMO, HCR_EL2_IMO)) != 0;
}

static bool trapped_by_ich(const struct gic_pe *p, const struct sysreg *r)
{
    uint32_t bits = 0;
    switch (r->sub & SUB_BOTH) {
    case SUB_G0:
        bits = HCR_TALL0;
        break;
    case SUB_G1:
        bits = HCR_TALL1;
        break;
    default:
        bits = HCR_TC;
        break;
    }
    bits |= r->sub & SUB_DIR ? HCR_TDIR : 0;
    return (p->v.hcr & bits) != 0;
}

static enum sr_verdict check(void *owner, const struct pe_view *v, const struct sysreg *r,
                             bool write)
{
    if (el1_under_el2(v) && trapped_by_ich(owner, r)) {
        return SR_TRAP_EL2;
    }
    if (is_virtual(v, r)) {
        return r->sub & SUB_SGI ? SR_TRAP_EL2 : SR_OK;
    }
    uint64_t to_el3 = route_bits(r, SCR_EL3_FIQ, SCR_EL3_IRQ);
    if (v->el3 && v->el < 3 && (v->scr_el3 & to_el3) == to_el3) {
        return SR_TRAP_EL3;
    }
    return SR_OK;
}

static enum sr_verdict check_el3(void *owner, const struct pe_view *v, const struct sysreg *r,
                                 bool write)
{
    return v->el3 ? SR_OK : SR_UNDEF;
}

/* ---- acknowledge, end of interrupt ---- */

/* What IAR0/HPPIR0 answer for the best pending interrupt: it, or a special INTID. */
static uint32_t group0_answer(const struct gic_pe *p, const struct pe_view *v)
{
    bool secure_irq = two_states(p) && p->best_grp != GRP_1NS;
    if (p->best.intid == PRIO_NONE || (p->best_grp != GRP_0 && v->el != 3) ||
        (secure_irq && !in_secure(v))) {
        return INTID_SPURIOUS;
    }
    if (p->best_grp != GRP_0) { /* EL3 learns which of the other groups it is */
        return secure_irq ? INTID_SECURE : INTID_NONSECURE;
    }
    return p->best.intid;
}

static uint32_t group1_answer(const struct gic_pe *p, const struct pe_view *v)
{
    if (p->best.intid == PRIO_NONE || p->best_grp == GRP_0) {
        return INTID_SPURIOUS;
    }
    bool secure_irq = two_states(p) && p->best_grp == GRP_1S;
    if (secure_irq ? !in_secure(v) : two_states(p) && in_secure(v) && v->el != 3) {
        return INTID_SPURIOUS;
    }
    return p->best.intid;
}

static uint64_t read_hppir(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    if (is_virtual(v, r)) {
        return icv_read_hppir(owner, reg_vgroup(r));
    }
    return r->sub & SUB_G0 ? group0_answer(owner, v) : group1_answer(owner, v);
}

static uint64_t read_iar(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    struct gic_pe *p = of(owner);
    if (is_virtual(v, r)) {
        return icv_read_iar(p, v, r);
    }
    if (!cpuif_best_is_sufficient(p)) {
        return INTID_SPURIOUS;
    }
    uint32_t intid = r->sub & SUB_G0 ? group0_answer(p, v) : group1_answer(p, v);
    if (intid >= INTID_SECURE && intid <= INTID_SPURIOUS) {
        return intid;
    }
    uint32_t instead = icc_not_here(v, r, p->best.nmi);
    if (instead != 0) {
        return instead;
    }
    cpuif_activate_best(p);
    return intid;
}

/* Does this write end interrupts of the group with the highest active priority? */
static bool may_drop(const struct gic_pe *p, const struct pe_view *v, bool is_eoir0,
                     enum gic_grp active)
{
    switch (active) {
    case GRP_0:
        return is_eoir0 && !(two_states(p) && v->el3 && !in_secure(v));
    case GRP_1S:
        return !is_eoir0 && in_secure(v);
    case GRP_1NS:
        return !is_eoir0 && !(two_states(p) && in_secure(v) && v->el != 3);
    default:
        return false;
    }
}

static void write_eoir(void *owner, const struct pe_view *v, const struct sysreg *r, uint64_t val)
{
    struct gic_pe *p = of(owner);
    if (is_virtual(v, r)) {
        icv_write_eoir(p, reg_vgroup(r), val);
        return;
    }
    uint32_t intid = (uint32_t)extract64(val, 0, 24);
    enum gic_grp active = cpuif_active_group(p);
    bool known = gic_intid_valid(p->g, intid) || (p->lpi != NULL && gic_is_lpi(intid));
    if (!known || !may_drop(p, v, (r->sub & SUB_G0) != 0, active)) {
        return;
    }
    TRACE(p->trace, TRACE_GIC_EOI, intid, 0);
    cpuif_drop_prio(p, active);
    if (!eoi_split(p, v)) {
        cpuif_deactivate(p, intid);
    }
}

/* ICC_DIR_EL1: may software here deactivate an interrupt of this group? (EL1 whose interrupts go to
 * EL2 never gets here: it has the virtual interface.) */
static bool may_deactivate(const struct gic_pe *p, const struct pe_view *v, enum gic_grp grp)
{
    bool g0 = grp == GRP_0;
    bool single_state = !two_states(p);
    bool secure_irq = !single_state && grp != GRP_1NS;
    bool to_el3 = v->el3 && (v->scr_el3 & (g0 ? SCR_EL3_FIQ : SCR_EL3_IRQ)) != 0;

    if (v->el == 3) {
        return true;
    }
    return !to_el3 && (in_secure(v) || !secure_irq);
}

static void write_dir(void *owner, const struct pe_view *v, const struct sysreg *r, uint64_t val)
{
    struct gic_pe *p = of(owner);
    if (is_virtual(v, r)) {
        icv_write_dir(p, val);
        return;
    }
    uint32_t intid = (uint32_t)extract64(val, 0, 24);
    if (!gic_intid_valid(p->g, intid)) {
        return;
    }
    if (!eoi_split(p, v)) {
        log_guest(p->g->dev.id, "ICC_DIR_EL1 written with EOImode = 0");
        return;
    }
    if (may_deactivate(p, v, pending_group(p->g, gic_bank(p, intid), intid % 32))) {
        cpuif_deactivate(p, intid);
    }
}

static void write_sgi(void *owner, const struct pe_view *v, const struct sysreg *r, uint64_t val)
{
    bool ns = !in_secure(v);
    enum gic_grp grp = GRP_0;
    if (SUB_INDEX(r) != 0) { /* 1: SGI1R, 2: ASGI1R, the other Security state's Group 1 */
        bool other = SUB_INDEX(r) == 2;
        grp = (ns || of(owner)->g->ds) != other ? GRP_1NS : GRP_1S;
    }
    sgi_send_affinity(owner, val, grp, ns);
}

/* ---- priorities ---- */

static uint64_t read_pmr(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    struct gic_pe *p = of(owner);
    if (is_virtual(v, r)) {
        return icv_read_pmr(p);
    }
    return sees_ns_priorities(p, v) ? prio_ns_view(p->cpu.pmr) : p->cpu.pmr;
}

static void write_pmr(void *owner, const struct pe_view *v, const struct sysreg *r, uint64_t val)
{
    struct gic_pe *p = of(owner);
    if (is_virtual(v, r)) {
        icv_write_pmr(p, val);
        return;
    }
    uint8_t pmr = (uint8_t)val;
    if (sees_ns_priorities(p, v)) {
        if (!(p->cpu.pmr & 0x80)) {
            return; /* a Secure mask is not for Non-secure software to change */
        }
        pmr = prio_from_ns(pmr);
    }
    p->cpu.pmr = pmr & p->g->prio_mask;
    cpuif_update(p);
}

static uint64_t read_rpr(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    struct gic_pe *p = of(owner);
    if (is_virtual(v, r)) {
        return icv_read_rpr(p);
    }
    uint8_t prio = cpuif_running_prio(p);
    if (prio != PRIO_IDLE && sees_ns_priorities(p, v)) {
        prio = prio_ns_view(prio);
    }
    bool other_state = two_states(p) && in_secure(v); /* that of Non-secure NMIs */
    bool nmi = (p->cpu.nmi_active & GRP_BIT(other_state ? GRP_1S : GRP_1NS)) != 0;
    bool nmi_ns = v->el3 && in_secure(v) && (p->cpu.nmi_active & GRP_BIT(GRP_1NS)) != 0;
    return prio | (nmi ? ICC_RPR_NMI : 0) | (nmi_ns ? ICC_RPR_NMI_NS : 0);
}

/* Below EL3, CBPR makes BPR1 an alias of BPR0 (Secure) or BPR0 + 1, read-only (Non-secure). */
static bool bpr1_shared(const struct gic_pe *p, const struct pe_view *v, enum gic_grp grp)
{
    return v->el < 3 && p->cpu.cbpr[grp];
}

static uint64_t read_bpr(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    struct gic_pe *p = of(owner);
    if (is_virtual(v, r)) {
        return icv_read_bpr(p, reg_vgroup(r));
    }
    enum gic_grp grp = reg_group(v, r);
    if (bpr1_shared(p, v, grp)) {
        unsigned bpr = p->cpu.bpr[GRP_0] + (grp == GRP_1NS);
        return bpr > 7 ? 7 : bpr;
    }
    return p->cpu.bpr[grp];
}

static void write_bpr(void *owner, const struct pe_view *v, const struct sysreg *r, uint64_t val)
{
    struct gic_pe *p = of(owner);
    if (is_virtual(v, r)) {
        icv_write_bpr(p, reg_vgroup(r), val);
        return;
    }
    enum gic_grp grp = reg_group(v, r);
    if (bpr1_shared(p, v, grp)) {
        if (grp == GRP_1NS) {
            return;
        }
        grp = GRP_0;
    }
    uint8_t min = cpuif_min_bpr(p->g, grp);
    p->cpu.bpr[grp] = (val & 7) < min ? min : (uint8_t)(val & 7);
    cpuif_update(p);
}

static uint64_t read_apr(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    struct gic_pe *p = of(owner);
    if (is_virtual(v, r)) {
        return vcpuif_read_apr(p, reg_vgroup(r), SUB_INDEX(r));
    }
    enum gic_grp grp = reg_group(v, r);
    bool nmi = SUB_INDEX(r) == 0 && (p->cpu.nmi_active & GRP_BIT(grp)) != 0;
    return p->cpu.apr[grp][SUB_INDEX(r)] | (nmi ? AP1R0_NMI : 0);
}

static void write_apr(void *owner, const struct pe_view *v, const struct sysreg *r, uint64_t val)
{
    struct gic_pe *p = of(owner);
    if (is_virtual(v, r)) {
        vcpuif_write_apr(p, reg_vgroup(r), SUB_INDEX(r), val);
        return;
    }
    enum gic_grp grp = reg_group(v, r);
    p->cpu.apr[grp][SUB_INDEX(r)] = (uint32_t)val;
    if (SUB_INDEX(r) == 0 && grp != GRP_0 && p->g->cfg.nmi) {
        p->cpu.nmi_active = gic_with_group(p->cpu.nmi_active, grp, (val & AP1R0_NMI) != 0);
    }
    cpuif_update(p);
}

/* ---- controls ---- */

static uint64_t ctlr_fixed(const struct gic_pe *p)
{
    const struct gic *g = p->g;
    uint64_t v =
        (g->cfg.n_prio_bits - 1) << ICC_CTLR_PRIBITS_LO | ICC_CTLR_IDBITS_24 | ICC_CTLR_A3V;
    return v | (g->needs_rss ? ICC_CTLR_RSS : 0) | (gic_has_extended(g) ? ICC_CTLR_EXT_RANGE : 0);
}

static uint64_t read_ctlr(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    struct gic_pe *p = of(owner);
    if (is_virtual(v, r)) {
        return icv_read_ctlr(p);
    }
    enum gic_grp grp = group1_bank(v);
    return ctlr_fixed(p) | (p->cpu.cbpr[grp] ? ICC_CTLR_CBPR : 0) |
           (p->cpu.eoi_split[grp] ? ICC_CTLR_EOIMODE : 0);
}

/* With two Security states CBPR belongs to ICC_CTLR_EL3 alone. */
static void write_ctlr(void *owner, const struct pe_view *v, const struct sysreg *r, uint64_t val)
{
    struct gic_pe *p = of(owner);
    if (is_virtual(v, r)) {
        icv_write_ctlr(p, val);
        return;
    }
    enum gic_grp grp = group1_bank(v);
    p->cpu.eoi_split[grp] = (val & ICC_CTLR_EOIMODE) != 0;
    if (!(v->el3 && two_states(p))) {
        p->cpu.cbpr[grp] = (val & ICC_CTLR_CBPR) != 0;
    }
    cpuif_update(p);
}

static uint64_t read_ctlr_el3(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    const struct gic_cpuif *c = &of(owner)->cpu;
    return ctlr_fixed(owner) | (c->cbpr[GRP_1S] ? CTLR3_CBPR_S : 0) |
           (c->cbpr[GRP_1NS] ? CTLR3_CBPR_NS : 0) | (c->eoi_split[GRP_0] ? CTLR3_EOIMODE_3 : 0) |
           (c->eoi_split[GRP_1S] ? CTLR3_EOIMODE_S : 0) |
           (c->eoi_split[GRP_1NS] ? CTLR3_EOIMODE_NS : 0);
}

static void write_ctlr_el3(void *owner, const struct pe_view *v, const struct sysreg *r,
                           uint64_t val)
{
    struct gic_cpuif *c = &of(owner)->cpu;
    c->cbpr[GRP_1S] = (val & CTLR3_CBPR_S) != 0;
    c->cbpr[GRP_1NS] = (val & CTLR3_CBPR_NS) != 0;
    c->eoi_split[GRP_0] = (val & CTLR3_EOIMODE_3) != 0;
    c->eoi_split[GRP_1S] = (val & CTLR3_EOIMODE_S) != 0;
    c->eoi_split[GRP_1NS] = (val & CTLR3_EOIMODE_NS) != 0;
    cpuif_update(owner);
}

static uint64_t read_igrpen(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    struct gic_pe *p = of(owner);
    if (is_virtual(v, r)) {
        return icv_read_igrpen(p, reg_vgroup(r));
    }
    return (p->cpu.grp_en & GRP_BIT(reg_group(v, r))) != 0;
}

static void write_igrpen(void *owner, const struct pe_view *v, const struct sysreg *r, uint64_t val)
{
    struct gic_pe *p = of(owner);
    if (is_virtual(v, r)) {
        icv_write_igrpen(p, reg_vgroup(r), val);
        return;
    }
    p->cpu.grp_en = gic_with_group(p->cpu.grp_en, reg_group(v, r), val & 1);
    pending_pe_changed(p);
}

static uint64_t read_igrpen1_el3(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    uint8_t en = of(owner)->cpu.grp_en;
    return (en & GRP_BIT(GRP_1NS) ? 1 : 0) | (en & GRP_BIT(GRP_1S) ? 2 : 0);
}

static void write_igrpen1_el3(void *owner, const struct pe_view *v, const struct sysreg *r,
                              uint64_t val)
{
    struct gic_pe *p = of(owner);
    p->cpu.grp_en = gic_with_group(p->cpu.grp_en, GRP_1NS, bit(val, 0));
    p->cpu.grp_en = gic_with_group(p->cpu.grp_en, GRP_1S, bit(val, 1));
    pending_pe_changed(p);
}

/* SRE, DFB, DIB, and Enable above EL1. */
static uint64_t read_sre(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    return SUB_INDEX(r);
}

static void write_sre(void *owner, const struct pe_view *v, const struct sysreg *r, uint64_t val) {}

/* clang-format off */
#define ENC(crm, op2) SYSREG_ENC(3, 0, 12, crm, op2)
#define APR(name, crm, op2, group, n) \
    {name, ENC(crm, op2), 1, 1, SUB_APR | (group) | SUB_N(n), check, read_apr, write_apr}

const struct sysreg icc_sysregs[] = {
    {"ICC_PMR_EL1",     SYSREG_ENC(3, 0, 4, 6, 0), 1, 1, SUB_BOTH, check, read_pmr, write_pmr},
    {"ICC_IAR0_EL1",    ENC(8, 0),   1, 4, SUB_G0,   check, read_iar, NULL},
    {"ICC_EOIR0_EL1",   ENC(8, 1),   4, 1, SUB_G0,   check, NULL, write_eoir},
    {"ICC_HPPIR0_EL1",  ENC(8, 2),   1, 4, SUB_G0,   check, read_hppir, NULL},
    {"ICC_BPR0_EL1",    ENC(8, 3),   1, 1, SUB_G0,   check, read_bpr, write_bpr},
    APR("ICC_AP0R0_EL1", 8, 4, SUB_G0, 0),
    APR("ICC_AP0R1_EL1", 8, 5, SUB_G0, 1),
    APR("ICC_AP0R2_EL1", 8, 6, SUB_G0, 2),
    APR("ICC_AP0R3_EL1", 8, 7, SUB_G0, 3),
    APR("ICC_AP1R0_EL1", 9, 0, SUB_G1, 0),
    APR("ICC_AP1R1_EL1", 9, 1, SUB_G1, 1),
    APR("ICC_AP1R2_EL1", 9, 2, SUB_G1, 2),
    APR("ICC_AP1R3_EL1", 9, 3, SUB_G1, 3),
    {"ICC_NMIAR1_EL1",  ENC(9, 5),   1, 4, SUB_G1 | SUB_NMI, check, read_iar, NULL},
    {"ICC_DIR_EL1",     ENC(11, 1),  4, 1, SUB_BOTH | SUB_DIR, check, NULL, write_dir},
    {"ICC_RPR_EL1",     ENC(11, 3),  1, 4, SUB_BOTH, check, read_rpr, NULL},
    {"ICC_SGI1R_EL1",   ENC(11, 5),  4, 1, SUB_BOTH | SUB_SGI | SUB_N(1), check, NULL, write_sgi},
    {"ICC_ASGI1R_EL1",  ENC(11, 6),  4, 1, SUB_BOTH | SUB_SGI | SUB_N(2), check, NULL, write_sgi},
    {"ICC_SGI0R_EL1",   ENC(11, 7),  4, 1, SUB_BOTH | SUB_SGI | SUB_N(0), check, NULL, write_sgi},
    {"ICC_IAR1_EL1",    ENC(12, 0),  1, 4, SUB_G1,   check, read_iar, NULL},
    {"ICC_EOIR1_EL1",   ENC(12, 1),  4, 1, SUB_G1,   check, NULL, write_eoir},
    {"ICC_HPPIR1_EL1",  ENC(12, 2),  1, 4, SUB_G1,   check, read_hppir, NULL},
    {"ICC_BPR1_EL1",    ENC(12, 3),  1, 1, SUB_G1,   check, read_bpr, write_bpr},
    {"ICC_CTLR_EL1",    ENC(12, 4),  1, 1, SUB_BOTH, check, read_ctlr, write_ctlr},
    {"ICC_SRE_EL1",     ENC(12, 5),  1, 1, SUB_N(7), NULL, read_sre, write_sre},
    {"ICC_IGRPEN0_EL1", ENC(12, 6),  1, 1, SUB_G0,   check, read_igrpen, write_igrpen},
    {"ICC_IGRPEN1_EL1", ENC(12, 7),  1, 1, SUB_G1,   check, read_igrpen, write_igrpen},
    {"ICC_SRE_EL2",     SYSREG_ENC(3, 4, 12, 9, 5),  2, 2, SUB_N(15), NULL, read_sre, write_sre},
    {"ICC_CTLR_EL3",    SYSREG_ENC(3, 6, 12, 12, 4), 3, 3, 0, check_el3, read_ctlr_el3, write_ctlr_el3},
    {"ICC_SRE_EL3",     SYSREG_ENC(3, 6, 12, 12, 5), 3, 3, SUB_N(15), check_el3, read_sre, write_sre},
    {"ICC_IGRPEN1_EL3", SYSREG_ENC(3, 6, 12, 12, 7), 3, 3, 0, check_el3, read_igrpen1_el3, write_igrpen1_el3},
};
/* clang-format on */
const size_t icc_n_sysregs = ARRAY_LEN(icc_sysregs);
