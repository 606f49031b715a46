/* SPDX-License-Identifier: Apache-2.0 */
/* x86-64: carry-less multiplication. */
#include <immintrin.h>

#include "cpu/cpu_internal.h"
#include "cpu/isa/simd_host.h"

/* d selects the half of both sources, as in the portable handler. */
__attribute__((target("pclmul,sse4.1"))) HANDLER(host_pmull64)
{
    __m128i n = _mm_cvtsi64_si128((long long)c->v[o->b].d[o->d]);
    __m128i m = _mm_cvtsi64_si128((long long)c->v[o->c].d[o->d]);
    _mm_store_si128((__m128i *)&c->v[o->a], _mm_clmulepi64_si128(n, m, 0));
    NEXT(1);
}

op_fn *host_simd_op(enum host_simd which)
{
    bool can = which == HOST_PMULL64 && __builtin_cpu_supports("pclmul");
    return can ? op_host_pmull64 : NULL;
}
