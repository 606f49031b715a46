/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translation contexts: which entries of the fast TLB and the jump cache are valid now.
 *
 * A context is a translation configuration (struct xlat_cfg) with the privilege of the access. Each
 * has a number, 1 to 4095, which the fast TLB keeps in the low bits of its tags: changing process,
 * VM or EL changes one number and flushes nothing. TLB maintenance retires numbers, and removes
 * single pages where it is told to.
 *
 * Privileged accesses of all processes share a context as long as they use global translations of
 * the upper half only, so that a kernel keeps its entries when it changes the process. The first
 * other translation ends that: from then on there is one context for every ASID and TTBR0.
 *
 * c->ctx, c->ctx_unpriv and c->jctx are the numbers in force; they are brought up to date by
 * context_update, which the run loop calls when c->ctx_stale is set.
 */
#ifndef CPU_ENGINE_CONTEXT_H
#define CPU_ENGINE_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "mmu/regime.h"

struct cpu;

struct context {
    struct xlat_cfg cfg;
    bool el0;        /* an unprivileged access */
    bool pan;        /* PSTATE.PAN applies */
    bool align;      /* SCTLR_ELx.A: nothing is kept, every access is checked */
    bool shared;     /* by all ASIDs: cfg has those of the last one */
    bool split;      /* sharing has ended */
    bool has_global; /* there may be entries that are not of its ASID only */
    uint16_t number; /* 0: retired, gets another one when it is used */
    uint16_t next;   /* in the hash chain: index + 1 */
};

struct context_table *context_table_new(void);
void context_table_free(struct context_table *t);

/* PSTATE.EL, .SP, .PAN or .UAO changed. from: the EL before. */
void context_el_changed(struct cpu *c, unsigned from);
/* Bring the numbers up to date. */
void context_update(struct cpu *c);
/* The context of data accesses now; unpriv: of LDTR and STTR. */
const struct context *context_data(struct cpu *c, bool unpriv);
/* The same for a walk of va: one that has both tables. */
const struct context *context_for_walk(struct cpu *c, bool unpriv, uint64_t va);

/* enum decode_mode of the current state; without what depends on the page (MODE_GUARDED). */
uint32_t context_decode_mode(const struct cpu *c);

/* For debuggers: those that are known, from 0 on; NULL: no more. The last ones are of VMs that were
 * seen before the last flush. */
const struct context *context_at(const struct cpu *c, unsigned i);

/* Everything goes: all numbers, the fast TLB and the jump cache. */
void context_flush(struct cpu *c);
/* Retire the numbers of the contexts that match. */
void context_retire_if(struct cpu *c, bool (*match)(const struct context *x, const void *arg),
                       const void *arg);
/*
 * May this translation be kept under the number of the context? If not, the context is no longer
 * shared, and the next access looks again.
 */
bool context_may_keep(struct cpu *c, bool unpriv, uint64_t va, bool global);
/* CPU_TLB_TINY: a page is about to be kept, the oldest one goes. */
void context_keep_few(struct cpu *c, uint64_t va);
/* Accesses to these addresses come to the slow path again, in all contexts. */
void context_drop_pages(struct cpu *c, uint64_t va, uint64_t len);
/* A translation of more than one page entered the fast TLB. */
void context_note_large(struct cpu *c, uint64_t va, unsigned size_log2);
/* An instruction was fetched from this page. */
void context_note_fetch(struct cpu *c, uint64_t va);

#endif
