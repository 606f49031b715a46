/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who gets the PE: round robin among the vCPUs that can run. One that executes WFI leaves it until
 * an interrupt is there for it; when all wait, so does the PE, for the earliest of their timers.
 */
#include "hyp.h"

#define SLICES_PER_SECOND 500

static struct vcpu *all[N_VMS * MAX_VCPUS];
static unsigned n_all;

static bool can_run(struct vcpu *v)
{
    if (v->state == VCPU_WAITING && (vgic_wakes(&v->gic) || v->lines != 0)) {
        v->timer.left_at = rd(cntpct_el0);
        v->state = VCPU_READY;
    }
    if (v->state == VCPU_WAITING && vtimer_wakes(&v->timer)) {
        v->state = VCPU_READY;
    }
    return v->state == VCPU_READY;
}

static struct vcpu *next_after(unsigned last)
{
    for (unsigned i = 1; i <= n_all; i++) {
        struct vcpu *v = all[(last + i) % n_all];
        if (can_run(v)) {
            return v;
        }
    }
    return NULL;
}

static void idle(void)
{
    uint64_t first = UINT64_MAX, when;

    for (unsigned i = 0; i < n_all; i++) {
        if (all[i]->state == VCPU_WAITING && vtimer_deadline(&all[i]->timer, &when) &&
            when < first) {
            first = when;
        }
    }
    slice_until(first);
    insn("wfi"); /* interrupts are masked: it only waits */
    irq_taken(NULL);
    slice_stop();
}

static void run(struct vcpu *v)
{
    bool stay = true;

    vcpu_load(v);
    slice_start(rd(cntfrq_el0) / SLICES_PER_SECOND);
    while (stay) {
        vgic_flush(&v->gic);
        enum exit_kind why = guest_enter(v);
        stay = why == EXIT_SYNC ? trap_sync(v) : why == EXIT_IRQ ? irq_taken(v) : true;
    }
    slice_stop();
    vcpu_put(v);
}

void sched_run(void)
{
    unsigned last = 0;

    for (unsigned i = 0; i < N_VMS * MAX_VCPUS; i++) {
        struct vm *vm = &vms[i / MAX_VCPUS];
        if (i % MAX_VCPUS < vm->n_vcpus) {
            all[n_all++] = &vm->vcpu[i % MAX_VCPUS];
        }
    }
    for (;;) {
        struct vcpu *v = next_after(last);
        if (v == NULL) {
            idle();
            continue;
        }
        while (all[last] != v) {
            last = (last + 1) % n_all;
        }
        run(v);
    }
}
