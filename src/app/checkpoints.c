/* SPDX-License-Identifier: Apache-2.0 */
#include "app/checkpoints.h"

#include <inttypes.h>
#include <stdio.h>

#include "machine/state.h"

#define EXIT_NOT_SAVED 1

struct save {
    struct checkpoints *c;
    const struct opt_save *opt;
    struct machine_alarm alarm;
    bool done;
};

struct checkpoints {
    const struct options *o;
    struct machine *m;
    struct machine_alarm hash, stop;
    struct save *saves; /* as many as o has */
    GError *err;
};

static void leave(struct checkpoints *c, int status)
{
    struct machine_port p = machine_port(c->m);
    p.request(p.opaque, REQ_EXIT, status);
}

static void on_hash(void *opaque, tick_t due)
{
    struct checkpoints *c = opaque;
    fprintf(stderr, "hash %" PRIu64 ".%06" PRIu64 " %016" PRIx64 "\n", due / TICKS_PER_SEC,
            due % TICKS_PER_SEC / TICKS_PER_US, machine_hash(c->m, NULL));
    c->hash.when = due + c->o->hash_every;
}

static void on_stop(void *opaque, tick_t due)
{
    leave(opaque, 0);
}

static void on_save(void *opaque, tick_t due)
{
    struct save *s = opaque;
    s->done = machine_save(s->c->m, s->opt->file, s->c->err == NULL ? &s->c->err : NULL);
    if (!s->done) {
        leave(s->c, EXIT_NOT_SAVED);
    }
}

static void set_alarm(struct checkpoints *c, struct machine_alarm *a, tick_t when,
                      void (*fn)(void *opaque, tick_t due), void *opaque)
{
    bool to_come = when != 0 && when > machine_now(c->m);
    *a = (struct machine_alarm){.when = to_come ? when : TICK_NEVER, .fn = fn, .opaque = opaque};
    machine_add_alarm(c->m, a);
}

struct checkpoints *checkpoints_new(const struct options *o, struct machine *m, GError **err)
{
    if (o->snapshot_load != NULL && !machine_load(m, o->snapshot_load, err)) {
        return NULL;
    }
    struct checkpoints *c = g_new0(struct checkpoints, 1);
    c->o = o;
    c->m = m;
    c->saves = g_new0(struct save, o->saves->len);
    /* The last one set is the first when several are due. */
    set_alarm(c, &c->stop, o->stop_at, on_stop, c);
    for (guint i = o->saves->len; i > 0; i--) {
        struct save *s = &c->saves[i - 1];
        s->c = c;
        s->opt = &g_array_index(o->saves, struct opt_save, i - 1);
        set_alarm(c, &s->alarm, s->opt->at, on_save, s);
    }
    tick_t next = o->hash_every != 0 ? (machine_now(m) / o->hash_every + 1) * o->hash_every : 0;
    set_alarm(c, &c->hash, next, on_hash, c);
    return c;
}

bool checkpoints_free(struct checkpoints *c, GError **err)
{
    bool ok = c->err == NULL;
    if (!ok) {
        g_propagate_error(err, c->err);
    }
    for (guint i = 0; ok && i < c->o->saves->len; i++) {
        ok = c->saves[i].done ||
             fail(err, ERR_OPTION,
                  "--snapshot-save-at: the machine did not come to the time of '%s'",
                  c->saves[i].opt->file);
    }
    for (guint i = 0; i < c->o->saves->len; i++) {
        machine_remove_alarm(c->m, &c->saves[i].alarm);
    }
    machine_remove_alarm(c->m, &c->stop);
    machine_remove_alarm(c->m, &c->hash);
    g_free(c->saves);
    g_free(c);
    return ok;
}
