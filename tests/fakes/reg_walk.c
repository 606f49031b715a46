/* SPDX-License-Identifier: Apache-2.0 */
#include "fakes/reg_walk.h"

#include <glib.h>
#include <string.h>

#include "base/bits.h"

static unsigned n_elems(const struct reg_desc *r)
{
    return r->count == 0 ? 1 : r->count;
}

static unsigned stride(const struct reg_desc *r)
{
    return r->stride == 0 ? r->size : r->stride;
}

static unsigned mistake(const struct device_ops *ops, const struct reg_desc *r, const char *what)
{
    g_printerr("%s, %s: %s\n", ops->type, r->name, what);
    return 1;
}

static unsigned check_alone(const struct device_ops *ops, const struct reg_block *b,
                            const struct reg_desc *r)
{
    unsigned bad = 0;
    if (r->size != 1 && r->size != 2 && r->size != 4 && r->size != 8) {
        return mistake(ops, r, "impossible size");
    }
    uint64_t all = mask64(0, r->size * 8U);
    uint64_t end = r->offset + (uint64_t)(n_elems(r) - 1) * stride(r) + r->size;
    if (r->offset % r->size != 0 || stride(r) % r->size != 0 || stride(r) < r->size) {
        bad += mistake(ops, r, "misaligned");
    }
    if (end > b->size) {
        bad += mistake(ops, r, "outside its region");
    }
    if (((r->reset | r->wmask | r->w1c | r->w1s) & ~all) != 0) {
        bad += mistake(ops, r, "mask or reset value wider than the register");
    }
    if ((r->wmask & r->w1c) != 0 || (r->wmask & r->w1s) != 0 || (r->w1c & r->w1s) != 0) {
        bad += mistake(ops, r, "masks overlap");
    }
    if (r->st_size != 0 && r->st_off + (uint64_t)n_elems(r) * r->st_size > ops->state_size) {
        bad += mistake(ops, r, "storage outside the state");
    }
    if (r->st_size != 0 && r->st_off < sizeof(struct device)) {
        bad += mistake(ops, r, "storage in the device header");
    }
    if (r->st_size == 0 && (r->wmask | r->w1c | r->w1s) != 0) {
        bad += mistake(ops, r, "masks without storage");
    }
    if (r->st_size != 0 && r->st_size < 8 &&
        ((r->reset | r->wmask | r->w1s) & ~mask64(0, r->st_size * 8U)) != 0) {
        bad += mistake(ops, r, "storage narrower than masks or reset value");
    }
    return bad;
}

static bool owns(const struct reg_desc *r)
{
    return r->st_size != 0 && (r->flags & REGF_VIEW) == 0;
}

static unsigned check_pair(const struct device_ops *ops, const struct reg_desc *a,
                           const struct reg_desc *b)
{
    unsigned bad = 0;
    if (strcmp(a->name, b->name) == 0) {
        bad += mistake(ops, b, "name used twice");
    }
    if (a->offset >= b->offset) {
        bad += mistake(ops, b, "not in order of offset");
    }
    if (owns(a) && owns(b) && a->st_off < b->st_off + n_elems(b) * b->st_size &&
        b->st_off < a->st_off + n_elems(a) * a->st_size) {
        bad += mistake(ops, b, "storage has two owners");
    }
    return bad;
}

/* Each byte of each element is found, and found in its own register: nothing overlaps. */
static unsigned check_lookup(const struct device_ops *ops, const struct reg_block *b,
                             const struct reg_desc *r)
{
    for (unsigned i = 0; i < n_elems(r); i++) {
        for (unsigned k = 0; k < r->size; k++) {
            unsigned idx = ~0U;
            if (regs_find(b, r->offset + i * stride(r) + k, &idx) != r || idx != i) {
                return mistake(ops, r, "not found at its offset");
            }
        }
    }
    return 0;
}

unsigned reg_walk_tables(const struct device_ops *ops)
{
    unsigned bad = 0;
    for (size_t n = 0; n < ops->n_regions; n++) {
        const struct reg_block *b = &ops->regions[n];
        for (size_t i = 0; i < b->n_regs; i++) {
            unsigned alone = check_alone(ops, b, &b->regs[i]);
            bad += alone != 0 ? alone : check_lookup(ops, b, &b->regs[i]);
            for (size_t j = 0; j < i; j++) {
                bad += check_pair(ops, &b->regs[j], &b->regs[i]);
            }
        }
    }
    return bad;
}

static unsigned poke(struct device *d, unsigned region, uint64_t offset, unsigned size)
{
    static const uint64_t values[] = {0, 1, 0x80, 0xff, 0x5555555555555555, UINT64_MAX};
    uint64_t all = mask64(0, size * 8);
    unsigned bad = 0;
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct bus_txn w = {
            .pa = pa(offset), .size = (uint8_t)size, .write = true, .data = values[i] & all};
        (void)device_access(d, region, &w);
        for (unsigned debug = 0; debug < 2; debug++) {
            struct bus_txn r = {
                .pa = pa(offset), .size = (uint8_t)size, .debug = debug != 0, .data = UINT64_MAX};
            enum bus_result res = device_access(d, region, &r);
            bad += res == BUS_OK && (r.data & ~all) != 0;
        }
    }
    return bad;
}

unsigned reg_walk_hostile(struct device *d, unsigned region)
{
    const struct reg_block *b = &d->ops->regions[region];
    unsigned bad = 0;
    for (unsigned size = 1; size <= 8; size *= 2) {
        for (uint64_t at = 0; at + size <= MIN(b->size, 0x1000U); at++) {
            bad += poke(d, region, at, size);
        }
        bad += poke(d, region, b->size - size, size);
    }
    return bad;
}
