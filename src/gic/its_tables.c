/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of the ITS. Arm IHI 0069H, 5.2 "The ITS": GITS_BASER<n> gives the device, the collection
 * and the vPE table, flat or in two levels; MAPD gives each device its interrupt translation table.
 * What an entry looks like is IMPLEMENTATION DEFINED, here 8 bytes each (vPEs: see vpe_pack):
 *
 *   device      [0] valid, [5:1] bits of EventID - 1, [51:8] address of the ITT
 *   collection  [0] valid, [31:16] number of the PE
 *   event       [0] valid, [1] virtual, [31:16] ICID or vPEID, [47:32] INTID, [63:48] doorbell
 */
#include "gic/its_internal.h"

#define VALID   BIT(0)
#define VIRTUAL BIT(1)
#define ITT_PA  mask64(8, 44)

#define BASER_VALID    BIT(63)
#define BASER_INDIRECT BIT(62)

unsigned its_entry_bytes(const struct its *s, unsigned n)
{
    return ITS_ENTRY_BYTES * (n == ITS_BASER_VPES ? vpe_entry_words(s->g) : 1);
}

static struct gic_table table_of(const struct its *s, unsigned n)
{
    uint64_t baser = s->baser[n];
    uint32_t page = gic_table_page((unsigned)extract64(baser, 8, 2));
    uint64_t base = baser & mask64(12, 36);
    if (page == 1U << 16) { /* [15:12] are bits [51:48] of the address */
        base = (baser & mask64(16, 32)) | extract64(baser, 12, 4) << 48;
    }
    return (struct gic_table){
        .valid = (baser & BASER_VALID) != 0,
        .indirect = (baser & BASER_INDIRECT) != 0,
        .base = base & ~(uint64_t)(page - 1),
        .page = page,
        .n_pages = (uint32_t)extract64(baser, 0, 8) + 1,
        .entry = its_entry_bytes(s, n),
    };
}

static enum its_result locate(const struct its *s, unsigned n, uint32_t id, pa_t *out)
{
    struct gic_table t = table_of(s, n);
    return id >> ITS_ID_BITS != 0 ? ITS_REFUSED : gic_table_locate(s->g, &t, id, out);
}

static enum its_result get(const struct its *s, unsigned n, uint32_t id, uint64_t *out)
{
    pa_t at;
    enum its_result r = locate(s, n, id, &at);
    return r == ITS_DONE ? gic_table_load(s->g, at, out, its_entry_bytes(s, n) / 8) : r;
}

static enum its_result put(const struct its *s, unsigned n, uint32_t id, const uint64_t *v)
{
    pa_t at;
    enum its_result r = locate(s, n, id, &at);
    return r == ITS_DONE ? gic_table_store(s->g, at, v, its_entry_bytes(s, n) / 8) : r;
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
    v = d->valid ? v : 0;
    return put(s, ITS_BASER_DEVICES, id, &v);
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
    uint64_t v = c->valid ? VALID | (uint64_t)c->pe << 16 : 0;
    return put(s, ITS_BASER_COLLECTIONS, id, &v);
}

enum its_result its_get_vpe(const struct its *s, uint32_t id, struct vpe *out)
{
    uint64_t v[VPE_MAX_WORDS] = {0};
    enum its_result r = get(s, ITS_BASER_VPES, id, v);
    *out = vpe_unpack(s->g, (uint16_t)id, v);
    return r;
}

enum its_result its_put_vpe(const struct its *s, const struct vpe *v)
{
    uint64_t words[VPE_MAX_WORDS] = {0};
    if (v->valid) {
        vpe_pack(v, words);
    }
    return put(s, ITS_BASER_VPES, v->id, words);
}

static enum its_result locate_event(const struct its_device *d, uint32_t id, pa_t *out)
{
    *out = pa(d->itt + (uint64_t)id * ITS_ENTRY_BYTES);
    return its_unless(id >> d->event_bits != 0);
}

enum its_result its_get_event(const struct its *s, const struct its_device *d, uint32_t id,
                              struct its_event *out)
{
    uint64_t v = 0;
    pa_t at;
    enum its_result r = locate_event(d, id, &at);
    if (r == ITS_DONE) {
        r = gic_table_load(s->g, at, &v, 1);
    }
    bool is_virtual = (v & VIRTUAL) != 0;
    *out = (struct its_event){
        .valid = (v & VALID) != 0 && (!is_virtual || gic_has_vlpis(s->g)),
        .is_virtual = is_virtual,
        .icid = (uint16_t)extract64(v, 16, 16),
        .intid = (uint16_t)extract64(v, 32, 16),
        .doorbell = (uint16_t)extract64(v, 48, 16),
    };
    return r;
}

enum its_result its_put_event(const struct its *s, const struct its_device *d, uint32_t id,
                              const struct its_event *e)
{
    uint64_t v = VALID | (e->is_virtual ? VIRTUAL : 0) | (uint64_t)e->icid << 16 |
                 (uint64_t)e->intid << 32 | (uint64_t)e->doorbell << 48;
    pa_t at;
    enum its_result r = locate_event(d, id, &at);
    v = e->valid ? v : 0;
    return r == ITS_DONE ? gic_table_store(s->g, at, &v, 1) : r;
}
