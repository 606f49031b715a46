/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual LPIs of GICv4.0: vPEs that are scheduled, doorbells of those that are not, each command,
 * what its errors leave alone, priorities against list registers, what a guest at EL1 sees and
 * takes, a vPE that moves. Arm IHI 0069H, 5 "Locality-specific Peripheral Interrupts and the ITS".
 */
#include "its.h"
#include "smp.h"
#include "vguest.h"

#define GICR_VPROPBASER 0x20070
#define GICR_VPENDBASER 0x20078
#define VPEND_IDAI      BIT(62)
#define VPEND_LAST      BIT(61)
#define PIDR2           0xffe8
#define DEVICE          5
#define N_EVENTS        16
#define N_VPES          3
#define DOORBELL(vpe)   LPI(100 + (vpe))
#define NO_DOORBELL     SPURIOUS

ITS_TABLE(devices, 4096, 4096);
ITS_TABLE(collections, 4096, 4096);
ITS_TABLE(vpes, 4096, 4096);
ITS_TABLE(itt, 4096, 256);
ITS_TABLE(vconfig, 8192, 4096);
ITS_TABLE(vpt[N_VPES], 0x10000, 0x10000);

/* ---- commands ---- */

static bool vmapp(uint64_t vpe, uint64_t pe, bool valid)
{
    return its_cmd(VMAPP, vpe << 32, pe << 16 | (valid ? ITS_VALID : 0),
                   (uint64_t)vpt[vpe] | (LPI_ID_BITS - 1));
}

static bool vmapti(uint64_t event, uint64_t vpe, uint64_t vintid, uint64_t doorbell)
{
    return its_cmd(VMAPTI | UINT64_C(DEVICE) << 32, event | vpe << 32, vintid | doorbell << 32, 0);
}

static bool vmovi(uint64_t event, uint64_t vpe, bool has_doorbell, uint64_t doorbell)
{
    return its_cmd(VMOVI | UINT64_C(DEVICE) << 32, event | vpe << 32,
                   (has_doorbell ? 1 : 0) | doorbell << 32, 0);
}

static bool on_vpe(unsigned op, uint64_t vpe)
{
    return its_cmd(op, vpe << 32, 0, 0);
}

static void int_event(unsigned event)
{
    check("INT", its_on_event(INT, DEVICE, event));
}

/* ---- vPEs of this PE ---- */

static uint64_t own_redist(void)
{
    return redist(pe_number());
}

static void schedule(unsigned vpe)
{
    mmio_write64(own_redist() + GICR_VPROPBASER, (uint64_t)vconfig | (LPI_ID_BITS - 1));
    mmio_write64(own_redist() + GICR_VPENDBASER, (uint64_t)vpt[vpe] | ITS_VALID);
    dsb();
}

/* Whether something was pending. */
static bool deschedule(void)
{
    uint64_t v = mmio_read64(own_redist() + GICR_VPENDBASER);

    mmio_write64(own_redist() + GICR_VPENDBASER, v & ~ITS_VALID);
    v = mmio_read64(own_redist() + GICR_VPENDBASER);
    check_eq("no vPE is scheduled", v & ITS_VALID, 0);
    return (v & VPEND_LAST) != 0;
}

static bool in_table(unsigned vpe, unsigned intid)
{
    dsb();
    return ((volatile uint8_t *)vpt[vpe])[intid / 8] >> intid % 8 & 1;
}

static void set_vconfig(unsigned intid, uint8_t v)
{
    *(volatile uint8_t *)&vconfig[intid - LPI(0)] = v;
    dsb();
}

/* ---- a guest at EL1 ---- */

SNIPPET(guest_highest, "mrs x0, S3_0_C12_C12_2");
SNIPPET(guest_highest0, "mrs x0, S3_0_C12_C8_2");

static bool virq(void)
{
    return (vguest_isr() & ISR_I) != 0;
}

/* ---- what is there ---- */

static void identification(void)
{
    check_eq("GICD_PIDR2.ArchRev", mmio_read32(GICD_BASE + PIDR2) >> 4 & 0xf, 4);
    check_eq("GICR_PIDR2.ArchRev", mmio_read32(redist(0) + PIDR2) >> 4 & 0xf, 4);
    check_eq("GITS_PIDR2.ArchRev", mmio_read32(its_base() + PIDR2) >> 4 & 0xf, 4);
    check_eq("GICD_TYPER.DVIS", mmio_read32(GICD_BASE + GICD_TYPER) >> 18 & 1, 1);
    check_eq("GICR_TYPER: PLPIS, VLPIS", mmio_read64(redist(0) + GICR_TYPER) & 0xff & ~BIT(4), 3);
    check_eq("GITS_TYPER: Physical, Virtual", mmio_read64(its_base() + GITS_TYPER) & 3, 3);
    check_eq("GITS_TYPER.VMOVP", mmio_read64(its_base() + GITS_TYPER) >> 37 & 1, 1);
    check_eq("GITS_TYPER: nothing of GICv4.1", mmio_read64(its_base() + GITS_TYPER) >> 38, 0);
    check_eq("ICH_VTR_EL2.nV4", grd(ICH_VTR_EL2) >> 20 & 1, 0);
    check_eq("ID_AA64PFR0_EL1.GIC", rd(id_aa64pfr0_el1) >> 24 & 0xf, 1);
    check_eq("GICR_VPENDBASER at reset", mmio_read64(redist(0) + GICR_VPENDBASER) & ITS_VALID, 0);
}

/* vPE n is on PE 0; event n is vLPI n of vPE n % 3 with its doorbell. */
static void map_events(void)
{
    check("MAPD", its_mapd(DEVICE, 4, itt));
    for (unsigned n = 0; n < sizeof(vconfig); n++) {
        vconfig[n] = LPI_PRIORITY | LPI_ENABLED;
    }
    for (unsigned n = 0; n < N_VPES; n++) {
        check("VMAPP", vmapp(n, 0, true));
    }
    for (unsigned n = 0; n < N_EVENTS; n++) {
        check("VMAPTI", vmapti(n, n % N_VPES, LPI(n), DOORBELL(n % N_VPES)));
    }
}

/* ---- one PE ---- */

static void doorbells(void)
{
    int_event(1);
    check("pending in the vPE's table", in_table(1, LPI(1)));
    check_eq("its doorbell", its_take(), DOORBELL(1));
    check_eq("no virtual interrupt", virq(), 0);
    schedule(2);
    int_event(4);
    check_eq("a doorbell while another vPE runs", its_take(), DOORBELL(1));
    check_eq("no virtual interrupt of another vPE", virq(), 0);
    check_eq("nothing was pending", deschedule(), 0);
    check("VMOVI", vmovi(1, 1, true, NO_DOORBELL));
    int_event(1);
    check_eq("without a doorbell", its_take(), SPURIOUS);
    check("VMOVI", vmovi(1, 1, true, DOORBELL(1)));
    schedule(1);
    check("pending when scheduled", virq());
    check("something was pending", deschedule());
    check_eq("no virtual interrupt", virq(), 0);
    schedule(1);
    check_eq("equals by number", vguest_take(), LPI(1));
    check_eq("equals by number", vguest_take(), LPI(4));
    check_eq("nothing more", vguest_take(), SPURIOUS);
    check_eq("nothing was pending", deschedule(), 0);
    check("not in the table any more", !in_table(1, LPI(1)) && !in_table(1, LPI(4)));
}

static void scheduled(void)
{
    schedule(0);
    int_event(3);
    check_eq("no doorbell", its_take(), SPURIOUS);
    check("a virtual IRQ", virq());
    check_eq("the highest", vguest_run(guest_highest, 0), LPI(3));
    check_eq("not in Group 0", vguest_run(guest_highest0, 0), SPURIOUS);
    check_eq("acknowledge", vguest_acknowledge(), LPI(3));
    check_eq("its priority", vguest_priority(), LPI_PRIORITY);
    check_eq("active priorities", grd(ICH_AP1R0_EL2), BIT(LPI_PRIORITY >> 3));
    check_eq("no list register", grd(ICH_ELRSR_EL2), BIT(N_LR) - 1);
    int_event(3);
    check_eq("pending again", vguest_run(guest_highest, 0), LPI(3));
    check_eq("held back", vguest_acknowledge(), SPURIOUS);
    vguest_end(LPI(3));
    check_eq("idle", vguest_priority(), 0xff);
    check_eq("EOIcount", ICH_EOICOUNT(grd(ICH_HCR_EL2)), 0);
    struct outcome o = vguest_unmask();
    check_taken("taken", &o, 1, VEC_IRQ | FROM_SPX, o.esr);
    check_eq("and again", vguest_take(), LPI(3));
    int_event(3);
    check("CLEAR", its_on_event(CLEAR, DEVICE, 3));
    check_eq("cleared", vguest_take(), SPURIOUS);
    check("GITS_TRANSLATER", its_mapd(0, 1, itt + 1024) &&
                                 its_cmd(VMAPTI, 1, LPI(50) | (uint64_t)NO_DOORBELL << 32, 0));
    mmio_write32(its_base() + GITS_TRANSLATER, 1);
    dsb();
    check_eq("from a device", vguest_take(), LPI(50));
    deschedule();
}

static void priorities(void)
{
    schedule(0);
    set_vconfig(LPI(6), 0x40 | LPI_ENABLED);
    set_vconfig(LPI(9), 0xa0 | LPI_ENABLED);
    check("VINVALL", on_vpe(VINVALL, 0));
    lr_write(1, LR_PENDING | LR_GROUP1 | LR_PRIORITY(0x60) | 40);
    int_event(0);
    int_event(9);
    int_event(6);
    check_eq("a vLPI before a list register", vguest_take(), LPI(6));
    check_eq("a list register before a vLPI", vguest_take(), 40);
    check_eq("by priority", vguest_take(), LPI(0));
    int_event(0);
    gwr(ICH_VMCR_EL2, VMCR_VENG0 | VMCR_VPMR(0xff));
    check_eq("Group 1 is off", virq(), 0);
    gwr(ICH_VMCR_EL2, VMCR_VENG0 | VMCR_VENG1 | VMCR_VPMR(LPI_PRIORITY));
    check_eq("masked", virq(), 0);
    check_eq("masked, pending", vguest_run(guest_highest, 0), LPI(0));
    gwr(ICH_HCR_EL2, 0);
    gwr(ICH_VMCR_EL2, VMCR_VENG0 | VMCR_VENG1 | VMCR_VPMR(0xff));
    check_eq("the interface is off", virq(), 0);
    gwr(ICH_HCR_EL2, ICH_EN);
    check_eq("on", vguest_take(), LPI(0));
    check_eq("the last one", vguest_take(), LPI(9));
    lr_write(1, 0);
    deschedule();
}

static void configuration(void)
{
    set_vconfig(LPI(3), LPI_PRIORITY);
    schedule(0);
    int_event(3);
    check_eq("not enabled", virq(), 0);
    check_eq("nor pending", deschedule(), 0);
    schedule(0);
    set_vconfig(LPI(3), LPI_PRIORITY | LPI_ENABLED);
    check("INV", its_on_event(INV, DEVICE, 3));
    check_eq("enabled and invalidated", vguest_take(), LPI(3));
    deschedule();
}

static void mappings(void)
{
    check("VMAPI", its_mapd(6, 14, itt + 2048) &&
                       its_cmd(VMAPI | UINT64_C(6) << 32, 5, (uint64_t)NO_DOORBELL << 32, 0));
    int_event(2); /* of vPE 2 */
    check_eq("its doorbell", its_take(), DOORBELL(2));
    check("VMOVI", vmovi(2, 0, false, 0));
    check("pending state moved away", !in_table(2, LPI(2)));
    check("to the other vPE", in_table(0, LPI(2)));
    (void)its_take();
    schedule(0);
    check_eq("taken there", vguest_take(), LPI(2));
    int_event(2);
    check("DISCARD", its_on_event(DISCARD, DEVICE, 2));
    check_eq("discarded", vguest_take(), SPURIOUS);
    check("INT", its_on_event(INT, DEVICE, 2));
    check_eq("not mapped", vguest_take(), SPURIOUS);
    check("VMAPTI", vmapti(2, 2, LPI(2), DOORBELL(2)));
    check("VSYNC", on_vpe(VSYNC, 0));
    deschedule();
}

/* No effect, and the queue goes on. */
static void refused(unsigned n_pes)
{
    check("vPE without an entry", its_cmd(VMAPP, UINT64_C(0x1000) << 32, ITS_VALID, 13));
    check("no such PE", its_cmd(VMAPP, 0, ITS_VALID | (uint64_t)n_pes << 16, 13));
    check("too many INTIDs", its_cmd(VMAPP, 0, ITS_VALID, (uint64_t)vpt[0] | 16));
    check("VMOVP to nobody", its_cmd(VMOVP, 0, (uint64_t)n_pes << 16, 0));
    check("VMOVP of no vPE", its_cmd(VMOVP, UINT64_C(9) << 32, 0, 0));
    check("not an LPI", vmapti(0, 0, 8191, DOORBELL(0)));
    check("not a doorbell", vmapti(0, 0, LPI(9), 5));
    check("behind the ITT", vmapti(N_EVENTS, 0, LPI(9), NO_DOORBELL));
    check("VMOVI to no vPE", vmovi(0, 9, true, NO_DOORBELL));
    check("VMOVI: not a doorbell", vmovi(0, 1, true, 5));
    check("MOVI", its_cmd(MOVI | UINT64_C(DEVICE) << 32, 0, 0, 0));
    check("VINVALL of no vPE", on_vpe(VINVALL, 9));
    check("a command of GICv4.1", its_cmd(VSGI | BIT(8) | BIT(10), 0, 0, 0));
    schedule(0);
    int_event(0);
    check_eq("nothing changed", vguest_take(), LPI(0));
    mmio_write64(own_redist() + GICR_VPENDBASER, (uint64_t)vpt[1] | ITS_VALID);
    int_event(0);
    check_eq("another vPE while one is scheduled: ignored", vguest_take(), LPI(0));
    deschedule();
    check("VMAPP", vmapp(0, 0, false));
    check("INT", its_on_event(INT, DEVICE, 0));
    check("vPE not mapped", !in_table(0, LPI(0)));
    check("VMAPP", vmapp(0, 0, true));
    check_eq("no doorbell", its_take(), SPURIOUS);
}

/* ---- several PEs ---- */

static uint64_t taken[MAX_PES];

static void take_doorbell(uint64_t unused)
{
    (void)unused;
    gic_init();
    taken[pe_number()] = its_take();
}

static void run_vpe(uint64_t vpe)
{
    vguest_init();
    schedule((unsigned)vpe);
    isb();
    taken[pe_number()] = vguest_acknowledge();
    vguest_end(taken[pe_number()]);
    deschedule();
}

static void other_pe(void)
{
    check("VMOVP", its_cmd(VMOVP, UINT64_C(1) << 32, UINT64_C(1) << 16, 0));
    int_event(1);
    check_eq("no doorbell here", its_take(), SPURIOUS);
    smp_run(1, take_doorbell, 0);
    smp_wait(1);
    check_eq("its doorbell there", taken[1], DOORBELL(1));
    smp_run(1, run_vpe, 1);
    smp_wait(1);
    check_eq("taken there", taken[1], LPI(1));
    check("VMOVP", its_cmd(VMOVP, UINT64_C(1) << 32, 0, 0));
    int_event(1);
    check_eq("and back", its_take(), DOORBELL(1));
}

int guest_main(void)
{
    unsigned n_pes = smp_count();

    smp_start();
    gic_init();
    vguest_init();
    its_enable_lpis(n_pes);
    identification();
    its_enable((uint64_t)devices, (uint64_t)collections, (uint64_t)vpes);
    map_events();
    doorbells();
    scheduled();
    priorities();
    configuration();
    mappings();
    refused(n_pes);
    if (n_pes > 1) {
        other_pe();
    }
    return 0;
}
