/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical CPU interface: priority masking, preemption, activation, priority drop,
 * deactivation, and which of IRQ and FIQ is asserted. Arm IHI 0069H, 4.6 "Interrupt grouping" and
 * 4.8 "Interrupt prioritization"; IHI 0048B for GICv2, whose rules are the same ones with two
 * groups. Registers are in icc.c and gicv2_cpu.c. Legacy bypass is not modelled.
 */
#include "base/log.h"

#include "gic/gic_internal.h"

uint8_t cpuif_min_bpr(const struct gic *g, enum gic_grp grp)
{
    unsigned min = 7 - g->n_pre_bits;
    return (uint8_t)(grp == GRP_1NS ? min + 1 : min);
}

/* Non-secure Group 1's own binary point is one higher for the same split (4.8.4). */
static uint8_t group_mask(const struct gic_pe *p, enum gic_grp grp)
{
    if (p->cpu.cbpr[grp]) {
        return prio_group_mask(p->cpu.bpr[GRP_0]);
    }
    unsigned bpr = p->cpu.bpr[grp];
    return prio_group_mask(grp == GRP_1NS ? bpr - 1 : bpr);
}

static bool nmi_active(const struct gic_pe *p, enum gic_grp grp)
{
    return (p->cpu.nmi_active & GRP_BIT(grp)) != 0;
}

/* What runs of a group: its highest active priority, and whether a non-maskable interrupt has it.
 */
static struct prio_pick running_of(const struct gic_pe *p, enum gic_grp grp)
{
    uint8_t prio = prio_apr_running(p->cpu.apr[grp], p->g->n_pre_bits);
    uint8_t nmi_prio = pending_nmi_prio(p->g, grp);
    bool nmi = nmi_active(p, grp) && nmi_prio <= prio;
    return (struct prio_pick){.intid = grp, .prio = nmi ? nmi_prio : prio, .nmi = nmi};
}

static struct prio_pick running(const struct gic_pe *p)
{
    struct prio_pick best = {.intid = GRP_N, .prio = PRIO_IDLE};
    for (unsigned i = 0; i < GRP_N; i++) {
        struct prio_pick c = running_of(p, (enum gic_grp)i);
        if (c.prio != PRIO_IDLE && prio_before(c, best)) {
            best = c;
        }
    }
    return best;
}

uint8_t cpuif_running_prio(const struct gic_pe *p)
{
    return running(p).prio;
}

enum gic_grp cpuif_active_group(const struct gic_pe *p)
{
    return (enum gic_grp)running(p).intid;
}

/* ICC_PMR_EL1 masks a non-maskable interrupt only where it shuts Non-secure ones out. */
static bool nmi_is_shut_out(const struct gic_pe *p)
{
    return p->best.prio != 0 &&
           (p->cpu.pmr < p->best.prio || (p->secure && p->cpu.pmr == p->best.prio));
}

bool cpuif_best_is_sufficient(const struct gic_pe *p)
{
    if (p->best.intid == PRIO_NONE) {
        return false;
    }
    uint8_t mask = group_mask(p, p->best_grp);
    uint8_t prio = cpuif_running_prio(p);
    if (p->best.nmi) {
        return !nmi_is_shut_out(p) &&
               prio_nmi_sufficient(p->best.prio, prio, mask, nmi_active(p, p->best_grp));
    }
    return prio_sufficient(p->best.prio, p->cpu.pmr, prio, mask);
}

/*
 * IHI 0069H, 4.6.2 "Interrupt assignment to IRQ and FIQ signals": with one Security state Group 1
 * is an IRQ; with two only where it belongs, below EL3.
 */
static bool best_is_fiq(const struct gic_pe *p)
{
    if (gic_is_v2(p->g)) {
        return p->best_grp == GRP_0 && p->cpu.fiq_en;
    }
    if (p->best_grp == GRP_0) {
        return true;
    }
    if (p->g->ds) {
        return false;
    }
    return p->at_el3 || p->secure != (p->best_grp == GRP_1S);
}

void cpuif_update(struct gic_pe *p)
{
    bool irq = false;
    bool fiq = false;
    bool nmi = false;
    if (cpuif_best_is_sufficient(p)) {
        fiq = best_is_fiq(p);
        irq = !fiq;
        nmi = irq && p->best.nmi; /* an FIQ has no superpriority (4.6.3) */
        if (!p->out[GIC_OUT_IRQ].level && !p->out[GIC_OUT_FIQ].level) {
            TRACE(p->trace, TRACE_GIC_PENDING, p->best.intid);
        }
    }
    irq_set(&p->out[GIC_OUT_IRQ], irq);
    irq_set(&p->out[GIC_OUT_FIQ], fiq);
    irq_set(&p->out[GIC_OUT_NMI], nmi);
}

void cpuif_activate_best(struct gic_pe *p)
{
    unsigned intid = p->best.intid;
    uint8_t prio = p->best.prio & group_mask(p, p->best_grp);

    log_trace(LOG_IRQ, p->g->dev.id, "pe %u: acknowledge %u, priority 0x%02x, group %u", p->n,
              intid, p->best.prio, p->best_grp);
    TRACE(p->trace, TRACE_GIC_ACTIVATE, intid, 0);
    if (p->best.nmi) {
        p->cpu.nmi_active |= (uint8_t)GRP_BIT(p->best_grp);
    } else {
        prio_apr_set(p->cpu.apr[p->best_grp], prio, p->g->n_pre_bits);
    }
    if (gic_is_lpi(intid)) { /* no active state: only the running priority says so */
        lpi_set_pending(p, intid, false);
        return;
    }
    struct irq_bank *b = gic_bank(p, intid);
    uint32_t m = UINT32_C(1) << (intid % 32);
    b->active |= gic_lacks_active(p->g, intid) ? 0 : m;
    b->latch &= ~m;
    pending_irq_changed(p, intid);
}

void cpuif_drop_prio(struct gic_pe *p, enum gic_grp grp)
{
    if (running_of(p, grp).nmi) {
        p->cpu.nmi_active &= (uint8_t)~GRP_BIT(grp);
    } else {
        prio_apr_drop(p->cpu.apr[grp], p->g->n_pre_bits);
    }
    cpuif_update(p);
}

void cpuif_deactivate(struct gic_pe *p, unsigned intid)
{
    if (!gic_intid_valid(p->g, intid)) {
        return;
    }
    struct irq_bank *b = gic_bank(p, intid);
    log_trace(LOG_IRQ, p->g->dev.id, "pe %u: deactivate %u", p->n, intid);
    b->active &= ~(UINT32_C(1) << (intid % 32));
    pending_irq_changed(p, intid);
}

void cpuif_reset(struct gic_pe *p)
{
    p->cpu = (struct gic_cpuif){0};
    for (unsigned i = 0; i < GRP_N; i++) {
        p->cpu.bpr[i] = cpuif_min_bpr(p->g, (enum gic_grp)i);
    }
}
