/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel images and ELF files: the right ones, and every way of being wrong. Placement in RAM. */
#include <elf.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <libfdt.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/bits.h"
#include "fakes/unit.h"
#include "machine/boot.h"
#include "machine/loader_elf.h"
#include "machine/loader_image.h"
#include "machine/memmap.h"

#define FAIL(...)                                                                                  \
    do {                                                                                           \
        print_error(__VA_ARGS__);                                                                  \
        print_error("\n");                                                                         \
        assert_true(false);                                                                        \
    } while (0)
#define LIMIT (64 * MIB)
#define RAM   UINT64_C(0x40000000)

/* ---- makers ---- */

static GBytes *make_image(uint64_t text_offset, uint64_t image_size, size_t len)
{
    uint8_t *p = g_malloc0(len);
    text_offset = GUINT64_TO_LE(text_offset);
    image_size = GUINT64_TO_LE(image_size);
    memcpy(p + 8, &text_offset, 8);
    memcpy(p + 16, &image_size, 8);
    memcpy(p + 56, "ARM\x64", 4);
    for (size_t i = 64; i < len; i++) {
        p[i] = (uint8_t)(i * 7);
    }
    return g_bytes_new_take(p, len);
}

static GBytes *gzip(GBytes *b)
{
    size_t len;
    const void *p = g_bytes_get_data(b, &len);
    size_t cap = compressBound(len) + 64;
    uint8_t *out = g_malloc(cap);
    z_stream z = {
        .next_in = (Bytef *)p, .avail_in = (uInt)len, .next_out = out, .avail_out = (uInt)cap};
    deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t n = z.total_out;
    deflateEnd(&z);
    return g_bytes_new_take(out, n);
}

static GBytes *zstd(GBytes *b)
{
    size_t len;
    const void *p = g_bytes_get_data(b, &len);
    size_t cap = ZSTD_compressBound(len);
    uint8_t *out = g_malloc(cap);
    size_t n = ZSTD_compress(out, cap, p, len, 3);
    assert_false(ZSTD_isError(n));
    return g_bytes_new_take(out, n);
}

static GBytes *zboot(GBytes *payload, const char *type, int64_t size_error)
{
    size_t len;
    const void *p = g_bytes_get_data(payload, &len);
    uint8_t *out = g_malloc0(64 + len);
    uint32_t off = GUINT32_TO_LE(64);
    uint32_t size = GUINT32_TO_LE((uint32_t)((int64_t)len + size_error));
    memcpy(out, "MZ\0\0zimg", 8);
    memcpy(out + 8, &off, 4);
    memcpy(out + 12, &size, 4);
    g_strlcpy((char *)out + 24, type, 32);
    memcpy(out + 64, p, len);
    return g_bytes_new_take(out, 64 + len);
}

struct elf_file {
    Elf64_Ehdr eh;
    Elf64_Phdr ph[2];
    uint8_t code[64];
};

static struct elf_file good_elf(void)
{
    struct elf_file f = {
        .eh = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
               .e_type = ET_EXEC,
               .e_machine = EM_AARCH64,
               .e_version = EV_CURRENT,
               .e_entry = UINT64_C(0xffff000000000010),
               .e_phoff = sizeof(Elf64_Ehdr),
               .e_ehsize = sizeof(Elf64_Ehdr),
               .e_phentsize = sizeof(Elf64_Phdr),
               .e_phnum = 2},
        .ph = {{.p_type = PT_LOAD,
                .p_offset = offsetof(struct elf_file, code),
                .p_vaddr = UINT64_C(0xffff000000000000),
                .p_paddr = 0x40080000,
                .p_filesz = 64,
                .p_memsz = 4096},
               {.p_type = PT_NOTE}},
    };
    memset(f.code, 0x5a, sizeof(f.code));
    return f;
}

/* ---- image_parse ---- */

static void expect_image(GBytes *b, enum image_kind kind, uint64_t offset, uint64_t mem, size_t len)
{
    struct image img;
    GError *err = NULL;
    if (!image_parse("k", b, LIMIT, &img, &err)) {
        FAIL("%s", err->message);
    }
    assert_int_equal(img.kind, kind);
    assert_int_equal(img.load_offset, offset);
    assert_int_equal(img.mem_size, mem);
    assert_int_equal(g_bytes_get_size(img.bytes), len);
    image_clear(&img);
    g_bytes_unref(b);
}

static void reject_image(GBytes *b, const char *needle)
{
    struct image img;
    GError *err = NULL;
    assert_false(image_parse("some-file", b, LIMIT, &img, &err));
    if (strstr(err->message, needle) == NULL || strstr(err->message, "some-file") == NULL) {
        FAIL("'%s' does not say '%s'", err->message, needle);
    }
    g_error_free(err);
    g_bytes_unref(b);
}

static void test_image(void **state)
{
    expect_image(make_image(0, 0x30000, 8192), IMAGE_ARM64, 2 * MIB, 0x30000, 8192);
    expect_image(make_image(0x80000, 100, 8192), IMAGE_ARM64, 0x80000, 8192, 8192);
    /* An old kernel: image_size 0, text_offset means nothing. */
    expect_image(make_image(0x1234000, 0, 8192), IMAGE_ARM64, 0x80000, 8192, 8192);
    expect_image(g_bytes_new("\x00\x00\x00\x14", 4), IMAGE_RAW, 0x80000, 4, 4);
}

static void test_compressed(void **state)
{
    g_autoptr(GBytes) plain = make_image(0, 0x30000, 100000);
    g_autoptr(GBytes) gz = gzip(plain);
    g_autoptr(GBytes) zs = zstd(plain);
    size_t n = g_bytes_get_size(gz);
    size_t m = g_bytes_get_size(zs);

    expect_image(g_bytes_ref(gz), IMAGE_ARM64, 2 * MIB, 0x30000 > 100000 ? 0x30000 : 100000,
                 100000);
    expect_image(g_bytes_ref(zs), IMAGE_ARM64, 2 * MIB, 0x30000, 100000);
    expect_image(zboot(gz, "gzip", 0), IMAGE_ARM64, 2 * MIB, 0x30000, 100000);
    expect_image(zboot(zs, "zstd", 0), IMAGE_ARM64, 2 * MIB, 0x30000, 100000);
    reject_image(zboot(gz, "lzma", 0), "'lzma'");
    reject_image(zboot(gz, "\xff\x01", 0), "not supported");
    reject_image(zboot(gz, "gzip", 1), "truncated");
    reject_image(zboot(gz, "gzip", -100), "truncated");
    reject_image(zboot(zs, "gzip", 0), "corrupt");
    reject_image(g_bytes_new_from_bytes(gz, 0, n - n / 2), "truncated");
    reject_image(g_bytes_new_from_bytes(zs, 0, m - m / 2), "truncated");
    /* Trailing padding is common. */
    g_autoptr(GByteArray) padded = g_byte_array_new();
    g_byte_array_append(padded, g_bytes_get_data(gz, NULL), (guint)n);
    g_byte_array_append(padded, (const guint8 *)"\0\0\0\0\0\0\0", 7);
    expect_image(g_bytes_new(padded->data, padded->len), IMAGE_ARM64, 2 * MIB, 0x30000, 100000);
}

static void test_bombs(void **state)
{
    g_autofree uint8_t *zeros = g_malloc0(80 * MIB);
    g_autoptr(GBytes) big = g_bytes_new_static(zeros, 80 * MIB);
    reject_image(gzip(big), "unpacks to more than 64 MiB");
    reject_image(zstd(big), "unpacks to more than 64 MiB");
    GBytes *b = make_image(0, 0, 100);
    for (int i = 0; i < 6; i++) {
        GBytes *next = gzip(b);
        g_bytes_unref(b);
        b = next;
    }
    reject_image(b, "too many times");
    g_autoptr(GBytes) nothing = g_bytes_new("", 0);
    reject_image(gzip(nothing), "empty");
}

static void test_foreign(void **state)
{
    uint8_t p[1024] = {0};
    memcpy(p + 0x202, "HdrS", 4);
    reject_image(g_bytes_new(p, sizeof(p)), "x86");
    memset(p, 0, sizeof(p));
    memcpy(p + 0x24, "\x18\x28\x6f\x01", 4);
    reject_image(g_bytes_new(p, sizeof(p)), "32-bit");
    memset(p, 0, sizeof(p));
    memcpy(p, "070701", 6);
    reject_image(g_bytes_new(p, sizeof(p)), "initramfs");
    /* An EFI program: wrong machine, then a section that is not all there. */
    memset(p, 0, sizeof(p));
    memcpy(p, "MZ", 2);
    p[60] = 64;
    memcpy(p + 64, "PE\0\0\x64\x86", 6);
    reject_image(g_bytes_new(p, sizeof(p)), "another architecture");
    memcpy(p + 68, "\x64\xaa\x01\x00", 4);
    memcpy(p + 56, "ARM\x64", 4);
    memset(p + 64 + 24 + 16, 0xff, 2);
    reject_image(g_bytes_new(p, sizeof(p)), "truncated");
    /* A big-endian Image. */
    memset(p, 0, sizeof(p));
    memcpy(p + 56, "ARM\x64", 4);
    p[24] = 1;
    reject_image(g_bytes_new(p, sizeof(p)), "big-endian");
}

/* ---- elf_parse ---- */

static void reject_elf(const struct elf_file *f, size_t len, const char *needle)
{
    g_autoptr(GBytes) b = g_bytes_new(f, len);
    struct elf_program p;
    GError *err = NULL;
    assert_false(elf_parse("prog", b, &p, &err));
    if (strstr(err->message, needle) == NULL) {
        FAIL("'%s' does not say '%s'", err->message, needle);
    }
    g_error_free(err);
}

static void test_elf(void **state)
{
    struct elf_file f = good_elf();
    g_autoptr(GBytes) b = g_bytes_new(&f, sizeof(f));
    struct elf_program p;
    assert_true(elf_parse("prog", b, &p, NULL));
    assert_int_equal(p.entry, 0x40080010);
    assert_int_equal(p.low, 0x40080000);
    assert_int_equal(p.last, 0x40080fff);
    assert_int_equal(p.n_segments, 1);
    assert_int_equal(p.segments[0].file_size, 64);
    elf_clear(&p);
}

static void test_elf_hostile(void **state)
{
    struct elf_file f = good_elf();
    f.eh.e_machine = EM_X86_64;
    reject_elf(&f, sizeof(f), "not for AArch64");
    f = good_elf();
    f.eh.e_ident[EI_CLASS] = ELFCLASS32;
    reject_elf(&f, sizeof(f), "64-bit");
    f = good_elf();
    f.eh.e_type = ET_REL;
    reject_elf(&f, sizeof(f), "not an executable");
    f = good_elf();
    reject_elf(&f, sizeof(f) - 1, "truncated");
    reject_elf(&f, 20, "truncated");
    f.eh.e_phoff = UINT64_MAX - 8;
    reject_elf(&f, sizeof(f), "ELF file");
    f = good_elf();
    f.eh.e_phnum = 60000;
    reject_elf(&f, sizeof(f), "ELF file");
    f = good_elf();
    f.eh.e_phnum = 0;
    reject_elf(&f, sizeof(f), "ELF file");
    f = good_elf();
    f.ph[0].p_offset = UINT64_MAX - 10;
    reject_elf(&f, sizeof(f), "truncated");
    f = good_elf();
    f.ph[0].p_memsz = 10;
    reject_elf(&f, sizeof(f), "impossible");
    f = good_elf();
    f.ph[0].p_paddr = UINT64_MAX - 100;
    reject_elf(&f, sizeof(f), "impossible");
    f = good_elf();
    f.ph[0].p_type = PT_NOTE;
    reject_elf(&f, sizeof(f), "nothing to load");
}

/* ---- placement ---- */

static char *temp_file(GBytes *b)
{
    char *path = NULL;
    int fd = g_file_open_tmp("armature-test-XXXXXX", &path, NULL);
    assert_true(fd >= 0);
    close(fd);
    assert_true(
        g_file_set_contents(path, g_bytes_get_data(b, NULL), (gssize)g_bytes_get_size(b), NULL));
    return path;
}

static GBytes *make_tree(void)
{
    uint8_t buf[1024];
    assert_int_equal(fdt_create_empty_tree(buf, sizeof(buf)), 0);
    return g_bytes_new(buf, sizeof(buf));
}

static void test_boot_image(void **state)
{
    g_autoptr(GBytes) k = make_image(0, 3 * MIB, 8192);
    g_autoptr(GBytes) i = g_bytes_new_static("initrd", 6);
    g_autoptr(GBytes) dtb = make_tree();
    g_autofree char *kernel = temp_file(k);
    g_autofree char *initrd = temp_file(i);
    struct boot_request q = {
        .kernel = kernel, .initrd = initrd, .ram_base = RAM, .ram_size = GIB, .n_pes = 1};
    struct rom_list *roms = rom_list_new();
    struct boot_plan p;
    bool loaded;

    assert_true(boot_prepare(&q, roms, &p, NULL));
    assert_true(p.linux_boot);
    assert_int_equal(p.entry, RAM + 2 * MIB);
    assert_int_equal(p.initrd_start, RAM + 128 * MIB);
    assert_int_equal(p.initrd_end, RAM + 128 * MIB + 6);
    assert_int_equal(p.dtb_addr, RAM + 130 * MIB);
    assert_true(boot_add_dtb(&p, roms, dtb, &loaded, NULL));
    assert_true(loaded);
    boot_plan_clear(&p);
    rom_list_free(roms);

    /* Little RAM: the initrd moves behind the kernel, or does not fit. */
    q.ram_size = 4 * MIB;
    GError *err = NULL;
    roms = rom_list_new();
    assert_false(boot_prepare(&q, roms, &p, &err));
    assert_non_null(strstr(err->message, "does not fit"));
    assert_non_null(strstr(err->message, kernel));
    g_clear_error(&err);
    rom_list_free(roms);
    q.ram_size = 6 * MIB;
    roms = rom_list_new();
    assert_true(boot_prepare(&q, roms, &p, NULL));
    assert_int_equal(p.initrd_start, RAM + 5 * MIB);
    assert_false(boot_add_dtb(&p, roms, dtb, &loaded, &err));
    assert_non_null(strstr(err->message, "device tree"));
    g_clear_error(&err);
    boot_plan_clear(&p);
    rom_list_free(roms);
    g_unlink(kernel);
    g_unlink(initrd);
}

static void test_boot_elf_and_items(void **state)
{
    struct elf_file f = good_elf();
    g_autoptr(GBytes) b = g_bytes_new(&f, sizeof(f));
    g_autofree char *path = temp_file(b);
    struct boot_item items[] = {
        {.file = path, .cpu_num = 1},
        {.has_addr = true, .addr = 0x50000000, .cpu_num = 0},
        {.has_addr = true,
         .addr = 0x48000000,
         .has_data = true,
         .data = 0x11223344,
         .data_len = 4,
         .cpu_num = -1},
    };
    struct boot_request q = {
        .ram_base = RAM, .ram_size = GIB, .n_pes = 2, .items = items, .n_items = ARRAY_LEN(items)};
    struct rom_list *roms = rom_list_new();
    struct boot_plan p;
    GError *err = NULL;

    assert_true(boot_prepare(&q, roms, &p, NULL));
    assert_false(p.has_program);
    assert_int_equal(p.starts->len, 2);
    assert_int_equal(g_array_index(p.starts, struct boot_start, 0).pe, 1);
    assert_int_equal(g_array_index(p.starts, struct boot_start, 0).pc, 0x40080010);
    assert_int_equal(g_array_index(p.starts, struct boot_start, 1).pc, 0x50000000);
    assert_true(rom_list_overlaps(roms, 0x48000003, 1));
    assert_false(rom_list_overlaps(roms, 0x48000004, 1));
    boot_plan_clear(&p);

    /* The same ELF as kernel, over the first: an overlap. */
    q.kernel = path;
    assert_false(boot_prepare(&q, roms, &p, &err));
    assert_non_null(strstr(err->message, "overlaps"));
    g_clear_error(&err);
    rom_list_free(roms);
    roms = rom_list_new();
    q.n_items = 0;
    assert_true(boot_prepare(&q, roms, &p, NULL));
    assert_false(p.linux_boot);
    assert_true(p.has_program);
    assert_int_equal(p.entry, 0x40080010);
    assert_int_equal(p.dtb_addr, RAM);
    assert_int_equal(p.dtb_limit, 0x40080000);
    boot_plan_clear(&p);
    rom_list_free(roms);
    roms = rom_list_new();
    q.kernel = NULL;
    items[1].cpu_num = 2;
    q.n_items = ARRAY_LEN(items);
    assert_false(boot_prepare(&q, roms, &p, &err));
    assert_non_null(strstr(err->message, "no PE 2"));
    g_clear_error(&err);
    rom_list_free(roms);
    g_unlink(path);
}

static void test_missing_files(void **state)
{
    struct boot_request q = {
        .kernel = "/nonexistent/kernel", .ram_base = RAM, .ram_size = GIB, .n_pes = 1};
    struct rom_list *roms = rom_list_new();
    struct boot_plan p;
    GError *err = NULL;

    assert_false(boot_prepare(&q, roms, &p, &err));
    assert_non_null(strstr(err->message, "'/nonexistent/kernel' does not exist"));
    g_clear_error(&err);
    q.kernel = "/";
    assert_false(boot_prepare(&q, roms, &p, &err));
    assert_non_null(strstr(err->message, "directory"));
    g_clear_error(&err);
    q.kernel = "/dev/null";
    assert_false(boot_prepare(&q, roms, &p, &err));
    g_clear_error(&err);
    rom_list_free(roms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_image),         cmocka_unit_test(test_compressed),
        cmocka_unit_test(test_bombs),         cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_elf),           cmocka_unit_test(test_elf_hostile),
        cmocka_unit_test(test_boot_image),    cmocka_unit_test(test_boot_elf_and_items),
        cmocka_unit_test(test_missing_files),
    };
    return cmocka_run_group_tests_name("loader", tests, NULL, NULL);
}
