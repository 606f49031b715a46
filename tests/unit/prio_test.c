/* SPDX-License-Identifier: Apache-2.0 */
/* gic/prio: every binary point, priority and preemption level. */
#include <string.h>

#include "fakes/unit.h"
#include "gic/prio.h"

/* IHI 0069H, 4.8.4 "Priority grouping", the table of group priority fields. */
static void test_group_mask(void **state)
{
    static const uint8_t table[8] = {0xfe, 0xfc, 0xf8, 0xf0, 0xe0, 0xc0, 0x80, 0x00};
    for (unsigned bpr = 0; bpr < 8; bpr++) {
        assert_int_equal(prio_group_mask(bpr), table[bpr]);
    }
}

static void test_implemented_mask(void **state)
{
    assert_int_equal(prio_implemented_mask(4), 0xf0);
    assert_int_equal(prio_implemented_mask(5), 0xf8);
    assert_int_equal(prio_implemented_mask(8), 0xff);
}

/* The Non-secure half of the priority space, seen and written. */
static void test_ns_view(void **state)
{
    for (unsigned prio = 0; prio < 256; prio++) {
        unsigned seen = prio < 128 ? 0 : (prio - 128) * 2;
        assert_int_equal(prio_ns_view((uint8_t)prio), seen);
        assert_int_equal(prio_from_ns((uint8_t)prio), 128 + prio / 2);
        if (prio >= 128) {
            assert_int_equal(prio_from_ns(prio_ns_view((uint8_t)prio)), prio);
        }
    }
}

static void check_sufficient(unsigned prio, unsigned running, unsigned bpr)
{
    /* Group priority as a number: what is left of the subpriority field. */
    bool preempts = bpr < 7 && (prio >> (bpr + 1)) < (running >> (bpr + 1));
    bool expected = running == PRIO_IDLE || preempts;
    uint8_t mask = prio_group_mask(bpr);
    uint8_t p = (uint8_t)prio;
    uint8_t run = (uint8_t)running;
    bool masked_at = prio_sufficient(p, p, run, mask);
    bool below = prio < 255 && prio_sufficient(p, (uint8_t)(prio + 1), run, mask);
    bool open = prio_sufficient(p, 0xff, run, mask);
    if (masked_at || below != (expected && prio < 255) || open != (expected && prio < 255)) {
        print_error("prio %u running %u bpr %u\n", prio, running, bpr);
        assert_true(false);
    }
}

static void test_sufficient(void **state)
{
    for (unsigned bpr = 0; bpr < 8; bpr++) {
        for (unsigned prio = 0; prio < 256; prio++) {
            for (unsigned running = 0; running < 256; running++) {
                check_sufficient(prio, running, bpr);
            }
        }
    }
}

/* Every level alone, and every pair of levels, for each number of preemption bits. */
static void check_pair(unsigned a, unsigned b, unsigned bits)
{
    uint32_t apr[PRIO_N_APR] = {0};
    unsigned shift = 8 - bits;
    unsigned high = a < b ? a : b;
    unsigned low = a < b ? b : a;
    prio_apr_set(apr, (uint8_t)(a << shift), bits);
    prio_apr_set(apr, (uint8_t)(b << shift), bits);
    assert_int_equal(prio_apr_running(apr, bits), high << shift);
    assert_int_equal(prio_apr_drop(apr, bits), high << shift);
    if (low != high) {
        assert_int_equal(prio_apr_drop(apr, bits), low << shift);
    }
    assert_int_equal(prio_apr_running(apr, bits), PRIO_IDLE);
    assert_int_equal(prio_apr_drop(apr, bits), PRIO_IDLE);
}

static void test_active_priorities(void **state)
{
    for (unsigned bits = 4; bits <= 7; bits++) {
        for (unsigned a = 0; a < 1U << bits; a++) {
            for (unsigned b = a; b < 1U << bits; b++) {
                check_pair(a, b, bits);
            }
        }
    }
}

/* The lowest bits of a priority below the preemption level do not matter. */
static void test_level_of_priority(void **state)
{
    for (unsigned prio = 0; prio < 256; prio++) {
        uint32_t apr[PRIO_N_APR] = {0};
        prio_apr_set(apr, (uint8_t)prio, 5);
        assert_int_equal(prio_apr_running(apr, 5), prio & 0xf8);
    }
}

static void test_pick(void **state)
{
    uint8_t prio[32];
    uint32_t seed = 1;
    for (unsigned round = 0; round < 2000; round++) {
        struct prio_pick best = {PRIO_NONE, PRIO_IDLE};
        seed = seed * 1664525 + 1013904223;
        uint32_t candidates = seed ^ (seed << 13);
        unsigned expect = PRIO_NONE;
        for (unsigned n = 0; n < 32; n++) {
            seed = seed * 1664525 + 1013904223;
            prio[n] = (uint8_t)(seed >> 24) & (round % 2 ? 0xff : 0x30);
            if ((candidates >> n & 1) && (expect == PRIO_NONE || prio[n] < prio[expect])) {
                expect = n;
            }
        }
        prio_pick_word(&best, candidates, prio, 64);
        assert_int_equal(best.intid, expect == PRIO_NONE ? PRIO_NONE : expect + 64);
    }
}

/* A later word wins only with a higher priority; the lowest priority still beats nothing. */
static void test_pick_order(void **state)
{
    uint8_t prio[32];
    struct prio_pick best = {PRIO_NONE, PRIO_IDLE};
    memset(prio, 0xff, sizeof(prio));
    prio_pick_word(&best, 1U << 3, prio, 32);
    assert_int_equal(best.intid, 35);
    prio_pick_word(&best, 1U << 3, prio, 64);
    assert_int_equal(best.intid, 35);
    prio_pick_word(&best, 1U << 3, prio, 0);
    assert_int_equal(best.intid, 3);
    prio[9] = 0xfe;
    prio_pick_word(&best, 1U << 9, prio, 96);
    assert_int_equal(best.intid, 105);
    prio_pick_word(&best, 0, prio, 0);
    assert_int_equal(best.intid, 105);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_group_mask),
        cmocka_unit_test(test_implemented_mask),
        cmocka_unit_test(test_ns_view),
        cmocka_unit_test(test_sufficient),
        cmocka_unit_test(test_active_priorities),
        cmocka_unit_test(test_level_of_priority),
        cmocka_unit_test(test_pick),
        cmocka_unit_test(test_pick_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
