/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advanced SIMD integer: two-register miscellaneous, vector and scalar; across lanes.
 * Arm DDI 0487, C4.1 "Advanced SIMD two-register miscellaneous", "... across lanes", "... scalar
 * pairwise".
 */
#include "a64_gen.h"
#include "cpu/isa/simd_lanes.h"

static inline unsigned lane_clz(uint64_t v, unsigned bits)
{
    return v == 0 ? bits : (unsigned)__builtin_clzll(v) - (64 - bits);
}

static inline uint8_t reverse_bits(uint8_t v)
{
    v = (uint8_t)((v >> 1 & 0x55) | (v & 0x55) << 1);
    v = (uint8_t)((v >> 2 & 0x33) | (v & 0x33) << 2);
    return (uint8_t)(v >> 4 | v << 4);
}

/* Signed value plus unsigned value, kept in the range of one of them; of lanes up to 32 bits. */
#define SUQADD_SMALL(z, x) CLAMP_SIGNED((int64_t)(S)(z) + (int64_t)(x), BITS)
#define USQADD_SMALL(z, x) CLAMP_UNSIGNED((int64_t)(z) + (int64_t)(S)(x), BITS)

static inline uint64_t suqadd64(uint64_t z, uint64_t x, uint64_t *q)
{
    uint64_t r = z + x;
    __extension__ __int128 exact = (__int128)(int64_t)z + x; /* never below the range */
    bool over = exact > INT64_MAX;
    *q |= over;
    return over ? (uint64_t)INT64_MAX : r;
}

static inline uint64_t usqadd64(uint64_t z, uint64_t x, uint64_t *q)
{
    __extension__ __int128 exact = (__int128)z + (int64_t)x;
    bool under = exact<0, over = exact>(__int128) UINT64_MAX;
    *q |= under | over;
    return under ? 0 : over ? UINT64_MAX : (uint64_t)exact;
}

/* clang-format off */
OPERATION(BHSD, abs, i, (S)a < 0 ? (U)-a : a)
OPERATION(BHSD, neg, i, (U)-a)
OPERATION(BHSD_SCALAR, sqabs, i, SATURATE_IF(ALL_IF(a == LANE_SMIN), LANE_SMAX, (S)a < 0 ? (U)-a : a))
OPERATION(BHSD_SCALAR, sqneg, i, SATURATE_IF(ALL_IF(a == LANE_SMIN), LANE_SMAX, (U)-a))
OPERATION(BHSD, cmgt0, i, ALL_IF((S)a > 0))
OPERATION(BHSD, cmge0, i, ALL_IF((S)a >= 0))
OPERATION(BHSD, cmeq0, i, ALL_IF(a == 0))
OPERATION(BHSD, cmle0, i, ALL_IF((S)a <= 0))
OPERATION(BHSD, cmlt0, i, ALL_IF((S)a < 0))
OPERATION(BHS, clz, i, lane_clz(a, BITS))
OPERATION(BHS, cls, i, lane_clz((U)(a ^ (U)((S)a >> 1)), BITS) - 1)
OPERATION(B, cnt, i, __builtin_popcount(a))
OPERATION(B, not, i, (U)~a)
OPERATION(B, rbit, i, reverse_bits(a))
OPERATION(BHS, rev64, i, vn[i ^ (64 / BITS - 1)])
OPERATION(BH, rev32, i, vn[i ^ (32 / BITS - 1)])
OPERATION(B, rev16, i, vn[i ^ 1])

#define FOR_SMALL(M, ...) FOR_BHS(M, __VA_ARGS__) M(b, __VA_ARGS__) M(h, __VA_ARGS__) M(s, __VA_ARGS__)
FOR_SMALL(LANEWISE_, suqadd, i, SUQADD_SMALL(d, a))
FOR_SMALL(LANEWISE_, usqadd, i, USQADD_SMALL(d, a))
FOR_D(LANEWISE_, suqadd, i, suqadd64(d, a, &q))
FOR_D(LANEWISE_, usqadd, i, usqadd64(d, a, &q))
static shape_ops suqadd_ops = {FOR_BHSD_SCALAR(SHAPE_ENTRY, suqadd)};
static shape_ops usqadd_ops = {FOR_BHSD_SCALAR(SHAPE_ENTRY, usqadd)};

/* Narrowing; a is a wide lane. */
NARROW_OPERATION(LONG, xtn, a)
NARROW_OPERATION(NARROW_SCALAR, sqxtn, CLAMP_SIGNED((S)a, NBITS))
NARROW_OPERATION(NARROW_SCALAR, sqxtun, CLAMP_UNSIGNED((S)a, NBITS))
NARROW_OPERATION(NARROW_SCALAR, uqxtn, a > (U)((UINT64_C(1) << NBITS) - 1) ? (q |= 1, (U)((UINT64_C(1) << NBITS) - 1)) : a)

/* SHLL: left by the element size. */
LONG_OPERATION(LONG, shll, u, 0, i, a << (BITS / 2))
/* clang-format on */

/* ---- pairs of adjacent lanes, to lanes twice as wide: Vd[i] = expression of x, y, Vd[i] ---- */

#define PAIRWISE_LONG(name, sign, sh, lanes, wide, ...)                                            \
    HANDLER(name##_##sh)                                                                           \
    {                                                                                              \
        const sign##_##sh *vn = (const sign##_##sh *)&c->v[o->b];                                  \
        vreg_t t = {{0, 0}};                                                                       \
        for (size_t i = 0; i < (lanes); i++) {                                                     \
            const u_##wide x = (u_##wide)vn[2 * i], y = (u_##wide)vn[2 * i + 1];                   \
            MAYBE_UNUSED const u_##wide d = ((const u_##wide *)&c->v[o->a])[i];                    \
            ((u_##wide *)&t)[i] = (u_##wide)(__VA_ARGS__);                                         \
        }                                                                                          \
        c->v[o->a] = t;                                                                            \
        NEXT(1);                                                                                   \
    }
#define PAIRWISE_OPERATION(name, sign, ...)                                                        \
    PAIRWISE_LONG(name, sign, 8b, 4, 4h, __VA_ARGS__)                                              \
    PAIRWISE_LONG(name, sign, 16b, 8, 8h, __VA_ARGS__)                                             \
    PAIRWISE_LONG(name, sign, 4h, 2, 2s, __VA_ARGS__)                                              \
    PAIRWISE_LONG(name, sign, 8h, 4, 4s, __VA_ARGS__)                                              \
    PAIRWISE_LONG(name, sign, 2s, 1, 1d, __VA_ARGS__)                                              \
    PAIRWISE_LONG(name, sign, 4s, 2, 2d, __VA_ARGS__)                                              \
    static shape_ops name##_ops = {FOR_BHS(SHAPE_ENTRY, name)};
PAIRWISE_OPERATION(saddlp, s, x + y)
PAIRWISE_OPERATION(uaddlp, u, x + y)
PAIRWISE_OPERATION(sadalp, s, d + x + y)
PAIRWISE_OPERATION(uadalp, u, d + x + y)

/* ---- across lanes: a scalar of type R from all lanes ---- */

#define REDUCE(sh, name, rtype, first, step)                                                       \
    HANDLER(name##_##sh)                                                                           \
    {                                                                                              \
        LANE_TYPES(sh)                                                                             \
        const U *vn = (const U *)&c->v[o->b];                                                      \
        typedef rtype##_##sh R;                                                                    \
        uint64_t r = (uint64_t)(R)vn[0];                                                           \
        for (unsigned i = 1; i < LANES; i++) {                                                     \
            const uint64_t x = (uint64_t)(R)vn[i];                                                 \
            r = (step);                                                                            \
        }                                                                                          \
        (void)q;                                                                                   \
        c->v[o->a].d[0] = r & (UINT64_MAX >> (64 - BITS * (first)));                               \
        c->v[o->a].d[1] = 0;                                                                       \
        NEXT(1);                                                                                   \
    }
#define REDUCTION(name, rtype, widen, step)                                                        \
    REDUCE(8b, name, rtype, widen, step)                                                           \
    REDUCE(16b, name, rtype, widen, step)                                                          \
    REDUCE(4h, name, rtype, widen, step)                                                           \
    REDUCE(8h, name, rtype, widen, step)                                                           \
    REDUCE(4s, name, rtype, widen, step)                                                           \
    static shape_ops name##_ops = {FOR_BH(SHAPE_ENTRY, name) SHAPE_ENTRY(4s, name)};
REDUCTION(addv, u, 1, r + x)
REDUCTION(saddlv, s, 2, r + x)
REDUCTION(uaddlv, u, 2, r + x)
REDUCTION(smaxv, s, 1, (int64_t)x > (int64_t)r ? x : r)
REDUCTION(sminv, s, 1, (int64_t)x < (int64_t)r ? x : r)
REDUCTION(umaxv, u, 1, x > r ? x : r)
REDUCTION(uminv, u, 1, x < r ? x : r)

HANDLER(addp_scalar)
{
    c->v[o->a] = (vreg_t){{c->v[o->b].d[0] + c->v[o->b].d[1], 0}};
    NEXT(1);
}

/* ---- encoding classes ---- */

#define ONE_OF(x, y) (insn_u(e) ? (y) : (x))
#define VECTOR_CLASS(cls, ops)                                                                     \
    bool emit_vector_##cls(struct emit *e)                                                         \
    {                                                                                              \
        return simd_emit(e, (ops), simd_shape(e, SIMD_VECTOR, insn_size(e))) != NULL;              \
    }
/* Scalar forms that exist for doublewords only. */
#define SCALAR_D_CLASS(cls, ops)                                                                   \
    bool emit_vector_##cls(struct emit *e)                                                         \
    {                                                                                              \
        return insn_size(e) == 3 && simd_emit(e, (ops), SHAPE_1d) != NULL;                         \
    }
#define SCALAR_CLASS(cls, ops)                                                                     \
    bool emit_vector_##cls(struct emit *e)                                                         \
    {                                                                                              \
        return simd_emit(e, (ops), simd_shape(e, SIMD_SCALAR, insn_size(e))) != NULL;              \
    }
#define BULK_COMPARE (insn_bit(e, 12) ? ONE_OF(cmeq0_ops, cmle0_ops) : ONE_OF(cmgt0_ops, cmge0_ops))

VECTOR_CLASS(arithmetic_unary_diff_neg_int_simd, ONE_OF(abs_ops, neg_ops))
SCALAR_D_CLASS(arithmetic_unary_diff_neg_int_sisd, ONE_OF(abs_ops, neg_ops))
VECTOR_CLASS(arithmetic_unary_diff_neg_sat_simd, ONE_OF(sqabs_ops, sqneg_ops))
SCALAR_CLASS(arithmetic_unary_diff_neg_sat_sisd, ONE_OF(sqabs_ops, sqneg_ops))
VECTOR_CLASS(arithmetic_unary_cmp_int_bulk_simd, BULK_COMPARE)
SCALAR_D_CLASS(arithmetic_unary_cmp_int_bulk_sisd, BULK_COMPARE)
VECTOR_CLASS(arithmetic_unary_cmp_int_lessthan_simd, cmlt0_ops)
SCALAR_D_CLASS(arithmetic_unary_cmp_int_lessthan_sisd, cmlt0_ops)
VECTOR_CLASS(arithmetic_unary_add_saturating_simd, ONE_OF(suqadd_ops, usqadd_ops))
SCALAR_CLASS(arithmetic_unary_add_saturating_sisd, ONE_OF(suqadd_ops, usqadd_ops))
VECTOR_CLASS(arithmetic_unary_clsz, ONE_OF(cls_ops, clz_ops))
VECTOR_CLASS(arithmetic_unary_cnt, insn_size(e) == 0 ? cnt_ops : NULL)
VECTOR_CLASS(arithmetic_unary_add_pairwise,
             insn_bit(e, 14) ? ONE_OF(sadalp_ops, uadalp_ops) : ONE_OF(saddlp_ops, uaddlp_ops))
VECTOR_CLASS(reduce_add_simd, addv_ops)
VECTOR_CLASS(reduce_add_long, ONE_OF(saddlv_ops, uaddlv_ops))
VECTOR_CLASS(reduce_int_max,
             insn_bit(e, 16) ? ONE_OF(sminv_ops, uminv_ops) : ONE_OF(smaxv_ops, umaxv_ops))

bool emit_vector_arithmetic_unary_not(struct emit *e)
{
    return simd_emit(e, not_ops, simd_shape(e, SIMD_VECTOR, 0)) != NULL;
}

bool emit_vector_arithmetic_unary_rbit(struct emit *e)
{
    return simd_emit(e, rbit_ops, simd_shape(e, SIMD_VECTOR, 0)) != NULL;
}

bool emit_vector_arithmetic_unary_rev(struct emit *e)
{
    op_fn *const *ops = insn_bit(e, 12) ? rev16_ops : insn_u(e) ? rev32_ops : rev64_ops;
    return simd_emit(e, ops, simd_shape(e, SIMD_VECTOR, insn_size(e))) != NULL;
}

bool emit_vector_reduce_add_sisd(struct emit *e)
{
    if (insn_size(e) != 3) {
        return false;
    }
    struct op *o = emit_op(e, op_addp_scalar);
    o->a = (uint8_t)insn_rd(e);
    o->b = (uint8_t)insn_rn(e);
    return true;
}

/* Narrowing: op.d is the half of Vd that is written. Scalars write the lower one. */
static bool emit_narrow(struct emit *e, op_fn *const *ops, enum simd_kind kind)
{
    struct op *o = simd_emit(e, ops, simd_half_shape(kind, insn_size(e)));
    if (o == NULL) {
        return false;
    }
    o->d = kind == SIMD_VECTOR && insn_q(e);
    return true;
}

bool emit_vector_arithmetic_unary_extract_nosat(struct emit *e)
{
    return emit_narrow(e, xtn_ops, SIMD_VECTOR);
}
bool emit_vector_arithmetic_unary_extract_sat_simd(struct emit *e)
{
    return emit_narrow(e, ONE_OF(sqxtn_ops, uqxtn_ops), SIMD_VECTOR);
}
bool emit_vector_arithmetic_unary_extract_sat_sisd(struct emit *e)
{
    return emit_narrow(e, ONE_OF(sqxtn_ops, uqxtn_ops), SIMD_SCALAR);
}
bool emit_vector_arithmetic_unary_extract_sqxtun_simd(struct emit *e)
{
    return emit_narrow(e, sqxtun_ops, SIMD_VECTOR);
}
bool emit_vector_arithmetic_unary_extract_sqxtun_sisd(struct emit *e)
{
    return emit_narrow(e, sqxtun_ops, SIMD_SCALAR);
}

bool emit_vector_arithmetic_unary_shift(struct emit *e)
{
    struct op *o = simd_emit(e, shll_ops, simd_half_shape(SIMD_VECTOR, insn_size(e)));
    if (o == NULL) {
        return false;
    }
    o->d = insn_q(e);
    return true;
}
