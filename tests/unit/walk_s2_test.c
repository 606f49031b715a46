/* SPDX-License-Identifier: Apache-2.0 */
/* Stage 2, alone and under stage 1: formats, start levels, every fault at every read, controls. */
#include "fakes/unit.h"
#include "fakes/walk_memory.h"
#include "mmu/pte.h"
#include "mmu/tlb.h"

#define NORMAL (2ULL << 2) /* stage 1 AttrIndx of 0xff */
#define AF     BIT(10)
#define WB     (0xfULL << 2) /* stage 2 MemAttr */
#define S2RW   (3ULL << 6)
#define S2PAGE (AF | WB | S2RW | 3)
#define MAIR   0xff4400ULL

struct rig {
    struct walk_memory *m;
    struct walk_port port;
    struct xlat_cfg cfg;
    struct table_tree s1, s2;
    struct xlat_result out;
    struct xlat_fault fault;
};

static uint8_t sl_of(unsigned granule_log2, int level)
{
    static const uint8_t k4[5] = {4, 2, 1, 0, 3}; /* levels -1 to 3 */
    return granule_log2 == 12 ? k4[level + 1] : (uint8_t)(3 - level);
}

/* Stage 2 with 40 bits of IPA, identity mapped by pages as the test asks. */
static void add_stage2(struct rig *r, unsigned granule_log2, enum pas pas)
{
    static const int8_t start[17] = {[12] = 1, [14] = 2, [16] = 2};
    int level = start[granule_log2];
    unsigned table_log2 = 40 - tree_shift(granule_log2, level) + 3;
    r->s2 = (struct table_tree){.m = r->m,
                                .pas = pas,
                                .base = walk_memory_alloc(r->m, MAX(table_log2, granule_log2)),
                                .granule_log2 = granule_log2,
                                .start_level = level};
    r->cfg.s2 = (struct xlat_s2){.on = true, .xnx = true, .ps_bits = 48, .vmid = 7};
    r->cfg.s2.space[pas == PAS_S ? XLAT_IPA_S : XLAT_IPA_NS] =
        (struct xlat_s2_space){.ttb = r->s2.base,
                               .tsz = 24,
                               .granule_log2 = (uint8_t)granule_log2,
                               .sl = sl_of(granule_log2, level),
                               .walk_pas = pas,
                               .out_pas = pas};
}

/* Stage 1 with 39 bits (4K) or 42 and 47 bits; tables at IPA = PA. */
static struct rig *rig_new(unsigned g1, unsigned g2)
{
    struct rig *r = g_new0(struct rig, 1);
    r->m = walk_memory_new();
    r->port = walk_memory_port(r->m);
    unsigned bits = g1 == 12 ? 39 : g1 == 14 ? 47 : 42;
    r->s1 = (struct table_tree){.m = r->m,
                                .base = walk_memory_alloc(r->m, 16),
                                .granule_log2 = g1,
                                .start_level = g1 == 16 ? 2 : 1};
    r->cfg = (struct xlat_cfg){
        .regime = REGIME_EL10,
        .pa_bits = 48,
        .lva = true,
        .ttst = true,
        .xs = true,
        .s1 = {.on = true, .icache = true, .dcache = true, .ps_bits = 48, .mair = MAIR},
    };
    r->cfg.s1.half[0] = (struct xlat_half){
        .ttb = r->s1.base, .tsz = (uint8_t)(64 - bits), .granule_log2 = (uint8_t)g1};
    add_stage2(r, g2, PAS_NS);
    return r;
}

static void rig_free(struct rig *r)
{
    walk_memory_free(r->m);
    g_free(r);
}

static bool go_req(struct rig *r, const struct xlat_req *req)
{
    r->m->n_reads = r->m->n_cas = 0;
    memset(&r->fault, 0, sizeof(r->fault));
    return xlat_walk(&r->cfg, req, &r->port, &r->out, &r->fault);
}

static bool go(struct rig *r, uint64_t va, enum xlat_access acc)
{
    struct xlat_req req = {.va = {va}, .acc = acc};
    return go_req(r, &req);
}

/* Map the page around ipa to pa + offset; returns the descriptor's address. */
static uint64_t map2(struct rig *r, uint64_t ipa, uint64_t pa, uint64_t bits)
{
    uint64_t page = ~mask64(0, r->s2.granule_log2);
    return tree_map(&r->s2, ipa, 3, tree_address(&r->s2, pa & page) | bits, 0);
}

static uint64_t map1(struct rig *r, uint64_t va, uint64_t ipa, uint64_t bits)
{
    uint64_t e = tree_map(&r->s1, va, 3, (ipa & ~mask64(0, r->s1.granule_log2)) | bits, 0);
    for (int l = r->s1.start_level; l <= 3; l++) {
        uint64_t d = tree_entry(&r->s1, va, l);
        map2(r, d, d, S2PAGE);
    }
    return e;
}

#define VA  0x7654320000ULL
#define IPA 0x3210000000ULL
#define PA  0x5000000000ULL

/* Every pair of granules: result, size, and a fault of each kind at each of the reads. */
static void test_pairs(void **state)
{
    for (unsigned g1 = 12; g1 <= 16; g1 += 2) {
        for (unsigned g2 = 12; g2 <= 16; g2 += 2) {
            struct rig *r = rig_new(g1, g2);
            uint64_t va = g1 == 12 ? VA & 0x7fffffffffULL : VA;
            map1(r, va, IPA, AF | NORMAL | 3);
            map2(r, IPA, PA, S2PAGE);
            assert_true(go(r, va | 0x123, ACC_READ));
            assert_int_equal(r->out.pa.v, PA | 0x123);
            assert_int_equal(r->out.ipa.v, IPA | 0x123);
            assert_int_equal(r->out.size_log2, g1 < g2 ? g1 : g2);
            assert_int_equal(r->out.s1_size_log2, g1);
            assert_int_equal(r->out.s2_size_log2, g2);
            unsigned n1 = (unsigned)(4 - r->s1.start_level), n2 = (unsigned)(4 - r->s2.start_level);
            unsigned n = r->m->n_reads;
            assert_int_equal(n, n1 * (n2 + 1) + n2);
            assert_int_equal(r->out.reads, n);
            uint64_t addr[64];
            memcpy(addr, r->m->read_addr, sizeof(addr));
            for (unsigned i = 0; i < n; i++) {
                unsigned walk = i / (n2 + 1), step = i % (n2 + 1);
                bool s1 = step == n2; /* the stage 1 descriptor itself */
                int level = s1 ? r->s1.start_level + (int)walk : r->s2.start_level + (int)step;
                for (unsigned kind = 0; kind < 3; kind++) {
                    uint64_t good = walk_memory_get(r->m, PAS_NS, addr[i]);
                    enum xlat_fault_type want = XF_EXT_ABORT;
                    if (kind == 0) {
                        r->m->fail_read = (int)i;
                    } else if (kind == 1) {
                        walk_memory_set(r->m, PAS_NS, addr[i], good & ~1ULL);
                        want = XF_TRANSLATION;
                    } else {
                        r->cfg.s1.ps_bits = r->cfg.s2.ps_bits = 44;
                        walk_memory_set(r->m, PAS_NS, addr[i], good | BIT(44));
                        want = XF_ADDR_SIZE;
                    }
                    assert_false(go(r, va | 0x123, ACC_WRITE));
                    walk_memory_set(r->m, PAS_NS, addr[i], good);
                    r->m->fail_read = -1;
                    r->cfg.s1.ps_bits = r->cfg.s2.ps_bits = 48;
                    assert_int_equal(r->fault.type, want);
                    assert_true(r->fault.write);
                    if (kind != 0 && !s1 && r->fault.s1_walk != (walk < n1)) {
                        continue; /* one descriptor may serve several walks: the first faults */
                    }
                    assert_int_equal(r->fault.stage, s1 ? 1 : 2);
                    assert_int_equal(r->fault.s1_walk, !s1 && walk < n1);
                    assert_int_equal(r->fault.level, level);
                    if (!s1 && kind == 0) {
                        uint64_t ipa = walk < n1 ? addr[walk * (n2 + 1) + n2] : IPA | 0x123;
                        assert_int_equal(r->fault.ipa.v, ipa);
                    }
                }
            }
            rig_free(r);
        }
    }
}

/*
 * Start levels by T0SZ and SL0: "Translation table size and start level": from two entries up to 16
 * concatenated tables. Bits resolved per table: 9, 11, 13; so for a start level the input has from
 * shift + 1 to shift + stride + 4 bits.
 */
static void test_start_levels(void **state)
{
    for (unsigned g = 12; g <= 16; g += 2) {
        for (unsigned tsz = 0; tsz < 64; tsz++) {
            for (unsigned sl = 0; sl < 8; sl++) {
                struct xlat_cfg c = {.pa_bits = 48, .lva = true, .ttst = true};
                struct xlat_s2_space s = {
                    .tsz = (uint8_t)tsz, .granule_log2 = (uint8_t)g, .sl = (uint8_t)sl};
                int t = regime_s2_tsz(&c, &s);
                unsigned max = g == 16 ? 47 : 48;
                assert_int_equal(t, tsz < 16 || tsz > max ? -1 : (int)tsz);
                if (t < 0) {
                    continue;
                }
                int want = 4;
                for (int level = 0; level <= 3; level++) {
                    unsigned lo = tree_shift(g, level) + 1, hi = tree_shift(g, level) + g - 3 + 4;
                    bool exists = (g == 12 || level > 0) && sl == sl_of(g, level);
                    if (exists && 64 - tsz >= lo && 64 - tsz <= hi) {
                        want = level;
                    }
                }
                assert_int_equal(regime_s2_start_level(&c, &s, tsz), want);
            }
        }
    }
    /* Small physical address spaces have no level 0 (4K) or 1 (16K, 64K). */
    struct xlat_cfg c = {.pa_bits = 40, .ttst = true};
    struct xlat_s2_space s = {.tsz = 24, .granule_log2 = 12, .sl = 2};
    assert_int_equal(regime_s2_start_level(&c, &s, 24), 4);
    s.granule_log2 = 14;
    assert_int_equal(regime_s2_start_level(&c, &s, 24), 4);
    c.pa_bits = 42;
    s.granule_log2 = 16;
    assert_int_equal(regime_s2_start_level(&c, &s, 20), 4);
    /* FEAT_LPA2: levels -1 (4K) and 0 (16K). */
    c = (struct xlat_cfg){.pa_bits = 52, .ttst = true, .s2.ds = true};
    s = (struct xlat_s2_space){.granule_log2 = 12, .sl = 4};
    assert_int_equal(regime_s2_start_level(&c, &s, 12), -1);
    s = (struct xlat_s2_space){.granule_log2 = 14, .sl = 3};
    assert_int_equal(regime_s2_start_level(&c, &s, 12), 0);
    c.s2.ds = false;
    assert_int_equal(regime_s2_start_level(&c, &s, 16), 4);
}

/* Stage 1 off: every leaf level, concatenated tables included (40 bits from level 1 or 2). */
static void test_alone(void **state)
{
    for (unsigned g = 12; g <= 16; g += 2) {
        struct rig *r = rig_new(12, g);
        r->cfg.s1.on = false;
        r->cfg.s1.default_wb = true;
        uint64_t ipa = 0xfedcba9876ULL;
        for (int level = 3; level >= (g == 12 ? 1 : 2); level--) {
            unsigned shift = tree_shift(g, level);
            tree_map(&r->s2, ipa, level,
                     (PA & ~mask64(0, shift)) | (S2PAGE & (level == 3 ? ~0ULL : ~2ULL)), 0);
            assert_true(go(r, ipa, ACC_READ));
            assert_int_equal(r->out.pa.v, (PA & ~mask64(0, shift)) | (ipa & mask64(0, shift)));
            assert_int_equal(r->out.size_log2, shift);
            assert_int_equal(r->out.s1_size_log2, 0);
            assert_int_equal(r->out.mair, 0xff);
        }
        assert_false(go(r, ipa | BIT(40), ACC_READ));
        assert_true(r->fault.type == XF_TRANSLATION && r->fault.level == 0 && r->fault.stage == 2);
        assert_false(r->fault.s1_walk);
        r->cfg.s2.space[0].sl = 3; /* does not suit 40 bits, or reserved */
        assert_false(go(r, ipa, ACC_READ));
        assert_true(r->fault.type == XF_TRANSLATION && r->fault.level == 0 && r->fault.stage == 2);
        rig_free(r);
    }
}

static void test_permissions(void **state)
{
    struct rig *r = rig_new(12, 12);
    r->cfg.s1.wxn = false;
    uint64_t e1 = map1(r, VA & 0x7fffffffffULL, IPA, AF | NORMAL | BIT(6) | 3);
    uint64_t va = VA & 0x7fffffffffULL;
    uint64_t e2 = map2(r, IPA, PA, AF | WB | BIT(6) | 3); /* read only */
    assert_true(go(r, va, ACC_READ));
    assert_int_equal(r->out.perm, PERM_PR | PERM_UR | PERM_UX | PERM_PAN);
    assert_false(go(r, va, ACC_WRITE));
    assert_true(r->fault.stage == 2 && r->fault.type == XF_PERMISSION && r->fault.write);
    assert_int_equal(r->fault.ipa.v, IPA);
    assert_false(go(r, va, ACC_RMW));
    assert_true(r->fault.write);
    tree_write(&r->s2, e2, (PA & ~0xfffULL) | AF | WB | BIT(7) | 3); /* write only */
    assert_false(go(r, va, ACC_RMW));
    assert_false(r->fault.write);
    assert_true(go(r, va, ACC_WRITE));
    /* A stage 1 fault comes first. */
    tree_write(&r->s2, e2, 0);
    tree_write(&r->s1, e1, (IPA & ~0xfffULL) | AF | NORMAL | BIT(7) | 3);
    assert_false(go(r, va, ACC_WRITE));
    assert_int_equal(r->fault.stage, 1);
    /* XN[1:0] = 1: EL0 only. */
    tree_write(&r->s1, e1, (IPA & ~0xfffULL) | AF | NORMAL | BIT(7) | BIT(6) | 3);
    tree_write(&r->s2, e2, PA | S2PAGE | BIT(53));
    struct xlat_req req = {.va = {va}, .acc = ACC_FETCH};
    assert_false(go_req(r, &req));
    assert_int_equal(r->fault.stage, 2);
    req.el0 = true;
    assert_true(go_req(r, &req));
    rig_free(r);
}

/* FEAT_CMOW, stage 2: DC CIVAC and IC IVAU of EL1 and EL0 need to write. */
static void test_cmow(void **state)
{
    struct rig *r = rig_new(12, 12);
    uint64_t va = VA & 0x7fffffffffULL;
    map1(r, va, IPA, AF | NORMAL | BIT(6) | 3);
    uint64_t e2 = map2(r, IPA, PA, S2PAGE);
    uint64_t page = (PA & ~0xfffULL) | AF | WB | 3;
    for (unsigned i = 0; i < 32; i++) {
        bool reads = bit(i, 3), writes = bit(i, 4), needs_write = bit(i, 0) && bit(i, 1);
        struct xlat_req req = {
            .va = {va}, .acc = bit(i, 1) ? ACC_CMO_W : ACC_CMO, .el0 = bit(i, 2), .cmo = true};
        r->cfg.s2.cmow = bit(i, 0);
        tree_write(&r->s2, e2, page | (reads ? BIT(6) : 0) | (writes ? BIT(7) : 0));
        bool faults = (needs_write && !writes) || (req.el0 && !reads);
        assert_int_equal(go_req(r, &req), !faults);
        if (faults) {
            assert_true(r->fault.stage == 2 && r->fault.type == XF_PERMISSION);
            assert_true(r->fault.write);
        }
    }
    rig_free(r);
}

/* A stage 1 walk reads: stage 2 must let it; HCR_EL2.PTW refuses Device memory. */
static void test_protected_walk(void **state)
{
    struct rig *r = rig_new(12, 12);
    uint64_t va = VA & 0x7fffffffffULL;
    uint64_t e1 = map1(r, va, IPA, AF | NORMAL | 3);
    map2(r, IPA, PA, S2PAGE);
    uint64_t e2 = tree_entry(&r->s2, e1, 3);
    uint64_t page = e1 & ~0xfffULL;
    tree_write(&r->s2, e2, page | AF | WB | BIT(7) | 3);
    assert_false(go(r, va, ACC_WRITE));
    assert_true(r->fault.type == XF_PERMISSION && r->fault.s1_walk && r->fault.level == 3);
    assert_true(r->fault.write && r->fault.ipa.v == e1);
    tree_write(&r->s2, e2, page | AF | S2RW | 3); /* Device-nGnRnE */
    assert_true(go(r, va, ACC_READ));
    r->cfg.s2.ptw = true;
    assert_false(go(r, va, ACC_READ));
    assert_true(r->fault.type == XF_PERMISSION && r->fault.s1_walk && !r->fault.write);
    assert_int_equal(r->fault.level, 3);
    r->cfg.s2.fwb = true; /* MemAttr[2] = 0 */
    assert_false(go(r, va, ACC_READ));
    rig_free(r);
}

/* Updating a stage 1 descriptor is a write of the page that holds it. */
static void test_updates(void **state)
{
    struct rig *r = rig_new(12, 12);
    uint64_t va = VA & 0x7fffffffffULL;
    uint64_t e1 = map1(r, va, IPA, NORMAL | BIT(51) | BIT(7) | 3);
    uint64_t e2 = map2(r, IPA, PA, WB | BIT(51) | BIT(6) | 3);
    uint64_t t2 = tree_entry(&r->s2, e1, 3), page = e1 & ~0xfffULL;
    r->cfg.s1.ha = r->cfg.s1.hd = true;
    tree_write(&r->s2, t2, page | AF | WB | BIT(51) | BIT(6) | 3); /* clean, read only */
    assert_false(go(r, va, ACC_READ));
    assert_true(r->fault.stage == 2 && r->fault.s1_walk && r->fault.type == XF_PERMISSION);
    assert_false(r->fault.write);
    assert_int_equal(r->fault.ipa.v, e1);
    r->cfg.s2.ha = true;
    r->cfg.s2.hd = true;
    /* An AT makes nothing dirty, so it cannot set the access flag in that page. */
    struct xlat_req req = {.va = {va}, .acc = ACC_WRITE, .at = true};
    assert_true(go_req(r, &req));
    assert_false(r->out.cacheable);
    assert_false(tree_read(&r->s1, e1) & AF);
    assert_int_equal(tree_read(&r->s2, t2) & BIT(7), 0);
    assert_int_equal(tree_read(&r->s2, e2) & (AF | BIT(7)), AF);
    tree_write(&r->s2, e2, PA | WB | BIT(51) | BIT(6) | 3);
    assert_true(go(r, va, ACC_WRITE));
    assert_int_equal(tree_read(&r->s1, e1) & (AF | BIT(7)), AF);
    assert_int_equal(tree_read(&r->s2, t2) & BIT(7), BIT(7)); /* the table's page is dirty */
    assert_int_equal(tree_read(&r->s2, e2) & (AF | BIT(7)), AF | BIT(7));
    assert_int_equal(r->out.perm, PERM_PR | PERM_PW | PERM_PX | PERM_UX);
    assert_int_equal(r->m->n_cas, 3);
    /* A stage 2 Permission fault sets the access flag. */
    tree_write(&r->s2, e2, PA | WB | BIT(6) | 3);
    assert_false(go(r, va, ACC_WRITE));
    assert_int_equal(r->fault.type, XF_PERMISSION);
    assert_true(tree_read(&r->s2, e2) & AF);
    /* Stage 2 access flag fault, without HA. */
    r->cfg.s2.ha = r->cfg.s2.hd = false;
    tree_write(&r->s2, e2, PA | WB | S2RW | 3);
    assert_false(go(r, va, ACC_READ));
    assert_true(r->fault.stage == 2 && r->fault.type == XF_ACCESS_FLAG && r->fault.level == 3);
    rig_free(r);
}

static void test_attributes(void **state)
{
    struct rig *r = rig_new(12, 12);
    uint64_t va = VA & 0x7fffffffffULL;
    map1(r, va, IPA, AF | NORMAL | 3ULL << 8 | 3);
    uint64_t e2 = map2(r, IPA, PA, S2PAGE);
    assert_true(go(r, va, ACC_READ));
    assert_true(r->out.mair == 0xff && r->out.sh == 3);
    r->cfg.s2.cd = true;
    assert_true(go(r, va, ACC_READ));
    assert_int_equal(r->out.mair, 0x44);
    assert_true(go(r, va, ACC_FETCH));
    assert_true(r->out.attr & XA_FETCH_CACHED);
    r->cfg.s2.cd = false;
    r->cfg.s2.id = true;
    assert_true(go(r, va, ACC_READ));
    assert_int_equal(r->out.mair, 0xff);
    assert_true(go(r, va, ACC_FETCH));
    assert_false(r->out.attr & XA_FETCH_CACHED);
    tree_write(&r->s2, e2, PA | AF | S2RW | 1ULL << 2 | 3); /* Device-nGnRE */
    assert_true(go(r, va, ACC_READ));
    assert_true(r->out.mair == 0x04 && (r->out.attr & (XA_DEVICE | XA_S1_DEVICE)) == XA_DEVICE);
    struct xlat_req req = {.va = {va | 1}, .acc = ACC_READ, .unaligned = true};
    assert_false(go_req(r, &req));
    assert_true(r->fault.type == XF_ALIGNMENT && r->fault.stage == 2);
    req.stage1_only = true; /* AT S1E1R: stage 2 only for the walk */
    assert_true(go_req(r, &req));
    assert_true(r->out.pa.v == (IPA | 1) && r->out.mair == 0xff && !r->out.s2_size_log2);
    r->cfg.s2.fwb = true;
    tree_write(&r->s2, e2, PA | AF | S2RW | 6ULL << 2 | 3);
    r->cfg.s1.mair = 0;
    assert_true(go(r, va, ACC_READ));
    assert_true(r->out.mair == 0xff && (r->out.attr & (XA_DEVICE | XA_S1_DEVICE)) == XA_S1_DEVICE);
    rig_free(r);
}

/* Secure EL1&0: two IPA spaces, and where their tables and outputs are. */
static void test_secure(void **state)
{
    struct rig *r = rig_new(12, 12);
    uint64_t va = VA & 0x7fffffffffULL;
    add_stage2(r, 12, PAS_S);
    r->cfg.pas = PAS_S;
    r->s1.pas = PAS_S;
    map1(r, va, IPA, AF | NORMAL | BIT(5) | 3); /* to the Non-secure IPA space */
    map2(r, IPA, PA, S2PAGE);
    struct xlat_s2_space *ns = &r->cfg.s2.space[XLAT_IPA_NS];
    *ns = r->cfg.s2.space[XLAT_IPA_S];
    ns->walk_pas = PAS_NS;
    ns->out_pas = PAS_NS;
    assert_false(go(r, va, ACC_READ)); /* nothing in the Non-secure tables */
    assert_true(r->fault.stage == 2 && r->fault.ipa_ns && r->fault.ipa.v == IPA);
    ns->walk_pas = PAS_S; /* VTCR_EL2.NSW = 0 */
    assert_true(go(r, va, ACC_READ));
    assert_true(r->out.pas == PAS_NS && r->out.ipa_ns);
    r->cfg.sif = true;
    assert_false(go(r, va, ACC_FETCH));
    assert_int_equal(r->fault.stage, 1);
    map1(r, va, IPA, AF | NORMAL | 3); /* to the Secure IPA space */
    assert_true(go(r, va, ACC_FETCH));
    assert_true(r->out.pas == PAS_S && !r->out.ipa_ns);
    r->cfg.s2.space[XLAT_IPA_S].out_pas = PAS_NS; /* VSTCR_EL2.SA: of stage 1 tables, too */
    for (int l = 1; l <= 3; l++) {
        uint64_t d = tree_entry(&r->s1, va, l);
        walk_memory_set(r->m, PAS_NS, d, walk_memory_get(r->m, PAS_S, d));
    }
    assert_false(go(r, va, ACC_FETCH));
    assert_true(r->fault.stage == 2 && r->fault.type == XF_PERMISSION && !r->fault.ipa_ns);
    rig_free(r);
}

static void test_big_endian(void **state)
{
    struct rig *r = rig_new(12, 12);
    uint64_t va = VA & 0x7fffffffffULL;
    r->s1.big_endian = r->cfg.s1.big_endian = true;
    map1(r, va, IPA, NORMAL | 3);
    map2(r, IPA, PA, S2PAGE);
    r->cfg.s1.ha = true;
    assert_true(go(r, va, ACC_READ));
    assert_true(tree_read(&r->s1, tree_entry(&r->s1, va, 3)) & AF);
    rig_free(r);
}

/* ---- with a cache of stage 2 in front ---- */

struct cached {
    struct rig *r;
    struct tlb *t;
    struct tlb_key key;
    unsigned hits;
};

static enum bus_result cached_read(void *opaque, pa_t pa, enum pas pas, uint64_t *out)
{
    struct cached *c = opaque;
    return c->r->port.read(c->r->m, pa, pas, out);
}

static enum bus_result cached_cas(void *opaque, pa_t pa, enum pas pas, uint64_t expect,
                                  uint64_t desired, uint64_t *seen)
{
    struct cached *c = opaque;
    return c->r->port.cas(c->r->m, pa, pas, expect, desired, seen);
}

static const struct xlat_s2_entry *cached_find(void *opaque, ipa_t a, bool ns)
{
    struct cached *c = opaque;
    const struct xlat_s2_entry *e = tlb_s2_lookup(c->t, &c->key, a, ns);
    c->hits += e != NULL;
    return e;
}

static void cached_fill(void *opaque, ipa_t a, bool ns, const struct xlat_s2_entry *e)
{
    struct cached *c = opaque;
    tlb_s2_insert(c->t, &c->key, a, ns, e);
}

static bool go_cached(struct cached *c, uint64_t va, enum xlat_access acc, bool unaligned)
{
    struct walk_port port = {.read = cached_read,
                             .cas = cached_cas,
                             .s2_find = cached_find,
                             .s2_fill = cached_fill,
                             .opaque = c};
    struct xlat_req req = {.va = {va}, .acc = acc, .unaligned = unaligned};
    c->r->m->n_reads = 0;
    c->hits = 0;
    c->key = tlb_key_of(&c->r->cfg, req.va, acc == ACC_FETCH);
    return xlat_walk(&c->r->cfg, &req, &port, &c->r->out, &c->r->fault);
}

static void test_cache(void **state)
{
    struct rig *r = rig_new(12, 12);
    struct cached c = {.r = r, .t = tlb_new(256)};
    uint64_t va = VA & 0x7fffffffffULL;
    map1(r, va, IPA, AF | NORMAL | 3);
    uint64_t e2 = map2(r, IPA, PA, AF | WB | BIT(51) | BIT(6) | 3); /* clean */
    r->cfg.s2.ha = r->cfg.s2.hd = true;
    assert_true(go_cached(&c, va | 8, ACC_READ, false));
    assert_true(go_cached(&c, va | 16, ACC_READ, false));
    assert_int_equal(r->m->n_reads, 3); /* stage 1 only */
    assert_int_equal(c.hits, 4);
    assert_int_equal(r->out.pa.v, PA | 16);
    assert_int_equal(r->out.ipa.v, IPA | 16);
    /* A write finds no permission in the cache and walks; the page becomes dirty. */
    assert_true(go_cached(&c, va, ACC_WRITE, false));
    assert_true(tree_read(&r->s2, e2) & BIT(7));
    assert_true(go_cached(&c, va, ACC_WRITE, false));
    assert_int_equal(r->m->n_reads, 3);
    /* So do accesses that a Device page refuses. */
    tree_write(&r->s2, e2, PA | AF | S2RW | 3);
    tlb_flush(c.t);
    assert_true(go_cached(&c, va, ACC_READ, false));
    assert_false(go_cached(&c, va | 1, ACC_READ, true));
    assert_true(r->fault.type == XF_ALIGNMENT && r->fault.stage == 2);
    assert_true(go_cached(&c, va, ACC_READ, false));
    assert_int_equal(c.key.vmid, 7);
    assert_int_equal(c.key.stages, 3);
    tlb_free(c.t);
    rig_free(r);
}

/* FEAT_LPA2 and FEAT_LPA at stage 2: wide bases, level -1, SH from VTCR_EL2. */
static void test_52_bits(void **state)
{
    for (unsigned i = 0; i < 3; i++) {
        unsigned g = 12 + 2 * i;
        struct rig *r = rig_new(12, g);
        bool ds = g != 16;
        uint64_t ipa = 0xf0123456789abULL;
        r->cfg.s1.on = false;
        r->cfg.s1.default_wb = true;
        r->cfg.pa_bits = 52;
        r->cfg.s2.ps_bits = 52;
        r->cfg.s2.ds = ds;
        r->cfg.s2.sh = 3;
        r->s2.ds = ds;
        r->s2.start_level = g == 12 ? -1 : g == 14 ? 0 : 1;
        r->s2.base = walk_memory_alloc(r->m, 16) | 0xcULL << 48;
        r->m->next_table |= 0xdULL << 48;
        struct xlat_s2_space *s = &r->cfg.s2.space[0];
        s->ttb = (r->s2.base & mask64(0, 48)) | 0xc << 2;
        s->tsz = 12;
        s->sl = (uint8_t)(g == 12 ? 4 : g == 14 ? 3 : 2);
        map2(r, ipa, 0xe5000000a0000ULL, S2RW | AF | WB | 3);
        assert_true(go(r, ipa, ACC_READ));
        assert_int_equal(r->out.pa.v, 0xe5000000a0000ULL | (ipa & mask64(0, g)));
        assert_int_equal(r->out.sh, ds ? 3 : 0);
        assert_int_equal(r->m->read_addr[0] >> 48, 0xc);
        assert_int_equal(r->m->read_addr[1] >> 48, 0xd);
        s->tsz = 11; /* below the minimum */
        assert_false(go(r, ipa, ACC_READ));
        assert_true(r->fault.type == XF_TRANSLATION && r->fault.level == 0);
        s->tsz = 12;
        r->cfg.s2.ps_bits = 44; /* the base is out of range */
        s->ttb |= BIT(44);
        assert_false(go(r, ipa, ACC_READ));
        assert_true(r->fault.type == XF_ADDR_SIZE && r->fault.level == 0 && r->fault.stage == 2);
        rig_free(r);
    }
}

static void test_update_trouble(void **state)
{
    struct rig *r = rig_new(12, 12);
    uint64_t va = VA & 0x7fffffffffULL;
    map1(r, va, IPA, AF | NORMAL | 3);
    map2(r, IPA, PA, WB | S2RW | 3);
    r->cfg.s2.ha = true;
    r->m->fail_cas = true;
    assert_false(go(r, va, ACC_READ));
    assert_true(r->fault.type == XF_EXT_ABORT && r->fault.stage == 2 && r->fault.level == 3);
    r->m->fail_cas = false;
    r->m->lost_races = 1;
    assert_true(go(r, va, ACC_READ));
    rig_free(r);
}

/* ---- indirect permissions ---- */

#define S2_PERM(v, i) ((uint64_t)(v) << 4 * (i))
#define PI(i)         (((i) & 1 ? BIT(6) : 0) | ((i) & 2 ? BIT(51) : 0))
enum { MRO = 2, WO = 4, RO = 8, RW = 12, RWX = 15 };

/* PIIndex 1, all dirty: everything; 2: what the test says, in S2PIR_EL2 and in S2POR_EL1. */
static struct rig *rig_indirect(unsigned base, unsigned overlay)
{
    struct rig *r = rig_new(12, 12);
    r->cfg.s2.pie = true;
    r->cfg.s2.pir = S2_PERM(RWX, 1) | S2_PERM(base, 2);
    r->cfg.s2.poe = overlay != 0;
    r->cfg.s2.por = S2_PERM(RWX, 0) | S2_PERM(overlay, 9);
    return r;
}

#define PAGE_ALL      (AF | WB | PI(1) | BIT(7) | 3)
#define PAGE_INDIRECT (AF | WB | PI(2) | BIT(7) | 9ULL << 59 | 3)

static void map_walk(struct rig *r, uint64_t va)
{
    for (int l = r->s1.start_level; l <= 3; l++) {
        uint64_t d = tree_entry(&r->s1, va, l);
        map2(r, d, d, PAGE_ALL);
    }
}

/* Bit 7 is Dirty: set by hardware, or its absence is a fault; also of a page of descriptors. */
static void test_indirect_dirty(void **state)
{
    uint64_t va = VA & 0x7fffffffffULL;
    struct rig *r = rig_indirect(RW, 0);
    uint64_t e1 = map1(r, va, IPA, NORMAL | 3);
    map_walk(r, va);
    uint64_t e2 = map2(r, IPA, PA, PAGE_INDIRECT & ~BIT(7));
    uint64_t clean = tree_read(&r->s2, e2), et = tree_entry(&r->s2, e1, 3);
    uint64_t table = tree_read(&r->s2, et);
    r->cfg.s1.ha = true;
    assert_true(go(r, va, ACC_READ));
    assert_false(r->out.perm & PERM_W);
    assert_false(go(r, va, ACC_WRITE));
    assert_true(r->fault.stage == 2 && r->fault.dirty && r->fault.write && !r->fault.s1_walk);
    r->cfg.s2.ha = r->cfg.s2.hd = true;
    assert_true(go(r, va, ACC_WRITE));
    assert_int_equal(tree_read(&r->s2, e2), clean | BIT(7));
    /* The access flag of stage 1 in a clean page. */
    for (unsigned i = 0; i < 4; i++) {
        bool managed = i & 1, at = i & 2;
        struct xlat_req req = {.va = {va}, .acc = ACC_READ, .at = at};
        tree_write(&r->s1, e1, (IPA & ~0xfffULL) | NORMAL | 3);
        tree_write(&r->s2, et, table & ~BIT(7));
        r->cfg.s2.hd = managed;
        assert_int_equal(go_req(r, &req), managed || at);
        bool updated = managed && !at;
        assert_int_equal(tree_read(&r->s2, et), updated ? table : table & ~BIT(7));
        assert_int_equal(tree_read(&r->s1, e1) & AF, updated ? AF : 0);
        if (!managed && !at) {
            assert_true(r->fault.stage == 2 && r->fault.dirty && r->fault.s1_walk);
        }
    }
    rig_free(r);
}

/* "Mostly read-only" tables: hardware updates them, software does not. WO is not for walks. */
static void test_indirect_tables(void **state)
{
    static const struct {
        unsigned base, overlay;
        bool reads, updates, writes, by_overlay;
    } cases[] = {
        {MRO, 0, true, true, false, false},   {RO, 0, true, false, false, false},
        {RW, 0, true, true, true, false},     {WO, 0, false, false, true, false},
        {RW, MRO, true, true, false, true},   {MRO, RW, true, true, false, false},
        {RW, RO, true, false, false, true},   {RW, WO, false, false, true, true},
        {MRO, WO, false, false, false, true},
    };
    uint64_t va = VA & 0x7fffffffffULL;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig *r = rig_indirect(cases[i].base, cases[i].overlay);
        uint64_t e1 = map1(r, va, IPA, NORMAL | 3);
        map_walk(r, va);
        map2(r, IPA, PA, PAGE_ALL);
        uint64_t et = tree_entry(&r->s2, e1, 3);
        tree_write(&r->s2, et, (e1 & ~0xfffULL) | PAGE_INDIRECT);
        r->cfg.s1.ha = true;
        bool ok = cases[i].reads && cases[i].updates;
        assert_int_equal(go(r, va, ACC_READ), ok);
        if (!ok) {
            assert_true(r->fault.stage == 2 && r->fault.type == XF_PERMISSION);
            assert_true(r->fault.s1_walk && r->fault.ipa.v == e1 && !r->fault.write);
            assert_int_equal(r->fault.overlay, cases[i].by_overlay);
        }
        /* The same page as data. */
        r->cfg.s1.on = false;
        r->cfg.s1.default_wb = true;
        assert_int_equal(go(r, e1, ACC_WRITE), cases[i].writes);
        assert_int_equal(r->fault.overlay, cases[i].by_overlay && cases[i].overlay != WO);
        rig_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_start_levels),
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_permissions),
        cmocka_unit_test(test_protected_walk),
        cmocka_unit_test(test_updates),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_secure),
        cmocka_unit_test(test_big_endian),
        cmocka_unit_test(test_cache),
        cmocka_unit_test(test_52_bits),
        cmocka_unit_test(test_update_trouble),
        cmocka_unit_test(test_cmow),
        cmocka_unit_test(test_indirect_dirty),
        cmocka_unit_test(test_indirect_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
