/* SPDX-License-Identifier: Apache-2.0 */
/* Controls of indirect permissions and overlays: which registers reach which regime, and what
 * switches them off. Arm ARM D8.4; TCR2_EL1, TCR2_EL2, TCR_EL3, VTCR_EL2. */
#include "cpu/sys/hcr.h"
#include "cpu/sys/regimes.h"
#include "fakes/pe.h"
#include "fakes/unit.h"

#define PIE   BIT(1)
#define E0POE BIT(2)
#define POE   BIT(3)
#define ALL   (PIE | E0POE | POE)

/* Each register has a value of its own. */
static struct cpu *pe(const char *model)
{
    struct cpu *c = pe_new(&(struct pe_config){.model = model});
    sysreg_setup_direct_boot(c, 1, false);
    pe_set(c, SR_PIR_EL1, 0x11);
    pe_set(c, SR_PIR_EL2, 0x12);
    pe_set(c, SR_PIR_EL3, 0x13);
    pe_set(c, SR_PIRE0_EL1, 0x21);
    pe_set(c, SR_PIRE0_EL2, 0x22);
    pe_set(c, SR_POR_EL0, 0x30);
    pe_set(c, SR_POR_EL1, 0x31);
    pe_set(c, SR_POR_EL2, 0x32);
    pe_set(c, SR_POR_EL3, 0x33);
    return c;
}

static struct xlat_s1 stage1(struct cpu *c, enum regime r)
{
    struct xlat_cfg cfg;
    regime_config(c, r, &cfg);
    return cfg.s1;
}

static void expect(struct cpu *c, enum regime r, uint64_t on, uint64_t pir, uint64_t pire0,
                   uint64_t por, uint64_t por_el0)
{
    struct xlat_s1 s = stage1(c, r);
    assert_int_equal(s.pie, (on & PIE) != 0);
    assert_int_equal(s.poe, (on & POE) != 0);
    assert_int_equal(s.e0poe, (on & E0POE) != 0);
    assert_int_equal(s.pir, pir);
    assert_int_equal(s.pire0, pire0);
    assert_int_equal(s.por, por);
    assert_int_equal(s.por_el0, por_el0);
    assert_int_equal(s.half[0].hpd, on != 0);
    assert_int_equal(s.half[1].hpd, on != 0);
}

/* One control at a time, and what it switches on. */
static void test_stage1(void **state)
{
    struct cpu *c = pe(NULL);
    expect(c, REGIME_EL10, 0, 0, 0, 0, 0);
    pe_set(c, SR_TCR2_EL1, PIE);
    expect(c, REGIME_EL10, PIE, 0x11, 0x21, 0, 0);
    expect(c, REGIME_EL20, 0, 0, 0, 0, 0);
    pe_set(c, SR_TCR2_EL1, POE);
    expect(c, REGIME_EL10, POE, 0, 0, 0x31, 0);
    pe_set(c, SR_TCR2_EL1, E0POE);
    expect(c, REGIME_EL10, E0POE, 0, 0, 0, 0x30);
    pe_set(c, SR_TCR2_EL1, 0);
    pe_set(c, SR_TCR2_EL2, ALL);
    expect(c, REGIME_EL10, 0, 0, 0, 0, 0);
    expect(c, REGIME_EL20, ALL, 0x12, 0x22, 0x32, 0x30);
    expect(c, REGIME_EL2, PIE | POE, 0x12, 0, 0x32, 0);
    expect(c, REGIME_EL3, 0, 0, 0, 0, 0);
    pe_set(c, SR_TCR_EL3, BIT(35));
    expect(c, REGIME_EL3, PIE, 0x13, 0, 0, 0);
    pe_set(c, SR_TCR_EL3, BIT(36));
    expect(c, REGIME_EL3, POE, 0, 0, 0x33, 0);
    pe_free(c);
}

/* TCR2_ELx counts as 0 while it is disabled; with NV1 EL1 has no EL0. */
static void test_enables(void **state)
{
    struct cpu *c = pe(NULL);
    uint64_t scr = c->sr[SR_SCR_EL3], hcrx = c->sr[SR_HCRX_EL2];
    pe_set(c, SR_TCR2_EL1, ALL);
    pe_set(c, SR_TCR2_EL2, ALL);
    pe_set(c, SR_HCRX_EL2, hcrx & ~HCRX_TCR2En);
    expect(c, REGIME_EL10, 0, 0, 0, 0, 0);
    expect(c, REGIME_EL20, ALL, 0x12, 0x22, 0x32, 0x30);
    pe_set(c, SR_SCR_EL3, scr & ~BIT(0)); /* Secure, EL2 off: HCRX_EL2 has no say */
    expect(c, REGIME_EL10, ALL, 0x11, 0x21, 0x31, 0x30);
    pe_set(c, SR_HCRX_EL2, hcrx);
    pe_set(c, SR_SCR_EL3, scr & ~BIT(43)); /* TCR2En */
    expect(c, REGIME_EL10, 0, 0, 0, 0, 0);
    expect(c, REGIME_EL20, 0, 0, 0, 0, 0);
    pe_set(c, SR_SCR_EL3, scr & ~BIT(45)); /* PIEn: of accesses only */
    expect(c, REGIME_EL10, ALL, 0x11, 0x21, 0x31, 0x30);
    pe_set(c, SR_SCR_EL3, scr);
    pe_set(c, SR_HCR_EL2, HCR_NV | HCR_NV1);
    expect(c, REGIME_EL10, PIE | POE, 0x11, 0, 0x31, 0);
    expect(c, REGIME_EL20, ALL, 0x12, 0x22, 0x32, 0x30);
    pe_free(c);
    c = pe("max,s1pie=off");
    pe_set(c, SR_TCR2_EL1, ALL);
    expect(c, REGIME_EL10, POE | E0POE, 0, 0, 0x31, 0x30);
    pe_free(c);
    c = pe("max,tcr2=off");
    pe_set(c, SR_TCR2_EL1, ALL);
    expect(c, REGIME_EL10, 0, 0, 0, 0, 0);
    pe_free(c);
}

static void test_stage2(void **state)
{
    struct cpu *c = pe(NULL);
    struct xlat_cfg cfg;
    pe_set(c, SR_HCR_EL2, HCR_VM);
    pe_set(c, SR_S2PIR_EL2, 0x40);
    pe_set(c, SR_S2POR_EL1, 0x50);
    for (unsigned i = 0; i < 4; i++) {
        bool pie = bit(i, 0), poe = pie && bit(i, 1); /* S2POE is of indirect permissions */
        pe_set(c, SR_VTCR_EL2, (uint64_t)i << 36);
        regime_config(c, REGIME_EL10, &cfg);
        assert_int_equal(cfg.s2.pie, pie);
        assert_int_equal(cfg.s2.poe, poe);
        assert_int_equal(cfg.s2.pir, pie ? 0x40 : 0);
        assert_int_equal(cfg.s2.por, poe ? 0x50 : 0);
    }
    pe_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stage1),
        cmocka_unit_test(test_enables),
        cmocka_unit_test(test_stage2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
