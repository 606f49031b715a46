/* SPDX-License-Identifier: Apache-2.0 */
/* The options of a recorded command, without what reaches out of it. */
#ifndef APP_REPLAY_OPTIONS_H
#define APP_REPLAY_OPTIONS_H

#include "app/options.h"
#include "core/journal_head.h"

/* What cannot be recorded: an error that names it. */
bool replay_options_check(const struct options *o, GError **err) NODISCARD;

/*
 * The machine of a journal, and behind it the options of this command: debuggers, monitors, traces,
 * logs. Sockets, files and networks of the recorded command are not opened: what came through them
 * is in the journal, and disks keep nothing.
 */
struct options *replay_options(const struct journal_head *h, int argc, char **argv, GError **err);
/* Words of a command line, without --record and its argument. */
void replay_options_save(struct journal_head *h, int argc, char **argv);

#endif
