/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advanced SIMD integer: vector by indexed element.
 *
 * Arm DDI 0487, C4.1 "Advanced SIMD vector x indexed element" and its scalar counterpart. Dot
 * products are in simd_dot.c.
 */
#include "a64_gen.h"
#include "cpu/isa/simd_lanes.h"

/* clang-format off */
/* Same size: op.d is the index. */
OPERATION(HS, mul, o->d, PRODUCT(a, b))
OPERATION(HS, mla, o->d, d + PRODUCT(a, b))
OPERATION(HS, mls, o->d, d - PRODUCT(a, b))
OPERATION(HS_SCALAR, sqdmulh, o->d, SQDMULH(a, b))
OPERATION(HS_SCALAR, sqrdmulh, o->d, SQRDMULH(a, b))
OPERATION(HS_SCALAR, sqrdmlah, o->d, SQRDMLAH(d, a, b))
OPERATION(HS_SCALAR, sqrdmlsh, o->d, SQRDMLSH(d, a, b))

/* Long: op.d is the half of Vn, the immediate the index in the whole of Vm. */
LONG_OPERATION(LONG_HS, smlal, s, 0, n, d + PRODUCT(a, b))
LONG_OPERATION(LONG_HS, umlal, u, 0, n, d + PRODUCT(a, b))
LONG_OPERATION(LONG_HS, smlsl, s, 0, n, d - PRODUCT(a, b))
LONG_OPERATION(LONG_HS, umlsl, u, 0, n, d - PRODUCT(a, b))
LONG_OPERATION(LONG_HS, smull, s, 0, n, PRODUCT(a, b))
LONG_OPERATION(LONG_HS, umull, u, 0, n, PRODUCT(a, b))
LONG_OPERATION(LONG_SATURATING, sqdmlal, s, 0, n, SQDMLAL(d, a, b))
LONG_OPERATION(LONG_SATURATING, sqdmlsl, s, 0, n, SQDMLSL(d, a, b))
LONG_OPERATION(LONG_SATURATING, sqdmull, s, 0, n, SQDMULL(a, b))
/* clang-format on */

/* By opcode (bits 15:12) and U. */
static op_fn *const *const same_ops[16][2] = {
    [0] = {NULL, mla_ops},
    [4] = {NULL, mls_ops},
    [8] = {mul_ops, NULL},
    [12] = {sqdmulh_ops, NULL},
    [13] = {sqrdmulh_ops, sqrdmlah_ops},
    [15] = {NULL, sqrdmlsh_ops},
};
static op_fn *const *const long_ops[16][2] = {
    [2] = {smlal_ops, umlal_ops}, [3] = {sqdmlal_ops, NULL},     [6] = {smlsl_ops, umlsl_ops},
    [7] = {sqdmlsl_ops, NULL},    [10] = {smull_ops, umull_ops}, [11] = {sqdmull_ops, NULL},
};

/* Index and register of Vm: half-words have a shorter register field. */
struct element {
    uint8_t reg, index;
};

static struct element element_of(const struct emit *e)
{
    unsigned h = insn_bit(e, 11), l = insn_bit(e, 21), m = insn_bit(e, 20);
    if (insn_size(e) == 1) {
        return (struct element){insn_rm(e) & 15, (uint8_t)(h << 2 | l << 1 | m)};
    }
    return (struct element){(uint8_t)insn_rm(e), (uint8_t)(h << 1 | l)};
}

static bool by_element(struct emit *e, enum simd_kind kind)
{
    op_fn *const *ops = same_ops[insn_bits(e, 12, 4)][insn_u(e)];
    struct op *o = simd_emit(e, ops, simd_shape(e, kind, insn_size(e)));
    if (o == NULL) {
        return false;
    }
    struct element m = element_of(e);
    o->c = m.reg;
    o->d = m.index;
    return true;
}

static bool by_element_long(struct emit *e, enum simd_kind kind)
{
    op_fn *const *ops = long_ops[insn_bits(e, 12, 4)][insn_u(e)];
    struct op *o = simd_emit(e, ops, simd_half_shape(kind, insn_size(e)));
    if (o == NULL) {
        return false;
    }
    struct element m = element_of(e);
    o->c = m.reg;
    o->d = kind == SIMD_VECTOR && insn_q(e);
    o->imm = m.index;
    return true;
}

#define EMITTER(class, call)                                                                       \
    bool emit_vector_arithmetic_binary_element_##class(struct emit * e)                            \
    {                                                                                              \
        return call;                                                                               \
    }
EMITTER(mul_acc_double_simd, by_element_long(e, SIMD_VECTOR))
EMITTER(mul_acc_double_sisd, by_element_long(e, SIMD_SCALAR))
EMITTER(mul_acc_high_simd, by_element(e, SIMD_VECTOR))
EMITTER(mul_acc_high_sisd, by_element(e, SIMD_SCALAR))
EMITTER(mul_acc_int, by_element(e, SIMD_VECTOR))
EMITTER(mul_acc_long, by_element_long(e, SIMD_VECTOR))
EMITTER(mul_double_simd, by_element_long(e, SIMD_VECTOR))
EMITTER(mul_double_sisd, by_element_long(e, SIMD_SCALAR))
EMITTER(mul_high_simd, by_element(e, SIMD_VECTOR))
EMITTER(mul_high_sisd, by_element(e, SIMD_SCALAR))
EMITTER(mul_int, by_element(e, SIMD_VECTOR))
EMITTER(mul_long, by_element_long(e, SIMD_VECTOR))
