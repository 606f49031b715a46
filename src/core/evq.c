/* SPDX-License-Identifier: Apache-2.0 */
/* A binary heap of intrusive events, ordered by time, priority and order of scheduling. */
#include "core/evq.h"

#include <glib.h>

struct evq {
    GPtrArray *heap;
    tick_t now;
    uint64_t seq;
    void (*earlier)(void *opaque, tick_t next);
    void *earlier_opaque;
};

struct evq *evq_new(void)
{
    struct evq *q = g_new0(struct evq, 1);
    q->heap = g_ptr_array_new();
    return q;
}

void evq_free(struct evq *q)
{
    if (q != NULL) {
        g_ptr_array_free(q->heap, TRUE);
        g_free(q);
    }
}

static struct event *at(const struct evq *q, guint i)
{
    return g_ptr_array_index(q->heap, i);
}

static void put(struct evq *q, guint i, struct event *e)
{
    g_ptr_array_index(q->heap, i) = e;
    e->slot = i + 1;
}

static bool before(const struct event *a, const struct event *b)
{
    if (a->when != b->when) {
        return a->when < b->when;
    }
    return a->prio != b->prio ? a->prio < b->prio : a->seq < b->seq;
}

static void sift_up(struct evq *q, guint i)
{
    struct event *e = at(q, i);
    while (i > 0 && before(e, at(q, (i - 1) / 2))) {
        put(q, i, at(q, (i - 1) / 2));
        i = (i - 1) / 2;
    }
    put(q, i, e);
}

static void sift_down(struct evq *q, guint i)
{
    struct event *e = at(q, i);
    for (;;) {
        guint child = 2 * i + 1;
        if (child >= q->heap->len) {
            break;
        }
        if (child + 1 < q->heap->len && before(at(q, child + 1), at(q, child))) {
            child++;
        }
        if (!before(at(q, child), e)) {
            break;
        }
        put(q, i, at(q, child));
        i = child;
    }
    put(q, i, e);
}

tick_t evq_now(const struct evq *q)
{
    return q->now;
}

tick_t evq_next(const struct evq *q)
{
    return q->heap->len == 0 ? TICK_NEVER : at(q, 0)->when;
}

bool evq_pending(const struct event *e)
{
    return e->slot != 0;
}

void evq_cancel(struct evq *q, struct event *e)
{
    if (e->slot == 0) {
        return;
    }
    guint i = e->slot - 1;
    struct event *last = at(q, q->heap->len - 1);
    g_ptr_array_set_size(q->heap, (gint)q->heap->len - 1);
    e->slot = 0;
    if (last != e) {
        put(q, i, last);
        sift_up(q, i);
        sift_down(q, last->slot - 1);
    }
}

void evq_schedule(struct evq *q, struct event *e, tick_t when)
{
    tick_t next = evq_next(q);
    evq_cancel(q, e);
    if (when == TICK_NEVER) {
        return;
    }
    e->when = when < q->now ? q->now : when;
    e->seq = q->seq++;
    g_ptr_array_add(q->heap, e);
    sift_up(q, q->heap->len - 1);
    if (e->when < next && q->earlier != NULL) {
        q->earlier(q->earlier_opaque, e->when);
    }
}

size_t evq_len(const struct evq *q)
{
    return q->heap->len;
}

uint64_t evq_sequence(const struct evq *q)
{
    return q->seq;
}

void evq_set_sequence(struct evq *q, uint64_t sequence)
{
    q->seq = sequence;
}

void evq_restart(struct evq *q, tick_t now)
{
    while (q->heap->len > 0) {
        evq_cancel(q, at(q, q->heap->len - 1));
    }
    q->now = now;
}

void evq_restore(struct evq *q, struct event *e, tick_t when, uint64_t sequence)
{
    e->when = when;
    e->seq = sequence;
    g_ptr_array_add(q->heap, e);
    sift_up(q, q->heap->len - 1);
}

void evq_set_now(struct evq *q, tick_t when)
{
    q->now = when;
}

void evq_advance(struct evq *q, tick_t when)
{
    while (q->heap->len > 0 && at(q, 0)->when <= when) {
        struct event *e = at(q, 0);
        evq_cancel(q, e);
        if (e->when > q->now) {
            q->now = e->when;
        }
        e->fn(e->opaque, q->now);
    }
    if (when > q->now) {
        q->now = when;
    }
}

void evq_on_earlier(struct evq *q, void (*fn)(void *opaque, tick_t next), void *opaque)
{
    q->earlier = fn;
    q->earlier_opaque = opaque;
}
