/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FEAT_GICv3_NMI: GICD_INMIR<n> and GICR_INMIR0, the priority of non-maskable interrupts, who
 * acknowledges them (IAR1, NMIAR1), running and active priorities, preemption, ICC_PMR_EL1; the
 * same of list registers; traps of ICC_NMIAR1_EL1. Arm IHI 0069H, 4.8 and 12.2.
 */
#include "cpuif.h"
#include "gic.h"

#define SCR_NS     BIT(0)
#define SCR_IRQ    BIT(1)
#define SCTLR_NMI  BIT(61)
#define ISR_F      BIT(6)
#define ISR_I      BIT(7)
#define ISR_IS     BIT(10)
#define GICD_INMIR 0x0f80
#define LR_NMI     BIT(59)
#define RPR_NMI    BIT(63)
#define RPR_NMI_NS BIT(62)
#define AP1R0_NMI  BIT(63)
#define NMI_HERE   1022 /* IAR1: it is NMIAR1's */
#define ALLINT     BIT(13)

#define SOME 200 /* SPIs: an ordinary one, */
#define NMI  201 /* two non-maskable ones */
#define NMI2 202
#define BANK (SOME / 32 * 4)
#define BITS (7u << SOME % 32)

SNIPPET(iar1_code, "mrs x0, icc_iar1_el1");
SNIPPET(nmiar1_code, "mrs x0, s3_0_c12_c9_5");
SNIPPET(eoir1_code, "msr icc_eoir1_el1, x0");
SNIPPET(hppir1_code, "mrs x0, icc_hppir1_el1");
SNIPPET(rpr_code, "mrs x0, icc_rpr_el1");
SNIPPET(ap1r0_code, "mrs x0, icc_ap1r0_el1");
SNIPPET(set_ap1r0_code, "msr icc_ap1r0_el1, x0");
SNIPPET(isr_code, "mrs x0, isr_el1");
SNIPPET(write32_code, "mov w1, #-1\nstr w1, [x0]\nldr w0, [x0]");
SNIPPET(clear32_code, "str wzr, [x0]\nldr w0, [x0]");

/* Where Group 1 is an IRQ. scr: bits of SCR_EL3 that are the other way round there. */
static const struct place {
    struct cpuif at;
    unsigned home; /* the boards that have it: their highest level */
    bool secure;
    uint8_t top; /* the highest priority that its software can give, as EL3 sees it */
} places[] = {
    {{.name = "EL1", .mode = EL1H | ALLINT}, 1, false, 0},
    {{.name = "EL2", .mode = EL2H | ALLINT}, 2, false, 0},
    {{.name = "EL1", .mode = EL1H | ALLINT}, 2, false, 0},
    {{.name = "Non-secure EL2", .mode = EL2H | ALLINT}, 3, false, 0x80},
    {{.name = "Non-secure EL1", .mode = EL1H | ALLINT}, 3, false, 0x80},
    {{.name = "Secure EL1", .mode = EL1H | ALLINT, .scr = SCR_NS}, 3, true, 0},
};

static uint64_t at(const struct place *p, const char *code, uint64_t arg)
{
    return cpuif_run(&p->at, code, arg);
}

static void sctlr_nmi(bool on)
{
    uint64_t bit = on ? SCTLR_NMI : 0;

    wr(sctlr_el1, (rd(sctlr_el1) & ~SCTLR_NMI) | bit);
    if (home_el() >= 2) {
        wr(sctlr_el2, (rd(sctlr_el2) & ~SCTLR_NMI) | bit);
    }
    isb();
}

/* All three are of the place's Group 1, disabled and inactive; NMI and NMI2 are non-maskable. */
static void reset(const struct place *p)
{
    for (unsigned n = SOME; n <= NMI2; n++) {
        gic_quiet(n);
        gic_edge(n, true);
        gic_priority(n, p->top);
    }
    mmio_write32(GICD_BASE + GICD_IGROUPR + BANK, p->secure ? 0 : BITS);
    mmio_write32(GICD_BASE + GICD_IGRPMODR + BANK, p->secure ? BITS : 0);
    mmio_write32(GICD_BASE + GICD_INMIR + BANK, BITS & ~(1u << SOME % 32));
    gwr(ICC_PMR_EL1, 0xff);
    isb();
}

static void pend(unsigned intid)
{
    gic_set(intid, GICD_ISENABLER);
    gic_set(intid, GICD_ISPENDR);
}

/* ---- the registers that say which they are ---- */

static void configuration(void)
{
    uint64_t bank1 = GICD_BASE + GICD_INMIR + 4;
    uint64_t own = gic_frame(0) + GICD_INMIR;

    check_eq("GICD_TYPER.NMI", FIELD(mmio_read32(GICD_BASE + GICD_TYPER), 9, 1), 1);
    mmio_write32(GICD_BASE + GICD_IGROUPR + 4, ~0u);
    mmio_write32(bank1, 0x5555aaaa);
    check_eq("GICD_INMIR1", mmio_read32(bank1), 0x5555aaaa);
    mmio_write32(bank1, 0);
    check_eq("GICD_INMIR1 cleared", mmio_read32(bank1), 0);
    mmio_write32(own, 0xa5a5a5a5);
    check_eq("GICR_INMIR0", mmio_read32(own), 0xa5a5a5a5);
    check_eq("GICD_INMIR0 is RAZ", mmio_read32(GICD_BASE + GICD_INMIR), 0);
    mmio_write32(own, 0);
    check_eq("GICD_INMIR31 is RAZ/WI",
             (mmio_write32(GICD_BASE + GICD_INMIR + 31 * 4, ~0u),
              mmio_read32(GICD_BASE + GICD_INMIR + 31 * 4)),
             0);
}

/* Non-secure software sees the bits of its own group. */
static void non_secure_view(void)
{
    uint64_t bank1 = GICD_BASE + GICD_INMIR + 4;
    const struct place *ns = &places[3];

    mmio_write32(GICD_BASE + GICD_IGROUPR + 4, 0x0000ffff);
    mmio_write32(GICD_BASE + GICD_IGRPMODR + 4, 0xffff0000);
    check_eq("Non-secure write and read", at(ns, write32_code, bank1), 0xffff);
    check_eq("Secure read", mmio_read32(bank1), 0xffff);
    mmio_write32(bank1, ~0u);
    check_eq("Secure Group 1 has them, too", mmio_read32(bank1), ~0u);
    check_eq("Non-secure clear and read", at(ns, clear32_code, bank1), 0);
    check_eq("Secure ones stay", mmio_read32(bank1), 0xffff0000);
    mmio_write32(GICD_BASE + GICD_IGRPMODR + 4, 0);
    check_eq("Group 0 has none", mmio_read32(bank1), 0);
    mmio_write32(bank1, 0);
}

/* ---- acknowledge ---- */

static void acknowledge(const struct place *p)
{
    for (unsigned nmi = 0; nmi < 2; nmi++) {
        reset(p);
        sctlr_nmi(nmi);
        pend(SOME);
        check_eq("ordinary: NMIAR1", at(p, nmiar1_code, 0), SPURIOUS);
        check_eq("ordinary: ISR_EL1", at(p, isr_code, 0), ISR_I);
        pend(NMI);
        check_eq("first of its priority: HPPIR1", at(p, hppir1_code, 0), NMI);
        check_eq("ISR_EL1", at(p, isr_code, 0), ISR_I | ISR_IS);
        uint64_t got = at(p, iar1_code, 0);
        check_eq("IAR1", got, nmi ? NMI_HERE : NMI);
        check_eq("acknowledged by IAR1 or not", gic_get(NMI, GICD_ISACTIVER), !nmi);
        if (nmi) {
            check_eq("NMIAR1", at(p, nmiar1_code, 0), NMI);
            check_eq("acknowledged by NMIAR1", gic_get(NMI, GICD_ISACTIVER), 1);
        }
        check_eq("the next waits", at(p, isr_code, 0), 0);
        at(p, eoir1_code, NMI);
        check_eq("EOIR1 deactivates", gic_get(NMI, GICD_ISACTIVER), 0);
        check_eq("the ordinary one: IAR1", at(p, iar1_code, 0), SOME);
        at(p, eoir1_code, SOME);
        check_eq("nothing runs", at(p, rpr_code, 0), 0xff);
    }
    reset(p);
    pend(NMI);
    sctlr_nmi(false);
    check_eq("NMIAR1 with SCTLR_ELx.NMI = 0", at(p, nmiar1_code, 0), NMI);
    at(p, eoir1_code, NMI);
}

/* ---- running priority, preemption ---- */

static void preempt(const struct place *p)
{
    uint64_t level = BIT(p->top >> 3);

    reset(p);
    sctlr_nmi(true);
    pend(SOME);
    check_eq("an ordinary one runs", at(p, iar1_code, 0), SOME);
    pend(NMI);
    check_eq("its equal that is non-maskable preempts", at(p, isr_code, 0), ISR_I | ISR_IS);
    check_eq("NMIAR1", at(p, nmiar1_code, 0), NMI);
    check_eq("AP1R0", at(p, ap1r0_code, 0), AP1R0_NMI | level);
    at(p, set_ap1r0_code, AP1R0_NMI | level);
    check_eq("AP1R0 written back", at(p, ap1r0_code, 0), AP1R0_NMI | level);
    check_eq("RPR", at(p, rpr_code, 0), RPR_NMI | p->top);
    pend(NMI2);
    check_eq("a second NMI does not", at(p, isr_code, 0), 0);
    check_eq("NMIAR1 of the second", at(p, nmiar1_code, 0), SPURIOUS);
    check_eq("HPPIR1 of the second", at(p, hppir1_code, 0), NMI2);
    at(p, eoir1_code, NMI);
    check_eq("AP1R0 after EOIR1", at(p, ap1r0_code, 0), level);
    check_eq("RPR after EOIR1", at(p, rpr_code, 0), p->top);
    check_eq("now the second", at(p, nmiar1_code, 0), NMI2);
    at(p, eoir1_code, NMI2);
    at(p, eoir1_code, SOME);
    check_eq("AP1R0 at the end", at(p, ap1r0_code, 0), 0);
}

/* ICC_PMR_EL1, written at home. Non-secure NMIs of two Security states have a priority of 0x80. */
static void mask(const struct place *p)
{
    static const uint8_t masks[] = {0, 0x40, 0x78, 0x80, 0x88, 0xf0};

    reset(p);
    pend(NMI);
    for (unsigned i = 0; i < ARRAY_LEN(masks); i++) {
        gwr(ICC_PMR_EL1, masks[i]);
        isb();
        check_eq("ISR_EL1 by ICC_PMR_EL1", at(p, isr_code, 0),
                 masks[i] >= p->top ? ISR_I | ISR_IS : 0);
    }
    gwr(ICC_PMR_EL1, 0xff);
    isb();
}

/* In the other Security state it is an FIQ, which has no superpriority. */
static void other_state(const struct place *p)
{
    const struct place *other = p->secure ? &places[3] : &places[5];

    reset(p);
    pend(NMI);
    check_eq("ISR_EL1 in the other state", at(other, isr_code, 0), ISR_F);
    check_eq("IAR1 in the other state", at(other, iar1_code, 0), SPURIOUS);
    check_eq("NMIAR1 in the other state", at(other, nmiar1_code, 0), SPURIOUS);
    if (!p->secure) {
        gwr(ICC_PMR_EL1, 0x80);
        isb();
        check_eq("a mask of 0x80 in Secure state", at(other, isr_code, 0), 0);
        gwr(ICC_PMR_EL1, 0xff);
        isb();
        sctlr_nmi(true);
        check_eq("NMIAR1 at EL3", grd(S3_0_C12_C9_5), NMI);
        check_eq("RPR at EL3", grd(ICC_RPR_EL1), RPR_NMI_NS | 0x80);
        gwr(ICC_EOIR1_EL1, NMI);
    } else {
        check_eq("NMIAR1 at EL3", grd(S3_0_C12_C9_5), NMI);
        check_eq("RPR at EL3", grd(ICC_RPR_EL1), RPR_NMI);
        gwr(ICC_EOIR1_EL1, NMI);
    }
}

/* ---- list registers ---- */

static void virtual_reset(void)
{
    for (unsigned n = 0; n < N_LR; n++) {
        lr_write(n, 0);
    }
    gwr(ICH_AP0R0_EL2, 0);
    gwr(ICH_AP1R0_EL2, 0);
    gwr(ICH_VMCR_EL2, VMCR_VENG0 | VMCR_VENG1 | VMCR_VPMR(0xf8));
    gwr(ICH_HCR_EL2, ICH_EN);
    isb();
}

static void virtual_interface(const struct place *guest)
{
    uint64_t group1 = LR_PENDING | LR_GROUP1;

    wr(hcr_el2, rd(hcr_el2) | HCR_IMO | HCR_FMO);
    for (unsigned nmi = 0; nmi < 2; nmi++) {
        sctlr_nmi(nmi);
        virtual_reset();
        lr_write(0, group1 | LR_PRIORITY(0) | 50);
        check_eq("virtual: ordinary: ISR_EL1", at(guest, isr_code, 0), ISR_I);
        check_eq("virtual: ordinary: NMIAR1", at(guest, nmiar1_code, 0), SPURIOUS);
        lr_write(1, group1 | LR_NMI | 51);
        check_eq("virtual: list register", lr_read(1), group1 | LR_NMI | 51);
        check_eq("virtual: HPPIR1", at(guest, hppir1_code, 0), 51);
        check_eq("virtual: ISR_EL1", at(guest, isr_code, 0), ISR_I | ISR_IS);
        check_eq("virtual: IAR1", at(guest, iar1_code, 0), nmi ? NMI_HERE : 51);
        if (nmi) {
            check_eq("virtual: NMIAR1", at(guest, nmiar1_code, 0), 51);
        }
        check_eq("virtual: active", LR_STATE(lr_read(1)), ACTIVE);
        check_eq("virtual: RPR", at(guest, rpr_code, 0), RPR_NMI);
        check_eq("virtual: AP1R0", at(guest, ap1r0_code, 0), AP1R0_NMI);
        check_eq("ICH_AP1R0_EL2", grd(ICH_AP1R0_EL2), AP1R0_NMI);
        lr_write(2, group1 | LR_NMI | 52);
        check_eq("virtual: a second NMI waits", at(guest, isr_code, 0), 0);
        at(guest, eoir1_code, 51);
        check_eq("virtual: ended", LR_STATE(lr_read(1)), INACTIVE);
        check_eq("ICH_AP1R0_EL2 after it", grd(ICH_AP1R0_EL2), 0);
        check_eq("virtual: then the second", at(guest, nmiar1_code, 0), 52);
        at(guest, eoir1_code, 52);
        check_eq("virtual: then the ordinary one", at(guest, iar1_code, 0), 50);
        lr_write(1, group1 | LR_NMI | 51);
        check_eq("virtual: preempts its equal", at(guest, isr_code, 0), ISR_I | ISR_IS);
        gwr(ICH_VMCR_EL2, VMCR_VENG0 | VMCR_VENG1);
        isb();
        check_eq("virtual: not masked by VPMR", at(guest, isr_code, 0), ISR_I | ISR_IS);
        gwr(ICH_VMCR_EL2, VMCR_VENG0 | VMCR_VPMR(0xf8));
        isb();
        check_eq("virtual: masked by VENG1", at(guest, isr_code, 0), 0);
    }
    virtual_reset();
    lr_write(0, LR_PENDING | LR_NMI | LR_PRIORITY(0x40) | 53);
    check_eq("virtual: Group 0 has none: ISR_EL1", at(guest, isr_code, 0), ISR_F);
    check_eq("virtual: Group 0 has none: NMIAR1", at(guest, nmiar1_code, 0), SPURIOUS);
    lr_write(0, 0);
    gwr(ICH_HCR_EL2, 0);
    wr(hcr_el2, rd(hcr_el2) & ~(HCR_IMO | HCR_FMO));
    isb();
}

/* ---- traps of ICC_NMIAR1_EL1 ---- */
#define NMIAR1_ISS (3 << 20 | 5 << 17 | 12 << 10 | 9 << 1 | 1)

static void trapped(const char *name, uint64_t mode, unsigned el)
{
    struct outcome o = run_at(MASKED(mode), nmiar1_code, ARGS(0));

    check_taken(name, &o, el, FROM_LOWER, ESR(EC_SYSREG, NMIAR1_ISS));
}

static void traps(void)
{
    gwr(ICH_HCR_EL2, ICH_TALL1);
    isb();
    trapped("ICH_HCR_EL2.TALL1", EL1H, 2);
    gwr(ICH_HCR_EL2, ICH_TALL0 | ICH_TC);
    isb();
    struct outcome o = run_at(MASKED(EL1H), nmiar1_code, ARGS(0));
    check_done("TALL0 and TC do not trap it", &o);
    gwr(ICH_HCR_EL2, 0);
    if (home_el() == 3) {
        wr(scr_el3, rd(scr_el3) | SCR_IRQ);
        isb();
        trapped("SCR_EL3.IRQ", EL1H, 3);
        trapped("SCR_EL3.IRQ", EL2H, 3);
        wr(scr_el3, rd(scr_el3) & ~SCR_IRQ);
    }
    isb();
}

int guest_main(void)
{
    gic_init();
    wr(s3_0_c4_c3_0, ALLINT); /* nothing is taken here */
    configuration();
    if (home_el() == 3) {
        non_secure_view();
    }
    for (unsigned i = 0; i < ARRAY_LEN(places); i++) {
        const struct place *p = &places[i];
        unsigned failures = guest_failures_so_far();

        if (p->home != home_el()) {
            continue;
        }
        acknowledge(p);
        preempt(p);
        mask(p);
        if (home_el() == 3) {
            other_state(p);
        }
        if (guest_failures_so_far() != failures) {
            print("     ");
            print(p->at.name);
            print("\n");
        }
        reset(p);
    }
    if (home_el() >= 2) {
        virtual_interface(home_el() == 3 ? &places[4] : &places[2]);
        traps();
    }
    return 0;
}
