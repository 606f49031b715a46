/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handlers that use host instructions beyond the host's baseline. simd_host_x86.c has them for
 * x86-64, simd_host_none.c for other hosts. Each does exactly what the portable handler does, with
 * the same operands.
 */
#ifndef CPU_ISA_SIMD_HOST_H
#define CPU_ISA_SIMD_HOST_H

#include "cpu/isa/op.h"

enum host_simd {
    HOST_PMULL64,
    HOST_AESE,
    HOST_AESD,
    HOST_AESMC,
    HOST_AESIMC,
    HOST_N_OPS,
};

/* NULL: the host cannot do it. */
op_fn *host_simd_op(enum host_simd which);

#endif
