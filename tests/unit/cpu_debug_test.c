/* SPDX-License-Identifier: Apache-2.0 */
/* External debuggers: breakpoints, watchpoints, steps, registers and walks of cpu_debug.h. */
#include "core/snap_hash.h"
#include "cpu/cpu_debug.h"
#include "cpu/sys/sysreg_table.h"
#include "fakes/pe.h"
#include "fakes/unit.h"

#define RAM    0x40000000ULL
#define CODE   (RAM + 0x1000)
#define VECTOR (RAM + 0x8000)
#define DATA   (RAM + 0x10008)
#define INSNS  304 /* of the program, up to the endless loop */

/* clang-format off */
static const uint32_t program[] = {
    0xd2800000, /* 00 mov  x0, #0 */
    0x91000400, /* 04 add  x0, x0, #1 */
    0xf101901f, /* 08 cmp  x0, #100 */
    0x54ffffc1, /* 0c b.ne 04 */
    0xf9000020, /* 10 str  x0, [x1] */
    0xa9400c22, /* 14 ldp  x2, x3, [x1] */
    0xd4000001, /* 18 svc  #0 */
    0x14000000, /* 1c b    . */
};
/* clang-format on */
#define ADD  (CODE + 0x04)
#define CMP  (CODE + 0x08)
#define BNE  (CODE + 0x0c)
#define STR  (CODE + 0x10)
#define LDP  (CODE + 0x14)
#define SVC  (CODE + 0x18)
#define LOOP (CODE + 0x1c)

static struct cpu *pe_in(const struct pe_config *cfg, uint64_t sctlr)
{
    struct cpu *c = pe_new(cfg);
    const struct mem_attrs a = {.pas = PAS_NS};
    assert_true(bus_map_ram(c->bus, "ram", (pa_t){RAM}, 0x1000000, PAS_MASK_ALL, false, NULL));
    assert_int_equal(bus_write(c->bus, (pa_t){CODE}, program, sizeof(program), &a), BUS_OK);
    for (unsigned off = 0; off < 0x800; off += 0x80) { /* vectors: b . */
        assert_int_equal(bus_write(c->bus, (pa_t){VECTOR + off}, &program[7], 4, &a), BUS_OK);
    }
    cpu_start(c, &(struct cpu_start){.pc = CODE, .x1 = DATA});
    pe_set(c, SR_VBAR_EL1 + c->ps.el - 1, VECTOR);
    pe_set(c, SR_SCTLR_EL1 + c->ps.el - 1, sctlr);
    return c;
}

#define SCTLR_I BIT(12)
static struct cpu *pe(void)
{
    return pe_in(&(struct pe_config){0}, SCTLR_I);
}

static enum cpu_exit run(struct cpu *c)
{
    return cpu_run(c, cpu_time(c) + 1000 * TICKS_PER_US);
}

static void run_to(struct cpu *c, uint64_t pc)
{
    assert_int_equal(run(c), CPU_DEBUG);
    assert_int_equal(cpu_get_pc(c), pc);
    assert_int_equal(cpu_stop_reason(c)->pc, pc);
}

static void stops_before_the_instruction(void **state)
{
    struct cpu *c = pe();
    cpu_break_add(c, ADD);
    cpu_break_add(c, ADD); /* once is enough */
    for (unsigned i = 0; i < 100; i++) {
        run_to(c, ADD);
        assert_int_equal(cpu_stop_reason(c)->why, CPU_STOP_BREAK);
        assert_int_equal(cpu_get_x(c, 0), i);
        assert_int_equal(cpu_insns(c), 1 + 3 * i);
        assert_int_equal(cpu_time(c), (1 + 3 * i) * (uint64_t)c->ticks_per_insn);
    }
    cpu_break_remove(c, ADD);
    assert_int_equal(run(c), CPU_BUDGET);
    pe_free(c);
}

/* Compare and branch, and pairs, share a handler: not across a breakpoint. */
static void stops_inside_what_is_fused(void **state)
{
    for (unsigned i = 0; i < 8; i++) {
        for (uint64_t sctlr = 0; sctlr <= SCTLR_I; sctlr += SCTLR_I) {
            struct cpu *c = pe_in(&(struct pe_config){0}, sctlr);
            cpu_break_add(c, CODE + 4 * i);
            if (i != 7) {
                run_to(c, CODE + 4 * i);
                assert_int_equal(cpu_insns(c), i <= 3 ? i : 297 + i);
                cpu_break_remove(c, CODE + 4 * i);
            }
            assert_int_equal(run(c), CPU_BUDGET); /* the vector's loop, or the last one's */
            pe_free(c);
        }
    }
}

static void blocks_of_before_are_not_used(void **state)
{
    struct cpu *c = pe();
    assert_int_equal(cpu_run(c, 10 * c->ticks_per_insn), CPU_BUDGET);
    cpu_break_add(c, CMP);
    run_to(c, CMP);
    cpu_break_remove(c, CMP);
    cpu_break_add(c, BNE);
    run_to(c, BNE);
    cpu_debug_clear(c);
    assert_int_equal(run(c), CPU_BUDGET);
    assert_int_equal(cpu_get_x(c, 0), 100);
    pe_free(c);
}

/* More sets than there are numbers. */
static void any_number_of_sets(void **state)
{
    struct cpu *c = pe();
    for (unsigned i = 0; i < 600; i++) {
        cpu_break_add(c, RAM + 4 * i); /* not executed */
        cpu_break_add(c, i & 1 ? ADD : BNE);
        run_to(c, i & 1 ? ADD : BNE);
        if (cpu_get_x(c, 0) > 90) {
            cpu_set_x(c, 0, 0);
        }
        cpu_break_remove(c, i & 1 ? ADD : BNE);
    }
    pe_free(c);
}

static void steps_one_instruction(void **state)
{
    static const uint64_t pcs[] = {ADD, CMP, BNE, ADD, CMP, BNE, ADD};
    struct cpu *c = pe();
    cpu_break_add(c, CMP); /* a step passes it, and stops there anyway */
    for (unsigned i = 0; i < ARRAY_LEN(pcs); i++) {
        cpu_step_once(c, true);
        run_to(c, pcs[i]);
        assert_int_equal(cpu_stop_reason(c)->why, CPU_STOP_STEP);
        assert_int_equal(cpu_insns(c), i + 1);
    }
    run_to(c, CMP);
    assert_int_equal(cpu_stop_reason(c)->why, CPU_STOP_BREAK);
    pe_free(c);
}

static void a_step_ends_in_the_vector(void **state)
{
    struct cpu *c = pe();
    cpu_break_add(c, SVC);
    run_to(c, SVC);
    cpu_step_once(c, true);
    run_to(c, VECTOR + 0x200);
    assert_int_equal(cpu_insns(c), INSNS);
    pe_free(c);
}

static void steps_and_interrupts(void **state)
{
    struct cpu *c = pe();
    struct irq_line irq = cpu_irq_input(c, CPU_LINE_IRQ);
    c->sr[SR_SCR_EL3] |= BIT(1); /* IRQ to EL3 */
    cpu_set_pstate(c, cpu_get_pstate(c) & ~UINT64_C(0x80));
    cpu_step_once(c, false);
    irq_set(&irq, true);
    run_to(c, ADD);
    cpu_step_once(c, true);
    run_to(c, VECTOR + 0x280);
    assert_int_equal(cpu_insns(c), 1);
    pe_free(c);
}

static void a_step_waits_for_the_pe(void **state)
{
    struct cpu *c = pe();
    cpu_step_once(c, true);
    assert_int_equal(cpu_run(c, cpu_time(c)), CPU_BUDGET);
    run_to(c, ADD);
    cpu_step_once(c, true);
    cpu_step_cancel(c);
    assert_int_equal(run(c), CPU_BUDGET);
    pe_free(c);
}

static void check_watch(struct cpu *c, uint64_t pc, uint64_t va, unsigned size, bool write)
{
    const struct cpu_stop *s = cpu_stop_reason(c);
    run_to(c, pc);
    assert_int_equal(s->why, CPU_STOP_WATCH);
    assert_int_equal(s->va, va);
    assert_int_equal(s->size, size);
    assert_int_equal(s->write, write);
}

static void watches_writes_and_reads(void **state)
{
    struct cpu *c = pe();
    uint64_t v = 1;
    cpu_watch_add(c, DATA + 7, 1, false, true);
    cpu_watch_add(c, DATA + 12, 4, true, false);
    check_watch(c, STR, DATA + 7, 8, true);
    assert_true(cpu_mem_read(c, DATA, &v, 8));
    assert_int_equal(v, 0);
    assert_int_equal(cpu_insns(c), 301);
    check_watch(c, LDP, DATA + 12, 16, false);
    assert_true(cpu_mem_read(c, DATA, &v, 8));
    assert_int_equal(v, 100);
    assert_int_equal(cpu_get_x(c, 2), 0);
    cpu_break_add(c, SVC);
    run_to(c, SVC);
    assert_int_equal(cpu_insns(c), INSNS - 1);
    assert_int_equal(cpu_get_x(c, 2), 100);
    pe_free(c);
}

/* The fast TLB has the page before anybody watches it, and afterwards. */
static void watches_come_and_go(void **state)
{
    struct cpu *c = pe();
    cpu_break_add(c, SVC);
    run_to(c, SVC);
    cpu_watch_add(c, DATA, 8, true, true);
    cpu_set_pc(c, STR);
    check_watch(c, STR, DATA, 8, true);
    cpu_watch_remove(c, DATA, 8, true, true);
    run_to(c, SVC);
    cpu_watch_add(c, DATA - 8, 8, true, true); /* next to it */
    cpu_watch_add(c, DATA + 16, 8, true, true);
    cpu_watch_add(c, DATA, 16, true, false); /* no store */
    cpu_set_pc(c, STR);
    check_watch(c, LDP, DATA, 16, false);
    pe_free(c);
}

/* Normal memory: RAM as a level 1 block of stage 1. */
static void turn_mmu_on(struct cpu *c)
{
    static const uint64_t block = RAM | BIT(10) | 1;
    assert_true(cpu_mem_write(c, RAM + 0x20008, &block, 8));
    pe_set(c, SR_MAIR_EL3, 0xff);
    pe_set(c, SR_TCR_EL3, 25 | 2 << 16);
    pe_set(c, SR_TTBR0_EL3, RAM + 0x20000);
    pe_set(c, SR_SCTLR_EL3, SCTLR_I | BIT(2) | BIT(0));
}

/* Instruction counts of a long SET or CPY, in pieces, are the same on slow pages. */
static uint64_t insns_of_set(uint64_t watched)
{
    static const uint32_t set[] = {0x19c00441, 0x19c04441, 0x19c08441, 0x14000000};
    struct cpu *c = pe();
    assert_true(cpu_mem_write(c, CODE, set, sizeof(set))); /* SET* [x1]!, x2!, x0 */
    turn_mmu_on(c);
    cpu_set_x(c, 1, DATA + 0x100000);
    cpu_set_x(c, 2, 300000);
    cpu_break_add(c, CODE + 12);
    cpu_watch_add(c, watched, 1, true, false);
    run_to(c, CODE + 12);
    uint64_t n = cpu_insns(c);
    assert_true(n > 3);
    pe_free(c);
    return n;
}

static void watched_pages_cost_no_instructions(void **state)
{
    assert_int_equal(insns_of_set(RAM), insns_of_set(DATA + 0x100000 + 10000));
}

/* What a debugger does between and inside of runs, at random. */
static void meddle(struct cpu *c, GRand *r)
{
    uint64_t pc = CODE + 4 * (uint64_t)g_rand_int_range(r, 0, 8);
    uint64_t va = DATA - 8 + (uint64_t)g_rand_int_range(r, 0, 24);
    switch (g_rand_int_range(r, 0, 6)) {
    case 0:
        cpu_break_add(c, pc);
        break;
    case 1:
        cpu_break_remove(c, pc);
        break;
    case 2:
        cpu_watch_add(c, va, 4, true, true);
        break;
    case 3:
        cpu_watch_remove(c, va, 4, true, true);
        break;
    case 4:
        cpu_step_once(c, true);
        break;
    default:
        cpu_debug_clear(c);
        break;
    }
}

static struct cpu *run_program(GRand *r, unsigned *stops)
{
    tick_t end = 2 * TICKS_PER_US;
    struct cpu *c = pe();
    turn_mmu_on(c);
    while (cpu_time(c) < end) {
        if (r != NULL) {
            meddle(c, r);
        }
        *stops += cpu_run(c, MIN(end, cpu_time(c) + 20 * c->ticks_per_insn)) == CPU_DEBUG;
    }
    return c;
}

static void stops_leave_no_trace(void **state)
{
    unsigned stops = 0;
    struct cpu *want = run_program(NULL, &stops);
    GRand *r = g_rand_new_with_seed(1);
    for (unsigned i = 0; i < 100; i++) {
        struct cpu *c = run_program(r, &stops);
        uint64_t v = 0;
        assert_memory_equal(c->x, want->x, sizeof(c->x));
        assert_int_equal(c->pc, want->pc);
        assert_int_equal(cpu_get_pstate(c), cpu_get_pstate(want));
        assert_int_equal(cpu_insns(c), cpu_insns(want));
        assert_int_equal(cpu_time(c), cpu_time(want));
        assert_true(cpu_mem_read(c, DATA, &v, 8));
        assert_int_equal(v, 100);
        pe_free(c);
    }
    assert_true(stops > 1000);
    g_rand_free(r);
    pe_free(want);
}

/* The guest has a breakpoint at the same place: it hits when the debugger runs on. */
static void the_guest_does_not_see_it(void **state)
{
    struct cpu *c = pe();
    pe_set(c, SR_SCR_EL3, 0x501);
    pe_set(c, SR_HCR_EL2, BIT(31));
    pe_set(c, SR_SCTLR_EL1, SCTLR_I);
    pe_set(c, SR_VBAR_EL1, VECTOR);
    pe_set(c, SR_OSLAR_EL1, 0);
    pe_set(c, SR_MDSCR_EL1, BIT(15) | BIT(13)); /* MDE, KDE */
    pe_set(c, SR_DBGBVR0_EL1, ADD);
    pe_set(c, SR_DBGBCR0_EL1, 7);
    cpu_set_pstate(c, 0x1c5); /* EL1h, D is 0 */
    cpu_break_add(c, ADD);
    cpu_break_add(c, VECTOR + 0x200);
    run_to(c, ADD);
    assert_int_equal(cpu_insns(c), 1);
    run_to(c, VECTOR + 0x200);
    assert_int_equal(cpu_insns(c), 2);
    assert_int_equal(c->sr[SR_ESR_EL1], 0xc6000022);
    assert_int_equal(c->sr[SR_ELR_EL1], ADD);
    pe_free(c);
}

static uint64_t hash(struct cpu *c)
{
    struct snap *s = snap_hasher_new();
    cpu_snap(c, s);
    return snap_hasher_finish(s, NULL);
}

/* The guest's random numbers and flags are what they would have been. */
static void looking_changes_nothing(void **state)
{
    struct cpu *c = pe();
    struct cpu_sysreg r;
    uint64_t v;
    cpu_set_pstate(c, cpu_get_pstate(c) | 0xf0000000);
    uint64_t before = hash(c);
    for (unsigned i = 0; cpu_sysreg_at(c, i, &r); i++) {
        (void)cpu_sysreg_get(c, r.enc, &v);
        if (hash(c) != before) {
            FAIL("reading %s changes the PE", r.name);
        }
    }
    pe_free(c);
}

static void registers(void **state)
{
    struct cpu *c = pe();
    struct cpu_sysreg r;
    uint64_t d[2] = {1, 2}, e[2], v;
    unsigned n = 0, n_writable = 0;
    cpu_set_v(c, 31, d);
    cpu_get_v(c, 31, e);
    assert_memory_equal(d, e, 16);
    for (unsigned i = 0; cpu_sysreg_at(c, i, &r); i++) {
        if (r.name != NULL && r.readable) {
            assert_true(cpu_sysreg_get(c, r.enc, &v));
            n++;
            n_writable += r.writable;
        }
    }
    assert_true(n > 200 && n_writable > 100 && n_writable < n);
    assert_true(cpu_sysreg_set(c, sr_table[SR_VBAR_EL1].enc, 0x12345));
    assert_true(cpu_sysreg_get(c, sr_table[SR_VBAR_EL1].enc, &v));
    assert_int_equal(v, 0x12000);
    assert_false(cpu_sysreg_get(c, SYSREG_ENC(3, 7, 15, 15, 7), &v));
    cpu_set_fpcr(c, BIT(24) | BIT(0));
    assert_int_equal(cpu_get_fpcr(c), BIT(24) | BIT(0));
    cpu_set_fpsr(c, BIT(4));
    assert_int_equal(cpu_get_fpsr(c), BIT(4));
    pe_free(c);
}

static void pstate_changes_el(void **state)
{
    struct cpu *c = pe();
    cpu_set_x(c, 31, 0x3000);
    cpu_set_pstate(c, 0x600003c5); /* EL1h, ZC, DAIF */
    assert_int_equal(cpu_get_pstate(c), 0x600003c5);
    cpu_set_x(c, 31, 0x1000);
    cpu_set_pstate(c, 0x800003c2); /* no such mode: the flags only */
    assert_int_equal(cpu_get_pstate(c), 0x800003c5);
    cpu_set_pstate(c, 0x3cd);
    assert_int_equal(cpu_get_x(c, 31), 0x3000);
    pe_free(c);
}

/* EL1 with a level 1 block of stage 1, behind a level 1 block of stage 2. */
static void walks_show_descriptors(void **state)
{
    static const uint64_t s1 = (RAM & ~UINT64_C(0x3fffffff)) | 0x401;
    static const uint64_t s2 = RAM | 0x4fd;
    struct cpu *c = pe();
    struct cpu_walk w;
    assert_true(cpu_mem_write(c, RAM + 0x20008, &s1, 8)); /* VA 1 GiB to the same IPA */
    assert_true(cpu_mem_write(c, RAM + 0x21008, &s2, 8));
    pe_set(c, SR_SCR_EL3, 0x501);
    pe_set(c, SR_TCR_EL1, 25 | 1ULL << 23 | 25ULL << 16 | 2ULL << 30 | 2ULL << 32);
    pe_set(c, SR_TTBR0_EL1, RAM + 0x20000);
    pe_set(c, SR_SCTLR_EL1, 1);
    pe_set(c, SR_VTCR_EL2, 25 | 1 << 6 | 2 << 16);
    pe_set(c, SR_VTTBR_EL2, RAM + 0x21000);
    pe_set(c, SR_HCR_EL2, BIT(31) | 1);
    assert_true(cpu_walk(c, 1, RAM + 0x1234, &w));
    assert_int_equal(w.pa.v, RAM + 0x1234);
    assert_int_equal(w.n, 3);
    assert_int_equal(w.step[0].stage, 2); /* of the table */
    assert_int_equal(w.step[1].stage, 1);
    assert_int_equal(w.step[1].level, 1);
    assert_int_equal(w.step[1].at.v, RAM + 0x20008);
    assert_int_equal(w.step[1].descriptor, s1);
    assert_int_equal(w.step[2].descriptor, s2);
    assert_false(cpu_walk(c, 1, 0x1000, &w));
    assert_int_equal(w.fault_stage, 1);
    assert_int_equal(w.fault_status, 5);
    assert_true(cpu_walk(c, 3, 0x1234, &w)); /* the MMU is off */
    assert_int_equal(w.n, 0);
    pe_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stops_before_the_instruction),
        cmocka_unit_test(stops_inside_what_is_fused),
        cmocka_unit_test(blocks_of_before_are_not_used),
        cmocka_unit_test(any_number_of_sets),
        cmocka_unit_test(steps_one_instruction),
        cmocka_unit_test(a_step_ends_in_the_vector),
        cmocka_unit_test(steps_and_interrupts),
        cmocka_unit_test(a_step_waits_for_the_pe),
        cmocka_unit_test(watches_writes_and_reads),
        cmocka_unit_test(watches_come_and_go),
        cmocka_unit_test(watched_pages_cost_no_instructions),
        cmocka_unit_test(stops_leave_no_trace),
        cmocka_unit_test(the_guest_does_not_see_it),
        cmocka_unit_test(looking_changes_nothing),
        cmocka_unit_test(registers),
        cmocka_unit_test(pstate_changes_el),
        cmocka_unit_test(walks_show_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
