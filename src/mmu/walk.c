/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walker: stage 1, and the result of both stages.
 * Arm DDI 0487, pseudocode AArch64.S1Translate, AArch64.S1Walk, AArch64.S1DisabledOutput.
 */
#include "mmu/walk.h"

#include "mmu/attr.h"

#include "mmu/walk_internal.h"

/* Lost races for a descriptor before an access reports XF_ATOMIC_UPDATE: one PE at a time runs, so
 * more than one loss is a port that lies. */
#define MAX_ATTEMPTS 64

/* What stage 1 makes of an address. */
struct s1_out {
    uint64_t oa;
    bool ns;           /* space of oa */
    uint8_t size_log2; /* 0: stage 1 is off */
    struct perms perm;
    struct mem_type type; /* as the descriptor says, before SCTLR_ELx.{C,I} */
    bool global, guarded, accessed;
    int8_t level;
};

/* A stage 1 walk under way. */
struct s1_walk {
    const struct xlat_half *half;
    uint64_t va;
    struct pte_format fmt;
    bool ns;         /* NSTable so far */
    uint64_t tables; /* OR of the table descriptors */
    uint64_t table;  /* address of the table at level: an IPA with stage 2 */
    uint64_t entry;  /* the same of the descriptor */
    bool entry_ns;
    struct desc_ref ref; /* the descriptor's place in memory */
    uint64_t desc;
    int level;
};

uint8_t xlat_fault_status(const struct xlat_fault *f)
{
    if (f->type < XF_NONE || f->type >= XF_ALIGNMENT) {
        return (uint8_t)f->type;
    }
    if (f->level >= 0) {
        return (uint8_t)(f->type | f->level);
    }
    /* Level -1 has codes of its own. */
    switch (f->type) {
    case XF_ADDR_SIZE:
        return 0x29;
    case XF_TRANSLATION:
        return 0x2b;
    default:
        return 0x13;
    }
}

static uint64_t desc_order(const struct desc_ref *d, uint64_t v)
{
    return d->big_endian ? __builtin_bswap64(v) : v;
}

enum bus_result walk_read(struct walk *w, const struct desc_ref *d, unsigned stage, int level,
                          uint64_t *out)
{
    uint64_t v = 0;
    enum bus_result r = w->port->read(w->port->opaque, pa(d->pa), d->pas, &v);
    w->reads++;
    *out = desc_order(d, v);
    if (UNLIKELY(w->port->note != NULL) && r == BUS_OK) {
        w->port->note(w->port->opaque, stage, level, pa(d->pa), d->pas, *out);
    }
    return r;
}

enum step walk_update(struct walk *w, const struct desc_ref *d, uint64_t expect, uint64_t desired,
                      enum xlat_fault_type *type)
{
    uint64_t old = desc_order(d, expect);
    uint64_t seen = ~old;
    *type = XF_EXT_ABORT;
    if (w->port->cas(w->port->opaque, pa(d->pa), d->pas, old, desc_order(d, desired), &seen) !=
        BUS_OK) {
        return STEP_FAULT;
    }
    return seen == old ? STEP_OK : STEP_AGAIN;
}

static enum step s1_fail(struct walk *w, enum xlat_fault_type type, int level)
{
    *w->fault = (struct xlat_fault){
        .type = (int8_t)type,
        .level = (int8_t)level,
        .stage = 1,
        .write = walk_is_write(w->req),
    };
    return STEP_FAULT;
}

/* Place of the current descriptor in memory. */
static enum step s1_locate(struct walk *w, struct s1_walk *s, enum s2_use use)
{
    if (!w->cfg->s2.on) {
        s->ref.pa = s->entry;
        s->ref.pas = s->entry_ns ? PAS_NS : (enum pas)w->cfg->pas;
        return STEP_OK;
    }
    struct xlat_s2_entry e;
    enum step st = walk_stage2(w, s->entry, s->entry_ns, use, &e);
    if (st == STEP_OK) {
        s->ref.pa = e.pa | (s->entry & mask64(0, e.size_log2));
        s->ref.pas = (enum pas)e.pas;
    }
    return st;
}

/* The address lies outside what the half translates, or walks of the half are off. */
static bool s1_out_of_range(const struct walk *w, const struct s1_walk *s, unsigned bits)
{
    const struct xlat_half *h = s->half;
    bool upper = h == &w->cfg->s1.half[1];
    bool tag = h->tbi && !(h->tbid && w->req->acc == ACC_FETCH);
    uint64_t rest = extract64(s->va, bits, (tag ? 56 : 64) - bits);
    uint64_t want = upper ? mask64(0, (tag ? 56 : 64) - bits) : 0;
    return rest != want || h->epd || (h->e0pd && w->req->el0);
}

/* First table: level and table; *bits is the size of the input. */
static enum step s1_begin(struct walk *w, struct s1_walk *s, unsigned *bits, unsigned oa_bits)
{
    int tsz = regime_s1_tsz(w->cfg, s->half);
    if (tsz < 0) {
        return s1_fail(w, XF_TRANSLATION, 0);
    }
    *bits = 64 - (unsigned)tsz;
    if (s1_out_of_range(w, s, *bits)) {
        return s1_fail(w, XF_TRANSLATION, 0);
    }
    unsigned g = s->fmt.granule_log2;
    bool wide = s->fmt.ds || (g == 16 && s->fmt.pa52 && w->cfg->s1.ps_bits == 52);
    s->level = pte_start_level(g, *bits);
    unsigned table_log2 = *bits - pte_level_shift(g, s->level) + 3;
    s->table = pte_base_address(s->half->ttb, wide, table_log2);
    if (!walk_in_range(s->table, oa_bits)) {
        return s1_fail(w, XF_ADDR_SIZE, 0);
    }
    return STEP_OK;
}

/* To the leaf: desc, level, ref; *out_oa is the block's address. */
static enum step s1_descend(struct walk *w, struct s1_walk *s, uint64_t *out_oa)
{
    unsigned g = s->fmt.granule_log2;
    unsigned oa_bits = regime_oa_bits(w->cfg, w->cfg->s1.ps_bits, g, s->fmt.ds);
    unsigned bits;
    enum step st = s1_begin(w, s, &bits, oa_bits);
    if (st != STEP_OK) {
        return st;
    }
    for (;; s->level++, bits = walk_table_bits(g, s->level)) {
        s->entry = walk_entry(s->table, s->va, g, s->level, bits);
        s->entry_ns = s->ns;
        st = s1_locate(w, s, S2_WALK);
        if (st != STEP_OK) {
            return st;
        }
        if (walk_read(w, &s->ref, 1, s->level, &s->desc) != BUS_OK) {
            return s1_fail(w, XF_EXT_ABORT, s->level);
        }
        enum pte_kind kind = pte_kind(s->desc, s->fmt, s->level);
        if (kind == PTE_INVALID) {
            return s1_fail(w, XF_TRANSLATION, s->level);
        }
        uint64_t next = kind == PTE_LEAF ? pte_leaf_address(s->desc, s->fmt, s->level)
                                         : pte_table_address(s->desc, s->fmt);
        if (!walk_in_range(next, oa_bits)) {
            return s1_fail(w, XF_ADDR_SIZE, s->level);
        }
        if (kind == PTE_LEAF) {
            *out_oa = next;
            return STEP_OK;
        }
        s->table = next;
        s->tables |= s->desc;
        s->ns = s->ns || (s->desc & PTE_NS_TABLE);
    }
}

static struct perms s1_perm(const struct walk *w, const struct s1_walk *s, bool dirty, bool ns)
{
    const struct xlat_s1 *c = &w->cfg->s1;
    struct perm_s1 p = {
        .desc = s->desc,
        .tables = s->half->hpd ? 0 : s->tables,
        .el0 = regime_has_el0((enum regime)w->cfg->regime),
        .nv1 = c->nv1,
        .dirty = dirty,
        .wxn = c->wxn,
        .epan = c->epan,
        .pie = c->pie,
        .poe = c->poe,
        .e0poe = c->e0poe,
        .pir = c->pir,
        .pire0 = c->pire0,
        .por = c->por,
        .por_el0 = c->por_el0,
    };
    struct perms perm = perm_stage1(&p);
    if (w->cfg->sif && w->cfg->pas == PAS_S && ns) {
        perm.base &= (uint8_t)~PERM_X;
    }
    return perm;
}

/* Hardware marks the leaf dirty, with direct permissions where the leaf says so. */
static bool s1_manages_dirty(const struct walk *w, const struct s1_walk *s)
{
    const struct xlat_s1 *c = &w->cfg->s1;
    return c->ha && c->hd && (c->pie || (s->desc & PTE_DBM));
}

static bool s1_clean(const struct walk *w, const struct s1_walk *s)
{
    return (w->cfg->s1.pie || s1_manages_dirty(w, s)) && (s->desc & PTE_AP2);
}

static enum step s1_check(struct walk *w, const struct s1_walk *s, const struct s1_out *o)
{
    const struct xlat_req *r = w->req;
    enum xlat_access acc = walk_access(r, w->cfg->s1.cmow && r->el0);
    struct perms perm = o->perm;
    if (o->type.device && walk_wants_alignment(r)) {
        return s1_fail(w, XF_ALIGNMENT, s->level);
    }
    if (xlat_pan_applies(r)) {
        perm.base = perm_with_pan(perm.base);
    }
    bool unmarked = walk_needs_dirty(r) && s1_clean(w, s) && !s1_manages_dirty(w, s);
    struct denial d = walk_denial(perm, acc, r->el0, unmarked);
    if (d.verdict == PERM_OK) {
        return STEP_OK;
    }
    s1_fail(w, XF_PERMISSION, s->level);
    return walk_deny(w, d);
}

/* Change the leaf to want; s->desc becomes what memory holds afterwards. */
static enum step s1_update(struct walk *w, struct s1_walk *s, uint64_t want)
{
    if (want == s->desc || !w->cfg->s1.ha || w->req->debug) {
        return STEP_OK;
    }
    enum step st = w->cfg->s2.on ? s1_locate(w, s, S2_UPDATE) : STEP_OK;
    if (st == STEP_FAULT && w->req->at) {
        return STEP_OK; /* it need not set the access flag */
    }
    if (st == STEP_OK) {
        enum xlat_fault_type type;
        st = walk_update(w, &s->ref, s->desc, want, &type);
        if (st == STEP_FAULT) {
            s1_fail(w, type, s->level);
        }
    }
    s->desc = want;
    return st;
}

/* The access is permitted: access flag and dirty state. A Permission fault: access flag. */
static enum step s1_finish(struct walk *w, struct s1_walk *s, const struct s1_out *o, bool hw_dirty)
{
    enum step st = s1_check(w, s, o);
    if (st == STEP_OK) {
        bool writes = hw_dirty && walk_sets_dirty(w->req);
        return s1_update(w, s, (s->desc & ~(writes ? PTE_AP2 : 0)) | PTE_AF);
    }
    if (w->fault->type == XF_PERMISSION && !w->req->at) {
        struct xlat_fault f = *w->fault;
        st = s1_update(w, s, s->desc | PTE_AF) == STEP_AGAIN ? STEP_AGAIN : STEP_FAULT;
        *w->fault = f;
    }
    return st;
}

static struct mem_type s1_type(const struct walk *w, const struct s1_walk *s)
{
    uint8_t attr = (uint8_t)extract64(w->cfg->s1.mair, 8 * extract32((uint32_t)s->desc, 2, 3), 8);
    uint8_t sh = s->fmt.ds ? s->half->sh : (uint8_t)extract64(s->desc, 8, 2);
    return attr_decode_mair(attr, sh, w->cfg->xs);
}

static enum step stage1_on(struct walk *w, struct s1_out *o)
{
    const struct xlat_s1 *c = &w->cfg->s1;
    const struct xlat_half *h = &c->half[regime_half(w->cfg, w->req->va.v)];
    bool secure = w->cfg->pas != PAS_NS;
    struct s1_walk s = {
        .half = h,
        .va = w->req->va.v,
        .fmt = {h->granule_log2, c->ds && h->granule_log2 != 16, w->cfg->pa_bits == 52},
        .ns = !secure,
        .ref = {.big_endian = c->big_endian},
    };
    uint64_t block = 0;
    enum step st = s1_descend(w, &s, &block);
    if (st != STEP_OK) {
        return st;
    }
    if (!(s.desc & PTE_AF) && !c->ha && !w->req->debug) {
        return s1_fail(w, XF_ACCESS_FLAG, s.level);
    }
    bool hw_dirty = s1_manages_dirty(w, &s);
    o->type = s1_type(w, &s);
    o->ns = s.ns || (s.desc & PTE_NS);
    o->perm = s1_perm(w, &s, hw_dirty, o->ns);
    st = s1_finish(w, &s, o, hw_dirty);
    if (st != STEP_OK) {
        return st;
    }
    if (s1_clean(w, &s)) {
        o->perm.base &= (uint8_t)~PERM_W;
    }
    if (h->e0pd) {
        /* For whoever keeps this result: EL0 has to walk, and fault, anew. */
        o->perm.base &= (uint8_t)~(PERM_UR | PERM_UW | PERM_UX);
    }
    bool el0 = regime_has_el0((enum regime)w->cfg->regime);
    o->size_log2 = (uint8_t)pte_level_shift(h->granule_log2, s.level);
    o->oa = block | (s.va & mask64(0, o->size_log2));
    /* An entry that Secure state reached through Non-secure tables belongs to one ASID. */
    o->global = !el0 || !((s.desc & PTE_NG) || (secure && s.ns));
    o->guarded = s.desc & PTE_GP;
    o->accessed = s.desc & PTE_AF;
    o->level = (int8_t)s.level;
    return STEP_OK;
}

/* Type of memory while stage 1 is off. */
static struct mem_type s1_off_type(const struct xlat_s1 *c, bool fetch)
{
    if (c->default_wb) {
        return attr_normal(CACHE_WB, 3, SH_NONE);
    }
    if (!fetch) {
        return attr_device(DEVICE_nGnRnE);
    }
    return c->icache ? attr_normal(CACHE_WT, 2, SH_OUTER) : attr_normal(CACHE_NC, 0, SH_OUTER);
}

static enum step stage1_off(struct walk *w, struct s1_out *o)
{
    bool fetch = w->req->acc == ACC_FETCH;
    uint64_t va = regime_untag(w->cfg, w->req->va.v, fetch);
    if (va >> w->cfg->pa_bits != 0) {
        return s1_fail(w, XF_ADDR_SIZE, 0);
    }
    *o = (struct s1_out){
        .oa = va,
        .ns = w->cfg->pas == PAS_NS,
        .perm = {PERM_ALL, PERM_ALL},
        .type = s1_off_type(&w->cfg->s1, false),
        .global = true,
        .accessed = true,
    };
    if (o->type.device && walk_wants_alignment(w->req)) {
        return s1_fail(w, XF_ALIGNMENT, 0);
    }
    return STEP_OK;
}

/* Memory type of stage 1 with the cache enables of its regime. */
static struct mem_type s1_effective(const struct walk *w, const struct s1_out *o, bool fetch)
{
    const struct xlat_s1 *c = &w->cfg->s1;
    if (!c->on) {
        return s1_off_type(c, fetch);
    }
    bool off = fetch ? o->type.device || !c->icache : !o->type.device && !c->dcache;
    return off ? attr_uncached(&o->type) : o->type;
}

static struct mem_type s2_limit(const struct xlat_s2 *c, struct mem_type t, bool fetch)
{
    bool off = fetch ? t.device || c->id : !t.device && c->cd;
    return off ? attr_uncached(&t) : t;
}

static struct mem_type both_effective(const struct walk *w, const struct s1_out *o,
                                      const struct xlat_s2_entry *e, bool fetch)
{
    const struct xlat_s2 *c = &w->cfg->s2;
    struct mem_type s1 = s1_effective(w, o, fetch);
    if (!e) {
        return s1;
    }
    if (c->fwb) {
        return s2_limit(c, attr_apply_fwb(&s1, e->memattr, e->sh, e->fnxs), fetch);
    }
    struct mem_type s2 = s2_limit(c, attr_decode_s2(e->memattr, e->sh, e->fnxs), fetch);
    return attr_combine(&s1, &s2);
}

static bool fetch_cached(const struct walk *w, const struct s1_out *o,
                         const struct xlat_s2_entry *e)
{
    if (w->req->acc != ACC_FETCH) {
        return false;
    }
    struct mem_type t = both_effective(w, o, e, true);
    return attr_cacheable(&t);
}

/* e: stage 2, or NULL. */
static void combine(const struct walk *w, const struct s1_out *o, const struct xlat_s2_entry *e,
                    struct xlat_result *out)
{
    struct mem_type data = both_effective(w, o, e, false);
    *out = (struct xlat_result){
        .pa = pa(o->oa),
        .ipa = ipa(o->oa),
        .size_log2 = o->size_log2 ? o->size_log2 : 30,
        .s1_size_log2 = o->size_log2,
        .perm = perms_both(o->perm),
        .pas = o->ns ? PAS_NS : w->cfg->pas,
        .mair = attr_encode(&data),
        .sh = attr_effective_sh(&data),
        .attr = (uint8_t)((data.device ? XA_DEVICE : 0) | (o->type.device ? XA_S1_DEVICE : 0) |
                          (data.xs ? XA_XS : 0) | (fetch_cached(w, o, e) ? XA_FETCH_CACHED : 0)),
        .level = o->level,
        .reads = (uint8_t)(w->reads < UINT8_MAX ? w->reads : UINT8_MAX),
        .ipa_ns = o->ns,
        .global = o->global,
        .guarded = o->guarded,
        .cacheable = o->accessed,
    };
    if (e) {
        out->pa = pa(e->pa | (o->oa & mask64(0, e->size_log2)));
        out->pas = e->pas;
        out->perm &= e->perm | PERM_PAN;
        out->s2_size_log2 = e->size_log2;
        if (e->size_log2 < out->size_log2 || !o->size_log2) {
            out->size_log2 = e->size_log2;
        }
        out->cacheable = o->accessed && e->accessed;
    }
}

static enum step walk_once(struct walk *w, struct xlat_result *out)
{
    struct s1_out o = {0};
    enum step st = w->cfg->s1.on ? stage1_on(w, &o) : stage1_off(w, &o);
    if (st != STEP_OK) {
        return st;
    }
    if (!w->cfg->s2.on || w->req->stage1_only) {
        combine(w, &o, NULL, out);
        return STEP_OK;
    }
    struct xlat_s2_entry e;
    st = walk_stage2(w, o.oa, o.ns, S2_ACCESS, &e);
    if (st == STEP_OK) {
        combine(w, &o, &e, out);
    }
    return st;
}

bool xlat_walk(const struct xlat_cfg *cfg, const struct xlat_req *req, const struct walk_port *port,
               struct xlat_result *out, struct xlat_fault *out_fault)
{
    struct walk w = {.cfg = cfg, .req = req, .port = port, .fault = out_fault};
    for (unsigned i = 0; i < MAX_ATTEMPTS; i++) {
        enum step st = walk_once(&w, out);
        if (st != STEP_AGAIN) {
            return st == STEP_OK;
        }
    }
    s1_fail(&w, XF_ATOMIC_UPDATE, 0);
    return false;
}
