/* SPDX-License-Identifier: Apache-2.0 */
/* The flash as drivers use it: U-Boot, EDK2 and Linux send these sequences. */
#include <glib.h>
#include <string.h>

#include "base/bits.h"
#include "devices/cfi_flash.h"
#include "fakes/mmio.h"
#include "fakes/unit.h"

#define SECTOR CFI_FLASH_SECTOR
#define READY  0x00800080U

/* An image that is all zeros but for its first MiB, which is kept. */
#define KEPT (1U << 20)
struct image {
    struct blockdev dev;
    uint8_t kept[KEPT];
    unsigned n_writes, n_flushes;
    bool broken;
};

static bool image_read(void *opaque, uint64_t offset, void *buf, size_t len)
{
    struct image *i = opaque;
    memset(buf, 0, len);
    if (offset + len <= KEPT) {
        memcpy(buf, i->kept + offset, len);
    }
    return !i->broken && offset + len <= i->dev.size;
}

static bool image_write(void *opaque, uint64_t offset, const void *buf, size_t len)
{
    struct image *i = opaque;
    i->n_writes++;
    assert_true(offset + len <= i->dev.size);
    if (offset + len <= KEPT) {
        memcpy(i->kept + offset, buf, len);
    }
    return !i->broken;
}

static bool image_flush(void *opaque)
{
    ((struct image *)opaque)->n_flushes++;
    return true;
}

static const struct blockdev_ops image_ops = {
    .read = image_read, .write = image_write, .flush = image_flush};

struct rig {
    struct bus *bus;
    struct device *d;
    struct image *image;
    unsigned n_remaps;
    struct bus_listener listener;
};

#define BASE 0x04000000U

static void remapped(void *opaque)
{
    ((struct rig *)opaque)->n_remaps++;
}

static struct image *image_new(uint64_t size, bool read_only)
{
    struct image *i = g_new0(struct image, 1);
    memset(i->kept, 0xff, SECTOR * 2);
    memcpy(i->kept, "contents", 8);
    i->dev = (struct blockdev){&image_ops, i, size, read_only};
    return i;
}

static struct rig *rig_new(struct image *image)
{
    struct rig *r = g_new0(struct rig, 1);
    r->image = image;
    r->bus = bus_new();
    r->listener = (struct bus_listener){.remapped = remapped, .opaque = r};
    bus_add_listener(r->bus, &r->listener);
    r->d = cfi_flash_new("flash1");
    cfi_flash_set_bus(r->d, r->bus);
    if (image != NULL) {
        cfi_flash_set_contents(r->d, &image->dev);
    }
    assert_true(device_realize(r->d, NULL));
    assert_true(bus_map_device(r->bus, pa(BASE), r->d, 0, PAS_MASK_NS | PAS_MASK_S, NULL));
    device_reset(r->d, RESET_COLD);
    return r;
}

static void rig_free(struct rig *r)
{
    device_free(r->d);
    bus_free(r->bus);
    g_free(r->image);
    g_free(r);
}

static int up(void **state)
{
    *state = rig_new(image_new(CFI_FLASH_SIZE, false));
    return 0;
}

static int up_read_only(void **state)
{
    *state = rig_new(image_new(KEPT, true));
    return 0;
}

static int up_bare(void **state)
{
    *state = rig_new(NULL);
    return 0;
}

static int down(void **state)
{
    rig_free(*state);
    return 0;
}

static uint32_t rd(struct rig *r, uint32_t at)
{
    struct bus_txn t = {.pa = pa(BASE + at), .size = 4};
    assert_int_equal(bus_access(r->bus, &t), BUS_OK);
    return (uint32_t)t.data;
}

static void wr(struct rig *r, uint32_t at, uint32_t v)
{
    struct bus_txn t = {.pa = pa(BASE + at), .size = 4, .data = v, .write = true};
    assert_int_equal(bus_access(r->bus, &t), BUS_OK);
}

/* A command goes to both chips. */
static void cmd(struct rig *r, uint32_t at, uint8_t c)
{
    wr(r, at, c * 0x00010001U);
}

static bool lent(struct rig *r)
{
    struct mem_attrs a = {.pas = PAS_NS};
    return bus_ram_span(r->bus, pa(BASE), CFI_FLASH_SIZE, &a, false) != NULL;
}

static void test_read_array(void **state)
{
    struct rig *r = *state;
    assert_true(lent(r));
    assert_int_equal(rd(r, 0), 0x746e6f63); /* "cont" */
    assert_int_equal(rd(r, 3), 0x746e6574);
    assert_int_equal(mmio_read(r->d, 0, 8), 0x73746e65746e6f63);
    assert_int_equal(rd(r, SECTOR), UINT32_MAX);
    assert_int_equal(rd(r, CFI_FLASH_SIZE - 4), 0);
    assert_memory_equal(cfi_flash_array(r->d), "contents", 8);
}

static void test_modes(void **state)
{
    struct rig *r = *state;
    r->n_remaps = 0;
    cmd(r, 0x100, 0x70);
    assert_false(lent(r));
    assert_int_equal(rd(r, 0), READY);
    assert_int_equal(r->n_remaps, 1);
    cmd(r, 0, 0x90);
    assert_int_equal(rd(r, SECTOR + 0), 0x00890089);
    assert_int_equal(rd(r, SECTOR + 4), 0x00180018);
    assert_int_equal(rd(r, SECTOR + 8), 0); /* unlocked */
    assert_int_equal(mmio_read(r->d, 2, 2), 0x89);
    assert_int_equal(mmio_read(r->d, 3, 1), 0);
    cmd(r, 0, 0xff);
    assert_true(lent(r));
    assert_int_equal(r->n_remaps, 2);
    cmd(r, 0, 0x77); /* no such command */
    assert_true(lent(r));
}

static uint8_t query(struct rig *r, unsigned n)
{
    uint32_t v = rd(r, 4 * n);
    assert_int_equal(v & 0xffff, v >> 16);
    return (uint8_t)v;
}

static void test_query(void **state)
{
    struct rig *r = *state;
    cmd(r, 0x55 * 4, 0x98);
    assert_int_equal(query(r, 0x10), 'Q');
    assert_int_equal(query(r, 0x11), 'R');
    assert_int_equal(query(r, 0x12), 'Y');
    assert_int_equal(query(r, 0x13), 1);
    assert_int_equal(query(r, 0x15), 0x31);
    assert_int_equal(2U << query(r, 0x27), CFI_FLASH_SIZE); /* two chips */
    assert_int_equal(query(r, 0x2a), 11);
    assert_int_equal(query(r, 0x2c), 1);
    assert_int_equal((query(r, 0x2e) << 8 | query(r, 0x2d)) + 1, CFI_FLASH_SIZE / SECTOR);
    assert_int_equal((query(r, 0x30) << 8 | query(r, 0x2f)) * 256 * 2, SECTOR);
    assert_int_equal(query(r, 0x31), 'P');
    assert_int_equal(query(r, 0x36), 0); /* no locking announced */
    assert_int_equal(query(r, 0xff), 0);
}

static void test_program_word(void **state)
{
    static const uint8_t commands[] = {0x40, 0x10};
    struct rig *r = *state;
    for (unsigned i = 0; i < 2; i++) {
        uint32_t at = SECTOR + 8 * i;
        cmd(r, at, commands[i]);
        wr(r, at, 0x12345678);
        assert_int_equal(rd(r, 0), READY);
        cmd(r, 0, 0xff);
        assert_int_equal(rd(r, at), 0x12345678);
        assert_memory_equal(r->image->kept + at, "\x78\x56\x34\x12", 4);
    }
    cmd(r, SECTOR, 0x40); /* ones stay what they are */
    wr(r, SECTOR, 0xffff0000);
    cmd(r, 0, 0xff);
    assert_int_equal(rd(r, SECTOR), 0x12340000);
    cmd(r, SECTOR, 0x40);
    struct bus_txn t = {.pa = pa(BASE + SECTOR + 0x21), .size = 1, .data = 0xa5, .write = true};
    assert_int_equal(bus_access(r->bus, &t), BUS_OK);
    cmd(r, 0, 0xff);
    assert_int_equal(rd(r, SECTOR + 0x20), 0xffffa5ff);
}

static void test_erase(void **state)
{
    struct rig *r = *state;
    cmd(r, 0x40, 0x20);
    assert_int_equal(rd(r, 0), READY);
    cmd(r, 0x40, 0xd0);
    assert_int_equal(rd(r, 0), READY);
    cmd(r, 0, 0xff);
    assert_int_equal(rd(r, 0), UINT32_MAX);
    assert_int_equal(rd(r, SECTOR - 4), UINT32_MAX);
    assert_int_equal(r->image->kept[0], 0xff);
    assert_int_equal(r->image->n_writes, 1);
    /* Without confirmation nothing is erased. */
    cmd(r, 4 * SECTOR, 0x20);
    cmd(r, 4 * SECTOR, 0xff);
    assert_int_equal(rd(r, 0), 0x00b000b0);
    cmd(r, 0, 0x50);
    assert_int_equal(rd(r, 0), READY);
    cmd(r, 0, 0xff);
    assert_int_equal(rd(r, 4 * SECTOR), 0);
}

static void test_buffered_program(void **state)
{
    struct rig *r = *state;
    uint32_t at = SECTOR + 0x80;
    cmd(r, at, 0xe8);
    assert_int_equal(rd(r, at), READY);
    cmd(r, at, 3); /* four words */
    for (uint32_t i = 0; i < 2; i++) {
        wr(r, at + 4 * i, i);
    }
    struct bus_txn t = {.pa = pa(BASE + at + 8), .size = 8, .data = 0x300000002, .write = true};
    assert_int_equal(bus_access(r->bus, &t), BUS_OK);
    cmd(r, at, 0xd0);
    assert_int_equal(rd(r, at), READY);
    cmd(r, 0, 0xff);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(rd(r, at + 4 * i), i);
    }
    assert_int_equal(rd(r, at - 4), UINT32_MAX);
    assert_int_equal(rd(r, at + 16), UINT32_MAX);
    assert_int_equal(r->image->n_writes, 1);
    assert_int_equal(r->image->kept[at + 4], 1);
}

static void test_buffered_program_errors(void **state)
{
    struct rig *r = *state;
    uint32_t at = SECTOR;
    cmd(r, at, 0xe8);
    cmd(r, at, 0);
    wr(r, at, 0);
    cmd(r, at, 0xff); /* not confirmed */
    assert_int_equal(rd(r, at), 0x00b000b0);
    cmd(r, at, 0x50);
    cmd(r, at, 0xe8);
    cmd(r, at, 0);
    wr(r, at + 0x1000, 0); /* another buffer */
    cmd(r, at, 0xd0);
    assert_int_equal(rd(r, at), 0x00b000b0);
    cmd(r, at, 0x50);
    cmd(r, at, 0xe8);
    wr(r, at, 0x04000400); /* 1025 words */
    assert_int_equal(rd(r, at), 0x00b000b0);
    cmd(r, at, 0xff);
    assert_int_equal(rd(r, at), UINT32_MAX);
    assert_int_equal(r->image->n_writes, 0);
}

static void test_locks(void **state)
{
    struct rig *r = *state;
    cmd(r, SECTOR, 0x60);
    cmd(r, SECTOR, 0x01);
    cmd(r, SECTOR, 0x90);
    assert_int_equal(rd(r, SECTOR + 8), 0x00010001);
    assert_int_equal(rd(r, 2 * SECTOR + 8), 0);
    cmd(r, SECTOR, 0x40);
    wr(r, SECTOR, 0);
    assert_int_equal(rd(r, 0), 0x00920092);
    cmd(r, 0, 0x50);
    cmd(r, SECTOR, 0x20);
    cmd(r, SECTOR, 0xd0);
    assert_int_equal(rd(r, 0), 0x00a200a2);
    cmd(r, 0, 0x50);
    cmd(r, SECTOR, 0x60);
    cmd(r, SECTOR, 0xd0);
    cmd(r, SECTOR, 0x40);
    wr(r, SECTOR, 0);
    assert_int_equal(rd(r, 0), READY);
    cmd(r, 0, 0x60);
    cmd(r, 0, 0x55);
    assert_int_equal(rd(r, 0), 0x00b000b0);
    device_reset(r->d, RESET_WARM);
    assert_true(lent(r));
    assert_int_equal(rd(r, SECTOR), 0);
}

static void test_read_only(void **state)
{
    struct rig *r = *state;
    assert_int_equal(rd(r, 0), 0x746e6f63);
    cmd(r, 0, 0x40);
    wr(r, 0, 0);
    assert_int_equal(rd(r, 0) & 0x10, 0x10);
    cmd(r, 0, 0x50);
    cmd(r, 0, 0x20);
    cmd(r, 0, 0xd0);
    assert_int_equal(rd(r, 0) & 0x20, 0x20);
    cmd(r, 0, 0xff);
    assert_int_equal(rd(r, 0), 0x746e6f63);
    assert_int_equal(r->image->n_writes, 0);
}

static void test_write_failure(void **state)
{
    struct rig *r = *state;
    r->image->broken = true;
    cmd(r, SECTOR, 0x40);
    wr(r, SECTOR, 0);
    assert_int_equal(rd(r, 0), 0x00900090);
}

static void test_bare(void **state)
{
    struct rig *r = *state;
    assert_int_equal(rd(r, 0), 0);
    cmd(r, 0, 0x20);
    cmd(r, 0, 0xd0);
    cmd(r, 0, 0xff);
    assert_int_equal(rd(r, 0), UINT32_MAX);
}

static void test_debug_access(void **state)
{
    struct rig *r = *state;
    cmd(r, 0, 0x70);
    assert_int_equal(mmio_peek(r->d, 0, 4), 0x746e6f63);
    struct bus_txn t = {.pa = pa(4), .size = 4, .data = 7, .write = true, .debug = true};
    assert_int_equal(device_access(r->d, 0, &t), BUS_OK);
    assert_int_equal(mmio_peek(r->d, 4, 4), 7);
    assert_int_equal(rd(r, 0), READY);
}

static void test_realize_errors(void **state)
{
    static const struct {
        uint64_t size;
        bool read_only, broken;
    } bad[] = {
        {CFI_FLASH_SIZE + 512, true, false},
        {CFI_FLASH_SIZE - 512, false, false},
        {CFI_FLASH_SIZE, true, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct image *image = image_new(bad[i].size, bad[i].read_only);
        struct device *d = cfi_flash_new("flash");
        GError *err = NULL;
        image->broken = bad[i].broken;
        cfi_flash_set_contents(d, &image->dev);
        assert_false(device_realize(d, &err));
        assert_int_equal(err->code, ERR_FILE);
        g_error_free(err);
        device_free(d);
        g_free(image);
    }
}

static void test_flushed_at_end(void **state)
{
    struct image *image = image_new(CFI_FLASH_SIZE, false);
    struct rig *r = rig_new(image);
    r->image = NULL;
    rig_free(r);
    assert_int_equal(image->n_flushes, 1);
    g_free(image);
}

int main(void)
{
#define RIG(f) cmocka_unit_test_setup_teardown(f, up, down)
    const struct CMUnitTest tests[] = {
        RIG(test_read_array),
        RIG(test_modes),
        RIG(test_query),
        RIG(test_program_word),
        RIG(test_erase),
        RIG(test_buffered_program),
        RIG(test_buffered_program_errors),
        RIG(test_locks),
        RIG(test_write_failure),
        RIG(test_debug_access),
        cmocka_unit_test_setup_teardown(test_read_only, up_read_only, down),
        cmocka_unit_test_setup_teardown(test_bare, up_bare, down),
        cmocka_unit_test(test_realize_errors),
        cmocka_unit_test(test_flushed_at_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
