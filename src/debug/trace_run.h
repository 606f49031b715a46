/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hot loop of Tarmac text: instructions of frequent forms, one behind the other, from values to
 * lines at once. What form an instruction has is decided when its block is defined.
 */
#ifndef DEBUG_TRACE_RUN_H
#define DEBUG_TRACE_RUN_H

#include "debug/trace_regs.h"

struct trace_note;
struct trace_pen;

#define TRACE_RUN_ROOM 8192U /* more than the lines of a run */

enum trace_shape {
    TRACE_SHAPE_OTHER,    /* not here */
    TRACE_SHAPE_NOTHING,  /* writes nothing */
    TRACE_SHAPE_VALUE,    /* one X register, from the stream */
    TRACE_SHAPE_COMPUTED, /* what trace_eval works out */
    TRACE_SHAPE_LOAD,     /* one or two X registers from memory */
    TRACE_SHAPE_STORE,
};
enum trace_shape trace_shape_of(const struct a64_effect *e);

/* From i up to the n-th instruction of its block, or the first that is of another form: i is then
 * that one. The pen has the numbers of i, before and after. */
void trace_run(struct trace_pen *pen, const struct trace_note *note, struct trace_regs *r,
               struct trace_insn *i, unsigned n);

#endif
