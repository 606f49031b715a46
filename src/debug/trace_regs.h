/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers of a PE as a trace tells them, and what an instruction did to them and to memory.
 */
#ifndef DEBUG_TRACE_REGS_H
#define DEBUG_TRACE_REGS_H

#include "debug/trace_read.h"

struct trace_regs {
    uint64_t x[A64_SINK + 1]; /* 31: SP; A64_ZR stays 0 */
    uint64_t v[32][2];
    uint64_t pstate; /* as SPSR_ELx */
    uint32_t fpsr;
};

/* Frequent forms of instructions, which have a short way. */
enum trace_shape {
    TRACE_SHAPE_NOTHING,  /* writes nothing */
    TRACE_SHAPE_VALUE,    /* one X register, from the stream */
    TRACE_SHAPE_COMPUTED, /* what trace_eval works out */
    TRACE_SHAPE_LOAD,     /* one or two X registers from memory */
    TRACE_SHAPE_STORE,
    TRACE_SHAPE_OTHER,
};
enum trace_shape trace_regs_shape(const struct a64_effect *e);

#endif
