/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advanced SIMD integer: three registers of different types. Long (from a half of both sources),
 * wide (Vn is already wide) and high-half narrowing forms, and polynomial multiply.
 *
 * Arm DDI 0487, C4.1 "Advanced SIMD three different" and its scalar counterpart.
 */
#include "a64_gen.h"
#include "cpu/isa/simd_host.h"
#include "cpu/isa/simd_lanes.h"

/* a, b: extended lanes; w: the wide lane of Vn; X: signed or unsigned wide type */
#define DIFFERENCE(x, y) ((X)(x) > (X)(y) ? (x) - (y) : (y) - (x))

/* clang-format off */
LONG_OPERATION(LONG, saddl, s, o->d, i, a + b)
LONG_OPERATION(LONG, uaddl, u, o->d, i, a + b)
LONG_OPERATION(LONG, saddw, s, o->d, i, w + b)
LONG_OPERATION(LONG, uaddw, u, o->d, i, w + b)
LONG_OPERATION(LONG, ssubl, s, o->d, i, a - b)
LONG_OPERATION(LONG, usubl, u, o->d, i, a - b)
LONG_OPERATION(LONG, ssubw, s, o->d, i, w - b)
LONG_OPERATION(LONG, usubw, u, o->d, i, w - b)
LONG_OPERATION(LONG, sabal, s, o->d, i, d + DIFFERENCE(a, b))
LONG_OPERATION(LONG, uabal, u, o->d, i, d + DIFFERENCE(a, b))
LONG_OPERATION(LONG, sabdl, s, o->d, i, DIFFERENCE(a, b))
LONG_OPERATION(LONG, uabdl, u, o->d, i, DIFFERENCE(a, b))
LONG_OPERATION(LONG, smlal, s, o->d, i, d + PRODUCT(a, b))
LONG_OPERATION(LONG, umlal, u, o->d, i, d + PRODUCT(a, b))
LONG_OPERATION(LONG, smlsl, s, o->d, i, d - PRODUCT(a, b))
LONG_OPERATION(LONG, umlsl, u, o->d, i, d - PRODUCT(a, b))
LONG_OPERATION(LONG, smull, s, o->d, i, PRODUCT(a, b))
LONG_OPERATION(LONG, umull, u, o->d, i, PRODUCT(a, b))
LONG_OPERATION(LONG_SATURATING, sqdmlal, s, o->d, i, SQDMLAL(d, a, b))
LONG_OPERATION(LONG_SATURATING, sqdmlsl, s, o->d, i, SQDMLSL(d, a, b))
LONG_OPERATION(LONG_SATURATING, sqdmull, s, o->d, i, SQDMULL(a, b))

#define ROUND_CONST ((U)1 << (NBITS - 1))
NARROW_OPERATION(LONG, addhn, (U)(a + b) >> NBITS)
NARROW_OPERATION(LONG, subhn, (U)(a - b) >> NBITS)
NARROW_OPERATION(LONG, raddhn, (U)(a + b + ROUND_CONST) >> NBITS)
NARROW_OPERATION(LONG, rsubhn, (U)(a - b + ROUND_CONST) >> NBITS)
/* clang-format on */

/* ---- polynomials over {0, 1} ---- */

static inline uint16_t multiply_poly8(uint16_t x, uint16_t y)
{
    uint16_t r = 0;
    for (unsigned j = 0; j < 8; j++) {
        r ^= (uint16_t)(x << j) & (uint16_t)-(y >> j & 1);
    }
    return r;
}
LONGWISE(pmull, u, 8b, 8h, o->d, i, multiply_poly8(a, b))

HANDLER(pmull_1d)
{
    uint64_t x = c->v[o->b].d[o->d], y = c->v[o->c].d[o->d], lo = 0, hi = 0;
    for (unsigned j = 0; j < 64; j++) {
        uint64_t take = -(y >> j & 1);
        lo ^= x << j & take;
        hi ^= x >> 1 >> (63 - j) & take;
    }
    c->v[o->a] = (vreg_t){{lo, hi}};
    NEXT(1);
}

/* ---- emitters ---- */

/* By opcode (bits 15:12) and U. */
static op_fn *const *const different_ops[16][2] = {
    {saddl_ops, uaddl_ops},
    {saddw_ops, uaddw_ops},
    {ssubl_ops, usubl_ops},
    {ssubw_ops, usubw_ops},
    {addhn_ops, raddhn_ops},
    {sabal_ops, uabal_ops},
    {subhn_ops, rsubhn_ops},
    {sabdl_ops, uabdl_ops},
    {smlal_ops, umlal_ops},
    {sqdmlal_ops, NULL},
    {smlsl_ops, umlsl_ops},
    {sqdmlsl_ops, NULL},
    {smull_ops, umull_ops},
    {sqdmull_ops, NULL},
    {NULL, NULL},
    {NULL, NULL},
};

static bool three_different(struct emit *e, enum simd_kind kind)
{
    op_fn *const *ops = different_ops[insn_bits(e, 12, 4)][insn_u(e)];
    struct op *o = simd_emit(e, ops, simd_half_shape(kind, insn_size(e)));
    if (o == NULL) {
        return false;
    }
    o->d = kind == SIMD_VECTOR && insn_q(e);
    return true;
}

static bool poly_long(struct emit *e)
{
    op_fn *host = host_simd_op(HOST_PMULL64);
    op_fn *const ops[N_SHAPES] = {
        [SHAPE_8b] = op_pmull_8b, [SHAPE_1d] = host != NULL ? host : op_pmull_1d};
    if (insn_size(e) == 3 && !emit_has(e, FEAT_PMULL)) {
        return false;
    }
    struct op *o = simd_emit(e, ops, insn_size(e) << 1);
    if (o == NULL) {
        return false;
    }
    o->d = insn_q(e);
    return true;
}

#define EMITTER(class, call)                                                                       \
    bool emit_vector_arithmetic_binary_disparate_##class(struct emit * e)                          \
    {                                                                                              \
        return call;                                                                               \
    }
EMITTER(add_sub_long, three_different(e, SIMD_VECTOR))
EMITTER(add_sub_narrow, three_different(e, SIMD_VECTOR))
EMITTER(add_sub_wide, three_different(e, SIMD_VECTOR))
EMITTER(diff, three_different(e, SIMD_VECTOR))
EMITTER(mul_accum, three_different(e, SIMD_VECTOR))
EMITTER(mul_dmacc_simd, three_different(e, SIMD_VECTOR))
EMITTER(mul_dmacc_sisd, three_different(e, SIMD_SCALAR))
EMITTER(mul_double_simd, three_different(e, SIMD_VECTOR))
EMITTER(mul_double_sisd, three_different(e, SIMD_SCALAR))
EMITTER(mul_poly, poly_long(e))
EMITTER(mul_product, three_different(e, SIMD_VECTOR))
