/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unpacked numbers: what the files of fp/ compute with.
 *
 * A number is (-1)^sign * sig * 2^(exp - 63) with the top bit of sig set; a set bit 0 may stand for
 * any non-zero bits below it ("sticky"). 64 bits hold a double's 53 with eleven to spare, so one
 * rounding function serves every format.
 */
#ifndef CPU_FP_FP_SOFT_H
#define CPU_FP_FP_SOFT_H

#include "base/bits.h"
#include "cpu/fp/fp.h"

__extension__ typedef unsigned __int128 fp_u128;

enum fp_type { FPT_ZERO, FPT_DENORMAL, FPT_NORMAL, FPT_INF, FPT_QNAN, FPT_SNAN };

struct fp_num {
    uint64_t sig;
    int32_t exp;
    uint8_t type; /* enum fp_type */
    bool sign;
};

/* The formats. min_exp is the exponent of the smallest normal number. */
static inline unsigned fp_frac_bits(enum fp_size sz)
{
    return sz == FP_D ? 52 : sz == FP_S ? 23 : sz == FP_H ? 10 : 7;
}

static inline unsigned fp_exp_bits(enum fp_size sz)
{
    return sz == FP_D ? 11 : sz == FP_H ? 5 : 8;
}

static inline unsigned fp_width(enum fp_size sz)
{
    return sz == FP_D ? 64 : sz == FP_S ? 32 : 16;
}

static inline int32_t fp_min_exp(enum fp_size sz)
{
    return sz == FP_D ? -1022 : sz == FP_H ? -14 : -126;
}

static inline uint64_t fp_sign_bit(enum fp_size sz)
{
    return BIT(fp_width(sz) - 1);
}

static inline uint64_t fp_frac_mask(enum fp_size sz)
{
    return BIT(fp_frac_bits(sz)) - 1;
}

static inline uint64_t fp_exp_max(enum fp_size sz)
{
    return BIT(fp_exp_bits(sz)) - 1;
}

static inline bool fp_is_nan_type(unsigned type)
{
    return type >= FPT_QNAN;
}

static inline uint64_t fp_zero(enum fp_size sz, bool sign)
{
    return sign ? fp_sign_bit(sz) : 0;
}

static inline uint64_t fp_infinity(enum fp_size sz, bool sign)
{
    return fp_zero(sz, sign) | fp_exp_max(sz) << fp_frac_bits(sz);
}

static inline uint64_t fp_max_normal(enum fp_size sz, bool sign)
{
    return fp_infinity(sz, sign) - 1;
}

/* FPDefaultNaN: negative with AH. */
static inline uint64_t fp_default_nan(uint32_t fpcr, enum fp_size sz)
{
    return fp_infinity(sz, fpcr & FPCR_AH) | BIT(fp_frac_bits(sz) - 1);
}

/* Does FPCR flush denormal results of this format? Inputs: see fp_unpack. */
static inline bool fp_flushes(uint32_t fpcr, enum fp_size sz)
{
    return fpcr & (sz == FP_H ? FPCR_FZ16 : FPCR_FZ);
}

/* A non-zero value sig * 2^(exp - 63) with any leading bit, normalised. */
static inline struct fp_num fp_normalised(bool sign, int32_t exp, uint64_t sig)
{
    int lead = __builtin_clzll(sig);
    return (struct fp_num){.sig = sig << lead, .exp = exp - lead, .type = FPT_NORMAL, .sign = sign};
}

/* A shift right that keeps the sticky bit. */
static inline uint64_t fp_shift_jam(uint64_t v, unsigned n)
{
    return n == 0 ? v : n > 63 ? v != 0 : v >> n | (v << (64 - n) != 0);
}

/*
 * FPUnpack: flushes denormal inputs as FPCR says and reports it. The control bits are a parameter
 * because several operations use altered ones. FPCR.AHP is ignored here.
 */
static inline struct fp_num fp_unpack(struct fp_env *env, uint32_t fpcr, enum fp_size sz,
                                      uint64_t v)
{
    unsigned f = fp_frac_bits(sz);
    uint64_t frac = v & fp_frac_mask(sz);
    uint64_t exp = v >> f & fp_exp_max(sz);
    struct fp_num n = {.sign = (v & fp_sign_bit(sz)) != 0, .type = FPT_NORMAL};

    if (LIKELY(exp != 0 && exp != fp_exp_max(sz))) {
        n.sig = (frac | BIT(f)) << (63 - f);
        n.exp = (int32_t)exp + fp_min_exp(sz) - 1;
    } else if (exp != 0) {
        n.type = frac == 0 ? FPT_INF : bit(frac, f - 1) ? FPT_QNAN : FPT_SNAN;
    } else if (frac == 0) {
        n.type = FPT_ZERO;
    } else {
        bool fz = sz != FP_H && (fpcr & (FPCR_FZ | FPCR_AH)) == FPCR_FZ;
        bool quiet = fpcr & (sz == FP_H ? FPCR_FZ16 : FPCR_FIZ);
        if (fz || quiet) {
            n.type = FPT_ZERO;
            env->fpsr |= fz ? FPSR_IDC : 0;
        } else {
            n = fp_normalised(n.sign, fp_min_exp(sz), frac << (63 - f));
            n.type = FPT_DENORMAL;
        }
    }
    return n;
}

/* FPProcessDenorms, one operand: with AH a denormal input that was used is reported. */
static inline void fp_note_denormal(struct fp_env *env, enum fp_size sz, struct fp_num n)
{
    if (n.type == FPT_DENORMAL && sz != FP_H && (env->fpcr & FPCR_AH)) {
        env->fpsr |= FPSR_IDC;
    }
}

/* FPRoundBase of a non-zero number. FPCR.AHP selects the alternative half format. */
uint64_t fp_round_base(struct fp_env *env, uint32_t fpcr, enum fp_size sz, struct fp_num n,
                       enum fp_rounding rm);

/* FPRound: the same in the IEEE formats. */
static inline uint64_t fp_round(struct fp_env *env, uint32_t fpcr, enum fp_size sz, struct fp_num n,
                                enum fp_rounding rm)
{
    return fp_round_base(env, fpcr & ~FPCR_AHP, sz, n, rm);
}

/* FPProcessNaN: the NaN that an operation with this NaN operand gives. */
uint64_t fp_process_nan(struct fp_env *env, enum fp_size sz, unsigned type, uint64_t v);
/* FPProcessNaNs: at least one of the two is a NaN. */
uint64_t fp_process_nans(struct fp_env *env, enum fp_size sz, unsigned ta, uint64_t a, unsigned tb,
                         uint64_t b);
/* FPProcessNaNs3, the index (0 to 2) of the chosen operand: addend, a, b. Reports signaling ones
 * through *out_type. */
unsigned fp_choose_nan3(uint32_t fpcr, const unsigned type[3], unsigned *out_type);

/* Sums without rounding (but sticky); type FPT_ZERO when they cancel exactly. Operands are finite.
 */
struct fp_num fp_exact_add(struct fp_num a, struct fp_num b);
struct fp_num fp_exact_muladd(struct fp_num addend, struct fp_num a, struct fp_num b);

/* An exact sum as a result: the sign of zero depends on the rounding mode. */
uint64_t fp_round_sum(struct fp_env *env, uint32_t fpcr, enum fp_size sz, struct fp_num sum,
                      enum fp_rounding rm);

/*
 * With AH, estimates, steps and BFloat16 conversions ignore most of FPCR: to nearest, denormals
 * flushed both ways, no flags. These functions give them an environment of their own.
 */
static inline struct fp_env fp_alt_begin(const struct fp_env *env)
{
    struct fp_env alt = {.fpcr = env->fpcr, .fpsr = 0};
    if (env->fpcr & FPCR_AH) {
        alt.fpcr = (env->fpcr & ~FPCR_RMODE) | FPCR_FIZ | FPCR_FZ;
    }
    return alt;
}

static inline void fp_alt_end(struct fp_env *env, const struct fp_env *alt)
{
    if (!(env->fpcr & FPCR_AH)) {
        env->fpsr |= alt->fpsr;
    }
}

/* The arithmetic without help of the host. */
fp_binary_fn fp_soft_add, fp_soft_sub, fp_soft_mul, fp_soft_div;
fp_unary_fn fp_soft_sqrt;
uint64_t fp_soft_muladd(struct fp_env *env, enum fp_size sz, uint64_t addend, uint64_t a,
                        uint64_t b);

#endif
