/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign operations, comparisons, minimum and maximum.
 *
 * Arm DDI 0487, functions/float: FPAbs, FPNeg, FPCompare, FPCompareEQ, FPCompareGE, FPCompareGT,
 * FPMax, FPMin, FPMaxNum, FPMinNum.
 */
#include "cpu/fp/fp_fast.h"
#include "cpu/fp/fp_soft.h"

static bool is_nan(enum fp_size sz, uint64_t v)
{
    return (v & (fp_sign_bit(sz) - 1)) > fp_infinity(sz, false);
}

static uint64_t low_bits(enum fp_size sz, uint64_t v)
{
    return v & (fp_sign_bit(sz) * 2 - 1);
}

uint64_t fp_abs(struct fp_env *env, enum fp_size sz, uint64_t a)
{
    uint64_t flip = (env->fpcr & FPCR_AH) && is_nan(sz, a) ? 0 : fp_sign_bit(sz);
    return low_bits(sz, a) & ~flip;
}

uint64_t fp_neg(struct fp_env *env, enum fp_size sz, uint64_t a)
{
    uint64_t flip = (env->fpcr & FPCR_AH) && is_nan(sz, a) ? 0 : fp_sign_bit(sz);
    return low_bits(sz, a) ^ flip;
}

/* Numbers that are not NaN: negative, zero or positive as a < b, a == b, a > b. */
static int order(struct fp_num a, struct fp_num b)
{
    int sa = a.sign ? -1 : 1, sb = b.sign ? -1 : 1;

    if (a.type == FPT_ZERO || b.type == FPT_ZERO) {
        return a.type == b.type ? 0 : a.type == FPT_ZERO ? -sb : sa;
    }
    if (sa != sb) {
        return sa;
    }
    if (a.type == FPT_INF || b.type == FPT_INF) {
        return a.type == b.type ? 0 : a.type == FPT_INF ? sa : -sa;
    }
    if (a.exp != b.exp) {
        return a.exp > b.exp ? sa : -sa;
    }
    return a.sig == b.sig ? 0 : a.sig > b.sig ? sa : -sa;
}

enum { UNORDERED = 2 };

/* The same by the host, for numbers under a plain FPCR: no flags then. */
static inline bool host_order(const struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b,
                              int *out)
{
    if (!fp_plain(env) || (sz != FP_D && sz != FP_S)) {
        return false;
    }
    double x = sz == FP_D ? fp_double(a) : fp_single((uint32_t)a);
    double y = sz == FP_D ? fp_double(b) : fp_single((uint32_t)b);
    *out = (x > y) - (x < y);
    return !__builtin_isunordered(x, y);
}

/* order(), or UNORDERED with a NaN. all_nans: quiet ones are invalid too. */
static int compare(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b, bool all_nans)
{
    int by_host;
    if (host_order(env, sz, a, b, &by_host)) {
        return by_host;
    }
    struct fp_num na = fp_unpack(env, env->fpcr, sz, a);
    struct fp_num nb = fp_unpack(env, env->fpcr, sz, b);

    if (fp_is_nan_type(na.type) || fp_is_nan_type(nb.type)) {
        bool invalid = all_nans || na.type == FPT_SNAN || nb.type == FPT_SNAN;
        env->fpsr |= invalid ? FPSR_IOC : 0;
        return UNORDERED;
    }
    fp_note_denormal(env, sz, na);
    fp_note_denormal(env, sz, nb);
    return order(na, nb);
}

unsigned fp_compare(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b, bool signal_nans)
{
    int r = compare(env, sz, a, b, signal_nans);
    return r == UNORDERED ? 3 : r == 0 ? 6 : r < 0 ? 8 : 2;
}

bool fp_cmp_eq(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    return compare(env, sz, a, b, false) == 0;
}

bool fp_cmp_ge(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    int r = compare(env, sz, a, b, true);
    return r == 0 || r == 1;
}

bool fp_cmp_gt(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    return compare(env, sz, a, b, true) == 1;
}

bool fp_cmp_acge(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    return fp_cmp_ge(env, sz, fp_abs(env, sz, a), fp_abs(env, sz, b));
}

bool fp_cmp_acgt(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    return fp_cmp_gt(env, sz, fp_abs(env, sz, a), fp_abs(env, sz, b));
}

/* FPMax and FPMin; alt: as FPCR.AH changes them (the "Num" forms never are). */
static uint64_t extremum(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b, bool want_max,
                         bool alt)
{
    int by_host;
    if (host_order(env, sz, a, b, &by_host) && (by_host != 0 || (a & (fp_sign_bit(sz) - 1)))) {
        return low_bits(sz, (by_host > 0) == want_max ? a : b); /* equal: the same bits */
    }
    struct fp_num na = fp_unpack(env, env->fpcr, sz, a);
    struct fp_num nb = fp_unpack(env, env->fpcr, sz, b);
    bool nan = fp_is_nan_type(na.type) || fp_is_nan_type(nb.type);
    uint32_t fpcr = env->fpcr;

    if (alt && na.type == FPT_ZERO && nb.type == FPT_ZERO && na.sign != nb.sign) {
        return fp_zero(sz, nb.sign);
    }
    if (alt && nan) {
        env->fpsr |= FPSR_IOC;
        return nb.type == FPT_ZERO ? fp_zero(sz, nb.sign) : low_bits(sz, b);
    }
    if (nan) {
        return fp_process_nans(env, sz, na.type, a, nb.type, b);
    }
    fp_note_denormal(env, sz, na);
    fp_note_denormal(env, sz, nb);
    int cmp = order(na, nb);
    bool first = want_max ? cmp > 0 : cmp < 0;
    struct fp_num n = first ? na : nb;
    if (n.type == FPT_ZERO) { /* both zero: the more positive or more negative of the two */
        bool both = na.type == nb.type;
        bool sign = !both ? n.sign : want_max ? na.sign && nb.sign : na.sign || nb.sign;
        return fp_zero(sz, sign);
    }
    if (n.type == FPT_DENORMAL) { /* may be flushed, though exact */
        fpcr &= alt ? ~(FPCR_FZ | FPCR_FZ16) : UINT32_MAX;
        return fp_round(env, fpcr, sz, n, fp_rounding_mode(env));
    }
    return low_bits(sz, first ? a : b);
}

uint64_t fp_max(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    return extremum(env, sz, a, b, true, env->fpcr & FPCR_AH);
}

uint64_t fp_min(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    return extremum(env, sz, a, b, false, env->fpcr & FPCR_AH);
}

/* A lone quiet NaN counts as the infinity that loses. */
static uint64_t extremum_num(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b,
                             bool want_max)
{
    struct fp_num na = fp_unpack(env, env->fpcr, sz, a);
    struct fp_num nb = fp_unpack(env, env->fpcr, sz, b);
    bool both = fp_is_nan_type(na.type) && fp_is_nan_type(nb.type);

    if (!((env->fpcr & FPCR_AH) && both)) {
        if (na.type == FPT_QNAN && nb.type != FPT_QNAN) {
            a = fp_infinity(sz, want_max);
        } else if (nb.type == FPT_QNAN && na.type != FPT_QNAN) {
            b = fp_infinity(sz, want_max);
        }
    }
    return extremum(env, sz, a, b, want_max, false);
}

uint64_t fp_maxnum(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    return extremum_num(env, sz, a, b, true);
}

uint64_t fp_minnum(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    return extremum_num(env, sz, a, b, false);
}
