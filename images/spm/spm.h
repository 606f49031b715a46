/* SPDX-License-Identifier: Apache-2.0 */
/* Who talks to whom: SMC functions, and what monitor and partition manager share. */
#ifndef SPM_H
#define SPM_H

#include "arch.h"

/* X0 of an SMC; X1 is an argument, the result is in X0. */
enum smc_function {
    /* Non-secure world to monitor */
    MON_TIMER,  /* Group 0: CNTPS in X1 ticks */
    MON_COUNT,  /* how many Group 0 interrupts there were */
    MON_RESUME, /* go on with a request that an interrupt broke off */
    /* Non-secure world to partition manager */
    SPM_FIRST,
    SPM_CHECKS = SPM_FIRST, /* run its own checks */
    SPM_TIMER,              /* Secure Group 1: CNTHPS in X1 ticks */
    SPM_COUNT,              /* how many of those there were */
    SPM_SPIN,               /* be busy for X1 rounds; the result is X1 */
    SPM_N_CHECKS,
    SPM_N_FAILURES,
    /* monitor to partition manager */
    SPM_INTERRUPT, /* a Secure Group 1 interrupt is pending */
    /* partition manager to monitor */
    MON_DONE, /* result in X1; returns with the next request */
};
#define PREEMPTED UINT64_C(0xffff0001) /* result: ask for MON_RESUME */

#define SECURE_RAM       UINT64_C(0x0e000000)
#define SECURE_RAM_SIZE  UINT64_C(0x01000000)
#define SECURE_UART      UINT64_C(0x09040000)
#define SECURE_GPIO      UINT64_C(0x090b0000)
#define NS_IMAGE         UINT64_C(0x40200000)
#define PPI_CNTHVS       19
#define PPI_CNTHPS       20
#define PPI_CNTPS        29
#define PPI_CNTP         30
#define ICC_SRE_EL2      S3_4_C12_C9_5
#define ICC_SRE_EL3      S3_6_C12_C12_5
#define ICC_IGRPEN1_EL3  S3_6_C12_C12_7
#define GICR_IGRPMODR0   0x0d00
#define GROUP1S_PENDING  1020 /* what ICC_IAR0_EL1 says at EL3 */
#define GROUP1NS_PENDING 1021

/* Registers of EL1 and EL2 that each world has of its own. */
/* clang-format off */
#define WORLD_REGS(X)                                                                              \
    X(hcr_el2) X(sctlr_el2) X(tcr_el2) X(ttbr0_el2) X(mair_el2) X(vbar_el2) X(elr_el2)             \
    X(spsr_el2) X(esr_el2) X(far_el2) X(hpfar_el2) X(cptr_el2) X(mdcr_el2) X(vttbr_el2)            \
    X(vtcr_el2) X(vpidr_el2) X(vmpidr_el2) X(cnthctl_el2) X(cntvoff_el2) X(tpidr_el2) X(sp_el2)    \
    X(sctlr_el1) X(cpacr_el1) X(tcr_el1) X(ttbr0_el1) X(ttbr1_el1) X(mair_el1) X(vbar_el1)         \
    X(elr_el1) X(spsr_el1) X(esr_el1) X(far_el1) X(par_el1) X(contextidr_el1) X(tpidr_el1)         \
    X(cntkctl_el1) X(sp_el1) X(sp_el0) X(tpidr_el0)
/* clang-format on */

/* console.c of the hypervisor's folder */
void console_init(void);
void print(const char *s);
void print_hex(uint64_t v);

#endif
