/* SPDX-License-Identifier: Apache-2.0 */
/* A host without fused multiply-add: see fp_host.h. */
#include "cpu/fp/fp_host.h"

bool fp_host_has_fma(void)
{
    return false;
}

double fp_host_fma(double a, double b, double c)
{
    return a * b + c; /* not called */
}

float fp_host_fmaf(float a, float b, float c)
{
    return a * b + c; /* not called */
}
