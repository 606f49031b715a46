/* SPDX-License-Identifier: Apache-2.0 */
/* x86-64: carry-less multiplication and AES. */
#include <immintrin.h>

#include "cpu/isa/simd_host.h"

#include "cpu/cpu_internal.h"

#define NEEDS(features) __attribute__((target(features)))

static inline __m128i get(const vreg_t *v)
{
    return _mm_load_si128((const __m128i *)v);
}

static inline void put(vreg_t *v, __m128i x)
{
    _mm_store_si128((__m128i *)v, x);
}

/* d selects the half of both sources, as in the portable handler. */
NEEDS("pclmul") HANDLER(host_pmull64)
{
    __m128i n = _mm_cvtsi64_si128((long long)c->v[o->b].d[o->d]);
    __m128i m = _mm_cvtsi64_si128((long long)c->v[o->c].d[o->d]);
    put(&c->v[o->a], _mm_clmulepi64_si128(n, m, 0));
    NEXT(1);
}

/* Arm adds the key first, the host last: with a key of zero the rest is the same round. */
NEEDS("aes") HANDLER(host_aese)
{
    __m128i x = _mm_xor_si128(get(&c->v[o->a]), get(&c->v[o->b]));
    put(&c->v[o->a], _mm_aesenclast_si128(x, _mm_setzero_si128()));
    NEXT(1);
}
NEEDS("aes") HANDLER(host_aesd)
{
    __m128i x = _mm_xor_si128(get(&c->v[o->a]), get(&c->v[o->b]));
    put(&c->v[o->a], _mm_aesdeclast_si128(x, _mm_setzero_si128()));
    NEXT(1);
}
/* MixColumns alone: undo a last round, then do a whole one. */
NEEDS("aes") HANDLER(host_aesmc)
{
    __m128i zero = _mm_setzero_si128();
    put(&c->v[o->a], _mm_aesenc_si128(_mm_aesdeclast_si128(get(&c->v[o->b]), zero), zero));
    NEXT(1);
}
NEEDS("aes") HANDLER(host_aesimc)
{
    put(&c->v[o->a], _mm_aesimc_si128(get(&c->v[o->b])));
    NEXT(1);
}

op_fn *host_simd_op(enum host_simd which)
{
    static op_fn *const ops[HOST_N_OPS] = {[HOST_PMULL64] = op_host_pmull64,
                                           [HOST_AESE] = op_host_aese,
                                           [HOST_AESD] = op_host_aesd,
                                           [HOST_AESMC] = op_host_aesmc,
                                           [HOST_AESIMC] = op_host_aesimc};
    bool can =
        which == HOST_PMULL64 ? __builtin_cpu_supports("pclmul") : __builtin_cpu_supports("aes");
    return can ? ops[which] : NULL;
}
