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

#define FUSE_AFTER     4 /* executions until pairs are fused: that costs what they save in a few */
#define PAGE_HASH_BITS 12
#define PAGE_HASH_SIZE (1U << PAGE_HASH_BITS)
#define LINE           64U /* bytes: as much as the longest block, so that one spans two lines at most */
#define LINES          (BLOCK_PAGE / LINE)
_Static_assert(BLOCK_MAX_INSNS * 4 <= LINE,
               "a block begins in the line it overlaps or the one before");

/* The blocks of a page by the line that they begin in: what runs in turn is looked up nearby. */
struct code_page {
    uint64_t number;
    struct code_page *next; /* of the same hash */
    struct block *line[LINES];
};

struct block_cache {
    uint8_t *arena;
    uint64_t size, used;
    struct code_page *pages[PAGE_HASH_SIZE];
    struct touched pages_used;
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
    touched_clear(&b->pages_used, b->pages, sizeof(b->pages[0]), PAGE_HASH_SIZE);
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

static unsigned hash_of(uint64_t page)
{
    return (unsigned)(page * UINT64_C(0x9e3779b97f4a7c15) >> (64 - PAGE_HASH_BITS));
}

static struct code_page *find_page(const struct block_cache *b, uint64_t pa)
{
    uint64_t number = pa / BLOCK_PAGE;
    struct code_page *p = b->pages[hash_of(number)];
    while (p != NULL && p->number != number) {
        p = p->next;
    }
    return p;
}

static struct code_page *add_page(struct block_cache *b, uint64_t pa)
{
    uint64_t number = pa / BLOCK_PAGE;
    unsigned h = hash_of(number);
    struct code_page *p = arena_alloc(b, sizeof(*p));
    if (b->pages[h] == NULL) {
        touched_add(&b->pages_used, h);
    }
    *p = (struct code_page){.number = number, .next = b->pages[h]};
    b->pages[h] = p;
    return p;
}

static unsigned line_of(uint64_t pa)
{
    return (unsigned)(pa % BLOCK_PAGE / LINE);
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
        bool breaks = break_set != 0 && break_sets_has(c->blocks->breaks, break_set, e.off);
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
        for (const struct op *o = first; o < e.p; o++) { /* one, mostly */
            map[o - header - 1] = (uint8_t)n;
        }
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

unsigned block_decode_again(struct cpu *c, const struct block *blk, struct op *out)
{
    uint8_t map[BLOCK_MAX_SLOTS];
    uint8_t page[BLOCK_PAGE];
    struct block again = {.pa = blk->pa, .mode = blk->mode};
    memcpy(page + (blk->pa & (BLOCK_PAGE - 1)), blk->words, blk->n_insns * sizeof(blk->words[0]));
    return build(c, &again, out, page, blk->n_insns, map, NULL);
}

static struct block *find(const struct code_page *page, uint64_t pa, uint32_t mode)
{
    struct block *blk = page != NULL ? page->line[line_of(pa)] : NULL;
    while (blk != NULL && (blk->pa != pa || blk->mode != mode)) {
        blk = blk->next;
    }
    return blk;
}

/* ---- what runs more often is worth more ---- */

static void fuse_pairs(const struct block_cache *b, const struct block *blk)
{
#ifndef ARMATURE_PAIR_PROFILE
    pairs_fuse(b->pairs, blk->entry + 1, blk->n_ops);
#endif
}

static void count(struct block *blk, uint16_t runs, op_fn *counter)
{
    blk->heat = runs;
    blk->first = blk->entry[1].fn;
    blk->entry[1].fn = counter;
}

/* In place of the first operation of a block until it has run often enough. */
HANDLER(count_to_compile)
{
    struct block *blk = block_of_entry(o - 1);
    if (--blk->heat == 0) {
        compiler_compile(c->blocks->compiler, c, blk);
    }
    EXIT_TO(blk->first(c, o, budget));
}

/* The same before that: what runs once would pay for more than it gets. */
HANDLER(count_to_fuse)
{
    struct block *blk = block_of_entry(o - 1);
    if (--blk->heat == 0) {
        const struct block_cache *b = c->blocks;
        blk->entry[1].fn = blk->first;
        fuse_pairs(b, blk);
        blk->first = blk->entry[1].fn;
        if (b->compiler != NULL) {
            count(blk, (uint16_t)(b->compile_after - FUSE_AFTER), op_count_to_compile);
        }
    }
    EXIT_TO(blk->first(c, o, budget));
}

static void start_counting(const struct block_cache *b, struct block *blk)
{
    if (b->compiler == NULL || b->compile_after > FUSE_AFTER) {
        count(blk, FUSE_AFTER, op_count_to_fuse);
    } else {
        count(blk, b->compile_after, op_count_to_compile);
    }
}

/* ---- blocks that are kept ---- */

static struct op *build_kept(struct cpu *c, struct code_page *page, uint64_t pa, uint32_t mode,
                             const uint8_t *host)
{
    struct block_cache *b = c->blocks;
    uint8_t map[BLOCK_MAX_SLOTS];
    size_t worst = sizeof(struct code_page) + sizeof(struct block) +
                   (BLOCK_MAX_SLOTS + 2) * sizeof(struct op) + BLOCK_MAX_SLOTS + 64;
    if (b->size - b->used < worst || !observe_ids_left(&b->observed)) {
        return NULL;
    }
    page = page != NULL ? page : add_page(b, pa);
    struct block *blk = arena_alloc(b, sizeof(*blk));
    memset(blk, 0, offsetof(struct block, words));
    blk->pa = pa;
    blk->mode = mode;
    struct op *slots = (struct op *)(b->arena + b->used);
    unsigned n_ops = build(c, blk, slots, host, BLOCK_MAX_INSNS, map,
                           mode & MODE_OBSERVED ? &b->observed : NULL);
    arena_alloc(b, (n_ops + 2) * sizeof(struct op));
    blk->insn_of_op = memcpy(arena_alloc(b, n_ops), map, n_ops);
    if (mode & MODE_OBSERVED) {
        fuse_pairs(b, blk);
    } else {
        start_counting(b, blk);
    }
    struct block **line = &page->line[line_of(pa)];
    blk->next = *line;
    *line = blk;
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
    struct code_page *page = find_page(b, pa);
    struct block *blk = find(page, pa, mode);
    if (blk != NULL && (mode & MODE_UNCACHED) &&
        memcmp(blk->words, host + (pa & (BLOCK_PAGE - 1)), bytes_of(blk)) != 0) {
        block_invalidate(b, pa, 4);
        blk = NULL;
    }
    return blk != NULL ? blk->entry : build_kept(c, page, pa, mode, host);
}

/* In place of the first operation of an invalidated block. */
HANDLER(retired)
{
    leave_for_lookup(c, c->page_va | o[-1].imm, budget);
}

static void retire(struct block *blk)
{
    for (struct chain_link *l = blk->incoming; l != NULL; l = l->next) {
        *l->slot = l->stub;
    }
    blk->incoming = NULL;
    /* Jump caches may still hold the entry: it now leads back to the run loop. */
    blk->entry->a = 0;
    blk->entry->b = 0;
    blk->entry[1].fn = op_retired;
}

/* Drop blocks of one page that overlap [pa, end). */
static bool invalidate_in_page(struct code_page *page, uint64_t pa, uint64_t end)
{
    bool any = false;
    unsigned first = line_of(pa), last = line_of(end - 1);
    for (unsigned i = first != 0 ? first - 1 : 0; i <= last; i++) {
        struct block **p = &page->line[i];
        while (*p != NULL) {
            struct block *blk = *p;
            if (blk->pa < end && pa < blk->pa + bytes_of(blk)) {
                *p = blk->next;
                retire(blk);
                any = true;
            } else {
                p = &blk->next;
            }
        }
    }
    return any;
}

bool block_invalidate(struct block_cache *b, uint64_t pa, uint64_t len)
{
    bool any = false;
    uint64_t end = pa + len;
    while (pa < end) {
        uint64_t page_end = MIN(end, align_down(pa, BLOCK_PAGE) + BLOCK_PAGE);
        struct code_page *page = find_page(b, pa);
        any |= page != NULL && invalidate_in_page(page, pa, page_end);
        pa = page_end;
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
