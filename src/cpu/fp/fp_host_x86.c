/* SPDX-License-Identifier: Apache-2.0 */
/* x86-64: fused multiply-add where the processor has FMA3. See fp_host.h. */
#include "cpu/fp/fp_host.h"

bool fp_host_has_fma(void)
{
    return __builtin_cpu_supports("fma");
}

__attribute__((target("fma"))) double fp_host_fma(double a, double b, double c)
{
    return __builtin_fma(a, b, c);
}

__attribute__((target("fma"))) float fp_host_fmaf(float a, float b, float c)
{
    return __builtin_fmaf(a, b, c);
}
