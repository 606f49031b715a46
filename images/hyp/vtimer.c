/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time. A vCPU counts only its own: what passes while another one has the PE goes into CNTVOFF_EL2,
 * and into CNTPOFF_EL2 where FEAT_ECV has it; otherwise the physical counter traps (sysreg.c).
 * Waiting in WFI is its own time. The virtual timer of the vCPU that runs is the PE's; for one that
 * waits the hypervisor's timer stands in. The same timer ends time slices.
 */
#include "hyp.h"

#define CNTPOFF_EL2 S3_4_C14_C0_6

/* CNTHCTL_EL2: EL1 may read the physical counter, not use the physical timer. */
#define CNTHCTL_EL1PCTEN (VHE ? BIT(10) : BIT(0))
#define CNTHCTL_ECV      BIT(12)

static bool has_cntpoff(void)
{
    return !NESTED && FIELD(rd(id_aa64mmfr0_el1), 60, 4) >= 2;
}

void vtimer_init(void)
{
    wr(EL1_TIMER(cntv_ctl), 0);
    wr(cnthctl_el2, has_cntpoff() ? CNTHCTL_EL1PCTEN | CNTHCTL_ECV : 0);
}

/* The interrupt is the guest's until it deactivates it, through a list register with HW = 1.
 * Meanwhile the vCPU may lose the PE, and the next one must be able to get the same interrupt. */
static uint64_t active_register(bool set)
{
    return GICR_BASE + GICR_SGI + (set ? GICR_ISACTIVER0 : GICR_ICACTIVER0);
}

void vtimer_load(struct vtimer *t)
{
    if (t->left_at != 0) {
        t->offset += rd(cntpct_el0) - t->left_at;
    }
    wr(cntvoff_el2, t->offset);
    if (has_cntpoff()) {
        wr(CNTPOFF_EL2, t->offset);
    }
    if (t->active) {
        write32(active_register(true), 1 << PPI_VTIMER);
    }
    wr(EL1_TIMER(cntv_cval), t->cval);
    wr(EL1_TIMER(cntv_ctl), t->ctl);
}

void vtimer_put(struct vtimer *t, bool waits)
{
    t->ctl = rd(EL1_TIMER(cntv_ctl));
    t->cval = rd(EL1_TIMER(cntv_cval));
    wr(EL1_TIMER(cntv_ctl), 0);
    t->active = (read32(active_register(true)) & 1 << PPI_VTIMER) != 0;
    if (t->active) {
        write32(active_register(false), 1 << PPI_VTIMER);
    }
    t->left_at = waits ? 0 : rd(cntpct_el0);
}

/* The physical count at which a vCPU that waits has its timer's interrupt. */
bool vtimer_deadline(const struct vtimer *t, uint64_t *out_when)
{
    *out_when = t->cval + t->offset;
    return (t->ctl & (CNT_ENABLE | CNT_IMASK)) == CNT_ENABLE && !t->active;
}

bool vtimer_wakes(struct vtimer *t)
{
    uint64_t when, now = rd(cntpct_el0);

    if (!vtimer_deadline(t, &when) || now < when) {
        return false;
    }
    t->left_at = now; /* from here on it is kept waiting */
    return true;
}

void slice_start(uint64_t ticks)
{
    slice_until(rd(cntpct_el0) + ticks);
}

void slice_until(uint64_t when)
{
    wr(HYP_TIMER(cval), when);
    wr(HYP_TIMER(ctl), CNT_ENABLE);
}

void slice_stop(void)
{
    wr(HYP_TIMER(ctl), 0);
    isb();
}
