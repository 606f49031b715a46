/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots and hashes of the state: when, and where to. */
#include <string.h>

#include "app/options_internal.h"

#define SNAPSHOT_DEFAULT "armature.snap"

bool opt_stop_at(struct options *o, const char *arg, GError **err)
{
    return optlist_parse_span("--stop-at", arg, &o->stop_at, err);
}

bool opt_hash_every(struct options *o, const char *arg, GError **err)
{
    return optlist_parse_span("--hash-every", arg, &o->hash_every, err);
}

static bool parse_save(struct options *o, const struct optlist *l, GError **err)
{
    static const char *const keys[] = {"at", "file", NULL};
    const char *at = optlist_get(l, "at");
    const char *file = optlist_get(l, "file");
    struct opt_save s = {0};
    if (!optlist_check_keys(l, keys, err) ||
        !(at != NULL || fail(err, ERR_OPTION, "--snapshot-save-at needs a time")) ||
        !optlist_parse_span("--snapshot-save-at", at, &s.at, err)) {
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
