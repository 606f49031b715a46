/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scalar floating point: arithmetic, comparison, selection, rounding, moves between FP registers.
 *
 * Arm DDI 0487, C4.1 "Data Processing -- Scalar Floating-Point". Single and double arithmetic has
 * handlers that use the host's FPU under the conditions of cpu/fp/fp_fast.h; what they cannot do
 * goes to their slow twin. Conversions are in fp_cvt.c, host fused multiply-add in
 * fp_fma_x86.c.
 */
#define SHARED_HANDLERS
#include "a64_gen.h"
#include "cpu/isa/flags.h"
#include "cpu/isa/fp_ops.h"
#include "cpu/isa/fp_scalar.c.inc"

/* ---- add, subtract, multiply, divide: what is not the usual case ---- */

#define FP_SLOW_BINARY(name, fn, sz)                                                               \
    SLOW_HANDLER(slow_##name)                                                                      \
    {                                                                                              \
        uint64_t a = lane_get(&c->v[o->b], sz, 0), b = lane_get(&c->v[o->c], sz, 0);               \
        fp_write_scalar(c, o->a, o->b, sz, fn(&c->fp, sz, a, b));                                  \
        NEXT(1);                                                                                   \
    }

#define FP_SLOW_BINARIES(name, fn)                                                                 \
    FP_SLOW_BINARY(name##_d, fn, FP_D)                                                             \
    FP_SLOW_BINARY(name##_s, fn, FP_S)

FP_SLOW_BINARIES(fadd, fp_add)
FP_SLOW_BINARIES(fsub, fp_sub)
FP_SLOW_BINARIES(fmul, fp_mul)
FP_SLOW_BINARIES(fnmul, fp_nmul)
FP_SLOW_BINARIES(fdiv, fp_div)
FP_SLOW_BINARIES(fmax, fp_max)
FP_SLOW_BINARIES(fmin, fp_min)
FP_SLOW_BINARIES(fmaxnm, fp_maxnum)
FP_SLOW_BINARIES(fminnm, fp_minnum)

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

#define FP_SLOW_UNARY(name, fn)                                                                    \
    SLOW_HANDLER(slow_##name##_d)                                                                  \
    {                                                                                              \
        fp_write_scalar(c, o->a, o->a, FP_D, fn(&c->fp, FP_D, c->v[o->b].d[0]));                   \
        NEXT(1);                                                                                   \
    }                                                                                              \
    SLOW_HANDLER(slow_##name##_s)                                                                  \
    {                                                                                              \
        fp_write_scalar(c, o->a, o->a, FP_S, fn(&c->fp, FP_S, c->v[o->b].d[0]));                   \
        NEXT(1);                                                                                   \
    }
FP_SLOW_UNARY(fabs, fp_abs)
FP_SLOW_UNARY(fneg, fp_neg)
FP_SLOW_UNARY(fsqrt, fp_sqrt)

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
