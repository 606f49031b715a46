/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host thread that a stream of bytes passes through on its way out: what makes text of a trace is
 * slower than the PE that is traced, and nothing of it comes back to the machine.
 */
#ifndef DEBUG_TRACE_WORKER_H
#define DEBUG_TRACE_WORKER_H

#include <stddef.h>
#include <stdint.h>

struct trace_worker;

typedef void trace_worker_fn(void *opaque, const uint8_t *data, size_t len);

/* fn is called in the thread, with the pieces as they were put, in order. */
struct trace_worker *trace_worker_new(trace_worker_fn *fn, void *opaque);
/* Waits while too much is waiting already. */
void trace_worker_put(struct trace_worker *w, const uint8_t *data, size_t len);
/* When it returns fn has had everything, and the thread has ended. NULL: nothing. */
void trace_worker_finish(struct trace_worker *w);

#endif
