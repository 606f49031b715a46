/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of records, each with a checksum that covers all before it: what came into a machine from
 * outside, and what its state was. Records reach the file when they are made, so that a crash loses
 * none; one that is cut off at the end is as if it were not there. A journal is untrusted input.
 */
#ifndef CORE_JOURNAL_H
#define CORE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/result.h"

enum journal_kind {
    JOURNAL_CONFIG = 1,  /* first: the command and what it depends on; the app's */
    JOURNAL_INPUT = 2,   /* data: bytes for stream `source` */
    JOURNAL_BREAK = 3,   /* a break condition on it */
    JOURNAL_FRAME = 4,   /* data: taken (1) or refused (0), then a frame for network `source` */
    JOURNAL_REQUEST = 5, /* source: enum machine_request; data: the code, 32 bits */
    JOURNAL_STATE = 6,   /* data: a hash a section, 64 bits each */
    JOURNAL_END = 7,  /* source: enum journal_end; data: the exit status, 32 bits, the last state */
    JOURNAL_FILE = 8, /* after the configuration: a piece of a file (journal_head.h) */
    JOURNAL_ANSWER =
        9, /* source: what the guest asked the host for; data: result, 64 bits, bytes */
};

enum journal_end {
    JOURNAL_END_GUEST,   /* by itself */
    JOURNAL_END_OUTSIDE, /* somebody stopped it: no state, it may be in the middle of a turn */
};

#define JOURNAL_DATA_MAX (1U << 20)

struct journal_rec {
    uint8_t kind, source;
    tick_t when;    /* virtual time of delivery */
    uint64_t insns; /* executed by all PEs until then */
    const uint8_t *data;
    uint32_t len;
};

struct journal_writer;
struct journal_writer *journal_create(const char *path, GError **err);
void journal_put(struct journal_writer *w, const struct journal_rec *r);
/* False: something could not be written, then or before. */
bool journal_close(struct journal_writer *w, GError **err) NODISCARD;

struct journal_reader;
struct journal_reader *journal_open(const char *path, GError **err);
struct journal_reader *journal_open_bytes(GBytes *bytes, GError **err);
/* The next record; its data stay valid until journal_free. False: there is none, and *err is set if
 * that is because of damage. */
bool journal_next(struct journal_reader *r, struct journal_rec *out, GError **err);
void journal_free(struct journal_reader *r);

#endif
