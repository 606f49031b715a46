/* SPDX-License-Identifier: Apache-2.0 */
/* What a boot writes into a device tree: memory, PSCI, /chosen. */
#include <libfdt.h>
#include <string.h>

#include "machine/fdt.h"
#include "machine/memmap.h"

#define TREE_BYTES (1 * MIB)
/* At least this much room for what is added; a user's tree may be this large at most. */
#define FIXUP_ROOM     (64 * KIB)
#define MODULE_ROOM    256
#define FILE_MAX_BYTES (2 * MIB)

bool fdt_check_file(const char *name, GBytes *file, GError **err)
{
    size_t len;
    const void *p = g_bytes_get_data(file, &len);

    if (len > FILE_MAX_BYTES) {
        return fail(err, ERR_FILE, "device tree '%s' is larger than 2 MiB", name);
    }
    if (len < sizeof(struct fdt_header) || fdt_magic(p) != FDT_MAGIC) {
        return fail(err, ERR_FILE, "'%s' is not a device tree blob", name);
    }
    int r = fdt_check_full(p, len);
    if (r != 0) {
        return fail(err, ERR_FILE, "device tree '%s' is damaged: %s", name, fdt_strerror(r));
    }
    return true;
}

static bool check(int r, const char *what, GError **err)
{
    if (r < 0) {
        return fail(err, ERR_FILE, "device tree: cannot set %s: %s", what, fdt_strerror(r));
    }
    return true;
}

/* #address-cells or #size-cells of a node, if it has them; else *out is left alone. 1 or 2. */
static bool get_cells(const void *fdt, int node, const char *name, int *out, GError **err)
{
    int len;
    const fdt32_t *p = fdt_getprop(fdt, node, name, &len);
    if (p != NULL && len == 4) {
        *out = (int)fdt32_to_cpu(*p);
    }
    if (*out != 1 && *out != 2) {
        return fail(err, ERR_FILE, "device tree: %s is %d, not 1 or 2", name, *out);
    }
    return true;
}

/* v in n cells. False: it does not fit. */
static bool put_cells(uint8_t **p, uint64_t v, int n)
{
    if (n == 1 && v > UINT32_MAX) {
        return false;
    }
    if (n == 2) {
        fdt64_st(*p, v);
    } else {
        fdt32_st(*p, (uint32_t)v);
    }
    *p += n == 2 ? 8 : 4;
    return true;
}

/* How many cells a child's reg has: the node's own word, or, as Linux and Xen read it, the root's.
 */
static bool reg_cells(const void *fdt, int node, int *out_ac, int *out_sc, GError **err)
{
    *out_ac = 2;
    *out_sc = 2;
    return get_cells(fdt, 0, "#address-cells", out_ac, err) &&
           get_cells(fdt, 0, "#size-cells", out_sc, err) &&
           get_cells(fdt, node, "#address-cells", out_ac, err) &&
           get_cells(fdt, node, "#size-cells", out_sc, err);
}

/* The direct children of the root that are memory. */
static bool remove_memory(void *fdt, GError **err)
{
    for (;;) {
        int node;
        fdt_for_each_subnode(node, fdt, 0)
        {
            const char *name = fdt_get_name(fdt, node, NULL);
            if (name != NULL &&
                (strcmp(name, "memory") == 0 || g_str_has_prefix(name, "memory@"))) {
                break;
            }
        }
        if (node < 0) {
            return true;
        }
        if (!check(fdt_del_node(fdt, node), "/memory", err)) {
            return false;
        }
    }
}

static bool set_memory(void *fdt, const struct fdt_boot *b, GError **err)
{
    int ac;
    int sc;
    uint8_t reg[16];
    uint8_t *p = reg;
    char name[32];

    if (!reg_cells(fdt, 0, &ac, &sc, err) || !remove_memory(fdt, err)) {
        return false;
    }
    if (!put_cells(&p, b->ram_base, ac) || !put_cells(&p, b->ram_size, sc)) {
        return fail(err, ERR_FILE,
                    "device tree: RAM does not fit its #address-cells and "
                    "#size-cells");
    }
    g_snprintf(name, sizeof(name), "memory@%" G_GINT64_MODIFIER "x", b->ram_base);
    int node = fdt_add_subnode(fdt, 0, name);
    return check(node, "/memory", err) &&
           check(fdt_setprop(fdt, node, "reg", reg, (int)(p - reg)), "/memory reg", err) &&
           check(fdt_setprop_string(fdt, node, "device_type", "memory"), "/memory", err);
}

/* A tree's own psci node gives way: the conduit is the machine's to say. */
static bool set_psci(void *fdt, enum fdt_psci psci, GError **err)
{
    static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2\0arm,psci";
    static const struct {
        const char *name;
        uint32_t id;
    } functions[] = {
        {"cpu_suspend", 0xc4000001},
        {"cpu_off", 0x84000002},
        {"cpu_on", 0xc4000003},
        {"migrate", 0xc4000005},
    };
    if (psci == FDT_PSCI_NONE) {
        return true;
    }
    int node = fdt_path_offset(fdt, "/psci");
    if (node >= 0 && !check(fdt_del_node(fdt, node), "/psci", err)) {
        return false;
    }
    node = fdt_add_subnode(fdt, 0, "psci");
    const char *method = psci == FDT_PSCI_HVC ? "hvc" : "smc";
    if (!check(node, "/psci", err) ||
        !check(fdt_setprop(fdt, node, "compatible", compatible, sizeof(compatible)), "/psci",
               err) ||
        !check(fdt_setprop_string(fdt, node, "method", method), "/psci", err)) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(functions); i++) {
        if (!check(fdt_setprop_u32(fdt, node, functions[i].name, functions[i].id), "/psci", err)) {
            return false;
        }
    }
    return true;
}

static bool set_initrd(void *fdt, int node, const struct fdt_boot *b, GError **err)
{
    return b->initrd_start == b->initrd_end ||
           (check(fdt_setprop_u64(fdt, node, "linux,initrd-start", b->initrd_start),
                  "linux,initrd-start", err) &&
            check(fdt_setprop_u64(fdt, node, "linux,initrd-end", b->initrd_end), "linux,initrd-end",
                  err));
}

static bool set_seeds(void *fdt, int node, const struct fdt_seeds *s, GError **err)
{
    if (s == NULL) {
        return true;
    }
    if (fdt_getprop(fdt, node, "rng-seed", NULL) != NULL &&
        !check(fdt_setprop(fdt, node, "rng-seed", s->rng, sizeof(s->rng)), "rng-seed", err)) {
        return false;
    }
    return fdt_getprop(fdt, node, "kaslr-seed", NULL) == NULL ||
           check(fdt_setprop(fdt, node, "kaslr-seed", s->kaslr, sizeof(s->kaslr)), "kaslr-seed",
                 err);
}

/* /chosen/module@ADDR. A user's tree that has it already gets this boot's values. */
static bool set_module(void *fdt, int chosen, const struct fdt_module *mod, GError **err)
{
    static const char kernel[] = "multiboot,module\0multiboot,kernel";
    static const char ramdisk[] = "multiboot,module\0multiboot,ramdisk";
    char name[40];
    uint8_t reg[16];
    uint8_t *p = reg;
    int ac;
    int sc;

    if (!reg_cells(fdt, chosen, &ac, &sc, err)) {
        return false;
    }
    if (!put_cells(&p, mod->addr, ac) || !put_cells(&p, mod->size, sc)) {
        return fail(err, ERR_FILE,
                    "device tree: a guest-loader address does not fit its #address-cells");
    }
    g_snprintf(name, sizeof(name), "module@0x%08" G_GINT64_MODIFIER "x", mod->addr);
    int node = fdt_subnode_offset(fdt, chosen, name);
    if (node == -FDT_ERR_NOTFOUND) {
        node = fdt_add_subnode(fdt, chosen, name);
    }
    return check(node, name, err) &&
           check(fdt_setprop(fdt, node, "reg", reg, (int)(p - reg)), name, err) &&
           check(mod->is_kernel ? fdt_setprop(fdt, node, "compatible", kernel, sizeof(kernel))
                                : fdt_setprop(fdt, node, "compatible", ramdisk, sizeof(ramdisk)),
                 name, err) &&
           (mod->bootargs == NULL ||
            check(fdt_setprop_string(fdt, node, "bootargs", mod->bootargs), name, err));
}

static bool set_modules(void *fdt, const struct fdt_boot *b, GError **err)
{
    bool ok = true;
    for (size_t i = 0; i < b->n_modules && ok; i++) {
        ok = set_module(fdt, fdt_path_offset(fdt, "/chosen"), &b->modules[i], err);
    }
    return ok;
}

static bool set_chosen(void *fdt, const struct fdt_boot *b, GError **err)
{
    int node = fdt_path_offset(fdt, "/chosen");
    if (node == -FDT_ERR_NOTFOUND) {
        node = fdt_add_subnode(fdt, 0, "chosen");
    }
    return check(node, "/chosen", err) &&
           (b->bootargs == NULL ||
            check(fdt_setprop_string(fdt, node, "bootargs", b->bootargs), "bootargs", err)) &&
           set_initrd(fdt, node, b, err) && set_seeds(fdt, node, b->seeds, err) &&
           set_modules(fdt, b, err);
}

GBytes *fdt_finish_boot(GBytes *base, const struct fdt_boot *b, GError **err)
{
    size_t len;
    const void *p = g_bytes_get_data(base, &len);
    size_t room = len + FIXUP_ROOM + (b->bootargs != NULL ? strlen(b->bootargs) : 0);
    for (size_t i = 0; i < b->n_modules; i++) {
        const char *args = b->modules[i].bootargs;
        room += MODULE_ROOM + (args != NULL ? strlen(args) : 0);
    }
    if (room > INT32_MAX) {
        fail(err, ERR_OPTION, "-append or bootargs= is too long");
        return NULL;
    }
    room = MAX(room, TREE_BYTES);
    g_autofree uint8_t *fdt = g_malloc0(room);
    if (!check(fdt_open_into(p, fdt, (int)room), "its size", err) || !set_memory(fdt, b, err) ||
        !set_psci(fdt, b->psci, err) || !set_chosen(fdt, b, err)) {
        return NULL;
    }
    return g_bytes_new(fdt, fdt_totalsize(fdt));
}

GBytes *fdt_shrink(GBytes *tree, size_t slack)
{
    size_t len;
    const void *p = g_bytes_get_data(tree, &len);
    g_autofree uint8_t *fdt = g_memdup2(p, len);

    if (fdt_pack(fdt) != 0 || fdt_totalsize(fdt) + slack >= len) {
        return g_bytes_ref(tree);
    }
    /* The packed tree is followed by what was there before. */
    size_t packed = fdt_totalsize(fdt);
    memset(fdt + packed, 0, slack);
    fdt_set_totalsize(fdt, (uint32_t)(packed + slack));
    return g_bytes_new(fdt, packed + slack);
}
