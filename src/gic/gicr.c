/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv3 redistributor: RD_base and SGI_base, 64 KiB each. Arm IHI 0069H, 12.11 "GIC redistributor
 * registers". What GICv4 has behind them is in gicr_v4.c.
 *
 * LPIs are lpi.c's; without an ITS there are none, and their registers are RAZ/WI. Left out:
 * GICR_SETLPIR (TYPER.DirectLPI = 0). One device a PE, one region of 128 KiB.
 */
#include "base/log.h"

#include "gic/gic_internal.h"
#include "gic/vpe_internal.h"

#define SGI_BASE 0x10000U

enum { WAKER_PROCESSOR_SLEEP = 1 << 1, WAKER_CHILDREN_ASLEEP = 1 << 2 };
/* GICR_CTLR. CES: EnableLPIs may be cleared again; IR: GICR_INVLPIR, GICR_INVALLR are there. */
enum { CTLR_ENABLE_LPIS = 1 << 0, CTLR_CES = 1 << 1, CTLR_IR = 1 << 2 };
/* GICR_CTLR.DPG0, DPG1NS, DPG1S: this PE is no target of 1-of-N interrupts of the group. */
enum { CTLR_DPG0 = 1 << 24, CTLR_DPG1NS = 1 << 25, CTLR_DPG1S = 1 << 26 };
enum {
    TYPER_PLPIS = 1 << 0,
    TYPER_VLPIS = 1 << 1,
    TYPER_DIRTY = 1 << 2, /* GICR_VPENDBASER.Dirty tells when a vPE's table has been read */
    TYPER_LAST = 1 << 4,
    TYPER_DPGS = 1 << 5,
    TYPER_RVPEID = 1 << 7,
    TYPER_COMMON_LPI_AFF = 1 << 24
};
#define TYPER_PPINUM_LO 27

static struct gic_pe *of(struct device *d)
{
    return ((struct gicr *)d)->p;
}

static uint32_t dpg_visible(const struct gic_pe *p, const struct bus_txn *t)
{
    if (!p->g->cfg.one_of_n) {
        return 0;
    }
    return gic_txn_restricted(p->g, t) ? CTLR_DPG1NS : CTLR_DPG0 | CTLR_DPG1NS | CTLR_DPG1S;
}

/* GICv4.0's have no way to say whose configuration changed, a PE's or a vPE's. */
static bool has_inv(const struct gic *g)
{
    return !gic_has_vlpis(g) || gic_is_v4p1(g);
}

static uint64_t read_ctlr(struct device *d, const struct reg_desc *r, unsigned idx,
                          const struct bus_txn *t)
{
    const struct gic_pe *p = of(d);
    uint32_t v = p->dpg & GRP_BIT(GRP_0) ? CTLR_DPG0 : 0;
    v |= p->dpg & GRP_BIT(GRP_1NS) ? CTLR_DPG1NS : 0;
    v |= p->dpg & GRP_BIT(GRP_1S) ? CTLR_DPG1S : 0;
    v &= dpg_visible(p, t);
    if (p->lpi != NULL) {
        v |= CTLR_CES | (has_inv(p->g) ? CTLR_IR : 0) | (p->lpi->enabled ? CTLR_ENABLE_LPIS : 0);
    }
    return v;
}

static void write_ctlr(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                       const struct bus_txn *t)
{
    static const uint32_t bits[GRP_N] = {CTLR_DPG0, CTLR_DPG1S, CTLR_DPG1NS};
    struct gic_pe *p = of(d);
    uint32_t visible = dpg_visible(p, t);
    lpi_enable(p, (v & CTLR_ENABLE_LPIS) != 0);
    if (visible == 0) {
        return;
    }
    for (unsigned i = 0; i < GRP_N; i++) {
        if (visible & bits[i]) {
            p->dpg = (uint8_t)(v & bits[i] ? p->dpg | GRP_BIT(i) : p->dpg & ~GRP_BIT(i));
        }
    }
    pending_pe_changed(p);
}

/* Software walks a series of contiguous redistributors until it has seen the last. */
static bool ends_series(const struct gic_pe *p)
{
    return p->n == p->g->cfg.n_pe - 1 || p->n + 1 == p->g->cfg.n_first_redists;
}

static uint64_t read_typer(struct device *d, const struct reg_desc *r, unsigned idx,
                           const struct bus_txn *t)
{
    const struct gic_pe *p = of(d);
    uint64_t v = (uint64_t)p->affinity << 32 | TYPER_COMMON_LPI_AFF | p->n << 8;
    v |= (uint64_t)(p->g->cfg.n_eppi / 32) << TYPER_PPINUM_LO;
    v |= ends_series(p) ? TYPER_LAST : 0;
    v |= p->g->cfg.one_of_n ? TYPER_DPGS : 0;
    v |= p->lpi != NULL ? TYPER_PLPIS : 0;
    v |= gic_has_vlpis(p->g) ? TYPER_VLPIS : 0;
    v |= gic_is_v4p1(p->g) ? TYPER_RVPEID | TYPER_DIRTY : 0;
    return v;
}

/* RAZ/WI to Non-secure accesses: the PE's power state belongs to Secure firmware. */
static uint64_t read_waker(struct device *d, const struct reg_desc *r, unsigned idx,
                           const struct bus_txn *t)
{
    const struct gic_pe *p = of(d);
    return p->asleep && !gic_txn_restricted(p->g, t) ? WAKER_PROCESSOR_SLEEP | WAKER_CHILDREN_ASLEEP
                                                     : 0;
}

/* The interface is quiescent, or awake, at once: ChildrenAsleep follows ProcessorSleep. */
static void write_waker(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                        const struct bus_txn *t)
{
    struct gic_pe *p = of(d);
    if (!gic_txn_restricted(p->g, t)) {
        p->asleep = (v & WAKER_PROCESSOR_SLEEP) != 0;
        pending_pe_changed(p);
    }
}

static uint64_t read_propbaser(struct device *d, const struct reg_desc *r, unsigned idx,
                               const struct bus_txn *t)
{
    return of(d)->lpi != NULL ? lpi_read_propbaser(of(d)) : 0;
}

static void write_propbaser(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                            const struct bus_txn *t)
{
    if (of(d)->lpi != NULL) {
        lpi_write_propbaser(of(d), v, t);
    }
}

static uint64_t read_pendbaser(struct device *d, const struct reg_desc *r, unsigned idx,
                               const struct bus_txn *t)
{
    return of(d)->lpi != NULL ? lpi_read_pendbaser(of(d)) : 0;
}

static void write_pendbaser(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                            const struct bus_txn *t)
{
    if (of(d)->lpi != NULL) {
        lpi_write_pendbaser(of(d), v, t);
    }
}

/* GICR_INVLPIR, GICR_INVALLR: nothing but the best LPI is cached, so one is as good as all. Done at
 * once: GICR_SYNCR.Busy stays 0. */
static void write_inv(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                      const struct bus_txn *t)
{
    struct gic_pe *p = of(d);
    struct vpe vpe;
    if (!has_inv(p->g)) {
        return;
    }
    if (gic_is_v4p1(p->g) && bit(v, 63)) { /* V: of a vPE */
        if (vpe_of_redist(p, (uint16_t)extract64(v, 32, 16), &vpe)) {
            vpe_config_changed(p->g, &vpe);
        }
        return;
    }
    lpi_config_changed(p);
    lpi_refresh(p->g);
}

static uint64_t read_iidr(struct device *d, const struct reg_desc *r, unsigned idx,
                          const struct bus_txn *t)
{
    return GIC_IIDR;
}

static uint64_t read_pidr(struct device *d, const struct reg_desc *r, unsigned idx,
                          const struct bus_txn *t)
{
    return gic_pidr(of(d)->g, 0x93, idx);
}

/* clang-format off */
static const struct reg_desc gicr_regs[] = {
    {"GICR_CTLR",      0x0000, .size = 4, .flags = REGF_VIEW, .read = read_ctlr, .write = write_ctlr},
    {"GICR_IIDR",      0x0004, .size = 4, .flags = REGF_VIEW, .read = read_iidr},
    {"GICR_TYPER",     0x0008, .size = 8, .widths = W32 | W64, .flags = REGF_VIEW, .read = read_typer},
    {"GICR_STATUSR",   0x0010, .size = 4, .flags = REGF_VIEW},
    {"GICR_WAKER",     0x0014, .size = 4, .flags = REGF_VIEW, .read = read_waker, .write = write_waker},
    {"GICR_MPAMIDR",   0x0018, .size = 4, .flags = REGF_VIEW},
    {"GICR_PARTIDR",   0x001c, .size = 4, .flags = REGF_VIEW},
    {"GICR_SETLPIR",   0x0040, .size = 8, .widths = W32 | W64, .flags = REGF_VIEW},
    {"GICR_CLRLPIR",   0x0048, .size = 8, .widths = W32 | W64, .flags = REGF_VIEW},
    {"GICR_PROPBASER", 0x0070, .size = 8, .widths = W32 | W64, .flags = REGF_VIEW, .read = read_propbaser, .write = write_propbaser},
    {"GICR_PENDBASER", 0x0078, .size = 8, .widths = W32 | W64, .flags = REGF_VIEW, .read = read_pendbaser, .write = write_pendbaser},
    {"GICR_INVLPIR",   0x00a0, .size = 8, .widths = W32 | W64, .flags = REGF_VIEW, .write = write_inv},
    {"GICR_INVALLR",   0x00b0, .size = 8, .widths = W32 | W64, .flags = REGF_VIEW, .write = write_inv},
    {"GICR_SYNCR",     0x00c0, .size = 4, .flags = REGF_VIEW},
    {"GICR_PIDR",      0xffd0, .count = 12, .size = 4, .flags = REGF_VIEW, .read = read_pidr},
};
/* clang-format on */

static const struct reg_block gicr_regions[] = {
    {"gicr", 0x20000, gicr_regs, ARRAY_LEN(gicr_regs), false},
};

static enum bus_result gicr_access(struct device *d, unsigned region, struct bus_txn *t)
{
    struct gic_pe *p = of(d);
    if (t->pa.v < SGI_BASE) {
        return (enum bus_result)regs_access(d, &gicr_regions[0], t);
    }
    struct irqregs_port port = {.p = p, .priv = true, .ns = gic_txn_restricted(p->g, t)};
    struct bus_txn rel = *t;
    rel.pa.v -= SGI_BASE;
    if (!irqregs_access(&port, &rel)) {
        log_guest(d->id, "reserved offset 0x%llx of SGI_base", (unsigned long long)rel.pa.v);
        rel.data = 0;
    }
    t->data = rel.data;
    return BUS_OK;
}

/*
 * With EL3 its firmware wakes the interface (11.1 "Power management"). Without, nobody is below the
 * guest who could have: software for one Security state, EDK2 for one, relies on what firmware
 * leaves.
 */
void gicr_reset(struct gic_pe *p)
{
    p->asleep = p->g->cfg.security && !p->g->cfg.ns_boot;
    p->dpg = 0;
    lpi_reset(p);
}

const struct device_ops gicv3_redist_ops = {
    .type = "gicv3-redistributor",
    .state_size = sizeof(struct gicr),
    .regions = gicr_regions,
    .n_regions = ARRAY_LEN(gicr_regions),
    .access = gicr_access,
};
