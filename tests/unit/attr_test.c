/* SPDX-License-Identifier: Apache-2.0 */
/* Memory types: every MAIR byte, every pair of stages (Arm DDI 0487, D8.6 and D8.8). */
#include "base/bits.h"
#include "fakes/unit.h"
#include "mmu/attr.h"

static void test_mair_round_trip(void **state)
{
    for (unsigned v = 0; v < 256; v++) {
        struct mem_type t = attr_decode_mair((uint8_t)v, SH_INNER, true);
        uint8_t want = (uint8_t)v;
        if (v < 16 ? v & 2 : (v & 15) == 0 && v != 0x40 && v != 0xa0 && v != 0xf0) {
            want = 0; /* reserved: the strictest Device type */
        } else if (v == 0xf0) {
            want = 0xff; /* Tagged Normal, without MTE */
        }
        assert_int_equal(attr_encode(&t), want);
        assert_int_equal(t.device, want < 16);
        assert_int_equal(attr_effective_sh(&t),
                         t.device || (v & 0xfb) == 0x40 ? SH_OUTER : SH_INNER);
    }
}

static void test_mair_fields(void **state)
{
    struct mem_type t = attr_decode_mair(0x04, 0, true);
    assert_true(t.device && t.device_kind == DEVICE_nGnRE && t.xs);
    t = attr_decode_mair(0x0d, 0, true);
    assert_true(t.device && t.device_kind == DEVICE_GRE && !t.xs);
    t = attr_decode_mair(0x0d, 0, false); /* without FEAT_XS: reserved */
    assert_true(t.device && t.device_kind == DEVICE_nGnRnE && t.xs);
    t = attr_decode_mair(0xff, SH_INNER, true);
    assert_true(t.inner == 0xf && t.outer == 0xf && !t.xs);
    t = attr_decode_mair(0x1b, SH_NONE, true); /* outer WT transient W, inner WT R and W */
    assert_true(attr_cache_kind(t.outer) == CACHE_WT && t.outer == 0x1);
    assert_true(attr_cache_kind(t.inner) == CACHE_WT && t.inner == 0xb && t.xs);
    t = attr_decode_mair(0x44, SH_NONE, true);
    assert_true(!attr_cacheable(&t));
    assert_int_equal(attr_effective_sh(&t), SH_OUTER);
    t = attr_decode_mair(0xff, 1, true); /* reserved shareability */
    assert_int_equal(t.sh, SH_OUTER);
}

/* "Combining memory type attributes": Device wins, the stricter Device type wins. */
static void test_combine_types(void **state)
{
    for (unsigned s1 = 0; s1 < 5; s1++) {
        for (unsigned s2 = 0; s2 < 5; s2++) {
            struct mem_type a =
                s1 < 4 ? attr_device((enum device_kind)s1) : attr_normal(CACHE_WB, 3, SH_NONE);
            struct mem_type b =
                s2 < 4 ? attr_decode_s2((uint8_t)s2, 0, false) : attr_decode_s2(15, 0, false);
            struct mem_type t = attr_combine(&a, &b);
            assert_int_equal(t.device, s1 < 4 || s2 < 4);
            if (t.device) {
                assert_int_equal(t.device_kind, s1 < s2 ? s1 : s2);
                assert_int_equal(t.sh, SH_OUTER);
            } else {
                assert_int_equal(attr_encode(&t), 0xff);
                assert_int_equal(t.sh, SH_NONE);
            }
        }
    }
}

/* "Combining cacheability": Non-cacheable wins over Write-Through over Write-Back, by level. */
static void test_combine_cacheability(void **state)
{
    static const uint8_t s1_byte[3] = {0x4, 0x9, 0xd}; /* four bits of MAIR: NC, WT W, WB W */
    for (unsigned i = 0; i < 81; i++) {
        unsigned o1 = i % 3, i1 = i / 3 % 3, o2 = i / 9 % 3, i2 = i / 27;
        struct mem_type a =
            attr_decode_mair((uint8_t)(s1_byte[o1] << 4 | s1_byte[i1]), SH_NONE, true);
        struct mem_type b = attr_decode_s2((uint8_t)((o2 + 1) << 2 | (i2 + 1)), SH_NONE, false);
        struct mem_type t = attr_combine(&a, &b);
        unsigned o = o1 < o2 ? o1 : o2, in = i1 < i2 ? i1 : i2;
        assert_int_equal(attr_cache_kind(t.outer), o);
        assert_int_equal(attr_cache_kind(t.inner), in);
        /* Allocation hints are those of stage 1. */
        assert_int_equal(attr_encode(&t), s1_byte[o] << 4 | s1_byte[in]);
    }
}

/* "Combining shareability": Outer, then Inner, then none. */
static void test_combine_shareability(void **state)
{
    static const uint8_t sh[3] = {SH_NONE, SH_INNER, SH_OUTER}; /* weakest first */
    for (unsigned i = 0; i < 9; i++) {
        unsigned s1 = i % 3, s2 = i / 3;
        struct mem_type a = attr_decode_mair(0xff, sh[s1], true);
        struct mem_type b = attr_decode_s2(15, sh[s2], false);
        struct mem_type t = attr_combine(&a, &b);
        assert_int_equal(t.sh, sh[s1 > s2 ? s1 : s2]);
        t = attr_apply_fwb(&a, 6, sh[s2], false);
        assert_int_equal(t.sh, sh[s1 > s2 ? s1 : s2]);
    }
}

/* "Stage 2 memory type and cacheability attributes when FEAT_S2FWB is enabled". */
static void test_fwb(void **state)
{
    static const uint8_t types[] = {0x00, 0x04, 0x08, 0x0c, 0x44, 0xaa, 0xff, 0x4f};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct mem_type s1 = attr_decode_mair(types[i], SH_INNER, true), t;
        for (unsigned dev = 0; dev < 4; dev++) {
            t = attr_apply_fwb(&s1, (uint8_t)dev, SH_NONE, false);
            unsigned want = s1.device && s1.device_kind < dev ? s1.device_kind : dev;
            assert_true(t.device && t.device_kind == want);
        }
        t = attr_apply_fwb(&s1, 5, SH_NONE, false); /* Non-cacheable, but Device stays */
        assert_int_equal(attr_encode(&t), s1.device ? types[i] : 0x44);
        t = attr_apply_fwb(&s1, 6, SH_NONE, false); /* Write-Back, whatever stage 1 says */
        assert_true(!t.device && attr_cache_kind(t.inner) == CACHE_WB &&
                    attr_cache_kind(t.outer) == CACHE_WB && !t.xs);
        t = attr_apply_fwb(&s1, 7, SH_NONE, false); /* stage 1 */
        assert_int_equal(attr_encode(&t), types[i]);
        t = attr_apply_fwb(&s1, 7, SH_NONE, true); /* FnXS */
        assert_false(t.xs);
    }
}

static void test_uncached(void **state)
{
    struct mem_type t = attr_decode_mair(0xff, SH_INNER, true);
    assert_true(attr_cacheable(&t));
    t = attr_uncached(&t);
    assert_false(attr_cacheable(&t));
    assert_int_equal(attr_encode(&t), 0x44);
    t = attr_decode_mair(0xa0, SH_INNER, true);
    t = attr_uncached(&t);
    assert_int_equal(attr_encode(&t), 0x40); /* XS stays away */
    assert_int_equal(t.sh, SH_OUTER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mair_round_trip),
        cmocka_unit_test(test_mair_fields),
        cmocka_unit_test(test_combine_types),
        cmocka_unit_test(test_combine_cacheability),
        cmocka_unit_test(test_combine_shareability),
        cmocka_unit_test(test_fwb),
        cmocka_unit_test(test_uncached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
