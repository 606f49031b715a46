/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine: built from a configuration, run until it stops. Everything from outside (files behind
 * disks and UARTs, host time) comes in through the configuration.
 */
#ifndef MACHINE_MACHINE_H
#define MACHINE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "core/backend.h"
#include "core/replay.h"
#include "core/trace.h"
#include "machine/boot.h"
#include "machine/fdt.h"
#include "machine/memmap.h"
#include "machine/semihosting.h"

struct bus;
struct cpu;
struct machine;
struct virtio_dev;

/* The run loop's view of the host. now_ns may be NULL: never paced. */
struct machine_host {
    bool (*poll_due)(void *opaque);
    /* Deliver input; wait at most timeout_ms for some (-1: for ever). */
    void (*poll)(void *opaque, int timeout_ms);
    int64_t (*now_ns)(void *opaque);
    /* While the machine is paused, devices get no input. May be NULL. */
    void (*hold_input)(void *opaque, bool hold);
    void *opaque;
};

/* A named item for firmware. */
struct machine_fw_file {
    const char *name; /* "opt/org.example/x" */
    GBytes *data;
};

/* What is behind disks and flash, for snapshots. */
struct machine_disk {
    const char *name; /* of the drive */
    struct blockdev *dev;
};

#define MACHINE_N_SERIAL 2
#define MACHINE_N_FLASH  2

struct machine_config {
    /* -M */
    unsigned gic_version; /* 2, 3, 4 */
    unsigned gic_minor;   /* 1: GICv4.1 */
    bool virtualization, secure;
    bool its;       /* an ITS and LPIs; not gic_version 2 */
    bool espi, mbi; /* extended SPIs and PPIs, message-based SPIs; not gic_version 2 */
    /* -cpu, -smp, -m */
    const char *cpu;
    unsigned n_pes;
    struct fdt_topology topology;
    uint64_t ram_bytes;
    /* boot */
    const char *kernel, *initrd, *append, *dtb; /* NULL: none */
    const char *dumpdtb;                        /* write the device tree there and stop */
    const struct boot_item *items;
    size_t n_items;
    const struct boot_module *modules;
    size_t n_modules;
    bool no_reboot, no_shutdown;
    bool start_paused; /* MACHINE_PRELAUNCH */
    /* backends; owned by the caller, outlive the machine */
    struct chardev *serial[MACHINE_N_SERIAL];
    bool serial1;                             /* a second UART, even if nothing is connected */
    struct blockdev *flash[MACHINE_N_FLASH];  /* the first one: firmware, started at reset */
    struct virtio_dev *virtio[VIRT_N_VIRTIO]; /* by slot; the machine owns them from machine_new */
    bool virtio_modern;                       /* version 2 register layout */
    const struct machine_disk *disks;         /* all of them */
    size_t n_disks;
    const struct machine_fw_file *fw_files;
    size_t n_fw_files;
    struct machine_host host;
    const char *snapshot_dir; /* of named snapshots; NULL: the current one */
    uint64_t key_frame_bytes; /* memory for going back; 0: not possible */
    struct replay *gate;      /* that input comes through; NULL: neither recorded nor replayed */
    /* semihosting */
    bool semihosting;
    struct semihost_host semihost;
    const char *semihost_cmdline;
    /* time and chance */
    int64_t rtc_seconds;     /* since 1970, at virtual time 0 */
    uint64_t seed;           /* RNDR of the PEs */
    struct entropy *entropy; /* seeds in the device tree; NULL: zeros */
    bool pace;               /* virtual time does not overtake host time */
    tick_t quantum;
    uint16_t compile_after; /* as of cpu.h */
    uint8_t tlb;            /* enum cpu_tlb */
    uint32_t freq_mhz;      /* clock of a PE: 1000 */
    const uint8_t *uuid;    /* 16 bytes; NULL: none */
};

/* Defaults of everything. */
void machine_config_init(struct machine_config *c);
/* gic_version and gic_minor as -M spells them. */
const char *machine_gic_name(const struct machine_config *c);

/* On failure nothing is left behind but virtio devices are freed too. */
struct machine *machine_new(const struct machine_config *c, GError **err);
void machine_free(struct machine *m);

/* Run until the guest or the host ends it. Returns the exit status. */
int machine_run(struct machine *m);
/* The door for what is part of the machine, and for what stops it at a time. */
struct machine_port machine_port(struct machine *m);
/* The door for people and backends: through the gate, if there is one. */
struct machine_port machine_outer_port(struct machine *m);

/*
 * Call fn between two rounds of PEs, when virtual time has come to `when`: exactly there if it is a
 * multiple of the quantum. Whether somebody looks makes no difference to the guest. fn may set
 * `when` again; TICK_NEVER: not any more. Stays linked until the machine is freed.
 */
struct machine_alarm {
    tick_t when;
    void (*fn)(void *opaque, tick_t due);
    void *opaque;
    struct machine_alarm *next;
};
void machine_add_alarm(struct machine *m, struct machine_alarm *a);
void machine_remove_alarm(struct machine *m, struct machine_alarm *a);

/* ---- pause and resume: for debuggers and monitors ---- */

/*
 * In every state but the first one virtual time stands still, no PE runs and input for devices
 * waits, but the host is polled. A pause is not an event for the guest: the run goes on exactly
 * where it was, in the middle of a turn too.
 */
enum machine_state {
    MACHINE_RUNNING,
    MACHINE_PRELAUNCH, /* not started yet, or reset while it did not run */
    MACHINE_PAUSED,    /* somebody asked */
    MACHINE_DEBUG,     /* a debugger's breakpoint, watchpoint or step */
    MACHINE_SHUTDOWN,  /* powered off, but told to stay: only a reset leads out */
};
enum machine_state machine_state(const struct machine *m);
/* QEMU's word for it: "running", "prelaunch", ... */
const char *machine_state_name(enum machine_state s);
/* why: PAUSED or DEBUG. Nothing happens if it does not run. From a hook inside cpu_run it takes
 * effect after the current instruction. */
void machine_pause(struct machine *m, enum machine_state why);
/* False: it is shut down. */
bool machine_resume(struct machine *m);
/* The PE whose breakpoint, watchpoint or step stopped the machine last. */
unsigned machine_stopped_pe(const struct machine *m);
/* A PE that is held does not run while others do: gdb's scheduler-locking. Others notice. */
void machine_hold_pe(struct machine *m, unsigned pe, bool hold);

/* Would the PE execute an instruction before any other one does? */
bool machine_has_turn(const struct machine *m, unsigned pe);

/* ---- going back: for debuggers (docs/adr/0015) ---- */

/* Keep key frames from here on, between two turns. False: not of this machine (*err says why). */
bool machine_history_start(struct machine *m, GError **err);
/* Not any more. In the past: from where the machine comes to the present. */
void machine_history_end(struct machine *m);
bool machine_has_history(const struct machine *m);
/* Does the machine run, or stand, where it has been before? */
bool machine_in_past(const struct machine *m);
/*
 * Run back: before the last instruction of a PE; to the last breakpoint, or access to a watched
 * range, before now. The machine runs, in its past, and stops as if it had come there (DEBUG).
 * False: there is no history.
 */
bool machine_back_step(struct machine *m, unsigned pe) NODISCARD;
bool machine_back_continue(struct machine *m) NODISCARD;
/* What there is to say about such a stop. */
struct machine_history_stop {
    bool begin; /* the history begins here: nothing was found */
    bool watch; /* an access to va; the machine stands behind it */
    bool write;
    uint64_t va;
};
struct machine_history_stop machine_history_stop(const struct machine *m);
/*
 * Ask before state is changed from outside. In the past that makes another present: the rest of the
 * history is forgotten. False: not in a run that is recorded or replayed.
 */
bool machine_change(struct machine *m) NODISCARD;

/* A journal is replayed to its end, and a debugger can still go back: to resume is to leave. */
bool machine_at_replay_end(const struct machine *m);

enum machine_event {
    MACHINE_EVENT_STOP,
    MACHINE_EVENT_RESUME,
    MACHINE_EVENT_POWERDOWN, /* the power key */
    MACHINE_EVENT_RESET,     /* it has been reset */
    MACHINE_EVENT_SHUTDOWN,  /* it powers off or ends */
};
struct machine_notice {
    enum machine_event event;
    /* RESET, SHUTDOWN: did the guest ask for it, and how QEMU calls the reason */
    bool guest;
    const char *reason;
    /* SHUTDOWN: machine_run returns, with this */
    bool last;
    int status;
};
struct machine_observer {
    void (*notify)(void *opaque, const struct machine_notice *n);
    void *opaque;
    struct machine_observer *next;
};
/* Until the machine is freed, or machine_unobserve. */
void machine_observe(struct machine *m, struct machine_observer *o);
void machine_unobserve(struct machine *m, struct machine_observer *o);

/* ---- what it is made of: for debuggers and monitors, between turns ---- */
const struct machine_config *machine_get_config(const struct machine *m);
unsigned machine_n_pes(const struct machine *m);
/* Instructions that all PEs have executed. */
uint64_t machine_insns(const struct machine *m);
struct cpu *machine_pe(const struct machine *m, unsigned pe);
uint64_t machine_mpidr(const struct machine *m, unsigned pe);
struct bus *machine_bus(const struct machine *m);
tick_t machine_now(const struct machine *m);
/* Where the GIC and the timers record what concerns a PE; NULL: nowhere. */
void machine_set_trace(struct machine *m, unsigned pe, const struct trace_port *port);

#endif
