/* SPDX-License-Identifier: Apache-2.0 */
#include "debug/trace_run.h"

#include "debug/trace_apply.h"
#include "debug/trace_eval.h"
#include "debug/trace_lines.h"

/* What happens next, and where its lines go: of the loop, in registers of the host. */
struct run {
    char *p;
    struct counter time, count; /* of 12 digits; v is not kept */
    struct trace_regs *r;
};

static ALWAYS_INLINE void set_x(struct run *run, unsigned n, uint64_t v)
{
    run->r->x[n] = v;
    run->p = line_x(run->p, &run->time, n, v);
}

static ALWAYS_INLINE void set_x_or_sp(struct run *run, unsigned n, uint64_t v)
{
    if (LIKELY(n < A64_SP)) {
        set_x(run, n, v);
    } else if (n == A64_SP) {
        run->r->x[n] = v;
        run->p = line_sp(run->p, &run->time, run->r->pstate, v);
    }
}

static ALWAYS_INLINE void set_base(struct run *run, const struct a64_mem *m, uint64_t va)
{
    if (m->writeback) {
        set_x_or_sp(run, m->base, trace_written_base(run->r, m, va));
    }
}

static ALWAYS_INLINE void transfer(struct run *run, const struct a64_mem *m, bool write,
                                   uint64_t va, const uint64_t v[2])
{
    run->p = line_access(run->p, &run->time, write, va, m->size, v[0]);
    if (m->n == 2) {
        run->p = line_access(run->p, &run->time, write, va + m->size, m->size, v[1]);
    }
}

static ALWAYS_INLINE void load(struct run *run, const struct a64_effect *e, uint64_t pc,
                               const uint64_t *values)
{
    uint64_t va = trace_address(run->r, &e->mem, pc, 0);
    set_x(run, e->x[0], values[0]);
    if (e->n_x == 2) {
        set_x(run, e->x[1], values[1]);
    }
    set_base(run, &e->mem, va);
    transfer(run, &e->mem, false, va, values);
}

static ALWAYS_INLINE void store(struct run *run, const struct a64_mem *m, uint64_t pc)
{
    uint64_t va = trace_address(run->r, m, pc, 0);
    uint64_t v[2] = {run->r->x[m->r[0]], run->r->x[m->r[1]]};
    set_base(run, m, va);
    transfer(run, m, true, va, v);
}

static ALWAYS_INLINE void compute(struct run *run, const struct trace_block *b, unsigned index,
                                  uint64_t pc)
{
    const struct a64_effect *e = &b->effects[index];
    const struct trace_plan *plan = &b->plans[index];
    uint64_t out[2] = {0, extract64(run->r->pstate, NZCV_SHIFT, 4)};
    if (LIKELY(plan->op != TRACE_OP_ANY)) {
        out[0] = trace_plan_eval(plan, run->r->x, &out[1]);
    } else {
        trace_eval(run->r->x, (unsigned)out[1], pc, b->words[index], out);
    }
    if (e->n_x == 1) {
        set_x_or_sp(run, e->x[0], out[0]);
    }
    if (e->nzcv) {
        run->r->pstate = deposit64(run->r->pstate, NZCV_SHIFT, 4, out[1]);
        run->p = line_pstate(run->p, &run->time, run->r->pstate);
    }
}

void trace_run(struct trace_pen *pen, const struct trace_note *note, struct trace_regs *r,
               struct trace_insn *i, unsigned n)
{
    const struct trace_block *b = i->block;
    struct run run = {pen->p, {.low = pen->time.low}, {.low = pen->count.low}, r};
    unsigned index = i->index;
    uint64_t pc = i->va;
    for (; index < n && b->shape[index] != TRACE_SHAPE_OTHER; index++, pc += 4) {
        const struct a64_effect *e = &b->effects[index];
        const uint64_t *values = b->values + b->first_value[index];
        run.p = line_insn(run.p, &run.time, &run.count, note, index);
        switch ((enum trace_shape)b->shape[index]) {
        case TRACE_SHAPE_VALUE:
            set_x(&run, e->x[0], values[0]);
            break;
        case TRACE_SHAPE_COMPUTED:
            compute(&run, b, index, pc);
            break;
        case TRACE_SHAPE_LOAD:
            load(&run, e, pc, values);
            break;
        case TRACE_SHAPE_STORE:
            store(&run, &e->mem, pc);
            break;
        case TRACE_SHAPE_NOTHING:
        case TRACE_SHAPE_OTHER:
            break;
        }
        run.time.low = digits12_next(run.time.low);
        run.count.low = digits12_next(run.count.low);
    }
    pen->p = run.p;
    pen->time.low = run.time.low;
    pen->count.low = run.count.low;
    pen->time.v += index - i->index;
    pen->count.v += index - i->index;
    trace_insn_skip(i, index - i->index, TICKS_PER_NS);
}

enum trace_shape trace_shape_of(const struct a64_effect *e)
{
    const struct a64_mem *m = &e->mem;
    if (e->late || e->pstate || e->link || e->msr || e->n_v != 0) {
        return TRACE_SHAPE_OTHER;
    }
    if (e->computed) {
        return TRACE_SHAPE_COMPUTED;
    }
    if (e->nzcv || m->vector || m->address == A64_ADDR_AUTH) {
        return TRACE_SHAPE_OTHER;
    }
    bool plain = (e->n_x < 1 || e->x[0] < A64_SP) && (e->n_x < 2 || e->x[1] < A64_SP);
    if (m->kind == A64_MEM_STORE) {
        return TRACE_SHAPE_STORE;
    }
    if (!plain || e->n_x > 2) {
        return TRACE_SHAPE_OTHER;
    }
    if (m->kind == A64_MEM_LOAD) {
        return e->n_x == m->n ? TRACE_SHAPE_LOAD : TRACE_SHAPE_OTHER;
    }
    if (m->kind == A64_MEM_NONE && e->n_x < 2) {
        return e->n_x == 0 ? TRACE_SHAPE_NOTHING : TRACE_SHAPE_VALUE;
    }
    return TRACE_SHAPE_OTHER;
}
