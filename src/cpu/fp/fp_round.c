/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rounding, NaN selection and exact sums: what all operations share.
 *
 * Arm DDI 0487, functions/float: FPRoundBase, FPProcessNaN, FPProcessNaNs, FPProcessNaNs3.
 */
#include "cpu/fp/fp_soft.h"

/* Is the discarded part rem (of a unit: 2 * half) rounded up? FP_ODD is not asked here. */
static inline bool rounds_up(enum fp_rounding rm, bool sign, bool odd, uint64_t rem, uint64_t half)
{
    switch (rm) {
    case FP_TIEEVEN:
        return rem > half || (rem == half && odd);
    case FP_POSINF:
        return rem != 0 && !sign;
    case FP_NEGINF:
        return rem != 0 && sign;
    case FP_TIEAWAY:
        return rem >= half;
    case FP_TOZERO:
    case FP_ODD:
        break;
    }
    return false;
}

static inline bool overflows_to_inf(enum fp_rounding rm, bool sign)
{
    return rm == FP_TIEEVEN || rm == FP_TIEAWAY || (rm == FP_POSINF && !sign) ||
           (rm == FP_NEGINF && sign);
}

/*
 * A number below the normal range, with AH: is the result still tiny when it is rounded as if the
 * exponent had no limit?
 */
static bool tiny_after_rounding(enum fp_size sz, struct fp_num n, enum fp_rounding rm)
{
    unsigned drop = 63 - fp_frac_bits(sz);
    uint64_t mant = n.sig >> drop, rem = n.sig & (BIT(drop) - 1);

    if (n.exp != fp_min_exp(sz) - 1) {
        return true;
    }
    mant += rounds_up(rm, n.sign, mant & 1, rem, BIT(drop - 1));
    return mant != BIT(fp_frac_bits(sz) + 1);
}

static uint64_t overflow(struct fp_env *env, uint32_t fpcr, enum fp_size sz, bool sign,
                         enum fp_rounding rm)
{
    if (sz == FP_H && (fpcr & FPCR_AHP)) {
        env->fpsr |= FPSR_IOC;
        return fp_zero(sz, sign) | (fp_sign_bit(sz) - 1);
    }
    env->fpsr |= FPSR_OFC | FPSR_IXC;
    return overflows_to_inf(rm, sign) ? fp_infinity(sz, sign) : fp_max_normal(sz, sign);
}

/* The cases below the normal range. False: the result is a zero. */
static bool underflow(struct fp_env *env, uint32_t fpcr, enum fp_size sz, struct fp_num n,
                      enum fp_rounding rm, bool inexact)
{
    bool ah = fpcr & FPCR_AH;

    if (ah && !tiny_after_rounding(sz, n, rm)) {
        return true;
    }
    if (fp_flushes(fpcr, sz)) {
        env->fpsr |= ah ? FPSR_UFC | FPSR_IXC : FPSR_UFC;
        return false;
    }
    env->fpsr |= inexact ? FPSR_UFC : 0;
    return true;
}

uint64_t fp_round_base(struct fp_env *env, uint32_t fpcr, enum fp_size sz, struct fp_num n,
                       enum fp_rounding rm)
{
    unsigned drop = 63 - fp_frac_bits(sz);
    int32_t biased = n.exp - fp_min_exp(sz) + 1;
    uint64_t sig = n.sig;

    if (UNLIKELY(biased < 1)) {
        sig = fp_shift_jam(sig, (unsigned)(1 - biased));
        if (!underflow(env, fpcr, sz, n, rm, sig & (BIT(drop) - 1))) {
            return fp_zero(sz, n.sign);
        }
        biased = 1; /* with a leading zero: as a denormal */
    }
    uint64_t mant = sig >> drop, rem = sig & (BIT(drop) - 1);
    mant += rounds_up(rm, n.sign, mant & 1, rem, BIT(drop - 1));
    mant |= rm == FP_ODD && rem != 0;

    /* The leading one of mant, or a carry out of it, adds to the exponent field. */
    uint64_t bits = ((uint64_t)(biased - 1) << fp_frac_bits(sz)) + mant;
    uint64_t limit = fp_exp_max(sz) + (sz == FP_H && (fpcr & FPCR_AHP));
    if (UNLIKELY(biased >= 4096 || bits >> fp_frac_bits(sz) >= limit)) {
        return overflow(env, fpcr, sz, n.sign, rm);
    }
    env->fpsr |= rem != 0 ? FPSR_IXC : 0;
    return fp_zero(sz, n.sign) | bits;
}

uint64_t fp_process_nan(struct fp_env *env, enum fp_size sz, unsigned type, uint64_t v)
{
    if (type == FPT_SNAN) {
        env->fpsr |= FPSR_IOC;
    }
    if (env->fpcr & FPCR_DN) {
        return fp_default_nan(env->fpcr, sz);
    }
    return (v & (fp_sign_bit(sz) * 2 - 1)) | BIT(fp_frac_bits(sz) - 1);
}

uint64_t fp_process_nans(struct fp_env *env, enum fp_size sz, unsigned ta, uint64_t a, unsigned tb,
                         uint64_t b)
{
    bool first;

    if ((env->fpcr & FPCR_AH) && fp_is_nan_type(ta) && fp_is_nan_type(tb)) {
        return fp_process_nan(env, sz, ta > tb ? ta : tb, a);
    }
    first = ta == FPT_SNAN || (tb != FPT_SNAN && ta == FPT_QNAN);
    return fp_process_nan(env, sz, first ? ta : tb, first ? a : b);
}

unsigned fp_choose_nan3(uint32_t fpcr, const unsigned type[3], unsigned *out_type)
{
    unsigned n_nans = 0, max = 0;

    for (unsigned i = 0; i < 3; i++) {
        n_nans += fp_is_nan_type(type[i]);
        max = type[i] > max ? type[i] : max;
    }
    *out_type = max; /* any signaling NaN decides the type, in either case */
    if ((fpcr & FPCR_AH) && n_nans >= 2) {
        return fp_is_nan_type(type[1]) ? 1 : 2; /* Rn before Rm before the addend */
    }
    for (unsigned i = 0; i < 2; i++) {
        if (type[i] == max) {
            return i;
        }
    }
    return 2;
}

static inline fp_u128 shift_jam128(fp_u128 v, unsigned n)
{
    return n == 0 ? v : n > 127 ? v != 0 : v >> n | (v << (128 - n) != 0);
}

/*
 * (-1)^sp * p * 2^(ep - 127) plus the same with q; p and q have their top bit set and enough zero
 * bits at the end (a double product has 22) for the sticky bit to be exact.
 */
static struct fp_num add128(bool sp, int32_t ep, fp_u128 p, bool sq, int32_t eq, fp_u128 q)
{
    struct fp_num r = {.type = FPT_ZERO};

    if (ep < eq || (ep == eq && p < q)) {
        fp_u128 t = p;
        int32_t e = ep;
        bool s = sp;
        p = q, q = t;
        ep = eq, eq = e;
        sp = sq, sq = s;
    }
    q = shift_jam128(q, (unsigned)(ep - eq));
    if (sp == sq) {
        fp_u128 sum = p + q;
        if (sum < p) {
            sum = (sum >> 1) | (sum & 1) | (fp_u128)1 << 127;
            ep++;
        }
        p = sum;
    } else {
        p -= q;
        if (p == 0) {
            return r;
        }
        uint64_t hi = (uint64_t)(p >> 64);
        int lead = hi != 0 ? __builtin_clzll(hi) : 64 + __builtin_clzll((uint64_t)p);
        p <<= lead;
        ep -= lead;
    }
    r.type = FPT_NORMAL;
    r.sign = sp;
    r.exp = ep;
    r.sig = (uint64_t)(p >> 64) | ((uint64_t)p != 0);
    return r;
}

struct fp_num fp_exact_add(struct fp_num a, struct fp_num b)
{
    if (a.type == FPT_ZERO) {
        return b;
    }
    if (b.type == FPT_ZERO) {
        return a;
    }
    return add128(a.sign, a.exp, (fp_u128)a.sig << 64, b.sign, b.exp, (fp_u128)b.sig << 64);
}

struct fp_num fp_exact_muladd(struct fp_num addend, struct fp_num a, struct fp_num b)
{
    if (a.type == FPT_ZERO || b.type == FPT_ZERO) {
        return addend;
    }
    fp_u128 p = (fp_u128)a.sig * b.sig;
    int32_t exp = a.exp + b.exp + 1;
    bool sign = a.sign ^ b.sign;
    if (!(p >> 127)) {
        p <<= 1;
        exp--;
    }
    if (addend.type == FPT_ZERO) {
        return (struct fp_num){.sig = (uint64_t)(p >> 64) | ((uint64_t)p != 0),
                               .exp = exp,
                               .type = FPT_NORMAL,
                               .sign = sign};
    }
    return add128(sign, exp, p, addend.sign, addend.exp, (fp_u128)addend.sig << 64);
}

uint64_t fp_round_sum(struct fp_env *env, uint32_t fpcr, enum fp_size sz, struct fp_num sum,
                      enum fp_rounding rm)
{
    if (sum.type == FPT_ZERO) {
        return fp_zero(sz, rm == FP_NEGINF);
    }
    return fp_round(env, fpcr, sz, sum, rm);
}
