/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory access from handlers.
 *
 * Fast path: one compare decides hit, page crossing, permission and context. A handler template is
 * compiled twice:
 *
 *     #include "cpu/isa/ldst_int.c.inc"
 *     #define MEM_BUILD_SLOW
 *     #include "cpu/engine/mem_build.h"
 *     #include "cpu/isa/ldst_int.c.inc"
 *
 * In the fast build a miss tail-calls the slow twin (same operation, same operands), which does the
 * access out of line (devices, page crossing, alignment, faults) and leaves the block when an
 * exception was taken or a device asked for attention. A template looks like
 *
 *     MEM_HANDLER(ldr_x_imm)
 *     {
 *         uint64_t va = c->x[o->b] + (int64_t)(int32_t)o->imm;
 *         uint64_t v;
 *         LOAD(ldr_x_imm, uint64_t, v, va);
 *         c->x[o->a] = v;
 *         MEM_NEXT(1);
 *     }
 *
 * and is used as op_ldr_x_imm. All loads and store checks come before the first change of state;
 * with several accesses use the *_N forms: CHECK_* all, then access.
 */
#ifndef CPU_ENGINE_MEM_H
#define CPU_ENGINE_MEM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "cpu/engine/exits.h"
#include "cpu/isa/op.h"

#include "cpu/cpu_internal.h"

/* What an access is, for faults and the slow path. */
enum mem_flags {
    MEM_UNPRIV = 1 << 0,    /* LDTR and friends */
    MEM_ATOMIC = 1 << 1,    /* LSE: read-modify-write; aligned as exclusives are */
    MEM_EXCLUSIVE = 1 << 2, /* aligned, or with FEAT_LSE2 within 16 bytes */
    MEM_ACQREL = 1 << 3,    /* ordered: the same, unless SCTLR_ELx.nAA */
    MEM_NO_ISV = 1 << 4,    /* stage 2 aborts carry no instruction syndrome */
    MEM_SIGNED = 1 << 5,    /* ISS.SSE */
    MEM_SF = 1 << 6,        /* ISS.SF: 64-bit destination */
    MEM_PAIR = 1 << 7,      /* two elements: alignment is that of one */
    MEM_BYTES = 1 << 8,     /* no alignment at all (MOPS, structures: the caller checks) */
};
#define MEM_SRT_SHIFT 16 /* bits 20:16 of flags: Rt for ISS.SRT */

#define KEEP_IN_REGISTER(v) __asm__ volatile("" : "+r"(v))

/* Host address if the access hits in a context, else NULL. A hit for writing permits reading too.
 */
static inline void *fast_lookup(const struct fast_tlb_entry *tlb, uint64_t ctx, uint64_t va,
                                unsigned size)
{
    KEEP_IN_REGISTER(va); /* else its sum is made twice */
    const struct fast_tlb_entry *e = &tlb[(va >> 12) & (FAST_TLB_SIZE - 1)];
    uint64_t tag = ((va + size - 1) & ~UINT64_C(0xfff)) | ctx;
    uint64_t addend = e->addend;
    KEEP_IN_REGISTER(addend); /* loaded with the tag, by the same address */
    if (UNLIKELY(e->tag != tag)) {
        return NULL;
    }
    void *host = (void *)(uintptr_t)(va + addend);
    if (host == NULL) {
        __builtin_unreachable(); /* saves callers a second test */
    }
    return host;
}

static inline void *fast_read(const struct cpu *c, uint64_t va, unsigned size)
{
    return fast_lookup(c->tlb_r, c->ctx, va, size);
}

static inline void *fast_write(const struct cpu *c, uint64_t va, unsigned size)
{
    return fast_lookup(c->tlb_w, c->ctx, va, size);
}

/*
 * Slow accesses, any size from 1 to 16 bytes (larger ones: in pieces, by the caller). The caller
 * has called cpu_sync. False: an exception was taken, c->pc is its vector: leave_block.
 * For writes, mem_probe_write checks alignment of elements, and every byte for permission, so that
 * a store of several does not half happen.
 */
bool mem_read(struct cpu *c, uint64_t va, unsigned size, uint32_t flags, void *out);
bool mem_write(struct cpu *c, uint64_t va, unsigned size, uint32_t flags, const void *in);
bool mem_probe_write(struct cpu *c, uint64_t va, unsigned size, unsigned elem, uint32_t flags);
/*
 * Host address of a datum in ordinary memory, for exclusives and atomics; size up to 16, alignment
 * by flags. NULL: an exception was taken (devices do not support these: Unsupported Exclusive).
 */
enum mem_access { MEM_ACC_READ, MEM_ACC_WRITE, MEM_ACC_RMW };
void *mem_ptr(struct cpu *c, uint64_t va, unsigned size, uint32_t flags, enum mem_access acc);

#include "cpu/engine/mem_build.h"

#endif
