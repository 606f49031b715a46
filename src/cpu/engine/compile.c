/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/engine/compile.h"

#include <glib.h>
#include <string.h>

#include "base/result.h"
#include "cpu/engine/block.h"
#include "cpu/engine/code.h"
#include "cpu/engine/stencil.h"
#include "cpu/engine/variants.h"

#define REACH        (UINT64_C(1) << 31) /* of a 32-bit address */
#define INDEX_BITS   12
#define INDEX_SIZE   (1U << INDEX_BITS)
#define MAX_STENCIL  1024U /* bytes */
#define EXIT_BYTES   10U   /* of the way to an operation that is not compiled */
#define RELOAD_BYTES 12U   /* of the way into a stencil that expects a register in %rsi */

struct compiler {
    struct code_memory memory;
    const struct stencil *by_handler[INDEX_SIZE]; /* open addressing */
};

/* An operation on its way to machine code. */
struct unit {
    const struct stencil *stencil; /* NULL: stays interpreted */
    const struct op *op;           /* where it is */
    op_fn *interpreted;
    uint8_t carried;                   /* the register that it expects in %rsi */
    const uint8_t *hot, *cold, *entry; /* where it will execute; entry: from elsewhere */
};

static unsigned hash_of(op_fn *fn)
{
    return (unsigned)((uint64_t)(uintptr_t)fn * UINT64_C(0x9e3779b97f4a7c15) >> (64 - INDEX_BITS));
}

static const struct stencil *find(const struct compiler *k, op_fn *fn)
{
    unsigned h = hash_of(fn);
    while (k->by_handler[h] != NULL && (op_fn *)k->by_handler[h]->handler != fn) {
        h = (h + 1) % INDEX_SIZE;
    }
    return k->by_handler[h];
}

struct compiler *compiler_new(const void *arena, size_t bytes)
{
    /* The program as well: a position-independent build may lie anywhere. */
    if (n_stencils == 0 || (uintptr_t)arena + bytes > REACH ||
        (uintptr_t)stencils[0].handler > REACH) {
        return NULL;
    }
    struct compiler *k = g_new0(struct compiler, 1);
    if (!code_map(&k->memory, bytes)) {
        g_free(k);
        return NULL;
    }
    size_t n_handlers = 0;
    for (size_t i = 0; i < n_stencils; i += 1U + stencils[i].more) {
        unsigned h = hash_of((op_fn *)stencils[i].handler);
        n_handlers++;
        while (k->by_handler[h] != NULL) {
            h = (h + 1) % INDEX_SIZE;
        }
        ASSERT(stencils[i].hot + stencils[i].cold + EXIT_BYTES + RELOAD_BYTES <= MAX_STENCIL);
        k->by_handler[h] = &stencils[i];
    }
    ASSERT(n_handlers <= INDEX_SIZE / 2);
    return k;
}

void compiler_free(struct compiler *k)
{
    if (k != NULL) {
        code_unmap(&k->memory);
        g_free(k);
    }
}

void compiler_flush(struct compiler *k)
{
    if (k != NULL) {
        k->memory.used = 0;
    }
}

/* ---- filling holes ---- */

static int64_t reg_offset(uint8_t n)
{
    return (int64_t)(offsetof(struct cpu, x) + n * sizeof(uint64_t));
}

static int64_t vreg_offset(uint8_t n)
{
    return (int64_t)(offsetof(struct cpu, v) + n * sizeof(vreg_t));
}

static int64_t address(const void *p)
{
    return (int64_t)(uintptr_t)p;
}

/* Where the operation n slots later begins: its code, or the way to its handler. */
static int64_t entry_of_next(const struct unit *u, unsigned n)
{
    return u[n].stencil != NULL ? address(u[n].hot) : address(u->hot) + u->stencil->hot;
}

static int64_t value_of(const struct unit *u, const struct stencil_hole *h)
{
    const struct op *o = u->op;
    /* The values that come from a field are in the order of the fields. */
    const uint8_t fields[] = {o->a, o->b, o->c, o->d};
    uint8_t field = fields[h->value % 4];
    switch (h->value) {
    case STENCIL_REG_A:
    case STENCIL_REG_B:
    case STENCIL_REG_C:
    case STENCIL_REG_D:
        return reg_offset(field);
    case STENCIL_VREG_A:
    case STENCIL_VREG_B:
    case STENCIL_VREG_C:
    case STENCIL_VREG_D:
        return vreg_offset(field);
    case STENCIL_NUM_A:
    case STENCIL_NUM_B:
    case STENCIL_NUM_C:
    case STENCIL_NUM_D:
        return field;
    case STENCIL_IMM:
        return (int32_t)o->imm;
    case STENCIL_OP:
        return address(o);
    case STENCIL_NEXT_1:
        return entry_of_next(u, 1);
    case STENCIL_NEXT_2:
        return entry_of_next(u, 2);
    case STENCIL_HOT:
        return address(u->hot);
    case STENCIL_COLD:
        return address(u->cold);
    default:
        return (int64_t)(uintptr_t)stencil_functions[h->value - STENCIL_FUNCTION];
    }
}

static void fill(const struct unit *u, const struct stencil_hole *h, uint8_t *to,
                 const uint8_t *executes)
{
    int64_t v = value_of(u, h) + h->addend;
    if (h->form == STENCIL_ABS8) {
        *to = (uint8_t)v;
        return;
    }
    if (h->form == STENCIL_PC32) {
        v -= address(executes);
    }
    int32_t v32 = (int32_t)v;
    memcpy(to, &v32, sizeof(v32));
}

/* ---- a block ---- */

static uint8_t *writable(const struct compiler *k, const uint8_t *executes)
{
    return k->memory.write + (executes - k->memory.execute);
}

/* mov $op, %esi; jmp handler */
static void write_exit(const struct compiler *k, const uint8_t *at, const struct op *op, op_fn *fn)
{
    uint8_t *w = writable(k, at);
    uint32_t operand = (uint32_t)address(op);
    int32_t distance = (int32_t)((int64_t)(uintptr_t)fn - address(at) - EXIT_BYTES);
    w[0] = 0xbe;
    memcpy(w + 1, &operand, 4);
    w[5] = 0xe9;
    memcpy(w + 6, &distance, 4);
}

/* mov register, %rsi; jmp hot */
static void write_reload(const struct compiler *k, const struct unit *u)
{
    uint8_t *w = writable(k, u->entry);
    int32_t offset = (int32_t)reg_offset(u->carried);
    int32_t distance = (int32_t)(address(u->hot) - address(u->entry) - RELOAD_BYTES);
    w[0] = 0x48;
    w[1] = 0x8b;
    w[2] = 0xb7;
    memcpy(w + 3, &offset, 4);
    w[7] = 0xe9;
    memcpy(w + 8, &distance, 4);
}

/* Does the end of the hot part need a jump: is what follows not compiled? */
static bool needs_exit(const struct unit *u)
{
    return u->stencil->next != 0 && u[u->stencil->next].stencil == NULL;
}

static void copy(const struct compiler *k, const struct unit *u)
{
    const struct stencil *s = u->stencil;
    const uint8_t *code = stencil_code + s->code;
    memcpy(writable(k, u->hot), code, s->hot);
    memcpy(writable(k, u->cold), code + s->hot, s->cold);
    for (unsigned i = 0; i < s->n_holes; i++) {
        const struct stencil_hole *h = &stencil_holes[s->first_hole + i];
        const uint8_t *at = h->at < s->hot ? u->hot + h->at : u->cold + (h->at - s->hot);
        fill(u, h, writable(k, at), at);
    }
    if (u->entry != u->hot) {
        write_reload(k, u);
    }
    if (needs_exit(u)) {
        const struct unit *next = u + s->next;
        write_exit(k, u->hot + s->hot, next->op, next->interpreted);
    }
}

/* Give each unit its place: hot parts in order, then cold ones. Returns the end. */
static const uint8_t *lay_out(struct unit *u, unsigned n, const uint8_t *at)
{
    for (unsigned i = 0; i < n; i++) {
        if (u[i].stencil != NULL) {
            u[i].hot = u[i].entry = at;
            at += u[i].stencil->hot + (needs_exit(&u[i]) ? EXIT_BYTES : 0);
        }
    }
    for (unsigned i = 0; i < n; i++) {
        if (u[i].stencil != NULL) {
            u[i].cold = at;
            at += u[i].stencil->cold;
            if (u[i].carried != CARRIES_NOTHING) {
                u[i].entry = at;
                at += RELOAD_BYTES;
            }
        }
    }
    return at;
}

/* The plain stencils of the operations, then the best variants. False: nothing to compile. */
static bool choose(const struct compiler *k, const struct op *ops, unsigned n, struct choice *out)
{
    bool any = false;
    for (unsigned i = 0; i < n; i++) {
        out[i].stencil = find(k, ops[i].fn);
        any |= out[i].stencil != NULL;
    }
    variants_choose(out, ops, n);
    return any;
}

void compiler_compile(struct compiler *k, struct cpu *c, struct block *blk)
{
    struct op again[BLOCK_MAX_SLOTS + 2];
    struct choice chosen[BLOCK_MAX_SLOTS + 2];
    struct unit u[BLOCK_MAX_SLOTS + 2] = {0}; /* a stencil may name the two slots behind its own */
    struct op *slots = blk->entry + 1;
    unsigned n = block_decode_again(c, blk, again);

    slots->fn = blk->first;
    if (n != blk->n_ops || k->memory.size - k->memory.used < (size_t)n * MAX_STENCIL ||
        !choose(k, again + 2, n, chosen)) {
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        u[i] = (struct unit){.stencil = chosen[i].stencil,
                             .op = &slots[i],
                             .interpreted = slots[i].fn,
                             .carried = chosen[i].carried};
    }
    const uint8_t *end = lay_out(u, n, k->memory.execute + k->memory.used);
    for (unsigned i = 0; i < n; i++) {
        if (u[i].stencil != NULL) {
            copy(k, &u[i]);
            slots[i].fn = (op_fn *)(uintptr_t)u[i].entry;
        }
    }
    k->memory.used = align_up((size_t)(end - k->memory.execute), 16);
    blk->first = slots->fn;
}
