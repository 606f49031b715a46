/* SPDX-License-Identifier: Apache-2.0 */
#include "app/replay_options.h"

#include <string.h>

/* ---- what can be recorded ---- */

/* -blockdev: what a node says counts for those on top of it. */
static bool keeps_apart(const struct options *o, const struct opt_drive *d)
{
    if (d->read_only || d->snapshot || o->snapshot) {
        return true;
    }
    for (guint i = 0; i < o->drives->len; i++) {
        const struct opt_drive *x = g_ptr_array_index(o->drives, i);
        if (x->protocol != NULL && strcmp(x->protocol, d->id) == 0 &&
            (x->read_only || x->snapshot)) {
            return true;
        }
    }
    return false;
}

bool replay_options_check(const struct options *o, GError **err)
{
    if (o->gdb != NULL && strcmp(o->gdb, "none") != 0) {
        return fail(err, ERR_OPTION,
                    "--record: not with -gdb, which may change the machine: record "
                    "without it, and debug the replay");
    }
    if (o->snapshot_load != NULL || o->saves->len != 0) {
        return fail(err, ERR_OPTION,
                    "--record: not with snapshots: a journal has a run from its "
                    "start; a replay can save some");
    }
    for (guint i = 0; i < o->drives->len; i++) {
        const struct opt_drive *d = g_ptr_array_index(o->drives, i);
        if (d->file != NULL && !keeps_apart(o, d)) {
            return fail(err, ERR_OPTION,
                        "--record: '%s' would be another file afterwards: give -snapshot, or "
                        "snapshot=on or readonly=on for that drive",
                        d->file);
        }
    }
    return true;
}

/* ---- words ---- */

void replay_options_save(struct journal_head *h, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--record") == 0 || strcmp(argv[i], "-record") == 0) {
            i++;
        } else if (!g_str_has_prefix(argv[i], "--record=")) {
            g_ptr_array_add(h->args, g_strdup(argv[i]));
        }
    }
}

/* ---- the same without the outside ---- */

static bool is_inside(const char *kind)
{
    static const char *const kinds[] = {"stdio",  "mon:stdio", "null",   "none",
                                        "memory", "ringbuf",   "testdev"};
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(kind, kinds[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void close_serials(struct options *o)
{
    for (guint i = 0; i < o->serials->len; i++) {
        char **spec = (char **)&g_ptr_array_index(o->serials, i);
        if (!is_inside(*spec) && !g_str_has_prefix(*spec, "chardev:")) {
            g_free(*spec);
            *spec = g_strdup("null");
        }
    }
}

static void keep_key(GString *t, const struct optlist *l, const char *key)
{
    const char *value = optlist_get(l, key);
    if (value != NULL && strchr(value, ',') == NULL) {
        g_string_append_printf(t, ",%s=%s", key, value);
    }
}

/* -chardev: what has no file and no peer, or null with the same id. */
static void close_chardevs(struct options *o)
{
    static const char *const keys[] = {"id", "mux", "signal", "size"};
    for (guint i = 0; i < o->chardevs->len; i++) {
        char **spec = (char **)&g_ptr_array_index(o->chardevs, i);
        struct optlist *l = optlist_parse("-chardev", *spec, "backend", NULL);
        const char *kind = l != NULL ? optlist_get(l, "backend") : NULL;
        if (kind != NULL) {
            GString *t = g_string_new(is_inside(kind) ? kind : "null");
            for (size_t k = 0; k < G_N_ELEMENTS(keys); k++) {
                keep_key(t, l, keys[k]);
            }
            g_free(*spec);
            *spec = g_string_free(t, FALSE);
        }
        optlist_free(l);
    }
}

static void close_outside(struct options *o)
{
    close_serials(o);
    close_chardevs(o);
    g_ptr_array_set_size(o->monitors, 0);
    char **files[] = {&o->gdb,      &o->log_file,   &o->log_classes,
                      &o->pid_file, &o->trace.file, &o->dumpdtb};
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_clear_pointer(files[i], g_free);
    }
    o->start_paused = false;
    o->hash_every = 0;
    o->snapshot = true;
    o->pace = PACE_OFF;
}

/* The words of a journal, with a name of a program in front. */
static struct options *parse_recorded(const struct journal_head *h, GError **err)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    char program[] = "armature";
    g_ptr_array_add(words, program);
    for (guint i = 0; i < h->args->len; i++) {
        g_ptr_array_add(words, g_ptr_array_index(h->args, i));
    }
    return options_parse((int)words->len, (char **)words->pdata, err);
}

struct options *replay_options(const struct journal_head *h, int argc, char **argv, GError **err)
{
    struct options *o = parse_recorded(h, err);
    if (o == NULL) {
        return NULL;
    }
    /* Nothing that --record would have refused: a journal is not to be trusted. */
    if (o->text != NULL || o->replay != NULL || o->record.file != NULL || o->saves->len != 0 ||
        o->snapshot_load != NULL || o->replay_report != NULL) {
        fail(err, ERR_FILE, "it is not the journal of a run");
        options_free(o);
        return NULL;
    }
    close_outside(o);
    if (!options_parse_more(o, argc, argv, err)) {
        options_free(o);
        return NULL;
    }
    o->rtc_set = true;
    o->rtc_seconds = h->rtc_seconds;
    return o;
}
