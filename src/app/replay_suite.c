/* SPDX-License-Identifier: Apache-2.0 */
#include "app/replay_suite.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/optlist.h"
#include "app/replay_report.h"
#include "base/file.h"

#define SUFFIX    ".jrnl"
#define EXIT_BAD  1
#define JOBS_MAX  256
#define TAIL_READ 4096

#define USAGE                                                                                      \
    "usage: armature replay-suite FOLDER|JOURNAL... [--jobs N] [--images FOLDER]... [--accept] "   \
    "[-- OPTION...]"

enum outcome { SAME, DIFFERS, CUT, SKIPPED, ACCEPTED, N_OUTCOMES };

struct command {
    GPtrArray *paths;   /* char *: folders and journals */
    GPtrArray *options; /* char *: for each replay */
    uint64_t jobs;
    bool accept;
};

/* A journal, and what became of it. */
struct job {
    char *path;   /* of the journal */
    char *report; /* --replay-report */
    char *log;    /* what the process said */
    char *again;  /* --accept: the new journal */
    GPid pid;
    int wait_status;
    double cpu_s;
};

struct suite {
    const struct command *c;
    GArray *jobs; /* struct job */
    char *folder; /* for reports */
    unsigned counts[N_OUTCOMES];
};

/* ---- which journals there are ---- */

static int compare_jobs(const void *a, const void *b)
{
    return strcmp(((const struct job *)a)->path, ((const struct job *)b)->path);
}

static void add_journal(struct suite *s, const char *path)
{
    struct job j = {.path = g_strdup(path)};
    g_array_append_val(s->jobs, j);
}

/* Links are not followed: there can be no loop. */
static bool add_folder(struct suite *s, const char *path, GError **err)
{
    g_autoptr(GDir) dir = folder_open(path, err);
    if (dir == NULL) {
        return false;
    }
    for (const char *name = g_dir_read_name(dir); name != NULL; name = g_dir_read_name(dir)) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        bool is_folder = g_file_test(child, G_FILE_TEST_IS_DIR);
        if (is_folder && !g_file_test(child, G_FILE_TEST_IS_SYMLINK)) {
            if (!add_folder(s, child, err)) {
                return false;
            }
        } else if (!is_folder && g_str_has_suffix(name, SUFFIX)) {
            add_journal(s, child);
        }
    }
    return true;
}

static bool collect(struct suite *s, GError **err)
{
    for (guint i = 0; i < s->c->paths->len; i++) {
        const char *path = g_ptr_array_index(s->c->paths, i);
        if (!g_file_test(path, G_FILE_TEST_IS_DIR)) {
            add_journal(s, path);
        } else if (!add_folder(s, path, err)) {
            return false;
        }
    }
    g_array_sort(s->jobs, compare_jobs);
    return s->jobs->len != 0 || fail(err, ERR_OPTION, "there is no journal (*" SUFFIX ") in '%s'",
                                     (const char *)g_ptr_array_index(s->c->paths, 0));
}

/* ---- running ---- */

static void say_to_log(void *path)
{
    /* Between fork and exec; without a log the process is silent. */
    if (freopen(path, "w", stderr) == NULL || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        (void)fclose(stderr);
    }
}

static bool start(const struct suite *s, struct job *j, GError **err)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    const char *words[] = {"/proc/self/exe", "--replay", j->path, "--replay-report", j->report};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        g_ptr_array_add(argv, (char *)(uintptr_t)words[i]);
    }
    if (s->c->accept) {
        g_ptr_array_add(argv, (char *)(uintptr_t)"--record");
        g_ptr_array_add(argv, j->again);
    }
    for (guint i = 0; i < s->c->options->len; i++) {
        g_ptr_array_add(argv, g_ptr_array_index(s->c->options, i));
    }
    g_ptr_array_add(argv, NULL);
    return g_spawn_async(NULL, (char **)argv->pdata, NULL, G_SPAWN_DO_NOT_REAP_CHILD, say_to_log,
                         j->log, &j->pid, err);
}

static void prepare(const struct suite *s, guint i)
{
    struct job *j = &g_array_index(s->jobs, struct job, i);
    j->report = g_strdup_printf("%s/%u.report", s->folder, i);
    j->log = g_strdup_printf("%s/%u.log", s->folder, i);
    j->again = g_strconcat(j->path, ".part", NULL);
}

static double seconds(const struct timeval *t)
{
    return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

/* Wait for one of them; NULL: there is none. */
static struct job *reap(const struct suite *s)
{
    struct rusage u;
    int status;
    pid_t pid;
    do {
        pid = wait4(-1, &status, 0, &u);
    } while (pid < 0 && errno == EINTR);
    for (guint i = 0; i < s->jobs->len && pid > 0; i++) {
        struct job *j = &g_array_index(s->jobs, struct job, i);
        if (j->pid == pid) {
            j->wait_status = status;
            j->cpu_s = seconds(&u.ru_utime) + seconds(&u.ru_stime);
            return j;
        }
    }
    return NULL;
}

/* ---- what came of it ---- */

/* The last line that the process said. */
static char *last_words(const struct job *j)
{
    g_autofree char *text = NULL;
    gsize len;
    if (WIFSIGNALED(j->wait_status)) {
        return g_strdup_printf("the emulator crashed: %s", g_strsignal(WTERMSIG(j->wait_status)));
    }
    if (!g_file_get_contents(j->log, &text, &len, NULL)) {
        return g_strdup("it said nothing");
    }
    g_strchomp(text);
    const char *line = strrchr(text, '\n');
    return g_utf8_make_valid(line != NULL ? line + 1 : text, -1);
}

static void read_report(const struct job *j, struct replay_report *r)
{
    bool whole = replay_report_read(j->report, r);
    if (WIFSIGNALED(j->wait_status)) {
        r->verdict = REPLAY_FAILED;
        whole = false;
    }
    if (!whole || (r->verdict == REPLAY_FAILED && *r->text == '\0')) {
        g_free(r->text);
        r->text = last_words(j);
    }
}

/* Accepting writes a journal that ends where the old one was cut off. */
static enum outcome outcome_of(const struct suite *s, enum replay_verdict v)
{
    static const enum outcome outcomes[REPLAY_VERDICTS] = {
        [REPLAY_SAME] = SAME,       [REPLAY_CHANGED] = ACCEPTED, [REPLAY_DIFFERS] = DIFFERS,
        [REPLAY_CUT] = CUT,         [REPLAY_ABSENT] = SKIPPED,   [REPLAY_OTHER_FILE] = DIFFERS,
        [REPLAY_STOPPED] = DIFFERS, [REPLAY_FAILED] = DIFFERS,
    };
    return v == REPLAY_CUT && s->c->accept ? ACCEPTED : outcomes[v];
}

/* The new journal in place of the old one, or out of the way. */
static enum outcome keep_or_drop(const struct job *j, enum outcome o)
{
    if (o == ACCEPTED && rename(j->again, j->path) != 0) {
        fprintf(stderr, "armature: '%s': %s\n", j->path, g_strerror(errno));
        o = DIFFERS;
    }
    if (o != ACCEPTED) {
        (void)unlink(j->again);
    }
    return o;
}

static void tell(struct suite *s, const struct job *j)
{
    struct replay_report r;
    read_report(j, &r);
    enum outcome o = outcome_of(s, r.verdict);
    if (s->c->accept) {
        o = keep_or_drop(j, o);
    }
    s->counts[o]++;
    printf("%-10s %-40s %7.3f s of the guest %6.2f s of CPU\n", replay_verdict_names[r.verdict],
           j->path, (double)r.us / 1e6, j->cpu_s);
    if (o == ACCEPTED && r.changed != 0) {
        printf("           %u of %u states are others; the first one %s\n", r.changed, r.states,
               r.text);
    } else if (*r.text != '\0') {
        printf("           %s\n", r.text);
    }
    (void)fflush(stdout);
    g_free(r.text);
}

static bool run_all(struct suite *s, GError **err)
{
    guint next = 0;
    bool ok = true;
    for (guint running = 0; (ok && next < s->jobs->len) || running != 0;) {
        if (ok && next < s->jobs->len && running < s->c->jobs) {
            prepare(s, next);
            ok = start(s, &g_array_index(s->jobs, struct job, next), err);
            next++;
            running += ok;
            continue;
        }
        const struct job *done = reap(s);
        if (done != NULL) {
            tell(s, done);
        }
        running--;
    }
    return ok;
}

static void remove_reports(const struct suite *s)
{
    for (guint i = 0; i < s->jobs->len; i++) {
        const struct job *j = &g_array_index(s->jobs, struct job, i);
        if (j->report != NULL) {
            (void)unlink(j->report);
            (void)unlink(j->log);
        }
    }
    (void)rmdir(s->folder);
}

static int run_suite(struct suite *s, GError **err)
{
    if (!collect(s, err)) {
        return EXIT_BAD;
    }
    s->folder = g_dir_make_tmp("armature-XXXXXX", NULL);
    if (s->folder == NULL) {
        fail(err, ERR_HOST, "cannot make a folder in '%s': %s", g_get_tmp_dir(), g_strerror(errno));
        return EXIT_BAD;
    }
    bool ok = run_all(s, err);
    remove_reports(s);
    if (!ok) {
        return EXIT_BAD;
    }
    printf("%u journals: %u the same, %u accepted, %u not the same, %u cut short, "
           "%u skipped\n",
           s->jobs->len, s->counts[SAME], s->counts[ACCEPTED], s->counts[DIFFERS], s->counts[CUT],
           s->counts[SKIPPED]);
    return s->counts[DIFFERS] + s->counts[CUT] != 0 ? EXIT_BAD : 0;
}

/* ---- the command line ---- */

static bool parse_word(struct command *c, int argc, char **argv, int *i, GError **err)
{
    const char *word = argv[*i];
    const char *arg = *i + 1 < argc ? argv[*i + 1] : NULL;
    if (strcmp(word, "--accept") == 0) {
        c->accept = true;
    } else if (strcmp(word, "--jobs") == 0 && arg != NULL) {
        (*i)++;
        return optlist_parse_u64("--jobs", arg, JOBS_MAX, &c->jobs, err);
    } else if (strcmp(word, "--images") == 0 && arg != NULL) {
        (*i)++;
        g_ptr_array_add(c->options, g_strdup(word));
        g_ptr_array_add(c->options, g_strdup(arg));
    } else if (*word == '-') {
        return fail(err, ERR_OPTION, USAGE);
    } else {
        g_ptr_array_add(c->paths, g_strdup(word));
    }
    return true;
}

static bool parse(struct command *c, int argc, char **argv, GError **err)
{
    int i = 0;
    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (!parse_word(c, argc, argv, &i, err)) {
            return false;
        }
    }
    for (i++; i < argc; i++) {
        g_ptr_array_add(c->options, g_strdup(argv[i]));
    }
    if (c->jobs == 0) {
        c->jobs = g_get_num_processors();
    }
    return c->paths->len != 0 || fail(err, ERR_OPTION, USAGE);
}

static void clear_job(void *p)
{
    struct job *j = p;
    g_free(j->path);
    g_free(j->report);
    g_free(j->log);
    g_free(j->again);
}

int replay_suite_command(int argc, char **argv, GError **err)
{
    struct command c = {.paths = g_ptr_array_new_with_free_func(g_free),
                        .options = g_ptr_array_new_with_free_func(g_free)};
    struct suite s = {.c = &c, .jobs = g_array_new(FALSE, TRUE, sizeof(struct job))};
    g_array_set_clear_func(s.jobs, clear_job);
    int status = parse(&c, argc, argv, err) ? run_suite(&s, err) : EXIT_BAD;
    g_array_unref(s.jobs);
    g_free(s.folder);
    g_ptr_array_unref(c.paths);
    g_ptr_array_unref(c.options);
    return status;
}
