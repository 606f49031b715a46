/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv3 distributor. Arm IHI 0069H, 12.9 "GIC distributor registers".
 *
 * Affinity routing is always on (ARE_S and ARE_NS are RAO/WI): no legacy operation. Left out:
 * GICD_STATUSR.
 * Region 0: 64 KiB. Interrupt lines in: see gic_wire_spi.
 */
#include "base/log.h"

#include "gic/gic_internal.h"

enum {
    CTLR_GRP0 = 1 << 0,
    CTLR_GRP1NS = 1 << 1,
    CTLR_GRP1S = 1 << 2,
    CTLR_ARE_S = 1 << 4,
    CTLR_ARE_NS = 1 << 5,
    CTLR_DS = 1 << 6,
    CTLR_E1NWF = 1 << 7
};
/* The Non-secure view and the view with one Security state have one ARE bit, in this place. */
#define CTLR_ARE CTLR_ARE_S

enum {
    TYPER_ESPI = 1 << 8,
    TYPER_NMI = 1 << 9,
    TYPER_SECURITY = 1 << 10,
    TYPER_MBIS = 1 << 16,
    TYPER_LPIS = 1 << 17,
    TYPER_DVIS = 1 << 18,
    TYPER_A3V = 1 << 24,
    TYPER_NO1N = 1 << 25,
    TYPER_RSS = 1 << 26
};
/* VIL: the field VID, which is here, has the bits of a vPEID less one. */
enum { TYPER2_VIL = 1 << 7, TYPER2_NASSGICAP = 1 << 8 };
#define TYPER_IDBITS        ((GIC_INTID_BITS - 1) << 19)
#define TYPER_ESPI_RANGE_LO 27

#define IROUTER_BASE  0x6100U
#define IROUTERE_BASE 0x8000U
#define IROUTER_MASK  (UINT64_C(0xff) << 32 | 0xffffff)
#define IROUTER_IRM   BIT(31)

static struct gic *of(struct device *d)
{
    return (struct gic *)d;
}

static uint64_t read_ctlr(struct device *d, const struct reg_desc *r, unsigned idx,
                          const struct bus_txn *t)
{
    const struct gic *g = of(d);
    uint32_t v = g->grp_en & GRP_BIT(GRP_1NS) ? CTLR_GRP1NS : 0;
    if (gic_txn_restricted(g, t)) {
        return v | CTLR_ARE;
    }
    v |= g->grp_en & GRP_BIT(GRP_0) ? CTLR_GRP0 : 0;
    v |= g->ctlr;
    if (g->ds) {
        return v | CTLR_ARE | CTLR_DS;
    }
    v |= g->grp_en & GRP_BIT(GRP_1S) ? CTLR_GRP1S : 0;
    return v | CTLR_ARE_S | CTLR_ARE_NS;
}

/* GICv4.1 with one Security state: GICD_TYPER2.nASSGIcap. */
static bool can_lack_active_sgis(const struct gic *g)
{
    return gic_is_v4p1(g) && !g->cfg.security;
}

/* nASSGIreq may change only while no group is enabled, before or after the write. */
static uint32_t controls(const struct gic *g, uint32_t v, bool was_enabled)
{
    uint32_t mask = g->cfg.one_of_n ? CTLR_E1NWF : 0;
    if (can_lack_active_sgis(g) && !(was_enabled && g->grp_en != 0)) {
        mask |= GICD_CTLR_NASSGIREQ;
    }
    return (g->ctlr & ~mask) | (v & mask);
}

static void write_ctlr(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                       const struct bus_txn *t)
{
    struct gic *g = of(d);
    bool was_enabled = g->grp_en != 0;
    g->grp_en = gic_with_group(g->grp_en, GRP_1NS, (v & CTLR_GRP1NS) != 0);
    if (!gic_txn_restricted(g, t)) {
        g->grp_en = gic_with_group(g->grp_en, GRP_0, (v & CTLR_GRP0) != 0);
        if ((v & CTLR_DS) && !g->ds) { /* set once: only a reset clears it */
            g->ds = true;
            lpi_all_stale(g); /* their priorities mean something else now */
        }
        g->grp_en = gic_with_group(g->grp_en, GRP_1S, !g->ds && (v & CTLR_GRP1S) != 0);
        g->ctlr = controls(g, (uint32_t)v, was_enabled);
    }
    lpi_refresh(g);
    pending_enables_changed(g);
}

static uint64_t read_typer(struct device *d, const struct reg_desc *r, unsigned idx,
                           const struct bus_txn *t)
{
    const struct gic *g = of(d);
    uint32_t v = TYPER_A3V | TYPER_IDBITS | g->n_banks;
    v |= g->cfg.security && !g->ds ? TYPER_SECURITY : 0;
    v |= g->cfg.one_of_n ? 0 : TYPER_NO1N;
    v |= g->its != NULL ? TYPER_LPIS : 0;
    v |= gic_has_vlpis(g) ? TYPER_DVIS : 0;
    v |= g->cfg.nmi ? TYPER_NMI : 0;
    v |= g->cfg.mbi ? TYPER_MBIS : 0;
    v |= g->cfg.n_espi != 0 ? TYPER_ESPI | (g->cfg.n_espi / 32 - 1) << TYPER_ESPI_RANGE_LO : 0;
    return v | (g->needs_rss ? TYPER_RSS : 0);
}

static uint64_t read_typer2(struct device *d, const struct reg_desc *r, unsigned idx,
                            const struct bus_txn *t)
{
    const struct gic *g = of(d);
    uint32_t vpeid = gic_is_v4p1(g) ? TYPER2_VIL | (GIC_VPEID_BITS - 1) : 0;
    return vpeid | (can_lack_active_sgis(g) ? TYPER2_NASSGICAP : 0);
}

static uint64_t read_iidr(struct device *d, const struct reg_desc *r, unsigned idx,
                          const struct bus_txn *t)
{
    return GIC_IIDR;
}

static uint64_t read_pidr(struct device *d, const struct reg_desc *r, unsigned idx,
                          const struct bus_txn *t)
{
    return gic_pidr(of(d), 0x92, idx);
}

/* GICD_SETSPI_NSR, GICD_CLRSPI_NSR; with offset bit 4 those of Secure software, _SR. */
enum { SPI_MESSAGE_CLEAR = 1 << 3, SPI_MESSAGE_SECURE = 1 << 4 };

/* Non-secure software reaches Secure SPIs only as far as GICD_NSACR lets it. */
static void write_message(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                          const struct bus_txn *t)
{
    struct gic *g = of(d);
    uint32_t intid = (uint32_t)extract64(v, 0, 13);
    bool set = !(r->offset & SPI_MESSAGE_CLEAR);
    bool restricted = gic_txn_restricted(g, t);
    bool secure_only = (r->offset & SPI_MESSAGE_SECURE) != 0;
    if (!g->cfg.mbi || (secure_only && (restricted || g->ds)) || !gic_intid_valid(g, intid) ||
        gic_bank_is_private(gic_bank_number(intid))) {
        return;
    }
    uint32_t visible =
        irqregs_visible(gic_bank(&g->pe[0], intid), restricted, set ? NSACR_SET : NSACR_CLEAR);
    if (bit(visible, intid % 32)) {
        pending_message(&g->pe[0], intid, set);
    }
}

/* clang-format off */
static const struct reg_desc gicd_regs[] = {
    {"GICD_CTLR",    0x0000, .size = 4, .flags = REGF_VIEW, .read = read_ctlr, .write = write_ctlr},
    {"GICD_TYPER",   0x0004, .size = 4, .flags = REGF_VIEW, .read = read_typer},
    {"GICD_IIDR",    0x0008, .size = 4, .flags = REGF_VIEW, .read = read_iidr},
    {"GICD_TYPER2",  0x000c, .size = 4, .flags = REGF_VIEW, .read = read_typer2},
    {"GICD_STATUSR", 0x0010, .size = 4, .flags = REGF_VIEW},
    {"GICD_SETSPI_NSR", 0x0040, .size = 4, .widths = W16 | W32, .flags = REGF_VIEW, .write = write_message},
    {"GICD_CLRSPI_NSR", 0x0048, .size = 4, .widths = W16 | W32, .flags = REGF_VIEW, .write = write_message},
    {"GICD_SETSPI_SR",  0x0050, .size = 4, .widths = W16 | W32, .flags = REGF_VIEW, .write = write_message},
    {"GICD_CLRSPI_SR",  0x0058, .size = 4, .widths = W16 | W32, .flags = REGF_VIEW, .write = write_message},
    {"GICD_PIDR",    0xffd0, .count = 12, .size = 4, .flags = REGF_VIEW, .read = read_pidr},
};
/* clang-format on */

static const struct reg_block gicd_regions[] = {
    {"gicd", 0x10000, gicd_regs, ARRAY_LEN(gicd_regs), false},
};

static void write_irouter(struct gic *g, unsigned spi, const struct bus_txn *t)
{
    uint64_t mask = IROUTER_MASK | (g->cfg.one_of_n ? IROUTER_IRM : 0);
    unsigned lane = 8 * (t->pa.v & 7);
    uint64_t written = mask64(lane, 8U * t->size);
    uint64_t v = (*gic_irouter(g, spi) & ~written) | ((t->data << lane) & written);

    *gic_irouter(g, spi) = v & mask;
    pending_route_spi(g, spi);
    pending_bank_changed(&g->pe[0], spi / 32 + 1);
}

static void access_irouter(struct gic *g, unsigned spi, struct bus_txn *t)
{
    const struct irq_bank *b = &g->spi[spi / 32];
    unsigned n = spi % 32;
    bool visible = !gic_txn_restricted(g, t) || bit(b->group, n) ||
                   extract32(b->nsacr[n / 16], 2 * (n % 16), 2) == 3;
    if (!t->write) {
        uint64_t v = visible ? *gic_irouter(g, spi) >> (8 * (t->pa.v & 7)) : 0;
        t->data = t->size == 8 ? v : (uint32_t)v;
    } else if (visible) {
        write_irouter(g, spi, t);
    }
}

/* The SPI whose GICD_IROUTER is there; GIC_MAX_SHARED: none. */
static unsigned routed_spi(const struct gic *g, uint64_t offset)
{
    uint64_t n = (offset - IROUTER_BASE) / 8;
    uint64_t extended = (offset - IROUTERE_BASE) / 8;
    if (offset >= IROUTERE_BASE && extended < g->cfg.n_espi) {
        return GIC_MAX_SPI + (unsigned)extended;
    }
    return offset >= IROUTER_BASE && n < g->cfg.n_spi ? (unsigned)n : GIC_MAX_SHARED;
}

static enum bus_result gicd_access(struct device *d, unsigned region, struct bus_txn *t)
{
    struct gic *g = of(d);
    struct irqregs_port port = {
        .p = gic_txn_pe(g, t), .shared = true, .ns = gic_txn_restricted(g, t)};
    if (irqregs_access(&port, t)) {
        return BUS_OK;
    }
    unsigned spi = routed_spi(g, t->pa.v);
    if (spi < GIC_MAX_SHARED && (t->size == 4 || t->size == 8) && (t->pa.v & (t->size - 1U)) == 0) {
        access_irouter(g, spi, t);
        return BUS_OK;
    }
    return (enum bus_result)regs_access(d, &gicd_regions[0], t);
}

const struct device_ops gicv3_dist_ops = {
    .type = "gicv3",
    .state_size = sizeof(struct gic),
    .regions = gicd_regions,
    .n_regions = ARRAY_LEN(gicd_regions),
    .reset = gic_reset,
    .access = gicd_access,
    .snap = &gic_snap,
    .snap_more = gic_snap_parts,
    .post_load = gic_post_load,
    .finalize = gic_finalize,
};
