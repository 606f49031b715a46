/* SPDX-License-Identifier: Apache-2.0 */
/* Every combination of permission bits, against tables of the manual (Arm DDI 0487, D8.4). */
#include <glib.h>
#include <string.h>

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

/* No overlay: base permissions only. */
static void assert_base(struct perms p, uint8_t base)
{
    assert_int_equal(p.base, base);
    assert_int_equal(p.overlay & PERM_ALL, PERM_ALL);
}

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
        assert_base(perm_stage1(&s), want);
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
        assert_base(perm_stage1(&s), s.wxn ? apply_wxn(want) : want);
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
        assert_base(perm_stage1(&s), two_levels[0][pxn || pxnt][(ap2 || ro) << 1]);
    }
}

/* ---- indirect permissions and overlays of stage 1 ---- */

/* "Determination of stage 1 Base permissions and Overlay application"; the overlay applies to the
 * first eight. */
static const char *const s1_base[16] = {"",  "r", "x",  "rx", "",   "rw", "rwx", "rwx",
                                        "r", "r", "rx", "",   "rw", "",   "rwx", ""};
/* "Determination of stage 1 Overlay permissions". */
static const char *const s1_overlay[16] = {"", "r", "x", "rx", "w", "rw", "wx", "rwx",
                                           "", "",  "",  "",   "",  "",   "",   ""};
/* Rule VFPJF: what these give together is taken away. */
static const uint8_t runs_or_gcs[] = {0x2, 0x3, 0x6, 0x7, 0x9, 0xa, 0xe};
static const uint8_t user_writes_or_gcs[] = {0x5, 0x6, 0x7, 0x9, 0xc, 0xe};

static bool listed(const uint8_t *list, size_t n, unsigned v)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i] == v) {
            return true;
        }
    }
    return false;
}

static uint8_t bits_of(const char *text, bool el0)
{
    unsigned v =
        (strchr(text, 'r') ? PR : 0) | (strchr(text, 'w') ? PW : 0) | (strchr(text, 'x') ? PX : 0);
    return (uint8_t)(el0 ? v << 3 : v);
}

/* One privilege, rules QXXPC and NPBXC: what WXN takes from base or overlay. */
static struct perms with_wxn(const char *base, bool wxn, bool overlay, unsigned por, bool el0)
{
    const char *over = overlay ? s1_overlay[por] : "rwx";
    struct perms p = {bits_of(base, el0), bits_of(over, el0)};
    if (wxn && !overlay && strchr(base, 'w')) {
        p.base &= (uint8_t)~bits_of("x", el0);
    }
    if (wxn && overlay && strchr(over, 'x')) {
        p.overlay &= (uint8_t)~bits_of("w", el0);
    }
    return p;
}

static void assert_perms(const struct perm_s1 *s, struct perms want)
{
    struct perms got = perm_stage1(s);
    assert_int_equal(got.overlay & PERM_ALL, want.overlay & PERM_ALL);
    assert_int_equal(perms_both(got), perms_both(want));
    assert_int_equal(got.base & PERM_PAN, want.base & PERM_PAN);
}

/* PIIndex is in bits 54:53, 51 and 6, POIndex in 62:60; other bits have no say. */
static uint64_t indexed(unsigned pi, unsigned po)
{
    uint64_t others = BIT(0) | BIT(7) | BIT(10) | BIT(52) | BIT(59) | BIT(63);
    return (pi & 1 ? BIT(6) : 0) | (pi & 2 ? BIT(51) : 0) | (uint64_t)(pi >> 2) << 53 |
           (uint64_t)po << 60 | others;
}

static uint64_t field(unsigned index, unsigned v)
{
    uint64_t other = index & 1 ? UINT64_C(0xeeeeeeeeeeeeeeee) : UINT64_C(0x7777777777777777);
    return deposit64(other, 4 * index, 4, v);
}

static void one_pair(unsigned p, unsigned u, unsigned po, const struct perm_s1 *common)
{
    for (unsigned over = 0; over < 1U << 10; over++) {
        unsigned por = over & 15, por0 = over >> 4 & 15;
        struct perm_s1 s = *common;
        s.poe = bit(over, 8);
        s.e0poe = bit(over, 9);
        s.por = field(po, por);
        s.por_el0 = field(po, por0);
        bool excluded = listed(runs_or_gcs, sizeof(runs_or_gcs), p) &&
                        listed(user_writes_or_gcs, sizeof(user_writes_or_gcs), u);
        struct perms priv =
            with_wxn(excluded ? "" : s1_base[p], p == 6, s.poe && p < 8, por, false);
        struct perms user =
            with_wxn(excluded ? "" : s1_base[u], u == 6, s.e0poe && u < 8, por0, true);
        assert_perms(&s, (struct perms){priv.base | user.base | (u != 0 ? PERM_PAN : 0),
                                        priv.overlay | user.overlay});
        s.el0 = false;
        struct perms single = with_wxn(s1_base[p], p == 6, s.poe && p < 8, por, false);
        struct perms got = perm_stage1(&s);
        assert_int_equal(perms_both(got) & 7, perms_both(single) & 7);
        assert_int_equal(got.base & PERM_PAN, 0);
    }
}

static void test_stage1_indirect(void **state)
{
    for (unsigned i = 0; i < 1U << 8; i++) {
        unsigned p = i & 15, u = i >> 4, pi = (p + 3 * u) & 15, po = (p ^ u) & 7;
        struct perm_s1 s = {.desc = indexed(pi, po),
                            .tables = i & 1 ? mask64(59, 5) : 0, /* hierarchical: no say */
                            .el0 = true,
                            .wxn = bit(i, 2), /* SCTLR_ELx.{WXN, EPAN}: no say */
                            .epan = bit(i, 3),
                            .pie = true,
                            .pir = field(pi, p),
                            .pire0 = field(pi, u)};
        one_pair(p, u, po, &s);
    }
}

/* Direct permissions always have the overlay. */
static void test_stage1_direct_overlay(void **state)
{
    for (unsigned i = 0; i < 1U << 15; i++) {
        unsigned ap = i & 3, por = i >> 5 & 15, por0 = i >> 9 & 15, po = i & 7;
        bool pxn = bit(i, 2), uxn = bit(i, 3);
        struct perm_s1 s = {.desc = (uint64_t)ap << 6 | (pxn ? BIT(53) : 0) | (uxn ? BIT(54) : 0) |
                                    (uint64_t)po << 60,
                            .el0 = true,
                            .wxn = bit(i, 4),
                            .poe = bit(i, 13),
                            .e0poe = bit(i, 14),
                            .por = field(po, por),
                            .por_el0 = field(po, por0)};
        uint8_t base = two_levels[uxn][pxn][ap];
        char text[2][4];
        for (unsigned el0 = 0; el0 < 2; el0++) {
            unsigned v = base >> 3 * el0;
            g_snprintf(text[el0], 4, "%s%s%s", v & PR ? "r" : "", v & PW ? "w" : "",
                       v & PX ? "x" : "");
        }
        bool wxn[2] = {s.wxn && (base & PW) && (base & PX), s.wxn && (base & UW) && (base & UX)};
        struct perms priv = with_wxn(text[0], wxn[0], s.poe, por, false);
        struct perms user = with_wxn(text[1], wxn[1], s.e0poe, por0, true);
        assert_perms(&s, (struct perms){priv.base | user.base | (ap & 1 ? PERM_PAN : 0),
                                        priv.overlay | user.overlay});
    }
}

/* ---- stage 2 ---- */

/* "Stage 2 data access permissions" and XN[1:0] of FEAT_XNX. */
static void test_stage2(void **state)
{
    static const uint8_t data[4] = {0, R, W | PERM_MW, R | W | PERM_MW};
    static const uint8_t exec[2][4] = {{X, X, 0, 0}, {X, UX, 0, PX}};
    for (unsigned i = 0; i < 1U << 6; i++) {
        unsigned s2ap = i & 3, xn = i >> 2 & 3;
        struct perm_s2 s = {.desc = (uint64_t)s2ap << 6 | (uint64_t)xn << 53,
                            .xnx = bit(i, 4),
                            .dirty = bit(i, 5),
                            .poe = true}; /* direct permissions have no overlay */
        struct perms p = perm_stage2(&s);
        assert_int_equal(p.base, data[s.dirty ? s2ap | 2 : s2ap] | exec[s.xnx][xn]);
        assert_int_equal(p.overlay, PERM_ALL | PERM_MW);
    }
}

/* "Determination of stage 2 Base permissions and Overlay permissions", without TopLevel. */
static const char *const s2_names[16] = {
    "NoAccess", "NoAccess", "MRO",   "MRO",    "WO", "NoAccess", "MRO",   "MRO",
    "RO",       "RO uX",    "RO pX", "RO puX", "RW", "RW uX",    "RW pX", "RW puX"};

static bool is_special(const char *name)
{
    return name[0] == 'M' || name[0] == 'W';
}

/* What S2BasePerm and S2OverlayPerm come to: rule XLNQX and the two tables after it. */
static const char *s2_together(unsigned base, unsigned over)
{
    const char *a = s2_names[base], *b = s2_names[over];
    if (!is_special(a) && !is_special(b)) {
        bool none = !strcmp(a, "NoAccess") || !strcmp(b, "NoAccess");
        return none ? "NoAccess" : s2_names[base & over];
    }
    if (is_special(a) && is_special(b)) {
        return !strcmp(a, b) ? a : "NoAccess";
    }
    const char *special = is_special(a) ? a : b, *general = is_special(a) ? b : a;
    if (!strncmp(general, "RW", 2)) {
        return special;
    }
    return !strncmp(general, "RO", 2) && special[0] == 'M' ? "RO" : "NoAccess";
}

static uint8_t s2_bits(const char *name)
{
    bool rw = !strncmp(name, "RW", 2), mro = !strcmp(name, "MRO"), ro = !strncmp(name, "RO", 2);
    bool wo = !strcmp(name, "WO");
    return (uint8_t)((rw || mro || ro ? R : 0) | (rw || wo ? W : 0) | (rw || mro ? PERM_MW : 0) |
                     (strstr(name, "uX") ? UX : 0) | (strstr(name, "pX") ? PX : 0) |
                     (strstr(name, "puX") ? X : 0));
}

static void test_stage2_indirect(void **state)
{
    for (unsigned i = 0; i < 1U << 9; i++) {
        unsigned v = i & 15, over = i >> 4 & 15, pi = (v + over) & 15, po = (v ^ over) & 15;
        struct perm_s2 s = {.desc = (indexed(pi, 0) & ~mask64(59, 4)) | (uint64_t)po << 59,
                            .xnx = i & 1,
                            .pie = true,
                            .poe = bit(i, 8),
                            .pir = field(pi, v),
                            .por = field(po, over)};
        const char *want = s.poe ? s2_together(v, over) : s2_names[v];
        assert_int_equal(perms_both(perm_stage2(&s)), s2_bits(want));
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
        cmocka_unit_test(test_stage1_indirect),
        cmocka_unit_test(test_stage1_direct_overlay),
        cmocka_unit_test(test_stage2),
        cmocka_unit_test(test_stage2_indirect),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_pan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
