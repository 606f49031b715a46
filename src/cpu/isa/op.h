/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoded operations and how their handlers are written. See docs/adr on the engine.
 *
 * A handler is
 *
 *     HANDLER(add_x_imm)
 *     {
 *         c->x[o->a] = c->x[o->b] + o->imm;
 *         NEXT(1);
 *     }
 *
 * It touches only c, o and budget. It ends in exactly one tail call: NEXT(n) continues n slots
 * later, `return` to the engine's loop happens only inside the functions of engine/exits.h, which
 * are tail-called too: `EXIT_TO(raise_undefined(c, o, budget))`. A fault therefore leaves nothing
 * half done: memory is checked before a register is written.
 */
#ifndef CPU_ISA_OP_H
#define CPU_ISA_OP_H

#include <stdint.h>

struct cpu;
struct op;

typedef void op_fn(struct cpu *c, const struct op *o, int64_t budget);

/* 16 bytes. Wide immediates use a second slot: imm64 of the slot that follows. */
struct op {
    union {
        op_fn *fn;
        struct op *target; /* in the data slot of a terminator: chain pointer */
        uint64_t va;       /* in the second data slot of a far branch */
    };
    union {
        struct {
            uint8_t a, b, c, d; /* register numbers and small operands */
            uint32_t imm;
        };
        uint64_t imm64; /* data slot */
        struct op *target2;
    };
};
_Static_assert(sizeof(struct op) == 16, "four operations fill a cache line");

/*
 * Tail calls: clang guarantees them with musttail; gcc makes sibling calls at -O2. Sanitizer and
 * -O0 builds of gcc run through a trampoline (engine/loop.c).
 */
#if defined(ARMATURE_TRAMPOLINE)
#include "cpu/cpu_internal.h"
void op_defer(struct cpu *c, const struct op *o, int64_t budget);
#define TAIL_CALL_OP(o, budget) return op_defer(c, (o), (budget))
#define EXIT_TO(call)           return call
#elif defined(__clang__)
#define TAIL_CALL_OP(o, budget) __attribute__((musttail)) return (o)->fn(c, (o), (budget))
#define EXIT_TO(call)           __attribute__((musttail)) return call
#else
#define TAIL_CALL_OP(o, budget) return (o)->fn(c, (o), (budget))
#define EXIT_TO(call)           return call
#endif

#define OP_ARGS struct cpu *c, const struct op *o, int64_t budget
/* A file whose handlers take part in pairs (isa/pairs.h) defines SHARED_HANDLERS. */
#ifdef SHARED_HANDLERS
#define HANDLER(name)                                                                              \
    op_fn op_##name;                                                                               \
    void op_##name(OP_ARGS)
#else
#define HANDLER(name) static void op_##name(OP_ARGS)
#endif
#define NEXT(n) TAIL_CALL_OP(o + (n), budget)

/*
 * Operands as templates (*.c.inc) name them, so that they can be something else than fields of an
 * operation (engine/stencil.h): the general or vector register that a field names, a field's
 * number, the immediate, and the immediate with its sign. SRC is the value of a register that is
 * read, SET writes one: compiled code does that in other ways as well (isa/stencils.c).
 */
#ifndef STENCIL_BUILD
#define SRC(field)        REG(field)
#define SET(field, value) (REG(field) = (value))
#define REG(field)        c->x[o->field]
#define VREG(field)       c->v[o->field]
#define NUM(field)        o->field
#define IMM               o->imm
#define SIMM              ((uint64_t)(int64_t)(int32_t)o->imm)
#endif

#endif
