/* SPDX-License-Identifier: Apache-2.0 */
#include "app/trace_command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "debug/trace_file.h"
#include "debug/trace_timeline.h"

struct job {
    const struct optlist *filter; /* NULL: as recorded */
    FILE *out;
    int lost;
    struct trace_tarmac *text;
    GError *err;
};

static void write_text(void *opaque, const char *text, size_t len)
{
    struct job *j = opaque;
    if (j->lost == 0 && len != 0 && fwrite(text, len, 1, j->out) != 1) {
        j->lost = errno;
    }
}

static struct trace_visitor convert_ready(void *opaque, const struct trace_header *h)
{
    struct job *j = opaque;
    struct trace_filter f = h->filter;
    if (j->filter != NULL && !trace_parse_filter(j->filter, &f, &j->err)) {
        f.groups = 0;
    }
    j->text = trace_tarmac_new(&f, write_text, j);
    return trace_tarmac_visitor(j->text);
}

static bool convert_file(struct job *j, const char *path, GError **err)
{
    bool ok = trace_file_read(path, convert_ready, j, err);
    trace_tarmac_free(j->text);
    if (j->err != NULL) {
        g_clear_error(err);
        g_propagate_error(err, g_steal_pointer(&j->err));
        return false;
    }
    return ok;
}

/* The parsed command line. */
struct arguments {
    char **files; /* n of them, in argv */
    unsigned n;
    const char *out;
    struct optlist *filter;
    struct trace_filter window; /* what filter says, of everything */
};

static bool run_job(struct job *j, const struct arguments *a, bool timeline, GError **err)
{
    j->filter = a->filter;
    return timeline ? trace_timeline(a->files, a->n, a->window.from, a->window.to, j->out, err)
                    : convert_file(j, a->files[0], err);
}

/* Before the output loses what it has: are the inputs there, and other files? */
static bool check_files(const struct arguments *a, GError **err)
{
    struct stat out, in;
    bool exists = a->out != NULL && stat(a->out, &out) == 0;
    for (unsigned i = 0; i < a->n; i++) {
        if (stat(a->files[i], &in) != 0) {
            return fail(err, ERR_FILE, "cannot read '%s': %s", a->files[i], g_strerror(errno));
        }
        if (exists && in.st_dev == out.st_dev && in.st_ino == out.st_ino) {
            return fail(err, ERR_OPTION, "'%s' is read: the output has to be another file", a->out);
        }
    }
    return true;
}

static bool with_output(const struct arguments *a, bool timeline, GError **err)
{
    if (!check_files(a, err)) {
        return false;
    }
    struct job j = {.out = a->out != NULL ? fopen(a->out, "wbe") : stdout};
    if (j.out == NULL) {
        return fail(err, ERR_FILE, "cannot write '%s': %s", a->out, g_strerror(errno));
    }
    bool ok = run_job(&j, a, timeline, err);
    /* The reason of an error that was not seen is said again by what still waits to be written. */
    bool lost = ferror(j.out) != 0;
    int failed = a->out != NULL ? fclose(j.out) : fflush(j.out);
    if ((failed != 0 || lost) && j.lost == 0) {
        j.lost = failed != 0 ? errno : EIO;
    }
    if (ok && j.lost != 0) {
        return fail(err, ERR_FILE, "the output was lost: %s", g_strerror(j.lost));
    }
    return ok;
}

#define USAGE                                                                                      \
    "usage: armature trace convert FILE [-o OUT] [pc=A-B,from=T,to=T,events=..]\n"                 \
    "       armature trace timeline FILE... [-o OUT] [from=T,to=T]"

static bool parse_filter(const char *text, bool timeline, struct arguments *a, GError **err)
{
    static const char *const keys[] = {"pc", "from", "to", "events", NULL};
    static const char *const window_keys[] = {"from", "to", NULL};
    a->filter = optlist_parse(timeline ? "trace timeline" : "trace convert", text, NULL, err);
    return a->filter != NULL && optlist_check_keys(a->filter, timeline ? window_keys : keys, err) &&
           trace_parse_filter(a->filter, &a->window, err);
}

/* Of a timeline, which takes several files. */
static bool is_window(const char *arg)
{
    return g_str_has_prefix(arg, "from=") || g_str_has_prefix(arg, "to=");
}

/* Files move to the front of argv. */
static bool parse_arguments(int argc, char **argv, bool timeline, struct arguments *a, GError **err)
{
    struct trace_options any;
    trace_options_init(&any);
    a->window = any.filter;
    a->files = argv;
    for (int i = 0; i < argc; i++) {
        bool is_option = argv[i][0] == '-';
        bool is_file = timeline ? !is_window(argv[i]) : a->n == 0;
        if (strcmp(argv[i], "-o") == 0 && i + 1 < argc) {
            a->out = argv[++i];
        } else if (is_file && !is_option) {
            a->files[a->n++] = argv[i];
        } else if (is_option || a->filter != NULL) {
            return fail(err, ERR_OPTION, USAGE);
        } else if (!parse_filter(argv[i], timeline, a, err)) {
            return false;
        }
    }
    return a->n != 0 || fail(err, ERR_OPTION, USAGE);
}

bool trace_command(int argc, char **argv, GError **err)
{
    bool timeline = argc > 0 && strcmp(argv[0], "timeline") == 0;
    struct arguments a = {0};
    if (argc < 1 || (!timeline && strcmp(argv[0], "convert") != 0)) {
        return fail(err, ERR_OPTION, USAGE);
    }
    bool ok =
        parse_arguments(argc - 1, argv + 1, timeline, &a, err) && with_output(&a, timeline, err);
    if (a.filter != NULL) {
        optlist_free(a.filter);
    }
    return ok;
}
