/* SPDX-License-Identifier: Apache-2.0 */
/* Why the guest left, by the exception class of ESR_EL2, and what is done about it. */
#include "hyp.h"

static unsigned n_checks, n_failures, n_off;

static bool undefined(struct vcpu *v)
{
    vcpu_inject(v, ESR(EC_UNKNOWN, 0), 0);
    return true;
}

/* ---- hypercalls ---- */
static uint64_t steal(uint64_t ticks)
{
    uint64_t start = rd(cntpct_el0);

    while (rd(cntpct_el0) - start < ticks) {
    }
    return 0;
}

bool trap_hypercall(struct vcpu *v)
{
    switch (v->x[0]) {
    case HC_NOP:
        break;
    case HC_REPORT:
        n_checks += v->x[1];
        n_failures += v->x[2];
        break;
    case HC_YIELD:
        return false;
    case HC_STEAL:
        vcpu_put(v);
        v->x[0] = steal(v->x[1]);
        vcpu_load(v);
        return true;
    case HC_LINES:
        vcpu_lines(v, v->x[1]);
        break;
    case HC_NOTIFY:
        vgic_sync(&v->gic);
        v->gic.notify = v->x[1];
        break;
    case HC_CLOCK:
        v->x[0] = rd(cntpct_el0);
        return true;
    case HC_MAINT:
        v->x[0] = v->gic.maintenance[v->x[1] & 7];
        v->gic.maintenance[v->x[1] & 7] = 0;
        return true;
    default:
        return undefined(v);
    }
    v->x[0] = 0;
    return true;
}

/* ---- PSCI by SMC, which HCR_EL2.TSC sends here ---- */
static void system_off(void)
{
    if (!NESTED) { /* else the guest has counted and said so */
        print("OK ");
        print_dec(n_checks);
        print(" checks\n");
    }
    finish(n_failures == 0);
}

static bool vm_off(struct vm *vm)
{
    for (unsigned n = 0; n < vm->n_vcpus; n++) {
        vm->vcpu[n].state = VCPU_OFF;
    }
    if (++n_off == N_VMS) {
        system_off();
    }
    return false;
}

static bool psci(struct vcpu *v)
{
    struct vm *vm = v->vm;
    uint64_t target = v->x[1];

    switch (v->x[0]) {
    case PSCI_VERSION:
        v->x[0] = 0x10001;
        return true;
    case PSCI_CPU_ON:
        if (target >= vm->n_vcpus || vm->vcpu[target].state != VCPU_OFF) {
            v->x[0] = (uint64_t)-2;
            return true;
        }
        vcpu_start(&vm->vcpu[target], v->x[2], v->x[3]);
        v->x[0] = 0;
        return true;
    case PSCI_CPU_OFF:
        v->state = VCPU_OFF;
        return false;
    case PSCI_SYSTEM_OFF:
        return vm_off(vm);
    default:
        v->x[0] = (uint64_t)-1;
        return true;
    }
}

/* ---- waiting ---- */
static bool wfi(struct vcpu *v)
{
    vgic_sync(&v->gic);
    if (vgic_wakes(&v->gic) || (rd(hcr_el2) & (LINE_VF | LINE_VI | LINE_VSE)) != 0) {
        return true;
    }
    v->state = VCPU_WAITING;
    return false;
}

/* ---- aborts of stage 2 ---- */
static bool stage2_abort(struct vcpu *v, uint64_t esr)
{
    uint64_t ipa = FIELD(rd(hpfar_el2), 4, 44) << 12 | (rd(far_el2) & (PAGE - 1));

    if (mmio_trap(v, esr, ipa)) {
        v->pc += 4;
        return true;
    }
    /* Nothing is there, or nobody can tell what the instruction wanted: an External abort. The
     * class of the same level is one above that of a lower one. */
    unsigned same = (v->pstate & 0xf) != PSTATE_EL0T;
    vcpu_inject(v, ESR(ESR_EC(esr) | same, DFSC_SEA | (esr & BIT(6))), rd(far_el2));
    return true;
}

bool trap_sync(struct vcpu *v)
{
    uint64_t esr = rd(esr_el2);

    switch (ESR_EC(esr)) {
    case EC_HVC64: /* the PE has stepped over HVC, but over nothing else */
        return trap_hypercall(v);
    case EC_SMC64:
        v->pc += 4;
        return psci(v);
    case EC_WFX:
        v->pc += 4;
        return wfi(v);
    case EC_SYSREG:
        if (!sysreg_trap(v, ESR_ISS(esr))) {
            return undefined(v);
        }
        v->pc += 4;
        return true;
    case EC_DABT_LOW:
    case EC_IABT_LOW:
        return stage2_abort(v, esr);
    default:
        return undefined(v);
    }
}
