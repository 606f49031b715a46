/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extended SPIs (INTID 4096 on) and extended PPIs (1056 on): every register and field, delivery,
 * routes, order with ordinary interrupts, list registers. The table is that of Arm IHI 0069H, 12.8
 * and 12.10 "register maps"; 2.2 "INTIDs".
 */
#include "vguest.h"

#define FIRST_EPPI 1056u
#define FIRST_ESPI 4096u
#define N_EACH     64u /* of both, on this board */

#define TYPER_ESPI     BIT(8)
#define GICD_IROUTERE  0x8000
#define GICR_TYPER     0x0008
#define CTLR_EXT_RANGE BIT(19)
#define HCR_IMO        BIT(4)
#define HCR_FMO        BIT(3)
#define VIRTUAL        4100
#define ORDINARY_SPI   60

enum { IGROUPR, ISENABLER, ICENABLER, ISPENDR, ICPENDR, ISACTIVER, ICACTIVER, IPRIORITYR, ICFGR };
/* GICD_<name><n>E for extended SPIs; for extended PPIs GICR_<name><n>E, in one array with
 * GICR_<name>0. */
static const struct {
    const char *name;
    unsigned gicr, gicd, bits, set, clear;
} regs[] = {
    [IGROUPR] = {"IGROUPR<n>E", 0x080, 0x1000, 1, IGROUPR, IGROUPR},
    [ISENABLER] = {"ISENABLER<n>E", 0x100, 0x1200, 1, ISENABLER, ICENABLER},
    [ICENABLER] = {"ICENABLER<n>E", 0x180, 0x1400, 1, ISENABLER, ICENABLER},
    [ISPENDR] = {"ISPENDR<n>E", 0x200, 0x1600, 1, ISPENDR, ICPENDR},
    [ICPENDR] = {"ICPENDR<n>E", 0x280, 0x1800, 1, ISPENDR, ICPENDR},
    [ISACTIVER] = {"ISACTIVER<n>E", 0x300, 0x1a00, 1, ISACTIVER, ICACTIVER},
    [ICACTIVER] = {"ICACTIVER<n>E", 0x380, 0x1c00, 1, ISACTIVER, ICACTIVER},
    [IPRIORITYR] = {"IPRIORITYR<n>E", 0x400, 0x2000, 8, IPRIORITYR, IPRIORITYR},
    [ICFGR] = {"ICFGR<n>E", 0xc00, 0x3000, 2, ICFGR, ICFGR},
    {"IGRPMODR<n>E", 0xd00, 0x3400, 1, 9, 9},
    {"INMIR<n>E", 0xf80, 0x3b00, 1, 10, 10},
};
#define NSACRE 0x3600 /* GICD only */

static const unsigned intids[] = {
    FIRST_EPPI, FIRST_EPPI + 31, FIRST_EPPI + 32, FIRST_EPPI + 63,
    FIRST_ESPI, FIRST_ESPI + 31, FIRST_ESPI + 32, FIRST_ESPI + 63,
};

static bool is_espi(unsigned intid)
{
    return intid >= FIRST_ESPI;
}

/* The word with the interrupt's field, and where in it that is. */
static uint64_t place(unsigned k, unsigned intid, unsigned *lo)
{
    unsigned n = is_espi(intid) ? intid - FIRST_ESPI : intid - FIRST_EPPI + 32;
    uint64_t base = is_espi(intid) ? GICD_BASE + regs[k].gicd : gic_frame(0) + regs[k].gicr;

    *lo = n * regs[k].bits % 32;
    return base + n * regs[k].bits / 32 * 4;
}

static uint32_t get(unsigned k, unsigned intid)
{
    unsigned lo;
    uint64_t a = place(k, intid, &lo);

    return FIELD(mmio_read32(a), lo, regs[k].bits);
}

static void put(unsigned k, unsigned intid, uint32_t v)
{
    unsigned lo;
    uint64_t a = place(k, intid, &lo);
    uint32_t mask = (uint32_t)(BIT(regs[k].bits) - 1) << lo;
    bool by_ones = regs[k].set != regs[k].clear;

    mmio_write32(a, (by_ones ? 0 : mmio_read32(a) & ~mask) | v << lo);
}

static void quiet(unsigned intid)
{
    put(ICENABLER, intid, 1);
    put(ICPENDR, intid, 1);
    put(ICACTIVER, intid, 1);
}

static void identification(void)
{
    uint32_t typer = mmio_read32(GICD_BASE + GICD_TYPER);
    uint32_t gicr = mmio_read32(gic_frame(0) - GICR_SGI + GICR_TYPER);

    check("GICD_TYPER.ESPI", typer & TYPER_ESPI);
    check_eq("GICD_TYPER.ESPI_range", 32 * (FIELD(typer, 27, 5) + 1), N_EACH);
    check_eq("GICR_TYPER.PPInum", 32 * FIELD(gicr, 27, 5), N_EACH);
    check("ICC_CTLR_EL1.ExtRange", grd(ICC_CTLR_EL1) & CTLR_EXT_RANGE);
    if (home_el() == 3) {
        check("ICC_CTLR_EL3.ExtRange", grd(ICC_CTLR_EL3) & CTLR_EXT_RANGE);
    }
}

/* Each field alone: it reads as it was set, and then as it was cleared. */
static void fields(void)
{
    for (unsigned k = 0; k < ARRAY_LEN(regs); k++) {
        for (unsigned i = 0; i < ARRAY_LEN(intids); i++) {
            unsigned intid = intids[i];
            uint32_t v = regs[k].bits == 8 ? 0xa8 : regs[k].bits == 2 ? 2 : 1;
            bool grpmod = k == 9, nmi = k == 10;

            put(IGROUPR, intid, !grpmod);
            put(regs[k].set, intid, v);
            /* One Security state: IGRPMODR is RES0. */
            check_eq(regs[k].name, get(k, intid), grpmod && home_el() < 3 ? 0 : v);
            put(regs[k].clear, intid, regs[k].set == regs[k].clear ? 0 : v);
            check_eq(regs[k].name, get(k, intid), 0);
            if (nmi) {
                put(IGROUPR, intid, 0);
            }
            quiet(intid);
        }
    }
    unsigned lo;
    uint64_t behind = place(ISENABLER, FIRST_ESPI + N_EACH - 1, &lo) + 4;
    mmio_write32(behind, ~0u);
    check_eq("behind the last one: RAZ/WI", mmio_read32(behind), 0);
    mmio_write32(GICD_BASE + NSACRE, 2);
    check_eq("NSACR<n>E", mmio_read32(GICD_BASE + NSACRE), home_el() == 3 ? 2 : 0);
    mmio_write32(GICD_BASE + NSACRE, 0);
}

static void raise(unsigned intid, uint8_t priority)
{
    put(IGROUPR, intid, 1);
    put(IPRIORITYR, intid, priority);
    put(ISENABLER, intid, 1);
    put(ISPENDR, intid, 1);
    dsb();
}

static void delivery(void)
{
    for (unsigned i = 0; i < ARRAY_LEN(intids); i++) {
        unsigned intid = intids[i];

        raise(intid, 0x80);
        check_eq("ICC_HPPIR1_EL1", grd(ICC_HPPIR1_EL1), intid);
        check_eq("ICC_IAR1_EL1", grd(ICC_IAR1_EL1), intid);
        check_eq("running priority", grd(ICC_RPR_EL1) & 0x80, home_el() == 3 ? 0x80 : 0x80);
        check_eq("active", get(ISACTIVER, intid), 1);
        check_eq("not pending", get(ISPENDR, intid), 0);
        gwr(ICC_EOIR1_EL1, intid);
        isb();
        check_eq("ended", get(ISACTIVER, intid), 0);
        check_eq("idle", grd(ICC_RPR_EL1), 0xff);
        quiet(intid);
    }
}

static void end_in_two_steps(void)
{
    unsigned bit = home_el() == 3 ? 2 : 1; /* ICC_CTLR_EL3.EOImode_EL3, ICC_CTLR_EL1.EOImode */

    if (home_el() == 3) {
        gwr(ICC_CTLR_EL3, BIT(bit));
    } else {
        gwr(ICC_CTLR_EL1, BIT(bit));
    }
    isb();
    for (unsigned i = 0; i < ARRAY_LEN(intids); i++) {
        raise(intids[i], 0x80);
        check_eq("split: IAR1", grd(ICC_IAR1_EL1), intids[i]);
        gwr(ICC_EOIR1_EL1, intids[i]);
        isb();
        check_eq("split: active after EOIR", get(ISACTIVER, intids[i]), 1);
        gwr(ICC_DIR_EL1, intids[i]);
        isb();
        check_eq("split: inactive after DIR", get(ISACTIVER, intids[i]), 0);
        quiet(intids[i]);
    }
    if (home_el() == 3) {
        gwr(ICC_CTLR_EL3, 0);
    } else {
        gwr(ICC_CTLR_EL1, 0);
    }
    isb();
}

static unsigned take(void)
{
    unsigned intid = grd(ICC_IAR1_EL1);

    if (intid != SPURIOUS) {
        gwr(ICC_EOIR1_EL1, intid);
        isb();
    }
    return intid;
}

/* By priority, whatever kind of interrupt it is. */
static void order(void)
{
    gic_set(ORDINARY_SPI, GICD_IGROUPR);
    gic_priority(ORDINARY_SPI, 0x90);
    gic_set(ORDINARY_SPI, GICD_ISENABLER);
    gic_set(ORDINARY_SPI, GICD_ISPENDR);
    raise(FIRST_EPPI + 5, 0xa0);
    raise(FIRST_ESPI + 40, 0x88);
    check_eq("first", take(), FIRST_ESPI + 40);
    check_eq("second", take(), ORDINARY_SPI);
    check_eq("third", take(), FIRST_EPPI + 5);
    check_eq("no more", take(), SPURIOUS);
    gic_quiet(ORDINARY_SPI);
    quiet(FIRST_EPPI + 5);
    quiet(FIRST_ESPI + 40);
}

static void routes(void)
{
    for (unsigned n = 0; n < N_EACH; n += 21) {
        volatile uint64_t *router = (volatile uint64_t *)(GICD_BASE + GICD_IROUTERE + 8 * n);

        raise(FIRST_ESPI + n, 0x80);
        check_eq("to this PE", grd(ICC_HPPIR1_EL1), FIRST_ESPI + n);
        *router = 1; /* the other PE */
        dsb();
        check_eq("IROUTER<n>E", *router, 1);
        check_eq("to the other PE", grd(ICC_HPPIR1_EL1), SPURIOUS);
        *router = 0;
        dsb();
        check_eq("back", take(), FIRST_ESPI + n);
        quiet(FIRST_ESPI + n);
    }
}

SNIPPET(guest_code, "mrs x0, S3_0_C12_C12_0\nmsr S3_0_C12_C12_1, x0\nmrs x1, S3_0_C12_C12_4");

/* In list registers: virtual INTIDs, and physical ones that end with them. */
static void list_registers(void)
{
    unsigned physical = FIRST_ESPI + 33;
    uint64_t hcr = rd(hcr_el2);

    raise(physical, 0x80);
    check_eq("the physical one", grd(ICC_IAR1_EL1), physical);
    vguest_init();
    wr(hcr_el2, hcr | HCR_IMO | HCR_FMO);
    lr_write(0, LR_PENDING | LR_HW | LR_GROUP1 | LR_PRIORITY(0x40) | LR_PINTID(physical) | VIRTUAL);
    struct outcome o = run_at(MASKED(EL1H), guest_code, ARGS(0));
    check("a guest", o.done);
    check_eq("ICV_IAR1_EL1", o.x[0], VIRTUAL);
    check("ICV_CTLR_EL1.ExtRange", o.x[1] & CTLR_EXT_RANGE);
    check_eq("the list register is free", LR_STATE(lr_read(0)), 0);
    check_eq("ended with it", get(ISACTIVER, physical), 0);
    lr_write(0, 0);
    wr(hcr_el2, hcr);
    gwr(ICC_EOIR1_EL1, physical);
    quiet(physical);
}

int guest_main(void)
{
    gic_init();
    identification();
    fields();
    delivery();
    end_in_two_steps();
    order();
    routes();
    list_registers();
    return 0;
}
