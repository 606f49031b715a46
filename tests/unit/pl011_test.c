/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <string.h>

#include "devices/pl011.h"
#include "fakes/mmio.h"
#include "fakes/unit.h"

enum {
    DR = 0x00,
    RSR = 0x04,
    FR = 0x18,
    IBRD = 0x24,
    FBRD = 0x28,
    LCR_H = 0x2c,
    CR = 0x30,
    IFLS = 0x34,
    IMSC = 0x38,
    RIS = 0x3c,
    MIS = 0x40,
    ICR = 0x44,
    DMACR = 0x48,

    RXFE = 1 << 4,
    RXFF = 1 << 6,
    TXFE = 1 << 7,
    RX = 1 << 4,
    TX = 1 << 5,
    RT = 1 << 6,
    BE = 1 << 9,
    OE = 1 << 10,
    FEN = 0x10,
    WLEN8 = 0x60,
};

struct rig {
    struct device *d;
    struct chardev chr;
    GByteArray *sent;
};

static size_t sink_write(void *opaque, const uint8_t *buf, size_t len)
{
    g_byte_array_append(opaque, buf, (guint)len);
    return len;
}

static const struct chardev_ops sink_ops = {.write = sink_write};

static struct rig *rig_new(unsigned depth)
{
    struct rig *r = g_new0(struct rig, 1);
    r->sent = g_byte_array_new();
    r->chr.ops = &sink_ops;
    r->chr.opaque = r->sent;
    r->d = pl011_new("uart", depth);
    pl011_set_chardev(r->d, &r->chr);
    assert_true(device_realize(r->d, NULL));
    device_reset(r->d, RESET_COLD);
    return r;
}

static int up16(void **state)
{
    *state = rig_new(16);
    return 0;
}

static int up32(void **state)
{
    *state = rig_new(32);
    return 0;
}

static int down(void **state)
{
    struct rig *r = *state;
    device_free(r->d);
    assert_null(r->chr.deliver);
    g_byte_array_free(r->sent, TRUE);
    g_free(r);
    return 0;
}

static void feed(struct rig *r, size_t len)
{
    uint8_t buf[64];
    for (size_t i = 0; i < sizeof(buf); i++) {
        buf[i] = (uint8_t)('a' + i);
    }
    r->chr.deliver(r->chr.dev, buf, len);
}

static bool irq(struct rig *r)
{
    return pl011_irq(r->d)->level;
}

static void test_reset_values(void **state)
{
    static const uint8_t id[] = {0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    struct rig *r = *state;
    for (unsigned i = 0; i < sizeof(id); i++) {
        assert_int_equal(mmio_read32(r->d, 0xfe0 + 4 * i), id[i]);
    }
    assert_int_equal(mmio_read32(r->d, FR), RXFE | TXFE);
    assert_int_equal(mmio_read32(r->d, CR), 0x300);
    assert_int_equal(mmio_read32(r->d, IFLS), 0x12);
    assert_int_equal(mmio_read32(r->d, RIS), 0);
    assert_int_equal(mmio_read32(r->d, DR), 0);
    assert_false(irq(r));
}

static void test_masks(void **state)
{
    static const struct {
        uint32_t reg, mask;
    } regs[] = {{IBRD, 0xffff}, {FBRD, 0x3f},  {LCR_H, 0xff}, {CR, 0xff87},
                {IFLS, 0x3f},   {IMSC, 0x7ff}, {DMACR, 7},    {0x20, 0xff}};
    struct rig *r = *state;
    for (unsigned i = 0; i < G_N_ELEMENTS(regs); i++) {
        mmio_write32(r->d, regs[i].reg, UINT32_MAX);
        assert_int_equal(mmio_read32(r->d, regs[i].reg), regs[i].mask);
    }
}

static void test_transmit(void **state)
{
    struct rig *r = *state;
    mmio_write32(r->d, CR, 0x301);
    mmio_write32(r->d, IMSC, TX);
    assert_false(irq(r));
    mmio_write(r->d, DR, 1, 'h');
    mmio_write(r->d, DR, 2, 'i');
    mmio_write(r->d, DR, 4, '!');
    mmio_write(r->d, DR + 1, 1, 'x'); /* beside the character */
    assert_int_equal(r->sent->len, 3);
    assert_memory_equal(r->sent->data, "hi!", 3);
    assert_int_equal(mmio_read32(r->d, FR), RXFE | TXFE);
    assert_true(irq(r));
    assert_int_equal(mmio_read32(r->d, MIS), TX);
    mmio_write32(r->d, ICR, TX);
    assert_int_equal(mmio_read32(r->d, ICR), 0);
    assert_false(irq(r));
}

static void test_receive_without_fifo(void **state)
{
    struct rig *r = *state;
    mmio_write32(r->d, IMSC, RX);
    assert_int_equal(r->chr.room(r->chr.dev), 1);
    feed(r, 1);
    assert_int_equal(r->chr.room(r->chr.dev), 0);
    assert_int_equal(mmio_read32(r->d, FR), RXFF | TXFE);
    assert_int_equal(mmio_read32(r->d, RIS), RX | RT);
    assert_true(irq(r));
    assert_int_equal(mmio_peek(r->d, DR, 4), 'a');
    assert_int_equal(mmio_read32(r->d, DR), 'a');
    assert_int_equal(mmio_read32(r->d, RIS), 0);
    assert_false(irq(r));
}

static void test_receive_fifo(void **state)
{
    struct rig *r = *state;
    unsigned depth = mmio_read32(r->d, 0xfe8) == 0x34 ? 32 : 16;
    mmio_write32(r->d, LCR_H, FEN | WLEN8);
    assert_int_equal(r->chr.room(r->chr.dev), depth);
    feed(r, depth / 2 - 1);
    assert_int_equal(mmio_read32(r->d, RIS), RT); /* below half, but silent since */
    feed(r, 1);
    assert_int_equal(mmio_read32(r->d, RIS), RX | RT);
    assert_int_equal(mmio_read32(r->d, DR), 'a');
    assert_int_equal(mmio_read32(r->d, RIS), RT);
    while ((mmio_read32(r->d, FR) & RXFE) == 0) {
        (void)mmio_read32(r->d, DR);
    }
    assert_int_equal(mmio_read32(r->d, RIS), 0);
    /* Around the end of the ring. */
    feed(r, depth);
    assert_int_equal(mmio_read32(r->d, FR), RXFF | TXFE);
    for (unsigned i = 0; i < depth; i++) {
        assert_int_equal(mmio_read32(r->d, DR), 'a' + i);
    }
    assert_int_equal(mmio_read32(r->d, FR), RXFE | TXFE);
}

static void test_overrun(void **state)
{
    struct rig *r = *state;
    feed(r, 2);
    assert_int_equal(mmio_read32(r->d, RIS), RX | RT | OE);
    assert_int_equal(mmio_read32(r->d, RSR), 8);
    assert_int_equal(mmio_read32(r->d, DR), 'a');
    mmio_write32(r->d, RSR, 0);
    assert_int_equal(mmio_read32(r->d, RSR), 0);
    feed(r, 1);
    assert_int_equal(mmio_read32(r->d, DR), 0x800 | 'a'); /* the next one tells */
    feed(r, 1);
    assert_int_equal(mmio_read32(r->d, DR), 'a');
}

static void test_break(void **state)
{
    struct rig *r = *state;
    mmio_write32(r->d, IMSC, BE);
    r->chr.deliver_break(r->chr.dev);
    assert_true(irq(r));
    assert_int_equal(mmio_read32(r->d, DR), 0x400);
    assert_int_equal(mmio_read32(r->d, RSR), 4);
    mmio_write32(r->d, ICR, BE);
    assert_false(irq(r));
}

static void test_fifo_switch_flushes(void **state)
{
    struct rig *r = *state;
    mmio_write32(r->d, LCR_H, FEN);
    feed(r, 5);
    mmio_write32(r->d, LCR_H, FEN | WLEN8);
    assert_int_equal(mmio_read32(r->d, FR) & RXFE, 0);
    mmio_write32(r->d, LCR_H, WLEN8);
    assert_int_equal(mmio_read32(r->d, FR) & RXFE, RXFE);
    assert_int_equal(mmio_read32(r->d, RIS), 0);
}

static void test_loopback(void **state)
{
    struct rig *r = *state;
    mmio_write32(r->d, LCR_H, FEN);
    mmio_write32(r->d, CR, 0x381);
    assert_int_equal(r->chr.room(r->chr.dev), 0);
    mmio_write32(r->d, DR, 'z');
    assert_int_equal(r->sent->len, 0);
    assert_int_equal(mmio_read32(r->d, DR), 'z');
    mmio_write32(r->d, ICR, 0x7ff);
    mmio_write32(r->d, CR, 0x3f81); /* DTR, RTS, Out1, Out2 come back */
    assert_int_equal(mmio_read32(r->d, FR) & 0x107, 0x107);
    assert_int_equal(mmio_read32(r->d, RIS), 0xf);
    mmio_write32(r->d, LCR_H, FEN | 1);
    assert_int_equal(mmio_read32(r->d, DR), 0x400); /* the break too */
    mmio_write32(r->d, CR, 0x301);
    assert_int_equal(mmio_read32(r->d, FR) & 0x107, 0);
}

static void test_dma_requests(void **state)
{
    struct rig *r = *state;
    mmio_write32(r->d, LCR_H, FEN);
    feed(r, 1);
    assert_false(pl011_dma_request(r->d, PL011_DMA_RX_SINGLE)->level);
    mmio_write32(r->d, DMACR, 3);
    assert_true(pl011_dma_request(r->d, PL011_DMA_RX_SINGLE)->level);
    assert_false(pl011_dma_request(r->d, PL011_DMA_RX_BURST)->level);
    assert_true(pl011_dma_request(r->d, PL011_DMA_TX_SINGLE)->level);
    feed(r, 7);
    assert_true(pl011_dma_request(r->d, PL011_DMA_RX_BURST)->level);
    mmio_write32(r->d, DMACR, 7);
    mmio_write32(r->d, IMSC, BE);
    r->chr.deliver_break(r->chr.dev);
    assert_false(pl011_dma_request(r->d, PL011_DMA_RX_BURST)->level); /* DMAONERR */
}

static void test_reset_clears(void **state)
{
    struct rig *r = *state;
    mmio_write32(r->d, LCR_H, FEN);
    mmio_write32(r->d, IMSC, 0x7ff);
    feed(r, 9);
    assert_true(irq(r));
    device_reset(r->d, RESET_WARM);
    assert_false(irq(r));
    assert_int_equal(mmio_read32(r->d, FR), RXFE | TXFE);
    assert_int_equal(r->chr.room(r->chr.dev), 1);
}

static void test_unconnected(void **state)
{
    struct device *d = pl011_new("uart", 16);
    assert_true(device_realize(d, NULL));
    device_reset(d, RESET_COLD);
    mmio_write32(d, DR, 'x');
    assert_int_equal(mmio_read32(d, RIS), TX);
    device_free(d);
}

int main(void)
{
#define RIG(f) cmocka_unit_test_setup_teardown(f, up16, down)
    const struct CMUnitTest tests[] = {
        RIG(test_reset_values),
        RIG(test_masks),
        RIG(test_transmit),
        RIG(test_receive_without_fifo),
        RIG(test_receive_fifo),
        cmocka_unit_test_setup_teardown(test_receive_fifo, up32, down),
        RIG(test_overrun),
        RIG(test_break),
        RIG(test_fifo_switch_flushes),
        RIG(test_loopback),
        RIG(test_dma_requests),
        RIG(test_reset_clears),
        cmocka_unit_test(test_unconnected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
