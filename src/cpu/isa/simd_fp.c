/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advanced SIMD floating point, vector and scalar: three registers, by element, two registers,
 * pairwise and across lanes. Widening, complex and BFloat16 forms are in simd_fp_widen.c.
 *
 * Arm DDI 0487, C4.1 "Data Processing -- Scalar Floating-Point and Advanced SIMD". Half, single and
 * double encodings of an instruction agree in U, bit 23 and the low opcode bits, so one table by
 * these serves all of them. Frequent instructions on single and double vectors have host handlers
 * (simd_fp_host.c, fp_fma_x86.c).
 */
#include "a64_gen.h"
#include "cpu/isa/fp_ops.h"
#include "cpu/isa/simd_fp_host.h"

enum lanes { VECTOR, SCALAR };
/* Where an encoding has its element size: half by its class, otherwise in bit 22. */
enum half { NOT_HALF, HALF };

/* The form of an encoding. False: the reserved size:Q combination of one double. */
static bool simd_form(const struct emit *e, enum lanes shape, enum half half, struct fp_form *f)
{
    enum fp_size sz = half == HALF ? FP_H : insn_bit(e, 22) ? FP_D : FP_S;
    unsigned bits = shape == SCALAR ? fp_lane_bits(sz) : insn_q(e) ? 128 : 64;

    *f = (struct fp_form){
        .sz = sz, .lanes = bits / fp_lane_bits(sz), .merge = shape == SCALAR, .other = insn_rd(e)};
    return shape == SCALAR || f->lanes > 1;
}

/* The shape of a form for host handlers; -1: there are none. */
static int host_shape(struct fp_form f)
{
    if (f.lanes == 1 || f.sz == FP_H) {
        return -1;
    }
    return f.sz == FP_D ? SIMD_2D : f.lanes == 4 ? SIMD_4S : SIMD_2S;
}

/* A host handler of an operation in this form, or else the generic one. */
static op_fn *host_or(enum simd_fp_host_op host, struct fp_form f, op_fn *generic)
{
    int shape = host_shape(f);
    op_fn *fn = shape < 0 ? NULL : simd_fp_host(host, (enum simd_shape)shape);
    return fn != NULL ? fn : generic;
}

/* ---- three registers ---- */

enum three_kind { K_NONE, K_BINARY, K_COMPARE, K_PAIRWISE, K_MULADD };

struct three_row {
    uint8_t kind;
    uint8_t host; /* enum simd_fp_host_op */
    fp_binary_fn *fn;
};

/* By U, bit 23 and opcode<2:0>. */
static const struct three_row three_rows[4][8] = {
    /* clang-format off */
    {
        {K_BINARY, SIMD_FMAXNM, fp_maxnum}, {K_MULADD}, {K_BINARY, SIMD_FADD, fp_add},
        {K_BINARY, 0, fp_mulx}, {K_COMPARE, SIMD_FCMEQ, fp_lane_cmeq}, {K_NONE},
        {K_BINARY, SIMD_FMAX, fp_max}, {K_BINARY, 0, fp_recip_step},
    },
    {
        {K_BINARY, SIMD_FMINNM, fp_minnum}, {K_MULADD}, {K_BINARY, SIMD_FSUB, fp_sub}, {K_NONE},
        {K_NONE}, {K_NONE}, {K_BINARY, SIMD_FMIN, fp_min}, {K_BINARY, 0, fp_rsqrt_step},
    },
    {
        {K_PAIRWISE, 0, fp_maxnum}, {K_NONE}, {K_PAIRWISE, SIMD_FADDP, fp_add},
        {K_BINARY, SIMD_FMUL, fp_mul}, {K_COMPARE, SIMD_FCMGE, fp_lane_cmge},
        {K_COMPARE, SIMD_FACGE, fp_lane_acge}, {K_PAIRWISE, 0, fp_max},
        {K_BINARY, SIMD_FDIV, fp_div},
    },
    {
        {K_PAIRWISE, 0, fp_minnum}, {K_NONE}, {K_BINARY, 0, fp_abd}, {K_NONE},
        {K_COMPARE, SIMD_FCMGT, fp_lane_cmgt}, {K_COMPARE, SIMD_FACGT, fp_lane_acgt},
        {K_PAIRWISE, 0, fp_min}, {K_NONE},
    },
    /* clang-format on */
};

static void emit_vector_muladd(struct emit *e, struct fp_form f, bool subtract, int element)
{
    int shape = host_shape(f);
    op_fn *host = shape < 0 ? NULL : fp_fma_vector((enum simd_shape)shape, subtract, element >= 0);

    f.param = subtract ? FP_NEGATE_PRODUCT : 0;
    struct op *o = fp_emit(e, host != NULL ? host : op_fp_muladd, 0, f);
    o->d = element >= 0 ? (uint8_t)element : FP_EACH_LANE;
}

static bool emit_three(struct emit *e, enum lanes shape, enum half half)
{
    unsigned u_a = (unsigned)insn_u(e) << 1 | insn_bit(e, 23);
    const struct three_row *row = &three_rows[u_a][insn_bits(e, 11, 3)];
    struct fp_form f;

    if (row->kind == K_NONE || !simd_form(e, shape, half, &f)) {
        return false;
    }
    if (row->kind == K_MULADD) {
        emit_vector_muladd(e, f, insn_bit(e, 23), -1);
        return true;
    }
    op_fn *generic = row->kind == K_PAIRWISE ? op_fp_pairwise : op_fp_binary;
    /* FPCR.NEP: the upper elements come from Rn, in comparisons from Rm. */
    f.other = row->kind == K_COMPARE ? insn_rm(e) : insn_rn(e);
    fp_emit(e, host_or((enum simd_fp_host_op)row->host, f, generic), (uintptr_t)row->fn, f);
    return true;
}

/* ---- by element ---- */

/* The index and the register, as the element size places them. */
static unsigned element_index(const struct emit *e, enum fp_size sz)
{
    unsigned h = insn_bit(e, 11), l = insn_bit(e, 21), m = insn_bit(e, 20);
    return sz == FP_H ? h << 2 | l << 1 | m : sz == FP_S ? h << 1 | l : h;
}

static void set_element(const struct emit *e, struct op *o, enum fp_size sz)
{
    o->c = (uint8_t)(sz == FP_H ? insn_bits(e, 16, 4) : insn_rm(e));
    o->d = (uint8_t)element_index(e, sz);
}

static bool element_form(const struct emit *e, enum lanes shape, enum half half, struct fp_form *f)
{
    return simd_form(e, shape, half, f) && !(f->sz == FP_D && insn_bit(e, 21));
}

static bool emit_mul_element(struct emit *e, enum lanes shape, enum half half)
{
    bool extended = insn_u(e);
    struct fp_form f;

    if (!element_form(e, shape, half, &f)) {
        return false;
    }
    op_fn *op = extended ? op_fp_binary : host_or(SIMD_FMUL_ELT, f, op_fp_binary);
    f.other = insn_rn(e);
    struct op *o = fp_emit(e, op, (uintptr_t)(extended ? fp_mulx : fp_mul), f);
    set_element(e, o, f.sz);
    return true;
}

static bool emit_muladd_element(struct emit *e, enum lanes shape, enum half half)
{
    struct fp_form f;

    if (!element_form(e, shape, half, &f)) {
        return false;
    }
    struct op *o = e->p;
    emit_vector_muladd(e, f, insn_bit(e, 14), (int)element_index(e, f.sz));
    set_element(e, o, f.sz);
    return true;
}

/* ---- two registers ---- */

struct two_row {
    fp_lane_fn *fn;
    uint8_t param;
    uint8_t host;  /* enum simd_fp_host_op */
    bool no_merge; /* FPCR.NEP has no effect */
};

#define ROUND(mode)     {fp_lane_round, mode}
#define FIX(mode, u)    {fp_lane_to_fixed, (mode) | (u) << 3}
#define CMP(name, host) {fp_lane_##name, 0, host, true}
#define NO              {0}

/* By opcode - 12, U, bit 23. */
static const struct two_row two_rows[20][4] = {
    /* clang-format off */
    [0] = {NO, CMP(cmgt0, SIMD_FCMGT0), NO, CMP(cmge0, SIMD_FCMGE0)},
    [1] = {NO, CMP(cmeq0, SIMD_FCMEQ0), NO, CMP(cmle0, SIMD_FCMLE0)},
    [2] = {NO, CMP(cmlt0, SIMD_FCMLT0), NO, NO},
    [3] = {NO, {fp_lane_abs, 0, SIMD_FABS}, NO, {fp_lane_neg, 0, SIMD_FNEG}},
    [12] = {ROUND(FP_TIEEVEN), ROUND(FP_POSINF), ROUND(FP_TIEAWAY), NO},
    [13] = {ROUND(FP_NEGINF), ROUND(FP_TOZERO), ROUND(FP_ROUND_FPCR | FP_ROUND_EXACT),
            ROUND(FP_ROUND_FPCR)},
    [14] = {FIX(FP_TIEEVEN, 0), FIX(FP_POSINF, 0), FIX(FP_TIEEVEN, 1), FIX(FP_POSINF, 1)},
    [15] = {FIX(FP_NEGINF, 0), {fp_lane_to_fixed, FP_TOZERO, SIMD_FCVTZS}, FIX(FP_NEGINF, 1),
            FIX(FP_TOZERO, 1)},
    [16] = {FIX(FP_TIEAWAY, 0), NO, FIX(FP_TIEAWAY, 1), NO},
    [17] = {{fp_lane_from_fixed, FP_ROUND_FPCR, SIMD_SCVTF}, {fp_lane_recpe},
            {fp_lane_from_fixed, FP_ROUND_FPCR | 1 << 3}, {fp_lane_rsqrte}},
    [18] = {{fp_lane_round32, FP_TOZERO}, NO, {fp_lane_round32, FP_ROUND_FPCR}, NO},
    [19] = {{fp_lane_round64, FP_TOZERO}, {fp_lane_recpx}, {fp_lane_round64, FP_ROUND_FPCR},
            {fp_lane_sqrt}},
    /* clang-format on */
};

static bool emit_two(struct emit *e, enum lanes shape, enum half half)
{
    unsigned u_a = (unsigned)insn_u(e) << 1 | insn_bit(e, 23);
    const struct two_row *row = &two_rows[insn_bits(e, 12, 5) - 12][u_a];
    struct fp_form f;

    if (!simd_form(e, shape, half, &f)) {
        return false;
    }
    f.merge &= !row->no_merge;
    f.param = row->param;
    if (row->fn == fp_lane_recpe || row->fn == fp_lane_rsqrte) {
        f.param = emit_has(e, FEAT_RPRES);
    }
    op_fn *op = host_or((enum simd_fp_host_op)row->host, f, op_fp_unary);
    fp_emit(e, op, (uintptr_t)row->fn, f);
    return true;
}

static uint64_t lane_urecpe(struct fp_env *env, enum fp_size sz, uint64_t a, unsigned param)
{
    return fp_unsigned_recip_estimate((uint32_t)a);
}

static uint64_t lane_ursqrte(struct fp_env *env, enum fp_size sz, uint64_t a, unsigned param)
{
    return fp_unsigned_rsqrt_estimate((uint32_t)a);
}

static bool emit_estimate_int(struct emit *e, fp_lane_fn *fn)
{
    if (insn_bit(e, 22)) {
        return false;
    }
    fp_emit_unary(e, fn, (struct fp_form){.sz = FP_S, .lanes = insn_q(e) ? 4 : 2});
    return true;
}

/* ---- fixed point: the highest bit of immh gives the element size ---- */

static bool emit_fixed(struct emit *e, enum lanes shape, bool to_fixed)
{
    unsigned immh = insn_bits(e, 19, 4), immhb = insn_bits(e, 16, 7);
    enum fp_size sz = immh & 8 ? FP_D : immh & 4 ? FP_S : FP_H;
    unsigned bits = fp_lane_bits(sz);

    if (immh < 2 || (sz == FP_H && !emit_has(e, FEAT_FP16)) ||
        (shape == VECTOR && sz == FP_D && !insn_q(e))) {
        return false;
    }
    struct fp_form f = {.sz = sz,
                        .lanes = shape == SCALAR ? 1 : (insn_q(e) ? 128 : 64) / bits,
                        .merge = shape == SCALAR,
                        .other = insn_rd(e)};
    unsigned mode = to_fixed ? (unsigned)FP_TOZERO : (unsigned)FP_ROUND_FPCR;
    f.param = fp_fixed_param((enum fp_rounding)mode, insn_u(e), 2 * bits - immhb);
    fp_emit_unary(e, to_fixed ? fp_lane_to_fixed : fp_lane_from_fixed, f);
    return true;
}

/* ---- pairs and all lanes ---- */

static bool emit_pair_scalar(struct emit *e, fp_binary_fn *fn, enum half half)
{
    struct fp_form f;

    if (half == HALF && insn_bit(e, 22)) {
        return false;
    }
    simd_form(e, SCALAR, half, &f);
    fp_emit(e, op_fp_pair_scalar, (uintptr_t)fn, f);
    return true;
}

static bool emit_reduce(struct emit *e, fp_binary_fn *fn, enum half half)
{
    struct fp_form f;

    if (half == NOT_HALF && (insn_bit(e, 22) || !insn_q(e))) {
        return false;
    }
    simd_form(e, VECTOR, half, &f);
    fp_emit(e, op_fp_reduce, (uintptr_t)fn, f);
    return true;
}

/* ---- FMOV (vector, immediate) of halves ---- */

HANDLER(fmov_vector)
{
    c->v[o->a].d[0] = o[1].imm64;
    c->v[o->a].d[1] = o->d ? o[1].imm64 : 0;
    NEXT(2);
}

bool emit_vector_fp16_movi(struct emit *e)
{
    unsigned imm8 = insn_bits(e, 16, 3) << 5 | insn_bits(e, 5, 5);
    struct op *o = emit_op(e, op_fmov_vector);

    o->a = (uint8_t)insn_rd(e);
    o->d = insn_q(e);
    emit_data(e, fp_expand_imm(FP_H, imm8) * UINT64_C(0x0001000100010001));
    return true;
}

/* ---- encoding classes ---- */

#define CLASS(name, call)                                                                          \
    bool emit_##name(struct emit *e)                                                               \
    {                                                                                              \
        return call;                                                                               \
    }
#define MAX_OR_MIN(max, min) (insn_bit(e, 23) ? (min) : (max))

/* clang-format off */
CLASS(vector_arithmetic_binary_uniform_add_fp, emit_three(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_binary_uniform_add_fp16, emit_three(e, VECTOR, HALF))
CLASS(vector_arithmetic_binary_uniform_sub_fp_simd, emit_three(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_binary_uniform_sub_fp_sisd, emit_three(e, SCALAR, NOT_HALF))
CLASS(vector_arithmetic_binary_uniform_sub_fp16_simd, emit_three(e, VECTOR, HALF))
CLASS(vector_arithmetic_binary_uniform_sub_fp16_sisd, emit_three(e, SCALAR, HALF))
CLASS(vector_arithmetic_binary_uniform_div, emit_three(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_binary_uniform_div_fp16, emit_three(e, VECTOR, HALF))
CLASS(vector_arithmetic_binary_uniform_mul_fp_product, emit_three(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_binary_uniform_mul_fp16_product, emit_three(e, VECTOR, HALF))
CLASS(vector_arithmetic_binary_uniform_mul_fp_fused, emit_three(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_binary_uniform_mul_fp16_fused, emit_three(e, VECTOR, HALF))
CLASS(vector_arithmetic_binary_uniform_mul_fp_extended_simd, emit_three(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_binary_uniform_mul_fp_extended_sisd, emit_three(e, SCALAR, NOT_HALF))
CLASS(vector_arithmetic_binary_uniform_mul_fp16_extended_simd, emit_three(e, VECTOR, HALF))
CLASS(vector_arithmetic_binary_uniform_mul_fp16_extended_sisd, emit_three(e, SCALAR, HALF))
CLASS(vector_arithmetic_binary_uniform_max_min_fp_1985, emit_three(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_binary_uniform_max_min_fp_2008, emit_three(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_binary_uniform_max_min_fp16_1985, emit_three(e, VECTOR, HALF))
CLASS(vector_arithmetic_binary_uniform_max_min_fp16_2008, emit_three(e, VECTOR, HALF))
CLASS(vector_arithmetic_binary_uniform_recps_simd, emit_three(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_binary_uniform_recps_sisd, emit_three(e, SCALAR, NOT_HALF))
CLASS(vector_arithmetic_binary_uniform_recps_fp16_simd, emit_three(e, VECTOR, HALF))
CLASS(vector_arithmetic_binary_uniform_recps_fp16_sisd, emit_three(e, SCALAR, HALF))
CLASS(vector_arithmetic_binary_uniform_rsqrts_simd, emit_three(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_binary_uniform_rsqrts_sisd, emit_three(e, SCALAR, NOT_HALF))
CLASS(vector_arithmetic_binary_uniform_rsqrts_fp16_simd, emit_three(e, VECTOR, HALF))
CLASS(vector_arithmetic_binary_uniform_rsqrts_fp16_sisd, emit_three(e, SCALAR, HALF))
CLASS(vector_arithmetic_binary_uniform_cmp_fp_simd, emit_three(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_binary_uniform_cmp_fp_sisd, emit_three(e, SCALAR, NOT_HALF))
CLASS(vector_arithmetic_binary_uniform_cmp_fp16_simd, emit_three(e, VECTOR, HALF))
CLASS(vector_arithmetic_binary_uniform_cmp_fp16_sisd, emit_three(e, SCALAR, HALF))

CLASS(vector_arithmetic_binary_element_mul_fp_simd, emit_mul_element(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_binary_element_mul_fp_sisd, emit_mul_element(e, SCALAR, NOT_HALF))
CLASS(vector_arithmetic_binary_element_mul_fp16_simd, emit_mul_element(e, VECTOR, HALF))
CLASS(vector_arithmetic_binary_element_mul_fp16_sisd, emit_mul_element(e, SCALAR, HALF))
CLASS(vector_arithmetic_binary_element_mul_acc_fp_simd, emit_muladd_element(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_binary_element_mul_acc_fp_sisd, emit_muladd_element(e, SCALAR, NOT_HALF))
CLASS(vector_arithmetic_binary_element_mul_acc_fp16_simd, emit_muladd_element(e, VECTOR, HALF))
CLASS(vector_arithmetic_binary_element_mul_acc_fp16_sisd, emit_muladd_element(e, SCALAR, HALF))

CLASS(vector_arithmetic_unary_cmp_float_bulk_simd, emit_two(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_unary_cmp_float_bulk_sisd, emit_two(e, SCALAR, NOT_HALF))
CLASS(vector_arithmetic_unary_cmp_float_lessthan_simd, emit_two(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_unary_cmp_float_lessthan_sisd, emit_two(e, SCALAR, NOT_HALF))
CLASS(vector_arithmetic_unary_cmp_fp16_bulk_simd, emit_two(e, VECTOR, HALF))
CLASS(vector_arithmetic_unary_cmp_fp16_bulk_sisd, emit_two(e, SCALAR, HALF))
CLASS(vector_arithmetic_unary_cmp_fp16_lessthan_simd, emit_two(e, VECTOR, HALF))
CLASS(vector_arithmetic_unary_cmp_fp16_lessthan_sisd, emit_two(e, SCALAR, HALF))
CLASS(vector_arithmetic_unary_diff_neg_float, emit_two(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_unary_diff_neg_fp16, emit_two(e, VECTOR, HALF))
CLASS(vector_arithmetic_unary_float_round, emit_two(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_unary_float_round_frint_32_64, emit_two(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_unary_fp16_round, emit_two(e, VECTOR, HALF))
CLASS(vector_arithmetic_unary_float_conv_float_bulk_simd, emit_two(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_unary_float_conv_float_bulk_sisd, emit_two(e, SCALAR, NOT_HALF))
CLASS(vector_arithmetic_unary_float_conv_float_tieaway_simd, emit_two(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_unary_float_conv_float_tieaway_sisd, emit_two(e, SCALAR, NOT_HALF))
CLASS(vector_arithmetic_unary_float_conv_int_simd, emit_two(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_unary_float_conv_int_sisd, emit_two(e, SCALAR, NOT_HALF))
CLASS(vector_arithmetic_unary_fp16_conv_float_bulk_simd, emit_two(e, VECTOR, HALF))
CLASS(vector_arithmetic_unary_fp16_conv_float_bulk_sisd, emit_two(e, SCALAR, HALF))
CLASS(vector_arithmetic_unary_fp16_conv_float_tieaway_simd, emit_two(e, VECTOR, HALF))
CLASS(vector_arithmetic_unary_fp16_conv_float_tieaway_sisd, emit_two(e, SCALAR, HALF))
CLASS(vector_arithmetic_unary_fp16_conv_int_simd, emit_two(e, VECTOR, HALF))
CLASS(vector_arithmetic_unary_fp16_conv_int_sisd, emit_two(e, SCALAR, HALF))
CLASS(vector_arithmetic_unary_special_frecpx, emit_two(e, SCALAR, NOT_HALF))
CLASS(vector_arithmetic_unary_special_frecpx_fp16, emit_two(e, SCALAR, HALF))
CLASS(vector_arithmetic_unary_special_recip_float_simd, emit_two(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_unary_special_recip_float_sisd, emit_two(e, SCALAR, NOT_HALF))
CLASS(vector_arithmetic_unary_special_recip_fp16_simd, emit_two(e, VECTOR, HALF))
CLASS(vector_arithmetic_unary_special_recip_fp16_sisd, emit_two(e, SCALAR, HALF))
CLASS(vector_arithmetic_unary_special_sqrt, emit_two(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_unary_special_sqrt_fp16, emit_two(e, VECTOR, HALF))
CLASS(vector_arithmetic_unary_special_sqrt_est_float_simd, emit_two(e, VECTOR, NOT_HALF))
CLASS(vector_arithmetic_unary_special_sqrt_est_float_sisd, emit_two(e, SCALAR, NOT_HALF))
CLASS(vector_arithmetic_unary_special_sqrt_est_fp16_simd, emit_two(e, VECTOR, HALF))
CLASS(vector_arithmetic_unary_special_sqrt_est_fp16_sisd, emit_two(e, SCALAR, HALF))
CLASS(vector_arithmetic_unary_special_recip_int, emit_estimate_int(e, lane_urecpe))
CLASS(vector_arithmetic_unary_special_sqrt_est_int, emit_estimate_int(e, lane_ursqrte))

CLASS(vector_shift_conv_float_simd, emit_fixed(e, VECTOR, true))
CLASS(vector_shift_conv_float_sisd, emit_fixed(e, SCALAR, true))
CLASS(vector_shift_conv_int_simd, emit_fixed(e, VECTOR, false))
CLASS(vector_shift_conv_int_sisd, emit_fixed(e, SCALAR, false))

CLASS(vector_reduce_fp_add_sisd, emit_pair_scalar(e, fp_add, NOT_HALF))
CLASS(vector_reduce_fp16_add_sisd, emit_pair_scalar(e, fp_add, HALF))
CLASS(vector_reduce_fp_max_sisd, emit_pair_scalar(e, MAX_OR_MIN(fp_max, fp_min), NOT_HALF))
CLASS(vector_reduce_fp16_max_sisd, emit_pair_scalar(e, MAX_OR_MIN(fp_max, fp_min), HALF))
CLASS(vector_reduce_fp_maxnm_sisd, emit_pair_scalar(e, MAX_OR_MIN(fp_maxnum, fp_minnum), NOT_HALF))
CLASS(vector_reduce_fp16_maxnm_sisd, emit_pair_scalar(e, MAX_OR_MIN(fp_maxnum, fp_minnum), HALF))
CLASS(vector_reduce_fp_max_simd, emit_reduce(e, MAX_OR_MIN(fp_max, fp_min), NOT_HALF))
CLASS(vector_reduce_fp16_max_simd, emit_reduce(e, MAX_OR_MIN(fp_max, fp_min), HALF))
CLASS(vector_reduce_fp_maxnm_simd, emit_reduce(e, MAX_OR_MIN(fp_maxnum, fp_minnum), NOT_HALF))
CLASS(vector_reduce_fp16_maxnm_simd, emit_reduce(e, MAX_OR_MIN(fp_maxnum, fp_minnum), HALF))
/* clang-format on */
