/* SPDX-License-Identifier: Apache-2.0 */
#include "core/snap_hash.h"

#include <string.h>

#include "base/hash.h"
#include "core/pages.h"

#include "core/snap_internal.h"

struct hasher {
    struct snap s;
    GArray *sections; /* struct snap_section_hash */
    uint64_t h;       /* of the current one */
};

static void add(struct hasher *x, const char *name, uint64_t hash)
{
    struct snap_section_hash e = {g_strdup(name), hash};
    g_array_append_val(x->sections, e);
}

static void hasher_begin(struct snap *s, const char *name, unsigned version)
{
    ((struct hasher *)s)->h = 0;
}

/* A sum over names and values that are not zero: a field that a later build adds, or moves, leaves
 * the hashes of runs that do not use it. */
static void hasher_put(struct snap *s, const void *p, unsigned elem, uint32_t count)
{
    struct hasher *x = (struct hasher *)s;
    size_t len = (size_t)elem * count;
    if (!pages_are_zero(p, len)) {
        x->h += hash64(p, len, hash64(s->path->str, s->path->len, elem));
    }
}

static void hasher_end(struct snap *s)
{
    struct hasher *x = (struct hasher *)s;
    add(x, s->section->str, x->h);
}

static void hasher_memory(struct snap *s, const char *name, uint8_t *host, uint64_t size)
{
    struct pages *p = g_new(struct pages, 1);
    uint64_t sum = 0;
    pages_open(p, host, size);
    for (uint64_t i = pages_next(p, 0); i < p->n; i = pages_next(p, i + 1)) {
        sum += hash64(host + i * PAGES_BYTES, PAGES_BYTES, i);
    }
    pages_close(p);
    g_free(p);
    add((struct hasher *)s, name, sum);
}

struct chunk_sum {
    uint64_t sum;
    uint32_t bytes;
};

static void sum_chunk(void *ctx, uint64_t n, const uint8_t *p)
{
    struct chunk_sum *c = ctx;
    c->sum += hash64(p, c->bytes, n);
}

static void hasher_chunks(struct snap *s, const char *name, const struct snap_chunks *c)
{
    struct chunk_sum sum = {.bytes = c->bytes};
    c->each(c->opaque, sum_chunk, &sum);
    add((struct hasher *)s, name, sum.sum);
}

static const struct snap_sink hasher_sink = {
    .mode = SNAP_HASH,
    .begin = hasher_begin,
    .put = hasher_put,
    .end = hasher_end,
    .memory = hasher_memory,
    .chunks = hasher_chunks,
};

static void clear_hash(void *p)
{
    g_free(((struct snap_section_hash *)p)->name);
}

struct snap *snap_hasher_new(void)
{
    struct hasher *x = g_new0(struct hasher, 1);
    snap_init(&x->s, &hasher_sink);
    x->sections = g_array_new(FALSE, TRUE, sizeof(struct snap_section_hash));
    g_array_set_clear_func(x->sections, clear_hash);
    return &x->s;
}

uint64_t snap_hasher_finish(struct snap *s, GArray **out_sections)
{
    struct hasher *x = (struct hasher *)s;
    uint64_t all = 0;
    for (guint i = 0; i < x->sections->len; i++) {
        const struct snap_section_hash *e =
            &g_array_index(x->sections, struct snap_section_hash, i);
        all = hash64(&e->hash, sizeof(e->hash), all);
    }
    if (out_sections != NULL) {
        *out_sections = g_steal_pointer(&x->sections);
    } else {
        g_array_unref(x->sections);
    }
    snap_fini(s);
    g_free(x);
    return all;
}
