/* SPDX-License-Identifier: Apache-2.0 */
#include "app/checkpoints.h"

#include <inttypes.h>
#include <stdio.h>

#include "machine/state.h"

#define EXIT_NOT_SAVED 1

struct checkpoints {
    const struct options *o;
    struct machine *m;
    struct machine_alarm hash, save;
    bool saved;
    GError *err;
};

static void on_hash(void *opaque, tick_t due)
{
    struct checkpoints *c = opaque;
    fprintf(stderr, "hash %" PRIu64 ".%06" PRIu64 " %016" PRIx64 "\n", due / TICKS_PER_SEC,
            due % TICKS_PER_SEC / TICKS_PER_US, machine_hash(c->m, NULL));
    c->hash.when = due + c->o->hash_every;
}

static void on_save(void *opaque, tick_t due)
{
    struct checkpoints *c = opaque;
    c->saved = machine_save(c->m, c->o->snapshot_save, &c->err);
    if (!c->saved) {
        struct machine_port p = machine_port(c->m);
        p.request(p.opaque, REQ_EXIT, EXIT_NOT_SAVED);
    }
}

struct checkpoints *checkpoints_new(const struct options *o, struct machine *m, GError **err)
{
    if (o->snapshot_load != NULL && !machine_load(m, o->snapshot_load, err)) {
        return NULL;
    }
    struct checkpoints *c = g_new0(struct checkpoints, 1);
    tick_t now = machine_now(m);
    c->o = o;
    c->m = m;
    c->hash = (struct machine_alarm){.when = TICK_NEVER, .fn = on_hash, .opaque = c};
    c->save = (struct machine_alarm){.when = TICK_NEVER, .fn = on_save, .opaque = c};
    if (o->hash_every != 0) {
        c->hash.when = (now / o->hash_every + 1) * o->hash_every;
    }
    if (o->snapshot_save != NULL && o->snapshot_save_at > now) {
        c->save.when = o->snapshot_save_at;
    }
    machine_add_alarm(m, &c->save);
    machine_add_alarm(m, &c->hash); /* first when both are due */
    return c;
}

bool checkpoints_free(struct checkpoints *c, GError **err)
{
    bool ok = true;
    if (c->err != NULL) {
        g_propagate_error(err, c->err);
        ok = false;
    } else if (c->o->snapshot_save != NULL && !c->saved) {
        ok = fail(err, ERR_OPTION, "--snapshot-save-at: the machine ended before that time");
    }
    g_free(c);
    return ok;
}
