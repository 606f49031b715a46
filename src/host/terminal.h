/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal on standard input, in raw mode while a guest uses it. */
#ifndef HOST_TERMINAL_H
#define HOST_TERMINAL_H

#include <stdbool.h>

/* Standard input and output serve one user at a time. False: taken. */
bool host_term_claim(void);
void host_term_release(void);
/*
 * Raw mode: every key goes to us, nothing is echoed; keep_signals: Ctrl-C, Ctrl-Z and Ctrl-\ still
 * make signals. Does nothing if standard input is not a terminal, or is another job's. The old
 * settings come back at exit(), and by host_term_restore.
 */
void host_term_raw(bool keep_signals);
/* Old settings back. Safe in signal handlers, and at any time. */
void host_term_restore(void);
/* Raw mode again, after SIGCONT. Safe in signal handlers. */
void host_term_reapply(void);

#endif
