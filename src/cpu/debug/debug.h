/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Breakpoints, watchpoints and steps, as the engine sees them: those of an external debugger
 * (cpu_debug.h) and those of the guest (Arm ARM D2), which know nothing of each other.
 *
 * Breakpoints cost nothing where there are none: the page offsets of those in force are a set with
 * a number (break_set.h), which is part of the decode mode; blocks of such a mode have an operation
 * in front of instructions at these offsets that asks debug_break. Pages with a watchpoint never
 * enter the fast TLB, so that every access to them comes to the slow path, which asks debug_watch.
 */
#ifndef CPU_DEBUG_DEBUG_H
#define CPU_DEBUG_DEBUG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "cpu/cpu_debug.h"

struct break_set;

/* How an external debugger controls a PE. */
struct external_debug {
    GArray *breaks;  /* uint64_t */
    GArray *watches; /* struct external_watch */
    struct cpu_stop stop;
    bool passing;        /* stopped at stop.pc, with ... */
    uint64_t stop_insns; /* ... this instruction count: nothing was executed since */
    bool step_irqs;      /* an interrupt is a step */
};

struct cpu_debug {
    bool breaks;      /* there are breakpoints of either kind */
    bool watches;     /* and watchpoints */
    bool hold_irqs;   /* interrupts wait */
    bool stepping;    /* an instruction is stepped, and has not taken an exception */
    uint64_t held_at; /* instruction count where an interrupt waited for a step */
    uint64_t stop_at; /* instruction count where cpu_run ends: the earlier one of ... */
    uint64_t step_at; /* ... the end of a step ... */
    uint64_t goal_at; /* ... and cpu_stop_at; UINT64_MAX: nowhere */
    struct external_debug ext;
};

void debug_init(struct cpu *c);
void debug_finalize(struct cpu *c);

/* ---- for the engine ---- */

/* The break set's part of the decode mode (MODE_BREAK_SHIFT). */
uint32_t debug_decode_mode(struct cpu *c);
/* A breakpoint at c->pc, after cpu_sync: true: the PE stopped or took an exception. */
bool debug_break(struct cpu *c);
/* Watchpoints of an access, after cpu_sync and translation. True as above. */
struct watched_access {
    uint64_t va, size;
    bool read, write;
    bool unpriv; /* LDTR and friends: an access of EL0 */
    bool cmo;    /* DC IVAC */
    bool vncr;   /* a system register in the VNCR_EL2 page: an access of EL2 */
};
bool debug_watch(struct cpu *c, const struct watched_access *a);
/* May a page be accessed without asking? */
bool debug_page_is_watched(const struct cpu *c, uint64_t va);
/* The end of a cpu_run, accounts made up: true when a step is complete. */
bool debug_step_complete(struct cpu *c);

/* A walk that notes what it reads, without side effects. */
struct xlat_cfg;
bool inspect_walk(struct cpu *c, const struct xlat_cfg *cfg, bool el0, uint64_t addr,
                  struct cpu_walk *out);

/* ---- external debuggers ---- */
void external_init(struct cpu *c);
void external_finalize(struct cpu *c);
void external_add_offsets(const struct cpu *c, struct break_set *s);
bool external_break(struct cpu *c);
bool external_watch(struct cpu *c, const struct watched_access *a);
bool external_watches_page(const struct cpu *c, uint64_t page);
/* An interrupt was taken: was that the step? */
bool external_step_by_interrupt(struct cpu *c);

/* Those of the external debugger changed. */
void debug_breaks_changed(struct cpu *c);
void debug_watches_changed(struct cpu *c);
/* The guest's registers did. */
void debug_registers_changed(struct cpu *c);

#endif
