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

/* auth: the authenticated base, if there is one. */
static inline uint64_t trace_address(const struct trace_regs *r, const struct a64_mem *m,
                                     uint64_t pc, uint64_t auth)
{
    uint64_t imm = (uint64_t)(int64_t)m->imm;
    switch ((enum a64_address)m->address) {
    case A64_ADDR_REG:
        return r->x[m->base] + (trace_extended(r->x[m->index], m->extend) << m->shift);
    case A64_ADDR_PC:
        return pc + imm;
    case A64_ADDR_AUTH:
        return auth + imm;
    case A64_ADDR_IMM:
        break;
    }
    return r->x[m->base] + (m->post ? 0 : imm);
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
