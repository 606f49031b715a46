/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results of integer instructions from their operands, so that a trace need not have them: those
 * that isa/effects.h calls computed. Arm ARM C6.2.
 */
#ifndef DEBUG_TRACE_EVAL_H
#define DEBUG_TRACE_EVAL_H

#include <stdbool.h>
#include <stdint.h>

/* x: registers with SP as 31 and zero as 32 (A64_ZR). out: the result, and NZCV afterwards. */
void trace_eval(const uint64_t *x, unsigned nzcv, uint64_t pc, uint32_t word, uint64_t out[2]);

/*
 * The frequent ones, decided once and then worked out inline: x[a] op b, cut to the width, where b
 * is a part of x[m], moved, with imm added, inverted or not.
 */
enum trace_op {
    TRACE_OP_ANY, /* none of them: trace_eval */
    TRACE_OP_ADD,
    TRACE_OP_ADDS,
    TRACE_OP_AND,
    TRACE_OP_ANDS,
    TRACE_OP_ORR,
    TRACE_OP_EOR,
    TRACE_OP_MADD,   /* x[c] + x[a] * b */
    TRACE_OP_MSUB,   /* x[c] - x[a] * b */
    TRACE_OP_SELECT, /* x[a] or b */
    TRACE_OP_SIGNED, /* the field of x[a] that is the top after shift, down to right */
    TRACE_N_OPS,
};

struct trace_plan {
    uint8_t op; /* enum trace_op */
    uint8_t a, m, c;
    uint8_t right, shift;
    bool carry; /* of an addition: a subtraction adds the inverse, and 1 */
    bool sf;
    uint16_t when; /* bit n: a is selected if NZCV is n */
    uint64_t mask, imm;
    uint64_t inverse; /* 0 or all ones */
};

struct trace_plan trace_plan_of(uint32_t word, uint64_t pc);

static inline uint64_t trace_plan_cut(const struct trace_plan *p, uint64_t v)
{
    return p->sf ? v : (uint32_t)v;
}

static inline unsigned trace_plan_nz(const struct trace_plan *p, uint64_t v)
{
    return (unsigned)(v >> (p->sf ? 63 : 31) & 1) << 3 | (unsigned)(v == 0) << 2;
}

static inline uint64_t trace_plan_adds(const struct trace_plan *p, uint64_t a, uint64_t b,
                                       uint64_t *nzcv)
{
    uint64_t r = trace_plan_cut(p, a + b + p->carry);
    bool c = p->carry ? r <= a : r < a;
    bool v = ((a ^ r) & (b ^ r)) >> (p->sf ? 63 : 31) & 1;
    *nzcv = trace_plan_nz(p, r) | (unsigned)c << 1 | v;
    return r;
}

/* b */
static inline uint64_t trace_plan_operand(const struct trace_plan *p, const uint64_t *x)
{
    uint64_t b = (((x[p->m] >> p->right & p->mask) << p->shift) + p->imm) ^ p->inverse;
    return trace_plan_cut(p, b);
}

/* op: the plan's, not TRACE_OP_ANY; *nzcv changes with those that set flags. */
static inline uint64_t trace_plan_eval(const struct trace_plan *p, enum trace_op op,
                                       const uint64_t *x, uint64_t b, uint64_t *nzcv)
{
    uint64_t a = trace_plan_cut(p, x[p->a]);
    switch (op) {
    case TRACE_OP_ADD:
        return trace_plan_cut(p, a + b + p->carry);
    case TRACE_OP_ADDS:
        return trace_plan_adds(p, a, b, nzcv);
    case TRACE_OP_AND:
        return a & b;
    case TRACE_OP_ANDS:
        *nzcv = trace_plan_nz(p, a & b);
        return a & b;
    case TRACE_OP_ORR:
        return a | b;
    case TRACE_OP_EOR:
        return a ^ b;
    case TRACE_OP_MADD:
        return trace_plan_cut(p, x[p->c] + a * b);
    case TRACE_OP_MSUB:
        return trace_plan_cut(p, x[p->c] - a * b);
    case TRACE_OP_SELECT:
        return p->when >> *nzcv & 1 ? a : b;
    case TRACE_OP_SIGNED:
        return trace_plan_cut(p, (uint64_t)((int64_t)(a << p->shift) >> p->right));
    case TRACE_OP_ANY:
    case TRACE_N_OPS:
        break;
    }
    return 0;
}

#endif
