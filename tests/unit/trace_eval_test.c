/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of instructions give what working the whole word out gives; numbers are as printf has them.
 */
#include <stdio.h>

#include "cpu/isa/effects.h"
#include "cpu/isa/emit.h"
#include "debug/trace_digits.h"
#include "debug/trace_eval.h"
#include "fakes/unit.h"

#define WORDS    400000U
#define REGISTER (A64_SINK + 1)

static uint64_t seed = 1;

static uint64_t random64(void)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return seed ^ seed >> 29;
}

/* Corners more often than they come by chance. */
static uint64_t operand(void)
{
    static const uint64_t corners[] = {
        0, 1, UINT64_MAX, UINT32_MAX, INT64_MAX, UINT64_C(1) << 63, UINT64_C(1) << 31, INT32_MAX};
    uint64_t r = random64();
    return r & 1 ? corners[r >> 1 & 7] : random64();
}

static void fill(uint64_t x[REGISTER])
{
    for (unsigned n = 0; n < REGISTER; n++) {
        x[n] = operand();
    }
    x[A64_ZR] = 0;
}

/* Integer data processing with defined encodings. */
static uint32_t computed_word(struct a64_effect *e)
{
    for (;;) {
        uint32_t w = (uint32_t)random64();
        w = (w & 1U << 27) != 0 ? (w & ~(7U << 26)) | 4U << 26 : (w & ~(7U << 25)) | 5U << 25;
        if (a64_lookup(w) != NULL) {
            a64_effect(w, e);
            if (e->computed) {
                return w;
            }
        }
    }
}

static void test_plans(void **state)
{
    unsigned planned = 0;
    (void)state;
    for (unsigned i = 0; i < WORDS; i++) {
        struct a64_effect e;
        uint64_t x[REGISTER], want[2], pc = random64() & ~UINT64_C(3);
        uint32_t w = computed_word(&e);
        struct trace_plan p = trace_plan_of(w, pc);
        fill(x);
        uint64_t nzcv = random64() & 15, flags = nzcv;
        trace_eval(x, (unsigned)nzcv, pc, w, want);
        if (p.op == TRACE_OP_ANY) {
            continue;
        }
        uint64_t got = trace_plan_eval(&p, p.op, x, trace_plan_operand(&p, x), &flags);
        if ((e.n_x != 0 && got != want[0]) || (e.nzcv && flags != want[1])) {
            print_error("%08x: %#llx, flags %llu, is not %#llx, flags %llu\n", w,
                        (unsigned long long)got, (unsigned long long)flags,
                        (unsigned long long)want[0], (unsigned long long)want[1]);
            assert_int_equal(got, want[0]);
            assert_int_equal(flags, want[1]);
        }
        planned++;
    }
    assert_true(planned > WORDS / 4);
}

static void check_counter(const struct counter *c)
{
    char text[64], want[64];
    *counter_put(text, c) = '\0';
    (void)snprintf(want, sizeof(want), "%012llu ns ", (unsigned long long)c->v);
    assert_string_equal(text, want);
}

static void test_counters(void **state)
{
    static const uint64_t starts[] = {
        0, 95, 9990, 99999999990, 999999999990, 1999999999990, 9999999999999990};
    struct counter c;
    (void)state;
    counter_init(&c, " ns ");
    for (unsigned i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        for (uint64_t v = starts[i]; v < starts[i] + 20; v++) {
            counter_set(&c, v);
            check_counter(&c);
        }
    }
}

static void test_steps(void **state)
{
    struct counter c;
    (void)state;
    counter_init(&c, " ns ");
    counter_set(&c, 998999985);
    for (unsigned i = 0; i < 20050; i++) {
        c.low = digits12_carried(digits12_plus(c.low, 1));
        c.v++;
        check_counter(&c);
    }
}

static void test_hexadecimal(void **state)
{
    char text[64];
    (void)state;
    *hex16(text, UINT64_C(0x0123456789abcdef)) = '\0';
    assert_string_equal(text, "0123456789abcdef");
    *hex8_8(text, UINT64_C(0xfedcba9876543210)) = '\0';
    assert_string_equal(text, "fedcba98_76543210");
    *hex(text, 0x1a9, 3) = '\0';
    assert_string_equal(text, "1a9");
    *decimal(text, UINT64_MAX) = '\0';
    assert_string_equal(text, "18446744073709551615");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans),
        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_hexadecimal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
