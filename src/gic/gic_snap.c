/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interrupt controller's section, both versions. What pending.c derives (routes, the best
 * pending interrupt, live banks) is not in it, but worked out again after loading.
 */
#include "gic/gic_internal.h"

/* clang-format off */
static const struct snap_field bank_fields[] = {
    SNAP_FIELD(struct irq_bank, enable),
    SNAP_FIELD(struct irq_bank, latch),
    SNAP_FIELD(struct irq_bank, level),
    {SNAP_AT(struct irq_bank, message), .elem = 4, .count = 1, .kind = SNAP_UINT, .since = 2},
    SNAP_FIELD(struct irq_bank, edge),
    SNAP_FIELD(struct irq_bank, active),
    SNAP_FIELD(struct irq_bank, group),
    SNAP_FIELD(struct irq_bank, grpmod),
    SNAP_FIELD(struct irq_bank, nmi),
    SNAP_ARRAY(struct irq_bank, nsacr, uint32_t),
    SNAP_ARRAY(struct irq_bank, prio, uint8_t),
};
static const struct snap_desc bank_desc = SNAP_DESC(0, bank_fields);

static const struct snap_field cpuif_fields[] = {
    SNAP_FIELD(struct gic_cpuif, pmr),
    SNAP_ARRAY_UPTO(struct gic_cpuif, bpr, uint8_t, 7),
    SNAP_UPTO(struct gic_cpuif, grp_en, GRP_BIT(GRP_N) - 1),
    SNAP_ARRAY(struct gic_cpuif, cbpr, bool),
    SNAP_ARRAY(struct gic_cpuif, apr, uint32_t),
    SNAP_UPTO(struct gic_cpuif, nmi_active, GRP_BIT(GRP_1S) | GRP_BIT(GRP_1NS)),
    SNAP_ARRAY(struct gic_cpuif, eoi_split, bool),
    SNAP_FIELD(struct gic_cpuif, ack_ctl),
    SNAP_FIELD(struct gic_cpuif, fiq_en),
    SNAP_FIELD(struct gic_cpuif, bypass),
};
static const struct snap_desc cpuif_desc = SNAP_DESC(0, cpuif_fields);

static const struct snap_field vcpuif_fields[] = {
    SNAP_FIELD(struct gic_vcpuif, hcr),
    SNAP_FIELD(struct gic_vcpuif, vmcr),
    SNAP_ARRAY(struct gic_vcpuif, apr, uint32_t),
    SNAP_FIELD(struct gic_vcpuif, nmi_active),
    SNAP_ARRAY(struct gic_vcpuif, lr, uint64_t),
};
static const struct snap_desc vcpuif_desc = SNAP_DESC(0, vcpuif_fields);

static const struct snap_field pe_fields[] = {
    SNAP_STRUCTS(struct gic_pe, priv, struct irq_bank, &bank_desc),
    {SNAP_AT(struct gic_pe, eppi), .elem = sizeof(struct irq_bank),
     .count = GIC_MAX_EPPI / 32, .kind = SNAP_STRUCT, .desc = &bank_desc, .since = 2},
    SNAP_ARRAY(struct gic_pe, sgi_source, uint8_t),
    SNAP_FIELD(struct gic_pe, asleep),
    SNAP_UPTO(struct gic_pe, dpg, GRP_BIT(GRP_N) - 1),
    SNAP_FIELD(struct gic_pe, secure),
    SNAP_FIELD(struct gic_pe, at_el3),
    SNAP_STRUCTS(struct gic_pe, cpu, struct gic_cpuif, &cpuif_desc),
    SNAP_STRUCTS(struct gic_pe, v, struct gic_vcpuif, &vcpuif_desc),
    SNAP_LINES(struct gic_pe, out),
};
static const struct snap_desc pe_desc = SNAP_DESC(0, pe_fields);

static const struct snap_field pick_fields[] = {
    SNAP_FIELD(struct prio_pick, intid),
    SNAP_FIELD(struct prio_pick, prio),
};
static const struct snap_desc pick_desc = SNAP_DESC(0, pick_fields);

static const struct snap_field lpi_fields[] = {
    SNAP_FIELD(struct gic_lpis, propbaser),
    SNAP_FIELD(struct gic_lpis, pendbaser),
    SNAP_FIELD(struct gic_lpis, enabled),
    SNAP_FIELD(struct gic_lpis, ptz),
    SNAP_STRUCTS(struct gic_lpis, best, struct prio_pick, &pick_desc),
    SNAP_ARRAY(struct gic_lpis, pending, uint32_t),
};
static const struct snap_desc lpi_desc = SNAP_DESC(0, lpi_fields);

static const struct snap_field vlpi_fields[] = {
    SNAP_FIELD(struct gic_vlpis, vpropbaser),
    SNAP_FIELD(struct gic_vlpis, vpendbaser),
    SNAP_FIELD(struct gic_vlpis, vsgis),
    SNAP_FIELD(struct gic_vlpis, direct),
    {SNAP_AT(struct gic_vlpis, empty), .elem = 8,
     .count = SNAP_SIZE(struct gic_vlpis, empty) / 8, .kind = SNAP_UINT, .since = 2},
};
static const struct snap_desc vlpi_desc = SNAP_DESC(0, vlpi_fields);

static const struct snap_field gic_fields[] = {
    SNAP_FIELD(struct gic, ctlr),
    SNAP_FIELD(struct gic, ds),
    SNAP_UPTO(struct gic, grp_en, GRP_BIT(GRP_N) - 1),
    SNAP_ARRAY(struct gic, irouter, uint64_t),
    {SNAP_AT(struct gic, irouter_e), .elem = 8, .count = GIC_MAX_ESPI, .kind = SNAP_UINT,
     .since = 2},
    SNAP_ARRAY(struct gic, target, uint8_t),
};
/* clang-format on */
const struct snap_desc gic_snap = SNAP_DESC(2, gic_fields);

void gic_snap_parts(struct device *d, struct snap *s)
{
    struct gic *g = (struct gic *)d;
    for (unsigned bank = 1; bank < GIC_BANK_EPPI; bank++) {
        if (gic_has_bank(g, bank)) {
            snap_enter(s, "spi", bank - 1);
            snap_fields(s, &bank_desc, &g->spi[bank - 1]);
            snap_leave(s);
        }
    }
    for (unsigned n = 0; n < g->cfg.n_pe; n++) {
        snap_enter(s, "pe", n);
        snap_fields(s, &pe_desc, &g->pe[n]);
        if (g->pe[n].lpi != NULL) {
            snap_fields(s, &lpi_desc, g->pe[n].lpi);
        }
        if (g->pe[n].vlpi != NULL) {
            snap_fields(s, &vlpi_desc, g->pe[n].vlpi);
        }
        snap_leave(s);
    }
}

/* v2: an SGI is pending exactly while it is from somebody. */
static bool sources_fit(const struct gic *g, const struct gic_pe *p)
{
    for (unsigned n = 0; n < GIC_N_SGI; n++) {
        bool from = p->sgi_source[n] != 0;
        if (from != bit(p->priv.latch, n) || p->sgi_source[n] >> g->cfg.n_pe != 0) {
            return false;
        }
    }
    return true;
}

bool gic_post_load(struct device *d, GError **err)
{
    struct gic *g = (struct gic *)d;
    for (unsigned n = 0; n < g->cfg.n_pe; n++) {
        if (gic_is_v2(g) && !sources_fit(g, &g->pe[n])) {
            return fail(err, ERR_FILE, "PE %u: software interrupts without a source", n);
        }
        if (g->pe[n].lpi != NULL && !lpi_post_load(&g->pe[n])) {
            return fail(err, ERR_FILE, "PE %u: LPIs that do not fit its tables", n);
        }
        if (g->pe[n].vlpi != NULL && !gicr_v4_post_load(&g->pe[n])) {
            return fail(err, ERR_FILE, "PE %u: virtual LPIs that do not fit its registers", n);
        }
    }
    if (!g->cfg.security && !g->ds) {
        return fail(err, ERR_FILE, "two Security states, of which this machine has one");
    }
    pending_route_all(g);
    pending_enables_changed(g);
    return true;
}
