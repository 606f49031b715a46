/* SPDX-License-Identifier: Apache-2.0 */
/* The run loop of a PE and what other files of cpu/ need from it. */
#ifndef CPU_ENGINE_LOOP_H
#define CPU_ENGINE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;

/* Forget all decoded blocks, on every PE that shares them. */
void loop_flush_blocks(struct cpu *c);

#endif
