/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the current translation regime divides a virtual address: size of the input address and top
 * byte, per half. Arm ARM, pseudocode EffectiveTBI, CalculateBottomPACBit.
 */
#ifndef CPU_SYS_VA_LAYOUT_H
#define CPU_SYS_VA_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"

struct cpu;

struct va_half {
    uint8_t tsz; /* TnSZ, limited to the architecture's range */
    bool tbi;    /* the top byte is ignored */
};

struct va_layout {
    bool two_ranges; /* half[1] exists */
    struct va_half half[2];
};

/* For the current EL; insn: TBI of instruction addresses (TBID). */
struct va_layout va_layout_current(const struct cpu *c, bool insn);

static inline struct va_half va_layout_half(const struct va_layout *l, uint64_t va)
{
    return l->half[l->two_ranges && bit(va, 55)];
}

/*
 * BranchAddr: the PC after a branch, exception entry or return to va at the current EL: with TBI
 * the top byte is an extension of bit 55 (two ranges) or zero.
 */
uint64_t va_branch_address(const struct cpu *c, uint64_t va);

#endif
