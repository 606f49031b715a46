/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nested virtualization (FEAT_NV2): the guest is a hypervisor, a build of this one. It runs at
 * EL1 and believes it is at EL2 (HCR_EL2.NV): its own registers of EL2 are those of EL1 where they
 * are alike, memory at VNCR_EL2 where nothing happens before ERET, and a trap where something does.
 * ERET traps too, and there its guest is entered with what it has prepared: one world switch more.
 *
 * Words: host = this program, L1 = the guest hypervisor, L2 = its guest. Stage 2 of L2 is a shadow:
 * L1's tables and ours in one, made when something faults. L1 is known to use tables of 4 KiB from
 * level 1, and to have one vCPU.
 */
#include "hyp.h"

#define HCR_NV    BIT(42)
#define HCR_NV1   BIT(43) /* L1 is no VHE host: the names of EL1 mean L2's registers */
#define HCR_NV2   BIT(45)
#define VNCR_EL2  S3_4_C2_C2_0
#define LINES     (LINE_VF | LINE_VI | LINE_VSE)
#define L2_VMID   100
#define N_SHADOWS 4 /* VMIDs of L1: 0 to 3 */

/* ---- the page at VNCR_EL2: Arm DDI 0487, D8.11 "Enhanced support for nested virtualization" ----
 */
/* clang-format off */
#define VNCR_EL1_REGS(X)                                                                           \
    X(cpacr, 0x100) X(contextidr, 0x108) X(sctlr, 0x110) X(tcr, 0x120) X(afsr0, 0x128)             \
    X(afsr1, 0x130) X(esr, 0x138) X(mair, 0x140) X(amair, 0x148) X(spsr, 0x160) X(ttbr0, 0x200)    \
    X(ttbr1, 0x210) X(far, 0x220) X(elr, 0x230) X(vbar, 0x250)
/* clang-format on */
enum vncr_offset {
    VTTBR = 0x20,
    VMPIDR = 0x50,
    CNTVOFF = 0x60,
    HCR = 0x78,
    VPIDR = 0x88,
    MDSCR = 0x158,
    CNTV_CVAL = 0x168,
    CNTV_CTL = 0x170,
    SP_EL1 = 0x240,
    ICH_LR0 = 0x400,
    ICH_AP0R0 = 0x480,
    ICH_AP1R0 = 0x4a0,
    ICH_HCR = 0x4c0,
    ICH_VMCR = 0x4c8,
};
static _Alignas(4096) volatile uint64_t vncr_page[512];
#define VNCR(offset) vncr_page[(offset) / 8]

/* ---- what L1 has besides ---- */
static struct {
    struct context el1;                  /* its own registers while L2 runs */
    uint64_t mdcr, hpfar, cnthctl, misr; /* of EL2 */
    uint64_t cntkctl;                    /* of L2 */
    uint64_t timer_ctl, timer_cval;      /* CNTHP, which a VHE host calls CNTP */
    uint64_t *shadow[N_SHADOWS];
    bool in_l2;
} l1;

static void enter(uint64_t hcr)
{
    wr(hcr_el2, hcr);
    isb();
}

static void l1_rights(void)
{
    wr(cnthctl_el2, BIT(10)); /* the counter is real, the timer is trapped */
    enter(vcpu_hcr() | HCR_NV | HCR_NV2 | (L1_VHE ? 0 : HCR_NV1));
}

/* ---- shadow stage 2 ---- */
static uint64_t *shadow_root(void)
{
    uint64_t **root = &l1.shadow[FIELD(VNCR(VTTBR), 48, 2)];

    if (*root == NULL) {
        *root = table_new();
    }
    return *root;
}

/* L1's physical address, or 0 where it has no memory. */
static uint64_t l1_memory(const struct vm *vm, uint64_t ipa)
{
    uint64_t at = ipa - NESTED_RAM;

    return at < NESTED_RAM_SIZE ? vm->ram + at : 0;
}

static uint64_t descriptor(const struct vm *vm, uint64_t table, unsigned index)
{
    uint64_t at = l1_memory(vm, (table & D_ADDRESS) + 8 * index);

    return at != 0 ? *(volatile uint64_t *)at : 0;
}

/* A block of 2 MiB that L1 has mapped at `ipa` of L2. False: L1 has nothing there. */
static bool shadow_map(const struct vm *vm, uint64_t ipa)
{
    uint64_t *root = shadow_root();
    unsigned i1 = FIELD(ipa, 30, 9), i2 = FIELD(ipa, 21, 9);
    uint64_t table = descriptor(vm, VNCR(VTTBR), i1);
    uint64_t block = (table & D_VALID) != 0 ? descriptor(vm, table, i2) : 0;
    uint64_t pa = l1_memory(vm, block & D_ADDRESS);

    if ((block & D_VALID) == 0 || pa == 0) {
        return false;
    }
    if ((root[i1] & D_VALID) == 0) {
        root[i1] = (uintptr_t)table_new() | D_TABLE | D_VALID;
    }
    ((uint64_t *)(root[i1] & D_ADDRESS))[i2] = (block & ~D_ADDRESS) | pa;
    dsb();
    return true;
}

/* L1 changes its tables: ours are made again. */
static void shadow_drop(void)
{
    for (unsigned n = 0; n < N_SHADOWS; n++) {
        for (unsigned i = 0; l1.shadow[n] != NULL && i < 512; i++) {
            uint64_t *table = (uint64_t *)(l1.shadow[n][i] & D_ADDRESS);
            for (unsigned j = 0; table != NULL && j < 512; j++) {
                table[j] = 0;
            }
        }
    }
    insn("dsb sy\ntlbi alle1\ndsb sy\nisb");
}

/* ---- L1 to L2 and back ---- */
static void l2_enter(struct vcpu *v)
{
    uint64_t pc = rd(EL1(elr)), pstate = rd(EL1(spsr));

#define SWITCH(reg, offset)                                                                        \
    l1.el1.reg = rd(EL1(reg));                                                                     \
    wr(EL1(reg), VNCR(offset));
    VNCR_EL1_REGS(SWITCH)
#undef SWITCH
    l1.el1.sp_el1 = rd(sp_el1);
    l1.el1.cntkctl = rd(EL1(cntkctl));
    wr(sp_el1, VNCR(SP_EL1));
    if (L1_VHE) { /* without, L1 has set the PE's own register */
        wr(EL1(cntkctl), l1.cntkctl);
    }
    wr(mdscr_el1, VNCR(MDSCR));
    wr(vpidr_el2, VNCR(VPIDR));
    wr(vmpidr_el2, VNCR(VMPIDR));
    wr(cntvoff_el2, VNCR(CNTVOFF));
    wr(EL1_TIMER(cntv_cval), VNCR(CNTV_CVAL));
    wr(EL1_TIMER(cntv_ctl), VNCR(CNTV_CTL));
    wr(cnthctl_el2, FIELD(l1.cnthctl, L1_VHE ? 10 : 0, 1) << 10);
    vgic_put(&v->gic);
    vgic_raw_load(&VNCR(ICH_LR0), VNCR(ICH_HCR), VNCR(ICH_VMCR), VNCR(ICH_AP0R0), VNCR(ICH_AP1R0));
    wr(vttbr_el2, (L2_VMID + FIELD(VNCR(VTTBR), 48, 2)) << 48 | (uintptr_t)shadow_root());
    enter(vcpu_hcr() | (VNCR(HCR) & LINES));
    v->pc = pc;
    v->pstate = pstate;
    l1.in_l2 = true;
}

/* L1 sees an exception to EL2: its vectors, its syndrome. */
static void l2_leave(struct vcpu *v, uint64_t vector, uint64_t esr, uint64_t far)
{
    VNCR(HCR) = (VNCR(HCR) & ~LINES) | (rd(hcr_el2) & LINES);
    VNCR(SP_EL1) = rd(sp_el1);
    VNCR(MDSCR) = rd(mdscr_el1);
    VNCR(CNTV_CVAL) = rd(EL1_TIMER(cntv_cval));
    VNCR(CNTV_CTL) = rd(EL1_TIMER(cntv_ctl));
    wr(EL1_TIMER(cntv_ctl), 0);
    l1.cntkctl = rd(EL1(cntkctl));
    l1.misr = vgic_raw_save(&VNCR(ICH_LR0), &VNCR(ICH_HCR), &VNCR(ICH_VMCR), &VNCR(ICH_AP0R0),
                            &VNCR(ICH_AP1R0));
#define SWITCH(reg, offset)                                                                        \
    VNCR(offset) = rd(EL1(reg));                                                                   \
    wr(EL1(reg), l1.el1.reg);
    VNCR_EL1_REGS(SWITCH)
#undef SWITCH
    wr(sp_el1, l1.el1.sp_el1);
    if (L1_VHE) {
        wr(EL1(cntkctl), l1.el1.cntkctl);
    }
    wr(vttbr_el2, v->vm->vttbr);
    vgic_load(&v->gic);
    vgic_hw_deactivated(&v->gic); /* by L2, through a list register with HW = 1 */
    l1_rights();
    wr(EL1(elr), v->pc);
    wr(EL1(spsr), v->pstate);
    wr(EL1(esr), esr);
    wr(EL1(far), far);
    v->pc = rd(EL1(vbar)) + vector;
    v->pstate = PSTATE_EL1H | PSTATE_DAIF;
    l1.in_l2 = false;
}

/* ---- registers of EL2 that trap ---- */
#define SYSREG(op0, op1, crn, crm, op2)                                                            \
    ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

static unsigned encoding(uint64_t iss)
{
    return SYSREG(FIELD(iss, 20, 2), FIELD(iss, 14, 3), FIELD(iss, 10, 4), FIELD(iss, 1, 4),
                  FIELD(iss, 17, 3));
}

/* CNTP_CTL_EL0 and CNTP_CVAL_EL0, or CNTHP_CTL_EL2 and CNTHP_CVAL_EL2. */
#define L1_TIMER(op2) SYSREG(3, L1_VHE ? 3 : 4, 14, 2, op2)

static uint64_t *stored(unsigned reg)
{
    switch (reg) {
    case SYSREG(3, 4, 1, 1, 1):
        return &l1.mdcr;
    case SYSREG(3, 4, 6, 0, 4):
        return &l1.hpfar;
    case SYSREG(3, 4, 12, 11, 2):
        return &l1.misr;
    case SYSREG(3, 4, 14, 1, 0):
        return &l1.cnthctl;
    case SYSREG(3, 5, 14, 1, 0):
        return &l1.cntkctl;
    case L1_TIMER(1):
        return &l1.timer_ctl;
    case L1_TIMER(2):
        return &l1.timer_cval;
    default:
        return NULL;
    }
}

/* With E2H = 1 registers of EL2 are laid out as EL1's. Without, two of these are not. */
static uint64_t as_el1(unsigned reg, uint64_t v)
{
    if (!L1_VHE && reg == SYSREG(3, 4, 2, 0, 2)) { /* TCR_EL2: PS becomes IPS, no upper half */
        return (v & 0xffff) | FIELD(v, 16, 3) << 32 | BIT(23);
    }
    if (!L1_VHE && reg == SYSREG(3, 4, 1, 1, 2)) { /* CPTR_EL2.TFP becomes CPACR_EL1.FPEN */
        return FIELD(v, 10, 1) != 0 ? 0 : UINT64_C(3) << 20;
    }
    return v;
}

#define ALIKE(X)                                                                                   \
    X(sctlr, 1, 0, 0)                                                                              \
    X(cpacr, 1, 1, 2) X(ttbr0, 2, 0, 0) X(tcr, 2, 0, 2) X(mair, 10, 2, 0) X(vbar, 12, 0, 0)

static bool alike(unsigned reg, bool read, uint64_t *value)
{
#define TRY(name, n, m, op2)                                                                       \
    if (reg == SYSREG(3, 4, n, m, op2)) {                                                          \
        if (read) {                                                                                \
            *value = rd(EL1(name));                                                                \
        } else {                                                                                   \
            wr(EL1(name), as_el1(reg, *value));                                                    \
        }                                                                                          \
        return true;                                                                               \
    }
    ALIKE(TRY)
#undef TRY
    return false;
}

static void timer_set(void)
{
    if ((l1.timer_ctl & (CNT_ENABLE | CNT_IMASK)) == CNT_ENABLE) {
        slice_until(l1.timer_cval);
    } else {
        slice_stop();
    }
}

static bool el2_register(struct vcpu *v, uint64_t iss)
{
    unsigned reg = encoding(iss), rt = FIELD(iss, 5, 5);
    bool read = (iss & 1) != 0;
    uint64_t *place = stored(reg), value = vcpu_reg(v, rt);

    if (place != NULL) {
        value = read ? *place : value;
        *place = value;
        if (reg == L1_TIMER(1) || reg == L1_TIMER(2)) {
            timer_set();
        }
    } else if (reg == SYSREG(1, 4, 8, 7, 0) || reg == SYSREG(1, 4, 8, 7, 4)) {
        shadow_drop(); /* TLBI ALLE2, ALLE1 */
    } else if (reg == SYSREG(3, 4, 12, 11, 1)) {
        value = rd(S3_4_C12_C11_1); /* ICH_VTR_EL2 */
    } else if (reg == SYSREG(3, 4, 12, 9, 5)) {
        value = 0xf; /* ICC_SRE_EL2 */
    } else if (!alike(reg, read, &value)) {
        return false;
    }
    if (read) {
        vcpu_set_reg(v, rt, value);
    }
    v->pc += 4;
    return true;
}

/* ---- why one of them left ---- */
static void l1_left(struct vcpu *v, enum exit_kind why)
{
    uint64_t esr = rd(esr_el2);

    if (why == EXIT_IRQ) {
        nested_irq(v);
    } else if (ESR_EC(esr) == EC_ERET) {
        l2_enter(v);
    } else if (ESR_EC(esr) == EC_WFX) {
        v->pc += 4;
        vgic_sync(&v->gic);
        while (!vgic_wakes(&v->gic)) {
            insn("wfi");
            nested_irq(v);
        }
    } else if (ESR_EC(esr) != EC_SYSREG || !el2_register(v, ESR_ISS(esr))) {
        trap_sync(v);
    }
}

static void l2_left(struct vcpu *v, enum exit_kind why)
{
    uint64_t esr = rd(esr_el2), hpfar = rd(hpfar_el2), far = rd(far_el2);
    bool abort = ESR_EC(esr) == EC_DABT_LOW || ESR_EC(esr) == EC_IABT_LOW;

    if (why == EXIT_IRQ) {
        nested_irq(v);
    } else if (!abort || !shadow_map(v->vm, FIELD(hpfar, 4, 44) << 12)) {
        l1.hpfar = hpfar;
        l2_leave(v, 0x400, esr, far);
    }
}

void nested_irq(struct vcpu *v)
{
    unsigned intid = irq_acknowledge();
    uint32_t bit = intid < 32 ? UINT32_C(1) << intid : 0;

    if (intid == PPI_MAINTENANCE && !l1.in_l2) {
        vgic_sync(&v->gic); /* of the list registers that L1 uses */
        bit = 0;
    }
    if (intid == PPI_EL2_TIMER) {
        slice_stop();
    }
    if (l1.in_l2) {
        v->gic.pending |= bit;
        if (bit != 0) {
            l2_leave(v, 0x480, 0, 0);
        }
    } else {
        vgic_sync(&v->gic);
        v->gic.pending |= bit;
    }
    irq_end(intid);
}

void nested_run(struct vcpu *v)
{
    wr(VNCR_EL2, (uintptr_t)vncr_page);
    v->timer.offset = 0;
    vcpu_load(v);
    l1_rights();
    for (;;) {
        if (l1.in_l2 && vgic_wakes(&v->gic)) {
            l2_leave(v, 0x480, 0, 0);
        }
        if (!l1.in_l2) {
            vgic_flush(&v->gic);
        }
        enum exit_kind why = guest_enter(v);
        if (l1.in_l2) {
            l2_left(v, why);
        } else {
            l1_left(v, why);
        }
    }
}
