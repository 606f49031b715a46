/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which variant of its stencil each operation of a block gets (engine/stencil.h).
 *
 * Flags that are written again before anybody looks are not computed. Whoever may look needs all of
 * them: the end of the block, an operation that is interpreted, and one that may leave the block or
 * miss in the TLB. An operand that the stencil before left in the host register is not loaded.
 */
#ifndef CPU_ENGINE_VARIANTS_H
#define CPU_ENGINE_VARIANTS_H

#include <stdint.h>

#include "cpu/engine/stencil.h"
#include "cpu/isa/op.h"

#define CARRIES_NOTHING UINT8_MAX

struct choice {
    const struct stencil *stencil; /* NULL: interpreted. In: the plain one, or NULL */
    uint8_t carried; /* the register whose value it needs in %rsi, itself or for its successor */
};

void variants_choose(struct choice *u, const struct op *ops, unsigned n);

#endif
