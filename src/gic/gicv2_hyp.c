/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv2 virtual interface control, GICH_*. Arm IHI 0048B, 5.3 "GIC virtual interface control
 * registers". Each PE sees its own at the same address. State and behaviour are vcpuif.c's; a list
 * register has the same fields as GICv3's in other places.
 */
#include "gic/gic_internal.h"

#define GICH_HCR_MASK  (31U << HCR_EOICOUNT_LO | 0xffU)
#define VTR_PREBITS_LO 26
#define VTR_PRIBITS_LO 29

static struct gic_pe *of(struct device *d, const struct bus_txn *t)
{
    return gic_txn_pe((struct gic *)d, t);
}

static uint64_t read_hcr(struct device *d, const struct reg_desc *r, unsigned idx,
                         const struct bus_txn *t)
{
    return of(d, t)->v.hcr;
}

static void write_hcr(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                      const struct bus_txn *t)
{
    vcpuif_write_hcr(of(d, t), (uint32_t)v, GICH_HCR_MASK);
}

static uint64_t read_vtr(struct device *d, const struct reg_desc *r, unsigned idx,
                         const struct bus_txn *t)
{
    return (GIC_V_PRIO_BITS - 1) << VTR_PRIBITS_LO | (GIC_V_PRIO_BITS - 1) << VTR_PREBITS_LO |
           (of(d, t)->g->cfg.n_lr - 1);
}

static uint64_t read_vmcr(struct device *d, const struct reg_desc *r, unsigned idx,
                          const struct bus_txn *t)
{
    return of(d, t)->v.vmcr;
}

static void write_vmcr(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                       const struct bus_txn *t)
{
    vcpuif_write_vmcr(of(d, t), (uint32_t)v);
}

static uint64_t read_misr(struct device *d, const struct reg_desc *r, unsigned idx,
                          const struct bus_txn *t)
{
    return vcpuif_misr(of(d, t));
}

static uint64_t read_eisr(struct device *d, const struct reg_desc *r, unsigned idx,
                          const struct bus_txn *t)
{
    return idx == 0 ? vcpuif_eisr(of(d, t)) : 0;
}

static uint64_t read_elrsr(struct device *d, const struct reg_desc *r, unsigned idx,
                           const struct bus_txn *t)
{
    return idx == 0 ? vcpuif_elrsr(of(d, t)) : 0;
}

static uint64_t read_apr(struct device *d, const struct reg_desc *r, unsigned idx,
                         const struct bus_txn *t)
{
    return of(d, t)->v.apr[VGRP_0][0];
}

static void write_apr(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                      const struct bus_txn *t)
{
    of(d, t)->v.apr[VGRP_0][0] = (uint32_t)v;
    vcpuif_update(of(d, t));
}

/*
 * GICH_LR: HW 31, Grp1 30, State 29:28, Priority[7:3] 27:23, PhysicalID 19:10, VirtualID 9:0. With
 * HW = 0, PhysicalID holds EOI (its bit 9) and CPUID (2:0), where GICv3 has EOI too.
 */
static uint64_t read_lr(struct device *d, const struct reg_desc *r, unsigned idx,
                        const struct bus_txn *t)
{
    const struct gic_pe *p = of(d, t);
    uint64_t lr = idx < p->g->cfg.n_lr ? p->v.lr[idx] : 0;
    return (uint64_t)bit(lr, 61) << 31 | (uint64_t)bit(lr, 60) << 30 | extract64(lr, 62, 2) << 28 |
           extract64(lr, 51, 5) << 23 | extract64(lr, 32, 10) << 10 | extract64(lr, 0, 10);
}

static void write_lr(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                     const struct bus_txn *t)
{
    struct gic_pe *p = of(d, t);
    if (idx < p->g->cfg.n_lr) {
        vcpuif_write_lr(p, idx,
                        extract64(v, 31, 1) << 61 | extract64(v, 30, 1) << 60 |
                            extract64(v, 28, 2) << 62 | extract64(v, 23, 5) << 51 |
                            extract64(v, 10, 10) << 32 | extract64(v, 0, 10));
    }
}

/* clang-format off */
static const struct reg_desc regs[] = {
    {"GICH_HCR",   0x000, .size = 4, .flags = REGF_VIEW, .read = read_hcr, .write = write_hcr},
    {"GICH_VTR",   0x004, .size = 4, .flags = REGF_VIEW, .read = read_vtr},
    {"GICH_VMCR",  0x008, .size = 4, .flags = REGF_VIEW, .read = read_vmcr, .write = write_vmcr},
    {"GICH_MISR",  0x010, .size = 4, .flags = REGF_VIEW, .read = read_misr},
    {"GICH_EISR",  0x020, .count = 2, .size = 4, .flags = REGF_VIEW, .read = read_eisr},
    {"GICH_ELRSR", 0x030, .count = 2, .size = 4, .flags = REGF_VIEW, .read = read_elrsr},
    {"GICH_APR",   0x0f0, .size = 4, .flags = REGF_VIEW, .read = read_apr, .write = write_apr},
    {"GICH_LR",    0x100, .count = 64, .size = 4, .flags = REGF_VIEW, .read = read_lr, .write = write_lr},
};
/* clang-format on */
static const struct reg_block block = {"gich", 0x1000, regs, ARRAY_LEN(regs), false};

enum bus_result gicv2_hyp_access(struct gic *g, struct bus_txn *t)
{
    return (enum bus_result)regs_access(&g->dev, &block, t);
}
