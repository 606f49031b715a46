/* SPDX-License-Identifier: Apache-2.0 */
#include "app/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "core/snap_hash.h"
#include "cpu/cpu.h"
#include "machine/state.h"

#define STATE_EVERY     (100 * TICKS_PER_MS)
#define DIFFERS         1
#define KEY_FILE        "file="
#define KEY_RTC         "rtc="
#define KEY_ARG         "arg="
#define N_MACHINE_FILES 4

struct record {
    const struct options *o;
    struct replay *gate;
    struct journal_writer *out;
    struct journal_reader *in;
    struct journal_rec config;
    GString *text; /* of JOURNAL_CONFIG: entries that end with NUL */
    struct machine *m;
    struct machine_alarm state;
    GError *err;
    bool past_end;
};

/* ---- what the command depends on ---- */

static bool hash_file(const char *path, uint64_t *out, GError **err)
{
    g_autoptr(GMappedFile) f = g_mapped_file_new(path, FALSE, err);
    if (f != NULL) {
        *out = hash64(g_mapped_file_get_contents(f), g_mapped_file_get_length(f), 0);
    }
    return f != NULL;
}

static bool add_file(GString *t, const char *path, GError **err)
{
    uint64_t h;
    if (path == NULL) {
        return true;
    }
    if (!hash_file(path, &h, err)) {
        return false;
    }
    g_string_append_printf(t, KEY_FILE "%016" PRIx64 " %s", h, path);
    g_string_append_c(t, '\0');
    return true;
}

static bool add_files(GString *t, const struct options *o, GError **err)
{
    const char *files[N_MACHINE_FILES] = {o->kernel, o->initrd, o->dtb, o->bios};
    for (size_t i = 0; i < N_MACHINE_FILES; i++) {
        if (!add_file(t, files[i], err)) {
            return false;
        }
    }
    for (guint i = 0; i < o->items->len; i++) {
        if (!add_file(t, g_array_index(o->items, struct boot_item, i).file, err)) {
            return false;
        }
    }
    for (guint i = 0; i < o->modules->len; i++) {
        if (!add_file(t, g_array_index(o->modules, struct boot_module, i).file, err)) {
            return false;
        }
    }
    for (guint i = 0; i < o->drives->len; i++) {
        const struct opt_drive *d = g_ptr_array_index(o->drives, i);
        if (!add_file(t, d->file, err)) {
            return false;
        }
    }
    return true;
}

static void add_args(GString *t, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--record") == 0 || strcmp(argv[i], "-record") == 0) {
            i++;
            continue;
        }
        g_string_append(t, KEY_ARG);
        g_string_append(t, argv[i]);
        g_string_append_c(t, '\0');
    }
}

/* ---- reading it again ---- */

/* The next entry of a configuration, or NULL. */
static const char *next_entry(const struct journal_rec *c, uint32_t *at)
{
    if (*at >= c->len) {
        return NULL;
    }
    const char *s = (const char *)c->data + *at;
    const char *end = memchr(s, '\0', c->len - *at);
    if (end == NULL) {
        return NULL;
    }
    *at += (uint32_t)(end - s) + 1;
    return s;
}

static struct journal_reader *open_journal(const char *path, struct journal_rec *out_config,
                                           GError **err)
{
    struct journal_reader *j = journal_open(path, err);
    GError *why = NULL;
    if (j != NULL && (!journal_next(j, out_config, &why) || out_config->kind != JOURNAL_CONFIG)) {
        if (why == NULL) {
            fail(&why, ERR_FILE, "it has no configuration");
        }
        g_propagate_prefixed_error(err, why, "journal '%s': ", path);
        g_clear_pointer(&j, journal_free);
    }
    return j;
}

struct options *record_options(struct options *o, int argc, char **argv, GError **err)
{
    struct journal_rec config;
    struct journal_reader *j = open_journal(o->replay, &config, err);
    struct options *all = NULL;
    options_free(o);
    if (j == NULL) {
        return NULL;
    }
    g_autoptr(GPtrArray) args = g_ptr_array_new();
    int64_t rtc = 0;
    uint32_t at = 0;
    g_ptr_array_add(args, argv[0]);
    for (const char *e = next_entry(&config, &at); e != NULL; e = next_entry(&config, &at)) {
        if (g_str_has_prefix(e, KEY_ARG)) {
            g_ptr_array_add(args, (char *)(uintptr_t)e + strlen(KEY_ARG));
        } else if (g_str_has_prefix(e, KEY_RTC)) {
            rtc = g_ascii_strtoll(e + strlen(KEY_RTC), NULL, 10);
        }
    }
    for (int i = 1; i < argc; i++) {
        g_ptr_array_add(args, argv[i]);
    }
    g_ptr_array_add(args, NULL);
    all = options_parse((int)args->len - 1, (char **)args->pdata, err);
    if (all != NULL) {
        all->rtc_set = true;
        all->rtc_seconds = rtc;
        all->pace = PACE_OFF;
    }
    journal_free(j);
    return all;
}

static bool check_files(const struct record *r, GError **err)
{
    uint32_t at = 0;
    for (const char *e = next_entry(&r->config, &at); e != NULL; e = next_entry(&r->config, &at)) {
        uint64_t now;
        if (!g_str_has_prefix(e, KEY_FILE)) {
            continue;
        }
        char *path;
        uint64_t then = g_ascii_strtoull(e + strlen(KEY_FILE), &path, 16);
        path += *path == ' ';
        if (!hash_file(path, &now, err)) {
            return false;
        }
        if (now != then) {
            return fail(err, ERR_FILE, "'%s' is not the file that was recorded", path);
        }
    }
    return true;
}

/* ---- states ---- */

static void leave(struct record *r, int status)
{
    struct machine_port p = machine_port(r->m);
    p.request(p.opaque, REQ_EXIT, status);
}

/* The PE that differs first, or the first one. */
static unsigned guilty_pe(const GArray *sections, size_t first)
{
    unsigned pe = 0;
    if (first < sections->len) {
        (void)sscanf(g_array_index(sections, struct snap_section_hash, first).name, "cpu%u", &pe);
    }
    return pe;
}

static void tell_difference(struct record *r, const GArray *sections, size_t first)
{
    char where[256];
    tick_t now = machine_now(r->m);
    unsigned pe = guilty_pe(sections, first);
    cpu_describe(machine_pe(r->m, pe < machine_n_pes(r->m) ? pe : 0), where, sizeof(where));
    fail(&r->err, ERR_FILE, "the replay is another run: at %" PRIu64 ".%06" PRIu64 " s, in %s; %s",
         now / TICKS_PER_SEC, now % TICKS_PER_SEC / TICKS_PER_US,
         first < sections->len ? g_array_index(sections, struct snap_section_hash, first).name
                               : "what comes next",
         where);
    leave(r, DIFFERS);
}

static uint64_t all_insns(const struct machine *m)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < machine_n_pes(m); i++) {
        n += cpu_insns(machine_pe(m, i));
    }
    return n;
}

static void on_state(void *opaque, tick_t due)
{
    struct record *r = opaque;
    GArray *sections;
    size_t first;
    r->state.when = due + STATE_EVERY;
    (void)machine_hash(r->m, &sections);
    g_autofree uint64_t *hashes = g_new(uint64_t, sections->len);
    for (guint i = 0; i < sections->len; i++) {
        hashes[i] = GUINT64_TO_LE(g_array_index(sections, struct snap_section_hash, i).hash);
    }
    switch (
        replay_state(r->gate, machine_now(r->m), all_insns(r->m), hashes, sections->len, &first)) {
    case REPLAY_DIFFERS:
        tell_difference(r, sections, first);
        break;
    case REPLAY_NO_STATE:
        if (replay_at_end(r->gate, &r->err)) {
            r->past_end = true;
            fprintf(stderr, "armature: the journal ends here, without the end of the run\n");
            leave(r, 0);
        }
        break;
    case REPLAY_SAME:
        break;
    }
    g_array_unref(sections);
}

/* ---- life ---- */

struct record *record_new(const struct options *o, int argc, char **argv, GError **err)
{
    if (o->record == NULL && o->replay == NULL) {
        return NULL;
    }
    struct record *r = g_new0(struct record, 1);
    r->o = o;
    r->gate = replay_new();
    r->text = g_string_new(NULL);
    bool ok;
    if (o->replay != NULL) {
        r->in = open_journal(o->replay, &r->config, err);
        ok = r->in != NULL && check_files(r, err);
    } else {
        add_args(r->text, argc, argv);
        ok = add_files(r->text, o, err);
    }
    if (!ok) {
        record_free(r);
        return NULL;
    }
    return r;
}

struct replay *record_gate(struct record *r)
{
    return r != NULL ? r->gate : NULL;
}

static bool start_recording(struct record *r, GError **err)
{
    r->out = journal_create(r->o->record, err);
    if (r->out == NULL) {
        return false;
    }
    g_string_append_printf(r->text, KEY_RTC "%" PRId64, machine_get_config(r->m)->rtc_seconds);
    g_string_append_c(r->text, '\0');
    journal_put(r->out, &(struct journal_rec){.kind = JOURNAL_CONFIG,
                                              .data = (const uint8_t *)r->text->str,
                                              .len = (uint32_t)r->text->len});
    replay_record(r->gate, r->out);
    return true;
}

bool record_start(struct record *r, struct machine *m, GError **err)
{
    if (r == NULL) {
        return true;
    }
    r->m = m;
    if (r->in != NULL) {
        replay_play(r->gate, r->in);
    } else if (!start_recording(r, err)) {
        return false;
    }
    r->state = (struct machine_alarm){.when = STATE_EVERY, .fn = on_state, .opaque = r};
    machine_add_alarm(m, &r->state);
    return true;
}

bool record_finish(struct record *r, int status, GError **err)
{
    if (r == NULL) {
        return true;
    }
    if (r->out != NULL) {
        uint32_t code = GUINT32_TO_LE((uint32_t)status);
        journal_put(r->out, &(struct journal_rec){.kind = JOURNAL_END,
                                                  .when = machine_now(r->m),
                                                  .insns = all_insns(r->m),
                                                  .data = (const uint8_t *)&code,
                                                  .len = sizeof(code)});
        return journal_close(g_steal_pointer(&r->out), err);
    }
    if (r->err == NULL && !r->past_end && !replay_at_end(r->gate, &r->err) && r->err == NULL) {
        fail(&r->err, ERR_FILE, "the replay ended before its journal");
    }
    if (r->err != NULL) {
        g_propagate_error(err, g_steal_pointer(&r->err));
        return false;
    }
    return true;
}

void record_free(struct record *r)
{
    if (r == NULL) {
        return;
    }
    if (r->out != NULL) {
        (void)!journal_close(r->out, NULL);
    }
    journal_free(r->in);
    replay_free(r->gate);
    g_string_free(r->text, TRUE);
    g_clear_error(&r->err);
    g_free(r);
}
