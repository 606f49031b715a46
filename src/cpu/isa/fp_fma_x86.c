/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multiply-add handlers that use the x86 FMA3 instructions, chosen at run time when the host has
 * them. Conditions as in cpu/fp/fp_fast.h; otherwise on to op_fp_muladd, with the same operands.
 */
#include <immintrin.h>

#include "cpu/fp/fp_host.h"
#include "cpu/isa/fp_ops.h"

#define FMA_HANDLER(name)                                                                          \
    __attribute__((target("fma"))) static void op_##name(struct cpu *c, const struct op *o,        \
                                                         int64_t budget)

#define D_OF(r) fp_double(c->v[r].d[0])
#define S_OF(r) fp_single((uint32_t)c->v[r].d[0])

/* FMADD a + n*m, FMSUB a - n*m, FNMADD -a - n*m, FNMSUB -a + n*m. */
#define SCALAR_FMA(name, n_sign, a_sign)                                                           \
    FMA_HANDLER(name##_d)                                                                          \
    {                                                                                              \
        if (LIKELY(fp_fast(&c->fp))) {                                                             \
            double addend = a_sign D_OF(fp_form_other(o->imm));                                    \
            uint64_t r = fp_double_bits(__builtin_fma(n_sign D_OF(o->b), D_OF(o->c), addend));     \
            if (LIKELY(fp64_safe(r))) {                                                            \
                c->v[o->a].d[0] = r;                                                               \
                c->v[o->a].d[1] = 0;                                                               \
                NEXT(2);                                                                           \
            }                                                                                      \
        }                                                                                          \
        EXIT_TO(op_fp_muladd(c, o, budget));                                                       \
    }                                                                                              \
    FMA_HANDLER(name##_s)                                                                          \
    {                                                                                              \
        if (LIKELY(fp_fast(&c->fp))) {                                                             \
            float addend = a_sign S_OF(fp_form_other(o->imm));                                     \
            uint32_t r = fp_single_bits(__builtin_fmaf(n_sign S_OF(o->b), S_OF(o->c), addend));    \
            if (LIKELY(fp32_safe(r))) {                                                            \
                c->v[o->a].d[0] = r;                                                               \
                c->v[o->a].d[1] = 0;                                                               \
                NEXT(2);                                                                           \
            }                                                                                      \
        }                                                                                          \
        EXIT_TO(op_fp_muladd(c, o, budget));                                                       \
    }

SCALAR_FMA(fmadd, +, +)
SCALAR_FMA(fmsub, -, +)
SCALAR_FMA(fnmadd, -, -)
SCALAR_FMA(fnmsub, +, -)

#define LOAD4(r) _mm_load_ps((const float *)&c->v[r])
#define LOAD2(r) _mm_load_pd((const double *)&c->v[r])

/* One bit a lane that is finite and above the smallest normal number. */
static inline int safe4(__m128 r)
{
    __m128 v = _mm_andnot_ps(_mm_set1_ps(-0.0F), r);
    __m128 ok = _mm_and_ps(_mm_cmpgt_ps(v, _mm_set1_ps(FLT_MIN)),
                           _mm_cmplt_ps(v, _mm_castsi128_ps(_mm_set1_epi32((int)FP32_INF))));
    return _mm_movemask_ps(ok);
}
static inline int safe2(__m128d r)
{
    __m128d v = _mm_andnot_pd(_mm_set1_pd(-0.0), r);
    __m128d ok =
        _mm_and_pd(_mm_cmpgt_pd(v, _mm_set1_pd(DBL_MIN)),
                   _mm_cmplt_pd(v, _mm_castsi128_pd(_mm_set1_epi64x((long long)FP64_INF))));
    return _mm_movemask_pd(ok);
}

#define VECTOR_FMA(name, fma, second4, second2)                                                    \
    FMA_HANDLER(name##_4s)                                                                         \
    {                                                                                              \
        if (LIKELY(fp_fast(&c->fp))) {                                                             \
            __m128 r = _mm_##fma##_ps(LOAD4(o->b), second4, LOAD4(o->a));                          \
            if (LIKELY(safe4(r) == 15)) {                                                          \
                _mm_store_ps((float *)&c->v[o->a], r);                                             \
                NEXT(2);                                                                           \
            }                                                                                      \
        }                                                                                          \
        EXIT_TO(op_fp_muladd(c, o, budget));                                                       \
    }                                                                                              \
    FMA_HANDLER(name##_2s)                                                                         \
    {                                                                                              \
        if (LIKELY(fp_fast(&c->fp))) {                                                             \
            __m128 r = _mm_##fma##_ps(LOAD4(o->b), second4, LOAD4(o->a));                          \
            if (LIKELY((safe4(r) & 3) == 3)) {                                                     \
                _mm_store_pd((double *)&c->v[o->a],                                                \
                             _mm_move_sd(_mm_setzero_pd(), _mm_castps_pd(r)));                     \
                NEXT(2);                                                                           \
            }                                                                                      \
        }                                                                                          \
        EXIT_TO(op_fp_muladd(c, o, budget));                                                       \
    }                                                                                              \
    FMA_HANDLER(name##_2d)                                                                         \
    {                                                                                              \
        if (LIKELY(fp_fast(&c->fp))) {                                                             \
            __m128d r = _mm_##fma##_pd(LOAD2(o->b), second2, LOAD2(o->a));                         \
            if (LIKELY(safe2(r) == 3)) {                                                           \
                _mm_store_pd((double *)&c->v[o->a], r);                                            \
                NEXT(2);                                                                           \
            }                                                                                      \
        }                                                                                          \
        EXIT_TO(op_fp_muladd(c, o, budget));                                                       \
    }

#define SPLAT4 _mm_set1_ps(((const float *)&c->v[o->c])[o->d])
#define SPLAT2 _mm_set1_pd(((const double *)&c->v[o->c])[o->d])

VECTOR_FMA(fmla, fmadd, LOAD4(o->c), LOAD2(o->c))
VECTOR_FMA(fmls, fnmadd, LOAD4(o->c), LOAD2(o->c))
VECTOR_FMA(fmla_elt, fmadd, SPLAT4, SPLAT2)
VECTOR_FMA(fmls_elt, fnmadd, SPLAT4, SPLAT2)

op_fn *fp_fma_scalar(enum fp_size sz, unsigned negate)
{
    static op_fn *const ops[4][2] = {
        {op_fmadd_s, op_fmadd_d},
        [FP_NEGATE_PRODUCT] = {op_fmsub_s, op_fmsub_d},
        [FP_NEGATE_ADDEND] = {op_fnmsub_s, op_fnmsub_d},
        [FP_NEGATE_PRODUCT | FP_NEGATE_ADDEND] = {op_fnmadd_s, op_fnmadd_d}};
    return sz == FP_H || !fp_host_has_fma() ? NULL : ops[negate][sz == FP_D];
}

op_fn *fp_fma_vector(enum simd_shape shape, bool subtract, bool by_element)
{
    static op_fn *const ops[2][2][3] = {
        {{op_fmla_2s, op_fmla_4s, op_fmla_2d}, {op_fmla_elt_2s, op_fmla_elt_4s, op_fmla_elt_2d}},
        {{op_fmls_2s, op_fmls_4s, op_fmls_2d}, {op_fmls_elt_2s, op_fmls_elt_4s, op_fmls_elt_2d}},
    };
    return fp_host_has_fma() ? ops[subtract][by_element][shape] : NULL;
}
