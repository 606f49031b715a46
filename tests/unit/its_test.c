/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ITS and LPIs: registers, every command, its errors, tables of every form, priorities and
 * acknowledge at the CPU interface. Arm IHI 0069H, 5 "Locality-specific Peripheral Interrupts and
 * the ITS".
 */
#include <glib.h>
#include <string.h>

#include "base/bits.h"
#include "fakes/gic_rig.h"
#include "fakes/unit.h"

#define KIB(n)  ((n) * UINT64_C(1024))
#define RAM     UINT64_C(0x40000000)
#define SIZE    KIB(8192)
#define QUEUE   RAM /* 4 KiB */
#define DEVS    (RAM + KIB(64))
#define COLS    (RAM + KIB(128))
#define ITT     (RAM + KIB(192))
#define PROP    (RAM + KIB(256))
#define PEND    (RAM + KIB(512)) /* 64 KiB a PE */
#define L2      (RAM + KIB(1024))
#define NOWHERE UINT64_C(0x1000)

#define LPI(n) (8192U + (n))
#define DEV    5U

enum {
    S_CTLR = 0,
    S_TYPER = 8,
    S_CBASER = 0x80,
    S_CWRITER = 0x88,
    S_CREADR = 0x90,
    S_BASER = 0x100
};
enum { R_CTLR = 0, R_TYPER = 8, R_PROPBASER = 0x70, R_PENDBASER = 0x78, R_INVLPIR = 0xa0 };
#define VALID    BIT(63)
#define INDIRECT BIT(62)

struct bench {
    struct gic_rig *r;
    struct bus *bus;
    struct gic_rig_mmio its;
    uint64_t tail; /* of the queue */
};

static uint8_t *ram(struct bench *b, uint64_t at)
{
    struct mem_attrs a = {.pas = PAS_NS};
    uint8_t *p = bus_ram_span(b->bus, pa(at), 8, &a, true);
    assert_non_null(p);
    return p;
}

static void poke(struct bench *b, uint64_t at, uint64_t v)
{
    memcpy(ram(b, at), &v, sizeof(v));
}

/* PEs awake, Group 1 on, LPIs on with an empty pending table; everything but LPI(9) is enabled,
 * priority 0x80. */
static struct bench *bench_new(bool security)
{
    struct bench *b = g_new0(struct bench, 1);
    struct gic_cfg cfg = {.version = 3, .n_pe = 3, .n_spi = 32, .security = security};
    GError *err = NULL;
    b->bus = bus_new();
    assert_true(bus_map_ram(b->bus, "ram", pa(RAM), SIZE, PAS_MASK_NS, false, &err));
    struct bus_port port = bus_direct_port(b->bus, PAS_NS);
    cfg.memory = &port;
    b->r = gic_rig_new(&cfg);
    b->its = (struct gic_rig_mmio){gic_its_device(b->r->g), 0, 0, true};
    memset(ram(b, PROP), 0x81, KIB(64) - LPI(0));
    *ram(b, PROP + 9) = 0x80;
    gic_rig_write(gic_rig_dist(b->r, false), D_CTLR, 4, 7);
    for (unsigned pe = 0; pe < cfg.n_pe; pe++) {
        struct gic_rig_mmio rd = gic_rig_redist(b->r, pe, false);
        gic_rig_write(rd, 0x14, 4, 0);
        gic_rig_write(rd, R_PROPBASER, 8, PROP | 15);
        gic_rig_write(rd, R_PENDBASER, 8, (PEND + pe * KIB(64)) | INDIRECT);
        gic_rig_write(rd, R_CTLR, 4, 1);
        gic_rig_enter(b->r, pe, 1, false);
        gic_rig_msr(b->r, pe, ICC_IGRPEN1, 1);
        if (security) { /* PMR is Secure's until it lets go */
            gic_rig_enter(b->r, pe, 3, true);
        }
        gic_rig_msr(b->r, pe, ICC_PMR, 0xff);
        gic_rig_enter(b->r, pe, 1, false);
    }
    return b;
}

static void bench_free(struct bench *b)
{
    gic_rig_free(b->r);
    bus_free(b->bus);
    g_free(b);
}

static void enable(struct bench *b, uint64_t devices, uint64_t collections)
{
    gic_rig_write(b->its, S_BASER, 8, devices);
    gic_rig_write(b->its, S_BASER + 8, 8, collections);
    gic_rig_write(b->its, S_CBASER, 8, VALID | QUEUE);
    gic_rig_write(b->its, S_CTLR, 4, 1);
}

/* A command that waits for the next one. */
static void queue(struct bench *b, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
    const uint64_t words[] = {w0, w1, w2, w3};
    memcpy(ram(b, QUEUE + b->tail), words, sizeof(words));
    b->tail = (b->tail + 32) % KIB(4);
}

/* True: it was done, or refused; false: the queue stalls. */
static bool cmd(struct bench *b, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
    queue(b, w0, w1, w2, w3);
    gic_rig_write(b->its, S_CWRITER, 8, b->tail);
    return gic_rig_read(b->its, S_CREADR, 8) == b->tail;
}

static bool mapd(struct bench *b, uint32_t dev, unsigned bits, uint64_t itt, bool v)
{
    return cmd(b, 8 | (uint64_t)dev << 32, bits - 1, itt | (v ? VALID : 0), 0);
}

static bool mapc(struct bench *b, uint16_t icid, uint64_t pe, bool v)
{
    return cmd(b, 9, 0, icid | pe << 16 | (v ? VALID : 0), 0);
}

static bool mapti(struct bench *b, uint32_t dev, uint32_t event, uint32_t lpi, uint16_t icid)
{
    return cmd(b, 0xa | (uint64_t)dev << 32, event | (uint64_t)lpi << 32, icid, 0);
}

/* INT, CLEAR, INV, DISCARD */
static bool on_event(struct bench *b, unsigned op, uint32_t dev, uint32_t event)
{
    return cmd(b, op | (uint64_t)dev << 32, event, 0, 0);
}

enum { INT = 3, CLEAR = 4, INV = 0xc, DISCARD = 0xf };

/* Device 5 with 16 events; event n is LPI(n), collection n % 3, which is PE n % 3. */
static struct bench *mapped(bool security)
{
    struct bench *b = bench_new(security);
    enable(b, VALID | DEVS | 15, VALID | COLS | 15);
    assert_true(mapd(b, DEV, 4, ITT, true));
    for (unsigned n = 0; n < 16; n++) {
        assert_true(mapc(b, (uint16_t)(n % 3), n % 3, true));
        assert_true(mapti(b, DEV, n, LPI(n), (uint16_t)(n % 3)));
    }
    return b;
}

/* What PE n acknowledges; 1023: nothing. Ended at once. */
static uint32_t take(struct bench *b, unsigned pe)
{
    uint32_t intid = (uint32_t)gic_rig_mrs(b->r, pe, ICC_IAR1);
    assert_int_equal(b->r->lamp[pe][GIC_OUT_IRQ], false);
    if (intid != 1023) {
        gic_rig_msr(b->r, pe, ICC_EOIR1, intid);
    }
    return intid;
}

/* ---- registers ---- */

static void test_registers(void **state)
{
    struct bench *b = bench_new(false);
    assert_int_equal(gic_rig_read(b->its, S_CTLR, 4), 0x80000000);
    assert_int_equal(gic_rig_read(b->its, S_TYPER, 8), 0x1f0001ef71);
    assert_int_equal(gic_rig_read(b->its, 0xffe8, 4), 0x3b);
    assert_int_equal(gic_rig_read(gic_rig_dist(b->r, true), D_TYPER, 4), 0x037a0001);
    assert_int_equal(gic_rig_read(gic_rig_redist(b->r, 0, true), R_TYPER, 8), 0x01000001);
    assert_int_equal(gic_rig_read(gic_rig_redist(b->r, 0, true), R_CTLR, 4), 7);
    gic_rig_write(b->its, S_BASER, 8, UINT64_MAX);
    gic_rig_write(b->its, S_BASER + 8, 4, UINT32_MAX);
    gic_rig_write(b->its, S_BASER + 16, 8, UINT64_MAX);
    assert_int_equal(gic_rig_read(b->its, S_BASER, 8), 0xf9e7ffffffffffff);
    assert_int_equal(gic_rig_read(b->its, S_BASER + 8, 8), 0x04070000ffffffff);
    assert_int_equal(gic_rig_read(b->its, S_BASER + 16, 8), 0); /* no vPE table */
    enable(b, VALID | DEVS, VALID | COLS);
    assert_int_equal(gic_rig_read(b->its, S_CTLR, 4), 1);
    gic_rig_write(b->its, S_BASER, 8, 0);
    gic_rig_write(b->its, S_CBASER, 8, 0);
    assert_int_equal(gic_rig_read(b->its, S_BASER, 8),
                     VALID | DEVS | UINT64_C(1) << 56 | UINT64_C(7) << 48);
    assert_int_equal(gic_rig_read(b->its, S_CBASER, 8), VALID | QUEUE);
    gic_rig_write(b->its, S_CWRITER, 8, 0x1000); /* behind the queue */
    assert_int_equal(gic_rig_read(b->its, S_CWRITER, 8), 0);
    /* tables of LPIs stay where they are while LPIs are enabled */
    struct gic_rig_mmio rd = gic_rig_redist(b->r, 1, true);
    gic_rig_write(rd, R_PROPBASER, 8, 0);
    assert_int_equal(gic_rig_read(rd, R_PROPBASER, 8), PROP | 15);
    assert_int_equal(gic_rig_read(rd, R_PENDBASER, 8), PEND + KIB(64)); /* without PTZ */
    gic_rig_write(rd, R_CTLR, 4, 0);
    gic_rig_write(rd, R_PROPBASER + 4, 4, 1);
    assert_int_equal(gic_rig_read(rd, R_PROPBASER, 8), BIT(32) | PROP | 15);
    device_reset(gic_device(b->r->g), RESET_COLD);
    assert_int_equal(gic_rig_read(b->its, S_CTLR, 4), 0x80000000);
    assert_int_equal(gic_rig_read(rd, R_PROPBASER, 8), 0);
    bench_free(b);
}

/* Without memory there is neither. */
static void test_absent(void **state)
{
    struct gic_rig *r = gic_rig_new(&(struct gic_cfg){.version = 3, .n_pe = 1, .n_spi = 32});
    struct gic_rig_mmio rd = gic_rig_redist(r, 0, true);
    assert_null(gic_its_device(r->g));
    gic_rig_write(rd, R_CTLR, 4, 1);
    gic_rig_write(rd, R_PROPBASER, 8, UINT64_MAX);
    gic_rig_write(rd, R_INVLPIR, 8, LPI(0));
    assert_int_equal(gic_rig_read(rd, R_CTLR, 4), 0);
    assert_int_equal(gic_rig_read(rd, R_PROPBASER, 8), 0);
    gic_rig_free(r);
}

/* ---- LPIs at the CPU interface ---- */

static void test_interrupt(void **state)
{
    struct bench *b = mapped(false);
    assert_true(on_event(b, INT, DEV, 4));
    assert_true(b->r->lamp[1][GIC_OUT_IRQ]);
    assert_int_equal(gic_rig_mrs(b->r, 1, SYSREG_ENC(3, 0, 12, 12, 2)), LPI(4));
    assert_int_equal(gic_rig_mrs(b->r, 1, ICC_IAR0), 1023);
    assert_int_equal(gic_rig_mrs(b->r, 1, ICC_IAR1), LPI(4));
    assert_int_equal(gic_rig_mrs(b->r, 1, ICC_RPR), 0x80);
    /* No active state: pending again, but the running priority holds it back. */
    assert_true(on_event(b, INT, DEV, 4));
    assert_false(b->r->lamp[1][GIC_OUT_IRQ]);
    gic_rig_msr(b->r, 1, ICC_EOIR1, LPI(4));
    assert_int_equal(gic_rig_mrs(b->r, 1, ICC_RPR), 0xff);
    assert_true(b->r->lamp[1][GIC_OUT_IRQ]);
    assert_int_equal(take(b, 1), LPI(4));
    assert_int_equal(take(b, 1), 1023);
    /* a device's write, and the ITS switched off */
    gic_its_translate(b->r->g, DEV, 2);
    assert_int_equal(take(b, 2), LPI(2));
    gic_rig_write(b->its, S_CTLR, 4, 0);
    gic_its_translate(b->r->g, DEV, 2);
    assert_int_equal(take(b, 2), 1023);
    bench_free(b);
}

static void test_order(void **state)
{
    struct bench *b = mapped(false);
    *ram(b, PROP + 6) = 0x41;
    *ram(b, PROP + 0) = 0xa1;
    for (unsigned n = 0; n < 16; n += 3) {
        assert_true(on_event(b, INT, DEV, n));
    }
    /* 9 is not enabled; equals go by number */
    static const uint8_t order[] = {6, 3, 12, 15, 0};
    for (unsigned i = 0; i < ARRAY_LEN(order); i++) {
        assert_int_equal(take(b, 0), LPI(order[i]));
    }
    assert_int_equal(take(b, 0), 1023);
    *ram(b, PROP + 9) = 0x81; /* counts when software says so */
    assert_int_equal(take(b, 0), 1023);
    assert_true(on_event(b, INV, DEV, 9));
    assert_true(b->r->lamp[0][GIC_OUT_IRQ]);
    *ram(b, PROP + 9) = 0x80;
    assert_true(cmd(b, 0xd, 0, 0, 0)); /* INVALL of collection 0 */
    assert_false(b->r->lamp[0][GIC_OUT_IRQ]);
    *ram(b, PROP + 9) = 0x81;
    gic_rig_write(gic_rig_redist(b->r, 0, true), R_INVLPIR, 8, LPI(9));
    assert_int_equal(take(b, 0), LPI(9));
    bench_free(b);
}

/* Two Security states: LPIs are Non-secure, their priorities in the lower half. */
static void test_security(void **state)
{
    struct bench *b = mapped(true);
    *ram(b, PROP + 1) = 0x41;
    assert_true(on_event(b, INT, DEV, 1));
    assert_true(b->r->lamp[1][GIC_OUT_IRQ]);
    gic_rig_enter(b->r, 1, 3, true);
    assert_true(b->r->lamp[1][GIC_OUT_FIQ]);
    assert_int_equal(gic_rig_mrs(b->r, 1, SYSREG_ENC(3, 0, 12, 12, 2)), LPI(1));
    assert_int_equal(gic_rig_mrs(b->r, 1, ICC_IAR0), 1021);
    gic_rig_msr(b->r, 1, ICC_PMR, 0xa0); /* 0x80 | 0x40 >> 1 is not above */
    assert_false(b->r->lamp[1][GIC_OUT_FIQ]);
    gic_rig_msr(b->r, 1, ICC_PMR, 0xa8);
    assert_true(b->r->lamp[1][GIC_OUT_FIQ]);
    bench_free(b);
}

/* ---- commands ---- */

static void test_clear_and_move(void **state)
{
    struct bench *b = mapped(false);
    assert_true(on_event(b, INT, DEV, 0));
    assert_true(on_event(b, CLEAR, DEV, 0));
    assert_int_equal(take(b, 0), 1023);
    assert_true(on_event(b, INT, DEV, 0));
    assert_true(on_event(b, DISCARD, DEV, 0));
    assert_int_equal(take(b, 0), 1023);
    assert_true(on_event(b, INT, DEV, 0)); /* not mapped any more */
    assert_int_equal(take(b, 0), 1023);

    assert_true(on_event(b, INT, DEV, 3));
    assert_true(cmd(b, 1 | (uint64_t)DEV << 32, 3, 2, 0)); /* MOVI to collection 2 */
    assert_int_equal(take(b, 0), 1023);
    assert_int_equal(take(b, 2), LPI(3));
    assert_true(on_event(b, INT, DEV, 3));
    assert_int_equal(take(b, 2), LPI(3));

    assert_true(on_event(b, INT, DEV, 1));
    assert_true(on_event(b, INT, DEV, 4));
    assert_true(cmd(b, 0xe, 0, UINT64_C(1) << 16, 0)); /* MOVALL from PE 1 to 0 */
    assert_int_equal(take(b, 1), 1023);
    assert_int_equal(take(b, 0), LPI(1));
    assert_int_equal(take(b, 0), LPI(4));
    assert_true(cmd(b, 5, 0, UINT64_C(1) << 16, 0)); /* SYNC */

    /* MAPI: the event's number is the INTID's */
    assert_true(mapd(b, 7, 16, ITT + KIB(4), true));
    assert_true(cmd(b, 0xb | UINT64_C(7) << 32, LPI(40), 1, 0));
    assert_true(on_event(b, INT, 7, LPI(40)));
    assert_int_equal(take(b, 1), LPI(40));
    assert_true(mapd(b, DEV, 1, 0, false));
    assert_true(on_event(b, INT, DEV, 3));
    assert_int_equal(take(b, 2), 1023);
    bench_free(b);
}

/* No effect, and the queue goes on. */
/* In one queue the best one goes, comes back and moves: what is best afterwards is found at the
 * end. */
static void test_best_after_queue(void **state)
{
    const uint64_t on_dev = (uint64_t)DEV << 32;
    struct bench *b = mapped(false);
    for (unsigned n = 0; n < 5; n++) { /* events of PE 0, the first one the best */
        *ram(b, PROP + 3 * n) = (uint8_t)(0x41 + 0x10 * n);
        assert_true(on_event(b, INT, DEV, 3 * n));
    }
    queue(b, CLEAR | on_dev, 0, 0, 0);
    queue(b, CLEAR | on_dev, 3, 0, 0);
    assert_true(on_event(b, CLEAR, DEV, 9));
    assert_true(b->r->lamp[0][GIC_OUT_IRQ]);
    assert_int_equal(gic_rig_mrs(b->r, 0, ICC_HPPIR1), LPI(6));
    queue(b, CLEAR | on_dev, 6, 0, 0);
    queue(b, INT | on_dev, 3, 0, 0);
    queue(b, INT | on_dev, 6, 0, 0);
    assert_true(on_event(b, INT, DEV, 9));
    assert_int_equal(take(b, 0), LPI(3));
    queue(b, 1 | on_dev, 6, 2, 0); /* MOVI to PE 2 */
    assert_true(on_event(b, DISCARD, DEV, 9));
    assert_int_equal(take(b, 0), LPI(12));
    assert_int_equal(take(b, 2), LPI(6));
    assert_true(on_event(b, INT, DEV, 0));
    assert_true(on_event(b, CLEAR, DEV, 0));
    assert_false(b->r->lamp[0][GIC_OUT_IRQ]);
    bench_free(b);
}

static void test_refused(void **state)
{
    struct bench *b = mapped(false);
    assert_true(on_event(b, INT, DEV + 1, 0));             /* device not mapped */
    assert_true(on_event(b, INT, 0x10000, 0));             /* no such device */
    assert_true(on_event(b, INT, DEV, 16));                /* behind the ITT */
    assert_true(mapti(b, DEV, 16, LPI(0), 0));             /* the same */
    assert_true(mapti(b, DEV, 0, 8191, 2));                /* not an LPI */
    assert_true(mapti(b, DEV, 0, 0x10000, 2));             /* the same */
    assert_true(mapti(b, DEV + 1, 0, LPI(0), 2));          /* device not mapped */
    assert_true(mapd(b, DEV, 17, RAM, true));              /* too many events */
    assert_true(mapd(b, 0x8000 << 1, 4, RAM, true));       /* no such device */
    assert_true(mapc(b, 0, 3, true));                      /* no such PE */
    assert_true(mapc(b, 0, UINT64_C(1) << 34, true));      /* the same */
    assert_true(cmd(b, 0xe, 0, 0, UINT64_C(3) << 16));     /* MOVALL to no PE */
    assert_true(cmd(b, 1 | (uint64_t)DEV << 32, 0, 9, 0)); /* MOVI to no collection */
    assert_true(cmd(b, 0xd, 0, 9, 0));                     /* INVALL of none */
    assert_true(cmd(b, 0x29, 0, 0, 0));                    /* VMAPP */
    assert_true(cmd(b, 0, 0, 0, 0));
    assert_true(on_event(b, INT, DEV, 0));
    assert_int_equal(take(b, 0), LPI(0));
    assert_true(mapc(b, 0, 0, false));
    assert_true(on_event(b, INT, DEV, 0)); /* its collection is gone */
    assert_int_equal(take(b, 0), 1023);
    bench_free(b);
}

static void test_stall(void **state)
{
    struct bench *b = mapped(false);
    assert_true(mapd(b, DEV, 4, NOWHERE & ~UINT64_C(0xff), true));
    uint64_t at = b->tail;
    assert_false(mapti(b, DEV, 0, LPI(0), 0));
    assert_int_equal(gic_rig_read(b->its, S_CREADR, 8), at | 1);
    assert_false(on_event(b, INT, DEV, 0));           /* waits behind it */
    gic_rig_write(b->its, S_CWRITER, 8, b->tail | 1); /* Retry */
    assert_int_equal(gic_rig_read(b->its, S_CREADR, 8), at | 1);
    poke(b, QUEUE + at, 5); /* SYNC in its place */
    poke(b, QUEUE + at + 16, 0);
    poke(b, QUEUE + at + 32, 5);
    poke(b, QUEUE + at + 48, 0);
    gic_rig_write(b->its, S_CWRITER, 8, b->tail | 1);
    assert_int_equal(gic_rig_read(b->its, S_CREADR, 8), b->tail);
    /* the queue itself is nowhere */
    gic_rig_write(b->its, S_CTLR, 4, 0);
    gic_rig_write(b->its, S_CBASER, 8, VALID | NOWHERE);
    gic_rig_write(b->its, S_CTLR, 4, 1);
    assert_int_equal(gic_rig_read(b->its, S_CREADR, 8), 1);
    bench_free(b);
}

/* ---- tables ---- */

/* Flat: entry_last is the last device; the next one is refused. */
static void test_flat_tables(void **state)
{
    static const struct {
        unsigned page_size, log2;
    } sizes[] = {{0, 12}, {1, 14}, {2, 16}, {3, 16}};
    for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
        struct bench *b = bench_new(false);
        uint64_t flat = VALID | (uint64_t)sizes[i].page_size << 8;
        uint32_t n = 2U << (sizes[i].log2 - 3);
        enable(b, flat | (RAM + KIB(2048)) | 1, VALID | COLS);
        assert_true(mapc(b, 511, 1, true));
        for (uint32_t dev = n - 1; dev <= n; dev++) {
            assert_true(mapd(b, dev, 1, ITT, true));
            assert_true(mapti(b, dev, 0, LPI(0), 511));
            assert_true(on_event(b, INT, dev, 0));
            assert_int_equal(take(b, 1), dev < n ? LPI(0) : 1023);
            assert_true(on_event(b, DISCARD, dev, 0));
        }
        assert_true(mapc(b, 512, 1, true)); /* 4 KiB of collections */
        bench_free(b);
    }
}

static void test_indirect_tables(void **state)
{
    struct bench *b = bench_new(false);
    enable(b, VALID | INDIRECT | DEVS, VALID | INDIRECT | COLS);
    assert_true(mapc(b, 600, 2, true)); /* no second level yet */
    poke(b, COLS + 8, VALID | L2);
    assert_true(mapc(b, 600, 2, true));
    assert_true(mapd(b, 600, 1, ITT, true));
    poke(b, DEVS + 8, VALID | (L2 + KIB(4)));
    assert_true(mapti(b, 600, 0, LPI(7), 600));
    assert_true(mapd(b, 600, 1, ITT, true));
    assert_true(mapti(b, 600, 0, LPI(7), 600));
    assert_true(on_event(b, INT, 600, 0));
    assert_int_equal(take(b, 2), LPI(7));
    uint64_t entry;
    memcpy(&entry, ram(b, L2 + (600 - 512) * 8), 8);
    assert_int_equal(entry & 1, 1);
    /* a second level that is not in memory stalls */
    poke(b, DEVS + 16, VALID | NOWHERE);
    assert_false(mapd(b, 1024, 1, ITT, true));
    bench_free(b);
}

/* Switching LPIs off writes what is pending to memory, on reads it, or not with PTZ. */
static void test_pending_table(void **state)
{
    struct bench *b = mapped(false);
    struct gic_rig_mmio rd = gic_rig_redist(b->r, 1, true);
    uint8_t *byte = ram(b, PEND + KIB(64) + LPI(4) / 8);
    assert_true(on_event(b, INT, DEV, 4));
    assert_int_equal(*byte, 0);
    gic_rig_write(rd, R_CTLR, 4, 0);
    assert_int_equal(*byte, 1 << 4);
    assert_false(b->r->lamp[1][GIC_OUT_IRQ]);
    assert_true(on_event(b, INT, DEV, 1)); /* lost */
    gic_rig_write(rd, R_CTLR, 4, 1);
    assert_int_equal(take(b, 1), LPI(4));
    assert_int_equal(take(b, 1), 1023);
    assert_true(on_event(b, INT, DEV, 7));
    gic_rig_write(rd, R_CTLR, 4, 0);
    gic_rig_write(rd, R_PENDBASER, 8, (PEND + KIB(64)) | INDIRECT); /* PTZ is bit 62, too */
    gic_rig_write(rd, R_CTLR, 4, 1);
    assert_int_equal(take(b, 1), 1023);
    /* IDbits: INTIDs behind the tables are no LPIs */
    gic_rig_write(rd, R_CTLR, 4, 0);
    gic_rig_write(rd, R_PROPBASER, 8, PROP | 12);
    gic_rig_write(rd, R_CTLR, 4, 1);
    assert_true(on_event(b, INT, DEV, 1));
    assert_int_equal(take(b, 1), 1023);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_absent),
        cmocka_unit_test(test_interrupt),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_security),
        cmocka_unit_test(test_clear_and_move),
        cmocka_unit_test(test_best_after_queue),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_stall),
        cmocka_unit_test(test_flat_tables),
        cmocka_unit_test(test_indirect_tables),
        cmocka_unit_test(test_pending_table),
    };
    return cmocka_run_group_tests_name("its", tests, NULL, NULL);
}
