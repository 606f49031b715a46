/* SPDX-License-Identifier: Apache-2.0 */
/* The start: our own MMU, then two virtual machines with the same program, then the scheduler. */
#include "hyp.h"

#define RAM_OF_VMS    UINT64_C(0x44000000)
#define RAM_OF_NESTED UINT64_C(0x48000000)
#define GUEST_AT      UINT64_C(0x200000) /* from the start of RAM: hyp.ld */

#define SCTLR_RES1 UINT64_C(0x30c50830)
#define SCTLR_M    BIT(0)
#define SCTLR_C    BIT(2)
#define SCTLR_I    BIT(12)

/* TCR_EL2 has the layout of TCR_EL1 for a VHE host: two ranges, of which the upper is off. */
#define TCR_T0SZ  25
#define TCR_CACHE (UINT64_C(5) << 8 | UINT64_C(3) << 12)
#if VHE
#define TCR (TCR_T0SZ | TCR_CACHE | BIT(23) /* EPD1 */ | UINT64_C(2) << 32 /* IPS */ | BIT(31))
#else
#define TCR (TCR_T0SZ | TCR_CACHE | UINT64_C(2) << 16 /* PS */ | BIT(23) | BIT(31) /* RES1 */)
#endif

void *memcpy(void *to, const void *from, size_t n); /* bytes.c */
extern const char guest_image[], guest_image_end[];
_Noreturn void hyp_main(void);

#if NESTED
struct vm vms[N_VMS] = {{.n = 0, .n_vcpus = 1}};
#else
struct vm vms[N_VMS] = {{.n = 0, .n_vcpus = 2}, {.n = 1, .n_vcpus = 1}};
#endif

void hyp_panic(uint64_t vector)
{
    print("FAIL hypervisor: 0x");
    print_hex(vector);
    print(" ESR ");
    print_hex(rd(esr_el2));
    print(" ELR ");
    print_hex(rd(elr_el2));
    print(" FAR ");
    print_hex(rd(far_el2));
    print("\n");
    finish(false);
}

/* Addresses stay as they are: the first GiB is devices, the second RAM. */
void el2_mmu_on(void)
{
    uint64_t *root = table_new();

    root[0] = D_DEVICE;
    root[1] = BLOCK_1G | D_NORMAL;
    wr(mair_el2, MAIR);
    wr(tcr_el2, TCR);
    wr(ttbr0_el2, (uintptr_t)root);
    insn("tlbi alle2\ntlbi alle1\ndsb sy\nisb");
    wr(sctlr_el2, SCTLR_RES1 | SCTLR_M | SCTLR_C | SCTLR_I);
    isb();
}

static void vm_create(struct vm *vm)
{
    vm->ram = RAM_OF_VMS + vm->n * GUEST_RAM_SIZE;
    memcpy((void *)vm->ram, guest_image, (size_t)(guest_image_end - guest_image));
    stage2_create(vm);
    stage2_map(vm, GUEST_RAM, vm->ram, GUEST_RAM_SIZE);
    for (unsigned n = 0; n < vm->n_vcpus; n++) {
        vm->vcpu[n].vm = vm;
        vm->vcpu[n].n = n;
    }
    vcpu_start(&vm->vcpu[0], GUEST_RAM, vm->n);
}

/* A machine for a hypervisor: RAM and devices where the board has them, EL2 for its first vCPU. */
static _Noreturn void run_nested(struct vm *vm)
{
    vm->ram = RAM_OF_NESTED;
    memcpy((void *)(vm->ram + GUEST_AT), guest_image, (size_t)(guest_image_end - guest_image));
    stage2_create(vm);
    stage2_map(vm, NESTED_RAM, vm->ram, NESTED_RAM_SIZE);
    vm->vcpu[0].vm = vm;
    vcpu_start(&vm->vcpu[0], NESTED_RAM + GUEST_AT, 0);
    insn("ic iallu\ndsb sy\nisb");
    nested_run(&vm->vcpu[0]);
}

void hyp_main(void)
{
    console_init();
    el2_mmu_on();
    stage2_init();
    vcpu_init();
    vtimer_init();
    gic_init();
    print(VHE ? "hypervisor: VHE\n" : "hypervisor: nVHE\n");
    if (NESTED) {
        run_nested(&vms[0]);
    }
    for (unsigned n = 0; n < N_VMS; n++) {
        vm_create(&vms[n]);
    }
    insn("ic iallu\ndsb sy\nisb");
    sched_run();
}
