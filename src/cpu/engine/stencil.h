/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stencils: the handler templates as machine code with holes for their operands.
 *
 * isa/stencils.c builds the templates once more; tools/stencils_gen.py cuts the functions out of
 * the compiler's output and makes this table of them. engine/compile.c copies them one after the
 * other and fills the holes: the second tier of the engine. A stencil is a handler: it is entered
 * like one, by the function pointer of its operation, and leaves like one.
 *
 * The part up to the first tail call of the next operation is "hot": it loses that jump when the
 * next operation is compiled too. The rest is "cold" and goes behind the block.
 *
 * A handler has a plain stencil and variants that do less: engine/variants.h chooses. Between
 * stencils the value of the guest register that was written last is in a host register (%rsi).
 */
#ifndef CPU_ENGINE_STENCIL_H
#define CPU_ENGINE_STENCIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a hole is filled with. */
enum stencil_value {
    STENCIL_REG_A, /* offset in struct cpu of the register that field a names */
    STENCIL_REG_B,
    STENCIL_REG_C,
    STENCIL_REG_D,
    STENCIL_VREG_A, /* the same, of a vector register */
    STENCIL_VREG_B,
    STENCIL_VREG_C,
    STENCIL_VREG_D,
    STENCIL_NUM_A, /* the field itself */
    STENCIL_NUM_B,
    STENCIL_NUM_C,
    STENCIL_NUM_D,
    STENCIL_IMM,    /* sign extended */
    STENCIL_OP,     /* address of the operation */
    STENCIL_NEXT_1, /* entry of the operation one slot later */
    STENCIL_NEXT_2,
    STENCIL_HOT, /* start of the stencil's parts */
    STENCIL_COLD,
    STENCIL_FUNCTION, /* first of the functions of the program: stencil_functions */
};

/* How it is written, as the ELF relocations of these names. */
enum stencil_form { STENCIL_ABS8, STENCIL_ABS32, STENCIL_ABS32S, STENCIL_PC32 };

struct stencil_hole {
    uint16_t at; /* offset in the hot part, or behind it in the cold one */
    uint8_t form;
    uint8_t unused;
    uint16_t value; /* enum stencil_value, or that plus a function's index */
    int32_t addend;
};

struct stencil {
    void (*handler)(void); /* of the interpreter: an op_fn */
    uint32_t code;         /* offset in stencil_code */
    uint16_t hot, cold;    /* bytes */
    uint16_t first_hole, n_holes;
    uint8_t next; /* slots to the operation that the end of the hot part goes on to; 0: none */
    uint8_t more; /* variants that follow in the table */
    /* enum stencil_field: the operand it takes from %rsi, the register that %rsi has afterwards */
    uint8_t operand, sets;
    bool sink;             /* only for field a = REG_SINK */
    uint8_t reads, writes; /* flags: isa/flags.h */
    bool exits;            /* may leave the block, or for the interpreter's handler */
};

enum stencil_field { STENCIL_NONE, STENCIL_A, STENCIL_B, STENCIL_C, STENCIL_D };

extern const struct stencil stencils[];
extern const size_t n_stencils;
extern const uint8_t stencil_code[];
extern const struct stencil_hole stencil_holes[];
extern void (*const stencil_functions[])(void);

#endif
