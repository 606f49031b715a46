/* SPDX-License-Identifier: Apache-2.0 */
/* Only my own time passes; a timer that I wait for comes, whoever runs meanwhile. */
#include "guest.h"

#define TRIES 5 /* a host that is busy takes the PE away behind everybody's back */

enum { VIRTUAL, PHYSICAL };

static uint64_t count(int counter)
{
    isb();
    return counter == VIRTUAL ? rd(cntvct_el0) : rd(cntpct_el0);
}

static bool stolen_is_not_mine(int counter)
{
    uint64_t stolen = rd(cntfrq_el0) / 50;
    bool ok = false;

    for (unsigned i = 0; i < TRIES && !ok; i++) {
        uint64_t start = count(counter);
        hvc(HC_STEAL, stolen, 0);
        ok = count(counter) - start < stolen / 2;
    }
    return ok;
}

static void own_time(void)
{
    check("CNTVCT_EL0: stolen time does not pass", stolen_is_not_mine(VIRTUAL));
    check("CNTPCT_EL0: stolen time does not pass", stolen_is_not_mine(PHYSICAL));
    uint64_t v = count(VIRTUAL), p = count(PHYSICAL);
    check("both counters are the vCPU's", p - v < rd(cntfrq_el0) / 4);
    check("time began with the vCPU", v < rd(cntfrq_el0) * 60);
}

static void timer(void)
{
    struct taken *t = taken();

    write32(SGI_FRAME + GICR_ISENABLER0, 1 << PPI_VTIMER);
    t->irq = 0;
    for (unsigned i = 0; i < 3; i++) {
        uint64_t when = rd(cntvct_el0) + rd(cntfrq_el0) / 200;
        wr(cntv_cval_el0, when);
        wr(cntv_ctl_el0, CNT_ENABLE);
        isb();
        mask_interrupts();
        while (t->irq == i) {
            insn("wfi");
            open_interrupts();
            isb();
            mask_interrupts();
        }
        open_interrupts();
        check_eq("virtual timer: INTID", t->intid, PPI_VTIMER);
        check("virtual timer: not early", rd(cntvct_el0) >= when);
        check_eq("virtual timer: deactivated",
                 read32(SGI_FRAME + GICR_ISACTIVER0) >> PPI_VTIMER & 1, 0);
    }
    check_eq("virtual timer: interrupts", t->irq, 3);
}

void test_time(void)
{
    wr(ICC_PMR_EL1, 0xf8);
    wr(ICC_IGRPEN1_EL1, 1);
    isb();
    open_interrupts();
    own_time();
    timer();
    mask_interrupts();
}
