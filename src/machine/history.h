/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The past of a machine, to go back to: key frames, and what came from outside between them. Going
 * back is loading a frame and running again: docs/adr/0015. For the run loop; debuggers have
 * machine_history_* of machine.h.
 *
 * While the machine is in the past, it runs as it did, until it comes to the present.
 */
#ifndef MACHINE_HISTORY_H
#define MACHINE_HISTORY_H

#include <stdbool.h>

struct machine;

/* Does it run what it has run before? */
bool history_in_past(const struct machine *m);
/* The PE m->stopped_pe has stopped. True: it is to run on. */
bool history_passes(struct machine *m);
/* Before the machine goes on: what was done to it belongs to its history. */
void history_attend(struct machine *m);
/* It runs on by itself, from where it is. */
void history_resume(struct machine *m);
/* The state was changed from outside. */
void history_changed(struct machine *m);
/* It ends: in the present. */
void history_leave(struct machine *m);
void history_free(struct machine *m);

#endif
