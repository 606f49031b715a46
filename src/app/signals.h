/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals. Those that ask the process to end arrive through the host loop, like any other input,
 * and end the machine with status 128 + n. A crash and a stop by job control only need the terminal
 * back.
 */
#ifndef APP_SIGNALS_H
#define APP_SIGNALS_H

#include "base/result.h"
#include "host/hostloop.h"

struct signals;

/* At start: whatever ends the process gives the terminal back. */
void signals_prepare(void);
/* From here on a signal ends the machine, not the process. */
struct signals *signals_new(struct hostloop *loop, GError **err);
void signals_free(struct signals *s);

#endif
