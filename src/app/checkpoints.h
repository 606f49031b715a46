/* SPDX-License-Identifier: Apache-2.0 */
/* What the options want at certain virtual times: snapshots and hashes of the state. */
#ifndef APP_CHECKPOINTS_H
#define APP_CHECKPOINTS_H

#include "app/options.h"
#include "machine/machine.h"

struct checkpoints;

/* Loads --snapshot-load first. NULL and *err: it cannot be loaded. */
struct checkpoints *checkpoints_new(const struct options *o, struct machine *m, GError **err);
/* After the machine has run. False: a snapshot that was due is not there. */
bool checkpoints_free(struct checkpoints *c, GError **err);

#endif
