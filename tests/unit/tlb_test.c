/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLB against a model without one: random maps, changes that software announces with a TLBI
 * that suffices, random look-ups. A hit must be what the model says now.
 */
#include <glib.h>
#include <string.h>

#include "base/bits.h"
#include "fakes/unit.h"
#include "mmu/tlb.h"

/* ---- unit tests ---- */

static const struct tlb_key key0 = {
    .va = {0x400000}, .asid = 1, .vmid = 2, .regime = REGIME_EL10, .pas = PAS_NS, .stages = 3};

static struct xlat_result page(uint64_t pa, bool global)
{
    return (struct xlat_result){.pa = {pa},
                                .ipa = {pa ^ 0x1000000},
                                .size_log2 = 12,
                                .s1_size_log2 = 12,
                                .s2_size_log2 = 12,
                                .global = global,
                                .cacheable = true};
}

static bool hit(struct tlb *t, struct tlb_key k)
{
    return tlb_lookup(t, &k) != NULL;
}

static void test_tags(void **state)
{
    struct tlb *t = tlb_new(256);
    struct xlat_result r = page(0x80000000, false);
    struct tlb_key k = key0;
    assert_false(hit(t, k));
    tlb_insert(t, &k, &r);
    assert_true(hit(t, k));
    k.va.v += 0xfff;
    assert_true(hit(t, k));
    assert_int_equal(xlat_pa(tlb_lookup(t, &k), k.va).v, 0x80000fff);
    k.va.v += 1;
    assert_false(hit(t, k));
#define MISS(field, value)                                                                         \
    k = key0;                                                                                      \
    k.field = value;                                                                               \
    assert_false(hit(t, k))
    MISS(asid, 2);
    MISS(vmid, 3);
    MISS(regime, REGIME_EL20);
    MISS(pas, PAS_S);
    MISS(stages, 1);
    MISS(va.v, 0x400000 | BIT(60));
    r.global = true;
    tlb_insert(t, &key0, &r); /* takes the place of the other */
    k = key0;
    k.asid = 77;
    assert_true(hit(t, k));
    r.cacheable = false;
    k.va.v = 0x700000;
    tlb_insert(t, &k, &r);
    assert_false(hit(t, k));
    tlb_flush(t);
    assert_false(hit(t, key0));
    tlb_free(t);
}

/* Each kind removes what it names and, for these cases, leaves what it does not. */
static void test_kinds(void **state)
{
    static const struct {
        struct tlb_inval op;
        bool asid1, asid2, global, other_vm, el2;
    } cases[] = {
        {{.kind = TLB_INVAL_ALL}, true, true, true, true, false},
        {{.kind = TLB_INVAL_VMALL, .vmid = 2}, true, true, true, false, false},
        {{.kind = TLB_INVAL_VMALLS12, .vmid = 2}, true, true, true, false, false},
        {{.kind = TLB_INVAL_ASID, .vmid = 2, .asid = 1}, true, false, false, false, false},
        {{.kind = TLB_INVAL_VA, .vmid = 2, .asid = 1, .base = 0x400000, .len = 4096},
         true,
         false,
         false,
         false,
         false},
        {{.kind = TLB_INVAL_VA, .vmid = 2, .asid = 1, .base = 0x401000, .len = 4096},
         false,
         false,
         true,
         false,
         false},
        {{.kind = TLB_INVAL_VAA, .vmid = 2, .base = 0x400000, .len = 4096},
         true,
         true,
         false,
         false,
         false},
        {{.kind = TLB_INVAL_VAA, .vmid = 2, .base = 0x300000, .len = 1 << 21},
         true,
         true,
         true,
         false,
         false},
        {{.kind = TLB_INVAL_VMALL, .regime = REGIME_EL2}, false, false, false, false, true},
        {{.kind = TLB_INVAL_ALL, .pas = PAS_S}, false, false, false, false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct tlb *t = tlb_new(2048);
        struct xlat_result r = page(0x80000000, false), g = page(0x80001000, true);
        struct tlb_key k1 = key0, k2 = key0, kg = key0, kv = key0, k3 = key0;
        k2.asid = 2;
        kg.va.v += 0x1000;
        kv.vmid = 9;
        k3.regime = REGIME_EL2;
        k3.asid = k3.vmid = 0;
        k3.stages = 1;
        tlb_insert(t, &k1, &r);
        tlb_insert(t, &k2, &r);
        tlb_insert(t, &kg, &g);
        tlb_insert(t, &kv, &r);
        r.s2_size_log2 = 0;
        r.global = true;
        tlb_insert(t, &k3, &r);
        tlb_invalidate(t, &cases[i].op);
        assert_int_equal(hit(t, k1), !cases[i].asid1);
        assert_int_equal(hit(t, k2), !cases[i].asid2);
        assert_int_equal(hit(t, kg), !cases[i].global);
        assert_int_equal(hit(t, kv), !cases[i].other_vm);
        assert_int_equal(hit(t, k3), !cases[i].el2);
        tlb_free(t);
    }
}

/* One address of a stage 1 block removes every piece that stage 2 made of it. */
static void test_split_blocks(void **state)
{
    struct tlb *t = tlb_new(2048);
    struct tlb_key k = key0;
    for (unsigned i = 0; i < 512; i++) {
        struct xlat_result r = page(0x80000000 + i * 0x2000, true);
        r.s1_size_log2 = 21;
        k.va.v = 0x400000 + i * 0x1000;
        tlb_insert(t, &k, &r);
    }
    k.va.v = 0x400000 + 100 * 0x1000;
    assert_true(hit(t, k));
    struct tlb_inval op = {.kind = TLB_INVAL_VA, .vmid = 2, .base = 0x5ff000, .len = 4096};
    tlb_invalidate(t, &op);
    for (unsigned i = 0; i < 512; i++) {
        k.va.v = 0x400000 + i * 0x1000;
        assert_false(hit(t, k));
    }
    tlb_free(t);
}

static void test_stage2_entries(void **state)
{
    struct tlb *t = tlb_new(256);
    struct xlat_s2_entry e = {.pa = 0x90000000, .size_log2 = 21, .accessed = true};
    ipa_t a = {0x12345678}, far = {0x12545678};
    struct tlb_key k = key0;
    assert_null(tlb_s2_lookup(t, &k, a, true));
    tlb_s2_insert(t, &k, a, true, &e);
    assert_non_null(tlb_s2_lookup(t, &k, a, true));
    k.asid = 99; /* does not matter */
    assert_non_null(tlb_s2_lookup(t, &k, a, true));
    assert_null(tlb_s2_lookup(t, &k, far, true));
    assert_null(tlb_s2_lookup(t, &k, a, false));
    assert_false(hit(t, (struct tlb_key){.va = {a.v}, .vmid = 2, .stages = 3}));
    struct tlb_inval op = {.kind = TLB_INVAL_VMALL, .vmid = 2};
    tlb_invalidate(t, &op); /* stage 1 only */
    assert_non_null(tlb_s2_lookup(t, &k, a, true));
    op = (struct tlb_inval){.kind = TLB_INVAL_IPA, .vmid = 2, .base = 0x12200000, .len = 4096};
    tlb_invalidate(t, &op);
    assert_null(tlb_s2_lookup(t, &k, a, true));
    tlb_s2_insert(t, &k, a, true, &e);
    op = (struct tlb_inval){.kind = TLB_INVAL_VMALLS12, .vmid = 2};
    tlb_invalidate(t, &op);
    assert_null(tlb_s2_lookup(t, &k, a, true));
    tlb_free(t);
}

/* ---- the model ---- */

#define N_VM     3
#define N_ASID   3
#define N_BLOCK  16 /* stage 1 blocks of 2^15 bytes per address space */
#define S1_LOG2  15
#define N_S2     16 /* stage 2 blocks of 2^14 bytes per VM */
#define S2_LOG2  14
#define VA_BASE  0xffff800000000000ULL
#define IPA_BASE 0x40000000ULL

struct block {
    uint64_t to;
    uint8_t size_log2; /* S1_LOG2 or S2_LOG2, or 12: pages that agree with one another */
    bool global;
};

struct model {
    struct block s1[N_VM][N_ASID][N_BLOCK]; /* global ones are the same in all ASIDs */
    struct block s2[N_VM][N_S2];
    GRand *rand;
    uint64_t next_pa;
};

static unsigned pick(struct model *m, unsigned n)
{
    return (unsigned)g_rand_int_range(m->rand, 0, (int)n);
}

static void change_s2(struct model *m, unsigned vm, unsigned i)
{
    m->next_pa += 1 << 16;
    m->s2[vm][i] = (struct block){m->next_pa, pick(m, 2) ? S2_LOG2 : 12, false};
}

static void change_s1(struct model *m, unsigned vm, unsigned asid, unsigned i, bool global)
{
    struct block b = {IPA_BASE + ((uint64_t)pick(m, N_S2 / 2) << S1_LOG2),
                      pick(m, 2) ? S1_LOG2 : 12, global};
    for (unsigned a = 0; a < N_ASID; a++) {
        if (global || a == asid) {
            m->s1[vm][a][i] = b;
        }
    }
}

/* Blocks below 4 are global. */
static struct xlat_result walk(const struct model *m, unsigned vm, unsigned asid, uint64_t va)
{
    const struct block *b = &m->s1[vm][asid][(va - VA_BASE) >> S1_LOG2];
    uint64_t ipa = b->to | (va & mask64(0, S1_LOG2));
    const struct block *c = &m->s2[vm][(ipa - IPA_BASE) >> S2_LOG2];
    return (struct xlat_result){
        .pa = {c->to | (ipa & mask64(0, S2_LOG2))},
        .ipa = {ipa},
        .size_log2 = MIN(b->size_log2, c->size_log2),
        .s1_size_log2 = b->size_log2,
        .s2_size_log2 = c->size_log2,
        .global = b->global,
        .cacheable = true,
    };
}

/* A TLBI that covers the change of one stage 1 block, which may have been pages. */
static struct tlb_inval announce_s1(struct model *m, unsigned vm, unsigned asid, unsigned i,
                                    bool global, uint8_t old_log2)
{
    struct tlb_inval op = {.vmid = (uint16_t)(vm + 1), .asid = (uint16_t)(asid + 1)};
    op.base = VA_BASE + ((uint64_t)i << S1_LOG2);
    op.len = BIT(S1_LOG2);
    if (old_log2 == S1_LOG2 && pick(m, 2)) { /* a block: any address of it */
        op.base += pick(m, 8) * 4096;
        op.len = 4096;
    }
    switch (pick(m, 6)) {
    case 0:
        op.kind = TLB_INVAL_VAA;
        break;
    case 1:
        op.kind = TLB_INVAL_VMALL;
        break;
    case 2:
        op.kind = global ? TLB_INVAL_VMALLS12 : TLB_INVAL_ASID;
        break;
    case 3:
        op.kind = TLB_INVAL_ALL;
        break;
    default:
        op.kind = TLB_INVAL_VA;
        break;
    }
    return op;
}

static struct tlb_inval announce_s2(struct model *m, unsigned vm, unsigned i, uint8_t old_log2)
{
    struct tlb_inval op = {.vmid = (uint16_t)(vm + 1), .ipa_ns = true};
    op.base = IPA_BASE + ((uint64_t)i << S2_LOG2);
    op.len = BIT(S2_LOG2);
    if (old_log2 == S2_LOG2 && pick(m, 2)) {
        op.base += pick(m, 4) * 4096;
        op.len = 4096;
    }
    op.kind = pick(m, 4) ? TLB_INVAL_IPA : pick(m, 2) ? TLB_INVAL_VMALLS12 : TLB_INVAL_ALL;
    return op;
}

static void mutate(struct model *m, struct tlb *t)
{
    unsigned vm = pick(m, N_VM), i = pick(m, N_BLOCK), asid = pick(m, N_ASID);
    struct tlb_inval op;
    if (pick(m, 3)) {
        bool global = i < 4;
        uint8_t old = m->s1[vm][asid][i].size_log2;
        change_s1(m, vm, asid, i, global);
        op = announce_s1(m, vm, asid, i, global, old);
    } else {
        uint8_t old = m->s2[vm][i].size_log2;
        change_s2(m, vm, i);
        op = announce_s2(m, vm, i, old);
    }
    tlb_invalidate(t, &op);
}

/* Returns whether it was a hit. */
static bool use(struct model *m, struct tlb *t)
{
    unsigned vm = pick(m, N_VM), asid = pick(m, N_ASID);
    struct tlb_key k = {.va = {VA_BASE + pick(m, N_BLOCK << S1_LOG2)},
                        .asid = (uint16_t)(asid + 1),
                        .vmid = (uint16_t)(vm + 1),
                        .regime = REGIME_EL10,
                        .stages = 3};
    struct xlat_result want = walk(m, vm, asid, k.va.v);
    const struct xlat_result *r = tlb_lookup(t, &k);
    if (r == NULL) {
        tlb_insert(t, &k, &want);
        return false;
    }
    assert_int_equal(xlat_pa(r, k.va).v, want.pa.v);
    assert_int_equal(xlat_ipa(r, k.va).v, want.ipa.v);
    return true;
}

static void test_against_model(void **state)
{
    static const unsigned sizes[] = {64, 512, 4096};
    for (unsigned seed = 0; seed < 12; seed++) {
        struct model m = {.rand = g_rand_new_with_seed(seed), .next_pa = 0x80000000};
        struct tlb *t = tlb_new(sizes[seed % ARRAY_LEN(sizes)]);
        for (unsigned vm = 0; vm < N_VM; vm++) {
            for (unsigned i = 0; i < N_BLOCK; i++) {
                change_s2(&m, vm, i);
                for (unsigned a = 0; a < N_ASID; a++) {
                    change_s1(&m, vm, a, i, i < 4);
                }
            }
        }
        unsigned hits = 0;
        for (unsigned n = 0; n < 30000; n++) {
            if (pick(&m, 60) == 0) {
                mutate(&m, t);
            } else {
                hits += use(&m, t);
            }
        }
        assert_true(hits > 100); /* the test tests something */
        tlb_free(t);
        g_rand_free(m.rand);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tags),          cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_split_blocks),  cmocka_unit_test(test_stage2_entries),
        cmocka_unit_test(test_against_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
