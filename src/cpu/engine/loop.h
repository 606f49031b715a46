/* SPDX-License-Identifier: Apache-2.0 */
/* The run loop of a PE and what other files of cpu/ need from it. */
#ifndef CPU_ENGINE_LOOP_H
#define CPU_ENGINE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;

/* Has the virtual counter (CNTVCT_EL0 as seen now) reached this value? For WFxT. */
bool cpu_counter_passed(const struct cpu *c, uint64_t value);
/* Forget all decoded blocks, on every PE that shares them. */
void loop_flush_blocks(struct cpu *c);

#endif
