/* SPDX-License-Identifier: Apache-2.0 */
#include "debug/memory.h"

#include <string.h>

#include "base/bits.h"
#include "cpu/cpu.h"
#include "machine/machine.h"

#define PAGE_BYTES 4096U

/* In a machine with two Security states a physical address means both. */
static uint8_t pas_of_physical(struct machine *m, unsigned pe, pa_t at)
{
    struct mem_attrs ns = {.requester_id = pe, .pas = PAS_NS};
    struct bus_txn t = {.pa = at, .size = 1, .attrs = ns, .debug = true};
    return bus_access(machine_bus(m), &t) == BUS_OK ? PAS_NS : PAS_S;
}

static bool is_same(const struct cpu_context *a, const struct cpu_context *b)
{
    return a->regime == b->regime && a->pas == b->pas && a->el0 == b->el0 &&
           a->shared == b->shared && a->s1 == b->s1 && a->s2 == b->s2 && a->asid == b->asid &&
           a->vmid == b->vmid && a->ttbr[0] == b->ttbr[0] && a->ttbr[1] == b->ttbr[1] &&
           a->vttbr == b->vttbr;
}

/* How well a context of PE i serves the view; 0: not at all. */
static unsigned rank(const struct memory_view *v, bool own, const struct cpu_context *x)
{
    if (v->kind == MEMORY_CONTEXT) {
        return own && is_same(&v->context, x);
    }
    return x->s2 && x->vmid == v->vmid ? 1 + 8 * x->current + 4 * x->s1 + 2 * (x->number != 0) + own
                                       : 0;
}

bool memory_find_context(struct machine *m, unsigned pe, const struct memory_view *v,
                         unsigned *out_pe, unsigned *out_i)
{
    unsigned best = 0;
    for (unsigned p = 0; p < machine_n_pes(m); p++) {
        struct cpu_context x;
        for (unsigned i = 0; cpu_context_at(machine_pe(m, p), i, &x); i++) {
            unsigned r = rank(v, p == pe, &x);
            if (r > best) {
                best = r;
                *out_pe = p;
                *out_i = i;
            }
        }
    }
    return best != 0;
}

bool memory_walk_context(struct machine *m, unsigned pe, const struct memory_view *v, uint64_t addr,
                         struct cpu_walk *out)
{
    unsigned owner, i;
    *out = (struct cpu_walk){0};
    return memory_find_context(m, pe, v, &owner, &i) &&
           cpu_walk_context(machine_pe(m, owner), i, v->ipa, addr, out);
}

bool memory_translate(struct machine *m, unsigned pe, const struct memory_view *v, uint64_t addr,
                      struct memory_place *out)
{
    struct cpu *c = machine_pe(m, pe);
    struct cpu_walk w = {0};

    out->len = PAGE_BYTES - addr % PAGE_BYTES;
    switch (v->kind) {
    case MEMORY_PHYSICAL:
        out->pa = pa(addr);
        out->pas = pas_of_physical(m, pe, out->pa);
        return true;
    case MEMORY_PE:
        w.ok = cpu_walk(c, cpu_get_el(c), addr, &w);
        break;
    case MEMORY_EL:
        w.ok = cpu_walk(c, v->el, addr, &w);
        break;
    case MEMORY_CONTEXT:
    case MEMORY_VM:
        w.ok = memory_walk_context(m, pe, v, addr, &w);
        break;
    }
    out->pa = w.pa;
    out->pas = w.pas;
    return w.ok;
}

/* One access of a size that a register may have. */
static unsigned piece_size(pa_t at, size_t len)
{
    unsigned size = 8;
    while (size > len || at.v % size != 0) {
        size /= 2;
    }
    return size;
}

static bool device_access(struct bus *b, const struct mem_attrs *a, pa_t at, uint8_t *buf,
                          size_t len, bool write)
{
    while (len > 0) {
        unsigned size = piece_size(at, len);
        struct bus_txn t = {
            .pa = at, .attrs = *a, .size = (uint8_t)size, .write = write, .debug = !write};
        if (write) {
            memcpy(&t.data, buf, size);
        }
        if (bus_access(b, &t) != BUS_OK) {
            return false;
        }
        if (!write) {
            memcpy(buf, &t.data, size);
        }
        at.v += size;
        buf += size;
        len -= size;
    }
    return true;
}

static bool access_place(struct machine *m, unsigned pe, const struct memory_place *p, uint8_t *buf,
                         size_t len, bool write)
{
    struct mem_attrs a = {.requester_id = pe, .pas = p->pas, .priv = true};
    uint8_t *host = bus_ram_span(machine_bus(m), p->pa, len, &a, write);
    if (host == NULL) {
        return device_access(machine_bus(m), &a, p->pa, buf, len, write);
    }
    memcpy(write ? host : buf, write ? buf : host, len);
    if (write) {
        for (unsigned i = 0; i < machine_n_pes(m); i++) {
            cpu_invalidate_code(machine_pe(m, i), p->pa, len);
        }
    }
    return true;
}

static size_t copy(struct machine *m, unsigned pe, const struct memory_view *v, uint64_t addr,
                   uint8_t *buf, size_t len, bool write)
{
    size_t done = 0;
    while (done < len) {
        struct memory_place p;
        if (!memory_translate(m, pe, v, addr + done, &p)) {
            break;
        }
        size_t n = MIN(p.len, len - done);
        if (!access_place(m, pe, &p, buf + done, n, write)) {
            break;
        }
        done += n;
    }
    return done;
}

size_t memory_read(struct machine *m, unsigned pe, const struct memory_view *v, uint64_t addr,
                   void *buf, size_t len)
{
    return copy(m, pe, v, addr, buf, len, false);
}

size_t memory_write(struct machine *m, unsigned pe, const struct memory_view *v, uint64_t addr,
                    const void *buf, size_t len)
{
    return copy(m, pe, v, addr, (uint8_t *)(uintptr_t)buf, len, true);
}
