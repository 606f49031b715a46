/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv2 between PEs: GICD_SGIR's filters, the source of an SGI in IAR and EOIR, pending state per
 * source, banked private registers, GICD_ITARGETSR. Arm IHI 0048B, 3.2.2, 4.3.12 and 4.3.15 to 17.
 */
#include "gicv2.h"
#include "smp.h"

#define SGI 5
#define SPI 60

#define TARGETS(list) ((uint32_t)(list) << 16)
#define ALL_BUT_SELF  (1u << 24)
#define SELF          (2u << 24)
#define SOURCE(pe)    ((pe) << 10)

static uint64_t seen[MAX_PES];

static void prepare(uint64_t unused)
{
    (void)unused;
    gicv2_init();
    gicv2_quiet(SGI);
    mmio_write8(GICD_BASE + GICD_IPRIORITYR + SGI, 0x80);
    gicv2_set(SGI, GICD_ISENABLER);
    mmio_write32(GICC_BASE + GICC_CTLR, CTLR_GRP0 | CTLR_GRP1 | CTLR_FIQEN | CTLR_ACKCTL);
}

/* The sources that have the SGI pending here; clears them. */
static void pending_sources(uint64_t unused)
{
    (void)unused;
    seen[pe_number()] = mmio_read8(GICD_BASE + GICD_SPENDSGIR + SGI);
    mmio_write8(GICD_BASE + GICD_CPENDSGIR + SGI, 0xff);
}

static void send(uint64_t value)
{
    mmio_write32(GICD_BASE + GICD_SGIR, value | SGI);
    dsb();
}

static const struct {
    const char *name;
    unsigned from;
    uint32_t value;
    unsigned pes;
} filters[] = {
    {"SGIR to nobody", 0, TARGETS(0), 0x0},
    {"SGIR to a list", 0, TARGETS(0xa), 0xa},
    {"SGIR to itself by the list", 0, TARGETS(0x1), 0x1},
    {"SGIR to all but itself", 0, ALL_BUT_SELF | TARGETS(0xff), 0xe},
    {"SGIR to itself", 0, SELF | TARGETS(0xff), 0x1},
    {"SGIR from another PE to a list", 2, TARGETS(0x9), 0x9},
    {"SGIR from another PE to all but itself", 2, ALL_BUT_SELF, 0xb},
    {"SGIR from another PE to itself", 2, SELF, 0x4},
};

static void target_filters(unsigned n_pes)
{
    for (unsigned i = 0; i < ARRAY_LEN(filters); i++) {
        if (filters[i].from == 0) {
            send(filters[i].value);
        } else {
            smp_run(filters[i].from, send, filters[i].value);
            smp_wait(filters[i].from);
        }
        smp_all(pending_sources, 0);
        for (unsigned pe = 0; pe < n_pes; pe++) {
            uint64_t source = filters[i].pes >> pe & 1 ? BIT(filters[i].from) : 0;

            check_eq(filters[i].name, seen[pe], source);
        }
    }
}

/* One SGI from three PEs is three interrupts: each is acknowledged with its source. */
static void sources(void)
{
    unsigned found = 0;

    for (unsigned pe = 1; pe < 4; pe++) {
        smp_run(pe, send, TARGETS(1));
        smp_wait(pe);
    }
    check_eq("pending from three", mmio_read8(GICD_BASE + GICD_SPENDSGIR + SGI), 0xe);
    mmio_write8(GICD_BASE + GICD_CPENDSGIR + SGI, 0x4);
    check_eq("CPENDSGIR takes one back", mmio_read8(GICD_BASE + GICD_CPENDSGIR + SGI), 0xa);
    mmio_write8(GICD_BASE + GICD_SPENDSGIR + SGI, 0x4);
    for (unsigned i = 0; i < 3; i++) {
        uint32_t hppir = mmio_read32(GICC_BASE + GICC_HPPIR);
        uint32_t iar = mmio_read32(GICC_BASE + GICC_IAR);

        check_eq("HPPIR with its source", hppir, iar);
        check_eq("IAR: the SGI", iar & 0x3ff, SGI);
        found |= 1u << FIELD(iar, 10, 3);
        check_eq("active", gicv2_get(SGI, GICD_ISACTIVER), true);
        mmio_write32(GICC_BASE + GICC_EOIR, iar);
    }
    check_eq("each source once", found, 0xe);
    check_eq("none left", mmio_read32(GICC_BASE + GICC_IAR), SPURIOUS);
    mmio_write32(GICD_BASE + GICD_ISPENDR, 1u << SGI);
    check_eq("ISPENDR of SGIs is read-only", mmio_read32(GICC_BASE + GICC_IAR), SPURIOUS);
}

/* ---- routes ---- */

static void look(uint64_t unused)
{
    (void)unused;
    seen[pe_number()] = mmio_read32(GICC_BASE + GICC_HPPIR);
}

static void expect_at(const char *name, unsigned n_pes, unsigned targets)
{
    smp_all(look, 0);
    for (unsigned pe = 0; pe < n_pes; pe++) {
        check_eq(name, seen[pe], targets >> pe & 1 ? SPI : SPURIOUS);
    }
}

static void acknowledge(uint64_t unused)
{
    (void)unused;
    seen[pe_number()] = mmio_read32(GICC_BASE + GICC_IAR);
}

static void end(uint64_t unused)
{
    (void)unused;
    mmio_write32(GICC_BASE + GICC_EOIR, SPI);
}

static void routes(unsigned n_pes)
{
    gicv2_quiet(SPI);
    gicv2_group(SPI, true);
    gicv2_edge(SPI, true);
    mmio_write8(GICD_BASE + GICD_IPRIORITYR + SPI, 0x40);
    gicv2_set(SPI, GICD_ISENABLER);
    for (unsigned targets = 0; targets < 1u << n_pes; targets++) {
        mmio_write8(GICD_BASE + GICD_ITARGETSR + SPI, targets);
        check_eq("ITARGETSR", mmio_read8(GICD_BASE + GICD_ITARGETSR + SPI), targets);
        gicv2_set(SPI, GICD_ISPENDR);
        expect_at("routed to each of its targets", n_pes, targets);
    }
    /* 1-of-N: the PE that acknowledges first has it. */
    smp_run(2, acknowledge, 0);
    smp_wait(2);
    check_eq("1 of N: acknowledged", seen[2], SPI);
    expect_at("1 of N: nobody else", n_pes, 0);
    smp_run(2, end, 0);
    smp_wait(2);
    check_eq("1 of N: ended", gicv2_get(SPI, GICD_ISACTIVER), false);
    gicv2_quiet(SPI);
}

/* Private interrupts: targets are their PE, registers are banked. */
static void private_registers(uint64_t unused)
{
    (void)unused;
    seen[pe_number()] = mmio_read32(GICD_BASE + GICD_ITARGETSR + 16);
    mmio_write8(GICD_BASE + GICD_IPRIORITYR + 20, pe_number() * 0x10);
}

static void read_priority(uint64_t unused)
{
    (void)unused;
    seen[pe_number()] = mmio_read8(GICD_BASE + GICD_IPRIORITYR + 20);
}

static void banked(unsigned n_pes)
{
    smp_all(private_registers, 0);
    for (unsigned pe = 0; pe < n_pes; pe++) {
        check_eq("ITARGETSR of private interrupts", seen[pe], 0x01010101u << pe);
    }
    smp_all(read_priority, 0);
    for (unsigned pe = 0; pe < n_pes; pe++) {
        check_eq("banked IPRIORITYR", seen[pe], pe * 0x10);
    }
    check_eq("GICD_TYPER.CPUNumber", FIELD(mmio_read32(GICD_BASE + GICD_TYPER), 5, 3), n_pes - 1);
}

int guest_main(void)
{
    smp_start();
    unsigned n_pes = smp_count();
    check_eq("PEs", n_pes, 4);
    smp_all(prepare, 0);
    target_filters(n_pes);
    sources();
    routes(n_pes);
    banked(n_pes);
    return 0;
}
