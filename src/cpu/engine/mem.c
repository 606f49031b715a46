/* SPDX-License-Identifier: Apache-2.0 */
/* The slow path of data accesses: misses of the fast TLB, devices, page crossing, alignment. */
#include "cpu/engine/mem.h"

#include "cpu/engine/block.h"
#include "cpu/engine/context.h"
#include "cpu/engine/translate.h"
#include "cpu/sys/sysops.h"

#define PAGE      4096U
#define PAGE_MASK (PAGE - 1)

/* ---- alignment ---- */

static uint64_t sctlr_of(const struct cpu *c)
{
    const struct context *ctx = context_data((struct cpu *)(uintptr_t)c, false);
    unsigned owner = c->ps.el != 0 ? c->ps.el : ctx->cfg.regime == REGIME_EL20 ? 2 : 1;
    return c->sr[SR_SCTLR_EL1 + owner - 1];
}

static unsigned element_size(unsigned size, uint32_t flags)
{
    return flags & MEM_BYTES ? 1 : flags & MEM_PAIR ? size / 2 : size;
}

/* AArch64.UnalignedAccessFaults, for an access that is not aligned. */
static bool unaligned_faults(const struct cpu *c, uint64_t va, unsigned size, uint32_t flags)
{
    bool in_quantum = (va & 15) + size <= 16;
    if (bit(sctlr_of(c), 1)) { /* A */
        return true;
    }
    if (flags & (MEM_EXCLUSIVE | MEM_ATOMIC)) {
        return !cpu_has(c, FEAT_LSE2) || !in_quantum;
    }
    if (flags & MEM_ACQREL) {
        return !cpu_has(c, FEAT_LSE2) || (!in_quantum && !bit(sctlr_of(c), 6)); /* nAA */
    }
    return false;
}

/* ---- one page ---- */

/* Where an access of one page goes: host memory, or the bus. */
struct place {
    uint8_t *host;
    pa_t pa;
    struct mem_attrs attrs;
};

static bool may_use_fast_tlb(const struct cpu *c, uint64_t va, const struct xlat_result *r)
{
    return !(r->attr & XA_DEVICE) && !bit(sctlr_of(c), 1) && !debug_page_is_watched(c, va);
}

static struct fast_tlb_entry *back_entry(struct cpu *c, uint64_t va)
{
    return &c->tlb_back[(va >> 12) & (BACK_TLB_SIZE - 1)];
}

static void fill_from_back(struct cpu *c, uint64_t va, const struct fast_tlb_entry *b)
{
    unsigned slot = (va >> 12) & (FAST_TLB_SIZE - 1);
    struct fast_tlb_entry e = {b->tag, b->addend & ~(uint64_t)PAGE_MASK};
    c->tlb_r[slot] = e;
    if (b->addend & BACK_TLB_WRITE) {
        c->tlb_w[slot] = e;
    }
}

/* What a privilege may do with a page. */
static void allowed(const struct context *ctx, const struct xlat_result *r, bool *read, bool *write)
{
    uint8_t perm = ctx->pan ? perm_with_pan(r->perm) : r->perm;
    *read = perm & (ctx->el0 ? PERM_UR : PERM_PR);
    *write = perm & (ctx->el0 ? PERM_UW : PERM_PW);
}

static void fill_fast_tlb(struct cpu *c, const struct data_access *a, const struct context *ctx,
                          const struct xlat_result *r, const struct place *p)
{
    bool writes = a->acc == ACC_WRITE || a->acc == ACC_RMW;
    bool can_read, can_write;
    allowed(ctx, r, &can_read, &can_write);
    if (!can_read) {
        return;
    }
    struct fast_tlb_entry *b = back_entry(c, a->va);
    b->tag = (a->va & ~(uint64_t)PAGE_MASK) | ctx->number;
    b->addend = (uint64_t)(uintptr_t)p->host - a->va;
    if (can_write && (writes || (bus_may_lend(c->bus, p->pa, &p->attrs) &&
                                 bus_ram_span(c->bus, p->pa, 1, &p->attrs, true) != NULL))) {
        b->addend |= BACK_TLB_WRITE;
    }
    fill_from_back(c, a->va, b);
}

static struct slow_tlb_entry *slow_entry(struct cpu *c, uint64_t va)
{
    return &c->tlb_slow[(va >> 12) & (SLOW_TLB_SIZE - 1)];
}

static void fill_slow_tlb(struct cpu *c, const struct data_access *a, const struct context *ctx,
                          const struct xlat_result *r, const struct place *p)
{
    struct slow_tlb_entry *e = slow_entry(c, a->va);
    e->tag = (a->va & ~(uint64_t)PAGE_MASK) | ctx->number;
    e->page = (pa_t){r->pa.v & ~(uint64_t)PAGE_MASK};
    e->host = p->host != NULL ? p->host - (a->va & PAGE_MASK) : NULL;
    e->attrs = p->attrs;
    allowed(ctx, r, &e->read, &e->write);
    if (p->host != NULL && a->acc == ACC_READ) {
        e->write = false; /* memory hears of a page's first write */
    }
}

/* Keep a translation, unless the next access has to be told about it again. */
static void keep(struct cpu *c, const struct data_access *a, const struct xlat_result *r,
                 const struct place *p)
{
    bool unpriv = a->flags & MEM_UNPRIV;
    if (!r->cacheable || c->cfg.tlb == CPU_TLB_OFF ||
        !context_may_keep(c, unpriv, a->va, r->global)) {
        return;
    }
    if (UNLIKELY(c->cfg.tlb == CPU_TLB_TINY)) {
        context_keep_few(c, a->va);
    }
    const struct context *ctx = context_data(c, unpriv);
    if (p->host != NULL && may_use_fast_tlb(c, a->va, r)) {
        fill_fast_tlb(c, a, ctx, r, p);
    } else {
        fill_slow_tlb(c, a, ctx, r, p);
    }
    if (r->size_log2 > 12) {
        context_note_large(c, a->va, r->size_log2);
    }
}

/* The larger TLB behind the fast one knows the page and allows the access. */
static bool find_in_back(struct cpu *c, const struct data_access *a, struct place *out)
{
    const struct fast_tlb_entry *b = back_entry(c, a->va);
    uint64_t ctx = a->flags & MEM_UNPRIV ? c->ctx_unpriv : c->ctx;
    bool write = a->acc == ACC_WRITE || a->acc == ACC_RMW;
    if (b->tag != ((a->va & ~(uint64_t)PAGE_MASK) | ctx) || a->cmo ||
        (write && !(b->addend & BACK_TLB_WRITE))) {
        return false;
    }
    fill_from_back(c, a->va, b);
    out->host = (uint8_t *)(uintptr_t)((b->addend & ~(uint64_t)PAGE_MASK) + a->va);
    return true;
}

static bool find_in_slow(struct cpu *c, const struct data_access *a, struct place *out)
{
    const struct slow_tlb_entry *e = slow_entry(c, a->va);
    uint64_t ctx = a->flags & MEM_UNPRIV ? c->ctx_unpriv : c->ctx;
    if (e->tag != ((a->va & ~(uint64_t)PAGE_MASK) | ctx) || a->cmo || a->unaligned) {
        return false;
    }
    bool ok = a->acc == ACC_READ ? e->read : e->write && (e->read || a->acc == ACC_WRITE);
    if (!ok) {
        return false;
    }
    out->host = e->host != NULL ? e->host + (a->va & PAGE_MASK) : NULL;
    out->pa = pa(e->page.v | (a->va & PAGE_MASK));
    out->attrs = e->attrs;
    return true;
}

/* Translate an access that stays in one page. False: an exception was taken. */
static bool find_place(struct cpu *c, const struct data_access *a, struct place *out)
{
    struct xlat_result r;
    if (find_in_back(c, a, out) || find_in_slow(c, a, out)) {
        return true;
    }
    if (!translate_data(c, a, &r)) {
        return false;
    }
    bool write = a->acc == ACC_WRITE || a->acc == ACC_RMW;
    out->pa = r.pa;
    out->attrs = (struct mem_attrs){.requester_id = c->cfg.index,
                                    .pas = r.pas,
                                    .mair = r.mair,
                                    .priv = c->ps.el != 0 && !(a->flags & MEM_UNPRIV)};
    out->host = bus_ram_span(c->bus, r.pa, a->size, &out->attrs, write);
    keep(c, a, &r, out);
    return true;
}

static bool device_access_one(struct cpu *c, const struct data_access *a, const struct place *p,
                              unsigned off, unsigned size, uint8_t *data)
{
    bool write = a->acc == ACC_WRITE;
    struct bus_txn t = {
        .pa = pa(p->pa.v + off), .attrs = p->attrs, .size = (uint8_t)size, .write = write};
    if (write) {
        memcpy(&t.data, data, size);
    }
    if (bus_access(c->bus, &t) != BUS_OK) {
        abort_external(c, a);
        return false;
    }
    if (!write) {
        memcpy(data, &t.data, size);
    }
    return true;
}

/* Move the bytes of an access that has its place. Devices see elements of at most 8 bytes. */
static bool transfer(struct cpu *c, const struct data_access *a, const struct place *p,
                     uint8_t *data)
{
    if (p->host != NULL) {
        uint8_t *to = a->acc == ACC_WRITE ? p->host : data;
        const uint8_t *from = a->acc == ACC_WRITE ? data : p->host;
        if (LIKELY(a->size == 8)) { /* known to the compiler */
            memcpy(to, from, 8);
        } else {
            memcpy(to, from, a->size);
        }
        return true;
    }
    unsigned step = element_size(a->size, a->flags & MEM_PAIR);
    step = step > 8 ? 8 : step;
    if ((step & (step - 1)) != 0) {
        step = 1; /* part of an access that crosses pages */
    }
    for (unsigned off = 0; off < a->size; off += step) {
        if (!device_access_one(c, a, p, off, step, data + off)) {
            return false;
        }
    }
    return true;
}

/* ---- any access ---- */

struct split {
    struct data_access part[2];
    struct place place[2];
    unsigned n;
};

/* A watchpoint hit: the access does not happen. */
static bool watched(struct cpu *c, uint64_t va, unsigned size, uint32_t flags, enum xlat_access acc)
{
    if (LIKELY(!c->debug.watches)) {
        return false;
    }
    struct watched_access a = {.va = va,
                               .size = size,
                               .read = acc != ACC_WRITE,
                               .write = acc != ACC_READ,
                               .unpriv = flags & MEM_UNPRIV};
    return debug_watch(c, &a);
}

/* Check alignment, split at the page, translate both parts. False: an exception was taken. */
static bool prepare(struct cpu *c, uint64_t va, unsigned size, uint32_t flags, enum xlat_access acc,
                    struct split *s)
{
    struct data_access a = {.va = va,
                            .acc = (uint8_t)acc,
                            .size = (uint8_t)size,
                            .insn_size = (uint8_t)size,
                            .flags = flags};
    unsigned elem = element_size(size, flags);
    a.unaligned = (va & (elem - 1)) != 0;
    if (a.unaligned && unaligned_faults(c, va, size, flags)) {
        abort_alignment(c, &a);
        return false;
    }
    unsigned first = PAGE - (unsigned)(va & PAGE_MASK);
    s->n = 1;
    s->part[0] = a;
    if (first < size) {
        s->n = 2;
        s->part[0].size = (uint8_t)first;
        s->part[1] = a;
        s->part[1].va = va + first;
        s->part[1].size = (uint8_t)(size - first);
    }
    for (unsigned i = 0; i < s->n; i++) {
        if (!find_place(c, &s->part[i], &s->place[i])) {
            return false;
        }
    }
    return !watched(c, va, size, flags, acc);
}

static bool move(struct cpu *c, struct split *s, uint8_t *data)
{
    return transfer(c, &s->part[0], &s->place[0], data) &&
           (s->n == 1 || transfer(c, &s->part[1], &s->place[1], data + s->part[0].size));
}

bool mem_read(struct cpu *c, uint64_t va, unsigned size, uint32_t flags, void *out)
{
    struct split s;
    return prepare(c, va, size, flags, ACC_READ, &s) && move(c, &s, out);
}

bool mem_write(struct cpu *c, uint64_t va, unsigned size, uint32_t flags, const void *in)
{
    struct split s;
    return prepare(c, va, size, flags, ACC_WRITE, &s) && move(c, &s, (uint8_t *)(uintptr_t)in);
}

bool mem_probe_write(struct cpu *c, uint64_t va, unsigned size, unsigned elem, uint32_t flags)
{
    struct split s;
    if ((va & (elem - 1)) != 0 && unaligned_faults(c, va, elem, flags)) {
        abort_alignment(c, &(struct data_access){.va = va, .acc = ACC_WRITE, .flags = flags});
        return false;
    }
    return prepare(c, va, size, flags | MEM_BYTES, ACC_WRITE, &s);
}

void *mem_ptr(struct cpu *c, uint64_t va, unsigned size, uint32_t flags, enum mem_access acc)
{
    static const enum xlat_access kinds[] = {
        [MEM_ACC_READ] = ACC_READ, [MEM_ACC_WRITE] = ACC_WRITE, [MEM_ACC_RMW] = ACC_RMW};
    struct split s;
    if (!prepare(c, va, size, flags, kinds[acc], &s)) {
        return NULL;
    }
    if (s.place[0].host == NULL || s.n != 1) {
        abort_unsupported(c, &s.part[0]);
        return NULL;
    }
    return s.place[0].host;
}

/* ---- cache maintenance by address ---- */

#define LINE_BYTES 64U /* CTR_EL0.IminLine = 4 */

bool cpu_dc_zva(struct cpu *c, uint64_t va)
{
    struct data_access a = {
        .va = va, .acc = ACC_WRITE, .size = 1, .flags = MEM_NO_ISV, .unaligned = true};
    uint64_t base = va & ~(uint64_t)(ZVA_BYTES - 1);
    void *fast = fast_write(c, base, ZVA_BYTES);
    if (fast != NULL) {
        memset(fast, 0, ZVA_BYTES);
        return true;
    }
    struct place p;
    if (!find_place(c, &a, &p) || watched(c, base, ZVA_BYTES, 0, ACC_WRITE)) {
        return false;
    }
    if (p.host == NULL) {
        abort_external(c, &a);
        return false;
    }
    memset(p.host - (va - base), 0, ZVA_BYTES);
    return true;
}

static bool maintain(struct cpu *c, uint64_t va, enum xlat_access acc, struct xlat_result *r)
{
    struct data_access a = {
        .va = va, .acc = (uint8_t)acc, .size = 1, .flags = MEM_NO_ISV, .cmo = true};
    return translate_data(c, &a, r);
}

bool cpu_dc_va(struct cpu *c, uint64_t va, enum dc_kind kind)
{
    struct xlat_result r;
    static const uint8_t needs[] = {
        [DC_INVALIDATE] = ACC_WRITE, [DC_CLEAN] = ACC_CMO, [DC_CLEAN_INVALIDATE] = ACC_CMO_W};
    uint64_t line = va & ~(uint64_t)(LINE_BYTES - 1);
    struct watched_access a = {.va = line, .size = LINE_BYTES, .write = true, .cmo = true};
    bool watches = kind == DC_INVALIDATE && c->debug.watches;
    return maintain(c, va, (enum xlat_access)needs[kind], &r) && !(watches && debug_watch(c, &a));
}

bool cpu_ic_ivau(struct cpu *c, uint64_t va)
{
    struct xlat_result r;
    if (!maintain(c, va, ACC_CMO_W, &r)) {
        return false;
    }
    block_invalidate(c->blocks, r.pa.v & ~(uint64_t)(LINE_BYTES - 1), LINE_BYTES);
    return true;
}
