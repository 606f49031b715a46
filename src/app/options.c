/* SPDX-License-Identifier: Apache-2.0 */
#include "app/options.h"

#include <string.h>

#include "app/help.h"
#include "app/suggest.h"
#include "base/bits.h"

#include "app/options_internal.h"

/* Options that only store their argument or set a flag: the offset says where. */
enum opt_kind {
    OPT_CALL,   /* fn */
    OPT_STRING, /* char * at off */
    OPT_FLAG,   /* bool at off */
    OPT_IGNORE, /* cannot matter here */
    OPT_LATER,  /* known, not available yet: an error that says so */
    OPT_HELP,
    OPT_VERSION,
};

struct opt_desc {
    const char *name;
    enum opt_kind kind;
    const char *arg; /* for the help text; NULL: takes none */
    opt_handler *fn;
    size_t off;
    const char *help; /* NULL: not listed */
};

#define CALL(name, arg, fn, help) {name, OPT_CALL, arg, fn, 0, help}
#define STRING(name, field, a, help)                                                               \
    {name, OPT_STRING, a, NULL, offsetof(struct options, field), help}
#define FLAG(name, field, help) {name, OPT_FLAG, NULL, NULL, offsetof(struct options, field), help}
#define IGNORE(name, arg)       {name, OPT_IGNORE, arg, NULL, 0, NULL}
#define LATER(name, arg)        {name, OPT_LATER, arg, NULL, 0, NULL}

/* clang-format off */
static const struct opt_desc table[] = {
    CALL("machine", "virt[,prop=value...]", opt_machine,  "the machine and its properties (-M help)"),
    CALL("M",       "virt[,prop=value...]", opt_machine,  NULL),
    CALL("cpu",     "model[,feature=on|off]", opt_cpu,    "the processor model (-cpu help)"),
    CALL("smp",     "n[,sockets=,cores=..]", opt_smp,     "number of PEs and their topology"),
    CALL("m",       "size[K|M|G]", opt_memory,            "RAM; a bare number counts MiB"),

    STRING("kernel", kernel, "file",   "kernel: Image (gzip, zstd, EFI zboot), ELF or raw"),
    STRING("initrd", initrd, "file",   "initial RAM disk"),
    STRING("append", append, "text",   "kernel command line"),
    STRING("dtb",    dtb,    "file",   "device tree to use in place of the machine's own"),
    STRING("bios",   bios,   "file",   "firmware, in the first flash"),
    CALL("pflash",  "file", opt_pflash,                   "image of the next flash"),
    CALL("fw_cfg",  "[name=]name,file=|string=", opt_fw_cfg, "a named item for firmware"),

    CALL("drive",    "file=,if=,format=,id=..", opt_drive, "a disk: if=none, virtio or pflash"),
    CALL("blockdev", "driver=,node-name=,filename=", opt_blockdev, "a block node: driver=file or raw"),
    CALL("hda",      "file", opt_disk,                     "a virtio disk"),
    FLAG("snapshot", snapshot,                             "disks keep nothing"),
    CALL("device",   "driver[,prop=value...]", opt_device, "a device (-device help)"),
    CALL("netdev",   "user,id=[,hostfwd=..]", opt_netdev,  "a network backend"),
    CALL("nic",      "none|user[,..]", opt_nic,            "a network device with its backend"),
    CALL("net",      "none", opt_net,                      NULL),
    CALL("object",   "rng-random,id=..", opt_object,       "accepted: entropy comes from --seed"),
    CALL("chardev",  "kind,id=..", opt_chardev,            "a character backend"),
    CALL("serial",   "stdio|mon:stdio|none|file:..|chardev:id", opt_serial, "what is behind the next UART"),
    CALL("monitor",  "stdio|mon:stdio|unix:..|none", opt_monitor, "a monitor for people"),
    CALL("qmp",      "unix:path,server=on,wait=off|tcp:..|stdio", opt_qmp, "a monitor for programs (JSON)"),
    CALL("qmp-pretty", "..", opt_qmp_pretty,               NULL),
    CALL("mon",      "[chardev=]id[,mode=readline|control]", opt_mon, "a monitor on a -chardev"),
    CALL("display",  "none", opt_display,                  "there is no display yet"),
    CALL("parallel", "none", opt_parallel,                 NULL),
    CALL("vga",      "none", opt_vga,                      NULL),
    FLAG("nodefaults", nodefaults,                         "only what is asked for: no default UART"),
    FLAG("nographic",  nographic,                          "the first UART on this terminal; Ctrl-A x leaves"),
    CALL("global",   "driver.prop=value", opt_global,      "default of a device property"),

    STRING("gdb", gdb, "tcp::port|unix:path", "wait for a debugger there"),
    CALL("s", NULL, opt_gdb_default,          "-gdb tcp::1234"),
    CALL("gdb-lost", "stop|run", opt_gdb_lost, "what the machine does when its debugger vanishes"),
    CALL("key-frames", "size[K|M|G]|off", opt_key_frames, "memory for a debugger to go back in time: 512M"),
    FLAG("S",           start_paused, "wait for a debugger or monitor to start the machine"),
    FLAG("no-reboot",   no_reboot,   "leave when the guest resets"),
    FLAG("no-shutdown", no_shutdown, "stay when the guest powers off"),
    CALL("action", "reboot=..,shutdown=..", opt_action, NULL),
    CALL("semihosting", NULL, opt_semihosting,          "Arm semihosting on"),
    CALL("semihosting-config", "enable=on[,arg=..]", opt_semihosting_config, "Arm semihosting in detail"),
    CALL("rtc", "base=utc|localtime|date", opt_rtc,     "what the clock shows at start"),
    CALL("uuid", "uuid", opt_uuid,                      NULL),
    STRING("name", name, "text",                        NULL),
    STRING("pidfile", pid_file, "file",                 "holds the number of the process while it runs"),
    CALL("d", "class[,class...]", opt_debug_log,        "log: guest_errors, unimp, int, mmu, irq, dev, exec, all"),
    STRING("D", log_file, "file",                       "where the log goes"),

    CALL("pace", "on|off|auto", opt_pace,     "keep virtual time from overtaking host time"),
    CALL("seed", "n", opt_seed,               "of everything random; the default is always the same"),
    CALL("trace", "file[,format=tarmac|bin][,el=..]..", opt_trace, "record instructions (docs/trace.md)"),
    CALL("quantum", "time", opt_quantum,      "how long one PE runs before the next: 100us"),
    CALL("compile-after", "n|never", opt_compile_after, "executions until a piece of guest code is compiled"),
    CALL("tlb", "normal|tiny|off", opt_tlb, "how many translations are kept: the run is the same"),
    CALL("hash-every", "time", opt_hash_every, "print a hash of the whole state at each multiple of a virtual time"),
    CALL("snapshot-save-at", "time[,file=..]", opt_snapshot_save_at, "save the state at a virtual time"),
    CALL("stop-at", "time", opt_stop_at, "leave at a virtual time"),
    CALL("record", "file[,every=][,embed=][,note=]", opt_record, "write down all that comes from outside"),
    STRING("replay", replay, "file", "run again what was recorded, with its options"),
    CALL("images", "folder", opt_images, "where else a replay looks for files (also $ARMATURE_CACHE)"),
    STRING("replay-report", replay_report, "file", "how a replay went, for scripts"),
    STRING("snapshot-load", snapshot_load, "file", "start from a saved state; the machine must be the same"),
    STRING("snapshot-dir", snapshot_dir, "folder", "where savevm and loadvm of the monitor have their files"),
    {"help",    OPT_HELP,    NULL, NULL, 0, "this text"},
    {"h",       OPT_HELP,    NULL, NULL, 0, NULL},
    {"version", OPT_VERSION, NULL, NULL, 0, "the version"},
    {"V",       OPT_VERSION, NULL, NULL, 0, NULL},

    CALL("accel", "tcg", opt_accel, NULL),
    CALL("numa", "node", opt_numa, NULL),
    IGNORE("L", "folder"),
    IGNORE("watchdog-action", "..."),
    IGNORE("smbios", "..."),
    IGNORE("msg", "..."),
    IGNORE("icount", "..."),
    IGNORE("boot", "..."),
    IGNORE("k", "..."),
    IGNORE("sandbox", "..."),
    IGNORE("overcommit", "..."),
    IGNORE("mem-prealloc", NULL),
    IGNORE("no-user-config", NULL),
    IGNORE("nouserconfig", NULL),
    IGNORE("no-hpet", NULL),
    IGNORE("no-acpi", NULL),
    IGNORE("one-insn-per-tb", NULL),
    IGNORE("tb-size", "..."),
    IGNORE("full-screen", NULL),
    LATER("loadvm", "..."),
    LATER("incoming", "..."),
    LATER("stats", "file"),
    LATER("timing", "model"),
    LATER("check", "list"),
    LATER("daemonize", NULL),
    LATER("fsdev", "..."),
    LATER("virtfs", "..."),
    LATER("plugin", "..."),
    LATER("enable-kvm", NULL),
    LATER("audio", "..."),
    LATER("tpmdev", "..."),
    LATER("vnc", "..."),
    LATER("spice", "..."),
    LATER("usb", NULL),
    LATER("cdrom", "file"),
    LATER("curses", NULL),
    LATER("mem-path", "file"),
    LATER("readconfig", "file"),
    LATER("usbdevice", "..."),
    LATER("watchdog", "..."),
    LATER("sd", "file"),
};
/* clang-format on */

static const struct opt_desc *find_option(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (strcmp(table[i].name, name) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

static bool unknown_option(const char *arg, const char *name, GError **err)
{
    struct suggest s = {.name = name};
    if (*arg != '-') {
        return fail(err, ERR_OPTION,
                    "'%s' is not an option: a disk is given by -drive, a kernel by "
                    "-kernel",
                    arg);
    }
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (table[i].help != NULL) {
            suggest_offer(&s, table[i].name);
        }
    }
    return fail(err, ERR_OPTION, "%s: unknown option (did you mean -%s?)", arg, s.best);
}

static char *help_text(void)
{
    GString *s = g_string_new("Usage: armature [option...]\n"
                              "A deterministic AArch64 machine. What it shares with "
                              "qemu-system-aarch64 is spelled the same.\n\n");
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const struct opt_desc *d = &table[i];
        if (d->help != NULL) {
            g_autofree char *left =
                g_strdup_printf("-%s %s", d->name, d->arg != NULL ? d->arg : "");
            g_string_append_printf(s, "  %-38s %s\n", left, d->help);
        }
    }
    return g_string_free(s, false);
}

static bool apply(struct options *o, const struct opt_desc *d, const char *arg, GError **err)
{
    switch (d->kind) {
    case OPT_CALL:
        o->text = arg != NULL && help_asked(arg) ? help_values(d->name) : NULL;
        return o->text != NULL || d->fn(o, arg, err);
    case OPT_STRING:
        opt_set_string((char **)((char *)o + d->off), arg);
        return true;
    case OPT_FLAG:
        *(bool *)((char *)o + d->off) = true;
        return true;
    case OPT_LATER:
        return fail(err, ERR_OPTION, "-%s is not available yet", d->name);
    case OPT_HELP:
        o->text = help_text();
        return true;
    case OPT_VERSION:
        o->text = help_version();
        return true;
    case OPT_IGNORE:
        break;
    }
    return true;
}

/* One option with its argument; *i moves on. */
static bool parse_one(struct options *o, int argc, char **argv, int *i, GError **err)
{
    const char *word = argv[(*i)++];
    const char *name = word;
    /* One dash or two, as the reference takes both. */
    if (*name == '-') {
        name += name[1] == '-' ? 2 : 1;
    }
    /* --option=value for the long ones. */
    g_autofree char *head = NULL;
    const char *eq = g_str_has_prefix(word, "--") ? strchr(name, '=') : NULL;
    if (eq != NULL) {
        head = g_strndup(name, (gsize)(eq - name));
        name = head;
    }
    const struct opt_desc *d = *word == '-' ? find_option(name) : NULL;
    if (d == NULL) {
        return unknown_option(word, name, err);
    }
    if (d->arg == NULL) {
        if (eq != NULL) {
            return fail(err, ERR_OPTION, "-%s takes no argument", d->name);
        }
        return apply(o, d, NULL, err);
    }
    if (eq != NULL) {
        return apply(o, d, eq + 1, err);
    }
    if (d->kind == OPT_LATER) {
        return apply(o, d, NULL, err);
    }
    if (*i >= argc) {
        return fail(err, ERR_OPTION, "%s needs an argument", word);
    }
    return apply(o, d, argv[(*i)++], err);
}

static void free_optlist(void *p)
{
    optlist_free(p);
}

static void free_drive(void *p)
{
    struct opt_drive *d = p;
    g_free(d->id);
    g_free(d->file);
    g_free(d->protocol);
    g_free(d);
}

static void free_monitor(void *p)
{
    struct opt_monitor *m = p;
    g_free(m->spec);
    g_free(m);
}

static void clear_item(void *p)
{
    g_free(((struct boot_item *)p)->file);
}

static void clear_module(void *p)
{
    g_free(((struct boot_module *)p)->file);
    g_free(((struct boot_module *)p)->bootargs);
}

static void clear_save(void *p)
{
    g_free(((struct opt_save *)p)->file);
}

static struct options *options_new(void)
{
    struct options *o = g_new0(struct options, 1);
    o->virtualization = true;
    o->its = true;
    o->acpi = true;
    o->cpu = g_strdup("max");
    o->n_pes = 1;
    o->topology = (struct fdt_topology){1, 1, 1, 1};
    o->ram_bytes = 128 * MIB;
    o->seed = 1;
    o->key_frame_bytes = 512 * MIB;
    trace_options_init(&o->trace);
    o->items = g_array_new(false, true, sizeof(struct boot_item));
    g_array_set_clear_func(o->items, clear_item);
    o->modules = g_array_new(false, true, sizeof(struct boot_module));
    g_array_set_clear_func(o->modules, clear_module);
    o->saves = g_array_new(false, true, sizeof(struct opt_save));
    g_array_set_clear_func(o->saves, clear_save);
    o->serials = g_ptr_array_new_with_free_func(g_free);
    o->chardevs = g_ptr_array_new_with_free_func(g_free);
    o->netdevs = g_ptr_array_new_with_free_func(g_free);
    o->nics = g_ptr_array_new_with_free_func(free_optlist);
    o->drives = g_ptr_array_new_with_free_func(free_drive);
    o->devices = g_ptr_array_new_with_free_func(free_optlist);
    o->objects = g_ptr_array_new_with_free_func(g_free);
    o->monitors = g_ptr_array_new_with_free_func(free_monitor);
    o->images = g_ptr_array_new_with_free_func(g_free);
    o->record = (struct opt_record){.every = 100 * TICKS_PER_MS, .embed = MIB};
    o->fw_files = g_ptr_array_new_with_free_func(free_optlist);
    return o;
}

void options_free(struct options *o)
{
    if (o == NULL) {
        return;
    }
    char *strings[] = {o->text,       o->dumpdtb,       o->pflash_node[0], o->pflash_node[1],
                       o->cpu,        o->kernel,        o->initrd,         o->append,
                       o->dtb,        o->bios,          o->log_classes,    o->log_file,
                       o->pid_file,   o->gdb,           o->snapshot_load,  o->record.file,
                       o->replay,     o->accel_refused, o->name,           o->semihosting.chardev,
                       o->trace.file, o->snapshot_dir,  o->record.note,    o->replay_report};
    for (size_t i = 0; i < ARRAY_LEN(strings); i++) {
        g_free(strings[i]);
    }
    GPtrArray *arrays[] = {o->serials, o->chardevs, o->netdevs,  o->nics,     o->drives,
                           o->devices, o->objects,  o->fw_files, o->monitors, o->images};
    for (size_t i = 0; i < ARRAY_LEN(arrays); i++) {
        g_ptr_array_unref(arrays[i]);
    }
    if (o->semihosting.args != NULL) {
        g_string_free(o->semihosting.args, true);
    }
    g_array_unref(o->items);
    g_array_unref(o->modules);
    g_array_unref(o->saves);
    g_free(o);
}

bool options_parse_more(struct options *o, int argc, char **argv, GError **err)
{
    bool ok = true;
    for (int i = 1; i < argc && ok && o->text == NULL;) {
        ok = parse_one(o, argc, argv, &i, err);
    }
    return ok && (o->text != NULL || opt_machine_finish(o, err));
}

struct options *options_parse(int argc, char **argv, GError **err)
{
    struct options *o = options_new();
    if (!options_parse_more(o, argc, argv, err)) {
        options_free(o);
        return NULL;
    }
    return o;
}
