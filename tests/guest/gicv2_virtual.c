/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual interface of GICv2: the common rules through GICV, list registers with CPUID, EOI and
 * HW, maintenance interrupts, GICH_VMCR. Arm IHI 0048B, chapter 5.
 */
#include "gicv2.h"

#define ISR_I BIT(7)
#define ISR_F BIT(6)
#define SPI   60

#define CTLR_ALL (CTLR_GRP0 | CTLR_GRP1 | CTLR_FIQEN | CTLR_ACKCTL)

/* GICH_HCR and GICH_MISR have GICv3's bits (lib/gic.h). */
#define MISR_EOI    BIT(0)
#define MISR_U      BIT(1)
#define MISR_LRENP  BIT(2)
#define MISR_NP     BIT(3)
#define EOICOUNT(n) ((uint32_t)(n) << 27)

static uint32_t gich(unsigned reg)
{
    return mmio_read32(GICH_BASE + reg);
}

static void gich_set(unsigned reg, uint32_t v)
{
    mmio_write32(GICH_BASE + reg, v);
}

static uint32_t gicv(unsigned reg)
{
    return mmio_read32(GICV_BASE + reg);
}

static void gicv_set(unsigned reg, uint32_t v)
{
    mmio_write32(GICV_BASE + reg, v);
}

static uint32_t lr(unsigned n)
{
    return gich(GICH_LR + 4 * n);
}

static void set_lr(unsigned n, uint32_t v)
{
    gich_set(GICH_LR + 4 * n, v);
}

static void clear(void)
{
    for (unsigned n = 0; n < N_LR; n++) {
        set_lr(n, 0);
    }
    gich_set(GICH_APR, 0);
    gich_set(GICH_HCR, ICH_EN);
    gicv_set(GICC_CTLR, CTLR_ALL);
    gicv_set(GICC_PMR, 0xf8);
    gicv_set(GICC_BPR, 2);
    gicv_set(GICC_ABPR, 3);
}

/* ---- the common rules ---- */

static bool is_group1(const struct cpuif *c)
{
    return c->offset == gicv2_group1;
}

static void reset(const struct cpuif *c)
{
    (void)c;
    clear();
}

static void pend(const struct cpuif *c, enum cpuif_irq n)
{
    set_lr(n, LR2_PENDING | (lr(n) & LR2_ACTIVE) | (is_group1(c) ? LR2_GROUP1 : 0) |
                  LR2_PRIORITY(cpuif_prio[n]) | c->intid[n]);
}

static enum cpuif_state state(const struct cpuif *c, enum cpuif_irq n)
{
    (void)c;
    return (enum cpuif_state)LR2_STATE(lr(n));
}

static bool signalled(const struct cpuif *c)
{
    uint64_t isr = cpuif_isr(c), own = is_group1(c) ? ISR_I : ISR_F;

    check_eq("no other virtual interrupt", isr & ~own, 0);
    return (isr & own) != 0;
}

static uint64_t read(const struct cpuif *c, enum cpuif_reg r)
{
    return gicv(c->offset[r]);
}

static void write(const struct cpuif *c, enum cpuif_reg r, uint64_t v)
{
    gicv_set(c->offset[r], v);
}

static void split_eoi(const struct cpuif *c, bool on)
{
    (void)c;
    gicv_set(GICC_CTLR, CTLR_ALL | (on ? CTLR_EOIMODE : 0));
}

#define ROW(name_, offset_, bias, ...)                                                             \
    {.name = name_,                                                                                \
     .mode = EL1H,                                                                                 \
     .offset = offset_,                                                                            \
     .bpr_bias = bias,                                                                             \
     .intid = {__VA_ARGS__},                                                                       \
     .read = read,                                                                                 \
     .write = write,                                                                               \
     .split_eoi = split_eoi,                                                                       \
     .signalled = signalled,                                                                       \
     .reset = reset,                                                                               \
     .pend = pend,                                                                                 \
     .state = state}
static const struct cpuif guests[] = {
    ROW("virtual Group 0", gicv2_regs, 0, 40, 41, 42),
    ROW("virtual Group 1 with AckCtl", gicv2_group1, 1, 40, 41, 42),
};

/* ---- acknowledge by group ---- */
static void groups(void)
{
    const uint32_t g1 = LR2_PENDING | LR2_GROUP1 | LR2_PRIORITY(0x80) | 40;

    clear();
    gicv_set(GICC_CTLR, CTLR_GRP0 | CTLR_GRP1 | CTLR_FIQEN);
    set_lr(0, g1);
    check_eq("AckCtl = 0: HPPIR", gicv(GICC_HPPIR), V2_GROUP1);
    check_eq("AckCtl = 0: IAR", gicv(GICC_IAR), V2_GROUP1);
    check_eq("AckCtl = 0: still pending", LR2_STATE(lr(0)), PENDING);
    check_eq("AHPPIR", gicv(GICC_AHPPIR), 40);
    check_eq("AIAR", gicv(GICC_AIAR), 40);
    gicv_set(GICC_AEOIR, 40);
    check_eq("AEOIR", LR2_STATE(lr(0)), INACTIVE);
    clear();
    set_lr(0, g1);
    check_eq("active priorities before", gich(GICH_APR), 0);
    check_eq("IAR", gicv(GICC_IAR), 40);
    check_eq("active priorities", gich(GICH_APR), BIT(0x80 >> 3));
    gicv_set(GICC_EOIR, 40);
    check_eq("active priorities after", gich(GICH_APR), 0);
    gicv_set(GICC_CTLR, CTLR_GRP0 | CTLR_FIQEN);
    set_lr(0, g1);
    check_eq("Group 1 disabled", gicv(GICC_HPPIR), SPURIOUS);
    clear();
}

/* An SGI has the PE that sent it: in IAR, and needed in EOIR. */
static void sources(void)
{
    clear();
    set_lr(0, LR2_PENDING | LR2_PRIORITY(0x40) | LR2_CPUID(3) | 7);
    set_lr(1, LR2_PENDING | LR2_PRIORITY(0x20) | LR2_CPUID(5) | 7);
    check_eq("SGI from PE 5", gicv(GICC_IAR), 5 << 10 | 7);
    gicv_set(GICC_EOIR, 5 << 10 | 7);
    check_eq("SGI from PE 3", gicv(GICC_IAR), 3 << 10 | 7);
    check_eq("SGI from PE 5 is over", LR2_STATE(lr(1)), INACTIVE);
    gicv_set(GICC_EOIR, 3 << 10 | 7);
    check_eq("SGI from PE 3 is over", LR2_STATE(lr(0)), INACTIVE);
    clear();
}

/* ---- maintenance ---- */
#define PEND2 (LR2_PENDING | LR2_PRIORITY(0x80) | 41)
#define ACT2  (LR2_ACTIVE | LR2_PRIORITY(0x80) | 42)
static const struct cause {
    const char *name;
    uint32_t hcr, vmcr, lr[2], misr;
} causes[] = {
    {"nothing asked for", 0, 0, {0}, 0},
    {"underflow: one valid", ICH_UIE, 0, {PEND2}, MISR_U},
    {"underflow: two valid", ICH_UIE, 0, {PEND2, ACT2}, 0},
    {"no pending", ICH_NPIE, 0, {ACT2}, MISR_NP},
    {"no pending: one is", ICH_NPIE, 0, {PEND2}, 0},
    {"list register entry not present", ICH_LRENPIE | EOICOUNT(2), 0, {0}, MISR_LRENP},
    {"end of interrupt", 0, 0, {LR2_EOI | 40}, MISR_EOI},
    {"end of interrupt: hardware", 0, 0, {LR2_HW | LR2_EOI | 40}, 0},
    {"Group 0 enabled", ICH_VGRP0EIE, VMCR_VENG0, {0}, BIT(4)},
    {"Group 0 disabled", ICH_VGRP0DIE, VMCR_VENG1, {0}, BIT(5)},
    {"Group 1 enabled", ICH_VGRP1EIE, VMCR_VENG1, {0}, BIT(6)},
    {"Group 1 disabled", ICH_VGRP1DIE, VMCR_VENG0, {0}, BIT(7)},
};

static void maintenance(void)
{
    for (unsigned i = 0; i < ARRAY_LEN(causes); i++) {
        const struct cause *c = &causes[i];

        clear();
        gich_set(GICH_VMCR, c->vmcr);
        set_lr(0, c->lr[0]);
        set_lr(1, c->lr[1]);
        gich_set(GICH_HCR, c->hcr | ICH_EN);
        check_eq(c->name, gich(GICH_MISR), c->misr);
        check_eq(c->name, gicv2_get(MAINTENANCE, GICD_ISPENDR), c->misr != 0);
        gich_set(GICH_HCR, c->hcr);
        check_eq("GICH_HCR.En = 0", gicv2_get(MAINTENANCE, GICD_ISPENDR), false);
    }
    clear();
    set_lr(0, LR2_EOI | 40);
    set_lr(1, PEND2);
    set_lr(2, LR2_HW | 40);
    check_eq("GICH_EISR", gich(GICH_EISR), 0x1);
    check_eq("GICH_ELRSR", gich(GICH_ELRSR) & 0xf, 0xc);
    check_eq("GICH_VTR.ListRegs", FIELD(gich(GICH_VTR), 0, 6), N_LR - 1);
    clear();
}

/* EOIR and DIR of what no list register has. */
static void ends_without_entry(void)
{
    clear();
    gich_set(GICH_APR, BIT(0x80 >> 3));
    gicv_set(GICC_EOIR, 77);
    check_eq("EOIR without an entry", ICH_EOICOUNT(gich(GICH_HCR)), 1);
    gicv_set(GICC_CTLR, CTLR_ALL | CTLR_EOIMODE);
    gicv_set(GICC_DIR, 77);
    check_eq("DIR without an entry", ICH_EOICOUNT(gich(GICH_HCR)), 2);
    clear();
}

/* ---- physical interrupts behind virtual ones ---- */
static void hardware_entries(void)
{
    const uint32_t entry = LR2_PENDING | LR2_HW | LR2_PRIORITY(0x80) | LR2_PINTID(SPI) | 40;

    for (unsigned split = 0; split < 2; split++) {
        clear();
        gicv_set(GICC_CTLR, CTLR_ALL | (split ? CTLR_EOIMODE : 0));
        gicv2_quiet(SPI);
        gicv2_set(SPI, GICD_ISACTIVER);
        set_lr(0, entry);
        check_eq("HW: acknowledge", gicv(GICC_IAR), 40);
        check_eq("HW: physically active", gicv2_get(SPI, GICD_ISACTIVER), true);
        gicv_set(GICC_EOIR, 40);
        check_eq("HW: EOIR", gicv2_get(SPI, GICD_ISACTIVER), split);
        if (split) {
            gicv_set(GICC_DIR, 40);
            check_eq("HW: DIR", gicv2_get(SPI, GICD_ISACTIVER), false);
        }
        check_eq("HW: entry is free", LR2_STATE(lr(0)), INACTIVE);
    }
    gicv2_quiet(SPI);
    clear();
}

/* ---- GICH_VMCR is the guest's controls ---- */
static void control_views(void)
{
    clear();
    gicv_set(GICC_CTLR, CTLR_GRP1 | CTLR_CBPR | CTLR_EOIMODE);
    gicv_set(GICC_PMR, 0xa8);
    gicv_set(GICC_BPR, 4);
    gicv_set(GICC_ABPR, 6);
    check_eq("GICH_VMCR", gich(GICH_VMCR),
             (uint32_t)(0xa8 >> 3) << 27 | 4 << 21 | 6 << 18 | CTLR_GRP1 | CTLR_CBPR |
                 CTLR_EOIMODE);
    gich_set(GICH_VMCR, 0x10u << 27 | 5 << 21 | 7 << 18 | CTLR_GRP0 | CTLR_ACKCTL);
    check_eq("GICV_CTLR", gicv(GICC_CTLR), CTLR_GRP0 | CTLR_ACKCTL);
    check_eq("GICV_PMR", gicv(GICC_PMR), 0x80);
    check_eq("GICV_BPR", gicv(GICC_BPR), 5);
    check_eq("GICV_ABPR", gicv(GICC_ABPR), 7);
    check_eq("GICV_RPR", gicv(GICC_RPR), 0xff);
    check_eq("GICV_IIDR: architecture", FIELD(gicv(GICC_IIDR), 16, 4), 2);
    clear();
}

int guest_main(void)
{
    gicv2_init();
    wr(hcr_el2, rd(hcr_el2) | HCR_IMO | HCR_FMO);
    isb();
    for (unsigned i = 0; i < ARRAY_LEN(guests); i++) {
        cpuif_rules(&guests[i]);
    }
    groups();
    sources();
    maintenance();
    ends_without_entry();
    hardware_entries();
    control_views();
    return 0;
}
