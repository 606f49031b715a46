/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's files for a guest, through the gate: a recording writes down how the host answered; a
 * replay answers the same without touching a file. What the guest prints on its console is shown
 * in both.
 */
#ifndef APP_SEMIHOST_GATE_H
#define APP_SEMIHOST_GATE_H

#include "core/replay.h"
#include "machine/semihosting.h"

struct semihost_gate;

/* The gate and what is behind `files` outlive it. */
struct semihost_gate *semihost_gate_new(struct replay *gate, const struct semihost_host *files);
void semihost_gate_free(struct semihost_gate *g);
struct semihost_host semihost_gate_host(struct semihost_gate *g);

#endif
