/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual LPIs of GICv4.0 and GICv4.1, virtual SGIs: registers, commands, scheduled vPEs and
 * doorbells of the others, what a guest's CPU interface shows. Arm IHI 0069H, 5.3 to 5.6, 12.11.
 */
#include <glib.h>
#include <string.h>

#include "base/bits.h"
#include "fakes/gic_rig.h"
#include "fakes/unit.h"

#define KIB(n) ((n) * UINT64_C(1024))
#define RAM    UINT64_C(0x40000000)
#define SIZE   KIB(8192)
#define QUEUE  RAM
#define DEVS   (RAM + KIB(64))
#define COLS   (RAM + KIB(128))
#define VPES   (RAM + KIB(192))
#define ITT    (RAM + KIB(256))
#define PROP   (RAM + KIB(320))
#define VPROP  (RAM + KIB(384)) /* 64 KiB: configuration of vLPIs */
#define PEND   (RAM + KIB(512)) /* 64 KiB a PE */
#define VPT(n) (RAM + KIB(1024) + (n) * KIB(64))

#define LPI(n) (8192U + (n))
#define DB(n)  LPI(100 + (n)) /* the doorbell of vPE n */
#define DEV    5U
#define NO_DB  1023U
#define N_VPE  4U

enum { S_CTLR = 0, S_TYPER = 8, S_MPIDR = 0x18, S_CBASER = 0x80, S_CWRITER = 0x88 };
enum { S_CREADR = 0x90, S_BASER = 0x100, SGIR = 0x20 };
enum { R_CTLR = 0, R_TYPER = 8, R_PROPBASER = 0x70, R_PENDBASER = 0x78 };
enum { R_INVLPIR = 0xa0, R_INVALLR = 0xb0 };
enum { V_PROPBASER = 0x70, V_PENDBASER = 0x78, V_SGIR = 0x80, V_SGIPENDR = 0x88 };
enum { D_TYPER2 = 0xc };
enum { INT = 3, CLEAR = 4, INV = 0xc, DISCARD = 0xf };
enum {
    VMOVI = 0x21,
    VMOVP,
    VSGI,
    VSYNC = 0x25,
    VMAPP = 0x29,
    VMAPTI,
    VMAPI,
    VINVALL = 0x2d,
    INVDB
};

#define VALID    BIT(63)
#define DOORBELL BIT(62)
#define IDAI     BIT(62)
#define LAST     BIT(61)
#define GRP0_EN  BIT(59)
#define GRP1_EN  BIT(58)
#define VSGIEOI  BIT(8)
#define DVIM     BIT(15)
#define HCR_IMO  BIT(4)
#define HCR_FMO  BIT(3)

struct bench {
    struct gic_rig *r;
    struct bus *bus;
    struct gic_rig_mmio its;
    unsigned minor;
    uint64_t tail;
};

static uint8_t *ram(struct bench *b, uint64_t at)
{
    struct mem_attrs a = {.pas = PAS_NS};
    uint8_t *p = bus_ram_span(b->bus, pa(at), 8, &a, true);
    assert_non_null(p);
    return p;
}

static struct gic_rig_mmio vlpi_frame(struct bench *b, unsigned pe)
{
    return (struct gic_rig_mmio){gic_vlpi_device(b->r->g, pe), 0, pe, true};
}

static void as_guest(struct bench *b, unsigned pe, bool guest)
{
    gic_rig_enter(b->r, pe, guest ? 1 : 2, false);
    b->r->view[pe].el2_enabled = true;
    b->r->view[pe].hcr_el2 = guest ? HCR_IMO | HCR_FMO : 0;
}

static void cmd(struct bench *b, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
    const uint64_t words[] = {w0, w1, w2, w3};
    memcpy(ram(b, QUEUE + b->tail), words, sizeof(words));
    b->tail = (b->tail + 32) % KIB(4);
    gic_rig_write(b->its, S_CWRITER, 8, b->tail);
    assert_int_equal(gic_rig_read(b->its, S_CREADR, 8), b->tail);
}

static void on_event(struct bench *b, unsigned op, uint32_t event)
{
    cmd(b, op | (uint64_t)DEV << 32, event, 0, 0);
}

static void vmapp(struct bench *b, uint64_t id, uint64_t pe, bool v)
{
    uint64_t valid = v ? VALID : 0;
    if (b->minor == 0) {
        cmd(b, VMAPP, id << 32, valid | pe << 16, VPT(id) | 13);
    } else {
        cmd(b, VMAPP | BIT(8) | VPROP, id << 32 | DB(id), valid | pe << 16, VPT(id) | 13);
    }
}

static void vmapti(struct bench *b, uint32_t event, uint32_t vlpi, uint64_t id, uint64_t doorbell)
{
    cmd(b, VMAPTI | (uint64_t)DEV << 32, event | id << 32, vlpi | doorbell << 32, 0);
}

/* LPIs and vLPIs are all enabled, but for vLPI 9. vPE n is on PE n % 2; event n is vLPI n of vPE
 * n % N_VPE with its doorbell. */
static struct bench *bench_new(unsigned minor)
{
    struct bench *b = g_new0(struct bench, 1);
    struct gic_cfg cfg = {
        .version = 4, .minor = minor, .n_pe = 2, .n_spi = 32, .virtualization = true};
    GError *err = NULL;
    b->minor = minor;
    b->bus = bus_new();
    assert_true(bus_map_ram(b->bus, "ram", pa(RAM), SIZE, PAS_MASK_NS, false, &err));
    struct bus_port port = bus_direct_port(b->bus, PAS_NS);
    cfg.memory = &port;
    b->r = gic_rig_new(&cfg);
    b->its = (struct gic_rig_mmio){gic_its_device(b->r->g), 0, 0, true};
    memset(ram(b, PROP), 0x81, KIB(8));
    memset(ram(b, VPROP), 0x81, KIB(8));
    *ram(b, VPROP + 9) = 0x80;
    gic_rig_write(gic_rig_dist(b->r, true), D_CTLR, 4, 3);
    for (unsigned pe = 0; pe < cfg.n_pe; pe++) {
        struct gic_rig_mmio rd = gic_rig_redist(b->r, pe, true);
        gic_rig_write(rd, R_PROPBASER, 8, PROP | 13);
        gic_rig_write(rd, R_PENDBASER, 8, (PEND + pe * KIB(64)) | BIT(62));
        gic_rig_write(rd, R_CTLR, 4, 1);
        gic_rig_write(vlpi_frame(b, pe), V_PROPBASER, 8, minor == 0 ? VPROP | 13 : VALID | VPES);
        as_guest(b, pe, false);
        gic_rig_msr(b->r, pe, ICC_IGRPEN1, 1);
        gic_rig_msr(b->r, pe, ICC_PMR, 0xff);
        gic_rig_msr(b->r, pe, ICH_HCR, 1);
        gic_rig_msr(b->r, pe, ICH_VMCR, 0xff000003);
    }
    gic_rig_write(b->its, S_BASER, 8, VALID | DEVS);
    gic_rig_write(b->its, S_BASER + 8, 8, VALID | COLS);
    gic_rig_write(b->its, S_BASER + 16, 8, VALID | VPES);
    gic_rig_write(b->its, S_CBASER, 8, VALID | QUEUE);
    gic_rig_write(b->its, S_CTLR, 4, 1);
    cmd(b, 8 | (uint64_t)DEV << 32, 4, ITT | VALID, 0);
    for (unsigned n = 0; n < N_VPE; n++) {
        vmapp(b, n, n % 2, true);
    }
    for (unsigned n = 0; n < 16; n++) {
        vmapti(b, n, LPI(n), n % N_VPE, DB(n % N_VPE));
    }
    return b;
}

static void bench_free(struct bench *b)
{
    gic_rig_free(b->r);
    bus_free(b->bus);
    g_free(b);
}

static void schedule(struct bench *b, unsigned pe, unsigned id)
{
    uint64_t v = b->minor == 0 ? VALID | VPT(id) : VALID | GRP0_EN | GRP1_EN | id;
    gic_rig_write(vlpi_frame(b, pe), V_PENDBASER, 8, v);
}

/* bits: Doorbell, PendingLast. Returns the register then. */
static uint64_t leave(struct bench *b, unsigned pe, uint64_t bits)
{
    uint64_t v = gic_rig_read(vlpi_frame(b, pe), V_PENDBASER, 8) & ~(VALID | LAST | DOORBELL);
    gic_rig_write(vlpi_frame(b, pe), V_PENDBASER, 8, v | bits);
    v = gic_rig_read(vlpi_frame(b, pe), V_PENDBASER, 8);
    assert_int_equal(v & VALID, 0);
    return v;
}

static bool virq(struct bench *b, unsigned pe)
{
    return b->r->lamp[pe][GIC_OUT_VIRQ];
}

/* What the guest on a PE acknowledges in Group 1, ended at once. */
static uint32_t vtake(struct bench *b, unsigned pe)
{
    as_guest(b, pe, true);
    uint32_t intid = (uint32_t)gic_rig_mrs(b->r, pe, ICC_IAR1);
    if (intid != 1023) {
        gic_rig_msr(b->r, pe, ICC_EOIR1, intid);
    }
    as_guest(b, pe, false);
    return intid;
}

/* The physical interrupt: a doorbell, or 1023. */
static uint32_t take(struct bench *b, unsigned pe)
{
    uint32_t intid = (uint32_t)gic_rig_mrs(b->r, pe, ICC_IAR1);
    if (intid != 1023) {
        gic_rig_msr(b->r, pe, ICC_EOIR1, intid);
    }
    return intid;
}

static bool in_table(struct bench *b, unsigned id, uint32_t intid)
{
    return *ram(b, VPT(id) + intid / 8) >> intid % 8 & 1;
}

/* ---- registers ---- */

static void test_registers_4_0(void **state)
{
    struct bench *b = bench_new(0);
    struct gic_rig_mmio v = vlpi_frame(b, 1);
    assert_int_equal(gic_rig_read(b->its, S_TYPER, 8), 0x3f0001ef73);
    assert_int_equal(gic_rig_read(b->its, S_BASER + 16, 8),
                     VALID | VPES | UINT64_C(2) << 56 | UINT64_C(7) << 48);
    assert_int_equal(gic_rig_read(b->its, 0xffe8, 4), 0x4b);
    assert_int_equal(gic_rig_read(gic_rig_dist(b->r, true), 0xffe8, 4), 0x4b);
    assert_int_equal(gic_rig_read(gic_rig_dist(b->r, true), D_TYPER, 4) >> 17 & 3, 3);
    assert_int_equal(gic_rig_read(gic_rig_dist(b->r, true), D_TYPER2, 4), 0);
    assert_int_equal(gic_rig_read(gic_rig_redist(b->r, 0, true), R_TYPER, 8), 0x01000003);
    assert_int_equal(gic_rig_read(gic_rig_redist(b->r, 0, true), R_CTLR, 4), 3); /* no IR */
    assert_int_equal(gic_rig_mrs(b->r, 0, ICH_VTR) & (BIT(20) | BIT(18)), 0);
    gic_rig_msr(b->r, 0, ICH_HCR, DVIM | VSGIEOI);
    assert_int_equal(gic_rig_mrs(b->r, 0, ICH_HCR), 0);
    gic_rig_write(v, V_PROPBASER, 8, UINT64_MAX);
    assert_int_equal(gic_rig_read(v, V_PROPBASER, 8), 0x070fffffffffff9f);
    gic_rig_write(v, V_PENDBASER, 8, ~VALID);
    assert_int_equal(gic_rig_read(v, V_PENDBASER, 8), 0x670fffffffff0f80);
    gic_rig_write(v, V_SGIR, 4, 1);
    assert_int_equal(gic_rig_read(v, V_SGIPENDR, 4), 0);
    assert_int_equal(gic_rig_read(v, 0x10000, 4), 0);
    /* nothing moves under a vPE that is scheduled; halves of the register work */
    gic_rig_write(v, V_PENDBASER, 8, VPT(1));
    gic_rig_write(v, V_PENDBASER + 4, 4, VALID >> 32);
    gic_rig_write(v, V_PENDBASER, 8, VALID | VPT(3));
    gic_rig_write(v, V_PROPBASER, 8, 0);
    assert_int_equal(gic_rig_read(v, V_PENDBASER, 8) & ~LAST, VALID | VPT(1));
    assert_int_equal(gic_rig_read(v, V_PROPBASER, 8), 0x070fffffffffff9f);
    device_reset(gic_device(b->r->g), RESET_COLD);
    assert_int_equal(gic_rig_read(v, V_PENDBASER, 8), 0);
    bench_free(b);
}

static void test_registers_4_1(void **state)
{
    struct bench *b = bench_new(1);
    struct gic_rig_mmio v = vlpi_frame(b, 0);
    struct gic_rig_mmio d = gic_rig_dist(b->r, true);
    assert_int_equal(gic_rig_read(b->its, S_TYPER, 8), 0x3ff0001ef73);
    assert_int_equal(gic_rig_read(b->its, S_MPIDR, 4), 0);
    assert_int_equal(gic_rig_read(b->its, S_BASER + 16, 8) >> 48 & 0x1f, 15);
    assert_int_equal(gic_rig_read(d, D_TYPER2, 4), 0x18f);
    assert_int_equal(gic_rig_read(gic_rig_redist(b->r, 0, true), R_TYPER, 8), 0x01000087);
    assert_int_equal(gic_rig_read(gic_rig_redist(b->r, 0, true), R_CTLR, 4), 7);
    assert_int_equal(gic_rig_mrs(b->r, 0, ICH_VTR) & (BIT(20) | BIT(18)), BIT(18));
    gic_rig_msr(b->r, 0, ICH_HCR, DVIM | VSGIEOI);
    assert_int_equal(gic_rig_mrs(b->r, 0, ICH_HCR), DVIM | VSGIEOI);
    gic_rig_write(v, V_PROPBASER, 8, UINT64_MAX);
    assert_int_equal(gic_rig_read(v, V_PROPBASER, 8), 0x8fefffffffffffff);
    gic_rig_write(v, V_PENDBASER, 8, ~VALID);
    assert_int_equal(gic_rig_read(v, V_PENDBASER, 8), 0x6c0000000000ffff);
    /* nASSGIreq: only while no group is enabled */
    gic_rig_write(d, D_CTLR, 4, 0x103);
    assert_int_equal(gic_rig_read(d, D_CTLR, 4) & BIT(8), 0);
    gic_rig_write(d, D_CTLR, 4, 0x100);
    gic_rig_write(d, D_CTLR, 4, 0x103);
    assert_int_equal(gic_rig_read(d, D_CTLR, 4) & BIT(8), BIT(8));
    gic_rig_write(d, D_CTLR, 4, 0x003);
    assert_int_equal(gic_rig_read(d, D_CTLR, 4) & BIT(8), BIT(8));
    bench_free(b);
}

/* GICD_CTLR.nASSGIreq: an SGI may be pending and delivered again once its priority is dropped. */
static void test_sgi_without_active_state(void **state)
{
    struct bench *b = bench_new(1);
    struct gic_rig_mmio d = gic_rig_dist(b->r, true);
    struct gic_rig_mmio rd = gic_rig_redist(b->r, 0, true);
    gic_rig_write(d, D_CTLR, 4, 0);
    gic_rig_write(d, D_CTLR, 4, 0x103);
    gic_rig_write(rd, SGI_BASE + D_IGROUPR, 4, UINT32_MAX);
    gic_rig_write(rd, SGI_BASE + D_ISENABLER, 4, 1);
    gic_rig_msr(b->r, 0, ICC_CTLR, 2); /* EOImode */
    gic_rig_write(rd, SGI_BASE + D_ISPENDR, 4, 1);
    assert_int_equal(gic_rig_mrs(b->r, 0, ICC_IAR1), 0);
    assert_int_equal(gic_rig_read(rd, SGI_BASE + D_ISACTIVER, 4), 0);
    gic_rig_write(rd, SGI_BASE + D_ISACTIVER, 4, 0x10001);
    assert_int_equal(gic_rig_read(rd, SGI_BASE + D_ISACTIVER, 4), 0x10000);
    gic_rig_write(rd, SGI_BASE + D_ISPENDR, 4, 1);
    assert_int_equal(gic_rig_mrs(b->r, 0, ICC_IAR1), 1023);
    gic_rig_msr(b->r, 0, ICC_EOIR1, 0);
    assert_int_equal(gic_rig_mrs(b->r, 0, ICC_IAR1), 0);
    bench_free(b);
}

/* ---- virtual LPIs, both versions ---- */

static void test_scheduled(void **state)
{
    for (unsigned minor = 0; minor <= 1; minor++) {
        struct bench *b = bench_new(minor);
        schedule(b, 1, 1);
        on_event(b, INT, 5);
        assert_true(virq(b, 1));
        assert_false(virq(b, 0));
        assert_true(in_table(b, 1, LPI(5)));
        assert_int_equal(take(b, 1), 1023); /* no doorbell */
        as_guest(b, 1, true);
        assert_int_equal(gic_rig_mrs(b->r, 1, ICC_HPPIR1), LPI(5));
        assert_int_equal(gic_rig_mrs(b->r, 1, ICC_IAR0), 1023);
        assert_int_equal(gic_rig_mrs(b->r, 1, ICC_IAR1), LPI(5));
        assert_int_equal(gic_rig_mrs(b->r, 1, ICC_RPR), 0x80);
        assert_false(in_table(b, 1, LPI(5)));
        on_event(b, INT, 5); /* pending again, held back by the running priority */
        assert_false(virq(b, 1));
        gic_rig_msr(b->r, 1, ICC_EOIR1, LPI(5));
        assert_true(virq(b, 1));
        assert_int_equal(vtake(b, 1), LPI(5));
        assert_int_equal(vtake(b, 1), 1023);
        assert_int_equal(gic_rig_mrs(b->r, 1, ICH_HCR) >> 27, 0); /* EOIcount */
        on_event(b, INT, 5);
        on_event(b, CLEAR, 5);
        assert_false(virq(b, 1));
        bench_free(b);
    }
}

static void test_order(void **state)
{
    for (unsigned minor = 0; minor <= 1; minor++) {
        struct bench *b = bench_new(minor);
        *ram(b, VPROP + 4) = 0x41;
        schedule(b, 0, 0);
        gic_rig_msr(b->r, 0, ICH_LR(0), BIT(62) | BIT(60) | UINT64_C(0x60) << 48 | 40);
        on_event(b, INT, 12);
        on_event(b, INT, 8);
        on_event(b, INT, 4);
        assert_int_equal(vtake(b, 0), LPI(4));
        assert_int_equal(vtake(b, 0), 40);
        assert_int_equal(vtake(b, 0), LPI(8));
        assert_int_equal(vtake(b, 0), LPI(12));
        assert_int_equal(vtake(b, 0), 1023);
        gic_rig_msr(b->r, 0, ICH_VMCR, 0xff000001); /* Group 1 off */
        on_event(b, INT, 4);
        assert_false(virq(b, 0));
        gic_rig_msr(b->r, 0, ICH_VMCR, 0x40000003); /* masked */
        assert_false(virq(b, 0));
        gic_rig_msr(b->r, 0, ICH_VMCR, 0x48000003);
        assert_true(virq(b, 0));
        bench_free(b);
    }
}

/* From the first to the last of the table's LPIs, those that are pending when the vPE is scheduled
 * and those that come later, in places that were empty before. */
static void test_whole_table(void **state)
{
    static const unsigned vlpis[] = {0, 63, 64, 4095, 4096, 8191};
    for (unsigned minor = 0; minor <= 1; minor++) {
        struct bench *b = bench_new(minor);
        for (unsigned i = 0; i < ARRAY_LEN(vlpis); i++) {
            vmapti(b, i, LPI(vlpis[i]), 0, NO_DB);
        }
        on_event(b, INT, 1);
        on_event(b, INT, 5);
        schedule(b, 0, 0);
        assert_int_equal(vtake(b, 0), LPI(63));
        assert_int_equal(vtake(b, 0), LPI(8191));
        assert_int_equal(vtake(b, 0), 1023);
        for (unsigned i = ARRAY_LEN(vlpis); i-- > 0;) {
            on_event(b, INT, i);
        }
        for (unsigned i = 0; i < ARRAY_LEN(vlpis); i++) {
            assert_int_equal(vtake(b, 0), LPI(vlpis[i]));
        }
        assert_int_equal(vtake(b, 0), 1023);
        bench_free(b);
    }
}

static void test_configuration(void **state)
{
    for (unsigned minor = 0; minor <= 1; minor++) {
        struct bench *b = bench_new(minor);
        schedule(b, 1, 1);
        on_event(b, INT, 9); /* not enabled */
        assert_false(virq(b, 1));
        *ram(b, VPROP + 9) = 0x81;
        assert_false(virq(b, 1));
        on_event(b, INV, 9);
        assert_true(virq(b, 1));
        *ram(b, VPROP + 9) = 0x80;
        cmd(b, VINVALL, UINT64_C(1) << 32, 0, 0);
        assert_false(virq(b, 1));
        on_event(b, DISCARD, 9);
        *ram(b, VPROP + 9) = 0x81;
        cmd(b, VINVALL, UINT64_C(1) << 32, 0, 0);
        assert_false(virq(b, 1));
        on_event(b, INT, 9); /* not mapped any more */
        assert_false(virq(b, 1));
        cmd(b, VMAPI | (uint64_t)DEV << 32, 9 | UINT64_C(1) << 32, (uint64_t)NO_DB << 32, 0);
        assert_false(in_table(b, 1, 9)); /* VINTID 9 is no LPI: refused */
        cmd(b, VSYNC, UINT64_C(1) << 32, 0, 0);
        bench_free(b);
    }
}

static void test_move(void **state)
{
    for (unsigned minor = 0; minor <= 1; minor++) {
        struct bench *b = bench_new(minor);
        on_event(b, INT, 4); /* vPE 0, not scheduled */
        cmd(b, VMOVI | (uint64_t)DEV << 32, 4 | UINT64_C(1) << 32, 0, 0);
        assert_false(in_table(b, 0, LPI(4)));
        assert_true(in_table(b, 1, LPI(4)));
        schedule(b, 1, 1);
        assert_int_equal(vtake(b, 1), LPI(4));
        leave(b, 1, LAST);
        (void)take(b, 1);
        (void)take(b, 0);
        /* vPE 1 to PE 0 */
        cmd(b, VMOVP, UINT64_C(1) << 32, 0, 0);
        schedule(b, 0, 1);
        on_event(b, INT, 4);
        assert_false(virq(b, 1));
        assert_int_equal(vtake(b, 0), LPI(4));
        bench_free(b);
    }
}

/* No effect, and the queue goes on. */
static void test_refused(void **state)
{
    for (unsigned minor = 0; minor <= 1; minor++) {
        struct bench *b = bench_new(minor);
        uint64_t dev = (uint64_t)DEV << 32;
        uint64_t vpe1 = UINT64_C(1) << 32;
        cmd(b, VMAPP | VPROP, vpe1 | NO_DB, VALID | UINT64_C(2) << 16, VPT(1) | 13); /* no PE */
        cmd(b, VMAPP | VPROP, vpe1 | NO_DB, VALID, VPT(1) | 16); /* too many INTIDs */
        cmd(b, VMAPP | VPROP, UINT64_C(0x4000) << 32 | NO_DB, VALID, VPT(1) | 13); /* no entry */
        cmd(b, VMOVP, vpe1, UINT64_C(2) << 16, 0);
        cmd(b, VMOVP, UINT64_C(9) << 32, 0, 0);                             /* not mapped */
        cmd(b, VMAPTI | dev, 1 | vpe1, 8191, 0);                            /* not an LPI */
        cmd(b, VMAPTI | dev, 32 | vpe1, LPI(1) | (uint64_t)NO_DB << 32, 0); /* behind the ITT */
        cmd(b, VMOVI | dev, 1 | UINT64_C(9) << 32, 0, 0);                   /* not mapped */
        cmd(b, 1 | dev, 1, 0, 0);                                           /* MOVI */
        cmd(b, VINVALL, UINT64_C(9) << 32, 0, 0);
        cmd(b, VSGI | BIT(8), UINT64_C(9) << 32, 0, 0);
        cmd(b, INVDB, UINT64_C(9) << 32, 0, 0);
        if (minor == 0) {
            cmd(b, VMAPTI | dev, 1 | vpe1, LPI(1) | UINT64_C(5) << 32, 0); /* not a doorbell */
            cmd(b, VMOVI | dev, 1 | vpe1, 1 | UINT64_C(5) << 32, 0);
            cmd(b, VSGI | BIT(8) | BIT(10), vpe1, 0, 0); /* GICv4.1's */
        } else {
            cmd(b, VMAPP | VPROP, vpe1 | 5, VALID, VPT(1) | 13);
            cmd(b, VMOVP, vpe1, VALID, 5);
        }
        schedule(b, 1, 1);
        on_event(b, INT, 1);
        assert_int_equal(vtake(b, 1), LPI(1));
        leave(b, 1, LAST);
        vmapp(b, 1, 1, false);
        on_event(b, INT, 1);
        assert_false(in_table(b, 1, LPI(1)));
        bench_free(b);
    }
}

/* ---- doorbells ---- */

static void test_doorbells_4_0(void **state)
{
    struct bench *b = bench_new(0);
    on_event(b, INT, 3); /* vPE 3, PE 1 */
    assert_int_equal(take(b, 0), 1023);
    assert_int_equal(take(b, 1), DB(3));
    assert_false(virq(b, 1));
    schedule(b, 1, 1); /* another one */
    on_event(b, INT, 3);
    assert_int_equal(take(b, 1), DB(3));
    assert_false(virq(b, 1));
    assert_int_equal(leave(b, 1, 0) & LAST, 0);
    schedule(b, 1, 3);
    assert_true(virq(b, 1));
    assert_int_equal(leave(b, 1, IDAI) & (LAST | IDAI), LAST | IDAI);
    assert_false(virq(b, 1));
    schedule(b, 1, 3);
    assert_int_equal(vtake(b, 1), LPI(3));
    assert_int_equal(leave(b, 1, 0) & LAST, 0);
    /* without one; and another by VMOVI */
    vmapti(b, 3, LPI(3), 3, NO_DB);
    on_event(b, INT, 3);
    assert_int_equal(take(b, 1), 1023);
    cmd(b, VMOVI | (uint64_t)DEV << 32, 3 | UINT64_C(3) << 32, 1 | (uint64_t)DB(7) << 32, 0);
    on_event(b, INT, 3);
    assert_int_equal(take(b, 1), DB(7));
    bench_free(b);
}

/* Once, if wanted when it was descheduled, for what is enabled and of a group that is. */
static void test_default_doorbell(void **state)
{
    struct bench *b = bench_new(1);
    on_event(b, INT, 3);
    assert_int_equal(take(b, 1), 1023); /* never scheduled */
    schedule(b, 1, 3);
    assert_int_equal(leave(b, 1, DOORBELL) & (LAST | DOORBELL), LAST); /* pending: no doorbell */
    on_event(b, INT, 7);
    assert_int_equal(take(b, 1), 1023);
    schedule(b, 1, 3);
    assert_int_equal(vtake(b, 1), LPI(3));
    assert_int_equal(vtake(b, 1), LPI(7));
    assert_int_equal(leave(b, 1, LAST | DOORBELL) & (LAST | DOORBELL), LAST); /* not asked for */
    on_event(b, INT, 3);
    assert_int_equal(take(b, 1), 1023);
    schedule(b, 1, 3);
    assert_int_equal(vtake(b, 1), LPI(3));
    assert_int_equal(leave(b, 1, DOORBELL) & (LAST | DOORBELL), DOORBELL);
    *ram(b, VPROP + 3) = 0x80;
    on_event(b, INT, 3); /* not enabled */
    assert_int_equal(take(b, 1), 1023);
    *ram(b, VPROP + 3) = 0x81;
    gic_rig_write(gic_rig_redist(b->r, 1, true), R_INVALLR, 8, VALID | UINT64_C(3) << 32);
    assert_int_equal(take(b, 1), DB(3));
    on_event(b, INT, 7);
    assert_int_equal(take(b, 1), 1023); /* once */
    /* one that has rung goes when the vPE is scheduled */
    schedule(b, 1, 3);
    (void)vtake(b, 1);
    (void)vtake(b, 1);
    leave(b, 1, DOORBELL);
    on_event(b, INT, 3);
    schedule(b, 1, 3);
    assert_int_equal(take(b, 1), 1023);
    (void)vtake(b, 1);
    leave(b, 1, DOORBELL);
    /* VMOVP takes it along, and may give another */
    on_event(b, INT, 3);
    cmd(b, VMOVP, UINT64_C(3) << 32, VALID, DB(3));
    assert_int_equal(take(b, 1), 1023);
    assert_int_equal(take(b, 0), DB(3));
    /* it is an LPI with a configuration */
    schedule(b, 0, 3);
    (void)vtake(b, 0);
    leave(b, 0, DOORBELL);
    *ram(b, PROP + 103) = 0x80;
    on_event(b, INT, 3);
    assert_int_equal(take(b, 0), 1023);
    *ram(b, PROP + 103) = 0x81;
    cmd(b, INVDB, UINT64_C(3) << 32, 0, 0);
    assert_int_equal(take(b, 0), DB(3));
    bench_free(b);
}

/* ---- virtual SGIs ---- */

static void vsgi(struct bench *b, uint64_t id, uint64_t intid, uint64_t prio, uint64_t bits)
{
    cmd(b, VSGI | bits | prio << 16 | intid << 32, id << 32, 0, 0);
}

static void send(struct bench *b, uint64_t id, uint64_t intid)
{
    struct gic_rig_mmio m = {gic_its_sgi_device(b->r->g), 0, 0, true};
    gic_rig_write(m, SGIR, 8, id << 32 | intid);
}

static uint32_t pending_sgis(struct bench *b, unsigned pe, uint32_t id)
{
    gic_rig_write(vlpi_frame(b, pe), V_SGIR, 4, id);
    return (uint32_t)gic_rig_read(vlpi_frame(b, pe), V_SGIPENDR, 4);
}

#define ENABLE BIT(8)
#define CLR    BIT(9)
#define GROUP1 BIT(10)

static void test_vsgi(void **state)
{
    struct bench *b = bench_new(1);
    schedule(b, 1, 1);
    send(b, 1, 3);
    assert_false(virq(b, 1)); /* not enabled */
    assert_int_equal(pending_sgis(b, 0, 1), 1 << 3);
    assert_int_equal(pending_sgis(b, 0, 2), 0);
    vsgi(b, 1, 3, 0x70, ENABLE | GROUP1);
    assert_true(virq(b, 1));
    assert_int_equal(vtake(b, 1), 3);
    assert_int_equal(pending_sgis(b, 0, 1), 0);
    /* Clear leaves the configuration, and configuration what is pending */
    send(b, 1, 3);
    vsgi(b, 1, 3, 0, CLR);
    assert_false(virq(b, 1));
    send(b, 1, 3);
    assert_true(virq(b, 1));
    vsgi(b, 1, 3, 0x70, GROUP1);
    assert_false(virq(b, 1));
    vsgi(b, 1, 3, 0x70, ENABLE); /* Group 0 */
    assert_false(virq(b, 1));
    assert_true(b->r->lamp[1][GIC_OUT_VFIQ]);
    vsgi(b, 1, 3, 0x70, ENABLE | GROUP1);
    /* priorities against a vLPI and a list register */
    vsgi(b, 1, 15, 0x90, ENABLE | GROUP1);
    send(b, 1, 15);
    on_event(b, INT, 5);
    gic_rig_msr(b->r, 1, ICH_LR(2), BIT(62) | BIT(60) | UINT64_C(0x88) << 48 | 2);
    assert_int_equal(vtake(b, 1), 3);
    assert_int_equal(vtake(b, 1), LPI(5));
    assert_int_equal(vtake(b, 1), 2);
    assert_int_equal(vtake(b, 1), 15);
    assert_int_equal(vtake(b, 1), 1023);
    send(b, 9, 3); /* no such vPE */
    bench_free(b);
}

/* The end of a vSGI counts in EOIcount unless vSGIEOICount says no. */
static void test_vsgi_eoicount(void **state)
{
    struct bench *b = bench_new(1);
    schedule(b, 1, 1);
    vsgi(b, 1, 0, 0x70, ENABLE | GROUP1);
    send(b, 1, 0);
    assert_int_equal(vtake(b, 1), 0);
    assert_int_equal(gic_rig_mrs(b->r, 1, ICH_HCR) >> 27, 1);
    gic_rig_msr(b->r, 1, ICH_HCR, 1 | VSGIEOI);
    send(b, 1, 0);
    assert_int_equal(vtake(b, 1), 0);
    assert_int_equal(gic_rig_mrs(b->r, 1, ICH_HCR) >> 27, 0);
    gic_rig_msr(b->r, 1, ICH_HCR, 1 | DVIM);
    send(b, 1, 0);
    assert_false(virq(b, 1));
    gic_rig_msr(b->r, 1, ICH_HCR, 1);
    assert_true(virq(b, 1));
    bench_free(b);
}

/* Groups that the redistributor forwards; a doorbell by a vSGI; configuration outlives the vPE's
 * mapping, as what is pending does. */
static void test_vsgi_groups(void **state)
{
    struct bench *b = bench_new(1);
    struct gic_rig_mmio v = vlpi_frame(b, 1);
    vsgi(b, 1, 1, 0x70, ENABLE | GROUP1);
    vsgi(b, 1, 2, 0x60, ENABLE);
    send(b, 1, 1);
    send(b, 1, 2);
    gic_rig_write(v, V_PENDBASER, 8, VALID | GRP1_EN | 1);
    assert_true(virq(b, 1));
    assert_int_equal(vtake(b, 1), 1);
    assert_false(b->r->lamp[1][GIC_OUT_VFIQ]);
    assert_int_equal(leave(b, 1, DOORBELL) & LAST, 0); /* SGI 2 is not of an enabled group */
    vsgi(b, 1, 2, 0x60, ENABLE);
    assert_int_equal(take(b, 1), 1023);
    send(b, 1, 1);
    assert_int_equal(take(b, 1), DB(1));
    vmapp(b, 1, 1, false);
    send(b, 1, 1);
    vmapp(b, 1, 1, true);
    assert_int_equal(pending_sgis(b, 1, 1), 6);
    schedule(b, 1, 1);
    assert_true(b->r->lamp[1][GIC_OUT_VFIQ]);
    vsgi(b, 1, 2, 0, CLR);
    assert_int_equal(vtake(b, 1), 1);
    /* without a table nobody is there */
    leave(b, 1, LAST);
    gic_rig_write(v, V_PROPBASER, 8, 0);
    send(b, 1, 1);
    schedule(b, 1, 1);
    assert_false(virq(b, 1));
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers_4_0),
        cmocka_unit_test(test_registers_4_1),
        cmocka_unit_test(test_sgi_without_active_state),
        cmocka_unit_test(test_scheduled),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_whole_table),
        cmocka_unit_test(test_configuration),
        cmocka_unit_test(test_move),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_doorbells_4_0),
        cmocka_unit_test(test_default_doorbell),
        cmocka_unit_test(test_vsgi),
        cmocka_unit_test(test_vsgi_eoicount),
        cmocka_unit_test(test_vsgi_groups),
    };
    return cmocka_run_group_tests_name("vpe", tests, NULL, NULL);
}
