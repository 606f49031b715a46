/* SPDX-License-Identifier: Apache-2.0 */
#include "debug/trace_regs.h"

#include <string.h>

#include "base/bits.h"
#include "debug/trace_eval.h"

#define NZCV_SHIFT 28

/* ---- addresses ---- */

static uint64_t extended(uint64_t v, unsigned option)
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

static uint64_t address(const struct trace_regs *r, const struct trace_insn *i, uint64_t auth)
{
    const struct a64_mem *m = &i->block->effects[i->index].mem;
    uint64_t imm = (uint64_t)(int64_t)m->imm;
    switch ((enum a64_address)m->address) {
    case A64_ADDR_REG:
        return r->x[m->base] + (extended(r->x[m->index], m->extend) << m->shift);
    case A64_ADDR_PC:
        return i->va + imm;
    case A64_ADDR_AUTH:
        return auth + imm;
    case A64_ADDR_IMM:
        break;
    }
    return r->x[m->base] + (m->post ? 0 : imm);
}

/* ---- data ---- */

static void pack(const struct trace_regs *r, const struct a64_mem *m, const uint8_t *regs,
                 struct trace_access *a)
{
    for (unsigned i = 0; i < m->n; i++) {
        const void *from = m->vector ? (const void *)r->v[regs[i]] : &r->x[regs[i]];
        memcpy(a->data + (size_t)i * m->size, from, m->size);
    }
}

/* In memory order: for every group and row the elements of one structure. */
static void pack_struct(const struct trace_regs *r, const struct a64_mem *m, struct trace_access *a)
{
    uint8_t *to = a->data;
    for (unsigned g = 0; g < m->rpt; g++) {
        for (unsigned row = 0; row < m->rows; row++) {
            for (unsigned s = 0; s < m->selem; s++, to += m->size) {
                const uint8_t *v = (const uint8_t *)r->v[(m->r[0] + g * m->selem + s) & 31];
                memcpy(to, v + (size_t)(m->lane + row) * m->size, m->size);
            }
        }
    }
}

static uint64_t low_bits(uint64_t v, unsigned size)
{
    return size == 8 ? v : v & mask64(0, 8 * size);
}

static int64_t as_signed(uint64_t v, unsigned size)
{
    return sextract64(v, 0, 8 * size);
}

static uint64_t operate(const struct a64_mem *m, uint64_t old, uint64_t operand)
{
    uint64_t a = low_bits(old, m->size), b = low_bits(operand, m->size);
    int64_t sa = as_signed(a, m->size), sb = as_signed(b, m->size);
    switch ((enum a64_atomic)m->op) {
    case A64_LDADD:
        return a + b;
    case A64_LDCLR:
        return a & ~b;
    case A64_LDEOR:
        return a ^ b;
    case A64_LDSET:
        return a | b;
    case A64_LDSMAX:
        return sa > sb ? a : b;
    case A64_LDSMIN:
        return sa < sb ? a : b;
    case A64_LDUMAX:
        return a > b ? a : b;
    case A64_LDUMIN:
        return a < b ? a : b;
    case A64_SWP:
        break;
    }
    return b;
}

static struct trace_access *add_access(struct trace_insn *i, bool write, uint64_t va, unsigned len)
{
    struct trace_access *a = &i->accesses[i->n_accesses++];
    const struct a64_mem *m = &i->block->effects[i->index].mem;
    a->write = write;
    a->va = va;
    a->unit = m->size > 8 ? 8 : m->size;
    a->len = (uint8_t)len;
    memset(a->data, 0, len);
    return a;
}

/* What an access needs of the registers before the instruction. */
struct before {
    uint64_t va;
    struct trace_access store; /* its data */
    uint64_t operand[2], expected[2];
};

static void look_before(const struct trace_regs *r, const struct trace_insn *i, uint64_t auth,
                        struct before *b)
{
    const struct a64_mem *m = &i->block->effects[i->index].mem;
    b->va = address(r, i, auth);
    switch ((enum a64_mem_kind)m->kind) {
    case A64_MEM_STORE:
    case A64_MEM_STORE_IF:
        pack(r, m, m->r, &b->store);
        break;
    case A64_MEM_STRUCT_STORE:
        pack_struct(r, m, &b->store);
        break;
    case A64_MEM_CAS:
        pack(r, m, m->s, &b->store);
        b->expected[0] = m->r[0] == A64_SINK ? 0 : r->x[m->r[0]];
        b->expected[1] = m->r[1] == A64_SINK ? 0 : r->x[m->r[1]];
        break;
    case A64_MEM_ATOMIC:
        b->operand[0] = r->x[m->s[0]];
        break;
    default:
        break;
    }
}

static void stored(struct trace_insn *i, uint64_t va, const struct before *b, unsigned len)
{
    memcpy(add_access(i, true, va, len)->data, b->store.data, len);
}

static bool swapped(const struct trace_regs *r, const struct a64_mem *m, const struct before *b)
{
    bool same = true;
    for (unsigned k = 0; k < m->n; k++) {
        same = same && low_bits(r->x[m->r[k]], m->size) == low_bits(b->expected[k], m->size);
    }
    return same;
}

static void look_after(const struct trace_regs *r, struct trace_insn *i, const struct before *b)
{
    const struct a64_mem *m = &i->block->effects[i->index].mem;
    unsigned len = (unsigned)m->n * m->size, all = (unsigned)m->rpt * m->rows * m->selem * m->size;
    uint64_t v;
    switch ((enum a64_mem_kind)m->kind) {
    case A64_MEM_NONE:
        break;
    case A64_MEM_LOAD:
        pack(r, m, m->r, add_access(i, false, b->va, len));
        break;
    case A64_MEM_STORE:
        stored(i, b->va, b, len);
        break;
    case A64_MEM_STORE_IF:
        if (r->x[m->status] == 0) {
            stored(i, b->va, b, len);
        }
        break;
    case A64_MEM_ATOMIC:
        pack(r, m, m->r, add_access(i, false, b->va, len));
        v = operate(m, r->x[m->r[0]], b->operand[0]);
        memcpy(add_access(i, true, b->va, len)->data, &v, m->size);
        break;
    case A64_MEM_CAS:
        pack(r, m, m->r, add_access(i, false, b->va, len));
        if (swapped(r, m, b)) {
            stored(i, b->va, b, len);
        }
        break;
    case A64_MEM_STRUCT_LOAD:
        pack_struct(r, m, add_access(i, false, b->va, all));
        break;
    case A64_MEM_STRUCT_STORE:
        stored(i, b->va, b, all);
        break;
    case A64_MEM_ZERO:
        add_access(i, true, b->va & ~(uint64_t)63, 64)->unit = 8;
        break;
    }
}

/* ---- registers ---- */

static struct trace_write *add_write(struct trace_insn *i, enum trace_write_kind kind, unsigned n)
{
    struct trace_write *w = &i->writes[i->n_writes++];
    w->kind = kind;
    w->n = (uint8_t)n;
    return w;
}

static void write_x(struct trace_regs *r, struct trace_insn *i, unsigned n, uint64_t v)
{
    bool same = i->block->effects[i->index].late && r->x[n] == v;
    r->x[n] = v;
    if (n != A64_SINK && !same) {
        add_write(i, n == A64_SP ? TRACE_WRITE_SP : TRACE_WRITE_X, n)->v[0] = v;
    }
}

static void write_values(struct trace_regs *r, struct trace_insn *i, const uint64_t *values)
{
    const struct a64_effect *e = &i->block->effects[i->index];
    uint64_t pstate = r->pstate;
    for (unsigned k = 0; k < e->n_x; k++) {
        write_x(r, i, e->x[k], *values++);
    }
    for (unsigned k = 0; k < e->n_v; k++, values += 2) {
        memcpy(r->v[e->v[k]], values, 16);
        memcpy(add_write(i, TRACE_WRITE_V, e->v[k])->v, values, 16);
    }
    if (e->nzcv) {
        pstate = deposit64(pstate, NZCV_SHIFT, 4, *values++);
    }
    if (e->pstate) {
        pstate = *values;
    }
    if (e->nzcv || pstate != r->pstate) {
        add_write(i, TRACE_WRITE_PSTATE, 0)->v[0] = pstate;
    }
    r->pstate = pstate;
}

static void write_base(struct trace_regs *r, struct trace_insn *i, uint64_t va)
{
    const struct a64_mem *m = &i->block->effects[i->index].mem;
    uint64_t step = m->step_reg != A64_ZR ? r->x[m->step_reg] : (uint64_t)(int64_t)m->imm;
    write_x(r, i, m->base, m->post ? va + step : va);
}

void trace_regs_apply(struct trace_regs *r, struct trace_insn *i, const uint64_t *values)
{
    const struct a64_effect *e = &i->block->effects[i->index];
    struct before b;
    uint64_t computed[2];
    i->n_writes = i->n_accesses = 0;
    i->msr = false;
    i->pstate = r->pstate;
    if (i->undone) {
        return;
    }
    if (e->computed) {
        trace_eval(r->x, (unsigned)extract64(r->pstate, NZCV_SHIFT, 4), i->va, i->word, computed);
        values = e->n_x == 1 ? computed : computed + 1;
    }
    if (e->mem.kind != A64_MEM_NONE) {
        unsigned n = a64_effect_values(e);
        look_before(r, i, n > 0 ? values[n - 1] : 0, &b);
    }
    i->msr = e->msr;
    i->msr_value = e->msr ? r->x[(i->word & 31) == 31 ? A64_ZR : i->word & 31] : 0;
    write_values(r, i, values);
    i->pstate = r->pstate;
    if (e->link) {
        write_x(r, i, 30, i->va + 4);
    }
    if (e->mem.writeback) {
        write_base(r, i, b.va);
    }
    if (e->mem.kind != A64_MEM_NONE) {
        look_after(r, i, &b);
    }
}
