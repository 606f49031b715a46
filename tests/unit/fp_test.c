/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Floating-point arithmetic against MPFR: results, Inexact, Overflow and Underflow of every format
 * in the four rounding modes, integer conversions in all five; host path against soft path; and a
 * table of the special cases that MPFR has no opinion on.
 */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <mpfr.h>

#include "base/bits.h"
#include "cpu/fp/fp_soft.h"

#define N_RANDOM 20000

/* xorshift64*: the same operands in every run. */
static uint64_t rng_state;
static uint64_t rng(void)
{
    rng_state ^= rng_state >> 12;
    rng_state ^= rng_state << 25;
    rng_state ^= rng_state >> 27;
    return rng_state * UINT64_C(2685821657736338717);
}

/* Operands that meet: exponents near each other or near the ends, runs of ones and zeros. */
static uint64_t random_operand(enum fp_size sz)
{
    uint64_t r = rng(), frac = rng() & fp_frac_mask(sz), max = fp_exp_max(sz), exp;

    switch (r & 3) {
    case 0:
        frac &= ~UINT64_C(0) << (r >> 8) % (fp_frac_bits(sz) + 1);
        break;
    case 1:
        frac |= ~(~UINT64_C(0) << (r >> 8) % (fp_frac_bits(sz) + 1));
        break;
    default:
        break;
    }
    switch (r >> 2 & 7) {
    case 0:
        exp = 0;
        break;
    case 1:
        exp = max - 1;
        break;
    case 2:
        exp = (r >> 16) % max;
        break;
    case 3:
        exp = (r >> 16) % 4;
        break;
    default:
        exp = max / 2 + (r >> 16) % 12 - 6;
        break;
    }
    return (r & 32 ? fp_sign_bit(sz) : 0) | exp << fp_frac_bits(sz) | (frac & fp_frac_mask(sz));
}

static void to_mpfr(mpfr_t m, enum fp_size sz, uint64_t v)
{
    struct fp_env env = {0};
    struct fp_num n = fp_unpack(&env, 0, sz, v);

    if (n.type == FPT_ZERO) {
        mpfr_set_zero(m, n.sign ? -1 : 1);
        return;
    }
    mpfr_set_uj_2exp(m, n.sig, n.exp - 63, MPFR_RNDN);
    if (n.sign) {
        mpfr_neg(m, m, MPFR_RNDN);
    }
}

static uint64_t from_mpfr(mpfr_t m, enum fp_size sz)
{
    bool sign = mpfr_signbit(m);

    if (mpfr_zero_p(m)) {
        return fp_zero(sz, sign);
    }
    if (mpfr_inf_p(m)) {
        return fp_infinity(sz, sign);
    }
    int f = (int)fp_frac_bits(sz), min = fp_min_exp(sz);
    mpfr_exp_t e = mpfr_get_exp(m) - 1;
    int lsb = (int)(e < min ? min : e) - f;
    mpfr_t t;
    mpfr_init2(t, 80);
    mpfr_abs(t, m, MPFR_RNDN);
    mpfr_div_2si(t, t, lsb, MPFR_RNDN);
    uint64_t mant = mpfr_get_uj(t, MPFR_RNDN);
    mpfr_clear(t);
    uint64_t biased = (uint64_t)((e < min ? min : e) - min);
    return fp_zero(sz, sign) | ((biased << f) + mant);
}

enum op { OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_SQRT, OP_MULADD, N_OPS };

static int apply(enum op op, mpfr_t r, mpfr_t a, mpfr_t b, mpfr_t c, mpfr_rnd_t rm)
{
    switch (op) {
    case OP_ADD:
        return mpfr_add(r, a, b, rm);
    case OP_SUB:
        return mpfr_sub(r, a, b, rm);
    case OP_MUL:
        return mpfr_mul(r, a, b, rm);
    case OP_DIV:
        return mpfr_div(r, a, b, rm);
    case OP_SQRT:
        return mpfr_sqrt(r, a, rm);
    default:
        return mpfr_fma(r, a, b, c, rm);
    }
}

static uint64_t apply_soft(enum op op, struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b,
                           uint64_t c)
{
    static fp_binary_fn *const binary[] = {fp_soft_add, fp_soft_sub, fp_soft_mul, fp_soft_div};

    if (op == OP_SQRT) {
        return fp_soft_sqrt(env, sz, a);
    }
    return op == OP_MULADD ? fp_soft_muladd(env, sz, c, a, b) : binary[op](env, sz, a, b);
}

static uint64_t apply_entry(enum op op, struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b,
                            uint64_t c)
{
    static fp_binary_fn *const binary[] = {fp_add, fp_sub, fp_mul, fp_div};

    if (op == OP_SQRT) {
        return fp_sqrt(env, sz, a);
    }
    return op == OP_MULADD ? fp_muladd(env, sz, c, a, b) : binary[op](env, sz, a, b);
}

static const mpfr_rnd_t mpfr_modes[] = {MPFR_RNDN, MPFR_RNDU, MPFR_RNDD, MPFR_RNDZ};

/* The flags that IEEE 754 arithmetic gives, underflow detected before rounding. */
static uint32_t expected_flags(enum fp_size sz, mpfr_t exact, bool overflow, int ternary)
{
    mpfr_t min;
    uint32_t flags = ternary != 0 ? FPSR_IXC : 0;

    mpfr_init2(min, 8);
    mpfr_set_ui_2exp(min, 1, fp_min_exp(sz), MPFR_RNDN);
    if (overflow) {
        flags |= FPSR_OFC;
    } else if (ternary != 0 && mpfr_cmpabs(exact, min) < 0) {
        flags |= FPSR_UFC;
    }
    mpfr_clear(min);
    return flags;
}

/* The result and flags by MPFR. exact has the unrounded value, truncated but with unbounded range.
 */
static uint64_t reference(enum fp_size sz, mpfr_rnd_t rm, mpfr_t exact,
                          int (*op)(mpfr_t, void *, mpfr_rnd_t), void *arg, uint32_t *out_flags)
{
    mpfr_exp_t emin = mpfr_get_emin(), emax = mpfr_get_emax();
    mpfr_t r;

    mpfr_init2(r, fp_frac_bits(sz) + 1);
    int ternary = op(r, arg, rm);
    mpfr_set_emin(fp_min_exp(sz) - (int)fp_frac_bits(sz) + 1);
    mpfr_set_emax((int)fp_exp_max(sz) / 2 + 1);
    mpfr_clear_flags();
    ternary = mpfr_check_range(r, ternary, rm);
    bool overflow = mpfr_overflow_p();
    ternary = mpfr_subnormalize(r, ternary, rm);
    mpfr_set_emin(emin);
    mpfr_set_emax(emax);
    uint64_t bits = from_mpfr(r, sz);
    mpfr_clear(r);
    *out_flags = expected_flags(sz, exact, overflow, ternary);
    return bits;
}

struct arith_arg {
    enum op op;
    mpfr_t a, b, c;
};

static int arith_apply(mpfr_t r, void *arg, mpfr_rnd_t rm)
{
    struct arith_arg *x = arg;
    return apply(x->op, r, x->a, x->b, x->c, rm);
}

static void check_arith(struct arith_arg *x, mpfr_t exact, enum fp_size sz, unsigned mode)
{
    uint64_t a = random_operand(sz), b = random_operand(sz), c = random_operand(sz);
    struct fp_env env = {.fpcr = mode << FPCR_RMODE_SHIFT};
    struct fp_env env_host = env;
    uint32_t flags;

    to_mpfr(x->a, sz, a);
    to_mpfr(x->b, sz, b);
    to_mpfr(x->c, sz, c);
    apply(x->op, exact, x->a, x->b, x->c, MPFR_RNDZ);
    if (mpfr_nan_p(exact) || mpfr_inf_p(exact)) {
        return; /* division by zero and the like: see special_cases */
    }
    uint64_t want = reference(sz, mpfr_modes[mode], exact, arith_apply, x, &flags);
    uint64_t got = apply_soft(x->op, &env, sz, a, b, c);
    if (got != want || env.fpsr != flags) {
        fail_msg("op %d size %d mode %u: %#jx %#jx %#jx: got %#jx/%#x want %#jx/%#x", x->op, sz,
                 mode, (uintmax_t)a, (uintmax_t)b, (uintmax_t)c, (uintmax_t)got, env.fpsr,
                 (uintmax_t)want, flags);
    }
    assert_int_equal(apply_entry(x->op, &env_host, sz, a, b, c), got);
    assert_int_equal(env_host.fpsr, env.fpsr);
}

static void arithmetic(void **state)
{
    struct arith_arg x;
    mpfr_t exact;

    mpfr_inits2(64, x.a, x.b, x.c, (mpfr_ptr)NULL);
    mpfr_init2(exact, 200);
    rng_state = 1;
    for (unsigned i = 0; i < N_RANDOM; i++) {
        for (x.op = OP_ADD; x.op < N_OPS; x.op++) {
            check_arith(&x, exact, (enum fp_size)(i % 3), i / 3 % 4);
        }
    }
    mpfr_clears(x.a, x.b, x.c, exact, (mpfr_ptr)NULL);
}

static int convert_apply(mpfr_t r, void *arg, mpfr_rnd_t rm)
{
    return mpfr_set(r, *(mpfr_t *)arg, rm);
}

static void conversions(void **state)
{
    mpfr_t m;

    mpfr_init2(m, 64);
    rng_state = 2;
    for (unsigned i = 0; i < N_RANDOM; i++) {
        enum fp_size from = (enum fp_size)(i % 3), to = (enum fp_size)((i + 1 + (i / 3 & 1)) % 3);
        unsigned mode = i / 6 % 4;
        uint64_t a = random_operand(from), want;
        uint32_t flags;
        struct fp_env env = {0};

        to = to == FP_H && i & 64 && from == FP_S ? FP_BF : to;
        to_mpfr(m, from, a);
        want = reference(to, mpfr_modes[mode], m, convert_apply, &m, &flags);
        if (to == FP_BF) {
            env.fpcr = mode << FPCR_RMODE_SHIFT;
            assert_int_equal(fp_convert_bf(&env, a), want);
        } else {
            assert_int_equal(fp_convert(&env, from, to, a, (enum fp_rounding)mode), want);
        }
        assert_int_equal(env.fpsr, flags);
    }
    mpfr_clear(m);
}

/* Rounding to odd is truncation with the last bit set when inexact. */
static void round_to_odd(void **state)
{
    rng_state = 3;
    for (unsigned i = 0; i < N_RANDOM; i++) {
        struct fp_env odd = {0}, zero = {0};
        uint64_t a = random_operand(FP_D);
        uint64_t got = fp_convert(&odd, FP_D, FP_S, a, FP_ODD);
        uint64_t want = fp_convert(&zero, FP_D, FP_S, a, FP_TOZERO);

        want |= (zero.fpsr & FPSR_IXC) != 0;
        assert_int_equal(got, want);
        assert_int_equal(odd.fpsr, zero.fpsr);
    }
}

static void rint_mode(mpfr_t r, mpfr_t a, enum fp_rounding rm)
{
    switch (rm) {
    case FP_TIEEVEN:
        mpfr_rint_roundeven(r, a, MPFR_RNDN);
        break;
    case FP_POSINF:
        mpfr_rint_ceil(r, a, MPFR_RNDN);
        break;
    case FP_NEGINF:
        mpfr_rint_floor(r, a, MPFR_RNDN);
        break;
    case FP_TIEAWAY:
        mpfr_rint_round(r, a, MPFR_RNDN);
        break;
    default:
        mpfr_rint_trunc(r, a, MPFR_RNDN);
        break;
    }
}

static uint64_t saturate(mpfr_t r, struct fp_fixed to, bool *out_saturated)
{
    bool neg = mpfr_signbit(r);
    mpfr_t limit;
    uint64_t v;

    mpfr_init2(limit, 80);
    if (to.is_unsigned) {
        mpfr_set_uj(limit, neg ? 0 : UINT64_MAX >> (64 - to.width), MPFR_RNDN);
    } else {
        mpfr_set_uj(limit, BIT(to.width - 1) - !neg, MPFR_RNDN);
    }
    *out_saturated = mpfr_cmpabs(r, limit) > 0;
    v = mpfr_get_uj(limit, MPFR_RNDN);
    if (!*out_saturated) {
        mpfr_abs(limit, r, MPFR_RNDN);
        v = mpfr_get_uj(limit, MPFR_RNDN);
    }
    mpfr_clear(limit);
    return (neg ? -v : v) & (UINT64_MAX >> (64 - to.width));
}

static void to_fixed_point(void **state)
{
    mpfr_t m, r;

    mpfr_inits2(128, m, r, (mpfr_ptr)NULL);
    rng_state = 4;
    for (unsigned i = 0; i < N_RANDOM; i++) {
        enum fp_size sz = (enum fp_size)(i % 3);
        enum fp_rounding rm = (enum fp_rounding)(i / 3 % 5);
        struct fp_fixed to = {.width = 16U << rng() % 3, .is_unsigned = rng() & 1};
        struct fp_env env = {0};
        uint64_t a = random_operand(sz);
        bool saturated;

        to.fbits = (uint8_t)(rng() & 1 ? rng() % (to.width + 1) : 0);
        to_mpfr(m, sz, a);
        mpfr_mul_2si(m, m, to.fbits, MPFR_RNDN);
        rint_mode(r, m, rm);
        uint64_t want = saturate(r, to, &saturated);
        uint32_t flags = saturated ? FPSR_IOC : mpfr_cmp(m, r) != 0 ? FPSR_IXC : 0;
        assert_int_equal(fp_to_fixed(&env, sz, a, to, rm), want);
        assert_int_equal(env.fpsr, flags);
    }
    mpfr_clears(m, r, (mpfr_ptr)NULL);
}

static void from_fixed_point(void **state)
{
    mpfr_t m;

    mpfr_init2(m, 64);
    rng_state = 5;
    for (unsigned i = 0; i < N_RANDOM; i++) {
        enum fp_size sz = (enum fp_size)(i % 3);
        unsigned mode = i / 3 % 4;
        struct fp_fixed from = {.width = 16U << rng() % 3, .is_unsigned = rng() & 1};
        struct fp_env env = {0};
        uint64_t v = rng() >> rng() % 64 << rng() % 64;
        uint32_t flags;

        from.fbits = (uint8_t)(rng() % (from.width + 1));
        if (from.is_unsigned) {
            mpfr_set_uj_2exp(m, v & UINT64_MAX >> (64 - from.width), -from.fbits, MPFR_RNDN);
        } else {
            mpfr_set_sj_2exp(m, sextract64(v, 0, from.width), -from.fbits, MPFR_RNDN);
        }
        uint64_t want = reference(sz, mpfr_modes[mode], m, convert_apply, &m, &flags);
        assert_int_equal(fp_from_fixed(&env, sz, v, from, (enum fp_rounding)mode), want);
        assert_int_equal(env.fpsr, flags);
    }
    mpfr_clear(m);
}

static void round_to_integral(void **state)
{
    mpfr_t m, r;

    mpfr_inits2(64, m, r, (mpfr_ptr)NULL);
    rng_state = 6;
    for (unsigned i = 0; i < N_RANDOM; i++) {
        enum fp_size sz = (enum fp_size)(i % 3);
        enum fp_rounding rm = (enum fp_rounding)(i / 3 % 5);
        struct fp_env env = {0};
        uint64_t a = random_operand(sz);

        to_mpfr(m, sz, a);
        rint_mode(r, m, rm);
        assert_int_equal(fp_round_int(&env, sz, a, rm, true), from_mpfr(r, sz));
        assert_int_equal(env.fpsr, mpfr_cmp(m, r) != 0 ? FPSR_IXC : 0);
        if (sz == FP_H) {
            continue;
        }
        unsigned bits = i & 1 ? 32 : 64;
        bool saturated;
        env.fpsr = 0;
        saturate(r, (struct fp_fixed){.width = (uint8_t)bits}, &saturated);
        uint64_t got = fp_round_int_n(&env, sz, a, rm, bits);
        if (saturated) {
            mpfr_set_si_2exp(r, -1, (int)bits - 1, MPFR_RNDN);
        }
        assert_int_equal(got, from_mpfr(r, sz));
        assert_int_equal(env.fpsr, saturated ? FPSR_IOC : mpfr_cmp(m, r) != 0 ? FPSR_IXC : 0);
    }
    mpfr_clears(m, r, (mpfr_ptr)NULL);
}

/* Any bits at all, any FPCR: the entries agree with the soft path. */
static void host_equals_soft(void **state)
{
    rng_state = 7;
    for (unsigned i = 0; i < N_RANDOM; i++) {
        enum fp_size sz = i & 1 ? FP_D : FP_S;
        uint64_t v[3];
        uint32_t fpcr = i & 6 ? 0 : (uint32_t)rng() & (FPCR_AH | FPCR_FZ | FPCR_DN | FPCR_RMODE);
        uint32_t fpsr = i & 8 ? FPSR_IXC : 0;

        for (unsigned k = 0; k < 3; k++) {
            uint64_t exp_all = fp_infinity(sz, false);
            v[k] = random_operand(sz) | (rng() % 16 == 0 ? exp_all : 0);
        }
        for (enum op op = OP_ADD; op < N_OPS; op++) {
            struct fp_env soft = {.fpcr = fpcr, .fpsr = fpsr}, entry = soft;
            uint64_t want = apply_soft(op, &soft, sz, v[0], v[1], v[2]);
            assert_int_equal(apply_entry(op, &entry, sz, v[0], v[1], v[2]), want);
            assert_int_equal(entry.fpsr, soft.fpsr);
        }
    }
}

struct special {
    fp_binary_fn *fn;
    uint32_t fpcr;
    uint64_t a, b, want;
    uint32_t flags;
};

#define INF  UINT64_C(0x7f800000)
#define QNAN UINT64_C(0x7fc00001)
#define SNAN UINT64_C(0x7f800001)
#define DNAN UINT64_C(0x7fc00000)
#define ONE  UINT64_C(0x3f800000)
#define TWO  UINT64_C(0x40000000)
#define NEG  UINT64_C(0x80000000)
#define DEN  UINT64_C(0x00000001)
#define MINN UINT64_C(0x00800000)
#define HALF UINT64_C(0x3f000000)

/* clang-format off */
static const struct special specials[] = {
    { fp_add, 0, INF, INF | NEG, DNAN, FPSR_IOC },
    { fp_add, FPCR_AH, INF, INF | NEG, DNAN | NEG, FPSR_IOC },
    { fp_add, 0, QNAN, SNAN, SNAN | 0x400000, FPSR_IOC },
    { fp_add, FPCR_AH, QNAN | 2, SNAN, QNAN | 2, FPSR_IOC },
    { fp_add, FPCR_DN, QNAN, ONE, DNAN, 0 },
    { fp_add, FPCR_FZ, DEN, DEN | NEG, 0, FPSR_IDC },
    { fp_add, FPCR_FZ | FPCR_AH, DEN, DEN, 0, FPSR_UFC | FPSR_IXC | FPSR_IDC },
    { fp_add, FPCR_FIZ | FPCR_AH, DEN, ONE, ONE, 0 },
    { fp_add, FPCR_AH, DEN, ONE, ONE, FPSR_IXC | FPSR_IDC },
    { fp_add, FP_NEGINF << FPCR_RMODE_SHIFT, ONE, ONE | NEG, NEG, 0 },
    { fp_sub, 0, ONE, QNAN, QNAN, 0 },
    { fp_mul, 0, INF, 0, DNAN, FPSR_IOC },
    { fp_mulx, 0, INF, NEG, TWO | NEG, 0 },
    { fp_mul, FPCR_FZ, MINN, HALF, 0, FPSR_UFC },
    { fp_mul, FPCR_FZ | FPCR_AH, MINN, HALF, 0, FPSR_UFC | FPSR_IXC },
    /* Rounds up to the smallest normal number: tiny before rounding, not after. */
    { fp_mul, 0, 0x00ffffff, HALF, MINN, FPSR_UFC | FPSR_IXC },
    { fp_mul, FPCR_AH, 0x00ffffff, HALF, MINN, FPSR_UFC | FPSR_IXC },
    { fp_mul, FPCR_FZ, 0x3f7fffff, MINN, 0, FPSR_UFC },
    { fp_div, 0, ONE, 0, INF, FPSR_DZC },
    { fp_div, 0, 0, 0, DNAN, FPSR_IOC },
    { fp_div, FPCR_AH, DEN, 0, INF, FPSR_DZC },
    { fp_max, 0, 0, NEG, 0, 0 },
    { fp_max, FPCR_AH, 0, NEG, NEG, 0 },
    { fp_max, FPCR_AH, QNAN, ONE, ONE, FPSR_IOC },
    { fp_max, 0, QNAN, ONE, QNAN, 0 },
    { fp_maxnum, 0, QNAN, ONE, ONE, 0 },
    { fp_minnum, 0, ONE, SNAN, QNAN, FPSR_IOC },
    { fp_min, FPCR_FZ, DEN, ONE, 0, FPSR_IDC },
    { fp_recip_step, 0, INF, 0, TWO, 0 },
    { fp_recip_step, 0, QNAN, ONE, QNAN | NEG, 0 },
    { fp_recip_step, FPCR_AH, QNAN, ONE, QNAN, 0 },
    { fp_rsqrt_step, 0, 0, INF, 0x3fc00000, 0 },
    { fp_rsqrt_step, 0, ONE, ONE, ONE, 0 },
    { fp_nmul, 0, ONE, TWO, TWO | NEG, 0 },
    { fp_abd, 0, ONE, TWO, ONE, 0 },
};
/* clang-format on */

static void special_cases(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(specials); i++) {
        const struct special *s = &specials[i];
        struct fp_env env = {.fpcr = s->fpcr};
        uint64_t got = s->fn(&env, FP_S, s->a, s->b);

        if (got != s->want || env.fpsr != s->flags) {
            fail_msg("row %zu: got %#jx/%#x", i, (uintmax_t)got, env.fpsr);
        }
    }
}

/* Estimates: known values, and within their precision everywhere. */
static void estimates(void **state)
{
    struct fp_env env = {0};

    assert_int_equal(fp_recip_estimate(&env, FP_S, ONE, false), 0x3f7f8000);
    assert_int_equal(fp_rsqrt_estimate(&env, FP_S, ONE, false), 0x3f7f8000);
    assert_int_equal(fp_unsigned_recip_estimate(0x80000000), 0xff800000);
    assert_int_equal(fp_unsigned_rsqrt_estimate(0x40000000), 0xff800000);
    env.fpcr = FPCR_AH;
    rng_state = 8;
    for (unsigned i = 0; i < 2000; i++) {
        uint64_t a = (100 + rng() % 50) << 23 | (rng() & 0x7fffff);
        union {
            uint32_t u;
            float f;
        } x = {.u = (uint32_t)a}, r = {.u = (uint32_t)fp_recip_estimate(&env, FP_S, a, true)},
          s = {.u = (uint32_t)fp_rsqrt_estimate(&env, FP_S, a, true)};
        double err = (double)x.f * r.f - 1, err2 = (double)x.f * s.f * s.f - 1;
        assert_true(err < 1.5 / 4096 && err > -1.5 / 4096);
        assert_true(err2 < 3.0 / 4096 && err2 > -3.0 / 4096);
    }
}

static void javascript(void **state)
{
    static const struct {
        uint64_t a;
        uint32_t want;
        bool z;
        uint32_t flags;
    } rows[] = {
        {0, 0, true, 0},
        {UINT64_C(0x8000000000000000), 0, false, 0},
        {UINT64_C(0x3ff0000000000000), 1, true, 0},
        {UINT64_C(0xbff8000000000000), 0xffffffff, false, FPSR_IXC},
        {UINT64_C(0x41f0000000100000), 1, false, FPSR_IOC},
        {UINT64_C(0x43f0000000000001), 4096, false, FPSR_IOC},
        {UINT64_C(0xc1e0000000000000), 0x80000000, true, 0},
        {UINT64_C(0x7ff8000000000000), 0, false, FPSR_IOC},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fp_env env = {0};
        bool z;
        assert_int_equal(fp_to_int_js(&env, rows[i].a, &z), rows[i].want);
        assert_int_equal(z, rows[i].z);
        assert_int_equal(env.fpsr, rows[i].flags);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic),       cmocka_unit_test(conversions),
        cmocka_unit_test(round_to_odd),     cmocka_unit_test(to_fixed_point),
        cmocka_unit_test(from_fixed_point), cmocka_unit_test(round_to_integral),
        cmocka_unit_test(host_equals_soft), cmocka_unit_test(special_cases),
        cmocka_unit_test(estimates),        cmocka_unit_test(javascript),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
