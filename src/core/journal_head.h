/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a journal begins with: the command, and what it depends on. Files are named with a hash of
 * their content; small ones are in the journal itself, so that it can be carried elsewhere.
 *
 *     JOURNAL_CONFIG   entries `key=value` that end with NUL:
 *                      arg=WORD, in order      rtc=SECONDS      every=TICKS     note=TEXT
 *                      section=NAME, as hashed file=HASH SIZE RECORDS NAME
 *     JOURNAL_FILE     source: which of the files; data: a piece of its content, by zstd
 */
#ifndef CORE_JOURNAL_HEAD_H
#define CORE_JOURNAL_HEAD_H

#include "core/journal.h"

struct journal_file {
    char *name; /* as the command gave it */
    uint64_t hash, size;
    GBytes *data; /* NULL: not in the journal */
};

struct journal_head {
    GPtrArray *args;     /* char *: without the program's name */
    GPtrArray *sections; /* char *: of each hash of a state */
    GArray *files;       /* struct journal_file */
    char *note;          /* for who has to find the files; may be NULL */
    int64_t rtc_seconds;
    tick_t every; /* between two states */
};

struct journal_head *journal_head_new(void);
void journal_head_free(struct journal_head *h);

/* Before anything else goes into the journal. False: an embedded file is too large. */
bool journal_head_write(const struct journal_head *h, struct journal_writer *w, GError **err);
/* The first records of a journal; what comes next is the run. */
struct journal_head *journal_head_read(struct journal_reader *r, GError **err);

#endif
