/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FEAT_MOPS: CPYF*, CPY*, SET*. Arm ARM C6.2 and D1.3 "Memory Copy and Memory Set exceptions".
 *
 * Choices: option A (NZCV = 0; sizes count towards zero); the prologue moves nothing, the main
 * instruction everything, the epilogue what is left; copies without overlap go forward. Registers
 * are right after every chunk, so a fault or a long copy resumes where it stopped.
 */
#include "a64_gen.h"
#include "cpu/engine/exits.h"
#include "cpu/engine/mem.h"
#include "cpu/engine/observe.h"
#include "cpu/sys/exc.h"
#include "cpu/sys/hcr.h"
#include "cpu/sys/traps.h"

#define CHUNK_MAX    4096U
#define CHUNKS_A_RUN 16 /* then the run loop has its turn; the same whether the fast TLB hits */

enum stage { STAGE_P, STAGE_M, STAGE_E };

/* Decoded operand of all handlers: a = Rd, b = Rs, c = Rn; d = option bits; imm = the word. */
#define OPT_WRITE_UNPRIV 1
#define OPT_READ_UNPRIV  2

static uint32_t access_flags(const struct op *o, unsigned opt)
{
    return MEM_NO_ISV | MEM_BYTES | (o->d & opt ? MEM_UNPRIV : 0);
}

/* ---- the Memory Copy and Memory Set exception: state of another option or size ---- */

static void wrong_state(struct cpu *c, const struct op *o, bool set, enum stage stage, bool option)
{
    /* Options: for SET* without the bits that tell the stage. */
    uint64_t iss = (uint64_t)set << 24 | (uint64_t)extract32(o->imm, 12, set ? 2 : 4) << 19 |
                   (uint64_t)(stage == STAGE_E) << 18 | (uint64_t)option << 17 | BIT(16) |
                   (uint64_t)extract32(o->imm, 0, 5) << 10 |
                   (uint64_t)extract32(o->imm, 16, 5) << 5 | extract32(o->imm, 5, 5);
    unsigned target = exc_default_target(c);
    if (c->ps.el == 1 && (cpu_hcrx_el2(c) & HCRX_MCE2)) {
        target = 2;
    }
    exc_take_sync(c, target, EC_MOPS, iss, RETURN_THIS);
}

static bool usable(struct cpu *c, const struct op *o, bool set, enum stage stage)
{
    if (!trap_mops_enabled(c)) {
        exc_undefined(c);
        return false;
    }
    if (stage != STAGE_P && c->cf != 0) { /* option B */
        wrong_state(c, o, set, stage, true);
        return false;
    }
    return true;
}

static void option_a(struct cpu *c)
{
    cpu_set_nzcv(c, 0);
}

static uint64_t min64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t to_page_end(uint64_t va)
{
    return CHUNK_MAX - va % CHUNK_MAX;
}

static bool at_page(uint64_t va)
{
    return va % CHUNK_MAX == 0;
}

/* ---- memory: host pointers where the fast TLB has them, else byte by byte ---- */

static uint8_t *fast_bytes(const struct cpu *c, uint64_t va, uint64_t n, bool write, bool unpriv)
{
    uint64_t ctx = unpriv ? c->ctx_unpriv : c->ctx;
    return fast_lookup(write ? c->tlb_w : c->tlb_r, ctx, va, (unsigned)n);
}

static bool store_byte(struct cpu *c, uint64_t va, uint32_t flags, uint8_t v)
{
    return mem_write(c, va, 1, flags, &v);
}

/* ---- SET ---- */

/* One chunk at va. Returns the bytes written; 0 after an exception. */
static uint64_t set_chunk(struct cpu *c, const struct op *o, uint64_t va, uint64_t left)
{
    uint64_t n = min64(left, to_page_end(va));
    uint8_t value = (uint8_t)c->x[o->b];
    uint8_t *p = fast_bytes(c, va, n, true, o->d & OPT_WRITE_UNPRIV);
    if (p != NULL) {
        memset(p, value, n);
        observe_copy(c, va, 0, p, n);
        return n;
    }
    if (!store_byte(c, va, access_flags(o, OPT_WRITE_UNPRIV), value)) {
        return 0;
    }
    observe_copy(c, va, 0, &value, 1);
    return 1;
}

/* True: complete. False: an exception, or more to do at the same PC. */
static bool set_run(struct cpu *c, const struct op *o)
{
    for (unsigned chunks = 0; chunks < CHUNKS_A_RUN && c->x[o->c] != 0;) {
        uint64_t done = set_chunk(c, o, c->x[o->a] + c->x[o->c], -c->x[o->c]);
        if (done == 0) {
            return false;
        }
        c->x[o->c] += done;
        chunks += at_page(c->x[o->a] + c->x[o->c]);
    }
    return c->x[o->c] == 0;
}

static void set_prologue(struct cpu *c, const struct op *o)
{
    uint64_t n = min64(c->x[o->c], INT64_MAX);
    c->x[o->a] += n;
    c->x[o->c] = -n;
    option_a(c);
}

HANDLER(set)
{
    enum stage stage = (enum stage)extract32(o->imm, 14, 2);
    cpu_sync(c, o, budget);
    if (!usable(c, o, true, stage)) {
        EXIT_TO(leave_block(c, o, budget));
    }
    if (stage == STAGE_P) {
        set_prologue(c, o);
    } else if ((int64_t)c->x[o->c] > 0) {
        wrong_state(c, o, true, stage, false);
        EXIT_TO(leave_block(c, o, budget));
    } else if (!set_run(c, o)) {
        EXIT_TO(leave_block(c, o, budget));
    }
    EXIT_TO(leave_after(c, o, budget));
}

bool emit_memory_mcpymset_set(struct emit *e)
{
    unsigned d = insn_rd(e), s = insn_rm(e), n = insn_rn(e), op2 = insn_bits(e, 12, 4);
    if (insn_bits(e, 30, 2) != 0 || op2 >> 2 == 3 || d == s || d == n || s == n || d == 31 ||
        n == 31) {
        return false;
    }
    struct op *o = emit_op(e, op_set);
    o->a = (uint8_t)d;
    o->b = emit_src(s);
    o->c = (uint8_t)n;
    o->d = (op2 & 1) && (e->mode & MODE_UNPRIV) ? OPT_WRITE_UNPRIV : 0;
    o->imm = e->insn;
    emit_end(e);
    return true;
}

/* ---- CPY and CPYF ---- */

/* Bytes moved from src to dst (lowest addresses of the chunk); 0 after an exception. */
static uint64_t copy_up(struct cpu *c, const struct op *o, uint64_t dst, uint64_t src,
                        uint64_t left)
{
    uint64_t n = min64(left, min64(to_page_end(dst), to_page_end(src)));
    uint8_t *to = fast_bytes(c, dst, n, true, o->d & OPT_WRITE_UNPRIV);
    const uint8_t *from = fast_bytes(c, src, n, false, o->d & OPT_READ_UNPRIV);
    if (to != NULL && from != NULL) {
        memmove(to, from, n);
        observe_copy(c, dst, src + 1, to, n);
        return n;
    }
    uint8_t v;
    if (!mem_read(c, src, 1, access_flags(o, OPT_READ_UNPRIV), &v) ||
        !store_byte(c, dst, access_flags(o, OPT_WRITE_UNPRIV), v)) {
        return 0;
    }
    observe_copy(c, dst, src + 1, &v, 1);
    return 1;
}

/* The same, for a chunk that ends in front of dst and src. */
static uint64_t copy_down(struct cpu *c, const struct op *o, uint64_t dst, uint64_t src,
                          uint64_t left)
{
    uint64_t room = min64((dst - 1) % CHUNK_MAX + 1, (src - 1) % CHUNK_MAX + 1);
    uint64_t n = min64(left, room);
    uint8_t *to = fast_bytes(c, dst - n, n, true, o->d & OPT_WRITE_UNPRIV);
    const uint8_t *from = fast_bytes(c, src - n, n, false, o->d & OPT_READ_UNPRIV);
    if (to != NULL && from != NULL) {
        memmove(to, from, n);
        observe_copy(c, dst - n, src - n + 1, to, n);
        return n;
    }
    return copy_up(c, o, dst - 1, src - 1, 1);
}

static bool copy_run(struct cpu *c, const struct op *o)
{
    for (unsigned chunks = 0; chunks < CHUNKS_A_RUN && c->x[o->c] != 0;) {
        uint64_t n = c->x[o->c], done;
        if ((int64_t)n < 0) { /* forward: addresses are of the end */
            done = copy_up(c, o, c->x[o->a] + n, c->x[o->b] + n, -n);
            c->x[o->c] += done;
        } else {
            done = copy_down(c, o, c->x[o->a] + n, c->x[o->b] + n, n);
            c->x[o->c] -= done;
        }
        if (done == 0) {
            return false;
        }
        chunks += at_page(c->x[o->a] + c->x[o->c]) || at_page(c->x[o->b] + c->x[o->c]);
    }
    return c->x[o->c] == 0;
}

static void copy_prologue(struct cpu *c, const struct op *o, bool forward_only)
{
    uint64_t limit = forward_only ? (uint64_t)INT64_MAX : UINT64_C(0x007fffffffffffff);
    uint64_t n = min64(c->x[o->c], limit);
    uint64_t dst = extract64(c->x[o->a], 0, 56), src = extract64(c->x[o->b], 0, 56);
    bool backward = !forward_only && src < dst && src + n > dst;
    if (!backward) {
        c->x[o->a] += n;
        c->x[o->b] += n;
        n = -n;
    }
    c->x[o->c] = n;
    option_a(c);
}

HANDLER(cpy)
{
    enum stage stage = (enum stage)extract32(o->imm, 22, 2);
    bool forward_only = !bit(o->imm, 26);
    cpu_sync(c, o, budget);
    if (!usable(c, o, false, stage)) {
        EXIT_TO(leave_block(c, o, budget));
    }
    if (stage == STAGE_P) {
        copy_prologue(c, o, forward_only);
    } else if (forward_only && (int64_t)c->x[o->c] > 0) {
        wrong_state(c, o, false, stage, false);
        EXIT_TO(leave_block(c, o, budget));
    } else if (!copy_run(c, o)) {
        EXIT_TO(leave_block(c, o, budget));
    }
    EXIT_TO(leave_after(c, o, budget));
}

static bool emit_copy(struct emit *e)
{
    unsigned d = insn_rd(e), s = insn_rm(e), n = insn_rn(e), op2 = insn_bits(e, 12, 4);
    if (insn_bits(e, 30, 2) != 0 || insn_bits(e, 22, 2) == 3 || d == s || d == n || s == n ||
        d == 31 || s == 31 || n == 31) {
        return false;
    }
    struct op *o = emit_op(e, op_cpy);
    o->a = (uint8_t)d;
    o->b = (uint8_t)s;
    o->c = (uint8_t)n;
    o->d = e->mode & MODE_UNPRIV ? op2 & (OPT_WRITE_UNPRIV | OPT_READ_UNPRIV) : 0;
    o->imm = e->insn;
    emit_end(e);
    return true;
}

bool emit_memory_mcpymset_cpy(struct emit *e)
{
    return emit_copy(e);
}

bool emit_memory_mcpymset_cpyf(struct emit *e)
{
    if (insn_bits(e, 22, 2) == 3) { /* op1 = 11: SET* shares the fixed bits */
        return emit_memory_mcpymset_set(e);
    }
    return emit_copy(e);
}
