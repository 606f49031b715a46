/* SPDX-License-Identifier: Apache-2.0 */
/* --record and --replay: the journal around a run; core/replay.h is the gate inside of it. */
#ifndef APP_RECORD_H
#define APP_RECORD_H

#include "app/options.h"
#include "core/replay.h"
#include "machine/machine.h"

struct record;

/* With --replay: the options of the recorded command, and behind them those of this one. Takes o.
 */
struct options *record_options(struct options *o, int argc, char **argv, GError **err);

/* NULL without *err: neither option was given. */
struct record *record_new(const struct options *o, int argc, char **argv, GError **err);
struct replay *record_gate(struct record *r); /* NULL for NULL */
/* The machine is about to run; rtc_seconds: what its clock started with. */
bool record_start(struct record *r, struct machine *m, GError **err) NODISCARD;
/* It has run. False: the journal is not complete, or the replay was not the same. */
bool record_finish(struct record *r, int status, GError **err) NODISCARD;
void record_free(struct record *r);

#endif
