/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv2 distributor. Arm IHI 0048B, 4.3 "Distributor register descriptions".
 * SGIs are always enabled; PPI configuration is writable.
 */
#include "base/log.h"

#include "gic/gic_internal.h"

enum { CTLR_GRP0 = 1 << 0, CTLR_GRP1 = 1 << 1 };
enum { TYPER_SECURITY = 1 << 10 };

static struct gic *of(struct device *d)
{
    return (struct gic *)d;
}

static uint64_t read_ctlr(struct device *d, const struct reg_desc *r, unsigned idx,
                          const struct bus_txn *t)
{
    const struct gic *g = of(d);
    bool grp1 = g->grp_en & GRP_BIT(GRP_1NS);
    if (gic_txn_restricted(g, t)) {
        return grp1;
    }
    return (g->grp_en & GRP_BIT(GRP_0) ? CTLR_GRP0 : 0) | (grp1 ? CTLR_GRP1 : 0);
}

/* A Non-secure access has Group 1's enable in bit 0. */
static void write_ctlr(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                       const struct bus_txn *t)
{
    struct gic *g = of(d);
    bool restricted = gic_txn_restricted(g, t);
    bool grp1 = v & (restricted ? CTLR_GRP0 : CTLR_GRP1);
    bool grp0 = restricted ? g->grp_en & GRP_BIT(GRP_0) : v & CTLR_GRP0;
    g->grp_en = (uint8_t)((grp0 ? GRP_BIT(GRP_0) : 0) | (grp1 ? GRP_BIT(GRP_1NS) : 0));
    pending_enables_changed(g);
}

static uint64_t read_typer(struct device *d, const struct reg_desc *r, unsigned idx,
                           const struct bus_txn *t)
{
    const struct gic *g = of(d);
    return (g->cfg.security ? TYPER_SECURITY : 0) | (g->cfg.n_pe - 1) << 5 | g->n_banks;
}

static uint64_t read_iidr(struct device *d, const struct reg_desc *r, unsigned idx,
                          const struct bus_txn *t)
{
    return GIC_IIDR;
}

/* May a GICD_SGIR write with this NSATT make SGI n pending at p? (4.3.15) */
static bool may_send(const struct gic_pe *p, unsigned n, bool nsatt, bool restricted)
{
    bool group1 = bit(p->priv.group, n);
    if (!p->g->cfg.security) {
        return true;
    }
    if (restricted) {
        return group1 || extract32(p->priv.nsacr[0], 2 * n, 2) >= 1;
    }
    return group1 == nsatt;
}

static uint8_t sgi_targets(const struct gic_pe *from, uint64_t v)
{
    switch (extract64(v, 24, 2)) {
    case 0:
        return (uint8_t)extract64(v, 16, 8);
    case 1:
        return (uint8_t)~(1U << from->n);
    case 2:
        return (uint8_t)(1U << from->n);
    default: /* reserved */
        return 0;
    }
}

static void write_sgir(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                       const struct bus_txn *t)
{
    struct gic *g = of(d);
    const struct gic_pe *from = gic_txn_pe(g, t);
    unsigned n = (unsigned)extract64(v, 0, 4);
    uint8_t targets = sgi_targets(from, v);

    log_trace(LOG_IRQ, g->dev.id, "pe %u: SGI %u to 0x%02x", from->n, n, targets);
    for (unsigned i = 0; i < g->cfg.n_pe; i++) {
        struct gic_pe *p = &g->pe[i];
        if (bit(targets, i) && may_send(p, n, bit(v, 15), gic_txn_restricted(g, t))) {
            p->sgi_source[n] |= (uint8_t)(1U << from->n);
            p->priv.latch |= UINT32_C(1) << n;
            pending_irq_changed(p, n);
        }
    }
}

static uint64_t read_pidr(struct device *d, const struct reg_desc *r, unsigned idx,
                          const struct bus_txn *t)
{
    static const uint8_t id[] = {0x04, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1};
    return id[idx];
}

/* clang-format off */
static const struct reg_desc regs[] = {
    {"GICD_CTLR",  0x000, .size = 4, .flags = REGF_VIEW, .read = read_ctlr, .write = write_ctlr},
    {"GICD_TYPER", 0x004, .size = 4, .flags = REGF_VIEW, .read = read_typer},
    {"GICD_IIDR",  0x008, .size = 4, .flags = REGF_VIEW, .read = read_iidr},
    {"GICD_SGIR",  0xf00, .size = 4, .flags = REGF_VIEW, .write = write_sgir},
    {"GICD_PIDR",  0xfd0, .count = 12, .size = 4, .flags = REGF_VIEW, .read = read_pidr},
};
/* clang-format on */
static const struct reg_block block = {"gicd", 0x1000, regs, ARRAY_LEN(regs), false};

enum bus_result gicv2_dist_access(struct gic *g, struct bus_txn *t)
{
    struct irqregs_port port = {
        .p = gic_txn_pe(g, t), .priv = true, .shared = true, .ns = gic_txn_restricted(g, t)};
    if (irqregs_access(&port, t)) {
        return BUS_OK;
    }
    return (enum bus_result)regs_access(&g->dev, &block, t);
}
