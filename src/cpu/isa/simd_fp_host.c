/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advanced SIMD arithmetic by the host, in GCC vector types. Every lane must satisfy the conditions
 * of cpu/fp/fp_fast.h; else the whole instruction goes to the generic operation, which has the same
 * operands. Multiply-add is in fp_fma_x86.c.
 */
#include "cpu/isa/simd_fp_host.h"

#include "cpu/isa/fp_ops.h"

typedef float vec_s __attribute__((vector_size(16)));
typedef double vec_d __attribute__((vector_size(16)));
typedef int32_t int_s __attribute__((vector_size(16)));
typedef int64_t int_d __attribute__((vector_size(16)));

/* What follows exists for singles (_s) and doubles (_d); tests give all ones in lanes that pass. */
static inline int_s abs_s(vec_s v)
{
    return (int_s)v & INT32_MAX;
}
static inline int_d abs_d(vec_d v)
{
    return (int_d)v & INT64_MAX;
}

static inline int_s finite_s(vec_s r, vec_s n, vec_s m)
{
    const int_s inf = {FP32_INF, FP32_INF, FP32_INF, FP32_INF};
    return (vec_s)abs_s(r) < (vec_s)inf;
}
static inline int_d finite_d(vec_d r, vec_d n, vec_d m)
{
    const int_d inf = {FP64_INF, FP64_INF};
    return (vec_d)abs_d(r) < (vec_d)inf;
}

static inline int_s safe_s(vec_s r, vec_s n, vec_s m)
{
    const int_s min = {FP32_MIN_NORMAL, FP32_MIN_NORMAL, FP32_MIN_NORMAL, FP32_MIN_NORMAL};
    return ((vec_s)abs_s(r) > (vec_s)min) & finite_s(r, n, m);
}
static inline int_d safe_d(vec_d r, vec_d n, vec_d m)
{
    const int_d min = {FP64_MIN_NORMAL, FP64_MIN_NORMAL};
    return ((vec_d)abs_d(r) > (vec_d)min) & finite_d(r, n, m);
}

/* No NaN among the operands: comparisons raise nothing then. */
static inline int_s ordered_s(vec_s r, vec_s n, vec_s m)
{
    return (n == n) & (m == m);
}
static inline int_d ordered_d(vec_d r, vec_d n, vec_d m)
{
    return (n == n) & (m == m);
}
static inline int_s number_s(vec_s r, vec_s n, vec_s m)
{
    return n == n;
}
static inline int_d number_d(vec_d r, vec_d n, vec_d m)
{
    return n == n;
}

/* Integers are always in range of the format; the other direction is not. */
static inline int_s any_s(vec_s r, vec_s n, vec_s m)
{
    return (int_s){-1, -1, -1, -1};
}
static inline int_d any_d(vec_d r, vec_d n, vec_d m)
{
    return (int_d){-1, -1};
}
static inline int_s in_range_s(vec_s r, vec_s n, vec_s m)
{
    const vec_s limit = {0x1p31F, 0x1p31F, 0x1p31F, 0x1p31F};
    return (vec_s)abs_s(n) < limit;
}
static inline int_d in_range_d(vec_d r, vec_d n, vec_d m)
{
    const vec_d limit = {0x1p63, 0x1p63};
    return (vec_d)abs_d(n) < limit;
}

/* ---- results ---- */

#define ARITHMETIC(name, op)                                                                       \
    static inline vec_s name##_s(vec_s n, vec_s m)                                                 \
    {                                                                                              \
        return n op m;                                                                             \
    }                                                                                              \
    static inline vec_d name##_d(vec_d n, vec_d m)                                                 \
    {                                                                                              \
        return n op m;                                                                             \
    }
ARITHMETIC(add, +)
ARITHMETIC(sub, -)
ARITHMETIC(mul, *)
ARITHMETIC(div, /)

/* Comparisons of operands, of their absolute values, with zero. */
#define COMPARISON(name, left, op, right)                                                          \
    static inline vec_s name##_s(vec_s n, vec_s m)                                                 \
    {                                                                                              \
        return (vec_s)(left##_s(n) op right##_s(m));                                               \
    }                                                                                              \
    static inline vec_d name##_d(vec_d n, vec_d m)                                                 \
    {                                                                                              \
        return (vec_d)(left##_d(n) op right##_d(m));                                               \
    }
#define SELF_s(v) (v)
#define SELF_d(v) (v)
#define ABS_s(v)  ((vec_s)abs_s(v))
#define ABS_d(v)  ((vec_d)abs_d(v))
#define ZERO_s(v) ((vec_s){0, 0, 0, 0})
#define ZERO_d(v) ((vec_d){0, 0})
COMPARISON(eq, SELF, ==, SELF)
COMPARISON(ge, SELF, >=, SELF)
COMPARISON(gt, SELF, >, SELF)
COMPARISON(abs_ge, ABS, >=, ABS)
COMPARISON(abs_gt, ABS, >, ABS)
COMPARISON(zero_eq, SELF, ==, ZERO)
COMPARISON(zero_ge, SELF, >=, ZERO)
COMPARISON(zero_gt, SELF, >, ZERO)
COMPARISON(zero_le, SELF, <=, ZERO)
COMPARISON(zero_lt, SELF, <, ZERO)

/* Equal operands are the same bits or zeros, of which the sign decides: and for the maximum, or for
 * the minimum. */
static inline vec_s max_s(vec_s n, vec_s m)
{
    int_s gt = n > m, eq = n == m;
    return (vec_s)(((int_s)n & gt) | ((int_s)m & ~gt & ((int_s)n | ~eq)));
}
static inline vec_d max_d(vec_d n, vec_d m)
{
    int_d gt = n > m, eq = n == m;
    return (vec_d)(((int_d)n & gt) | ((int_d)m & ~gt & ((int_d)n | ~eq)));
}
static inline vec_s min_s(vec_s n, vec_s m)
{
    int_s lt = n < m, eq = n == m;
    return (vec_s)(((int_s)n & lt) | (~lt & ((int_s)m | ((int_s)n & eq))));
}
static inline vec_d min_d(vec_d n, vec_d m)
{
    int_d lt = n < m, eq = n == m;
    return (vec_d)(((int_d)n & lt) | (~lt & ((int_d)m | ((int_d)n & eq))));
}

static inline vec_s from_int_s(vec_s n, vec_s m)
{
    return __builtin_convertvector((int_s)n, vec_s);
}
static inline vec_d from_int_d(vec_d n, vec_d m)
{
    return __builtin_convertvector((int_d)n, vec_d);
}
static inline vec_s to_int_s(vec_s n, vec_s m)
{
    return (vec_s) __builtin_convertvector(n, int_s);
}
static inline vec_d to_int_d(vec_d n, vec_d m)
{
    return (vec_d) __builtin_convertvector(n, int_d);
}

/* FADDP: the sums of even and odd elements of the two registers; _h of their lower halves. */
static inline vec_s addp_s(vec_s n, vec_s m)
{
    return (vec_s){n[0], n[2], m[0], m[2]} + (vec_s){n[1], n[3], m[1], m[3]};
}
static inline vec_s addp_h(vec_s n, vec_s m)
{
    return (vec_s){n[0], m[0], 0, 0} + (vec_s){n[1], m[1], 0, 0};
}
static inline vec_d addp_d(vec_d n, vec_d m)
{
    return (vec_d){n[0], m[0]} + (vec_d){n[1], m[1]};
}

static inline vec_s splat_s(const vreg_t *v, unsigned i)
{
    float f = fp_single((uint32_t)lane_get(v, FP_S, i));
    return (vec_s){f, f, f, f};
}
static inline vec_d splat_d(const vreg_t *v, unsigned i)
{
    double d = fp_double(v->d[i]);
    return (vec_d){d, d};
}

/* ---- handlers ---- */

/* full: all 128 bits, or only the lower 64 count. second: the second operand. */
#define HOST_HANDLER(name, t, full, condition, generic, second, result, accept)                    \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        if (LIKELY(condition(&c->fp))) {                                                           \
            vec_##t n = *(const vec_##t *)&c->v[o->b], m = second;                                 \
            vec_##t r = result(n, m);                                                              \
            int_d ok = (int_d)accept##_##t(r, n, m);                                               \
            if (LIKELY((full ? ok[0] & ok[1] : ok[0]) == -1)) {                                    \
                const int_d keep = {-1, full ? -1 : 0};                                            \
                *(int_d *)&c->v[o->a] = (int_d)r & keep;                                           \
                NEXT(2);                                                                           \
            }                                                                                      \
        }                                                                                          \
        EXIT_TO(generic(c, o, budget));                                                            \
    }

#define SECOND_s  (*(const vec_s *)&c->v[o->c])
#define SECOND_d  (*(const vec_d *)&c->v[o->c])
#define ELEMENT_s splat_s(&c->v[o->c], o->d)
#define ELEMENT_d splat_d(&c->v[o->c], o->d)

#define HOST_SHAPES(name, condition, generic, second, result, accept)                              \
    HOST_HANDLER(name##_2s, s, false, condition, generic, second##_s, result##_s, accept)          \
    HOST_HANDLER(name##_4s, s, true, condition, generic, second##_s, result##_s, accept)           \
    HOST_HANDLER(name##_2d, d, true, condition, generic, second##_d, result##_d, accept)

HOST_SHAPES(fadd, fp_fast, op_fp_binary, SECOND, add, finite)
HOST_SHAPES(fsub, fp_fast, op_fp_binary, SECOND, sub, finite)
HOST_SHAPES(fmul, fp_fast, op_fp_binary, SECOND, mul, safe)
HOST_SHAPES(fmul_elt, fp_fast, op_fp_binary, ELEMENT, mul, safe)
HOST_SHAPES(fdiv, fp_fast, op_fp_binary, SECOND, div, safe)
HOST_SHAPES(fmax, fp_plain, op_fp_binary, SECOND, max, ordered)
HOST_SHAPES(fmin, fp_plain, op_fp_binary, SECOND, min, ordered)
HOST_SHAPES(fcmeq, fp_plain, op_fp_binary, SECOND, eq, ordered)
HOST_SHAPES(fcmge, fp_plain, op_fp_binary, SECOND, ge, ordered)
HOST_SHAPES(fcmgt, fp_plain, op_fp_binary, SECOND, gt, ordered)
HOST_SHAPES(facge, fp_plain, op_fp_binary, SECOND, abs_ge, ordered)
HOST_SHAPES(facgt, fp_plain, op_fp_binary, SECOND, abs_gt, ordered)
HOST_SHAPES(fcmeq0, fp_plain, op_fp_unary, SECOND, zero_eq, number)
HOST_SHAPES(fcmge0, fp_plain, op_fp_unary, SECOND, zero_ge, number)
HOST_SHAPES(fcmgt0, fp_plain, op_fp_unary, SECOND, zero_gt, number)
HOST_SHAPES(fcmle0, fp_plain, op_fp_unary, SECOND, zero_le, number)
HOST_SHAPES(fcmlt0, fp_plain, op_fp_unary, SECOND, zero_lt, number)
HOST_SHAPES(scvtf, fp_fast, op_fp_unary, SECOND, from_int, any)
HOST_SHAPES(fcvtzs, fp_fast, op_fp_unary, SECOND, to_int, in_range)

HOST_HANDLER(faddp_2s, s, false, fp_fast, op_fp_pairwise, SECOND_s, addp_h, finite)
HOST_HANDLER(faddp_4s, s, true, fp_fast, op_fp_pairwise, SECOND_s, addp_s, finite)
HOST_HANDLER(faddp_2d, d, true, fp_fast, op_fp_pairwise, SECOND_d, addp_d, finite)

/* FABS, FNEG without FPCR.AH: sign bits only. */
#define SIGN_HANDLER(name, sign, full, change)                                                     \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        const int_d bits = {(int64_t)(sign), full ? (int64_t)(sign) : -1};                         \
        int_d v = *(const int_d *)&c->v[o->b];                                                     \
        const int_d keep = {-1, full ? -1 : 0};                                                    \
        if (UNLIKELY(c->fp.fpcr & FPCR_AH)) {                                                      \
            EXIT_TO(op_fp_unary(c, o, budget));                                                    \
        }                                                                                          \
        *(int_d *)&c->v[o->a] = (v change bits) & keep;                                            \
        NEXT(2);                                                                                   \
    }
#define SIGNS_S UINT64_C(0x8000000080000000)
#define SIGNS_D UINT64_C(0x8000000000000000)
SIGN_HANDLER(fabs_2s, SIGNS_S, false, &~)
SIGN_HANDLER(fabs_4s, SIGNS_S, true, &~)
SIGN_HANDLER(fabs_2d, SIGNS_D, true, &~)
SIGN_HANDLER(fneg_2s, SIGNS_S, false, ^)
SIGN_HANDLER(fneg_4s, SIGNS_S, true, ^)
SIGN_HANDLER(fneg_2d, SIGNS_D, true, ^)

op_fn *simd_fp_host(enum simd_fp_host_op op, enum simd_shape shape)
{
#define ROW(name) {op_##name##_2s, op_##name##_4s, op_##name##_2d}
    static op_fn *const rows[SIMD_HOST_OPS][3] = {
        [SIMD_FADD] = ROW(fadd),         [SIMD_FSUB] = ROW(fsub),     [SIMD_FMUL] = ROW(fmul),
        [SIMD_FMUL_ELT] = ROW(fmul_elt), [SIMD_FDIV] = ROW(fdiv),     [SIMD_FMAX] = ROW(fmax),
        [SIMD_FMIN] = ROW(fmin),         [SIMD_FMAXNM] = ROW(fmax),   [SIMD_FMINNM] = ROW(fmin),
        [SIMD_FCMEQ] = ROW(fcmeq),       [SIMD_FCMGE] = ROW(fcmge),   [SIMD_FCMGT] = ROW(fcmgt),
        [SIMD_FACGE] = ROW(facge),       [SIMD_FACGT] = ROW(facgt),   [SIMD_FADDP] = ROW(faddp),
        [SIMD_FCMEQ0] = ROW(fcmeq0),     [SIMD_FCMGE0] = ROW(fcmge0), [SIMD_FCMGT0] = ROW(fcmgt0),
        [SIMD_FCMLE0] = ROW(fcmle0),     [SIMD_FCMLT0] = ROW(fcmlt0), [SIMD_FABS] = ROW(fabs),
        [SIMD_FNEG] = ROW(fneg),         [SIMD_SCVTF] = ROW(scvtf),   [SIMD_FCVTZS] = ROW(fcvtzs),
    };
#undef ROW
    return rows[op][shape];
}
