/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tarmac text of a trace, in the form of Arm's Fast Models: lines IT, R, MR, MW, E and, for what
 * has no line of its own, SIGNAL and TTW. Readable by Arm's tarmac-trace-utilities.
 */
#ifndef DEBUG_TRACE_TARMAC_H
#define DEBUG_TRACE_TARMAC_H

#include <stddef.h>
#include <stdint.h>

#include "debug/trace_read.h"

/* What is printed of a stream. */
struct trace_filter {
    uint32_t groups;            /* bit n: enum trace_group n */
    uint64_t pc_first, pc_last; /* virtual addresses */
    tick_t from, to;
};

struct trace_tarmac;

struct trace_tarmac *trace_tarmac_new(const struct trace_filter *f,
                                      void (*write)(void *opaque, const char *text, size_t len),
                                      void *opaque);
/* Writes the rest. */
void trace_tarmac_free(struct trace_tarmac *t);
struct trace_visitor trace_tarmac_visitor(struct trace_tarmac *t);

#endif
