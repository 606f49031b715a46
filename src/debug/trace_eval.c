/* SPDX-License-Identifier: Apache-2.0 */
#include "debug/trace_eval.h"

#include "base/bits.h"
#include "cpu/isa/effects.h"

struct eval {
    const uint64_t *x;
    uint64_t pc;
    uint32_t w;
    unsigned nzcv; /* N is bit 3 */
    bool sf;
};

static unsigned field(const struct eval *e, unsigned lo, unsigned len)
{
    return extract32(e->w, lo, len);
}

static bool is_set(const struct eval *e, unsigned n)
{
    return (e->w >> n) & 1;
}

static uint64_t sized(const struct eval *e, uint64_t v)
{
    return e->sf ? v : (uint32_t)v;
}

/* A register where 31 is zero, cut to the width. */
static uint64_t reg(const struct eval *e, unsigned lo)
{
    unsigned n = field(e, lo, 5);
    return sized(e, e->x[n == 31 ? A64_ZR : n]);
}

static unsigned width(const struct eval *e)
{
    return e->sf ? 64 : 32;
}

static bool negative(const struct eval *e, uint64_t v)
{
    return v >> (width(e) - 1) & 1;
}

static unsigned nz(const struct eval *e, uint64_t v)
{
    return (unsigned)negative(e, v) << 3 | (unsigned)(v == 0) << 2;
}

/* ---- arithmetic ---- */

static uint64_t add_with_carry(struct eval *e, uint64_t a, uint64_t b, unsigned carry, bool flags)
{
    uint64_t r = sized(e, a + b + carry);
    bool c = carry ? r <= a : r < a;
    bool v = negative(e, (a ^ r) & (b ^ r));
    if (flags) {
        e->nzcv = nz(e, r) | (unsigned)c << 1 | v;
    }
    return r;
}

static uint64_t add_sub(struct eval *e, uint64_t a, uint64_t b)
{
    bool sub = is_set(e, 30);
    return add_with_carry(e, a, sub ? sized(e, ~b) : b, sub, is_set(e, 29));
}

static uint64_t shifted(const struct eval *e, uint64_t v, unsigned kind, unsigned n)
{
    n &= width(e) - 1;
    switch (kind) {
    case 0:
        return sized(e, v << n);
    case 1:
        return v >> n;
    case 2:
        return sized(e, (uint64_t)(sextract64(v, 0, width(e)) >> n));
    default:
        return e->sf ? ror64(v, n) : ror32((uint32_t)v, n);
    }
}

static uint64_t extended(const struct eval *e)
{
    unsigned option = field(e, 13, 3), len = 8U << (option & 3), n = field(e, 16, 5);
    uint64_t v = e->x[n == 31 ? A64_ZR : n];
    v = option & 4 ? (uint64_t)sextract64(v, 0, len) : extract64(v, 0, len);
    return sized(e, v << field(e, 10, 3));
}

static bool holds(const struct eval *e, unsigned cond)
{
    bool n = e->nzcv & 8, z = e->nzcv & 4, c = e->nzcv & 2, v = e->nzcv & 1;
    bool r[8] = {z, c, n, v, c && !z, n == v, n == v && !z, true};
    return r[cond >> 1] != ((cond & 1) && cond != 15);
}

/* ---- logical ---- */

/* DecodeBitMasks: a run of ones, rotated, repeated. */
static uint64_t bit_mask(const struct eval *e, unsigned n, unsigned imms, unsigned immr)
{
    unsigned len = 31 - (unsigned)__builtin_clz((n << 6 | (~imms & 0x3f)) | 1);
    unsigned size = 1U << len;
    uint64_t v = mask64(0, (imms & (size - 1)) + 1);
    immr &= size - 1;
    uint64_t all = mask64(0, size);
    v = immr == 0 ? v : ((v >> immr) | (v << (size - immr))) & all;
    for (; size < 64; size *= 2) {
        v |= v << size;
    }
    return sized(e, v);
}

static uint64_t logical(struct eval *e, uint64_t a, uint64_t b)
{
    unsigned opc = field(e, 29, 2);
    uint64_t r = opc == 1 ? a | b : opc == 2 ? a ^ b : a & b;
    if (opc == 3) {
        e->nzcv = nz(e, r);
    }
    return r;
}

static uint64_t bitfield(const struct eval *e)
{
    unsigned last = width(e) - 1; /* more is UNDEFINED */
    unsigned opc = field(e, 29, 2), r = field(e, 16, 6) & last, s = field(e, 10, 6) & last;
    uint64_t src = reg(e, 5), dst = opc == 1 ? reg(e, 0) : 0;
    if (s >= r) {
        uint64_t v = extract64(src, r, s - r + 1);
        if (opc == 0) {
            return sized(e, (uint64_t)sextract64(v, 0, s - r + 1));
        }
        return opc == 1 ? deposit64(dst, 0, s - r + 1, v) : v;
    }
    unsigned at = width(e) - r;
    uint64_t v = extract64(src, 0, s + 1);
    if (opc == 0) {
        return sized(e, (uint64_t)sextract64(v, 0, s + 1) << at);
    }
    return sized(e, opc == 1 ? deposit64(dst, at, s + 1, v) : v << at);
}

static uint64_t move_wide(const struct eval *e)
{
    unsigned at = 16 * field(e, 21, 2);
    uint64_t v = (uint64_t)field(e, 5, 16) << at;
    switch (field(e, 29, 2)) {
    case 0: /* MOVN */
        return sized(e, ~v);
    case 2:
        return sized(e, v);
    default: /* MOVK */
        return deposit64(reg(e, 0), at, 16, field(e, 5, 16));
    }
}

static uint64_t pc_relative(const struct eval *e)
{
    uint64_t imm = (uint64_t)((int64_t)sextract32(e->w, 5, 19) * 4 + field(e, 29, 2));
    return is_set(e, 31) ? (e->pc & ~UINT64_C(0xfff)) + (imm << 12) : e->pc + imm;
}

static uint64_t extract_pair(const struct eval *e)
{
    unsigned lsb = field(e, 10, 6) & (width(e) - 1);
    uint64_t hi = reg(e, 5), lo = reg(e, 16);
    return lsb == 0 ? lo : sized(e, lo >> lsb | hi << (width(e) - lsb));
}

static uint64_t immediate(struct eval *e)
{
    unsigned n = field(e, 5, 5);
    switch (field(e, 23, 3)) {
    case 0:
    case 1:
        return pc_relative(e);
    case 2:
        return add_sub(e, sized(e, e->x[n]),
                       (uint64_t)field(e, 10, 12) << (is_set(e, 22) ? 12 : 0));
    case 4:
        return logical(e, reg(e, 5), bit_mask(e, is_set(e, 22), field(e, 10, 6), field(e, 16, 6)));
    case 5:
        return move_wide(e);
    case 6:
        return bitfield(e);
    default:
        return extract_pair(e);
    }
}

/* ---- registers ---- */

static uint64_t one_source(const struct eval *e)
{
    uint64_t v = reg(e, 5);
    unsigned opcode = field(e, 10, 3), spare = 64 - width(e);
    uint64_t r = 0, s;
    switch (opcode) {
    case 0: /* RBIT */
        for (unsigned i = 0; i < width(e); i++) {
            r |= (v >> i & 1) << (width(e) - 1 - i);
        }
        return r;
    case 1: /* REV16 */
        return (v >> 8 & UINT64_C(0x00ff00ff00ff00ff)) | (v & UINT64_C(0x00ff00ff00ff00ff)) << 8;
    case 2: /* REV32, or REV of a W register */
        r = __builtin_bswap64(v);
        return e->sf ? r >> 32 | r << 32 : r >> 32;
    case 3:
        return __builtin_bswap64(v);
    case 4: /* CLZ */
        return v == 0 ? width(e) : (uint64_t)__builtin_clzll(v) - spare;
    default: /* CLS */
        s = (uint64_t)sextract64(v, 0, width(e));
        s ^= (uint64_t)((int64_t)s >> 63);
        return (s == 0 ? 64 : (uint64_t)__builtin_clzll(s)) - spare - 1;
    }
}

static uint64_t divide(const struct eval *e, bool is_signed)
{
    uint64_t a = reg(e, 5), b = reg(e, 16);
    if (b == 0) {
        return 0;
    }
    if (!is_signed) {
        return a / b;
    }
    int64_t sa = sextract64(a, 0, width(e)), sb = sextract64(b, 0, width(e));
    return sb == -1 ? sized(e, -a) : sized(e, (uint64_t)(sa / sb));
}

static uint64_t two_sources(const struct eval *e)
{
    unsigned opcode = field(e, 10, 6);
    if (opcode < 4) {
        return divide(e, opcode == 3);
    }
    return shifted(e, reg(e, 5), opcode & 3, (unsigned)reg(e, 16));
}

static uint64_t three_sources(const struct eval *e)
{
    unsigned op = field(e, 21, 3);
    bool sub = is_set(e, 15), is_signed = op < 4;
    uint64_t n = reg(e, 5), m = reg(e, 16), a = reg(e, 10);
    if ((op & 3) == 2) { /* SMULH, UMULH */
        return is_signed ? (uint64_t)(((__int128)(int64_t)n * (int64_t)m) >> 64)
                         : (uint64_t)(((unsigned __int128)n * m) >> 64);
    }
    if (op != 0) { /* long */
        n = is_signed ? (uint64_t)(int64_t)(int32_t)n : (uint32_t)n;
        m = is_signed ? (uint64_t)(int64_t)(int32_t)m : (uint32_t)m;
    }
    return sized(e, sub ? a - n * m : a + n * m);
}

static uint64_t select(const struct eval *e)
{
    if (holds(e, field(e, 12, 4))) {
        return reg(e, 5);
    }
    uint64_t v = reg(e, 16);
    v = is_set(e, 30) ? ~v : v;
    return sized(e, v + is_set(e, 10));
}

static uint64_t conditional_compare(struct eval *e)
{
    bool sub = is_set(e, 30);
    if (!holds(e, field(e, 12, 4))) {
        e->nzcv = field(e, 0, 4);
        return 0;
    }
    uint64_t b = is_set(e, 11) ? field(e, 16, 5) : reg(e, 16);
    return add_with_carry(e, reg(e, 5), sub ? sized(e, ~b) : b, sub ? 1 : 0, true);
}

static uint64_t registers(struct eval *e)
{
    unsigned kind = field(e, 22, 2), amount = field(e, 10, 6), n = field(e, 5, 5);
    if (!is_set(e, 28)) {
        if (is_set(e, 24) && is_set(e, 21)) {
            return add_sub(e, sized(e, e->x[n]), extended(e));
        }
        uint64_t b = shifted(e, reg(e, 16), kind, amount);
        if (is_set(e, 24)) {
            return add_sub(e, reg(e, 5), b);
        }
        return logical(e, reg(e, 5), is_set(e, 21) ? sized(e, ~b) : b);
    }
    switch (field(e, 21, 4)) {
    case 0: {
        uint64_t b = reg(e, 16);
        return add_with_carry(e, reg(e, 5), is_set(e, 30) ? sized(e, ~b) : b, e->nzcv >> 1 & 1,
                              is_set(e, 29));
    }
    case 2:
        return conditional_compare(e);
    case 4:
        return select(e);
    case 6:
        return is_set(e, 30) ? one_source(e) : two_sources(e);
    default:
        return three_sources(e);
    }
}

void trace_eval(const uint64_t *x, unsigned nzcv, uint64_t pc, uint32_t word, uint64_t out[2])
{
    struct eval e = {.x = x, .pc = pc, .w = word, .nzcv = nzcv, .sf = word >> 31};
    out[0] = extract32(word, 26, 3) == 4 ? immediate(&e) : registers(&e);
    out[1] = e.nzcv;
}

/* ---- plans ---- */

static void plan_operation(const struct eval *e, struct trace_plan *p, bool arithmetic)
{
    static const uint8_t logical_ops[4] = {TRACE_OP_AND, TRACE_OP_ORR, TRACE_OP_EOR, TRACE_OP_ANDS};
    if (arithmetic) {
        p->op = is_set(e, 29) ? TRACE_OP_ADDS : TRACE_OP_ADD;
        p->carry = is_set(e, 30);
        p->inverse = p->carry ? UINT64_MAX : 0;
    } else {
        p->op = logical_ops[field(e, 29, 2)];
    }
}

/* The number of a register where 31 is zero. */
static uint8_t zr(const struct eval *e, unsigned lo)
{
    unsigned n = field(e, lo, 5);
    return (uint8_t)(n == 31 ? A64_ZR : n);
}

/* But for those that keep a part of the old value or put a signed field higher up. */
static void plan_bitfield(const struct eval *e, struct trace_plan *p)
{
    unsigned opc = field(e, 29, 2), last = width(e) - 1;
    unsigned r = field(e, 16, 6) & last, s = field(e, 10, 6) & last;
    if (opc == 0 && s >= r) {
        p->op = TRACE_OP_SIGNED;
        p->a = zr(e, 5);
        p->shift = (uint8_t)(63 - s);
        p->right = (uint8_t)(63 - s + r);
    } else if (opc == 2) {
        p->op = TRACE_OP_ORR;
        p->a = A64_ZR;
        p->m = zr(e, 5);
        p->right = (uint8_t)(s >= r ? r : 0);
        p->shift = (uint8_t)(s >= r ? 0 : width(e) - r);
        p->mask = mask64(0, s >= r ? s - r + 1 : s + 1);
    }
}

static void plan_constant(struct trace_plan *p, uint64_t v)
{
    p->op = TRACE_OP_ORR;
    p->a = A64_ZR;
    p->imm = v;
}

static void plan_immediate(const struct eval *e, struct trace_plan *p)
{
    switch (field(e, 23, 3)) {
    case 0:
    case 1:
        p->sf = true; /* in ADR that bit is another */
        plan_constant(p, pc_relative(e));
        break;
    case 2:
        plan_operation(e, p, true);
        p->a = (uint8_t)field(e, 5, 5);
        p->imm = (uint64_t)field(e, 10, 12) << (is_set(e, 22) ? 12 : 0);
        break;
    case 4:
        plan_operation(e, p, false);
        p->a = zr(e, 5);
        p->imm = bit_mask(e, is_set(e, 22), field(e, 10, 6), field(e, 16, 6));
        break;
    case 5:
        if (field(e, 29, 2) != 3) {
            plan_constant(p, move_wide(e));
        }
        break;
    case 6:
        plan_bitfield(e, p);
        break;
    default:
        break;
    }
}

/* A second register, shifted (not by ASR or ROR) or extended (from an unsigned one). */
static void plan_operands(const struct eval *e, struct trace_plan *p)
{
    bool arithmetic = is_set(e, 24), extends = arithmetic && is_set(e, 21);
    unsigned kind = field(e, 22, 2), option = field(e, 13, 3), amount = field(e, 10, 6);
    amount &= width(e) - 1;
    if (extends ? option & 4 : kind > 1) {
        return;
    }
    plan_operation(e, p, arithmetic);
    p->a = extends ? (uint8_t)field(e, 5, 5) : zr(e, 5);
    p->m = zr(e, 16);
    if (extends) {
        p->shift = (uint8_t)field(e, 10, 3);
        p->mask = mask64(0, 8U << option);
    } else {
        p->shift = (uint8_t)(kind == 0 ? amount : 0);
        p->right = (uint8_t)(kind == 1 ? amount : 0);
        p->mask = mask64(0, width(e) - p->right);
    }
    if (!arithmetic && is_set(e, 21)) {
        p->inverse = UINT64_MAX;
    }
}

/* CSINC adds 1, CSINV inverts, CSNEG inverts what is less by 1. */
static void plan_select(const struct eval *e, struct trace_plan *p)
{
    p->op = TRACE_OP_SELECT;
    p->a = zr(e, 5);
    p->m = zr(e, 16);
    p->inverse = is_set(e, 30) ? UINT64_MAX : 0;
    p->imm = is_set(e, 10) ? p->inverse | 1 : 0;
    for (unsigned nzcv = 0; nzcv < 16; nzcv++) {
        struct eval flags = {.nzcv = nzcv};
        p->when |= (uint16_t)(holds(&flags, field(e, 12, 4)) << nzcv);
    }
}

static void plan_registers(const struct eval *e, struct trace_plan *p)
{
    if (!is_set(e, 28)) {
        plan_operands(e, p);
    } else if (field(e, 21, 4) == 4) {
        plan_select(e, p);
    } else if (field(e, 21, 4) == 8) {
        p->op = is_set(e, 15) ? TRACE_OP_MSUB : TRACE_OP_MADD;
        p->a = zr(e, 5);
        p->m = zr(e, 16);
        p->c = zr(e, 10);
    }
}

struct trace_plan trace_plan_of(uint32_t word, uint64_t pc)
{
    static const uint64_t none[A64_ZR + 1];
    struct eval e = {.x = none, .pc = pc, .w = word, .sf = word >> 31};
    struct trace_plan p = {.op = TRACE_OP_ANY, .m = A64_ZR, .mask = UINT64_MAX, .sf = e.sf};
    if (extract32(word, 26, 3) == 4) {
        plan_immediate(&e, &p);
    } else {
        plan_registers(&e, &p);
    }
    return p;
}
