/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of decoded operations: their layout, cache, chaining and invalidation.
 *
 * A block holds up to 16 instructions of one 4 KiB page and is keyed by their physical address and
 * the decode mode; its virtual page is in cpu->page_va while it runs. In the arena a block is
 *
 *     slot 0     its struct block (imm64: pointer)
 *     slot 1     header: fn = op_block_header (a mark, never executed), a = instruction count,
 *                b = BTYPE values that its first instruction refuses (or all, for the run loop
 *                to look: a breakpoint comes before that), imm = page offset
 *     slot 2...  operations, ended by a terminator
 *
 * "entry" below is a pointer to the header. Blocks are never freed one by one: an invalidated block
 * is unlinked and its memory is reused when the whole cache is flushed.
 */
#ifndef CPU_ENGINE_BLOCK_H
#define CPU_ENGINE_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu/isa/op.h"

#include "cpu/cpu_internal.h"

#define BLOCK_MAX_INSNS 16
#define BLOCK_PAGE      4096U
/* Slots that a block may need at most: every instruction with its worst expansion, and the end. */
#define BLOCK_SLOTS_PER_INSN 16
#define BLOCK_MAX_SLOTS      ((size_t)(BLOCK_MAX_INSNS + 2) * BLOCK_SLOTS_PER_INSN)

struct chain_link {
    struct op **slot; /* a chain pointer of another block that leads here */
    struct op *stub;  /* what it held before */
    struct chain_link *next;
};

struct block {
    uint64_t pa; /* of the first instruction */
    uint32_t mode;
    uint16_t n_insns;
    uint16_t n_ops;
    uint32_t first_slot; /* of recorded values: engine/observe.h */
    struct op *entry;
    struct block *next; /* that begins in the same line of code */
    struct chain_link *incoming;
    const uint8_t *insn_of_op; /* instruction index of each operation slot after the header */
    op_fn *first;              /* of the first operation, while it is counted how often it runs */
    uint16_t heat;             /* executions until more is done for the block */
    uint32_t words[BLOCK_MAX_INSNS];
};

/* compile_after: executions until a block is compiled, or CPU_COMPILE_NEVER. */
struct block_cache *block_cache_new(uint64_t arena_bytes, uint16_t compile_after);
void block_cache_free(struct block_cache *b);
/* Forget everything; the jump cache and links of the PE must be dropped by the caller. */
void block_cache_flush(struct block_cache *b);
/* What the break sets in decode modes are. */
struct break_sets *block_break_sets(struct block_cache *b);
/* Numbers given to observed blocks since then. */
struct observe_ids;
const struct observe_ids *block_cache_observed(const struct block_cache *b);

/*
 * The block at pa in the given mode, decoded if need be from the words at `host` (which the page
 * extends to its end). max_insns below BLOCK_MAX_INSNS makes a block that is not kept. NULL when
 * the arena is full: flush and try again.
 */
struct op *block_get(struct cpu *c, uint64_t pa, uint32_t mode, const uint8_t *host,
                     unsigned max_insns);

/*
 * Decode the block once more: its operations as they were before pairs were fused and before it was
 * compiled. Returns how many slots of `out`, which has BLOCK_MAX_SLOTS, follow the header.
 */
unsigned block_decode_again(struct cpu *c, const struct block *blk, struct op *out);

/* Drop blocks that overlap [pa, pa + len). True if there were any. */
bool block_invalidate(struct block_cache *b, uint64_t pa, uint64_t len);
/* Make *slot lead to the block; undone when the block goes. */
void block_link(struct block_cache *b, struct op **slot, struct op *entry);

op_fn op_block_header;
static inline struct block *block_of_entry(const struct op *entry)
{
    return (struct block *)(uintptr_t)entry[-1].imm64;
}
/* The header of the block that contains an operation. */
static inline const struct op *block_entry_of(const struct op *o)
{
    while (o->fn != op_block_header) {
        o--;
    }
    return o;
}

static inline unsigned jump_cache_index(uint64_t va)
{
    return (unsigned)(va >> 2 ^ va >> 13) & (JUMP_CACHE_SIZE - 1);
}

static inline void jump_cache_clear(struct cpu *c)
{
    touched_clear(&c->jump_cache_used, c->jump_cache, sizeof(*c->jump_cache), JUMP_CACHE_SIZE);
}

/* The budget does not cover the block: give back what ENTER took and leave in front of it. */
op_fn leave_before_block;
/* The jump cache does not know the target: c->pc is set; to the run loop. */
static inline void leave_for_lookup(struct cpu *c, uint64_t target, int64_t budget)
{
    c->pc = target;
    c->budget = budget;
}

#ifdef ARMATURE_PAIR_PROFILE
void profile_block(const struct op *header);
#define PROFILE_BLOCK(header) profile_block(header)
#else
#define PROFILE_BLOCK(header) ((void)0)
#endif

/* Go on in the block with this header. page_va is right already. */
#define ENTER(header)                                                                              \
    do {                                                                                           \
        const struct op *h_ = (header);                                                            \
        PROFILE_BLOCK(h_);                                                                         \
        budget -= h_->a;                                                                           \
        if (UNLIKELY(budget < 0)) {                                                                \
            EXIT_TO(leave_before_block(c, h_, budget));                                            \
        }                                                                                          \
        TAIL_CALL_OP(h_ + 1, budget);                                                              \
    } while (0)

/* Go on at a virtual address. */
#define JUMP(to)                                                                                   \
    do {                                                                                           \
        uint64_t va_ = (to);                                                                       \
        const struct jump_cache_entry *j_ = &c->jump_cache[jump_cache_index(va_)];                 \
        if (UNLIKELY(j_->va != va_ || j_->jctx != c->jctx)) {                                      \
            leave_for_lookup(c, va_, budget);                                                      \
            return;                                                                                \
        }                                                                                          \
        c->page_va = va_ & ~(uint64_t)(BLOCK_PAGE - 1);                                            \
        ENTER(j_->entry);                                                                          \
    } while (0)

/*
 * The same for a branch that always goes there, with two data slots that remember the last time:
 * l[0] target and jctx, l[1] va. (The same code may be mapped twice, so the address counts.)
 */
#define JUMP_DIRECT(to, l)                                                                         \
    do {                                                                                           \
        uint64_t to_ = (to);                                                                       \
        const struct op *l_ = (l);                                                                 \
        if (UNLIKELY(l_[0].imm64 != c->jctx || l_[1].va != to_ || l_[0].target->a == 0)) {         \
            const struct jump_cache_entry *f_ = &c->jump_cache[jump_cache_index(to_)];             \
            if (f_->va == to_ && f_->jctx == c->jctx) {                                            \
                struct op *w_ = (struct op *)(uintptr_t)l_;                                        \
                w_[0].target = f_->entry;                                                          \
                w_[0].imm64 = f_->jctx;                                                            \
                w_[1].va = to_;                                                                    \
            }                                                                                      \
            JUMP(to_);                                                                             \
        }                                                                                          \
        c->page_va = to_ & ~(uint64_t)(BLOCK_PAGE - 1);                                            \
        ENTER(l_[0].target);                                                                       \
    } while (0)

/* The same as JUMP, setting PSTATE.BTYPE: only targets that refuse it need the run loop. */
#define JUMP_BTYPE(to, btype_)                                                                     \
    do {                                                                                           \
        uint64_t va_ = (to);                                                                       \
        const struct jump_cache_entry *j_ = &c->jump_cache[jump_cache_index(va_)];                 \
        if (UNLIKELY(j_->va != va_ || j_->jctx != c->jctx || j_->entry->a > budget ||              \
                     (j_->entry->b >> (btype_) & 1))) {                                            \
            c->ps.btype = (btype_);                                                                \
            leave_for_lookup(c, va_, budget);                                                      \
            return;                                                                                \
        }                                                                                          \
        c->page_va = va_ & ~(uint64_t)(BLOCK_PAGE - 1);                                            \
        ENTER(j_->entry);                                                                          \
    } while (0)

#endif
