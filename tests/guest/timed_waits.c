/* SPDX-License-Identifier: Apache-2.0 */
/* WFET and WFIT (FEAT_WFxT) return at their deadline at the latest. Arm ARM C6.2 WFET, WFIT. */
#include "guest.h"

static uint64_t virtual(void)
{
    isb();
    return rd(cntvct_el0);
}

/*
 * WFET and WFIT may return early, and have to at their deadline: late is what can be seen. Encoded
 * by hand for older assemblers.
 */
static void timed_wait(const char *name, bool interrupt, int64_t ticks)
{
    uint64_t deadline = virtual() + ticks;
    register uint64_t x0 __asm__("x0") = deadline;

    if (interrupt) {
        __asm__ volatile(".inst 0xd5031020" ::"r"(x0) : "memory"); /* WFIT X0 */
    } else {
        __asm__ volatile(".inst 0xd5031000" ::"r"(x0) : "memory"); /* WFET X0 */
    }
    check(name, ticks < 0 || virtual() < deadline + rd(cntfrq_el0));
}

int guest_main(void)
{
    if (FIELD(rd(id_aa64isar2_el1), 0, 4) == 0) {
        print("no WFxT\n");
        return 0;
    }
    insn("sevl\nwfe");
    timed_wait("WFET", false, 50000);
    timed_wait("WFIT", true, 50000);
    timed_wait("WFET in the past", false, -1);
    timed_wait("WFIT in the past", true, -1);
    return 0;
}
