/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/loader_image.h"

#include <string.h>

#include "base/file.h"
#include "machine/memmap.h"
#include "machine/unpack.h"

/* Header of the arm64 Image, from its documentation. */
enum image_header {
    IMG_TEXT_OFFSET = 8,
    IMG_SIZE = 16,
    IMG_FLAGS = 24,
    IMG_MAGIC = 56, /* "ARM\x64" */
    IMG_PE_OFFSET = 60,
    IMG_HEADER_LEN = 64,
};
#define IMG_FLAG_BIG_ENDIAN 1

/* Header of an EFI zboot image: "MZ", 0, 0, "zimg", then these. */
enum zboot_header {
    ZBOOT_MAGIC = 4,
    ZBOOT_OFFSET = 8,
    ZBOOT_SIZE = 12,
    ZBOOT_TYPE = 24, /* name of the compression, 32 bytes */
    ZBOOT_HEADER_LEN = 60,
};

/* Where a kernel without a valid image_size goes, and the place kept free at the start of RAM. */
#define LEGACY_OFFSET    UINT64_C(0x80000)
#define RESERVED_AT_BASE UINT64_C(0x1000)
#define RELOCATED_OFFSET (2 * MIB)

/* A payload inside a payload inside a payload is no kernel. */
#define MAX_NESTING 3

static uint16_t le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t le32(const uint8_t *p)
{
    return (uint32_t)le16(p) | (uint32_t)le16(p + 2) << 16;
}

static uint64_t le64(const uint8_t *p)
{
    return le32(p) | (uint64_t)le32(p + 4) << 32;
}

/* Why a path cannot be a file to read, or NULL. */
GBytes *image_read_file(const char *what, const char *path, GError **err)
{
    GBytes *b = file_map(what, path, err);
    if (b == NULL) {
        return NULL;
    }
    if (g_bytes_get_size(b) == 0) {
        fail(err, ERR_FILE, "%s '%s' is empty", what, path);
        g_bytes_unref(b);
        return NULL;
    }
    return b;
}

/* Images that people pass by mistake. */
static const struct foreign {
    uint32_t offset, len;
    const char *magic, *what;
} foreigners[] = {
    {0x202, 4, "HdrS", "an x86 Linux kernel"},
    {0x024, 4, "\x18\x28\x6f\x01", "a 32-bit Arm Linux zImage"},
    {0x038, 4, "RSC\x05", "a RISC-V Linux Image"},
    {0x000, 4, "\x27\x05\x19\x56", "a U-Boot uImage: give the Image inside it"},
    {0x000, 4, "\xd0\x0d\xfe\xed", "a device tree or FIT image"},
    {0x000, 6, "070701", "an initramfs: give it by -initrd"},
    {0x000, 4, "QFI\xfb", "a qcow2 disk"},
    {0x000, 6,
     "\xfd"
     "7zXZ\0",
     "xz compressed: unpack it first"},
};

static bool reject_foreign(const char *name, const uint8_t *p, size_t len, GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(foreigners); i++) {
        const struct foreign *f = &foreigners[i];
        if (len >= f->offset + f->len && memcmp(p + f->offset, f->magic, f->len) == 0) {
            return fail(err, ERR_FILE, "kernel '%s' is %s", name, f->what);
        }
    }
    return true;
}

/*
 * A PE/COFF image carries its own size: check the machine and that every section is in the file.
 * Only called for files that begin with "MZ".
 */
static bool check_pe(const char *name, const uint8_t *p, size_t len, GError **err)
{
    enum { PE_MACHINE = 4, PE_SECTIONS = 6, PE_OPT_SIZE = 20, PE_HEADER_LEN = 24 };
    enum { SEC_RAW_SIZE = 16, SEC_RAW_OFFSET = 20, SEC_LEN = 40 };
    uint64_t pe = le32(p + IMG_PE_OFFSET);

    if (pe + PE_HEADER_LEN > len || memcmp(p + pe, "PE\0\0", 4) != 0) {
        return true; /* not PE after all: just code that begins like it */
    }
    if (le16(p + pe + PE_MACHINE) != 0xaa64) {
        return fail(err, ERR_FILE, "kernel '%s' is an EFI program for another architecture", name);
    }
    uint64_t sec = pe + PE_HEADER_LEN + le16(p + pe + PE_OPT_SIZE);
    for (unsigned n = le16(p + pe + PE_SECTIONS); n > 0; n--, sec += SEC_LEN) {
        if (sec + SEC_LEN > len ||
            (uint64_t)le32(p + sec + SEC_RAW_OFFSET) + le32(p + sec + SEC_RAW_SIZE) > len) {
            return fail(err, ERR_FILE, "kernel '%s' is truncated", name);
        }
    }
    return true;
}

/* The payload of a zboot image, unpacked; NULL and *err on error. */
static GBytes *unpack_zboot(const char *name, const uint8_t *p, size_t len, size_t limit,
                            GError **err)
{
    uint64_t off = le32(p + ZBOOT_OFFSET);
    uint64_t size = le32(p + ZBOOT_SIZE);
    char type[9] = {0};
    memcpy(type, p + ZBOOT_TYPE, sizeof(type) - 1);
    if (off + size > len) {
        fail(err, ERR_FILE, "kernel '%s' is truncated", name);
        return NULL;
    }
    enum unpack_format f = strcmp(type, "gzip") == 0   ? UNPACK_GZIP
                           : strcmp(type, "zstd") == 0 ? UNPACK_ZSTD
                                                       : UNPACK_NONE;
    if (f == UNPACK_NONE) {
        g_autofree char *shown = g_str_to_ascii(type, "C");
        fail(err, ERR_FILE, "kernel '%s': EFI zboot compression '%s' is not supported", name,
             g_strcanon(shown, "abcdefghijklmnopqrstuvwxyz0123456789", '?'));
        return NULL;
    }
    return unpack(name, f, p + off, size, limit, err);
}

static bool is_zboot(const uint8_t *p, size_t len)
{
    return len >= ZBOOT_HEADER_LEN && memcmp(p, "MZ", 2) == 0 &&
           memcmp(p + ZBOOT_MAGIC, "zimg", 4) == 0;
}

/* Peel one wrapper off *b. *out_done: there was none. */
static bool peel(const char *name, GBytes **b, size_t limit, bool *out_done, GError **err)
{
    size_t len;
    const uint8_t *p = g_bytes_get_data(*b, &len);
    GBytes *inner;
    enum unpack_format f = unpack_detect(p, len);

    *out_done = false;
    if (is_zboot(p, len)) {
        inner = unpack_zboot(name, p, len, limit, err);
    } else if (f != UNPACK_NONE) {
        inner = unpack(name, f, p, len, limit, err);
    } else {
        *out_done = true;
        return true;
    }
    if (inner == NULL) {
        return false;
    }
    g_bytes_unref(*b);
    *b = inner;
    return true;
}

static bool classify(const char *name, const uint8_t *p, size_t len, struct image *out,
                     GError **err)
{
    out->kind = IMAGE_RAW;
    out->load_offset = LEGACY_OFFSET;
    out->mem_size = len;
    if (len >= 4 && memcmp(p,
                           "\x7f"
                           "ELF",
                           4) == 0) {
        out->kind = IMAGE_ELF;
        return true;
    }
    if (!reject_foreign(name, p, len, err)) {
        return false;
    }
    if (len < IMG_HEADER_LEN) {
        return true;
    }
    if (memcmp(p, "MZ", 2) == 0 && !check_pe(name, p, len, err)) {
        return false;
    }
    if (memcmp(p + IMG_MAGIC, "ARM\x64", 4) != 0) {
        return true;
    }
    out->kind = IMAGE_ARM64;
    if (le64(p + IMG_FLAGS) & IMG_FLAG_BIG_ENDIAN) {
        return fail(err, ERR_FILE, "kernel '%s' is big-endian", name);
    }
    /* Before Linux 3.17 image_size was 0 and text_offset meant nothing. */
    uint64_t size = le64(p + IMG_SIZE);
    if (size != 0) {
        out->mem_size = MAX(size, len);
        out->load_offset = le64(p + IMG_TEXT_OFFSET);
        if (out->load_offset < RESERVED_AT_BASE) {
            out->load_offset += RELOCATED_OFFSET;
        }
    }
    return true;
}

bool image_parse(const char *name, GBytes *file, size_t limit, struct image *out, GError **err)
{
    bool done = false;
    *out = (struct image){.bytes = g_bytes_ref(file)};
    for (unsigned n = 0; !done; n++) {
        if (n > MAX_NESTING) {
            image_clear(out);
            return fail(err, ERR_FILE, "kernel '%s' is compressed too many times", name);
        }
        if (!peel(name, &out->bytes, limit, &done, err)) {
            image_clear(out);
            return false;
        }
    }
    size_t len;
    const uint8_t *p = g_bytes_get_data(out->bytes, &len);
    if (len == 0) {
        image_clear(out);
        return fail(err, ERR_FILE, "kernel '%s' is empty", name);
    }
    if (!classify(name, p, len, out, err)) {
        image_clear(out);
        return false;
    }
    return true;
}

void image_clear(struct image *i)
{
    g_clear_pointer(&i->bytes, g_bytes_unref);
}
