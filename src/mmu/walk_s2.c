/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage 2 of the walker: IPA to PA, for accesses and for stage 1 walks.
 * Arm DDI 0487, pseudocode AArch64.S2Translate, AArch64.S2Walk.
 */
#include "mmu/attr.h"

#include "mmu/walk_internal.h"

/* One translation of an IPA. */
struct s2_walk {
    const struct xlat_s2_space *space;
    uint64_t addr;
    bool ns;
    enum s2_use use;
    struct pte_format fmt;
    struct desc_ref ref; /* the leaf */
    uint64_t desc;
    int level;
};

static enum step s2_fail(struct walk *w, const struct s2_walk *s, enum xlat_fault_type type,
                         int level)
{
    *w->fault = (struct xlat_fault){
        .type = (int8_t)type,
        .level = (int8_t)level,
        .stage = 2,
        .s1_walk = s->use != S2_ACCESS,
        .write = walk_is_write(w->req),
        .ipa_ns = s->ns,
        .ipa = ipa(s->addr),
    };
    return STEP_FAULT;
}

/* First table: sets level and ref.pa (of the table), *bits the size of the input. */
static enum step s2_begin(struct walk *w, struct s2_walk *s, unsigned *bits)
{
    const struct xlat_s2 *c = &w->cfg->s2;
    int tsz = regime_s2_tsz(w->cfg, s->space);
    if (tsz < 0) {
        return s2_fail(w, s, XF_TRANSLATION, 0);
    }
    *bits = 64 - (unsigned)tsz;
    s->level = regime_s2_start_level(w->cfg, s->space, (unsigned)tsz);
    if (s->level > 3 || !walk_in_range(s->addr, *bits)) {
        return s2_fail(w, s, XF_TRANSLATION, 0);
    }
    unsigned g = s->fmt.granule_log2;
    bool wide = s->fmt.ds || (g == 16 && s->fmt.pa52 && c->ps_bits == 52);
    unsigned table_log2 = *bits - pte_level_shift(g, s->level) + 3;
    s->ref.pa = pte_base_address(s->space->ttb, wide, table_log2);
    if (!walk_in_range(s->ref.pa, regime_oa_bits(w->cfg, c->ps_bits, g, s->fmt.ds))) {
        return s2_fail(w, s, XF_ADDR_SIZE, 0);
    }
    return STEP_OK;
}

/* To the leaf: desc, level, ref; *out_pa is the block's address. */
static enum step s2_descend(struct walk *w, struct s2_walk *s, uint64_t *out_pa)
{
    unsigned bits = 0;
    enum step st = s2_begin(w, s, &bits);
    if (st != STEP_OK) {
        return st;
    }
    unsigned g = s->fmt.granule_log2;
    unsigned oa_bits = regime_oa_bits(w->cfg, w->cfg->s2.ps_bits, g, s->fmt.ds);
    for (;; s->level++, bits = walk_table_bits(g, s->level)) {
        s->ref.pa = walk_entry(s->ref.pa, s->addr, g, s->level, bits);
        if (walk_read(w, &s->ref, 2, s->level, &s->desc) != BUS_OK) {
            return s2_fail(w, s, XF_EXT_ABORT, s->level);
        }
        enum pte_kind kind = pte_kind(s->desc, s->fmt, s->level);
        if (kind == PTE_INVALID) {
            return s2_fail(w, s, XF_TRANSLATION, s->level);
        }
        uint64_t next = kind == PTE_LEAF ? pte_leaf_address(s->desc, s->fmt, s->level)
                                         : pte_table_address(s->desc, s->fmt);
        if (!walk_in_range(next, oa_bits)) {
            return s2_fail(w, s, XF_ADDR_SIZE, s->level);
        }
        if (kind == PTE_LEAF) {
            *out_pa = next;
            return STEP_OK;
        }
        s->ref.pa = next;
    }
}

/* A write that this descriptor does not permit yet is permitted, and recorded. An AT records
 * nothing, not even that it wrote a stage 1 descriptor: so it may not. */
static bool s2_manages_dirty(const struct walk *w, enum s2_use use, uint64_t desc)
{
    const struct xlat_s2 *c = &w->cfg->s2;
    return c->ha && c->hd && (c->pie || (desc & PTE_DBM)) && !(w->req->at && use == S2_UPDATE);
}

/* Permissions of a walk, which are those of MMU accesses, in the place of EL1's. */
static uint8_t for_walks(uint8_t perm)
{
    return (uint8_t)((perm & PERM_PR) | (perm & PERM_MW ? PERM_PW : 0));
}

/* What the access or the stage 1 walk lacks. */
static struct denial s2_denial(const struct walk *w, struct perms perm, enum s2_use use, bool clean)
{
    switch (use) {
    case S2_ACCESS:
        return walk_denial(perm, walk_access(w->req, w->cfg->s2.cmow), w->req->el0,
                           clean && walk_needs_dirty(w->req));
    default:
        perm = (struct perms){for_walks(perm.base), for_walks(perm.overlay)};
        return walk_denial(perm, use == S2_WALK ? ACC_READ : ACC_RMW, false,
                           clean && use == S2_UPDATE);
    }
}

static enum step s2_check(struct walk *w, const struct s2_walk *s, struct perms perm)
{
    const struct xlat_s2 *c = &w->cfg->s2;
    unsigned memattr = (unsigned)extract64(s->desc, 2, 4);
    bool device = c->fwb ? !bit(memattr, 2) : memattr >> 2 == 0;
    if (device && s->use == S2_ACCESS && walk_wants_alignment(w->req)) {
        return s2_fail(w, s, XF_ALIGNMENT, s->level);
    }
    bool unmarked = c->pie && !(s->desc & PTE_S2_W) && !s2_manages_dirty(w, s->use, s->desc);
    struct denial d = s2_denial(w, perm, s->use, unmarked);
    if (device && s->use != S2_ACCESS && c->ptw && !d.overlay) {
        return s2_fail(w, s, XF_PERMISSION, s->level);
    }
    if (d.verdict == PERM_OK) {
        return STEP_OK;
    }
    s2_fail(w, s, XF_PERMISSION, s->level);
    return walk_deny(w, d);
}

/* Set bits of the leaf; s->desc becomes what memory holds afterwards. */
static enum step s2_update(struct walk *w, struct s2_walk *s, uint64_t bits)
{
    uint64_t want = s->desc | bits;
    if (want == s->desc || !w->cfg->s2.ha || w->req->debug) {
        return STEP_OK;
    }
    enum xlat_fault_type type;
    enum step st = walk_update(w, &s->ref, s->desc, want, &type);
    s->desc = want;
    return st == STEP_FAULT ? s2_fail(w, s, type, s->level) : st;
}

static struct perms s2_perm(const struct walk *w, const struct s2_walk *s, bool dirty)
{
    const struct xlat_s2 *c = &w->cfg->s2;
    struct perm_s2 p = {
        .desc = s->desc,
        .xnx = c->xnx,
        .dirty = dirty,
        .pie = c->pie,
        .poe = c->poe,
        .pir = c->pir,
        .por = c->por,
    };
    struct perms perm = perm_stage2(&p);
    if (w->cfg->sif && w->cfg->pas == PAS_S && s->space->out_pas == PAS_NS) {
        perm.base &= (uint8_t)~PERM_X;
    }
    return perm;
}

/* What is possible without an update of the descriptor: for whoever keeps it. */
static uint8_t s2_perm_now(const struct walk *w, const struct s2_walk *s)
{
    uint8_t perm = perms_both(s2_perm(w, s, false));
    bool clean = w->cfg->s2.pie && !(s->desc & PTE_S2_W);
    return clean ? perm & (uint8_t)~(PERM_W | PERM_MW) : perm;
}

static bool s2_cached(struct walk *w, uint64_t addr, bool ns, enum s2_use use,
                      struct xlat_s2_entry *out)
{
    if (!w->port->s2_find || w->cfg->s2.poe) { /* overlays are not cached */
        return false;
    }
    const struct xlat_s2_entry *e = w->port->s2_find(w->port->opaque, ipa(addr), ns);
    struct perms all = {e ? e->perm : 0, PERM_ALL | PERM_MW};
    if (!e || s2_denial(w, all, use, false).verdict != PERM_OK) {
        return false;
    }
    bool device = w->cfg->s2.fwb ? !bit(e->memattr, 2) : e->memattr >> 2 == 0;
    if (device && (use == S2_ACCESS ? walk_wants_alignment(w->req) : w->cfg->s2.ptw)) {
        return false;
    }
    *out = *e;
    return true;
}

enum step walk_stage2(struct walk *w, uint64_t addr, bool ns, enum s2_use use,
                      struct xlat_s2_entry *out)
{
    if (s2_cached(w, addr, ns, use, out)) {
        return STEP_OK;
    }
    const struct xlat_s2 *c = &w->cfg->s2;
    const struct xlat_s2_space *sp =
        &c->space[w->cfg->pas == PAS_NS || ns ? XLAT_IPA_NS : XLAT_IPA_S];
    struct s2_walk s = {
        .space = sp,
        .addr = addr,
        .ns = ns,
        .use = use,
        .fmt = {sp->granule_log2, c->ds && sp->granule_log2 != 16, w->cfg->pa_bits == 52},
        .ref = {.pas = (enum pas)sp->walk_pas, .big_endian = c->big_endian},
    };
    uint64_t block = 0;
    enum step st = s2_descend(w, &s, &block);
    if (st != STEP_OK) {
        return st;
    }
    if (!(s.desc & PTE_AF) && !c->ha && !w->req->debug) {
        return s2_fail(w, &s, XF_ACCESS_FLAG, s.level);
    }
    bool hw_dirty = s2_manages_dirty(w, use, s.desc);
    st = s2_check(w, &s, s2_perm(w, &s, hw_dirty));
    if (st == STEP_OK) {
        bool writes = use == S2_UPDATE || (use == S2_ACCESS && walk_sets_dirty(w->req));
        st = s2_update(w, &s, PTE_AF | (hw_dirty && writes ? PTE_S2_W : 0));
    } else if (w->fault->type == XF_PERMISSION && !w->req->at) {
        struct xlat_fault f = *w->fault;
        st = s2_update(w, &s, PTE_AF) == STEP_AGAIN ? STEP_AGAIN : STEP_FAULT;
        *w->fault = f;
    }
    if (st != STEP_OK) {
        return st;
    }
    *out = (struct xlat_s2_entry){
        .pa = block,
        .size_log2 = (uint8_t)pte_level_shift(sp->granule_log2, s.level),
        .pas = sp->out_pas,
        .perm = s2_perm_now(w, &s),
        .memattr = (uint8_t)extract64(s.desc, 2, 4),
        .sh = s.fmt.ds ? c->sh : (uint8_t)extract64(s.desc, 8, 2),
        .fnxs = w->cfg->xs && (s.desc & PTE_S2_FNXS),
        .accessed = s.desc & PTE_AF,
    };
    if (out->accessed && w->port->s2_fill && !c->poe) {
        w->port->s2_fill(w->port->opaque, ipa(addr), ns, out);
    }
    return STEP_OK;
}
