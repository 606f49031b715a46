/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv2 CPU interface. Arm IHI 0048B, 4.4 "CPU interface register descriptions".
 *
 * With the Security Extensions a Non-secure access sees Group 1 alone, with shifted priorities;
 * without them every access has the full view. UNPREDICTABLE: an EOIR write for a Group 1 interrupt
 * with AckCtl = 0 is treated as if AckCtl were 1. Interrupt bypass has no effect.
 */
#include "base/log.h"

#include "gic/gic_internal.h"

enum {
    CTLR_GRP0 = 1 << 0,
    CTLR_GRP1 = 1 << 1,
    CTLR_ACKCTL = 1 << 2,
    CTLR_FIQEN = 1 << 3,
    CTLR_CBPR = 1 << 4,
    CTLR_EOIMODE_S = 1 << 9,
    CTLR_EOIMODE_NS = 1 << 10
};
#define CTLR_BYPASS    0x1e0U
#define CTLR_BYPASS_G1 0x180U
/* Non-secure view: Group 1's bypass bits in [6:5], EOImodeNS in bit 9 */
#define CTLR_NS_BYPASS  0x60U
#define CTLR_NS_EOIMODE CTLR_EOIMODE_S

#define GICC_IIDR 0x0002043bU /* GICv2, implementer Arm */

/* ABPR, AIAR, AEOIR, AHPPIR, NSAPR: Group 1's registers for software that sees both groups. */
static bool is_alias(const struct reg_desc *r)
{
    return (r->offset >= 0x1c && r->offset <= 0x28) || r->offset == 0xe0;
}

struct view {
    struct gic_pe *p;
    bool ns; /* restricted to Group 1 */
};

static struct view view_of(struct device *d, const struct bus_txn *t)
{
    struct gic *g = (struct gic *)d;
    return (struct view){gic_txn_pe(g, t), gic_txn_restricted(g, t)};
}

static uint64_t read_ctlr(struct device *d, const struct reg_desc *r, unsigned idx,
                          const struct bus_txn *t)
{
    struct view w = view_of(d, t);
    const struct gic_cpuif *c = &w.p->cpu;
    bool grp1 = c->grp_en & GRP_BIT(GRP_1NS);
    if (w.ns) {
        return grp1 | (c->bypass & CTLR_BYPASS_G1) >> 2 |
               (c->eoi_split[GRP_1NS] ? CTLR_NS_EOIMODE : 0);
    }
    return (c->grp_en & GRP_BIT(GRP_0) ? CTLR_GRP0 : 0) | (grp1 ? CTLR_GRP1 : 0) |
           (c->ack_ctl ? CTLR_ACKCTL : 0) | (c->fiq_en ? CTLR_FIQEN : 0) |
           (c->cbpr[GRP_1NS] ? CTLR_CBPR : 0) | c->bypass |
           (c->eoi_split[GRP_1S] ? CTLR_EOIMODE_S : 0) |
           (c->eoi_split[GRP_1NS] && w.p->g->cfg.security ? CTLR_EOIMODE_NS : 0);
}

static void write_ctlr_ns(struct gic_cpuif *c, uint32_t v)
{
    c->grp_en = (uint8_t)((c->grp_en & GRP_BIT(GRP_0)) | (v & 1 ? GRP_BIT(GRP_1NS) : 0));
    c->bypass = (uint16_t)((c->bypass & ~CTLR_BYPASS_G1) | (v & CTLR_NS_BYPASS) << 2);
    c->eoi_split[GRP_1NS] = (v & CTLR_NS_EOIMODE) != 0;
}

static void write_ctlr(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                       const struct bus_txn *t)
{
    struct view w = view_of(d, t);
    struct gic_cpuif *c = &w.p->cpu;
    if (w.ns) {
        write_ctlr_ns(c, (uint32_t)v);
    } else {
        bool security = w.p->g->cfg.security;
        c->grp_en = (uint8_t)((v & CTLR_GRP0 ? GRP_BIT(GRP_0) : 0) |
                              (v & CTLR_GRP1 ? GRP_BIT(GRP_1NS) : 0));
        c->ack_ctl = (v & CTLR_ACKCTL) != 0;
        c->fiq_en = (v & CTLR_FIQEN) != 0;
        c->cbpr[GRP_1NS] = (v & CTLR_CBPR) != 0;
        c->bypass = (uint16_t)(v & CTLR_BYPASS);
        c->eoi_split[GRP_1S] = (v & CTLR_EOIMODE_S) != 0;
        c->eoi_split[GRP_1NS] = (v & (security ? CTLR_EOIMODE_NS : CTLR_EOIMODE_S)) != 0;
    }
    pending_pe_changed(w.p);
}

/* ---- priorities ---- */

static uint64_t read_pmr(struct device *d, const struct reg_desc *r, unsigned idx,
                         const struct bus_txn *t)
{
    struct view w = view_of(d, t);
    return w.ns ? prio_ns_view(w.p->cpu.pmr) : w.p->cpu.pmr;
}

static void write_pmr(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                      const struct bus_txn *t)
{
    struct view w = view_of(d, t);
    if (w.ns && !(w.p->cpu.pmr & 0x80)) {
        return; /* a Secure mask is not for Non-secure software to change */
    }
    uint8_t pmr = w.ns ? prio_from_ns((uint8_t)v) : (uint8_t)v;
    w.p->cpu.pmr = pmr & w.p->g->prio_mask;
    cpuif_update(w.p);
}

/* GICC_BPR, and GICC_ABPR: Group 1's binary point for an access with the full view. */
static uint64_t read_bpr(struct device *d, const struct reg_desc *r, unsigned idx,
                         const struct bus_txn *t)
{
    struct view w = view_of(d, t);
    const struct gic_cpuif *c = &w.p->cpu;
    if (is_alias(r)) {
        return w.ns ? 0 : c->bpr[GRP_1NS];
    }
    if (w.ns && c->cbpr[GRP_1NS]) {
        return c->bpr[GRP_0] < 7 ? c->bpr[GRP_0] + 1 : 7;
    }
    return c->bpr[w.ns ? GRP_1NS : GRP_0];
}

static void write_bpr(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                      const struct bus_txn *t)
{
    struct view w = view_of(d, t);
    struct gic_cpuif *c = &w.p->cpu;
    bool alias = is_alias(r);
    if (w.ns && (alias || c->cbpr[GRP_1NS])) {
        return;
    }
    enum gic_grp grp = w.ns || alias ? GRP_1NS : GRP_0;
    uint8_t min = cpuif_min_bpr(w.p->g, grp);
    c->bpr[grp] = (v & 7) < min ? min : (uint8_t)(v & 7);
    cpuif_update(w.p);
}

static uint64_t read_rpr(struct device *d, const struct reg_desc *r, unsigned idx,
                         const struct bus_txn *t)
{
    struct view w = view_of(d, t);
    uint8_t prio = cpuif_running_prio(w.p);
    return w.ns && prio != PRIO_IDLE ? prio_ns_view(prio) : prio;
}

/*
 * Active priorities. Non-secure: Group 1's levels of the lower half (priorities from 0x80), which
 * are all that Non-secure software can have made active, moved down to bit 0.
 */
static uint32_t read_ns_apr(const struct gic_pe *p, unsigned i)
{
    const uint32_t *apr = p->cpu.apr[GRP_1NS];
    unsigned half = 1U << (p->g->n_pre_bits - 1);
    if (half < 32) {
        return i == 0 ? apr[0] >> half : 0;
    }
    return i < half / 32 ? apr[half / 32 + i] : 0;
}

static void write_ns_apr(struct gic_pe *p, unsigned i, uint32_t v)
{
    uint32_t *apr = p->cpu.apr[GRP_1NS];
    unsigned half = 1U << (p->g->n_pre_bits - 1);
    if (half < 32 && i == 0) {
        apr[0] = (uint32_t)deposit64(apr[0], half, half, v);
    } else if (half >= 32 && i < half / 32) {
        apr[half / 32 + i] = v;
    }
}

/* The bits of word i that stand for implemented preemption levels. */
static uint32_t apr_mask(const struct gic *g, unsigned i)
{
    unsigned n_levels = 1U << g->n_pre_bits;
    if (n_levels < 32) {
        return i == 0 ? (uint32_t)mask64(0, n_levels) : 0;
    }
    return i < n_levels / 32 ? UINT32_MAX : 0;
}

static uint64_t read_apr(struct device *d, const struct reg_desc *r, unsigned idx,
                         const struct bus_txn *t)
{
    struct view w = view_of(d, t);
    if (w.ns) {
        return is_alias(r) ? 0 : read_ns_apr(w.p, idx);
    }
    return w.p->cpu.apr[is_alias(r) ? GRP_1NS : GRP_0][idx];
}

static void write_apr(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                      const struct bus_txn *t)
{
    struct view w = view_of(d, t);
    bool alias = is_alias(r);
    if (!w.ns) {
        w.p->cpu.apr[alias ? GRP_1NS : GRP_0][idx] = (uint32_t)v & apr_mask(w.p->g, idx);
    } else if (!alias) {
        write_ns_apr(w.p, idx, (uint32_t)v);
    }
    cpuif_update(w.p);
}

/* ---- acknowledge and end ---- */

/* What a read of (A)IAR or (A)HPPIR may tell of the best pending interrupt. */
static uint32_t answer(struct view w, bool alias)
{
    const struct gic_pe *p = w.p;
    bool group1_only = w.ns || alias;
    if (p->best.intid == PRIO_NONE || (group1_only && p->best_grp == GRP_0) || (w.ns && alias)) {
        return INTID_SPURIOUS;
    }
    if (!group1_only && p->best_grp == GRP_1NS && !p->cpu.ack_ctl) {
        return INTID_V2_GROUP1;
    }
    return p->best.intid;
}

/* An SGI's INTID comes with the PE that sent it: the lowest numbered of those pending. */
static uint32_t with_source(const struct gic_pe *p, uint32_t intid)
{
    if (intid < GIC_N_SGI && p->sgi_source[intid] != 0) {
        intid |= (uint32_t)__builtin_ctz(p->sgi_source[intid]) << 10;
    }
    return intid;
}

static uint64_t read_hppir(struct device *d, const struct reg_desc *r, unsigned idx,
                           const struct bus_txn *t)
{
    struct view w = view_of(d, t);
    return with_source(w.p, answer(w, is_alias(r)));
}

static void acknowledge(struct gic_pe *p)
{
    unsigned intid = p->best.intid;
    cpuif_activate_best(p);
    if (intid < GIC_N_SGI && p->sgi_source[intid] != 0) {
        p->sgi_source[intid] &= p->sgi_source[intid] - 1;
        if (p->sgi_source[intid] != 0) { /* still pending from another PE */
            p->priv.latch |= UINT32_C(1) << intid;
        }
    }
}

static uint64_t read_iar(struct device *d, const struct reg_desc *r, unsigned idx,
                         const struct bus_txn *t)
{
    struct view w = view_of(d, t);
    if (!cpuif_best_is_sufficient(w.p)) {
        return INTID_SPURIOUS;
    }
    uint32_t intid = answer(w, is_alias(r));
    if (intid >= INTID_SECURE) {
        return intid;
    }
    intid = with_source(w.p, intid);
    if (!t->debug) {
        acknowledge(w.p);
    }
    return intid;
}

/* May this access deactivate an interrupt? Non-secure ones: Group 1 only. */
static bool may_deactivate(struct view w, unsigned intid)
{
    return gic_intid_valid(w.p->g, intid) &&
           (!w.ns || bit(gic_bank(w.p, intid)->group, intid % 32));
}

static void write_eoir(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                       const struct bus_txn *t)
{
    struct view w = view_of(d, t);
    bool alias = is_alias(r);
    unsigned intid = (unsigned)extract64(v, 0, 10);
    enum gic_grp active = cpuif_active_group(w.p);

    if (!gic_intid_valid(w.p->g, intid) || active == GRP_N || (w.ns && alias) ||
        ((w.ns || alias) && active == GRP_0)) {
        return;
    }
    TRACE(w.p->trace, TRACE_GIC_EOI, intid, 0);
    cpuif_drop_prio(w.p, active);
    if (!w.p->cpu.eoi_split[w.ns || alias ? GRP_1NS : GRP_1S] && may_deactivate(w, intid)) {
        cpuif_deactivate(w.p, intid);
    }
}

static void write_dir(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                      const struct bus_txn *t)
{
    struct view w = view_of(d, t);
    unsigned intid = (unsigned)extract64(v, 0, 10);
    if (!w.p->cpu.eoi_split[w.ns ? GRP_1NS : GRP_1S]) {
        log_guest(d->id, "GICC_DIR written with EOImode = 0");
    } else if (may_deactivate(w, intid)) {
        cpuif_deactivate(w.p, intid);
    }
}

static uint64_t read_iidr(struct device *d, const struct reg_desc *r, unsigned idx,
                          const struct bus_txn *t)
{
    return GICC_IIDR;
}

/* clang-format off */
#define REG(name, off, rd, wr) {name, off, .size = 4, .flags = REGF_VIEW, .read = rd, .write = wr}
static const struct reg_desc regs[] = {
    REG("GICC_CTLR",     0x0000, read_ctlr, write_ctlr),
    REG("GICC_PMR",      0x0004, read_pmr, write_pmr),
    REG("GICC_BPR",      0x0008, read_bpr, write_bpr),
    REG("GICC_IAR",      0x000c, read_iar, NULL),
    REG("GICC_EOIR",     0x0010, NULL, write_eoir),
    REG("GICC_RPR",      0x0014, read_rpr, NULL),
    REG("GICC_HPPIR",    0x0018, read_hppir, NULL),
    REG("GICC_ABPR",     0x001c, read_bpr, write_bpr),
    REG("GICC_AIAR",     0x0020, read_iar, NULL),
    REG("GICC_AEOIR",    0x0024, NULL, write_eoir),
    REG("GICC_AHPPIR",   0x0028, read_hppir, NULL),
    {"GICC_APR",   0x00d0, .count = 4, .size = 4, .flags = REGF_VIEW, .read = read_apr, .write = write_apr},
    {"GICC_NSAPR", 0x00e0, .count = 4, .size = 4, .flags = REGF_VIEW, .read = read_apr, .write = write_apr},
    REG("GICC_IIDR",     0x00fc, read_iidr, NULL),
    REG("GICC_DIR",      0x1000, NULL, write_dir),
};
/* clang-format on */
static const struct reg_block block = {"gicc", 0x2000, regs, ARRAY_LEN(regs), false};

enum bus_result gicv2_cpu_access(struct gic *g, struct bus_txn *t)
{
    return (enum bus_result)regs_access(&g->dev, &block, t);
}
