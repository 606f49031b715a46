/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walker over any configuration and any memory: it ends, reads a bounded number of descriptors,
 * names a fault or gives an address of the implemented size, changes only access flags and dirty
 * bits, and gives the same answer the second time, also through a TLB.
 */
#include <stdlib.h>
#include <string.h>

#include "mmu/pte.h"
#include "mmu/tlb.h"
#include "mmu/walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 4 levels of stage 1 and the access, each with 5 levels of stage 2, twice for an update. */
#define MAX_READS 80
#define MAX_CAS   (64 * 12)
#define N_WORDS   512

#define CHECK(x)                                                                                   \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

struct memory {
    uint64_t word[N_WORDS]; /* addresses fold onto this */
    unsigned reads, cas;
    uint8_t mischief; /* bit 0: some reads abort, bit 1: some updates, bit 2: lost races */
};

static uint64_t *slot(struct memory *m, pa_t pa)
{
    return &m->word[(pa.v >> 3 ^ pa.v >> 12 ^ pa.v >> 21) % N_WORDS];
}

static enum bus_result mem_read(void *opaque, pa_t pa, enum pas pas, uint64_t *out)
{
    struct memory *m = opaque;
    m->reads++;
    CHECK(pa.v >> 52 == 0 && pa.v % 8 == 0 && pas <= PAS_S);
    *out = *slot(m, pa);
    return (m->mischief & 1) && m->reads % 7 == 0 ? BUS_DECERR : BUS_OK;
}

static enum bus_result mem_cas(void *opaque, pa_t pa, enum pas pas, uint64_t expect,
                               uint64_t desired, uint64_t *seen)
{
    struct memory *m = opaque;
    uint64_t *w = slot(m, pa);
    uint64_t change = expect ^ desired;
    const uint64_t may = PTE_AF | PTE_AP2;
    m->cas++;
    CHECK((change & ~may) == 0 || (__builtin_bswap64(change) & ~may) == 0);
    if ((m->mischief & 2) && m->cas % 3 == 0) {
        return BUS_SLVERR;
    }
    *seen = *w;
    if ((m->mischief & 4) && m->cas % 2 == 0) {
        *seen ^= 8;
    } else if (*w == expect) {
        *w = desired;
    }
    return BUS_OK;
}

/* What a builder of configurations guarantees. */
static void sanitize(struct xlat_cfg *c)
{
    static const uint8_t granules[4] = {12, 14, 16, 12};
    static const uint8_t sizes[8] = {32, 36, 40, 42, 44, 48, 52, 52};
    bool *flags[] = {&c->lva,       &c->ttst,          &c->xs,     &c->sif,     &c->s1.on,
                     &c->s1.icache, &c->s1.default_wb, &c->s1.wxn, &c->s1.epan, &c->s1.nv1,
                     &c->s1.dcache, &c->s1.big_endian, &c->s1.ha,  &c->s1.hd,   &c->s1.ds,
                     &c->s2.on,     &c->s2.fwb,        &c->s2.ptw, &c->s2.cd,   &c->s2.id,
                     &c->s2.xnx,    &c->s2.big_endian, &c->s2.ha,  &c->s2.hd,   &c->s2.ds,
                     &c->s1.cmow,   &c->s2.cmow,       &c->s1.pie, &c->s1.poe,  &c->s1.e0poe,
                     &c->s2.pie,    &c->s2.poe};
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        uint8_t b;
        memcpy(&b, flags[i], 1);
        *flags[i] = b & 1;
    }
    c->regime %= REGIME_N;
    c->pas %= PAS_S + 1;
    c->pa_bits = sizes[c->pa_bits & 7];
    c->s1.ps_bits = sizes[c->s1.ps_bits & 7];
    c->s2.ps_bits = sizes[c->s2.ps_bits & 7];
    c->s1.ds = c->s1.ds && c->pa_bits == 52;
    c->s2.ds = c->s2.ds && c->pa_bits == 52;
    c->s2.on = c->s2.on && c->regime == REGIME_EL10;
    for (unsigned i = 0; i < 2; i++) {
        struct xlat_half *h = &c->s1.half[i];
        bool *half_flags[] = {&h->epd, &h->hpd, &h->tbi, &h->tbid, &h->e0pd};
        for (size_t f = 0; f < ARRAY_LEN(half_flags); f++) {
            uint8_t b;
            memcpy(&b, half_flags[f], 1);
            *half_flags[f] = b & 1;
        }
        h->tsz &= 63;
        h->granule_log2 = granules[h->granule_log2 & 3];
        h->sh &= 3;
        struct xlat_s2_space *s = &c->s2.space[i];
        s->tsz &= 63;
        s->granule_log2 = granules[s->granule_log2 & 3];
        s->sl &= 7;
        s->walk_pas = c->pas == PAS_NS ? PAS_NS : s->walk_pas & 1;
        s->out_pas = c->pas == PAS_NS ? PAS_NS : s->out_pas & 1;
    }
}

static struct xlat_req request(uint64_t va, uint32_t bits)
{
    return (struct xlat_req){.va = {va},
                             .acc = (uint8_t)(bits % (ACC_ANY + 1)),
                             .el0 = bit(bits, 8),
                             .pan = bit(bits, 9),
                             .unaligned = bit(bits, 10),
                             .cmo = bit(bits, 11),
                             .at = bit(bits, 12),
                             .stage1_only = bit(bits, 12) && bit(bits, 13),
                             .debug = bit(bits, 14)};
}

static void check_result(const struct xlat_cfg *c, const struct xlat_req *q,
                         const struct xlat_result *r)
{
    CHECK(r->pa.v >> c->pa_bits == 0 && r->pas <= PAS_S);
    CHECK(r->size_log2 >= 12 && r->size_log2 < 48);
    CHECK(xlat_pa(r, q->va).v == r->pa.v);
    CHECK((r->perm & ~(PERM_ALL | PERM_PAN)) == 0);
    if (!q->at && !q->cmo && !q->debug) {
        CHECK(xlat_perm_allows(r, q));
        CHECK(r->cacheable);
    }
}

static void check_fault(const struct xlat_cfg *c, const struct xlat_fault *f)
{
    CHECK(f->stage == 1 || (f->stage == 2 && c->s2.on));
    CHECK(f->level >= -1 && f->level <= 3);
    CHECK(!f->s1_walk || (f->stage == 2 && c->s1.on));
    CHECK(xlat_fault_status(f) < 0x40);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xlat_cfg c;
    struct memory m = {0};
    uint64_t va;
    uint32_t bits;
    if (size < sizeof(c) + sizeof(va) + sizeof(bits) + 9) {
        return 0;
    }
    memcpy(&c, data, sizeof(c));
    memcpy(&va, data + sizeof(c), sizeof(va));
    memcpy(&bits, data + sizeof(c) + sizeof(va), sizeof(bits));
    data += sizeof(c) + sizeof(va) + sizeof(bits);
    size -= sizeof(c) + sizeof(va) + sizeof(bits);
    m.mischief = data[0];
    for (size_t i = 0; i < N_WORDS * 8; i++) {
        ((uint8_t *)m.word)[i] = data[1 + i % (size - 1)];
    }
    sanitize(&c);
    struct xlat_req q = request(va, bits);
    struct walk_port port = {.read = mem_read, .cas = mem_cas, .opaque = &m};
    struct xlat_result r, again;
    struct xlat_fault f, f2;
    bool ok = xlat_walk(&c, &q, &port, &r, &f);
    CHECK(m.reads <= MAX_READS * (m.cas + 1) && m.cas <= MAX_CAS);
    if (!ok) {
        check_fault(&c, &f);
        return 0;
    }
    check_result(&c, &q, &r);
    m.mischief = 0;
    m.cas = 0;
    uint64_t before[N_WORDS];
    memcpy(before, m.word, sizeof(before));
    if (xlat_walk(&c, &q, &port, &again, &f2) && memcmp(before, m.word, sizeof(before)) == 0) {
        CHECK(again.pa.v == r.pa.v || m.cas != 0);
    }
    struct tlb *t = tlb_new(64);
    struct tlb_key k = tlb_key_of(&c, q.va, q.acc == ACC_FETCH);
    tlb_insert(t, &k, &r);
    const struct xlat_result *hit = tlb_lookup(t, &k);
    CHECK((hit != NULL) == (r.cacheable && k.stages != 0));
    CHECK(hit == NULL || xlat_pa(hit, q.va).v == r.pa.v);
    tlb_free(t);
    return 0;
}
