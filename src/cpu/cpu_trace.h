/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recording what a PE does, as the stream of docs/trace.md. A PE that is not recorded runs the same
 * blocks as ever: recorded code has blocks of its own.
 */
#ifndef CPU_CPU_TRACE_H
#define CPU_CPU_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "core/trace.h"

struct cpu;

struct cpu_trace_config {
    uint32_t groups; /* bit n: enum trace_group n. TRACE_INSN brings registers and memory */
    uint8_t els;     /* bit n: instructions at ELn */
    int32_t vmid;    /* instructions at EL1 and EL0 of this VM only; -1: all */
    tick_t from, to; /* window of time: at least what is in it is recorded */
    /* Registers are written out for comparison after so many instructions; 0: never. */
    uint64_t check_every;
    /* Gets the stream in pieces; a piece never ends inside an item. */
    void (*write)(void *opaque, const uint8_t *data, size_t len);
    void *opaque;
};

/* Between two calls of cpu_run. */
void cpu_trace_start(struct cpu *c, const struct cpu_trace_config *cfg);
/* Writes the rest; nothing if it was not started. */
void cpu_trace_stop(struct cpu *c);
uint32_t cpu_ticks_per_insn(const struct cpu *c);
/* Where others record what concerns this PE; NULL: not recorded. */
const struct trace_port *cpu_trace_port(struct cpu *c);

#endif
