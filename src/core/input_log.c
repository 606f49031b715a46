/* SPDX-License-Identifier: Apache-2.0 */
#include "core/input_log.h"

#include <glib.h>

struct input_log {
    GArray *recs;   /* struct journal_rec with data of their own */
    uint64_t first; /* the number of recs[0] */
    uint64_t bytes;
};

struct input_log *input_log_new(void)
{
    struct input_log *l = g_new0(struct input_log, 1);
    l->recs = g_array_new(FALSE, FALSE, sizeof(struct journal_rec));
    return l;
}

static struct journal_rec *rec_at(const struct input_log *l, guint i)
{
    return &g_array_index(l->recs, struct journal_rec, i);
}

static void drop(struct input_log *l, guint from, guint n)
{
    for (guint i = from; i < from + n; i++) {
        l->bytes -= sizeof(struct journal_rec) + rec_at(l, i)->len;
        g_free((void *)(uintptr_t)rec_at(l, i)->data);
    }
    if (n != 0) {
        g_array_remove_range(l->recs, from, n);
    }
}

void input_log_free(struct input_log *l)
{
    if (l != NULL) {
        drop(l, 0, l->recs->len);
        g_array_unref(l->recs);
        g_free(l);
    }
}

void input_log_add(struct input_log *l, const struct journal_rec *r)
{
    struct journal_rec own = *r;
    own.data = g_memdup2(r->data, r->len);
    l->bytes += sizeof(own) + own.len;
    g_array_append_val(l->recs, own);
}

uint64_t input_log_end(const struct input_log *l)
{
    return l->first + l->recs->len;
}

const struct journal_rec *input_log_at(const struct input_log *l, uint64_t n)
{
    return rec_at(l, (guint)(n - l->first));
}

void input_log_cut(struct input_log *l, uint64_t n)
{
    guint keep = (guint)(n - l->first);
    drop(l, keep, l->recs->len - keep);
}

void input_log_forget(struct input_log *l, uint64_t n)
{
    drop(l, 0, (guint)(n - l->first));
    l->first = n;
}

uint64_t input_log_bytes(const struct input_log *l)
{
    return l->bytes;
}
