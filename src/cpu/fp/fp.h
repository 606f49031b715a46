/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arm floating-point arithmetic on bit patterns: half, single, double and BFloat16.
 *
 * Arm DDI 0487, "Shared pseudocode functions", functions/float: each function here is named after
 * the pseudocode function that it implements and follows it in results, NaN choice and cumulative
 * flags, with FEAT_AFP (FPCR.AH, FIZ) and FEAT_EBF16. FPCR.NEP concerns whole registers, so the
 * instruction handlers deal with it. Trapped exceptions are not implemented (FPCR.IDE.. are RAZ).
 *
 * Values are in the low bits of a uint64_t; the bits above the format are ignored on input and zero
 * on output.
 */
#ifndef CPU_FP_FP_H
#define CPU_FP_FP_H

#include <stdbool.h>
#include <stdint.h>

/* Next to each other and in this order: the fast path reads both in one go. */
struct fp_env {
    uint32_t fpcr;
    uint32_t fpsr; /* flags accumulate here */
};

enum fp_size { FP_H, FP_S, FP_D, FP_BF };

enum fp_rounding { /* the first four as FPCR.RMode */
                   FP_TIEEVEN,
                   FP_POSINF,
                   FP_NEGINF,
                   FP_TOZERO,
                   FP_TIEAWAY,
                   FP_ODD,
};

#define FPCR_FIZ         (1U << 0)
#define FPCR_AH          (1U << 1)
#define FPCR_NEP         (1U << 2)
#define FPCR_EBF         (1U << 13)
#define FPCR_FZ16        (1U << 19)
#define FPCR_RMODE_SHIFT 22
#define FPCR_RMODE       (3U << FPCR_RMODE_SHIFT)
#define FPCR_FZ          (1U << 24)
#define FPCR_DN          (1U << 25)
#define FPCR_AHP         (1U << 26)

#define FPSR_IOC (1U << 0)
#define FPSR_DZC (1U << 1)
#define FPSR_OFC (1U << 2)
#define FPSR_UFC (1U << 3)
#define FPSR_IXC (1U << 4)
#define FPSR_IDC (1U << 7)
#define FPSR_QC  (1U << 27)

/* FPRoundingMode(FPCR). */
static inline enum fp_rounding fp_rounding_mode(const struct fp_env *env)
{
    return (enum fp_rounding)(env->fpcr >> FPCR_RMODE_SHIFT & 3);
}

typedef uint64_t fp_unary_fn(struct fp_env *env, enum fp_size sz, uint64_t a);
typedef uint64_t fp_binary_fn(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b);
typedef bool fp_compare_fn(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b);

/* Arithmetic: host arithmetic where it is provably the same, own arithmetic otherwise. */
fp_binary_fn fp_add, fp_sub, fp_mul, fp_div;
fp_unary_fn fp_sqrt;
/* FPMulAdd: addend + a * b with one rounding. */
uint64_t fp_muladd(struct fp_env *env, enum fp_size sz, uint64_t addend, uint64_t a, uint64_t b);

fp_binary_fn fp_mulx;       /* FPMulX: infinity * 0 is 2.0 */
fp_binary_fn fp_recip_step; /* FPRecipStepFused: 2 - a * b */
fp_binary_fn fp_rsqrt_step; /* FPRSqrtStepFused: (3 - a * b) / 2 */
fp_binary_fn fp_abd;        /* FPAbs(FPSub) */
fp_binary_fn fp_nmul;       /* FPNeg(FPMul) */
/* FPMulAddH: single += half * half. */
uint64_t fp_muladd_h(struct fp_env *env, uint64_t addend, uint64_t a, uint64_t b);

fp_unary_fn fp_abs, fp_neg; /* with AH the sign of a NaN stays */
fp_binary_fn fp_max, fp_min, fp_maxnum, fp_minnum;

/* FPCompare: NZCV in bits 3:0. signal_nans: FCMPE. */
unsigned fp_compare(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b, bool signal_nans);
fp_compare_fn fp_cmp_eq, fp_cmp_ge, fp_cmp_gt;
fp_compare_fn fp_cmp_acge, fp_cmp_acgt; /* of absolute values */

/* FPRoundInt, in the given mode; exact: report Inexact (FRINTX). */
uint64_t fp_round_int(struct fp_env *env, enum fp_size sz, uint64_t a, enum fp_rounding rm,
                      bool exact);
/* FPRoundIntN: to an integer that fits int_bits (32 or 64). */
uint64_t fp_round_int_n(struct fp_env *env, enum fp_size sz, uint64_t a, enum fp_rounding rm,
                        unsigned int_bits);

/* How an integer operand or result looks: width 16, 32 or 64, fbits fraction bits. */
struct fp_fixed {
    uint8_t width, fbits;
    bool is_unsigned;
};
/* FPToFixed: saturating; zero-extended to 64 bits. */
uint64_t fp_to_fixed(struct fp_env *env, enum fp_size sz, uint64_t a, struct fp_fixed to,
                     enum fp_rounding rm);
/* FixedToFP. Bits of v above the width are ignored. */
uint64_t fp_from_fixed(struct fp_env *env, enum fp_size sz, uint64_t v, struct fp_fixed from,
                       enum fp_rounding rm);
/* FPToFixedJS: *out_z is PSTATE.Z. */
uint32_t fp_to_int_js(struct fp_env *env, uint64_t a, bool *out_z);

/* FPConvert between half (both formats, FPCR.AHP), single and double. */
uint64_t fp_convert(struct fp_env *env, enum fp_size from, enum fp_size to, uint64_t a,
                    enum fp_rounding rm);
/* FPConvertBF: single to BFloat16. */
uint64_t fp_convert_bf(struct fp_env *env, uint64_t a);
/* BFDotAdd: addend + a0 * b0 + a1 * b1; a and b are pairs of BFloat16. */
uint32_t fp_bfdot_add(const struct fp_env *env, uint32_t addend, uint32_t a, uint32_t b);
/* BFMulAddH: single += bfloat16 * bfloat16. */
uint64_t fp_bf_muladd_h(struct fp_env *env, uint64_t addend, uint64_t a, uint64_t b);

/* FPRecipEstimate, FPRSqrtEstimate. rpres: FEAT_RPRES, 12 bits for single with AH. */
uint64_t fp_recip_estimate(struct fp_env *env, enum fp_size sz, uint64_t a, bool rpres);
uint64_t fp_rsqrt_estimate(struct fp_env *env, enum fp_size sz, uint64_t a, bool rpres);
fp_unary_fn fp_recpx;
/* UnsignedRecipEstimate, UnsignedRSqrtEstimate. */
uint32_t fp_unsigned_recip_estimate(uint32_t a);
uint32_t fp_unsigned_rsqrt_estimate(uint32_t a);

#endif
