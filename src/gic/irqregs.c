/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers that hold one field for each interrupt, as a table: base, bits per interrupt, get, set.
 * One access function serves GICD (v2 and v3) and the SGI_base frame of a redistributor, which has
 * the same offsets. GICD has those of extended SPIs in places of their own, a redistributor those
 * of extended PPIs behind those of its PPIs. Arm IHI 0069H, 12.9 and 12.11; IHI 0048B, 4.3.
 *
 * Accesses are 32 bits wide; fields of a byte may also be accessed as bytes and halfwords.
 * What a Non-secure access sees of other groups follows IHI 0069H, 4.6.4 and GICD_NSACR.
 */
#include "base/log.h"

#include "gic/gic_internal.h"

/* One 32-bit word of a register group: the interrupts [first, first + 32/bits) of a bank. */
struct word {
    const struct irqregs_port *port;
    struct gic_pe *p;
    struct irq_bank *b;
    unsigned bank, first;
};

enum { V2 = 1, V3 = 2, ESPI = 4 };

struct row {
    const char *name;
    uint16_t base;
    uint16_t n_irqs;
    uint8_t bits; /* per interrupt */
    uint8_t versions;
    uint32_t (*get)(const struct word *w);
    /* mask: the bytes written */
    void (*set)(const struct word *w, uint32_t v, uint32_t mask);
};

uint32_t irqregs_visible(const struct irq_bank *b, bool ns, unsigned nsacr_level)
{
    if (!ns) {
        return UINT32_MAX;
    }
    uint32_t m = b->group;
    for (unsigned n = 0; n < 32 && nsacr_level != NSACR_NONE; n++) {
        if (extract32(b->nsacr[n / 16], 2 * (n % 16), 2) >= nsacr_level) {
            m |= UINT32_C(1) << n;
        }
    }
    return m;
}

static uint32_t visible(const struct word *w, unsigned nsacr_level)
{
    return irqregs_visible(w->b, w->port->ns, nsacr_level);
}

/* GICv2: SGIs are always enabled, and their pending state is per source (GICD_SPENDSGIR). */
static uint32_t v2_sgis(const struct word *w)
{
    return gic_is_v2(w->p->g) && w->bank == 0 ? 0xffff : 0;
}

static void changed(const struct word *w)
{
    pending_bank_changed(w->p, w->bank);
}

static uint32_t get_group(const struct word *w)
{
    return w->port->ns ? 0 : w->b->group;
}

static void set_group(const struct word *w, uint32_t v, uint32_t mask)
{
    if (w->port->ns) {
        return;
    }
    w->b->group = v;
    if (!gic_bank_is_private(w->bank) && w->p->g->cfg.one_of_n) {
        for (unsigned n = 0; n < 32; n++) {
            pending_route_spi(w->p->g, 32 * (w->bank - 1) + n);
        }
    }
    changed(w);
}

static uint32_t get_grpmod(const struct word *w)
{
    return w->port->ns || w->p->g->ds ? 0 : w->b->grpmod;
}

static void set_grpmod(const struct word *w, uint32_t v, uint32_t mask)
{
    if (!w->port->ns && !w->p->g->ds) {
        w->b->grpmod = v;
        changed(w);
    }
}

static uint32_t get_enable(const struct word *w)
{
    return w->b->enable & visible(w, NSACR_NONE);
}

static void set_enable(const struct word *w, uint32_t v, uint32_t mask)
{
    w->b->enable |= v & visible(w, NSACR_NONE);
    changed(w);
}

static void clear_enable(const struct word *w, uint32_t v, uint32_t mask)
{
    w->b->enable &= ~(v & visible(w, NSACR_NONE) & ~v2_sgis(w));
    changed(w);
}

static uint32_t get_pending(const struct word *w)
{
    return pending_bits(w->b) & visible(w, NSACR_SET);
}

static uint32_t get_pending_clr(const struct word *w)
{
    return pending_bits(w->b) & visible(w, NSACR_CLEAR);
}

static void set_pending(const struct word *w, uint32_t v, uint32_t mask)
{
    w->b->latch |= v & visible(w, NSACR_SET) & ~v2_sgis(w);
    changed(w);
}

static void clear_pending(const struct word *w, uint32_t v, uint32_t mask)
{
    w->b->latch &= ~(v & visible(w, NSACR_CLEAR) & ~v2_sgis(w));
    changed(w);
}

static uint32_t get_active(const struct word *w)
{
    return w->b->active & visible(w, NSACR_CLEAR);
}

static void set_active(const struct word *w, uint32_t v, uint32_t mask)
{
    uint32_t never = w->bank == 0 && gic_lacks_active(w->p->g, 0) ? (1U << GIC_N_SGI) - 1 : 0;
    w->b->active |= v & visible(w, NSACR_NONE) & ~never;
    changed(w);
}

static void clear_active(const struct word *w, uint32_t v, uint32_t mask)
{
    w->b->active &= ~(v & visible(w, NSACR_NONE));
    changed(w);
}

static uint32_t get_priority(const struct word *w)
{
    uint32_t seen = visible(w, NSACR_NONE);
    uint32_t v = 0;
    for (unsigned i = 0; i < 4; i++) {
        uint8_t prio = w->b->prio[w->first + i];
        if (w->port->ns) {
            prio = bit(seen, w->first + i) ? prio_ns_view(prio) : 0;
        }
        v |= (uint32_t)prio << (8 * i);
    }
    return v;
}

static void set_priority(const struct word *w, uint32_t v, uint32_t mask)
{
    uint32_t seen = visible(w, NSACR_NONE);
    for (unsigned i = 0; i < 4; i++) {
        unsigned n = w->first + i;
        if (!bit(mask, 8 * i) || !bit(seen, n)) {
            continue;
        }
        uint8_t prio = (uint8_t)(v >> (8 * i));
        if (w->port->ns) {
            prio = prio_from_ns(prio);
        }
        w->b->prio[n] = prio & w->p->g->prio_mask;
    }
    changed(w);
}

/* GICD_ITARGETSR: private interrupts read as their own PE; a single PE: RAZ/WI (IHI 0048B). */
static uint32_t get_targets(const struct word *w)
{
    const struct gic *g = w->p->g;
    uint32_t seen = visible(w, NSACR_TARGET);
    uint32_t v = 0;
    for (unsigned i = 0; i < 4 && g->cfg.n_pe > 1; i++) {
        unsigned n = w->first + i;
        uint8_t t = w->bank == 0 ? (uint8_t)(1U << w->p->n) : g->target[32 * (w->bank - 1) + n];
        v |= bit(seen, n) ? (uint32_t)t << (8 * i) : 0;
    }
    return v;
}

static void set_targets(const struct word *w, uint32_t v, uint32_t mask)
{
    struct gic *g = w->p->g;
    uint32_t seen = visible(w, NSACR_TARGET);
    if (w->bank == 0 || g->cfg.n_pe == 1) {
        return;
    }
    for (unsigned i = 0; i < 4; i++) {
        unsigned n = w->first + i;
        if (bit(mask, 8 * i) && bit(seen, n)) {
            unsigned spi = 32 * (w->bank - 1) + n;
            g->target[spi] = (uint8_t)((v >> (8 * i)) & ((1U << g->cfg.n_pe) - 1));
            pending_route_spi(g, spi);
        }
    }
    changed(w);
}

/* Two bits each; the upper one says edge-triggered. SGIs read as edge-triggered. */
static uint32_t get_config(const struct word *w)
{
    uint32_t edge = w->b->edge & visible(w, NSACR_NONE);
    uint32_t v = 0;
    for (unsigned i = 0; i < 16; i++) {
        v |= (uint32_t)bit(edge, w->first + i) << (2 * i + 1);
    }
    return v;
}

static void set_config(const struct word *w, uint32_t v, uint32_t mask)
{
    uint32_t seen = visible(w, NSACR_NONE);
    if (w->bank == 0 && w->first == 0) {
        return;
    }
    for (unsigned i = 0; i < 16; i++) {
        uint32_t m = UINT32_C(1) << (w->first + i);
        if (seen & m) {
            w->b->edge = bit(v, 2 * i + 1) ? w->b->edge | m : w->b->edge & ~m;
        }
    }
    changed(w);
}

/* Without FEAT_GICv3_NMI: RAZ/WI. Group 0: RES0 (pending_nmis). */
static uint32_t get_nmi(const struct word *w)
{
    return pending_nmis(w->p->g, w->b) & visible(w, NSACR_NONE);
}

static void set_nmi(const struct word *w, uint32_t v, uint32_t mask)
{
    uint32_t seen = w->p->g->cfg.nmi ? visible(w, NSACR_NONE) : 0;
    w->b->nmi = (w->b->nmi & ~seen) | (v & seen);
    changed(w);
}

/* Secure accesses with two Security states only; private: SGIs only. */
static bool nsacr_exists(const struct word *w)
{
    const struct gic *g = w->p->g;
    bool exists = w->bank == 0 ? w->first == 0 : w->bank < GIC_BANK_EPPI;
    return g->cfg.security && !g->ds && !w->port->ns && exists;
}

static uint32_t get_nsacr(const struct word *w)
{
    return nsacr_exists(w) ? w->b->nsacr[w->first / 16] : 0;
}

static void set_nsacr(const struct word *w, uint32_t v, uint32_t mask)
{
    if (nsacr_exists(w)) {
        w->b->nsacr[w->first / 16] = v;
    }
}

/* GICv2: which PEs have the SGI pending here; one byte each. */
static uint32_t sources(const struct word *w, uint32_t seen)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < 4; i++) {
        unsigned n = w->first + i;
        v |= bit(seen, n) ? (uint32_t)w->p->sgi_source[n] << (8 * i) : 0;
    }
    return v;
}

static uint32_t get_sources(const struct word *w)
{
    return sources(w, visible(w, NSACR_SET));
}

static uint32_t get_sources_clr(const struct word *w)
{
    return sources(w, visible(w, NSACR_CLEAR));
}

static void write_sources(const struct word *w, uint32_t v, uint32_t seen, bool set)
{
    uint8_t all_pes = (uint8_t)((1U << w->p->g->cfg.n_pe) - 1);
    for (unsigned i = 0; i < 4; i++) {
        unsigned n = w->first + i;
        uint8_t from = bit(seen, n) ? (uint8_t)(v >> (8 * i)) & all_pes : 0;
        uint8_t *s = &w->p->sgi_source[n];
        *s = set ? *s | from : *s & (uint8_t)~from;
        w->b->latch = (uint32_t)deposit64(w->b->latch, n, 1, *s != 0);
    }
    changed(w);
}

static void set_sources(const struct word *w, uint32_t v, uint32_t mask)
{
    write_sources(w, v, visible(w, NSACR_SET), true);
}

static void clear_sources(const struct word *w, uint32_t v, uint32_t mask)
{
    write_sources(w, v, visible(w, NSACR_CLEAR), false);
}

/* clang-format off */
static const struct row rows[] = {
    {"IGROUPR",    0x080, 1024, 1, V2 | V3, get_group,       set_group},
    {"ISENABLER",  0x100, 1024, 1, V2 | V3, get_enable,      set_enable},
    {"ICENABLER",  0x180, 1024, 1, V2 | V3, get_enable,      clear_enable},
    {"ISPENDR",    0x200, 1024, 1, V2 | V3, get_pending,     set_pending},
    {"ICPENDR",    0x280, 1024, 1, V2 | V3, get_pending_clr, clear_pending},
    {"ISACTIVER",  0x300, 1024, 1, V2 | V3, get_active,      set_active},
    {"ICACTIVER",  0x380, 1024, 1, V2 | V3, get_active,      clear_active},
    {"IPRIORITYR", 0x400, 1024, 8, V2 | V3, get_priority,    set_priority},
    {"ITARGETSR",  0x800, 1024, 8, V2,      get_targets,     set_targets},
    {"ICFGR",      0xc00, 1024, 2, V2 | V3, get_config,      set_config},
    {"IGRPMODR",   0xd00, 1024, 1, V3,      get_grpmod,      set_grpmod},
    {"NSACR",      0xe00, 1024, 2, V2 | V3, get_nsacr,       set_nsacr},
    {"INMIR",      0xf80, 1024, 1, V3,      get_nmi,         set_nmi},
    {"CPENDSGIR",  0xf10, 16,   8, V2,      get_sources_clr, clear_sources},
    {"SPENDSGIR",  0xf20, 16,   8, V2,      get_sources,     set_sources},
    {"IGROUPRE",    0x1000, 1024, 1, ESPI, get_group,       set_group},
    {"ISENABLERE",  0x1200, 1024, 1, ESPI, get_enable,      set_enable},
    {"ICENABLERE",  0x1400, 1024, 1, ESPI, get_enable,      clear_enable},
    {"ISPENDRE",    0x1600, 1024, 1, ESPI, get_pending,     set_pending},
    {"ICPENDRE",    0x1800, 1024, 1, ESPI, get_pending_clr, clear_pending},
    {"ISACTIVERE",  0x1a00, 1024, 1, ESPI, get_active,      set_active},
    {"ICACTIVERE",  0x1c00, 1024, 1, ESPI, get_active,      clear_active},
    {"IPRIORITYRE", 0x2000, 1024, 8, ESPI, get_priority,    set_priority},
    {"ICFGRE",      0x3000, 1024, 2, ESPI, get_config,      set_config},
    {"IGRPMODRE",   0x3400, 1024, 1, ESPI, get_grpmod,      set_grpmod},
    {"NSACRE",      0x3600, 1024, 2, ESPI, get_nsacr,       set_nsacr},
    {"INMIRE",      0x3b00, 1024, 1, ESPI, get_nmi,         set_nmi},
};
/* clang-format on */

static const struct row *find_row(const struct irqregs_port *port, uint64_t offset)
{
    const struct gic *g = port->p->g;
    unsigned version = gic_is_v2(g) ? V2 : port->shared && g->cfg.n_espi != 0 ? V3 | ESPI : V3;
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        if ((rows[i].versions & version) && offset >= rows[i].base &&
            offset < rows[i].base + rows[i].n_irqs * rows[i].bits / 8U) {
            return &rows[i];
        }
    }
    return NULL;
}

static void access_word(const struct row *r, const struct word *w, struct bus_txn *t)
{
    unsigned lane = 8 * (t->pa.v & 3);
    uint32_t mask = (uint32_t)(mask64(0, 8U * t->size) << lane);
    if (t->write) {
        r->set(w, (uint32_t)(t->data << lane) & mask, mask);
    } else {
        t->data = (r->get(w) & mask) >> lane;
    }
}

/* Of the n-th interrupt of a row. */
static unsigned bank_of(const struct irqregs_port *port, const struct row *r, unsigned n)
{
    if (r->versions & ESPI) {
        return GIC_BANK_ESPI + n / 32;
    }
    return port->shared || n < 32 ? n / 32 : GIC_BANK_EPPI + n / 32 - 1;
}

bool irqregs_access(const struct irqregs_port *port, struct bus_txn *t)
{
    struct gic *g = port->p->g;
    const struct row *r = find_row(port, t->pa.v);
    if (r == NULL) {
        return false;
    }
    bool width_ok = r->bits == 8 ? t->size <= 4 : t->size == 4;
    if (!width_ok || (t->pa.v & (t->size - 1U)) != 0) {
        log_guest(g->dev.id, "%s: %u-byte access at 0x%llx", r->name, t->size,
                  (unsigned long long)t->pa.v);
        t->data = 0;
        return true;
    }
    unsigned first = (unsigned)((t->pa.v & ~UINT64_C(3)) - r->base) * 8 / r->bits;
    unsigned bank = bank_of(port, r, first);
    bool shown = gic_bank_is_private(bank) ? port->priv : port->shared;
    if (!shown || !gic_has_bank(g, bank)) {
        t->data = 0; /* RAZ/WI */
        return true;
    }
    struct word w = {
        .port = port,
        .p = port->p,
        .b = gic_bank_at(port->p, bank),
        .bank = bank,
        .first = first % 32,
    };
    access_word(r, &w, t);
    return true;
}
