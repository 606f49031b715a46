/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --record and --replay: the journal around a run; core/replay.h is the gate inside of it. Both
 * together: the recorded input once more, with the states of this build.
 */
#ifndef APP_RECORD_H
#define APP_RECORD_H

#include "app/options.h"
#include "core/replay.h"
#include "machine/machine.h"

struct record;

/* Without either option: true, *out is NULL. With --replay *o becomes the options of the recorded
 * command, and behind them those of this one. */
bool record_new(struct options **o, int argc, char **argv, struct record **out,
                GError **err) NODISCARD;
struct replay *record_gate(struct record *r); /* NULL for NULL */
/* The machine is about to run. */
bool record_start(struct record *r, struct machine *m, GError **err) NODISCARD;
/* It has run. False: the journal is not complete, or the replay was not the same. */
bool record_finish(struct record *r, int status, GError **err) NODISCARD;
/* Also tells --replay-report. */
void record_free(struct record *r);

#endif
