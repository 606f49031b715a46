/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock and the queue of what happens later. The only source of "later" in a machine.
 *
 * Events are intrusive: their owner allocates them. Order: time, then prio (lower first), then the
 * order of scheduling. Time only moves forward, by evq_advance from the run loop; while a PE runs,
 * `now` is exact for that PE (the run loop keeps it up before it calls out of the engine).
 */
#ifndef CORE_EVQ_H
#define CORE_EVQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct event {
    tick_t when;
    uint32_t prio;
    uint32_t slot; /* heap position + 1; 0 = not scheduled */
    uint64_t seq;
    const char *name;
    void (*fn)(void *opaque, tick_t now);
    void *opaque;
};

struct evq;
struct evq *evq_new(void);
void evq_free(struct evq *q);

tick_t evq_now(const struct evq *q);
/* When the first event is due; TICK_NEVER if none. */
tick_t evq_next(const struct evq *q);
/* (Re)schedule. A time in the past means now. TICK_NEVER cancels. */
void evq_schedule(struct evq *q, struct event *e, tick_t when);
void evq_cancel(struct evq *q, struct event *e);
bool evq_pending(const struct event *e);

/* Set the clock without running anything. when may not be before a due event that has not run,
 * except that it may move back within one quantum when the next PE takes its turn. */
void evq_set_now(struct evq *q, tick_t when);
/* Move the clock to `when` and run all events due by then, in order. */
void evq_advance(struct evq *q, tick_t when);

/* ---- for snapshots ---- */
/* How many events are scheduled, and the number that the next one gets. */
size_t evq_len(const struct evq *q);
uint64_t evq_sequence(const struct evq *q);
void evq_set_sequence(struct evq *q, uint64_t sequence);
/* Forget all events; the clock continues from here. */
void evq_restart(struct evq *q, tick_t now);
/* Schedule with the place among equals that it had. */
void evq_restore(struct evq *q, struct event *e, tick_t when, uint64_t sequence);

/* Called whenever evq_next becomes earlier, so that a running PE can end its budget early. */
void evq_on_earlier(struct evq *q, void (*fn)(void *opaque, tick_t next), void *opaque);

#endif
