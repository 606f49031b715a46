/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/engine/observe.h"

#include <stddef.h>
#include <stdlib.h>

#include "cpu/cpu_trace.h"
#include "cpu/engine/block.h"
#include "cpu/engine/context.h"
#include "cpu/engine/loop.h"
#include "cpu/isa/effects.h"
#include "cpu/isa/emit.h"
#include "cpu/sys/exc.h"
#include "cpu/sys/regimes.h"

#include "cpu/cpu_internal.h"

#define MAX_BLOCKS (1U << 20)
#define MAX_SLOTS  (1U << 24)
#define BUFFER     (UINT64_C(64) << 10)
/* More than a block's values and the events between two looks at the room may need. */
#define ROOM 8192U

/* What a PE knows of a block; the reader of the stream knows the same. */
struct seen {
    uint64_t va;   /* of its page | 1; 0: not defined yet */
    uint32_t next; /* the block that followed the last time */
};

/* Registers as the reader knows them while nothing is recorded. */
struct known {
    uint64_t x[32];
    vreg_t v[32];
};

struct observer {
    uint8_t *p; /* next free byte */
    uint8_t *limit;
    uint64_t *last;    /* by slot: the value before */
    struct seen *seen; /* by block */
    uint32_t prev;     /* block */
    uint32_t fpsr;
    int64_t budget;           /* before the running block */
    const struct op *running; /* its header; NULL: none */
    bool late;                /* see observe_late */
    bool recording;           /* blocks are observed ones */
    bool known_valid;
    bool active; /* in the window of time */

    uint64_t insns, ticks; /* as the reader counts them */
    uint64_t next_check;
    struct known known;
    uint64_t context[5]; /* last TRACE_CONTEXT */

    struct cpu *cpu;
    struct cpu_trace_config cfg;
    struct trace_port port;
    uint8_t buffer[BUFFER + ROOM];
};

/* ---- the buffer ---- */

static void write_out(struct observer *t)
{
    if (t->p != t->buffer) {
        t->cfg.write(t->cfg.opaque, t->buffer, (size_t)(t->p - t->buffer));
        t->p = t->buffer;
    }
}

static void make_room(struct observer *t)
{
    if (t->p > t->limit) {
        write_out(t);
    }
}

static void put(struct observer *t, uint64_t v)
{
    t->p = trace_put(t->p, v);
}

static void put_code(struct observer *t, unsigned code)
{
    *t->p++ = 0;
    *t->p++ = (uint8_t)code;
}

static void put_value(struct observer *t, uint32_t slot, uint64_t v)
{
    put(t, trace_zigzag(v - t->last[slot]));
    t->last[slot] = v;
}

/* ---- operations ---- */

/* a: register, imm: slot */
HANDLER(observe_x)
{
    put_value(c->observer, o->imm, c->x[o->a]);
    NEXT(1);
}

HANDLER(observe_v)
{
    struct observer *t = c->observer;
    put_value(t, o->imm, c->v[o->a].d[0]);
    put_value(t, o->imm + 1, c->v[o->a].d[1]);
    NEXT(1);
}

/* 4 bits: a number of one byte. */
HANDLER(observe_nzcv)
{
    struct observer *t = c->observer;
    *t->p++ = (uint8_t)(cpu_nzcv(c) >> 27 | 1);
    NEXT(1);
}

HANDLER(observe_pstate)
{
    put_value(c->observer, o->imm, exc_spsr(c));
    NEXT(1);
}

/* The address that LDRAA used, before its offset. */
HANDLER(observe_auth)
{
    put_value(c->observer, o->imm, c->mem_data[2]);
    NEXT(1);
}

HANDLER(observe_fpsr)
{
    struct observer *t = c->observer;
    if (UNLIKELY(c->fp.fpsr != t->fpsr)) {
        t->fpsr = c->fp.fpsr;
        put_code(t, TRACE_CODE_FPSR);
        put(t, t->fpsr);
    }
    NEXT(1);
}

static void define(struct observer *t, uint32_t id, const struct block *b)
{
    put_code(t, TRACE_CODE_BLOCK);
    put(t, id);
    put(t, b->pa);
    put(t, b->mode);
    put(t, b->n_insns);
    size_t bytes = (size_t)4 * b->n_insns;
    memcpy(t->p, b->words, bytes);
    t->p += bytes;
    t->seen[id] = (struct seen){0};
    if (id == TRACE_SCRATCH_ID) {
        memset(t->last, 0, TRACE_SCRATCH_SLOTS * sizeof(*t->last));
    }
}

/* Not seen yet, mapped elsewhere, or the buffer is full. */
static void prepare_enter(struct cpu *c, const struct op *o)
{
    struct observer *t = c->observer;
    struct seen *s = &t->seen[o->imm];
    make_room(t);
    if (s->va == 0 || o->imm == TRACE_SCRATCH_ID) {
        define(t, o->imm, block_of_entry(o - 1));
    }
    if (s->va != (c->page_va | 1)) {
        put_code(t, TRACE_CODE_PAGE);
        put(t, c->page_va);
        s->va = c->page_va | 1;
    }
}

static inline void enter(struct cpu *c, const struct op *o, int64_t budget)
{
    struct observer *t = c->observer;
    struct seen *s = &t->seen[t->prev];
    put(t, trace_zigzag((uint64_t)o->imm - s->next));
    s->next = o->imm;
    t->prev = o->imm;
    t->running = o - 1;
    t->budget = budget + o[-1].a;
}

HANDLER(observe_enter_slow)
{
    prepare_enter(c, o);
    enter(c, o, budget);
    NEXT(1);
}

/* imm: number of the block */
HANDLER(observe_enter)
{
    struct observer *t = c->observer;
    if (UNLIKELY(t->seen[o->imm].va != (c->page_va | 1) || t->p > t->limit)) {
        EXIT_TO(op_observe_enter_slow(c, o, budget));
    }
    enter(c, o, budget);
    NEXT(1);
}

/* ---- building blocks ---- */

void observe_reset_ids(struct observe_ids *ids)
{
    *ids = (struct observe_ids){.block = TRACE_SCRATCH_ID + 1, .slot = TRACE_FIRST_SLOT};
}

bool observe_ids_left(const struct observe_ids *ids)
{
    return ids->block < MAX_BLOCKS && ids->slot < MAX_SLOTS - TRACE_SCRATCH_SLOTS;
}

void observe_emit_enter(struct emit *e, struct block *b, struct observe_ids *ids)
{
    bool kept = ids->block != OBSERVE_SCRATCH;
    struct op *o = emit_op(e, kept ? op_observe_enter : op_observe_enter_slow);
    o->imm = ids->block;
    ids->block += kept;
    b->first_slot = ids->slot;
}

static uint32_t take_slots(struct observe_ids *ids, unsigned n)
{
    uint32_t first = ids->slot;
    ids->slot += n;
    return first;
}

static void emit_value(struct emit *e, struct observe_ids *ids, op_fn *fn, uint8_t reg, unsigned n)
{
    struct op *o = emit_op(e, fn);
    o->a = reg;
    o->imm = take_slots(ids, n);
}

void observe_emit_insn(struct emit *e, struct observe_ids *ids)
{
    struct a64_effect f;
    a64_effect(e->insn, &f);
    if (f.computed) {
        return;
    }
    if (e->ended) { /* nothing can follow: see observe_late */
        take_slots(ids, a64_effect_values(&f));
        return;
    }
    for (unsigned i = 0; i < f.n_x; i++) {
        emit_value(e, ids, op_observe_x, f.x[i], 1);
    }
    for (unsigned i = 0; i < f.n_v; i++) {
        emit_value(e, ids, op_observe_v, f.v[i], 2);
    }
    if (f.nzcv) {
        emit_value(e, ids, op_observe_nzcv, 0, 1);
    }
    if (f.pstate) {
        emit_value(e, ids, op_observe_pstate, 0, 1);
    }
    if (f.mem.address == A64_ADDR_AUTH) {
        emit_value(e, ids, op_observe_auth, 0, 1);
    }
    if (e->row != NULL && (e->row->flags & ROW_FP) && f.mem.kind == A64_MEM_NONE) {
        emit_op(e, op_observe_fpsr);
    }
}

/* ---- between blocks ---- */

/* Instructions and time up to c->budget. */
static uint64_t insns_now(const struct cpu *c)
{
    return c->insns + (uint64_t)(c->budget_start - c->budget);
}

static uint64_t ticks_now(const struct cpu *c)
{
    return c->time + (uint64_t)(c->budget_start - c->budget) * c->ticks_per_insn;
}

/* How many instructions of the running block are executed, with the one of the last cpu_sync. */
static unsigned n_executed(const struct cpu *c)
{
    return (unsigned)(c->observer->budget - c->budget);
}

/* Slot of the first value of an instruction of a block. */
static uint32_t slot_of(const struct block *b, unsigned index)
{
    uint32_t slot = b->first_slot;
    struct a64_effect f;
    for (unsigned i = 0; i < index; i++) {
        a64_effect(b->words[i], &f);
        slot += a64_effect_values(&f);
    }
    return slot;
}

/* Instructions that end a block and write registers. */
static bool always_late(const struct block *b, unsigned n)
{
    struct a64_effect f;
    a64_effect(b->words[n - 1], &f);
    return f.late;
}

static void put_values(struct observer *t, const struct a64_effect *f, uint32_t slot)
{
    struct cpu *c = t->cpu;
    for (unsigned i = 0; i < f->n_x; i++) {
        put_value(t, slot++, c->x[f->x[i]]);
    }
    for (unsigned i = 0; i < f->n_v; i++) {
        put_value(t, slot++, c->v[f->v[i]].d[0]);
        put_value(t, slot++, c->v[f->v[i]].d[1]);
    }
    if (f->nzcv) {
        put(t, cpu_nzcv(c) >> 28);
        slot++;
    }
    if (f->pstate) {
        put_value(t, slot++, exc_spsr(c));
    }
    if (f->mem.address == A64_ADDR_AUTH) {
        put_value(t, slot, c->mem_data[2]);
    }
}

/* The running block is over after n instructions. */
static void stop_block(struct observer *t, unsigned n, enum trace_stop how)
{
    const struct block *b = block_of_entry(t->running);
    struct a64_effect f;
    make_room(t);
    put_code(t, TRACE_CODE_STOP);
    put(t, n);
    put(t, how);
    if (how == TRACE_STOP_DONE) {
        a64_effect(b->words[n - 1], &f);
        put_values(t, &f, slot_of(b, n - 1));
    }
    t->running = NULL;
}

void observe_late(struct cpu *c)
{
    c->observer->late = true;
}

static void put_state(struct observer *t, bool check)
{
    struct cpu *c = t->cpu;
    uint32_t x_mask = 0, v_mask = 0;
    bool all = check || !t->known_valid;
    write_out(t);
    for (unsigned i = 0; i < 32; i++) {
        bool v_same = memcmp(&c->v[i], &t->known.v[i], sizeof(c->v[i])) == 0;
        x_mask |= (uint32_t)(all || c->x[i] != t->known.x[i]) << i;
        v_mask |= (uint32_t)(all || !v_same) << i;
    }
    put_code(t, TRACE_CODE_STATE);
    put(t, (check ? TRACE_STATE_CHECK : 0U) | (cpu_pas(c) == PAS_NS ? TRACE_STATE_NS : 0U));
    put(t, exc_spsr(c));
    put(t, c->fp.fpsr);
    t->fpsr = c->fp.fpsr;
    put(t, x_mask);
    for (unsigned i = 0; i < 32; i++) {
        if (x_mask >> i & 1) {
            put(t, c->x[i]);
        }
    }
    put(t, v_mask);
    for (unsigned i = 0; i < 32; i++) {
        if (v_mask >> i & 1) {
            put(t, c->v[i].d[0]);
            put(t, c->v[i].d[1]);
        }
    }
}

static void keep_known(struct observer *t)
{
    memcpy(t->known.x, t->cpu->x, sizeof(t->known.x));
    memcpy(t->known.v, t->cpu->v, sizeof(t->known.v));
    t->known_valid = true;
}

void observe_forget(struct cpu *c)
{
    if (c->observer != NULL) {
        c->observer->recording = false;
        c->observer->known_valid = false;
    }
}

static void switch_recording(struct observer *t, bool on)
{
    t->recording = on;
    if (on) {
        put_state(t, false);
    } else {
        keep_known(t);
    }
}

static void put_time(struct observer *t)
{
    struct cpu *c = t->cpu;
    put_code(t, TRACE_CODE_TIME);
    t->insns = insns_now(c);
    t->ticks = ticks_now(c);
    put(t, t->insns);
    put(t, t->ticks);
}

/* Recording begins with the turn that `from` is in: its first instructions are before it, and the
 * reader leaves them out. An event at that time would change who runs when. */
void observe_turn(struct cpu *c)
{
    struct observer *t = c->observer;
    bool active = c->limit > t->cfg.from && c->time < t->cfg.to;
    if (active != t->active) {
        t->active = active;
        c->ctx_gen++; /* decode modes change */
        c->ctx_stale = true;
    }
}

void observe_before(struct cpu *c)
{
    struct observer *t = c->observer;
    bool record = context_decode_mode(c) & MODE_OBSERVED;
    make_room(t);
    if (record != t->recording) {
        switch_recording(t, record);
    }
    if (!record) {
        return;
    }
    if (insns_now(c) != t->insns || ticks_now(c) != t->ticks) {
        put_time(t);
    }
    if (t->insns >= t->next_check) {
        put_state(t, true);
        t->next_check = t->insns + t->cfg.check_every;
    }
}

void observe_after(struct cpu *c)
{
    struct observer *t = c->observer;
    if (t->running != NULL) {
        const struct block *b = block_of_entry(t->running);
        unsigned n = n_executed(c);
        bool done = n > 0 && (t->late || always_late(b, n));
        bool before = c->pc == c->page_va + t->running->imm + 4ULL * n;
        if (done) {
            stop_block(t, n, TRACE_STOP_DONE);
        } else if (n < b->n_insns) {
            stop_block(t, n, before ? TRACE_STOP_BEFORE : TRACE_STOP_UNDONE);
        }
        t->running = NULL;
    }
    t->late = false;
    if (t->recording) {
        t->insns = insns_now(c);
        t->ticks = ticks_now(c);
    }
}

void observe_flush(struct cpu *c)
{
    struct observer *t = c->observer;
    if (t == NULL) {
        return;
    }
    if (t->running != NULL) { /* by an instruction of its own, which is the last */
        stop_block(t, n_executed(c), TRACE_STOP_DONE);
    }
    make_room(t);
    put_code(t, TRACE_CODE_FLUSH);
    const struct observe_ids *used = block_cache_observed(c->blocks);
    memset(t->seen, 0, used->block * sizeof(*t->seen));
    memset(t->last, 0, used->slot * sizeof(*t->last));
    t->prev = TRACE_SCRATCH_ID;
}

void observe_copy(struct cpu *c, uint64_t dst, uint64_t src, const uint8_t *data, uint64_t n)
{
    struct observer *t = c->observer;
    if (t == NULL || t->running == NULL) {
        return;
    }
    write_out(t);
    put_code(t, TRACE_CODE_COPY);
    put(t, n_executed(c));
    put(t, dst);
    put(t, src);
    put(t, n);
    memcpy(t->p, data, n);
    t->p += n;
}

/* ---- events ---- */

/* A PE that is off has no turns, but events: interrupts, its start. */
static void emit_event(void *opaque, enum trace_kind k, const uint64_t *args)
{
    struct observer *t = opaque;
    struct cpu *c = t->cpu;
    tick_t now = evq_now(c->evq);
    if (!t->active && (now < t->cfg.from || now >= t->cfg.to)) {
        return;
    }
    make_room(t);
    put_code(t, TRACE_CODE_EVENT + (unsigned)k);
    put(t, t->running != NULL ? n_executed(c) + 1 : 0);
    put(t, now);
    for (unsigned i = 0; i < trace_n_args(k); i++) {
        put(t, args[i]);
    }
}

/* The reader's registers depend on these: they belong to the instructions, too. */
static void emit_change(struct observer *t, enum trace_kind k, const uint64_t *args)
{
    if (t->recording || trace_on(&t->port, TRACE_EXC)) {
        emit_event(t, k, args);
    }
}

void observe_exception(struct cpu *c, enum trace_exception type, unsigned from, uint64_t esr,
                       uint64_t elr)
{
    struct observer *t = c->observer;
    unsigned to = c->ps.el;
    if (t->running != NULL) {
        unsigned n = n_executed(c);
        bool done = n > 0 && always_late(block_of_entry(t->running), n);
        stop_block(t, n, done ? TRACE_STOP_DONE : TRACE_STOP_UNDONE);
    }
    t->late = false;
    const uint64_t args[TRACE_MAX_ARGS] = {
        type, from,  to,          esr,          c->sr[SR_FAR_EL1 + to - 1],
        elr,  c->pc, exc_spsr(c), c->x[REG_SP], (uint64_t)cpu_pas(c)};
    emit_change(t, TRACE_EXCEPTION, args);
}

void observe_return(struct cpu *c, unsigned from)
{
    struct observer *t = c->observer;
    if (t->running != NULL) {
        stop_block(t, n_executed(c), TRACE_STOP_DONE);
    }
    const uint64_t args[TRACE_MAX_ARGS] = {from,        c->ps.el,     c->pc,
                                           exc_spsr(c), c->x[REG_SP], (uint64_t)cpu_pas(c)};
    emit_change(t, TRACE_RETURN, args);
}

void observe_context(struct cpu *c)
{
    struct observer *t = c->observer;
    struct xlat_cfg cfg;
    if (!trace_on(&t->port, TRACE_CTX)) {
        return;
    }
    enum regime r = regime_of_el(c, c->ps.el);
    regime_config(c, r, &cfg);
    uint64_t id = r == REGIME_EL20 ? c->sr[SR_CONTEXTIDR_EL2] : c->sr[SR_CONTEXTIDR_EL1];
    uint64_t now[5] = {c->ps.el, (uint64_t)cpu_pas(c), r == REGIME_EL10 ? cfg.s2.vmid : 0,
                       cfg.s1.asid, id};
    if (memcmp(now, t->context, sizeof(now)) != 0) {
        memcpy(t->context, now, sizeof(now));
        emit_event(t, TRACE_CONTEXT, now);
    }
}

/* ---- start and end ---- */

bool observe_wanted(const struct cpu *c)
{
    const struct observer *t = c->observer;
    if (t == NULL || !t->active || !trace_on(&t->port, TRACE_INSN) ||
        !(t->cfg.els >> c->ps.el & 1)) {
        return false;
    }
    return t->cfg.vmid < 0 || (c->ps.el < 2 && regime_of_el(c, c->ps.el) == REGIME_EL10 &&
                               regime_vmid(c) == t->cfg.vmid);
}

void cpu_trace_start(struct cpu *c, const struct cpu_trace_config *cfg)
{
    struct observer *t = calloc(1, sizeof(*t));
    ASSERT(t != NULL);
    t->cpu = c;
    t->cfg = *cfg;
    t->p = t->buffer;
    t->limit = t->buffer + BUFFER;
    t->last = calloc(MAX_SLOTS, sizeof(*t->last));
    t->seen = calloc(MAX_BLOCKS, sizeof(*t->seen));
    ASSERT(t->last != NULL && t->seen != NULL);
    t->next_check = cfg->check_every != 0 ? cfg->check_every : UINT64_MAX;
    t->port = (struct trace_port){emit_event, t, cfg->groups};
    t->context[0] = UINT64_MAX;
    c->observer = t;
}

void cpu_trace_stop(struct cpu *c)
{
    struct observer *t = c->observer;
    if (t == NULL) {
        return;
    }
    write_out(t);
    free(t->last);
    free(t->seen);
    free(t);
    c->observer = NULL;
    c->ctx_gen++;
    c->ctx_stale = true;
}

uint32_t cpu_ticks_per_insn(const struct cpu *c)
{
    return c->ticks_per_insn;
}

const struct trace_port *cpu_trace_port(struct cpu *c)
{
    return c->observer != NULL ? &c->observer->port : NULL;
}
