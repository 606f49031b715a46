/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `armature replay-suite`: replays every journal of some folders, several at once, and says which
 * runs are not what they were. Each replay is a process of its own.
 */
#ifndef APP_REPLAY_SUITE_H
#define APP_REPLAY_SUITE_H

#include "base/result.h"

/* Arguments without "armature replay-suite". The exit status; *err: nothing was run. */
int replay_suite_command(int argc, char **argv, GError **err);

#endif
