/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots, hashes of the state, journals: when, and where to. */
#include <string.h>

#include "machine/state.h"

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
    file = file != NULL ? file : SNAPSHOT_DEFAULT;
    if (!machine_save_check(file, err)) {
        g_prefix_error(err, "--snapshot-save-at: ");
        return false;
    }
    s.file = g_strdup(file);
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

static bool parse_record(struct options *o, const struct optlist *l, GError **err)
{
    static const char *const keys[] = {"file", "every", "embed", "note", NULL};
    const char *file = optlist_get(l, "file");
    const char *every = optlist_get(l, "every");
    if (!optlist_check_keys(l, keys, err) ||
        !(file != NULL || fail(err, ERR_OPTION, "--record needs a file")) ||
        !(every == NULL || optlist_parse_span("--record", every, &o->record.every, err)) ||
        !optlist_size(l, "embed", 1, &o->record.embed, err)) {
        return false;
    }
    opt_set_string(&o->record.file, file);
    opt_set_string(&o->record.note, optlist_get(l, "note"));
    return true;
}

bool opt_record(struct options *o, const char *arg, GError **err)
{
    struct optlist *l = optlist_parse("--record", arg, "file", err);
    bool ok = l != NULL && parse_record(o, l, err);
    optlist_free(l);
    return ok;
}

bool opt_images(struct options *o, const char *arg, GError **err)
{
    g_ptr_array_add(o->images, g_strdup(arg));
    return true;
}
