/* SPDX-License-Identifier: Apache-2.0 */
/* Debuggers and monitors of a machine, as the options ask for them. */
#ifndef APP_CONTROL_H
#define APP_CONTROL_H

#include "app/options.h"
#include "app/wiring.h"
#include "machine/machine.h"

struct control;

/* NULL and *err: a character device could not be opened. */
struct control *control_new(const struct options *o, struct wiring *w, struct machine *m,
                            GError **err);
/* Before the machine and the wiring go. */
void control_free(struct control *c);

#endif
