/* SPDX-License-Identifier: Apache-2.0 */
/* Z and z packets. The engine keeps breakpoints and watchpoints of each PE; a point is one of all
 * PEs. Software breakpoints are hardware ones: guest memory is never written. */
#include "base/bits.h"
#include "cpu/cpu_debug.h"

#include "debug/gdb_internal.h"

#define POINTS_MAX 4096

enum point_type { POINT_SOFT, POINT_HARD, POINT_WRITE, POINT_READ, POINT_ACCESS, POINT_N };

struct gdb_point {
    uint8_t type;
    uint64_t va, len;
};

GArray *gdb_points_new(void)
{
    return g_array_new(FALSE, FALSE, sizeof(struct gdb_point));
}

static bool is_break(const struct gdb_point *p)
{
    return p->type <= POINT_HARD;
}

static void apply(struct gdb_stub *g, const struct gdb_point *p, bool add)
{
    bool on_read = p->type == POINT_READ || p->type == POINT_ACCESS;
    bool on_write = p->type == POINT_WRITE || p->type == POINT_ACCESS;
    for (unsigned i = 0; i < machine_n_pes(gdb_machine(g)); i++) {
        struct cpu *c = machine_pe(gdb_machine(g), i);
        if (is_break(p)) {
            (add ? cpu_break_add : cpu_break_remove)(c, p->va);
        } else {
            (add ? cpu_watch_add : cpu_watch_remove)(c, p->va, p->len, on_read, on_write);
        }
    }
}

static bool parse(const char *s, struct gdb_point *out)
{
    uint64_t type;
    *out = (struct gdb_point){0};
    if (!gdb_take_number(&s, &type) || type >= POINT_N || !gdb_take_char(&s, ',') ||
        !gdb_take_number(&s, &out->va) || !gdb_take_char(&s, ',') ||
        !gdb_take_number(&s, &out->len)) {
        return false;
    }
    out->type = (uint8_t)type;
    return *s == '\0' && (is_break(out) || (out->len != 0 && out->len - 1 <= ~out->va));
}

static struct gdb_point *at(const struct gdb_stub *g, guint i)
{
    return &g_array_index(g->points, struct gdb_point, i);
}

static bool same(const struct gdb_point *a, const struct gdb_point *b)
{
    return a->type == b->type && a->va == b->va && (is_break(a) || a->len == b->len);
}

static bool find(const struct gdb_stub *g, const struct gdb_point *p, guint *out)
{
    for (guint i = 0; i < g->points->len; i++) {
        if (same(at(g, i), p)) {
            *out = i;
            return true;
        }
    }
    return false;
}

void gdb_point_insert(struct gdb_stub *g, const char *s)
{
    struct gdb_point p;
    guint i;
    if (!parse(s, &p) || g->points->len == POINTS_MAX) {
        g_string_assign(g->reply, GDB_E_INVAL);
        return;
    }
    if (!find(g, &p, &i)) {
        g_array_append_val(g->points, p);
        apply(g, &p, true);
    }
    g_string_assign(g->reply, "OK");
}

void gdb_point_remove(struct gdb_stub *g, const char *s)
{
    struct gdb_point p;
    struct gdb_point twin;
    guint i;
    if (!parse(s, &p)) {
        g_string_assign(g->reply, GDB_E_INVAL);
        return;
    }
    if (find(g, &p, &i)) {
        g_array_remove_index_fast(g->points, i);
        /* A software and a hardware breakpoint may share the engine's. */
        twin = p;
        twin.type = p.type == POINT_SOFT ? POINT_HARD : POINT_SOFT;
        if (!is_break(&p) || !find(g, &twin, &i)) {
            apply(g, &p, false);
        }
    }
    g_string_assign(g->reply, "OK");
}

void gdb_points_clear(struct gdb_stub *g)
{
    for (guint i = 0; i < g->points->len; i++) {
        apply(g, at(g, i), false);
    }
    g_array_set_size(g->points, 0);
}

const char *gdb_watch_word(const struct gdb_stub *g, uint64_t va, bool write)
{
    static const char *const words[] = {
        [POINT_WRITE] = "watch", [POINT_READ] = "rwatch", [POINT_ACCESS] = "awatch"};
    for (guint i = 0; i < g->points->len; i++) {
        const struct gdb_point *p = at(g, i);
        bool fits = p->type == POINT_ACCESS || p->type == (write ? POINT_WRITE : POINT_READ);
        if (fits && va - p->va < p->len) {
            return words[p->type];
        }
    }
    return words[write ? POINT_WRITE : POINT_READ];
}
