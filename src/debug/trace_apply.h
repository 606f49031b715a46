/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an instruction did, from the registers before it and the values that were recorded. Inline,
 * for loops over instructions: most have one of a few forms, the rest is in trace_regs.c.
 */
#ifndef DEBUG_TRACE_APPLY_H
#define DEBUG_TRACE_APPLY_H

#include <string.h>

#include "base/bits.h"
#include "debug/trace_eval.h"
#include "debug/trace_regs.h"

#define NZCV_SHIFT 28

void trace_write_pstate(struct trace_regs *r, struct trace_insn *i, const uint64_t *values);
void trace_apply_other(struct trace_regs *r, struct trace_insn *i, const uint64_t *values);

static inline uint64_t trace_extended(uint64_t v, unsigned option)
{
    switch (option) {
    case 2:
        return (uint32_t)v;
    case 6:
        return (uint64_t)(int64_t)(int32_t)v;
    default:
        return v;
    }
}

static inline uint64_t trace_address(const struct trace_regs *r, const struct trace_insn *i,
                                     uint64_t auth)
{
    const struct a64_mem *m = &i->block->effects[i->index].mem;
    uint64_t imm = (uint64_t)(int64_t)m->imm;
    switch ((enum a64_address)m->address) {
    case A64_ADDR_REG:
        return r->x[m->base] + (trace_extended(r->x[m->index], m->extend) << m->shift);
    case A64_ADDR_PC:
        return i->va + imm;
    case A64_ADDR_AUTH:
        return auth + imm;
    case A64_ADDR_IMM:
        break;
    }
    return r->x[m->base] + (m->post ? 0 : imm);
}

static inline struct trace_access *trace_add_access(struct trace_insn *i, bool write, uint64_t va,
                                                    unsigned len)
{
    struct trace_access *a = &i->accesses[i->n_accesses++];
    const struct a64_mem *m = &i->block->effects[i->index].mem;
    a->write = write;
    a->va = va;
    a->unit = m->size > 8 ? 8 : m->size;
    a->len = (uint8_t)len;
    return a;
}

static inline struct trace_write *trace_add_write(struct trace_insn *i, enum trace_write_kind kind,
                                                  unsigned n)
{
    struct trace_write *w = &i->writes[i->n_writes++];
    w->kind = kind;
    w->n = (uint8_t)n;
    return w;
}

static inline void trace_write_x(struct trace_regs *r, struct trace_insn *i, unsigned n, uint64_t v)
{
    bool same = i->block->effects[i->index].late && r->x[n] == v;
    r->x[n] = v;
    if (n != A64_SINK && !same) {
        trace_add_write(i, n == A64_SP ? TRACE_WRITE_SP : TRACE_WRITE_X, n)->v[0] = v;
    }
}

static inline void trace_write_base(struct trace_regs *r, struct trace_insn *i, uint64_t va)
{
    const struct a64_mem *m = &i->block->effects[i->index].mem;
    uint64_t step = m->step_reg != A64_ZR ? r->x[m->step_reg] : (uint64_t)(int64_t)m->imm;
    trace_write_x(r, i, m->base, m->post ? va + step : va);
}

static inline void trace_set_x(struct trace_regs *r, struct trace_insn *i, unsigned k, unsigned n,
                               uint64_t v)
{
    struct trace_write *w = &i->writes[k];
    r->x[n] = v;
    w->kind = TRACE_WRITE_X;
    w->n = (uint8_t)n;
    w->v[0] = v;
}

static inline void trace_apply_computed(struct trace_regs *r, struct trace_insn *i)
{
    const struct a64_effect *e = &i->block->effects[i->index];
    uint64_t out[2];
    trace_eval(r->x, (unsigned)extract64(r->pstate, NZCV_SHIFT, 4), i->va,
               i->block->words[i->index], out);
    if (e->n_x == 1) {
        trace_write_x(r, i, e->x[0], out[0]);
    }
    if (e->nzcv) {
        trace_write_pstate(r, i, &out[1]);
    }
}

static inline void trace_apply_load(struct trace_regs *r, struct trace_insn *i,
                                    const uint64_t *values)
{
    const struct a64_effect *e = &i->block->effects[i->index];
    uint64_t va = trace_address(r, i, 0);
    struct trace_access *a = trace_add_access(i, false, va, (unsigned)e->mem.n * e->mem.size);
    trace_set_x(r, i, 0, e->x[0], values[0]);
    memcpy(a->data, &values[0], 8);
    if (e->n_x == 2) {
        trace_set_x(r, i, 1, e->x[1], values[1]);
        memcpy(a->data + e->mem.size, &values[1], 8);
    }
    i->n_writes = e->n_x;
    if (e->mem.writeback) {
        trace_write_base(r, i, va);
    }
}

static inline void trace_apply_store(struct trace_regs *r, struct trace_insn *i)
{
    const struct a64_mem *m = &i->block->effects[i->index].mem;
    uint64_t va = trace_address(r, i, 0);
    struct trace_access *a = trace_add_access(i, true, va, (unsigned)m->n * m->size);
    memcpy(a->data, &r->x[m->r[0]], 8);
    if (m->n == 2) {
        memcpy(a->data + m->size, &r->x[m->r[1]], 8);
    }
    if (m->writeback) {
        trace_write_base(r, i, va);
    }
}

/* Fill in writes and accesses of i from the recorded values (a64_effect_values of them), and bring
 * the registers up to date. */
static inline void trace_regs_apply(struct trace_regs *r, struct trace_insn *i,
                                    const uint64_t *values)
{
    i->n_writes = i->n_accesses = 0;
    i->msr = false;
    i->pstate = r->pstate;
    if (i->undone) {
        return;
    }
    switch ((enum trace_shape)i->block->shape[i->index]) {
    case TRACE_SHAPE_NOTHING:
        break;
    case TRACE_SHAPE_VALUE:
        trace_set_x(r, i, 0, i->block->effects[i->index].x[0], values[0]);
        i->n_writes = 1;
        break;
    case TRACE_SHAPE_COMPUTED:
        trace_apply_computed(r, i);
        break;
    case TRACE_SHAPE_LOAD:
        trace_apply_load(r, i, values);
        break;
    case TRACE_SHAPE_STORE:
        trace_apply_store(r, i);
        break;
    case TRACE_SHAPE_OTHER:
        trace_apply_other(r, i, values);
        break;
    }
}

/* Behind it. */
static inline void trace_insn_next(struct trace_insn *i, uint32_t ticks)
{
    i->when += ticks;
    i->count++;
    i->va += 4;
    i->index++;
}

#endif
