/* SPDX-License-Identifier: Apache-2.0 */
/* Debuggers and monitors: where they listen. */
#include <string.h>

#include "app/options_internal.h"

bool opt_gdb_default(struct options *o, const char *arg, GError **err)
{
    opt_set_string(&o->gdb, "tcp::1234");
    return true;
}

bool opt_gdb_lost(struct options *o, const char *arg, GError **err)
{
    o->gdb_lost_runs = strcmp(arg, "run") == 0;
    return o->gdb_lost_runs || strcmp(arg, "stop") == 0 ||
           fail(err, ERR_OPTION, "--gdb-lost %s: there is stop and run", arg);
}

bool opt_key_frames(struct options *o, const char *arg, GError **err)
{
    o->key_frame_bytes = 0;
    return strcmp(arg, "off") == 0 ||
           optlist_parse_size("--key-frames", arg, MIB, &o->key_frame_bytes, err);
}

static bool add(struct options *o, const char *spec, bool qmp, bool pretty)
{
    struct opt_monitor *m = g_new0(struct opt_monitor, 1);
    *m = (struct opt_monitor){g_strdup(spec), qmp, pretty};
    g_ptr_array_add(o->monitors, m);
    return true;
}

static bool is_none(const char *spec)
{
    return strcmp(spec, "none") == 0 || strcmp(spec, "null") == 0;
}

bool opt_monitor(struct options *o, const char *arg, GError **err)
{
    return is_none(arg) || add(o, arg, false, false);
}

bool opt_qmp(struct options *o, const char *arg, GError **err)
{
    return is_none(arg) || add(o, arg, true, false);
}

bool opt_qmp_pretty(struct options *o, const char *arg, GError **err)
{
    return is_none(arg) || add(o, arg, true, true);
}

static bool parse_mon(struct options *o, const struct optlist *l, GError **err)
{
    static const char *const keys[] = {"chardev", "mode", "pretty", NULL};
    const char *mode = optlist_get(l, "mode");
    const char *chardev = optlist_get(l, "chardev");
    bool pretty = false;
    bool control = mode != NULL && strcmp(mode, "control") == 0;
    if (!optlist_check_keys(l, keys, err) || !optlist_bool(l, "pretty", &pretty, err)) {
        return false;
    }
    if (chardev == NULL) {
        return fail(err, ERR_OPTION, "-mon needs chardev=");
    }
    if (mode != NULL && !control && strcmp(mode, "readline") != 0) {
        return fail(err, ERR_OPTION, "-mon mode=%s: there is readline and control", mode);
    }
    g_autofree char *spec = g_strconcat("chardev:", chardev, NULL);
    return add(o, spec, control, pretty);
}

bool opt_mon(struct options *o, const char *arg, GError **err)
{
    struct optlist *l = optlist_parse("-mon", arg, "chardev", err);
    bool ok = l != NULL && parse_mon(o, l, err);
    optlist_free(l);
    return ok;
}
