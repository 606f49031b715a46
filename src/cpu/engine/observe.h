/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder of a PE: observed blocks, and what the engine tells it.
 *
 * Blocks of MODE_OBSERVED begin with an operation that records their number; after each instruction
 * come operations that record the registers it wrote (isa/effects.h), as the difference to what the
 * same instruction wrote the last time. The rest follows from that, but for what happens when a
 * block is left early: the functions below.
 */
#ifndef CPU_ENGINE_OBSERVE_H
#define CPU_ENGINE_OBSERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/trace.h"
#include "core/trace_code.h"
#include "cpu/isa/op.h"

struct cpu;
struct emit;
struct block;
struct observer;

/* Numbers that blocks and their values get next; they are shared by all PEs. */
struct observe_ids {
    uint32_t block, slot;
};
#define OBSERVE_SCRATCH TRACE_SCRATCH_ID /* number of a block that is not kept */
void observe_reset_ids(struct observe_ids *ids);
/* Room for one more block? */
bool observe_ids_left(const struct observe_ids *ids);

/* In front of a block, and after an instruction whose operations are complete. */
void observe_emit_enter(struct emit *e, struct block *b, struct observe_ids *ids);
void observe_emit_insn(struct emit *e, struct observe_ids *ids);

/* Is code of the current EL and VM to be recorded? */
bool observe_wanted(const struct cpu *c);

/* A turn of the PE begins. */
void observe_turn(struct cpu *c);
/* Around every block that the run loop enters. */
void observe_before(struct cpu *c);
void observe_after(struct cpu *c);
/* The instruction of the running block that cpu_sync saw last is complete, but its values are not
 * recorded: the block is left. */
void observe_late(struct cpu *c);
/* All blocks go. */
void observe_flush(struct cpu *c);
/* Registers are about to change, or changed, other than by instructions. */
void observe_forget(struct cpu *c);
/* Memory that one instruction moved: up to a page of it. src: va + 1, or 0 */
void observe_copy(struct cpu *c, uint64_t dst, uint64_t src, const uint8_t *data, uint64_t n);

/* c->pc, PSTATE and SP are those afterwards. */
void observe_exception(struct cpu *c, enum trace_exception type, unsigned from, uint64_t esr,
                       uint64_t elr);
void observe_return(struct cpu *c, unsigned from);
/* EL, VM or process changed. */
void observe_context(struct cpu *c);

#endif
