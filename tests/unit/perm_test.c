/* SPDX-License-Identifier: Apache-2.0 */
/* Every combination of permission bits, against tables of the manual (Arm DDI 0487, D8.4). */
#include "base/bits.h"
#include "fakes/unit.h"
#include "mmu/perm.h"
#include "mmu/pte.h"

#define R  PERM_R
#define W  PERM_W
#define X  PERM_X
#define PR PERM_PR
#define PW PERM_PW
#define PX PERM_PX
#define UR PERM_UR
#define UW PERM_UW
#define UX PERM_UX

/* "Stage 1 data and instruction access permissions, two privilege levels", WXN = 0:
 * [UXN][PXN][AP[2:1]]. */
static const uint8_t two_levels[2][2][4] = {
    {{PR | PW | PX | UX, PR | PW | UR | UW | UX, PR | PX | UX, PR | PX | UR | UX},
     {PR | PW | UX, PR | PW | UR | UW | UX, PR | UX, PR | UR | UX}},
    {{PR | PW | PX, PR | PW | UR | UW, PR | PX, PR | PX | UR},
     {PR | PW, PR | PW | UR | UW, PR, PR | UR}},
};

/* The same for one privilege level: [XN][AP[2]]. */
static const uint8_t one_level[2][2] = {{R | W | X, R | X}, {R | W, R}};

static uint8_t apply_wxn(uint8_t p)
{
    p &= (uint8_t)~(p & PW ? PX : 0);
    return p & (uint8_t)~(p & UW ? UX : 0);
}

/* Bits 0..: AP1, AP2, PXN, UXN, their table forms, WXN, EPAN, dirty. */
static void test_stage1_two_levels(void **state)
{
    for (unsigned i = 0; i < 1U << 11; i++) {
        bool ap1 = bit(i, 0), ap2 = bit(i, 1), pxn = bit(i, 2), uxn = bit(i, 3);
        bool no_el0 = bit(i, 4), ro = bit(i, 5), pxnt = bit(i, 6), uxnt = bit(i, 7);
        struct perm_s1 s = {
            .desc =
                (ap1 ? BIT(6) : 0) | (ap2 ? BIT(7) : 0) | (pxn ? BIT(53) : 0) | (uxn ? BIT(54) : 0),
            .tables = (no_el0 ? BIT(61) : 0) | (ro ? BIT(62) : 0) | (pxnt ? BIT(59) : 0) |
                      (uxnt ? BIT(60) : 0),
            .el0 = true,
            .wxn = bit(i, 8),
            .epan = bit(i, 9),
            .dirty = bit(i, 10),
        };
        unsigned ap = (ap1 && !no_el0) | ((ap2 && !s.dirty) || ro) << 1;
        uint8_t want = two_levels[uxn || uxnt][pxn || pxnt][ap];
        if (s.wxn) {
            want = apply_wxn(want);
        }
        /* FEAT_PAN: memory that EL0 can access; FEAT_PAN3: or execute. */
        if ((ap & 1) || (s.epan && (want & UX))) {
            want |= PERM_PAN;
        }
        assert_int_equal(perm_stage1(&s), want);
    }
}

static void test_stage1_one_level(void **state)
{
    for (unsigned i = 0; i < 1U << 10; i++) {
        bool ap2 = bit(i, 1), xn = bit(i, 3), ro = bit(i, 5), xnt = bit(i, 7);
        struct perm_s1 s = {
            /* AP[1], PXN and their table forms do not exist here. */
            .desc = (bit(i, 0) ? BIT(6) : 0) | (ap2 ? BIT(7) : 0) | (bit(i, 2) ? BIT(53) : 0) |
                    (xn ? BIT(54) : 0),
            .tables = (bit(i, 4) ? BIT(61) : 0) | (ro ? BIT(62) : 0) | (bit(i, 6) ? BIT(59) : 0) |
                      (xnt ? BIT(60) : 0),
            .wxn = bit(i, 8),
            .dirty = bit(i, 9),
        };
        uint8_t want = one_level[xn || xnt][(ap2 && !s.dirty) || ro];
        assert_int_equal(perm_stage1(&s), s.wxn ? apply_wxn(want) : want);
    }
}

/* HCR_EL2.{NV,NV1} = {1,1}: "EL2-like" descriptors of EL1: no EL0 data, PXN at bit 54, no UXN. */
static void test_stage1_nv1(void **state)
{
    for (unsigned i = 0; i < 1U << 8; i++) {
        bool ap2 = bit(i, 1), pxn = bit(i, 3), ro = bit(i, 5), pxnt = bit(i, 7);
        struct perm_s1 s = {
            .desc = (bit(i, 0) ? BIT(6) : 0) | (ap2 ? BIT(7) : 0) | (bit(i, 2) ? BIT(53) : 0) |
                    (pxn ? BIT(54) : 0),
            .tables = (bit(i, 4) ? BIT(61) : 0) | (ro ? BIT(62) : 0) | (bit(i, 6) ? BIT(59) : 0) |
                      (pxnt ? BIT(60) : 0),
            .el0 = true,
            .nv1 = true,
            .epan = bit(i, 0),
        };
        assert_int_equal(perm_stage1(&s), two_levels[0][pxn || pxnt][(ap2 || ro) << 1]);
    }
}

/* "Stage 2 data access permissions" and XN[1:0] of FEAT_XNX. */
static void test_stage2(void **state)
{
    static const uint8_t data[4] = {0, R, W, R | W};
    static const uint8_t exec[2][4] = {{X, X, 0, 0}, {X, UX, 0, PX}};
    for (unsigned i = 0; i < 1U << 6; i++) {
        unsigned s2ap = i & 3, xn = i >> 2 & 3;
        bool xnx = bit(i, 4), dirty = bit(i, 5);
        uint64_t desc = (uint64_t)s2ap << 6 | (uint64_t)xn << 53;
        assert_int_equal(perm_stage2(desc, xnx, dirty),
                         data[dirty ? s2ap | 2 : s2ap] | exec[xnx][xn]);
    }
}

static void test_check(void **state)
{
    for (unsigned perm = 0; perm < 64; perm++) {
        for (unsigned el0 = 0; el0 < 2; el0++) {
            bool r = bit(perm, el0 ? 3 : 0), w = bit(perm, el0 ? 4 : 1), x = bit(perm, el0 ? 5 : 2);
            assert_int_equal(perm_check((uint8_t)perm, ACC_READ, el0), r ? PERM_OK : PERM_NO_READ);
            assert_int_equal(perm_check((uint8_t)perm, ACC_WRITE, el0),
                             w ? PERM_OK : PERM_NO_WRITE);
            assert_int_equal(perm_check((uint8_t)perm, ACC_FETCH, el0), x ? PERM_OK : PERM_NO_EXEC);
            enum perm_verdict rmw = !r ? PERM_NO_READ : !w ? PERM_NO_WRITE : PERM_OK;
            assert_int_equal(perm_check((uint8_t)perm, ACC_RMW, el0), rmw);
            assert_int_equal(perm_check((uint8_t)perm, ACC_CMO, el0),
                             el0 && !r ? PERM_NO_READ : PERM_OK);
            assert_int_equal(perm_check((uint8_t)perm, ACC_CMO_W, el0),
                             el0 && !r ? PERM_NO_READ : PERM_OK);
            assert_int_equal(perm_check((uint8_t)perm, ACC_ANY, el0), PERM_OK);
        }
    }
}

static void test_pan(void **state)
{
    for (unsigned perm = 0; perm < 128; perm++) {
        uint8_t p = perm_with_pan((uint8_t)perm);
        assert_int_equal(p & ~(PR | PW), perm & ~(PR | PW));
        assert_int_equal(p & (PR | PW), perm & PERM_PAN ? 0 : perm & (PR | PW));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stage1_two_levels),
        cmocka_unit_test(test_stage1_one_level),
        cmocka_unit_test(test_stage1_nv1),
        cmocka_unit_test(test_stage2),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_pan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
