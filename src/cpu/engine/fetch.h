/* SPDX-License-Identifier: Apache-2.0 */
/* Instruction fetch: from a virtual address to the words that a block is made of. */
#ifndef CPU_ENGINE_FETCH_H
#define CPU_ENGINE_FETCH_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;

struct fetch {
    uint64_t pa;         /* of the instruction */
    uint32_t mode;       /* enum decode_mode of a block there */
    const uint8_t *host; /* the start of its 4 KiB page */
};

/* False: an exception was taken (Instruction Abort, PC alignment). */
bool fetch_page(struct cpu *c, uint64_t va, struct fetch *out);

#endif
