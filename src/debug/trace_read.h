/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a recorded stream: from blocks and differences back to instructions with everything they
 * wrote, in order. docs/trace.md describes the stream; the recorder is cpu/engine/observe.c.
 *
 * Input comes in pieces of any size and may be anything: what is wrong with it is an error, with
 * its place.
 */
#ifndef DEBUG_TRACE_READ_H
#define DEBUG_TRACE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/result.h"
#include "core/trace.h"
#include "cpu/isa/effects.h"

#define TRACE_BLOCK_INSNS 16

struct trace_block {
    /* what a block that is entered again needs: together */
    uint64_t pa;
    uint64_t va;          /* of its page, now */
    void *note;           /* of the visitor: g_free'd with the block, and when va changes */
    uint64_t *values;     /* as far as they are read; behind that of the last time */
    const bool *absolute; /* by value: not a difference */
    uint32_t n;
    uint32_t next; /* block that followed */
    uint32_t mode; /* enum decode_mode of cpu/isa/emit.h */
    bool has_va;
    uint8_t n_in_line; /* values, but for those that come behind a stop */
    uint8_t first_value[TRACE_BLOCK_INSNS + 1];
    uint32_t words[TRACE_BLOCK_INSNS];
    struct a64_effect effects[TRACE_BLOCK_INSNS];
};

/* Of its i-th instruction. */
static inline uint64_t trace_block_va(const struct trace_block *b, unsigned i)
{
    return b->va | ((b->pa + 4ULL * i) & 0xfff);
}

enum trace_write_kind { TRACE_WRITE_X, TRACE_WRITE_SP, TRACE_WRITE_V, TRACE_WRITE_PSTATE };
struct trace_write {
    enum trace_write_kind kind;
    uint8_t n; /* register */
    uint64_t v[2];
};

struct trace_access {
    bool write;
    uint64_t va;
    uint8_t unit; /* bytes an element */
    uint8_t len;
    uint8_t data[64];
};

struct trace_insn {
    struct trace_block *block;
    unsigned index;
    uint64_t va;
    uint64_t count; /* instructions before it */
    tick_t when;
    bool ns;     /* Non-secure */
    bool undone; /* it took an exception, or starts again: nothing was written */
    bool msr;    /* wrote msr_value to a system register */
    uint64_t msr_value;
    uint64_t pstate; /* after it */
    unsigned n_writes, n_accesses;
    struct trace_write writes[12];
    struct trace_access accesses[2];
};

struct trace_event {
    enum trace_kind kind;
    tick_t when;
    uint64_t args[TRACE_MAX_ARGS];
    uint64_t pstate; /* before it */
};

struct trace_regs;

struct trace_visitor {
    void (*insn)(void *opaque, const struct trace_insn *i);
    /* May take instructions where nothing comes between them, from i up to the n-th of its block,
     * in place of the reader and insn: those that it leaves have their turn then. */
    void (*run)(void *opaque, struct trace_regs *r, struct trace_insn *i, unsigned n,
                uint32_t ticks_per_insn);
    void (*event)(void *opaque, const struct trace_event *e);
    void (*fpsr)(void *opaque, tick_t when, uint32_t v);
    /* Memory that the last instruction set or copied; from: 0, or the source + 1. */
    void (*copy)(void *opaque, tick_t when, uint64_t to, uint64_t from, const uint8_t *data,
                 uint64_t n);
    /* Registers as they are now: recording starts or goes on. */
    void (*state)(void *opaque, tick_t when, const uint64_t *x, uint64_t pstate);
    void *opaque;
};

struct trace_reader;

struct trace_reader *trace_reader_new(const struct trace_visitor *v, uint32_t ticks_per_insn);
void trace_reader_free(struct trace_reader *r);
bool trace_reader_feed(struct trace_reader *r, const uint8_t *data, size_t len,
                       GError **err) NODISCARD;
/* The stream is over. False: it ends inside an item; all before it was visited. */
bool trace_reader_end(struct trace_reader *r, GError **err) NODISCARD;
/* Instructions read. */
uint64_t trace_reader_insns(const struct trace_reader *r);

/* PSTATE.EL and SP as a mode of a block says. */
unsigned trace_mode_el(uint32_t mode);
bool trace_mode_spsel(uint32_t mode);

#endif
