/* SPDX-License-Identifier: Apache-2.0 */
/* struct machine, for the files that build and run one. */
#ifndef MACHINE_MACHINE_INTERNAL_H
#define MACHINE_MACHINE_INTERNAL_H

#include "core/bus.h"
#include "core/device.h"
#include "core/evq.h"
#include "cpu/cpu.h"
#include "devices/gtimer.h"
#include "gic/gic.h"
#include "machine/boot.h"
#include "machine/machine.h"
#include "machine/pe_model.h"
#include "machine/psci.h"
#include "machine/romlist.h"

/* What somebody asked of the machine, until the run loop gets to it. */
struct pending_request {
    bool any;
    bool guest; /* from inside a PE */
    bool seen;  /* and is not to be shown again */
    enum machine_request what;
    int code;
};

/* A turn of every PE, while it lasts: a pause may come in the middle. */
struct round {
    bool active;
    bool in_slice; /* PE `pe` has begun and not finished */
    unsigned pe;   /* whose turn it is */
    tick_t end;    /* of everybody's slice */
    tick_t until;  /* of the slice of `pe`: an event may be earlier */
    tick_t latest; /* how far any PE got */
};

/* Virtual against host time. */
struct pacer {
    int64_t host_ns; /* at virtual time `at` */
    tick_t at;
};

struct machine {
    struct machine_config cfg;
    struct bus *bus;
    struct evq *evq;

    /* ---- processing elements ---- */
    unsigned n_pes;
    struct cpu **pes;
    uint64_t *mpidr;
    struct pe_view *views;
    bool *in_wfe;      /* how cpu_run left each PE last */
    bool *held;        /* a PE does not run while others do ... */
    bool *hold_wanted; /* ... by machine_hold_pe, from the next resume on */
    struct pe_model model;
    enum cpu_conduit conduit;
    struct psci psci;
    struct semihost *semihost;

    /* ---- devices ---- */
    struct gic *gic;
    struct gtimer *gtimer;
    GPtrArray *devices; /* struct device *, in the order of reset; owned */
    struct device *gpio;
    struct device *flash[MACHINE_N_FLASH];
    struct event key_release; /* of the power key */
    GStringChunk *names;      /* of devices */

    /* ---- boot ---- */
    struct rom_list *roms;
    struct boot_plan plan;
    bool has_dtb;

    /* ---- the run loop ---- */
    tick_t now;          /* no PE that runs is behind this */
    struct cpu *current; /* inside cpu_run */
    struct round round;
    struct pending_request request;
    struct pending_request ending; /* shown to a debugger first: state is MACHINE_SHUTDOWN */
    struct pacer pacer;
    struct machine_alarm *alarms;
    tick_t alarms_next; /* when the first one is due */

    /* ---- debuggers and monitors ---- */
    enum machine_state state;
    bool cpu_stopped; /* PE stopped_pe, by cpu_debug.h; nobody has seen to it yet */
    unsigned stopped_pe;
    struct history *history; /* NULL: none is kept */
    struct machine_observer *observers;
};

/* board_virt.c: everything on the bus. */
bool board_build(struct machine *m, GError **err) NODISCARD;
void board_reset(struct machine *m);
void board_free(struct machine *m);
void board_press_power_key(struct machine *m);

/* pes.c: PEs, their timers and interrupt wires, PSCI and semihosting behind them. */
bool pes_build(struct machine *m, GError **err) NODISCARD;
void pes_free(struct machine *m);
/* After a reset of everything: registers and start addresses as the boot plan says. */
void pes_start(struct machine *m);
/* The EL that a kernel is started in without firmware, and secondary PEs by PSCI. */
unsigned pes_kernel_el(const struct machine *m);

/* Reset everything and load memory again. */
bool machine_reset(struct machine *m, GError **err) NODISCARD;
/* runloop.c: host time from now on is virtual time from now on. */
void runloop_rebase(struct machine *m);
void runloop_alarms_changed(struct machine *m);
/* pause.c */
void machine_set_state(struct machine *m, enum machine_state s);
void machine_notify(struct machine *m, enum machine_event e);
/* RESET, SHUTDOWN: why. last: the run ends. */
void machine_notify_why(struct machine *m, enum machine_event e, const struct pending_request *why,
                        bool last);

/* For machine_port and PSCI. */
void machine_request(void *opaque, enum machine_request what, int code);

#endif
