/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A monitor for programs: the QEMU Machine Protocol, JSON in and out behind a character device. The
 * commands that scripts use; QEMU's manual, "QEMU Machine Protocol Specification".
 */
#ifndef DEBUG_QMP_H
#define DEBUG_QMP_H

#include <stdint.h>

#include "core/backend.h"
#include "machine/machine.h"

struct qmp;

struct qmp_cfg {
    struct machine *machine;
    struct chardev *chr; /* taken over; outlives the server */
    bool pretty;
    int64_t (*now_us)(void); /* host time of events, since 1970 */
};

struct qmp *qmp_new(const struct qmp_cfg *cfg);
/* Before the machine is freed. */
void qmp_free(struct qmp *q);

#endif
