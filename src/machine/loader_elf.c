/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/loader_elf.h"

#include <gelf.h>
#include <libelf.h>
#include <string.h>

/* More program headers than this is no program. */
#define MAX_PHDRS 4096

static bool check_header(const char *name, const uint8_t *p, size_t len, GError **err)
{
    if (len < sizeof(Elf64_Ehdr)) {
        return fail(err, ERR_FILE, "ELF file '%s' is truncated", name);
    }
    if (p[EI_CLASS] != ELFCLASS64 || p[EI_DATA] != ELFDATA2LSB) {
        return fail(err, ERR_FILE, "ELF file '%s' is not 64-bit little-endian", name);
    }
    return true;
}

static bool add_segment(const char *name, const GElf_Phdr *ph, size_t len, struct elf_program *out,
                        GError **err)
{
    if (ph->p_memsz == 0) {
        return true;
    }
    if (ph->p_filesz > len || ph->p_offset > len - ph->p_filesz) {
        return fail(err, ERR_FILE, "ELF file '%s' is truncated: a segment ends beyond the file",
                    name);
    }
    if (ph->p_filesz > ph->p_memsz || ph->p_paddr + (ph->p_memsz - 1) < ph->p_paddr) {
        return fail(err, ERR_FILE, "ELF file '%s' has an impossible segment", name);
    }
    out->segments[out->n_segments++] = (struct elf_segment){
        .pa = ph->p_paddr,
        .offset = ph->p_offset,
        .file_size = ph->p_filesz,
        .mem_size = ph->p_memsz,
    };
    out->low = MIN(out->low, ph->p_paddr);
    out->last = MAX(out->last, ph->p_paddr + (ph->p_memsz - 1));
    return true;
}

static bool read_segments(const char *name, Elf *elf, size_t len, const GElf_Ehdr *eh,
                          struct elf_program *out, GError **err)
{
    size_t n = 0;
    bool entry_found = false;

    if (elf_getphdrnum(elf, &n) != 0 || n == 0 || n > MAX_PHDRS) {
        return fail(err, ERR_FILE, "ELF file '%s' has no usable program headers", name);
    }
    out->segments = g_new0(struct elf_segment, n);
    out->low = UINT64_MAX;
    for (size_t i = 0; i < n; i++) {
        GElf_Phdr ph;
        if (gelf_getphdr(elf, (int)i, &ph) == NULL) {
            return fail(err, ERR_FILE, "ELF file '%s' is truncated", name);
        }
        if (ph.p_type != PT_LOAD) {
            continue;
        }
        if (!add_segment(name, &ph, len, out, err)) {
            return false;
        }
        /* The entry is a virtual address: it runs where its segment is loaded. */
        if (!entry_found && eh->e_entry >= ph.p_vaddr && eh->e_entry - ph.p_vaddr < ph.p_memsz) {
            out->entry = eh->e_entry - ph.p_vaddr + ph.p_paddr;
            entry_found = true;
        }
    }
    if (out->n_segments == 0) {
        return fail(err, ERR_FILE, "ELF file '%s' has nothing to load", name);
    }
    return true;
}

static bool parse(const char *name, Elf *elf, size_t len, struct elf_program *out, GError **err)
{
    GElf_Ehdr eh;
    if (elf == NULL || gelf_getehdr(elf, &eh) == NULL) {
        return fail(err, ERR_FILE, "ELF file '%s' is damaged", name);
    }
    if (eh.e_machine != EM_AARCH64) {
        return fail(err, ERR_FILE, "ELF file '%s' is not for AArch64", name);
    }
    if (eh.e_type != ET_EXEC && eh.e_type != ET_DYN) {
        return fail(err, ERR_FILE, "ELF file '%s' is not an executable", name);
    }
    out->entry = eh.e_entry;
    return read_segments(name, elf, len, &eh, out, err);
}

bool elf_parse(const char *name, GBytes *file, struct elf_program *out, GError **err)
{
    size_t len;
    const uint8_t *p = g_bytes_get_data(file, &len);

    *out = (struct elf_program){0};
    if (!check_header(name, p, len, err)) {
        return false;
    }
    elf_version(EV_CURRENT);
    /* libelf does not write to an image opened like this, though its type says it could. */
    Elf *elf = elf_memory((char *)p, len);
    bool ok = parse(name, elf, len, out, err);
    elf_end(elf);
    if (!ok) {
        elf_clear(out);
    }
    return ok;
}

void elf_clear(struct elf_program *p)
{
    g_clear_pointer(&p->segments, g_free);
    p->n_segments = 0;
}
