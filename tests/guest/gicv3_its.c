/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LPIs and the ITS: each command, what its errors leave alone, priorities, acknowledge, an
 * interrupt taken on each PE. Arm IHI 0069H, 5 "Locality-specific Peripheral Interrupts and the
 * ITS".
 */
#include "gic.h"
#include "smp.h"

#define ITS_BASE        UINT64_C(0x08080000)
#define GITS_CTLR       0x0000
#define GITS_TYPER      0x0008
#define GITS_CBASER     0x0080
#define GITS_CWRITER    0x0088
#define GITS_CREADR     0x0090
#define GITS_BASER      0x0100
#define GITS_TRANSLATER 0x10040
#define GICR_CTLR       0x0000
#define GICR_TYPER      0x0008
#define GICR_PROPBASER  0x0070
#define GICR_PENDBASER  0x0078

#define VALID    BIT(63)
#define INDIRECT BIT(62)
#define PTZ      BIT(62)
#define CMD_SIZE 32
#define ID_BITS  14 /* of INTIDs: 8192 LPIs */
#define LPI(n)   (8192 + (n))
#define DEVICE   5
#define N_EVENTS 16
#define PRIORITY 0x80
#define NOWHERE  0x0c000000
#define ENABLED  1

enum {
    MOVI = 1,
    INT = 3,
    CLEAR = 4,
    SYNC = 5,
    MAPD = 8,
    MAPC = 9,
    MAPTI = 0xa,
    MAPI = 0xb,
    INV = 0xc,
    INVALL = 0xd,
    MOVALL = 0xe,
    DISCARD = 0xf
};

#define TABLE(name, size, align) static uint8_t name[size] __attribute__((aligned(align)))
TABLE(queue, 4096, 4096);
TABLE(devices, 4096, 4096);
TABLE(collections, 4096, 4096);
TABLE(second_level, 4096, 4096);
TABLE(itt, 4096, 256);
TABLE(config, 8192, 4096);
TABLE(pending[MAX_PES], 0x10000, 0x10000);

static uint64_t mmio_read64(uint64_t a)
{
    return *(volatile uint64_t *)a;
}

static void mmio_write64(uint64_t a, uint64_t v)
{
    *(volatile uint64_t *)a = v;
}

static uint64_t redist(unsigned pe)
{
    return GICR_BASE + pe * GICR_STRIDE;
}

/* ---- commands ---- */

/* Runs one command; whether the queue went on. */
static bool cmd(uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
    uint64_t at = mmio_read64(ITS_BASE + GITS_CWRITER);
    volatile uint64_t *c = (volatile uint64_t *)(queue + at);

    c[0] = w0;
    c[1] = w1;
    c[2] = w2;
    c[3] = w3;
    dsb();
    at = (at + CMD_SIZE) % sizeof(queue);
    mmio_write64(ITS_BASE + GITS_CWRITER, at);
    dsb();
    return mmio_read64(ITS_BASE + GITS_CREADR) == at;
}

static bool mapd(uint64_t device, unsigned bits, const void *table)
{
    return cmd(MAPD | device << 32, bits - 1, (uint64_t)table | VALID, 0);
}

static bool mapc(uint64_t icid, uint64_t pe, bool valid)
{
    return cmd(MAPC, 0, icid | pe << 16 | (valid ? VALID : 0), 0);
}

static bool mapti(uint64_t device, uint64_t event, uint64_t lpi, uint64_t icid)
{
    return cmd(MAPTI | device << 32, event | lpi << 32, icid, 0);
}

static bool on_event(unsigned op, uint64_t device, uint64_t event)
{
    return cmd(op | device << 32, event, 0, 0);
}

/* ---- what this PE sees ---- */

static uint64_t highest(void)
{
    isb();
    return grd(ICC_HPPIR1_EL1);
}

/* Acknowledged and ended. */
static uint64_t take(void)
{
    isb();
    uint64_t intid = grd(ICC_IAR1_EL1);
    if (intid != SPURIOUS) {
        gwr(ICC_EOIR1_EL1, intid);
        isb();
    }
    return intid;
}

static void set_config(unsigned lpi, uint8_t v)
{
    *(volatile uint8_t *)&config[lpi - LPI(0)] = v;
    dsb();
}

/* ---- setting up ---- */

static void enable_lpis(unsigned n_pes)
{
    for (unsigned i = 0; i < sizeof(config); i++) {
        config[i] = PRIORITY | ENABLED;
    }
    for (unsigned pe = 0; pe < n_pes; pe++) {
        mmio_write64(redist(pe) + GICR_PROPBASER, (uint64_t)config | (ID_BITS - 1));
        mmio_write64(redist(pe) + GICR_PENDBASER, (uint64_t)pending[pe] | PTZ);
        mmio_write32(redist(pe) + GICR_CTLR, 1);
        check_eq("GICR_TYPER.PLPIS", mmio_read64(redist(pe) + GICR_TYPER) & 1, 1);
        check_eq("GICR_CTLR.EnableLPIs", mmio_read32(redist(pe) + GICR_CTLR) & 1, 1);
    }
}

static void enable_its(void)
{
    check_eq("GICD_TYPER.LPIS", mmio_read32(GICD_BASE + GICD_TYPER) >> 17 & 1, 1);
    check_eq("GITS_TYPER.Physical", mmio_read64(ITS_BASE + GITS_TYPER) & 1, 1);
    check_eq("GITS_BASER0.Type", mmio_read64(ITS_BASE + GITS_BASER) >> 56 & 7, 1);
    check_eq("GITS_BASER1.Type", mmio_read64(ITS_BASE + GITS_BASER + 8) >> 56 & 7, 4);
    check_eq("quiescent", mmio_read32(ITS_BASE + GITS_CTLR) >> 31, 1);
    mmio_write64(ITS_BASE + GITS_BASER, (uint64_t)devices | VALID);
    mmio_write64(ITS_BASE + GITS_BASER + 8, (uint64_t)collections | VALID);
    mmio_write64(ITS_BASE + GITS_CBASER, (uint64_t)queue | VALID);
    mmio_write64(ITS_BASE + GITS_CWRITER, 0);
    mmio_write32(ITS_BASE + GITS_CTLR, 1);
}

/* Event n is LPI(n) in collection 0, which is PE 0. */
static void map_events(void)
{
    check("MAPD", mapd(DEVICE, 4, itt));
    check("MAPC", mapc(0, 0, true));
    for (unsigned n = 0; n < N_EVENTS; n++) {
        check("MAPTI", mapti(DEVICE, n, LPI(n), 0));
    }
}

/* ---- one PE ---- */

static void interrupt(void)
{
    check("INT", on_event(INT, DEVICE, 3));
    check_eq("pending", highest(), LPI(3));
    check_eq("not in Group 0", grd(ICC_HPPIR0_EL1) == LPI(3), 0);
    check_eq("acknowledge", grd(ICC_IAR1_EL1), LPI(3));
    check_eq("not pending any more", highest(), SPURIOUS);
    /* No active state: pending again, held back by the running priority only. */
    check("INT", on_event(INT, DEVICE, 3));
    check_eq("pending again", highest(), LPI(3));
    check_eq("held back", grd(ICC_IAR1_EL1), SPURIOUS);
    gwr(ICC_EOIR1_EL1, LPI(3));
    isb();
    check_eq("idle", grd(ICC_RPR_EL1), 0xff);
    check_eq("and again", take(), LPI(3));
    check_eq("nothing more", take(), SPURIOUS);
    check("CLEAR", on_event(INT, DEVICE, 1) && on_event(CLEAR, DEVICE, 1));
    check_eq("cleared", take(), SPURIOUS);
}

static void priorities(void)
{
    set_config(LPI(2), 0x40 | ENABLED);
    set_config(LPI(7), 0xa0 | ENABLED);
    set_config(LPI(5), 0x40); /* not enabled */
    check("INVALL", cmd(INVALL, 0, 0, 0));
    for (unsigned n = 1; n <= 7; n++) {
        on_event(INT, DEVICE, n);
    }
    check_eq("highest priority", take(), LPI(2));
    check_eq("equals by number", take(), LPI(1));
    check_eq("equals by number", take(), LPI(3));
    check_eq("equals by number", take(), LPI(4));
    check_eq("equals by number", take(), LPI(6));
    check_eq("lowest priority", take(), LPI(7));
    check_eq("one is not enabled", take(), SPURIOUS);
    set_config(LPI(5), 0x40 | ENABLED);
    check("INV", on_event(INV, DEVICE, 5));
    check_eq("enabled and invalidated", take(), LPI(5));
}

static void mappings(void)
{
    check("MAPI", mapd(6, 14, itt + 2048) && cmd(MAPI | UINT64_C(6) << 32, 0, 0, 0));
    check("MAPI", cmd(MAPI | UINT64_C(DEVICE) << 32, 2, 0, 0)); /* INTID 2: refused */
    on_event(INT, DEVICE, 2);
    check_eq("the old mapping stays", take(), LPI(2));
    check("DISCARD", on_event(INT, DEVICE, 2) && on_event(DISCARD, DEVICE, 2));
    check_eq("discarded", take(), SPURIOUS);
    check("INT", on_event(INT, DEVICE, 2));
    check_eq("not mapped", take(), SPURIOUS);
    check("MAPTI", mapti(DEVICE, 2, LPI(100), 0) && on_event(INT, DEVICE, 2));
    check_eq("another LPI", take(), LPI(100));
    check("MAPTI", mapti(DEVICE, 2, LPI(2), 0));
    /* From PE 0, which is device 0. */
    check("MAPTI", mapd(0, 1, itt + 1024) && mapti(0, 1, LPI(50), 0));
    mmio_write32(ITS_BASE + GITS_TRANSLATER, 1);
    dsb();
    check_eq("GITS_TRANSLATER", take(), LPI(50));
}

/* No effect, and the queue goes on. */
static void refused(unsigned n_pes)
{
    check("device not mapped", on_event(INT, DEVICE + 9, 0));
    check("no such device", on_event(INT, 512, 0));
    check("behind the ITT", on_event(INT, DEVICE, N_EVENTS));
    check("not an LPI", mapti(DEVICE, 0, 8191, 0));
    check("no such PE", mapc(0, n_pes, true));
    check("no such collection", cmd(MOVI | UINT64_C(DEVICE) << 32, 0, 9, 0));
    check("too many events", mapd(DEVICE, 17, itt));
    check("MOVALL to nobody", cmd(MOVALL, 0, 0, (uint64_t)n_pes << 16));
    check("no such command", cmd(0x7f, 0, 0, 0));
    check_eq("nothing pending", take(), SPURIOUS);
    on_event(INT, DEVICE, 0);
    check_eq("nothing changed", take(), LPI(0));
    check("MAPC", mapc(0, 0, false) && on_event(INT, DEVICE, 0));
    check_eq("collection not mapped", take(), SPURIOUS);
    check("MAPC", mapc(0, 0, true) && on_event(INT, DEVICE, 0));
    check_eq("mapped again", take(), LPI(0));
}

static void stalls(void)
{
    uint64_t at = mmio_read64(ITS_BASE + GITS_CWRITER);

    mapd(521, 1, (const void *)NOWHERE);
    check("command without memory", !mapti(521, 0, LPI(0), 0));
    at = (at + CMD_SIZE) % sizeof(queue);
    check_eq("stalled at the command", mmio_read64(ITS_BASE + GITS_CREADR), at | 1);
    *(volatile uint64_t *)(queue + at) = SYNC;
    dsb();
    mmio_write64(ITS_BASE + GITS_CWRITER, (at + CMD_SIZE) % sizeof(queue) | 1);
    dsb();
    check_eq("goes on", mmio_read64(ITS_BASE + GITS_CREADR), (at + CMD_SIZE) % sizeof(queue));
}

static void two_levels(void)
{
    mmio_write32(ITS_BASE + GITS_CTLR, 0);
    for (unsigned i = 0; i < sizeof(devices); i++) {
        devices[i] = 0;
    }
    mmio_write64(ITS_BASE + GITS_BASER, (uint64_t)devices | VALID | INDIRECT);
    mmio_write32(ITS_BASE + GITS_CTLR, 1);
    check("no second level", mapd(520, 1, itt + 512) && mapti(520, 0, LPI(60), 0));
    check("INT", on_event(INT, 520, 0));
    check_eq("not mapped", take(), SPURIOUS);
    *(volatile uint64_t *)(devices + 8) = (uint64_t)second_level | VALID;
    dsb();
    check("MAPTI", mapd(520, 1, itt + 512) && mapti(520, 0, LPI(60), 0));
    check("INT", on_event(INT, 520, 0));
    check_eq("by two levels", take(), LPI(60));
}

/* ---- several PEs ---- */

static uint64_t taken[MAX_PES];

static bool on_irq(struct trap *t)
{
    if ((t->vector & 0x180) != VEC_IRQ) {
        return false;
    }
    uint64_t intid = grd(ICC_IAR1_EL1);
    if (intid != SPURIOUS) {
        gwr(ICC_EOIR1_EL1, intid);
        store_release(&taken[pe_number()], intid);
    }
    return true;
}

static void wait_for_one(uint64_t intid)
{
    gic_init();
    if (current_el() == 2) {
        wr(hcr_el2, rd(hcr_el2) | BIT(4)); /* IMO: to EL2 */
        isb();
    }
    while (load_acquire(&taken[pe_number()]) != intid) {
        insn("wfi\nmsr daifclr, #2\nisb\nmsr daifset, #2");
    }
}

static void take_first(uint64_t unused)
{
    (void)unused;
    taken[pe_number()] = take();
}

static void several_pes(unsigned n_pes)
{
    for (unsigned pe = 1; pe < n_pes; pe++) {
        check("MAPC", mapc(pe, pe, true));
        check("MAPTI", mapti(DEVICE, pe, LPI(pe), pe));
        smp_run(pe, wait_for_one, LPI(pe));
        check("INT", on_event(INT, DEVICE, pe));
        smp_wait(pe);
        check_eq("taken by the PE of the collection", taken[pe], LPI(pe));
    }
    check("MOVI", on_event(INT, DEVICE, 4) && cmd(MOVI | UINT64_C(DEVICE) << 32, 4, 1, 0));
    check_eq("pending state moved away", take(), SPURIOUS);
    smp_run(1, take_first, 0);
    smp_wait(1);
    check_eq("to where the event goes now", taken[1], LPI(4));
    check("MOVALL", on_event(INT, DEVICE, 4) && cmd(MOVALL, 0, UINT64_C(1) << 16, 0));
    check_eq("all that was pending", take(), LPI(4));
    smp_run(1, take_first, 0);
    smp_wait(1);
    check_eq("nothing left", taken[1], SPURIOUS);
}

int guest_main(void)
{
    bool el3 = home_el() == 3; /* no PSCI */
    unsigned n_pes = el3 ? 1 : smp_count();

    if (!el3) {
        smp_start();
    }
    trap_hook(current_el(), on_irq);
    gic_init();
    enable_lpis(n_pes);
    enable_its();
    map_events();
    interrupt();
    priorities();
    mappings();
    refused(n_pes);
    if (n_pes > 1) {
        several_pes(n_pes);
    }
    two_levels();
    stalls();
    return 0;
}
