/* SPDX-License-Identifier: Apache-2.0 */
#include "debug/trace_regs.h"

#include <string.h>

#include "base/bits.h"
#include "debug/trace_apply.h"
#include "debug/trace_eval.h"

/* ---- what it did, in order ---- */

static struct trace_access *add_access(struct trace_insn *i, bool write, uint64_t va, unsigned len)
{
    struct trace_access *a = &i->accesses[i->n_accesses++];
    const struct a64_mem *m = &i->block->effects[i->index].mem;
    a->write = write;
    a->va = va;
    a->unit = m->size > 8 ? 8 : m->size;
    a->len = (uint8_t)len;
    return a;
}

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

/* ---- data ---- */

static void pack(const struct trace_regs *r, const struct a64_mem *m, const uint8_t *regs,
                 struct trace_access *a)
{
    uint8_t *to = a->data;
    for (unsigned i = 0; i < m->n; i++, to += m->size) {
        if (m->vector) {
            memcpy(to, r->v[regs[i]], 16);
        } else {
            memcpy(to, &r->x[regs[i]], 8);
        }
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

/* ---- accesses. Before the instruction, and what needs its results afterwards ---- */

/* Registers that an access needs and the instruction may write. */
struct before {
    uint64_t operand;
    uint64_t expected[2];
};

static void look_before(const struct trace_regs *r, struct trace_insn *i, uint64_t va,
                        struct before *b)
{
    const struct a64_mem *m = &i->block->effects[i->index].mem;
    unsigned len = (unsigned)m->n * m->size, all = (unsigned)m->rpt * m->rows * m->selem * m->size;
    switch ((enum a64_mem_kind)m->kind) {
    case A64_MEM_NONE:
        break;
    case A64_MEM_LOAD:
        add_access(i, false, va, len);
        break;
    case A64_MEM_STRUCT_LOAD:
        add_access(i, false, va, all);
        break;
    case A64_MEM_STORE:
    case A64_MEM_STORE_IF:
        pack(r, m, m->r, add_access(i, true, va, len));
        break;
    case A64_MEM_STRUCT_STORE:
        pack_struct(r, m, add_access(i, true, va, all));
        break;
    case A64_MEM_CAS:
        add_access(i, false, va, len);
        pack(r, m, m->s, add_access(i, true, va, len));
        b->expected[0] = m->r[0] == A64_SINK ? 0 : r->x[m->r[0]];
        b->expected[1] = m->r[1] == A64_SINK ? 0 : r->x[m->r[1]];
        break;
    case A64_MEM_ATOMIC:
        add_access(i, false, va, len);
        add_access(i, true, va, len);
        b->operand = r->x[m->s[0]];
        break;
    case A64_MEM_ZERO:
        memset(add_access(i, true, va & ~(uint64_t)63, 64)->data, 0, 64);
        break;
    }
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
    uint64_t v;
    switch ((enum a64_mem_kind)m->kind) {
    case A64_MEM_LOAD:
        pack(r, m, m->r, &i->accesses[0]);
        break;
    case A64_MEM_STRUCT_LOAD:
        pack_struct(r, m, &i->accesses[0]);
        break;
    case A64_MEM_STORE_IF:
        i->n_accesses = r->x[m->status] == 0;
        break;
    case A64_MEM_CAS:
        pack(r, m, m->r, &i->accesses[0]);
        i->n_accesses = swapped(r, m, b) ? 2 : 1;
        break;
    case A64_MEM_ATOMIC:
        pack(r, m, m->r, &i->accesses[0]);
        v = operate(m, r->x[m->r[0]], b->operand);
        memcpy(i->accesses[1].data, &v, 8);
        break;
    default:
        break;
    }
}

/* ---- registers ---- */

static uint64_t with_flags(const struct trace_regs *r, uint64_t nzcv)
{
    return deposit64(r->pstate, NZCV_SHIFT, 4, nzcv);
}

/* Flags are written even where they stay what they were. */
static void write_pstate(struct trace_regs *r, struct trace_insn *i, uint64_t pstate, bool flags)
{
    if (flags || pstate != r->pstate) {
        add_write(i, TRACE_WRITE_PSTATE, 0)->v[0] = pstate;
    }
    r->pstate = pstate;
}

static void write_values(struct trace_regs *r, struct trace_insn *i, const uint64_t *values)
{
    const struct a64_effect *e = &i->block->effects[i->index];
    for (unsigned k = 0; k < e->n_x; k++) {
        write_x(r, i, e->x[k], *values++);
    }
    for (unsigned k = 0; k < e->n_v; k++, values += 2) {
        memcpy(r->v[e->v[k]], values, 16);
        memcpy(add_write(i, TRACE_WRITE_V, e->v[k])->v, values, 16);
    }
    if (e->nzcv || e->pstate) {
        uint64_t pstate = e->nzcv ? with_flags(r, *values++) : r->pstate;
        write_pstate(r, i, e->pstate ? *values : pstate, e->nzcv);
    }
}

static void apply_access(struct trace_regs *r, struct trace_insn *i, const uint64_t *values)
{
    const struct a64_effect *e = &i->block->effects[i->index];
    unsigned n = a64_effect_values(e);
    uint64_t va = trace_address(r, &e->mem, i->va, n > 0 ? values[n - 1] : 0);
    struct before b = {0};
    look_before(r, i, va, &b);
    write_values(r, i, values);
    if (e->mem.writeback) {
        write_x(r, i, e->mem.base, trace_written_base(r, &e->mem, va));
    }
    look_after(r, i, &b);
}

static void apply_computed(struct trace_regs *r, struct trace_insn *i)
{
    const struct a64_effect *e = &i->block->effects[i->index];
    uint64_t out[2];
    trace_eval(r->x, (unsigned)extract64(r->pstate, NZCV_SHIFT, 4), i->va,
               i->block->words[i->index], out);
    if (e->n_x == 1) {
        write_x(r, i, e->x[0], out[0]);
    }
    if (e->nzcv) {
        write_pstate(r, i, with_flags(r, out[1]), true);
    }
}

static void note_msr(const struct trace_regs *r, struct trace_insn *i)
{
    unsigned t = i->block->words[i->index] & 31;
    i->msr = true;
    i->msr_value = r->x[t == 31 ? A64_ZR : t];
}

static void apply(struct trace_regs *r, struct trace_insn *i, const uint64_t *values)
{
    const struct a64_effect *e = &i->block->effects[i->index];
    if (e->msr) {
        note_msr(r, i);
    }
    if (e->computed) {
        apply_computed(r, i);
    } else if (e->mem.kind != A64_MEM_NONE) {
        apply_access(r, i, values);
    } else {
        write_values(r, i, values);
    }
    if (e->link) {
        write_x(r, i, 30, i->va + 4);
    }
}

void trace_regs_apply(struct trace_regs *r, struct trace_insn *i, const uint64_t *values)
{
    i->n_writes = i->n_accesses = 0;
    i->msr = false;
    if (!i->undone) {
        apply(r, i, values);
    }
    i->pstate = r->pstate;
}
