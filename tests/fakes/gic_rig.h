/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An interrupt controller on a bench: PEs are a pe_view and six lamps. System registers go through
 * their owner's check as in a CPU; MMIO goes through device_access.
 */
#ifndef TESTS_FAKES_GIC_RIG_H
#define TESTS_FAKES_GIC_RIG_H

#include "gic/gic.h"

#define RIG_MAX_PE 8

struct gic_rig {
    struct gic *g;
    unsigned n_pe;
    struct sysreg_set set[RIG_MAX_PE];
    struct pe_view view[RIG_MAX_PE];
    bool lamp[RIG_MAX_PE][GIC_N_OUT];
    struct irq_line spi[64]; /* INTID 32 + n */
    struct irq_line ppi[RIG_MAX_PE][32];
};

/* Reset done. PEs at Non-secure EL1 without EL2 above them; with cfg.security, EL3 exists. */
struct gic_rig *gic_rig_new(const struct gic_cfg *cfg);
void gic_rig_free(struct gic_rig *r);

/* Move a PE: el, Security state. SCR_EL3.NS follows. Tells the controller. */
void gic_rig_enter(struct gic_rig *r, unsigned pe, unsigned el, bool secure);

enum sr_verdict gic_rig_check(struct gic_rig *r, unsigned pe, uint16_t enc, bool write);
/* The access must be permitted. */
uint64_t gic_rig_mrs(struct gic_rig *r, unsigned pe, uint16_t enc);
void gic_rig_msr(struct gic_rig *r, unsigned pe, uint16_t enc, uint64_t v);
bool gic_rig_has(struct gic_rig *r, unsigned pe, uint16_t enc);

struct gic_rig_mmio {
    struct device *dev;
    unsigned region, pe;
    bool ns;
};
uint64_t gic_rig_read(struct gic_rig_mmio m, uint32_t off, unsigned size);
void gic_rig_write(struct gic_rig_mmio m, uint32_t off, unsigned size, uint64_t v);
struct gic_rig_mmio gic_rig_dist(struct gic_rig *r, bool ns);
struct gic_rig_mmio gic_rig_redist(struct gic_rig *r, unsigned pe, bool ns);
/* GICv2 frames as a PE sees them. */
struct gic_rig_mmio gic_rig_frame(struct gic_rig *r, unsigned region, unsigned pe, bool ns);

#define ICC_PMR         SYSREG_ENC(3, 0, 4, 6, 0)
#define ICC_IAR0        SYSREG_ENC(3, 0, 12, 8, 0)
#define ICC_EOIR0       SYSREG_ENC(3, 0, 12, 8, 1)
#define ICC_HPPIR0      SYSREG_ENC(3, 0, 12, 8, 2)
#define ICC_BPR0        SYSREG_ENC(3, 0, 12, 8, 3)
#define ICC_AP0R0       SYSREG_ENC(3, 0, 12, 8, 4)
#define ICC_AP1R0       SYSREG_ENC(3, 0, 12, 9, 0)
#define ICC_NMIAR1      SYSREG_ENC(3, 0, 12, 9, 5)
#define ICC_DIR         SYSREG_ENC(3, 0, 12, 11, 1)
#define ICC_RPR         SYSREG_ENC(3, 0, 12, 11, 3)
#define ICC_SGI1R       SYSREG_ENC(3, 0, 12, 11, 5)
#define ICC_ASGI1R      SYSREG_ENC(3, 0, 12, 11, 6)
#define ICC_SGI0R       SYSREG_ENC(3, 0, 12, 11, 7)
#define ICC_IAR1        SYSREG_ENC(3, 0, 12, 12, 0)
#define ICC_EOIR1       SYSREG_ENC(3, 0, 12, 12, 1)
#define ICC_HPPIR1      SYSREG_ENC(3, 0, 12, 12, 2)
#define ICC_BPR1        SYSREG_ENC(3, 0, 12, 12, 3)
#define ICC_CTLR        SYSREG_ENC(3, 0, 12, 12, 4)
#define ICC_SRE         SYSREG_ENC(3, 0, 12, 12, 5)
#define ICC_IGRPEN0     SYSREG_ENC(3, 0, 12, 12, 6)
#define ICC_IGRPEN1     SYSREG_ENC(3, 0, 12, 12, 7)
#define ICC_SRE_EL2     SYSREG_ENC(3, 4, 12, 9, 5)
#define ICC_CTLR_EL3    SYSREG_ENC(3, 6, 12, 12, 4)
#define ICC_SRE_EL3     SYSREG_ENC(3, 6, 12, 12, 5)
#define ICC_IGRPEN1_EL3 SYSREG_ENC(3, 6, 12, 12, 7)
#define ICH_AP0R0       SYSREG_ENC(3, 4, 12, 8, 0)
#define ICH_AP1R0       SYSREG_ENC(3, 4, 12, 9, 0)
#define ICH_HCR         SYSREG_ENC(3, 4, 12, 11, 0)
#define ICH_VTR         SYSREG_ENC(3, 4, 12, 11, 1)
#define ICH_MISR        SYSREG_ENC(3, 4, 12, 11, 2)
#define ICH_EISR        SYSREG_ENC(3, 4, 12, 11, 3)
#define ICH_ELRSR       SYSREG_ENC(3, 4, 12, 11, 5)
#define ICH_VMCR        SYSREG_ENC(3, 4, 12, 11, 7)
#define ICH_LR(n)       SYSREG_ENC(3, 4, 12, 12 + (n) / 8, (n) % 8)

/* GICD offsets; those of a redistributor's SGI frame are at SGI_BASE. */
enum {
    D_CTLR = 0x000,
    D_TYPER = 0x004,
    D_IIDR = 0x008,
    D_IGROUPR = 0x080,
    D_ISENABLER = 0x100,
    D_ICENABLER = 0x180,
    D_ISPENDR = 0x200,
    D_ICPENDR = 0x280,
    D_ISACTIVER = 0x300,
    D_ICACTIVER = 0x380,
    D_IPRIORITYR = 0x400,
    D_ITARGETSR = 0x800,
    D_ICFGR = 0xc00,
    D_IGRPMODR = 0xd00,
    D_NSACR = 0xe00,
    D_SGIR = 0xf00,
    D_INMIR = 0xf80,
    D_IROUTER = 0x6000,
    SGI_BASE = 0x10000,
};

#endif
