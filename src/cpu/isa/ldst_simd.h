/* SPDX-License-Identifier: Apache-2.0 */
/* What SIMD&FP loads and stores move. */
#ifndef CPU_ISA_LDST_SIMD_H
#define CPU_ISA_LDST_SIMD_H

#include <stdint.h>

struct s2 {
    uint32_t e[2];
};
struct d2 {
    uint64_t e[2];
};
struct q1 {
    uint64_t e[2];
};
struct q2 {
    struct q1 e[2];
};

#endif
