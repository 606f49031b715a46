/* SPDX-License-Identifier: Apache-2.0 */
/* Instruction words as text, by capstone. */
#ifndef DEBUG_DISAS_H
#define DEBUG_DISAS_H

#include <stddef.h>
#include <stdint.h>

struct disas;

struct disas *disas_new(void);
void disas_free(struct disas *d);
/* "add x0, x1, #0x10"; ".inst 0x........" for what capstone does not know. */
void disas_insn(struct disas *d, uint64_t va, uint32_t word, char *buf, size_t len);

#endif
