/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advanced SIMD integer: three registers of the same type, vector and scalar.
 *
 * Arm DDI 0487, C4.1 "Advanced SIMD three same", "... three same extra" (SQRDMLAH, SQRDMLSH) and
 * their scalar counterparts. Shifts by register are in simd_shift.c, dot products in simd_dot.c.
 */
#include "a64_gen.h"
#include "cpu/isa/simd_lanes.h"

/* clang-format off */
OPERATION(BHS, shadd, i, (a & b) + ((S)(a ^ b) >> 1))
OPERATION(BHS, uhadd, i, (a & b) + ((U)(a ^ b) >> 1))
OPERATION(BHS, srhadd, i, (a | b) - ((S)(a ^ b) >> 1))
OPERATION(BHS, urhadd, i, (a | b) - ((U)(a ^ b) >> 1))
OPERATION(BHS, shsub, i, ((S)a >> 1) - ((S)b >> 1) - (~a & b & 1))
OPERATION(BHS, uhsub, i, (a >> 1) - (b >> 1) - (~a & b & 1))

OPERATION(BHSD_SCALAR, sqadd, i, SQADD(a, b))
OPERATION(BHSD_SCALAR, uqadd, i, SATURATE_IF(ALL_IF((U)(a + b) < a), ~(U)0, a + b))
OPERATION(BHSD_SCALAR, sqsub, i, SQSUB(a, b))
OPERATION(BHSD_SCALAR, uqsub, i, SATURATE_IF(ALL_IF(a < b), 0, a - b))

OPERATION(BHSD, add, i, a + b)
OPERATION(BHSD, sub, i, a - b)
OPERATION(BHSD, cmgt, i, ALL_IF((S)a > (S)b))
OPERATION(BHSD, cmhi, i, ALL_IF(a > b))
OPERATION(BHSD, cmge, i, ALL_IF((S)a >= (S)b))
OPERATION(BHSD, cmhs, i, ALL_IF(a >= b))
OPERATION(BHSD, cmtst, i, ALL_IF((a & b) != 0))
OPERATION(BHSD, cmeq, i, ALL_IF(a == b))

OPERATION(BHS, smax, i, (S)a > (S)b ? a : b)
OPERATION(BHS, umax, i, a > b ? a : b)
OPERATION(BHS, smin, i, (S)a < (S)b ? a : b)
OPERATION(BHS, umin, i, a < b ? a : b)
OPERATION(BHS, sabd, i, (S)a > (S)b ? a - b : b - a)
OPERATION(BHS, uabd, i, a > b ? a - b : b - a)
OPERATION(BHS, saba, i, d + ((S)a > (S)b ? a - b : b - a))
OPERATION(BHS, uaba, i, d + (a > b ? a - b : b - a))

OPERATION(BHS, mul, i, PRODUCT(a, b))
OPERATION(BHS, mla, i, d + PRODUCT(a, b))
OPERATION(BHS, mls, i, d - PRODUCT(a, b))
OPERATION(HS_SCALAR, sqdmulh, i, SQDMULH(a, b))
OPERATION(HS_SCALAR, sqrdmulh, i, SQRDMULH(a, b))
OPERATION(HS_SCALAR, sqrdmlah, i, SQRDMLAH(d, a, b))
OPERATION(HS_SCALAR, sqrdmlsh, i, SQRDMLSH(d, a, b))

OPERATION(D, and, i, a & b)
OPERATION(D, bic, i, a & ~b)
OPERATION(D, orr, i, a | b)
OPERATION(D, orn, i, a | ~b)
OPERATION(D, eor, i, a ^ b)
OPERATION(D, bsl, i, b ^ ((b ^ a) & d))
OPERATION(D, bit, i, d ^ ((d ^ a) & b))
OPERATION(D, bif, i, d ^ ((d ^ a) & ~b))
/* clang-format on */

/* Polynomial product over {0, 1}; the low half. */
static inline uint8_t multiply_poly8(uint8_t x, uint8_t y)
{
    uint8_t r = 0;
    for (unsigned j = 0; j < 8; j++) {
        r ^= (uint8_t)(x << j) & (uint8_t)-(y >> j & 1);
    }
    return r;
}
OPERATION(B, pmul, i, multiply_poly8(a, b))

/* ---- pairwise: adjacent lanes of Vn, then of Vm; a and b are the two ---- */

#define PAIRWISE(sh, name, ...)                                                                    \
    HANDLER(name##_##sh)                                                                           \
    {                                                                                              \
        LANE_TYPES(sh)                                                                             \
        const U *vn = (const U *)&c->v[o->b], *vm = (const U *)&c->v[o->c];                        \
        vreg_t t = {{0, 0}};                                                                       \
        for (size_t i = 0; i < LANES / 2; i++) {                                                   \
            const U a = vn[2 * i], b = vn[2 * i + 1];                                              \
            ((U *)&t)[i] = (U)(__VA_ARGS__);                                                       \
        }                                                                                          \
        for (size_t i = 0; i < LANES / 2; i++) {                                                   \
            const U a = vm[2 * i], b = vm[2 * i + 1];                                              \
            ((U *)&t)[LANES / 2 + i] = (U)(__VA_ARGS__);                                           \
        }                                                                                          \
        c->v[o->a] = t;                                                                            \
        SET_QC(q)                                                                                  \
        NEXT(1);                                                                                   \
    }
#define PAIRWISE_OPERATION(name, ...)                                                              \
    FOR_BHS(PAIRWISE, name, __VA_ARGS__) static shape_ops name##_ops = {FOR_BHS(SHAPE_ENTRY, name)};

PAIRWISE_OPERATION(smaxp, (S)a > (S)b ? a : b)
PAIRWISE_OPERATION(umaxp, a > b ? a : b)
PAIRWISE_OPERATION(sminp, (S)a < (S)b ? a : b)
PAIRWISE_OPERATION(uminp, a < b ? a : b)
PAIRWISE(2d, addp, a + b)
FOR_BHS(PAIRWISE, addp, a + b)
static shape_ops addp_ops = {FOR_BHS(SHAPE_ENTRY, addp) SHAPE_ENTRY(2d, addp)};

/* ---- emitters ---- */

/* By opcode (bits 15:11) and U. Shifts and bitwise operations are elsewhere. */
static bool three_same(struct emit *e, enum simd_kind kind)
{
    static op_fn *const *const ops[32][2] = {
        [0] = {shadd_ops, uhadd_ops},   [1] = {sqadd_ops, uqadd_ops},
        [2] = {srhadd_ops, urhadd_ops}, [4] = {shsub_ops, uhsub_ops},
        [5] = {sqsub_ops, uqsub_ops},   [6] = {cmgt_ops, cmhi_ops},
        [7] = {cmge_ops, cmhs_ops},     [12] = {smax_ops, umax_ops},
        [13] = {smin_ops, umin_ops},    [14] = {sabd_ops, uabd_ops},
        [15] = {saba_ops, uaba_ops},    [16] = {add_ops, sub_ops},
        [17] = {cmtst_ops, cmeq_ops},   [18] = {mla_ops, mls_ops},
        [19] = {mul_ops, pmul_ops},     [20] = {smaxp_ops, umaxp_ops},
        [21] = {sminp_ops, uminp_ops},  [22] = {sqdmulh_ops, sqrdmulh_ops},
        [23] = {addp_ops, NULL},
    };
    op_fn *const *op = ops[insn_bits(e, 11, 5)][insn_u(e)];
    return simd_emit(e, op, simd_shape(e, kind, insn_size(e))) != NULL;
}

static bool three_same_extra(struct emit *e, enum simd_kind kind)
{
    op_fn *const *ops = insn_bit(e, 11) ? sqrdmlsh_ops : sqrdmlah_ops;
    return simd_emit(e, ops, simd_shape(e, kind, insn_size(e))) != NULL;
}

/* Bitwise: the size field is part of the opcode. */
static bool logical(struct emit *e)
{
    static op_fn *const *const ops[8] = {and_ops, bic_ops, orr_ops, orn_ops,
                                         eor_ops, bsl_ops, bit_ops, bif_ops};
    op_fn *const *op = ops[insn_u(e) << 2 | insn_size(e)];
    return simd_emit(e, op, insn_q(e) ? SHAPE_2d : SHAPE_1d) != NULL;
}

#define EMITTER(class, call)                                                                       \
    bool emit_vector_arithmetic_binary_uniform_##class(struct emit * e)                            \
    {                                                                                              \
        return call;                                                                               \
    }
EMITTER(add_halving_rounding, three_same(e, SIMD_VECTOR))
EMITTER(add_halving_truncating, three_same(e, SIMD_VECTOR))
EMITTER(add_saturating_simd, three_same(e, SIMD_VECTOR))
EMITTER(add_saturating_sisd, three_same(e, SIMD_SCALAR))
EMITTER(add_wrapping_pair, three_same(e, SIMD_VECTOR))
EMITTER(add_wrapping_single_simd, three_same(e, SIMD_VECTOR))
EMITTER(add_wrapping_single_sisd, three_same(e, SIMD_SCALAR))
EMITTER(cmp_bitwise_simd, three_same(e, SIMD_VECTOR))
EMITTER(cmp_bitwise_sisd, three_same(e, SIMD_SCALAR))
EMITTER(cmp_int_simd, three_same(e, SIMD_VECTOR))
EMITTER(cmp_int_sisd, three_same(e, SIMD_SCALAR))
EMITTER(diff, three_same(e, SIMD_VECTOR))
EMITTER(logical_and_orr, logical(e))
EMITTER(logical_bsl_eor, logical(e))
EMITTER(max_min_pair, three_same(e, SIMD_VECTOR))
EMITTER(max_min_single, three_same(e, SIMD_VECTOR))
EMITTER(mul_int_accum, three_same(e, SIMD_VECTOR))
EMITTER(mul_int_doubling_accum_simd, three_same_extra(e, SIMD_VECTOR))
EMITTER(mul_int_doubling_accum_sisd, three_same_extra(e, SIMD_SCALAR))
EMITTER(mul_int_doubling_simd, three_same(e, SIMD_VECTOR))
EMITTER(mul_int_doubling_sisd, three_same(e, SIMD_SCALAR))
EMITTER(mul_int_product, three_same(e, SIMD_VECTOR))
EMITTER(sub_int, three_same(e, SIMD_VECTOR))
EMITTER(sub_saturating_simd, three_same(e, SIMD_VECTOR))
EMITTER(sub_saturating_sisd, three_same(e, SIMD_SCALAR))
