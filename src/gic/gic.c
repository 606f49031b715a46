/* SPDX-License-Identifier: Apache-2.0 */
/* Creation, reset and wiring of the interrupt controller, both versions. */
#include "gic/gic.h"

#include <string.h>

#include "gic/gic_internal.h"

/* ---- configuration ---- */

static bool check_cfg(const struct gic_cfg *c, GError **err)
{
    unsigned max_pe = c->version == 2 ? GIC_V2_MAX_PE : GIC_MAX_PE;
    if (c->version < 2 || c->version > 4 || c->minor > (c->version == 4)) {
        return fail(err, ERR_OPTION, "interrupt controller version %u.%u: only 2, 3, 4 and 4.1",
                    c->version, c->minor);
    }
    if (c->n_pe < 1 || c->n_pe > max_pe) {
        return fail(err, ERR_OPTION, "GICv%u serves 1 to %u CPUs, not %u", c->version, max_pe,
                    c->n_pe);
    }
    if (c->n_spi % 32 != 0 || c->n_spi > GIC_MAX_SPI) {
        return fail(err, ERR_OPTION, "%u SPIs: a multiple of 32 up to %u is possible", c->n_spi,
                    GIC_MAX_SPI);
    }
    if (c->n_espi % 32 != 0 || c->n_espi > GIC_MAX_ESPI || c->n_eppi % 32 != 0 ||
        c->n_eppi > GIC_MAX_EPPI) {
        return fail(err, ERR_OPTION, "%u extended SPIs and %u extended PPIs: not possible",
                    c->n_espi, c->n_eppi);
    }
    if (c->version == 2 && (c->n_espi != 0 || c->n_eppi != 0 || c->mbi)) {
        return fail(err, ERR_OPTION, "GICv2 has no extended interrupts and no message-based SPIs");
    }
    if (c->n_lr > GIC_MAX_LR || (c->n_prio_bits != 0 && c->n_prio_bits < 4) || c->n_prio_bits > 8) {
        return fail(err, ERR_OPTION,
                    "interrupt controller: at most %u list registers, 4 to 8 "
                    "priority bits",
                    GIC_MAX_LR);
    }
    if (c->version == 2 && c->memory != NULL) {
        return fail(err, ERR_OPTION, "GICv2 has no LPIs and no ITS");
    }
    if (c->version == 4 && (c->memory == NULL || !c->virtualization)) {
        return fail(err, ERR_OPTION, "GICv4 needs an ITS and virtualization");
    }
    return true;
}

static uint32_t affinity_of(const struct gic_cfg *c, unsigned pe)
{
    uint64_t mpidr = c->mpidr != NULL ? c->mpidr[pe] : pe;
    return (uint32_t)(extract64(mpidr, 32, 8) << 24 | extract64(mpidr, 0, 24));
}

/* Only what exists is handed out: the rest is then UNDEFINED without a check. */
static bool sysreg_exists(const struct gic *g, const struct sysreg *r)
{
    bool of_el2 = r->el_r == 2 || (r->enc >> 11 & 7) == 4;
    unsigned n_pre_bits = of_el2 ? GIC_V_PRIO_BITS : g->n_pre_bits;
    if (r->sub & SUB_APR) {
        return SUB_INDEX(r) == 0 || SUB_INDEX(r) < (1U << n_pre_bits) / 32;
    }
    if (r->sub & SUB_LR) {
        return SUB_INDEX(r) < g->cfg.n_lr;
    }
    if (r->sub & SUB_NMI) {
        return g->cfg.nmi;
    }
    return !of_el2 || g->cfg.virtualization;
}

static void collect_sysregs(struct gic *g)
{
    g->sysregs = g_new0(struct sysreg, icc_n_sysregs + ich_n_sysregs);
    for (size_t i = 0; i < icc_n_sysregs; i++) {
        if (sysreg_exists(g, &icc_sysregs[i])) {
            g->sysregs[g->n_sysregs++] = icc_sysregs[i];
        }
    }
    for (size_t i = 0; i < ich_n_sysregs && g->cfg.virtualization; i++) {
        if (sysreg_exists(g, &ich_sysregs[i])) {
            g->sysregs[g->n_sysregs++] = ich_sysregs[i];
        }
    }
}

static struct device *new_frame(struct gic_pe *p, const struct device_ops *ops)
{
    struct device *d = device_new(ops, p->g->dev.id);
    ((struct gicr *)d)->p = p;
    return d;
}

static void init_pes(struct gic *g, const struct gic_cfg *cfg)
{
    g->pe = g_new0(struct gic_pe, g->cfg.n_pe);
    for (unsigned n = 0; n < g->cfg.n_pe; n++) {
        struct gic_pe *p = &g->pe[n];
        p->g = g;
        p->n = n;
        p->affinity = affinity_of(cfg, n);
        g->needs_rss |= (p->affinity & 0xff) >= 16;
        if (!gic_is_v2(g)) {
            p->redist = new_frame(p, &gicv3_redist_ops);
            p->lpi = cfg->memory != NULL ? g_new0(struct gic_lpis, 1) : NULL;
        }
        if (gic_has_vlpis(g)) {
            p->vlpi_frame = new_frame(p, &gicv4_vlpi_ops);
            p->vlpi = g_new0(struct gic_vlpis, 1);
        }
    }
}

struct gic *gic_new(const struct gic_cfg *cfg, const char *id, GError **err)
{
    if (!check_cfg(cfg, err)) {
        return NULL;
    }
    struct gic *g = (struct gic *)device_new(cfg->version == 2 ? &gicv2_ops : &gicv3_dist_ops, id);
    g->cfg = *cfg;
    g->cfg.mpidr = NULL; /* the caller's; each PE has its affinity */
    g->cfg.memory = NULL;
    if (cfg->memory != NULL) {
        g->memory = *cfg->memory;
        g->its = its_new(g, "its");
        g->its_sgi = gic_is_v4p1(g) ? its_sgi_new(g, "its") : NULL;
    }
    g->cfg.n_lr = cfg->n_lr != 0 ? cfg->n_lr : 4;
    g->cfg.n_prio_bits = cfg->n_prio_bits != 0 ? cfg->n_prio_bits : cfg->version == 2 ? 8 : 5;
    g->n_pre_bits = g->cfg.n_prio_bits < 7 ? g->cfg.n_prio_bits : 7;
    g->prio_mask = prio_implemented_mask(g->cfg.n_prio_bits);
    g->n_banks = cfg->n_spi / 32;
    init_pes(g, cfg);
    collect_sysregs(g);
    return g;
}

static void free_part(struct device *d)
{
    if (d != NULL) {
        device_free(d);
    }
}

void gic_finalize(struct device *d)
{
    struct gic *g = (struct gic *)d;
    for (unsigned n = 0; n < g->cfg.n_pe; n++) {
        free_part(g->pe[n].redist);
        free_part(g->pe[n].vlpi_frame);
        g_free(g->pe[n].lpi);
        g_free(g->pe[n].vlpi);
    }
    free_part(g->its);
    free_part(g->its_sgi);
    g_free(g->pe);
    g_free(g->sysregs);
}

void gic_free(struct gic *g)
{
    if (g != NULL) {
        device_free(&g->dev);
    }
}

/* ---- reset ---- */

/* Input lines are the devices' and keep their level. */
static void reset_bank(struct gic *g, struct irq_bank *b, bool has_sgis)
{
    uint32_t level = b->level;
    *b = (struct irq_bank){.level = level};
    b->edge = has_sgis ? 0xffff : 0;
    b->enable = has_sgis && gic_is_v2(g) ? 0xffff : 0;
    b->group = g->cfg.ns_boot ? UINT32_MAX : 0;
}

static void reset_interfaces(struct gic_pe *p)
{
    cpuif_reset(p);
    vcpuif_reset(p);
    if (p->g->cfg.ns_boot && p->g->cfg.security) {
        p->cpu.pmr = 0x80; /* lets Non-secure software change it */
    }
}

static void reset_pe(struct gic_pe *p)
{
    reset_bank(p->g, &p->priv, true);
    for (unsigned i = 0; i < p->g->cfg.n_eppi / 32; i++) {
        reset_bank(p->g, &p->eppi[i], false);
    }
    memset(p->sgi_source, 0, sizeof(p->sgi_source));
    p->asleep = false;
    reset_interfaces(p);
    if (!gic_is_v2(p->g)) {
        gicr_reset(p);
        gicr_v4_reset(p);
    }
}

void gic_pe_reset(struct gic *g, unsigned pe)
{
    ASSERT(pe < g->cfg.n_pe);
    if (!gic_is_v2(g)) {
        reset_interfaces(&g->pe[pe]);
        cpuif_update(&g->pe[pe]);
        vcpuif_update(&g->pe[pe]);
    }
}

void gic_reset(struct device *d, enum reset_kind k)
{
    struct gic *g = (struct gic *)d;
    g->ctlr = 0;
    g->grp_en = 0;
    g->ds = !g->cfg.security;
    if (g->its != NULL) {
        device_reset(g->its, k);
    }
    memset(g->irouter, 0, sizeof(g->irouter));
    memset(g->irouter_e, 0, sizeof(g->irouter_e));
    /* A single PE gets every SPI: its GICD_ITARGETSR is RAZ/WI */
    memset(g->target, g->cfg.n_pe == 1 ? 1 : 0, sizeof(g->target));
    for (unsigned bank = 1; bank < GIC_BANK_EPPI; bank++) {
        if (gic_has_bank(g, bank)) {
            reset_bank(g, &g->spi[bank - 1], false);
        }
    }
    for (unsigned n = 0; n < g->cfg.n_pe; n++) {
        reset_pe(&g->pe[n]);
    }
    pending_route_all(g);
    pending_enables_changed(g);
    for (unsigned n = 0; n < g->cfg.n_pe; n++) {
        vcpuif_update(&g->pe[n]);
    }
}

/* ---- wiring ---- */

struct device *gic_device(struct gic *g)
{
    return &g->dev;
}

struct device *gic_redist_device(struct gic *g, unsigned pe)
{
    ASSERT(pe < g->cfg.n_pe);
    return g->pe[pe].redist;
}

struct device *gic_vlpi_device(struct gic *g, unsigned pe)
{
    ASSERT(pe < g->cfg.n_pe);
    return g->pe[pe].vlpi_frame;
}

struct irq_line *gic_output(struct gic *g, unsigned pe, enum gic_out out)
{
    ASSERT(pe < g->cfg.n_pe && out < GIC_N_OUT);
    return &g->pe[pe].out[out];
}

void gic_set_trace(struct gic *g, unsigned pe, const struct trace_port *port)
{
    ASSERT(pe < g->cfg.n_pe);
    g->pe[pe].trace = port;
}

static void input_sink(void *opaque, unsigned n, bool level)
{
    pending_input(opaque, n, level);
}

void gic_wire_spi(struct gic *g, unsigned intid, struct irq_line *line)
{
    ASSERT(gic_intid_valid(g, intid) && !gic_bank_is_private(gic_bank_number(intid)));
    *line = (struct irq_line){.sink = input_sink, .opaque = &g->pe[0], .n = intid};
}

void gic_wire_ppi(struct gic *g, unsigned pe, unsigned intid, struct irq_line *line)
{
    ASSERT(pe < g->cfg.n_pe && intid >= GIC_N_SGI && gic_intid_valid(g, intid) &&
           gic_bank_is_private(gic_bank_number(intid)));
    *line = (struct irq_line){.sink = input_sink, .opaque = &g->pe[pe], .n = intid};
}

struct sysreg_set gic_cpuif_sysregs(struct gic *g, unsigned pe)
{
    ASSERT(pe < g->cfg.n_pe);
    if (gic_is_v2(g)) {
        return (struct sysreg_set){0};
    }
    return (struct sysreg_set){.regs = g->sysregs, .n = g->n_sysregs, .owner = &g->pe[pe]};
}

void gic_pe_state_changed(struct gic *g, unsigned pe, const struct pe_view *v)
{
    struct gic_pe *p = &g->pe[pe];
    bool secure = v->pas == PAS_S || v->pas == PAS_ROOT;
    bool at_el3 = v->el == 3;
    if (p->secure != secure || p->at_el3 != at_el3) {
        p->secure = secure;
        p->at_el3 = at_el3;
        cpuif_update(p);
        if (p->vlpi != NULL) {
            vcpuif_update(p); /* direct interrupts are those of a Non-secure vPE */
        }
    }
}
