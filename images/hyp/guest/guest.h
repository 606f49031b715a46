/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the guest share: checks, exceptions as records, the page that moves. */
#ifndef GUEST_H
#define GUEST_H

#include "abi.h"

/* ---- lib.c ---- */
void guest_start(uint64_t vm); /* exceptions and MMU; X0 of the first vCPU */
void print(const char *s);
void print_hex(uint64_t v);
void check(const char *name, bool ok);
void check_eq(const char *name, uint64_t got, uint64_t want);
void report(void); /* to the hypervisor, what was counted since */
uint64_t hvc(enum hypercall call, uint64_t a, uint64_t b);
uint64_t smc(uint64_t function, uint64_t a, uint64_t b, uint64_t c);
unsigned vm_number(void);
void mmu_on(void);

/* A page whose translation tests change, by default a page of its own. */
#define WINDOW UINT64_C(0x100000000)
void window_map(void *page, uint64_t attrs);
extern const char vectors[];

/* ---- exceptions of this vCPU, counted and then returned from. A synchronous one is stepped over.
 */
struct taken {
    volatile unsigned sync, irq, fiq, serror;
    volatile uint64_t esr, far, elr;
    volatile uint64_t intid; /* the last one acknowledged */
};
struct taken *taken(void);
void exceptions_init(struct taken *record);
void guest_trap(uint64_t vector, uint64_t *frame);

/* ---- the tests ---- */
void test_identity(void);
void test_memory(void);
void test_devices(void);
void test_time(void);
void test_interrupts(void);
void test_second_vcpu(void);
void guest_second(struct taken *record);
void guest_main(uint64_t vm);

/* ---- GICR of this vCPU, words ---- */
#define SGI_FRAME         (GICR_BASE + GICR_SGI)
#define mask_interrupts() insn("msr daifset, #7")
#define open_interrupts() insn("msr daifclr, #7")

#endif
