/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scalar floating point: arithmetic, comparison, selection, rounding, moves between FP registers.
 *
 * Arm DDI 0487, C4.1 "Data Processing -- Scalar Floating-Point". Single and double arithmetic has
 * handlers that use the host's FPU under the conditions of cpu/fp/fp_fast.h; what they cannot do
 * goes to their slow twin. Conversions are in fp_cvt.c, host fused multiply-add in
 * fp_fma_x86.c.
 */
#include "a64_gen.h"
#include "cpu/isa/flags.h"
#include "cpu/isa/fp_ops.h"

/* Low bits of a register as host numbers. */
#define D_OF(r) fp_double(c->v[r].d[0])
#define S_OF(r) fp_single((uint32_t)c->v[r].d[0])

static inline void write_low(struct cpu *c, unsigned rd, uint64_t v)
{
    c->v[rd].d[0] = v;
    c->v[rd].d[1] = 0;
}

/* ---- add, subtract, multiply, divide ---- */

#define FP_SLOW_BINARY(name, fn, sz)                                                               \
    SLOW_HANDLER(slow_##name)                                                                      \
    {                                                                                              \
        uint64_t a = lane_get(&c->v[o->b], sz, 0), b = lane_get(&c->v[o->c], sz, 0);               \
        fp_write_scalar(c, o->a, o->b, sz, fn(&c->fp, sz, a, b));                                  \
        NEXT(1);                                                                                   \
    }

#define FP_HOT_BINARY(name, fn, op, accept, flip)                                                  \
    FP_SLOW_BINARY(name##_d, fn, FP_D)                                                             \
    FP_SLOW_BINARY(name##_s, fn, FP_S)                                                             \
    HANDLER(name##_d)                                                                              \
    {                                                                                              \
        if (LIKELY(fp_fast(&c->fp))) {                                                             \
            uint64_t r = fp_double_bits(D_OF(o->b) op D_OF(o->c));                                 \
            if (LIKELY(fp64_##accept(r))) {                                                        \
                write_low(c, o->a, r ^ (flip ? BIT(63) : 0));                                      \
                NEXT(1);                                                                           \
            }                                                                                      \
        }                                                                                          \
        EXIT_TO(op_slow_##name##_d(c, o, budget));                                                 \
    }                                                                                              \
    HANDLER(name##_s)                                                                              \
    {                                                                                              \
        if (LIKELY(fp_fast(&c->fp))) {                                                             \
            uint32_t r = fp_single_bits(S_OF(o->b) op S_OF(o->c));                                 \
            if (LIKELY(fp32_##accept(r))) {                                                        \
                write_low(c, o->a, r ^ (flip ? BIT(31) : 0));                                      \
                NEXT(1);                                                                           \
            }                                                                                      \
        }                                                                                          \
        EXIT_TO(op_slow_##name##_s(c, o, budget));                                                 \
    }

FP_HOT_BINARY(fadd, fp_add, +, finite, false)
FP_HOT_BINARY(fsub, fp_sub, -, finite, false)
FP_HOT_BINARY(fmul, fp_mul, *, safe, false)
FP_HOT_BINARY(fnmul, fp_nmul, *, safe, true)
FP_HOT_BINARY(fdiv, fp_div, /, safe, false)

/*
 * Minimum and maximum of numbers raise nothing and round nothing, so a plain FPCR is enough. Equal
 * operands are the same bits or zeros: the sign of a zero is the and, or the or, of the signs.
 */
#define FP_HOT_EXTREMUM(name, fn, op, combine)                                                     \
    FP_SLOW_BINARY(name##_d, fn, FP_D)                                                             \
    FP_SLOW_BINARY(name##_s, fn, FP_S)                                                             \
    HANDLER(name##_d)                                                                              \
    {                                                                                              \
        uint64_t a = c->v[o->b].d[0], b = c->v[o->c].d[0];                                         \
        double x = fp_double(a), y = fp_double(b);                                                 \
        if (LIKELY(fp_plain(&c->fp) && !__builtin_isunordered(x, y))) {                            \
            write_low(c, o->a, x == y ? a combine b : x op y ? a : b);                             \
            NEXT(1);                                                                               \
        }                                                                                          \
        EXIT_TO(op_slow_##name##_d(c, o, budget));                                                 \
    }                                                                                              \
    HANDLER(name##_s)                                                                              \
    {                                                                                              \
        uint32_t a = (uint32_t)c->v[o->b].d[0], b = (uint32_t)c->v[o->c].d[0];                     \
        float x = fp_single(a), y = fp_single(b);                                                  \
        if (LIKELY(fp_plain(&c->fp) && !__builtin_isunordered(x, y))) {                            \
            write_low(c, o->a, x == y ? a combine b : x op y ? a : b);                             \
            NEXT(1);                                                                               \
        }                                                                                          \
        EXIT_TO(op_slow_##name##_s(c, o, budget));                                                 \
    }

FP_HOT_EXTREMUM(fmax, fp_max, >, &)
FP_HOT_EXTREMUM(fmin, fp_min, <, |)
FP_HOT_EXTREMUM(fmaxnm, fp_maxnum, >, &)
FP_HOT_EXTREMUM(fminnm, fp_minnum, <, |)

struct binary_row {
    op_fn *hot[2]; /* single, double */
    fp_binary_fn *fn;
};

static bool emit_binary(struct emit *e, const struct binary_row *row)
{
    enum fp_size sz;

    if (!fp_ftype(e, &sz)) {
        return false;
    }
    if (sz == FP_H) {
        fp_emit_binary(e, row->fn,
                       (struct fp_form){.sz = sz, .lanes = 1, .merge = true, .other = insn_rn(e)});
        return true;
    }
    struct op *o = emit_op(e, row->hot[sz == FP_D]);
    o->a = (uint8_t)insn_rd(e);
    o->b = (uint8_t)insn_rn(e);
    o->c = (uint8_t)insn_rm(e);
    return true;
}

#define HOT_ROW(name, fn) {{op_##name##_s, op_##name##_d}, fn}

bool emit_float_arithmetic_add_sub(struct emit *e)
{
    static const struct binary_row rows[] = {HOT_ROW(fadd, fp_add), HOT_ROW(fsub, fp_sub)};
    return emit_binary(e, &rows[insn_bit(e, 12)]);
}

bool emit_float_arithmetic_mul_product(struct emit *e)
{
    static const struct binary_row rows[] = {HOT_ROW(fmul, fp_mul), HOT_ROW(fnmul, fp_nmul)};
    return emit_binary(e, &rows[insn_bit(e, 15)]);
}

bool emit_float_arithmetic_div(struct emit *e)
{
    static const struct binary_row row = HOT_ROW(fdiv, fp_div);
    return emit_binary(e, &row);
}

bool emit_float_arithmetic_max_min(struct emit *e)
{
    static const struct binary_row rows[] = {HOT_ROW(fmax, fp_max), HOT_ROW(fmin, fp_min),
                                             HOT_ROW(fmaxnm, fp_maxnum),
                                             HOT_ROW(fminnm, fp_minnum)};
    return emit_binary(e, &rows[insn_bits(e, 12, 2)]);
}

bool emit_float_arithmetic_mul_add_sub(struct emit *e)
{
    bool o1 = insn_bit(e, 21), o0 = insn_bit(e, 15);
    unsigned negate = (o1 != o0 ? FP_NEGATE_PRODUCT : 0U) | (o1 ? (unsigned)FP_NEGATE_ADDEND : 0U);
    enum fp_size sz;

    if (!fp_ftype(e, &sz)) {
        return false;
    }
    op_fn *hot = fp_fma_scalar(sz, negate);
    fp_emit(e, hot != NULL ? hot : op_fp_muladd, 0,
            (struct fp_form){
                .sz = sz, .lanes = 1, .param = negate, .merge = true, .other = insn_ra(e)});
    return true;
}

/* ---- one operand ---- */

HANDLER(fmov_h)
{
    write_low(c, o->a, (uint16_t)c->v[o->b].d[0]);
    NEXT(1);
}
HANDLER(fmov_s)
{
    write_low(c, o->a, (uint32_t)c->v[o->b].d[0]);
    NEXT(1);
}
HANDLER(fmov_d)
{
    write_low(c, o->a, c->v[o->b].d[0]);
    NEXT(1);
}

#define FP_HOT_SIGN(name, fn, expr_d, expr_s)                                                      \
    SLOW_HANDLER(slow_##name##_d)                                                                  \
    {                                                                                              \
        fp_write_scalar(c, o->a, o->a, FP_D, fn(&c->fp, FP_D, c->v[o->b].d[0]));                   \
        NEXT(1);                                                                                   \
    }                                                                                              \
    SLOW_HANDLER(slow_##name##_s)                                                                  \
    {                                                                                              \
        fp_write_scalar(c, o->a, o->a, FP_S, fn(&c->fp, FP_S, c->v[o->b].d[0]));                   \
        NEXT(1);                                                                                   \
    }                                                                                              \
    HANDLER(name##_d)                                                                              \
    {                                                                                              \
        uint64_t v = c->v[o->b].d[0];                                                              \
        if (UNLIKELY(c->fp.fpcr & (FPCR_AH | FPCR_NEP))) {                                         \
            EXIT_TO(op_slow_##name##_d(c, o, budget));                                             \
        }                                                                                          \
        write_low(c, o->a, expr_d);                                                                \
        NEXT(1);                                                                                   \
    }                                                                                              \
    HANDLER(name##_s)                                                                              \
    {                                                                                              \
        uint32_t v = (uint32_t)c->v[o->b].d[0];                                                    \
        if (UNLIKELY(c->fp.fpcr & (FPCR_AH | FPCR_NEP))) {                                         \
            EXIT_TO(op_slow_##name##_s(c, o, budget));                                             \
        }                                                                                          \
        write_low(c, o->a, expr_s);                                                                \
        NEXT(1);                                                                                   \
    }

FP_HOT_SIGN(fabs, fp_abs, v & ~BIT(63), v & ~BIT(31))
FP_HOT_SIGN(fneg, fp_neg, v ^ BIT(63), v ^ BIT(31))

HANDLER(fsqrt_d)
{
    fp_write_scalar(c, o->a, o->a, FP_D, fp_sqrt(&c->fp, FP_D, c->v[o->b].d[0]));
    NEXT(1);
}
HANDLER(fsqrt_s)
{
    fp_write_scalar(c, o->a, o->a, FP_S, fp_sqrt(&c->fp, FP_S, c->v[o->b].d[0]));
    NEXT(1);
}

static struct fp_form scalar_form(const struct emit *e, enum fp_size sz, unsigned param)
{
    return (struct fp_form){
        .sz = sz, .lanes = 1, .param = param, .merge = true, .other = insn_rd(e)};
}

bool emit_float_arithmetic_unary(struct emit *e)
{
    /* FMOV, FABS, FNEG, FSQRT. */
    static op_fn *const hot[4][2] = {{op_fmov_s, op_fmov_d},
                                     {op_fabs_s, op_fabs_d},
                                     {op_fneg_s, op_fneg_d},
                                     {op_fsqrt_s, op_fsqrt_d}};
    static fp_lane_fn *const half[4] = {NULL, fp_lane_abs, fp_lane_neg, fp_lane_sqrt};
    unsigned opc = insn_bits(e, 15, 2);
    enum fp_size sz;

    if (!fp_ftype(e, &sz)) {
        return false;
    }
    if (sz == FP_H && opc != 0) {
        fp_emit_unary(e, half[opc], scalar_form(e, sz, 0));
        return true;
    }
    struct op *o = emit_op(e, sz == FP_H ? op_fmov_h : hot[opc][sz == FP_D]);
    o->a = (uint8_t)insn_rd(e);
    o->b = (uint8_t)insn_rn(e);
    return true;
}

bool emit_float_arithmetic_round_frint(struct emit *e)
{
    /* FRINTN, P, M, Z, A, -, X, I. */
    static const uint8_t params[8] = {
        FP_TIEEVEN,
        FP_POSINF,
        FP_NEGINF,
        FP_TOZERO,
        FP_TIEAWAY,
        0,
        FP_ROUND_FPCR | FP_ROUND_EXACT,
        FP_ROUND_FPCR,
    };
    enum fp_size sz;

    if (!fp_ftype(e, &sz)) {
        return false;
    }
    fp_emit_unary(e, fp_lane_round, scalar_form(e, sz, params[insn_bits(e, 15, 3)]));
    return true;
}

bool emit_float_arithmetic_round_frint_32_64(struct emit *e)
{
    /* Z, X of 32 bits, then of 64. */
    unsigned op = insn_bits(e, 15, 2);
    enum fp_size sz = insn_bit(e, 22) ? FP_D : FP_S;

    fp_emit_unary(e, op & 2 ? fp_lane_round64 : fp_lane_round32,
                  scalar_form(e, sz, op & 1 ? (unsigned)FP_ROUND_FPCR : (unsigned)FP_TOZERO));
    return true;
}

/* ---- comparison and selection ---- */

static inline void set_flags_ordered(struct cpu *c, bool less, bool equal)
{
    c->nf = (uint64_t)less << 63;
    c->zf = !equal;
    c->cf = !less;
    c->vf = 0;
}

/* op.imm of comparisons. */
enum { COMPARE_SIZE = 3, COMPARE_SIGNAL = 4, COMPARE_ZERO = 8, COMPARE_NZCV_SHIFT = 4 };

static void compare(struct cpu *c, const struct op *o)
{
    enum fp_size sz = (enum fp_size)(o->imm & COMPARE_SIZE);
    uint64_t b = o->imm & COMPARE_ZERO ? 0 : lane_get(&c->v[o->c], sz, 0);
    unsigned nzcv =
        fp_compare(&c->fp, sz, lane_get(&c->v[o->b], sz, 0), b, o->imm & COMPARE_SIGNAL);
    cpu_set_nzcv(c, nzcv << 28);
}

SLOW_HANDLER(fcmp)
{
    compare(c, o);
    NEXT(1);
}

HANDLER(fccmp)
{
    if (cond_holds(c, o->d)) {
        compare(c, o);
    } else {
        cpu_set_nzcv(c, o->imm >> COMPARE_NZCV_SHIFT << 28);
    }
    NEXT(1);
}

/* Numbers under a plain FPCR: no flags, whatever their values. FCMP and FCMPE differ for NaNs. */
#define FP_HOT_COMPARE(name, second_d, second_s)                                                   \
    HANDLER(name##_d)                                                                              \
    {                                                                                              \
        double a = D_OF(o->b), b = second_d;                                                       \
        if (LIKELY(fp_plain(&c->fp) && !__builtin_isunordered(a, b))) {                            \
            set_flags_ordered(c, a < b, a == b);                                                   \
            NEXT(1);                                                                               \
        }                                                                                          \
        EXIT_TO(op_fcmp(c, o, budget));                                                            \
    }                                                                                              \
    HANDLER(name##_s)                                                                              \
    {                                                                                              \
        float a = S_OF(o->b), b = second_s;                                                        \
        if (LIKELY(fp_plain(&c->fp) && !__builtin_isunordered(a, b))) {                            \
            set_flags_ordered(c, a < b, a == b);                                                   \
            NEXT(1);                                                                               \
        }                                                                                          \
        EXIT_TO(op_fcmp(c, o, budget));                                                            \
    }

FP_HOT_COMPARE(fcmp, D_OF(o->c), S_OF(o->c))
FP_HOT_COMPARE(fcmp_zero, 0.0, 0.0F)

bool emit_float_compare_uncond(struct emit *e)
{
    static op_fn *const hot[2][2] = {{op_fcmp_s, op_fcmp_d}, {op_fcmp_zero_s, op_fcmp_zero_d}};
    bool zero = insn_bit(e, 3);
    enum fp_size sz;

    if (!fp_ftype(e, &sz)) {
        return false;
    }
    struct op *o = emit_op(e, sz == FP_H ? op_fcmp : hot[zero][sz == FP_D]);
    o->b = (uint8_t)insn_rn(e);
    o->c = (uint8_t)insn_rm(e);
    o->imm = (uint32_t)sz | (insn_bit(e, 4) ? COMPARE_SIGNAL : 0) | (zero ? COMPARE_ZERO : 0);
    return true;
}

bool emit_float_compare_cond(struct emit *e)
{
    enum fp_size sz;

    if (!fp_ftype(e, &sz)) {
        return false;
    }
    struct op *o = emit_op(e, op_fccmp);
    o->b = (uint8_t)insn_rn(e);
    o->c = (uint8_t)insn_rm(e);
    o->d = (uint8_t)insn_bits(e, 12, 4);
    o->imm = (uint32_t)sz | (insn_bit(e, 4) ? COMPARE_SIGNAL : 0) |
             insn_bits(e, 0, 4) << COMPARE_NZCV_SHIFT;
    return true;
}

/* imm: the bits of the format. */
#define FCSEL(cond)                                                                                \
    HANDLER(fcsel_##cond)                                                                          \
    {                                                                                              \
        uint64_t v = COND_##cond(c) ? c->v[o->b].d[0] : c->v[o->c].d[0];                           \
        write_low(c, o->a, v &(UINT64_MAX >> o->d));                                               \
        NEXT(1);                                                                                   \
    }
FOR_EACH_COND(FCSEL)

bool emit_float_move_fp_select(struct emit *e)
{
    static op_fn *const by_cond[16] = COND_TABLE(op_fcsel);
    enum fp_size sz;

    if (!fp_ftype(e, &sz)) {
        return false;
    }
    struct op *o = emit_op(e, by_cond[insn_bits(e, 12, 4)]);
    o->a = (uint8_t)insn_rd(e);
    o->b = (uint8_t)insn_rn(e);
    o->c = (uint8_t)insn_rm(e);
    o->d = (uint8_t)(64 - fp_lane_bits(sz));
    return true;
}

HANDLER(fmov_imm)
{
    write_low(c, o->a, (uint64_t)o->imm << o->d);
    NEXT(1);
}

bool emit_float_move_fp_imm(struct emit *e)
{
    enum fp_size sz;

    if (!fp_ftype(e, &sz)) {
        return false;
    }
    uint64_t v = fp_expand_imm(sz, insn_bits(e, 13, 8));
    struct op *o = emit_op(e, op_fmov_imm);
    o->a = (uint8_t)insn_rd(e);
    o->d = sz == FP_D ? 48 : 0; /* a double has its bits in the top 16 */
    o->imm = (uint32_t)(v >> o->d);
    return true;
}
