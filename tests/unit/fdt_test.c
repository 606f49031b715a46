/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device tree: property by property against those read off the reference machine (when the
 * machine that runs the test has it), and what a boot adds to a user's tree.
 */
#include <glib.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "fakes/unit.h"
#include "machine/fdt.h"
#include "machine/memmap.h"

#define FAIL(...)                                                                                  \
    do {                                                                                           \
        print_error(__VA_ARGS__);                                                                  \
        print_error("\n");                                                                         \
        assert_true(false);                                                                        \
    } while (0)

static struct fdt_config config(unsigned n, unsigned gic, bool el2, bool secure)
{
    return (struct fdt_config){
        .n_cpus = n,
        .topology = {1, 1, n, 1},
        .cpu_compatible = "arm,cortex-a57",
        .gic_version = gic,
        .its = gic == 3,
        .virtualization = el2,
        .hyp_virt_timer = el2,
        .secure = secure,
        .pmu = true,
    };
}

static GBytes *tree(const struct fdt_config *c, const struct fdt_boot *b)
{
    GError *err = NULL;
    g_autoptr(GBytes) base = fdt_build(c, &err);
    if (base == NULL) {
        FAIL("%s", err->message);
    }
    GBytes *t = fdt_finish_boot(base, b, &err);
    if (t == NULL) {
        FAIL("%s", err->message);
    }
    assert_int_equal(fdt_check_full(g_bytes_get_data(t, NULL), g_bytes_get_size(t)), 0);
    return t;
}

/* ---- comparison with the reference ---- */

struct reference {
    const char *options;
    struct fdt_config c;
    enum fdt_psci psci;
};

/* Nodes that the board does not have yet, and what hangs on them. */
static bool is_absent(const char *path)
{
    return strstr(path, "/pcie@") != NULL;
}

/* Different in every run. */
static bool is_random(const char *name)
{
    return strcmp(name, "rng-seed") == 0 || strcmp(name, "kaslr-seed") == 0;
}

/* Numbers that only have to agree with each other. */
static bool is_phandle(const char *name)
{
    static const char *const names[] = {"phandle", "interrupt-parent", "clocks", "gpios", "cpu",
                                        NULL};
    return g_strv_contains(names, name);
}

static void compare_node(const void *a, const void *b, const char *path)
{
    int na = fdt_path_offset(a, path);
    int nb = fdt_path_offset(b, path);
    int prop;
    if (nb < 0) {
        FAIL("%s: missing", path);
    }
    fdt_for_each_property_offset(prop, a, na)
    {
        const char *name;
        int la;
        int lb = -1;
        const void *pa = fdt_getprop_by_offset(a, prop, &name, &la);
        const void *pb = fdt_getprop(b, nb, name, &lb);
        if (la != lb ||
            (!is_random(name) && !is_phandle(name) && memcmp(pa, pb, (size_t)la) != 0)) {
            FAIL("%s: property %s differs", path, name);
        }
    }
    int child;
    fdt_for_each_subnode(child, a, na)
    {
        char sub[256];
        assert_int_equal(fdt_get_path(a, child, sub, sizeof(sub)), 0);
        if (!is_absent(sub)) {
            compare_node(a, b, sub);
        }
    }
}

/* The order of nodes decides the order in which a kernel probes them. */
static void compare_order(const void *a, const void *b)
{
    int na = fdt_first_subnode(a, 0);
    int nb = fdt_first_subnode(b, 0);
    while (na >= 0) {
        char path[256];
        assert_int_equal(fdt_get_path(a, na, path, sizeof(path)), 0);
        if (!is_absent(path)) {
            assert_true(nb >= 0);
            assert_string_equal(fdt_get_name(a, na, NULL), fdt_get_name(b, nb, NULL));
            nb = fdt_next_subnode(b, nb);
        }
        na = fdt_next_subnode(a, na);
    }
}

static GBytes *dump_reference(const char *options)
{
    char *out = NULL;
    g_autofree char *dtb = NULL;
    gsize len;
    assert_true(g_file_open_tmp("armature-test-XXXXXX", &out, NULL) >= 0);
    g_autofree char *path = out;
    g_autofree char *cmd = g_strdup_printf(
        "qemu-system-aarch64 -nodefaults -display none -m 1G %s,dumpdtb=%s", options, path);
    g_autofree char *text = NULL;
    g_autofree char *errors = NULL;
    int status;
    bool ok = g_spawn_command_line_sync(cmd, &text, &errors, &status, NULL) && status == 0 &&
              g_file_get_contents(path, &dtb, &len, NULL) && len > 0;
    remove(path);
    return ok ? g_bytes_new(dtb, len) : NULL;
}

static void test_reference(void **state)
{
    struct reference refs[] = {
        {"-smp 4 -cpu max -M virt,virtualization=on,gic-version=3", config(4, 3, true, false),
         FDT_PSCI_SMC},
        {"-smp 2 -cpu max -M virt,virtualization=on,gic-version=2", config(2, 2, true, false),
         FDT_PSCI_SMC},
        {"-smp 1 -cpu max -M virt,gic-version=3", config(1, 3, false, false), FDT_PSCI_HVC},
        {"-smp 20 -cpu max -M virt,virtualization=on,secure=on,gic-version=3",
         config(20, 3, true, true), FDT_PSCI_NONE},
        {"-smp 8,sockets=2,clusters=2,threads=2 -cpu max -M virt,gic-version=2 -serial null "
         "-serial null -M virt",
         config(8, 2, false, false), FDT_PSCI_HVC},
        {"-smp 200 -cpu max -M virt,gic-version=3", config(200, 3, false, false), FDT_PSCI_HVC},
    };
    refs[4].c.topology = (struct fdt_topology){2, 2, 1, 2};
    refs[4].c.uart1 = true;
    for (size_t i = 0; i < ARRAY_LEN(refs); i++) {
        g_autoptr(GBytes) ref = dump_reference(refs[i].options);
        if (ref == NULL) {
            print_message("skipped: qemu-system-aarch64 is not there\n");
            skip();
        }
        struct fdt_boot b = {.ram_base = 0x40000000, .ram_size = GIB, .psci = refs[i].psci};
        g_autoptr(GBytes) ours = tree(&refs[i].c, &b);
        print_message("%s\n", refs[i].options);
        compare_node(g_bytes_get_data(ref, NULL), g_bytes_get_data(ours, NULL), "/");
        compare_order(g_bytes_get_data(ref, NULL), g_bytes_get_data(ours, NULL));
    }
}

/* ---- properties of our own ---- */

static void test_phandles(void **state)
{
    struct fdt_config c = config(3, 3, true, true);
    struct fdt_boot b = {.ram_base = 0x40000000, .ram_size = GIB};
    g_autoptr(GBytes) t = tree(&c, &b);
    const void *f = g_bytes_get_data(t, NULL);
    const fdt32_t *p;

    p = fdt_getprop(f, 0, "interrupt-parent", NULL);
    int gic = fdt_node_offset_by_phandle(f, fdt32_to_cpu(*p));
    assert_string_equal(fdt_get_name(f, gic, NULL), "intc@8000000");
    p = fdt_getprop(f, fdt_path_offset(f, "/cpus/cpu-map/socket0/cluster0/core2"), "cpu", NULL);
    int cpu = fdt_node_offset_by_phandle(f, fdt32_to_cpu(*p));
    assert_string_equal(fdt_get_name(f, cpu, NULL), "cpu@2");
    p = fdt_getprop(f, fdt_path_offset(f, "/gpio-keys/poweroff"), "gpios", NULL);
    int gpio = fdt_node_offset_by_phandle(f, fdt32_to_cpu(*p));
    assert_string_equal(fdt_get_name(f, gpio, NULL), "pl061@9030000");
    p = fdt_getprop(f, fdt_path_offset(f, "/gpio-restart"), "gpios", NULL);
    gpio = fdt_node_offset_by_phandle(f, fdt32_to_cpu(*p));
    assert_string_equal(fdt_get_name(f, gpio, NULL), "pl061@90b0000");
    p = fdt_getprop(f, fdt_path_offset(f, "/pl011@9000000"), "clocks", NULL);
    int clk = fdt_node_offset_by_phandle(f, fdt32_to_cpu(*p));
    assert_string_equal(fdt_get_name(f, clk, NULL), "apb-pclk");
}

static uint64_t get_u64(const void *f, const char *path, const char *name)
{
    int len;
    const fdt64_t *p = fdt_getprop(f, fdt_path_offset(f, path), name, &len);
    assert_int_equal(len, 8);
    return fdt64_ld(p);
}

static void test_boot(void **state)
{
    struct fdt_config c = config(1, 3, true, false);
    struct fdt_seeds seeds = {.rng = {1, 2, 3}, .kaslr = {4, 5, 6}};
    struct fdt_boot b = {.ram_base = 0x40000000,
                         .ram_size = 5 * GIB,
                         .psci = FDT_PSCI_SMC,
                         .bootargs = "console=ttyAMA0",
                         .initrd_start = 0x48000000,
                         .initrd_end = 0x48001234,
                         .seeds = &seeds};
    g_autoptr(GBytes) t = tree(&c, &b);
    const void *f = g_bytes_get_data(t, NULL);
    int chosen = fdt_path_offset(f, "/chosen");

    assert_string_equal(fdt_getprop(f, chosen, "bootargs", NULL), "console=ttyAMA0");
    assert_int_equal(get_u64(f, "/chosen", "linux,initrd-start"), 0x48000000);
    assert_int_equal(get_u64(f, "/chosen", "linux,initrd-end"), 0x48001234);
    assert_memory_equal(fdt_getprop(f, chosen, "rng-seed", NULL), seeds.rng, FDT_SEED_LEN);
    assert_memory_equal(fdt_getprop(f, chosen, "kaslr-seed", NULL), seeds.kaslr, 8);
    const fdt64_t *reg = fdt_getprop(f, fdt_path_offset(f, "/memory@40000000"), "reg", NULL);
    assert_int_equal(fdt64_ld(reg + 1), 5 * GIB);
    assert_string_equal(fdt_getprop(f, fdt_path_offset(f, "/psci"), "method", NULL), "smc");
}

/* What -device guest-loader adds, against the reference: this program and its size. */
static void test_modules(void **state)
{
    static const char path[] = "/proc/self/exe";
    g_autofree char *self = g_file_read_link(path, NULL);
    g_autofree char *options = g_strdup_printf(
        "-cpu max -device guest-loader,addr=0x48000000,kernel=%s,bootargs='a b,,c' "
        "-device guest-loader,addr=0x44000000,initrd=%s -M virt,virtualization=on,gic-version=3",
        self, self);
    g_autoptr(GBytes) ref = dump_reference(options);
    g_autoptr(GMappedFile) file = g_mapped_file_new(self, false, NULL);
    assert_non_null(file);
    const struct fdt_module modules[] = {
        {0x48000000, g_mapped_file_get_length(file), "a b,c", true},
        {0x44000000, g_mapped_file_get_length(file), NULL, false},
    };
    struct fdt_config c = config(1, 3, true, false);
    struct fdt_boot b = {.ram_base = 0x40000000,
                         .ram_size = GIB,
                         .psci = FDT_PSCI_SMC,
                         .modules = modules,
                         .n_modules = ARRAY_LEN(modules)};
    g_autoptr(GBytes) ours = tree(&c, &b);
    const void *f = g_bytes_get_data(ours, NULL);

    assert_int_equal(
        fdt_stringlist_count(f, fdt_path_offset(f, "/chosen/module@0x48000000"), "compatible"), 2);
    if (ref == NULL) {
        print_message("skipped: qemu-system-aarch64 is not there\n");
        skip();
    }
    compare_node(g_bytes_get_data(ref, NULL), f, "/");
}

/* A user's tree that has the node, and cells of its own. */
static void test_module_in_user_tree(void **state)
{
    uint8_t buf[4096];
    struct fdt_module mod = {0x48000000, 0x1234, "new", true};
    struct fdt_boot b = {.ram_base = 0x40000000, .ram_size = GIB, .modules = &mod, .n_modules = 1};
    GError *err = NULL;
    int len;

    assert_int_equal(fdt_create_empty_tree(buf, sizeof(buf)), 0);
    int chosen = fdt_add_subnode(buf, 0, "chosen");
    fdt_setprop_u32(buf, chosen, "#address-cells", 1);
    fdt_setprop_u32(buf, chosen, "#size-cells", 1);
    int node = fdt_add_subnode(buf, chosen, "module@0x48000000");
    fdt_setprop_string(buf, node, "bootargs", "old");
    g_autoptr(GBytes) base = g_bytes_new(buf, fdt_totalsize(buf));
    g_autoptr(GBytes) t = fdt_finish_boot(base, &b, &err);
    assert_non_null(t);
    const void *f = g_bytes_get_data(t, NULL);
    node = fdt_path_offset(f, "/chosen/module@0x48000000");
    assert_string_equal(fdt_getprop(f, node, "bootargs", NULL), "new");
    const fdt32_t *reg = fdt_getprop(f, node, "reg", &len);
    assert_int_equal(len, 8);
    assert_int_equal(fdt32_to_cpu(reg[1]), 0x1234);
    mod.addr = 5 * GIB;
    assert_null(fdt_finish_boot(base, &b, &err));
    assert_non_null(strstr(err->message, "#address-cells"));
    g_clear_error(&err);
}

/* A user's tree: 32-bit cells, memory nodes of its own, no /chosen. */
static GBytes *user_tree(uint32_t address_cells)
{
    uint8_t buf[4096];
    assert_int_equal(fdt_create_empty_tree(buf, sizeof(buf)), 0);
    int m = fdt_add_subnode(buf, 0, "memory@80000000");
    fdt_setprop_u32(buf, m, "reg", 0x80000000);
    fdt_add_subnode(buf, 0, "memory");
    fdt_add_subnode(buf, 0, "memory-controller@0");
    int psci = fdt_add_subnode(buf, 0, "psci");
    fdt_setprop_string(buf, psci, "method", "hvc");
    fdt_setprop_u32(buf, 0, "#address-cells", address_cells);
    fdt_setprop_u32(buf, 0, "#size-cells", 1);
    return g_bytes_new(buf, fdt_totalsize(buf));
}

static void test_user_tree(void **state)
{
    g_autoptr(GBytes) base = user_tree(1);
    struct fdt_boot b = {
        .ram_base = 0x40000000, .ram_size = GIB, .psci = FDT_PSCI_SMC, .bootargs = "a"};
    GError *err = NULL;
    g_autoptr(GBytes) t = fdt_finish_boot(base, &b, &err);
    assert_non_null(t);
    const void *f = g_bytes_get_data(t, NULL);
    assert_true(fdt_path_offset(f, "/memory@80000000") < 0);
    assert_true(fdt_path_offset(f, "/memory-controller@0") > 0);
    int len;
    assert_non_null(fdt_getprop(f, fdt_path_offset(f, "/memory@40000000"), "reg", &len));
    assert_int_equal(len, 8);
    assert_string_equal(fdt_getprop(f, fdt_path_offset(f, "/psci"), "method", NULL), "smc");
    assert_string_equal(fdt_getprop(f, fdt_path_offset(f, "/chosen"), "bootargs", NULL), "a");

    b.ram_size = 8 * GIB; /* more than one cell holds */
    assert_null(fdt_finish_boot(base, &b, &err));
    assert_non_null(strstr(err->message, "does not fit"));
    g_clear_error(&err);
    g_autoptr(GBytes) odd = user_tree(3);
    assert_null(fdt_finish_boot(odd, &b, &err));
    assert_non_null(strstr(err->message, "#address-cells"));
    g_clear_error(&err);
}

static void test_bad_files(void **state)
{
    g_autoptr(GBytes) good = user_tree(2);
    gsize len;
    const uint8_t *p = g_bytes_get_data(good, &len);
    g_autofree uint8_t *copy = g_memdup2(p, len);

    assert_true(fdt_check_file("t", good, NULL));
    /* Whatever byte is changed, the answer is yes or no. */
    for (gsize i = 0; i < len; i++) {
        copy[i] ^= 0xff;
        g_autoptr(GBytes) b = g_bytes_new(copy, len);
        GError *err = NULL;
        if (fdt_check_file("t", b, NULL)) {
            struct fdt_boot boot = {
                .ram_base = 0x40000000, .ram_size = GIB, .psci = FDT_PSCI_HVC, .bootargs = "x"};
            GBytes *t = fdt_finish_boot(b, &boot, &err);
            if (t != NULL) {
                g_bytes_unref(t);
            }
            g_clear_error(&err);
        }
        copy[i] ^= 0xff;
    }
    g_autoptr(GBytes) part = g_bytes_new_from_bytes(good, 0, len / 2);
    GError *err = NULL;
    assert_false(fdt_check_file("some.dtb", part, &err));
    assert_non_null(strstr(err->message, "some.dtb"));
    g_clear_error(&err);
    g_autoptr(GBytes) text = g_bytes_new_static("/dts-v1/; / { };", 16);
    assert_false(fdt_check_file("some.dts", text, &err));
    assert_non_null(strstr(err->message, "not a device tree blob"));
    g_clear_error(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_phandles),  cmocka_unit_test(test_boot),
        cmocka_unit_test(test_user_tree), cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_modules),   cmocka_unit_test(test_module_in_user_tree),
        cmocka_unit_test(test_reference),
    };
    return cmocka_run_group_tests_name("fdt", tests, NULL, NULL);
}
