/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A monitor for people: a prompt behind a character device, with a line to edit, a history and
 * completion by Tab. The commands are debug/monitor.h's.
 */
#ifndef DEBUG_HMP_H
#define DEBUG_HMP_H

#include "core/backend.h"
#include "machine/machine.h"

struct hmp;

struct hmp_cfg {
    struct machine *machine;
    struct chardev *chr; /* taken over; outlives the monitor */
    bool silent;         /* until hmp_focus */
};

struct hmp *hmp_new(const struct hmp_cfg *cfg);
/* Input goes here now, or no longer: Ctrl-A c. */
void hmp_focus(void *hmp, bool focus);
/* Before the machine is freed. */
void hmp_free(struct hmp *h);

#endif
