/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The register engine. Tables are sorted by offset (a unit test walks them), lookup is a binary
 * search; arrays whose elements interleave (stride larger than size) are found by looking back.
 */
#include "core/regs.h"

#include <string.h>

#include "base/bits.h"
#include "base/log.h"
#include "core/device.h"

static unsigned n_elems(const struct reg_desc *r)
{
    return r->count == 0 ? 1 : r->count;
}

static unsigned stride(const struct reg_desc *r)
{
    return r->stride == 0 ? r->size : r->stride;
}

static unsigned allowed_widths(const struct reg_desc *r)
{
    return r->widths != 0 ? r->widths : r->size;
}

/* The element of r that holds offset, or -1. */
static int element(const struct reg_desc *r, uint32_t offset)
{
    uint32_t rel = offset - r->offset;
    bool inside = rel / stride(r) < n_elems(r) && rel % stride(r) < r->size;
    return inside ? (int)(rel / stride(r)) : -1;
}

const struct reg_desc *regs_find(const struct reg_block *b, uint32_t offset, unsigned *out_idx)
{
    size_t lo = 0;
    size_t hi = b->n_regs;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (b->regs[mid].offset <= offset) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    while (lo-- > 0) {
        int idx = element(&b->regs[lo], offset);
        if (idx >= 0) {
            *out_idx = (unsigned)idx;
            return &b->regs[lo];
        }
    }
    return NULL;
}

static uint8_t *storage(struct device *d, const struct reg_desc *r, unsigned idx)
{
    return (uint8_t *)d + r->st_off + (size_t)idx * r->st_size;
}

static uint64_t load(struct device *d, const struct reg_desc *r, unsigned idx)
{
    uint64_t v = 0;
    if (r->st_size != 0) {
        memcpy(&v, storage(d, r, idx), r->st_size); /* little endian host */
    }
    return v;
}

static void store(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v)
{
    if (r->st_size != 0) {
        memcpy(storage(d, r, idx), &v, r->st_size);
    }
}

void regs_reset(struct device *d, const struct reg_block *b, bool warm)
{
    for (size_t i = 0; i < b->n_regs; i++) {
        const struct reg_desc *r = &b->regs[i];
        if (r->st_size == 0 || (r->flags & REGF_VIEW) != 0 ||
            (warm && (r->flags & REGF_NORESET) != 0)) {
            continue;
        }
        for (unsigned k = 0; k < n_elems(r); k++) {
            store(d, r, k, r->reset);
        }
    }
}

static uint64_t read_full(struct device *d, const struct reg_desc *r, unsigned idx,
                          const struct bus_txn *t)
{
    return r->read != NULL ? r->read(d, r, idx, t) : load(d, r, idx);
}

/* v: the written bytes in their place; bytes: which bits of the register they are. */
static void write_full(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                       uint64_t bytes, const struct bus_txn *t)
{
    uint64_t old = load(d, r, idx);
    uint64_t m = r->wmask & bytes;
    uint64_t now = (old & ~m) | (v & m);
    now &= ~(v & r->w1c & bytes);
    now |= v & r->w1s & bytes;
    store(d, r, idx, now);
    if (r->write != NULL) {
        uint64_t rest = (r->w1c | r->w1s) != 0 ? 0 : old & ~bytes;
        r->write(d, r, idx, (v & bytes) | rest, t);
    }
}

/* No register, or not in this width. */
static int refuse(struct device *d, const struct reg_block *b, const struct reg_desc *r,
                  struct bus_txn *t)
{
    if (!t->debug) {
        log_guest(d->id, "%s of %u bytes at offset %#x: %s", t->write ? "write" : "read", t->size,
                  (unsigned)t->pa.v, r == NULL ? "no register" : r->name);
    }
    t->data = t->write ? t->data : 0;
    return b->unmapped_is_error ? BUS_SLVERR : BUS_OK;
}

int regs_access(struct device *d, const struct reg_block *b, struct bus_txn *t)
{
    unsigned idx = 0;
    uint32_t offset = (uint32_t)t->pa.v;
    const struct reg_desc *r = regs_find(b, offset, &idx);
    uint64_t at = r != NULL ? (offset - r->offset) % stride(r) : 0;
    bool fits = r != NULL && (allowed_widths(r) & t->size) != 0 && at % t->size == 0 &&
                at + t->size <= r->size;
    if (!fits) {
        return refuse(d, b, r, t);
    }
    if ((r->flags & REGF_SECURE) != 0 && t->attrs.pas == PAS_NS) {
        t->data = t->write ? t->data : 0;
        return BUS_OK;
    }
    uint64_t bytes = mask64(0, t->size * 8U) << at * 8;
    if (t->write) {
        write_full(d, r, idx, t->data << at * 8, bytes, t);
    } else {
        t->data = (read_full(d, r, idx, t) & bytes) >> at * 8;
    }
    return BUS_OK;
}
