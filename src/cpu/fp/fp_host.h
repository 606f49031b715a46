/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's fused multiply-add, where it is an instruction.
 *
 * One implementation is chosen at build time: fp_host_x86.c, fp_host_fma.c or fp_host_none.c.
 */
#ifndef CPU_FP_FP_HOST_H
#define CPU_FP_FP_HOST_H

#include <stdbool.h>

bool fp_host_has_fma(void);
/* a * b + c with one rounding, to nearest. Only if fp_host_has_fma(). */
double fp_host_fma(double a, double b, double c);
float fp_host_fmaf(float a, float b, float c);

#endif
