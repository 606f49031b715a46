/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stub of GDB's remote serial protocol: one client behind a character device. Threads are PEs,
 * numbered from 1; all stop together. docs/debug.md has the list of packets.
 */
#ifndef DEBUG_GDB_H
#define DEBUG_GDB_H

#include "core/backend.h"
#include "machine/machine.h"

struct gdb_stub;

struct gdb_cfg {
    struct machine *machine;
    struct chardev *chr;   /* taken over; outlives the stub */
    bool resume_when_lost; /* a client that vanishes: the machine runs on; else it stops */
};

struct gdb_stub *gdb_new(const struct gdb_cfg *cfg);
/* Before the machine is freed. */
void gdb_free(struct gdb_stub *g);

#endif
