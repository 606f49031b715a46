/* SPDX-License-Identifier: Apache-2.0 */
#include "app/trace_command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "debug/trace_file.h"

struct job {
    const struct optlist *filter; /* NULL: as recorded */
    const char *out_path;
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

static bool with_output(struct job *j, const char *path, GError **err)
{
    j->out = j->out_path != NULL ? fopen(j->out_path, "wbe") : stdout;
    if (j->out == NULL) {
        return fail(err, ERR_FILE, "cannot write '%s': %s", j->out_path, g_strerror(errno));
    }
    bool ok = convert_file(j, path, err);
    int failed = j->out_path != NULL ? fclose(j->out) : fflush(j->out);
    if (failed != 0 && j->lost == 0) {
        j->lost = errno;
    }
    if (j->lost != 0) {
        g_clear_error(err);
        return fail(err, ERR_FILE, "the output was lost: %s", g_strerror(j->lost));
    }
    return ok;
}

#define USAGE                                                                                      \
    "usage: armature trace convert FILE [-o OUT] [pc=A-B,from=T,to=T,events=..]\n"                 \
    "       armature trace timeline FILE... -o OUT"

bool trace_command(int argc, char **argv, GError **err)
{
    static const char *const keys[] = {"pc", "from", "to", "events", NULL};
    struct job j = {0};
    const char *path = NULL;
    struct optlist *filter = NULL;
    if (argc < 2 || strcmp(argv[0], "convert") != 0) {
        return fail(err, ERR_OPTION, USAGE);
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-o") == 0 && i + 1 < argc) {
            j.out_path = argv[++i];
        } else if (path == NULL) {
            path = argv[i];
        } else {
            filter = optlist_parse("trace convert", argv[i], NULL, err);
            if (filter == NULL || !optlist_check_keys(filter, keys, err)) {
                return false;
            }
        }
    }
    j.filter = filter;
    bool ok = with_output(&j, path, err);
    optlist_free(filter);
    return ok;
}
