/* SPDX-License-Identifier: Apache-2.0 */
/* The bitmask immediates of logical instructions: Arm ARM, pseudocode DecodeBitMasks. */
#ifndef CPU_ISA_LOGIC_IMM_H
#define CPU_ISA_LOGIC_IMM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"

/* False: a reserved value. The result is 64 bits wide; a 32-bit one has its upper half clear. */
static inline bool logic_imm_decode(bool sf, unsigned n, unsigned immr, unsigned imms,
                                    uint64_t *out_value)
{
    unsigned key = n << 6 | (~imms & 0x3f);
    if (key == 0 || (!sf && n != 0)) {
        return false;
    }
    unsigned len = 31 - (unsigned)__builtin_clz(key);
    if (len == 0) {
        return false;
    }
    unsigned esize = 1U << len;
    unsigned levels = esize - 1;
    unsigned s = imms & levels;
    unsigned r = immr & levels;
    if (s == levels) {
        return false;
    }
    uint64_t elem = mask64(0, s + 1);
    if (r != 0) {
        elem = (elem >> r | elem << (esize - r)) & mask64(0, esize);
    }
    for (unsigned size = esize; size < 64; size *= 2) {
        elem |= elem << size;
    }
    *out_value = sf ? elem : (uint32_t)elem;
    return true;
}

#endif
