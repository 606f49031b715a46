/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the register tables of all devices, and abuses each device through its registers. */
#include "base/bits.h"
#include "devices/cfi_flash.h"
#include "devices/fw_cfg.h"
#include "devices/gicv2m.h"
#include "devices/pl011.h"
#include "devices/pl031.h"
#include "devices/pl061.h"
#include "devices/virtio_mmio.h"
#include "fakes/reg_walk.h"
#include "fakes/unit.h"
#include "gic/gic.h"

enum { N_SIMPLE = 8 };

struct devices {
    struct evq *evq;
    struct bus *bus;
    struct device *simple[N_SIMPLE];
};

static void devices_up(struct devices *s)
{
    s->evq = evq_new();
    s->bus = bus_new();
    assert_true(bus_map_ram(s->bus, "ram", pa(0), 0x10000, PAS_MASK_NS, false, NULL));
    struct device *flash = cfi_flash_new("flash");
    struct device *fw = fw_cfg_new("fw-cfg");
    fw_cfg_set_port(fw, bus_direct_port(s->bus, PAS_NS));
    struct device *all[N_SIMPLE] = {
        pl011_new("uart16", 16),
        pl011_new("uart32", 32),
        pl031_new("rtc", s->evq, 1000),
        pl061_new("gpio"),
        gicv2m_new("gicv2m", 80, 64),
        fw,
        flash,
        device_new(&virtio_mmio_ops, "virtio-mmio"),
    };
    for (unsigned i = 0; i < N_SIMPLE; i++) {
        s->simple[i] = all[i];
        assert_true(device_realize(all[i], NULL));
        assert_true(
            bus_map_device(s->bus, pa(0x100000000 * (i + 1)), all[i], 0, PAS_MASK_NS, NULL));
        device_reset(all[i], RESET_COLD);
    }
    cfi_flash_set_bus(flash, s->bus);
}

static void devices_down(struct devices *s)
{
    for (unsigned i = 0; i < N_SIMPLE; i++) {
        device_free(s->simple[i]);
    }
    bus_free(s->bus);
    evq_free(s->evq);
}

static void test_tables(void **state)
{
    struct devices s;
    devices_up(&s);
    for (unsigned i = 0; i < N_SIMPLE; i++) {
        assert_int_equal(reg_walk_tables(s.simple[i]->ops), 0);
    }
    devices_down(&s);
}

static void test_hostile(void **state)
{
    struct devices s;
    devices_up(&s);
    for (unsigned i = 0; i < N_SIMPLE; i++) {
        assert_int_equal(reg_walk_hostile(s.simple[i], 0), 0);
        device_reset(s.simple[i], RESET_WARM);
    }
    devices_down(&s);
}

/* Reset values by table: what a register without a hook shows after reset is its reset value. */
static void test_reset_values(void **state)
{
    struct devices s;
    devices_up(&s);
    for (unsigned i = 0; i < N_SIMPLE; i++) {
        const struct reg_block *b = &s.simple[i]->ops->regions[0];
        for (size_t n = 0; n < b->n_regs; n++) {
            const struct reg_desc *r = &b->regs[n];
            struct bus_txn t = {.pa = pa(r->offset), .size = r->size};
            if (r->read == NULL && (r->flags & REGF_VIEW) == 0) {
                assert_int_equal(device_access(s.simple[i], 0, &t), BUS_OK);
                assert_int_equal(t.data, r->reset);
            }
        }
    }
    devices_down(&s);
}

static void test_gic_tables(void **state)
{
    static const uint64_t mpidr[] = {0x80000000, 0x80000001};
    struct bus_port memory = {0};
    for (unsigned version = 2; version <= 4; version++) {
        struct gic_cfg c = {.version = version,
                            .minor = version == 4,
                            .n_pe = 2,
                            .n_spi = 64,
                            .mpidr = mpidr,
                            .security = true,
                            .virtualization = true,
                            .memory = version >= 3 ? &memory : NULL};
        struct gic *g = gic_new(&c, "gic", NULL);
        assert_non_null(g);
        assert_int_equal(reg_walk_tables(gic_device(g)->ops), 0);
        if (version >= 3) {
            assert_int_equal(reg_walk_tables(gic_redist_device(g, 0)->ops), 0);
            assert_int_equal(reg_walk_tables(gic_its_device(g)->ops), 0);
        }
        if (version == 4) {
            assert_int_equal(reg_walk_tables(gic_vlpi_device(g, 0)->ops), 0);
            assert_int_equal(reg_walk_tables(gic_its_sgi_device(g)->ops), 0);
        }
        gic_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_reset_values),
        cmocka_unit_test(test_gic_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
