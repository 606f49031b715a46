/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address translation for the PE: walks in the current context, and the aborts they lead to.
 * c->pc is at the instruction (cpu_sync).
 */
#ifndef CPU_ENGINE_TRANSLATE_H
#define CPU_ENGINE_TRANSLATE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/bus.h"
#include "mmu/walk.h"

struct cpu;

/* Memory as a walk reaches it. */
struct walk_port translate_walk_port(struct cpu *c);

/* What a data access is, for its abort. flags: enum mem_flags (engine/mem.h). */
struct data_access {
    uint64_t va;
    uint8_t acc;       /* enum xlat_access */
    uint8_t size;      /* bytes in this page */
    uint8_t insn_size; /* bytes of the whole access: ISS.SAS */
    uint32_t flags;
    bool unaligned; /* not aligned to its size, which Device memory does not allow */
    bool cmo;       /* cache maintenance: ISS.CM */
};

/* ISS2.Overlay and ISS2.DirtyBit of an abort. */
static inline uint64_t abort_iss2(const struct xlat_fault *f)
{
    return (f->overlay ? BIT(38) : 0) | (f->dirty ? BIT(37) : 0);
}

/* False: a Data Abort was taken. */
bool translate_data(struct cpu *c, const struct data_access *a, struct xlat_result *out);
/* False: an Instruction Abort was taken. */
bool translate_fetch(struct cpu *c, uint64_t va, struct xlat_result *out);

/* Take the Data Abort of a failed translation. */
void abort_data(struct cpu *c, const struct data_access *a, const struct xlat_fault *f);
/* Alignment fault by size or SCTLR_ELx.A. */
void abort_alignment(struct cpu *c, const struct data_access *a);
/* Synchronous External abort from the bus. */
void abort_external(struct cpu *c, const struct data_access *a);
void abort_external_fetch(struct cpu *c, uint64_t va);
/* An exclusive or atomic on memory that cannot do it: Unsupported Exclusive or Atomic access. */
void abort_unsupported(struct cpu *c, const struct data_access *a);

#endif
