/* SPDX-License-Identifier: Apache-2.0 */
#include "app/replay_report.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const replay_verdict_names[REPLAY_VERDICTS] = {
    [REPLAY_SAME] = "same",       [REPLAY_CHANGED] = "changed", [REPLAY_DIFFERS] = "differs",
    [REPLAY_CUT] = "cut",         [REPLAY_ABSENT] = "absent",   [REPLAY_OTHER_FILE] = "other-file",
    [REPLAY_STOPPED] = "stopped", [REPLAY_FAILED] = "failed",
};

bool replay_report_write(const char *path, const struct replay_report *r)
{
    FILE *f = fopen(path, "we");
    if (f == NULL) {
        return false;
    }
    fprintf(f, "%s\n%" PRIu64 " %u %u\n%s\n", replay_verdict_names[r->verdict], r->us, r->states,
            r->changed, r->text);
    return fclose(f) == 0;
}

static bool parse(char **lines, struct replay_report *r)
{
    if (g_strv_length(lines) != 3 ||
        sscanf(lines[1], "%" SCNu64 " %u %u", &r->us, &r->states, &r->changed) != 3) {
        return false;
    }
    for (unsigned v = 0; v < REPLAY_VERDICTS; v++) {
        if (strcmp(lines[0], replay_verdict_names[v]) == 0) {
            r->verdict = (enum replay_verdict)v;
            r->text = g_strdup(g_strchomp(lines[2]));
            return true;
        }
    }
    return false;
}

bool replay_report_read(const char *path, struct replay_report *r)
{
    g_autofree char *text = NULL;
    if (g_file_get_contents(path, &text, NULL, NULL)) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", 3);
        if (parse(lines, r)) {
            return true;
        }
    }
    *r = (struct replay_report){.verdict = REPLAY_FAILED, .text = g_strdup("")};
    return false;
}
