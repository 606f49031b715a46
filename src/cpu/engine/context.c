/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/engine/context.h"

#include <glib.h>
#include <string.h>

#include "cpu/engine/block.h"
#include "cpu/engine/loop.h"
#include "cpu/engine/observe.h"
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
#define TTBR_ASID    (UINT64_C(0xffff) << 48)
#define MAX_SINGLE   UINT64_C(64) /* pages that maintenance drops one by one */
#define FETCH_MAP_SZ 512          /* words: pages that instructions came from, hashed */
#define N_VMS        8

struct context_table {
    struct context ctx[N_CONTEXTS];
    uint16_t hash[HASH_SIZE]; /* index + 1 of the first context of a chain */
    uint16_t n_used;
    uint16_t victim; /* index: the next to make room when all are used */
    uint16_t next_number;
    uint32_t epoch;      /* counts flushes: numbers begin again */
    uint16_t current[2]; /* index + 1: data, unprivileged data; 0: not yet */
    uint64_t fetched[FETCH_MAP_SZ];
    struct large_map large;
    struct context vms[N_VMS]; /* for debuggers: the last one of each VM that flushes took */
    uint8_t n_vms, next_vm;
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
    memset(c->tlb_slow, 0xff, sizeof(c->tlb_slow));
    memset(c->tlb_back, 0xff, BACK_TLB_SIZE * sizeof(*c->tlb_back));
}

/*
 * Far branches remember c->jctx in blocks, which all PEs share and a flush of one PE's contexts
 * leaves alone: so it says whose numbers these are, and since which flush.
 */
#define OWNER_SHIFT 44 /* 12 bits of context number, 32 of decode mode */
#define PE_BITS     9
#define EPOCH_BITS  (64 - OWNER_SHIFT - PE_BITS)

static uint64_t owner_of_numbers(const struct cpu *c)
{
    return ((uint64_t)c->contexts->epoch << PE_BITS | c->cfg.index) << OWNER_SHIFT;
}

static void begin_epoch(struct cpu *c)
{
    struct context_table *t = c->contexts;
    t->epoch = (t->epoch + 1) & ((1U << EPOCH_BITS) - 1);
    if (t->epoch == 0 && c->blocks != NULL) {
        loop_flush_blocks(c);
        c->exit_flags |= EXIT_CONTEXT;
    }
}

/*
 * A debugger's key frames and snapshots flush; it wants to look at VMs that do not run all the
 * same. Tables of stage 1 are worth more than that there are none.
 */
static void remember_vm(struct context_table *t, const struct context *x)
{
    unsigned i = 0;
    while (i < t->n_vms && t->vms[i].cfg.s2.vmid != x->cfg.s2.vmid) {
        i++;
    }
    if (i < t->n_vms && t->vms[i].cfg.s1.on && !x->cfg.s1.on) {
        return;
    }
    if (i == t->n_vms) {
        i = t->next_vm;
        t->next_vm = (t->next_vm + 1) % N_VMS;
        t->n_vms = MAX(t->n_vms, (uint8_t)(i + 1));
    }
    t->vms[i] = *x;
    t->vms[i].number = 0;
}

void context_flush(struct cpu *c)
{
    struct context_table *t = c->contexts;
    for (unsigned i = 0; i < t->n_used; i++) {
        if (t->ctx[i].cfg.s2.on) {
            remember_vm(t, &t->ctx[i]);
        }
    }
    begin_epoch(c);
    clear_fast_tlb(c);
    jump_cache_clear(c);
    memset(t->hash, 0, sizeof(t->hash));
    memset(t->fetched, 0, sizeof(t->fetched));
    memset(&t->large, 0, sizeof(t->large));
    t->n_used = 0;
    t->next_number = 1;
    t->current[0] = t->current[1] = 0;
    c->ctx_gen++;
    c->ctx_stale = true;
}

const struct context *context_at(const struct cpu *c, unsigned i)
{
    const struct context_table *t = c->contexts;
    if (i < t->n_used) {
        return &t->ctx[i];
    }
    return i - t->n_used < t->n_vms ? &t->vms[i - t->n_used] : NULL;
}

/* ---- finding and making contexts ---- */

static unsigned hash_of(const struct context *x)
{
    const uint8_t *p = (const uint8_t *)&x->cfg;
    uint64_t h =
        (uint64_t)x->align << 3 | (uint64_t)x->shared << 2 | (uint64_t)x->el0 << 1 | x->pan;
    for (size_t i = 0; i + 8 <= sizeof(x->cfg); i += 8) {
        uint64_t v;
        memcpy(&v, p + i, 8);
        h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return (unsigned)h & (HASH_SIZE - 1);
}

static bool same(const struct context *x, const struct context *key)
{
    return x->el0 == key->el0 && x->pan == key->pan && x->shared == key->shared &&
           x->align == key->align && memcmp(&x->cfg, &key->cfg, sizeof(x->cfg)) == 0;
}

static void unlink_context(struct context_table *t, uint16_t index)
{
    struct context *x = &t->ctx[index];
    uint16_t *p = &t->hash[hash_of(x)];
    while (*p != index + 1) {
        p = &t->ctx[*p - 1].next;
    }
    *p = x->next;
}

/* Index of a free context: the oldest one that is not in force goes when there is none. */
static uint16_t take_slot(struct cpu *c)
{
    struct context_table *t = c->contexts;
    if (t->n_used < N_CONTEXTS) {
        return t->n_used++;
    }
    uint16_t index = t->victim;
    while (index + 1 == t->current[0] || index + 1 == t->current[1]) {
        index = (uint16_t)((index + 1) % N_CONTEXTS);
    }
    t->victim = (uint16_t)((index + 1) % N_CONTEXTS);
    unlink_context(t, index);
    c->ctx_gen++; /* shortcuts may have it */
    return index;
}

/* Index + 1 of the context; 0: no number left, the caller flushes and asks again. */
static uint16_t find_or_make(struct cpu *c, const struct context *key)
{
    struct context_table *t = c->contexts;
    unsigned h = hash_of(key);
    for (uint16_t i = t->hash[h]; i != 0; i = t->ctx[i - 1].next) {
        struct context *x = &t->ctx[i - 1];
        if (same(x, key)) {
            if (x->number == 0 && !x->split) {
                if (t->next_number > LAST_NUMBER) {
                    return 0;
                }
                x->number = t->next_number++;
            }
            return i;
        }
    }
    if (t->next_number > LAST_NUMBER) {
        return 0;
    }
    uint16_t index = take_slot(c);
    struct context *x = &t->ctx[index];
    *x = *key;
    x->number = t->next_number++;
    x->next = t->hash[h];
    t->hash[h] = (uint16_t)(index + 1);
    return (uint16_t)(index + 1);
}

static uint16_t find_or_flush(struct cpu *c, const struct context *key)
{
    uint16_t i = find_or_make(c, key);
    if (i == 0) {
        context_flush(c);
        i = find_or_make(c, key);
    }
    return i;
}

/* What all processes of a kernel have in common. */
static void make_shared(struct context *key)
{
    key->shared = true;
    key->cfg.s1.asid = 0;
    key->cfg.s1.half[0].ttb = 0;
    key->cfg.s1.half[1].ttb &= ~TTBR_ASID;
}

static bool checks_alignment(const struct cpu *c, enum regime r)
{
    unsigned owner = r == REGIME_EL10 ? 1 : r == REGIME_EL3 ? 3 : 2;
    return bit(c->sr[SR_SCTLR_EL1 + owner - 1], 1);
}

/* A write to POR_EL0 leaves the contexts of the privileged alone, and the other way round. */
static void drop_other_overlay(struct context *key)
{
    struct xlat_s1 *s1 = &key->cfg.s1;
    if (key->el0) {
        s1->poe = false;
        s1->por = 0;
    } else {
        s1->e0poe = false;
        s1->por_el0 = 0;
    }
}

static uint16_t lookup(struct cpu *c, const struct xlat_cfg *cfg, bool el0, bool pan)
{
    struct context key;
    memset(&key, 0, sizeof(key)); /* with padding: compared by memcmp */
    memcpy(&key.cfg, cfg, sizeof(*cfg));
    key.el0 = el0;
    key.pan = pan;
    key.align = checks_alignment(c, (enum regime)cfg->regime);
    drop_other_overlay(&key);
    if (!el0 && cfg->s1.on && regime_has_el0((enum regime)cfg->regime)) {
        struct context shared = key;
        make_shared(&shared);
        uint16_t i = find_or_flush(c, &shared);
        if (!c->contexts->ctx[i - 1].split) {
            return i;
        }
    }
    return find_or_flush(c, &key);
}

/* ---- decode mode ---- */

static uint32_t decode_mode(struct cpu *c)
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
    m |= bit(sctlr, el == 0 ? 35 : 36) ? MODE_BT : 0;
    m |= c->debug.breaks ? debug_decode_mode(c) : 0;
    m |= observe_wanted(c) ? MODE_OBSERVED : 0;
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

static enum regime current_regime(struct cpu *c, struct xlat_cfg *out_cfg)
{
    enum regime r = regime_of_el(c, c->ps.el);
    regime_config(c, r, out_cfg);
    return r;
}

void context_update(struct cpu *c)
{
    struct context_table *t = c->contexts;
    c->ctx_stale = false;
    if (UNLIKELY(c->observer != NULL)) {
        observe_context(c);
    }
    if (recall(c)) {
        return;
    }
    struct xlat_cfg cfg;
    bool has_el0 = regime_has_el0(current_regime(c, &cfg));
    bool el0 = c->ps.el == 0;
    uint16_t i = lookup(c, &cfg, el0, !el0 && c->ps.pan && has_el0);
    c->ctx_stale = false;
    t->current[0] = i;
    c->ctx = t->ctx[i - 1].number;
    t->current[1] = has_el0 && !el0 ? 0 : i; /* most switches come and go without need of it */
    c->ctx_unpriv = t->current[1] != 0 ? c->ctx : 0;
    c->jctx = c->ctx | (uint64_t)decode_mode(c) << 12 | owner_of_numbers(c);
    remember(c);
}

static void update_unpriv(struct cpu *c)
{
    struct context_table *t = c->contexts;
    struct xlat_cfg cfg;
    current_regime(c, &cfg);
    uint16_t u = lookup(c, &cfg, true, false);
    if (c->ctx_stale) { /* it flushed */
        context_update(c);
    }
    t->current[1] = u;
    c->ctx_unpriv = t->ctx[u - 1].number;
    remember(c);
}

static struct context *current(struct cpu *c, bool unpriv)
{
    if (c->ctx_stale) {
        context_update(c);
    }
    if (c->contexts->current[unpriv] == 0) {
        update_unpriv(c);
    }
    return &c->contexts->ctx[c->contexts->current[unpriv] - 1];
}

const struct context *context_data(struct cpu *c, bool unpriv)
{
    return current(c, unpriv);
}

/* The context gets another number when it is used again: its entries are out of reach. */
static void retire(struct cpu *c, struct context *x)
{
    x->number = 0;
    c->ctx_gen++;
    c->ctx_stale = true;
    c->exit_flags |= EXIT_CONTEXT;
}

/* From now on there is a context for every ASID. */
static const struct context *end_sharing(struct cpu *c, bool unpriv)
{
    struct context *x = current(c, unpriv);
    x->split = true;
    retire(c, x);
    return context_data(c, unpriv);
}

const struct context *context_for_walk(struct cpu *c, bool unpriv, uint64_t va)
{
    const struct context *x = context_data(c, unpriv);
    return x->shared && !bit(va, 55) ? end_sharing(c, unpriv) : x;
}

bool context_may_keep(struct cpu *c, bool unpriv, uint64_t va, bool global)
{
    struct context *x = current(c, unpriv);
    x->has_global |= global;
    if (!x->shared || (global && bit(va, 55))) {
        return true;
    }
    end_sharing(c, unpriv);
    return false;
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
        memset(c->dc_ok, 0, sizeof(c->dc_ok));
        c->last_set.gen = 0;
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

static void drop_page(struct fast_tlb_entry *tlb, unsigned size, uint64_t va)
{
    struct fast_tlb_entry *e = &tlb[(va >> 12) & (size - 1)];
    if (page_of(e->tag) == page_of(va)) {
        e->tag = UINT64_MAX;
    }
}

static bool same_space(const struct context *x, const struct tlb_inval *op)
{
    return x->cfg.regime == op->regime && x->cfg.pas == op->pas &&
           (op->regime != REGIME_EL10 || x->cfg.s2.vmid == op->vmid);
}

/* May the context have an entry that an operation by address names? */
static bool may_have_va(const struct context *x, const void *arg)
{
    const struct tlb_inval *op = arg;
    if (!same_space(x, op) || (x->shared && !bit(op->base, 55))) {
        return false;
    }
    return op->kind == TLB_INVAL_VAA || x->has_global || x->cfg.s1.asid == op->asid;
}

static bool named_by(const struct context *x, const void *arg)
{
    const struct tlb_inval *op = arg;
    switch ((enum tlb_inval_kind)op->kind) {
    case TLB_INVAL_ALL:
        return x->cfg.regime == op->regime && x->cfg.pas == op->pas;
    case TLB_INVAL_ASID:
        return same_space(x, op) && !x->shared && x->cfg.s1.asid == op->asid;
    default:
        return same_space(x, op);
    }
}

static void drop_data_page(struct cpu *c, uint64_t va)
{
    drop_page(c->tlb_r, FAST_TLB_SIZE, va);
    drop_page(c->tlb_w, FAST_TLB_SIZE, va);
    drop_page(c->tlb_back, BACK_TLB_SIZE, va);
}

static void drop_slow_page(struct cpu *c, uint64_t va)
{
    struct slow_tlb_entry *slow = &c->tlb_slow[(va >> 12) & (SLOW_TLB_SIZE - 1)];
    if (page_of(slow->tag) == page_of(va)) {
        slow->tag = UINT64_MAX;
    }
}

void context_keep_few(struct cpu *c, uint64_t va)
{
    uint64_t *oldest = &c->few[c->few_next++ % ARRAY_LEN(c->few)];
    drop_data_page(c, *oldest);
    drop_slow_page(c, *oldest);
    *oldest = va;
}

void context_drop_pages(struct cpu *c, uint64_t va, uint64_t len)
{
    uint64_t offset = va % BLOCK_PAGE;
    if (offset + len > MAX_SINGLE * BLOCK_PAGE) {
        context_flush(c);
        c->exit_flags |= EXIT_CONTEXT;
        return;
    }
    for (uint64_t done = 0; done < offset + len; done += BLOCK_PAGE) {
        drop_data_page(c, va + done);
    }
}

/* A page, in all contexts. False: more than that page may be kept in pieces, or as decoded blocks.
 */
static bool drop_single(struct cpu *c, uint64_t va)
{
    struct context_table *t = c->contexts;
    if (large_map_has(&t->large, va) || fetched_from(t, va)) {
        return false;
    }
    drop_data_page(c, va);
    drop_slow_page(c, va);
    return true;
}

static void invalidate_va(struct cpu *c, const struct tlb_inval *op)
{
    for (uint64_t off = 0; off < op->len; off += BLOCK_PAGE) {
        if (op->len > MAX_SINGLE * BLOCK_PAGE || !drop_single(c, op->base + off)) {
            context_retire_if(c, may_have_va, op);
            return;
        }
    }
}

void cpu_tlb_invalidate(struct cpu *c, const struct tlb_inval *op)
{
    if (op->kind == TLB_INVAL_VA || op->kind == TLB_INVAL_VAA) {
        invalidate_va(c, op);
    } else {
        context_retire_if(c, named_by, op);
    }
}
