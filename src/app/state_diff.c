/* SPDX-License-Identifier: Apache-2.0 */
#include "app/state_diff.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cpu/cpu.h"

#define SECTIONS_TOLD 8 /* in a message */

struct difference {
    GString *parts;
    unsigned n;
    int pe; /* of the first part that belongs to one; -1: none */
};

static void add_part(struct difference *d, const char *name, const uint64_t *was,
                     const uint64_t *is)
{
    unsigned pe;
    if (d->n++ < SECTIONS_TOLD) {
        g_string_append_printf(d->parts, "%s%s", d->n == 1 ? "" : ", ", name);
        if (was == NULL || is == NULL) {
            g_string_append(d->parts, was == NULL ? " (new)" : " (gone)");
        } else {
            g_string_append_printf(d->parts, " (%016" PRIx64 ", was %016" PRIx64 ")", *is, *was);
        }
    }
    if (d->pe < 0 && sscanf(name, "cpu%u", &pe) == 1) {
        d->pe = (int)pe;
    }
}

/* The hash of that name, or NULL. */
static const uint64_t *find(const struct named_state *s, const char *name, guint hint)
{
    for (guint i = 0; i < s->names->len && i < s->state->n; i++) {
        guint k = (hint + i) % s->names->len;
        if (k < s->state->n && strcmp(g_ptr_array_index(s->names, k), name) == 0) {
            return &s->state->hashes[k];
        }
    }
    return NULL;
}

static void compare_parts(const struct named_state *was, const struct named_state *is,
                          struct difference *d)
{
    for (guint i = 0; i < is->names->len && i < is->state->n; i++) {
        const char *name = g_ptr_array_index(is->names, i);
        const uint64_t *old = find(was, name, i);
        if (old == NULL || *old != is->state->hashes[i]) {
            add_part(d, name, old, &is->state->hashes[i]);
        }
    }
    for (guint i = 0; i < was->names->len && i < was->state->n; i++) {
        const char *name = g_ptr_array_index(was->names, i);
        if (find(is, name, i) == NULL) {
            add_part(d, name, &was->state->hashes[i], NULL);
        }
    }
}

char *state_diff_time(tick_t t)
{
    return g_strdup_printf("%" PRIu64 ".%06" PRIu64 " s", t / TICKS_PER_SEC,
                           t % TICKS_PER_SEC / TICKS_PER_US);
}

static void compare_place(const struct replay_state *was, const struct replay_state *is,
                          struct difference *d)
{
    if (was->when != is->when || was->insns != is->insns) {
        g_autofree char *then = state_diff_time(was->when);
        g_string_append_printf(
            d->parts, "%sit is after %" PRIu64 " instructions, was after %" PRIu64 " at %s",
            d->n == 0 ? "" : "; ", is->insns, was->insns, then);
        d->n++;
    }
}

static char *tell(const struct difference *d, tick_t when, struct machine *m)
{
    char where[256];
    unsigned pe = d->pe >= 0 && (unsigned)d->pe < machine_n_pes(m) ? (unsigned)d->pe : 0;
    g_autofree char *now = state_diff_time(when);
    cpu_describe(machine_pe(m, pe), where, sizeof(where));
    return g_strdup_printf("at %s: %s; %s", now, d->parts->str, where);
}

char *state_diff(const struct named_state *was, const struct named_state *is, struct machine *m)
{
    struct difference d = {g_string_new(NULL), 0, -1};
    compare_parts(was, is, &d);
    compare_place(was->state, is->state, &d);
    if (d.n > SECTIONS_TOLD) {
        g_string_append_printf(d.parts, " and more (%u)", d.n);
    }
    char *text = d.n != 0 ? tell(&d, is->state->when, m) : NULL;
    g_string_free(d.parts, TRUE);
    return text;
}
