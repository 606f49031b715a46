/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv2 virtual CPU interface, GICV_*. Arm IHI 0048B, 5.5 "GIC virtual CPU interface registers".
 * A guest sees a CPU interface with both groups, as a Secure access would. State and rules are
 * vcpuif.c's. UNPREDICTABLE: GICV_EOIR for a Group 1 interrupt with AckCtl = 0 ends it.
 */
#include "gic/gic_internal.h"

/* GICV_CTLR has VMCR's bits in VMCR's places */
#define CTLR_MASK (VMCR_VENG0 | VMCR_VENG1 | VMCR_ACKCTL | VMCR_FIQEN | VMCR_CBPR | VMCR_EOIM)
#define GICV_IIDR 0x0002043bU

/* ABPR, AIAR, AEOIR, AHPPIR: Group 1's registers. */
static bool is_alias(const struct reg_desc *r)
{
    return r->offset >= 0x1c && r->offset <= 0x28;
}

static struct gic_pe *of(struct device *d, const struct bus_txn *t)
{
    return gic_txn_pe((struct gic *)d, t);
}

static uint64_t read_ctlr(struct device *d, const struct reg_desc *r, unsigned idx,
                          const struct bus_txn *t)
{
    return of(d, t)->v.vmcr & CTLR_MASK;
}

static void write_ctlr(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                       const struct bus_txn *t)
{
    struct gic_pe *p = of(d, t);
    vcpuif_write_vmcr(p, (p->v.vmcr & ~(uint32_t)CTLR_MASK) | ((uint32_t)v & CTLR_MASK));
}

static uint64_t read_pmr(struct device *d, const struct reg_desc *r, unsigned idx,
                         const struct bus_txn *t)
{
    return of(d, t)->v.vmcr >> VMCR_PMR_LO;
}

static void write_pmr(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                      const struct bus_txn *t)
{
    struct gic_pe *p = of(d, t);
    vcpuif_write_vmcr(p, (uint32_t)deposit64(p->v.vmcr, VMCR_PMR_LO, 8, v & 0xff));
}

static enum vgrp group_of(const struct reg_desc *r)
{
    return is_alias(r) ? VGRP_1 : VGRP_0;
}

static uint64_t read_bpr(struct device *d, const struct reg_desc *r, unsigned idx,
                         const struct bus_txn *t)
{
    return vcpuif_bpr(of(d, t), group_of(r));
}

static void write_bpr(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                      const struct bus_txn *t)
{
    vcpuif_set_bpr(of(d, t), group_of(r), (unsigned)(v & 7));
}

static uint64_t read_rpr(struct device *d, const struct reg_desc *r, unsigned idx,
                         const struct bus_txn *t)
{
    return vcpuif_running_prio(of(d, t));
}

/* ---- acknowledge and end ---- */

/* What (A)IAR or (A)HPPIR may tell of list register n: a special INTID, or its interrupt. */
static uint32_t answer(const struct gic_pe *p, const struct reg_desc *r, int n)
{
    if (n < 0) {
        return INTID_SPURIOUS;
    }
    enum vgrp grp = lr_group(p->v.lr[n]);
    if (is_alias(r)) {
        return grp == VGRP_1 ? lr_vintid(p->v.lr[n]) : INTID_SPURIOUS;
    }
    return grp == VGRP_0 || (p->v.vmcr & VMCR_ACKCTL) ? lr_vintid(p->v.lr[n]) : INTID_V2_GROUP1;
}

/* A software generated interrupt comes with the CPUID field of its list register. */
static uint32_t with_source(const struct gic_pe *p, int n, uint32_t intid)
{
    if (intid < GIC_N_SGI && !(p->v.lr[n] & LR_HW)) {
        intid |= lr_pintid(p->v.lr[n]) % 8 << 10;
    }
    return intid;
}

static uint64_t read_hppir(struct device *d, const struct reg_desc *r, unsigned idx,
                           const struct bus_txn *t)
{
    const struct gic_pe *p = of(d, t);
    int n = vcpuif_best(p);
    return with_source(p, n, answer(p, r, n));
}

static uint64_t read_iar(struct device *d, const struct reg_desc *r, unsigned idx,
                         const struct bus_txn *t)
{
    struct gic_pe *p = of(d, t);
    int n = vcpuif_best(p);
    if (n < 0 || !vcpuif_is_sufficient(p, n)) {
        return INTID_SPURIOUS;
    }
    uint32_t intid = answer(p, r, n);
    uint32_t vintid = lr_vintid(p->v.lr[n]);
    uint32_t v = with_source(p, n, intid);
    if (intid == vintid && !t->debug) {
        vcpuif_activate(p, n);
    }
    return v;
}

static void write_eoir(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                       const struct bus_txn *t)
{
    struct gic_pe *p = of(d, t);
    uint32_t intid = (uint32_t)extract64(v, 0, 10);
    if (intid >= INTID_SECURE || prio_apr_drop(p->v.apr[VGRP_0], GIC_V_PRIO_BITS) == PRIO_IDLE) {
        return;
    }
    TRACE(p->trace, TRACE_GIC_EOI, intid, 1);
    int n = vcpuif_find_active(p, intid, (uint32_t)extract64(v, 10, 3));
    bool split = (p->v.vmcr & VMCR_EOIM) != 0;
    if (!split && n < 0) {
        vcpuif_count_eoi(p);
    } else if (!split && (!is_alias(r) || lr_group(p->v.lr[n]) == VGRP_1)) {
        vcpuif_deactivate(p, n);
    }
    vcpuif_update(p);
}

static void write_dir(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                      const struct bus_txn *t)
{
    struct gic_pe *p = of(d, t);
    uint32_t intid = (uint32_t)extract64(v, 0, 10);
    if (intid >= INTID_SECURE || !(p->v.vmcr & VMCR_EOIM)) {
        return;
    }
    int n = vcpuif_find_active(p, intid, (uint32_t)extract64(v, 10, 3));
    if (n < 0) {
        vcpuif_count_eoi(p);
    } else {
        vcpuif_deactivate(p, n);
    }
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

static uint64_t read_iidr(struct device *d, const struct reg_desc *r, unsigned idx,
                          const struct bus_txn *t)
{
    return GICV_IIDR;
}

/* clang-format off */
#define REG(name, off, rd, wr) {name, off, .size = 4, .flags = REGF_VIEW, .read = rd, .write = wr}
static const struct reg_desc regs[] = {
    REG("GICV_CTLR",     0x0000, read_ctlr, write_ctlr),
    REG("GICV_PMR",      0x0004, read_pmr, write_pmr),
    REG("GICV_BPR",      0x0008, read_bpr, write_bpr),
    REG("GICV_IAR",      0x000c, read_iar, NULL),
    REG("GICV_EOIR",     0x0010, NULL, write_eoir),
    REG("GICV_RPR",      0x0014, read_rpr, NULL),
    REG("GICV_HPPIR",    0x0018, read_hppir, NULL),
    REG("GICV_ABPR",     0x001c, read_bpr, write_bpr),
    REG("GICV_AIAR",     0x0020, read_iar, NULL),
    REG("GICV_AEOIR",    0x0024, NULL, write_eoir),
    REG("GICV_AHPPIR",   0x0028, read_hppir, NULL),
    REG("GICV_APR",      0x00d0, read_apr, write_apr),
    REG("GICV_IIDR",     0x00fc, read_iidr, NULL),
    REG("GICV_DIR",      0x1000, NULL, write_dir),
};
/* clang-format on */
static const struct reg_block block = {"gicv", 0x2000, regs, ARRAY_LEN(regs), false};

enum bus_result gicv2_vcpu_access(struct gic *g, struct bus_txn *t)
{
    return (enum bus_result)regs_access(&g->dev, &block, t);
}
