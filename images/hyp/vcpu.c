/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU gets the PE and loses it: the registers of EL1, the traps that hold while it runs, the
 * identity it sees. And exceptions that the hypervisor makes in its name.
 */
#include "hyp.h"

#define HCR_VM   BIT(0)
#define HCR_SWIO BIT(1)
#define HCR_PTW  BIT(2)
#define HCR_FMO  BIT(3)
#define HCR_IMO  BIT(4)
#define HCR_AMO  BIT(5)
#define HCR_TWI  BIT(13)
#define HCR_TID3 BIT(18)
#define HCR_TSC  BIT(19)
#define HCR_TGE  BIT(27)
#define HCR_RW   BIT(31)
#define HCR_E2H  BIT(34)

/* VM: stage 2. xMO: interrupts are ours, the guest has virtual ones. Trapped: WFI, ID registers,
 * SMC. SWIO: cleaning cannot become dropping. PTW: no page tables in devices. */
#define HCR_GUEST                                                                                  \
    (HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_TWI | HCR_TID3 | HCR_TSC |    \
     HCR_RW | (VHE ? HCR_E2H : 0))
#define HCR_HOST (HCR_RW | HCR_FMO | HCR_IMO | HCR_AMO | (VHE ? HCR_E2H | HCR_TGE : 0))

#define VSESR_EL2  S3_4_C5_C2_3
#define SCTLR_RES1 UINT64_C(0x30d00800) /* MMU and caches off */

/* CPTR_EL2 and the counters' half of CNTHCTL_EL2 have a layout for each kind of host. */
#define CPTR_NO_TRAPS (VHE ? UINT64_C(3) << 20 : UINT64_C(0x33ff))

uint64_t vcpu_hcr(void)
{
    return HCR_GUEST;
}

void vcpu_init(void)
{
    wr(hcr_el2, HCR_HOST);
    wr(cptr_el2, CPTR_NO_TRAPS);
    wr(hstr_el2, 0);
    wr(mdcr_el2, rd(mdcr_el2) & 0x1f); /* HPMN as it is, no traps */
    wr(vpidr_el2, GUEST_MIDR);
    isb();
}

void vcpu_start(struct vcpu *v, uint64_t pc, uint64_t arg)
{
    v->pc = pc;
    v->x[0] = arg;
    v->pstate = PSTATE_EL1H | PSTATE_DAIF;
    v->el1 = (struct context){.sctlr = SCTLR_RES1};
    v->timer.offset = rd(cntpct_el0); /* time begins now */
    v->timer.left_at = 0;
    vgic_reset(&v->gic);
    v->state = VCPU_READY;
}

static void context_save(struct context *c)
{
#define SAVE(reg) c->reg = rd(EL1(reg));
    BANKED_REGS(SAVE)
#undef SAVE
#define SAVE(reg) c->reg = rd(reg);
    PLAIN_REGS(SAVE)
#undef SAVE
}

static void context_restore(const struct context *c)
{
#define RESTORE(reg) wr(EL1(reg), c->reg);
    BANKED_REGS(RESTORE)
#undef RESTORE
#define RESTORE(reg) wr(reg, c->reg);
    PLAIN_REGS(RESTORE)
#undef RESTORE
}

/* Stage 1 of one guest with stage 2 of another must not meet in a speculative walk: the order is
 * the manual's, VTTBR_EL2 and EL1's registers change while HCR_EL2 is the host's. */
void vcpu_load(struct vcpu *v)
{
    wr(vttbr_el2, v->vm->vttbr);
    wr(vmpidr_el2, GUEST_MPIDR(v->n));
    context_restore(&v->el1);
    vtimer_load(&v->timer);
    vgic_load(&v->gic);
    wr(hcr_el2, HCR_GUEST | v->lines);
    isb();
}

void vcpu_put(struct vcpu *v)
{
    vgic_put(&v->gic);
    vtimer_put(&v->timer, v->state == VCPU_WAITING);
    context_save(&v->el1);
    v->lines = rd(hcr_el2) & (LINE_VF | LINE_VI | LINE_VSE);
    wr(hcr_el2, HCR_HOST);
    isb();
}

/* Virtual interrupts without an interrupt controller. The PE clears VSE when it is taken. */
void vcpu_lines(struct vcpu *v, uint64_t lines)
{
    if ((lines & LINE_VSE) != 0 && FIELD(rd(id_aa64pfr0_el1), 28, 4) != 0) {
        wr(VSESR_EL2, VSESR_OF_TEST);
    }
    v->lines = lines;
    wr(hcr_el2, HCR_GUEST | lines);
    isb();
}

/* A synchronous exception to EL1, as the PE takes it. AArch64.TakeException */
void vcpu_inject(struct vcpu *v, uint64_t esr, uint64_t far)
{
    uint64_t mode = v->pstate & 0xf;
    uint64_t offset = mode == PSTATE_EL1H ? 0x200 : mode == PSTATE_EL0T ? 0x400 : 0x000;

    wr(EL1(elr), v->pc);
    wr(EL1(spsr), v->pstate);
    wr(EL1(esr), esr);
    wr(EL1(far), far);
    v->pc = rd(EL1(vbar)) + offset;
    v->pstate = PSTATE_EL1H | PSTATE_DAIF;
}
