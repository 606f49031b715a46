/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the host's floating point gives the architectural result, as inline checks for handlers.
 *
 * The host computes IEEE 754 to nearest with denormals and without traps. That is the Arm result,
 * bit for bit, when FPCR asks for nothing else (FP_SLOW_FPCR), the result is finite (so NaN
 * selection, overflow and division by zero do not come into it) and, where a denormal result may be
 * inexact, lies strictly above the smallest normal number (so that underflow does not either: sums
 * below it are exact). What is left is the Inexact flag. It is sticky, and in practice set early
 * and cleared hardly ever, so the inline path is taken only while it is set; otherwise the
 * out-of-line functions of fp.h find out whether the result was exact (fp_entry.c).
 */
#ifndef CPU_FP_FP_FAST_H
#define CPU_FP_FP_FAST_H

#include <float.h>
#include <string.h>

#include "base/bits.h"
#include "cpu/fp/fp.h"

_Static_assert(FLT_EVAL_METHOD == 0 || FLT_EVAL_METHOD == 16,
               "float and double are computed in their own precision");

/* Anything in FPCR that makes results differ from the host's; NEP for scalar register writes. */
#define FP_SLOW_FPCR (FPCR_FIZ | FPCR_AH | FPCR_NEP | FPCR_RMODE | FPCR_FZ)

#define FP64_INF        UINT64_C(0x7ff0000000000000)
#define FP64_MIN_NORMAL UINT64_C(0x0010000000000000)
#define FP32_INF        0x7f800000U
#define FP32_MIN_NORMAL 0x00800000U

/* FPCR is plain. */
static inline bool fp_plain(const struct fp_env *env)
{
    return (env->fpcr & FP_SLOW_FPCR) == 0;
}

/* FPCR is plain and Inexact already set: nothing of the host's flags is needed. */
static inline bool fp_fast(const struct fp_env *env)
{
    uint64_t both;
    memcpy(&both, env, sizeof(both));
    return (both & (FP_SLOW_FPCR | (uint64_t)FPSR_IXC << 32)) == (uint64_t)FPSR_IXC << 32;
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "fp_fast reads two members at once");

static inline double fp_double(uint64_t v)
{
    double d;
    memcpy(&d, &v, sizeof(d));
    return d;
}

static inline uint64_t fp_double_bits(double d)
{
    uint64_t v;
    memcpy(&v, &d, sizeof(v));
    return v;
}

static inline float fp_single(uint32_t v)
{
    float f;
    memcpy(&f, &v, sizeof(f));
    return f;
}

static inline uint32_t fp_single_bits(float f)
{
    uint32_t v;
    memcpy(&v, &f, sizeof(v));
    return v;
}

/* Finite, by the bits. */
static inline bool fp64_finite(uint64_t v)
{
    return (v & INT64_MAX) < FP64_INF;
}

static inline bool fp32_finite(uint32_t v)
{
    return (v & INT32_MAX) < FP32_INF;
}

/* Finite and strictly above the smallest normal number in magnitude. */
static inline bool fp64_safe(uint64_t v)
{
    return (v & INT64_MAX) - (FP64_MIN_NORMAL + 1) < FP64_INF - (FP64_MIN_NORMAL + 1);
}

static inline bool fp32_safe(uint32_t v)
{
    return (v & INT32_MAX) - (FP32_MIN_NORMAL + 1) < FP32_INF - (FP32_MIN_NORMAL + 1);
}

#endif
