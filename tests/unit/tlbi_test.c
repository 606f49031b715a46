/* SPDX-License-Identifier: Apache-2.0 */
/* What each TLBI names (Arm ARM C5.5), in each state that changes its meaning. */
#include "cpu/sys/hcr.h"
#include "cpu/sys/tlbi.h"
#include "fakes/pe.h"
#include "fakes/unit.h"

enum where { LOCAL, ALL_PES };
enum span { WHOLE, PAGE, RANGE };

struct row {
    const char *name;
    uint8_t op1, crm, op2;
    uint8_t kind, span, where;
};

#define ROWS_EL1(crm_page, crm_range, sfx, where)                                                  \
    {"VMALLE1" sfx, 0, crm_page, 0, TLB_INVAL_VMALL, WHOLE, where},                                \
        {"VAE1" sfx, 0, crm_page, 1, TLB_INVAL_VA, PAGE, where},                                   \
        {"ASIDE1" sfx, 0, crm_page, 2, TLB_INVAL_ASID, WHOLE, where},                              \
        {"VAAE1" sfx, 0, crm_page, 3, TLB_INVAL_VAA, PAGE, where},                                 \
        {"VALE1" sfx, 0, crm_page, 5, TLB_INVAL_VA, PAGE, where},                                  \
        {"VAALE1" sfx, 0, crm_page, 7, TLB_INVAL_VAA, PAGE, where},                                \
        {"RVAE1" sfx, 0, crm_range, 1, TLB_INVAL_VA, RANGE, where},                                \
        {"RVAAE1" sfx, 0, crm_range, 3, TLB_INVAL_VAA, RANGE, where},                              \
        {"RVALE1" sfx, 0, crm_range, 5, TLB_INVAL_VA, RANGE, where},                               \
    {                                                                                              \
        "RVAALE1" sfx, 0, crm_range, 7, TLB_INVAL_VAA, RANGE, where                                \
    }
#define ROWS_HIGH(op1, n, crm_page, crm_range, sfx, where)                                         \
    {"ALLE" n sfx, op1, crm_page, 0, TLB_INVAL_ALL, WHOLE, where},                                 \
        {"VAE" n sfx, op1, crm_page, 1, TLB_INVAL_VA, PAGE, where},                                \
        {"VALE" n sfx, op1, crm_page, 5, TLB_INVAL_VA, PAGE, where},                               \
        {"RVAE" n sfx, op1, crm_range, 1, TLB_INVAL_VA, RANGE, where},                             \
    {                                                                                              \
        "RVALE" n sfx, op1, crm_range, 5, TLB_INVAL_VA, RANGE, where                               \
    }
#define ROWS_VM(crm, sfx, where)                                                                   \
    {"ALLE1" sfx, 4, crm, 4, TLB_INVAL_ALL, WHOLE, where},                                         \
    {                                                                                              \
        "VMALLS12E1" sfx, 4, crm, 6, TLB_INVAL_VMALLS12, WHOLE, where                              \
    }

/* clang-format off */
static const struct row rows[] = {
    ROWS_EL1(7, 6, "", LOCAL), ROWS_EL1(3, 2, "IS", ALL_PES), ROWS_EL1(1, 5, "OS", ALL_PES),
    ROWS_HIGH(4, "2", 7, 6, "", LOCAL), ROWS_HIGH(4, "2", 3, 2, "IS", ALL_PES),
    ROWS_HIGH(4, "2", 1, 5, "OS", ALL_PES),
    ROWS_HIGH(6, "3", 7, 6, "", LOCAL), ROWS_HIGH(6, "3", 3, 2, "IS", ALL_PES),
    ROWS_HIGH(6, "3", 1, 5, "OS", ALL_PES),
    ROWS_VM(7, "", LOCAL), ROWS_VM(3, "IS", ALL_PES), ROWS_VM(1, "OS", ALL_PES),
    {"IPAS2E1",     4, 4, 1, TLB_INVAL_IPA, PAGE,  LOCAL},
    {"IPAS2LE1",    4, 4, 5, TLB_INVAL_IPA, PAGE,  LOCAL},
    {"RIPAS2E1",    4, 4, 2, TLB_INVAL_IPA, RANGE, LOCAL},
    {"RIPAS2LE1",   4, 4, 6, TLB_INVAL_IPA, RANGE, LOCAL},
    {"IPAS2E1IS",   4, 0, 1, TLB_INVAL_IPA, PAGE,  ALL_PES},
    {"IPAS2LE1IS",  4, 0, 5, TLB_INVAL_IPA, PAGE,  ALL_PES},
    {"RIPAS2E1IS",  4, 0, 2, TLB_INVAL_IPA, RANGE, ALL_PES},
    {"RIPAS2LE1IS", 4, 0, 6, TLB_INVAL_IPA, RANGE, ALL_PES},
    {"IPAS2E1OS",   4, 4, 0, TLB_INVAL_IPA, PAGE,  ALL_PES},
    {"IPAS2LE1OS",  4, 4, 4, TLB_INVAL_IPA, PAGE,  ALL_PES},
    {"RIPAS2E1OS",  4, 4, 3, TLB_INVAL_IPA, RANGE, ALL_PES},
    {"RIPAS2LE1OS", 4, 4, 7, TLB_INVAL_IPA, RANGE, ALL_PES},
};
/* clang-format on */

#define SCR_NS_RW_HCE 0x501
#define ASID          0xa5b6ULL
/* TG 4K, SCALE 1, NUM 3, from page 0x12345: 4 * 2^6 pages */
#define RANGE_ARG (ASID << 48 | 1ULL << 46 | 1ULL << 44 | 3ULL << 39 | 0x12345)
#define PAGE_ARG  (ASID << 48 | 0x12345)

static uint16_t enc(const struct row *r, bool nxs)
{
    return SYSREG_ENC(1, r->op1, nxs ? 9 : 8, r->crm, r->op2);
}

static struct cpu *pe(unsigned el, uint64_t hcr)
{
    struct cpu *c = pe_new(&(struct pe_config){0});
    pe_set(c, SR_SCR_EL3, SCR_NS_RW_HCE | BIT(18));
    pe_set(c, SR_HCR_EL2, HCR_RW | hcr);
    pe_set(c, SR_VTCR_EL2, BIT(19));
    pe_set(c, SR_VTTBR_EL2, 0xbeefULL << 48);
    pe_set_el(c, el);
    return c;
}

static uint8_t want_regime(const struct row *r, bool e2h, bool host)
{
    if (r->op1 == 6) {
        return REGIME_EL3;
    }
    if (r->op1 == 4 && strstr(r->name, "E2") && !strstr(r->name, "S2")) {
        return e2h ? REGIME_EL20 : REGIME_EL2;
    }
    return r->op1 == 0 && host ? REGIME_EL20 : REGIME_EL10;
}

static void check_row(struct cpu *c, const struct row *r, bool nxs, bool e2h, bool host)
{
    struct tlb_inval op;
    assert_true(tlbi_decode(c, enc(r, nxs), r->span == RANGE ? RANGE_ARG : PAGE_ARG, &op));
    uint8_t regime = want_regime(r, e2h, host);
    if (op.kind != r->kind || op.regime != regime) {
        FAIL("%s: kind %u regime %u", r->name, op.kind, op.regime);
    }
    assert_int_equal(op.pas, regime == REGIME_EL3 ? PAS_S : PAS_NS);
    assert_int_equal(op.vmid, regime == REGIME_EL10 ? 0xbeef : 0);
    if (regime_has_el0((enum regime)regime)) {
        assert_int_equal(op.asid, ASID);
    }
    if (r->span != WHOLE) {
        assert_int_equal(op.base, 0x12345000);
        assert_int_equal(op.len, r->span == PAGE ? 4096 : (4 << 6) * 4096);
    }
    assert_int_equal(tlbi_broadcasts(c, enc(r, nxs)), r->where == ALL_PES);
}

static void test_every_operation(void **state)
{
    static const uint64_t hcr[] = {0, HCR_E2H, HCR_E2H | HCR_TGE, HCR_TGE};
    for (size_t h = 0; h < ARRAY_LEN(hcr); h++) {
        for (unsigned el = 2; el <= 3; el++) {
            struct cpu *c = pe(el, hcr[h]);
            for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
                check_row(c, &rows[i / 2], i & 1, hcr[h] & HCR_E2H, h == 2);
            }
            pe_free(c);
        }
    }
}

/* From EL1: HCR_EL2.FB makes local operations broadcast. */
static void test_forced_broadcast(void **state)
{
    struct cpu *c = pe(1, 0);
    uint16_t vae1 = SYSREG_ENC(1, 0, 8, 7, 1), rvae1 = SYSREG_ENC(1, 0, 8, 6, 1);
    assert_false(tlbi_broadcasts(c, vae1));
    pe_set(c, SR_HCR_EL2, HCR_RW | HCR_FB);
    assert_true(tlbi_broadcasts(c, vae1));
    assert_true(tlbi_broadcasts(c, rvae1));
    pe_set_el(c, 2);
    assert_false(tlbi_broadcasts(c, vae1));
    pe_free(c);
}

static void test_arguments(void **state)
{
    struct cpu *c = pe(2, 0);
    struct tlb_inval op;
    /* Upper half: sign extended; with a TTL hint in bits 47:44. */
    uint64_t v = extract64(0xffff800012345000ULL, 12, 44);
    assert_true(tlbi_decode(c, SYSREG_ENC(1, 0, 8, 7, 1), v | 7ULL << 44, &op));
    assert_int_equal(op.base, 0xffff800012345000ULL);
    /* EL2, one range: not. */
    assert_true(tlbi_decode(c, SYSREG_ENC(1, 4, 8, 7, 1), v, &op));
    assert_int_equal(op.base, 0x00ff800012345000ULL);
    /* Ranges: 64 KiB granule, largest size, a page of the upper half; TG 0 does nothing. */
    v = 3ULL << 46 | 3ULL << 44 | 31ULL << 39 | extract64(0xffffffff80000000ULL, 16, 37);
    assert_true(tlbi_decode(c, SYSREG_ENC(1, 0, 8, 6, 1), v, &op));
    assert_int_equal(op.base, 0xffffffff80000000ULL);
    assert_int_equal(op.len, 32ULL << 16 << 16);
    assert_false(tlbi_decode(c, SYSREG_ENC(1, 0, 8, 6, 1), 0, &op));
    /* FEAT_LPA2: TCR_ELx.DS counts 64 KiB, whatever the granule. */
    if (cpu_has(c, FEAT_LPA2)) {
        pe_set(c, SR_TCR_EL1, BIT(59));
        assert_true(tlbi_decode(c, SYSREG_ENC(1, 0, 8, 6, 1), 1ULL << 46 | 1, &op));
        assert_int_equal(op.base, 0x10000);
        assert_int_equal(op.len, 2 << 12);
    }
    /* IPA: 52 bits; NS only matters in Secure state. */
    assert_true(tlbi_decode(c, SYSREG_ENC(1, 4, 8, 4, 1), 0xffffffffffULL, &op));
    assert_int_equal(op.base, 0xffffffffff000ULL);
    assert_true(op.ipa_ns);
    pe_set(c, SR_SCR_EL3, (SCR_NS_RW_HCE & ~1) | BIT(18));
    assert_true(tlbi_decode(c, SYSREG_ENC(1, 4, 8, 4, 1), 1, &op));
    assert_true(!op.ipa_ns && op.pas == PAS_S);
    assert_true(tlbi_decode(c, SYSREG_ENC(1, 4, 8, 4, 1), BIT(63) | 1, &op));
    assert_true(op.ipa_ns);
    /* Secure EL2 off: no stage 2, no VMID. */
    pe_set_el(c, 3);
    pe_set(c, SR_SCR_EL3, SCR_NS_RW_HCE & ~1);
    assert_false(tlbi_decode(c, SYSREG_ENC(1, 4, 8, 4, 1), 1, &op));
    assert_true(tlbi_decode(c, SYSREG_ENC(1, 0, 8, 7, 0), 0, &op));
    assert_true(op.vmid == 0 && op.pas == PAS_S && op.regime == REGIME_EL10);
    pe_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_operation),
        cmocka_unit_test(test_forced_broadcast),
        cmocka_unit_test(test_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
