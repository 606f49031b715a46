/* SPDX-License-Identifier: Apache-2.0 */
/* Floating-point immediates of FMOV: Arm ARM, pseudocode VFPExpandImm. */
#ifndef CPU_ISA_FP_IMM_H
#define CPU_ISA_FP_IMM_H

#include <stdint.h>

#include "cpu/fp/fp.h"

uint64_t fp_expand_imm(enum fp_size sz, unsigned imm8);

#endif
