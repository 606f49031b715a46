/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/engine/context.h"

#include <glib.h>
#include <string.h>

#include "cpu/engine/block.h"
#include "cpu/engine/tlbmaint.h"
#include "cpu/isa/emit.h"
#include "cpu/sys/hcr.h"
#include "cpu/sys/regimes.h"
#include "cpu/sys/tlbi.h"
#include "cpu/sys/traps.h"

#include "cpu/cpu_internal.h"

#define N_CONTEXTS   256
#define HASH_SIZE    512
#define LAST_NUMBER  4094 /* 4095 is the tag of an empty entry */
#define FETCH_MAP_SZ 512  /* words: pages that instructions came from, hashed */

struct context_table {
    struct context ctx[N_CONTEXTS];
    uint16_t hash[HASH_SIZE]; /* index + 1 of the first context of a chain */
    uint16_t n_used;
    uint16_t next_number;
    uint16_t current[2]; /* index + 1: data, unprivileged data; 0: stale */
    uint64_t fetched[FETCH_MAP_SZ];
    struct large_map large;
};

struct context_table *context_table_new(void)
{
    struct context_table *t = g_new0(struct context_table, 1);
    t->next_number = 1;
    return t;
}

void context_table_free(struct context_table *t)
{
    g_free(t);
}

static void clear_fast_tlb(struct cpu *c)
{
    memset(c->tlb_r, 0xff, sizeof(c->tlb_r));
    memset(c->tlb_w, 0xff, sizeof(c->tlb_w));
    memset(c->tlb_x, 0xff, sizeof(c->tlb_x));
    memset(c->tlb_back, 0xff, BACK_TLB_SIZE * sizeof(*c->tlb_back));
}

void context_flush(struct cpu *c)
{
    struct context_table *t = c->contexts;
    clear_fast_tlb(c);
    memset(c->jump_cache, 0, JUMP_CACHE_SIZE * sizeof(*c->jump_cache));
    memset(t->hash, 0, sizeof(t->hash));
    memset(t->fetched, 0, sizeof(t->fetched));
    memset(&t->large, 0, sizeof(t->large));
    t->n_used = 0;
    t->next_number = 1;
    t->current[0] = t->current[1] = 0;
    c->ctx_gen++;
    c->ctx_stale = true;
}

/* ---- finding and making contexts ---- */

static unsigned hash_cfg(const struct xlat_cfg *cfg, bool el0, bool pan)
{
    const uint8_t *p = (const uint8_t *)cfg;
    uint64_t h = (uint64_t)el0 << 1 | pan;
    for (size_t i = 0; i + 8 <= sizeof(*cfg); i += 8) {
        uint64_t v;
        memcpy(&v, p + i, 8);
        h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return (unsigned)h & (HASH_SIZE - 1);
}

static bool same(const struct context *x, const struct xlat_cfg *cfg, bool el0, bool pan)
{
    return x->el0 == el0 && x->pan == pan && memcmp(&x->cfg, cfg, sizeof(*cfg)) == 0;
}

/* Index + 1 of the context; 0: no room, the caller flushes and asks again. */
static uint16_t find_or_make(struct context_table *t, const struct xlat_cfg *cfg, bool el0,
                             bool pan)
{
    unsigned h = hash_cfg(cfg, el0, pan);
    for (uint16_t i = t->hash[h]; i != 0; i = t->ctx[i - 1].next) {
        struct context *x = &t->ctx[i - 1];
        if (same(x, cfg, el0, pan)) {
            if (x->number == 0) {
                if (t->next_number > LAST_NUMBER) {
                    return 0;
                }
                x->number = t->next_number++;
            }
            return i;
        }
    }
    if (t->n_used == N_CONTEXTS || t->next_number > LAST_NUMBER) {
        return 0;
    }
    struct context *x = &t->ctx[t->n_used++];
    memcpy(&x->cfg, cfg, sizeof(*cfg)); /* with padding: compared by memcmp */
    x->el0 = el0;
    x->pan = pan;
    x->number = t->next_number++;
    x->next = t->hash[h];
    t->hash[h] = t->n_used;
    return t->n_used;
}

static uint16_t lookup(struct cpu *c, const struct xlat_cfg *cfg, bool el0, bool pan)
{
    uint16_t i = find_or_make(c->contexts, cfg, el0, pan);
    if (i == 0) {
        context_flush(c);
        i = find_or_make(c->contexts, cfg, el0, pan);
    }
    return i;
}

/* ---- decode mode ---- */

static uint32_t decode_mode(const struct cpu *c)
{
    unsigned el = c->ps.el;
    uint64_t hcr = cpu_hcr_el2(c);
    bool host_el0 = (hcr & (HCR_E2H | HCR_TGE)) == (HCR_E2H | HCR_TGE);
    unsigned owner = el != 0 ? el : host_el0 ? 2 : 1;
    uint64_t sctlr = c->sr[SR_SCTLR_EL1 + owner - 1];
    bool unpriv = (el == 1 && !(hcr & HCR_NV && hcr & HCR_NV1)) || (el == 2 && host_el0);
    uint32_t m = el;
    m |= trap_fp_target(c) != TRAP_NONE ? MODE_FP_TRAP : 0;
    m |= bit(sctlr, el == 0 ? 4 : 3) ? MODE_SP_CHECK : 0;
    m |= bit(sctlr, 12) ? 0 : MODE_UNCACHED;
    m |= unpriv && !c->ps.uao ? MODE_UNPRIV : 0;
    m |= c->ps.sp ? MODE_SPSEL : 0;
    m |= el == 2 && (hcr & HCR_E2H) ? MODE_E2H : 0;
    return m;
}

uint32_t context_decode_mode(const struct cpu *c)
{
    return (uint32_t)(c->jctx >> 12);
}

/* ---- what is in force ---- */

static void remember(struct cpu *c)
{
    struct context_shortcut *s = &c->shortcut[c->ps.el][c->ps.pan << 2 | c->ps.uao << 1 | c->ps.sp];
    s->gen = c->ctx_gen;
    s->ctx = (uint16_t)c->ctx;
    s->ctx_unpriv = (uint16_t)c->ctx_unpriv;
    s->jctx = c->jctx;
    s->index[0] = c->contexts->current[0];
    s->index[1] = c->contexts->current[1];
}

static bool recall(struct cpu *c)
{
    const struct context_shortcut *s =
        &c->shortcut[c->ps.el][c->ps.pan << 2 | c->ps.uao << 1 | c->ps.sp];
    if (s->gen != c->ctx_gen) {
        return false;
    }
    c->ctx = s->ctx;
    c->ctx_unpriv = s->ctx_unpriv;
    c->jctx = s->jctx;
    c->contexts->current[0] = s->index[0];
    c->contexts->current[1] = s->index[1];
    return true;
}

void context_update(struct cpu *c)
{
    struct context_table *t = c->contexts;
    c->ctx_stale = false;
    if (recall(c)) {
        return;
    }
    struct xlat_cfg cfg;
    enum regime r = regime_of_el(c, c->ps.el);
    regime_config(c, r, &cfg);
    bool el0 = c->ps.el == 0;
    bool pan = !el0 && c->ps.pan && regime_has_el0(r);
    uint16_t i = lookup(c, &cfg, el0, pan);
    uint16_t u = i;
    if (regime_has_el0(r) && !el0) {
        u = lookup(c, &cfg, true, false);
        i = lookup(c, &cfg, el0, pan); /* the other may have flushed */
        c->ctx_stale = false;
    }
    t->current[0] = i;
    t->current[1] = u;
    c->ctx = t->ctx[i - 1].number;
    c->ctx_unpriv = t->ctx[u - 1].number;
    c->jctx = c->ctx | (uint64_t)decode_mode(c) << 12;
    remember(c);
}

const struct context *context_data(struct cpu *c, bool unpriv)
{
    if (c->ctx_stale) {
        context_update(c);
    }
    return &c->contexts->ctx[c->contexts->current[unpriv] - 1];
}

void context_el_changed(struct cpu *c, unsigned from)
{
    c->ctx_stale = true;
    if (from != c->ps.el && c->cfg.hooks.state_changed != NULL) {
        struct pe_view v = cpu_view(c);
        c->cfg.hooks.state_changed(c->cfg.hooks.opaque, c, &v);
    }
}

/* Permissions remembered in sr_ok are void. */
static void forget_permissions(struct cpu *c)
{
    if (++c->sr_gen == 0) { /* wrapped: old marks would look valid */
        memset(c->sr_ok_r, 0, sizeof(c->sr_ok_r));
        memset(c->sr_ok_w, 0, sizeof(c->sr_ok_w));
        c->sr_gen = 1;
    }
}

/* Control registers changed: nothing remembered by EL is right any more. */
void cpu_context_changed(struct cpu *c, unsigned what)
{
    c->ctx_gen++;
    c->ctx_stale = true;
    if (what & (CTX_TRAPS | CTX_TRAPS_EL2)) {
        forget_permissions(c);
    }
    if ((what & CTX_IRQ) && c->cfg.hooks.state_changed != NULL) {
        struct pe_view v = cpu_view(c);
        c->cfg.hooks.state_changed(c->cfg.hooks.opaque, c, &v);
    }
    if (!(what & CTX_LOWER)) {
        c->exit_flags |= EXIT_CONTEXT;
    }
}

/* ---- maintenance ---- */

static uint64_t page_of(uint64_t va)
{
    return extract64(va, 12, 44); /* without a tag byte */
}

void context_note_fetch(struct cpu *c, uint64_t va)
{
    uint64_t p = page_of(va);
    c->contexts->fetched[p / 64 % FETCH_MAP_SZ] |= BIT(p % 64);
}

void context_note_large(struct cpu *c, uint64_t va, unsigned size_log2)
{
    large_map_add(&c->contexts->large, va, size_log2);
}

static bool fetched_from(const struct context_table *t, uint64_t va)
{
    uint64_t p = page_of(va);
    return t->fetched[p / 64 % FETCH_MAP_SZ] >> (p % 64) & 1;
}

/* The context gets another number when it is used again: its entries are out of reach. */
static void retire(struct cpu *c, struct context *x)
{
    x->number = 0;
    c->ctx_gen++;
    c->ctx_stale = true;
    c->exit_flags |= EXIT_CONTEXT;
}

void context_retire_if(struct cpu *c, bool (*match)(const struct context *x, const void *arg),
                       const void *arg)
{
    struct context_table *t = c->contexts;
    for (unsigned i = 0; i < t->n_used; i++) {
        if (t->ctx[i].number != 0 && match(&t->ctx[i], arg)) {
            retire(c, &t->ctx[i]);
        }
    }
}

static bool any(const struct context *x, const void *arg)
{
    return true;
}

static void drop_page(struct fast_tlb_entry *tlb, unsigned size, uint64_t va)
{
    struct fast_tlb_entry *e = &tlb[(va >> 12) & (size - 1)];
    if (page_of(e->tag) == page_of(va)) {
        e->tag = UINT64_MAX;
    }
}

/* Every entry, of whatever context, that translates this page or is part of a block around it. */
static void invalidate_page(struct cpu *c, uint64_t va)
{
    struct context_table *t = c->contexts;
    if (large_map_has(&t->large, va) || fetched_from(t, va)) {
        context_retire_if(c, any, NULL);
        memset(t->fetched, 0, sizeof(t->fetched));
        memset(&t->large, 0, sizeof(t->large));
        return;
    }
    drop_page(c->tlb_r, FAST_TLB_SIZE, va);
    drop_page(c->tlb_w, FAST_TLB_SIZE, va);
    drop_page(c->tlb_back, BACK_TLB_SIZE, va);
}

void context_invalidate_va(struct cpu *c, uint64_t va, uint64_t len)
{
    if (len > 64 * BLOCK_PAGE) {
        context_retire_if(c, any, NULL);
        return;
    }
    for (uint64_t off = 0; off < len; off += BLOCK_PAGE) {
        invalidate_page(c, va + off);
    }
}

static bool named_by(const struct context *x, const void *arg)
{
    const struct tlb_inval *op = arg;
    if (x->cfg.regime != op->regime || x->cfg.pas != op->pas) {
        return false;
    }
    bool same_vmid = op->regime != REGIME_EL10 || x->cfg.s2.vmid == op->vmid;
    switch ((enum tlb_inval_kind)op->kind) {
    case TLB_INVAL_ALL:
        return true;
    case TLB_INVAL_ASID:
        return same_vmid && x->cfg.s1.asid == op->asid;
    default:
        return same_vmid;
    }
}

void cpu_tlb_invalidate(struct cpu *c, const struct tlb_inval *op)
{
    if (op->kind == TLB_INVAL_VA || op->kind == TLB_INVAL_VAA) {
        context_invalidate_va(c, op->base, op->len);
    } else {
        context_retire_if(c, named_by, op);
    }
}
