/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arithmetic entries of fp.h: by the host where fp_fast.h says that it is the same, else in
 * integers (fp_arith.c).
 *
 * Whether a result is inexact is found out by error-free transformations (Dekker, Knuth): the
 * rounding error of a sum, product, quotient or root is itself a number that the host can compute
 * exactly, unless it underflows. So nothing depends on host status flags. A single's product is
 * exact as a double, which makes most of it simpler there.
 */
#include "cpu/fp/fp_fast.h"
#include "cpu/fp/fp_host.h"
#include "cpu/fp/fp_soft.h"

enum host_op { HOST_ADD, HOST_SUB, HOST_MUL, HOST_DIV, HOST_SQRT, HOST_MULADD };

enum verdict { EXACT, INEXACT, UNSURE };

static inline enum verdict inexact_if(bool inexact)
{
    return inexact ? INEXACT : EXACT;
}

/* ---- double ---- */

/* Far from the ends: errors of products of such size are representable. */
static inline bool moderate(double x)
{
    double m = __builtin_fabs(x);
    return m < 0x1p900 && m > 0x1p-900;
}

/* a + b - sum, exactly, if sum is rounded a + b and nothing overflows. */
static inline double sum_error(double a, double b, double sum)
{
    double bb = sum - a;
    return (a - (sum - bb)) + (b - bb);
}

static inline enum verdict sum_verdict(double a, double b, double sum)
{
    bool huge = __builtin_fabs(a) > 0x1p1020 || __builtin_fabs(b) > 0x1p1020;
    return huge ? UNSURE : inexact_if(sum_error(a, b, sum) != 0);
}

/* a * b + c = s + t + e with e, t errors of the product and the sum: exact if it is all in s. */
static enum verdict muladd_verdict(double a, double b, double c)
{
    double p = a * b;
    if (!moderate(p) || (c != 0 && !moderate(c))) {
        return UNSURE;
    }
    double e = fp_host_fma(a, b, -p), s = p + c, t = sum_error(p, c, s), u = t + e;
    if (sum_error(t, e, u) != 0) {
        return UNSURE;
    }
    return inexact_if(sum_error(s, u, s + u) != 0);
}

static inline enum verdict verdict64(enum host_op op, double a, double b, double c, double r)
{
    if (op == HOST_ADD) {
        return sum_verdict(a, b, r);
    }
    if (op == HOST_SUB) {
        return sum_verdict(a, -b, r);
    }
    if (!fp_host_has_fma()) {
        return UNSURE;
    }
    switch (op) {
    case HOST_MUL:
        return moderate(r) ? inexact_if(fp_host_fma(a, b, -r) != 0) : UNSURE;
    case HOST_DIV:
        return moderate(a) && moderate(r) ? inexact_if(fp_host_fma(r, b, -a) != 0) : UNSURE;
    case HOST_SQRT:
        return moderate(a) ? inexact_if(fp_host_fma(r, r, -a) != 0) : UNSURE;
    default:
        return muladd_verdict(a, b, c);
    }
}

static inline double compute64(enum host_op op, double a, double b, double c)
{
    switch (op) {
    case HOST_ADD:
        return a + b;
    case HOST_SUB:
        return a - b;
    case HOST_MUL:
        return a * b;
    case HOST_DIV:
        return a / b;
    case HOST_SQRT:
        return __builtin_sqrt(a);
    default:
        return fp_host_fma(a, b, c);
    }
}

/* ---- single ---- */

static inline float sum_errorf(float a, float b, float sum)
{
    float bb = sum - a;
    return (a - (sum - bb)) + (b - bb);
}

static inline enum verdict sum_verdictf(float a, float b, float sum)
{
    bool huge = __builtin_fabsf(a) > 0x1p124F || __builtin_fabsf(b) > 0x1p124F;
    return huge ? UNSURE : inexact_if(sum_errorf(a, b, sum) != 0);
}

static inline enum verdict verdict32(enum host_op op, float a, float b, float c, float r)
{
    double x = a, y = b, z = c, d = r;

    switch (op) {
    case HOST_ADD:
        return sum_verdictf(a, b, r);
    case HOST_SUB:
        return sum_verdictf(a, -b, r);
    case HOST_MUL:
        return inexact_if(x * y != d);
    case HOST_DIV:
        return inexact_if(d * y != x);
    case HOST_SQRT:
        return inexact_if(d * d != x);
    default:
        /* An inexact sum of doubles has more bits than a single. */
        return inexact_if(x * y + z != d || sum_error(x * y, z, d) != 0);
    }
}

static inline float compute32(enum host_op op, float a, float b, float c)
{
    switch (op) {
    case HOST_ADD:
        return a + b;
    case HOST_SUB:
        return a - b;
    case HOST_MUL:
        return a * b;
    case HOST_DIV:
        return a / b;
    case HOST_SQRT:
        return __builtin_sqrtf(a);
    default:
        return fp_host_fmaf(a, b, c);
    }
}

/* ---- entries ---- */

/* Sums and roots cannot be denormal and inexact; products and quotients can. */
static inline bool may_be_denormal(enum host_op op)
{
    return op == HOST_ADD || op == HOST_SUB || op == HOST_SQRT;
}

/* Take a verdict. False: compute in integers. */
static inline bool settle(struct fp_env *env, enum verdict v)
{
    env->fpsr |= v == INEXACT ? FPSR_IXC : 0;
    return v != UNSURE;
}

static inline bool by_host64(struct fp_env *env, enum host_op op, const uint64_t v[3],
                             uint64_t *out)
{
    double a = fp_double(v[0]), b = fp_double(v[1]), c = fp_double(v[2]);
    double r = compute64(op, a, b, c);

    *out = fp_double_bits(r);
    if (may_be_denormal(op) ? !fp64_finite(*out) : !fp64_safe(*out)) {
        return false;
    }
    return (env->fpsr & FPSR_IXC) || settle(env, verdict64(op, a, b, c, r));
}

static inline bool by_host32(struct fp_env *env, enum host_op op, const uint64_t v[3],
                             uint64_t *out)
{
    float a = fp_single((uint32_t)v[0]), b = fp_single((uint32_t)v[1]);
    float c = fp_single((uint32_t)v[2]), r = compute32(op, a, b, c);

    *out = fp_single_bits(r);
    if (may_be_denormal(op) ? !fp32_finite((uint32_t)*out) : !fp32_safe((uint32_t)*out)) {
        return false;
    }
    return (env->fpsr & FPSR_IXC) || settle(env, verdict32(op, a, b, c, r));
}

static inline __attribute__((always_inline)) bool by_host(struct fp_env *env, enum host_op op,
                                                          enum fp_size sz, uint64_t a, uint64_t b,
                                                          uint64_t c, uint64_t *out)
{
    const uint64_t v[3] = {a, b, c};

    if (!fp_plain(env) || (sz != FP_D && sz != FP_S) || (op == HOST_MULADD && !fp_host_has_fma())) {
        return false;
    }
    return sz == FP_D ? by_host64(env, op, v, out) : by_host32(env, op, v, out);
}

uint64_t fp_add(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    uint64_t r;
    return by_host(env, HOST_ADD, sz, a, b, 0, &r) ? r : fp_soft_add(env, sz, a, b);
}

uint64_t fp_sub(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    uint64_t r;
    return by_host(env, HOST_SUB, sz, a, b, 0, &r) ? r : fp_soft_sub(env, sz, a, b);
}

uint64_t fp_mul(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    uint64_t r;
    return by_host(env, HOST_MUL, sz, a, b, 0, &r) ? r : fp_soft_mul(env, sz, a, b);
}

uint64_t fp_div(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    uint64_t r;
    return by_host(env, HOST_DIV, sz, a, b, 0, &r) ? r : fp_soft_div(env, sz, a, b);
}

uint64_t fp_sqrt(struct fp_env *env, enum fp_size sz, uint64_t a)
{
    uint64_t r;
    return by_host(env, HOST_SQRT, sz, a, 0, 0, &r) ? r : fp_soft_sqrt(env, sz, a);
}

uint64_t fp_muladd(struct fp_env *env, enum fp_size sz, uint64_t addend, uint64_t a, uint64_t b)
{
    uint64_t r;
    return by_host(env, HOST_MULADD, sz, a, b, addend, &r) ? r
                                                           : fp_soft_muladd(env, sz, addend, a, b);
}
