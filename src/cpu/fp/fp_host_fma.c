/* SPDX-License-Identifier: Apache-2.0 */
/* A host whose base instruction set has fused multiply-add (AArch64): see fp_host.h. */
#include "cpu/fp/fp_host.h"

bool fp_host_has_fma(void)
{
    return true;
}

double fp_host_fma(double a, double b, double c)
{
    return __builtin_fma(a, b, c);
}

float fp_host_fmaf(float a, float b, float c)
{
    return __builtin_fmaf(a, b, c);
}
