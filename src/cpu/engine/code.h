/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for generated machine code, in the low 2 GiB, where 32-bit addresses and jumps reach it
 * and the program. It is mapped twice: nothing is writable and executable.
 */
#ifndef CPU_ENGINE_CODE_H
#define CPU_ENGINE_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct code_memory {
    uint8_t *write;         /* the same bytes: */
    const uint8_t *execute; /* what executes is at write + (execute - write) */
    size_t size, used;
};

/* False: the host does not permit it; nothing is mapped. */
bool code_map(struct code_memory *m, size_t bytes);
void code_unmap(struct code_memory *m);
/* Plain memory that 32-bit addresses reach, zeroed lazily; NULL: none. */
void *code_map_data(size_t bytes);
void code_unmap_data(void *p, size_t bytes);

#endif
