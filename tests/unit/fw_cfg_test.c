/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <string.h>

#include "base/bits.h"
#include "devices/fw_cfg.h"
#include "fakes/mmio.h"
#include "fakes/unit.h"

enum {
    DATA = 0x00,
    SELECTOR = 0x08,
    DMA = 0x10,

    CTL_ERROR = 1,
    CTL_READ = 2,
    CTL_SKIP = 4,
    CTL_SELECT = 8,
    CTL_WRITE = 16,
};
#define RAM      0x40000000U
#define RAM_SIZE 0x10000U
#define FW       0x09020000U
#define CMD_AT   (RAM + 0x100)
#define BUF_AT   (RAM + 0x1000)

struct rig {
    struct bus *bus;
    struct device *d;
    uint8_t *ram;
    /* What hooks saw. */
    unsigned n_selected;
    size_t offset, len;
    char text[16];
};

static GBytes *bytes(const char *s)
{
    return g_bytes_new(s, strlen(s));
}

static void add(struct rig *r, const char *name, const char *text, const struct fw_cfg_hooks *h)
{
    GBytes *b = bytes(text);
    assert_true(fw_cfg_add_file(r->d, name, b, h, NULL));
    g_bytes_unref(b);
}

static int up(void **state)
{
    struct rig *r = g_new0(struct rig, 1);
    r->bus = bus_new();
    assert_true(bus_map_ram(r->bus, "ram", pa(RAM), RAM_SIZE, PAS_MASK_NS, false, NULL));
    struct mem_attrs a = {.pas = PAS_NS};
    r->ram = bus_ram_span(r->bus, pa(RAM), RAM_SIZE, &a, true);
    r->d = fw_cfg_new("fw-cfg");
    fw_cfg_set_port(r->d, bus_direct_port(r->bus, PAS_NS));
    assert_true(device_realize(r->d, NULL));
    assert_true(bus_map_device(r->bus, pa(FW), r->d, 0, PAS_MASK_NS, NULL));
    device_reset(r->d, RESET_COLD);
    *state = r;
    return 0;
}

static int down(void **state)
{
    struct rig *r = *state;
    device_free(r->d);
    bus_free(r->bus);
    g_free(r);
    return 0;
}

static void select_key(struct rig *r, uint16_t key)
{
    mmio_write(r->d, SELECTOR, 2, GUINT16_TO_BE(key));
}

/* Run a command placed in RAM; returns its control word afterwards. */
static uint32_t dma(struct rig *r, uint32_t control, uint32_t length, uint64_t address)
{
    uint32_t be32[2] = {GUINT32_TO_BE(control), GUINT32_TO_BE(length)};
    uint64_t be64 = GUINT64_TO_BE(address);
    memcpy(r->ram + CMD_AT - RAM, be32, 8);
    memcpy(r->ram + CMD_AT - RAM + 8, &be64, 8);
    mmio_write(r->d, DMA, 8, GUINT64_TO_BE(CMD_AT));
    memcpy(be32, r->ram + CMD_AT - RAM, 4);
    return GUINT32_FROM_BE(be32[0]);
}

static void test_signature_and_id(void **state)
{
    struct rig *r = *state;
    select_key(r, FW_CFG_SIGNATURE);
    for (const char *p = "QEMU"; *p != '\0'; p++) {
        assert_int_equal(mmio_read(r->d, DATA, 1), *p);
    }
    assert_int_equal(mmio_read(r->d, DATA, 8), 0); /* past the end */
    select_key(r, FW_CFG_ID);
    assert_int_equal(mmio_read(r->d, DATA, 4), 3); /* little endian item: traditional, DMA */
    uint64_t sig = mmio_read(r->d, DMA, 8);
    assert_memory_equal(&sig, "QEMU CFG", 8);
    assert_int_equal(mmio_read(r->d, DMA + 4, 4), GUINT32_TO_BE(0x20434647));
    assert_int_equal(mmio_read(r->d, SELECTOR, 2), 0);
}

/* The first byte of the item comes at the lowest address, whatever the width. */
static void test_data_widths(void **state)
{
    struct rig *r = *state;
    fw_cfg_set_string(r->d, FW_CFG_CMDLINE_DATA, "abcdefghijklmn");
    select_key(r, FW_CFG_CMDLINE_DATA | 0x4000); /* the write bit changes nothing */
    assert_int_equal(mmio_read(r->d, DATA, 1), 'a');
    assert_int_equal(mmio_read(r->d, DATA, 2), 'b' | 'c' << 8);
    assert_int_equal(mmio_peek(r->d, DATA, 1), 'd');
    uint64_t v = mmio_read(r->d, DATA, 4);
    assert_memory_equal(&v, "defg", 4);
    v = mmio_read(r->d, DATA, 8);
    assert_memory_equal(&v, "hijklmn\0", 8);
    mmio_write(r->d, DATA, 4, UINT32_MAX); /* no effect */
    select_key(r, FW_CFG_CMDLINE_DATA);
    assert_int_equal(mmio_read(r->d, DATA, 1), 'a');
}

static void test_numbers(void **state)
{
    struct rig *r = *state;
    fw_cfg_set_i16(r->d, FW_CFG_NB_CPUS, 0x1234);
    fw_cfg_set_i32(r->d, FW_CFG_KERNEL_SIZE, 0x89abcdef);
    fw_cfg_set_i64(r->d, FW_CFG_RAM_SIZE, 0x1122334455667788);
    fw_cfg_set_i64(r->d, FW_CFG_RAM_SIZE, 0x0102030405060708);
    select_key(r, FW_CFG_NB_CPUS);
    assert_int_equal(mmio_read(r->d, DATA, 8), 0x1234);
    select_key(r, FW_CFG_KERNEL_SIZE);
    assert_int_equal(mmio_read(r->d, DATA, 8), 0x89abcdef);
    select_key(r, FW_CFG_RAM_SIZE);
    assert_int_equal(mmio_read(r->d, DATA, 8), 0x0102030405060708);
}

static void test_missing_items(void **state)
{
    static const uint16_t keys[] = {FW_CFG_UUID, 0x1f, 0x20, 0x9f, 0xa0, 0x3fff, 0x8000, 0xffff};
    struct rig *r = *state;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        select_key(r, keys[i]);
        assert_int_equal(mmio_read(r->d, DATA, 8), 0);
        memset(r->ram + BUF_AT - RAM, 0xff, 16);
        assert_int_equal(dma(r, CTL_READ, 8, BUF_AT), 0); /* zeros, as the data register gives */
        assert_int_equal(r->ram[BUF_AT - RAM + 7], 0);
        assert_int_equal(r->ram[BUF_AT - RAM + 8], 0xff);
        assert_int_equal(dma(r, CTL_WRITE, 8, BUF_AT), CTL_ERROR);
    }
}

static void test_directory(void **state)
{
    static const char *const sorted[] = {"bootorder", "etc/a", "etc/b", "opt/z"};
    static const char *const added[] = {"etc/b", "opt/z", "bootorder", "etc/a"};
    struct rig *r = *state;
    for (size_t i = 0; i < ARRAY_LEN(added); i++) {
        add(r, added[i], added[i], NULL);
    }
    struct {
        uint32_t n;
        struct {
            uint32_t size;
            uint16_t select, reserved;
            char name[56];
        } file[4];
    } dir;
    assert_int_equal(
        dma(r, (uint32_t)FW_CFG_FILE_DIR << 16 | CTL_SELECT | CTL_READ, sizeof(dir), BUF_AT), 0);
    memcpy(&dir, r->ram + BUF_AT - RAM, sizeof(dir));
    assert_int_equal(GUINT32_FROM_BE(dir.n), 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_string_equal(dir.file[i].name, sorted[i]);
        assert_int_equal(GUINT32_FROM_BE(dir.file[i].size), strlen(sorted[i]));
        assert_int_equal(GUINT16_FROM_BE(dir.file[i].select), 0x20 + i);
        char text[16] = "";
        select_key(r, GUINT16_FROM_BE(dir.file[i].select));
        for (size_t n = 0; n < strlen(sorted[i]); n++) {
            text[n] = (char)mmio_read(r->d, DATA, 1);
        }
        assert_string_equal(text, sorted[i]);
    }
}

static void test_file_errors(void **state)
{
    struct rig *r = *state;
    GBytes *b = bytes("x");
    char name[64];
    memset(name, 'n', sizeof(name));
    name[FW_CFG_NAME_MAX + 1] = '\0';
    assert_false(fw_cfg_add_file(r->d, name, b, NULL, NULL));
    assert_false(fw_cfg_add_file(r->d, "", b, NULL, NULL));
    name[FW_CFG_NAME_MAX] = '\0';
    assert_true(fw_cfg_add_file(r->d, name, b, NULL, NULL));
    assert_false(fw_cfg_add_file(r->d, name, b, NULL, NULL));
    assert_false(fw_cfg_replace_file(r->d, "other", b));
    for (unsigned i = 1; i < FW_CFG_N_FILES; i++) {
        g_snprintf(name, sizeof(name), "f%u", i);
        assert_true(fw_cfg_add_file(r->d, name, b, NULL, NULL));
    }
    GError *err = NULL;
    assert_false(fw_cfg_add_file(r->d, "one more", b, NULL, &err));
    assert_int_equal(err->code, ERR_OPTION);
    g_error_free(err);
    g_bytes_unref(b);
}

static void test_dma_read_and_skip(void **state)
{
    struct rig *r = *state;
    fw_cfg_set_string(r->d, FW_CFG_CMDLINE_DATA, "0123456789");
    memset(r->ram + BUF_AT - RAM, 0xff, 32);
    assert_int_equal(dma(r, (uint32_t)FW_CFG_CMDLINE_DATA << 16 | CTL_SELECT | CTL_SKIP, 3, 0), 0);
    assert_int_equal(dma(r, CTL_READ, 4, BUF_AT + 1), 0);
    assert_memory_equal(r->ram + BUF_AT - RAM,
                        "\xff"
                        "3456"
                        "\xff",
                        6);
    assert_int_equal(dma(r, CTL_READ, 16, BUF_AT), 0);
    assert_memory_equal(r->ram + BUF_AT - RAM, "789\0\0\0\0\0\0\0\0\0\0\0\0\0\xff", 17);
    assert_int_equal(dma(r, CTL_SKIP, UINT32_MAX, 0), 0);
    assert_int_equal(dma(r, (uint32_t)FW_CFG_CMDLINE_DATA << 16 | CTL_SELECT, 0, 0), 0);
    assert_int_equal(mmio_read(r->d, DATA, 1), '0');
    assert_int_equal(dma(r, 0, 100, 0), 0); /* nothing asked for */
    assert_int_equal(mmio_read(r->d, DATA, 1), '1');
}

static void test_dma_halves(void **state)
{
    struct rig *r = *state;
    uint32_t cmd[4] = {GUINT32_TO_BE(CTL_SELECT | CTL_READ), GUINT32_TO_BE(4), 0,
                       GUINT32_TO_BE(BUF_AT)};
    memcpy(r->ram + CMD_AT - RAM, cmd, sizeof(cmd));
    mmio_write(r->d, DMA, 4, 0);
    assert_int_not_equal(r->ram[BUF_AT - RAM], 'Q');
    mmio_write(r->d, DMA + 4, 4, GUINT32_TO_BE(CMD_AT));
    assert_memory_equal(r->ram + BUF_AT - RAM, "QEMU", 4);
    assert_int_equal(r->ram[CMD_AT - RAM + 3], 0);
}

static void test_dma_errors(void **state)
{
    struct rig *r = *state;
    uint32_t select = (uint32_t)FW_CFG_SIGNATURE << 16 | CTL_SELECT;
    assert_int_equal(dma(r, select | CTL_READ, 4, 0), CTL_ERROR);
    assert_int_equal(dma(r, select | CTL_READ, 4, RAM + RAM_SIZE - 2), CTL_ERROR);
    assert_int_equal(dma(r, select | CTL_READ, UINT32_MAX, BUF_AT), CTL_ERROR); /* leaves RAM */
    assert_int_equal(dma(r, select | CTL_READ, 4, UINT64_MAX), CTL_ERROR);
    assert_int_equal(dma(r, select | CTL_WRITE, 4, BUF_AT), CTL_ERROR); /* read only */
    mmio_write(r->d, DMA, 8, 0);                                        /* no memory at all there */
    mmio_write(r->d, DMA, 8, UINT64_MAX);                               /* wraps */
    mmio_write(r->d, DMA, 2, 1);                                        /* no such width */
    mmio_write(r->d, DMA, 8,
               GUINT64_TO_BE(RAM + RAM_SIZE - 4)); /* only its control word is memory */
}

/* Items may be aimed at the device's own registers. */
static void test_dma_into_itself(void **state)
{
    struct rig *r = *state;
    uint64_t item[2] = {GUINT64_TO_BE(CMD_AT), GUINT64_TO_BE(CMD_AT)};
    GBytes *b = g_bytes_new(item, sizeof(item));
    fw_cfg_set_bytes(r->d, FW_CFG_SETUP_DATA, b);
    g_bytes_unref(b);
    assert_int_equal(dma(r, (uint32_t)FW_CFG_SETUP_DATA << 16 | CTL_SELECT | CTL_READ, 8, FW + DMA),
                     0);
    assert_int_equal(
        dma(r, (uint32_t)FW_CFG_SETUP_DATA << 16 | CTL_SELECT | CTL_READ, 2, FW + SELECTOR), 0);
    (void)dma(r, (uint32_t)FW_CFG_SETUP_DATA << 16 | CTL_SELECT | CTL_READ, 24, FW);
    mmio_write(r->d, DMA, 8, GUINT64_TO_BE(FW));
}

static void on_selected(void *opaque)
{
    struct rig *r = opaque;
    GBytes *b = bytes("fresh");
    r->n_selected++;
    assert_true(fw_cfg_replace_file(r->d, "etc/lazy", b));
    g_bytes_unref(b);
}

static void on_written(void *opaque, const uint8_t *data, size_t offset, size_t len)
{
    struct rig *r = opaque;
    r->offset = offset;
    r->len = len;
    memcpy(r->text, data, 8);
}

static void test_hooks(void **state)
{
    struct rig *r = *state;
    struct fw_cfg_hooks lazy = {.selected = on_selected, .opaque = r};
    struct fw_cfg_hooks rw = {.written = on_written, .opaque = r};
    add(r, "etc/lazy", "stale contents", &lazy);
    add(r, "etc/rw", "--------", &rw);
    select_key(r, 0x20);
    assert_int_equal(r->n_selected, 1);
    uint64_t v = mmio_read(r->d, DATA, 8);
    assert_memory_equal(&v, "fresh\0\0\0", 8);

    memcpy(r->ram + BUF_AT - RAM, "abcdefgh", 8);
    assert_int_equal(dma(r, 0x21 << 16 | CTL_SELECT | CTL_SKIP, 2, 0), 0);
    assert_int_equal(dma(r, CTL_WRITE, 3, BUF_AT), 0);
    assert_int_equal(r->offset, 2);
    assert_int_equal(r->len, 3);
    assert_string_equal(r->text, "--abc---");
    assert_int_equal(dma(r, CTL_WRITE, 4, BUF_AT), CTL_ERROR); /* more than is left */
    assert_int_equal(dma(r, CTL_WRITE, 3, BUF_AT + 5), 0);
    assert_string_equal(r->text, "--abcfgh");
    select_key(r, 0x21);
    v = mmio_read(r->d, DATA, 8);
    assert_memory_equal(&v, "--abcfgh", 8);
}

int main(void)
{
#define RIG(f) cmocka_unit_test_setup_teardown(f, up, down)
    const struct CMUnitTest tests[] = {
        RIG(test_signature_and_id),  RIG(test_data_widths), RIG(test_numbers),
        RIG(test_missing_items),     RIG(test_directory),   RIG(test_file_errors),
        RIG(test_dma_read_and_skip), RIG(test_dma_halves),  RIG(test_dma_errors),
        RIG(test_dma_into_itself),   RIG(test_hooks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
