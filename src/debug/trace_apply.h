/* SPDX-License-Identifier: Apache-2.0 */
/* What an instruction does, from the registers before it: pieces for loops over instructions. */
#ifndef DEBUG_TRACE_APPLY_H
#define DEBUG_TRACE_APPLY_H

#include "debug/trace_regs.h"

#define NZCV_SHIFT 28

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

/* kind: base and immediate, or base and register. */
static inline uint64_t trace_address_of(const struct trace_regs *r, const struct a64_mem *m,
                                        enum a64_address kind)
{
    if (kind == A64_ADDR_REG) {
        return r->x[m->base] + (trace_extended(r->x[m->index], m->extend) << m->shift);
    }
    return r->x[m->base] + (m->post ? 0 : (uint64_t)(int64_t)m->imm);
}

/* auth: the authenticated base, if there is one. */
static inline uint64_t trace_address(const struct trace_regs *r, const struct a64_mem *m,
                                     uint64_t pc, uint64_t auth)
{
    switch ((enum a64_address)m->address) {
    case A64_ADDR_PC:
        return pc + (uint64_t)(int64_t)m->imm;
    case A64_ADDR_AUTH:
        return auth + (uint64_t)(int64_t)m->imm;
    default:
        return trace_address_of(r, m, m->address);
    }
}

/* Of an access at va that writes its base back. */
static inline uint64_t trace_written_base(const struct trace_regs *r, const struct a64_mem *m,
                                          uint64_t va)
{
    uint64_t step = m->step_reg != A64_ZR ? r->x[m->step_reg] : (uint64_t)(int64_t)m->imm;
    return m->post ? va + step : va;
}

/* n instructions on. */
static inline void trace_insn_skip(struct trace_insn *i, unsigned n, uint64_t ticks)
{
    i->when += n * ticks;
    i->count += n;
    i->va += 4ULL * n;
    i->index += n;
}

#endif
