/* SPDX-License-Identifier: Apache-2.0 */
/* Double precision: bodies that attract each other. */
#include "bench.h"

#define N 5

static double pos[N][3], vel[N][3], mass[N];

static double root(double v)
{
    __asm__("fsqrt %d0, %d1" : "=w"(v) : "w"(v));
    return v;
}

static void attract(unsigned i, unsigned j, double dt)
{
    double d[3], d2 = 0;

    for (unsigned k = 0; k < 3; k++) {
        d[k] = pos[i][k] - pos[j][k];
        d2 += d[k] * d[k];
    }
    double mag = dt / (d2 * root(d2));
    for (unsigned k = 0; k < 3; k++) {
        vel[i][k] -= d[k] * mass[j] * mag;
        vel[j][k] += d[k] * mass[i] * mag;
    }
}

uint64_t bench_run(void)
{
    union {
        double d;
        uint64_t u;
    } sum = {0};
    uint32_t seed = 6;

    for (unsigned i = 0; i < N; i++) {
        mass[i] = 1.0 / (1 + i);
        for (unsigned k = 0; k < 3; k++) {
            pos[i][k] = (double)(bench_random(&seed) & 0xffff) / 1024;
        }
    }
    for (unsigned step = 0; step < 400000; step++) {
        for (unsigned i = 0; i < N; i++) {
            for (unsigned j = i + 1; j < N; j++) {
                attract(i, j, 0.001);
            }
        }
        for (unsigned i = 0; i < N; i++) {
            for (unsigned k = 0; k < 3; k++) {
                pos[i][k] += 0.001 * vel[i][k];
            }
        }
    }
    for (unsigned i = 0; i < N; i++) {
        sum.d += pos[i][0] + vel[i][1];
    }
    return sum.u;
}
