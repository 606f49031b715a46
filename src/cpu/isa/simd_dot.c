/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advanced SIMD dot products and matrix multiplication of 8-bit integers: FEAT_DotProd, FEAT_I8MM.
 */
#include "a64_gen.h"
#include "cpu/isa/simd_lanes.h"

/* Sums wrap. x, y: signedness of Vn and Vm, s or u. */

#define DOT(sh, name, x, y, k)                                                                     \
    HANDLER(name##_##sh)                                                                           \
    {                                                                                              \
        const x##_8b *vn = (const x##_8b *)&c->v[o->b];                                            \
        const y##_8b *vm = (const y##_8b *)&c->v[o->c];                                            \
        const u_s *vd = (const u_s *)&c->v[o->a];                                                  \
        vreg_t t = {{0, 0}};                                                                       \
        for (unsigned i = 0; i < LANES_##sh; i++) {                                                \
            u_s sum = vd[i];                                                                       \
            for (unsigned j = 0; j < 4; j++) {                                                     \
                sum += (u_s)(vn[4 * i + j] * vm[4 * (k) + j]);                                     \
            }                                                                                      \
            ((u_s *)&t)[i] = sum;                                                                  \
        }                                                                                          \
        c->v[o->a] = t;                                                                            \
        NEXT(1);                                                                                   \
    }
#define DOT_OPERATION(name, x, y, k)                                                               \
    FOR_S(DOT, name, x, y, k) static shape_ops name##_ops = {FOR_S(SHAPE_ENTRY, name)};

DOT_OPERATION(sdot, s, s, i)
DOT_OPERATION(udot, u, u, i)
DOT_OPERATION(usdot, u, s, i)
DOT_OPERATION(sdot_elem, s, s, o->d)
DOT_OPERATION(udot_elem, u, u, o->d)
DOT_OPERATION(usdot_elem, u, s, o->d)
DOT_OPERATION(sudot_elem, s, u, o->d)

/* Two rows of 8 in Vn by two columns of 8 in Vm. */
#define MATRIX(name, x, y)                                                                         \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        const x##_8b *vn = (const x##_8b *)&c->v[o->b];                                            \
        const y##_8b *vm = (const y##_8b *)&c->v[o->c];                                            \
        const u_s *vd = (const u_s *)&c->v[o->a];                                                  \
        vreg_t t = {{0, 0}};                                                                       \
        for (unsigned i = 0; i < 4; i++) {                                                         \
            u_s sum = vd[i];                                                                       \
            for (unsigned j = 0; j < 8; j++) {                                                     \
                sum += (u_s)(vn[(i & 2) * 4 + j] * vm[(i & 1) * 8 + j]);                           \
            }                                                                                      \
            ((u_s *)&t)[i] = sum;                                                                  \
        }                                                                                          \
        c->v[o->a] = t;                                                                            \
        NEXT(1);                                                                                   \
    }
MATRIX(smmla, s, s)
MATRIX(ummla, u, u)
MATRIX(usmmla, u, s)

static bool dot(struct emit *e, op_fn *const *ops)
{
    return insn_size(e) == 2 && simd_emit(e, ops, simd_shape(e, SIMD_VECTOR, 2)) != NULL;
}

/* The element is a group of 4 bytes; its size field has been checked. */
static bool dot_elem(struct emit *e, op_fn *const *ops)
{
    struct op *o = simd_emit(e, ops, simd_shape(e, SIMD_VECTOR, 2));
    o->d = (uint8_t)(insn_bit(e, 11) << 1 | insn_bit(e, 21));
    return true;
}

bool emit_vector_arithmetic_binary_uniform_mul_int_dotp(struct emit *e)
{
    return dot(e, insn_u(e) ? udot_ops : sdot_ops);
}

bool emit_vector_arithmetic_binary_uniform_mat_mul_int_usdot(struct emit *e)
{
    return dot(e, usdot_ops);
}

bool emit_vector_arithmetic_binary_element_dotp(struct emit *e)
{
    return insn_size(e) == 2 && dot_elem(e, insn_u(e) ? udot_elem_ops : sdot_elem_ops);
}

bool emit_vector_arithmetic_binary_element_mat_mul_int_dotp(struct emit *e)
{
    return dot_elem(e, insn_bit(e, 23) ? usdot_elem_ops : sudot_elem_ops);
}

bool emit_vector_arithmetic_binary_uniform_mat_mul_int_mla(struct emit *e)
{
    op_fn *const ops[N_SHAPES] = {[SHAPE_4s] = insn_bit(e, 11) ? op_usmmla
                                               : insn_u(e)     ? op_ummla
                                                               : op_smmla};
    return simd_emit(e, ops, SHAPE_4s) != NULL;
}
