/* SPDX-License-Identifier: Apache-2.0 */
/* GICv3 as the board has it: one distributor, a redistributor a PE, the CPU interface in registers.
 */
#ifndef GUEST_GIC_H
#define GUEST_GIC_H

#include "guest.h"

#define GICD_BASE UINT64_C(0x08000000)
#define GICR_BASE UINT64_C(0x080a0000)
#define GICR_SGI  UINT64_C(0x10000)

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

#define ICH_AP0R0_EL2 S3_4_C12_C8_0
#define ICH_AP1R0_EL2 S3_4_C12_C9_0
#define ICH_HCR_EL2   S3_4_C12_C11_0
#define ICH_VTR_EL2   S3_4_C12_C11_1
#define ICH_MISR_EL2  S3_4_C12_C11_2
#define ICH_EISR_EL2  S3_4_C12_C11_3
#define ICH_ELRSR_EL2 S3_4_C12_C11_5
#define ICH_VMCR_EL2  S3_4_C12_C11_7

/* ICH_LR<n>_EL2 */
#define LR_PENDING     BIT(62)
#define LR_ACTIVE      BIT(63)
#define LR_STATE(lr)   ((lr) >> 62)
#define LR_HW          BIT(61)
#define LR_GROUP1      BIT(60)
#define LR_PRIORITY(p) ((uint64_t)(p) << 48)
#define LR_PINTID(n)   ((uint64_t)(n) << 32)
#define LR_EOI         BIT(41)
#define N_LR           4 /* of both emulators */
/* ICH_HCR_EL2 */
#define ICH_EN          BIT(0)
#define ICH_UIE         BIT(1)
#define ICH_LRENPIE     BIT(2)
#define ICH_NPIE        BIT(3)
#define ICH_VGRP0EIE    BIT(4)
#define ICH_VGRP0DIE    BIT(5)
#define ICH_VGRP1EIE    BIT(6)
#define ICH_VGRP1DIE    BIT(7)
#define ICH_TC          BIT(10)
#define ICH_TALL0       BIT(11)
#define ICH_TALL1       BIT(12)
#define ICH_TDIR        BIT(14)
#define ICH_EOICOUNT(h) FIELD(h, 27, 5)
/* ICH_VMCR_EL2 */
#define VMCR_VENG0   BIT(0)
#define VMCR_VENG1   BIT(1)
#define VMCR_VCBPR   BIT(4)
#define VMCR_VEOIM   BIT(9)
#define VMCR_VPMR(p) ((uint64_t)(p) << 24)
#define MAINTENANCE  25

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

/* From a PE's redistributor to the next one's: GICv4 has two more frames. */
uint64_t gicr_stride(void);
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
uint64_t lr_read(unsigned n);
void lr_write(unsigned n, uint64_t v);

#endif
