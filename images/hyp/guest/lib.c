/* SPDX-License-Identifier: Apache-2.0 */
/* Checks and exceptions of the guest, and its own stage 1. */
#include "guest.h"

static unsigned n_checks, n_failures, vm;

/* ---- calls ---- */
uint64_t hvc(enum hypercall call, uint64_t a, uint64_t b)
{
    register uint64_t x0 __asm__("x0") = call;
    register uint64_t x1 __asm__("x1") = a;
    register uint64_t x2 __asm__("x2") = b;

    __asm__ volatile("hvc #0" : "+r"(x0) : "r"(x1), "r"(x2) : "memory");
    return x0;
}

uint64_t smc(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = a;
    register uint64_t x2 __asm__("x2") = b;
    register uint64_t x3 __asm__("x3") = c;

    __asm__ volatile("smc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}

/* ---- console and checks ---- */
void print(const char *s)
{
    for (; *s != '\0'; s++) {
        write32(UART_BASE, (uint8_t)*s);
    }
}

void print_hex(uint64_t v)
{
    char s[19] = "0x";

    for (unsigned i = 0; i < 16; i++) {
        s[2 + i] = "0123456789abcdef"[v >> (60 - 4 * i) & 15];
    }
    s[18] = '\0';
    print(s);
}

static void failed(const char *name)
{
    n_failures++;
    print(vm == 0 ? "FAIL vm0 " : "FAIL vm1 ");
    print(name);
}

void check(const char *name, bool ok)
{
    n_checks++;
    if (!ok) {
        failed(name);
        print("\n");
    }
}

void check_eq(const char *name, uint64_t got, uint64_t want)
{
    n_checks++;
    if (got != want) {
        failed(name);
        print(": ");
        print_hex(got);
        print(", want ");
        print_hex(want);
        print("\n");
    }
}

void report(void)
{
    hvc(HC_REPORT, n_checks, n_failures);
    n_checks = n_failures = 0;
}

unsigned vm_number(void)
{
    return vm;
}

/* ---- exceptions ---- */
struct taken *taken(void)
{
    return (struct taken *)rd(tpidr_el1);
}

void exceptions_init(struct taken *record)
{
    wr(tpidr_el1, (uintptr_t)record);
    wr(vbar_el1, (uintptr_t)vectors);
    isb();
}

static void irq(struct taken *t)
{
    t->irq++;
    t->intid = rd(ICC_IAR1_EL1);
    if (t->intid == SPURIOUS) {
        hvc(HC_LINES, 0, 0); /* from HCR_EL2.VI: nothing to acknowledge */
        return;
    }
    if (t->intid == PPI_VTIMER) {
        wr(cntv_ctl_el0, 0);
    }
    wr(ICC_EOIR1_EL1, t->intid);
}

static void fiq(struct taken *t)
{
    t->fiq++;
    t->intid = rd(ICC_IAR0_EL1);
    if (t->intid == SPURIOUS) {
        hvc(HC_LINES, 0, 0);
        return;
    }
    wr(ICC_EOIR0_EL1, t->intid);
}

void guest_trap(uint64_t vector, uint64_t *frame)
{
    struct taken *t = taken();

    t->elr = frame[0];
    switch (vector & 0x180) {
    case 0x000:
        t->sync++;
        t->esr = rd(esr_el1);
        t->far = rd(far_el1);
        frame[0] += 4;
        break;
    case 0x080:
        irq(t);
        break;
    case 0x100:
        fiq(t);
        break;
    default:
        t->serror++;
        t->esr = rd(esr_el1);
    }
}

/* ---- stage 1: addresses stay as they are, but for the window ---- */
#define SCTLR    (UINT64_C(0x30d00800) | BIT(0) | BIT(2) | BIT(12))
#define TCR      (25 | UINT64_C(5) << 8 | UINT64_C(3) << 12 | BIT(23) | UINT64_C(2) << 32)
#define THE_ASID UINT64_C(1) /* of both machines */

static _Alignas(4096) uint64_t root[512], window_l2[512], window_l3[512], own_page[512];

void window_map(void *page, uint64_t attrs)
{
    window_l3[0] = 0;
    dsb();
    __asm__ volatile("tlbi vaae1is, %0\ndsb sy\nisb" ::"r"(WINDOW >> 12) : "memory");
    window_l3[0] = (uintptr_t)page | attrs | D_TABLE;
    dsb();
    isb();
}

void mmu_on(void)
{
    root[0] = D_DEVICE;
    root[2] = GUEST_RAM | D_NORMAL;
    root[4] = (uintptr_t)window_l2 | D_TABLE | D_VALID;
    window_l2[0] = (uintptr_t)window_l3 | D_TABLE | D_VALID;
    window_map(own_page, D_NORMAL | D_NG);
    wr(mair_el1, MAIR);
    wr(tcr_el1, TCR);
    wr(ttbr0_el1, (uintptr_t)root | THE_ASID << 48);
    isb();
    wr(sctlr_el1, SCTLR);
    isb();
}

void guest_start(uint64_t vm_n)
{
    static struct taken record;

    vm = vm_n;
    exceptions_init(&record);
    mmu_on();
}
