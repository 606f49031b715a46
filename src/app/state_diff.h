/* SPDX-License-Identifier: Apache-2.0 */
/* What differs between two states of a machine, in words. */
#ifndef APP_STATE_DIFF_H
#define APP_STATE_DIFF_H

#include <glib.h>

#include "core/replay.h"
#include "machine/machine.h"

/* A state, and the names of its hashes (char *). */
struct named_state {
    const GPtrArray *names;
    const struct replay_state *state;
};

char *state_diff_time(tick_t t);
/* NULL: nothing. m: where the state `is` is from. */
char *state_diff(const struct named_state *was, const struct named_state *is, struct machine *m);

#endif
