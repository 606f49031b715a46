/* SPDX-License-Identifier: Apache-2.0 */
#include "gicv2.h"

const uint16_t gicv2_regs[] = {
    [CPUIF_IAR] = GICC_IAR, [CPUIF_EOIR] = GICC_EOIR, [CPUIF_HPPIR] = GICC_HPPIR,
    [CPUIF_RPR] = GICC_RPR, [CPUIF_PMR] = GICC_PMR,   [CPUIF_BPR] = GICC_BPR,
    [CPUIF_DIR] = GICC_DIR,
};
const uint16_t gicv2_group1[] = {
    [CPUIF_IAR] = GICC_IAR, [CPUIF_EOIR] = GICC_EOIR, [CPUIF_HPPIR] = GICC_HPPIR,
    [CPUIF_RPR] = GICC_RPR, [CPUIF_PMR] = GICC_PMR,   [CPUIF_BPR] = GICC_ABPR,
    [CPUIF_DIR] = GICC_DIR,
};

SNIPPET(v2_load_code, "ldr w0, [x0]");
SNIPPET(v2_store_code, "str w1, [x0]");
SNIPPET(v2_store_byte_code, "strb w1, [x0]");

static uint64_t word(unsigned intid, unsigned reg)
{
    return GICD_BASE + reg + intid / 32 * 4;
}

void gicv2_set(unsigned intid, unsigned reg)
{
    mmio_write32(word(intid, reg), 1u << intid % 32);
}

bool gicv2_get(unsigned intid, unsigned reg)
{
    return mmio_read32(word(intid, reg)) >> intid % 32 & 1;
}

void gicv2_group(unsigned intid, bool group1)
{
    uint32_t old = mmio_read32(word(intid, GICD_IGROUPR)), bit = 1u << intid % 32;

    mmio_write32(word(intid, GICD_IGROUPR), group1 ? old | bit : old & ~bit);
}

void gicv2_edge(unsigned intid, bool edge)
{
    uint64_t a = GICD_BASE + GICD_ICFGR + intid / 16 * 4;
    uint32_t bit = 2u << intid % 16 * 2;

    mmio_write32(a, edge ? mmio_read32(a) | bit : mmio_read32(a) & ~bit);
}

void gicv2_quiet(unsigned intid)
{
    gicv2_set(intid, GICD_ICENABLER);
    gicv2_set(intid, GICD_ICPENDR);
    gicv2_set(intid, GICD_ICACTIVER);
}

void gicv2_init(void)
{
    if (pe_number() == 0) {
        mmio_write32(GICD_BASE + GICD_CTLR, CTLR_GRP0 | CTLR_GRP1);
    }
    mmio_write32(GICD_BASE + GICD_IGROUPR, ~0u);
    mmio_write32(GICC_BASE + GICC_PMR, 0xff);
    mmio_write32(GICC_BASE + GICC_BPR, 0);
    mmio_write32(GICC_BASE + GICC_ABPR, 0);
    mmio_write32(GICC_BASE + GICC_CTLR, CTLR_GRP0 | CTLR_GRP1 | CTLR_FIQEN);
}

uint32_t gicv2_load(const struct cpuif *c, uint64_t a)
{
    return c->mode ? cpuif_run(c, v2_load_code, a) : mmio_read32(a);
}

static void store_from(const struct cpuif *c, const char *code, uint64_t a, uint64_t v)
{
    struct outcome o = run_at(MASKED(c->mode), code, ARGS(a, v));

    check_done(c->name, &o);
}

void gicv2_store(const struct cpuif *c, uint64_t a, uint32_t v)
{
    if (c->mode) {
        store_from(c, v2_store_code, a, v);
    } else {
        mmio_write32(a, v);
    }
}

void gicv2_store_byte(const struct cpuif *c, uint64_t a, uint8_t v)
{
    if (c->mode) {
        store_from(c, v2_store_byte_code, a, v);
    } else {
        mmio_write8(a, v);
    }
}

uint64_t gicv2_read(const struct cpuif *c, enum cpuif_reg r)
{
    return gicv2_load(c, c->base + c->offset[r]);
}

void gicv2_write(const struct cpuif *c, enum cpuif_reg r, uint64_t v)
{
    gicv2_store(c, c->base + c->offset[r], v);
}

void gicv2_split_eoi(const struct cpuif *c, bool on)
{
    uint32_t ctlr = gicv2_load(c, c->base + GICC_CTLR);

    gicv2_store(c, c->base + GICC_CTLR, on ? ctlr | CTLR_EOIMODE : ctlr & ~CTLR_EOIMODE);
}
