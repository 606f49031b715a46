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

uint8_t cpuif_running_prio(const struct gic_pe *p)
{
    uint32_t all[PRIO_N_APR];
    for (unsigned i = 0; i < PRIO_N_APR; i++) {
        all[i] = p->cpu.apr[GRP_0][i] | p->cpu.apr[GRP_1S][i] | p->cpu.apr[GRP_1NS][i];
    }
    return prio_apr_running(all, p->g->n_pre_bits);
}

enum gic_grp cpuif_active_group(const struct gic_pe *p)
{
    uint8_t best = PRIO_IDLE;
    enum gic_grp grp = GRP_N;
    for (unsigned i = 0; i < GRP_N; i++) {
        uint8_t prio = prio_apr_running(p->cpu.apr[i], p->g->n_pre_bits);
        if (prio < best) {
            best = prio;
            grp = (enum gic_grp)i;
        }
    }
    return grp;
}

bool cpuif_best_is_sufficient(const struct gic_pe *p)
{
    return p->best.intid != PRIO_NONE &&
           prio_sufficient(p->best.prio, p->cpu.pmr, cpuif_running_prio(p),
                           group_mask(p, p->best_grp));
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
    if (cpuif_best_is_sufficient(p)) {
        fiq = best_is_fiq(p);
        irq = !fiq;
        if (!p->out[GIC_OUT_IRQ].level && !p->out[GIC_OUT_FIQ].level) {
            TRACE(p->trace, TRACE_GIC_PENDING, p->best.intid);
        }
    }
    irq_set(&p->out[GIC_OUT_IRQ], irq);
    irq_set(&p->out[GIC_OUT_FIQ], fiq);
}

void cpuif_activate_best(struct gic_pe *p)
{
    unsigned intid = p->best.intid;
    uint8_t prio = p->best.prio & group_mask(p, p->best_grp);

    log_trace(LOG_IRQ, p->g->dev.id, "pe %u: acknowledge %u, priority 0x%02x, group %u", p->n,
              intid, p->best.prio, p->best_grp);
    TRACE(p->trace, TRACE_GIC_ACTIVATE, intid, 0);
    prio_apr_set(p->cpu.apr[p->best_grp], prio, p->g->n_pre_bits);
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
    prio_apr_drop(p->cpu.apr[grp], p->g->n_pre_bits);
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
