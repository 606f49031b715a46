/* SPDX-License-Identifier: Apache-2.0 */
#include "mmu/tlb.h"

#include <glib.h>
#include <string.h>

#define N_WAYS     4
#define N_CTX_SETS 64
#define N_CTX_WAYS 8
#define N_CTX      (N_CTX_SETS * N_CTX_WAYS)
#define N_GENS     1024
#define GEN_BITS   26
#define GEN_MASK   ((1U << GEN_BITS) - 1)
#define MAX_PROBES 64 /* addresses of a range that are looked for one by one */
#define STAGE1     1U
#define STAGE2     2U

/* What kind of entries a context number stands for. */
enum ctx_kind { CTX_ASID = 1, CTX_GLOBAL, CTX_S2 };

/*
 * Tags of one set share a host cache line.
 * va: first address of the block | size_log2. gen: of the block that TLBI names, when that is not
 * the entry's own (s1_log2 != 0).
 */
struct tlb_tag {
    uint64_t va;
    uint32_t ctx; /* 0: empty */
    uint32_t gen : GEN_BITS;
    uint32_t s1_log2 : 32 - GEN_BITS;
};

struct tlb_entry {
    union {
        struct xlat_result r;
        struct xlat_s2_entry s2;
    };
    uint32_t ipa_gen; /* only with stage 2 */
};

/* Context numbers of a key; 0: none yet. */
struct ctx_ids {
    uint32_t asid, global;
};

struct tlb {
    unsigned n_sets;
    struct tlb_tag *tags;
    struct tlb_entry *entries;
    uint8_t *victim;   /* next way to replace, by set */
    uint64_t sizes;    /* bit n: blocks of 2^n bytes were inserted */
    uint64_t split;    /* bit n: parts of stage 1 blocks of 2^n bytes were inserted */
    uint64_t s2_sizes; /* bit n: results of stage 2 blocks of 2^n bytes were inserted */
    uint32_t va_gen[N_GENS], ipa_gen[N_GENS];

    uint64_t ctx_key[N_CTX]; /* 0: unused */
    uint32_t ctx_id[N_CTX];
    uint64_t ctx_used[N_CTX / 64]; /* bit map of ctx_key */
    uint8_t ctx_victim[N_CTX_SETS];
    uint32_t next_ctx;

    uint64_t last_key; /* of the latest lookup */
    struct ctx_ids last_ids;
};

struct tlb_key tlb_key_of(const struct xlat_cfg *c, va_t v, bool fetch)
{
    return (struct tlb_key){
        .va = va(regime_untag(c, v.v, fetch)),
        .asid = c->s1.asid,
        .vmid = c->regime == REGIME_EL10 ? c->s2.vmid : 0,
        .regime = c->regime,
        .pas = c->pas,
        .stages = (uint8_t)((c->s1.on ? STAGE1 : 0) | (c->s2.on ? STAGE2 : 0)),
    };
}

/* ---- contexts ---- */

/* Layout of a context key: asid 15:0, vmid 31:16, regime 34:32, pas 36:35, stages 38:37, kind
 * 40:39. */
#define CTX_VM_MASK (mask64(16, 16) | mask64(32, 5))

static uint64_t pack_vm(uint8_t regime, uint8_t pas, uint16_t vmid)
{
    return (uint64_t)vmid << 16 | (uint64_t)(regime & 7) << 32 | (uint64_t)(pas & 3) << 35;
}

static uint64_t pack_ctx(uint64_t vm, uint8_t stages, enum ctx_kind kind, uint16_t asid)
{
    return vm | (uint64_t)(stages & 3) << 37 | (uint64_t)kind << 39 | asid;
}

static enum ctx_kind ctx_kind_of(uint64_t key)
{
    return (enum ctx_kind)extract64(key, 39, 2);
}

static uint64_t mix(uint64_t v)
{
    return v * UINT64_C(0x9e3779b97f4a7c15);
}

static uint32_t ctx_find(const struct tlb *t, uint64_t key)
{
    unsigned base = (unsigned)(mix(key) >> 58) * N_CTX_WAYS;
    for (unsigned i = base; i < base + N_CTX_WAYS; i++) {
        if (t->ctx_key[i] == key) {
            return t->ctx_id[i];
        }
    }
    return 0;
}

static void ctx_forget(struct tlb *t, unsigned slot)
{
    t->ctx_key[slot] = 0;
    t->ctx_used[slot / 64] &= ~BIT(slot % 64);
    t->last_key = 0;
}

static uint32_t ctx_intern(struct tlb *t, uint64_t key)
{
    uint32_t id = ctx_find(t, key);
    if (id) {
        return id;
    }
    if (t->next_ctx == UINT32_MAX) {
        tlb_flush(t);
    }
    unsigned set = (unsigned)(mix(key) >> 58);
    unsigned slot = set * N_CTX_WAYS + t->ctx_victim[set];
    for (unsigned i = 0; i < N_CTX_WAYS; i++) {
        if (t->ctx_key[set * N_CTX_WAYS + i] == 0) {
            slot = set * N_CTX_WAYS + i;
        }
    }
    t->ctx_victim[set] = (uint8_t)((t->ctx_victim[set] + 1) % N_CTX_WAYS);
    ctx_forget(t, slot);
    t->ctx_key[slot] = key;
    t->ctx_used[slot / 64] |= BIT(slot % 64);
    t->ctx_id[slot] = ++t->next_ctx;
    return t->next_ctx;
}

static struct ctx_ids ctx_ids_of(struct tlb *t, const struct tlb_key *k)
{
    uint64_t vm = pack_vm(k->regime, k->pas, k->vmid);
    uint64_t key = pack_ctx(vm, k->stages, CTX_ASID, k->asid);
    if (key != t->last_key) {
        t->last_ids.asid = ctx_find(t, key);
        t->last_ids.global = ctx_find(t, pack_ctx(vm, k->stages, CTX_GLOBAL, 0));
        t->last_key = key;
    }
    return t->last_ids;
}

/* ---- entries ---- */

struct tlb *tlb_new(unsigned n_entries)
{
    struct tlb *t = g_new0(struct tlb, 1);
    t->n_sets = 64 / N_WAYS;
    while (t->n_sets * N_WAYS < n_entries && t->n_sets < (1U << 20)) {
        t->n_sets *= 2;
    }
    t->tags = g_new0(struct tlb_tag, (size_t)t->n_sets * N_WAYS);
    t->entries = g_new0(struct tlb_entry, (size_t)t->n_sets * N_WAYS);
    t->victim = g_new0(uint8_t, t->n_sets);
    return t;
}

void tlb_free(struct tlb *t)
{
    if (t) {
        g_free(t->tags);
        g_free(t->entries);
        g_free(t->victim);
        g_free(t);
    }
}

void tlb_flush(struct tlb *t)
{
    memset(t->tags, 0, (size_t)t->n_sets * N_WAYS * sizeof(*t->tags));
    memset(t->ctx_key, 0, sizeof(t->ctx_key));
    memset(t->ctx_used, 0, sizeof(t->ctx_used));
    t->sizes = 0;
    t->split = 0;
    t->s2_sizes = 0;
    t->next_ctx = 0;
    t->last_key = 0;
}

static uint64_t tag_va(uint64_t addr, unsigned size_log2)
{
    return (addr & ~mask64(0, size_log2)) | size_log2;
}

static unsigned set_of(const struct tlb *t, uint64_t tagged, uint64_t vm)
{
    uint64_t block = tagged >> (tagged & 63);
    return (unsigned)(mix(block ^ mix(vm ^ tagged << 58)) >> 40) & (t->n_sets - 1);
}

static unsigned gen_index(uint64_t addr, unsigned size_log2, uint64_t vm)
{
    return (unsigned)(mix((addr >> size_log2) ^ mix(vm + size_log2)) >> 44) & (N_GENS - 1);
}

static uint32_t va_gen(const struct tlb *t, uint64_t addr, unsigned size_log2, uint64_t vm)
{
    return t->va_gen[gen_index(addr, size_log2, vm)];
}

/* IPA spaces share generations: what one loses with the other is only time. */
static uint32_t *ipa_gen(struct tlb *t, uint64_t addr, unsigned size_log2, uint64_t vm)
{
    return &t->ipa_gen[gen_index(addr, size_log2, vm)];
}

static bool entry_current(struct tlb *t, unsigned i, uint64_t addr, uint64_t vm)
{
    const struct tlb_tag *tag = &t->tags[i];
    const struct xlat_result *r = &t->entries[i].r;
    if (tag->s1_log2 && tag->gen != va_gen(t, addr, tag->s1_log2, vm)) {
        return false;
    }
    return !r->s2_size_log2 ||
           t->entries[i].ipa_gen == *ipa_gen(t, xlat_ipa(r, va(addr)).v, r->s2_size_log2, vm);
}

/* Index of the way of the set of a block that has one of two contexts, or -1. */
static int find_way(const struct tlb *t, uint64_t tagged, uint64_t vm, struct ctx_ids ids)
{
    unsigned base = set_of(t, tagged, vm) * N_WAYS;
    for (unsigned i = base; i < base + N_WAYS; i++) {
        const struct tlb_tag *tag = &t->tags[i];
        if (tag->va == tagged && tag->ctx && (tag->ctx == ids.asid || tag->ctx == ids.global)) {
            return (int)i;
        }
    }
    return -1;
}

/* The smallest block that holds an address. */
static int find_address(struct tlb *t, uint64_t addr, uint64_t vm, struct ctx_ids ids)
{
    for (uint64_t sizes = t->sizes; sizes; sizes &= sizes - 1) {
        unsigned s = (unsigned)__builtin_ctzll(sizes);
        int i = find_way(t, tag_va(addr, s), vm, ids);
        if (i >= 0) {
            return i;
        }
    }
    return -1;
}

static unsigned pick_way(struct tlb *t, uint64_t tagged, uint64_t vm)
{
    unsigned set = set_of(t, tagged, vm);
    for (unsigned i = set * N_WAYS; i < (set + 1) * N_WAYS; i++) {
        if (!t->tags[i].ctx) {
            return i;
        }
    }
    t->victim[set] = (uint8_t)((t->victim[set] + 1) % N_WAYS);
    return set * N_WAYS + t->victim[set];
}

const struct xlat_result *tlb_lookup(struct tlb *t, const struct tlb_key *k)
{
    struct ctx_ids ids = ctx_ids_of(t, k);
    if (!(ids.asid | ids.global)) {
        return NULL;
    }
    uint64_t vm = pack_vm(k->regime, k->pas, k->vmid);
    int i = find_address(t, k->va.v, vm, ids);
    if (i < 0) {
        return NULL;
    }
    if (!entry_current(t, (unsigned)i, k->va.v, vm)) {
        t->tags[i].ctx = 0;
        return NULL;
    }
    return &t->entries[i].r;
}

void tlb_insert(struct tlb *t, const struct tlb_key *k, const struct xlat_result *r)
{
    if (!r->cacheable || !k->stages) {
        return;
    }
    uint64_t vm = pack_vm(k->regime, k->pas, k->vmid);
    /* The new result takes the place of whatever the address would hit. */
    int old;
    while ((old = find_address(t, k->va.v, vm, ctx_ids_of(t, k))) >= 0) {
        t->tags[old].ctx = 0;
    }
    uint64_t tagged = tag_va(k->va.v, r->size_log2);
    bool split = r->s1_size_log2 > r->size_log2;
    uint32_t ctx = ctx_intern(t, r->global ? pack_ctx(vm, k->stages, CTX_GLOBAL, 0)
                                           : pack_ctx(vm, k->stages, CTX_ASID, k->asid));
    unsigned i = pick_way(t, tagged, vm);
    t->tags[i] = (struct tlb_tag){
        .va = tagged,
        .ctx = ctx,
        .s1_log2 = split ? r->s1_size_log2 & 63 : 0,
        .gen = split ? va_gen(t, k->va.v, r->s1_size_log2, vm) : 0,
    };
    t->entries[i].r = *r;
    t->sizes |= BIT(r->size_log2);
    t->split |= split ? BIT(r->s1_size_log2) : 0;
    if (r->s2_size_log2) {
        t->s2_sizes |= BIT(r->s2_size_log2);
        t->entries[i].ipa_gen = *ipa_gen(t, xlat_ipa(r, k->va).v, r->s2_size_log2, vm);
    }
}

/* Stage 2 entries have their space where others have the ASID. */
static uint64_t s2_ctx(uint64_t vm, bool ns)
{
    return pack_ctx(vm, STAGE2, CTX_S2, ns);
}

const struct xlat_s2_entry *tlb_s2_lookup(struct tlb *t, const struct tlb_key *k, ipa_t a, bool ns)
{
    uint64_t vm = pack_vm(k->regime, k->pas, k->vmid);
    struct ctx_ids ids = {.asid = ctx_find(t, s2_ctx(vm, ns))};
    int i = ids.asid ? find_address(t, a.v, vm, ids) : -1;
    if (i < 0) {
        return NULL;
    }
    const struct tlb_entry *e = &t->entries[i];
    if (e->ipa_gen != *ipa_gen(t, a.v, e->s2.size_log2, vm)) {
        t->tags[i].ctx = 0;
        return NULL;
    }
    return &e->s2;
}

void tlb_s2_insert(struct tlb *t, const struct tlb_key *k, ipa_t a, bool ns,
                   const struct xlat_s2_entry *e)
{
    uint64_t vm = pack_vm(k->regime, k->pas, k->vmid);
    struct ctx_ids ids = {.asid = ctx_intern(t, s2_ctx(vm, ns))};
    int old;
    while ((old = find_address(t, a.v, vm, ids)) >= 0) {
        t->tags[old].ctx = 0;
    }
    uint64_t tagged = tag_va(a.v, e->size_log2);
    unsigned i = pick_way(t, tagged, vm);
    t->tags[i] = (struct tlb_tag){.va = tagged, .ctx = ids.asid};
    t->entries[i].s2 = *e;
    t->entries[i].ipa_gen = *ipa_gen(t, a.v, e->size_log2, vm);
    t->sizes |= BIT(e->size_log2);
    t->s2_sizes |= BIT(e->size_log2);
}

/* ---- invalidation ---- */

/* Forget the contexts whose key agrees with want under mask and whose kind is in kinds. */
static void forget_contexts(struct tlb *t, uint64_t want, uint64_t mask, unsigned kinds)
{
    for (unsigned w = 0; w < N_CTX / 64; w++) {
        for (uint64_t used = t->ctx_used[w]; used; used &= used - 1) {
            unsigned i = w * 64 + (unsigned)__builtin_ctzll(used);
            uint64_t k = t->ctx_key[i];
            if (((k ^ want) & mask) == 0 && (kinds >> ctx_kind_of(k) & 1)) {
                ctx_forget(t, i);
            }
        }
    }
}

/* Blocks of 2^size_log2 bytes that a range touches. */
struct block_range {
    uint64_t first, n;
};

static struct block_range blocks_of(const struct tlb_inval *op, unsigned size_log2)
{
    uint64_t last = op->base + (op->len ? op->len - 1 : 0);
    if (last < op->base) {
        last = UINT64_MAX;
    }
    uint64_t first = op->base >> size_log2;
    return (struct block_range){first, (last >> size_log2) - first + 1};
}

/* Generations have as many bits as a tag keeps; before one repeats, everything is forgotten. */
static void bump(struct tlb *t, uint32_t *gen)
{
    *gen = (*gen + 1) & GEN_MASK;
    if (*gen == 0) {
        tlb_flush(t);
    }
}

/* Move on the generation of every block of the range, for each size in sizes. */
static void bump_range(struct tlb *t, uint32_t *gens, uint64_t sizes, const struct tlb_inval *op,
                       uint64_t vm)
{
    for (; sizes; sizes &= sizes - 1) {
        unsigned s = (unsigned)__builtin_ctzll(sizes);
        struct block_range b = blocks_of(op, s);
        bool all = b.n >= N_GENS;
        for (unsigned i = 0; i < (all ? N_GENS : b.n); i++) {
            bump(t, &gens[all ? i : gen_index((b.first + i) << s, s, vm)]);
        }
    }
}

/* Contexts that a TLBI by VA is about: any: all. */
struct va_scope {
    bool any;
    uint32_t ctx[4];
};

static bool in_scope(const struct va_scope *s, uint32_t ctx)
{
    return s->any || ctx == s->ctx[0] || ctx == s->ctx[1] || ctx == s->ctx[2] || ctx == s->ctx[3];
}

static void drop_block(struct tlb *t, uint64_t tagged, uint64_t vm, const struct va_scope *scope)
{
    unsigned base = set_of(t, tagged, vm) * N_WAYS;
    for (unsigned i = base; i < base + N_WAYS; i++) {
        if (t->tags[i].va == tagged && in_scope(scope, t->tags[i].ctx)) {
            t->tags[i].ctx = 0;
        }
    }
}

/* A long range: look at every entry that is where an entry of this VM would be. */
static void drop_scan(struct tlb *t, const struct tlb_inval *op, uint64_t vm,
                      const struct va_scope *scope)
{
    for (unsigned i = 0; i < t->n_sets * N_WAYS; i++) {
        uint64_t tagged = t->tags[i].va;
        unsigned s = tagged & 63;
        uint64_t first = tagged & ~mask64(0, 6);
        bool hit = first <= op->base ? op->base - first < BIT(s) : first - op->base < op->len;
        if (s && hit && in_scope(scope, t->tags[i].ctx) && set_of(t, tagged, vm) == i / N_WAYS) {
            t->tags[i].ctx = 0;
        }
    }
}

static void invalidate_va(struct tlb *t, const struct tlb_inval *op)
{
    uint64_t vm = pack_vm(op->regime, op->pas, op->vmid);
    struct va_scope scope = {.any = op->kind == TLB_INVAL_VAA};
    for (unsigned i = 0; i < 4; i++) {
        uint8_t stages = i & 1 ? STAGE1 | STAGE2 : STAGE1;
        uint64_t key =
            i & 2 ? pack_ctx(vm, stages, CTX_GLOBAL, 0) : pack_ctx(vm, stages, CTX_ASID, op->asid);
        scope.ctx[i] = ctx_find(t, key);
    }
    bump_range(t, t->va_gen, t->split, op, vm);
    for (uint64_t sizes = t->sizes; sizes; sizes &= sizes - 1) {
        unsigned s = (unsigned)__builtin_ctzll(sizes);
        struct block_range b = blocks_of(op, s);
        if (b.n > MAX_PROBES) {
            drop_scan(t, op, vm, &scope);
            return;
        }
        for (uint64_t i = 0; i < b.n; i++) {
            drop_block(t, tag_va((b.first + i) << s, s), vm, &scope);
        }
    }
}

void tlb_invalidate(struct tlb *t, const struct tlb_inval *op)
{
    const unsigned s1_kinds = BIT(CTX_ASID) | BIT(CTX_GLOBAL);
    uint64_t vm = pack_vm(op->regime, op->pas, op->vmid);
    switch (op->kind) {
    case TLB_INVAL_ALL:
        forget_contexts(t, vm, CTX_VM_MASK & ~mask64(16, 16), s1_kinds | BIT(CTX_S2));
        break;
    case TLB_INVAL_VMALL:
        forget_contexts(t, vm, CTX_VM_MASK, s1_kinds);
        break;
    case TLB_INVAL_VMALLS12:
        forget_contexts(t, vm, CTX_VM_MASK, s1_kinds | BIT(CTX_S2));
        break;
    case TLB_INVAL_ASID:
        forget_contexts(t, vm | op->asid, CTX_VM_MASK | mask64(0, 16), BIT(CTX_ASID));
        break;
    case TLB_INVAL_IPA:
        bump_range(t, t->ipa_gen, t->s2_sizes, op, vm);
        break;
    default:
        invalidate_va(t, op);
        break;
    }
}
