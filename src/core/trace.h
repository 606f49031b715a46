/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trace records: what happens besides instructions, as data. A model emits a record through a port;
 * who listens (the recorder of a PE) is wired by the board. A port that is NULL or off costs a load
 * and a branch. Names and fields are in one table, which texts and exports are made from.
 */
#ifndef CORE_TRACE_H
#define CORE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

/* What a user selects by name. */
enum trace_group {
    TRACE_INSN, /* instructions executed */
    TRACE_REG,  /* registers written */
    TRACE_MEM,  /* memory accesses of instructions */
    TRACE_EXC,  /* exceptions and returns, resets, power */
    TRACE_CTX,  /* translation contexts: EL, VMID, ASID, CONTEXTIDR */
    TRACE_MMU,  /* walks, faults, updates of descriptors */
    TRACE_TLB,  /* maintenance */
    TRACE_GIC,
    TRACE_TIMER,
    TRACE_N_GROUPS,
};
#define TRACE_ALL_GROUPS ((1U << TRACE_N_GROUPS) - 1)

/* An argument of a record: 'x' hexadecimal, 'u' decimal. */
#define TRACE_MAX_ARGS 10
enum trace_kind {
    TRACE_EXCEPTION,
    TRACE_RETURN,
    TRACE_CONTEXT,
    TRACE_WALK,
    TRACE_WALK_FAULT,
    TRACE_DESCRIPTOR,
    TRACE_TLBI,
    TRACE_IRQ_LINE,
    TRACE_GIC_PENDING,
    TRACE_GIC_ACTIVATE,
    TRACE_GIC_EOI,
    TRACE_GIC_LR,
    TRACE_TIMER_SET,
    TRACE_TIMER_FIRE,
    TRACE_PE_ON,    /* it starts: by its reset, by PSCI CPU_ON */
    TRACE_PE_OFF,   /* it stops, by PSCI CPU_OFF or with its machine, where it was */
    TRACE_PE_RESET, /* warm, by RMR_ELx */
    TRACE_N_KINDS,
};

struct trace_kind_desc {
    const char *name;
    enum trace_group group;
    const char *args[TRACE_MAX_ARGS + 1]; /* "x:esr"; NULL ends */
};
extern const struct trace_kind_desc trace_kinds[TRACE_N_KINDS];
unsigned trace_n_args(enum trace_kind k);

/* TRACE_EXCEPTION's first argument. */
enum trace_exception {
    TRACE_SYNC,
    TRACE_IRQ,
    TRACE_FIQ,
    TRACE_SERROR,
    TRACE_VIRQ,
    TRACE_VFIQ,
    TRACE_VSERROR,
};

/* Group names, comma separated ("all" too), to a mask. */
bool trace_parse_groups(const char *names, uint32_t *out, GError **err) NODISCARD;

struct trace_port {
    void (*emit)(void *opaque, enum trace_kind k, const uint64_t *args);
    void *opaque;
    uint32_t groups; /* bit n: enum trace_group n is wanted */
};

static inline bool trace_on(const struct trace_port *p, enum trace_group g)
{
    return p != NULL && (p->groups >> g & 1);
}

/* All arguments of the kind follow, in the order of its table. */
#define TRACE(port, kind, ...)                                                                     \
    do {                                                                                           \
        const struct trace_port *p_ = (port);                                                      \
        if (__builtin_expect(p_ != NULL, 0) && trace_on(p_, trace_kinds[kind].group)) {            \
            p_->emit(p_->opaque, (kind), (const uint64_t[TRACE_MAX_ARGS]){__VA_ARGS__});           \
        }                                                                                          \
    } while (0)

#endif
