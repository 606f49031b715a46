/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/bits.h"
#include "core/bus.h"
#include "core/device.h"
#include "fakes/unit.h"

/* A device of 16 bytes that remembers its last access and answers with the offset. */
struct probe {
    struct device dev;
    struct bus_txn last;
    unsigned n_accesses;
    enum bus_result result;
};

static enum bus_result probe_access(struct device *d, unsigned region, struct bus_txn *t)
{
    struct probe *p = (struct probe *)d;
    p->last = *t;
    p->n_accesses++;
    if (!t->write) {
        t->data = 0xa0 + t->pa.v;
    }
    return p->result;
}

static const struct reg_block probe_block = {.name = "regs", .size = 0x10};
static const struct device_ops probe_ops = {
    .type = "probe",
    .state_size = sizeof(struct probe),
    .regions = &probe_block,
    .n_regions = 1,
    .access = probe_access,
};

struct rig {
    struct bus *bus;
    struct probe *probe;
};

enum {
    RAM = 0x10000,
    ROM = 0x20000,
    SEC = 0x30000, /* Secure RAM under the Non-secure one */
    PROBE = 0x40000,
};

static int rig_up(void **state)
{
    struct rig *r = g_new0(struct rig, 1);
    r->bus = bus_new();
    r->probe = (struct probe *)device_new(&probe_ops, "probe");
    assert_true(bus_map_device(r->bus, pa(PROBE), &r->probe->dev, 0, PAS_MASK_ALL, NULL));
    assert_true(bus_map_ram(r->bus, "rom", pa(ROM), 0x1000, PAS_MASK_ALL, true, NULL));
    assert_true(bus_map_ram(r->bus, "sec", pa(SEC), 0x2000, PAS_MASK_S, false, NULL));
    assert_true(bus_map_ram(r->bus, "ns", pa(SEC), 0x1000, PAS_MASK_NS, false, NULL));
    assert_true(bus_map_ram(r->bus, "ram", pa(RAM), 0x2000, PAS_MASK_NS | PAS_MASK_S, false, NULL));
    *state = r;
    return 0;
}

static int rig_down(void **state)
{
    struct rig *r = *state;
    device_free(&r->probe->dev);
    bus_free(r->bus);
    g_free(r);
    return 0;
}

static enum bus_result rd(struct rig *r, uint64_t at, unsigned size, enum pas pas, uint64_t *out)
{
    struct bus_txn t = {.pa = pa(at), .size = (uint8_t)size, .attrs.pas = pas, .data = UINT64_MAX};
    enum bus_result res = bus_access(r->bus, &t);
    assert_int_equal(t.pa.v, at);
    *out = t.data;
    return res;
}

static enum bus_result wr(struct rig *r, uint64_t at, unsigned size, enum pas pas, uint64_t v)
{
    struct bus_txn t = {
        .pa = pa(at), .size = (uint8_t)size, .attrs.pas = pas, .data = v, .write = true};
    return bus_access(r->bus, &t);
}

static void test_ram_sizes(void **state)
{
    struct rig *r = *state;
    uint64_t v = 0;
    assert_int_equal(wr(r, RAM + 1, 8, PAS_NS, 0x8877665544332211), BUS_OK);
    for (unsigned size = 1; size <= 8; size *= 2) {
        assert_int_equal(rd(r, RAM + 1, size, PAS_NS, &v), BUS_OK);
        assert_int_equal(v, 0x8877665544332211 & mask64(0, size * 8));
    }
    assert_int_equal(wr(r, RAM + 2, 2, PAS_S, UINT64_MAX), BUS_OK); /* shared by both */
    assert_int_equal(rd(r, RAM + 1, 8, PAS_NS, &v), BUS_OK);
    assert_int_equal(v, 0x8877665544ffff11);
}

static void test_holes_and_pas(void **state)
{
    struct rig *r = *state;
    uint64_t v = 0;
    assert_int_equal(rd(r, RAM - 1, 1, PAS_NS, &v), BUS_DECERR);
    assert_int_equal(rd(r, 0, 8, PAS_NS, &v), BUS_DECERR);
    assert_int_equal(rd(r, UINT64_MAX, 8, PAS_NS, &v), BUS_DECERR);
    assert_int_equal(rd(r, RAM, 1, PAS_REALM, &v), BUS_DECERR);
    assert_int_equal(rd(r, RAM, 1, (enum pas)200, &v), BUS_DECERR);
    assert_int_equal(wr(r, SEC, 4, PAS_S, 0x5ec), BUS_OK);
    assert_int_equal(wr(r, SEC, 4, PAS_NS, 0x25), BUS_OK);
    assert_int_equal(rd(r, SEC, 4, PAS_S, &v), BUS_OK);
    assert_int_equal(v, 0x5ec);
    assert_int_equal(rd(r, SEC, 4, PAS_NS, &v), BUS_OK);
    assert_int_equal(v, 0x25);
    assert_int_equal(rd(r, SEC + 0x1000, 4, PAS_S, &v), BUS_OK);
    assert_int_equal(rd(r, SEC + 0x1000, 4, PAS_NS, &v), BUS_DECERR);
}

static void test_rom(void **state)
{
    struct rig *r = *state;
    struct bus_txn t = {.pa = pa(ROM), .size = 4, .data = 7, .write = true, .debug = true};
    uint64_t v = 0;
    assert_int_equal(wr(r, ROM, 4, PAS_NS, 1), BUS_SLVERR);
    assert_int_equal(bus_access(r->bus, &t), BUS_OK);
    assert_int_equal(rd(r, ROM, 4, PAS_NS, &v), BUS_OK);
    assert_int_equal(v, 7);
}

/* An access that leaves its region is made of bytes; each byte has its own answer. */
static void test_split(void **state)
{
    struct rig *r = *state;
    uint64_t v = 0;
    assert_int_equal(rd(r, RAM + 0x1ffc, 8, PAS_NS, &v), BUS_DECERR);
    assert_int_equal(rd(r, PROBE + 0xe, 4, PAS_NS, &v), BUS_DECERR);
    assert_int_equal(r->probe->n_accesses, 2);
    assert_int_equal(r->probe->last.pa.v, 0xf);
    assert_int_equal(r->probe->last.size, 1);

    assert_true(bus_map_ram(r->bus, "next", pa(RAM + 0x2000), 0x1000, PAS_MASK_NS, false, NULL));
    assert_int_equal(wr(r, RAM + 0x1ffd, 8, PAS_NS, 0x8877665544332211), BUS_OK);
    assert_int_equal(rd(r, RAM + 0x1ffd, 8, PAS_NS, &v), BUS_OK);
    assert_int_equal(v, 0x8877665544332211);
}

static void test_device(void **state)
{
    struct rig *r = *state;
    uint64_t v = 0;
    assert_int_equal(rd(r, PROBE + 6, 2, PAS_S, &v), BUS_OK);
    assert_int_equal(v, 0xa6);
    assert_int_equal(r->probe->last.pa.v, 6);
    assert_int_equal(r->probe->last.attrs.pas, PAS_S);
    assert_int_equal(wr(r, PROBE + 8, 8, PAS_NS, 42), BUS_OK);
    assert_int_equal(r->probe->last.data, 42);
    r->probe->result = BUS_SLVERR;
    assert_int_equal(rd(r, PROBE, 4, PAS_NS, &v), BUS_SLVERR);
}

static void test_map_errors(void **state)
{
    static const struct {
        uint64_t base, size;
        uint8_t pas;
    } bad[] = {
        {RAM, 0x1000, PAS_MASK_NS},
        {RAM + 0x1000, 0x10000, PAS_MASK_S},
        {RAM - 0x1000, 0x2000, PAS_MASK_NS},
        {0, UINT64_C(1) << 40, PAS_MASK_ALL},
        {0x1800, 0x1000, PAS_MASK_NS},
        {0x1000, 0x1800, PAS_MASK_NS},
        {0x1000, 0, PAS_MASK_NS},
        {UINT64_MAX - 0xfff, 0x2000, PAS_MASK_NS},
        {PROBE, 0x1000, 1U << PAS_REALM},
    };
    struct rig *r = *state;
    size_t before = bus_n_regions(r->bus);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        GError *err = NULL;
        assert_false(
            bus_map_ram(r->bus, "bad", pa(bad[i].base), bad[i].size, bad[i].pas, false, &err));
        assert_non_null(err);
        g_error_free(err);
    }
    assert_int_equal(bus_n_regions(r->bus), before);
    /* No host has this much address space. */
    GError *err = NULL;
    assert_false(bus_map_ram(r->bus, "huge", pa(UINT64_C(1) << 62), UINT64_C(1) << 61, PAS_MASK_NS,
                             false, &err));
    assert_int_equal(err->code, ERR_HOST);
    g_error_free(err);
    /* The last page of the address space is fine. */
    assert_true(
        bus_map_ram(r->bus, "top", pa(UINT64_MAX - 0xfff), 0x1000, PAS_MASK_NS, false, NULL));
    assert_int_equal(wr(r, UINT64_MAX, 1, PAS_NS, 1), BUS_OK);
    assert_int_equal(wr(r, UINT64_MAX, 2, PAS_NS, 1), BUS_DECERR);
}

static void test_regions_listed(void **state)
{
    static const char *const names[] = {"ram", "rom", "sec", "ns", "probe"};
    struct rig *r = *state;
    assert_int_equal(bus_n_regions(r->bus), ARRAY_LEN(names));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct bus_region_info info = bus_region(r->bus, i);
        assert_string_equal(info.name, names[i]);
        assert_int_equal(info.is_ram, i < 4);
        assert_int_equal(info.host != NULL, info.is_ram);
        assert_int_equal(info.read_only, i == 1 || i == 4);
    }
}

static void test_spans(void **state)
{
    struct rig *r = *state;
    struct mem_attrs ns = {.pas = PAS_NS}, sec = {.pas = PAS_S};
    uint8_t *p = bus_ram_span(r->bus, pa(RAM + 8), 0x1ff8, &ns, true);
    assert_non_null(p);
    p[0] = 0x42;
    uint64_t v = 0;
    assert_int_equal(rd(r, RAM + 8, 1, PAS_NS, &v), BUS_OK);
    assert_int_equal(v, 0x42);
    assert_null(bus_ram_span(r->bus, pa(RAM + 8), 0x1ff9, &ns, false));
    assert_null(bus_ram_span(r->bus, pa(RAM), SIZE_MAX, &ns, false));
    assert_non_null(bus_ram_span(r->bus, pa(ROM), 0x1000, &ns, false));
    assert_null(bus_ram_span(r->bus, pa(ROM), 1, &ns, true));
    assert_null(bus_ram_span(r->bus, pa(PROBE), 1, &ns, false));
    assert_null(bus_ram_span(r->bus, pa(SEC + 0x1000), 1, &ns, false));
    assert_non_null(bus_ram_span(r->bus, pa(SEC + 0x1000), 1, &sec, true));
    assert_ptr_not_equal(bus_ram_span(r->bus, pa(SEC), 1, &ns, true),
                         bus_ram_span(r->bus, pa(SEC), 1, &sec, true));
}

static void count(void *opaque)
{
    ++*(unsigned *)opaque;
}

static void test_lent_span(void **state)
{
    struct rig *r = *state;
    struct mem_attrs ns = {.pas = PAS_NS};
    uint8_t lent[16] = {0x11, 0x22};
    unsigned told = 0;
    uint64_t v = 0;
    struct bus_listener l = {.remapped = count, .opaque = &told};
    bus_add_listener(r->bus, &l);

    bus_set_device_span(r->bus, &r->probe->dev, 0, lent);
    bus_set_device_span(r->bus, &r->probe->dev, 0, lent);
    assert_int_equal(told, 1); /* of changes only */
    assert_int_equal(rd(r, PROBE, 2, PAS_NS, &v), BUS_OK);
    assert_int_equal(v, 0x2211);
    assert_int_equal(r->probe->n_accesses, 0);
    assert_int_equal(wr(r, PROBE, 2, PAS_NS, 0), BUS_OK);
    assert_int_equal(r->probe->n_accesses, 1);
    assert_int_equal(lent[0], 0x11);
    assert_ptr_equal(bus_ram_span(r->bus, pa(PROBE), 16, &ns, false), lent);
    assert_null(bus_ram_span(r->bus, pa(PROBE), 16, &ns, true));

    bus_set_device_span(r->bus, &r->probe->dev, 0, NULL);
    assert_int_equal(told, 2);
    assert_int_equal(rd(r, PROBE, 2, PAS_NS, &v), BUS_OK);
    assert_int_equal(v, 0xa0);
    assert_null(bus_ram_span(r->bus, pa(PROBE), 16, &ns, false));
}

static void test_copies(void **state)
{
    struct rig *r = *state;
    struct mem_attrs ns = {.pas = PAS_NS};
    uint8_t out[0x1ff0], in[0x1ff0];
    for (size_t i = 0; i < sizeof(out); i++) {
        out[i] = (uint8_t)(i * 7);
    }
    assert_int_equal(bus_write(r->bus, pa(RAM + 3), out, sizeof(out), &ns), BUS_OK);
    assert_int_equal(bus_read(r->bus, pa(RAM + 3), in, sizeof(in), &ns), BUS_OK);
    assert_memory_equal(in, out, sizeof(out));
    assert_int_equal(bus_write(r->bus, pa(RAM + 0x1000), out, 0x1001, &ns), BUS_DECERR);
    assert_int_equal(bus_write(r->bus, pa(ROM), out, 1, &ns), BUS_SLVERR);
    assert_int_equal(bus_read(r->bus, pa(RAM + 3), in, 0, &ns), BUS_OK);

    /* A device gets accesses of the largest size that is aligned. */
    assert_int_equal(bus_write(r->bus, pa(PROBE + 1), out, 15, &ns), BUS_OK);
    assert_int_equal(r->probe->n_accesses, 4); /* 1 + 2 + 4 + 8 */
    assert_int_equal(bus_read(r->bus, pa(PROBE + 9), in, 7, &ns), BUS_OK);
    assert_int_equal(r->probe->n_accesses, 7);
    assert_int_equal(in[0], 0xa9);
}

static void test_ports(void **state)
{
    struct rig *r = *state;
    struct bus_port ns = bus_direct_port(r->bus, PAS_NS), sec = bus_direct_port(r->bus, PAS_S);
    uint8_t a = 0x11, b = 0x22, v = 0;
    assert_int_equal(port_write(&ns, pa(SEC), &a, 1), BUS_OK);
    assert_int_equal(port_write(&sec, pa(SEC), &b, 1), BUS_OK);
    assert_int_equal(port_read(&ns, pa(SEC), &v, 1), BUS_OK);
    assert_int_equal(v, 0x11);
    ns.span = NULL; /* the slow way gives the same */
    sec.span = NULL;
    assert_int_equal(port_read(&sec, pa(SEC), &v, 1), BUS_OK);
    assert_int_equal(v, 0x22);
    assert_int_equal(port_read(&ns, pa(SEC + 0x1000), &v, 1), BUS_DECERR);
    assert_int_equal(port_read(&sec, pa(PROBE), &v, 1), BUS_OK);
    assert_int_equal(r->probe->last.attrs.pas, PAS_S);
}

/* Lookup agrees with a plain search, for many regions. */
static void test_many_regions(void **state)
{
    struct bus *b = bus_new();
    for (uint64_t i = 0; i < 40; i++) {
        uint64_t base = (i * 23 % 40) * 0x3000;
        assert_true(
            bus_map_ram(b, "r", pa(base), 0x1000 + (i % 2) * 0x1000, PAS_MASK_NS, false, NULL));
    }
    for (uint64_t at = 0; at < 40 * 0x3000; at += 0x800) {
        struct bus_txn t = {.pa = pa(at), .size = 1};
        bool there = false;
        for (size_t i = 0; i < bus_n_regions(b); i++) {
            struct bus_region_info info = bus_region(b, i);
            there = there || (at >= info.base.v && at < info.base.v + info.size);
        }
        assert_int_equal(bus_access(b, &t), there ? BUS_OK : BUS_DECERR);
    }
    bus_free(b);
}

int main(void)
{
#define RIG(f) cmocka_unit_test_setup_teardown(f, rig_up, rig_down)
    const struct CMUnitTest tests[] = {
        RIG(test_ram_sizes), RIG(test_holes_and_pas),  RIG(test_rom),
        RIG(test_split),     RIG(test_device),         RIG(test_map_errors),
        RIG(test_spans),     RIG(test_regions_listed), RIG(test_lent_span),
        RIG(test_copies),    RIG(test_ports),          cmocka_unit_test(test_many_regions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
