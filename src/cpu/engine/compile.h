/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second tier: blocks that run often are compiled by copying stencils (engine/stencil.h).
 *
 * A compiled operation is machine code in place of its handler: same arguments, same registers,
 * same ways out. Its slot stays, so that faults, slow paths and interpreted neighbours find the
 * operands there and go on in the next slot, compiled or not. Blocks are chained, invalidated and
 * retired as before; nothing else knows which tier a block is in.
 */
#ifndef CPU_ENGINE_COMPILE_H
#define CPU_ENGINE_COMPILE_H

#include <stddef.h>

struct block;
struct compiler;
struct cpu;

/* NULL: the host cannot do it. arena: where blocks are. */
struct compiler *compiler_new(const void *arena, size_t bytes);
void compiler_free(struct compiler *k);
/* All blocks are gone. */
void compiler_flush(struct compiler *k);
/* Make blk->first and the function pointers of its operations lead to machine code. */
void compiler_compile(struct compiler *k, struct cpu *c, struct block *blk);

#endif
