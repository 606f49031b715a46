/* SPDX-License-Identifier: Apache-2.0 */
/* The stub's state, for its files: gdb.c client and stops, gdb_cmd.c packets, gdb_query.c queries,
 * gdb_run.c vCont, gdb_points.c breakpoints and watchpoints. */
#ifndef DEBUG_GDB_INTERNAL_H
#define DEBUG_GDB_INTERNAL_H

#include <glib.h>

#include "debug/gdb.h"
#include "debug/gdb_packet.h"
#include "debug/monitor.h"

/* Errors as errno numbers, which is what GDB prints nothing about. */
#define GDB_E_INVAL "E16"
#define GDB_E_FAULT "E14"

/* Qqemu.sstep */
enum { SSTEP_ENABLE = 1, SSTEP_NOIRQ = 2, SSTEP_NOTIMER = 4 };

struct gdb_stub {
    struct gdb_cfg cfg;
    struct gdb_link link;
    struct machine_observer observer;
    struct monitor *monitor; /* of qRcmd; its PE and view of memory are ours */
    GArray *points;          /* struct gdb_point: Z packets in force */
    char *xml;               /* target.xml */
    GString *reply;          /* to the packet at hand */
    unsigned pe;             /* Hg: of registers and memory */
    unsigned last;           /* the PE of the last stop */
    unsigned listed;         /* qsThreadInfo: how many were told */
    uint8_t sstep;
    bool attached;
    bool waiting;  /* the client waits for a stop reply */
    bool no_reply; /* to the packet at hand: a stop will answer */
    bool interrupted;
    bool leaving; /* D: after the answer */
};

struct machine *gdb_machine(const struct gdb_stub *g);
struct cpu *gdb_cpu(const struct gdb_stub *g);

/* gdb.c */
void gdb_leave(struct gdb_stub *g, bool resume); /* the client is gone or goes */
void gdb_put_stop(struct gdb_stub *g);           /* a stop reply into g->reply */

/* gdb_cmd.c: the payload in g->link.in, the answer into g->reply. */
void gdb_command(struct gdb_stub *g);
/* "2", "p1.2", "-1", "0": a PE; -1: all of them. */
bool gdb_take_thread(const struct gdb_stub *g, const char **p, int *out_pe);

/* gdb_query.c. False: unknown. */
bool gdb_query(struct gdb_stub *g, const char *p);

/* gdb_run.c */
void gdb_cont_query(struct gdb_stub *g);
void gdb_cont(struct gdb_stub *g, const char *p);
/* c, C, s, S: the PE at hand is stepped, or all run. */
void gdb_go(struct gdb_stub *g, bool step);

/* bs, bc */
void gdb_back(struct gdb_stub *g, bool step);

/* gdb_points.c: "0,addr,kind". */
GArray *gdb_points_new(void);
void gdb_point_insert(struct gdb_stub *g, const char *s);
void gdb_point_remove(struct gdb_stub *g, const char *s);
void gdb_points_clear(struct gdb_stub *g);
/* The word of a stop reply for a watchpoint that covers va. */
const char *gdb_watch_word(const struct gdb_stub *g, uint64_t va, bool write);

#endif
