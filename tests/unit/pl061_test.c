/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/pl061.h"
#include "fakes/mmio.h"
#include "fakes/unit.h"

enum {
    DATA = 0x000, /* + 4 * mask */
    DIRECTION = 0x400,
    IS = 0x404,
    IBE = 0x408,
    IEV = 0x40c,
    IE = 0x410,
    RIS = 0x414,
    MIS = 0x418,
    IC = 0x41c,
    AFSEL = 0x420,
};
#define ALL (DATA + 4 * 0xff)

static int up(void **state)
{
    struct device *d = pl061_new("gpio");
    assert_true(device_realize(d, NULL));
    device_reset(d, RESET_COLD);
    *state = d;
    return 0;
}

static int down(void **state)
{
    device_free(*state);
    return 0;
}

static void test_reset_values(void **state)
{
    static const uint8_t id[] = {0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    struct device *d = *state;
    for (unsigned i = 0; i < sizeof(id); i++) {
        assert_int_equal(mmio_read32(d, 0xfe0 + 4 * i), id[i]);
    }
    for (unsigned at = DIRECTION; at <= AFSEL; at += 4) {
        assert_int_equal(mmio_read32(d, at), 0);
    }
    assert_int_equal(mmio_read32(d, ALL), 0);
}

static void test_data(void **state)
{
    struct device *d = *state;
    mmio_write32(d, ALL, 0xff); /* inputs: ignored */
    assert_int_equal(mmio_read32(d, ALL), 0);
    mmio_write(d, DIRECTION, 1, 0x0f);
    mmio_write(d, DATA + 4 * 0x35, 1, 0xff); /* pins 0, 2 of the outputs */
    assert_int_equal(mmio_read(d, ALL, 1), 0x05);
    mmio_write(d, DATA + 4 * 0x04, 1, 0);
    assert_int_equal(mmio_read(d, ALL, 1), 0x01);
    pl061_set_input(d, 7, true);
    pl061_set_input(d, 3, true); /* an output: not seen */
    assert_int_equal(mmio_read(d, ALL, 1), 0x81);
    assert_int_equal(mmio_read(d, DATA + 4 * 0x80, 1), 0x80);
    assert_int_equal(mmio_read(d, DATA, 1), 0);
}

static void test_outputs(void **state)
{
    struct device *d = *state;
    mmio_write32(d, DIRECTION, 0x03);
    mmio_write32(d, ALL, 0x02);
    assert_false(pl061_output(d, 0)->level);
    assert_true(pl061_output(d, 1)->level);
    mmio_write32(d, DIRECTION, 0);
    assert_false(pl061_output(d, 1)->level);
    mmio_write32(d, DIRECTION, 0x02);
    assert_true(pl061_output(d, 1)->level);
    device_reset(d, RESET_WARM);
    assert_false(pl061_output(d, 1)->level);
}

static void test_edges(void **state)
{
    struct device *d = *state;
    mmio_write32(d, IEV, 0x02); /* 1: rising, 0: falling, 2: both */
    mmio_write32(d, IBE, 0x04);
    for (unsigned i = 0; i < 3; i++) {
        pl061_set_input(d, i, true);
    }
    assert_int_equal(mmio_read32(d, RIS), 0x06);
    assert_false(pl061_irq(d)->level);
    mmio_write32(d, IE, 0x02);
    assert_true(pl061_irq(d)->level);
    assert_int_equal(mmio_read32(d, MIS), 0x02);
    mmio_write32(d, IC, 0x06);
    assert_int_equal(mmio_read32(d, IC), 0);
    assert_int_equal(mmio_read32(d, RIS), 0);
    assert_false(pl061_irq(d)->level);
    for (unsigned i = 0; i < 3; i++) {
        pl061_set_input(d, i, true); /* no change, no edge */
    }
    assert_int_equal(mmio_read32(d, RIS), 0);
    for (unsigned i = 0; i < 3; i++) {
        pl061_set_input(d, i, false);
    }
    assert_int_equal(mmio_read32(d, RIS), 0x05);
}

static void test_levels(void **state)
{
    struct device *d = *state;
    mmio_write32(d, IEV, 0x0f);
    mmio_write32(d, IS, 0x08);
    mmio_write32(d, IE, 0x08);
    pl061_set_input(d, 3, true);
    assert_true(pl061_irq(d)->level);
    mmio_write32(d, IC, 0xff); /* cannot clear a level */
    assert_int_equal(mmio_read32(d, RIS), 0x08);
    pl061_set_input(d, 3, false);
    assert_false(pl061_irq(d)->level);
    mmio_write32(d, IEV, 0x07); /* low */
    assert_true(pl061_irq(d)->level);
    mmio_write32(d, DIRECTION, 0x08); /* outputs interrupt nobody */
    assert_false(pl061_irq(d)->level);
}

static void test_direction_is_no_edge(void **state)
{
    struct device *d = *state;
    mmio_write32(d, IBE, 0xff);
    mmio_write32(d, DIRECTION, 0x01);
    pl061_set_input(d, 0, true);
    mmio_write32(d, DIRECTION, 0);
    assert_int_equal(mmio_read32(d, RIS), 0);
    pl061_set_input(d, 0, false);
    assert_int_equal(mmio_read32(d, RIS), 1);
}

int main(void)
{
#define RIG(f) cmocka_unit_test_setup_teardown(f, up, down)
    const struct CMUnitTest tests[] = {
        RIG(test_reset_values), RIG(test_data),   RIG(test_outputs),
        RIG(test_edges),        RIG(test_levels), RIG(test_direction_is_no_edge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
