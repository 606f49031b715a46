/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hot loop of Tarmac text: instructions of frequent forms, one behind the other, from values to
 * lines at once. When a block is first printed each of its instructions becomes a step: a function
 * made for its form, and what that needs. A step ends in a jump to the next one.
 */
#ifndef DEBUG_TRACE_RUN_H
#define DEBUG_TRACE_RUN_H

#include "debug/trace_digits.h"
#include "debug/trace_eval.h"
#include "debug/trace_regs.h"

struct trace_step;

/* Where text goes, and the numbers that its lines begin with. */
struct trace_pen {
    char *p;
    struct counter time, count;
    const struct trace_step *end; /* of a run: behind its last step */
};

/* Lines from p on, of a step and those behind it up to the pen's end, which gets what comes out;
 * left: steps until there, or until one of the numbers carries. */
typedef void trace_step_fn(char *p, const struct trace_step *s, struct trace_regs *r,
                           struct trace_pen *pen, unsigned left, digits12 time, digits12 count);

struct trace_step {
    trace_step_fn *run;     /* NULL: of no form that is here */
    const uint64_t *values; /* of the block, from its first on */
    const char *text;       /* of its line IT, behind "(count) "; LINE_SHORT bytes may be read */
    uint16_t len;
    uint8_t disas; /* where in it the disassembly begins */
    uint8_t more;  /* steps from here on that can run */
    uint8_t x[2];  /* registers written: of a result, of a load */
    uint8_t label_len;
    char label[12]; /* "R X5 ", of the result or of the base that is written back */
    union {
        struct trace_plan plan; /* of a computed result; an immediate form has imm alone */
        struct {
            struct a64_mem mem;
            uint64_t va; /* that is relative to PC */
        };
    };
};

/* Lines of a block's instructions, made once; of what stays the same as long as its va does. */
struct trace_note {
    bool ns;
    struct trace_step steps[TRACE_BLOCK_INSNS];
    char text[];
};

/* Text, len and disas are there; the last instruction of the block is the first to be asked for. */
void trace_step_init(struct trace_step *steps, const struct trace_block *b, unsigned i);

#define TRACE_RUN_ROOM 8192U /* more than the lines of a run */

/* From i up to the n-th instruction of its block, or the first that cannot run: i is then that one.
 * The pen has the numbers of i, before and after; they have no more than 12 digits. */
void trace_run(struct trace_pen *pen, const struct trace_note *note, struct trace_regs *r,
               struct trace_insn *i, unsigned n);

#endif
