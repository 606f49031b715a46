/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI over a fake set of PEs: every function, both widths, and identifiers nobody knows. */
#include <string.h>

#include "base/bits.h"
#include "fakes/unit.h"
#include "machine/psci.h"

#define N_PES 20

struct board {
    bool on[N_PES];
    uint64_t entry[N_PES], context[N_PES];
    unsigned n_standby;
    int request;
};

static bool is_on(void *o, unsigned pe)
{
    return ((struct board *)o)->on[pe];
}

static void power_on(void *o, unsigned pe, uint64_t entry, uint64_t context)
{
    struct board *b = o;
    b->on[pe] = true;
    b->entry[pe] = entry;
    b->context[pe] = context;
}

static void power_off(void *o, unsigned pe)
{
    ((struct board *)o)->on[pe] = false;
}

static void standby(void *o, unsigned pe)
{
    ((struct board *)o)->n_standby++;
}

static void request(void *o, enum machine_request r, int code)
{
    ((struct board *)o)->request = (int)r;
}

static struct board board;
static uint64_t mpidr[N_PES];

static int64_t call(uint64_t fn, uint64_t a, uint64_t b, uint64_t c)
{
    struct psci p = {
        .n_pes = N_PES,
        .mpidr = mpidr,
        .port = {is_on, power_on, power_off, standby, &board},
        .machine = {request, &board},
    };
    uint64_t x[PSCI_N_REGS] = {fn, a, b, c};
    psci_call(&p, 0, x);
    assert_int_equal(x[1], a);
    return (int64_t)x[0];
}

static int setup(void **state)
{
    memset(&board, 0, sizeof(board));
    board.on[0] = true;
    board.request = -1;
    for (unsigned i = 0; i < N_PES; i++) {
        mpidr[i] = (uint64_t)(i / 16) << 8 | i % 16;
    }
    return 0;
}

static void test_version(void **state)
{
    assert_int_equal(call(0x84000000, 0, 0, 0), 0x10001);
    assert_int_equal(call(0x84000006, 0, 0, 0), 2);
    /* Not defined with 64-bit arguments. */
    assert_int_equal(call(0xc4000000, 0, 0, 0), -1);
}

static void test_cpu_on(void **state)
{
    assert_int_equal(call(0xc4000003, 0x103, 0x40001000, 77), 0);
    assert_true(board.on[19]);
    assert_int_equal(board.entry[19], 0x40001000);
    assert_int_equal(board.context[19], 77);
    assert_int_equal(call(0xc4000003, 0x103, 0x40001000, 77), -4);
    assert_int_equal(call(0xc4000003, 0x104, 0x40001000, 77), -2);
    assert_int_equal(call(0xc4000003, 0x80000001, 0x40001000, 77), -2);
    assert_int_equal(call(0xc4000003, 1, 0x40001001, 0), -9);
    assert_false(board.on[1]);
    /* The 32-bit form takes the lower halves. */
    assert_int_equal(call(0x84000003, UINT64_C(0x500000002), UINT64_C(0x900000010), BIT(32)), 0);
    assert_int_equal(board.entry[2], 0x10);
    assert_int_equal(board.context[2], 0);
}

static void test_off_and_affinity(void **state)
{
    assert_int_equal(call(0xc4000004, 0, 0, 0), 0);
    assert_int_equal(call(0xc4000004, 1, 0, 0), 1);
    assert_int_equal(call(0xc4000004, 0x100, 1, 0), 1);
    board.on[17] = true;
    assert_int_equal(call(0xc4000004, 0x100, 1, 0), 0);
    assert_int_equal(call(0xc4000004, 0, 3, 0), 0);
    assert_int_equal(call(0xc4000004, 0x200, 1, 0), -2);
    assert_int_equal(call(0xc4000004, 0, 4, 0), -2);
    assert_int_equal(call(0xc4000004, BIT(63), 0, 0), -2);
    call(0x84000002, 0, 0, 0);
    assert_false(board.on[0]);
}

static void test_suspend(void **state)
{
    assert_int_equal(call(0xc4000001, 0, 0, 0), 0);
    assert_int_equal(board.n_standby, 1);
    assert_int_equal(call(0xc4000001, 0x10000, 0, 0), -2);
    assert_int_equal(call(0xc4000001, 0x80000000, 0, 0), -2);
    assert_int_equal(board.n_standby, 1);
}

static void test_system(void **state)
{
    call(0x84000008, 0, 0, 0);
    assert_int_equal(board.request, REQ_POWEROFF);
    assert_false(board.on[0]);
    call(0x84000009, 0, 0, 0);
    assert_int_equal(board.request, REQ_RESET);
    board.request = -1;
    assert_int_equal(call(0xc4000012, BIT(31), 0, 0), -2);
    assert_int_equal(board.request, -1);
    call(0xc4000012, 0, 0, 0);
    assert_int_equal(board.request, REQ_RESET);
}

static void test_features(void **state)
{
    static const uint32_t yes[] = {0x84000000, 0x84000001, 0xc4000001, 0x84000002,
                                   0xc4000003, 0xc4000004, 0x84000006, 0x84000008,
                                   0x84000009, 0x8400000a, 0xc4000012};
    static const uint32_t no[] = {0x84000005, 0xc4000005, 0x8400000e, 0x80000000,
                                  0x80000001, 0xc4000002, 0,          0xffffffff};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        assert_int_equal(call(0x8400000a, yes[i], 0, 0), 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(no); i++) {
        assert_int_equal(call(0x8400000a, no[i], 0, 0), -1);
        assert_int_equal(call(no[i], 0, 0, 0), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_version, setup),
        cmocka_unit_test_setup(test_cpu_on, setup),
        cmocka_unit_test_setup(test_off_and_affinity, setup),
        cmocka_unit_test_setup(test_suspend, setup),
        cmocka_unit_test_setup(test_system, setup),
        cmocka_unit_test_setup(test_features, setup),
    };
    return cmocka_run_group_tests_name("psci", tests, NULL, NULL);
}
