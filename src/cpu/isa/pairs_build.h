/* SPDX-License-Identifier: Apache-2.0 */
/* What the generated file of pair handlers begins with: see isa/pairs.h. */
#ifndef CPU_ISA_PAIRS_BUILD_H
#define CPU_ISA_PAIRS_BUILD_H

#define MEM_BUILD_PAIR
#include "cpu/engine/block.h"
#include "cpu/engine/exits.h"
#include "cpu/engine/mem.h"
#include "cpu/isa/flags.h"
#include "cpu/isa/ldst_int.h"
#include "cpu/isa/pac_digest.h"
#include "cpu/isa/pairs.h"

/* Handlers that are not part of a pair call those that are. */
op_fn op_pac, op_aut;

#define INLINE_HANDLER static inline __attribute__((always_inline, unused)) void
#define PAIR_HANDLER   static inline __attribute__((unused)) void

#endif
