/* SPDX-License-Identifier: Apache-2.0 */
/* -machine, -cpu, -smp, -m and what they imply for each other. */
#include <inttypes.h>
#include <string.h>

#include "app/help.h"
#include "app/suggest.h"
#include "base/bits.h"

#include "app/options_internal.h"

#define DEFAULT_RAM_UNIT MIB
#define MIN_RAM          MIB

/* ---- -machine ---- */

static bool set_gic_version(struct options *o, const char *v, GError **err)
{
    static const struct {
        const char *name;
        unsigned version, minor;
        bool max;
    } names[] = {{"2", 2, 0, false},
                 {"3", 3, 0, false},
                 {"4", 4, 0, false},
                 {"4.1", 4, 1, false},
                 {"max", 0, 0, true}};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(v, names[i].name) == 0) {
            o->gic_version = names[i].version;
            o->gic_minor = names[i].minor;
            o->gic_max = names[i].max;
            return true;
        }
    }
    return fail(err, ERR_OPTION, "-M gic-version=%s: there is 2, 3, 4, 4.1 and max", v);
}

static bool set_virtualization(struct options *o, const char *v, GError **err)
{
    return optlist_parse_bool("-M virtualization", v, &o->virtualization, err);
}

static bool set_secure(struct options *o, const char *v, GError **err)
{
    return optlist_parse_bool("-M secure", v, &o->secure, err);
}

static bool set_acpi(struct options *o, const char *v, GError **err)
{
    if (strcmp(v, "auto") == 0) {
        return true;
    }
    return optlist_parse_bool("-M acpi", v, &o->acpi, err);
}

/* Features that may be switched off, and not on, because they are not there. */
static bool only_off(const char *name, const char *v, GError **err)
{
    bool on = false;
    if (!optlist_parse_bool(name, v, &on, err)) {
        return false;
    }
    return !on || fail(err, ERR_OPTION, "%s=on is not available yet", name);
}

static bool set_its(struct options *o, const char *v, GError **err)
{
    return optlist_parse_bool("-M its", v, &o->its, err);
}

static bool set_espi(struct options *o, const char *v, GError **err)
{
    return optlist_parse_bool("-M espi", v, &o->espi, err);
}

static bool set_mbi(struct options *o, const char *v, GError **err)
{
    return optlist_parse_bool("-M mbi", v, &o->mbi, err);
}

static bool set_mte(struct options *o, const char *v, GError **err)
{
    return only_off("-M mte", v, err);
}

static bool set_ras(struct options *o, const char *v, GError **err)
{
    return only_off("-M ras", v, err);
}

static bool set_iommu(struct options *o, const char *v, GError **err)
{
    return strcmp(v, "none") == 0 ||
           fail(err, ERR_OPTION, "-M iommu=%s is not available yet (none)", v);
}

static bool set_type(struct options *o, const char *v, GError **err)
{
    struct suggest s = {.name = v};
    suggest_offer(&s, "virt");
    /* "virt-9.2": a version of the same. */
    if (strcmp(v, "virt") == 0 || g_str_has_prefix(v, "virt-")) {
        return true;
    }
    return fail(err, ERR_OPTION, "-M %s: unknown machine (there is '%s')", v, s.best);
}

static bool set_accel(struct options *o, const char *v, GError **err)
{
    return opt_accel(o, v, err);
}

static bool set_dumpdtb(struct options *o, const char *v, GError **err)
{
    opt_set_string(&o->dumpdtb, v);
    return true;
}

static bool set_kernel(struct options *o, const char *v, GError **err)
{
    opt_set_string(&o->kernel, v);
    return true;
}

static bool set_initrd(struct options *o, const char *v, GError **err)
{
    opt_set_string(&o->initrd, v);
    return true;
}

static bool set_append(struct options *o, const char *v, GError **err)
{
    opt_set_string(&o->append, v);
    return true;
}

static bool set_dtb(struct options *o, const char *v, GError **err)
{
    opt_set_string(&o->dtb, v);
    return true;
}

static bool set_firmware(struct options *o, const char *v, GError **err)
{
    opt_set_string(&o->bios, v);
    return true;
}

static bool set_pflash0(struct options *o, const char *v, GError **err)
{
    opt_set_string(&o->pflash_node[0], v);
    return true;
}

static bool set_pflash1(struct options *o, const char *v, GError **err)
{
    opt_set_string(&o->pflash_node[1], v);
    return true;
}

static bool ignore(struct options *o, const char *v, GError **err)
{
    return true;
}

static const struct machine_prop {
    const char *name;
    opt_handler *set;
} machine_props[] = {
    {"type", set_type},
    {"gic-version", set_gic_version},
    {"virtualization", set_virtualization},
    {"secure", set_secure},
    {"acpi", set_acpi},
    {"its", set_its},
    {"espi", set_espi},
    {"mbi", set_mbi},
    {"iommu", set_iommu},
    {"mte", set_mte},
    {"ras", set_ras},
    {"accel", set_accel},
    {"dumpdtb", set_dumpdtb},
    {"kernel", set_kernel},
    {"initrd", set_initrd},
    {"append", set_append},
    {"dtb", set_dtb},
    {"firmware", set_firmware},
    {"pflash0", set_pflash0},
    {"pflash1", set_pflash1},
    /* Where a device that is not there would be, or how a host that is not used would do it. */
    {"highmem", ignore},
    {"highmem-ecam", ignore},
    {"highmem-mmio", ignore},
    {"highmem-mmio-size", ignore},
    {"highmem-redists", ignore},
    {"compact-highmem", ignore},
    {"graphics", ignore},
    {"usb", ignore},
    {"hmat", ignore},
    {"mem-merge", ignore},
    {"dump-guest-core", ignore},
    {"dtb-randomness", ignore},
    {"dtb-kaslr-seed", ignore},
    {"default-bus-bypass-iommu", ignore},
    {"kernel-irqchip", ignore},
    {"suppress-vmdesc", ignore},
};

static bool set_machine_prop(struct options *o, const char *key, const char *value, GError **err)
{
    struct suggest s = {.name = key};
    for (size_t i = 0; i < ARRAY_LEN(machine_props); i++) {
        if (strcmp(machine_props[i].name, key) == 0) {
            return machine_props[i].set(o, value, err);
        }
        suggest_offer(&s, machine_props[i].name);
    }
    return fail(err, ERR_OPTION, "-M: unknown property '%s' (did you mean '%s'?)", key, s.best);
}

bool opt_machine(struct options *o, const char *arg, GError **err)
{
    if (help_asked(arg)) {
        o->text = help_machines();
        return true;
    }
    struct optlist *l = optlist_parse("-M", arg, "type", err);
    bool ok = l != NULL;
    for (size_t i = 0; ok && i < optlist_len(l); i++) {
        /* "-M virt,help": a flag. */
        if (help_asked(optlist_key(l, i))) {
            o->text = help_machine_properties();
            break;
        }
        ok = set_machine_prop(o, optlist_key(l, i), optlist_value(l, i), err);
    }
    optlist_free(l);
    return ok;
}

/* ---- -accel, -cpu, -numa ---- */

bool opt_accel(struct options *o, const char *arg, GError **err)
{
    /* "kvm:tcg" is a list of wishes, as are several -accel. */
    o->accel_ok |= strstr(arg, "tcg") != NULL;
    opt_set_string(&o->accel_refused, arg);
    return true;
}

bool opt_cpu(struct options *o, const char *arg, GError **err)
{
    if (help_asked(arg)) {
        o->text = help_cpus();
        return true;
    }
    opt_set_string(&o->cpu, arg);
    return true;
}

bool opt_numa(struct options *o, const char *arg, GError **err)
{
    return fail(err, ERR_OPTION, "-numa is not available yet");
}

/* ---- -smp ---- */

/* PEs of the parts that are given. */
static uint64_t n_described(const struct fdt_topology *t)
{
    return UINT64_C(1) * MAX(t->sockets, 1) * MAX(t->clusters, 1) * MAX(t->cores, 1) *
           MAX(t->threads, 1);
}

/* The reference machine's rule: what is not given is 1, but for cores, or sockets if cores are
 * given, which make the product right. */
static void complete_topology(struct fdt_topology *t, uint64_t n)
{
    uint64_t rest = MAX(n / n_described(t), 1);
    if (t->cores == 0) {
        t->cores = (unsigned)rest;
    } else if (t->sockets == 0) {
        t->sockets = (unsigned)rest;
    } else if (t->threads == 0) {
        t->threads = (unsigned)rest;
    }
    t->sockets = MAX(t->sockets, 1);
    t->clusters = MAX(t->clusters, 1);
    t->threads = MAX(t->threads, 1);
}

static bool get_count(const struct optlist *l, const char *key, unsigned *out, GError **err)
{
    uint64_t v = 0;
    if (!optlist_u64(l, key, VIRT_MAX_CPUS_GICV3, &v, err)) {
        return false;
    }
    if (v == 0 && optlist_get(l, key) != NULL) {
        return fail(err, ERR_OPTION, "-smp: %s must be at least 1", key);
    }
    *out = (unsigned)v;
    return true;
}

static bool parse_smp(struct options *o, const struct optlist *l, GError **err)
{
    static const char *const keys[] = {"cpus", "maxcpus", "sockets", "clusters", "cores", "threads",
                                       "dies", "books",   "drawers", "modules",  NULL};
    struct fdt_topology t = {0};
    unsigned n = 0;
    unsigned max = 0;

    if (!optlist_check_keys(l, keys, err) || !get_count(l, "cpus", &n, err) ||
        !get_count(l, "maxcpus", &max, err) || !get_count(l, "sockets", &t.sockets, err) ||
        !get_count(l, "clusters", &t.clusters, err) || !get_count(l, "cores", &t.cores, err) ||
        !get_count(l, "threads", &t.threads, err)) {
        return false;
    }
    if (n == 0) {
        uint64_t described = n_described(&t);
        if (max == 0 && described > VIRT_MAX_CPUS_GICV3) {
            return fail(err, ERR_OPTION, "-smp: %" PRIu64 " PEs are too many (at most %u)",
                        described, VIRT_MAX_CPUS_GICV3);
        }
        n = max != 0 ? max : (unsigned)described;
    }
    if (max != 0 && max != n) {
        return fail(err, ERR_OPTION, "-smp: maxcpus=%u: adding PEs at run time is not available",
                    max);
    }
    complete_topology(&t, n);
    if ((uint64_t)t.sockets * t.clusters * t.cores * t.threads != n) {
        return fail(err, ERR_OPTION,
                    "-smp: sockets (%u) * clusters (%u) * cores (%u) * threads (%u) is not %u",
                    t.sockets, t.clusters, t.cores, t.threads, n);
    }
    o->n_pes = n;
    o->topology = t;
    return true;
}

bool opt_smp(struct options *o, const char *arg, GError **err)
{
    struct optlist *l = optlist_parse("-smp", arg, "cpus", err);
    bool ok = l != NULL && parse_smp(o, l, err);
    optlist_free(l);
    return ok;
}

/* ---- -m ---- */

static bool parse_memory(struct options *o, const struct optlist *l, GError **err)
{
    static const char *const keys[] = {"size", "slots", "maxmem", NULL};
    uint64_t max = 0;

    if (!optlist_check_keys(l, keys, err) ||
        !optlist_size(l, "size", DEFAULT_RAM_UNIT, &o->ram_bytes, err) ||
        !optlist_size(l, "maxmem", DEFAULT_RAM_UNIT, &max, err)) {
        return false;
    }
    if (max != 0 && max != o->ram_bytes) {
        return fail(err, ERR_OPTION, "-m maxmem: adding memory at run time is not available");
    }
    return true;
}

bool opt_memory(struct options *o, const char *arg, GError **err)
{
    struct optlist *l = optlist_parse("-m", arg, "size", err);
    bool ok = l != NULL && parse_memory(o, l, err);
    optlist_free(l);
    return ok;
}

/* ---- -global ---- */

bool opt_global(struct options *o, const char *arg, GError **err)
{
    static const char legacy[] = "virtio-mmio.force-legacy=";
    bool on = true;

    if (!g_str_has_prefix(arg, legacy)) {
        return fail(err, ERR_OPTION, "-global %s: only %son|off is known", arg, legacy);
    }
    if (!optlist_parse_bool("-global virtio-mmio.force-legacy", arg + strlen(legacy), &on, err)) {
        return false;
    }
    o->virtio_modern = !on;
    return true;
}

/* ---- the whole ---- */

static bool check_ram(struct options *o, GError **err)
{
    uint64_t max = virt_memmap[VIRT_RAM].size;
    if (o->ram_bytes < MIN_RAM) {
        return fail(err, ERR_OPTION, "-m: %" PRIu64 " bytes are too few (at least 1M)",
                    o->ram_bytes);
    }
    if (o->ram_bytes > max) {
        return fail(err, ERR_OPTION, "-m: the machine takes at most %" PRIu64 "G of RAM",
                    max / GIB);
    }
    /* Stage 1 blocks and the reference machine like whole pages of any granule. */
    o->ram_bytes = align_up(o->ram_bytes, 64 * KIB);
    return true;
}

static bool check_gic(struct options *o, GError **err)
{
    static const unsigned max_pes[] = {
        [2] = VIRT_MAX_CPUS_GICV2, [3] = VIRT_MAX_CPUS_GICV3, [4] = VIRT_MAX_CPUS_GICV4};
    bool v4_works = o->virtualization && o->its;
    if (o->gic_max) {
        o->gic_version = v4_works ? 4 : 3;
    } else if (o->gic_version == 0) {
        o->gic_version = o->n_pes <= VIRT_MAX_CPUS_GICV2 ? 2 : 3;
    }
    if (o->gic_version == 4 && !v4_works) {
        return fail(err, ERR_OPTION, "-M gic-version=%s needs %s=on",
                    o->gic_minor != 0 ? "4.1" : "4", o->its ? "virtualization" : "its");
    }
    if (o->gic_version == 2 && (o->espi || o->mbi)) {
        return fail(err, ERR_OPTION, "-M espi=on and mbi=on need gic-version=3 or later");
    }
    if (o->n_pes > max_pes[o->gic_version]) {
        return fail(err, ERR_OPTION, "-smp %u: GICv%u takes at most %u PEs", o->n_pes,
                    o->gic_version, max_pes[o->gic_version]);
    }
    return true;
}

/* What is handed to a kernel, and to nobody else. */
static bool check_kernel(const struct options *o, GError **err)
{
    const char *lost = o->append != NULL ? "-append" : o->initrd != NULL ? "-initrd" : NULL;
    return o->kernel != NULL || lost == NULL || fail(err, ERR_OPTION, "%s needs -kernel", lost);
}

bool opt_machine_finish(struct options *o, GError **err)
{
    if (o->accel_refused != NULL && !o->accel_ok) {
        return fail(err, ERR_OPTION, "-accel %s: this is an emulator (tcg is accepted)",
                    o->accel_refused);
    }
    return check_gic(o, err) && check_ram(o, err) && check_kernel(o, err);
}
