/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reciprocal and reciprocal square root estimates.
 *
 * Arm DDI 0487, functions/float: FPRecipEstimate, FPRSqrtEstimate, FPRecpX, RecipEstimate,
 * RecipSqrtEstimate, UnsignedRecipEstimate, UnsignedRSqrtEstimate. Computed, not looked up.
 */
#include "base/result.h"
#include "cpu/fp/fp_soft.h"

/* RecipEstimate: bits + 1 significant bits in and out (bits: 8 or 11). */
static uint32_t recip_estimate(uint32_t a, unsigned bits)
{
    a = a * 2 + 1;
    if (bits == 8) {
        return ((1U << 19) / a + 1) / 2;
    }
    uint32_t q = (1U << 25) / a, rem = (1U << 25) % a;
    return q + (rem * 2 > a);
}

/* The largest r with r * r <= v. */
static uint64_t integer_sqrt(fp_u128 v)
{
    uint64_t r = 0;
    for (int i = 63; i >= 0; i--) {
        uint64_t t = r | BIT(i);
        if ((fp_u128)t * t <= v) {
            r = t;
        }
    }
    return r;
}

/*
 * RecipSqrtEstimate with increased precision: the square root of a (times 2^47) is rounded to an
 * integer, and 2^65 divided by that again.
 */
static uint32_t rsqrt_estimate_12(uint32_t a)
{
    /* In halves: a * 2 + 1 over two, or the even part of a plus one. */
    uint32_t halves = a < 2048 ? a * 2 + 1 : ((a >> 1 << 1) + 1) * 2;
    fp_u128 square = (fp_u128)halves << 93; /* halves / 2 * 2^94 */
    uint64_t root = integer_sqrt(square);
    root += square - (fp_u128)root * root > root; /* above root + 1/2 */
    fp_u128 num = (fp_u128)1 << 65;
    uint32_t q = (uint32_t)(num / root);
    fp_u128 twice = (num % root) * 2;
    return q + (twice > root || (twice == root && (q & 1)));
}

/* RecipSqrtEstimate. a: bits + 1 significant bits in 0.25 to 1.0; the result has as many. */
static uint32_t rsqrt_estimate(uint32_t a, unsigned bits)
{
    if (bits == 11) {
        return rsqrt_estimate_12(a);
    }
    a = a < 256 ? a * 2 + 1 : ((a >> 1 << 1) + 1) * 2;
    uint32_t b = 512;
    while (a * (b + 1) * (b + 1) < 1U << 28) {
        b++;
    }
    return (b + 1) / 2;
}

/* The estimate's fraction (without its leading one) at the top of a fraction field. */
static uint64_t estimate_fraction(enum fp_size sz, uint32_t estimate, unsigned bits)
{
    ASSERT(sz == FP_H || sz == FP_S || sz == FP_D);
    /* 9 significant bits, or 13 with the increased precision. */
    unsigned frac = bits == 8 ? 8 : 12;
    return (uint64_t)(estimate & (BIT(frac) - 1)) << (fp_frac_bits(sz) - frac);
}

static unsigned estimate_bits(const struct fp_env *env, enum fp_size sz, bool rpres)
{
    return rpres && sz == FP_S && (env->fpcr & FPCR_AH) ? 11 : 8;
}

/* An input so small that its reciprocal overflows. */
static uint64_t recip_overflow(struct fp_env *env, enum fp_size sz, bool sign)
{
    enum fp_rounding rm = fp_rounding_mode(env);
    bool to_inf = rm == FP_TIEEVEN || (rm == FP_POSINF && !sign) || (rm == FP_NEGINF && sign);

    env->fpsr |= FPSR_OFC | FPSR_IXC;
    return to_inf ? fp_infinity(sz, sign) : fp_max_normal(sz, sign);
}

static uint64_t recip_of_number(enum fp_size sz, struct fp_num n, unsigned bits)
{
    uint32_t estimate = recip_estimate((uint32_t)(n.sig >> (63 - bits)), bits);
    uint64_t frac = estimate_fraction(sz, estimate, bits);
    int bias = 1 - fp_min_exp(sz);
    /* 1 / (1.f * 2^e) is 2^(-e - 1) times the estimate, from 1.0 to 2.0. */
    int exp = bias - n.exp - 1;

    if (exp < 1) { /* a denormal result: the leading one moves into the fraction */
        frac = (frac | BIT(fp_frac_bits(sz))) >> (1 - exp);
        exp = 0;
    }
    return fp_zero(sz, n.sign) | (uint64_t)exp << fp_frac_bits(sz) | frac;
}

static uint64_t recip(struct fp_env *env, enum fp_size sz, uint64_t a, unsigned bits)
{
    struct fp_num n = fp_unpack(env, env->fpcr, sz, a);

    if (fp_is_nan_type(n.type)) {
        return fp_process_nan(env, sz, n.type, a);
    }
    if (n.type == FPT_INF) {
        return fp_zero(sz, n.sign);
    }
    if (n.type == FPT_ZERO) {
        env->fpsr |= FPSR_DZC;
        return fp_infinity(sz, n.sign);
    }
    if (n.exp < fp_min_exp(sz) - 2) {
        return recip_overflow(env, sz, n.sign);
    }
    if (fp_flushes(env->fpcr, sz) && n.exp >= -fp_min_exp(sz)) {
        env->fpsr |= FPSR_UFC;
        return fp_zero(sz, n.sign);
    }
    return recip_of_number(sz, n, bits);
}

uint64_t fp_recip_estimate(struct fp_env *env, enum fp_size sz, uint64_t a, bool rpres)
{
    struct fp_env alt = fp_alt_begin(env);
    uint64_t r = recip(&alt, sz, a, estimate_bits(env, sz, rpres));

    fp_alt_end(env, &alt);
    return r;
}

static uint64_t rsqrt(struct fp_env *env, enum fp_size sz, uint64_t a, unsigned bits)
{
    struct fp_num n = fp_unpack(env, env->fpcr, sz, a);

    if (fp_is_nan_type(n.type)) {
        return fp_process_nan(env, sz, n.type, a);
    }
    if (n.type == FPT_ZERO) {
        env->fpsr |= FPSR_DZC;
        return fp_infinity(sz, n.sign);
    }
    if (n.sign) {
        env->fpsr |= FPSR_IOC;
        return fp_default_nan(env->fpcr, sz);
    }
    if (n.type == FPT_INF) {
        return fp_zero(sz, false);
    }
    /* 0.25 to 1.0, so that the exponent that is left is even. */
    unsigned odd = n.exp & 1;
    uint32_t scaled = (uint32_t)(n.sig >> (63 - bits)) >> !odd;
    uint32_t estimate = rsqrt_estimate(scaled, bits);
    uint64_t exp = (uint64_t)(1 - fp_min_exp(sz) - 1 - (n.exp - (int)odd) / 2);
    return exp << fp_frac_bits(sz) | estimate_fraction(sz, estimate, bits);
}

uint64_t fp_rsqrt_estimate(struct fp_env *env, enum fp_size sz, uint64_t a, bool rpres)
{
    struct fp_env alt = fp_alt_begin(env);
    uint64_t r = rsqrt(&alt, sz, a, estimate_bits(env, sz, rpres));

    fp_alt_end(env, &alt);
    return r;
}

uint64_t fp_recpx(struct fp_env *env, enum fp_size sz, uint64_t a)
{
    struct fp_env alt = fp_alt_begin(env);
    struct fp_num n = fp_unpack(&alt, alt.fpcr, sz, a);
    uint64_t exp = a >> fp_frac_bits(sz) & fp_exp_max(sz), r;

    if (fp_is_nan_type(n.type)) {
        r = fp_process_nan(&alt, sz, n.type, a);
    } else {
        exp = exp == 0 ? fp_exp_max(sz) - 1 : ~exp & fp_exp_max(sz);
        r = fp_zero(sz, n.sign) | exp << fp_frac_bits(sz);
    }
    fp_alt_end(env, &alt);
    return r;
}

uint32_t fp_unsigned_recip_estimate(uint32_t a)
{
    /* Inputs below 0.5 have a result of 2.0 or more: all ones. */
    return bit(a, 31) ? recip_estimate(a >> 23, 8) << 23 : UINT32_MAX;
}

uint32_t fp_unsigned_rsqrt_estimate(uint32_t a)
{
    return a >> 30 != 0 ? rsqrt_estimate(a >> 23, 8) << 23 : UINT32_MAX;
}
