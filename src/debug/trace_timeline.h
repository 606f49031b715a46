/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A picture of a run for ui.perfetto.dev and chrome://tracing: a JSON file in the trace-event
 * format with tracks for every PE: what runs (EL, VM, process), which VM is in, exceptions,
 * interrupts, TLB maintenance.
 */
#ifndef DEBUG_TRACE_TIMELINE_H
#define DEBUG_TRACE_TIMELINE_H

#include <stdio.h>

#include "base/addr.h"
#include "base/result.h"

/* files: binary traces with events=ctx at least, one a PE. What happens from `from` to `to` is
 * shown; it is written as it is read, so memory does not grow with them. */
bool trace_timeline(char **files, unsigned n, tick_t from, tick_t to, FILE *out,
                    GError **err) NODISCARD;

#endif
