/* SPDX-License-Identifier: Apache-2.0 */
/* Two vCPUs of one machine on one PE: each waits in WFI for the SGI of the other. */
#include "guest.h"

#define ROUNDS 50

extern const char second_start[];
static struct taken second_record;
static volatile unsigned turns[2];
static volatile uint64_t second_mpidr;

static void wait_for(struct taken *t, unsigned irqs)
{
    while (t->irq < irqs) {
        insn("wfi");
        open_interrupts();
        isb();
        mask_interrupts();
    }
}

static void send(unsigned vcpu)
{
    wr(ICC_SGI1R_EL1, UINT64_C(1) << 24 | BIT(vcpu));
    isb();
}

void guest_second(struct taken *record)
{
    exceptions_init(record);
    mmu_on();
    second_mpidr = rd(mpidr_el1);
    wr(ICC_PMR_EL1, 0xf8);
    wr(ICC_IGRPEN1_EL1, 1);
    isb();
    for (unsigned i = 1; i <= ROUNDS; i++) {
        wait_for(record, i);
        turns[1]++;
        send(0);
    }
    smc(PSCI_CPU_OFF, 0, 0, 0);
}

void test_second_vcpu(void)
{
    struct taken *t = taken();
    uint64_t result = smc(PSCI_CPU_ON, 1, (uintptr_t)second_start, (uintptr_t)&second_record);

    if (vm_number() != 0) {
        check_eq("CPU_ON of a vCPU there is not", result, (uint64_t)-2);
        return;
    }
    check_eq("CPU_ON", result, 0);
    t->irq = 0;
    for (unsigned i = 1; i <= ROUNDS; i++) {
        send(1);
        wait_for(t, i);
        check_eq("turns", turns[1], i);
    }
    check_eq("MPIDR_EL1 of the other vCPU", second_mpidr, GUEST_MPIDR(1));
    check_eq("its own exceptions", second_record.irq, ROUNDS);
}
