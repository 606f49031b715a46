/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PSCI 1.1 (Arm DEN 0022) and the SMC Calling Convention (Arm DEN 0028), as firmware would answer
 * them when the board boots a kernel without firmware. A pure module: it knows PEs by number and
 * acts through a port.
 *
 * Left out: power-down states of CPU_SUSPEND (standby only), SYSTEM_SUSPEND, MIGRATE (there is no
 * Trusted OS), CPU_FREEZE, statistics, memory protection.
 */
#ifndef MACHINE_PSCI_H
#define MACHINE_PSCI_H

#include <stdbool.h>
#include <stdint.h>

#include "core/backend.h"

struct psci_port {
    bool (*is_on)(void *opaque, unsigned pe);
    void (*power_on)(void *opaque, unsigned pe, uint64_t entry, uint64_t context);
    void (*power_off)(void *opaque, unsigned pe);
    /* Standby until an interrupt; may return at once. */
    void (*standby)(void *opaque, unsigned pe);
    void *opaque;
};

struct psci {
    unsigned n_pes;
    const uint64_t *mpidr; /* affinity of each PE */
    struct psci_port port;
    struct machine_port machine;
};

/* Registers that a call reads or changes. */
#define PSCI_N_REGS 18

/* A call by PE `caller`: function identifier in x[0], arguments from x[1], result in x[0]. Every
 * value has an answer; an unknown function is NOT_SUPPORTED. */
void psci_call(const struct psci *p, unsigned caller, uint64_t *x);

#endif
