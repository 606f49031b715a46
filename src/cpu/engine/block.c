/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/engine/block.h"

#include <glib.h>
#include <string.h>

#include "base/result.h"
#include "cpu/debug/break_set.h"
#include "cpu/engine/code.h"
#include "cpu/engine/compile.h"
#include "cpu/engine/decode.h"
#include "cpu/engine/exits.h"
#include "cpu/engine/observe.h"
#include "cpu/isa/pairs.h"

#define HASH_BITS 17

struct block_cache {
    uint8_t *arena;
    uint64_t size, used;
    struct block *hash[1U << HASH_BITS];
    struct touched hash_used;
    GHashTable *pages; /* page number -> first block of the page */
    struct pair_index *pairs;
    struct break_sets *breaks;
    struct observe_ids observed;
    struct compiler *compiler; /* NULL: the host has none */
    uint16_t compile_after;
    struct op *scratch; /* the one block that is not kept */
    struct block scratch_block;
    uint8_t scratch_map[BLOCK_MAX_SLOTS];
};

struct block_cache *block_cache_new(uint64_t arena_bytes, uint16_t compile_after)
{
    struct block_cache *b = g_new0(struct block_cache, 1);
    b->size = arena_bytes;
    b->arena = code_map_data(arena_bytes);
    ASSERT(b->arena != NULL);
    b->pages = g_hash_table_new(g_direct_hash, g_direct_equal);
    b->pairs = pair_index_new();
    b->breaks = break_sets_new();
    b->compile_after = compile_after;
    if (compile_after != CPU_COMPILE_NEVER) {
        b->compiler = compiler_new(b->arena, arena_bytes);
    }
    b->scratch = g_new0(struct op, BLOCK_MAX_SLOTS + 2);
    observe_reset_ids(&b->observed);
    return b;
}

void block_cache_free(struct block_cache *b)
{
    if (b == NULL) {
        return;
    }
    g_hash_table_destroy(b->pages);
    code_unmap_data(b->arena, b->size);
    compiler_free(b->compiler);
    g_free(b->scratch);
    pair_index_free(b->pairs);
    break_sets_free(b->breaks);
    g_free(b);
}

void block_cache_flush(struct block_cache *b)
{
    b->used = 0;
    touched_clear(&b->hash_used, b->hash, sizeof(b->hash[0]), ARRAY_LEN(b->hash));
    g_hash_table_remove_all(b->pages);
    compiler_flush(b->compiler);
    observe_reset_ids(&b->observed);
}

const struct observe_ids *block_cache_observed(const struct block_cache *b)
{
    return &b->observed;
}

struct break_sets *block_break_sets(struct block_cache *b)
{
    return b->breaks;
}

static void *arena_alloc(struct block_cache *b, size_t bytes)
{
    void *p = b->arena + b->used;
    b->used += align_up(bytes, 16);
    return p;
}

static unsigned hash_of(uint64_t pa, uint32_t mode)
{
    uint64_t h = (pa >> 2 ^ (uint64_t)mode << 20) * UINT64_C(0x9e3779b97f4a7c15);
    return (unsigned)(h >> (64 - HASH_BITS));
}

static gpointer page_key(uint64_t pa)
{
    return GSIZE_TO_POINTER(pa / BLOCK_PAGE);
}

static size_t bytes_of(const struct block *blk)
{
    return (size_t)blk->n_insns * 4;
}

/* Never executed: marks the header of a block. */
void op_block_header(struct cpu *c, const struct op *o, int64_t budget)
{
    ASSERT(false);
}

/* In place of the first operation of a block until it has run often enough. */
HANDLER(count_down)
{
    struct block *blk = block_of_entry(o - 1);
    if (--blk->heat == 0) {
        compiler_compile(c->blocks->compiler, c, blk);
    }
    EXIT_TO(blk->first(c, o, budget));
}

static void start_counting(struct block *blk, uint16_t runs)
{
    blk->heat = runs;
    blk->first = blk->entry[1].fn;
    blk->entry[1].fn = op_count_down;
}

/*
 * Decode from pa into slots. Returns the number of slots used after the header; fills the
 * operation-to-instruction map.
 */
static unsigned build(struct cpu *c, struct block *blk, struct op *slots, const uint8_t *host,
                      unsigned max_insns, uint8_t *map, struct observe_ids *observed)
{
    struct op *header = slots + 1;
    struct emit e = {.cpu = c,
                     .p = header + 1,
                     .end = header + 1 + BLOCK_MAX_SLOTS,
                     .off = (uint32_t)(blk->pa & (BLOCK_PAGE - 1)),
                     .mode = blk->mode};
    unsigned break_set = extract32(blk->mode, MODE_BREAK_SHIFT, MODE_BREAK_BITS);
    unsigned n = 0;
    uint8_t refuses = 0;
    if (observed != NULL) {
        observe_emit_enter(&e, blk, observed);
        map[0] = 0;
    }
    while (n < max_insns && !e.ended && e.off < BLOCK_PAGE) {
        struct op *first = e.p;
        memcpy(&e.insn, host + e.off, sizeof(e.insn));
        bool breaks = break_sets_has(c->blocks->breaks, break_set, e.off);
        if (n == 0 && (blk->mode & MODE_GUARDED)) {
            refuses = breaks ? BTYPE_ANY : decode_btype_refused(e.insn, blk->mode);
        }
        blk->words[n] = e.insn;
        if (breaks) {
            decode_break(&e);
        }
        decode_insn(&e);
        if (observed != NULL) {
            observe_emit_insn(&e, observed);
        }
        memset(map + (first - header - 1), (int)n, (size_t)(e.p - first));
        e.prev = e.p - first == 1 ? first : NULL;
        e.off += 4;
        n++;
    }
    unsigned n_real = (unsigned)(e.p - header - 1);
    if (!e.ended) {
        decode_fallthrough(&e);
    }
    unsigned n_ops = (unsigned)(e.p - header - 1);
    memset(map + n_real, (int)n, n_ops - n_real);
    blk->n_insns = (uint16_t)n;
    blk->n_ops = (uint16_t)n_ops;
    blk->entry = header;
    blk->insn_of_op = map;
    slots[0] = (struct op){.imm64 = (uint64_t)(uintptr_t)blk};
    *header = (struct op){.fn = op_block_header};
    header->a = (uint8_t)n;
    header->b = refuses;
    header->imm = (uint32_t)(blk->pa & (BLOCK_PAGE - 1));
    return n_ops;
}

static void fuse_pairs(const struct block_cache *b, const struct block *blk)
{
#ifndef ARMATURE_PAIR_PROFILE
    pairs_fuse(b->pairs, blk->entry + 1, blk->n_ops);
#endif
}

unsigned block_decode_again(struct cpu *c, const struct block *blk, struct op *out)
{
    uint8_t map[BLOCK_MAX_SLOTS];
    uint8_t page[BLOCK_PAGE];
    struct block again = {.pa = blk->pa, .mode = blk->mode};
    memcpy(page + (blk->pa & (BLOCK_PAGE - 1)), blk->words, blk->n_insns * sizeof(blk->words[0]));
    return build(c, &again, out, page, blk->n_insns, map, NULL);
}

static struct block *find(struct block_cache *b, uint64_t pa, uint32_t mode)
{
    struct block *blk = b->hash[hash_of(pa, mode)];
    while (blk != NULL && (blk->pa != pa || blk->mode != mode)) {
        blk = blk->hash_next;
    }
    return blk;
}

static struct op *build_kept(struct cpu *c, struct block_cache *b, uint64_t pa, uint32_t mode,
                             const uint8_t *host)
{
    uint8_t map[BLOCK_MAX_SLOTS];
    size_t worst =
        sizeof(struct block) + (BLOCK_MAX_SLOTS + 2) * sizeof(struct op) + BLOCK_MAX_SLOTS + 64;
    if (b->size - b->used < worst || !observe_ids_left(&b->observed)) {
        return NULL;
    }
    struct block *blk = arena_alloc(b, sizeof(*blk));
    memset(blk, 0, offsetof(struct block, words));
    blk->pa = pa;
    blk->mode = mode;
    struct op *slots = (struct op *)(b->arena + b->used);
    unsigned n_ops = build(c, blk, slots, host, BLOCK_MAX_INSNS, map,
                           mode & MODE_OBSERVED ? &b->observed : NULL);
    arena_alloc(b, (n_ops + 2) * sizeof(struct op));
    blk->insn_of_op = memcpy(arena_alloc(b, n_ops), map, n_ops);
    fuse_pairs(b, blk);
    if (b->compiler != NULL && !(mode & MODE_OBSERVED)) {
        start_counting(blk, b->compile_after);
    }

    unsigned h = hash_of(pa, mode);
    if (b->hash[h] == NULL) {
        touched_add(&b->hash_used, h);
    }
    blk->hash_next = b->hash[h];
    b->hash[h] = blk;
    blk->page_next = g_hash_table_lookup(b->pages, page_key(pa));
    g_hash_table_insert(b->pages, page_key(pa), blk);
    return blk->entry;
}

struct op *block_get(struct cpu *c, uint64_t pa, uint32_t mode, const uint8_t *host,
                     unsigned max_insns)
{
    struct block_cache *b = c->blocks;
    if (max_insns < BLOCK_MAX_INSNS) {
        b->scratch_block = (struct block){.pa = pa, .mode = mode};
        struct observe_ids scratch = {.block = OBSERVE_SCRATCH};
        build(c, &b->scratch_block, b->scratch, host, max_insns, b->scratch_map,
              mode & MODE_OBSERVED ? &scratch : NULL);
        return b->scratch_block.entry;
    }
    struct block *blk = find(b, pa, mode);
    if (blk != NULL && (mode & MODE_UNCACHED) &&
        memcmp(blk->words, host + (pa & (BLOCK_PAGE - 1)), bytes_of(blk)) != 0) {
        block_invalidate(b, pa, 4);
        blk = NULL;
    }
    return blk != NULL ? blk->entry : build_kept(c, b, pa, mode, host);
}

static void unlink_from_hash(struct block_cache *b, struct block *blk)
{
    struct block **p = &b->hash[hash_of(blk->pa, blk->mode)];
    while (*p != blk) {
        p = &(*p)->hash_next;
    }
    *p = blk->hash_next;
}

/* In place of the first operation of an invalidated block. */
HANDLER(retired)
{
    leave_for_lookup(c, c->page_va | o[-1].imm, budget);
}

static void retire(struct block_cache *b, struct block *blk)
{
    unlink_from_hash(b, blk);
    for (struct chain_link *l = blk->incoming; l != NULL; l = l->next) {
        *l->slot = l->stub;
    }
    blk->incoming = NULL;
    /* Jump caches may still hold the entry: it now leads back to the run loop. */
    blk->entry->a = 0;
    blk->entry->b = 0;
    blk->entry[1].fn = op_retired;
}

bool block_invalidate(struct block_cache *b, uint64_t pa, uint64_t len)
{
    bool any = false;
    if (len == 0) {
        return false;
    }
    for (uint64_t page = pa / BLOCK_PAGE; page <= (pa + len - 1) / BLOCK_PAGE; page++) {
        gpointer key = GSIZE_TO_POINTER(page);
        struct block *head = g_hash_table_lookup(b->pages, key);
        struct block **p = &head;
        while (*p != NULL) {
            struct block *blk = *p;
            if (blk->pa < pa + len && pa < blk->pa + bytes_of(blk)) {
                *p = blk->page_next;
                retire(b, blk);
                any = true;
            } else {
                p = &blk->page_next;
            }
        }
        if (head != NULL) {
            g_hash_table_insert(b->pages, key, head);
        } else {
            g_hash_table_remove(b->pages, key);
        }
    }
    return any;
}

void block_link(struct block_cache *b, struct op **slot, struct op *entry)
{
    if (b->size - b->used < sizeof(struct chain_link) + 16) {
        return;
    }
    struct block *blk = block_of_entry(entry);
    struct chain_link *l = arena_alloc(b, sizeof(*l));
    *l = (struct chain_link){.slot = slot, .stub = *slot, .next = blk->incoming};
    blk->incoming = l;
    *slot = entry;
}
