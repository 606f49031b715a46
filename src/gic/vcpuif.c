/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual CPU interface: list registers, virtual priorities, VIRQ and VFIQ, and the maintenance
 * interrupt. Arm IHI 0069H, chapter 6 "Virtual interrupt handling and prioritization"; IHI 0048B,
 * chapter 5 for GICv2, whose registers map onto the same state one to one.
 * Registers are in ich.c and icv.c (v3), gicv2_hyp.c and gicv2_vcpu.c (v2).
 *
 * 5 bits of virtual priority, 32 preemption levels. Virtual LPIs and SGIs of GICv4 compete with
 * list registers in the form of one (VCPUIF_DIRECT).
 */
#include "base/log.h"

#include "gic/gic_internal.h"
#include "gic/vpe_internal.h"

#define V_PRIO_MASK 0xf8U
#define V_MIN_BPR0  (7U - GIC_V_PRIO_BITS)
#define V_MIN_BPR1  (V_MIN_BPR0 + 1)
#define VMCR_WMASK                                                                                 \
    (0xffe00000U | 7U << VMCR_BPR1_LO | VMCR_EOIM | VMCR_CBPR | VMCR_FIQEN | VMCR_ACKCTL |         \
     VMCR_VENG1 | VMCR_VENG0)
/* IHI 0069H, 12.4.10 ICH_MISR_EL2 */
enum {
    MISR_EOI = 1 << 0,
    MISR_U = 1 << 1,
    MISR_LRENP = 1 << 2,
    MISR_NP = 1 << 3,
    MISR_VGRP0E = 1 << 4,
    MISR_VGRP0D = 1 << 5,
    MISR_VGRP1E = 1 << 6,
    MISR_VGRP1D = 1 << 7
};

/* ---- priorities ---- */

unsigned vcpuif_bpr(const struct gic_pe *p, enum vgrp grp)
{
    return extract32(p->v.vmcr, grp == VGRP_0 ? VMCR_BPR0_LO : VMCR_BPR1_LO, 3);
}

static uint32_t with_bpr(uint32_t vmcr, enum vgrp grp, unsigned v)
{
    unsigned min = grp == VGRP_0 ? V_MIN_BPR0 : V_MIN_BPR1;
    unsigned lo = grp == VGRP_0 ? VMCR_BPR0_LO : VMCR_BPR1_LO;
    return (uint32_t)deposit64(vmcr, lo, 3, v < min ? min : v);
}

void vcpuif_set_bpr(struct gic_pe *p, enum vgrp grp, unsigned v)
{
    p->v.vmcr = with_bpr(p->v.vmcr, grp, v & 7);
    vcpuif_update(p);
}

uint8_t vcpuif_group_mask(const struct gic_pe *p, enum vgrp grp)
{
    if (grp == VGRP_1 && !(p->v.vmcr & VMCR_CBPR)) {
        return prio_group_mask(vcpuif_bpr(p, VGRP_1) - 1);
    }
    return prio_group_mask(vcpuif_bpr(p, VGRP_0));
}

uint8_t vcpuif_running_prio(const struct gic_pe *p)
{
    uint32_t all[PRIO_N_APR];
    for (unsigned i = 0; i < PRIO_N_APR; i++) {
        all[i] = p->v.apr[VGRP_0][i] | p->v.apr[VGRP_1][i];
    }
    return p->v.nmi_active ? 0 : prio_apr_running(all, GIC_V_PRIO_BITS);
}

static bool has_nmi_bit(const struct gic_pe *p, enum vgrp grp, unsigned n)
{
    return p->g->cfg.nmi && grp == VGRP_1 && n == 0;
}

uint64_t vcpuif_read_apr(const struct gic_pe *p, enum vgrp grp, unsigned n)
{
    bool nmi = has_nmi_bit(p, grp, n) && p->v.nmi_active;
    return p->v.apr[grp][n] | (nmi ? AP1R0_NMI : 0);
}

void vcpuif_write_apr(struct gic_pe *p, enum vgrp grp, unsigned n, uint64_t v)
{
    p->v.apr[grp][n] = (uint32_t)v;
    if (has_nmi_bit(p, grp, n)) {
        p->v.nmi_active = (v & AP1R0_NMI) != 0;
    }
    vcpuif_update(p);
}

/* ---- list registers ---- */

/* ICH_HCR_EL2.DVIM hides it; it is never one of a Secure machine. */
static uint64_t direct_interrupt(const struct gic_pe *p)
{
    return p->vlpi != NULL && !(p->v.hcr & HCR_DVIM) && !p->secure ? p->vlpi->direct : 0;
}

static bool is_enabled(const struct gic_pe *p, uint64_t lr)
{
    return (p->v.vmcr & (lr_group(lr) == VGRP_0 ? VMCR_VENG0 : VMCR_VENG1)) != 0;
}

int vcpuif_best(const struct gic_pe *p)
{
    struct prio_pick best = {.intid = PRIO_NONE, .prio = PRIO_IDLE};
    for (unsigned i = 0; i < p->g->cfg.n_lr; i++) {
        uint64_t lr = p->v.lr[i];
        struct prio_pick c = {.intid = i, .prio = lr_prio(lr), .nmi = lr_nmi(lr)};
        if ((lr & LR_STATE) == LR_PENDING && is_enabled(p, lr) && prio_before(c, best)) {
            best = c;
        }
    }
    uint64_t direct = direct_interrupt(p);
    if (direct != 0 && is_enabled(p, direct) && lr_prio(direct) < best.prio) {
        return VCPUIF_DIRECT;
    }
    return best.intid == PRIO_NONE ? -1 : (int)best.intid;
}

bool vcpuif_is_sufficient(const struct gic_pe *p, int lr)
{
    if (!(p->v.hcr & HCR_EN) || lr < 0) {
        return false;
    }
    uint64_t v = vcpuif_lr(p, lr);
    if (lr_nmi(v)) {
        return prio_nmi_sufficient(lr_prio(v), vcpuif_running_prio(p), vcpuif_group_mask(p, VGRP_1),
                                   p->v.nmi_active);
    }
    return prio_sufficient(lr_prio(v), (uint8_t)(p->v.vmcr >> VMCR_PMR_LO), vcpuif_running_prio(p),
                           vcpuif_group_mask(p, lr_group(v)));
}

/* GICv2 has one set of active priorities for both groups. */
static uint32_t *apr_of(struct gic_pe *p, enum vgrp grp)
{
    return p->v.apr[gic_is_v2(p->g) ? VGRP_0 : grp];
}

void vcpuif_activate(struct gic_pe *p, int n)
{
    uint64_t lr = vcpuif_lr(p, n);
    uint8_t prio = lr_prio(lr) & vcpuif_group_mask(p, lr_group(lr));
    TRACE(p->trace, TRACE_GIC_ACTIVATE, lr_vintid(lr), 1);
    if (n == VCPUIF_DIRECT) { /* no active state: only the running priority says so */
        prio_apr_set(apr_of(p, lr_group(lr)), prio, GIC_V_PRIO_BITS);
        vpe_acknowledge(p);
    } else if (lr_vintid(lr) >= INTID_SECURE && lr_vintid(lr) <= INTID_SPURIOUS) {
        p->v.lr[n] = lr & ~LR_PENDING; /* a special INTID goes from pending to invalid */
    } else {
        if (lr_nmi(lr)) {
            p->v.nmi_active = true;
        } else {
            prio_apr_set(apr_of(p, lr_group(lr)), prio, GIC_V_PRIO_BITS);
        }
        p->v.lr[n] = (lr & ~LR_PENDING) | LR_ACTIVE;
    }
    vcpuif_update(p);
}

int vcpuif_find_active(const struct gic_pe *p, uint32_t vintid, uint32_t source)
{
    for (unsigned i = 0; i < p->g->cfg.n_lr; i++) {
        uint64_t lr = p->v.lr[i];
        bool same_source =
            !gic_is_v2(p->g) || vintid >= GIC_N_SGI || (lr & LR_HW) || lr_pintid(lr) % 8 == source;
        if ((lr & LR_ACTIVE) && lr_vintid(lr) == vintid && same_source) {
            return (int)i;
        }
    }
    return -1;
}

/* With HW = 1 the physical interrupt is deactivated too. */
void vcpuif_deactivate(struct gic_pe *p, int n)
{
    uint64_t lr = p->v.lr[n];
    p->v.lr[n] = lr & ~LR_ACTIVE;
    if (lr & LR_HW) {
        cpuif_deactivate(p, lr_pintid(lr));
    }
    vcpuif_update(p);
}

/* An end of interrupt that no list register knows. The counter wraps. */
void vcpuif_count_eoi(struct gic_pe *p)
{
    p->v.hcr += 1U << HCR_EOICOUNT_LO;
    vcpuif_update(p);
}

/* ---- maintenance ---- */

uint32_t vcpuif_eisr(const struct gic_pe *p)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < p->g->cfg.n_lr; i++) {
        v |= (uint32_t)((p->v.lr[i] & (LR_STATE | LR_HW | LR_EOI)) == LR_EOI) << i;
    }
    return v;
}

uint32_t vcpuif_elrsr(const struct gic_pe *p)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < p->g->cfg.n_lr; i++) {
        uint64_t lr = p->v.lr[i];
        v |= (uint32_t)(!(lr & LR_STATE) && ((lr & LR_HW) || !(lr & LR_EOI))) << i;
    }
    return v;
}

static uint32_t misr_groups(uint32_t hcr, uint32_t vmcr)
{
    uint32_t v = 0;
    v |= (hcr & HCR_VGRP0EIE) && (vmcr & VMCR_VENG0) ? MISR_VGRP0E : 0;
    v |= (hcr & HCR_VGRP0DIE) && !(vmcr & VMCR_VENG0) ? MISR_VGRP0D : 0;
    v |= (hcr & HCR_VGRP1EIE) && (vmcr & VMCR_VENG1) ? MISR_VGRP1E : 0;
    v |= (hcr & HCR_VGRP1DIE) && !(vmcr & VMCR_VENG1) ? MISR_VGRP1D : 0;
    return v;
}

uint32_t vcpuif_misr(const struct gic_pe *p)
{
    uint32_t hcr = p->v.hcr;
    unsigned n_valid = 0;
    bool any_pending = false;

    for (unsigned i = 0; i < p->g->cfg.n_lr; i++) {
        uint64_t state = p->v.lr[i] & LR_STATE;
        n_valid += state != 0;
        any_pending |= state == LR_PENDING;
    }
    uint32_t v = misr_groups(hcr, p->v.vmcr);
    v |= vcpuif_eisr(p) != 0 ? MISR_EOI : 0;
    v |= (hcr & HCR_UIE) && n_valid <= 1 ? MISR_U : 0;
    v |= (hcr & HCR_LRENPIE) && hcr >> HCR_EOICOUNT_LO != 0 ? MISR_LRENP : 0;
    v |= (hcr & HCR_NPIE) && !any_pending ? MISR_NP : 0;
    return v;
}

/* ---- outputs ---- */

static void drive_maintenance(struct gic_pe *p)
{
    bool level = (p->v.hcr & HCR_EN) && vcpuif_misr(p) != 0;
    if (level != bit(p->priv.level, GIC_MAINTENANCE_INTID)) {
        pending_input(p, GIC_MAINTENANCE_INTID, level);
    }
}

/* Group 0 is a VFIQ; on GICv2 only if the guest set GICV_CTLR.FIQEn. */
void vcpuif_update(struct gic_pe *p)
{
    bool virq = false;
    bool vfiq = false;
    bool vnmi = false;
    int n = vcpuif_best(p);
    if (vcpuif_is_sufficient(p, n)) {
        vfiq = lr_group(vcpuif_lr(p, n)) == VGRP_0 && (p->v.vmcr & VMCR_FIQEN);
        virq = !vfiq;
        vnmi = lr_nmi(vcpuif_lr(p, n));
    }
    irq_set(&p->out[GIC_OUT_VIRQ], virq);
    irq_set(&p->out[GIC_OUT_VFIQ], vfiq);
    irq_set(&p->out[GIC_OUT_VNMI], vnmi);
    drive_maintenance(p);
}

/* ---- controls ---- */

void vcpuif_write_hcr(struct gic_pe *p, uint32_t v, uint32_t mask)
{
    p->v.hcr = v & mask;
    vcpuif_update(p);
}

/* On GICv3 VFIQEn reads as one and VAckCtl as zero: the guest has system registers only. */
void vcpuif_write_vmcr(struct gic_pe *p, uint32_t v)
{
    v &= VMCR_WMASK & ~(~V_PRIO_MASK << VMCR_PMR_LO);
    v = with_bpr(v, VGRP_0, extract32(v, VMCR_BPR0_LO, 3));
    v = with_bpr(v, VGRP_1, extract32(v, VMCR_BPR1_LO, 3));
    if (!gic_is_v2(p->g)) {
        v = (v | VMCR_FIQEN) & ~(uint32_t)VMCR_ACKCTL;
    }
    p->v.vmcr = v;
    vcpuif_update(p);
}

/* ICH_LR<n>_EL2: bits [60:45 minus priority] that are RES0, and priority bits not implemented. */
void vcpuif_write_lr(struct gic_pe *p, unsigned n, uint64_t v)
{
    const uint64_t wmask = LR_STATE | LR_HW | BIT(60) | (p->g->cfg.nmi ? LR_NMI : 0) |
                           (uint64_t)V_PRIO_MASK << 48 | UINT64_C(0x1fff) << 32 | UINT32_MAX;
    p->v.lr[n] = v & wmask;
    TRACE(p->trace, TRACE_GIC_LR, n, p->v.lr[n]);
    vcpuif_update(p);
}

void vcpuif_reset(struct gic_pe *p)
{
    p->v = (struct gic_vcpuif){0};
    p->v.vmcr = with_bpr(with_bpr(0, VGRP_0, 0), VGRP_1, 0);
    p->v.vmcr |= gic_is_v2(p->g) ? 0 : VMCR_FIQEN;
}
