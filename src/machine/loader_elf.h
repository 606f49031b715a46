/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF programs and kernels: 64-bit little-endian AArch64, loaded at their physical addresses.
 * Left out: relocation (a position-independent executable is loaded where it says), section
 * headers.
 */
#ifndef MACHINE_LOADER_ELF_H
#define MACHINE_LOADER_ELF_H

#include <stdint.h>

#include "base/result.h"

struct elf_segment {
    uint64_t pa;
    uint64_t offset, file_size; /* within the file: checked */
    uint64_t mem_size;          /* the rest is zero */
};

struct elf_program {
    uint64_t entry;     /* physical */
    uint64_t low, last; /* first and last byte of all segments */
    struct elf_segment *segments;
    unsigned n_segments;
};

/* Total: any file gives a program or an error that names it. */
bool elf_parse(const char *name, GBytes *file, struct elf_program *out, GError **err) NODISCARD;
void elf_clear(struct elf_program *p);

#endif
