/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is pending, and which pending interrupt is the best one for each PE. Arm IHI 0069H, 4.1
 * "Interrupt states" and 4.7 "Interrupt routing".
 *
 * Each PE keeps its highest priority pending interrupt of the enabled groups. A raise is one
 * comparison; a rescan (a few words) is needed only when the best one goes away.
 */
#include "gic/gic_internal.h"

/* Pending, enabled and not active: to be delivered if its group is enabled. */
static uint32_t bank_live(const struct irq_bank *b)
{
    return pending_bits(b) & b->enable & ~b->active;
}

/* The interrupts of b that are in one of the groups of grp_bits. */
static uint32_t bank_in_groups(const struct gic *g, const struct irq_bank *b, uint8_t grp_bits)
{
    uint32_t modifier = g->ds ? 0 : b->grpmod;
    uint32_t m = 0;
    if (grp_bits & GRP_BIT(GRP_0)) {
        m |= ~b->group & ~modifier;
    }
    if (grp_bits & GRP_BIT(GRP_1S)) {
        m |= ~b->group & modifier;
    }
    if (grp_bits & GRP_BIT(GRP_1NS)) {
        m |= b->group;
    }
    return m;
}

enum gic_grp pending_group(const struct gic *g, const struct irq_bank *b, unsigned n)
{
    if (bit(b->group, n)) {
        return GRP_1NS;
    }
    return !g->ds && bit(b->grpmod, n) ? GRP_1S : GRP_0;
}

/* Group 0 has none: its bits of GICD_INMIR are RES0. */
uint32_t pending_nmis(const struct gic *g, const struct irq_bank *b)
{
    return b->nmi & (b->group | (g->ds ? 0 : b->grpmod));
}

/* The highest priority that software of the group can give. */
uint8_t pending_nmi_prio(const struct gic *g, enum gic_grp grp)
{
    return grp == GRP_1NS && !g->ds ? prio_from_ns(0) : 0;
}

static struct prio_pick pick_of(const struct gic *g, const struct irq_bank *b, unsigned intid)
{
    unsigned n = intid % 32;
    bool nmi = bit(pending_nmis(g, b), n);
    uint8_t prio = nmi ? pending_nmi_prio(g, pending_group(g, b, n)) : b->prio[n];
    return (struct prio_pick){.intid = intid, .prio = prio, .nmi = nmi};
}

static void pick_bank(struct prio_pick *best, const struct gic *g, const struct irq_bank *b,
                      uint32_t candidates, unsigned first_intid)
{
    uint32_t nmis = candidates & pending_nmis(g, b);
    prio_pick_word(best, candidates & ~nmis, b->prio, first_intid);
    for (; nmis != 0; nmis &= nmis - 1) {
        struct prio_pick c = pick_of(g, b, first_intid + (unsigned)__builtin_ctz(nmis));
        if (prio_before(c, *best)) {
            *best = c;
        }
    }
}

static void set_best(struct gic_pe *p, struct prio_pick best)
{
    p->best = best;
    if (gic_is_lpi(best.intid)) {
        p->best_grp = GRP_1NS;
    } else if (best.intid != PRIO_NONE) {
        p->best_grp = pending_group(p->g, gic_bank(p, best.intid), best.intid % 32);
    }
}

static void rescan(struct gic_pe *p)
{
    struct prio_pick best = {.intid = PRIO_NONE, .prio = PRIO_IDLE};
    struct gic *g = p->g;

    if (p->grp_en != 0) {
        pick_bank(&best, g, &p->priv, bank_live(&p->priv) & bank_in_groups(g, &p->priv, p->grp_en),
                  0);
        for (unsigned i = 0; i < g->cfg.n_eppi / 32; i++) {
            const struct irq_bank *b = &p->eppi[i];
            pick_bank(&best, g, b, bank_live(b) & bank_in_groups(g, b, p->grp_en),
                      gic_bank_intid(GIC_BANK_EPPI + i));
        }
        for (uint64_t banks = g->spi_live; banks != 0; banks &= banks - 1) {
            unsigned i = (unsigned)__builtin_ctzll(banks);
            const struct irq_bank *b = &g->spi[i];
            uint32_t here = bank_live(b) & p->routed[i] & bank_in_groups(g, b, p->grp_en);
            pick_bank(&best, g, b, here, gic_bank_intid(i + 1));
        }
        if (p->lpi != NULL && (p->grp_en & GRP_BIT(GRP_1NS)) != 0 &&
            prio_before(p->lpi->best, best)) {
            best = p->lpi->best;
        }
    }
    set_best(p, best);
}

/* One interrupt changed; is it deliverable here, and what does that do to the best one? */
static void reconsider(struct gic_pe *p, const struct irq_bank *b, unsigned intid)
{
    unsigned n = intid % 32;
    bool candidate = bit(bank_live(b), n) && (p->grp_en & GRP_BIT(pending_group(p->g, b, n))) != 0;
    struct prio_pick c = pick_of(p->g, b, intid);

    if (p->best.intid == intid) {
        rescan(p);
    } else if (candidate && prio_before(c, p->best)) {
        set_best(p, c);
    } else {
        return;
    }
    cpuif_update(p);
}

void pending_lpis_changed(struct gic_pe *p)
{
    rescan(p);
    cpuif_update(p);
}

static void refresh_spi_live(struct gic *g, unsigned i)
{
    uint64_t m = BIT(i);
    g->spi_live = bank_live(&g->spi[i]) != 0 ? g->spi_live | m : g->spi_live & ~m;
}

void pending_irq_changed(struct gic_pe *p, unsigned intid)
{
    struct gic *g = p->g;
    unsigned bank = gic_bank_number(intid);
    if (gic_bank_is_private(bank)) {
        reconsider(p, gic_bank_at(p, bank), intid);
        return;
    }
    unsigned i = bank - 1;
    refresh_spi_live(g, i);
    for (unsigned n = 0; n < g->cfg.n_pe; n++) {
        if (bit(g->pe[n].routed[i], intid % 32)) {
            reconsider(&g->pe[n], &g->spi[i], intid);
        }
    }
}

static void refresh_pe(struct gic_pe *p)
{
    p->grp_en = p->asleep ? 0 : p->g->grp_en & p->cpu.grp_en;
    rescan(p);
    cpuif_update(p);
}

void pending_bank_changed(struct gic_pe *p, unsigned bank)
{
    struct gic *g = p->g;
    if (gic_bank_is_private(bank)) {
        refresh_pe(p);
        return;
    }
    refresh_spi_live(g, bank - 1);
    for (unsigned n = 0; n < g->cfg.n_pe; n++) {
        rescan(&g->pe[n]);
        cpuif_update(&g->pe[n]);
    }
}

void pending_pe_changed(struct gic_pe *p)
{
    if (p->g->cfg.one_of_n) {
        pending_enables_changed(p->g); /* another PE may be the one of N now */
    } else {
        refresh_pe(p);
    }
}

void pending_enables_changed(struct gic *g)
{
    for (unsigned i = 0; i < ARRAY_LEN(g->spi); i++) {
        refresh_spi_live(g, i);
    }
    if (g->cfg.one_of_n) {
        pending_route_all(g);
    }
    for (unsigned n = 0; n < g->cfg.n_pe; n++) {
        refresh_pe(&g->pe[n]);
    }
}

void pending_input(struct gic_pe *p, unsigned intid, bool level)
{
    struct irq_bank *b = gic_bank(p, intid);
    uint32_t m = UINT32_C(1) << (intid % 32);

    if (level) {
        b->latch |= ~b->level & b->edge & m; /* a rising edge */
        b->level |= m;
    } else {
        b->level &= ~m;
    }
    pending_irq_changed(p, intid);
}

/* An SPI is edge-triggered or has a level that two messages raise and lower. */
void pending_message(struct gic_pe *p, unsigned intid, bool set)
{
    struct irq_bank *b = gic_bank(p, intid);
    uint32_t m = UINT32_C(1) << (intid % 32);

    if (!set) {
        b->latch &= ~m;
        b->message &= ~m;
    } else if (b->edge & m) {
        b->latch |= m;
    } else {
        b->message |= m;
    }
    pending_irq_changed(p, intid);
}

/* ---- routing ---- */

/* May PE p be chosen for a 1-of-N interrupt of this group? */
static bool takes_one_of_n(const struct gic_pe *p, enum gic_grp grp)
{
    return !p->asleep && (p->cpu.grp_en & GRP_BIT(grp)) != 0 && (p->dpg & GRP_BIT(grp)) == 0;
}

/*
 * The target of a v3 SPI, or NULL. 1-of-N (IROUTER.Interrupt_Routing_Mode = 1): the lowest numbered
 * PE that may take it; the choice is IMPLEMENTATION DEFINED.
 */
static const struct gic_pe *affinity_target(struct gic *g, unsigned spi)
{
    uint64_t r = *gic_irouter(g, spi);
    if (bit(r, 31)) {
        enum gic_grp grp = pending_group(g, &g->spi[spi / 32], spi % 32);
        for (unsigned n = 0; n < g->cfg.n_pe; n++) {
            if (takes_one_of_n(&g->pe[n], grp)) {
                return &g->pe[n];
            }
        }
        return NULL;
    }
    uint32_t affinity = (uint32_t)(extract64(r, 32, 8) << 24 | extract64(r, 0, 24));
    for (unsigned n = 0; n < g->cfg.n_pe; n++) {
        if (g->pe[n].affinity == affinity) {
            return &g->pe[n];
        }
    }
    return NULL;
}

void pending_route_spi(struct gic *g, unsigned spi)
{
    const struct gic_pe *target = gic_is_v2(g) ? NULL : affinity_target(g, spi);
    uint32_t m = UINT32_C(1) << (spi % 32);
    for (unsigned n = 0; n < g->cfg.n_pe; n++) {
        struct gic_pe *p = &g->pe[n];
        bool here = gic_is_v2(g) ? bit(g->target[spi], n) : p == target;
        uint32_t *w = &p->routed[spi / 32];
        *w = here ? *w | m : *w & ~m;
    }
}

void pending_route_all(struct gic *g)
{
    for (unsigned bank = 1; bank < GIC_BANK_EPPI; bank++) {
        for (unsigned n = 0; n < 32 && gic_has_bank(g, bank); n++) {
            pending_route_spi(g, 32 * (bank - 1) + n);
        }
    }
}
