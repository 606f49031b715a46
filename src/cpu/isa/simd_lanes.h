/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the Advanced SIMD integer files write their handlers: one expression on one lane, looped over
 * the lanes of an arrangement (shape). The loops have constant bounds and a local result, which
 * compilers turn into host vector instructions. Host lanes are little-endian like the guest's.
 *
 *     LANEWISE(shl, 4h, i, a << n)        op_shl_4h: each of 4 half-words
 *     OPERATION(BHSD, shl, i, a << n)     the same for all shapes, and the table shl_ops
 *
 * An expression sees the unsigned lanes a (Vn), b (Vm) and d (Vd), the immediate n, the types U and
 * S of a lane and its size BITS; q accumulates what becomes FPSR.QC. Bits above a narrow or scalar
 * result are zero.
 */
#ifndef CPU_ISA_SIMD_LANES_H
#define CPU_ISA_SIMD_LANES_H

#include "cpu/isa/emit.h"

/* clang-format off */
#define SIMD_SHAPES(X)                                                                             \
    X(8b, 8, 8) X(16b, 8, 16) X(4h, 16, 4) X(8h, 16, 8) X(2s, 32, 2) X(4s, 32, 4)                  \
    X(1d, 64, 1) X(2d, 64, 2) X(b, 8, 1) X(h, 16, 1) X(s, 32, 1)
/* clang-format on */

/* Vectors are at size:Q, a scalar doubleword at 1d. */
#define SHAPE_ENUM(sh, bits, lanes) SHAPE_##sh,
enum simd_shape { SIMD_SHAPES(SHAPE_ENUM) N_SHAPES };
#undef SHAPE_ENUM

#define SHAPE_TYPES(sh, bits, lanes)                                                               \
    typedef uint##bits##_t u_##sh;                                                                 \
    typedef int##bits##_t s_##sh;                                                                  \
    enum { BITS_##sh = bits, LANES_##sh = lanes };
SIMD_SHAPES(SHAPE_TYPES)
#undef SHAPE_TYPES

/* Sets of shapes. M(shape, ...) */
#define FOR_B(M, ...)    M(8b, __VA_ARGS__) M(16b, __VA_ARGS__)
#define FOR_H(M, ...)    M(4h, __VA_ARGS__) M(8h, __VA_ARGS__)
#define FOR_S(M, ...)    M(2s, __VA_ARGS__) M(4s, __VA_ARGS__)
#define FOR_D(M, ...)    M(1d, __VA_ARGS__) M(2d, __VA_ARGS__)
#define FOR_BH(M, ...)   FOR_B(M, __VA_ARGS__) FOR_H(M, __VA_ARGS__)
#define FOR_HS(M, ...)   FOR_H(M, __VA_ARGS__) FOR_S(M, __VA_ARGS__)
#define FOR_BHS(M, ...)  FOR_B(M, __VA_ARGS__) FOR_HS(M, __VA_ARGS__)
#define FOR_BHSD(M, ...) FOR_BHS(M, __VA_ARGS__) FOR_D(M, __VA_ARGS__)
/* with the scalars b, h, s */
#define FOR_HS_SCALAR(M, ...) FOR_HS(M, __VA_ARGS__) M(h, __VA_ARGS__) M(s, __VA_ARGS__)
#define FOR_BHSD_SCALAR(M, ...)                                                                    \
    FOR_BHSD(M, __VA_ARGS__) M(b, __VA_ARGS__) M(h, __VA_ARGS__) M(s, __VA_ARGS__)
/* a shape of 64 bits or a scalar, and the shape of twice as wide elements */
#define FOR_LONG(M, ...)    M(8b, 8h, __VA_ARGS__) M(4h, 4s, __VA_ARGS__) M(2s, 2d, __VA_ARGS__)
#define FOR_LONG_HS(M, ...) M(4h, 4s, __VA_ARGS__) M(2s, 2d, __VA_ARGS__)
#define FOR_LONG_SATURATING(M, ...)                                                                \
    M(4h, 4s, __VA_ARGS__) M(2s, 2d, __VA_ARGS__) M(h, s, __VA_ARGS__) M(s, 1d, __VA_ARGS__)
#define FOR_NARROW_SCALAR(M, ...)                                                                  \
    FOR_LONG(M, __VA_ARGS__) M(b, h, __VA_ARGS__) M(h, s, __VA_ARGS__) M(s, 1d, __VA_ARGS__)

#define MAYBE_UNUSED __attribute__((unused))

/* Handlers are indexed by shape; NULL is unallocated. */
typedef op_fn *const shape_ops[N_SHAPES];
#define SHAPE_ENTRY(sh, name)            [SHAPE_##sh] = op_##name##_##sh,
#define SHAPE_ENTRY_LONG(sh, wide, name) [SHAPE_##sh] = op_##name##_##sh,

#define LANE_TYPES(sh)                                                                             \
    typedef u_##sh U MAYBE_UNUSED;                                                                 \
    typedef s_##sh S MAYBE_UNUSED;                                                                 \
    enum { BITS = BITS_##sh, LANES = LANES_##sh };                                                 \
    MAYBE_UNUSED const unsigned n = o->imm;                                                        \
    U q = 0;

#define SET_QC(q)                                                                                  \
    if ((q) != 0) {                                                                                \
        c->fp.fpsr |= FPSR_QC;                                                                     \
    }

/* Vd[i] = expression of Vn[i], Vm[k], Vd[i] */
#define LANEWISE(name, sh, k, ...)                                                                 \
    HANDLER(name##_##sh)                                                                           \
    {                                                                                              \
        LANE_TYPES(sh)                                                                             \
        const U *vn = (const U *)&c->v[o->b], *vm = (const U *)&c->v[o->c];                        \
        const U *vd = (const U *)&c->v[o->a];                                                      \
        vreg_t t = {{0, 0}};                                                                       \
        for (unsigned i = 0; i < LANES; i++) {                                                     \
            MAYBE_UNUSED const U a = vn[i], b = vm[k], d = vd[i];                                  \
            ((U *)&t)[i] = (U)(__VA_ARGS__);                                                       \
        }                                                                                          \
        c->v[o->a] = t;                                                                            \
        SET_QC(q)                                                                                  \
        NEXT(1);                                                                                   \
    }
#define LANEWISE_(sh, name, k, ...) LANEWISE(name, sh, k, __VA_ARGS__)
#define OPERATION(shapes, name, k, ...)                                                            \
    FOR_##shapes(LANEWISE_, name, k,                                                               \
                 __VA_ARGS__) static shape_ops name##_ops = {FOR_##shapes(SHAPE_ENTRY, name)};

/*
 * Long: Vd[i] (wide) = expression of the sign-extended or zero-extended Vn[i], Vm[k] and of Vd[i];
 * w is Vn[i] as a wide lane. U, S, BITS and q are of the wide lanes; X is S or U as `sign` says.
 * op.d selects the upper half of Vn; `half` that of Vm.
 */
#define LONGWISE(name, sign, sh, wide, half, k, ...)                                               \
    HANDLER(name##_##sh)                                                                           \
    {                                                                                              \
        LANE_TYPES(wide)                                                                           \
        typedef sign##_##wide X MAYBE_UNUSED;                                                      \
        const sign##_##sh *vn = (const sign##_##sh *)&c->v[o->b].d[o->d];                          \
        const sign##_##sh *vm = (const sign##_##sh *)&c->v[o->c].d[half];                          \
        const U *vd = (const U *)&c->v[o->a], *wn = (const U *)&c->v[o->b];                        \
        vreg_t t = {{0, 0}};                                                                       \
        for (unsigned i = 0; i < LANES; i++) {                                                     \
            MAYBE_UNUSED const U a = (U)vn[i], b = (U)vm[k], d = vd[i], w = wn[i];                 \
            ((U *)&t)[i] = (U)(__VA_ARGS__);                                                       \
        }                                                                                          \
        c->v[o->a] = t;                                                                            \
        SET_QC(q)                                                                                  \
        NEXT(1);                                                                                   \
    }
#define LONGWISE_(sh, wide, name, sign, half, k, ...)                                              \
    LONGWISE(name, sign, sh, wide, half, k, __VA_ARGS__)
#define LONG_OPERATION(shapes, name, sign, half, k, ...)                                           \
    FOR_##shapes(LONGWISE_, name, sign, half, k, __VA_ARGS__) static shape_ops name##_ops = {      \
        FOR_##shapes(SHAPE_ENTRY_LONG, name)};

/*
 * Narrow: half op.d of Vd = expression of the wide Vn[i], Vm[i]; NBITS is the size of a result
 * lane. Writing the lower half clears the upper one.
 */
#define NARROWWISE(name, sh, wide, ...)                                                            \
    HANDLER(name##_##sh)                                                                           \
    {                                                                                              \
        LANE_TYPES(wide)                                                                           \
        typedef u_##sh N;                                                                          \
        enum { NBITS = BITS_##sh };                                                                \
        const U *vn = (const U *)&c->v[o->b], *vm = (const U *)&c->v[o->c];                        \
        uint64_t t = 0;                                                                            \
        for (unsigned i = 0; i < LANES; i++) {                                                     \
            MAYBE_UNUSED const U a = vn[i], b = vm[i];                                             \
            ((N *)&t)[i] = (N)(__VA_ARGS__);                                                       \
        }                                                                                          \
        c->v[o->a].d[1] = 0;                                                                       \
        c->v[o->a].d[o->d] = t;                                                                    \
        SET_QC(q)                                                                                  \
        NEXT(1);                                                                                   \
    }
#define NARROWWISE_(sh, wide, name, ...) NARROWWISE(name, sh, wide, __VA_ARGS__)
#define NARROW_OPERATION(shapes, name, ...)                                                        \
    FOR_##shapes(NARROWWISE_, name, __VA_ARGS__) static shape_ops name##_ops = {                   \
        FOR_##shapes(SHAPE_ENTRY_LONG, name)};

/* ---- lane expressions ---- */

#define ALL_IF(cond)  ((U) - (cond))
#define LANE_SMAX     ((U)((U) ~(U)0 >> 1))
#define LANE_SMIN     ((U)(LANE_SMAX + 1))
#define PRODUCT(x, y) (UINT32_C(1) * (x) * (y)) /* no signed overflow of promoted operands */
/* overflow is all ones or zero */
#define SATURATE_IF(overflow, limit, x)                                                            \
    ({                                                                                             \
        const U o_ = (U)(overflow);                                                                \
        q |= o_;                                                                                   \
        ((U)(limit) & o_) | ((U)(x) & ~o_);                                                        \
    })
#define LIMIT_OF_SIGN(x) ((U)((S)(x) >> (BITS - 1)) ^ LANE_SMAX)
#define SIGN_MASK(x)     ((U)((S)(U)(x) >> (BITS - 1)))

#define SQADD(x, y)                                                                                \
    ({                                                                                             \
        const U r_ = (U)((x) + (y));                                                               \
        SATURATE_IF(SIGN_MASK(((x) ^ r_) & ((y) ^ r_)), LIMIT_OF_SIGN(x), r_);                     \
    })
#define SQSUB(x, y)                                                                                \
    ({                                                                                             \
        const U r_ = (U)((x) - (y));                                                               \
        SATURATE_IF(SIGN_MASK(((x) ^ (y)) & ((x) ^ r_)), LIMIT_OF_SIGN(x), r_);                    \
    })

/* v clamped to [lo, hi], all int64_t. */
#define CLAMP_LANE(v, lo, hi)                                                                      \
    ({                                                                                             \
        const int64_t v_ = (v), l_ = (lo), h_ = (hi);                                              \
        q |= (U)(v_ < l_) | (U)(v_ > h_);                                                          \
        v_<l_ ? l_ : v_> h_ ? h_ : v_;                                                             \
    })
#define SIGNED_MAX(bits)        ((int64_t)(UINT64_MAX >> (65 - (bits))))
#define CLAMP_SIGNED(v, bits)   CLAMP_LANE(v, -SIGNED_MAX(bits) - 1, SIGNED_MAX(bits))
#define CLAMP_UNSIGNED(v, bits) CLAMP_LANE(v, 0, (int64_t)(UINT64_MAX >> (64 - (bits))))

/* Of h and s lanes: doubling multiply, upper half. Halved, so that int64_t does. */
#define DOUBLED_HIGH(addend, product, round)                                                       \
    CLAMP_SIGNED((((int64_t)(S)(addend) * (INT64_C(1) << (BITS - 1))) + (product) +                \
                  ((round) ? INT64_C(1) << (BITS - 2) : 0)) >>                                     \
                     (BITS - 1),                                                                   \
                 BITS)
#define SIGNED_PRODUCT(x, y) ((int64_t)(S)(x) * (S)(y))
#define SQDMULH(x, y)        DOUBLED_HIGH(0, SIGNED_PRODUCT(x, y), false)
#define SQRDMULH(x, y)       DOUBLED_HIGH(0, SIGNED_PRODUCT(x, y), true)
#define SQRDMLAH(z, x, y)    DOUBLED_HIGH(z, SIGNED_PRODUCT(x, y), true)
#define SQRDMLSH(z, x, y)    DOUBLED_HIGH(z, -SIGNED_PRODUCT(x, y), true)

/* Of wide lanes that hold sign-extended h or s: 2 * x * y; only the most negative values overflow.
 */
#define SQDMULL(x, y)                                                                              \
    ({                                                                                             \
        const int64_t p_ = SIGNED_PRODUCT(x, y);                                                   \
        const U r_ = (U)((uint64_t)p_ << 1);                                                       \
        SATURATE_IF(ALL_IF(p_ == INT64_C(1) << (BITS - 2)), LANE_SMAX, r_);                        \
    })
#define SQDMLAL(z, x, y)                                                                           \
    ({                                                                                             \
        const U product_ = SQDMULL(x, y);                                                          \
        SQADD(z, product_);                                                                        \
    })
#define SQDMLSL(z, x, y)                                                                           \
    ({                                                                                             \
        const U product_ = SQDMULL(x, y);                                                          \
        SQSUB(z, product_);                                                                        \
    })

/* ---- emitting ---- */

enum simd_kind { SIMD_VECTOR, SIMD_SCALAR };

/* The shape by size:Q, or of a scalar of that size. N_SHAPES: reserved. */
static inline unsigned simd_shape(const struct emit *e, enum simd_kind kind, unsigned size)
{
    if (kind == SIMD_SCALAR) {
        return size == 3 ? SHAPE_1d : SHAPE_b + size;
    }
    unsigned shape = size << 1 | insn_q(e);
    return shape == SHAPE_1d ? N_SHAPES : shape;
}

/* The narrower shape of a long or narrow instruction. */
static inline unsigned simd_half_shape(enum simd_kind kind, unsigned size)
{
    return size == 3 ? N_SHAPES : kind == SIMD_SCALAR ? SHAPE_b + size : size << 1;
}

/* NULL if there is no such operation in that shape. */
static inline struct op *simd_emit(struct emit *e, op_fn *const *ops, unsigned shape)
{
    if (ops == NULL || shape >= N_SHAPES || ops[shape] == NULL) {
        return NULL;
    }
    struct op *o = emit_op(e, ops[shape]);
    o->a = (uint8_t)insn_rd(e);
    o->b = (uint8_t)insn_rn(e);
    o->c = (uint8_t)insn_rm(e);
    return o;
}

#endif
