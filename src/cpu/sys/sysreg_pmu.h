/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Performance monitors (FEAT_PMUv3, Arm ARM D13): a cycle counter and six event counters that count
 * SW_INCR, INST_RETIRED and CPU_CYCLES. Without a timing model an instruction takes a cycle.
 *
 * Counters stand still in c->sr between two calls of pmu_sync, which adds the instructions executed
 * since then under the filters that hold now. So whatever changes a filter, a control or the EL
 * calls it first.
 */
#ifndef CPU_SYS_SYSREG_PMU_H
#define CPU_SYS_SYSREG_PMU_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;
struct irq_line;

void pmu_init(struct cpu *c);
void pmu_finalize(struct cpu *c);
void pmu_reset(struct cpu *c);

/* Count up to c->insns. Before exceptions, exception returns and changes of security state. */
void pmu_sync(struct cpu *c);
/* Work out when the next overflow is due. After the same. */
void pmu_reschedule(struct cpu *c);
/* Is any counter on? When not, the two above need not be called. */
bool pmu_active(const struct cpu *c);

/* The overflow interrupt, for the board to connect. */
struct irq_line *pmu_irq(struct cpu *c);

#endif
