/* SPDX-License-Identifier: Apache-2.0 */
/* The walk over fields: the same for every kind of pass. */
#include "core/snapshot.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "core/snap_internal.h"

#define BYTES_MAX (UINT32_C(1) << 20)

void snap_init(struct snap *s, const struct snap_sink *sink)
{
    s->sink = sink;
    s->section = g_string_new(NULL);
    s->path = g_string_new(NULL);
}

void snap_fini(struct snap *s)
{
    g_string_free(s->section, TRUE);
    g_string_free(s->path, TRUE);
    g_clear_error(&s->err);
}

enum snap_mode snap_mode(const struct snap *s)
{
    return s->sink->mode;
}

bool snap_ok(const struct snap *s)
{
    return s->err == NULL;
}

void snap_fail(struct snap *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *what = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    if (s->err == NULL) {
        fail(&s->err, ERR_FILE, "%s", what);
    }
}

/* ---- names ---- */

static size_t push_name(struct snap *s, const char *name)
{
    size_t len = s->path->len;
    g_string_append(s->path, name);
    return len;
}

static size_t push_index(struct snap *s, const char *name, unsigned i)
{
    size_t len = s->path->len;
    g_string_append_printf(s->path, "%s[%u].", name, i);
    return len;
}

static void pop_name(struct snap *s, size_t len)
{
    g_string_truncate(s->path, len);
}

void snap_enter(struct snap *s, const char *name, unsigned i)
{
    (void)push_index(s, name, i);
}

void snap_leave(struct snap *s)
{
    /* "a[1].b[2]." -> "a[1]." */
    g_string_truncate(s->path, s->path->len - 1);
    const char *dot = strrchr(s->path->str, '.');
    g_string_truncate(s->path, dot != NULL ? (gsize)(dot - s->path->str) + 1 : 0);
}

/* ---- values ---- */

static uint64_t get_int(const uint8_t *p, unsigned elem)
{
    uint64_t v = 0;
    memcpy(&v, p, elem); /* hosts are little endian */
    return v;
}

static bool in_range(struct snap *s, const uint8_t *raw, unsigned elem, uint32_t count,
                     uint64_t max)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t v = get_int(raw + (size_t)i * elem, elem);
        if (v > max) {
            snap_fail(s, "%s: %s is %" PRIu64 ", more than %" PRIu64, s->section->str, s->path->str,
                      v, max);
            return false;
        }
    }
    return true;
}

/* The value under the current name, from or to p. False: it is not there or will not do. */
static bool value(struct snap *s, void *p, unsigned elem, uint32_t count, uint64_t max)
{
    if (!snap_ok(s)) {
        return false;
    }
    if (s->sink->mode != SNAP_LOAD) {
        s->sink->put(s, p, elem, count);
        return true;
    }
    const uint8_t *raw = s->sink->get(s, elem, count);
    if (raw == NULL) {
        snap_fail(s, "%s: %s is missing or of another size", s->section->str, s->path->str);
        return false;
    }
    if (max != 0 && !in_range(s, raw, elem, count, max)) {
        return false;
    }
    memcpy(p, raw, (size_t)elem * count);
    return true;
}

void snap_u64(struct snap *s, const char *name, uint64_t *v, uint64_t max)
{
    size_t len = push_name(s, name);
    value(s, v, sizeof(*v), 1, max);
    pop_name(s, len);
}

void snap_bytes(struct snap *s, const char *name, void *p, size_t len)
{
    ASSERT(len <= BYTES_MAX);
    size_t at = push_name(s, name);
    value(s, p, 1, (uint32_t)len, 0);
    pop_name(s, at);
}

/* ---- events and wires ---- */

struct event_image {
    uint64_t when, seq;
    uint8_t pending;
};

static const struct snap_field event_fields[] = {
    SNAP_UPTO(struct event_image, when, TICK_NEVER - 1),
    SNAP_FIELD(struct event_image, seq),
    SNAP_UPTO(struct event_image, pending, 1),
};
static const struct snap_desc event_desc = SNAP_DESC(0, event_fields);

static void event(struct snap *s, struct event *e)
{
    struct event_image i = {0};
    bool pending = evq_pending(e);
    if (pending) {
        i = (struct event_image){e->when, e->seq, 1};
    }
    g_string_append_c(s->path, '.');
    snap_fields(s, &event_desc, &i);
    g_string_truncate(s->path, s->path->len - 1);
    if (s->sink->mode == SNAP_LOAD && snap_ok(s)) {
        pending = i.pending;
        evq_cancel(s->q, e);
        if (pending) {
            evq_restore(s->q, e, i.when, i.seq);
        }
    }
    s->n_events += pending;
}

static void line(struct snap *s, struct irq_line *l)
{
    value(s, &l->level, 1, 1, 1);
}

/* ---- fields ---- */

static void element(struct snap *s, const struct snap_field *f, void *p, uint32_t i)
{
    if (f->kind == SNAP_STRUCT) {
        size_t len = push_index(s, f->name, i);
        snap_fields(s, f->desc, p);
        pop_name(s, len);
        return;
    }
    size_t len = push_name(s, f->name);
    if (f->count > 1) {
        g_string_append_printf(s->path, "[%u]", i);
    }
    if (f->kind == SNAP_EVENT) {
        event(s, p);
    } else {
        line(s, p);
    }
    pop_name(s, len);
}

void snap_field(struct snap *s, const struct snap_field *f, void *state)
{
    uint8_t *p = (uint8_t *)state + f->off;
    if (s->sink->mode == SNAP_LOAD && f->since > s->version) {
        return;
    }
    if (f->kind == SNAP_UINT || f->kind == SNAP_BOOL) {
        size_t len = push_name(s, f->name);
        value(s, p, f->elem, f->count, f->kind == SNAP_BOOL ? 1 : f->max);
        pop_name(s, len);
        return;
    }
    for (uint32_t i = 0; i < f->count; i++) {
        element(s, f, p + (size_t)i * f->elem, i);
    }
}

void snap_fields(struct snap *s, const struct snap_desc *d, void *state)
{
    for (size_t i = 0; i < d->n_fields && snap_ok(s); i++) {
        snap_field(s, &d->fields[i], state);
    }
}

/* ---- sections ---- */

void snap_begin(struct snap *s, const char *name, unsigned version)
{
    g_string_assign(s->section, name);
    g_string_truncate(s->path, 0);
    s->version = version;
    if (snap_ok(s)) {
        s->sink->begin(s, name, version);
    }
}

void snap_end(struct snap *s)
{
    if (snap_ok(s)) {
        s->sink->end(s);
    }
}

void snap_section(struct snap *s, const char *name, const struct snap_desc *d, void *state)
{
    snap_begin(s, name, d->version);
    snap_fields(s, d, state);
    snap_end(s);
}

void snap_memory(struct snap *s, const char *name, uint8_t *host, uint64_t size)
{
    if (snap_ok(s)) {
        g_string_assign(s->section, name);
        s->sink->memory(s, name, host, size);
    }
}

void snap_chunks(struct snap *s, const char *name, const struct snap_chunks *c)
{
    ASSERT(c->bytes <= SNAP_CHUNK_MAX);
    if (snap_ok(s)) {
        g_string_assign(s->section, name);
        s->sink->chunks(s, name, c);
    }
}

/* ---- what must be the same ---- */

static void say_difference(struct snap *s, const char *theirs, const char *ours)
{
    g_auto(GStrv) a = g_strsplit(theirs, "\n", -1);
    g_auto(GStrv) b = g_strsplit(ours, "\n", -1);
    unsigned i = 0;
    while (a[i] != NULL && b[i] != NULL && strcmp(a[i], b[i]) == 0) {
        i++;
    }
    snap_fail(s, "it is of another machine: %s there, %s here", a[i] != NULL ? a[i] : "less",
              b[i] != NULL ? b[i] : "less");
}

/* Text is filled up, so that texts of different lengths can be compared. */
#define TEXT_MAX 8192

void snap_same(struct snap *s, const char *name, const char *text)
{
    char *copy = g_malloc0(TEXT_MAX);
    g_strlcpy(copy, text, TEXT_MAX);
    size_t len = push_name(s, name);
    if (value(s, copy, 1, TEXT_MAX, 0) && s->sink->mode == SNAP_LOAD) {
        copy[TEXT_MAX - 1] = '\0';
        if (strncmp(copy, text, TEXT_MAX - 1) != 0) {
            say_difference(s, copy, text);
        }
    }
    pop_name(s, len);
    g_free(copy);
}

/* ---- the clock ---- */

void snap_clock(struct snap *s, struct evq *q)
{
    uint64_t now = evq_now(q);
    uint64_t seq = evq_sequence(q);
    s->q = q;
    snap_u64(s, "now", &now, TICK_NEVER - 1);
    snap_u64(s, "sequence", &seq, UINT64_MAX / 2);
    if (s->sink->mode == SNAP_LOAD && snap_ok(s)) {
        evq_restart(q, now);
        s->sequence = seq;
    }
}
