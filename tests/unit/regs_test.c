/* SPDX-License-Identifier: Apache-2.0 */
/* The register engine, on a device made of every kind of register. */
#include "base/bits.h"
#include "core/device.h"
#include "fakes/mmio.h"
#include "fakes/reg_walk.h"
#include "fakes/unit.h"

struct toy {
    struct device dev;
    uint8_t b;
    uint16_t h;
    uint32_t w, status, secure, kept, even[4], odd[4];
    uint64_t d;
    /* What the last hook saw. */
    uint64_t written;
    unsigned idx, n_writes;
};

static struct toy *toy(struct device *d)
{
    return (struct toy *)d;
}

static void on_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                     const struct bus_txn *t)
{
    toy(d)->written = v;
    toy(d)->idx = idx;
    toy(d)->n_writes++;
}

static uint64_t on_read(struct device *d, const struct reg_desc *r, unsigned idx,
                        const struct bus_txn *t)
{
    return 0x1122334455667788 + idx;
}

#define W_ANY W8 | W16 | W32 | W64

/* clang-format off */
static const struct reg_desc toy_regs[] = {
    {"BYTE",   0x00, .size = 1, .reset = 0x5a, .wmask = 0xf0, ST(struct toy, b)},
    {"HALF",   0x02, .size = 2, .widths = W8 | W16, .wmask = 0xffff, .write = on_write, ST(struct toy, h)},
    {"WORD",   0x04, .size = 4, .reset = 0x12345678, .wmask = 0x00ffff00, .write = on_write, ST(struct toy, w)},
    {"DOUBLE", 0x08, .size = 8, .widths = W_ANY, .wmask = UINT64_MAX, .write = on_write, ST(struct toy, d)},
    {"STATUS", 0x10, .size = 4, .widths = W8 | W16 | W32, .reset = 0xff, .wmask = 0xf000, .w1c = 0xff, .w1s = 0xf00, .write = on_write, ST(struct toy, status)},
    {"VIEW",   0x18, .size = 8, .widths = W_ANY, .flags = REGF_VIEW, .read = on_read, .write = on_write},
    {"SECURE", 0x20, .size = 4, .flags = REGF_SECURE, .wmask = UINT32_MAX, ST(struct toy, secure)},
    {"KEPT",   0x24, .size = 4, .flags = REGF_NORESET, .reset = 1, .wmask = UINT32_MAX, ST(struct toy, kept)},
    /* Interleaved arrays. */
    {"EVEN",   0x40, .count = 4, .stride = 8, .size = 4, .wmask = 0xff, .write = on_write, ST_ARRAY(struct toy, even)},
    {"ODD",    0x44, .count = 4, .stride = 8, .size = 4, .reset = 7, .wmask = 0xff, ST_ARRAY(struct toy, odd)},
};
/* clang-format on */

static const struct reg_block toy_block = {"regs", 0x100, toy_regs, ARRAY_LEN(toy_regs), false};
static const struct reg_block strict_block = {"regs", 0x100, toy_regs, ARRAY_LEN(toy_regs), true};
static const struct device_ops toy_ops = {
    .type = "toy", .state_size = sizeof(struct toy), .regions = &toy_block, .n_regions = 1};
static const struct device_ops strict_ops = {
    .type = "strict", .state_size = sizeof(struct toy), .regions = &strict_block, .n_regions = 1};

static int up(void **state)
{
    struct device *d = device_new(&toy_ops, "toy");
    device_reset(d, RESET_COLD);
    *state = d;
    return 0;
}

static int down(void **state)
{
    device_free(*state);
    return 0;
}

static void test_table(void **state)
{
    assert_int_equal(reg_walk_tables(&toy_ops), 0);
}

static void test_reset(void **state)
{
    struct device *d = *state;
    assert_int_equal(mmio_read(d, 0, 1), 0x5a);
    assert_int_equal(mmio_read32(d, 4), 0x12345678);
    assert_int_equal(mmio_read32(d, 0x44 + 3 * 8), 7);
    mmio_write32(d, 4, 0);
    mmio_write32(d, 0x24, 99);
    device_reset(d, RESET_WARM);
    assert_int_equal(mmio_read32(d, 4), 0x12345678);
    assert_int_equal(mmio_read32(d, 0x24), 99);
    device_reset(d, RESET_COLD);
    assert_int_equal(mmio_read32(d, 0x24), 1);
}

static void test_masks(void **state)
{
    struct device *d = *state;
    mmio_write(d, 0, 1, 0xaf);
    assert_int_equal(mmio_read(d, 0, 1), 0xaa);
    mmio_write32(d, 4, 0xffffffff);
    assert_int_equal(mmio_read32(d, 4), 0x12ffff78);
    assert_int_equal(toy(d)->written, 0xffffffff); /* hooks see what was written */
    mmio_write32(d, 0x10, 0x5f0f);
    assert_int_equal(mmio_read32(d, 0x10), 0x5ff0); /* 5: stored, f: set, 0f: cleared */
    mmio_write32(d, 0x10, 0);
    assert_int_equal(mmio_read32(d, 0x10), 0x0ff0);
}

static void test_partial(void **state)
{
    struct device *d = *state;
    mmio_write(d, 8, 8, 0x1111111111111111);
    mmio_write(d, 0xc, 2, 0xabcd);
    assert_int_equal(mmio_read(d, 8, 8), 0x1111abcd11111111);
    assert_int_equal(toy(d)->written, 0x1111abcd11111111); /* merged */
    assert_int_equal(mmio_read(d, 0xc, 4), 0x1111abcd);
    assert_int_equal(mmio_read(d, 0xd, 1), 0xab);
    mmio_write(d, 3, 1, 0x77);
    assert_int_equal(mmio_read(d, 2, 2), 0x7700);
    /* Write-one bits: the bytes beside the access are not written back. */
    mmio_write(d, 0x11, 1, 0x30);
    assert_int_equal(mmio_read32(d, 0x10), 0x30ff);
    assert_int_equal(toy(d)->written, 0x3000);
    assert_int_equal(mmio_read(d, 0x1c, 4), 0x11223344);
    assert_int_equal(mmio_read(d, 0x18, 1), 0x88);
}

static void test_arrays(void **state)
{
    struct device *d = *state;
    for (unsigned i = 0; i < 4; i++) {
        mmio_write32(d, 0x40 + 8 * i, 0x10 + i);
        assert_int_equal(toy(d)->idx, i);
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(mmio_read32(d, 0x40 + 8 * i), 0x10 + i);
        assert_int_equal(mmio_read32(d, 0x44 + 8 * i), 7);
    }
    assert_int_equal(mmio_read32(d, 0x60), 0);
}

static void test_secure(void **state)
{
    struct device *d = *state;
    struct bus_txn t = {.pa = pa(0x20), .size = 4, .write = true, .data = 5, .attrs.pas = PAS_S};
    assert_int_equal(device_access(d, 0, &t), BUS_OK);
    assert_int_equal(mmio_read32(d, 0x20), 0);
    mmio_write32(d, 0x20, 9);
    t.write = false;
    assert_int_equal(device_access(d, 0, &t), BUS_OK);
    assert_int_equal(t.data, 5);
}

/* Wrong widths, misalignment and holes: read as zero, writes ignored, no hook called. */
static void test_refused(void **state)
{
    static const struct {
        uint8_t offset, size;
    } bad[] = {
        {0, 2},    {0, 4},    {1, 1},    {2, 4},    {3, 2},    {4, 2},
        {4, 8},    {5, 4},    {9, 8},    {0xa, 4},  {0x10, 8}, {0x12, 4},
        {0x14, 4}, {0x20, 8}, {0x28, 1}, {0x3f, 1}, {0x60, 4}, {0xf8, 8},
    };
    struct device *d = *state;
    struct device *strict = device_new(&strict_ops, "strict");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct bus_txn t = {.pa = pa(bad[i].offset), .size = bad[i].size, .data = UINT64_MAX};
        assert_int_equal(device_access(strict, 0, &t), BUS_SLVERR);
        assert_int_equal(mmio_read(d, bad[i].offset, bad[i].size), 0);
        mmio_write(d, bad[i].offset, bad[i].size, UINT64_MAX);
    }
    assert_int_equal(toy(d)->n_writes, 0);
    assert_int_equal(mmio_read32(d, 4), 0x12345678);
    device_free(strict);
}

static void test_hostile(void **state)
{
    assert_int_equal(reg_walk_hostile(*state, 0), 0);
}

int main(void)
{
#define RIG(f) cmocka_unit_test_setup_teardown(f, up, down)
    const struct CMUnitTest tests[] = {
        RIG(test_table),  RIG(test_reset),  RIG(test_masks),   RIG(test_partial),
        RIG(test_arrays), RIG(test_secure), RIG(test_refused), RIG(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
