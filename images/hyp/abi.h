/* SPDX-License-Identifier: Apache-2.0 */
/* What the hypervisor and its guests agree on: the map of a virtual machine and hypercalls. */
#ifndef ABI_H
#define ABI_H

#include "arch.h"

/* Intermediate physical addresses. GIC and UART are where the board has them, emulated. */
#define GUEST_RAM      UINT64_C(0x80000000)
#define GUEST_RAM_SIZE (4 * BLOCK_2M)
#define SCRATCH_DEVICE UINT64_C(0x0a000000) /* two 64-bit registers: mmio.c */
#define NOTHING        UINT64_C(0x0b000000) /* no memory and no device */

/* Identification that the guest must see instead of the PE's. */
#define GUEST_MIDR     UINT64_C(0x41004d3f)
#define GUEST_MPIDR(n) (BIT(31) | (n))

/* HVC #0: X0 is the call, X1 the argument; the result is in X0. */
enum hypercall {
    HC_NOP,
    HC_REPORT, /* X1: checks, X2: failures */
    HC_YIELD,  /* let the other vCPUs run */
    HC_STEAL,  /* keep the PE from this vCPU for X1 ticks */
    HC_LINES,  /* X1: HCR_EL2.{VF, VI, VSE} from now on */
    HC_NOTIFY, /* X1: private interrupts whose EOI the hypervisor wants to know */
    HC_CLOCK,  /* the PE's physical count */
    HC_MAINT,  /* X1: a bit of ICH_MISR_EL2. How often it was a reason; starts again at 0 */
};
#define LINE_VF       BIT(6)
#define LINE_VI       BIT(7)
#define LINE_VSE      BIT(8)
#define MISR_EOI      0
#define MISR_U        1
#define MISR_LRENP    2
#define MISR_NP       3
#define VSESR_OF_TEST 0x123 /* VSESR_EL2 of LINE_VSE, where there is FEAT_RAS */

#endif
