/* SPDX-License-Identifier: Apache-2.0 */
/* QARMA-64 as pointer authentication uses it: Arm ARM, pseudocode ComputePACQARMA. */
#ifndef CPU_ISA_QARMA_H
#define CPU_ISA_QARMA_H

#include <stdint.h>

/* rounds: 5 (FEAT_PACQARMA5) or 3 (FEAT_PACQARMA3). key_hi is K<127:64>. */
uint64_t qarma_compute(uint64_t data, uint64_t modifier, uint64_t key_hi, uint64_t key_lo,
                       unsigned rounds);

#endif
