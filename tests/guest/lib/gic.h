/* SPDX-License-Identifier: Apache-2.0 */
/* GICv3 as the board has it: one distributor, a redistributor a PE, the CPU interface in registers.
 */
#ifndef GUEST_GIC_H
#define GUEST_GIC_H

#include "guest.h"

#define GICD_BASE   UINT64_C(0x08000000)
#define GICR_BASE   UINT64_C(0x080a0000)
#define GICR_STRIDE UINT64_C(0x20000)
#define GICR_SGI    UINT64_C(0x10000)

#define GICD_CTLR       0x0000
#define GICD_TYPER      0x0004
#define GICD_IGROUPR    0x0080
#define GICD_ISENABLER  0x0100
#define GICD_ICENABLER  0x0180
#define GICD_ISPENDR    0x0200
#define GICD_ICPENDR    0x0280
#define GICD_ISACTIVER  0x0300
#define GICD_ICACTIVER  0x0380
#define GICD_IPRIORITYR 0x0400
#define GICD_ICFGR      0x0c00
#define GICD_IGRPMODR   0x0d00
#define GICD_IROUTER    0x6000
#define GICR_WAKER      0x0014

#define SPURIOUS 1023

#define ICC_PMR_EL1     S3_0_C4_C6_0
#define ICC_IAR0_EL1    S3_0_C12_C8_0
#define ICC_EOIR0_EL1   S3_0_C12_C8_1
#define ICC_HPPIR0_EL1  S3_0_C12_C8_2
#define ICC_BPR0_EL1    S3_0_C12_C8_3
#define ICC_AP0R0_EL1   S3_0_C12_C8_4
#define ICC_AP1R0_EL1   S3_0_C12_C9_0
#define ICC_DIR_EL1     S3_0_C12_C11_1
#define ICC_RPR_EL1     S3_0_C12_C11_3
#define ICC_SGI1R_EL1   S3_0_C12_C11_5
#define ICC_SGI0R_EL1   S3_0_C12_C11_7
#define ICC_IAR1_EL1    S3_0_C12_C12_0
#define ICC_EOIR1_EL1   S3_0_C12_C12_1
#define ICC_HPPIR1_EL1  S3_0_C12_C12_2
#define ICC_BPR1_EL1    S3_0_C12_C12_3
#define ICC_CTLR_EL1    S3_0_C12_C12_4
#define ICC_SRE_EL1     S3_0_C12_C12_5
#define ICC_IGRPEN0_EL1 S3_0_C12_C12_6
#define ICC_IGRPEN1_EL1 S3_0_C12_C12_7
#define ICC_SRE_EL2     S3_4_C12_C9_5
#define ICC_CTLR_EL3    S3_6_C12_C12_4
#define ICC_SRE_EL3     S3_6_C12_C12_5
#define ICC_IGRPEN1_EL3 S3_6_C12_C12_7

#define grd(reg)      rd_(reg)
#define rd_(reg)      rd(reg)
#define gwr(reg, val) wr_(reg, val)
#define wr_(reg, val) wr(reg, val)

static inline uint32_t mmio_read32(uint64_t a)
{
    return *(volatile uint32_t *)a;
}

static inline void mmio_write32(uint64_t a, uint32_t v)
{
    *(volatile uint32_t *)a = v;
}

static inline uint8_t mmio_read8(uint64_t a)
{
    return *(volatile uint8_t *)a;
}

static inline void mmio_write8(uint64_t a, uint8_t v)
{
    *(volatile uint8_t *)a = v;
}

/* Wake this PE's redistributor, enable both groups in the distributor and the CPU interface. */
void gic_init(void);
/* Registers of an interrupt: its bit in a bank of 32 (`reg` of the distributor's names above). */
void gic_set(unsigned intid, unsigned reg);
bool gic_get(unsigned intid, unsigned reg);
void gic_clear_group(unsigned intid); /* Group 0 */
void gic_priority(unsigned intid, uint8_t priority);
void gic_edge(unsigned intid, bool edge);
void gic_route(unsigned spi, uint64_t affinity);
void gic_quiet(unsigned intid); /* disabled, not pending, not active */
uint64_t gic_frame(unsigned intid);

#endif
