/* SPDX-License-Identifier: Apache-2.0 */
#include "app/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/replay_options.h"
#include "app/run_files.h"
#include "core/journal_head.h"
#include "core/snap_hash.h"
#include "cpu/cpu.h"
#include "machine/state.h"

#define SECTIONS_TOLD 8 /* in a message */

/* In a report: how it went. */
static const char same[] = "same";
static const char changed[] = "changed";
static const char differs[] = "differs";
static const char cut[] = "cut";
static const char absent[] = "absent";
static const char other_file[] = "other-file";
static const char stopped[] = "stopped";
static const char failed[] = "failed";

struct record {
    const struct options *o;
    char *report_path;
    struct replay *gate;
    struct journal_writer *out;
    struct journal_reader *in;
    struct journal_head *head; /* of the journal that is read, or will be written */
    struct machine *m;
    struct machine_alarm state;
    GPtrArray *sections; /* char *: of this machine; NULL: not known yet */
    unsigned n_states, n_changed;
    char *first; /* the first difference; NULL: none */
    const char *verdict;
    char *error;
    tick_t end;
};

/* ---- states ---- */

/* The state as it is now; *hashes holds what it points to. */
static struct replay_state look(struct record *r, GArray **hashes)
{
    GArray *sections;
    (void)machine_hash(r->m, &sections);
    *hashes = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    bool named = r->sections != NULL;
    if (!named) {
        r->sections = g_ptr_array_new_with_free_func(g_free);
    }
    for (guint i = 0; i < sections->len; i++) {
        const struct snap_section_hash *s = &g_array_index(sections, struct snap_section_hash, i);
        g_array_append_val(*hashes, s->hash);
        if (!named) {
            g_ptr_array_add(r->sections, g_strdup(s->name));
        }
    }
    g_array_unref(sections);
    return (struct replay_state){machine_now(r->m), machine_insns(r->m),
                                 (const uint64_t *)(*hashes)->data, (*hashes)->len};
}

/* ---- differences ---- */

struct difference {
    GString *parts;
    unsigned n;
    int pe; /* of the first part that belongs to one; -1: none */
};

static void add_part(struct difference *d, const char *name, const uint64_t *was,
                     const uint64_t *is)
{
    unsigned pe;
    if (d->n++ < SECTIONS_TOLD) {
        g_string_append_printf(d->parts, "%s%s", d->n == 1 ? "" : ", ", name);
        if (was == NULL || is == NULL) {
            g_string_append(d->parts, was == NULL ? " (new)" : " (gone)");
        } else {
            g_string_append_printf(d->parts, " (%016" PRIx64 ", was %016" PRIx64 ")", *is, *was);
        }
    }
    if (d->pe < 0 && sscanf(name, "cpu%u", &pe) == 1) {
        d->pe = (int)pe;
    }
}

/* Its hash, or NULL. */
static const uint64_t *find(const GPtrArray *names, const struct replay_state *s, const char *name,
                            guint hint)
{
    for (guint i = 0; i < names->len && i < s->n; i++) {
        guint k = (hint + i) % names->len;
        if (k < s->n && strcmp(g_ptr_array_index(names, k), name) == 0) {
            return &s->hashes[k];
        }
    }
    return NULL;
}

static void compare_parts(const struct record *r, const struct replay_state *was,
                          const struct replay_state *is, struct difference *d)
{
    for (guint i = 0; i < r->sections->len && i < is->n; i++) {
        const char *name = g_ptr_array_index(r->sections, i);
        const uint64_t *old = find(r->head->sections, was, name, i);
        if (old == NULL || *old != is->hashes[i]) {
            add_part(d, name, old, &is->hashes[i]);
        }
    }
    for (guint i = 0; i < r->head->sections->len && i < was->n; i++) {
        const char *name = g_ptr_array_index(r->head->sections, i);
        if (find(r->sections, is, name, i) == NULL) {
            add_part(d, name, &was->hashes[i], NULL);
        }
    }
}

static char *time_text(tick_t t)
{
    return g_strdup_printf("%" PRIu64 ".%06" PRIu64 " s", t / TICKS_PER_SEC,
                           t % TICKS_PER_SEC / TICKS_PER_US);
}

/* What to say about it: NULL if they are the same. */
static char *compare_states(const struct record *r, const struct replay_state *was,
                            const struct replay_state *is)
{
    char where[256];
    struct difference d = {g_string_new(NULL), 0, -1};
    compare_parts(r, was, is, &d);
    if (was->when != is->when || was->insns != is->insns) {
        g_autofree char *then = time_text(was->when);
        g_string_append_printf(
            d.parts, "%sit is after %" PRIu64 " instructions, was after %" PRIu64 " at %s",
            d.n == 0 ? "" : "; ", is->insns, was->insns, then);
        d.n++;
    }
    if (d.n > SECTIONS_TOLD) {
        g_string_append_printf(d.parts, " and more (%u)", d.n);
    }
    char *text = NULL;
    if (d.n != 0) {
        unsigned pe = d.pe >= 0 && (unsigned)d.pe < machine_n_pes(r->m) ? (unsigned)d.pe : 0;
        g_autofree char *now = time_text(is->when);
        cpu_describe(machine_pe(r->m, pe), where, sizeof(where));
        text = g_strdup_printf("at %s: %s; %s", now, d.parts->str, where);
    }
    g_string_free(d.parts, TRUE);
    return text;
}

/* True: there was one. */
static bool note_difference(struct record *r, char *text)
{
    if (text == NULL) {
        return false;
    }
    r->n_changed++;
    if (r->first == NULL) {
        r->first = text;
    } else {
        g_free(text);
    }
    return true;
}

/* record_finish says why. */
static void leave(struct record *r)
{
    struct machine_port p = machine_port(r->m);
    p.request(p.opaque, REQ_EXIT, 0);
}

static void compare_with_journal(struct record *r, const struct replay_state *is)
{
    struct replay_state was;
    if (r->in == NULL) {
        return;
    }
    if (replay_take_state(r->gate, &was)) {
        if (note_difference(r, compare_states(r, &was, is)) && r->out == NULL) {
            leave(r);
        }
    } else if (r->out == NULL) {
        leave(r);
    }
}

static void on_state(void *opaque, tick_t due)
{
    struct record *r = opaque;
    GArray *hashes;
    struct replay_state is = look(r, &hashes);
    r->state.when = due + r->head->every;
    r->n_states++;
    compare_with_journal(r, &is);
    if (r->out != NULL) {
        replay_put_state(r->gate, &is);
    }
    g_array_unref(hashes);
}

/* ---- life ---- */

static bool open_journal(struct record *r, struct options **o, int argc, char **argv, GError **err)
{
    const char *path = (*o)->replay;
    GError *why = NULL;
    r->in = journal_open(path, err);
    if (r->in == NULL) {
        return false;
    }
    r->head = journal_head_read(r->in, &why);
    struct options *all = r->head != NULL ? replay_options(r->head, argc, argv, &why) : NULL;
    if (all == NULL) {
        g_propagate_prefixed_error(err, why, "journal '%s': ", path);
        return false;
    }
    options_free(*o);
    *o = all;
    enum run_files_result found = run_files_locate(all, r->head, all->replay, err);
    r->verdict = found == RUN_FILES_ABSENT  ? absent
                 : found == RUN_FILES_OTHER ? other_file
                                            : failed;
    return found == RUN_FILES_FOUND;
}

static bool prepare(struct record *r, struct options **o, int argc, char **argv, GError **err)
{
    if ((*o)->replay != NULL) {
        return open_journal(r, o, argc, argv, err);
    }
    r->head = journal_head_new();
    r->head->every = (*o)->record.every;
    r->head->note = g_strdup((*o)->record.note);
    replay_options_save(r->head, argc, argv);
    return replay_options_check(*o, err) && run_files_collect(*o, r->head, err);
}

bool record_new(struct options **o, int argc, char **argv, struct record **out, GError **err)
{
    *out = NULL;
    if ((*o)->text != NULL || ((*o)->record.file == NULL && (*o)->replay == NULL)) {
        return true;
    }
    struct record *r = g_new0(struct record, 1);
    GError *why = NULL;
    r->gate = replay_new();
    r->report_path = g_strdup((*o)->replay_report);
    r->verdict = failed;
    if (!prepare(r, o, argc, argv, &why)) {
        r->error = g_strdup(why->message);
        record_free(r);
        g_propagate_error(err, why);
        return false;
    }
    r->o = *o;
    *out = r;
    return true;
}

struct replay *record_gate(struct record *r)
{
    return r != NULL ? r->gate : NULL;
}

/* The head of a new journal: files and words are the old one's, if there is one. */
static bool start_writing(struct record *r, GError **err)
{
    r->out = journal_create(r->o->record.file, err);
    if (r->out == NULL) {
        return false;
    }
    struct journal_head h = *r->head;
    h.sections = r->sections;
    h.rtc_seconds = machine_get_config(r->m)->rtc_seconds;
    return journal_head_write(&h, r->out, err);
}

bool record_start(struct record *r, struct machine *m, GError **err)
{
    GArray *hashes;
    if (r == NULL) {
        return true;
    }
    r->m = m;
    (void)look(r, &hashes);
    g_array_unref(hashes);
    if (r->o->record.file != NULL && !start_writing(r, err)) {
        return false;
    }
    if (r->in != NULL) {
        replay_play(r->gate, r->in, r->out);
    } else {
        replay_record(r->gate, r->out);
    }
    r->state = (struct machine_alarm){.when = r->head->every, .fn = on_state, .opaque = r};
    machine_add_alarm(m, &r->state);
    return true;
}

/* ---- the end ---- */

static char *compare_ends(const struct record *r, const struct replay_end *was,
                          const struct replay_end *is)
{
    if (was->how != is->how) {
        g_autofree char *then = time_text(was->state.when);
        return g_strdup_printf(was->how == JOURNAL_END_GUEST
                                   ? "it goes on where the guest ended, at %s"
                                   : "the guest ends where somebody stopped it, at %s",
                               then);
    }
    if (was->status != is->status) {
        return g_strdup_printf("it ends with status %d, was %d", is->status, was->status);
    }
    return was->how == JOURNAL_END_GUEST ? compare_states(r, &was->state, &is->state) : NULL;
}

static struct replay_end end_of(struct record *r, int status, bool outside, GArray **hashes)
{
    struct replay_end e = {
        .how = outside ? JOURNAL_END_OUTSIDE : JOURNAL_END_GUEST,
        .status = status,
        .state = look(r, hashes),
    };
    e.state.n = outside ? 0 : e.state.n;
    return e;
}

/* The rest of the journal against the end of the run. */
static bool compare_rest(struct record *r, const struct replay_end *is, GError **err)
{
    struct replay_end was;
    switch (replay_take_end(r->gate, &was, err)) {
    case REPLAY_REST_WRONG:
        r->verdict = differs;
        return false;
    case REPLAY_REST_CUT:
        r->verdict = cut;
        fprintf(stderr, "armature: the journal ends here, without the end of the run\n");
        return true;
    case REPLAY_REST_MORE: {
        g_autofree char *now = time_text(is->state.when);
        note_difference(r, g_strdup_printf("it ends at %s, before the recorded one", now));
        break;
    }
    case REPLAY_REST_END:
        if (r->out != NULL && was.how == JOURNAL_END_GUEST && is->how != was.how) {
            r->verdict = differs;
            return fail(err, ERR_FILE,
                        "the guest no longer ends: this input is not for the new "
                        "run, it has to be recorded anew");
        }
        r->n_states++;
        note_difference(r, compare_ends(r, &was, is));
        break;
    }
    return true;
}

static bool judge(struct record *r, const struct replay_end *is, GError **err)
{
    if (r->first == NULL && replay_left(r->gate)) {
        r->verdict = stopped;
        return true;
    }
    if ((r->first == NULL || r->out != NULL) && !compare_rest(r, is, err)) {
        return false;
    }
    if (r->first != NULL && r->out == NULL) {
        r->verdict = differs;
        return fail(err, ERR_FILE, "the replay is another run: %s", r->first);
    }
    if (r->verdict != cut) {
        r->verdict = r->first != NULL ? changed : same;
    }
    return true;
}

bool record_finish(struct record *r, int status, GError **err)
{
    GArray *hashes;
    GError *why = NULL;
    if (r == NULL) {
        return true;
    }
    r->end = machine_now(r->m);
    struct replay_end e =
        end_of(r, status, replay_left(r->gate) || replay_is_over(r->gate), &hashes);
    bool ok = r->in == NULL || judge(r, &e, &why);
    if (ok && r->out != NULL) {
        replay_put_end(r->gate, &e);
    }
    replay_stop(r->gate);
    if (r->out != NULL) {
        ok = journal_close(g_steal_pointer(&r->out), ok ? &why : NULL) && ok;
    }
    g_array_unref(hashes);
    if (!ok) {
        r->error = g_strdup(why->message);
        g_propagate_error(err, why);
    }
    return ok;
}

static bool write_report(const struct record *r)
{
    FILE *f = fopen(r->report_path, "we");
    if (f == NULL) {
        return false;
    }
    const char *text = r->error != NULL ? r->error : r->first != NULL ? r->first : "";
    fprintf(f, "%s\n%" PRIu64 " %u %u\n%s\n", r->verdict, r->end / TICKS_PER_US, r->n_states,
            r->n_changed, text);
    return fclose(f) == 0;
}

void record_free(struct record *r)
{
    if (r == NULL) {
        return;
    }
    if (r->report_path != NULL && !write_report(r)) {
        fprintf(stderr, "armature: --replay-report: cannot write '%s'\n", r->report_path);
    }
    if (r->out != NULL) {
        (void)!journal_close(r->out, NULL);
    }
    journal_free(r->in);
    replay_free(r->gate);
    journal_head_free(r->head);
    g_clear_pointer(&r->sections, g_ptr_array_unref);
    g_free(r->first);
    g_free(r->error);
    g_free(r->report_path);
    g_free(r);
}
