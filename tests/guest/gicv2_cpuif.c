/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Distributor and CPU interface of GICv2: the common rules for each group and view, then what only
 * GICv2 has. At EL3 with the Security Extensions, at EL2 without. Arm IHI 0048B, chapters 3 and 4.
 */
#include "gicv2.h"

#define ISR_I BIT(7)
#define ISR_F BIT(6)
#define IT    60

static const struct cpuif secure = {.name = "EL3"};
static const struct cpuif normal = {.name = "Non-secure EL2", .mode = EL2H};

/* ---- the common rules ---- */

static bool is_group1(const struct cpuif *c)
{
    return c->mode != 0 || c->offset == gicv2_group1;
}

static bool signalled(const struct cpuif *c)
{
    uint64_t own = is_group1(c) ? ISR_I : ISR_F, isr = rd(isr_el1);

    check_eq("no other interrupt is signalled", isr & ~own, 0);
    return (isr & own) != 0;
}

/* Priorities are those of the interface's own view. */
static void reset(const struct cpuif *c)
{
    for (unsigned i = 0; i < CPUIF_N_IRQ; i++) {
        unsigned intid = c->intid[i];

        gicv2_quiet(intid);
        gicv2_group(intid, is_group1(c));
        gicv2_store_byte(c, GICD_BASE + GICD_IPRIORITYR + intid, cpuif_prio[i]);
        if (intid >= 32) {
            gicv2_edge(intid, true);
            mmio_write8(GICD_BASE + GICD_ITARGETSR + intid, 1);
        }
        gicv2_set(intid, GICD_ISENABLER);
    }
}

static void pend(const struct cpuif *c, enum cpuif_irq n)
{
    gicv2_set(c->intid[n], GICD_ISPENDR);
}

static enum cpuif_state state(const struct cpuif *c, enum cpuif_irq n)
{
    return (gicv2_get(c->intid[n], GICD_ISPENDR) ? PENDING : 0) |
           (gicv2_get(c->intid[n], GICD_ISACTIVER) ? ACTIVE : 0);
}

/* In the Non-secure view priorities are shifted, which makes up for the other binary point. */
#define ROW(name_, mode_, offset_, bias, ...)                                                      \
    {.name = name_,                                                                                \
     .mode = mode_,                                                                                \
     .offset = offset_,                                                                            \
     .base = GICC_BASE,                                                                            \
     .bpr_bias = bias,                                                                             \
     .intid = {__VA_ARGS__},                                                                       \
     .read = gicv2_read,                                                                           \
     .write = gicv2_write,                                                                         \
     .split_eoi = gicv2_split_eoi,                                                                 \
     .signalled = signalled,                                                                       \
     .reset = reset,                                                                               \
     .pend = pend,                                                                                 \
     .state = state}
static const struct cpuif two_states[] = {
    ROW("Group 0, Secure view", 0, gicv2_regs, 0, 60, 61, 62),
    ROW("Group 0, private", 0, gicv2_regs, 0, 60, 16, 17),
    ROW("Group 1, Non-secure view", EL2H, gicv2_regs, 0, 60, 61, 62),
};
static const struct cpuif one_state[] = {
    ROW("Group 0", 0, gicv2_regs, 0, 60, 61, 62),
    ROW("Group 1 with AckCtl", 0, gicv2_group1, 1, 60, 61, 62),
};

static uint32_t gicc(unsigned reg)
{
    return mmio_read32(GICC_BASE + reg);
}

static void gicc_set(unsigned reg, uint32_t v)
{
    mmio_write32(GICC_BASE + reg, v);
}

static void pend_in(bool group1, uint8_t priority)
{
    gicv2_quiet(IT);
    gicv2_group(IT, group1);
    gicv2_edge(IT, true);
    mmio_write8(GICD_BASE + GICD_IPRIORITYR + IT, priority);
    mmio_write8(GICD_BASE + GICD_ITARGETSR + IT, 1);
    gicv2_set(IT, GICD_ISENABLER);
    gicv2_set(IT, GICD_ISPENDR);
}

/* ---- acknowledge of Group 1 with the full view: AckCtl; FIQEn ---- */
static void group1_acknowledge(void)
{
    const uint32_t on = CTLR_GRP0 | CTLR_GRP1 | CTLR_FIQEN;

    pend_in(true, 0x80);
    gicc_set(GICC_CTLR, on);
    check_eq("AckCtl = 0: HPPIR", gicc(GICC_HPPIR), V2_GROUP1);
    check_eq("AckCtl = 0: IAR", gicc(GICC_IAR), V2_GROUP1);
    check_eq("AckCtl = 0: not acknowledged", gicv2_get(IT, GICD_ISACTIVER), false);
    check_eq("AckCtl = 0: AHPPIR", gicc(GICC_AHPPIR), IT);
    gicc_set(GICC_CTLR, on | CTLR_ACKCTL);
    check_eq("AckCtl = 1: HPPIR", gicc(GICC_HPPIR), IT);
    check_eq("AckCtl = 1: IAR", gicc(GICC_IAR), IT);
    gicc_set(GICC_EOIR, IT);
    check_eq("AckCtl = 1: EOIR", gicc(GICC_RPR), 0xff);
    gicc_set(GICC_CTLR, on);
    pend_in(true, 0x80);
    check_eq("AIAR", gicc(GICC_AIAR), IT);
    gicc_set(GICC_AEOIR, IT);
    check_eq("AEOIR", gicc(GICC_RPR), 0xff);
    pend_in(false, 0x80);
    check_eq("AIAR for Group 0", gicc(GICC_AIAR), SPURIOUS);
    check_eq("AHPPIR for Group 0", gicc(GICC_AHPPIR), SPURIOUS);
    check_eq("FIQEn = 1", rd(isr_el1), ISR_F);
    gicc_set(GICC_CTLR, on & ~CTLR_FIQEN);
    check_eq("FIQEn = 0", rd(isr_el1), ISR_I);
    gicc_set(GICC_CTLR, CTLR_GRP1 | CTLR_FIQEN);
    check_eq("Group 0 off", rd(isr_el1), 0);
    gicc_set(GICC_CTLR, on);
    gicv2_quiet(IT);
}

/* ---- Non-secure views ---- */
static const struct {
    uint8_t real, seen;
} views[] = {{0x00, 0x00}, {0x40, 0x00}, {0x80, 0x00}, {0x90, 0x20}, {0xc0, 0x80}, {0xf0, 0xe0}};

static void non_secure_cpuif(void)
{
    const uint64_t pmr = GICC_BASE + GICC_PMR, rpr = GICC_BASE + GICC_RPR;

    pend_in(false, 0x40);
    check_eq("Non-secure HPPIR of Group 0", gicv2_load(&normal, GICC_BASE + GICC_HPPIR), SPURIOUS);
    check_eq("Non-secure IAR of Group 0", gicv2_load(&normal, GICC_BASE + GICC_IAR), SPURIOUS);
    check_eq("acknowledge Group 0", gicc(GICC_IAR), IT);
    check_eq("Non-secure RPR during Group 0", gicv2_load(&normal, rpr), 0);
    gicv2_store(&normal, GICC_BASE + GICC_EOIR, IT);
    check_eq("Non-secure EOIR during Group 0", gicc(GICC_RPR), 0x40);
    gicc_set(GICC_EOIR, IT);
    for (unsigned i = 0; i < ARRAY_LEN(views); i++) {
        gicc_set(GICC_PMR, views[i].real);
        check_eq("Non-secure PMR", gicv2_load(&normal, pmr), views[i].seen);
        gicv2_store(&normal, pmr, 0x40);
        check_eq("Non-secure write of PMR", gicc(GICC_PMR),
                 views[i].real & 0x80 ? 0xa0 : views[i].real);
    }
    gicc_set(GICC_PMR, 0xff);
    check_eq("Non-secure CTLR", gicv2_load(&normal, GICC_BASE + GICC_CTLR) & 1, 1);
    gicv2_store(&normal, GICC_BASE + GICC_CTLR, 0);
    check_eq("Non-secure CTLR is Group 1's", gicc(GICC_CTLR) & 0xf, CTLR_GRP0 | CTLR_FIQEN);
    gicc_set(GICC_CTLR, CTLR_GRP0 | CTLR_GRP1 | CTLR_FIQEN);
    gicc_set(GICC_ABPR, 5);
    check_eq("ABPR is the Non-secure BPR", gicv2_load(&normal, GICC_BASE + GICC_BPR), 5);
    gicc_set(GICC_BPR, 4);
    gicc_set(GICC_CTLR, CTLR_GRP0 | CTLR_GRP1 | CTLR_FIQEN | CTLR_CBPR);
    check_eq("CBPR: Non-secure BPR", gicv2_load(&normal, GICC_BASE + GICC_BPR), 5);
    gicv2_store(&normal, GICC_BASE + GICC_BPR, 7);
    check_eq("CBPR: Non-secure BPR is read-only", gicc(GICC_BPR), 4);
    gicc_set(GICC_CTLR, CTLR_GRP0 | CTLR_GRP1 | CTLR_FIQEN);
}

/* INTID 60 is Group 0, out of reach; 61 is Group 1. */
static void non_secure_distributor(void)
{
    static const struct {
        const char *name;
        unsigned set, clear;
    } pairs[] = {{"ISENABLER", GICD_ISENABLER, GICD_ICENABLER},
                 {"ISPENDR", GICD_ISPENDR, GICD_ICPENDR},
                 {"ISACTIVER", GICD_ISACTIVER, GICD_ICACTIVER}};
    const uint32_t own = 1u << 61 % 32, both = own | 1u << 60 % 32;

    gicv2_quiet(60);
    gicv2_quiet(61);
    gicv2_group(60, false);
    gicv2_group(61, true);
    for (unsigned i = 0; i < ARRAY_LEN(pairs); i++) {
        gicv2_store(&normal, GICD_BASE + pairs[i].set + 4, both);
        check_eq(pairs[i].name, mmio_read32(GICD_BASE + pairs[i].set + 4) & both, own);
        mmio_write32(GICD_BASE + pairs[i].set + 4, both);
        check_eq(pairs[i].name, gicv2_load(&normal, GICD_BASE + pairs[i].set + 4) & both, own);
        gicv2_store(&normal, GICD_BASE + pairs[i].clear + 4, both);
        check_eq(pairs[i].name, mmio_read32(GICD_BASE + pairs[i].set + 4) & both, both & ~own);
        mmio_write32(GICD_BASE + pairs[i].clear + 4, both);
    }
    mmio_write8(GICD_BASE + GICD_IPRIORITYR + 61, 0xc0);
    check_eq("Non-secure priority",
             gicv2_load(&normal, GICD_BASE + GICD_IPRIORITYR + 60) >> 8 & 0xff, 0x80);
    check_eq("Non-secure IGROUPR", gicv2_load(&normal, GICD_BASE + GICD_IGROUPR + 4), 0);
    gicv2_store(&normal, GICD_BASE + GICD_CTLR, 0);
    check_eq("Non-secure GICD_CTLR", mmio_read32(GICD_BASE + GICD_CTLR), CTLR_GRP0);
    mmio_write32(GICD_BASE + GICD_CTLR, CTLR_GRP0 | CTLR_GRP1);
}

/* Secure software says which group an SGI it sends must be in; Non-secure software has Group 1. */
#define SGIR_NSATT BIT(15)
#define SGIR_SELF  (2u << 24)
static void sgi_groups(void)
{
    static const struct {
        bool secure, nsatt, group1, sent;
    } rows[] = {
        {true, false, false, true},  {true, false, true, false},   {true, true, false, false},
        {true, true, true, true},    {false, false, false, false}, {false, false, true, true},
        {false, true, false, false}, {false, true, true, true},
    };
    const unsigned sgi = 5;

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        uint32_t v = SGIR_SELF | (rows[i].nsatt ? SGIR_NSATT : 0) | sgi;

        gicv2_group(sgi, rows[i].group1);
        gicv2_store(rows[i].secure ? &secure : &normal, GICD_BASE + GICD_SGIR, v);
        check_eq("GICD_SGIR.NSATT", gicv2_get(sgi, GICD_ISPENDR), rows[i].sent);
        mmio_write8(GICD_BASE + GICD_CPENDSGIR + sgi, 0xff);
    }
}

static void identification(void)
{
    uint32_t typer = mmio_read32(GICD_BASE + GICD_TYPER);

    check_eq("GICD_TYPER: INTIDs", 32 * (FIELD(typer, 0, 5) + 1), 288);
    check_eq("GICD_TYPER: Security", FIELD(typer, 10, 1), home_el() == 3);
    check_eq("GICD_PIDR2", mmio_read32(GICD_BASE + GICD_V2_PIDR2) >> 4, 2);
    check_eq("GICC_IIDR: implementer", gicc(GICC_IIDR) & 0xfff, 0x43b);
    check_eq("GICC_IIDR: architecture", FIELD(gicc(GICC_IIDR), 16, 4), 2);
    check_eq("ICFGR of SGIs", mmio_read32(GICD_BASE + GICD_ICFGR), 0xaaaaaaaa);
    check_eq("SGIs are enabled", mmio_read32(GICD_BASE + GICD_ISENABLER) & 0xffff, 0xffff);
    mmio_write32(GICD_BASE + GICD_ICENABLER, 0xffff);
    check_eq("SGIs stay enabled", mmio_read32(GICD_BASE + GICD_ISENABLER) & 0xffff, 0xffff);
}

int guest_main(void)
{
    gicv2_init();
    identification();
    if (home_el() == 3) {
        for (unsigned i = 0; i < ARRAY_LEN(two_states); i++) {
            cpuif_rules(&two_states[i]);
        }
        gicv2_init();
        group1_acknowledge();
        non_secure_cpuif();
        non_secure_distributor();
        sgi_groups();
    } else {
        gicc_set(GICC_CTLR, CTLR_GRP0 | CTLR_GRP1 | CTLR_FIQEN | CTLR_ACKCTL);
        for (unsigned i = 0; i < ARRAY_LEN(one_state); i++) {
            cpuif_rules(&one_state[i]);
        }
        gicv2_init();
        group1_acknowledge();
    }
    return 0;
}
