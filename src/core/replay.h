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

/* The journal belongs to the caller. */
struct replay *replay_new(void);
void replay_record(struct replay *r, struct journal_writer *w);
/* From the record after JOURNAL_CONFIG on. */
void replay_play(struct replay *r, struct journal_reader *j);
void replay_free(struct replay *r);
/* Is there a journal, written or read? */
bool replay_has_journal(const struct replay *r);

/* What a device gets in place of the backend; numbered in the order of these calls. NULL: NULL. */
struct chardev *replay_chardev(struct replay *r, struct chardev *backend);
struct netdev *replay_netdev(struct replay *r, struct netdev *backend);
/* What the host gets in place of the machine's port. */
struct machine_port replay_port(struct replay *r, const struct machine_port *machine);

/* ---- for the run loop ---- */
/* Is there something to deliver at this point? */
bool replay_due(struct replay *r, tick_t now, uint64_t insns);
void replay_deliver(struct replay *r, tick_t now, uint64_t insns);
/* Playing: when the next input comes; TICK_NEVER: not from here. */
tick_t replay_next(struct replay *r);

/* ---- states ---- */
enum replay_verdict { REPLAY_SAME, REPLAY_DIFFERS, REPLAY_NO_STATE };
/* Record, or compare with the state that was recorded now; *out_first: the first section that
 * differs. */
enum replay_verdict replay_state(struct replay *r, tick_t now, uint64_t insns,
                                 const uint64_t *hashes, size_t n, size_t *out_first);
/* Playing: the journal is at its end, or damaged (*err). */
bool replay_at_end(struct replay *r, GError **err);

#endif
