/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate: every input from outside goes through it, and comes to devices between two rounds of
 * PEs only, with the virtual time on it. Recording writes it down; replaying takes it from the
 * journal in place of the host, and compares the states that were written down, too.
 *
 * The host's backend and the device each see the struct that they know: a proxy is between them.
 */
#ifndef CORE_REPLAY_H
#define CORE_REPLAY_H

#include "core/backend.h"
#include "core/journal.h"

struct replay;

enum replay_mode { REPLAY_OFF, REPLAY_RECORD, REPLAY_PLAY };

/* Journals belong to the caller. */
struct replay *replay_new(void);
void replay_record(struct replay *r, struct journal_writer *w);
/* From the record after JOURNAL_CONFIG on. With a writer the run may be another one: input comes
 * when it came, without regard to what was executed, and all is written down anew. */
void replay_play(struct replay *r, struct journal_reader *j, struct journal_writer *again);
void replay_free(struct replay *r);
/* Is there a journal, written or read? */
bool replay_has_journal(const struct replay *r);

/* What a device gets in place of the backend; numbered in the order of these calls. NULL: NULL. */
struct chardev *replay_chardev(struct replay *r, struct chardev *backend);
struct netdev *replay_netdev(struct replay *r, struct netdev *backend);
/* The machine that requests are for. */
void replay_set_machine(struct replay *r, const struct machine_port *machine);
/* What everybody outside gets in place of the machine's port. Leaving is no input: it goes through
 * at once. */
struct machine_port replay_port(struct replay *r);

/* ---- for the run loop ---- */
/* Is there something to deliver at this point? */
bool replay_due(struct replay *r, tick_t now, uint64_t insns);
void replay_deliver(struct replay *r, tick_t now, uint64_t insns);
/* Playing: when the next input comes, after `now`; TICK_NEVER: not from here. */
tick_t replay_next(struct replay *r, tick_t now);
/* Playing, and nothing else will ever happen: the journal is over. */
void replay_run_dry(struct replay *r);
/* Playing: nothing but the end is left of the journal. */
bool replay_end_is_next(const struct replay *r);
/* Somebody outside waits for the guest to come to an end of its turn. */
bool replay_has_request(const struct replay *r);

/* ---- what the guest asks the host for, and is answered at once ---- */
bool replay_is_playing(const struct replay *r);
/* Recording: `len` bytes of data came with the result. */
void replay_note_answer(struct replay *r, uint8_t what, int64_t result, const void *data,
                        size_t len);
/* Playing: the same again, at most `room` bytes. False: there is none here. */
bool replay_answer(struct replay *r, uint8_t what, int64_t *result, void *data, size_t room);

/* ---- the past ---- */
/*
 * Keep what is delivered in a log, too, so that a part of the run can be repeated: while the gate
 * is in the past, input comes from the log, nothing is taken from outside, and what the guest says
 * is not heard again.
 */
void replay_keep(struct replay *r, bool keep);
/* At this point; on_mark is told when the past comes to it. */
void replay_mark(struct replay *r, tick_t now, uint64_t insns);
void replay_on_mark(struct replay *r, void (*fn)(void *opaque, uint64_t n), void *opaque);
/* The number of the next record: of what is live, or of the past. */
uint64_t replay_position(const struct replay *r);
/* To the past, from record n on. */
void replay_go_back(struct replay *r, uint64_t n);
/* To the present; cut: it is here, and what came later did not happen. */
void replay_return(struct replay *r, bool cut);
void replay_forget(struct replay *r, uint64_t n);
uint64_t replay_log_bytes(const struct replay *r);
bool replay_in_past(const struct replay *r);

/* ---- states ---- */
struct replay_state {
    tick_t when;
    uint64_t insns;
    const uint64_t *hashes; /* of sections */
    size_t n;
};
/* Write it down. */
void replay_put_state(struct replay *r, const struct replay_state *s);
/* Playing: the one that the journal has next; valid until the next call. False: it has another
 * record there, or none. */
bool replay_take_state(struct replay *r, struct replay_state *out);

struct replay_end {
    enum journal_end how;
    int status;
    struct replay_state state; /* how == JOURNAL_END_GUEST */
};
/* Did somebody outside make it leave? The journal? */
bool replay_left(const struct replay *r);
bool replay_is_over(const struct replay *r);
/* Nothing is written any more, and what is asked has no answer. */
void replay_stop(struct replay *r);
void replay_put_end(struct replay *r, const struct replay_end *e);
enum replay_rest {
    REPLAY_REST_END,   /* the end, in *out */
    REPLAY_REST_CUT,   /* nothing more: the journal is not whole */
    REPLAY_REST_MORE,  /* not at the end */
    REPLAY_REST_WRONG, /* *err */
};
enum replay_rest replay_take_end(struct replay *r, struct replay_end *out, GError **err);

#endif
