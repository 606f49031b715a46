/* SPDX-License-Identifier: Apache-2.0 */
#include "debug/trace_run.h"

#include <glib.h>

#include "debug/trace_apply.h"
#include "debug/trace_lines.h"

/*
 * Arguments of a step, all in registers of the host. Steps call each other at their end: no deeper
 * than a block is long where a compiler does not make jumps of that.
 */
#define STEP_PARAMS                                                                                \
    char *p, const struct trace_step *s, struct trace_regs *r, struct trace_pen *pen,              \
        unsigned left, digits12 time, digits12 count

#define STEP_ARGS p, s, r, pen, left, time, count

static ALWAYS_INLINE unsigned left_of(const struct trace_step *s, const struct trace_pen *pen,
                                      digits12 time, digits12 count)
{
    unsigned left = (unsigned)(pen->end - s);
    return MIN(left, MIN(digits12_room(time), digits12_room(count)));
}

/* Not inline, and called last: with a call in its middle each step would save registers. */
static __attribute__((noinline)) void carry_on(STEP_PARAMS)
{
    time = digits12_carried(time);
    count = digits12_carried(count);
    if (s != pen->end) {
        left = left_of(s, pen, time, count);
        s->run(STEP_ARGS);
        return;
    }
    pen->p = p;
    pen->time.low = time;
    pen->count.low = count;
}

/* At the end of a step, whose lines are written. */
static ALWAYS_INLINE void next_step(STEP_PARAMS)
{
    time = digits12_plus(time, 1);
    count = digits12_plus(count, 1);
    s++;
    if (--left == 0) {
        carry_on(STEP_ARGS);
        return;
    }
    s->run(STEP_ARGS);
}

static ALWAYS_INLINE char *put_insn(char *p, const struct trace_step *s, digits12 time,
                                    digits12 count)
{
    p = TEXT(digits12_put(p, time), "IT (");
    p = digits12_put(p, count) - DIGITS12_SPARE;
    return line_short(p, s->text, s->len);
}

/* The register that the label names. */
static ALWAYS_INLINE char *put_labelled(char *p, const struct trace_step *s, digits12 time,
                                        uint64_t v)
{
    p = digits12_put(p, time);
    memcpy(p, s->label, sizeof(s->label));
    p = hex16(p + s->label_len, v);
    *p++ = '\n';
    return p;
}

/* ---- results ---- */

static void run_nothing(STEP_PARAMS)
{
    p = put_insn(p, s, time, count);
    next_step(STEP_ARGS);
}

static void run_value(STEP_PARAMS)
{
    uint64_t v = s->values[0];
    p = put_insn(p, s, time, count);
    r->x[s->x[0]] = v;
    p = put_labelled(p, s, time, v);
    next_step(STEP_ARGS);
}

/* What is constant of a form that computes. */
enum computed { RESULT = 1, FLAGS = 2, IMMEDIATE = 4, COMPUTED_FORMS = 8 };

static ALWAYS_INLINE char *compute(char *p, const struct trace_step *s, struct trace_regs *r,
                                   digits12 time, digits12 count, enum trace_op op, unsigned form)
{
    const struct trace_plan *plan = &s->plan;
    uint64_t out[2] = {0, extract64(r->pstate, NZCV_SHIFT, 4)};
    if (op == TRACE_OP_ANY) {
        trace_eval(r->x, (unsigned)out[1], 0, (uint32_t)plan->imm, out);
    } else {
        uint64_t b = form & IMMEDIATE ? plan->imm : trace_plan_operand(plan, r->x);
        out[0] = trace_plan_eval(plan, op, r->x, b, &out[1]);
    }
    p = put_insn(p, s, time, count);
    if (form & RESULT) {
        r->x[s->x[0]] = out[0];
        p = put_labelled(p, s, time, out[0]);
    }
    if (form & FLAGS) {
        r->pstate = deposit64(r->pstate, NZCV_SHIFT, 4, out[1]);
        p = line_pstate(digits12_put(p, time), r->pstate);
    }
    return p;
}

#define FORM(name, op, form)                                                                       \
    static void name(STEP_PARAMS)                                                                  \
    {                                                                                              \
        p = compute(p, s, r, time, count, op, form);                                               \
        next_step(STEP_ARGS);                                                                      \
    }
/* Of registers, of a register and an immediate. */
#define RESULT_FORMS(op)                                                                           \
    FORM(run_##op, TRACE_OP_##op, RESULT)                                                          \
    FORM(run_##op##_imm, TRACE_OP_##op, RESULT | IMMEDIATE)
#define FLAG_FORMS(op)                                                                             \
    FORM(run_##op, TRACE_OP_##op, RESULT | FLAGS)                                                  \
    FORM(run_##op##_imm, TRACE_OP_##op, RESULT | FLAGS | IMMEDIATE)                                \
    FORM(run_##op##_only, TRACE_OP_##op, FLAGS)                                                    \
    FORM(run_##op##_imm_only, TRACE_OP_##op, FLAGS | IMMEDIATE)

FORM(run_ANY, TRACE_OP_ANY, RESULT)
FORM(run_ANY_flags, TRACE_OP_ANY, RESULT | FLAGS)
FORM(run_ANY_only, TRACE_OP_ANY, FLAGS)
RESULT_FORMS(ADD)
FLAG_FORMS(ADDS)
RESULT_FORMS(AND)
FLAG_FORMS(ANDS)
RESULT_FORMS(ORR)
RESULT_FORMS(EOR)
FORM(run_MADD, TRACE_OP_MADD, RESULT)
FORM(run_MSUB, TRACE_OP_MSUB, RESULT)
FORM(run_SELECT, TRACE_OP_SELECT, RESULT)
FORM(run_SIGNED, TRACE_OP_SIGNED, RESULT)

#define RESULT_ROW(op) {[RESULT] = run_##op, [RESULT | IMMEDIATE] = run_##op##_imm}
#define FLAG_ROW(op)                                                                               \
    {[RESULT | FLAGS] = run_##op,                                                                  \
     [RESULT | FLAGS | IMMEDIATE] = run_##op##_imm,                                                \
     [FLAGS] = run_##op##_only,                                                                    \
     [FLAGS | IMMEDIATE] = run_##op##_imm_only}

static trace_step_fn *const computed_forms[TRACE_N_OPS][COMPUTED_FORMS] = {
    [TRACE_OP_ANY] = {[RESULT] = run_ANY, [RESULT | FLAGS] = run_ANY_flags, [FLAGS] = run_ANY_only},
    [TRACE_OP_ADD] = RESULT_ROW(ADD),
    [TRACE_OP_ADDS] = FLAG_ROW(ADDS),
    [TRACE_OP_AND] = RESULT_ROW(AND),
    [TRACE_OP_ANDS] = FLAG_ROW(ANDS),
    [TRACE_OP_ORR] = RESULT_ROW(ORR),
    [TRACE_OP_EOR] = RESULT_ROW(EOR),
    [TRACE_OP_MADD] = {[RESULT] = run_MADD},
    [TRACE_OP_MSUB] = {[RESULT] = run_MSUB},
    [TRACE_OP_SELECT] = {[RESULT] = run_SELECT},
    [TRACE_OP_SIGNED] = {[RESULT] = run_SIGNED},
};

/* ---- memory ---- */

/* What is constant of a form that loads or stores; IMM, REG and PC are as enum a64_address. */
enum accesses { STORE = 1, PAIR = 2, WRITEBACK = 4, WORD8 = 8, ADDRESS_SHIFT = 4 };
#define IMM          (A64_ADDR_IMM << ADDRESS_SHIFT)
#define REG          (A64_ADDR_REG << ADDRESS_SHIFT)
#define PC           (A64_ADDR_PC << ADDRESS_SHIFT)
#define ACCESS_FORMS (A64_ADDR_AUTH << ADDRESS_SHIFT)

static ALWAYS_INLINE char *put_access(char *p, const struct trace_step *s, digits12 time,
                                      unsigned form, uint64_t va, uint64_t v)
{
    unsigned size = form & WORD8 ? 8 : s->mem.size;
    return line_access(digits12_put(p, time), form & STORE, va, size, v);
}

static ALWAYS_INLINE char *access_memory(char *p, const struct trace_step *s, struct trace_regs *r,
                                         digits12 time, digits12 count, unsigned form)
{
    const struct a64_mem *m = &s->mem;
    enum a64_address kind = form >> ADDRESS_SHIFT;
    uint64_t va = kind == A64_ADDR_PC ? s->va : trace_address_of(r, m, kind);
    uint64_t v[2];
    p = put_insn(p, s, time, count);
    if (form & STORE) {
        v[0] = r->x[m->r[0]];
        v[1] = form & PAIR ? r->x[m->r[1]] : 0;
    } else {
        for (unsigned k = 0; k < (form & PAIR ? 2 : 1); k++) {
            v[k] = s->values[k];
            r->x[s->x[k]] = v[k];
            p = line_x(digits12_put(p, time), s->x[k], v[k]);
        }
    }
    if (form & WRITEBACK) {
        uint64_t base = trace_written_base(r, m, va);
        r->x[m->base] = base;
        p = put_labelled(p, s, time, base);
    }
    p = put_access(p, s, time, form, va, v[0]);
    if (form & PAIR) {
        p = put_access(p, s, time, form, va + (form & WORD8 ? 8 : m->size), v[1]);
    }
    return p;
}

#define ACCESS(name, form)                                                                         \
    static void name(STEP_PARAMS)                                                                  \
    {                                                                                              \
        p = access_memory(p, s, r, time, count, form);                                             \
        next_step(STEP_ARGS);                                                                      \
    }
#define ACCESSES(name, form)                                                                       \
    ACCESS(run_ldr##name, form)                                                                    \
    ACCESS(run_str##name, (form) | STORE)                                                          \
    ACCESS(run_ldr8##name, (form) | WORD8)                                                         \
    ACCESS(run_str8##name, (form) | WORD8 | STORE)
#define ACCESS_ROW(name, form)                                                                     \
    [form] = run_ldr##name, [(form) | STORE] = run_str##name, [(form) | WORD8] = run_ldr8##name,   \
    [(form) | WORD8 | STORE] = run_str8##name

ACCESSES(_imm, IMM)
ACCESSES(_imm_base, IMM | WRITEBACK)
ACCESSES(_imm_pair, IMM | PAIR)
ACCESSES(_imm_pair_base, IMM | PAIR | WRITEBACK)
ACCESSES(_reg, REG)
ACCESSES(_pc, PC)

static trace_step_fn *const access_forms[ACCESS_FORMS] = {
    ACCESS_ROW(_imm, IMM),
    ACCESS_ROW(_imm_base, IMM | WRITEBACK),
    ACCESS_ROW(_imm_pair, IMM | PAIR),
    ACCESS_ROW(_imm_pair_base, IMM | PAIR | WRITEBACK),
    ACCESS_ROW(_reg, REG),
    ACCESS_ROW(_pc, PC),
};

/* ---- from an instruction to its step ---- */

/* The register's line, as far as its value. SP is what the mode of the block selects. */
static void set_label(struct trace_step *s, const struct trace_block *b, unsigned n)
{
    char label[32];
    int len = n != A64_SP ? g_snprintf(label, sizeof(label), "R X%u ", n)
                          : g_snprintf(label, sizeof(label), "R SP_EL%u ",
                                       trace_mode_spsel(b->mode) ? trace_mode_el(b->mode) : 0);
    s->label_len = (uint8_t)len;
    memcpy(s->label, label, sizeof(s->label));
}

static trace_step_fn *computed_form(struct trace_step *s, const struct a64_effect *e, uint32_t word,
                                    uint64_t pc)
{
    unsigned form = (e->n_x == 1 && e->x[0] <= A64_SP ? RESULT : 0) | (e->nzcv ? FLAGS : 0);
    s->plan = trace_plan_of(word, pc);
    if (s->plan.op == TRACE_OP_ANY) {
        s->plan.imm = word;
    } else if (s->plan.m == A64_ZR && computed_forms[s->plan.op][form | IMMEDIATE] != NULL) {
        static const uint64_t zero[A64_ZR + 1];
        s->plan.imm = trace_plan_operand(&s->plan, zero);
        form |= IMMEDIATE;
    }
    return computed_forms[s->plan.op][form];
}

static trace_step_fn *access_form(struct trace_step *s, const struct a64_effect *e, uint64_t pc)
{
    const struct a64_mem *m = &e->mem;
    bool store = m->kind == A64_MEM_STORE;
    if (m->vector || m->address >= A64_ADDR_AUTH || m->n > 2 || e->n_x != (store ? 0 : m->n)) {
        return NULL;
    }
    s->mem = *m;
    s->va = pc + (uint64_t)(int64_t)m->imm;
    unsigned form = (unsigned)m->address << ADDRESS_SHIFT | (store ? STORE : 0) |
                    (m->n == 2 ? PAIR : 0) | (m->writeback ? WRITEBACK : 0) |
                    (m->size == 8 ? WORD8 : 0);
    return access_forms[form];
}

static trace_step_fn *form_of(struct trace_step *s, const struct a64_effect *e, uint32_t word,
                              uint64_t pc)
{
    if (e->late || e->pstate || e->link || e->msr || e->n_v != 0) {
        return NULL;
    }
    if (e->computed) {
        return computed_form(s, e, word, pc);
    }
    for (unsigned k = 0; k < e->n_x; k++) {
        if (e->x[k] >= A64_SP) {
            return NULL;
        }
    }
    if (e->nzcv || e->n_x > 2) {
        return NULL;
    }
    switch ((enum a64_mem_kind)e->mem.kind) {
    case A64_MEM_NONE:
        return e->n_x == 0 ? run_nothing : e->n_x == 1 ? run_value : NULL;
    case A64_MEM_LOAD:
    case A64_MEM_STORE:
        return access_form(s, e, pc);
    default:
        return NULL;
    }
}

void trace_step_init(struct trace_step *steps, const struct trace_block *b, unsigned i)
{
    const struct a64_effect *e = &b->effects[i];
    struct trace_step *s = &steps[i];
    s->values = b->values + b->first_value[i];
    s->x[0] = e->x[0];
    s->x[1] = e->x[1];
    s->run = s->len <= LINE_SHORT ? form_of(s, e, b->words[i], trace_block_va(b, i)) : NULL;
    set_label(s, b, e->mem.writeback ? e->mem.base : e->x[0]);
    s->more = s->run == NULL ? 0 : i + 1 < b->n ? s[1].more + 1 : 1;
}

/* ---- running ---- */

void trace_run(struct trace_pen *pen, const struct trace_note *note, struct trace_regs *r,
               struct trace_insn *i, unsigned n)
{
    const struct trace_step *s = &note->steps[i->index];
    digits12 time = pen->time.low, count = pen->count.low;
    unsigned all = MIN(n - i->index, s->more);
    pen->end = s + all;
    s->run(pen->p, s, r, pen, left_of(s, pen, time, count), time, count);
    pen->time.v += all;
    pen->count.v += all;
    trace_insn_skip(i, all, TICKS_PER_NS);
}
