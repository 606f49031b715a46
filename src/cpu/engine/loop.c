/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run loop: finds the block at c->pc and enters it; handlers come back here when they cannot go
 * on by themselves (unknown target, exception, context change, interrupt, end of the budget).
 *
 * The budget counts instructions. It is exact: a block that does not fit is replaced by a shorter
 * one. Time is the instruction count times the cycle time, so it is exact too.
 */
#include "cpu/engine/loop.h"

#include <string.h>

#include "base/log.h"
#include "cpu/debug/step.h"
#include "cpu/engine/block.h"
#include "cpu/engine/context.h"
#include "cpu/engine/decode.h"
#include "cpu/engine/exits.h"
#include "cpu/engine/fetch.h"
#include "cpu/engine/observe.h"
#include "cpu/engine/system_ops.h"
#include "cpu/sys/exc.h"
#include "cpu/sys/irqsel.h"
#include "cpu/sys/traps.h"
#include "cpu/sys/va_layout.h"

/* ---- leaving blocks ---- */

/* Index in its block of the instruction that an operation belongs to. */
static unsigned insn_index(const struct op *entry, const struct op *o)
{
    return block_of_entry(entry)->insn_of_op[o - entry - 1];
}

static uint64_t insn_pc(const struct cpu *c, const struct op *entry, unsigned index)
{
    return c->page_va + entry->imm + 4 * (uint64_t)index;
}

/* Account for what ran since the last time: c->budget is what is left. */
static void account(struct cpu *c)
{
    uint64_t done = (uint64_t)(c->budget_start - c->budget);
    c->budget_start = c->budget;
    c->insns += done;
    c->time += done * c->ticks_per_insn;
    evq_set_now(c->evq, c->time);
}

void cpu_sync(struct cpu *c, const struct op *o, int64_t budget)
{
    const struct op *entry = block_entry_of(o);
    unsigned index = insn_index(entry, o);
    c->pc = insn_pc(c, entry, index);
    c->budget = budget + (block_of_entry(entry)->n_insns - index - 1);
    account(c);
}

void cpu_uncount(struct cpu *c)
{
    c->budget++;
    account(c);
}

void raise_undefined(struct cpu *c, const struct op *o, int64_t budget)
{
    const struct op *entry = block_entry_of(o);
    uint32_t word = block_of_entry(entry)->words[insn_index(entry, o)];
    cpu_sync(c, o, budget);
    log_trace(LOG_INT, "cpu", "pe %u: UNDEFINED instruction %08x", c->cfg.index, word);
    exc_undefined(c);
}

void raise_sp_alignment(struct cpu *c, const struct op *o, int64_t budget)
{
    cpu_sync(c, o, budget);
    exc_take_sync(c, exc_default_target(c), EC_SP_ALIGN, 0, RETURN_THIS);
}

void raise_fp_trap(struct cpu *c, const struct op *o, int64_t budget)
{
    cpu_sync(c, o, budget);
    if (trap_fp_target(c) != TRAP_NONE) { /* else the controls changed: decode again */
        trap_fp_take(c);
    }
}

/* Budget and PC are right already: cpu_sync ran and the state moved on. */
void leave_block(struct cpu *c, const struct op *o, int64_t budget) {}

void leave_after(struct cpu *c, const struct op *o, int64_t budget)
{
    cpu_sync(c, o, budget);
    c->pc += 4;
    if (UNLIKELY(c->observer != NULL)) {
        observe_late(c);
    }
}

void leave_before_block(struct cpu *c, const struct op *entry, int64_t budget)
{
    c->budget = budget + entry->a;
    c->pc = c->page_va + entry->imm;
}

/* ---- entering blocks ---- */

#if defined(ARMATURE_TRAMPOLINE)
void op_defer(struct cpu *c, const struct op *o, int64_t budget)
{
    c->deferred = o;
    c->deferred_budget = budget;
}

static void run_block(struct cpu *c, struct op *entry, int64_t budget)
{
    c->deferred = entry + 1;
    c->deferred_budget = budget;
    while (c->deferred != NULL) {
        const struct op *o = c->deferred;
        c->deferred = NULL;
        o->fn(c, o, c->deferred_budget);
    }
}
#else
static void run_block(struct cpu *c, struct op *entry, int64_t budget)
{
    entry[1].fn(c, entry + 1, budget);
}
#endif

void loop_flush_blocks(struct cpu *c)
{
    for (unsigned i = 0; i < c->n_peers; i++) {
        struct cpu *p = c->peers[i];
        observe_flush(p);
        jump_cache_clear(p);
        p->link = NULL;
    }
    block_cache_flush(c->blocks);
}

/* A breakpoint in front of an instruction whose fetch leads to an exception of lower priority. */
static bool breaks_first(struct cpu *c)
{
    account(c);
    return context_decode_mode(c) >> MODE_BREAK_SHIFT != 0 && debug_break(c);
}

static uint8_t target_refuses(const struct block *b)
{
    return decode_btype_refused(b->words[0], b->mode);
}

/* The instruction at c->pc may be no target for the branch that led here. False: it is one. */
static bool refuse_branch(struct cpu *c, const struct block *b)
{
    c->budget--;
    if (!breaks_first(c)) {
        uint8_t refused = target_refuses(b);
        if ((refused & BTYPE_KEPT) || !(refused >> c->ps.btype & 1)) {
            cpu_uncount(c);
            return false;
        }
        exc_take_sync(c, exc_default_target(c), EC_BTI, c->ps.btype, RETURN_THIS);
    }
    c->budget++; /* enter_at_pc counts it */
    return true;
}

/* The block at c->pc, decoded if need be, or NULL after an exception. */
static struct op *fetch_block(struct cpu *c, bool *out_keep)
{
    struct fetch f;
    if (!fetch_page(c, c->pc, &f)) {
        return NULL;
    }
    struct op *entry = block_get(c, f.pa, f.mode, f.host, BLOCK_MAX_INSNS);
    if (entry == NULL) {
        loop_flush_blocks(c);
        entry = block_get(c, f.pa, f.mode, f.host, BLOCK_MAX_INSNS);
    }
    if (c->ps.btype != 0) {
        const struct block *b = block_of_entry(entry);
        if ((entry->b >> c->ps.btype & 1) && refuse_branch(c, b)) {
            return NULL;
        }
        if (!(target_refuses(b) & BTYPE_KEPT)) {
            c->ps.btype = 0;
        }
    }
    *out_keep = !(f.mode & MODE_UNCACHED) && c->cfg.tlb != CPU_TLB_OFF;
    return entry;
}

/*
 * The same by way of the jump cache. What is about to be linked to needs no place there: most of
 * it is never reached in another way.
 */
static struct op *look_up_block(struct cpu *c)
{
    bool keep = false; /* unchanged where there is no block */
    if (c->link != NULL) {
        struct op *entry = fetch_block(c, &keep);
        c->link = keep ? c->link : NULL;
        return entry;
    }
    struct jump_cache_entry *j = &c->jump_cache[jump_cache_index(c->pc)];
    if (j->va == c->pc && j->jctx == c->jctx && c->ps.btype == 0 && j->entry->a != 0) {
        return j->entry;
    }
    struct op *entry = fetch_block(c, &keep);
    if (entry != NULL && keep) {
        if (j->entry == NULL) {
            touched_add(&c->jump_cache_used, jump_cache_index(c->pc));
        }
        *j = (struct jump_cache_entry){.va = c->pc, .jctx = c->jctx, .entry = entry};
    }
    return entry;
}

/*
 * The block to run at c->pc with at most `max` instructions, or NULL after an exception. c->link
 * stays where a terminator may lead to it.
 */
static struct op *find_block(struct cpu *c, int64_t max)
{
    if (UNLIKELY((c->pc + BIT(55)) >> 56 != 0)) { /* a tag, as far as bits 63:55 tell */
        c->pc = va_branch_address(c, c->pc);
    }
    struct op *entry = look_up_block(c);
    if (entry == NULL) {
        return NULL;
    }
    if (entry->a > max) {
        const struct block *b = block_of_entry(entry);
        struct fetch f;
        c->link = NULL;
        if (!fetch_page(c, c->pc, &f)) {
            return NULL;
        }
        return block_get(c, b->pa, b->mode, f.host, (unsigned)max);
    }
    return entry;
}

/* The word at c->pc, where the PE went on; 0 after an exception of the fetch. */
static uint32_t enter_at_pc(struct cpu *c)
{
    if (UNLIKELY(c->observer != NULL)) {
        observe_before(c);
    }
    struct op *entry = find_block(c, c->budget);
    if (entry == NULL) {
        /* The fault is what the instruction did: without a price, vectors that are not mapped
         * would be a loop in no time. */
        c->budget--;
        c->link = NULL;
        return 0;
    }
    uint32_t word = block_of_entry(entry)->words[0];
    if (c->link != NULL) {
        block_link(c->blocks, c->link, entry);
        c->link = NULL;
    }
    c->page_va = c->pc & ~(uint64_t)(BLOCK_PAGE - 1);
    run_block(c, entry, c->budget - entry->a);
    if (UNLIKELY(c->observer != NULL)) {
        observe_after(c);
    }
    return word;
}

/* ---- the loop ---- */

/* What must be looked at between blocks. False: stop running. */
static bool attend(struct cpu *c, enum cpu_exit *out_exit)
{
    uint32_t flags = c->exit_flags;
    c->exit_flags = 0;
    c->link = NULL;
    if (flags & EXIT_DEBUG) {
        c->exit_flags = flags & ~(uint32_t)EXIT_DEBUG; /* the others are for the next run */
        *out_exit = CPU_DEBUG;
        return false;
    }
    if (flags & EXIT_STOP) {
        *out_exit = CPU_STOPPED;
        return false;
    }
    if (c->power == CPU_OFF) {
        *out_exit = CPU_IS_OFF;
        return false;
    }
    if (flags & EXIT_WAIT) {
        *out_exit = c->in_wfi ? CPU_WFI : CPU_WFE;
        return cpu_has_work(c);
    }
    if (flags & EXIT_YIELD) {
        *out_exit = CPU_YIELD;
        return c->n_peers == 1;
    }
    return true;
}

static void set_budget(struct cpu *c, tick_t until)
{
    tick_t left = until > c->time ? until - c->time : 0;
    uint64_t insns = (left + c->ticks_per_insn - 1) / c->ticks_per_insn;
    insns = MIN(insns, c->debug.stop_at - c->insns);
    c->budget = insns > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)insns;
    c->budget_start = c->budget;
}

/* The PE continues after WFI or WFE; an event that ended a WFE is used up. Where none came, the
 * trap does that had to wait for it (FEAT_TWED). */
static void wake(struct cpu *c)
{
    bool trapped = c->in_wfe && c->delayed_trap != 0 && c->time >= c->wait_end && !c->event_reg &&
                   !irqsel_is_due(c);
    if (c->in_wfe) {
        c->event_reg = false;
    }
    c->in_wfi = c->in_wfe = false;
    if (trapped) {
        system_delayed_trap(c);
    }
    c->delayed_trap = 0;
}

static bool illegal_state(struct cpu *c)
{
    if (LIKELY(!c->ps.il)) {
        return false;
    }
    c->budget--;
    if (!breaks_first(c)) {
        exc_take_sync(c, exc_default_target(c), EC_ILLEGAL, 0, RETURN_THIS);
    }
    return true;
}

/* One instruction, whatever the budget says. */
static uint32_t run_one(struct cpu *c)
{
    int64_t rest = c->budget - 1;
    uint32_t word = 0;
    c->budget = 1;
    c->budget_start -= rest;
    if (!illegal_state(c)) {
        word = enter_at_pc(c);
    }
    c->budget += rest;
    c->budget_start += rest;
    c->link = NULL;
    account(c);
    return word;
}

/*
 * Software step of the guest is active. The exception after a step comes at once, before
 * interrupts; a step over WFI or WFE ends the wait.
 */
static void software_step(struct cpu *c)
{
    if (!c->ps.ss) {
        step_take(c, false, 0);
        return;
    }
    uint64_t pc = c->pc;
    c->debug.stepping = true;
    uint32_t word = run_one(c);
    bool complete = !(c->exit_flags & EXIT_DEBUG) && !(c->pc == pc && step_insn_restarts(word));
    if (!c->debug.stepping || !complete) {
        return;
    }
    c->ps.ss = false;
    if (c->power == CPU_ON && step_active(c)) {
        c->exit_flags &= ~(uint32_t)EXIT_WAIT;
        wake(c);
        step_take(c, true, word);
    }
}

/* A PE keeps its monitor over a pause, but not while another one runs. */
static void lose_monitors_of_others(const struct cpu *c)
{
    for (unsigned i = 0; i < c->n_peers; i++) {
        if (c->peers[i] != c) {
            cpu_lose_monitor(c->peers[i]);
        }
    }
}

enum cpu_exit cpu_run(struct cpu *c, tick_t until)
{
    enum cpu_exit why = CPU_BUDGET;
    if (c->power == CPU_OFF) {
        return CPU_IS_OFF;
    }
    if (c->in_wfi || c->in_wfe) {
        if (!cpu_has_work(c)) {
            return c->in_wfi ? CPU_WFI : CPU_WFE;
        }
        wake(c);
    }
    lose_monitors_of_others(c);
    c->limit = until;
    if (UNLIKELY(c->observer != NULL)) {
        observe_turn(c);
    }
    c->exit_flags |= EXIT_LIMIT;
    for (;;) {
        if (c->exit_flags != 0) {
            bool limit = c->exit_flags & EXIT_LIMIT;
            if (!attend(c, &why)) {
                break;
            }
            wake(c);
            if (limit) {
                account(c);
                set_budget(c, c->limit);
            }
        }
        if (c->budget <= 0) {
            why = CPU_BUDGET;
            break;
        }
        account(c); /* interrupts and faults of the fetch come at the right time */
        if (irqsel_take(c) && external_step_by_interrupt(c)) {
            why = CPU_DEBUG;
            break;
        }
        if (c->ctx_stale) {
            context_update(c);
        }
        if (UNLIKELY(step_active(c))) {
            software_step(c);
        } else if (!illegal_state(c)) {
            enter_at_pc(c);
        }
    }
    account(c);
    c->link = NULL;
    if (!debug_step_complete(c)) {
        return why;
    }
    /* Who runs the PE has to hear of these, too: next time. */
    c->exit_flags |= why == CPU_YIELD ? EXIT_YIELD : why == CPU_STOPPED ? EXIT_STOP : 0;
    return CPU_DEBUG;
}
