/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an instruction changes: which registers it writes, and which memory it accesses where.
 *
 * A function of the word alone, for words that are not UNDEFINED. The recorder of traces
 * (engine/observe.c) keeps the values of the registers listed here; a reader of the trace
 * (debug/trace_read.c) asks the same question and so knows what each value is. Addresses and data
 * of memory accesses follow from registers before and after.
 */
#ifndef CPU_ISA_EFFECTS_H
#define CPU_ISA_EFFECTS_H

#include <stdbool.h>
#include <stdint.h>

enum a64_mem_kind {
    A64_MEM_NONE,
    A64_MEM_LOAD,
    A64_MEM_STORE,
    A64_MEM_STORE_IF, /* exclusive: status says whether */
    A64_MEM_ATOMIC,   /* load-operation-store; op */
    A64_MEM_CAS,      /* r: compared and replaced by old; s: new */
    A64_MEM_STRUCT_LOAD,
    A64_MEM_STRUCT_STORE,
    A64_MEM_ZERO, /* DC ZVA */
};

enum a64_address {
    A64_ADDR_IMM,  /* base + imm */
    A64_ADDR_REG,  /* base + extended index */
    A64_ADDR_PC,   /* PC + imm */
    A64_ADDR_AUTH, /* authenticated base + imm: recorded */
};

/* Opcode of an atomic, as its bits 14:12 say; swap behind them. */
enum a64_atomic {
    A64_LDADD,
    A64_LDCLR,
    A64_LDEOR,
    A64_LDSET,
    A64_LDSMAX,
    A64_LDSMIN,
    A64_LDUMAX,
    A64_LDUMIN,
    A64_SWP,
};

struct a64_mem {
    uint8_t kind;    /* enum a64_mem_kind */
    uint8_t address; /* enum a64_address */
    uint8_t op;      /* enum a64_atomic */
    bool vector;     /* r[] are V registers */
    uint8_t size;    /* bytes an element */
    uint8_t n;       /* elements, one a register: of r[], of s[] */
    uint8_t r[2], s[2];
    uint8_t status; /* of STXR */
    uint8_t base, index, shift, extend;
    bool writeback; /* base = address (pre) or base + step (post) */
    bool post;
    int32_t imm;
    /* structures: groups x rows x registers a structure; from lane up */
    uint8_t rpt, rows, selem, lane;
    bool replicate;
    uint8_t step_reg; /* post-index by a register; A64_ZR: imm */
};

#define A64_SP   31
#define A64_ZR   32
#define A64_SINK 33 /* what an instruction writes to XZR and memory effects need to know */

struct a64_effect {
    uint8_t n_x, n_v;
    uint8_t x[4]; /* as indices of the register file; 31 is SP */
    uint8_t v[4];
    bool nzcv;     /* flags */
    bool pstate;   /* other fields of PSTATE */
    bool link;     /* X30 = PC + 4 */
    bool late;     /* leaves the block: registers are right only afterwards */
    bool msr;      /* a system register gets Xt */
    bool computed; /* x[0] and flags follow from registers: debug/trace_eval.h */
    struct a64_mem mem;
};

void a64_effect(uint32_t w, struct a64_effect *e);

/* How many values a recorder keeps: a V register has two halves. */
static inline unsigned a64_effect_values(const struct a64_effect *e)
{
    if (e->computed) {
        return 0;
    }
    return e->n_x + 2U * e->n_v + e->nzcv + e->pstate + (e->mem.address == A64_ADDR_AUTH);
}

#endif
