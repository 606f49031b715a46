/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locality-specific peripheral interrupts of a redistributor. Arm IHI 0069H, 5.1 "LPIs" and 5.1.1
 * "LPI Configuration tables", 5.1.2 "LPI Pending tables".
 *
 * Configuration (priority, enable) is one byte an LPI in memory, read when an LPI becomes pending,
 * when software invalidates it, and when the best pending LPI goes away; the best one is cached.
 * Which LPIs are pending is held here while LPIs are enabled, as the architecture allows: the
 * table in memory is read when they are enabled and written when they are disabled. Tables that
 * are not in RAM read as zeros.
 */
#include <string.h>

#include "base/log.h"

#include "gic/gic_internal.h"

#define CFG_PRIO 0xfcU

/* GICR_PROPBASER, GICR_PENDBASER */
#define BASER_CACHE   (UINT64_C(7) << 56 | UINT64_C(3) << 10 | UINT64_C(7) << 7)
#define PROPBASER_PA  mask64(12, 40)
#define PENDBASER_PA  mask64(16, 36)
#define PENDBASER_PTZ BIT(62)
#define IDBITS_MASK   0x1fU

static const struct prio_pick no_lpi = {.intid = PRIO_NONE, .prio = PRIO_IDLE};

/* INTIDs below this are LPIs of this redistributor, from GIC_FIRST_LPI; less than that: none. */
static uint32_t end_of_lpis(const struct gic_lpis *l)
{
    unsigned bits = (unsigned)(l->propbaser & IDBITS_MASK) + 1;
    return UINT32_C(1) << (bits < GIC_INTID_BITS ? bits : GIC_INTID_BITS);
}

static bool usable(const struct gic_lpis *l, uint32_t intid)
{
    return l->enabled && intid >= GIC_FIRST_LPI && intid < end_of_lpis(l);
}

static uint8_t config_of(const struct gic_pe *p, uint32_t intid)
{
    pa_t at = pa((p->lpi->propbaser & PROPBASER_PA) + intid - GIC_FIRST_LPI);
    const uint8_t *byte = gic_ram(p->g, at, 1, false);
    return byte != NULL ? *byte : 0;
}

/* With two Security states an LPI is Non-secure, and so is the priority that its byte gives. */
static struct prio_pick candidate(const struct gic_pe *p, uint32_t intid)
{
    uint8_t cfg = config_of(p, intid);
    uint8_t prio = cfg & CFG_PRIO;
    if (!(cfg & LPI_CFG_ENABLE)) {
        return no_lpi;
    }
    if (!p->g->ds) {
        prio = prio_from_ns(prio);
    }
    return (struct prio_pick){.intid = intid, .prio = prio & p->g->prio_mask};
}

static bool set_best(struct gic_pe *p, struct prio_pick best)
{
    bool changed = best.intid != p->lpi->best.intid || best.prio != p->lpi->best.prio;
    p->lpi->best = best;
    return changed;
}

static void find_best(struct gic_pe *p)
{
    struct gic_lpis *l = p->lpi;
    struct prio_pick best = no_lpi;
    for (unsigned w = GIC_FIRST_LPI / 32; l->n_pending != 0 && w < GIC_LPI_WORDS; w++) {
        for (uint32_t m = l->pending[w]; m != 0; m &= m - 1) {
            struct prio_pick c = candidate(p, 32 * w + (unsigned)__builtin_ctz(m));
            if (prio_before(c, best)) {
                best = c;
            }
        }
    }
    l->stale = false;
    if (set_best(p, best)) {
        pending_lpis_changed(p);
    }
}

/* True: it was not so before. */
static bool mark(struct gic_lpis *l, uint32_t intid, bool pending)
{
    uint32_t m = UINT32_C(1) << (intid % 32);
    uint32_t *w = &l->pending[intid / 32];
    if (((*w & m) != 0) == pending) {
        return false;
    }
    *w ^= m;
    l->n_pending = pending ? l->n_pending + 1 : l->n_pending - 1;
    return true;
}

void lpi_clear(struct gic_pe *p, uint32_t intid)
{
    struct gic_lpis *l = p->lpi;
    if (usable(l, intid) && mark(l, intid, false)) {
        l->stale |= l->best.intid == intid;
    }
}

void lpi_set_pending(struct gic_pe *p, uint32_t intid, bool pending)
{
    struct gic_lpis *l = p->lpi;
    if (!pending) {
        lpi_clear(p, intid);
        if (l->stale) {
            find_best(p);
        }
        return;
    }
    if (!usable(l, intid) || !mark(l, intid, true)) {
        return;
    }
    struct prio_pick c = candidate(p, intid);
    if (prio_before(c, l->best)) {
        set_best(p, c);
        pending_lpis_changed(p);
    }
}

void lpi_move(struct gic_pe *from, struct gic_pe *to, uint32_t intid)
{
    if (from != to && usable(from->lpi, intid) && bit(from->lpi->pending[intid / 32], intid % 32)) {
        lpi_clear(from, intid);
        lpi_set_pending(to, intid, true);
    }
}

void lpi_move_all(struct gic_pe *from, struct gic_pe *to)
{
    struct gic_lpis *l = from->lpi;
    if (from == to || l->n_pending == 0) {
        return;
    }
    for (unsigned w = GIC_FIRST_LPI / 32; w < GIC_LPI_WORDS; w++) {
        for (uint32_t m = l->pending[w]; m != 0; m &= m - 1) {
            uint32_t intid = 32 * w + (unsigned)__builtin_ctz(m);
            if (usable(to->lpi, intid)) {
                mark(to->lpi, intid, true);
            }
        }
        l->pending[w] = 0;
    }
    l->n_pending = 0;
    l->stale = true;
    to->lpi->stale = true;
}

void lpi_config_changed(struct gic_pe *p)
{
    if (p->lpi != NULL) {
        p->lpi->stale = true;
    }
}

void lpi_all_stale(struct gic *g)
{
    for (unsigned n = 0; n < g->cfg.n_pe; n++) {
        lpi_config_changed(&g->pe[n]);
    }
}

void lpi_refresh(struct gic *g)
{
    for (unsigned n = 0; n < g->cfg.n_pe; n++) {
        if (g->pe[n].lpi != NULL && g->pe[n].lpi->stale) {
            find_best(&g->pe[n]);
        }
    }
}

/* ---- the pending table, and switching LPIs on and off ---- */

/* The bytes of the table that word w of the bitmap is; NULL: not in RAM. */
static uint8_t *table_word(const struct gic_pe *p, unsigned w, bool write)
{
    return gic_ram(p->g, pa((p->lpi->pendbaser & PENDBASER_PA) + UINT64_C(4) * w), 4, write);
}

static void read_table(struct gic_pe *p)
{
    struct gic_lpis *l = p->lpi;
    unsigned end = end_of_lpis(l) / 32;
    memset(l->pending, 0, sizeof(l->pending));
    l->n_pending = 0;
    for (unsigned w = GIC_FIRST_LPI / 32; !l->ptz && w < end; w++) {
        const uint8_t *src = table_word(p, w, false);
        if (src != NULL) {
            memcpy(&l->pending[w], src, 4); /* little endian host */
            l->n_pending += (uint32_t)__builtin_popcount(l->pending[w]);
        }
    }
}

static void write_table(struct gic_pe *p)
{
    struct gic_lpis *l = p->lpi;
    unsigned end = end_of_lpis(l) / 32;
    for (unsigned w = GIC_FIRST_LPI / 32; w < end; w++) {
        uint8_t *dst = table_word(p, w, true);
        if (dst != NULL) {
            memcpy(dst, &l->pending[w], 4);
        }
    }
    memset(l->pending, 0, sizeof(l->pending));
    l->n_pending = 0;
}

void lpi_enable(struct gic_pe *p, bool on)
{
    struct gic_lpis *l = p->lpi;
    if (l == NULL || l->enabled == on) {
        return;
    }
    if (on) {
        l->enabled = true;
        read_table(p);
    } else {
        write_table(p);
        l->enabled = false;
        l->ptz = false; /* what is pending is in the table now */
    }
    find_best(p);
}

void lpi_reset(struct gic_pe *p)
{
    if (p->lpi != NULL) {
        *p->lpi = (struct gic_lpis){.best = no_lpi};
    }
}

bool lpi_post_load(struct gic_pe *p)
{
    struct gic_lpis *l = p->lpi;
    l->n_pending = 0;
    for (unsigned w = 0; w < GIC_LPI_WORDS; w++) {
        l->n_pending += (uint32_t)__builtin_popcount(l->pending[w]);
        if (l->pending[w] != 0 && !usable(l, 32 * w)) {
            return false;
        }
    }
    uint32_t best = l->best.intid;
    return best == PRIO_NONE || (usable(l, best) && bit(l->pending[best / 32], best % 32));
}

/* ---- GICR_PROPBASER, GICR_PENDBASER ---- */

/* While LPIs are enabled a write is UNPREDICTABLE: ignored. */
static bool may_move_tables(const struct gic_pe *p)
{
    if (p->lpi->enabled) {
        log_guest(p->g->dev.id, "LPI table moved while GICR_CTLR.EnableLPIs is 1");
    }
    return !p->lpi->enabled;
}

uint64_t lpi_read_propbaser(const struct gic_pe *p)
{
    return p->lpi->propbaser;
}

void lpi_write_propbaser(struct gic_pe *p, uint64_t v, const struct bus_txn *t)
{
    if (may_move_tables(p)) {
        p->lpi->propbaser =
            gic_merged(t, p->lpi->propbaser, v) & (BASER_CACHE | PROPBASER_PA | IDBITS_MASK);
    }
}

/* PTZ is write-only. */
uint64_t lpi_read_pendbaser(const struct gic_pe *p)
{
    return p->lpi->pendbaser;
}

void lpi_write_pendbaser(struct gic_pe *p, uint64_t v, const struct bus_txn *t)
{
    if (may_move_tables(p)) {
        uint64_t old = p->lpi->pendbaser | (p->lpi->ptz ? PENDBASER_PTZ : 0);
        uint64_t now = gic_merged(t, old, v);
        p->lpi->pendbaser = now & (BASER_CACHE | PENDBASER_PA);
        p->lpi->ptz = (now & PENDBASER_PTZ) != 0;
    }
}
