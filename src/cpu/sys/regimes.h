/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System registers to translation configurations. Arm ARM, pseudocode TranslationRegime,
 * AArch64.GetS1TTWParams, AArch64.GetS2TTWParams.
 */
#ifndef CPU_SYS_REGIMES_H
#define CPU_SYS_REGIMES_H

#include "mmu/regime.h"

struct cpu;

/* The regime that translates for an EL in the current state. */
enum regime regime_of_el(const struct cpu *c, unsigned el);
/* The EL whose registers (SCTLR, TCR, ...) control a regime. */
unsigned regime_owner_el(enum regime r);
/* The configuration of a regime in the Security state of lower ELs (EL3: its own). */
void regime_config(const struct cpu *c, enum regime r, struct xlat_cfg *out);
/* The VMID of EL1&0 in that state; 0 when EL2 is not enabled. */
uint16_t regime_vmid(const struct cpu *c);
unsigned regime_vmid_bits(const struct cpu *c);
/* EL1&0 has a stage 2 in force. */
bool regime_stage2_on(const struct cpu *c);

#endif
