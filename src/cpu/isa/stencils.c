/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handler templates as stencils: input of tools/stencils_gen.py, not part of the program. The
 * symbols hole_* are no objects: their addresses stand for operands (engine/stencil.h).
 */
#define STENCIL_BUILD
#define MEM_BUILD_PAIR /* a miss goes on in the interpreter's handler */
/* What tools/stencils_gen.py reads from the assembler text besides code. */
#define NOTE(what) __asm__ volatile("# note " what)
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
#define FLAG(c, f)                                                                                 \
    ({                                                                                             \
        NOTE("reads " #f);                                                                         \
        LOADED((c)->f);                                                                            \
    })
#define SET_FLAG(c, f, value)                                                                      \
    do {                                                                                           \
        NOTE("writes " #f);                                                                        \
        (c)->f = (value);                                                                          \
    } while (0)
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
extern const char hole_src_a[], hole_src_b[], hole_src_c[], hole_src_d[]; /* the same as hole_reg */
extern const char hole_op[];
op_fn next_1, next_2;
op_fn op_pac, op_aut;

/* Two names for one place: else the compiler would keep the address of what it reads and writes. */
#define REG(field)  (*(uint64_t *)((char *)c + (intptr_t)hole_reg_##field))
#define FROM(field) LOADED(*(uint64_t *)((char *)c + (intptr_t)hole_src_##field))
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

/*
 * The second argument of a stencil is no operation, but `last`: what the last SET before it wrote,
 * in this stencil or in one before.
 *
 * A handler has several stencils, with equal effects as far as anybody looks (engine/variants.h):
 * OPERAND is the field of the operand that is taken from `last`, or x; SHAPE is the flags that it
 * sets, behind "sink_" where it sets no register.
 */
#undef HANDLER
#define STENCIL(name, operand, shape)                                                              \
    op_fn stencil_##name##__##operand##__##shape;                                                  \
    void stencil_##name##__##operand##__##shape(struct cpu *c, const struct op *last,              \
                                                int64_t budget)
#define STENCIL_OF(name, operand, shape) STENCIL(name, operand, shape)
#define HANDLER(name)                    STENCIL_OF(name, OPERAND, SHAPE)
#undef NEXT
#define NEXT_SLOT(n) EXIT_TO(next_##n(c, last, budget))
#define NEXT(n)      NEXT_SLOT(n)
#define LAST         ((uint64_t)(uintptr_t)last)
#define SRC(field)   SRC_##field
#define SET_LAST(field, value)                                                                     \
    do {                                                                                           \
        last = (const struct op *)(uintptr_t)(uint64_t)(value);                                    \
        NOTE("sets " #field);                                                                      \
        REG(field) = LAST;                                                                         \
    } while (0)
#define o ((const struct op *)(uintptr_t)hole_op)

#define SET(field, value) SET_LAST(field, value)
#define SHAPE             nzcv
#define FLAGS_LIVE        FLAGS_ALL

#define OPERAND x
#define SRC_a   FROM(a)
#define SRC_b   FROM(b)
#define SRC_c   FROM(c)
#define SRC_d   FROM(d)
#include "cpu/isa/fp_scalar.c.inc"
#include "cpu/isa/ldst_simd.c.inc"
#include "cpu/isa/pair_templates.c.inc"
#include "cpu/isa/stencil_shapes.c.inc"

#undef OPERAND
#undef SRC_a
#define OPERAND a
#define SRC_a   LAST
#include "cpu/isa/pair_templates.c.inc"

#undef OPERAND
#undef SRC_a
#undef SRC_b
#define OPERAND b
#define SRC_a   FROM(a)
#define SRC_b   LAST
#include "cpu/isa/pair_templates.c.inc"
#include "cpu/isa/stencil_shapes.c.inc"

#undef OPERAND
#undef SRC_b
#undef SRC_c
#define OPERAND c
#define SRC_b   FROM(b)
#define SRC_c   LAST
#include "cpu/isa/pair_templates.c.inc"
#include "cpu/isa/stencil_shapes.c.inc"
