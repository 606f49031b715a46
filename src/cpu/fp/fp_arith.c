/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Add, multiply, divide, square root, fused multiply-add and what is made of them, in integer
 * arithmetic. The entries that use the host where they may are in fp_entry.c.
 *
 * Arm DDI 0487, functions/float: FPAdd, FPSub, FPMul, FPMulX, FPDiv, FPSqrt, FPMulAdd, FPMulAddH,
 * FPRecipStepFused, FPRSqrtStepFused.
 */
#include "cpu/fp/fp_soft.h"

static uint64_t invalid(struct fp_env *env, enum fp_size sz)
{
    env->fpsr |= FPSR_IOC;
    return fp_default_nan(env->fpcr, sz);
}

/* FPAdd, and FPSub with the sign of the second operand inverted after NaNs are dealt with. */
static inline uint64_t add_signed(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b,
                                  bool subtract)
{
    struct fp_num na = fp_unpack(env, env->fpcr, sz, a);
    struct fp_num nb = fp_unpack(env, env->fpcr, sz, b);
    enum fp_rounding rm = fp_rounding_mode(env);

    if (fp_is_nan_type(na.type) || fp_is_nan_type(nb.type)) {
        return fp_process_nans(env, sz, na.type, a, nb.type, b);
    }
    nb.sign ^= subtract;
    fp_note_denormal(env, sz, na);
    fp_note_denormal(env, sz, nb);
    if (na.type == FPT_INF || nb.type == FPT_INF) {
        if (na.type == nb.type && na.sign != nb.sign) {
            return invalid(env, sz);
        }
        return fp_infinity(sz, na.type == FPT_INF ? na.sign : nb.sign);
    }
    if (na.type == FPT_ZERO && nb.type == FPT_ZERO && na.sign == nb.sign) {
        return fp_zero(sz, na.sign);
    }
    return fp_round_sum(env, env->fpcr, sz, fp_exact_add(na, nb), rm);
}

uint64_t fp_soft_add(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    return add_signed(env, sz, a, b, false);
}

uint64_t fp_soft_sub(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    return add_signed(env, sz, a, b, true);
}

static inline uint64_t multiply(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b,
                                bool extended)
{
    struct fp_num na = fp_unpack(env, env->fpcr, sz, a);
    struct fp_num nb = fp_unpack(env, env->fpcr, sz, b);
    bool sign = na.sign ^ nb.sign;

    if (fp_is_nan_type(na.type) || fp_is_nan_type(nb.type)) {
        return fp_process_nans(env, sz, na.type, a, nb.type, b);
    }
    fp_note_denormal(env, sz, na);
    fp_note_denormal(env, sz, nb);
    if (na.type == FPT_INF || nb.type == FPT_INF) {
        if (na.type != FPT_ZERO && nb.type != FPT_ZERO) {
            return fp_infinity(sz, sign);
        }
        uint64_t two = fp_zero(sz, sign) | BIT(fp_exp_bits(sz) - 1) << fp_frac_bits(sz);
        return extended ? two : invalid(env, sz);
    }
    if (na.type == FPT_ZERO || nb.type == FPT_ZERO) {
        return fp_zero(sz, sign);
    }
    struct fp_num p = fp_exact_muladd((struct fp_num){.type = FPT_ZERO}, na, nb);
    return fp_round(env, env->fpcr, sz, p, fp_rounding_mode(env));
}

uint64_t fp_soft_mul(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    return multiply(env, sz, a, b, false);
}

uint64_t fp_mulx(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    return multiply(env, sz, a, b, true);
}

static struct fp_num quotient(struct fp_num a, struct fp_num b)
{
    bool less = a.sig < b.sig;
    fp_u128 num = (fp_u128)a.sig << (less ? 64 : 63);
    uint64_t q = (uint64_t)(num / b.sig);

    return (struct fp_num){.sig = q | ((fp_u128)q * b.sig != num),
                           .exp = a.exp - b.exp - less,
                           .type = FPT_NORMAL,
                           .sign = a.sign ^ b.sign};
}

uint64_t fp_soft_div(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    struct fp_num na = fp_unpack(env, env->fpcr, sz, a);
    struct fp_num nb = fp_unpack(env, env->fpcr, sz, b);
    bool sign = na.sign ^ nb.sign;

    if (fp_is_nan_type(na.type) || fp_is_nan_type(nb.type)) {
        return fp_process_nans(env, sz, na.type, a, nb.type, b);
    }
    if (nb.type != FPT_ZERO) {
        fp_note_denormal(env, sz, na);
        fp_note_denormal(env, sz, nb);
    }
    if (na.type == nb.type && (na.type == FPT_INF || na.type == FPT_ZERO)) {
        return invalid(env, sz);
    }
    if (na.type == FPT_INF || nb.type == FPT_ZERO) {
        env->fpsr |= na.type != FPT_INF ? FPSR_DZC : 0;
        return fp_infinity(sz, sign);
    }
    if (na.type == FPT_ZERO || nb.type == FPT_INF) {
        return fp_zero(sz, sign);
    }
    return fp_round(env, env->fpcr, sz, quotient(na, nb), fp_rounding_mode(env));
}

/* Bit by bit: as many bits as the format needs for rounding, and a sticky one. */
static struct fp_num square_root(struct fp_num a, unsigned n_bits)
{
    bool odd = a.exp & 1;
    fp_u128 rem = (fp_u128)a.sig << (odd ? 64 : 63), root = 0;

    for (unsigned i = 0; i < n_bits; i++) {
        fp_u128 step = (fp_u128)1 << (63 - i);
        fp_u128 sub = ((root << 1) + step) << (63 - i); /* (root + step)^2 - root^2 */
        if (rem >= sub) {
            rem -= sub;
            root += step;
        }
    }
    return (struct fp_num){.sig = (uint64_t)root | (rem != 0),
                           .exp = (a.exp - odd) / 2,
                           .type = FPT_NORMAL,
                           .sign = false};
}

uint64_t fp_soft_sqrt(struct fp_env *env, enum fp_size sz, uint64_t a)
{
    struct fp_num n = fp_unpack(env, env->fpcr, sz, a);

    if (fp_is_nan_type(n.type)) {
        return fp_process_nan(env, sz, n.type, a);
    }
    if (n.type == FPT_ZERO) {
        return fp_zero(sz, n.sign);
    }
    if (n.sign) {
        return invalid(env, sz);
    }
    if (n.type == FPT_INF) {
        return fp_infinity(sz, false);
    }
    fp_note_denormal(env, sz, n);
    return fp_round(env, env->fpcr, sz, square_root(n, fp_frac_bits(sz) + 3),
                    fp_rounding_mode(env));
}

/* What FPMulAdd and FPMulAddH share, with operands that are not NaN: op_sz is the size of a and b.
 */
static uint64_t muladd_numbers(struct fp_env *env, enum fp_size sz, enum fp_size op_sz,
                               struct fp_num addend, struct fp_num a, struct fp_num b)
{
    bool sign = a.sign ^ b.sign;
    bool inf = a.type == FPT_INF || b.type == FPT_INF;
    bool zero = a.type == FPT_ZERO || b.type == FPT_ZERO;

    if (inf && (zero || (addend.type == FPT_INF && addend.sign != sign))) {
        return invalid(env, sz);
    }
    fp_note_denormal(env, sz, addend);
    fp_note_denormal(env, op_sz, a);
    fp_note_denormal(env, op_sz, b);
    if (inf || addend.type == FPT_INF) {
        return fp_infinity(sz, inf ? sign : addend.sign);
    }
    if (zero && addend.type == FPT_ZERO && addend.sign == sign) {
        return fp_zero(sz, sign);
    }
    return fp_round_sum(env, env->fpcr, sz, fp_exact_muladd(addend, a, b), fp_rounding_mode(env));
}

static bool any_nan(const unsigned t[3])
{
    return fp_is_nan_type(t[0]) || fp_is_nan_type(t[1]) || fp_is_nan_type(t[2]);
}

/* A quiet NaN addend does not hide infinity * 0, except with AH. */
static bool hidden_invalid(const struct fp_env *env, const unsigned t[3])
{
    bool product_invalid =
        (t[1] == FPT_INF && t[2] == FPT_ZERO) || (t[1] == FPT_ZERO && t[2] == FPT_INF);
    return product_invalid && t[0] == FPT_QNAN && !(env->fpcr & FPCR_AH);
}

uint64_t fp_soft_muladd(struct fp_env *env, enum fp_size sz, uint64_t addend, uint64_t a,
                        uint64_t b)
{
    struct fp_num nc = fp_unpack(env, env->fpcr, sz, addend);
    struct fp_num na = fp_unpack(env, env->fpcr, sz, a);
    struct fp_num nb = fp_unpack(env, env->fpcr, sz, b);
    const unsigned t[3] = {nc.type, na.type, nb.type};

    if (any_nan(t)) {
        if (hidden_invalid(env, t)) {
            return invalid(env, sz);
        }
        const uint64_t v[3] = {addend, a, b};
        unsigned type, i = fp_choose_nan3(env->fpcr, t, &type);
        return fp_process_nan(env, sz, type, v[i]);
    }
    return muladd_numbers(env, sz, sz, nc, na, nb);
}

/* FPConvertNaN from half to single. */
static uint64_t widen_nan(uint64_t h)
{
    return fp_infinity(FP_S, h & fp_sign_bit(FP_H)) | (h & fp_frac_mask(FP_H)) << 13;
}

uint64_t fp_muladd_h(struct fp_env *env, uint64_t addend, uint64_t a, uint64_t b)
{
    struct fp_num nc = fp_unpack(env, env->fpcr, FP_S, addend);
    struct fp_num na = fp_unpack(env, env->fpcr, FP_H, a);
    struct fp_num nb = fp_unpack(env, env->fpcr, FP_H, b);
    const unsigned t[3] = {nc.type, na.type, nb.type};

    if (any_nan(t)) {
        if (hidden_invalid(env, t)) {
            return invalid(env, FP_S);
        }
        unsigned type, i = fp_choose_nan3(env->fpcr, t, &type);
        return i == 0 ? fp_process_nan(env, FP_S, type, addend)
                      : widen_nan(fp_process_nan(env, FP_H, type, i == 1 ? a : b));
    }
    return muladd_numbers(env, FP_S, FP_H, nc, na, nb);
}

/*
 * (constant - a * b) * 2^exp_change, where infinity * 0 gives the constant times 2^exp_change:
 * FPRecipStepFused (2, 0) and FPRSqrtStepFused (3, -1).
 */
static uint64_t newton_step(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b,
                            struct fp_num constant, int exp_change)
{
    struct fp_env alt = fp_alt_begin(env);
    enum fp_rounding rm = fp_rounding_mode(&alt);
    uint64_t minus_a = fp_neg(&alt, sz, a), r;
    struct fp_num na = fp_unpack(&alt, alt.fpcr, sz, minus_a);
    struct fp_num nb = fp_unpack(&alt, alt.fpcr, sz, b);
    bool zero = na.type == FPT_ZERO || nb.type == FPT_ZERO;

    if (fp_is_nan_type(na.type) || fp_is_nan_type(nb.type)) {
        r = fp_process_nans(&alt, sz, na.type, minus_a, nb.type, b);
    } else if (na.type == FPT_INF || nb.type == FPT_INF) {
        constant.exp += exp_change;
        r = zero ? fp_round(&alt, alt.fpcr, sz, constant, rm) : fp_infinity(sz, na.sign ^ nb.sign);
    } else {
        struct fp_num sum = fp_exact_muladd(constant, na, nb);
        sum.exp += exp_change;
        r = fp_round_sum(&alt, alt.fpcr, sz, sum, rm);
    }
    fp_alt_end(env, &alt);
    return r;
}

uint64_t fp_recip_step(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    static const struct fp_num two = {.sig = BIT(63), .exp = 1, .type = FPT_NORMAL};
    return newton_step(env, sz, a, b, two, 0);
}

uint64_t fp_rsqrt_step(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    static const struct fp_num three = {.sig = BIT(63) | BIT(62), .exp = 1, .type = FPT_NORMAL};
    return newton_step(env, sz, a, b, three, -1);
}

uint64_t fp_abd(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    return fp_abs(env, sz, fp_sub(env, sz, a, b));
}

uint64_t fp_nmul(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    return fp_neg(env, sz, fp_mul(env, sz, a, b));
}
