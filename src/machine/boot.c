/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/boot.h"

#include <inttypes.h>
#include <string.h>

#include "base/bits.h"
#include "machine/fdt.h"
#include "machine/loader_elf.h"
#include "machine/loader_image.h"
#include "machine/memmap.h"

/* An unpacked kernel above this is a compression bomb. */
#define MAX_UNPACKED (1 * GIB)
/* The initrd goes behind the kernel, but not lower than half of RAM or this. */
#define INITRD_OFFSET (128 * MIB)
#define PAGE          (4 * KIB)
/* Linux maps the device tree with 2 MiB blocks. */
#define DTB_ALIGN (2 * MIB)

static bool too_large(const char *what, const char *path, uint64_t end,
                      const struct boot_request *q, GError **err)
{
    return fail(err, ERR_FILE,
                "%s '%s' does not fit: it would end %" PRIu64 " MiB into %" PRIu64
                " MiB of RAM (-m)",
                what, path, (end - q->ram_base + MIB - 1) / MIB, q->ram_size / MIB);
}

static bool fits(const struct boot_request *q, uint64_t base, uint64_t size)
{
    return base >= q->ram_base && size <= q->ram_size && base - q->ram_base <= q->ram_size - size;
}

static bool add_segments(const char *path, GBytes *file, const struct elf_program *elf,
                         struct rom_list *roms, GError **err)
{
    for (unsigned i = 0; i < elf->n_segments; i++) {
        const struct elf_segment *s = &elf->segments[i];
        g_autoptr(GBytes) part = g_bytes_new_from_bytes(file, s->offset, s->file_size);
        if (!rom_list_add(roms, path, s->pa, part, s->mem_size, err)) {
            return false;
        }
    }
    return true;
}

static bool load_elf(const char *path, GBytes *file, struct rom_list *roms, struct elf_program *out,
                     GError **err)
{
    if (!elf_parse(path, file, out, err)) {
        return false;
    }
    if (!add_segments(path, file, out, roms, err)) {
        elf_clear(out);
        return false;
    }
    return true;
}

/* An ELF kernel is a program of its own: no boot protocol; the device tree at the start of RAM if
 * the program leaves room there. */
static bool kernel_elf(const struct boot_request *q, GBytes *file, struct rom_list *roms,
                       struct boot_plan *out, GError **err)
{
    struct elf_program elf;
    if (!load_elf(q->kernel, file, roms, &elf, err)) {
        return false;
    }
    out->entry = elf.entry;
    out->dtb_addr = q->ram_base;
    out->dtb_limit = elf.low > q->ram_base ? elf.low : q->ram_base + q->ram_size;
    out->dtb_optional = true;
    elf_clear(&elf);
    return true;
}

static bool kernel_initrd(const struct boot_request *q, uint64_t kernel_end, struct rom_list *roms,
                          struct boot_plan *out, GError **err)
{
    uint64_t start = q->ram_base + MIN(q->ram_size / 2, INITRD_OFFSET);
    uint64_t size = 0;

    start = align_up(MAX(start, kernel_end), PAGE);
    if (q->initrd != NULL) {
        g_autoptr(GBytes) b = image_read_file("initrd", q->initrd, err);
        if (b == NULL) {
            return false;
        }
        size = g_bytes_get_size(b);
        if (!fits(q, start, size)) {
            return too_large("initrd", q->initrd, start + size, q, err);
        }
        if (!rom_list_add(roms, q->initrd, start, b, size, err)) {
            return false;
        }
        out->initrd_start = start;
        out->initrd_end = start + size;
    }
    out->dtb_addr = align_up(start + size, DTB_ALIGN);
    out->dtb_limit = q->ram_base + q->ram_size;
    return true;
}

static bool kernel_image(const struct boot_request *q, const struct image *img,
                         struct rom_list *roms, struct boot_plan *out, GError **err)
{
    uint64_t base = q->ram_base + img->load_offset;
    if (base < q->ram_base || img->mem_size > UINT64_MAX - base) {
        return fail(err, ERR_FILE, "kernel '%s' has an impossible header", q->kernel);
    }
    if (!fits(q, base, img->mem_size)) {
        return too_large("kernel", q->kernel, base + img->mem_size, q, err);
    }
    if (!rom_list_add(roms, q->kernel, base, img->bytes, g_bytes_get_size(img->bytes), err)) {
        return false;
    }
    out->linux_boot = true;
    out->entry = base;
    return kernel_initrd(q, base + img->mem_size, roms, out, err);
}

static bool load_kernel(const struct boot_request *q, struct rom_list *roms, struct boot_plan *out,
                        GError **err)
{
    g_autoptr(GBytes) file = image_read_file("kernel", q->kernel, err);
    struct image img;
    if (file == NULL ||
        !image_parse(q->kernel, file, (size_t)MIN(q->ram_size, MAX_UNPACKED), &img, err)) {
        return false;
    }
    out->has_program = true;
    bool ok = img.kind == IMAGE_ELF ? kernel_elf(q, img.bytes, roms, out, err)
                                    : kernel_image(q, &img, roms, out, err);
    image_clear(&img);
    return ok;
}

/* With firmware, kernel and initrd are only handed over: firmware takes an Image as an EFI program.
 */
static bool hand_over(const struct boot_request *q, struct boot_plan *out, GError **err)
{
    if (q->kernel != NULL) {
        g_autoptr(GBytes) file = image_read_file("kernel", q->kernel, err);
        struct image img;
        if (file == NULL ||
            !image_parse(q->kernel, file, (size_t)MIN(q->ram_size, MAX_UNPACKED), &img, err)) {
            return false;
        }
        out->kernel_bytes = g_bytes_ref(img.bytes);
        image_clear(&img);
    }
    if (q->initrd != NULL) {
        out->initrd_bytes = image_read_file("initrd", q->initrd, err);
        return out->initrd_bytes != NULL;
    }
    return true;
}

static void add_start(struct boot_plan *out, const struct boot_item *it, uint64_t pc)
{
    if (it->cpu_num >= 0) {
        struct boot_start s = {(unsigned)it->cpu_num, pc};
        g_array_append_val(out->starts, s);
    }
}

static bool item_file(const struct boot_item *it, struct rom_list *roms, struct boot_plan *out,
                      GError **err)
{
    g_autoptr(GBytes) file = image_read_file("-device loader: file", it->file, err);
    if (file == NULL) {
        return false;
    }
    size_t len;
    const uint8_t *p = g_bytes_get_data(file, &len);
    if (!it->force_raw && len >= 4 &&
        memcmp(p,
               "\x7f"
               "ELF",
               4) == 0) {
        struct elf_program elf;
        if (!load_elf(it->file, file, roms, &elf, err)) {
            return false;
        }
        add_start(out, it, elf.entry);
        elf_clear(&elf);
        return true;
    }
    if (!it->has_addr) {
        return fail(err, ERR_OPTION, "-device loader: '%s' is not ELF and needs addr=", it->file);
    }
    add_start(out, it, it->addr);
    return rom_list_add(roms, it->file, it->addr, file, len, err);
}

static bool item_data(const struct boot_item *it, struct rom_list *roms, GError **err)
{
    uint8_t buf[8];
    for (unsigned i = 0; i < it->data_len; i++) {
        unsigned at = it->data_be ? it->data_len - 1 - i : i;
        buf[at] = (uint8_t)(it->data >> (8 * i));
    }
    g_autoptr(GBytes) b = g_bytes_new(buf, it->data_len);
    return rom_list_add(roms, "-device loader: data", it->addr, b, it->data_len, err);
}

static bool load_item(const struct boot_request *q, const struct boot_item *it,
                      struct rom_list *roms, struct boot_plan *out, GError **err)
{
    if (it->cpu_num >= (int)q->n_pes) {
        return fail(err, ERR_OPTION, "-device loader: there is no PE %d (-smp %u)", it->cpu_num,
                    q->n_pes);
    }
    if (it->file != NULL) {
        return item_file(it, roms, out, err);
    }
    if (it->has_data) {
        return item_data(it, roms, err);
    }
    add_start(out, it, it->addr);
    return true;
}

static bool load_module(const struct boot_module *mod, struct rom_list *roms, struct boot_plan *out,
                        GError **err)
{
    const char *what =
        mod->is_kernel ? "-device guest-loader: kernel" : "-device guest-loader: initrd";
    g_autoptr(GBytes) file = image_read_file(what, mod->file, err);
    if (file == NULL) {
        return false;
    }
    struct fdt_module node = {
        .addr = mod->addr,
        .size = g_bytes_get_size(file),
        .bootargs = mod->bootargs,
        .is_kernel = mod->is_kernel,
    };
    g_array_append_val(out->modules, node);
    return rom_list_add(roms, mod->file, mod->addr, file, node.size, err);
}

bool boot_prepare(const struct boot_request *q, struct rom_list *roms, struct boot_plan *out,
                  GError **err)
{
    *out = (struct boot_plan){
        .dtb_addr = q->ram_base,
        .dtb_limit = q->ram_base + q->ram_size,
        .dtb_optional = true,
        .starts = g_array_new(false, false, sizeof(struct boot_start)),
        .modules = g_array_new(false, false, sizeof(struct fdt_module)),
    };
    bool ok = true;
    for (size_t i = 0; i < q->n_items && ok; i++) {
        ok = load_item(q, &q->items[i], roms, out, err);
    }
    for (size_t i = 0; i < q->n_modules && ok; i++) {
        ok = load_module(&q->modules[i], roms, out, err);
    }
    if (ok && q->firmware) {
        ok = hand_over(q, out, err);
    } else if (ok && q->kernel != NULL) {
        out->dtb_optional = false;
        ok = load_kernel(q, roms, out, err);
    }
    if (!ok) {
        boot_plan_clear(out);
    }
    return ok;
}

static bool dtb_fits(const struct boot_plan *p, const struct rom_list *roms, GBytes *dtb)
{
    uint64_t size = g_bytes_get_size(dtb);
    return p->dtb_addr <= p->dtb_limit && size <= p->dtb_limit - p->dtb_addr &&
           !rom_list_overlaps(roms, p->dtb_addr, size);
}

bool boot_add_dtb(const struct boot_plan *p, struct rom_list *roms, GBytes *dtb, bool *out_loaded,
                  GError **err)
{
    /* With less and less room for firmware to add to it. */
    static const size_t slack[] = {SIZE_MAX, 64 * KIB, 0};
    for (size_t i = 0; i < ARRAY_LEN(slack); i++) {
        g_autoptr(GBytes) tree =
            slack[i] == SIZE_MAX ? g_bytes_ref(dtb) : fdt_shrink(dtb, slack[i]);
        if (dtb_fits(p, roms, tree)) {
            *out_loaded = true;
            return rom_list_add(roms, "device tree", p->dtb_addr, tree, g_bytes_get_size(tree),
                                err);
        }
    }
    *out_loaded = false;
    return p->dtb_optional ||
           fail(err, ERR_FILE,
                "the device tree does not fit behind kernel and initrd: more RAM (-m) is needed");
}

void boot_plan_clear(struct boot_plan *p)
{
    g_clear_pointer(&p->starts, g_array_unref);
    g_clear_pointer(&p->modules, g_array_unref);
    g_clear_pointer(&p->kernel_bytes, g_bytes_unref);
    g_clear_pointer(&p->initrd_bytes, g_bytes_unref);
}
