/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv4.1, which the reference has not: vPEs by number, the table that redistributors and the ITS
 * share, default doorbells, virtual SGIs, groups that a redistributor forwards, vPEs that move,
 * SGIs without active state. Arm IHI 0069H, 5 and 12.11, the text of each register and command.
 */
#include "its.h"
#include "smp.h"
#include "vguest.h"

#define GICR_VPROPBASER 0x20070
#define GICR_VPENDBASER 0x20078
#define GICR_VSGIR      0x20080
#define GICR_VSGIPENDR  0x20088
#define GICD_TYPER2     0x000c
#define GITS_MPIDR      0x0018
#define VPEND_DOORBELL  BIT(62)
#define VPEND_LAST      BIT(61)
#define VPEND_GRP0      BIT(59)
#define VPEND_GRP1      BIT(58)
#define CTLR_NASSGIREQ  BIT(8)
#define ICH_VSGIEOI     BIT(8)
#define DEVICE          5
#define N_VPES          3
#define DOORBELL(vpe)   LPI(100 + (vpe))
/* VSGI */
#define ENABLE      BIT(8)
#define CLEAR_STATE BIT(9)
#define GROUP1      BIT(10)

ITS_TABLE(devices, 4096, 4096);
ITS_TABLE(collections, 4096, 4096);
ITS_TABLE(vpes, 4096, 4096);
ITS_TABLE(itt, 4096, 256);
ITS_TABLE(vconfig, 8192, 0x10000);
ITS_TABLE(vpt[N_VPES], 0x10000, 0x10000);

/* ---- commands, GITS_SGIR ---- */

static bool vmapp(uint64_t vpe, uint64_t pe, bool valid)
{
    return its_cmd(VMAPP | BIT(8) | (uint64_t)vconfig, vpe << 32 | DOORBELL(vpe),
                   pe << 16 | (valid ? ITS_VALID : 0), (uint64_t)vpt[vpe] | (LPI_ID_BITS - 1));
}

static void vsgi(uint64_t vpe, uint64_t intid, uint64_t priority, uint64_t bits)
{
    check("VSGI", its_cmd(VSGI | bits | priority << 16 | intid << 32, vpe << 32, 0, 0));
}

static void send(uint64_t vpe, uint64_t intid)
{
    mmio_write64(its_base() + GITS_SGIR, vpe << 32 | intid);
    dsb();
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

static void schedule_groups(unsigned vpe, uint64_t groups)
{
    mmio_write64(own_redist() + GICR_VPENDBASER, ITS_VALID | groups | vpe);
    check_eq("GICR_VPENDBASER.Dirty", mmio_read64(own_redist() + GICR_VPENDBASER) >> 60 & 1, 0);
}

static void schedule(unsigned vpe)
{
    schedule_groups(vpe, VPEND_GRP0 | VPEND_GRP1);
}

/* bits: Doorbell, PendingLast. Whether something was pending. */
static bool deschedule(uint64_t bits)
{
    uint64_t v = mmio_read64(own_redist() + GICR_VPENDBASER);

    v &= ~(ITS_VALID | VPEND_LAST | VPEND_DOORBELL);
    mmio_write64(own_redist() + GICR_VPENDBASER, v | bits);
    v = mmio_read64(own_redist() + GICR_VPENDBASER);
    check_eq("no vPE is scheduled", v & (ITS_VALID | BIT(60)), 0);
    return (v & VPEND_LAST) != 0;
}

static uint32_t pending_sgis(unsigned vpe)
{
    mmio_write32(own_redist() + GICR_VSGIR, vpe);
    return mmio_read32(own_redist() + GICR_VSGIPENDR);
}

/* ---- a guest at EL1 ---- */

SNIPPET(guest_acknowledge0, "mrs x0, S3_0_C12_C8_0\nisb");
SNIPPET(guest_end0, "msr S3_0_C12_C8_1, x0\nisb");

static uint64_t signals(void)
{
    return vguest_isr() & (ISR_I | ISR_F);
}

static void hypervisor_init(void)
{
    vguest_init();
    mmio_write64(own_redist() + GICR_VPROPBASER, ITS_VALID | (uint64_t)vpes);
    isb();
}

/* ---- what is there ---- */

static void identification(void)
{
    uint64_t gits = mmio_read64(its_base() + GITS_TYPER);
    uint64_t gicr = mmio_read64(redist(0) + GICR_TYPER);

    check_eq("ID_AA64PFR0_EL1.GIC", rd(id_aa64pfr0_el1) >> 24 & 0xf, 3);
    check_eq("GICR_TYPER: PLPIS, VLPIS, RVPEID", gicr & 0x83, 0x83);
    check_eq("GITS_TYPER: VMOVP, VSGI, VMAPP", gits >> 37 & 0xd, 0xd);
    check_eq("GITS_TYPER.SVPET as GICR_TYPER.CommonLPIAff", gits >> 41 & 3, gicr >> 24 & 3);
    check_eq("GITS_MPIDR.Aff3", mmio_read32(its_base() + GITS_MPIDR) >> 24, gicr >> 56);
    check_eq("GITS_BASER2 is the vPE table", mmio_read64(its_base() + GITS_BASER + 16) >> 56 & 7,
             2);
    check_eq("GICD_TYPER2: 16 bits of vPEID", mmio_read32(GICD_BASE + GICD_TYPER2) & 0x9f, 0x8f);
    check_eq("GICD_TYPER2.nASSGIcap", mmio_read32(GICD_BASE + GICD_TYPER2) >> 8 & 1, 1);
    mmio_write64(redist(0) + GICR_VPROPBASER, 0);
    uint64_t words = (mmio_read64(redist(0) + GICR_VPROPBASER) >> 59 & 7) + 1;
    uint64_t bytes = (mmio_read64(its_base() + GITS_BASER + 16) >> 48 & 0x1f) + 1;
    check_eq("one size of entries", bytes, 8 * words);
}

/* vPE n is on PE 0; event n is vLPI n of vPE n. */
static void map_events(void)
{
    check("MAPD", its_mapd(DEVICE, 4, itt));
    for (unsigned n = 0; n < sizeof(vconfig); n++) {
        vconfig[n] = LPI_PRIORITY | LPI_ENABLED;
    }
    for (unsigned n = 0; n < N_VPES; n++) {
        check("VMAPP", vmapp(n, 0, true));
        check("VMAPTI", its_cmd(VMAPTI | UINT64_C(DEVICE) << 32, n | (uint64_t)n << 32,
                                LPI(n) | (uint64_t)SPURIOUS << 32, 0));
    }
}

/* ---- virtual SGIs ---- */

static void delivery(void)
{
    schedule(1);
    send(1, 3);
    check_eq("not enabled", signals(), 0);
    check_eq("pending", pending_sgis(1), 1 << 3);
    check_eq("of that vPE only", pending_sgis(0), 0);
    vsgi(1, 3, 0x70, ENABLE | GROUP1);
    check_eq("enabled", signals(), ISR_I);
    check_eq("acknowledge", vguest_acknowledge(), 3);
    check_eq("its priority", vguest_priority(), 0x70);
    check_eq("not pending any more", pending_sgis(1), 0);
    send(1, 3); /* no active state: pending again, held back by the running priority only */
    check_eq("held back", signals(), 0);
    vguest_end(3);
    struct outcome o = vguest_unmask();
    check_taken("taken", &o, 1, VEC_IRQ | FROM_SPX, o.esr);
    check_eq("and again", vguest_take(), 3);
    check_eq("EOIcount", ICH_EOICOUNT(grd(ICH_HCR_EL2)), 2);
    gwr(ICH_HCR_EL2, ICH_EN | ICH_VSGIEOI);
    send(1, 3);
    check_eq("and again", vguest_take(), 3);
    check_eq("vSGIEOICount: EOIcount", ICH_EOICOUNT(grd(ICH_HCR_EL2)), 0);
    gwr(ICH_HCR_EL2, ICH_EN);
    deschedule(VPEND_LAST);
}

static void commands(void)
{
    schedule(1);
    send(1, 3);
    vsgi(1, 3, 0, CLEAR_STATE);
    check_eq("Clear: not pending", signals(), 0);
    send(1, 3);
    check_eq("Clear: configuration stays", signals(), ISR_I);
    vsgi(1, 3, 0x70, GROUP1);
    check_eq("disabled", signals(), 0);
    vsgi(1, 3, 0x70, ENABLE);
    check_eq("Group 0", signals(), ISR_F);
    check_eq("Group 0: acknowledge", vguest_run(guest_acknowledge0, 0), 3);
    vguest_run(guest_end0, 3);
    vsgi(1, 3, 0x70, ENABLE | GROUP1);
    vsgi(1, 15, 0x90, ENABLE | GROUP1);
    send(1, 15);
    int_event(1);
    lr_write(2, LR_PENDING | LR_GROUP1 | LR_PRIORITY(0x88) | 2);
    send(1, 3);
    check_eq("by priority: a vSGI", vguest_take(), 3);
    check_eq("by priority: a vLPI", vguest_take(), LPI(1));
    check_eq("by priority: a list register", vguest_take(), 2);
    check_eq("by priority: another vSGI", vguest_take(), 15);
    check_eq("nothing more", vguest_take(), SPURIOUS);
    lr_write(2, 0);
    deschedule(VPEND_LAST);
    check("VSGI of no vPE", its_cmd(VSGI | ENABLE, UINT64_C(9) << 32, 0, 0));
    send(9, 3);
    check("INVDB of no vPE", its_cmd(INVDB, UINT64_C(9) << 32, 0, 0));
}

static void groups(void)
{
    vsgi(2, 1, 0x70, ENABLE | GROUP1);
    vsgi(2, 2, 0x60, ENABLE);
    send(2, 1);
    send(2, 2);
    schedule_groups(2, VPEND_GRP1);
    check_eq("VGrp1En", signals(), ISR_I);
    check_eq("of Group 1", vguest_take(), 1);
    check_eq("PendingLast is of groups that are on", deschedule(0), 0);
    schedule_groups(2, VPEND_GRP0);
    check_eq("VGrp0En", signals(), ISR_F);
    check("PendingLast", deschedule(0));
    vsgi(2, 2, 0, CLEAR_STATE);
}

/* ---- default doorbells ---- */

static void doorbells(void)
{
    int_event(0);
    send(0, 1);
    check_eq("never scheduled: no doorbell", its_take(), SPURIOUS);
    vsgi(0, 1, 0x70, ENABLE | GROUP1);
    schedule(0);
    check("pending: PendingLast", deschedule(VPEND_DOORBELL));
    int_event(0);
    check_eq("and no doorbell", its_take(), SPURIOUS);
    schedule(0);
    check_eq("taken", vguest_take(), 1);
    check_eq("taken", vguest_take(), LPI(0));
    check("PendingLast written", deschedule(VPEND_LAST | VPEND_DOORBELL));
    int_event(0);
    check_eq("not asked for", its_take(), SPURIOUS);
    schedule(0);
    (void)vguest_take();
    check_eq("nothing pending", deschedule(VPEND_DOORBELL), 0);
    send(0, 2);
    check_eq("not enabled: no doorbell", its_take(), SPURIOUS);
    send(0, 1);
    check_eq("a vSGI rings", its_take(), DOORBELL(0));
    int_event(0);
    check_eq("once", its_take(), SPURIOUS);
    schedule(0);
    (void)vguest_take();
    (void)vguest_take();
    deschedule(VPEND_DOORBELL);
    int_event(0);
    check_eq("a vLPI rings", its_highest(), DOORBELL(0));
    schedule(0);
    check_eq("scheduling silences it", its_highest(), SPURIOUS);
    (void)vguest_take();
    deschedule(VPEND_DOORBELL);
    its_set_config(DOORBELL(0), LPI_PRIORITY);
    check("INVDB", its_cmd(INVDB, 0, 0, 0));
    send(0, 1);
    check_eq("an LPI that is not enabled", its_take(), SPURIOUS);
    its_set_config(DOORBELL(0), LPI_PRIORITY | LPI_ENABLED);
    check("INVDB", its_cmd(INVDB, 0, 0, 0));
    check_eq("enabled and invalidated", its_take(), DOORBELL(0));
    schedule(0);
    (void)vguest_take();
    deschedule(VPEND_LAST);
}

static void configuration(void)
{
    schedule(0);
    *(volatile uint8_t *)&vconfig[0] = LPI_PRIORITY;
    dsb();
    mmio_write64(own_redist() + GICR_INVALLR, ITS_VALID);
    int_event(0);
    check_eq("not enabled", signals(), 0);
    *(volatile uint8_t *)&vconfig[0] = LPI_PRIORITY | LPI_ENABLED;
    dsb();
    mmio_write64(own_redist() + GICR_INVLPIR, ITS_VALID | LPI(0));
    check_eq("GICR_INVLPIR of a vPE", vguest_take(), LPI(0));
    deschedule(VPEND_LAST);
    check("VMAPP", vmapp(0, 0, false));
    send(0, 1);
    check_eq("not mapped", pending_sgis(0), 0);
    check("VMAPP", vmapp(0, 0, true));
    send(0, 1);
    schedule(0);
    check_eq("configuration is in the pending table", vguest_take(), 1);
    deschedule(VPEND_LAST);
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
    hypervisor_init();
    schedule((unsigned)vpe);
    taken[pe_number()] = vguest_take();
    deschedule(VPEND_DOORBELL);
}

static void other_pe(void)
{
    check("VMOVP", its_cmd(VMOVP, 0, ITS_VALID | UINT64_C(1) << 16, DOORBELL(0)));
    send(0, 1);
    smp_run(1, run_vpe, 0);
    smp_wait(1);
    check_eq("taken there", taken[1], 1);
    send(0, 1);
    check_eq("no doorbell here", its_take(), SPURIOUS);
    smp_run(1, take_doorbell, 0);
    smp_wait(1);
    check_eq("its doorbell there", taken[1], DOORBELL(0));
    smp_run(1, run_vpe, 0);
    smp_wait(1);
    send(0, 1);
    check("VMOVP", its_cmd(VMOVP, 0, ITS_VALID, DOORBELL(0)));
    check_eq("a doorbell moves along", its_take(), DOORBELL(0));
}

/* ---- physical SGIs ---- */

static void without_active_state(void)
{
    uint32_t ctlr = mmio_read32(GICD_BASE + GICD_CTLR);

    mmio_write32(GICD_BASE + GICD_CTLR, ctlr | CTLR_NASSGIREQ);
    check_eq("not while a group is on", mmio_read32(GICD_BASE + GICD_CTLR) & CTLR_NASSGIREQ, 0);
    mmio_write32(GICD_BASE + GICD_CTLR, ctlr & ~3u);
    mmio_write32(GICD_BASE + GICD_CTLR, ctlr | CTLR_NASSGIREQ);
    check("nASSGIreq", mmio_read32(GICD_BASE + GICD_CTLR) & CTLR_NASSGIREQ);
    gwr(ICC_CTLR_EL1, 2); /* EOImode: deactivation is apart */
    gic_set(5, GICD_ISENABLER);
    gic_set(5, GICD_ISPENDR);
    isb();
    check_eq("acknowledge", grd(ICC_IAR1_EL1), 5);
    check_eq("not active", gic_get(5, GICD_ISACTIVER), 0);
    gic_set(5, GICD_ISACTIVER);
    check_eq("nor to be made so", gic_get(5, GICD_ISACTIVER), 0);
    gic_set(5, GICD_ISPENDR);
    gwr(ICC_EOIR1_EL1, 5);
    isb();
    check_eq("again without deactivation", grd(ICC_IAR1_EL1), 5);
    gwr(ICC_EOIR1_EL1, 5);
    gwr(ICC_CTLR_EL1, 0);
    isb();
}

int guest_main(void)
{
    unsigned n_pes = smp_count();

    smp_start();
    gic_init();
    its_enable_lpis(n_pes);
    identification();
    hypervisor_init();
    its_enable((uint64_t)devices, (uint64_t)collections, (uint64_t)vpes);
    map_events();
    delivery();
    commands();
    groups();
    doorbells();
    configuration();
    other_pe();
    without_active_state();
    return 0;
}
