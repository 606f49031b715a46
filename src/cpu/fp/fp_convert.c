/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conversions: between formats, to and from integers and fixed point, and to integral values.
 *
 * Arm DDI 0487, functions/float: FPConvert, FPConvertBF, FPRoundInt, FPRoundIntN, FPToFixed,
 * FixedToFP, FPToFixedJS.
 */
#include "cpu/fp/fp_fast.h"
#include "cpu/fp/fp_soft.h"

/* A finite number times 2^fbits, split at the binary point. */
struct split {
    uint64_t whole, frac; /* frac: 2^64 is one unit; sticky */
    bool huge;            /* the magnitude is 2^64 or more */
};

static struct split split_at_point(struct fp_num n, int fbits)
{
    struct split s = {0, 0, false};
    int e = n.exp + fbits;

    if (n.type == FPT_ZERO) {
        return s;
    }
    if (e >= 64) {
        s.huge = true;
    } else if (e == 63) {
        s.whole = n.sig;
    } else if (e >= 0) {
        s.whole = n.sig >> (63 - e);
        s.frac = n.sig << (e + 1);
    } else {
        s.frac = fp_shift_jam(n.sig, (unsigned)(-1 - e));
    }
    return s;
}

/* Round the magnitude to an integer. Cannot carry out: 64 whole bits leave no fraction. */
static uint64_t round_split(struct split s, bool sign, enum fp_rounding rm)
{
    const uint64_t half = BIT(63);

    switch (rm) {
    case FP_TIEEVEN:
        return s.whole + (s.frac > half || (s.frac == half && (s.whole & 1)));
    case FP_TIEAWAY:
        return s.whole + (s.frac >= half);
    case FP_POSINF:
        return s.whole + (s.frac != 0 && !sign);
    case FP_NEGINF:
        return s.whole + (s.frac != 0 && sign);
    case FP_TOZERO:
    case FP_ODD:
        break;
    }
    return s.whole;
}

/* x to an integer by the host; |x| < 2^52 and not a NaN. */
static double host_round(double x, enum fp_rounding rm)
{
    double whole = (double)(int64_t)x, rest = x - whole; /* toward zero; exact */
    double even;

    switch (rm) {
    case FP_TIEEVEN:
        even = __builtin_fabs(x) + 0x1p52;
        whole = even - 0x1p52;
        break;
    case FP_TIEAWAY:
        whole += __builtin_fabs(rest) >= 0.5 ? __builtin_copysign(1.0, x) : 0;
        break;
    case FP_POSINF:
        whole += rest > 0;
        break;
    case FP_NEGINF:
        whole -= rest < 0;
        break;
    case FP_TOZERO:
    case FP_ODD:
        break;
    }
    return __builtin_copysign(whole, x);
}

/* FPRoundInt under a plain FPCR. False: too large, NaN or half. */
static inline bool round_int_by_host(struct fp_env *env, enum fp_size sz, uint64_t a,
                                     enum fp_rounding rm, bool exact, uint64_t *out)
{
    if (!fp_plain(env) || (sz != FP_D && sz != FP_S)) {
        return false;
    }
    double x = sz == FP_D ? fp_double(a) : fp_single((uint32_t)a);
    if (!(__builtin_fabs(x) < 0x1p52)) {
        return false;
    }
    double r = host_round(x, rm);
    env->fpsr |= exact && r != x ? FPSR_IXC : 0;
    *out = sz == FP_D ? fp_double_bits(r) : fp_single_bits((float)r);
    return true;
}

uint64_t fp_round_int(struct fp_env *env, enum fp_size sz, uint64_t a, enum fp_rounding rm,
                      bool exact)
{
    uint64_t by_host;
    if (round_int_by_host(env, sz, a, rm, exact, &by_host)) {
        return by_host;
    }
    struct fp_num n = fp_unpack(env, env->fpcr, sz, a);

    if (fp_is_nan_type(n.type)) {
        return fp_process_nan(env, sz, n.type, a);
    }
    if (n.type == FPT_ZERO) {
        return fp_zero(sz, n.sign);
    }
    if (n.type == FPT_INF || n.exp >= (int)fp_frac_bits(sz)) {
        return a & (fp_sign_bit(sz) * 2 - 1);
    }
    struct split s = split_at_point(n, 0);
    uint64_t whole = round_split(s, n.sign, rm);
    env->fpsr |= exact && s.frac != 0 ? FPSR_IXC : 0;
    if (whole == 0) {
        return fp_zero(sz, n.sign);
    }
    return fp_round(env, env->fpcr, sz, fp_normalised(n.sign, 63, whole), FP_TOZERO);
}

uint64_t fp_round_int_n(struct fp_env *env, enum fp_size sz, uint64_t a, enum fp_rounding rm,
                        unsigned int_bits)
{
    struct fp_num n = fp_unpack(env, env->fpcr, sz, a);

    if (n.type == FPT_ZERO) {
        return fp_zero(sz, n.sign);
    }
    if (!fp_is_nan_type(n.type) && n.type != FPT_INF) {
        struct split s = split_at_point(n, 0);
        uint64_t whole = round_split(s, n.sign, rm);
        if (!s.huge && whole <= BIT(int_bits - 1) - !n.sign) {
            env->fpsr |= s.frac != 0 ? FPSR_IXC : 0;
            return whole == 0
                       ? fp_zero(sz, n.sign)
                       : fp_round(env, env->fpcr, sz, fp_normalised(n.sign, 63, whole), FP_TOZERO);
        }
    }
    env->fpsr |= FPSR_IOC; /* the most negative integer */
    uint64_t exp = (uint64_t)((int)int_bits - fp_min_exp(sz));
    return fp_zero(sz, true) | exp << fp_frac_bits(sz);
}

static uint64_t saturated(struct fp_fixed to, bool sign)
{
    if (to.is_unsigned) {
        return sign ? 0 : UINT64_MAX >> (64 - to.width);
    }
    return BIT(to.width - 1) - !sign;
}

uint64_t fp_to_fixed(struct fp_env *env, enum fp_size sz, uint64_t a, struct fp_fixed to,
                     enum fp_rounding rm)
{
    struct fp_num n = fp_unpack(env, env->fpcr, sz, a);

    if (fp_is_nan_type(n.type)) {
        env->fpsr |= FPSR_IOC;
        return 0;
    }
    struct split s = {.huge = true};
    if (n.type != FPT_INF) {
        s = split_at_point(n, to.fbits);
    }
    uint64_t whole = round_split(s, n.sign, rm);
    /* The largest magnitude of each sign; an unsigned result has none below zero. */
    uint64_t limit = to.is_unsigned && n.sign ? 0 : saturated(to, n.sign);
    if (s.huge || whole > limit) {
        env->fpsr |= FPSR_IOC;
        return saturated(to, n.sign);
    }
    env->fpsr |= s.frac != 0 ? FPSR_IXC : 0;
    return (n.sign ? -whole : whole) & (UINT64_MAX >> (64 - to.width));
}

/* An integer to nearest by the host: exact if its significant bits fit. */
static uint64_t integer_by_host(struct fp_env *env, enum fp_size sz, bool sign, uint64_t magnitude)
{
    unsigned n_bits =
        64U - (unsigned)__builtin_clzll(magnitude) - (unsigned)__builtin_ctzll(magnitude);
    uint64_t r = sz == FP_D ? fp_double_bits((double)magnitude) : fp_single_bits((float)magnitude);

    env->fpsr |= n_bits > fp_frac_bits(sz) + 1 ? FPSR_IXC : 0;
    return r | fp_zero(sz, sign);
}

uint64_t fp_from_fixed(struct fp_env *env, enum fp_size sz, uint64_t v, struct fp_fixed from,
                       enum fp_rounding rm)
{
    v <<= 64 - from.width;
    bool sign = !from.is_unsigned && v >> 63;
    uint64_t magnitude = (sign ? -v : v) >> (64 - from.width);

    if (magnitude == 0) {
        return 0;
    }
    if (fp_plain(env) && rm == FP_TIEEVEN && from.fbits == 0 && (sz == FP_D || sz == FP_S)) {
        return integer_by_host(env, sz, sign, magnitude);
    }
    return fp_round(env, env->fpcr, sz, fp_normalised(sign, 63 - from.fbits, magnitude), rm);
}

uint32_t fp_to_int_js(struct fp_env *env, uint64_t a, bool *out_z)
{
    struct fp_num n = fp_unpack(env, env->fpcr, FP_D, a);

    *out_z = false;
    if (fp_is_nan_type(n.type) || n.type == FPT_INF) {
        env->fpsr |= FPSR_IOC;
        return 0;
    }
    struct split s = split_at_point(n, 0);
    uint64_t whole = s.whole;
    if (s.huge) { /* modulo 2^32: what the bits of sig below 2^64 and above its end leave */
        whole = n.exp - 63 < 32 ? n.sig << (n.exp - 63) : 0;
    }
    uint32_t r = n.sign ? -(uint32_t)whole : (uint32_t)whole;
    if (s.huge || whole > BIT(31) - !n.sign) {
        env->fpsr |= FPSR_IOC;
    } else if (s.frac != 0) {
        env->fpsr |= FPSR_IXC;
    } else {
        *out_z = whole != 0 || a == 0; /* not -0, not a flushed denormal */
    }
    return r;
}

/* FPUnpackCV: FPCR.FZ16 does not apply; half has no infinities or NaNs with AHP. */
static struct fp_num unpack_cv(struct fp_env *env, enum fp_size sz, uint64_t v)
{
    uint64_t exp = v >> fp_frac_bits(sz) & fp_exp_max(sz);

    if (sz == FP_H && (env->fpcr & FPCR_AHP) && exp == fp_exp_max(sz)) {
        return (struct fp_num){.sig = (v | BIT(10)) << 53,
                               .exp = (int32_t)exp - 15,
                               .type = FPT_NORMAL,
                               .sign = (v & fp_sign_bit(sz)) != 0};
    }
    return fp_unpack(env, env->fpcr & ~FPCR_FZ16, sz, v);
}

/* FPConvertNaN: sign and the leading fraction bits, quiet. */
static uint64_t convert_nan(enum fp_size from, enum fp_size to, uint64_t a)
{
    int shift = (int)fp_frac_bits(to) - (int)fp_frac_bits(from);
    uint64_t frac = a & fp_frac_mask(from);

    frac = shift >= 0 ? frac << shift : frac >> -shift;
    return fp_infinity(to, a & fp_sign_bit(from)) | BIT(fp_frac_bits(to) - 1) | frac;
}

static uint64_t convert(struct fp_env *env, enum fp_size from, enum fp_size to, uint64_t a,
                        enum fp_rounding rm)
{
    struct fp_num n = unpack_cv(env, from, a);
    bool alt_hp = to == FP_H && (env->fpcr & FPCR_AHP);

    if (fp_is_nan_type(n.type)) {
        env->fpsr |= n.type == FPT_SNAN || alt_hp ? FPSR_IOC : 0;
        if (alt_hp) {
            return fp_zero(to, n.sign);
        }
        return env->fpcr & FPCR_DN ? fp_default_nan(env->fpcr, to) : convert_nan(from, to, a);
    }
    if (n.type == FPT_INF) {
        env->fpsr |= alt_hp ? FPSR_IOC : 0;
        return alt_hp ? fp_zero(to, n.sign) | (fp_sign_bit(to) - 1) : fp_infinity(to, n.sign);
    }
    if (n.type == FPT_ZERO) {
        return fp_zero(to, n.sign);
    }
    fp_note_denormal(env, from, n);
    return fp_round_base(env, env->fpcr & ~FPCR_FZ16, to, n, rm);
}

/* Between single and double, to nearest. A finite single is exact; a double is, if it comes back.
 */
static inline bool convert_by_host(struct fp_env *env, enum fp_size from, enum fp_size to,
                                   uint64_t a, enum fp_rounding rm, uint64_t *out)
{
    if (!fp_plain(env) || rm != FP_TIEEVEN) {
        return false;
    }
    if (from == FP_S && to == FP_D) {
        *out = fp_double_bits((double)fp_single((uint32_t)a));
        return fp32_finite((uint32_t)a);
    }
    if (from == FP_D && to == FP_S) {
        float r = (float)fp_double(a);
        *out = fp_single_bits(r);
        if (fp32_safe((uint32_t)*out)) {
            env->fpsr |= (double)r != fp_double(a) ? FPSR_IXC : 0;
            return true;
        }
    }
    return false;
}

uint64_t fp_convert(struct fp_env *env, enum fp_size from, enum fp_size to, uint64_t a,
                    enum fp_rounding rm)
{
    uint64_t by_host;
    if (convert_by_host(env, from, to, a, rm, &by_host)) {
        return by_host;
    }
    return convert(env, from, to, a, rm);
}

uint64_t fp_convert_bf(struct fp_env *env, uint64_t a)
{
    struct fp_env alt = fp_alt_begin(env);
    uint64_t r = convert(&alt, FP_S, FP_BF, a, fp_rounding_mode(&alt));

    fp_alt_end(env, &alt);
    return r;
}
