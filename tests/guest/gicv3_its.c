/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LPIs and the ITS: each command, what its errors leave alone, priorities, acknowledge, an
 * interrupt taken on each PE. Arm IHI 0069H, 5 "Locality-specific Peripheral Interrupts and the
 * ITS".
 */
#include "its.h"
#include "smp.h"

#define DEVICE   5
#define N_EVENTS 16
#define NOWHERE  0x0c000000

ITS_TABLE(devices, 4096, 4096);
ITS_TABLE(collections, 4096, 4096);
ITS_TABLE(second_level, 4096, 4096);
ITS_TABLE(itt, 4096, 256);

/* ---- setting up ---- */

/* Event n is LPI(n) in collection 0, which is PE 0. */
static void map_events(void)
{
    check("MAPD", its_mapd(DEVICE, 4, itt));
    check("MAPC", its_mapc(0, 0, true));
    for (unsigned n = 0; n < N_EVENTS; n++) {
        check("MAPTI", its_mapti(DEVICE, n, LPI(n), 0));
    }
}

/* ---- one PE ---- */

static void interrupt(void)
{
    check("INT", its_on_event(INT, DEVICE, 3));
    check_eq("pending", its_highest(), LPI(3));
    check_eq("not in Group 0", grd(ICC_HPPIR0_EL1) == LPI(3), 0);
    check_eq("acknowledge", grd(ICC_IAR1_EL1), LPI(3));
    check_eq("not pending any more", its_highest(), SPURIOUS);
    /* No active state: pending again, held back by the running priority only. */
    check("INT", its_on_event(INT, DEVICE, 3));
    check_eq("pending again", its_highest(), LPI(3));
    check_eq("held back", grd(ICC_IAR1_EL1), SPURIOUS);
    gwr(ICC_EOIR1_EL1, LPI(3));
    isb();
    check_eq("idle", grd(ICC_RPR_EL1), 0xff);
    check_eq("and again", its_take(), LPI(3));
    check_eq("nothing more", its_take(), SPURIOUS);
    check("CLEAR", its_on_event(INT, DEVICE, 1) && its_on_event(CLEAR, DEVICE, 1));
    check_eq("cleared", its_take(), SPURIOUS);
}

static void priorities(void)
{
    its_set_config(LPI(2), 0x40 | LPI_ENABLED);
    its_set_config(LPI(7), 0xa0 | LPI_ENABLED);
    its_set_config(LPI(5), 0x40); /* not enabled */
    check("INVALL", its_cmd(INVALL, 0, 0, 0));
    for (unsigned n = 1; n <= 7; n++) {
        its_on_event(INT, DEVICE, n);
    }
    check_eq("highest priority", its_take(), LPI(2));
    check_eq("equals by number", its_take(), LPI(1));
    check_eq("equals by number", its_take(), LPI(3));
    check_eq("equals by number", its_take(), LPI(4));
    check_eq("equals by number", its_take(), LPI(6));
    check_eq("lowest priority", its_take(), LPI(7));
    check_eq("one is not enabled", its_take(), SPURIOUS);
    its_set_config(LPI(5), 0x40 | LPI_ENABLED);
    check("INV", its_on_event(INV, DEVICE, 5));
    check_eq("enabled and invalidated", its_take(), LPI(5));
}

static void mappings(void)
{
    check("MAPI", its_mapd(6, 14, itt + 2048) && its_cmd(MAPI | UINT64_C(6) << 32, 0, 0, 0));
    check("MAPI", its_cmd(MAPI | UINT64_C(DEVICE) << 32, 2, 0, 0)); /* INTID 2: refused */
    its_on_event(INT, DEVICE, 2);
    check_eq("the old mapping stays", its_take(), LPI(2));
    check("DISCARD", its_on_event(INT, DEVICE, 2) && its_on_event(DISCARD, DEVICE, 2));
    check_eq("discarded", its_take(), SPURIOUS);
    check("INT", its_on_event(INT, DEVICE, 2));
    check_eq("not mapped", its_take(), SPURIOUS);
    check("MAPTI", its_mapti(DEVICE, 2, LPI(100), 0) && its_on_event(INT, DEVICE, 2));
    check_eq("another LPI", its_take(), LPI(100));
    check("MAPTI", its_mapti(DEVICE, 2, LPI(2), 0));
    /* From PE 0, which is device 0. */
    check("MAPTI", its_mapd(0, 1, itt + 1024) && its_mapti(0, 1, LPI(50), 0));
    mmio_write32(its_base() + GITS_TRANSLATER, 1);
    dsb();
    check_eq("GITS_TRANSLATER", its_take(), LPI(50));
}

/* No effect, and the queue goes on. */
static void refused(unsigned n_pes)
{
    check("device not mapped", its_on_event(INT, DEVICE + 9, 0));
    check("no such device", its_on_event(INT, 512, 0));
    check("behind the ITT", its_on_event(INT, DEVICE, N_EVENTS));
    check("not an LPI", its_mapti(DEVICE, 0, 8191, 0));
    check("no such PE", its_mapc(0, n_pes, true));
    check("no such collection", its_cmd(MOVI | UINT64_C(DEVICE) << 32, 0, 9, 0));
    check("too many events", its_mapd(DEVICE, 17, itt));
    check("MOVALL to nobody", its_cmd(MOVALL, 0, 0, (uint64_t)n_pes << 16));
    check("no such command", its_cmd(0x7f, 0, 0, 0));
    check_eq("nothing pending", its_take(), SPURIOUS);
    its_on_event(INT, DEVICE, 0);
    check_eq("nothing changed", its_take(), LPI(0));
    check("MAPC", its_mapc(0, 0, false) && its_on_event(INT, DEVICE, 0));
    check_eq("collection not mapped", its_take(), SPURIOUS);
    check("MAPC", its_mapc(0, 0, true) && its_on_event(INT, DEVICE, 0));
    check_eq("mapped again", its_take(), LPI(0));
}

static void stalls(void)
{
    uint64_t at = mmio_read64(its_base() + GITS_CWRITER);

    its_mapd(521, 1, (const void *)NOWHERE);
    check("command without memory", !its_mapti(521, 0, LPI(0), 0));
    at = its_next(at);
    check_eq("stalled at the command", mmio_read64(its_base() + GITS_CREADR), at | 1);
    *(volatile uint64_t *)its_queue(at) = SYNC;
    dsb();
    mmio_write64(its_base() + GITS_CWRITER, its_next(at) | 1);
    dsb();
    check_eq("goes on", mmio_read64(its_base() + GITS_CREADR), its_next(at));
}

static void two_levels(void)
{
    mmio_write32(its_base() + GITS_CTLR, 0);
    for (unsigned i = 0; i < sizeof(devices); i++) {
        devices[i] = 0;
    }
    mmio_write64(its_base() + GITS_BASER, (uint64_t)devices | ITS_VALID | ITS_INDIRECT);
    mmio_write32(its_base() + GITS_CTLR, 1);
    check("no second level", its_mapd(520, 1, itt + 512) && its_mapti(520, 0, LPI(60), 0));
    check("INT", its_on_event(INT, 520, 0));
    check_eq("not mapped", its_take(), SPURIOUS);
    *(volatile uint64_t *)(devices + 8) = (uint64_t)second_level | ITS_VALID;
    dsb();
    check("MAPTI", its_mapd(520, 1, itt + 512) && its_mapti(520, 0, LPI(60), 0));
    check("INT", its_on_event(INT, 520, 0));
    check_eq("by two levels", its_take(), LPI(60));
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
    taken[pe_number()] = its_take();
}

static void several_pes(unsigned n_pes)
{
    for (unsigned pe = 1; pe < n_pes; pe++) {
        check("MAPC", its_mapc(pe, pe, true));
        check("MAPTI", its_mapti(DEVICE, pe, LPI(pe), pe));
        smp_run(pe, wait_for_one, LPI(pe));
        check("INT", its_on_event(INT, DEVICE, pe));
        smp_wait(pe);
        check_eq("taken by the PE of the collection", taken[pe], LPI(pe));
    }
    check("MOVI", its_on_event(INT, DEVICE, 4) && its_cmd(MOVI | UINT64_C(DEVICE) << 32, 4, 1, 0));
    check_eq("pending state moved away", its_take(), SPURIOUS);
    smp_run(1, take_first, 0);
    smp_wait(1);
    check_eq("to where the event goes now", taken[1], LPI(4));
    check("MOVALL", its_on_event(INT, DEVICE, 4) && its_cmd(MOVALL, 0, UINT64_C(1) << 16, 0));
    check_eq("all that was pending", its_take(), LPI(4));
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
    its_enable_lpis(n_pes);
    its_enable((uint64_t)devices, (uint64_t)collections, 0);
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
