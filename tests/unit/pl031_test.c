/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>

#include "devices/pl031.h"
#include "fakes/mmio.h"
#include "fakes/unit.h"

enum {
    DR = 0x00,
    MR = 0x04,
    LR = 0x08,
    CR = 0x0c,
    IMSC = 0x10,
    RIS = 0x14,
    MIS = 0x18,
    ICR = 0x1c
};
#define BASE 1700000000U

struct rig {
    struct evq *q;
    struct device *d;
};

static int up(void **state)
{
    struct rig *r = g_new0(struct rig, 1);
    r->q = evq_new();
    r->d = pl031_new("rtc", r->q, BASE);
    assert_true(device_realize(r->d, NULL));
    device_reset(r->d, RESET_COLD);
    *state = r;
    return 0;
}

static int down(void **state)
{
    struct rig *r = *state;
    device_free(r->d);
    assert_int_equal(evq_next(r->q), TICK_NEVER);
    evq_free(r->q);
    g_free(r);
    return 0;
}

static void test_reset_values(void **state)
{
    static const uint8_t id[] = {0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    struct rig *r = *state;
    for (unsigned i = 0; i < sizeof(id); i++) {
        assert_int_equal(mmio_read32(r->d, 0xfe0 + 4 * i), id[i]);
    }
    assert_int_equal(mmio_read32(r->d, CR), 1);
    mmio_write32(r->d, CR, 0);
    assert_int_equal(mmio_read32(r->d, CR), 1);
    assert_int_equal(mmio_read32(r->d, RIS), 0);
}

static void test_counts(void **state)
{
    struct rig *r = *state;
    assert_int_equal(mmio_read32(r->d, DR), BASE);
    evq_advance(r->q, 3 * TICKS_PER_SEC - 1);
    assert_int_equal(mmio_read32(r->d, DR), BASE + 2);
    evq_advance(r->q, 3 * TICKS_PER_SEC);
    assert_int_equal(mmio_read32(r->d, DR), BASE + 3);
    mmio_write32(r->d, DR, 0); /* read only */
    mmio_write32(r->d, LR, 0xfffffffe);
    assert_int_equal(mmio_read32(r->d, LR), 0xfffffffe);
    evq_advance(r->q, 6 * TICKS_PER_SEC);
    assert_int_equal(mmio_read32(r->d, DR), 1); /* wraps */
    device_reset(r->d, RESET_COLD);
    assert_int_equal(mmio_read32(r->d, DR), 1);
}

static void test_match(void **state)
{
    struct rig *r = *state;
    evq_advance(r->q, TICKS_PER_SEC / 2);
    mmio_write32(r->d, IMSC, 0xff);
    assert_int_equal(mmio_read32(r->d, IMSC), 1);
    mmio_write32(r->d, MR, BASE + 2);
    assert_int_equal(evq_next(r->q), 2 * TICKS_PER_SEC);
    evq_advance(r->q, 2 * TICKS_PER_SEC);
    assert_true(pl031_irq(r->d)->level);
    assert_int_equal(mmio_read32(r->d, MIS), 1);
    mmio_write32(r->d, ICR, 1);
    assert_int_equal(mmio_read32(r->d, RIS), 0);
    assert_false(pl031_irq(r->d)->level);
    mmio_write32(r->d, MR, BASE + 2); /* it is that time now */
    assert_true(pl031_irq(r->d)->level);
    mmio_write32(r->d, IMSC, 0);
    assert_false(pl031_irq(r->d)->level);
    assert_int_equal(mmio_read32(r->d, RIS), 1);
    assert_int_equal(mmio_read32(r->d, MIS), 0);
}

static void test_match_moves_with_clock(void **state)
{
    struct rig *r = *state;
    mmio_write32(r->d, MR, BASE + 100);
    mmio_write32(r->d, LR, BASE + 90);
    assert_int_equal(evq_next(r->q), 10 * TICKS_PER_SEC);
    mmio_write32(r->d, MR, BASE); /* in the past: after a wrap, beyond the end of time */
    assert_int_equal(evq_next(r->q), TICK_NEVER);
    assert_int_equal(mmio_read32(r->d, RIS), 0);
    mmio_write32(r->d, MR, BASE + 95);
    device_reset(r->d, RESET_WARM);
    assert_int_equal(evq_next(r->q), TICK_NEVER);
}

int main(void)
{
#define RIG(f) cmocka_unit_test_setup_teardown(f, up, down)
    const struct CMUnitTest tests[] = {
        RIG(test_reset_values),
        RIG(test_counts),
        RIG(test_match),
        RIG(test_match_moves_with_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
