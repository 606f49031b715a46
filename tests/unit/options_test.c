/* SPDX-License-Identifier: Apache-2.0 */
/* The command line without a machine: what every option stores, and what every mistake says. */
#include <glib.h>
#include <string.h>

#include "app/drivers.h"
#include "app/options.h"
#include "app/suggest.h"
#include "base/bits.h"
#include "fakes/unit.h"

#define FAIL(...)                                                                                  \
    do {                                                                                           \
        print_error(__VA_ARGS__);                                                                  \
        print_error("\n");                                                                         \
        assert_true(false);                                                                        \
    } while (0)
#define MAX_ARGS 32

/* "-m 1G -smp 4", split at spaces. */
static struct options *parse(const char *line, GError **err)
{
    g_auto(GStrv) words = g_strsplit(line, " ", MAX_ARGS);
    char *argv[MAX_ARGS + 2] = {(char *)"armature"};
    int argc = 1;
    for (char **w = words; *w != NULL && **w != '\0'; w++) {
        argv[argc++] = *w;
    }
    return options_parse(argc, argv, err);
}

static struct options *parse_ok(const char *line)
{
    GError *err = NULL;
    struct options *o = parse(line, &err);
    if (o == NULL) {
        FAIL("%s: %s", line, err->message);
    }
    return o;
}

static void parse_fails(const char *line, const char *needle)
{
    GError *err = NULL;
    struct options *o = parse(line, &err);
    if (o != NULL) {
        FAIL("accepted: %s", line);
    }
    if (strstr(err->message, needle) == NULL || strchr(err->message, '\n') != NULL) {
        FAIL("%s: '%s' does not say '%s' in one line", line, err->message, needle);
    }
    g_error_free(err);
}

static void test_defaults(void **state)
{
    struct options *o = parse_ok("");
    assert_true(o->virtualization);
    assert_false(o->secure);
    assert_int_equal(o->gic_version, 2);
    assert_int_equal(o->n_pes, 1);
    assert_int_equal(o->ram_bytes, 128 * MIB);
    assert_string_equal(o->cpu, "max");
    assert_null(o->text);
    options_free(o);
}

static void test_reference_command(void **state)
{
    struct options *o = parse_ok("-M virt,virtualization=on,gic-version=3 -cpu max -smp 4 -m 1G "
                                 "-nodefaults -serial stdio -display none -no-reboot -kernel K61 "
                                 "-initrd I -append console=ttyAMA0");
    assert_int_equal(o->gic_version, 3);
    assert_int_equal(o->n_pes, 4);
    assert_int_equal(o->topology.cores, 4);
    assert_int_equal(o->ram_bytes, GIB);
    assert_true(o->nodefaults && o->no_reboot);
    assert_string_equal(g_ptr_array_index(o->serials, 0), "stdio");
    assert_string_equal(o->kernel, "K61");
    assert_string_equal(o->append, "console=ttyAMA0");
    options_free(o);
}

static void test_machine_properties(void **state)
{
    struct options *o = parse_ok("--machine type=virt-9.2,secure=on,virtualization=off,its=off "
                                 "-M dumpdtb=x.dtb,acpi=off,iommu=none,kernel=k");
    assert_true(o->secure);
    assert_false(o->virtualization);
    assert_false(o->acpi);
    assert_string_equal(o->dumpdtb, "x.dtb");
    assert_string_equal(o->kernel, "k");
    options_free(o);
    parse_fails("-M vurt", "'virt'");
    parse_fails("-M virt,gic=3", "gic-version");
    parse_fails("-M virt,secure=maybe", "neither on nor off");
    parse_fails("-M virt,gic-version=9", "2, 3, 4, 4.1 and max");
    parse_fails("-M virt,iommu=smmuv3", "not available yet");
}

static void test_gic_version(void **state)
{
    static const struct {
        const char *arg;
        unsigned version, minor;
    } cases[] = {
        {"2", 2, 0},           {"3", 3, 0},   {"4", 4, 0},
        {"4.1", 4, 1},         {"max", 4, 0}, {"max,virtualization=off", 3, 0},
        {"max,its=off", 3, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        g_autofree char *line = g_strdup_printf("-M virt,gic-version=%s", cases[i].arg);
        struct options *o = parse_ok(line);
        assert_int_equal(o->gic_version, cases[i].version);
        assert_int_equal(o->gic_minor, cases[i].minor);
        options_free(o);
    }
    parse_fails("-M virt,gic-version=4,virtualization=off", "needs virtualization=on");
    parse_fails("-M virt,gic-version=4.1,its=off", "its=on");
    parse_fails("-smp 318 -M gic-version=4", "at most 317");
}

static void test_smp(void **state)
{
    static const struct {
        const char *arg;
        unsigned n;
        struct fdt_topology t;
    } cases[] = {
        {"8", 8, {1, 1, 8, 1}},
        {"cpus=4", 4, {1, 1, 4, 1}},
        {"4,sockets=2", 4, {2, 1, 2, 1}},
        {"8,cores=2", 8, {4, 1, 2, 1}},
        {"8,sockets=2,clusters=2,cores=1,threads=2", 8, {2, 2, 1, 2}},
        {"sockets=2,cores=3", 6, {2, 1, 3, 1}},
        {"4,maxcpus=4", 4, {1, 1, 4, 1}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        g_autofree char *line = g_strdup_printf("-smp %s", cases[i].arg);
        struct options *o = parse_ok(line);
        assert_int_equal(o->n_pes, cases[i].n);
        assert_memory_equal(&o->topology, &cases[i].t, sizeof(cases[i].t));
        options_free(o);
    }
    parse_fails("-smp 0", "at least 1");
    parse_fails("-smp -1", "not a number");
    parse_fails("-smp 4,maxcpus=8", "maxcpus");
    parse_fails("-smp 4,sockets=3", "is not 4");
    parse_fails("-smp 100000", "too large");
    parse_fails("-smp 9 -M gic-version=2", "at most 8");
    parse_fails("-smp 4,core=2", "'cores'");
}

static void test_memory(void **state)
{
    static const struct {
        const char *arg;
        uint64_t bytes;
    } cases[] = {{"64", 64 * MIB},     {"64M", 64 * MIB},    {"1g", GIB},
                 {"size=2G", 2 * GIB}, {"1.5G", 1536 * MIB}, {"1048576K", GIB}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        g_autofree char *line = g_strdup_printf("-m %s", cases[i].arg);
        struct options *o = parse_ok(line);
        assert_int_equal(o->ram_bytes, cases[i].bytes);
        options_free(o);
    }
    parse_fails("-m 0", "too few");
    parse_fails("-m 256G", "at most 255G");
    parse_fails("-m 99999999999999999999", "too large");
    parse_fails("-m 1Q", "not a size");
    parse_fails("-m 1G,slots=2,maxmem=4G", "maxmem");
    parse_fails("-m", "needs an argument");
}

static void test_unknown(void **state)
{
    parse_fails("-kernal x", "-kernel");
    parse_fails("-semihost", "-semihosting");
    parse_fails("--sed 3", "-seed");
    parse_fails("disk.img", "not an option");
    parse_fails("-device virtio-blk-pci,drive=d", "virtio-blk-device");
    parse_fails("-device virtio-blk-devise,drive=d", "virtio-blk-device");
    parse_fails("-device virtio-blk-device,driv=d", "'drive'");
    parse_fails("-drive fil=x", "'file'");
    parse_fails("-incoming tcp:0:1", "not available yet");
    parse_fails("-accel kvm", "emulator");
}

static void test_drives(void **state)
{
    struct options *o =
        parse_ok("-drive file=a,,b.img,if=none,id=d0,format=raw,snapshot=on -pflash f0 "
                 "-drive if=pflash,file=f1,unit=1,readonly=on -hda h "
                 "-blockdev driver=file,filename=x,node-name=n0 "
                 "-blockdev raw,file=n0,node-name=n1,read-only=on");
    const struct opt_drive *d = g_ptr_array_index(o->drives, 0);
    assert_string_equal(d->file, "a,b.img");
    assert_int_equal(d->iface, DRIVE_IF_NONE);
    assert_true(d->snapshot && d->format_raw);
    d = g_ptr_array_index(o->drives, 2);
    assert_int_equal(d->iface, DRIVE_IF_PFLASH);
    assert_int_equal(d->unit, 1);
    assert_true(d->read_only);
    d = g_ptr_array_index(o->drives, 3);
    assert_int_equal(d->iface, DRIVE_IF_VIRTIO);
    d = g_ptr_array_index(o->drives, 5);
    assert_string_equal(d->protocol, "n0");
    options_free(o);
    parse_fails("-drive if=none,id=a", "file=");
    parse_fails("-drive file=x,if=ide", "if=ide");
    parse_fails("-drive file=x,format=qcow2", "qcow2");
    parse_fails("-drive file=x,id=a -drive file=y,id=a", "taken");
    parse_fails("-blockdev driver=qcow2,node-name=a,file=b", "qcow2");
    parse_fails("-blockdev driver=file,filename=a", "node-name");
}

static void test_loader(void **state)
{
    struct options *o =
        parse_ok("-device loader,file=a.bin,addr=0x40200000,force-raw=on "
                 "-device loader,addr=0x40200000,cpu-num=0 "
                 "-device loader,addr=0x40300000,data=0x1234,data-len=4,data-be=on");
    const struct boot_item *it = &g_array_index(o->items, struct boot_item, 0);
    assert_int_equal(o->items->len, 3);
    assert_string_equal(it[0].file, "a.bin");
    assert_true(it[0].force_raw && it[0].has_addr);
    assert_int_equal(it[0].cpu_num, -1);
    assert_int_equal(it[1].cpu_num, 0);
    assert_int_equal(it[1].addr, 0x40200000);
    assert_int_equal(it[2].data_len, 4);
    assert_true(it[2].data_be);
    assert_int_equal(o->devices->len, 0);
    options_free(o);
    parse_fails("-device loader,addr=0", "file=");
    parse_fails("-device loader,addr=0,data=1", "data-len");
    parse_fails("-device loader,addr=0,data=1,data-len=9", "at most 8");
}

static void test_guest_loader(void **state)
{
    struct options *o =
        parse_ok("-device guest-loader,addr=0x49000000,kernel=a,bootargs=root=/dev/vda,,b "
                 "-device guest-loader,addr=0x50000000,initrd=i");
    const struct boot_module *mod = &g_array_index(o->modules, struct boot_module, 0);
    assert_int_equal(o->modules->len, 2);
    assert_string_equal(mod[0].file, "a");
    assert_string_equal(mod[0].bootargs, "root=/dev/vda,b");
    assert_true(mod[0].is_kernel);
    assert_int_equal(mod[0].addr, 0x49000000);
    assert_string_equal(mod[1].file, "i");
    assert_null(mod[1].bootargs);
    assert_false(mod[1].is_kernel);
    assert_int_equal(o->devices->len + o->items->len, 0);
    options_free(o);
    parse_fails("-device guest-loader,addr=1", "kernel= or initrd=");
    parse_fails("-device guest-loader,addr=1,kernel=a,initrd=b", "either");
    parse_fails("-device guest-loader,addr=1,initrd=b,bootargs=c", "bootargs=");
    parse_fails("-device guest-loader,kernel=a", "addr=");
    parse_fails("-device guest-loader,addr=1,kernal=a", "kernel");
}

static void test_run(void **state)
{
    struct options *o = parse_ok("--seed=0x10 --pace on --quantum 20us -rtc base=2026-01-31 "
                                 "-semihosting-config enable=on,target=native,arg=a,arg=b "
                                 "-uuid 01234567-89ab-cdef-0123-456789abcdef -d int -d mmu "
                                 "-action reboot=shutdown -global virtio-mmio.force-legacy=off");
    const uint8_t uuid[16] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
                              0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    assert_int_equal(o->seed, 16);
    assert_int_equal(o->pace, PACE_ON);
    assert_int_equal(o->quantum, 20 * TICKS_PER_US);
    assert_int_equal(o->rtc_seconds, 1769817600);
    assert_string_equal(o->semihosting.args->str, "a b");
    assert_memory_equal(o->uuid, uuid, 16);
    assert_string_equal(o->log_classes, "int,mmu");
    assert_true(o->no_reboot && o->virtio_modern);
    options_free(o);
    parse_fails("-rtc base=yesterday", "yesterday");
    parse_fails("-uuid x", "not a UUID");
    parse_fails("--quantum 3", "not a time");
    parse_fails("-semihosting-config target=gdb", "not available yet");
    parse_fails("-nographic=1", "unknown option");
}

static void test_help(void **state)
{
    static const char *const lines[] = {
        "-help",     "--help",      "-h", "-version", "--version", "-M help", "-machine virt,help",
        "-cpu help", "-device help"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct options *o = parse_ok(lines[i]);
        assert_non_null(o->text);
        assert_true(g_str_has_suffix(o->text, "\n"));
        options_free(o);
    }
    struct options *o = parse_ok("-help");
    assert_non_null(strstr(o->text, "-kernel"));
    options_free(o);
}

static void test_distance(void **state)
{
    assert_int_equal(suggest_distance("kitten", "sitting"), 3);
    assert_int_equal(suggest_distance("", "abc"), 3);
    assert_int_equal(suggest_distance("abc", "abc"), 0);
    assert_int_equal(suggest_distance("ab", "ba"), 1);
    assert_int_equal(suggest_distance("serail", "serial"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_reference_command),
        cmocka_unit_test(test_machine_properties),
        cmocka_unit_test(test_gic_version),
        cmocka_unit_test(test_smp),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_drives),
        cmocka_unit_test(test_loader),
        cmocka_unit_test(test_guest_loader),
        cmocka_unit_test(test_run),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_distance),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
