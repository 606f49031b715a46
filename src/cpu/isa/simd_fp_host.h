/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers of Advanced SIMD arithmetic on single and double vectors that use the host's FPU. */
#ifndef CPU_ISA_SIMD_FP_HOST_H
#define CPU_ISA_SIMD_FP_HOST_H

#include "cpu/isa/op.h"

enum simd_shape { SIMD_2S, SIMD_4S, SIMD_2D };

/* The comment is the generic operation whose operands and slots the handler takes. */
enum simd_fp_host_op {
    SIMD_HOST_NONE,
    SIMD_FADD, /* op_fp_binary, down to ACGT */
    SIMD_FSUB,
    SIMD_FMUL,
    SIMD_FMUL_ELT,
    SIMD_FDIV,
    SIMD_FMAX,
    SIMD_FMIN,
    SIMD_FMAXNM,
    SIMD_FMINNM,
    SIMD_FCMEQ,
    SIMD_FCMGE,
    SIMD_FCMGT,
    SIMD_FACGE,
    SIMD_FACGT,
    SIMD_FADDP,  /* op_fp_pairwise */
    SIMD_FCMEQ0, /* op_fp_unary, from here */
    SIMD_FCMGE0,
    SIMD_FCMGT0,
    SIMD_FCMLE0,
    SIMD_FCMLT0,
    SIMD_FABS,
    SIMD_FNEG,
    SIMD_SCVTF,
    SIMD_FCVTZS,
    SIMD_HOST_OPS,
};

/* NULL: use the generic operation. */
op_fn *simd_fp_host(enum simd_fp_host_op op, enum simd_shape shape);

#endif
