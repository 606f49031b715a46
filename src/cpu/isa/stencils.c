/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handler templates as stencils: input of tools/stencils_gen.py, not part of the program. The
 * symbols hole_* are no objects: their addresses stand for operands (engine/stencil.h).
 */
#define STENCIL_BUILD
#define MEM_BUILD_PAIR /* a miss goes on in the interpreter's handler */
/*
 * Loads are moves. What a stencil reads was stored a few instructions before, and hosts that rename
 * such memory (Zen 2 and later, Golden Cove and later) have it at once, but only in a move: an
 * addition with a memory operand waits eight cycles for the store.
 */
#define LOADED(word)                                                                               \
    ({                                                                                             \
        uint64_t word_ = (word);                                                                   \
        __asm__("" : "+r"(word_));                                                                 \
        word_;                                                                                     \
    })
#include "cpu/engine/block.h"
#include "cpu/engine/exits.h"
#include "cpu/engine/mem.h"
#include "cpu/isa/flags.h"
#include "cpu/isa/ldst_int.h"
#include "cpu/isa/ldst_simd.h"
#include "cpu/isa/pac_digest.h"

extern const char hole_reg_a[], hole_reg_b[], hole_reg_c[], hole_reg_d[];
extern const char hole_vreg_a[], hole_vreg_b[], hole_vreg_c[], hole_vreg_d[];
extern const char hole_num_a[], hole_num_b[], hole_num_c[], hole_num_d[];
extern const char hole_op[];
op_fn next_1, next_2;
op_fn op_pac, op_aut;

#define REG(field)  (*(uint64_t *)((char *)c + (intptr_t)hole_reg_##field))
#define VREG(field) (*(vreg_t *)((char *)c + (intptr_t)hole_vreg_##field))
#define NUM(field)  ((uint8_t)(uintptr_t)hole_num_##field)
/* Not as addresses: the compiler takes those for positive. */
#define IMMEDIATE(move, type)                                                                      \
    ({                                                                                             \
        type imm_;                                                                                 \
        __asm__(move " $hole_imm, %0" : "=r"(imm_));                                               \
        imm_;                                                                                      \
    })
#define IMM  IMMEDIATE("movl", uint32_t)
#define SIMM IMMEDIATE("movq", uint64_t)

#undef HANDLER
#define HANDLER(name)                                                                              \
    op_fn stencil_##name;                                                                          \
    void stencil_##name(struct cpu *c, const struct op *any, int64_t budget)
#undef NEXT
#define NEXT_SLOT(n) EXIT_TO(next_##n(c, any, budget))
#define NEXT(n)      NEXT_SLOT(n)

#define o ((const struct op *)(uintptr_t)hole_op)
#include "cpu/isa/fp_scalar.c.inc"
#include "cpu/isa/ldst_simd.c.inc"
#include "cpu/isa/pair_templates.c.inc"
