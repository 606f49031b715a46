/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BFloat16 dot products and widening multiply-add.
 *
 * Arm DDI 0487, functions/float: BFDotAdd, BFMulH, FPAdd_BF16, BFRound, BFMulAddH; FPDot for the
 * extended behaviour of FEAT_EBF16 (FPCR.EBF, RES0 without it).
 */
#include "cpu/fp/fp_soft.h"

/* BFUnpack: denormals are zeros, NaNs are all alike, nothing is reported. v is a single. */
static struct fp_num bf_unpack(uint32_t v)
{
    struct fp_env ignored = {0};
    struct fp_num n = fp_unpack(&ignored, FPCR_FIZ, FP_S, v);

    n.type = n.type == FPT_SNAN ? FPT_QNAN : n.type;
    return n;
}

/* BFRound: to odd, overflow to infinity, denormals to zero. */
static uint32_t bf_round(struct fp_num n)
{
    struct fp_env ignored = {0};
    uint32_t r = (uint32_t)fp_round(&ignored, FPCR_FZ, FP_S, n, FP_ODD);

    return ignored.fpsr & FPSR_OFC ? (uint32_t)fp_infinity(FP_S, n.sign) : r;
}

static uint32_t bf_default_nan(const struct fp_env *env)
{
    return (uint32_t)fp_default_nan(env->fpcr, FP_S);
}

static uint32_t bf_mul(const struct fp_env *env, uint32_t a, uint32_t b)
{
    struct fp_num na = bf_unpack(a << 16), nb = bf_unpack(b << 16);
    bool inf = na.type == FPT_INF || nb.type == FPT_INF;
    bool zero = na.type == FPT_ZERO || nb.type == FPT_ZERO;
    bool sign = na.sign ^ nb.sign;

    if (na.type == FPT_QNAN || nb.type == FPT_QNAN || (inf && zero)) {
        return bf_default_nan(env);
    }
    if (inf || zero) {
        return (uint32_t)(inf ? fp_infinity(FP_S, sign) : fp_zero(FP_S, sign));
    }
    return bf_round(fp_exact_muladd((struct fp_num){.type = FPT_ZERO}, na, nb));
}

static uint32_t bf_add(const struct fp_env *env, uint32_t a, uint32_t b)
{
    struct fp_num na = bf_unpack(a), nb = bf_unpack(b);
    bool both_inf = na.type == FPT_INF && nb.type == FPT_INF;

    if (na.type == FPT_QNAN || nb.type == FPT_QNAN || (both_inf && na.sign != nb.sign)) {
        return bf_default_nan(env);
    }
    if (na.type == FPT_INF || nb.type == FPT_INF) {
        return (uint32_t)fp_infinity(FP_S, na.type == FPT_INF ? na.sign : nb.sign);
    }
    if (na.type == FPT_ZERO && nb.type == FPT_ZERO && na.sign == nb.sign) {
        return (uint32_t)fp_zero(FP_S, na.sign);
    }
    struct fp_num sum = fp_exact_add(na, nb);
    return sum.type == FPT_ZERO ? 0 : bf_round(sum);
}

/* FPDot of BFloat16 pairs with FPCR.EBF: two products and one rounding. */
static uint64_t ebf_dot(struct fp_env *env, uint32_t a, uint32_t b)
{
    struct fp_num p[2];
    bool inf[2];

    for (unsigned i = 0; i < 2; i++) {
        struct fp_num x = fp_unpack(env, env->fpcr, FP_BF, a >> (16 * i));
        struct fp_num y = fp_unpack(env, env->fpcr, FP_BF, b >> (16 * i));
        bool zero = x.type == FPT_ZERO || y.type == FPT_ZERO;
        inf[i] = x.type == FPT_INF || y.type == FPT_INF;
        if (fp_is_nan_type(x.type) || fp_is_nan_type(y.type) || (inf[i] && zero)) {
            return fp_default_nan(env->fpcr, FP_S);
        }
        p[i] = (struct fp_num){.type = FPT_ZERO, .sign = x.sign ^ y.sign};
        if (!zero && !inf[i]) {
            p[i] = fp_exact_muladd(p[i], x, y);
        }
    }
    if (inf[0] && inf[1] && p[0].sign != p[1].sign) {
        return fp_default_nan(env->fpcr, FP_S);
    }
    if (inf[0] || inf[1]) {
        return fp_infinity(FP_S, p[inf[0] ? 0 : 1].sign);
    }
    if (p[0].type == FPT_ZERO && p[1].type == FPT_ZERO && p[0].sign == p[1].sign) {
        return fp_zero(FP_S, p[0].sign);
    }
    return fp_round_sum(env, env->fpcr, FP_S, fp_exact_add(p[0], p[1]), fp_rounding_mode(env));
}

uint32_t fp_bfdot_add(const struct fp_env *env, uint32_t addend, uint32_t a, uint32_t b)
{
    if (env->fpcr & FPCR_EBF) {
        struct fp_env alt = {.fpcr = env->fpcr | FPCR_DN}; /* no flags */
        uint64_t dot = ebf_dot(&alt, a, b);
        return (uint32_t)fp_soft_add(&alt, FP_S, addend, dot);
    }
    uint32_t lo = bf_mul(env, a & 0xffff, b & 0xffff), hi = bf_mul(env, a >> 16, b >> 16);
    return bf_add(env, addend, bf_add(env, lo, hi));
}

uint64_t fp_bf_muladd_h(struct fp_env *env, uint64_t addend, uint64_t a, uint64_t b)
{
    struct fp_env alt = fp_alt_begin(env);
    uint64_t r = fp_muladd(&alt, FP_S, addend, (a & 0xffff) << 16, (b & 0xffff) << 16);

    fp_alt_end(env, &alt);
    return r;
}
