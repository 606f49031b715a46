/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --replay-report: how a replay went, for scripts and for replay-suite. A word, then virtual
 * microseconds, states and how many of them differ, then a message.
 */
#ifndef APP_REPLAY_REPORT_H
#define APP_REPLAY_REPORT_H

#include <stdbool.h>
#include <stdint.h>

enum replay_verdict {
    REPLAY_SAME,
    REPLAY_CHANGED,    /* other states, written into a new journal */
    REPLAY_DIFFERS,    /* another run */
    REPLAY_CUT,        /* the same up to where the journal is cut off */
    REPLAY_ABSENT,     /* an image is not here */
    REPLAY_OTHER_FILE, /* an image has another content */
    REPLAY_STOPPED,    /* somebody ended it */
    REPLAY_FAILED,     /* it did not run, or not to its end */
    REPLAY_VERDICTS
};

struct replay_report {
    enum replay_verdict verdict;
    uint64_t us;
    unsigned states, changed;
    char *text; /* "": nothing to say */
};

extern const char *const replay_verdict_names[REPLAY_VERDICTS];

bool replay_report_write(const char *path, const struct replay_report *r);
/* False: there is none that is whole, and *r is one of a replay that failed. Its text is owned. */
bool replay_report_read(const char *path, struct replay_report *r);

#endif
