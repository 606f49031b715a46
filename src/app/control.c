/* SPDX-License-Identifier: Apache-2.0 */
#include "app/control.h"

#include <string.h>

#include "debug/gdb.h"
#include "host/chardev.h"

struct control {
    struct gdb_stub *gdb;
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

struct control *control_new(const struct options *o, struct wiring *w, struct machine *m,
                            GError **err)
{
    struct control *c = g_new0(struct control, 1);
    if (!start_gdb(c, o, w, m, err)) {
        control_free(c);
        return NULL;
    }
    return c;
}

void control_free(struct control *c)
{
    if (c != NULL) {
        gdb_free(c->gdb);
        g_free(c);
    }
}
