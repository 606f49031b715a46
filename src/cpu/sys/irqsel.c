/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/sys/irqsel.h"

#include "cpu/sys/exc.h"
#include "cpu/sys/hcr.h"

#include "cpu/cpu_internal.h"

#define SCR_NMEA BIT(20)

/* PSTATE.DAIF bits. */
enum { MASK_F = 1, MASK_I = 2, MASK_A = 4 };

/* One row for each asynchronous exception, in the order in which they are looked at. */
struct async_type {
    enum cpu_line line;
    uint64_t hcr_pending; /* HCR_EL2 bit that makes the virtual one pending; 0: physical */
    enum cpu_line super;  /* the one of `line` has superpriority; CPU_LINE_N: it never has */
    uint64_t hcrx_super;  /* HCRX_EL2 bit that gives it to the one of hcr_pending */
    uint64_t hcr_route;   /* HCR_EL2.{F,I,A}MO */
    uint8_t scr_bit;      /* SCR_EL3.{FIQ,IRQ,EA} */
    uint8_t mask;
    enum exc_async_kind kind;
};

/* Place of the physical SError in the table. */
#define TYPE_SERROR 2
static const struct async_type types[] = {
    {CPU_LINE_FIQ, 0, CPU_LINE_N, 0, HCR_FMO, 2, MASK_F, EXC_FIQ},
    {CPU_LINE_IRQ, 0, CPU_LINE_NMI, 0, HCR_IMO, 1, MASK_I, EXC_IRQ},
    [TYPE_SERROR] = {CPU_LINE_SERROR, 0, CPU_LINE_N, 0, HCR_AMO, 3, MASK_A, EXC_SERROR},
    {CPU_LINE_VFIQ, HCR_VF, CPU_LINE_N, HCRX_VFNMI, HCR_FMO, 0, MASK_F, EXC_VFIQ},
    {CPU_LINE_VIRQ, HCR_VI, CPU_LINE_VNMI, HCRX_VINMI, HCR_IMO, 0, MASK_I, EXC_VIRQ},
    {CPU_LINE_N, HCR_VSE, CPU_LINE_N, 0, HCR_AMO, 0, MASK_A, EXC_VSERROR},
};

static bool line(const struct cpu *c, enum cpu_line l)
{
    return l != CPU_LINE_N && (c->lines >> l & 1);
}

static bool pending(const struct cpu *c, const struct async_type *t, uint64_t hcr)
{
    return line(c, t->line) || (hcr & t->hcr_pending) != 0;
}

/* Has the pending one superpriority? An attribute that SCTLR_ELx.NMI of its target turns on. */
static bool superpriority(const struct cpu *c, const struct async_type *t, unsigned target,
                          uint64_t hcr)
{
    if (!(c->sr[SR_SCTLR_EL1 + target - 1] & SCTLR_NMI)) {
        return false;
    }
    return line(c, t->super) || ((hcr & t->hcr_pending) && (cpu_hcrx_el2(c) & t->hcrx_super));
}

/*
 * PSTATE's masks at the target, and at EL0 below it (FEAT_NMI: D1.3.6). With SCTLR_ELx.NMI, ALLINT
 * and SPINTMASK mask IRQs and FIQs at ELx, and those with superpriority are masked by nothing else.
 */
static bool masked(const struct cpu *c, const struct async_type *t, unsigned target, uint64_t hcr)
{
    uint64_t sctlr = c->sr[SR_SCTLR_EL1 + target - 1];
    if ((sctlr & SCTLR_NMI) && c->ps.el == target && t->mask != MASK_A &&
        (c->ps.allint || ((sctlr & SCTLR_SPINTMASK) && c->ps.sp))) {
        return true;
    }
    return (c->ps.daif & t->mask) && !superpriority(c, t, target, hcr);
}

/* Target EL of a physical one: below EL2 and EL3 it waits while the PE is above EL1. */
static unsigned physical_target(const struct cpu *c, const struct async_type *t, uint64_t hcr)
{
    if (c->cfg.has_el3 && bit(c->sr[SR_SCR_EL3], t->scr_bit)) {
        return 3;
    }
    return hcr & (t->hcr_route | HCR_TGE) ? 2 : 1; /* hcr is 0 when EL2 is off */
}

static bool physical_allowed(const struct cpu *c, const struct async_type *t, unsigned target,
                             uint64_t hcr)
{
    if (target < c->ps.el) {
        return false;
    }
    /* A higher EL cannot be kept out, but for the host's own EL0. */
    bool host = (hcr & (HCR_E2H | HCR_TGE)) == (HCR_E2H | HCR_TGE);
    if (target > c->ps.el && target != 1 && !(target == 2 && host)) {
        return true;
    }
    /* FEAT_DoubleFault: with SCR_EL3.NMEA, PSTATE.A masks no SError that EL3 takes from EL3. */
    if (t->kind == EXC_SERROR && c->ps.el == 3 && (c->sr[SR_SCR_EL3] & SCR_NMEA)) {
        return true;
    }
    return !masked(c, t, target, hcr);
}

static bool virtual_allowed(const struct cpu *c, const struct async_type *t, uint64_t hcr)
{
    return c->ps.el <= 1 && (hcr & t->hcr_route) && !(hcr & HCR_TGE) && !masked(c, t, 1, hcr);
}

static bool is_virtual(const struct async_type *t)
{
    return t->hcr_pending != 0;
}

bool cpu_lines(const struct cpu *c)
{
    return c->lines != 0 || (c->sr[SR_HCR_EL2] & (HCR_VF | HCR_VI | HCR_VSE)) != 0;
}

bool cpu_wakeup_pending(const struct cpu *c)
{
    if (LIKELY(!cpu_lines(c))) {
        return false;
    }
    uint64_t hcr = cpu_hcr_el2(c);
    for (unsigned i = 0; i < ARRAY_LEN(types); i++) {
        const struct async_type *t = &types[i];
        if (!pending(c, t, hcr)) {
            continue;
        }
        if (!is_virtual(t) || (c->ps.el <= 1 && (hcr & t->hcr_route) && !(hcr & HCR_TGE))) {
            return true;
        }
    }
    return false;
}

/* The first that is pending and allowed, one with superpriority before the others, and the EL that
 * it goes to; or NULL. */
static const struct async_type *find_due(const struct cpu *c, unsigned *out_target)
{
    const struct async_type *found = NULL;
    uint64_t hcr = cpu_hcr_el2(c);
    for (unsigned i = 0; i < ARRAY_LEN(types); i++) {
        const struct async_type *t = &types[i];
        if (!pending(c, t, hcr)) {
            continue;
        }
        unsigned target = is_virtual(t) ? 1 : physical_target(c, t, hcr);
        bool super = superpriority(c, t, target, hcr);
        if ((found == NULL || super) &&
            (is_virtual(t) ? virtual_allowed(c, t, hcr) : physical_allowed(c, t, target, hcr))) {
            found = t;
            *out_target = target;
            if (super) {
                break;
            }
        }
    }
    return found;
}

bool irqsel_is_due(const struct cpu *c)
{
    unsigned target;
    return UNLIKELY(cpu_lines(c)) && find_due(c, &target) != NULL;
}

bool irqsel_take(struct cpu *c)
{
    unsigned target;
    if (LIKELY(!cpu_lines(c))) {
        return false;
    }
    const struct async_type *t = find_due(c, &target);
    if (t != NULL && c->debug.hold_irqs) {
        c->debug.held_at = c->insns;
        return false;
    }
    if (t != NULL) {
        exc_take_async(c, target, t->kind);
    }
    return t != NULL;
}

bool irqsel_serror_is_masked(const struct cpu *c)
{
    const struct async_type *t = &types[TYPE_SERROR];
    uint64_t hcr = cpu_hcr_el2(c);
    return pending(c, t, hcr) && !physical_allowed(c, t, physical_target(c, t, hcr), hcr);
}
