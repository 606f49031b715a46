/* SPDX-License-Identifier: Apache-2.0 */
/* What LDP and STP move. */
#ifndef CPU_ISA_LDST_INT_H
#define CPU_ISA_LDST_INT_H

#include <stdint.h>

struct u32x2 {
    uint32_t e[2];
};
struct u64x2 {
    uint64_t e[2];
};

#endif
