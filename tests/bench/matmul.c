/* SPDX-License-Identifier: Apache-2.0 */
/* Integer matrices. */
#include "bench.h"

#define N 64

static int32_t a[N][N], b[N][N], c[N][N];

static void multiply(void)
{
    for (unsigned i = 0; i < N; i++) {
        for (unsigned j = 0; j < N; j++) {
            int32_t s = 0;
            for (unsigned k = 0; k < N; k++) {
                s += a[i][k] * b[k][j];
            }
            c[i][j] = s;
        }
    }
}

uint64_t bench_run(void)
{
    uint32_t seed = 2;
    uint64_t sum = 0;

    for (unsigned i = 0; i < N * N; i++) {
        a[i / N][i % N] = bench_random(&seed) & 0xff;
        b[i / N][i % N] = bench_random(&seed) & 0xff;
    }
    for (unsigned round = 0; round < 1000; round++) {
        multiply();
        a[round % N][round / N % N] += c[round % N][3] & 0xff;
        sum = sum * 31 + (uint32_t)c[round % N][round * 7 % N];
    }
    return sum;
}
