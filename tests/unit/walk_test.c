/* SPDX-License-Identifier: Apache-2.0 */
/* Stage 1 alone: every granule and size, every fault at every level, hardware updates, controls. */
#include "fakes/unit.h"
#include "fakes/walk_memory.h"
#include "mmu/pte.h"

#define NORMAL (2ULL << 2) /* AttrIndx of 0xff; 0 is Device-nGnRnE, 1 is Normal Non-cacheable */
#define DEVICE 0ULL
#define AF     BIT(10)
#define NG     BIT(11)
#define MAIR   0xff4400ULL

struct rig {
    struct walk_memory *m;
    struct walk_port port;
    struct xlat_cfg cfg;
    struct table_tree tree;
    struct xlat_result out;
    struct xlat_fault fault;
};

/* A regime with both halves on one tree of the given format; a 52-bit PE. */
static struct rig *rig_new(enum regime regime, unsigned granule_log2, unsigned tsz, bool ds)
{
    struct rig *r = g_new0(struct rig, 1);
    r->m = walk_memory_new();
    r->port = walk_memory_port(r->m);
    unsigned bits = 64 - tsz;
    int level = 3;
    while (tree_shift(granule_log2, level) + granule_log2 - 3 < bits) {
        level--;
    }
    unsigned table_log2 = bits - tree_shift(granule_log2, level) + 3;
    r->tree = (struct table_tree){.m = r->m,
                                  .pas = PAS_NS,
                                  .base = walk_memory_alloc(r->m, MAX(table_log2, 6)),
                                  .granule_log2 = granule_log2,
                                  .start_level = level,
                                  .ds = ds};
    r->cfg = (struct xlat_cfg){
        .regime = regime,
        .pas = PAS_NS,
        .pa_bits = 52,
        .lva = true,
        .ttst = true,
        .xs = true,
        .s1 = {.on = true,
               .icache = true,
               .dcache = true,
               .ds = ds,
               .ps_bits = 52,
               .asid = 5,
               .mair = MAIR},
    };
    r->cfg.s1.half[0] = (struct xlat_half){
        .ttb = r->tree.base, .tsz = (uint8_t)tsz, .granule_log2 = (uint8_t)granule_log2, .sh = 3};
    r->cfg.s1.half[1] = r->cfg.s1.half[0];
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

static void expect_fault(struct rig *r, uint64_t va, enum xlat_fault_type type, int level)
{
    assert_false(go(r, va, ACC_READ));
    assert_int_equal(r->fault.type, type);
    assert_int_equal(r->fault.level, level);
    assert_int_equal(r->fault.stage, 1);
    assert_false(r->fault.s1_walk);
}

struct format {
    uint8_t granule_log2;
    bool ds;
    int first_block; /* lowest level with blocks, PE with 52-bit PA */
    uint8_t min_tsz, max_tsz;
};
static const struct format formats[] = {
    {12, false, 1, 16, 48}, {12, true, 0, 12, 48},  {14, false, 2, 16, 48},
    {14, true, 1, 12, 48},  {16, false, 1, 12, 47},
};

/* Every input size, every leaf level: address, block size, level, number of reads. */
static void test_formats(void **state)
{
    for (size_t f = 0; f < ARRAY_LEN(formats); f++) {
        const struct format *fm = &formats[f];
        for (unsigned tsz = fm->min_tsz; tsz <= fm->max_tsz; tsz++) {
            struct rig *r = rig_new(REGIME_EL10, fm->granule_log2, tsz, fm->ds);
            uint64_t va = mask64(0, 64 - tsz) & 0x000a5a5a5a5a5a5aULL;
            unsigned pa_top = fm->ds || fm->granule_log2 == 16 ? 51 : 47;
            for (int level = 3; level >= r->tree.start_level; level--) {
                unsigned shift = tree_shift(fm->granule_log2, level);
                bool block = level < 3 && level >= fm->first_block;
                uint64_t oa =
                    (BIT(pa_top) | BIT(pa_top - 1) | 0x30000000000ULL) & ~mask64(0, shift);
                if (shift > 47) {
                    continue;
                }
                tree_map(&r->tree, va, level,
                         tree_address(&r->tree, oa) | AF | NORMAL | (level == 3 ? 3 : 1), 0);
                if (level == 3 || block) {
                    assert_true(go(r, va, ACC_READ));
                    assert_int_equal(r->out.pa.v, oa | (va & mask64(0, shift)));
                    assert_int_equal(r->out.size_log2, shift);
                    assert_int_equal(r->out.level, level);
                    assert_int_equal(r->out.reads, level - r->tree.start_level + 1);
                    assert_int_equal(r->out.mair, 0xff);
                    assert_int_equal(r->out.sh, fm->ds ? 3 : 0);
                } else {
                    expect_fault(r, va, XF_TRANSLATION, level);
                }
                /* The same in the upper half. */
                assert_int_equal(go(r, va | ~mask64(0, 64 - tsz), ACC_READ), level == 3 || block);
            }
            rig_free(r);
        }
    }
}

/* Reserved descriptor 0b01 at level 3; invalid, too wide and failing descriptors at every level. */
static void test_faults_by_level(void **state)
{
    for (size_t f = 0; f < ARRAY_LEN(formats); f++) {
        const struct format *fm = &formats[f];
        struct rig *r = rig_new(REGIME_EL10, fm->granule_log2, fm->min_tsz, fm->ds);
        uint64_t va = 0x7654321000ULL;
        int start = r->tree.start_level;
        tree_map(&r->tree, va, 3, tree_address(&r->tree, 0x40000000) | AF | NORMAL | 3, 0);
        assert_true(go(r, va, ACC_READ));
        unsigned n = r->m->n_reads;
        assert_int_equal(n, 4 - start);
        for (int level = start; level <= 3; level++) {
            uint64_t e = tree_entry(&r->tree, va, level);
            uint64_t good = tree_read(&r->tree, e);
            tree_write(&r->tree, e, good & ~3ULL);
            expect_fault(r, va, XF_TRANSLATION, level);
            tree_write(&r->tree, e, (good & ~3ULL) | 2);
            expect_fault(r, va, XF_TRANSLATION, level);
            if (level == 3) {
                tree_write(&r->tree, e, (good & ~3ULL) | 1);
                expect_fault(r, va, XF_TRANSLATION, level);
            }
            /* 40-bit output: address bit 40 and, for 64K, bits 15:12 are out of range. */
            r->cfg.s1.ps_bits = 40;
            tree_write(&r->tree, e, good | BIT(40));
            expect_fault(r, va, XF_ADDR_SIZE, level);
            if (fm->granule_log2 == 16) {
                tree_write(&r->tree, e, good | BIT(12));
                expect_fault(r, va, XF_ADDR_SIZE, level);
            }
            r->cfg.s1.ps_bits = 52;
            tree_write(&r->tree, e, good);
            r->m->fail_read = level - start;
            expect_fault(r, va, XF_EXT_ABORT, level);
            r->m->fail_read = -1;
        }
        uint64_t leaf = tree_entry(&r->tree, va, 3);
        tree_write(&r->tree, leaf, tree_read(&r->tree, leaf) & ~AF);
        expect_fault(r, va, XF_ACCESS_FLAG, 3);
        /* TTBR out of range; level 0, whatever the start level */
        r->cfg.s1.ps_bits = 32;
        r->cfg.s1.half[0].ttb |= BIT(33);
        expect_fault(r, va, XF_ADDR_SIZE, 0);
        rig_free(r);
    }
}

static void test_fault_status(void **state)
{
    struct xlat_fault f = {.type = XF_TRANSLATION, .level = 2};
    assert_int_equal(xlat_fault_status(&f), 0x06);
    f.level = -1;
    assert_int_equal(xlat_fault_status(&f), 0x2b);
    f.type = XF_ADDR_SIZE;
    assert_int_equal(xlat_fault_status(&f), 0x29);
    f.type = XF_EXT_ABORT;
    assert_int_equal(xlat_fault_status(&f), 0x13);
    f.level = 3;
    assert_int_equal(xlat_fault_status(&f), 0x17);
    f = (struct xlat_fault){.type = XF_ALIGNMENT, .level = 3};
    assert_int_equal(xlat_fault_status(&f), 0x21);
    f.type = XF_PERMISSION;
    assert_int_equal(xlat_fault_status(&f), 0x0f);
}

/* VA range, with and without a tag byte. */
static void test_va_range(void **state)
{
    struct rig *r = rig_new(REGIME_EL10, 12, 25, false); /* 39 bits */
    uint64_t va = 0x1000, high = 0xffffff8000001000ULL;
    tree_map(&r->tree, va, 3, 0x40000000 | AF | NORMAL | 3, 0);
    assert_true(go(r, va, ACC_READ));
    assert_true(go(r, high, ACC_READ));
    expect_fault(r, va | BIT(39), XF_TRANSLATION, 0);
    expect_fault(r, va | BIT(54), XF_TRANSLATION, 0);
    expect_fault(r, high & ~BIT(39), XF_TRANSLATION, 0);
    expect_fault(r, va | BIT(56), XF_TRANSLATION, 0);
    expect_fault(r, high & ~BIT(63), XF_TRANSLATION, 0);
    r->cfg.s1.half[0].tbi = r->cfg.s1.half[1].tbi = true;
    assert_true(go(r, va | BIT(56), ACC_READ));
    assert_true(go(r, high & ~BIT(63), ACC_FETCH));
    expect_fault(r, va | BIT(55) | BIT(56), XF_TRANSLATION, 0);
    r->cfg.s1.half[0].tbid = true; /* not for instructions */
    assert_true(go(r, va | BIT(56), ACC_READ));
    assert_false(go(r, va | BIT(56), ACC_FETCH));
    /* One range: bit 55 is an address bit that must be 0. */
    r->cfg.regime = REGIME_EL2;
    r->cfg.s1.half[0].tbid = false;
    assert_true(go(r, va | 0xa5ULL << 56, ACC_READ));
    expect_fault(r, va | BIT(55), XF_TRANSLATION, 0);
    assert_int_equal(regime_untag(&r->cfg, va | 0xa5ULL << 56, false), va);
    r->cfg.regime = REGIME_EL20;
    assert_int_equal(regime_untag(&r->cfg, high & ~BIT(63), false), high);
    rig_free(r);
}

static void test_tsz_limits(void **state)
{
    struct rig *r = rig_new(REGIME_EL10, 12, 16, false);
    tree_map(&r->tree, 0x1000, 3, 0x40000000 | AF | NORMAL | 3, 0);
    r->cfg.s1.half[0].tsz = 15; /* FEAT_LVA: a fault; before: as 16 */
    expect_fault(r, 0x1000, XF_TRANSLATION, 0);
    r->cfg.lva = false;
    assert_true(go(r, 0x1000, ACC_READ));
    expect_fault(r, BIT(48) | 0x1000, XF_TRANSLATION, 0);
    rig_free(r);
    r = rig_new(REGIME_EL10, 12, 39, false);
    tree_map(&r->tree, 0x1000, 3, 0x40000000 | AF | NORMAL | 3, 0);
    r->cfg.s1.half[0].tsz = 49; /* FEAT_TTST: a fault; before: as 39 */
    expect_fault(r, 0x1000, XF_TRANSLATION, 0);
    r->cfg.ttst = false;
    assert_true(go(r, 0x1000, ACC_READ));
    assert_true(go(r, 0x1000, ACC_READ));
    expect_fault(r, BIT(25) | 0x1000, XF_TRANSLATION, 0);
    rig_free(r);
}

static void test_half_controls(void **state)
{
    struct rig *r = rig_new(REGIME_EL10, 12, 25, false);
    uint64_t high = 0xffffff8000001000ULL;
    tree_map(&r->tree, 0x1000, 3, 0x40000000 | AF | NORMAL | BIT(6) | 3, 0);
    r->cfg.s1.half[1].epd = true;
    assert_true(go(r, 0x1000, ACC_READ));
    expect_fault(r, high, XF_TRANSLATION, 0);
    r->cfg.s1.half[1].epd = false;
    r->cfg.s1.half[1].e0pd = true;
    struct xlat_req req = {.va = {high}, .acc = ACC_READ, .el0 = true};
    assert_true(go(r, high, ACC_READ));
    assert_false(xlat_perm_allows(&r->out, &req)); /* from a TLB */
    assert_false(go_req(r, &req));
    assert_int_equal(r->fault.type, XF_TRANSLATION);
    assert_int_equal(r->fault.level, 0);
    req.va.v = 0x1000;
    assert_true(go_req(r, &req));
    rig_free(r);
}

/* Hierarchical permissions and HPD; the walker hands the right bits to perm_stage1. */
static void test_hierarchical(void **state)
{
    struct rig *r = rig_new(REGIME_EL10, 12, 25, false);
    tree_map(&r->tree, 0x1000, 3, 0x40000000 | AF | NORMAL | BIT(6) | 3, 0x7ULL << 60);
    assert_true(go(r, 0x1000, ACC_READ));
    assert_int_equal(r->out.perm, PERM_PR | PERM_PX); /* no EL0, read only, UXN */
    r->cfg.s1.half[0].hpd = true;
    assert_true(go(r, 0x1000, ACC_READ));
    assert_int_equal(r->out.perm, PERM_PR | PERM_PW | PERM_UR | PERM_UW | PERM_UX | PERM_PAN);
    rig_free(r);
}

static void test_permission_faults(void **state)
{
    struct rig *r = rig_new(REGIME_EL10, 12, 25, false);
    uint64_t e = tree_map(&r->tree, 0x1000, 3, 0x40000000 | AF | NORMAL | BIT(7) | 3, 0);
    assert_false(go(r, 0x1000, ACC_WRITE));
    assert_true(r->fault.write && r->fault.type == XF_PERMISSION && r->fault.level == 3);
    assert_false(go(r, 0x1000, ACC_RMW)); /* readable: the write fails */
    assert_true(r->fault.write);
    struct xlat_req req = {.va = {0x1000}, .acc = ACC_RMW, .el0 = true};
    assert_false(go_req(r, &req)); /* not readable: the read fails */
    assert_false(r->fault.write);
    req = (struct xlat_req){.va = {0x1000}, .acc = ACC_CMO, .el0 = true};
    assert_false(go_req(r, &req));
    assert_true(r->fault.write);
    req.el0 = false;
    assert_true(go_req(r, &req));
    tree_write(&r->tree, e, 0x40000000 | AF | NORMAL | BIT(6) | 3); /* EL0 too: PAN */
    req = (struct xlat_req){.va = {0x1000}, .acc = ACC_READ, .pan = true};
    assert_false(go_req(r, &req));
    assert_int_equal(r->fault.type, XF_PERMISSION);
    req.pan = false;
    assert_true(go_req(r, &req));
    req.pan = true;
    assert_false(xlat_perm_allows(&r->out, &req));
    req.cmo = true; /* DC IVAC, IC IVAU */
    assert_true(xlat_perm_allows(&r->out, &req));
    assert_true(go_req(r, &req));
    req.cmo = false;
    req.el0 = true;
    assert_true(xlat_perm_allows(&r->out, &req));
    assert_true(go_req(r, &req));
    /* A translation fault of an atomic is the read's. */
    tree_write(&r->tree, e, 0);
    assert_false(go(r, 0x1000, ACC_RMW));
    assert_false(r->fault.write);
    assert_false(go(r, 0x1000, ACC_WRITE));
    assert_true(r->fault.write);
    rig_free(r);
}

/* FEAT_CMOW, stage 1: DC CIVAC and IC IVAU at EL0 need to write; other maintenance and EL1 do not.
 */
static void test_cmow(void **state)
{
    struct rig *r = rig_new(REGIME_EL10, 12, 16, false);
    uint64_t page = 0x40000000 | AF | NORMAL | BIT(6) | 3; /* EL0 may read and write */
    uint64_t e = tree_map(&r->tree, 0x1000, 3, page, 0);
    for (unsigned i = 0; i < 16; i++) {
        bool ro = bit(i, 0), el0 = bit(i, 1), clean_only = bit(i, 2);
        struct xlat_req req = {
            .va = {0x1000}, .acc = clean_only ? ACC_CMO : ACC_CMO_W, .el0 = el0, .cmo = true};
        r->cfg.s1.cmow = bit(i, 3);
        tree_write(&r->tree, e, ro ? page | BIT(7) : page);
        bool faults = ro && el0 && !clean_only && r->cfg.s1.cmow;
        assert_int_equal(go_req(r, &req), !faults);
        if (faults) {
            assert_int_equal(r->fault.type, XF_PERMISSION);
            assert_true(r->fault.write);
        }
    }
    rig_free(r);
}

static void test_access_flag(void **state)
{
    for (unsigned be = 0; be < 2; be++) {
        struct rig *r = rig_new(REGIME_EL10, 14, 17, false);
        r->tree.big_endian = r->cfg.s1.big_endian = be;
        uint64_t e = tree_map(&r->tree, 0x4000, 3, 0x40000000 | NORMAL | 3, 0);
        struct xlat_req req = {.va = {0x4000}, .acc = ACC_READ, .debug = true};
        assert_true(go_req(r, &req)); /* debuggers do not mind */
        assert_false(r->out.cacheable);
        r->cfg.s1.ha = true;
        req = (struct xlat_req){.va = {0x4000}, .acc = ACC_READ, .at = true};
        assert_true(go_req(r, &req));
        assert_true(tree_read(&r->tree, e) & AF);
        tree_write(&r->tree, e, 0x40000000 | NORMAL | 3);
        assert_true(go(r, 0x4000, ACC_READ));
        assert_true(r->out.cacheable);
        assert_true(tree_read(&r->tree, e) & AF);
        assert_int_equal(r->m->n_cas, 1);
        assert_true(go(r, 0x4000, ACC_READ));
        assert_int_equal(r->m->n_cas, 0);
        /* With a Permission fault, too; but not of an AT. */
        tree_write(&r->tree, e, 0x40000000 | NORMAL | BIT(7) | 3);
        req = (struct xlat_req){.va = {0x4000}, .acc = ACC_WRITE, .at = true};
        assert_false(go_req(r, &req));
        assert_false(tree_read(&r->tree, e) & AF);
        assert_false(go(r, 0x4000, ACC_WRITE));
        assert_int_equal(r->fault.type, XF_PERMISSION);
        assert_true(tree_read(&r->tree, e) & AF);
        rig_free(r);
    }
}

static void test_dirty_state(void **state)
{
    struct rig *r = rig_new(REGIME_EL10, 12, 16, false);
    uint64_t clean = 0x40000000 | AF | NORMAL | BIT(51) | BIT(7) | 3;
    uint64_t e = tree_map(&r->tree, 0x1000, 3, clean, 0);
    r->cfg.s1.ha = r->cfg.s1.hd = true;
    assert_true(go(r, 0x1000, ACC_READ));
    assert_false(r->out.perm & PERM_W); /* not without an update */
    assert_true(go(r, 0x1000, ACC_FETCH));
    r->cfg.s1.wxn = true; /* counts as writable */
    assert_false(go(r, 0x1000, ACC_FETCH));
    r->cfg.s1.wxn = false;
    struct xlat_req req = {.va = {0x1000}, .acc = ACC_WRITE, .at = true};
    assert_true(go_req(r, &req));
    req = (struct xlat_req){.va = {0x1000}, .acc = ACC_WRITE, .cmo = true};
    assert_true(go_req(r, &req));
    assert_int_equal(tree_read(&r->tree, e), clean);
    assert_true(go(r, 0x1000, ACC_WRITE));
    assert_true(r->out.perm & PERM_PW);
    assert_int_equal(tree_read(&r->tree, e), clean & ~BIT(7));
    tree_write(&r->tree, e, clean);
    assert_true(go(r, 0x1000, ACC_RMW));
    assert_int_equal(tree_read(&r->tree, e), clean & ~BIT(7));
    /* HD without HA, or no DBM: read only. */
    tree_write(&r->tree, e, clean);
    r->cfg.s1.ha = false;
    assert_false(go(r, 0x1000, ACC_WRITE));
    r->cfg.s1.ha = true;
    tree_write(&r->tree, e, clean & ~BIT(51));
    assert_false(go(r, 0x1000, ACC_WRITE));
    rig_free(r);
    /* APTable[1] is not overridden. */
    r = rig_new(REGIME_EL10, 12, 16, false);
    r->cfg.s1.ha = r->cfg.s1.hd = true;
    tree_map(&r->tree, 0x1000, 3, clean, BIT(62));
    assert_false(go(r, 0x1000, ACC_WRITE));
    rig_free(r);
}

static void test_update_trouble(void **state)
{
    struct rig *r = rig_new(REGIME_EL10, 12, 16, false);
    uint64_t e = tree_map(&r->tree, 0x1000, 3, 0x40000000 | NORMAL | 3, 0);
    r->cfg.s1.ha = true;
    r->m->lost_races = 2;
    assert_true(go(r, 0x1000, ACC_READ));
    assert_int_equal(r->m->n_cas, 3);
    assert_true(tree_read(&r->tree, e) & AF);
    tree_write(&r->tree, e, 0x40000000 | NORMAL | 3);
    r->m->fail_cas = true;
    expect_fault(r, 0x1000, XF_EXT_ABORT, 3);
    r->m->fail_cas = false;
    r->m->lost_races = UINT_MAX; /* a port that lies */
    expect_fault(r, 0x1000, XF_ATOMIC_UPDATE, 0);
    rig_free(r);
}

static void test_stage1_off(void **state)
{
    struct rig *r = rig_new(REGIME_EL10, 12, 16, false);
    r->cfg.s1.on = false;
    r->cfg.pa_bits = 40;
    assert_true(go(r, 0xfffffff123ULL, ACC_WRITE));
    assert_int_equal(r->out.pa.v, 0xfffffff123ULL);
    assert_int_equal(r->out.perm, PERM_ALL);
    assert_int_equal(r->out.mair, 0); /* Device for data */
    assert_int_equal(r->out.attr & (XA_DEVICE | XA_FETCH_CACHED), XA_DEVICE);
    assert_true(r->out.global);
    assert_true(go(r, 0x1000, ACC_FETCH));
    assert_true(r->out.attr & XA_FETCH_CACHED);
    r->cfg.s1.icache = false;
    assert_true(go(r, 0x1000, ACC_FETCH));
    assert_false(r->out.attr & XA_FETCH_CACHED);
    expect_fault(r, BIT(40), XF_ADDR_SIZE, 0);
    expect_fault(r, BIT(56), XF_ADDR_SIZE, 0);
    r->cfg.s1.half[0].tbi = true;
    assert_true(go(r, BIT(56) | 0x1000, ACC_READ));
    assert_int_equal(r->out.pa.v, 0x1000);
    struct xlat_req req = {.va = {0x1001}, .acc = ACC_READ, .unaligned = true};
    assert_false(go_req(r, &req));
    assert_int_equal(r->fault.type, XF_ALIGNMENT);
    r->cfg.s1.default_wb = true; /* HCR_EL2.DC */
    assert_true(go_req(r, &req));
    assert_int_equal(r->out.mair, 0xff);
    assert_int_equal(r->out.sh, 0);
    rig_free(r);
}

static void test_attributes(void **state)
{
    struct rig *r = rig_new(REGIME_EL10, 12, 16, false);
    uint64_t e = tree_map(&r->tree, 0x1000, 3, 0x40000000 | AF | DEVICE | BIT(50) | NG | 3, 0);
    assert_true(go(r, 0x1000, ACC_READ));
    assert_true(r->out.attr == (XA_DEVICE | XA_S1_DEVICE | XA_XS));
    assert_true(r->out.guarded && !r->out.global);
    assert_int_equal(r->out.sh, 2);
    struct xlat_req req = {.va = {0x1001}, .acc = ACC_WRITE, .unaligned = true};
    assert_false(go_req(r, &req));
    assert_true(r->fault.type == XF_ALIGNMENT && r->fault.stage == 1 && r->fault.write);
    tree_write(&r->tree, e, 0x40000000 | AF | NORMAL | 3ULL << 8 | 3);
    assert_true(go_req(r, &req));
    assert_true(r->out.mair == 0xff && r->out.sh == 3 && r->out.attr == 0);
    assert_true(r->out.global && !r->out.guarded);
    r->cfg.s1.dcache = false; /* SCTLR_ELx.C, I */
    assert_true(go(r, 0x1000, ACC_READ));
    assert_true(r->out.mair == 0x44 && r->out.sh == 2);
    assert_true(go(r, 0x1000, ACC_FETCH));
    assert_true(r->out.attr & XA_FETCH_CACHED);
    r->cfg.s1.icache = false;
    assert_true(go(r, 0x1000, ACC_FETCH));
    assert_false(r->out.attr & XA_FETCH_CACHED);
    /* EL2 and EL3 have no ASID: nG means nothing. */
    tree_write(&r->tree, e, 0x40000000 | AF | NORMAL | NG | 3);
    r->cfg.regime = REGIME_EL2;
    assert_true(go(r, 0x1000, ACC_READ));
    assert_true(r->out.global);
    rig_free(r);
}

/* Secure tables: NSTable, NS, SCR_EL3.SIF. */
static void test_secure(void **state)
{
    struct rig *r = rig_new(REGIME_EL10, 12, 25, false);
    r->cfg.pas = PAS_S;
    r->tree.pas = PAS_S;
    uint64_t e = tree_map(&r->tree, 0x1000, 3, 0x40000000 | AF | NORMAL | 3, 0);
    assert_true(go(r, 0x1000, ACC_READ));
    assert_true(r->out.pas == PAS_S && r->out.global && !r->out.ipa_ns);
    tree_write(&r->tree, e, 0x40000000 | AF | NORMAL | BIT(5) | 3);
    assert_true(go(r, 0x1000, ACC_FETCH));
    assert_int_equal(r->out.pas, PAS_NS);
    r->cfg.sif = true;
    assert_false(go(r, 0x1000, ACC_FETCH));
    assert_int_equal(r->fault.type, XF_PERMISSION);
    assert_true(go(r, 0x1000, ACC_READ));
    assert_false(r->out.perm & PERM_X);
    /* NSTable at level 1: the level 2 and 3 tables are Non-secure, and nG is as good as set. */
    uint64_t l1 = tree_entry(&r->tree, 0x1000, 1), l2 = tree_entry(&r->tree, 0x1000, 2);
    uint64_t d1 = tree_read(&r->tree, l1), d2 = tree_read(&r->tree, l2);
    tree_write(&r->tree, l1, d1 | BIT(63));
    expect_fault(r, 0x1000, XF_TRANSLATION, 2);
    walk_memory_set(r->m, PAS_NS, l2, d2);
    walk_memory_set(r->m, PAS_NS, e, 0x40000000 | AF | NORMAL | 3);
    assert_true(go(r, 0x1000, ACC_READ));
    assert_true(r->out.pas == PAS_NS && !r->out.global);
    assert_int_equal(r->m->read_pas[0], PAS_S);
    assert_int_equal(r->m->read_pas[1], PAS_NS);
    assert_int_equal(r->m->read_pas[2], PAS_NS);
    rig_free(r);
}

/* TTBR with BADDR[51:48] in bits 5:2. */
static void test_wide_base(void **state)
{
    for (unsigned i = 0; i < 2; i++) {
        struct rig *r = rig_new(REGIME_EL10, i ? 16 : 12, 12, !i);
        r->tree.base |= 0xaULL << 48;
        r->cfg.s1.half[0].ttb |= 0xaULL << 2;
        r->m->next_table |= 0xbULL << 48;
        tree_map(&r->tree, 0x10000, 3, tree_address(&r->tree, 0x40000000) | AF | NORMAL | 3, 0);
        assert_true(go(r, 0x10000, ACC_READ));
        assert_int_equal(r->m->read_addr[0] >> 48, 0xa);
        assert_int_equal(r->m->read_addr[1] >> 48, 0xb);
        rig_free(r);
    }
}

/* ---- indirect permissions, overlays ---- */

/* All pages have PIIndex 0 and POIndex 2. */
static struct rig *rig_indirect(uint64_t *leaf, uint64_t bits, unsigned pir, unsigned pire0)
{
    struct rig *r = rig_new(REGIME_EL10, 12, 16, false);
    *leaf = 0x40000000 | AF | NORMAL | 2ULL << 60 | 3 | bits;
    r->cfg.s1.pie = true;
    r->cfg.s1.pir = pir;
    r->cfg.s1.pire0 = pire0;
    r->cfg.s1.half[0].hpd = true;
    return r;
}

/* The nDirty bit: a write faults, or is recorded by hardware; reads and fetches do not care. */
static void test_indirect_dirty(void **state)
{
    uint64_t clean;
    struct rig *r = rig_indirect(&clean, BIT(7), 0xe, 0);
    uint64_t e = tree_map(&r->tree, 0x1000, 3, clean, 0x1fULL << 59); /* hierarchical: no say */
    for (unsigned i = 0; i < 4; i++) {
        static const enum xlat_access writes[] = {ACC_WRITE, ACC_RMW};
        r->cfg.s1.ha = bit(i, 0);
        r->cfg.s1.hd = bit(i, 1);
        bool managed = i == 3;
        assert_true(go(r, 0x1000, ACC_READ));
        assert_false(r->out.perm & PERM_W);
        assert_true(r->out.perm & PERM_PX);
        assert_true(go(r, 0x1000, ACC_FETCH));
        struct xlat_req cmo = {.va = {0x1000}, .acc = ACC_WRITE, .cmo = true}; /* DC IVAC */
        assert_true(go_req(r, &cmo));
        struct xlat_req at = {.va = {0x1000}, .acc = ACC_WRITE, .at = true};
        assert_int_equal(go_req(r, &at), managed);
        assert_int_equal(tree_read(&r->tree, e), clean);
        for (unsigned a = 0; a < 2; a++) {
            tree_write(&r->tree, e, clean);
            assert_int_equal(go(r, 0x1000, writes[a]), managed);
            assert_int_equal(tree_read(&r->tree, e), managed ? clean & ~BIT(7) : clean);
            if (managed) {
                assert_true(r->out.perm & PERM_PW);
            } else {
                assert_int_equal(r->fault.type, XF_PERMISSION);
                assert_true(r->fault.dirty && r->fault.write && !r->fault.overlay);
                assert_int_equal(r->fault.level, 3);
            }
        }
        tree_write(&r->tree, e, clean);
    }
    /* Not writable, whatever the bit: an ordinary fault, no update. */
    r->cfg.s1.pir = 0xa;
    assert_false(go(r, 0x1000, ACC_WRITE));
    assert_false(r->fault.dirty);
    assert_int_equal(tree_read(&r->tree, e), clean);
    rig_free(r);
}

/* What an overlay denies comes first, and leaves the descriptor clean. */
static void test_overlay_faults(void **state)
{
    uint64_t leaf;
    struct rig *r = rig_indirect(&leaf, BIT(7), 0x6, 0x5);
    uint64_t e = tree_map(&r->tree, 0x1000, 3, leaf, 0);
    r->cfg.s1.ha = r->cfg.s1.hd = true;
    r->cfg.s1.pire0 = 1;
    r->cfg.s1.poe = r->cfg.s1.e0poe = true;
    r->cfg.s1.por = 0x100;     /* POIndex 2: read */
    r->cfg.s1.por_el0 = 0x500; /* read, write */
    assert_true(go(r, 0x1000, ACC_READ));
    assert_int_equal(r->out.perm, PERM_PR | PERM_UR | PERM_PAN);
    assert_false(go(r, 0x1000, ACC_WRITE));
    assert_true(r->fault.overlay && r->fault.write && !r->fault.dirty);
    assert_int_equal(tree_read(&r->tree, e), leaf);
    assert_false(go(r, 0x1000, ACC_FETCH));
    assert_true(r->fault.overlay);
    struct xlat_req req = {.va = {0x1000}, .acc = ACC_WRITE, .el0 = true};
    assert_false(go_req(r, &req)); /* the base denies it */
    assert_false(r->fault.overlay);
    req = (struct xlat_req){.va = {0x1000}, .acc = ACC_READ, .pan = true};
    assert_false(go_req(r, &req)); /* PAN takes from the base */
    assert_false(r->fault.overlay);
    r->cfg.s1.por = 0x400;
    assert_false(go_req(r, &req));
    assert_true(r->fault.overlay);
    assert_false(go(r, 0x1000, ACC_RMW));
    assert_true(r->fault.overlay && !r->fault.write);
    r->cfg.s1.por = 0x500;
    assert_true(go(r, 0x1000, ACC_RMW));
    assert_int_equal(tree_read(&r->tree, e), leaf & ~BIT(7));
    req = (struct xlat_req){.va = {0x1000}, .acc = ACC_ANY, .at = true};
    r->cfg.s1.por = 0;
    assert_true(go_req(r, &req)); /* AT S1E1A */
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),        cmocka_unit_test(test_faults_by_level),
        cmocka_unit_test(test_fault_status),   cmocka_unit_test(test_va_range),
        cmocka_unit_test(test_tsz_limits),     cmocka_unit_test(test_half_controls),
        cmocka_unit_test(test_hierarchical),   cmocka_unit_test(test_permission_faults),
        cmocka_unit_test(test_access_flag),    cmocka_unit_test(test_dirty_state),
        cmocka_unit_test(test_update_trouble), cmocka_unit_test(test_stage1_off),
        cmocka_unit_test(test_attributes),     cmocka_unit_test(test_secure),
        cmocka_unit_test(test_wide_base),      cmocka_unit_test(test_cmow),
        cmocka_unit_test(test_indirect_dirty), cmocka_unit_test(test_overlay_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
