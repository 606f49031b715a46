/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the identification registers, computed from the model and its features. */
#ifndef CPU_SYS_SYSREG_ID_H
#define CPU_SYS_SYSREG_ID_H

struct cpu;

/* Take away features that need EL2 or EL3 from a PE without it. */
void sysreg_id_fit_features(struct cpu *c);
/* Fill the ID registers of c->sr. */
void sysreg_id_reset(struct cpu *c);

#endif
