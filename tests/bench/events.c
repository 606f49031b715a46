/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a hypervisor or a kernel does all the time, one at a time: exceptions, TLB maintenance,
 * address space switches, system registers, device registers, code that changes. -DEVENT= selects
 * one.
 */
#include "bench.h"

#define N UINT64_C(1000000)

/* Vectors that do the least: step over what was not an SVC, and return. EL2, and no registers kept
 * but X9. */
__asm__(".pushsection .text\n.balign 2048\nevent_vectors:\n"
        ".space 0x200\n"
        "mrs x9, esr_el2\nlsr x9, x9, #26\ncmp x9, #0x25\nb.ne 1f\n"
        "mrs x9, elr_el2\nadd x9, x9, #4\nmsr elr_el2, x9\n1: eret\n"
        ".balign 2048\n.popsection");
extern const char event_vectors[];

static _Alignas(4096) uint64_t page[512];

static void loop_start(void)
{
    wr(vbar_el2, (uintptr_t)event_vectors);
    isb();
}

uint64_t ev_svc(void);
uint64_t ev_abort(void);
uint64_t ev_tlbi_va(void);
uint64_t ev_tlbi_all(void);
uint64_t ev_asid(void);
uint64_t ev_mrs(void);
uint64_t ev_daif(void);
uint64_t ev_mmio(void);
uint64_t ev_ic(void);
uint64_t ev_codepage(void);

uint64_t ev_svc(void)
{
    loop_start();
    for (uint64_t i = 0; i < 2 * N; i++) {
        __asm__ volatile("svc #0" ::: "x9", "cc", "memory");
    }
    return 0;
}

uint64_t ev_abort(void)
{
    loop_start();
    for (uint64_t i = 0; i < N; i++) {
        __asm__ volatile("ldr x10, [%0]" ::"r"(WINDOW) : "x9", "x10", "cc", "memory");
    }
    return 0;
}

uint64_t ev_tlbi_va(void)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < N; i++) {
        __asm__ volatile("tlbi vae2, %0\ndsb nsh\nisb" ::"r"((uintptr_t)page >> 12) : "memory");
        sum += *(volatile uint64_t *)page;
    }
    return sum;
}

uint64_t ev_tlbi_all(void)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < N / 2; i++) {
        insn("tlbi alle2\ndsb nsh\nisb");
        sum += *(volatile uint64_t *)page + *(volatile uint64_t *)(RAM_BASE + 64);
    }
    return sum;
}

/* EL2 has no ASID without E2H: two address spaces of EL1, from EL2, each visited by a load at EL1.
 */
SNIPPET(asid_loop, "1: msr ttbr0_el1, x1\nisb\nldr x5, [x0]\n"
                   "msr ttbr0_el1, x2\nisb\nldr x6, [x0]\n"
                   "add x4, x4, x5\nadd x4, x4, x6\nsubs x3, x3, #1\nb.ne 1b");

uint64_t ev_asid(void)
{
    struct tables a = stage1_flat(), b = stage1_flat();

    stage1_on(1, &a, 1);
    struct outcome o = run_at(MASKED(EL1H), asid_loop,
                              ARGS((uintptr_t)page, (uintptr_t)a.root | UINT64_C(1) << 48,
                                   (uintptr_t)b.root | UINT64_C(2) << 48, N / 4, 0));
    return o.x[4] + o.done;
}

uint64_t ev_mrs(void)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < 10 * N; i++) {
        wr(tpidr_el1, i);
        sum += rd(tpidr_el1) ^ rd(ttbr0_el1) ^ rd(contextidr_el1);
    }
    return sum & 1;
}

uint64_t ev_daif(void)
{
    for (uint64_t i = 0; i < 10 * N; i++) {
        insn("msr daifset, #2\nmsr daifclr, #2");
    }
    return 0;
}

/* The peripheral identification register of the UART. */
uint64_t ev_mmio(void)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < 4 * N; i++) {
        sum += *(volatile uint32_t *)UINT64_C(0x09000fe0);
    }
    return sum;
}

/* A function of two instructions that changes: written, cleaned, invalidated, called. */
uint64_t ev_ic(void)
{
    uint32_t *code = (uint32_t *)(RAM_BASE + (UINT64_C(32) << 20));
    uint64_t x = 0;

    code[1] = 0xd65f03c0; /* RET */
    for (uint64_t i = 0; i < N / 8; i++) {
        code[0] = 0x91000400u + (uint32_t)((i & 7) << 10); /* ADD X0, X0, #1 to #8 */
        __asm__ volatile("dc cvau, %0\ndsb ish\nic ivau, %0\ndsb ish\nisb" ::"r"(code) : "memory");
        x = ((uint64_t (*)(uint64_t))(uintptr_t)code)(x);
    }
    return x;
}

/* Data beside code: stores to a page that holds code which runs in between. */
uint64_t ev_codepage(void)
{
    uint32_t *code = (uint32_t *)(RAM_BASE + (UINT64_C(32) << 20));
    uint64_t x = 0;

    code[0] = 0x91000400u;
    code[1] = 0xd65f03c0;
    __asm__ volatile("dc cvau, %0\ndsb ish\nic ivau, %0\ndsb ish\nisb" ::"r"(code) : "memory");
    for (uint64_t i = 0; i < 2 * N; i++) {
        *(volatile uint64_t *)(code + 512) = i;
        if ((i & 15) == 0) {
            x = ((uint64_t (*)(uint64_t))(uintptr_t)code)(x);
        }
    }
    return x;
}

uint64_t bench_run(void)
{
    return EVENT();
}
