/* SPDX-License-Identifier: Apache-2.0 */
#include "gic.h"

#define ARE_AND_GROUPS                                                                             \
    0x37 /* with two Security states: both AREs; bits that one state lacks are RES0 */
#define GICR_TYPER_LOW 0x0008
#define WAKER_SLEEP    BIT(1)
#define WAKER_ASLEEP   BIT(2)

uint64_t gicr_stride(void)
{
    bool has_vlpis = mmio_read32(GICR_BASE + GICR_TYPER_LOW) >> 1 & 1;
    return has_vlpis ? 0x40000 : 0x20000;
}

/* Where the registers of an interrupt are: SGIs and PPIs in this PE's redistributor. */
uint64_t gic_frame(unsigned intid)
{
    return intid < 32 ? GICR_BASE + pe_number() * gicr_stride() + GICR_SGI : GICD_BASE;
}

void gic_set(unsigned intid, unsigned reg)
{
    mmio_write32(gic_frame(intid) + reg + intid / 32 * 4, 1u << intid % 32);
}

bool gic_get(unsigned intid, unsigned reg)
{
    return mmio_read32(gic_frame(intid) + reg + intid / 32 * 4) >> intid % 32 & 1;
}

void gic_clear_group(unsigned intid)
{
    uint64_t a = gic_frame(intid) + GICD_IGROUPR + intid / 32 * 4;

    mmio_write32(a, mmio_read32(a) & ~(1u << intid % 32));
}

void gic_priority(unsigned intid, uint8_t priority)
{
    mmio_write8(gic_frame(intid) + GICD_IPRIORITYR + intid, priority);
}

void gic_edge(unsigned intid, bool edge)
{
    uint64_t a = gic_frame(intid) + GICD_ICFGR + intid / 16 * 4;
    uint32_t bit = 2u << intid % 16 * 2;

    mmio_write32(a, edge ? mmio_read32(a) | bit : mmio_read32(a) & ~bit);
}

void gic_route(unsigned spi, uint64_t affinity)
{
    *(volatile uint64_t *)(GICD_BASE + GICD_IROUTER + 8 * spi) = affinity;
}

void gic_quiet(unsigned intid)
{
    gic_set(intid, GICD_ICENABLER);
    gic_set(intid, GICD_ICPENDR);
    gic_set(intid, GICD_ICACTIVER);
}

uint64_t lr_read(unsigned n)
{
    switch (n) {
    case 0:
        return rd(ich_lr0_el2);
    case 1:
        return rd(ich_lr1_el2);
    case 2:
        return rd(ich_lr2_el2);
    default:
        return rd(ich_lr3_el2);
    }
}

void lr_write(unsigned n, uint64_t v)
{
    switch (n) {
    case 0:
        wr(ich_lr0_el2, v);
        break;
    case 1:
        wr(ich_lr1_el2, v);
        break;
    case 2:
        wr(ich_lr2_el2, v);
        break;
    default:
        wr(ich_lr3_el2, v);
    }
    isb();
}

void gic_init(void)
{
    uint64_t rd_frame = GICR_BASE + pe_number() * gicr_stride();
    unsigned el = current_el();

    mmio_write32(rd_frame + GICR_WAKER, mmio_read32(rd_frame + GICR_WAKER) & ~WAKER_SLEEP);
    for (unsigned i = 0; i < 1000 && (mmio_read32(rd_frame + GICR_WAKER) & WAKER_ASLEEP); i++) {
    }
    if (el == 3) {
        gwr(ICC_SRE_EL3, 0xf);
        isb();
        gwr(ICC_IGRPEN1_EL3, 3);
    }
    if (el >= 2) {
        gwr(ICC_SRE_EL2, 0xf);
        isb();
    }
    gwr(ICC_SRE_EL1, 7);
    isb();
    if (pe_number() == 0) {
        mmio_write32(GICD_BASE + GICD_CTLR, ARE_AND_GROUPS);
    }
    mmio_write32(gic_frame(0) + GICD_IGROUPR, ~0u);
    gwr(ICC_PMR_EL1, 0xff);
    gwr(ICC_BPR0_EL1, 0);
    gwr(ICC_BPR1_EL1, 0);
    gwr(ICC_CTLR_EL1, 0);
    gwr(ICC_IGRPEN0_EL1, 1);
    gwr(ICC_IGRPEN1_EL1, 1);
    isb();
}
