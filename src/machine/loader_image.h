/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel images: what a file given by -kernel is, unpacked if need be.
 *
 * Understood: the arm64 Image (Linux, Documentation/arch/arm64/booting), the same compressed by
 * gzip or zstd, the EFI zboot wrapper around either, ELF (see loader_elf.h) and raw code. Images of
 * other architectures are recognised, to say so.
 */
#ifndef MACHINE_LOADER_IMAGE_H
#define MACHINE_LOADER_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

enum image_kind { IMAGE_RAW, IMAGE_ARM64, IMAGE_ELF };

struct image {
    enum image_kind kind;
    GBytes *bytes;        /* unpacked */
    uint64_t load_offset; /* from the start of RAM: IMAGE_RAW, IMAGE_ARM64 */
    uint64_t mem_size;    /* what it occupies in RAM, with its BSS: at least the size of bytes */
};

/* Map a file. Errors name it; `what` says what it was meant to be ("kernel"). */
GBytes *image_read_file(const char *what, const char *path, GError **err);

/* Classify and unpack. limit: most bytes that an unpacked image may have. */
bool image_parse(const char *name, GBytes *file, size_t limit, struct image *out,
                 GError **err) NODISCARD;
void image_clear(struct image *i);

#endif
