/* SPDX-License-Identifier: Apache-2.0 */
#include "app/control.h"

#include <string.h>

#include "debug/gdb.h"
#include "debug/hmp.h"
#include "debug/qmp.h"
#include "host/chardev.h"

struct control {
    struct gdb_stub *gdb;
    GPtrArray *qmp; /* struct qmp * */
    GPtrArray *hmp; /* struct hmp * */
};

/* A debugger may do anything to the machine, and read what it likes: not for the network. */
static bool is_local(const char *host)
{
    return host == NULL || *host == '\0' || strcmp(host, "localhost") == 0 ||
           strcmp(host, "::1") == 0 || g_str_has_prefix(host, "127.");
}

static struct chardev *open_gdb(const struct options *o, struct wiring *w, GError **err)
{
    struct chardev_cfg cfg;
    struct chardev *front = NULL;
    if (!chardev_cfg_parse_short(o->gdb, "gdb", &cfg, err)) {
        g_prefix_error(err, "-gdb: ");
        return NULL;
    }
    if (!is_local(cfg.host)) {
        fail(err, ERR_OPTION, "-gdb %s: only addresses of this host (tcp::1234)", o->gdb);
    } else {
        cfg.server = true;
        cfg.no_wait = true;
        cfg.no_delay = true;
        front = wiring_open(w, "-gdb", &cfg, err);
    }
    chardev_cfg_clear(&cfg);
    return front;
}

static bool start_gdb(struct control *c, const struct options *o, struct wiring *w,
                      struct machine *m, GError **err)
{
    if (o->gdb == NULL || strcmp(o->gdb, "none") == 0) {
        return true;
    }
    struct gdb_cfg cfg = {
        .machine = m, .chr = open_gdb(o, w, err), .resume_when_lost = o->gdb_lost_runs};
    if (cfg.chr != NULL) {
        c->gdb = gdb_new(&cfg);
    }
    return cfg.chr != NULL;
}

/* ---- monitors ---- */

static int64_t now_us(void)
{
    return g_get_real_time();
}

static void add_qmp(struct control *c, struct machine *m, struct chardev *front, bool pretty)
{
    struct qmp_cfg cfg = {.machine = m, .chr = front, .pretty = pretty, .now_us = now_us};
    g_ptr_array_add(c->qmp, qmp_new(&cfg));
}

static void add_hmp(struct control *c, struct machine *m, struct chardev *front)
{
    struct hmp_cfg cfg = {.machine = m, .chr = front, .silent = !host_chardev_has_focus(front)};
    struct hmp *h = hmp_new(&cfg);
    host_chardev_on_focus(front, hmp_focus, h);
    g_ptr_array_add(c->hmp, h);
}

/* A terminal that is shared with nobody else needs no keys to change over. */
static const char *own_spec(const struct opt_monitor *o)
{
    return g_str_has_prefix(o->spec, "mon:") ? o->spec + strlen("mon:") : o->spec;
}

static bool start_monitors(struct control *c, const struct options *o, struct wiring *w,
                           struct machine *m, GError **err)
{
    for (guint i = 0; i < o->monitors->len; i++) {
        const struct opt_monitor *x = g_ptr_array_index(o->monitors, i);
        g_autofree char *id = g_strdup_printf("compat_monitor%u", i);
        struct chardev *front =
            wiring_open_spec(w, x->qmp ? "-qmp" : "-monitor", own_spec(x), id, err);
        if (front == NULL) {
            return false;
        }
        if (x->qmp) {
            add_qmp(c, m, front, x->pretty);
        } else {
            add_hmp(c, m, front);
        }
    }
    for (unsigned i = 0;; i++) {
        GError *why = NULL;
        struct chardev *front = wiring_shared_front(w, i, &why);
        if (front == NULL) {
            if (why != NULL) {
                g_propagate_error(err, why);
            }
            return why == NULL;
        }
        add_hmp(c, m, front);
    }
}

static void free_qmp(void *p)
{
    qmp_free(p);
}

static void free_hmp(void *p)
{
    hmp_free(p);
}

struct control *control_new(const struct options *o, struct wiring *w, struct machine *m,
                            GError **err)
{
    struct control *c = g_new0(struct control, 1);
    c->qmp = g_ptr_array_new_with_free_func(free_qmp);
    c->hmp = g_ptr_array_new_with_free_func(free_hmp);
    if (!start_gdb(c, o, w, m, err) || !start_monitors(c, o, w, m, err)) {
        control_free(c);
        return NULL;
    }
    return c;
}

void control_free(struct control *c)
{
    if (c != NULL) {
        gdb_free(c->gdb);
        g_ptr_array_unref(c->qmp);
        g_ptr_array_unref(c->hmp);
        g_free(c);
    }
}
