/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line, parsed: what the user asked for, before anything is opened or built. Spelled as
 * QEMU spells it where both have it; own options are long.
 */
#ifndef APP_OPTIONS_H
#define APP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "app/optlist.h"
#include "base/result.h"
#include "debug/trace_file.h"
#include "machine/boot.h"
#include "machine/fdt.h"
#include "machine/machine.h"

enum opt_drive_if { DRIVE_IF_NONE, DRIVE_IF_VIRTIO, DRIVE_IF_PFLASH };

/* -drive, -blockdev, -pflash, -hda. */
struct opt_drive {
    char *id;       /* never NULL */
    char *file;     /* NULL: see protocol */
    char *protocol; /* -blockdev: the node that this one is on top of; NULL: none */
    enum opt_drive_if iface;
    int unit; /* -1: next */
    bool format_raw, read_only, snapshot, no_flush, no_lock, no_unmap;
};

/* -semihosting-config */
struct opt_semihosting {
    bool enable, user_access;
    char *chardev; /* id; NULL: standard output */
    GString *args; /* NULL: kernel and -append */
};

/* --snapshot-save-at */
struct opt_save {
    tick_t at;
    char *file;
};

/* --record */
struct opt_record {
    char *file; /* NULL: not recorded */
    char *note;
    tick_t every;   /* between two states */
    uint64_t embed; /* the largest file that is put into the journal, bytes */
};

/* -qmp, -monitor, -mon */
struct opt_monitor {
    char *spec; /* as -serial takes it */
    bool qmp, pretty;
};

enum opt_pace { PACE_AUTO, PACE_ON, PACE_OFF };

struct options {
    /* Text to print instead of running (help, version); NULL: run. */
    char *text;

    /* -M */
    bool virtualization, secure, its, espi, mbi, acpi, graphics;
    unsigned gic_version; /* 0: by the number of PEs */
    unsigned gic_minor;   /* 1: GICv4.1 */
    bool gic_max;         /* the highest version that the reference has with the other options */
    char *dumpdtb;
    char *pflash_node[MACHINE_N_FLASH];
    /* -accel: a list of wishes */
    bool accel_ok;
    char *accel_refused;
    /* -cpu, -smp, -m */
    char *cpu;
    unsigned n_pes;
    struct fdt_topology topology;
    uint64_t ram_bytes;
    /* boot */
    char *kernel, *initrd, *append, *dtb, *bios;
    GArray *items;   /* struct boot_item */
    GArray *modules; /* struct boot_module */
    bool no_reboot, no_shutdown, start_paused;
    bool snapshot; /* all drives */

    /* backends and devices, in order */
    GPtrArray *serials;  /* char *: specifications of -serial */
    GPtrArray *chardevs; /* char *: arguments of -chardev */
    GPtrArray *netdevs;  /* char *: arguments of -netdev */
    GPtrArray *nics;     /* struct optlist *: -nic other than none */
    GPtrArray *drives;   /* struct opt_drive * */
    GPtrArray *devices;  /* struct optlist *: -device, the driver under "driver" */
    GPtrArray *objects;  /* char *: ids of -object rng-* */
    GPtrArray *fw_files; /* struct optlist *: -fw_cfg */
    bool nodefaults, nographic;
    bool virtio_modern; /* -global virtio-mmio.force-legacy=off */

    struct opt_semihosting semihosting;
    char *log_classes, *log_file, *pid_file;

    /* debuggers and monitors */
    GPtrArray *monitors; /* struct opt_monitor * */
    char *gdb;           /* NULL: none */
    bool gdb_lost_runs;
    uint64_t key_frame_bytes; /* 0: none */

    /* time and chance */
    bool rtc_set; /* rtc_seconds was given; else the host's clock */
    bool rtc_local;
    int64_t rtc_seconds;
    uint64_t seed;
    enum opt_pace pace;
    struct trace_options trace;
    tick_t quantum;         /* 0: default */
    uint16_t compile_after; /* as of cpu.h */
    uint8_t tlb;            /* enum cpu_tlb */
    /* snapshots and hashes */
    tick_t hash_every, stop_at; /* 0: never */
    GArray *saves;              /* struct opt_save */
    char *snapshot_load, *snapshot_dir;
    struct opt_record record;
    char *replay, *replay_report;
    GPtrArray *images; /* char *: folders */
    bool has_uuid;
    uint8_t uuid[16];
    char *name;
};

struct options *options_parse(int argc, char **argv, GError **err);
/* Options that come after those of o. On failure o is half changed, and still the caller's. */
bool options_parse_more(struct options *o, int argc, char **argv, GError **err) NODISCARD;
void options_free(struct options *o);

#endif
