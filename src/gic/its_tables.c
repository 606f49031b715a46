/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of the ITS. Arm IHI 0069H, 5.2 "The ITS": GITS_BASER<n> gives the device and the
 * collection table, flat or in two levels; MAPD gives each device its interrupt translation table.
 * What an entry looks like is IMPLEMENTATION DEFINED, here 8 bytes each:
 *
 *   device      [0] valid, [5:1] bits of EventID - 1, [51:8] address of the ITT
 *   collection  [0] valid, [31:16] number of the PE
 *   event       [0] valid, [31:16] ICID, [47:32] INTID
 *
 * Tables are RAM: nothing else is reached, so a table on top of registers is one that fails.
 */
#include <string.h>

#include "gic/its_internal.h"

#define ENTRY_BYTES 8U
#define VALID       BIT(0)

#define BASER_VALID    BIT(63)
#define BASER_INDIRECT BIT(62)
#define L1_VALID       BIT(63)
#define L1_PA          mask64(12, 40)
#define ITT_PA         mask64(8, 44)

static bool load(const struct its *s, pa_t at, uint64_t *out)
{
    const uint8_t *p = gic_ram(s->g, at, ENTRY_BYTES, false);
    if (p != NULL) {
        memcpy(out, p, ENTRY_BYTES); /* little endian host */
    }
    return p != NULL;
}

static enum its_result store(const struct its *s, pa_t at, uint64_t v)
{
    uint8_t *p = gic_ram(s->g, at, ENTRY_BYTES, true);
    if (p == NULL) {
        return ITS_STALLED;
    }
    memcpy(p, &v, ENTRY_BYTES);
    return ITS_DONE;
}

/* A table as its GITS_BASER<n> describes it. */
struct table {
    uint64_t base;
    uint32_t page; /* bytes */
    uint32_t n_pages;
    bool indirect;
};

static struct table table_of(uint64_t baser)
{
    static const uint8_t page_log2[] = {12, 14, 16, 16}; /* 0b11 is reserved: as 0b10 */
    unsigned log2 = page_log2[extract64(baser, 8, 2)];
    uint64_t base = baser & mask64(12, 36);
    if (log2 == 16) { /* [15:12] are bits [51:48] of the address */
        base = (baser & mask64(16, 32)) | extract64(baser, 12, 4) << 48;
    }
    return (struct table){
        .base = base & ~mask64(0, log2),
        .page = UINT32_C(1) << log2,
        .n_pages = (uint32_t)extract64(baser, 0, 8) + 1,
        .indirect = (baser & BASER_INDIRECT) != 0,
    };
}

/* Where entry id is. ITS_REFUSED: the table does not reach that far. */
static enum its_result locate(const struct its *s, unsigned n, uint32_t id, pa_t *out)
{
    struct table t = table_of(s->baser[n]);
    uint32_t per_page = t.page / ENTRY_BYTES;
    uint64_t l1;
    if (!(s->baser[n] & BASER_VALID) || id >> ITS_ID_BITS != 0) {
        return ITS_REFUSED;
    }
    if (!t.indirect) {
        *out = pa(t.base + (uint64_t)id * ENTRY_BYTES);
        return id < t.n_pages * per_page ? ITS_DONE : ITS_REFUSED;
    }
    if (id / per_page >= t.n_pages * (t.page / sizeof(l1))) {
        return ITS_REFUSED;
    }
    if (!load(s, pa(t.base + id / per_page * sizeof(l1)), &l1)) {
        return ITS_STALLED;
    }
    *out = pa((l1 & L1_PA & ~(uint64_t)(t.page - 1)) + (uint64_t)(id % per_page) * ENTRY_BYTES);
    return l1 & L1_VALID ? ITS_DONE : ITS_REFUSED;
}

static enum its_result get(const struct its *s, unsigned n, uint32_t id, uint64_t *out)
{
    pa_t at;
    enum its_result r = locate(s, n, id, &at);
    return r == ITS_DONE && !load(s, at, out) ? ITS_STALLED : r;
}

static enum its_result put(const struct its *s, unsigned n, uint32_t id, uint64_t v)
{
    pa_t at;
    enum its_result r = locate(s, n, id, &at);
    return r == ITS_DONE ? store(s, at, v) : r;
}

enum its_result its_get_device(const struct its *s, uint32_t id, struct its_device *out)
{
    uint64_t v = 0;
    enum its_result r = get(s, ITS_BASER_DEVICES, id, &v);
    unsigned bits = (unsigned)extract64(v, 1, 5) + 1;
    /* The table is the guest's memory: any value is possible. */
    *out = (struct its_device){
        .valid = (v & VALID) != 0,
        .event_bits = (uint8_t)(bits < ITS_ID_BITS ? bits : ITS_ID_BITS),
        .itt = v & ITT_PA,
    };
    return r;
}

enum its_result its_put_device(const struct its *s, uint32_t id, const struct its_device *d)
{
    uint64_t v = VALID | (uint64_t)(d->event_bits - 1) << 1 | d->itt;
    return put(s, ITS_BASER_DEVICES, id, d->valid ? v : 0);
}

enum its_result its_get_collection(const struct its *s, uint32_t id, struct its_collection *out)
{
    uint64_t v = 0;
    enum its_result r = get(s, ITS_BASER_COLLECTIONS, id, &v);
    *out = (struct its_collection){(v & VALID) != 0, (uint16_t)extract64(v, 16, 16)};
    return r == ITS_DONE && out->pe >= s->g->cfg.n_pe ? ITS_REFUSED : r;
}

enum its_result its_put_collection(const struct its *s, uint32_t id, const struct its_collection *c)
{
    return put(s, ITS_BASER_COLLECTIONS, id, c->valid ? VALID | (uint64_t)c->pe << 16 : 0);
}

static enum its_result locate_event(const struct its_device *d, uint32_t id, pa_t *out)
{
    *out = pa(d->itt + (uint64_t)id * ITS_ITE_BYTES);
    return id >> d->event_bits == 0 ? ITS_DONE : ITS_REFUSED;
}

enum its_result its_get_event(const struct its *s, const struct its_device *d, uint32_t id,
                              struct its_event *out)
{
    uint64_t v = 0;
    pa_t at;
    enum its_result r = locate_event(d, id, &at);
    if (r == ITS_DONE && !load(s, at, &v)) {
        r = ITS_STALLED;
    }
    *out = (struct its_event){
        .valid = (v & VALID) != 0,
        .icid = (uint16_t)extract64(v, 16, 16),
        .intid = (uint16_t)extract64(v, 32, 16),
    };
    return r;
}

enum its_result its_put_event(const struct its *s, const struct its_device *d, uint32_t id,
                              const struct its_event *e)
{
    uint64_t v = VALID | (uint64_t)e->icid << 16 | (uint64_t)e->intid << 32;
    pa_t at;
    enum its_result r = locate_event(d, id, &at);
    return r == ITS_DONE ? store(s, at, e->valid ? v : 0) : r;
}
