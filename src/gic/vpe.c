/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual LPIs and virtual SGIs: what is pending for a vPE, the best one of the vPE that a
 * redistributor has scheduled, doorbells of the others. Arm IHI 0069H, 5.1.3 "Virtual LPI
 * Configuration tables and virtual LPI Pending tables", 5.4 to 5.6, 12.11 GICR_VPENDBASER.
 *
 * The first KiB of a virtual pending table, whose INTIDs are no LPIs, is IMPLEMENTATION DEFINED:
 *
 *   byte 0   bit n: virtual SGI n is pending
 *   byte 16  16 bytes: configuration of each virtual SGI, in the form of an LPI's
 *   byte 32  [0] the vPE has been descheduled with a doorbell wanted, [2:1] for which groups
 *
 * Tables that are not in RAM read as zeros.
 */
#include <string.h>

#include "base/log.h"

#include "gic/vpe_internal.h"

#define VPT_SGI_CONFIG 16U
#define VPT_WANTED     32U

enum { WANTED = 1 << 0, WANTED_GROUPS_LO = 1 };
enum { GROUP_0 = 1 << 0, GROUP_1 = 1 << 1, GROUP_ALL = 3 };

/* ---- the vPE table ---- */

#define ENTRY_VALID BIT(0)

/* [0] valid, [5:1] VPT_size, [15:6] RDbase, [51:16] VPT_addr | [15:0] doorbell, [51:16] VCONF_addr
 */
void vpe_pack(const struct vpe *v, uint64_t out[VPE_MAX_WORDS])
{
    out[0] = ENTRY_VALID | (uint64_t)(v->id_bits - 1) << 1 | (uint64_t)v->pe << 6 | v->vpt;
    out[1] = v->doorbell | v->config;
}

struct vpe vpe_unpack(const struct gic *g, uint16_t id, const uint64_t w[VPE_MAX_WORDS])
{
    unsigned bits = (unsigned)extract64(w[0], 1, 5) + 1;
    struct vpe v = {
        .id = id,
        .pe = (uint16_t)extract64(w[0], 6, 10),
        .doorbell = gic_is_v4p1(g) ? (uint16_t)w[1] : INTID_SPURIOUS,
        .id_bits = (uint8_t)(bits < GIC_INTID_BITS ? bits : GIC_INTID_BITS),
        .vpt = w[0] & VPENDBASER_PA,
        .config = w[1] & VPENDBASER_PA,
    };
    v.valid = (w[0] & ENTRY_VALID) != 0 && v.pe < g->cfg.n_pe;
    return v;
}

bool vpe_of_redist(const struct gic_pe *p, uint16_t id, struct vpe *out)
{
    uint64_t r = p->vlpi->vpropbaser;
    uint64_t words[VPE_MAX_WORDS];
    pa_t at;
    struct gic_table t = {
        .valid = (r & VBASER_VALID) != 0,
        .indirect = bit(r, 55),
        .page = gic_table_page((unsigned)extract64(r, 53, 2)),
        .n_pages = (uint32_t)extract64(r, 0, 7) + 1,
        .entry = 8 * vpe_entry_words(p->g),
    };
    t.base = r & VPROPBASER_PA & ~(uint64_t)(t.page - 1);
    if (gic_table_locate(p->g, &t, id, &at) != ITS_DONE ||
        gic_table_load(p->g, at, words, VPE_MAX_WORDS) != ITS_DONE) {
        return false;
    }
    *out = vpe_unpack(p->g, id, words);
    return out->valid;
}

/* ---- who is scheduled ---- */

static bool is_scheduled(const struct gic *g, const struct vpe *v)
{
    uint64_t r = g->pe[v->pe].vlpi->vpendbaser;
    if (!(r & VBASER_VALID)) {
        return false;
    }
    return gic_is_v4p1(g) ? (uint16_t)r == v->id : (r & VPENDBASER_PA) == v->vpt;
}

/* GICv4.0: the registers say everything. */
static bool scheduled_vpe(const struct gic_pe *p, struct vpe *out)
{
    const struct gic_vlpis *s = p->vlpi;
    if (!(s->vpendbaser & VBASER_VALID)) {
        return false;
    }
    if (gic_is_v4p1(p->g)) {
        return vpe_of_redist(p, (uint16_t)s->vpendbaser, out);
    }
    unsigned bits = (unsigned)extract64(s->vpropbaser, 0, 5) + 1;
    *out = (struct vpe){
        .valid = true,
        .pe = (uint16_t)p->n,
        .id_bits = (uint8_t)(bits < GIC_INTID_BITS ? bits : GIC_INTID_BITS),
        .vpt = s->vpendbaser & VPENDBASER_PA,
        .config = s->vpropbaser & VPROPBASER_PA,
    };
    return true;
}

/* Groups whose interrupts the redistributor forwards. */
static uint8_t forwarded(const struct gic_pe *p)
{
    uint64_t r = p->vlpi->vpendbaser;
    if (!gic_is_v4p1(p->g)) {
        return GROUP_ALL;
    }
    return (uint8_t)((r & VPEND_GRP0_EN ? GROUP_0 : 0) | (r & VPEND_GRP1_EN ? GROUP_1 : 0));
}

/* ---- what is pending ---- */

static bool has_intid(const struct gic *g, const struct vpe *v, uint32_t intid)
{
    return intid < UINT32_C(1) << v->id_bits &&
           (gic_is_lpi(intid) || (gic_is_v4p1(g) && intid < GIC_N_SGI));
}

static uint8_t *vpt_byte(const struct gic *g, const struct vpe *v, uint32_t at, bool write)
{
    return gic_ram(g, pa(v->vpt + at), 1, write);
}

static uint8_t config_of(const struct gic *g, const struct vpe *v, uint32_t intid)
{
    const uint8_t *byte = intid < GIC_N_SGI
                              ? vpt_byte(g, v, VPT_SGI_CONFIG + intid, false)
                              : gic_ram(g, pa(v->config + intid - GIC_FIRST_LPI), 1, false);
    return byte != NULL ? *byte : 0;
}

/* As a list register; 0: it is not enabled, or of no group of those. Virtual LPIs are in Group 1.
 */
static uint64_t candidate(const struct gic *g, const struct vpe *v, uint32_t intid, uint8_t groups)
{
    uint8_t cfg = config_of(g, v, intid);
    bool group1 = gic_is_lpi(intid) || (cfg & LPI_CFG_GROUP1) != 0;
    if (!(cfg & LPI_CFG_ENABLE) || !(groups & (group1 ? GROUP_1 : GROUP_0))) {
        return 0;
    }
    return LR_PENDING | (uint64_t)group1 << 60 |
           (uint64_t)(cfg & prio_implemented_mask(GIC_V_PRIO_BITS)) << 48 | intid;
}

static uint64_t better(uint64_t a, uint64_t b)
{
    struct prio_pick pa = {.intid = lr_vintid(a), .prio = lr_prio(a)};
    struct prio_pick pb = {.intid = lr_vintid(b), .prio = lr_prio(b)};
    return b == 0 || (a != 0 && prio_before(pa, pb)) ? a : b;
}

/* The best of the 64 from INTID first that are pending in w. */
static uint64_t best_in(const struct gic *g, const struct vpe *v, uint64_t w, uint32_t first,
                        uint8_t groups)
{
    uint64_t best = 0;
    for (; w != 0; w &= w - 1) {
        best = better(candidate(g, v, first + (uint32_t)__builtin_ctzll(w), groups), best);
    }
    return best;
}

/* little endian host */
static uint64_t pending_in(const uint8_t *vpt, size_t word)
{
    uint64_t w;
    memcpy(&w, vpt + 8 * word, sizeof(w));
    return w;
}

/* Bit n: there is nothing in word first + n. */
static uint64_t empty_words(const uint8_t *vpt, size_t first)
{
    uint64_t empty = 0;
    for (unsigned n = 0; n < 64; n++) {
        empty |= (uint64_t)(pending_in(vpt, first + n) == 0) << n;
    }
    return empty;
}

/* Looks only where empty (struct gic_vlpis) has no bit, and leaves one where there is nothing. */
static uint64_t find_best(const struct gic *g, const struct vpe *v, uint8_t groups, uint64_t *empty)
{
    size_t n_words = (size_t)1 << v->id_bits >> 6;
    const uint8_t *vpt = n_words > 1 ? gic_ram(g, pa(v->vpt), 8 * n_words, false) : NULL;
    if (vpt == NULL) {
        return 0;
    }
    uint64_t best = best_in(g, v, vpe_pending_sgis(g, v), 0, groups);
    for (size_t first = GIC_FIRST_LPI / 64; first < n_words; first += 64) {
        uint64_t *e = &empty[first / 64];
        *e = *e == 0 ? empty_words(vpt, first) : *e;
        for (uint64_t left = ~*e; left != 0; left &= left - 1) {
            size_t n = first + (size_t)__builtin_ctzll(left);
            uint64_t w = pending_in(vpt, n);
            *e |= w == 0 ? left & -left : 0;
            best = better(best_in(g, v, w, (uint32_t)(64 * n), groups), best);
        }
    }
    return best;
}

static void rescan(struct gic_pe *p)
{
    struct gic_vlpis *s = p->vlpi;
    struct vpe v;
    s->direct = scheduled_vpe(p, &v) ? find_best(p->g, &v, forwarded(p), s->empty) : 0;
    vcpuif_update(p);
}

static void forget_empty(struct gic_pe *p)
{
    memset(p->vlpi->empty, 0, sizeof(p->vlpi->empty));
}

/* Of a vPE that is not scheduled. */
static bool has_pending(const struct gic *g, const struct vpe *v, uint8_t groups)
{
    uint64_t empty[ARRAY_LEN(((struct gic_vlpis *)0)->empty)] = {0};
    return groups != 0 && find_best(g, v, groups, empty) != 0;
}

/* True: it was not so before. */
static bool mark(const struct gic *g, const struct vpe *v, uint32_t intid, bool pending)
{
    uint8_t *byte = vpt_byte(g, v, intid / 8, true);
    uint8_t m = (uint8_t)(1U << intid % 8);
    if (byte == NULL || ((*byte & m) != 0) == pending) {
        return false;
    }
    *byte ^= m;
    return true;
}

bool vpe_is_pending(const struct gic *g, const struct vpe *v, uint32_t intid)
{
    const uint8_t *byte = vpt_byte(g, v, intid / 8, false);
    return has_intid(g, v, intid) && byte != NULL && bit(*byte, intid % 8);
}

/* ---- doorbells ---- */

static uint8_t doorbell_wanted(const struct gic *g, const struct vpe *v)
{
    const uint8_t *flags = gic_is_v4p1(g) ? vpt_byte(g, v, VPT_WANTED, false) : NULL;
    return flags != NULL && (*flags & WANTED) ? (*flags >> WANTED_GROUPS_LO) & GROUP_ALL : 0;
}

static void want_doorbell(const struct gic *g, const struct vpe *v, uint8_t groups)
{
    uint8_t *flags = vpt_byte(g, v, VPT_WANTED, true);
    if (flags != NULL) {
        *flags = groups != 0 ? (uint8_t)(WANTED | groups << WANTED_GROUPS_LO) : 0;
    }
}

/* The default doorbell rings once after the vPE has been descheduled. */
static void ring_default(struct gic *g, const struct vpe *v)
{
    want_doorbell(g, v, 0);
    lpi_set_pending(&g->pe[v->pe], v->doorbell, true);
}

/* ---- changes ---- */

/* One interrupt of p's vPE, where the registers say what the tables of GICv4.0 do not. */
static void scheduled_changed(struct gic_pe *p, uint32_t intid, bool pending)
{
    uint64_t *direct = &p->vlpi->direct;
    struct vpe v;
    if (!pending) {
        if (*direct != 0 && lr_vintid(*direct) == intid) {
            rescan(p);
        }
    } else if (scheduled_vpe(p, &v) && has_intid(p->g, &v, intid)) {
        p->vlpi->empty[intid / 4096] &= ~BIT(intid / 64 % 64);
        *direct = better(candidate(p->g, &v, intid, forwarded(p)), *direct);
        vcpuif_update(p);
    }
}

void vpe_set_pending(struct gic *g, const struct vpe *v, uint32_t intid, bool pending,
                     uint16_t doorbell)
{
    struct gic_pe *p = &g->pe[v->pe];
    if (!has_intid(g, v, intid)) {
        return;
    }
    bool changed = mark(g, v, intid, pending);
    log_trace(LOG_IRQ, g->dev.id, "vPE 0x%x: INTID %u %s%s", v->id, intid,
              pending ? "pending" : "not pending", is_scheduled(g, v) ? ", scheduled" : "");
    if (is_scheduled(g, v)) {
        if (changed) {
            scheduled_changed(p, intid, pending);
        }
    } else if (pending && candidate(g, v, intid, doorbell_wanted(g, v)) != 0) {
        ring_default(g, v);
    } else if (pending && gic_is_lpi(doorbell)) {
        lpi_set_pending(p, doorbell, true);
    }
}

void vpe_config_changed(struct gic *g, const struct vpe *v)
{
    if (is_scheduled(g, v)) {
        rescan(&g->pe[v->pe]);
    } else if (has_pending(g, v, doorbell_wanted(g, v))) {
        ring_default(g, v);
    }
}

void vpe_configure_sgi(struct gic *g, const struct vpe *v, unsigned intid, uint8_t config)
{
    uint8_t *byte = vpt_byte(g, v, VPT_SGI_CONFIG + intid, true);
    if (byte != NULL) {
        *byte = config;
        vpe_config_changed(g, v);
    }
}

uint16_t vpe_pending_sgis(const struct gic *g, const struct vpe *v)
{
    const uint8_t *vpt = gic_is_v4p1(g) ? gic_ram(g, pa(v->vpt), 2, false) : NULL;
    return vpt != NULL ? (uint16_t)(vpt[0] | vpt[1] << 8) : 0;
}

void vpe_acknowledge(struct gic_pe *p)
{
    struct vpe v;
    if (scheduled_vpe(p, &v)) {
        mark(p->g, &v, lr_vintid(p->vlpi->direct), false);
    }
    rescan(p);
}

/* ---- GICR_VPENDBASER ---- */

/* GICv4.1: a vPE that runs needs no doorbell, nor one that has rung. */
void vpe_enter(struct gic_pe *p)
{
    struct vpe v;
    if (gic_is_v4p1(p->g) && scheduled_vpe(p, &v)) {
        want_doorbell(p->g, &v, 0);
        lpi_set_pending(p, v.doorbell, false);
    }
    forget_empty(p);
    rescan(p);
}

/* PendingLast = 1 in what is written asks for no answer and no doorbell. */
uint64_t vpe_leave(struct gic_pe *p, uint64_t written)
{
    bool pending = p->vlpi->direct != 0;
    struct vpe v;
    if (gic_is_v4p1(p->g)) {
        pending |= (written & VPEND_LAST) != 0;
        written &= pending ? ~VPEND_DOORBELL : UINT64_MAX;
        if ((written & VPEND_DOORBELL) != 0 && scheduled_vpe(p, &v)) {
            want_doorbell(p->g, &v, forwarded(p));
        }
    }
    p->vlpi->direct = 0;
    forget_empty(p);
    vcpuif_update(p);
    return pending ? written | VPEND_LAST : written & ~VPEND_LAST;
}
