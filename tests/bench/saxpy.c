/* SPDX-License-Identifier: Apache-2.0 */
/* Single precision vectors: y += a * x with NEON. */
#include <arm_neon.h>

#include "bench.h"

#define N 2048

static _Alignas(16) float x[N], y[N];

uint64_t bench_run(void)
{
    uint64_t sum = 0;
    union {
        float f;
        uint32_t u;
    } v;

    for (unsigned i = 0; i < N; i++) {
        x[i] = (float)i / 128;
        y[i] = (float)(N - i);
    }
    for (unsigned round = 0; round < 15000; round++) {
        float32x4_t a = vdupq_n_f32(round & 1 ? 0.5f : -0.5f);
        for (unsigned i = 0; i < N; i += 4) {
            vst1q_f32(y + i, vfmaq_f32(vld1q_f32(y + i), a, vld1q_f32(x + i)));
        }
    }
    for (unsigned i = 0; i < N; i++) {
        v.f = y[i];
        sum = sum * 31 + v.u;
    }
    return sum;
}
