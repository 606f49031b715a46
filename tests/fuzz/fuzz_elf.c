/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an ELF file: a program or an error, and segments that are inside the file. */
#include <glib.h>
#include <stdlib.h>

#include "machine/loader_elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) b = g_bytes_new(data, size);
    struct elf_program p;
    GError *err = NULL;

    if (!elf_parse("fuzz", b, &p, &err)) {
        if (err == NULL) {
            abort();
        }
        g_error_free(err);
        return 0;
    }
    for (unsigned i = 0; i < p.n_segments; i++) {
        const struct elf_segment *s = &p.segments[i];
        if (s->file_size > size || s->offset > size - s->file_size || s->mem_size < s->file_size ||
            s->pa < p.low || s->pa + (s->mem_size - 1) > p.last) {
            abort();
        }
    }
    elf_clear(&p);
    return 0;
}
