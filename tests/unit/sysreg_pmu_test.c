/* SPDX-License-Identifier: Apache-2.0 */
/* Performance monitors: counting, filters, overflow, the split by MDCR_EL2.HPMN, the interrupt. */
#include "cpu/sys/sysreg_pmu.h"
#include "cpu/sys/sysreg_table.h"
#include "fakes/pe.h"
#include "fakes/unit.h"

#define CYCLE BIT(31)

enum { SW_INCR = 0x00, INST_RETIRED = 0x08, CHAIN = 0x1e };

static uint64_t get(struct cpu *c, enum sr_id id)
{
    uint64_t v = 0;
    assert_true(sysreg_read(c, sr_table[id].enc, 0, &v));
    return v;
}

static void set(struct cpu *c, enum sr_id id, uint64_t v)
{
    assert_true(sysreg_write(c, sr_table[id].enc, 0, v));
}

static struct cpu *pmu_pe(unsigned el)
{
    struct cpu *c = pe_new(&(struct pe_config){0});
    sysreg_setup_direct_boot(c, el, false);
    pe_set_el(c, el);
    return c;
}

static void run(struct cpu *c, uint64_t insns)
{
    c->insns += insns;
    c->time += insns * c->ticks_per_insn;
}

static void test_cycle_counter(void **state)
{
    struct cpu *c = pmu_pe(1);
    run(c, 100);
    assert_int_equal(get(c, SR_PMCCNTR_EL0), 0);
    set(c, SR_PMCNTENSET_EL0, CYCLE);
    run(c, 100);
    assert_int_equal(get(c, SR_PMCCNTR_EL0), 0); /* PMCR.E is 0 */
    set(c, SR_PMCR_EL0, 1);
    run(c, 100);
    assert_int_equal(get(c, SR_PMCCNTR_EL0), 100);
    set(c, SR_PMCCFILTR_EL0, BIT(31)); /* not at EL1 */
    run(c, 100);
    assert_int_equal(get(c, SR_PMCCNTR_EL0), 100);
    set(c, SR_PMCR_EL0, 1 | 4); /* C */
    assert_int_equal(get(c, SR_PMCCNTR_EL0), 0);
    assert_int_equal(extract64(get(c, SR_PMCR_EL0), 11, 5), 6);
    assert_true(bit(get(c, SR_PMCR_EL0), 6)); /* LC */
    pe_free(c);
}

static void test_events(void **state)
{
    struct cpu *c = pmu_pe(1);
    set(c, SR_PMEVTYPER0_EL0, INST_RETIRED);
    set(c, SR_PMEVTYPER1_EL0, SW_INCR);
    set(c, SR_PMEVTYPER2_EL0, 0x23); /* STALL_FRONTEND: never */
    set(c, SR_PMCNTENSET_EL0, 7);
    set(c, SR_PMCR_EL0, 1);
    run(c, 50);
    set(c, SR_PMSWINC_EL0, 7);
    assert_int_equal(get(c, SR_PMEVCNTR0_EL0), 50);
    assert_int_equal(get(c, SR_PMEVCNTR1_EL0), 1);
    assert_int_equal(get(c, SR_PMEVCNTR2_EL0), 0);
    set(c, SR_PMSELR_EL0, 1);
    assert_int_equal(get(c, SR_PMXEVCNTR_EL0), 1);
    assert_int_equal(get(c, SR_PMXEVTYPER_EL0), SW_INCR);
    set(c, SR_PMCR_EL0, 1 | 2); /* P */
    assert_int_equal(get(c, SR_PMEVCNTR0_EL0), 0);
    pe_free(c);
}

static void test_overflow_and_chain(void **state)
{
    struct cpu *c = pmu_pe(1);
    set(c, SR_PMEVTYPER0_EL0, INST_RETIRED);
    set(c, SR_PMEVTYPER1_EL0, CHAIN);
    set(c, SR_PMEVCNTR0_EL0, 0xfffffff0);
    set(c, SR_PMINTENSET_EL1, 1);
    set(c, SR_PMCNTENSET_EL0, 3);
    set(c, SR_PMCR_EL0, 1);
    assert_int_equal(evq_next(c->evq), c->time + 16 * c->ticks_per_insn);
    run(c, 15);
    assert_int_equal(get(c, SR_PMOVSSET_EL0), 0);
    assert_false(pmu_irq(c)->level);
    run(c, 1);
    evq_advance(c->evq, c->time);
    assert_true(pmu_irq(c)->level);
    assert_int_equal(get(c, SR_PMOVSSET_EL0), 1);
    assert_int_equal(get(c, SR_PMEVCNTR1_EL0), 1);
    set(c, SR_PMOVSCLR_EL0, 1);
    assert_false(pmu_irq(c)->level);
    pe_free(c);
}

/* Long event counters (FEAT_PMUv3p5) do not overflow at 32 bits. */
static void test_long_counters(void **state)
{
    struct cpu *c = pmu_pe(1);
    set(c, SR_PMEVTYPER0_EL0, INST_RETIRED);
    set(c, SR_PMEVCNTR0_EL0, 0xffffffff);
    set(c, SR_PMCNTENSET_EL0, 1);
    set(c, SR_PMCR_EL0, 1 | BIT(7)); /* LP */
    run(c, 2);
    assert_int_equal(get(c, SR_PMEVCNTR0_EL0), 0x100000001);
    assert_int_equal(get(c, SR_PMOVSSET_EL0), 0);
    pe_free(c);
}

/* EL2 keeps counters 4 and 5 for itself. */
static void test_hpmn(void **state)
{
    struct cpu *c = pmu_pe(2);
    set(c, SR_MDCR_EL2, 4 | BIT(7));                   /* HPMN, HPME */
    set(c, SR_PMEVTYPER4_EL0, INST_RETIRED | BIT(27)); /* NSH: count at EL2 */
    set(c, SR_PMCNTENSET_EL0, BIT(4));
    run(c, 10);
    assert_int_equal(get(c, SR_PMEVCNTR4_EL0), 10); /* without PMCR.E */
    pe_set_el(c, 1);
    assert_int_equal(extract64(get(c, SR_PMCR_EL0), 11, 5), 4);
    set(c, SR_PMCNTENCLR_EL0, 0xffffffff);
    set(c, SR_PMCR_EL0, 2); /* P resets only what EL1 sees */
    pe_set_el(c, 2);
    assert_int_equal(get(c, SR_PMCNTENSET_EL0), BIT(4));
    assert_int_equal(get(c, SR_PMEVCNTR4_EL0), 10);
    pe_free(c);
}

/* Filters by EL: NSH, and the equal/unequal pairs of EL3. */
static void test_filters(void **state)
{
    static const struct {
        uint64_t filter;
        uint8_t el;
        bool counts;
    } cases[] = {
        {0, 0, true},        {BIT(30), 0, false}, {BIT(28), 0, false}, {BIT(30) | BIT(28), 0, true},
        {0, 1, true},        {BIT(31), 1, false}, {BIT(29), 1, false}, {BIT(31) | BIT(29), 1, true},
        {0, 2, false},       {BIT(27), 2, true},  {0, 3, true},        {BIT(26), 3, false},
        {BIT(31), 3, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct cpu *c = pmu_pe(2);
        set(c, SR_PMCNTENSET_EL0, CYCLE);
        set(c, SR_PMCCFILTR_EL0, cases[i].filter);
        set(c, SR_PMCR_EL0, 1);
        pe_set_el(c, cases[i].el);
        run(c, 5);
        pmu_sync(c);
        assert_int_equal(c->sr[SR_PMCCNTR_EL0], cases[i].counts ? 5 : 0);
        pe_free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cycle_counter),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_overflow_and_chain),
        cmocka_unit_test(test_long_counters),
        cmocka_unit_test(test_hpmn),
        cmocka_unit_test(test_filters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
