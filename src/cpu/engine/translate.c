/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/engine/translate.h"

#include <string.h>

#include "base/log.h"
#include "cpu/cpu_trace.h"
#include "cpu/engine/context.h"
#include "cpu/engine/mem.h"
#include "cpu/sys/exc.h"
#include "cpu/sys/hcr.h"

#include "cpu/cpu_internal.h"

#define FSC_EXTERNAL    0x10
#define FSC_ALIGNMENT   0x21
#define FSC_UNSUPPORTED 0x35
#define ISS_WNR         BIT(6)
#define ISS_S1PTW       BIT(7)
#define ISS_CM          BIT(8)
#define ISS_ISV         BIT(24)

/* ---- memory for walks ---- */

static enum bus_result walk_read(void *opaque, pa_t pa, enum pas pas, uint64_t *out)
{
    struct cpu *c = opaque;
    struct mem_attrs a = {.requester_id = c->cfg.index, .pas = (uint8_t)pas};
    const uint8_t *p = bus_ram_span(c->bus, pa, 8, &a, false);
    if (LIKELY(p != NULL)) {
        memcpy(out, p, sizeof(*out)); /* hosts are little endian */
        return BUS_OK;
    }
    struct bus_txn t = {.pa = pa, .size = 8, .attrs = a};
    enum bus_result r = bus_access(c->bus, &t);
    *out = t.data;
    return r;
}

static enum bus_result walk_cas(void *opaque, pa_t pa, enum pas pas, uint64_t expect,
                                uint64_t desired, uint64_t *seen)
{
    struct cpu *c = opaque;
    struct mem_attrs a = {.requester_id = c->cfg.index, .pas = (uint8_t)pas};
    uint64_t *p = (uint64_t *)(void *)bus_ram_span(c->bus, pa, 8, &a, true);
    if (p == NULL) {
        return BUS_SLVERR;
    }
    *seen = expect;
    if (__atomic_compare_exchange_n(p, seen, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        TRACE(cpu_trace_port(c), TRACE_DESCRIPTOR, pa.v, expect, desired);
    }
    return BUS_OK;
}

struct walk_port translate_walk_port(struct cpu *c)
{
    return (struct walk_port){.read = walk_read, .cas = walk_cas, .opaque = c};
}

/* ---- aborts ---- */

/* The EL that takes an abort that is not of stage 2. */
static unsigned stage1_target(const struct cpu *c)
{
    return exc_default_target(c);
}

/* External aborts can be routed up: SCR_EL3.EA, HCR_EL2.TEA. */
static unsigned external_target(const struct cpu *c)
{
    if (c->cfg.has_el3 && bit(c->sr[SR_SCR_EL3], 3)) {
        return 3;
    }
    bool to_el2 = c->ps.el < 2 && (cpu_hcr_el2(c) & HCR_TEA);
    return to_el2 ? 2 : exc_default_target(c);
}

static enum exception_class abort_class(const struct cpu *c, unsigned target, bool fetch)
{
    bool same = target == c->ps.el;
    if (fetch) {
        return same ? EC_IABT_SAME : EC_IABT_LOWER;
    }
    return same ? EC_DABT_SAME : EC_DABT_LOWER;
}

/* ISS[23:14] and ISV: what a hypervisor needs to emulate the access. */
static uint64_t instruction_syndrome(const struct data_access *a)
{
    if ((a->flags & (MEM_NO_ISV | MEM_PAIR)) || a->cmo) {
        return 0;
    }
    unsigned sas = (unsigned)__builtin_ctz(a->insn_size);
    return ISS_ISV | (uint64_t)sas << 22 | (uint64_t)!!(a->flags & MEM_SIGNED) << 21 |
           (uint64_t)extract32(a->flags, MEM_SRT_SHIFT, 5) << 16 |
           (uint64_t)!!(a->flags & MEM_SF) << 15 | (uint64_t)!!(a->flags & MEM_ACQREL) << 14;
}

static uint64_t access_bits(const struct data_access *a, bool write)
{
    return (a->cmo ? ISS_CM | ISS_WNR : 0) | (write ? ISS_WNR : 0);
}

static bool is_write(const struct data_access *a)
{
    return a->acc == ACC_WRITE || a->acc == ACC_RMW;
}

static void set_hpfar(struct cpu *c, const struct xlat_fault *f)
{
    uint64_t v = extract64(f->ipa.v, 12, 40) << 4;
    if (cpu_pas(c) == PAS_S && f->ipa_ns) {
        v |= BIT(63);
    }
    c->sr[SR_HPFAR_EL2] = v;
}

static unsigned fault_target(const struct cpu *c, const struct xlat_fault *f)
{
    unsigned el = f->type == XF_EXT_ABORT ? external_target(c) : stage1_target(c);
    return f->stage == 2 && el < 2 ? 2 : el;
}

static void log_fault(const struct cpu *c, const char *what, uint64_t va,
                      const struct xlat_fault *f)
{
    log_trace(LOG_MMU, "cpu",
              "pe %u: %s at va %#" G_GINT64_MODIFIER "x, pc %#" G_GINT64_MODIFIER
              "x: stage %u level %d status %#x",
              c->cfg.index, what, va, c->pc, f->stage, f->level, xlat_fault_status(f));
}

void abort_data(struct cpu *c, const struct data_access *a, const struct xlat_fault *f)
{
    unsigned target = fault_target(c, f);
    uint64_t iss = xlat_fault_status(f) | access_bits(a, f->write) | abort_iss2(f);
    if (UNLIKELY(log_on(LOG_MMU))) {
        log_fault(c, "data abort", a->va, f);
    }
    if (f->stage == 2) {
        bool external = f->type == XF_EXT_ABORT;
        set_hpfar(c, f);
        iss |= f->s1_walk ? ISS_S1PTW : external ? 0 : instruction_syndrome(a);
    }
    exc_take_fault(c, target, abort_class(c, target, false), iss, a->va);
}

void abort_alignment(struct cpu *c, const struct data_access *a)
{
    unsigned target = stage1_target(c);
    bool write = a->acc == ACC_WRITE;
    exc_take_fault(c, target, abort_class(c, target, false), FSC_ALIGNMENT | access_bits(a, write),
                   a->va);
}

void abort_external(struct cpu *c, const struct data_access *a)
{
    unsigned target = external_target(c);
    exc_take_fault(c, target, abort_class(c, target, false),
                   FSC_EXTERNAL | access_bits(a, is_write(a)), a->va);
}

void abort_external_fetch(struct cpu *c, uint64_t va)
{
    unsigned target = external_target(c);
    exc_take_fault(c, target, abort_class(c, target, true), FSC_EXTERNAL, va);
}

void abort_unsupported(struct cpu *c, const struct data_access *a)
{
    unsigned target = stage1_target(c);
    exc_take_fault(c, target, abort_class(c, target, false),
                   FSC_UNSUPPORTED | access_bits(a, a->acc == ACC_WRITE), a->va);
}

/* ---- translations ---- */

static void trace_fault(struct cpu *c, unsigned acc, uint64_t va, const struct xlat_fault *f)
{
    TRACE(cpu_trace_port(c), TRACE_WALK_FAULT, acc, va, f->stage, xlat_fault_status(f), f->ipa.v);
}

bool translate_data(struct cpu *c, const struct data_access *a, struct xlat_result *out)
{
    bool unpriv = a->flags & MEM_UNPRIV;
    const struct context *ctx = context_for_walk(c, unpriv, a->va);
    struct xlat_req req = {.va = va(a->va),
                           .acc = a->acc,
                           .el0 = ctx->el0,
                           .pan = ctx->pan,
                           .unaligned = a->unaligned,
                           .cmo = a->cmo};
    struct walk_port port = translate_walk_port(c);
    struct xlat_fault fault;
    if (xlat_walk(&ctx->cfg, &req, &port, out, &fault)) {
        TRACE(cpu_trace_port(c), TRACE_WALK, a->acc, a->va, out->pa.v, out->size_log2);
        return true;
    }
    trace_fault(c, a->acc, a->va, &fault);
    abort_data(c, a, &fault);
    return false;
}

bool translate_fetch(struct cpu *c, uint64_t addr, struct xlat_result *out)
{
    const struct context *ctx = context_for_walk(c, false, addr);
    struct xlat_req req = {.va = va(addr), .acc = ACC_FETCH, .el0 = ctx->el0};
    struct walk_port port = translate_walk_port(c);
    struct xlat_fault f;
    if (xlat_walk(&ctx->cfg, &req, &port, out, &f)) {
        TRACE(cpu_trace_port(c), TRACE_WALK, ACC_FETCH, addr, out->pa.v, out->size_log2);
        return true;
    }
    trace_fault(c, ACC_FETCH, addr, &f);
    unsigned target = fault_target(c, &f);
    uint64_t iss = xlat_fault_status(&f) | (f.s1_walk ? ISS_S1PTW : 0) | abort_iss2(&f);
    if (UNLIKELY(log_on(LOG_MMU))) {
        log_fault(c, "instruction abort", addr, &f);
    }
    if (f.stage == 2) {
        set_hpfar(c, &f);
    }
    exc_take_fault(c, target, abort_class(c, target, true), iss, addr);
    return false;
}
