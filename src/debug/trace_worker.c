/* SPDX-License-Identifier: Apache-2.0 */
#include "debug/trace_worker.h"

#include <glib.h>
#include <signal.h>
#include <stdbool.h>

#define MAX_WAITING                                                                                \
    32U /* pieces: enough that both sides seldom wait, and still in a host's cache */

struct trace_worker {
    trace_worker_fn *fn;
    void *opaque;
    GThread *thread;
    GMutex lock;
    GCond changed;
    GQueue waiting; /* of GBytes */
    bool over;
};

/* The next piece, NULL behind the last one. */
static GBytes *take(struct trace_worker *w)
{
    g_mutex_lock(&w->lock);
    while (w->waiting.length == 0 && !w->over) {
        g_cond_wait(&w->changed, &w->lock);
    }
    GBytes *piece = g_queue_pop_head(&w->waiting);
    g_cond_broadcast(&w->changed);
    g_mutex_unlock(&w->lock);
    return piece;
}

static void *work(void *opaque)
{
    struct trace_worker *w = opaque;
    for (GBytes *piece; (piece = take(w)) != NULL; g_bytes_unref(piece)) {
        size_t len;
        const uint8_t *data = g_bytes_get_data(piece, &len);
        w->fn(w->opaque, data, len);
    }
    return NULL;
}

struct trace_worker *trace_worker_new(trace_worker_fn *fn, void *opaque)
{
    struct trace_worker *w = g_new0(struct trace_worker, 1);
    sigset_t all, before;
    w->fn = fn;
    w->opaque = opaque;
    g_mutex_init(&w->lock);
    g_cond_init(&w->changed);
    g_queue_init(&w->waiting);
    (void)sigfillset(&all); /* signals are for the thread of the machine */
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    w->thread = g_thread_new("trace", work, w);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return w;
}

void trace_worker_put(struct trace_worker *w, const uint8_t *data, size_t len)
{
    if (len == 0) {
        return;
    }
    GBytes *piece = g_bytes_new(data, len);
    g_mutex_lock(&w->lock);
    while (w->waiting.length >= MAX_WAITING) {
        g_cond_wait(&w->changed, &w->lock);
    }
    g_queue_push_tail(&w->waiting, piece);
    g_cond_broadcast(&w->changed);
    g_mutex_unlock(&w->lock);
}

void trace_worker_finish(struct trace_worker *w)
{
    if (w == NULL) {
        return;
    }
    g_mutex_lock(&w->lock);
    w->over = true;
    g_cond_broadcast(&w->changed);
    g_mutex_unlock(&w->lock);
    (void)g_thread_join(w->thread);
    g_mutex_clear(&w->lock);
    g_cond_clear(&w->changed);
    g_free(w);
}
