/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handlers that use host instructions beyond the host's baseline: AES, SHA, carry-less multiply, byte
 * shuffle. simd_host_x86.c has them for x86-64, simd_host_none.c for other hosts. Each does exactly
 * what the portable handler of the same name does, with the same operands.
 */
#ifndef CPU_ISA_SIMD_HOST_H
#define CPU_ISA_SIMD_HOST_H

#include "cpu/isa/op.h"

enum host_simd {
    HOST_AESE,
    HOST_AESD,
    HOST_AESMC,
    HOST_AESIMC,
    HOST_PMULL64,
    HOST_SHA1C,
    HOST_SHA1P,
    HOST_SHA1M,
    HOST_SHA256H,
    HOST_SHA256H2,
    HOST_SHA256SU0,
    HOST_SHA256SU1,
    HOST_TBL1, /* of 16 bytes, one table register */
    HOST_SIMD_COUNT,
};

/* NULL: the host cannot do it. */
op_fn *host_simd_op(enum host_simd which);

#endif
