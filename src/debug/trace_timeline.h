/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A picture of a run for ui.perfetto.dev and chrome://tracing: a JSON file in the trace-event
 * format with tracks for every PE: what runs (EL, VM, process), which VM is in, exceptions,
 * interrupts, TLB maintenance.
 */
#ifndef DEBUG_TRACE_TIMELINE_H
#define DEBUG_TRACE_TIMELINE_H

#include <stdio.h>

#include "base/result.h"

/* files: binary traces with events=ctx at least, one a PE. */
bool trace_timeline(char **files, unsigned n, FILE *out, GError **err) NODISCARD;

#endif
