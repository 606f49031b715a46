/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asynchronous exceptions: which are pending, which may be taken, and to which EL. Arm ARM D1.3.6
 * "Asynchronous exception types", routing and masking tables.
 */
#ifndef CPU_SYS_IRQSEL_H
#define CPU_SYS_IRQSEL_H

#include <stdbool.h>

#include "base/bits.h"

/* SCTLR_ELx, FEAT_NMI */
#define SCTLR_NMI       BIT(61)
#define SCTLR_SPINTMASK BIT(62)

struct cpu;

/* Is any interrupt input active, or a virtual one pending in HCR_EL2, masked or not? */
bool cpu_lines(const struct cpu *c);
/* A WFI wake-up event: an interrupt that is pending whatever PSTATE masks. */
bool cpu_wakeup_pending(const struct cpu *c);
/* A WFE wake-up event: one that would be taken now. */
bool irqsel_is_due(const struct cpu *c);
/* Take the pending asynchronous exception with the highest priority, if one may be taken. */
bool irqsel_take(struct cpu *c);
/* A physical SError is pending and cannot be taken here: what ESB defers. */
bool irqsel_serror_is_masked(const struct cpu *c);

#endif
