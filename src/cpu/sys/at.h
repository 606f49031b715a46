/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address translation instructions: AT S1E0R to AT S12E1W and S1E1A to S1E3A, and PAR_EL1.
 * Arm ARM C5.4; pseudocode AArch64.AT, AArch64.EncodePAR. Choices: an AT sets access flags (with
 * hardware management), never dirty state; PAR_EL1 reports the attributes that take effect, with
 * Device and Normal Non-cacheable memory as Outer Shareable.
 */
#ifndef CPU_SYS_AT_H
#define CPU_SYS_AT_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;

/*
 * enc: SYSREG_ENC of an AT that exists and is permitted here; va: Xt. False: an exception was taken
 * (External abort on a walk; at EL1 also a stage 2 fault on a stage 1 walk).
 */
bool at_execute(struct cpu *c, uint16_t enc, uint64_t va);

#endif
