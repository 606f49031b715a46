/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an instruction word to decoded operations.
 *
 * isa/a64.decode lists every encoding; tools/decode_gen.py makes the lookup table (a64_lookup) and
 * the prototypes of the emitters. The emitter of an encoding class checks what the fixed bits do
 * not say (UNDEFINED conditions) and appends operations:
 *
 *     bool emit_integer_arithmetic_cnt(struct emit *e)
 *     {
 *         struct op *o = emit_op(e, insn_sf(e) ? op_clz_x : op_clz_w);
 *         o->a = emit_dst(insn_rd(e));
 *         o->b = emit_src(insn_rn(e));
 *         return true;
 *     }
 *
 * false = UNDEFINED (operations already appended are dropped). Features in the table row were
 * checked before. Floating-point and SIMD encodings (row flag FP) get their CPACR/CPTR trap from
 * the caller. An emitter that ends the block calls emit_end().
 */
#ifndef CPU_ISA_EMIT_H
#define CPU_ISA_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"
#include "cpu/isa/op.h"

#include "cpu/cpu_internal.h"

/* Context bits that change what an instruction word means: part of a block's key. */
enum decode_mode {
    MODE_EL_MASK = 3,        /* current EL */
    MODE_FP_TRAP = 1 << 2,   /* FP/SIMD instructions trap (CPACR_EL1, CPTR_ELx) */
    MODE_SP_CHECK = 1 << 3,  /* SCTLR_ELx.SA/SA0: SP must be 16-byte aligned when a base */
    MODE_UNCACHED = 1 << 4,  /* SCTLR_ELx.I = 0: instruction fetches must see every store */
    MODE_UNPRIV = 1 << 6,    /* LDTR/STTR act as unprivileged (EL1, or EL2 with E2H and TGE) */
    MODE_GUARDED = 1 << 7,   /* the page has GP set */
    MODE_SPSEL = 1 << 8,     /* PSTATE.SP */
    MODE_E2H = 1 << 9,       /* EL2 with HCR_EL2.E2H: system register names are redirected */
    MODE_BT = 1 << 10,       /* SCTLR_ELx.BT, BT0: PACIASP and PACIBSP are no targets of jumps */
    MODE_OBSERVED = 1 << 11, /* with operations that record: engine/observe.h */
};
#define MODE_BREAK_SHIFT 12 /* bits 19:12: number of the break set (debug/break_set.h) */
#define MODE_BREAK_BITS  8

struct a64_row;

struct emit {
    struct cpu *cpu;
    struct op *p;    /* next free slot */
    struct op *end;  /* slots past this one are not available */
    uint32_t insn;   /* the word being decoded */
    uint32_t off;    /* its offset in the 4 KiB page */
    uint32_t mode;   /* enum decode_mode */
    bool ended;      /* a terminator was appended: the block ends here */
    bool sp_aligned; /* SP was checked in this block and has moved by multiples of 16 since */
    struct op *prev; /* the operation of the instruction before, if it is a single one; or NULL */
    const struct a64_row *row;
};

typedef bool emit_fn(struct emit *e);

enum a64_row_flags {
    ROW_FP = 1, /* subject to the FP/SIMD trap */
};

struct a64_row {
    uint32_t mask, value;
    emit_fn *emit;
    uint16_t feature; /* enum feature; FEAT_NONE: always */
    uint16_t flags;
    const char *name;
};

/* The row that an instruction word matches, or NULL. Rows in priority order. */
const struct a64_row *a64_lookup(uint32_t insn);
const struct a64_row *a64_rows(size_t *out_n);

/* Append an operation with all operands zero. There is always room for the 16 slots that one
 * instruction may use at most. */
static inline struct op *emit_op(struct emit *e, op_fn *fn)
{
    struct op *o = e->p++;
    o->fn = fn;
    o->imm64 = 0;
    return o;
}

/* Append a data slot (for the operation before it). */
static inline struct op *emit_data(struct emit *e, uint64_t imm64)
{
    struct op *o = e->p++;
    o->fn = NULL;
    o->imm64 = imm64;
    return o;
}

static inline void emit_end(struct emit *e)
{
    e->ended = true;
}

static inline bool emit_has(const struct emit *e, enum feature f)
{
    return cpu_has(e->cpu, f);
}

/* Register operands where 31 is the zero register. */
static inline uint8_t emit_src(unsigned r)
{
    return r == 31 ? REG_ZR : (uint8_t)r;
}

static inline uint8_t emit_dst(unsigned r)
{
    return r == 31 ? REG_SINK : (uint8_t)r;
}

/*
 * Before a memory access whose base register is SP: appends the SP alignment check when the mode
 * asks for it. rn as in the instruction.
 */
void emit_sp_check(struct emit *e, unsigned rn);
/* An instruction wrote register r, where 31 is SP. by: how far SP moved, if that is known, else 1.
 */
static inline void emit_note_write(struct emit *e, unsigned r, int64_t by)
{
    if (r == 31 && by % 16 != 0) {
        e->sp_aligned = false;
    }
}

/* Fields by their usual names and places. */
static inline unsigned insn_bits(const struct emit *e, unsigned lo, unsigned len)
{
    return extract32(e->insn, lo, len);
}
static inline bool insn_bit(const struct emit *e, unsigned n)
{
    return (e->insn >> n) & 1;
}
static inline unsigned insn_rd(const struct emit *e)
{
    return insn_bits(e, 0, 5);
}
static inline unsigned insn_rt(const struct emit *e)
{
    return insn_bits(e, 0, 5);
}
static inline unsigned insn_rn(const struct emit *e)
{
    return insn_bits(e, 5, 5);
}
static inline unsigned insn_ra(const struct emit *e)
{
    return insn_bits(e, 10, 5);
}
static inline unsigned insn_rt2(const struct emit *e)
{
    return insn_bits(e, 10, 5);
}
static inline unsigned insn_rm(const struct emit *e)
{
    return insn_bits(e, 16, 5);
}
static inline bool insn_sf(const struct emit *e)
{
    return insn_bit(e, 31);
}
static inline bool insn_q(const struct emit *e)
{
    return insn_bit(e, 30);
}
static inline bool insn_u(const struct emit *e)
{
    return insn_bit(e, 29);
}
static inline unsigned insn_size(const struct emit *e)
{
    return insn_bits(e, 22, 2);
}

#endif
