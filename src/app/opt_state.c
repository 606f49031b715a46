/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots and hashes of the state: when, and where to. */
#include <string.h>

#include "app/options_internal.h"

#define SNAPSHOT_DEFAULT "armature.snap"

/* A time of the guest: a number with a unit, from 1 us on. */
static bool parse_time(const char *what, const char *text, tick_t *out, GError **err)
{
    static const struct {
        const char *suffix;
        tick_t ticks;
    } units[] = {
        {"us", TICKS_PER_US}, {"ms", TICKS_PER_MS}, {"s", TICKS_PER_SEC}, {"", TICKS_PER_SEC}};

    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        if (!g_str_has_suffix(text, units[i].suffix)) {
            continue;
        }
        g_autofree char *number = g_strndup(text, strlen(text) - strlen(units[i].suffix));
        uint64_t n;
        char *end;
        double v = g_ascii_strtod(number, &end);
        if (end == number || *end != '\0' || !(v >= 0) || v > 1e7) {
            break;
        }
        n = (uint64_t)(v * (double)(units[i].ticks / TICKS_PER_US) + 0.5);
        *out = n * TICKS_PER_US;
        return *out != 0 || fail(err, ERR_OPTION, "%s: the time must not be nothing", what);
    }
    return fail(err, ERR_OPTION, "%s: '%s' is not a time like 100ms", what, text);
}

bool opt_stop_at(struct options *o, const char *arg, GError **err)
{
    return parse_time("--stop-at", arg, &o->stop_at, err);
}

bool opt_hash_every(struct options *o, const char *arg, GError **err)
{
    return parse_time("--hash-every", arg, &o->hash_every, err);
}

static bool parse_save(struct options *o, const struct optlist *l, GError **err)
{
    static const char *const keys[] = {"at", "file", NULL};
    const char *at = optlist_get(l, "at");
    const char *file = optlist_get(l, "file");
    struct opt_save s = {0};
    if (!optlist_check_keys(l, keys, err) ||
        !(at != NULL || fail(err, ERR_OPTION, "--snapshot-save-at needs a time")) ||
        !parse_time("--snapshot-save-at", at, &s.at, err)) {
        return false;
    }
    s.file = g_strdup(file != NULL ? file : SNAPSHOT_DEFAULT);
    g_array_append_val(o->saves, s);
    return true;
}

bool opt_snapshot_save_at(struct options *o, const char *arg, GError **err)
{
    struct optlist *l = optlist_parse("--snapshot-save-at", arg, "at", err);
    bool ok = l != NULL && parse_save(o, l, err);
    optlist_free(l);
    return ok;
}
