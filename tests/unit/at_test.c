/* SPDX-License-Identifier: Apache-2.0 */
/* AT instructions: which regime, which permission, PAR_EL1, and the faults that are exceptions. */
#include "cpu/sys/at.h"
#include "cpu/sys/hcr.h"
#include "fakes/pe.h"
#include "fakes/unit.h"

#define RAM   0x40000000ULL
#define T1    (RAM + 0x10000) /* stage 1 tables: 39 bits, levels 1 to 3 */
#define T2    (RAM + 0x20000) /* EL2 */
#define S2    (RAM + 0x30000) /* stage 2: 39 bits, level 1 */
#define PAGE  0x00000040300000ULL
#define AF    BIT(10)
#define USER  BIT(6)
#define RO    BIT(7)
#define BLOCK 1
#define VA    0x345678ULL

#define AT(op1, crm, op2) SYSREG_ENC(1, op1, 7, crm, op2)
#define S1E1R             AT(0, 8, 0)
#define S1E1W             AT(0, 8, 1)
#define S1E0R             AT(0, 8, 2)
#define S1E0W             AT(0, 8, 3)
#define S1E1RP            AT(0, 9, 0)
#define S1E1WP            AT(0, 9, 1)
#define S1E1A             AT(0, 9, 2)
#define S1E2R             AT(4, 8, 0)
#define S1E2W             AT(4, 8, 1)
#define S12E1R            AT(4, 8, 4)
#define S12E1W            AT(4, 8, 5)
#define S12E0R            AT(4, 8, 6)
#define S1E3R             AT(6, 8, 0)

static void put(struct cpu *c, uint64_t pa, uint64_t v)
{
    const struct mem_attrs a = {.pas = PAS_NS};
    assert_int_equal(bus_write(c->bus, (pa_t){pa}, &v, 8, &a), BUS_OK);
}

/* Level 1 and 2 tables and one 2 MiB block at VA 0x200000 of a tree at base. */
static void map_block(struct cpu *c, uint64_t base, uint64_t desc)
{
    put(c, base, (base + 0x1000) | 3);
    put(c, base + 0x1000 + 8, desc);
}

/* EL1 maps VA 0x200000.. to IPA 0x40200000, EL2 the same address to 0x40400000. */
static struct cpu *pe(unsigned el, uint64_t hcr)
{
    struct cpu *c = pe_new(&(struct pe_config){0});
    assert_true(bus_map_ram(c->bus, "ram", (pa_t){RAM}, 0x1000000, PAS_MASK_ALL, false, NULL));
    pe_set(c, SR_SCR_EL3, 0x501);
    pe_set(c, SR_HCR_EL2, HCR_RW | hcr);
    uint64_t tcr = 25 | 25ULL << 16 | 2ULL << 30 | 2ULL << 32;
    pe_set(c, SR_MAIR_EL1, 0x00ff);
    pe_set(c, SR_MAIR_EL2, 0x44);
    pe_set(c, SR_TCR_EL1, tcr);
    pe_set(c, SR_TTBR0_EL1, T1);
    pe_set(c, SR_SCTLR_EL1, 0x1005);
    pe_set(c, SR_TCR_EL2, hcr & HCR_E2H ? tcr : 25 | 2ULL << 16);
    pe_set(c, SR_TTBR0_EL2, T2);
    pe_set(c, SR_SCTLR_EL2, 0x1005);
    pe_set(c, SR_VTCR_EL2, 25 | 1 << 6 | 2ULL << 16);
    pe_set(c, SR_VTTBR_EL2, S2);
    map_block(c, T1, 0x40200000 | AF | 3ULL << 8 | BLOCK);
    map_block(c, T2, 0x40400000 | AF | USER | BLOCK);
    pe_set_el(c, el);
    return c;
}

static uint64_t par(struct cpu *c, uint16_t enc, uint64_t va)
{
    assert_true(at_execute(c, enc, va));
    return c->sr[SR_PAR_EL1];
}

/* Success: attributes, SH, NS, address; bit 11 is RES1. */
static uint64_t good(uint64_t attr, uint64_t sh, uint64_t pa)
{
    return attr << 56 | (pa & ~0xfffULL) | BIT(11) | BIT(9) | sh << 7;
}

static uint64_t bad(uint64_t status, bool s2, bool ptw)
{
    return 1 | status << 1 | (ptw ? BIT(8) : 0) | (s2 ? BIT(9) : 0) | BIT(11);
}

static void test_stage1(void **state)
{
    struct cpu *c = pe(2, 0);
    assert_int_equal(par(c, S1E1R, VA), good(0xff, 3, 0x40345678));
    assert_int_equal(par(c, S1E1W, VA), good(0xff, 3, 0x40345678));
    assert_int_equal(par(c, S1E0R, VA), bad(0x0e, false, false)); /* permission, level 2 */
    assert_int_equal(par(c, S1E1R, VA + 0x200000), bad(0x06, false, false));
    assert_int_equal(par(c, S1E1R, BIT(45)), bad(0x04, false, false));
    assert_int_equal(par(c, S1E2R, VA), good(0x44, 2, 0x40545678));
    map_block(c, T1, 0x40200000 | AF | RO | USER | BLOCK);
    assert_int_equal(par(c, S1E1W, VA), bad(0x0e, false, false));
    assert_int_equal(par(c, S1E0R, VA), good(0xff, 0, 0x40345678));
    assert_int_equal(par(c, S1E0W, VA), bad(0x0e, false, false));
    assert_int_equal(par(c, S1E1A, VA), good(0xff, 0, 0x40345678));
    /* Nothing mapped for EL3: stage 1 is off, Device. */
    pe_set_el(c, 3);
    assert_int_equal(par(c, S1E3R, VA) & ~BIT(9), good(0, 2, VA) & ~BIT(9));
    pe_free(c);
}

static void test_pan(void **state)
{
    struct cpu *c = pe(1, 0);
    map_block(c, T1, 0x40200000 | AF | USER | BLOCK);
    assert_int_equal(par(c, S1E1RP, VA), good(0xff, 0, 0x40345678));
    c->ps.pan = true;
    assert_int_equal(par(c, S1E1R, VA), good(0xff, 0, 0x40345678));
    assert_int_equal(par(c, S1E1RP, VA), bad(0x0e, false, false));
    assert_int_equal(par(c, S1E1WP, VA), bad(0x0e, false, false));
    pe_free(c);
}

/* HCR_EL2.{E2H,TGE}: the host's EL1 is EL2, for S12E1* as well. */
static void test_host(void **state)
{
    struct cpu *c = pe(2, HCR_E2H | HCR_TGE);
    assert_int_equal(par(c, S1E1R, VA), good(0x44, 2, 0x40545678));
    assert_int_equal(par(c, S1E0R, VA), good(0x44, 2, 0x40545678));
    assert_int_equal(par(c, S1E2W, VA), good(0x44, 2, 0x40545678));
    assert_int_equal(par(c, S12E1R, VA), good(0x44, 2, 0x40545678));
    pe_set(c, SR_HCR_EL2, HCR_RW | HCR_E2H);
    assert_int_equal(par(c, S1E1R, VA), good(0xff, 3, 0x40345678));
    pe_free(c);
}

static void test_both_stages(void **state)
{
    struct cpu *c = pe(2, HCR_VM);
    uint64_t s2_l1 = S2 + 8; /* 1 GiB around RAM */
    put(c, s2_l1, 0x40000000 | AF | 3ULL << 6 | 0xfULL << 2 | BLOCK);
    assert_int_equal(par(c, S12E1W, VA), good(0xff, 3, 0x40345678));
    put(c, s2_l1, 0x40000000 | AF | 1ULL << 6 | 5ULL << 2 | BLOCK); /* read only, NC */
    assert_int_equal(par(c, S12E1R, VA), good(0x44, 2, 0x40345678));
    assert_int_equal(par(c, S12E1W, VA), bad(0x0d, true, false)); /* stage 2, level 1 */
    assert_int_equal(par(c, S12E0R, VA), bad(0x0e, false, false));
    assert_int_equal(par(c, S1E1W, VA), good(0xff, 3, 0x40345678)); /* stage 1 only */
    put(c, s2_l1, 0);
    assert_int_equal(par(c, S12E1R, VA), bad(0x05, true, true)); /* already on the walk */
    assert_int_equal(par(c, S1E1R, VA), bad(0x05, true, true));
    /* The same AT from EL1 is a Data Abort to EL2. */
    pe_set_el(c, 1);
    pe_set(c, SR_PAR_EL1, 0x1234);
    assert_false(at_execute(c, S1E1R, VA));
    assert_int_equal(c->ps.el, 2);
    assert_int_equal(c->sr[SR_ESR_EL2], 0x24ULL << 26 | BIT(25) | BIT(8) | BIT(7) | BIT(6) | 0x05);
    assert_int_equal(c->sr[SR_FAR_EL2], VA);
    assert_int_equal(c->sr[SR_HPFAR_EL2], T1 >> 12 << 4);
    pe_free(c);
}

/* VTCR_EL2.SL2 is RES0 while DS is 0. */
static void test_sl2(void **state)
{
    const uint64_t vtcr = 25 | 1 << 6 | 2ULL << 16, sl2 = BIT(33), ds = BIT(32);
    struct cpu *c = pe(2, HCR_VM);
    put(c, S2 + 8, 0x40000000 | AF | 3ULL << 6 | 0xfULL << 2 | BLOCK);
    pe_set(c, SR_VTCR_EL2, vtcr | sl2);
    assert_int_equal(par(c, S12E1W, VA), good(0xff, 3, 0x40345678));
    pe_set(c, SR_VTCR_EL2, vtcr | sl2 | ds); /* SL2:SL0 = 5 is reserved */
    assert_int_equal(par(c, S12E1W, VA), bad(0x04, true, true));
    pe_free(c);
}

/* An External abort on the walk is an exception at any EL. */
static void test_external_abort(void **state)
{
    struct cpu *c = pe(2, 0);
    pe_set(c, SR_TTBR0_EL1, 0x10000000);
    assert_false(at_execute(c, S1E1R, VA));
    assert_int_equal(c->ps.el, 2);
    assert_int_equal(c->sr[SR_ESR_EL2] & ~BIT(9), 0x25ULL << 26 | BIT(25) | BIT(8) | BIT(6) | 0x15);
    pe_free(c);
}

/* Of stage 2: to EL2, but from EL3 to EL3. */
static void test_external_abort_of_stage2(void **state)
{
    for (unsigned el = 2; el < 4; el++) {
        struct cpu *c = pe(el, HCR_VM);
        pe_set(c, SR_VTTBR_EL2, 0x10000000);
        assert_false(at_execute(c, S12E1R, VA));
        assert_int_equal(c->ps.el, el);
        assert_int_equal(c->sr[SR_ESR_EL1 + el - 1] >> 26, 0x25);
        pe_free(c);
    }
}

/* SCR_EL3.EASE: at EL3 it goes to the SError vector; other aborts do not. */
static void test_external_abort_as_serror(void **state)
{
    for (unsigned ease = 0; ease < 2; ease++) {
        struct cpu *c = pe(2, 0);
        pe_set(c, SR_TTBR0_EL1, 0x10000000);
        pe_set(c, SR_VBAR_EL3, RAM);
        pe_set(c, SR_SCR_EL3, c->sr[SR_SCR_EL3] | BIT(3) | (ease ? BIT(19) : 0));
        assert_false(at_execute(c, S1E1R, VA));
        assert_int_equal(c->ps.el, 3);
        assert_int_equal(c->pc, RAM + (ease ? 0x580 : 0x400));
        assert_int_equal(c->sr[SR_ESR_EL3] >> 26, 0x24);
        pe_free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stage1),
        cmocka_unit_test(test_pan),
        cmocka_unit_test(test_host),
        cmocka_unit_test(test_both_stages),
        cmocka_unit_test(test_sl2),
        cmocka_unit_test(test_external_abort),
        cmocka_unit_test(test_external_abort_of_stage2),
        cmocka_unit_test(test_external_abort_as_serror),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
