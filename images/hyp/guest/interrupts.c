/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual interrupts: lines of HCR_EL2, and the GIC's CPU interface on list registers, of which
 * there are fewer than interrupts here.
 */
#include "guest.h"

#define N_MANY 10 /* private interrupts 0 to 9 */

static unsigned iar1(void)
{
    return rd(ICC_IAR1_EL1);
}

static void eoi1(unsigned intid)
{
    wr(ICC_EOIR1_EL1, intid);
    isb();
}

/* Lower numbers are more urgent. Five bits of priority, so steps of 8. */
static void priorities(bool rising)
{
    for (unsigned n = 0; n < N_MANY; n += 4) {
        uint32_t word = 0;
        for (unsigned i = 0; i < 4; i++) {
            word |= (0x20 + 8 * (rising ? n + i : N_MANY - n - i)) << 8 * i;
        }
        write32(SGI_FRAME + GICR_IPRIORITYR0 + n, word);
    }
}

static uint32_t actives(void)
{
    return read32(SGI_FRAME + GICR_ISACTIVER0);
}

static void lines(void)
{
    struct taken *t = taken();

    t->irq = t->fiq = t->serror = 0;
    hvc(HC_LINES, LINE_VI | LINE_VF, 0);
    check_eq("masked: ISR_EL1", rd(isr_el1), 0x80 | 0x40);
    check_eq("masked: nothing taken", t->irq + t->fiq, 0);
    insn("msr daifclr, #2\nisb\nmsr daifset, #2");
    check_eq("HCR_EL2.VI", t->irq, 1);
    hvc(HC_LINES, LINE_VF, 0);
    insn("msr daifclr, #1\nisb\nmsr daifset, #1");
    check_eq("HCR_EL2.VF", t->fiq, 1);
    hvc(HC_LINES, LINE_VSE, 0);
    check_eq("HCR_EL2.VSE, masked", t->serror, 0);
    insn("msr daifclr, #4\nisb\nmsr daifset, #4");
    check_eq("HCR_EL2.VSE", t->serror, 1);
    check_eq("HCR_EL2.VSE: EC", ESR_EC(t->esr), EC_SERROR);
    insn("msr daifclr, #4\nisb\nmsr daifset, #4");
    check_eq("HCR_EL2.VSE is cleared when taken", t->serror, 1);
}

static void sgi(void)
{
    struct taken *t = taken();

    t->irq = 0;
    wr(ICC_SGI1R_EL1, UINT64_C(7) << 24 | 1);
    isb();
    check_eq("SGI, masked", t->irq, 0);
    open_interrupts();
    isb();
    mask_interrupts();
    check_eq("SGI", t->irq, 1);
    check_eq("SGI: INTID", t->intid, 7);
    check_eq("SGI: no more", iar1(), SPURIOUS);
}

/* Group 0 is signalled as FIQ. */
static void group0(void)
{
    struct taken *t = taken();

    t->fiq = 0;
    wr(ICC_IGRPEN0_EL1, 1);
    write32(SGI_FRAME + GICR_IGROUPR0, ~(1u << 3));
    write32(SGI_FRAME + GICR_ISPENDR0, 1 << 3);
    isb();
    check_eq("Group 0: not for Group 1", iar1(), SPURIOUS);
    open_interrupts();
    isb();
    mask_interrupts();
    check_eq("Group 0: FIQ", t->fiq, 1);
    check_eq("Group 0: INTID", t->intid, 3);
    write32(SGI_FRAME + GICR_IGROUPR0, UINT32_MAX);
}

/* More pending than list registers, one after the other: the rest is handed over on underflow. */
static void in_order(void)
{
    priorities(false);
    hvc(HC_MAINT, MISR_U, 0);
    write32(SGI_FRAME + GICR_ISPENDR0, BIT(N_MANY) - 1);
    for (unsigned n = N_MANY; n-- > 0;) {
        check_eq("by priority", iar1(), n);
        eoi1(n);
    }
    check_eq("all were there", iar1(), SPURIOUS);
    check_eq("none is active", actives(), 0);
    check("underflow", hvc(HC_MAINT, MISR_U, 0) > 0);
}

/* All acknowledged before one is ended, each preempting the one before: active state outlives the
 * list registers. */
static void nested(void)
{
    hvc(HC_MAINT, MISR_NP, 0);
    hvc(HC_MAINT, MISR_LRENP, 0);
    priorities(true); /* 0 is the most urgent */
    for (unsigned n = N_MANY; n-- > 0;) {
        write32(SGI_FRAME + GICR_ISPENDR0, 1 << n);
        check_eq("nested: acknowledged", iar1(), n);
        check_eq("nested: running priority", rd(ICC_RPR_EL1), 0x20 + 8 * n);
        check_eq("nested: active", actives(), (BIT(N_MANY) - 1) & ~(BIT(n) - 1));
    }
    hvc(HC_YIELD, 0, 0);
    for (unsigned n = 0; n < N_MANY; n++) {
        check_eq("nested: still running", rd(ICC_RPR_EL1), 0x20 + 8 * n);
        eoi1(n);
        if (n == 1) {
            check_eq("nested: two ended", actives(), (BIT(N_MANY) - 1) & ~UINT64_C(3));
        }
    }
    check_eq("nested: idle", rd(ICC_RPR_EL1), 0xff);
    check_eq("nested: all ended", actives(), 0);
    check("an end without a list register", hvc(HC_MAINT, MISR_LRENP, 0) > 0);
}

/* All pending at once, acknowledged without an end in between. Equal priorities do not preempt, so
 * each is dropped first (EOImode = 1) and deactivated at the end. */
static void no_pending(void)
{
    hvc(HC_MAINT, MISR_NP, 0);
    wr(ICC_CTLR_EL1, ICC_EOIMODE);
    priorities(true);
    write32(SGI_FRAME + GICR_ISPENDR0, BIT(N_MANY) - 1);
    for (unsigned n = 0; n < N_MANY; n++) {
        check_eq("dropped: acknowledged", iar1(), n);
        eoi1(n);
    }
    check_eq("dropped: all are active", actives(), BIT(N_MANY) - 1);
    check_eq("dropped: no running priority", rd(ICC_RPR_EL1), 0xff);
    check("no pending in list registers", hvc(HC_MAINT, MISR_NP, 0) > 0);
    for (unsigned n = 0; n < N_MANY; n += 2) {
        wr(ICC_DIR_EL1, n);
    }
    isb();
    check_eq("dropped: every second is deactivated", actives(), (BIT(N_MANY) - 1) & 0xaaa);
    write32(SGI_FRAME + GICR_ICACTIVER0, BIT(N_MANY) - 1);
    check_eq("dropped: the rest by GICR_ICACTIVER0", actives(), 0);
    wr(ICC_CTLR_EL1, 0);
}

static void split_eoi(void)
{
    wr(ICC_CTLR_EL1, ICC_EOIMODE);
    isb();
    write32(SGI_FRAME + GICR_ISPENDR0, 1 << 5);
    check_eq("split: acknowledged", iar1(), 5);
    eoi1(5);
    check_eq("split: dropped", rd(ICC_RPR_EL1), 0xff);
    check_eq("split: still active", actives(), 1 << 5);
    write32(SGI_FRAME + GICR_ISPENDR0, 1 << 5);
    check_eq("split: pending and active", iar1(), SPURIOUS);
    wr(ICC_DIR_EL1, 5);
    isb();
    check_eq("split: deactivated, pending again", iar1(), 5);
    eoi1(5);
    wr(ICC_DIR_EL1, 5);
    wr(ICC_CTLR_EL1, 0);
    isb();
    check_eq("split: over", actives(), 0);
}

static void notified(void)
{
    hvc(HC_NOTIFY, 1 << 6, 0);
    hvc(HC_MAINT, MISR_EOI, 0);
    for (unsigned i = 1; i <= 3; i++) {
        write32(SGI_FRAME + GICR_ISPENDR0, 1 << 6);
        eoi1(iar1());
    }
    check_eq("EOI maintenance", hvc(HC_MAINT, MISR_EOI, 0), 3);
    hvc(HC_NOTIFY, 0, 0);
    write32(SGI_FRAME + GICR_ISPENDR0, 1 << 6);
    eoi1(iar1());
    check_eq("no EOI maintenance", hvc(HC_MAINT, MISR_EOI, 0), 0);
}

static void controls(void)
{
    write32(SGI_FRAME + GICR_ISPENDR0, 1 << 4);
    wr(ICC_PMR_EL1, 0x20);
    isb();
    check_eq("masked by priority", iar1(), SPURIOUS);
    hvc(HC_YIELD, 0, 0);
    check_eq("ICC_PMR_EL1 is the vCPU's", rd(ICC_PMR_EL1), 0x20);
    wr(ICC_PMR_EL1, 0xf8);
    write32(SGI_FRAME + GICR_ICENABLER0, 1 << 4);
    check_eq("disabled", iar1(), SPURIOUS);
    write32(SGI_FRAME + GICR_ISENABLER0, 1 << 4);
    wr(ICC_IGRPEN1_EL1, 0);
    isb();
    check_eq("group disabled", iar1(), SPURIOUS);
    wr(ICC_IGRPEN1_EL1, 1);
    isb();
    check_eq("enabled", iar1(), 4);
    eoi1(4);
}

void test_interrupts(void)
{
    lines();
    sgi();
    group0();
    in_order();
    nested();
    no_pending();
    split_eoi();
    notified();
    controls();
}
