/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a world switch costs: one event many times, -DEVENT= says which. Ticks are the hypervisor's,
 * so that no time is hidden; where a tick is an instruction they count those.
 */
#include "guest.h"

#ifndef N
#define N 300000
#endif

extern const char second_start[];
static struct taken second_record;

uint64_t ws_hvc(void);
uint64_t ws_mmio(void);
uint64_t ws_ipi(void);
uint64_t ws_wfi(void);

/* A call that does nothing. */
uint64_t ws_hvc(void)
{
    for (unsigned i = 0; i < 3 * N; i++) {
        hvc(HC_NOP, 0, 0);
    }
    return 3 * N;
}

/* A load from an emulated device: stage 2 fault, syndrome, register. */
uint64_t ws_mmio(void)
{
    for (unsigned i = 0; i < 2 * N; i++) {
        (void)read32(SCRATCH_DEVICE);
    }
    return 2 * N;
}

static void send(unsigned vcpu)
{
    wr(ICC_SGI1R_EL1, UINT64_C(1) << 24 | BIT(vcpu));
    isb();
}

/* An SGI to itself: trap, list register, virtual IRQ, acknowledge, end. */
uint64_t ws_ipi(void)
{
    struct taken *t = taken();

    open_interrupts();
    for (unsigned i = 0; i < N; i++) {
        send(0);
    }
    mask_interrupts();
    return t->irq;
}

static void wait_for(struct taken *t, unsigned irqs)
{
    while (t->irq < irqs) {
        insn("wfi");
        open_interrupts();
        isb();
        mask_interrupts();
    }
}

void guest_second(struct taken *record)
{
    exceptions_init(record);
    mmu_on();
    wr(ICC_PMR_EL1, 0xf8);
    wr(ICC_IGRPEN1_EL1, 1);
    isb();
    for (unsigned i = 1;; i++) {
        wait_for(record, i);
        send(0);
    }
}

/* There and back: each vCPU wakes the other one and waits. Two switches a turn. */
uint64_t ws_wfi(void)
{
    struct taken *t = taken();

    smc(PSCI_CPU_ON, 1, (uintptr_t)second_start, (uintptr_t)&second_record);
    for (unsigned i = 1; i <= N / 10; i++) {
        send(1);
        wait_for(t, i);
    }
    return t->irq;
}

void guest_main(uint64_t vm)
{
    guest_start(vm);
    if (vm == 0) {
        wr(ICC_PMR_EL1, 0xf8);
        wr(ICC_IGRPEN1_EL1, 1);
        isb();
        uint64_t start = hvc(HC_CLOCK, 0, 0);
        uint64_t turns = EVENT();
        uint64_t ticks = hvc(HC_CLOCK, 0, 0) - start;
        print("SUM ");
        print_hex(turns);
        print("\nTICKS ");
        print_hex(ticks);
        print("\n");
    }
    smc(PSCI_SYSTEM_OFF, 0, 0, 0);
}
