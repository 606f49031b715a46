/* SPDX-License-Identifier: Apache-2.0 */
/*
 * struct cpu: one PE, seen by the files of cpu/ only.
 *
 * Registers hold state; isa/ changes it, sys/ gives system registers their meaning, engine/ runs
 * blocks. The order of members is by heat: what handlers touch comes first.
 */
#ifndef CPU_CPU_INTERNAL_H
#define CPU_CPU_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bits.h"
#include "core/bus.h"
#include "core/evq.h"
#include "core/irq.h"
#include "core/sysreg.h"
#include "cpu/cpu.h"
#include "cpu/debug/debug.h"
#include "cpu/engine/touched.h"
#include "cpu/fp/fp.h"
#include "cpu/sys/features.h"
#include "cpu/sys/sysreg_file.h"
#include "cpu/sys/va_layout.h"

/* Indices of c->x: a register number as an instruction gives it, with 31 resolved at decode. */
#define REG_SP   31 /* the current stack pointer */
#define REG_ZR   32 /* reads as zero, never written */
#define REG_SINK 33 /* where writes to XZR go */

/* Fast TLB: direct mapped, by 4 KiB page; see engine/mem.h. */
#define FAST_TLB_BITS 10
#define FAST_TLB_SIZE (1U << FAST_TLB_BITS)
struct fast_tlb_entry {
    uint64_t tag;    /* VA[63:12] | context number; ~0 = empty */
    uint64_t addend; /* host address - VA */
};

/* Behind it, a larger one of the same kind for both directions. */
#define BACK_TLB_BITS  15
#define BACK_TLB_SIZE  (1U << BACK_TLB_BITS)
#define BACK_TLB_WRITE 1U /* in the addend's low bits: writes are allowed too */

/* Pages that those may not hold: devices, and memory whose accesses have to be looked at one by
 * one (Device memory, SCTLR_ELx.A, watchpoints). */
#define SLOW_TLB_SIZE 64U
struct slow_tlb_entry {
    uint64_t tag; /* VA[63:12] | context number; ~0 = empty */
    pa_t page;
    uint8_t *host; /* NULL: a device */
    struct mem_attrs attrs;
    bool read, write; /* allowed */
};

/* Pages that instructions come from. */
#define FETCH_TLB_SIZE 1024U
struct fetch_entry {
    uint64_t tag; /* VA[63:12] | context number */
    const uint8_t *host;
    uint64_t pa;
    bool guarded;
};

typedef struct {
    _Alignas(16) uint64_t d[2]; /* d[0]: bits 63:0 */
} vreg_t;

/* What an indirect branch or a change of page looks up. */
struct jump_cache_entry {
    uint64_t va;
    uint64_t jctx;
    struct op *entry; /* the block's header */
};
#define JUMP_CACHE_BITS 14
#define JUMP_CACHE_SIZE (1U << JUMP_CACHE_BITS)

/* Context numbers once computed for an EL, valid while ctx_gen stays. */
struct context_shortcut {
    uint64_t gen;
    uint64_t jctx;
    uint16_t ctx, ctx_unpriv;
    uint16_t index[2];
};

/* What pointer authentication derives from control registers, valid while `key` matches. */
struct pac_state {
    uint64_t key;
    uint8_t enabled;            /* bit n: enum pac_key n */
    uint8_t simple;             /* the same, 0 when trapped */
    uint8_t half_bit[2];        /* [data]: of a pointer that gets a code, tells its half */
    bool trapped;               /* HCR_EL2.API, SCR_EL3.API */
    struct va_layout layout[2]; /* of instructions, of data */
    uint64_t field[2][2];       /* [data][upper half]: bits that are not address, with bit 55 */
};

struct block_cache;
struct context_table;
struct observer;
struct exit_link;

/* PSTATE without NZCV, as SPSR_ELx bits where it has such a place. */
struct pstate {
    uint8_t el;
    uint8_t sp;   /* SPSel */
    uint8_t daif; /* bit 3 D, 2 A, 1 I, 0 F */
    uint8_t btype;
    bool pan, uao, dit, tco, ssbs, ss, il, allint;
};

enum cpu_exit_flags {
    EXIT_IRQ = 1 << 0,     /* interrupt state changed: look again */
    EXIT_CONTEXT = 1 << 1, /* context changed: next instruction needs a new lookup */
    EXIT_STOP = 1 << 2,    /* the machine wants the PE to stop */
    EXIT_WAIT = 1 << 3,    /* WFI or WFE: in_wfi or in_wfe is set */
    EXIT_YIELD = 1 << 4,   /* YIELD */
    EXIT_LIMIT = 1 << 5,   /* an event became due earlier: the budget must shrink */
    EXIT_DEBUG = 1 << 6,   /* an external debugger has the PE: debug.ext.stop says why */
};

struct cpu {
    uint64_t x[34];
    /* NZCV, each where it is cheapest: N = nf<63>, Z = (zf == 0), C = cf (0 or 1), V = vf<63>. */
    uint64_t nf, zf, cf, vf;
    uint64_t page_va;    /* VA of the page that the running block is in */
    uint64_t ctx;        /* context number of data accesses, 1 to 4095 */
    uint64_t ctx_unpriv; /* of LDTR and STTR; 0: not looked up yet */
    uint64_t jctx;       /* context number, decode mode, whose number: for the jump cache */
    struct pstate ps;
    uint32_t exit_flags; /* enum cpu_exit_flags; handlers that may raise them look after a call */
    int64_t budget;      /* instructions left; in a register while handlers run */
    uint64_t pc;         /* valid outside handlers and after cpu_sync() */

    uint64_t mem_data[4]; /* data of an access on its slow path */
    struct fp_env fp;     /* FPCR, FPSR */
    vreg_t v[32];

    struct fast_tlb_entry tlb_r[FAST_TLB_SIZE];
    struct fast_tlb_entry tlb_w[FAST_TLB_SIZE];
    struct fetch_entry tlb_x[FETCH_TLB_SIZE];
    uint64_t few[4]; /* CPU_TLB_TINY: the pages of data that are kept */
    unsigned few_next;
    struct slow_tlb_entry tlb_slow[SLOW_TLB_SIZE];
    struct fast_tlb_entry *tlb_back;
    struct jump_cache_entry *jump_cache;

    /* ---- system registers: see sys/ ---- */
    uint64_t sr[SR_COUNT];
    /* sr_ok[el][id] == sr_gen: reading (…_r) or writing (…_w) is plain storage and permitted. */
    uint16_t sr_ok_r[4][SR_COUNT], sr_ok_w[4][SR_COUNT];
    uint16_t dc_ok[4][16]; /* the same for DC by address with op1 = 3, op2 = 1: by EL, CRm */
    uint16_t sr_gen;
    /* The register of a set that was read last, CNTVCT_EL0 in a wait. gen == sr_gen: permitted at
     * el until a register of a set is written, for their owners' controls are among them. */
    struct {
        uint16_t enc, gen;
        uint8_t el;
        const struct sysreg *reg;
        void *owner;
    } last_set;
    uint64_t sp_el[4]; /* banked stack pointers that are not in x[31] */

    struct pac_state pac; /* see isa/pac.c */

    /* ---- local exclusive monitor ---- */
    bool excl_valid;       /* lost when another PE runs: see loop.c */
    uint8_t excl_size;     /* bytes: 1 to 16 */
    const void *excl_host; /* where: guest memory has one host address */

    /* ---- interrupts ---- */
    uint8_t lines;       /* levels of the inputs: bit n = enum cpu_line n */
    uint32_t serror_iss; /* of the SError that is pending */
    bool event_reg;      /* WFE */
    enum cpu_power power;
    bool in_wfi, in_wfe;
    tick_t wait_end;       /* when a WFE without event ends all the same, and WFxT's time limit */
    uint32_t delayed_trap; /* ISS of the trap that ends a WFE at wait_end; 0: it completes */

    /* ---- engine ---- */
    uint64_t ctx_gen;                       /* of the registers that contexts depend on */
    struct context_shortcut shortcut[4][8]; /* by EL; PAN, UAO, SP */
    bool ctx_stale;                         /* ctx, ctx_unpriv, jctx: see engine/context.h */
    tick_t limit;                           /* end of this cpu_run */
    const struct op *deferred;              /* trampoline builds only */
    int64_t deferred_budget;
    struct block_cache *blocks;
    struct context_table *contexts;
    struct observer *observer; /* NULL: not recorded */
    struct op **link;          /* chain slot to patch with the next block found, or NULL */
    int64_t budget_start;
    uint64_t insns; /* retired, as of the last cpu_sync() */
    tick_t time;    /* virtual time, as of the last cpu_sync() */
    uint32_t ticks_per_insn;

    struct cpu_debug debug;

    /* ---- configuration ---- */
    struct cpu_features feat;
    struct cpu_config cfg;
    struct bus *bus;
    struct bus_listener remapped; /* host addresses in the TLBs may be void */
    struct evq *evq;
    bool owns_blocks;
    struct cpu *self[1];
    struct cpu **peers; /* all PEs of the machine, for broadcasts */
    unsigned n_peers;
    struct sysreg_index *sysregs; /* encoding -> descriptor */
    struct touched jump_cache_used;
};

/* The PE opens its monitor because of somebody else's store: that sends it an event. */
void cpu_lose_monitor(struct cpu *c);
/* RMR_ELx.RR is set; reset what a Warm reset resets. */
bool cpu_warm_reset_requested(const struct cpu *c);
void cpu_warm_reset(struct cpu *c);

unsigned cpu_highest_el(const struct cpu *c);
/* EL2Enabled(): EL2 is implemented and not switched off for Secure state. */
bool cpu_el2_enabled(const struct cpu *c);
/* Security state of the current EL (EL3 is Secure). */
enum pas cpu_pas(const struct cpu *c);
/* Security state of EL2, EL1 and EL0 as SCR_EL3.NS says. */
enum pas cpu_lower_pas(const struct cpu *c);
/* The value the architecture gives HCR_EL2 now: 0 when EL2 is off, TGE/E2H folded in. */
uint64_t cpu_hcr_el2(const struct cpu *c);
/* The same of HCRX_EL2: 0 without FEAT_HCX, when EL2 is off, and while SCR_EL3.HXEn is 0. */
uint64_t cpu_hcrx_el2(const struct cpu *c);
struct pe_view cpu_view(const struct cpu *c);

static inline bool cpu_has(const struct cpu *c, enum feature f)
{
    return features_has(&c->feat, f);
}

/* NZCV as bits 31:28, and back. */
static inline uint32_t cpu_nzcv(const struct cpu *c)
{
    return (uint32_t)((c->nf >> 63) << 31 | (uint64_t)(c->zf == 0) << 30 | c->cf << 29 |
                      (c->vf >> 63) << 28);
}

static inline void cpu_set_nzcv(struct cpu *c, uint32_t v)
{
    c->nf = (uint64_t)v << 32;
    c->zf = !bit(v, 30);
    c->cf = bit(v, 29);
    c->vf = (uint64_t)v << 35;
}

#endif
