/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the hypervisor learns from GICv3's virtual interface: each cause of the maintenance
 * interrupt, list register status, ends without a list register, and physical interrupts that a
 * guest deactivates (HW = 1). Arm IHI 0069H, 6.1, 6.3 and 12.4.
 */
#include "gic.h"

#define SPI 200

/* ICH_MISR_EL2 */
#define EOI    BIT(0)
#define U      BIT(1)
#define LRENP  BIT(2)
#define NP     BIT(3)
#define VGRP0E BIT(4)
#define VGRP0D BIT(5)
#define VGRP1E BIT(6)
#define VGRP1D BIT(7)

#define EOICOUNT(n) ((uint64_t)(n) << 27)
#define PEND        (LR_PENDING | LR_GROUP1 | LR_PRIORITY(0x80) | 40)
#define PEND2       (LR_PENDING | LR_GROUP1 | LR_PRIORITY(0x80) | 41)
#define ACT         (LR_ACTIVE | LR_GROUP1 | LR_PRIORITY(0x80) | 42)
#define BOTH        (LR_PENDING | LR_ACTIVE | LR_GROUP1 | LR_PRIORITY(0x80) | 43)

static const struct cause {
    const char *name;
    uint64_t hcr, vmcr, lr[2], misr;
} causes[] = {
    {"nothing asked for", 0, 0, {0}, 0},
    {"underflow: none valid", ICH_UIE, 0, {0}, U},
    {"underflow: one valid", ICH_UIE, 0, {PEND}, U},
    {"underflow: one active", ICH_UIE, 0, {0, ACT}, U},
    {"underflow: two valid", ICH_UIE, 0, {PEND, ACT}, 0},
    {"no pending: empty", ICH_NPIE, 0, {0}, NP},
    {"no pending: active", ICH_NPIE, 0, {ACT}, NP},
    {"no pending: active and pending", ICH_NPIE, 0, {BOTH}, NP},
    {"no pending: one is", ICH_NPIE, 0, {ACT, PEND}, 0},
    {"list register entry not present", ICH_LRENPIE | EOICOUNT(1), 0, {0}, LRENP},
    {"list register entry not present: none", ICH_LRENPIE, 0, {0}, 0},
    {"list register entry not present: off", EOICOUNT(1), 0, {0}, 0},
    {"end of interrupt", 0, 0, {LR_EOI | 40}, EOI},
    {"end of interrupt: still pending", 0, 0, {PEND | LR_EOI}, 0},
    {"end of interrupt: hardware", 0, 0, {LR_HW | LR_EOI | 40}, 0},
    {"Group 0 enabled", ICH_VGRP0EIE, VMCR_VENG0, {0}, VGRP0E},
    {"Group 0 enabled: is not", ICH_VGRP0EIE, VMCR_VENG1, {0}, 0},
    {"Group 0 disabled", ICH_VGRP0DIE, VMCR_VENG1, {0}, VGRP0D},
    {"Group 0 disabled: is not", ICH_VGRP0DIE, VMCR_VENG0, {0}, 0},
    {"Group 1 enabled", ICH_VGRP1EIE, VMCR_VENG1, {0}, VGRP1E},
    {"Group 1 enabled: is not", ICH_VGRP1EIE, VMCR_VENG0, {0}, 0},
    {"Group 1 disabled", ICH_VGRP1DIE, VMCR_VENG0, {0}, VGRP1D},
    {"Group 1 disabled: is not", ICH_VGRP1DIE, VMCR_VENG1, {0}, 0},
    {"several", ICH_UIE | ICH_NPIE | ICH_VGRP0DIE, 0, {LR_EOI | 1}, EOI | U | NP | VGRP0D},
};

static void clear(void)
{
    for (unsigned n = 0; n < N_LR; n++) {
        lr_write(n, 0);
    }
    gwr(ICH_AP0R0_EL2, 0);
    gwr(ICH_AP1R0_EL2, 0);
    gwr(ICH_VMCR_EL2, VMCR_VENG0 | VMCR_VENG1 | VMCR_VPMR(0xf8) | 2 << 21 | 3 << 18);
    gwr(ICH_HCR_EL2, ICH_EN);
    isb();
}

static void maintenance_causes(void)
{
    for (unsigned i = 0; i < ARRAY_LEN(causes); i++) {
        const struct cause *c = &causes[i];

        clear();
        gwr(ICH_VMCR_EL2, c->vmcr | VMCR_VPMR(0xf8));
        lr_write(0, c->lr[0]);
        lr_write(1, c->lr[1]);
        gwr(ICH_HCR_EL2, c->hcr | ICH_EN);
        isb();
        check_eq(c->name, grd(ICH_MISR_EL2), c->misr);
        check_eq(c->name, gic_get(MAINTENANCE, GICD_ISPENDR), c->misr != 0);
        gwr(ICH_HCR_EL2, c->hcr);
        isb();
        check_eq("ICH_HCR_EL2.En = 0: no maintenance interrupt", gic_get(MAINTENANCE, GICD_ISPENDR),
                 false);
    }
    clear();
}

/* ---- a guest's accesses ---- */
SNIPPET(iar_code, "mrs x0, icc_iar1_el1");
SNIPPET(eoir_code, "msr icc_eoir1_el1, x0\nisb");
SNIPPET(dir_code, "msr icc_dir_el1, x0\nisb");
SNIPPET(ctlr_code, "mrs x0, icc_ctlr_el1");

static uint64_t guest(const char *code, uint64_t arg)
{
    struct outcome o = run_at(MASKED(EL1H), code, ARGS(arg));

    check_done("a guest's access", &o);
    return o.x[0];
}

static void list_register_status(void)
{
    lr_write(0, LR_EOI | 40);
    lr_write(1, PEND);
    lr_write(2, LR_HW | LR_EOI | 40);
    lr_write(3, 0);
    check_eq("ICH_EISR_EL2", grd(ICH_EISR_EL2), 0x1);
    check_eq("ICH_ELRSR_EL2", grd(ICH_ELRSR_EL2), 0xc);
    lr_write(0, ~UINT64_C(0));
    check_eq("ICH_LR0_EL2, priority bits there are not", lr_read(0) & LR_PRIORITY(0xff),
             LR_PRIORITY(0xf8));
    check_eq("ICH_VTR_EL2.ListRegs", FIELD(grd(ICH_VTR_EL2), 0, 5), N_LR - 1);
    check_eq("ICH_VTR_EL2.PREbits", FIELD(grd(ICH_VTR_EL2), 26, 3), 4);
    check_eq("ICH_VTR_EL2.PRIbits", FIELD(grd(ICH_VTR_EL2), 29, 3), 4);
    check_eq("ICH_VTR_EL2.IDbits: 24 bits", FIELD(grd(ICH_VTR_EL2), 23, 3), 1);
    check_eq("ICH_VTR_EL2.SEIS: no SErrors", FIELD(grd(ICH_VTR_EL2), 22, 1), 0);
    check_eq("ICH_VTR_EL2.A3V, nV4, TDS", FIELD(grd(ICH_VTR_EL2), 19, 3), 7);
    check_eq("ICC_CTLR_EL1.SEIS: no SErrors", FIELD(grd(ICC_CTLR_EL1), 14, 1), 0);
    check_eq("ICV_CTLR_EL1.SEIS: no SErrors", FIELD(guest(ctlr_code, 0), 14, 1), 0);
    clear();
}

/* The interrupt that the guest ends is not in a list register: counted. */
static void ends_without_entry(void)
{
    clear();
    gwr(ICH_AP1R0_EL2, BIT(0x80 >> 3));
    guest(eoir_code, 77);
    check_eq("EOIR without an entry", ICH_EOICOUNT(grd(ICH_HCR_EL2)), 1);
    check_eq("EOIR without an entry drops the priority", grd(ICH_AP1R0_EL2), 0);
    guest(eoir_code, 77);
    check_eq("EOIR with nothing active", ICH_EOICOUNT(grd(ICH_HCR_EL2)), 1);
    gwr(ICH_VMCR_EL2, grd(ICH_VMCR_EL2) | VMCR_VEOIM);
    gwr(ICH_AP1R0_EL2, BIT(0x80 >> 3));
    guest(eoir_code, 77);
    check_eq("split EOIR without an entry", ICH_EOICOUNT(grd(ICH_HCR_EL2)), 1);
    guest(dir_code, 77);
    check_eq("DIR without an entry", ICH_EOICOUNT(grd(ICH_HCR_EL2)), 2);
    gwr(ICH_HCR_EL2, ICH_EN | ICH_LRENPIE | EOICOUNT(31));
    guest(dir_code, 77);
    check_eq("EOIcount wraps", ICH_EOICOUNT(grd(ICH_HCR_EL2)), 0);
    clear();
}

/* An LPI has no state that DIR could end: its EOIR does, and nothing counts without an entry. */
static void lpis(void)
{
    clear();
    gwr(ICH_AP1R0_EL2, BIT(0x80 >> 3));
    guest(eoir_code, 8192);
    check_eq("LPI: EOIR without an entry", ICH_EOICOUNT(grd(ICH_HCR_EL2)), 0);
    check_eq("LPI: EOIR drops the priority", grd(ICH_AP1R0_EL2), 0);
    gwr(ICH_VMCR_EL2, grd(ICH_VMCR_EL2) | VMCR_VEOIM);
    lr_write(0, LR_PENDING | LR_GROUP1 | LR_PRIORITY(0x80) | LR_EOI | 8200);
    check_eq("LPI: acknowledge", guest(iar_code, 0), 8200);
    guest(eoir_code, 8200);
    check_eq("LPI, split: EOIR frees the entry", LR_STATE(lr_read(0)), 0);
    check_eq("LPI, split: and tells", grd(ICH_EISR_EL2), 1);
    clear();
}

/* Pending again while it is active: delivered after its end, and not before. */
static void pending_and_active(void)
{
    clear();
    lr_write(0, PEND);
    check_eq("again: acknowledge", guest(iar_code, 0), 40);
    lr_write(0, lr_read(0) | LR_PENDING);
    check_eq("again: not while it is active", guest(iar_code, 0), SPURIOUS);
    guest(eoir_code, 40);
    check_eq("again: pending after its end", LR_STATE(lr_read(0)), 1);
    check_eq("again: acknowledge once more", guest(iar_code, 0), 40);
    guest(eoir_code, 40);
    check_eq("again: over", LR_STATE(lr_read(0)), 0);
    clear();
}

/* Active priorities decide over all entries; equal ones do not preempt. */
static void several_entries(void)
{
    static const uint8_t prio[] = {0x80, 0x40, 0x80, 0x20};

    clear();
    for (unsigned n = 0; n < N_LR; n++) {
        lr_write(n, LR_PENDING | LR_GROUP1 | LR_PRIORITY(prio[n]) | (50 + n));
        bool preempts = n == 0 || prio[n] < 0x80;
        check_eq("entries: who preempts", guest(iar_code, 0), preempts ? 50 + n : SPURIOUS);
    }
    check_eq("entries: active priorities", grd(ICH_AP1R0_EL2),
             BIT(0x80 >> 3) | BIT(0x40 >> 3) | BIT(0x20 >> 3));
    check_eq("entries: all in use", grd(ICH_ELRSR_EL2), 0);
    guest(eoir_code, 53);
    check_eq("entries: the highest ended", grd(ICH_AP1R0_EL2), BIT(0x80 >> 3) | BIT(0x40 >> 3));
    check_eq("entries: that one is free", grd(ICH_ELRSR_EL2), 8);
    guest(eoir_code, 51);
    guest(eoir_code, 50);
    check_eq("entries: the one that waited", guest(iar_code, 0), 52);
    guest(eoir_code, 52);
    check_eq("entries: all are free", grd(ICH_ELRSR_EL2), 0xf);
    check_eq("entries: nothing is active", grd(ICH_AP1R0_EL2), 0);
    clear();
}

/* An INTID that stands for something else is acknowledged, and never becomes active. */
static void special_intids(void)
{
    clear();
    lr_write(0, LR_PENDING | LR_GROUP1 | LR_PRIORITY(0x80) | 1021);
    check_eq("special INTID: acknowledge", guest(iar_code, 0), 1021);
    check_eq("special INTID: not active", LR_STATE(lr_read(0)), 0);
    check_eq("special INTID: no active priority", grd(ICH_AP1R0_EL2), 0);
    clear();
}

/* An entry with EOI set tells when the guest has ended it. */
static void end_of_interrupt(void)
{
    clear();
    lr_write(0, PEND | LR_EOI);
    check_eq("EOI entry: acknowledge", guest(iar_code, 0), 40);
    check_eq("EOI entry: active", grd(ICH_MISR_EL2), 0);
    guest(eoir_code, 40);
    check_eq("EOI entry: ended", grd(ICH_EISR_EL2), 1);
    check_eq("EOI entry: interrupt", gic_get(MAINTENANCE, GICD_ISPENDR), true);
    lr_write(0, 0);
    check_eq("EOI entry: read by the hypervisor", gic_get(MAINTENANCE, GICD_ISPENDR), false);
}

/* ---- physical interrupts behind virtual ones ---- */

static void physical(bool active)
{
    gic_quiet(SPI);
    if (active) {
        gic_set(SPI, GICD_ISACTIVER);
    }
}

static bool physical_active(void)
{
    return gic_get(SPI, GICD_ISACTIVER);
}

static void hardware_entries(void)
{
    const uint64_t entry = LR_PENDING | LR_HW | LR_GROUP1 | LR_PRIORITY(0x80) | LR_PINTID(SPI) | 40;

    clear();
    physical(true);
    lr_write(0, entry);
    check_eq("HW: acknowledge", guest(iar_code, 0), 40);
    check("HW: physically active until its end", physical_active());
    guest(eoir_code, 40);
    check("HW: EOIR deactivates", !physical_active());
    check_eq("HW: entry is free", grd(ICH_ELRSR_EL2) & 1, 1);

    gwr(ICH_VMCR_EL2, grd(ICH_VMCR_EL2) | VMCR_VEOIM);
    physical(true);
    lr_write(0, entry);
    guest(iar_code, 0);
    guest(eoir_code, 40);
    check("HW, split: EOIR does not deactivate", physical_active());
    guest(dir_code, 40);
    check("HW, split: DIR deactivates", !physical_active());

    clear();
    physical(false);
    lr_write(0, entry);
    guest(iar_code, 0);
    guest(eoir_code, 40);
    check("HW: not active stays not active", !physical_active());

    /* Without HW the number is none. */
    physical(true);
    lr_write(0, entry & ~LR_HW & ~LR_EOI & ~LR_PINTID(0x1fff));
    guest(iar_code, 0);
    guest(eoir_code, 40);
    check("without HW: nothing physical", physical_active());
    gic_quiet(SPI);
    clear();
}

/* The maintenance interrupt is taken as any other. */
static void taken(void)
{
    gic_priority(MAINTENANCE, 0x40);
    gic_set(MAINTENANCE, GICD_ISENABLER);
    gwr(ICH_HCR_EL2, ICH_EN | ICH_UIE);
    isb();
    check_eq("maintenance interrupt: acknowledge", grd(ICC_IAR1_EL1), MAINTENANCE);
    gwr(ICH_HCR_EL2, ICH_EN);
    gwr(ICC_EOIR1_EL1, MAINTENANCE);
    isb();
    check_eq("maintenance interrupt: over", grd(ICC_IAR1_EL1), SPURIOUS);
    gic_quiet(MAINTENANCE);
}

int guest_main(void)
{
    gic_init();
    wr(hcr_el2, rd(hcr_el2) | HCR_IMO | HCR_FMO);
    isb();
    clear();
    maintenance_causes();
    list_register_status();
    ends_without_entry();
    lpis();
    pending_and_active();
    several_entries();
    special_intids();
    end_of_interrupt();
    hardware_entries();
    taken();
    return 0;
}
