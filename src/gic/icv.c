/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ICV_*_EL1: what the ICC_* encodings mean to a guest. Arm IHI 0069H, 12.3 "AArch64 System register
 * descriptions of the virtual registers". Behaviour shared with GICv2 is in vcpuif.c.
 */
#include "gic/gic_internal.h"

/* May the end of an interrupt that no list register has count? A virtual SGI of GICv4.1 has none.
 */
static bool counts(const struct gic_pe *p, uint32_t intid)
{
    bool is_vsgi = intid < GIC_N_SGI && (p->v.hcr & HCR_VSGIEOICOUNT) != 0;
    return intid < GIC_FIRST_LPI && !is_vsgi;
}

static bool is_special(uint32_t intid)
{
    return intid >= INTID_SECURE && intid <= INTID_SPURIOUS;
}

/* The list register of the best interrupt if it is of this group, else -1. */
static int best_of_group(const struct gic_pe *p, enum vgrp grp)
{
    int n = vcpuif_best(p);
    return n >= 0 && lr_group(vcpuif_lr(p, n)) == grp ? n : -1;
}

uint64_t icv_read_hppir(struct gic_pe *p, enum vgrp grp)
{
    int n = best_of_group(p, grp);
    return n < 0 ? INTID_SPURIOUS : lr_vintid(vcpuif_lr(p, n));
}

uint64_t icv_read_iar(struct gic_pe *p, const struct pe_view *v, const struct sysreg *r)
{
    int n = best_of_group(p, r->sub & SUB_G0 ? VGRP_0 : VGRP_1);
    if (!vcpuif_is_sufficient(p, n)) {
        return INTID_SPURIOUS;
    }
    uint32_t intid = lr_vintid(vcpuif_lr(p, n));
    uint32_t instead = icc_not_here(v, r, lr_nmi(vcpuif_lr(p, n)));
    if (instead != 0) {
        return instead;
    }
    vcpuif_activate(p, n);
    return intid;
}

/* The highest active priority of both groups goes; IMPLEMENTATION DEFINED before any check. */
static uint8_t drop_prio(struct gic_pe *p)
{
    if (p->v.nmi_active) {
        p->v.nmi_active = false;
        return 0;
    }
    uint8_t prio0 = prio_apr_running(p->v.apr[VGRP_0], GIC_V_PRIO_BITS);
    uint8_t prio1 = prio_apr_running(p->v.apr[VGRP_1], GIC_V_PRIO_BITS);
    return prio_apr_drop(p->v.apr[prio0 <= prio1 ? VGRP_0 : VGRP_1], GIC_V_PRIO_BITS);
}

void icv_write_eoir(struct gic_pe *p, enum vgrp grp, uint64_t v)
{
    uint32_t intid = (uint32_t)extract64(v, 0, 24);
    /* an LPI has no separate deactivation */
    bool split = (p->v.vmcr & VMCR_EOIM) != 0 && intid < GIC_FIRST_LPI;
    if (is_special(intid)) {
        return;
    }
    TRACE(p->trace, TRACE_GIC_EOI, intid, 1);
    bool nmi = p->v.nmi_active;
    uint8_t dropped = drop_prio(p);
    if (dropped == PRIO_IDLE) {
        return; /* nothing is active: UNPREDICTABLE, ignored */
    }
    int n = vcpuif_find_active(p, intid, 0);
    if (n < 0) {
        if (!split && counts(p, intid)) {
            vcpuif_count_eoi(p);
        }
    } else {
        uint64_t lr = p->v.lr[n];
        uint8_t prio = lr_prio(lr) & vcpuif_group_mask(p, grp);
        if (lr_group(lr) == grp && prio == dropped && lr_nmi(lr) == nmi && !split) {
            vcpuif_deactivate(p, n);
        }
    }
    vcpuif_update(p);
}

void icv_write_dir(struct gic_pe *p, uint64_t v)
{
    uint32_t intid = (uint32_t)extract64(v, 0, 24);
    if (is_special(intid) || !(p->v.vmcr & VMCR_EOIM)) {
        return;
    }
    int n = vcpuif_find_active(p, intid, 0);
    if (n >= 0) {
        vcpuif_deactivate(p, n);
    } else if (counts(p, intid)) {
        vcpuif_count_eoi(p);
    }
}

uint64_t icv_read_bpr(struct gic_pe *p, enum vgrp grp)
{
    if (grp == VGRP_1 && (p->v.vmcr & VMCR_CBPR)) {
        unsigned bpr = vcpuif_bpr(p, VGRP_0) + 1;
        return bpr > 7 ? 7 : bpr;
    }
    return vcpuif_bpr(p, grp);
}

void icv_write_bpr(struct gic_pe *p, enum vgrp grp, uint64_t v)
{
    if (grp == VGRP_1 && (p->v.vmcr & VMCR_CBPR)) {
        return;
    }
    vcpuif_set_bpr(p, grp, (unsigned)(v & 7));
}

uint64_t icv_read_ctlr(struct gic_pe *p)
{
    return (uint64_t)(GIC_V_PRIO_BITS - 1) << ICC_CTLR_PRIBITS_LO | ICC_CTLR_IDBITS_24 |
           ICC_CTLR_A3V | (gic_has_extended(p->g) ? ICC_CTLR_EXT_RANGE : 0) |
           (p->v.vmcr & VMCR_CBPR ? ICC_CTLR_CBPR : 0) |
           (p->v.vmcr & VMCR_EOIM ? ICC_CTLR_EOIMODE : 0);
}

static void set_vmcr_bit(struct gic_pe *p, uint32_t m, bool on)
{
    vcpuif_write_vmcr(p, on ? p->v.vmcr | m : p->v.vmcr & ~m);
}

void icv_write_ctlr(struct gic_pe *p, uint64_t v)
{
    set_vmcr_bit(p, VMCR_CBPR, (v & ICC_CTLR_CBPR) != 0);
    set_vmcr_bit(p, VMCR_EOIM, (v & ICC_CTLR_EOIMODE) != 0);
}

uint64_t icv_read_pmr(struct gic_pe *p)
{
    return p->v.vmcr >> VMCR_PMR_LO;
}

void icv_write_pmr(struct gic_pe *p, uint64_t v)
{
    vcpuif_write_vmcr(p, (uint32_t)deposit64(p->v.vmcr, VMCR_PMR_LO, 8, v & 0xff));
}

uint64_t icv_read_rpr(struct gic_pe *p)
{
    return vcpuif_running_prio(p) | (p->v.nmi_active ? ICC_RPR_NMI : 0);
}

static uint32_t enable_bit(enum vgrp grp)
{
    return grp == VGRP_0 ? VMCR_VENG0 : VMCR_VENG1;
}

uint64_t icv_read_igrpen(struct gic_pe *p, enum vgrp grp)
{
    return (p->v.vmcr & enable_bit(grp)) != 0;
}

void icv_write_igrpen(struct gic_pe *p, enum vgrp grp, uint64_t v)
{
    set_vmcr_bit(p, enable_bit(grp), v & 1);
}
