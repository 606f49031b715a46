/* SPDX-License-Identifier: Apache-2.0 */
/* A guest at EL1 whose IRQs and FIQs are virtual, of a hypervisor at EL2 on a GICv3 or later. */
#ifndef GUEST_VGUEST_H
#define GUEST_VGUEST_H

#include "gic.h"

#define ISR_F BIT(6)
#define ISR_I BIT(7)

/* This PE: both groups on, no priority masked, no list register in use. */
void vguest_init(void);
/* x0 of a snippet that it runs to the end. */
uint64_t vguest_run(const void *code, uint64_t arg);
/* ISR_EL1 as it sees it. */
uint64_t vguest_isr(void);
/* Its running priority; 0xff: idle. */
uint64_t vguest_priority(void);
/* How a moment ends in which it does not mask IRQs; x0 = 1 when none came. */
struct outcome vguest_unmask(void);
/* Group 1. vguest_take: what it acknowledges, and ends unless that is SPURIOUS. */
uint64_t vguest_acknowledge(void);
void vguest_end(uint64_t intid);
uint64_t vguest_take(void);

#endif
