/* SPDX-License-Identifier: Apache-2.0 */
/* GICv2 as the board has it: everything in memory, registers of a PE banked by who asks. */
#ifndef GUEST_GICV2_H
#define GUEST_GICV2_H

#include "cpuif.h"
#include "gic.h"

#define GICC_BASE UINT64_C(0x08010000)
#define GICH_BASE UINT64_C(0x08030000)
#define GICV_BASE UINT64_C(0x08040000)

#define GICD_ITARGETSR 0x0800
#define GICD_NSACR     0x0e00
#define GICD_SGIR      0x0f00
#define GICD_CPENDSGIR 0x0f10
#define GICD_SPENDSGIR 0x0f20
#define GICD_V2_PIDR2  0x0fe8

/* GICC and GICV */
#define GICC_CTLR   0x0000
#define GICC_PMR    0x0004
#define GICC_BPR    0x0008
#define GICC_IAR    0x000c
#define GICC_EOIR   0x0010
#define GICC_RPR    0x0014
#define GICC_HPPIR  0x0018
#define GICC_ABPR   0x001c
#define GICC_AIAR   0x0020
#define GICC_AEOIR  0x0024
#define GICC_AHPPIR 0x0028
#define GICC_APR    0x00d0
#define GICC_NSAPR  0x00e0
#define GICC_IIDR   0x00fc
#define GICC_DIR    0x1000
/* GICC_CTLR with the full view; the Non-secure one has EnableGrp1 in bit 0. */
#define CTLR_GRP0    BIT(0)
#define CTLR_GRP1    BIT(1)
#define CTLR_ACKCTL  BIT(2)
#define CTLR_FIQEN   BIT(3)
#define CTLR_CBPR    BIT(4)
#define CTLR_EOIMODE BIT(9)
#define V2_GROUP1    1022

#define GICH_HCR   0x000
#define GICH_VTR   0x004
#define GICH_VMCR  0x008
#define GICH_MISR  0x010
#define GICH_EISR  0x020
#define GICH_ELRSR 0x030
#define GICH_APR   0x0f0
#define GICH_LR    0x100
/* GICH_LR */
#define LR2_HW          BIT(31)
#define LR2_GROUP1      BIT(30)
#define LR2_ACTIVE      BIT(29)
#define LR2_PENDING     BIT(28)
#define LR2_STATE(lr)   FIELD(lr, 28, 2)
#define LR2_PRIORITY(p) ((uint32_t)(p) >> 3 << 23)
#define LR2_EOI         BIT(19)
#define LR2_PINTID(n)   ((uint32_t)(n) << 10)
#define LR2_CPUID(n)    ((uint32_t)(n) << 10)

/* Groups on in the distributor and the CPU interface, everything in Group 1, no mask. */
void gicv2_init(void);
void gicv2_set(unsigned intid, unsigned reg);
bool gicv2_get(unsigned intid, unsigned reg);
void gicv2_group(unsigned intid, bool group1);
void gicv2_edge(unsigned intid, bool edge);
void gicv2_quiet(unsigned intid);

/* Registers of a CPU interface in memory, at c->base; those of Group 1 for CTLR.AckCtl = 1. */
extern const uint16_t gicv2_regs[], gicv2_group1[];
/* From c->mode; 0: from home. */
uint32_t gicv2_load(const struct cpuif *c, uint64_t a);
void gicv2_store(const struct cpuif *c, uint64_t a, uint32_t v);
void gicv2_store_byte(const struct cpuif *c, uint64_t a, uint8_t v);
uint64_t gicv2_read(const struct cpuif *c, enum cpuif_reg r);
void gicv2_write(const struct cpuif *c, enum cpuif_reg r, uint64_t v);
void gicv2_split_eoi(const struct cpuif *c, bool on);

#endif
