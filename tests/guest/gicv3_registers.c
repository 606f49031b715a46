/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Distributor and redistributor of GICv3 as registers: set and clear pairs, widths, fields that
 * are fixed, what Non-secure software sees. Arm IHI 0069H, 12.9 and 12.11.
 */
#include "gic.h"

#define GICD_IIDR                  0x0008
#define GICD_ITARGETSR             0x0800
#define GICD_PIDR2                 0xffe8
#define GICR_IIDR                  0x0004
#define GICR_TYPER                 0x0008
#define GICR_PIDR2                 0xffe8
#define TYPER_SECURITY             BIT(10)
#define ARM                        0x43b /* IIDR.Implementer */
#define ARCH_GICV3                 0x3
#define WAKER_SLEEP                BIT(1)
#define WAKER_ASLEEP               BIT(2)
#define AFFINITY                   UINT64_C(0xff00ffffff)
#define PRIORITY_BITS              0xf8
#define FIRST_UNIMPLEMENTED(typer) (32 * (FIELD(typer, 0, 5) + 1))

static uint64_t bank(unsigned intid, unsigned reg)
{
    return gic_frame(intid) + reg + intid / 32 * 4;
}

/* One bit an interrupt: a write of one sets or clears, zeros change nothing. */
static const struct pair {
    const char *name;
    unsigned set, clear;
} pairs[] = {
    {"ISENABLER and ICENABLER", GICD_ISENABLER, GICD_ICENABLER},
    {"ISPENDR and ICPENDR", GICD_ISPENDR, GICD_ICPENDR},
    {"ISACTIVER and ICACTIVER", GICD_ISACTIVER, GICD_ICACTIVER},
};
static const unsigned intids[] = {3, 20, 200, 255};

static void set_and_clear(const struct pair *p, unsigned intid)
{
    uint64_t set = bank(intid, p->set), clear = bank(intid, p->clear);
    uint32_t bit = 1u << intid % 32;

    gic_quiet(intid);
    uint32_t others = mmio_read32(set) & ~bit;
    check_eq(p->name, mmio_read32(set) & bit, 0);
    mmio_write32(set, bit);
    check_eq(p->name, mmio_read32(set), others | bit);
    check_eq(p->name, mmio_read32(clear), others | bit);
    mmio_write32(set, 0);
    mmio_write32(clear, 0);
    check_eq(p->name, mmio_read32(set), others | bit);
    mmio_write32(clear, bit);
    check_eq(p->name, mmio_read32(set), others);
    check_eq(p->name, mmio_read32(clear), others);
}

static void one_bit_registers(void)
{
    for (unsigned i = 0; i < ARRAY_LEN(intids); i++) {
        for (unsigned k = 0; k < ARRAY_LEN(pairs); k++) {
            set_and_clear(&pairs[k], intids[i]);
        }
    }
    mmio_write32(bank(200, GICD_IGROUPR), 0x5a5a1234);
    check_eq("IGROUPR", mmio_read32(bank(200, GICD_IGROUPR)), 0x5a5a1234);
    mmio_write32(bank(200, GICD_IGRPMODR), 0x0ff0a5a5);
    /* With one Security state there is nothing to modify. */
    check_eq("IGRPMODR", mmio_read32(bank(200, GICD_IGRPMODR)), home_el() == 3 ? 0x0ff0a5a5 : 0);
    mmio_write32(bank(200, GICD_IGRPMODR), 0);
    mmio_write32(bank(200, GICD_IGROUPR), ~0u);
    /* One interrupt's priority bit does not leak into another bank. */
    check_eq("IGROUPR of the next bank", mmio_read32(bank(224, GICD_IGRPMODR)), 0);
}

static void priorities(void)
{
    static const unsigned first[] = {0, 16, 32, 200};

    for (unsigned i = 0; i < ARRAY_LEN(first); i++) {
        uint64_t a = gic_frame(first[i]) + GICD_IPRIORITYR + first[i];

        mmio_write32(a, 0x08f0a048);
        check_eq("IPRIORITYR as a word", mmio_read32(a), 0x08f0a048);
        mmio_write8(a + 2, 0x10);
        check_eq("IPRIORITYR, one byte written", mmio_read32(a), 0x0810a048);
        check_eq("IPRIORITYR, one byte read", mmio_read8(a + 1), 0xa0);
        mmio_write8(a, 0xff);
        check_eq("IPRIORITYR, bits there are not", mmio_read8(a), PRIORITY_BITS);
        mmio_write32(a, 0);
    }
}

static void trigger_configuration(void)
{
    check_eq("ICFGR of SGIs", mmio_read32(gic_frame(0) + GICD_ICFGR), 0xaaaaaaaa);
    mmio_write32(gic_frame(0) + GICD_ICFGR, 0);
    check_eq("ICFGR of SGIs is fixed", mmio_read32(gic_frame(0) + GICD_ICFGR), 0xaaaaaaaa);
    mmio_write32(GICD_BASE + GICD_ICFGR + 200 / 16 * 4, 0xffffffff);
    check_eq("ICFGR of SPIs, edge", mmio_read32(GICD_BASE + GICD_ICFGR + 200 / 16 * 4), 0xaaaaaaaa);
    mmio_write32(GICD_BASE + GICD_ICFGR + 200 / 16 * 4, 0x55555555);
    check_eq("ICFGR of SPIs, level", mmio_read32(GICD_BASE + GICD_ICFGR + 200 / 16 * 4), 0);
}

static void routing(void)
{
    uint64_t a = GICD_BASE + GICD_IROUTER + 8 * 200;

    gic_route(200, 0x1200345678);
    check_eq("IROUTER", *(volatile uint64_t *)a, 0x1200345678);
    mmio_write32(a, 0x00010203);
    check_eq("IROUTER, lower word", *(volatile uint64_t *)a, 0x1200010203);
    mmio_write32(a + 4, 0x21);
    check_eq("IROUTER, upper word", *(volatile uint64_t *)a, 0x2100010203);
    check_eq("IROUTER, upper word read", mmio_read32(a + 4), 0x21);
    gic_route(200, 0);
}

static void nobody_there(void)
{
    uint32_t typer = mmio_read32(GICD_BASE + GICD_TYPER);
    unsigned intid = FIRST_UNIMPLEMENTED(typer);
    static const unsigned regs[] = {GICD_ISENABLER, GICD_ISPENDR, GICD_ISACTIVER, GICD_IGROUPR};

    for (unsigned i = 0; i < ARRAY_LEN(regs); i++) {
        uint64_t a = GICD_BASE + regs[i];

        mmio_write32(a + intid / 32 * 4, ~0u);
        check_eq("INTIDs that are not implemented", mmio_read32(a + intid / 32 * 4), 0);
        mmio_write32(a, ~0u);
        check_eq("private INTIDs in the distributor", mmio_read32(a), 0);
    }
    mmio_write32(GICD_BASE + GICD_IPRIORITYR, ~0u);
    check_eq("private priorities in the distributor", mmio_read32(GICD_BASE + GICD_IPRIORITYR), 0);
    mmio_write32(GICD_BASE + GICD_ITARGETSR + 200, 0x01010101);
    check_eq("ITARGETSR with affinity routing", mmio_read32(GICD_BASE + GICD_ITARGETSR + 200), 0);
}

static void identification(void)
{
    uint32_t typer = mmio_read32(GICD_BASE + GICD_TYPER);

    check_eq("GICD_TYPER: SPIs", FIRST_UNIMPLEMENTED(typer), 288);
    check_eq("GICD_TYPER: Security", typer & TYPER_SECURITY, home_el() == 3 ? TYPER_SECURITY : 0);
    check("GICD_TYPER: INTIDs fit", FIELD(typer, 19, 5) >= 8);
    check_eq("GICD_IIDR", mmio_read32(GICD_BASE + GICD_IIDR) & 0xfff, ARM);
    check_eq("GICD_PIDR2", mmio_read32(GICD_BASE + GICD_PIDR2) >> 4, ARCH_GICV3);
    check_eq("GICR_IIDR", mmio_read32(GICR_BASE + GICR_IIDR) & 0xfff, ARM);
    check_eq("GICR_PIDR2", mmio_read32(GICR_BASE + GICR_PIDR2) >> 4, ARCH_GICV3);
}

/* Every PE has a redistributor, and the last one says so. */
static void redistributors(void)
{
    unsigned n_pes = 0;
    bool last = false;

    for (uint64_t r = GICR_BASE; !last && n_pes < MAX_PES; r += gicr_stride(), n_pes++) {
        uint64_t typer = *(volatile uint64_t *)(r + GICR_TYPER);

        check_eq("GICR_TYPER: affinity", typer >> 32, n_pes);
        check_eq("GICR_TYPER: processor number", FIELD(typer, 8, 16), n_pes);
        check_eq("GICR_TYPER: upper word alone", mmio_read32(r + GICR_TYPER + 4), typer >> 32);
        last = typer & BIT(4);
    }
    check("GICR_TYPER.Last", last);
    uint64_t waker = GICR_BASE + GICR_WAKER;
    if (home_el() == 3) {
        mmio_write32(waker, WAKER_SLEEP);
        check_eq("GICR_WAKER asleep", mmio_read32(waker) & 6, WAKER_SLEEP | WAKER_ASLEEP);
        mmio_write32(waker, 0);
        check_eq("GICR_WAKER awake", mmio_read32(waker) & 6, 0);
    }
}

int guest_main(void)
{
    gic_init();
    identification();
    one_bit_registers();
    priorities();
    trigger_configuration();
    routing();
    nobody_there();
    redistributors();
    return 0;
}
