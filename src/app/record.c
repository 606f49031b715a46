/* SPDX-License-Identifier: Apache-2.0 */
#include "app/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/replay_options.h"
#include "app/replay_report.h"
#include "app/run_files.h"
#include "app/state_diff.h"
#include "core/journal_head.h"
#include "core/snap_hash.h"
#include "machine/state.h"

static const char cut_text[] = "the journal ends here, without the end of the run";

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
    enum replay_verdict verdict;
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

/* What to say about it: NULL if they are the same. */
static char *compare_states(const struct record *r, const struct replay_state *was,
                            const struct replay_state *is)
{
    return state_diff(&(struct named_state){r->head->sections, was},
                      &(struct named_state){r->sections, is}, r->m);
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
        r->state.when = is->when; /* whoever comes back from the past comes to the end again */
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
    r->verdict = found == RUN_FILES_ABSENT  ? REPLAY_ABSENT
                 : found == RUN_FILES_OTHER ? REPLAY_OTHER_FILE
                                            : REPLAY_FAILED;
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
    r->verdict = REPLAY_FAILED;
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
        g_autofree char *then = state_diff_time(was->state.when);
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
        r->verdict = REPLAY_DIFFERS;
        return false;
    case REPLAY_REST_CUT:
        r->verdict = REPLAY_CUT;
        fprintf(stderr, "armature: %s\n", cut_text);
        return true;
    case REPLAY_REST_MORE: {
        g_autofree char *now = state_diff_time(is->state.when);
        note_difference(r, g_strdup_printf("it ends at %s, before the recorded one", now));
        break;
    }
    case REPLAY_REST_END:
        if (r->out != NULL && was.how == JOURNAL_END_GUEST && is->how != was.how) {
            r->verdict = REPLAY_DIFFERS;
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
        r->verdict = REPLAY_STOPPED;
        return true;
    }
    if ((r->first == NULL || r->out != NULL) && !compare_rest(r, is, err)) {
        return false;
    }
    if (r->first != NULL && r->out == NULL) {
        r->verdict = REPLAY_DIFFERS;
        return fail(err, ERR_FILE, "the replay is another run: %s", r->first);
    }
    if (r->verdict != REPLAY_CUT) {
        r->verdict = r->first != NULL ? REPLAY_CHANGED : REPLAY_SAME;
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
    const char *text = r->error != NULL           ? r->error
                       : r->first != NULL         ? r->first
                       : r->verdict == REPLAY_CUT ? cut_text
                                                  : "";
    const struct replay_report report = {.verdict = r->verdict,
                                         .us = r->end / TICKS_PER_US,
                                         .states = r->n_states,
                                         .changed = r->n_changed,
                                         .text = (char *)(uintptr_t)text};
    return replay_report_write(r->report_path, &report);
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
