/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device tree: of the board (fdt.c) and what a boot adds to it, which is the same for a tree
 * that the user gives (fdt_fixup.c). Names, properties and order are those of the reference `virt`
 * machine.
 */
#ifndef MACHINE_FDT_H
#define MACHINE_FDT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"

#define FDT_SEED_LEN 32

struct fdt_topology {
    unsigned sockets, clusters, cores, threads; /* each: how many in the next larger one */
};

/* Random numbers for the guest's kernel: from the machine's seed. */
struct fdt_seeds {
    uint8_t rng[FDT_SEED_LEN];
    uint8_t kaslr[8];
};

struct fdt_config {
    unsigned n_cpus;
    struct fdt_topology topology;
    const char *cpu_compatible; /* "arm,cortex-a57" */
    unsigned gic_version;       /* 2, 3, 4 */
    unsigned gic_minor;         /* 1: GICv4.1 */
    bool its, espi, mbi;
    bool virtualization; /* EL2: maintenance interrupt, GICH, GICV */
    bool hyp_virt_timer; /* FEAT_VHE */
    bool secure;         /* EL3: secure flash, RAM, UART, GPIO */
    bool pmu;
    bool uart1; /* a second UART; always there with secure */
    struct fdt_seeds seeds, secure_seeds;
};

/* A program or ramdisk in memory that a hypervisor starts. */
struct fdt_module {
    uint64_t addr, size;
    const char *bootargs; /* NULL: none */
    bool is_kernel;
};

/* What every boot fills in. */
enum fdt_psci { FDT_PSCI_NONE, FDT_PSCI_HVC, FDT_PSCI_SMC };
struct fdt_boot {
    uint64_t ram_base, ram_size;
    enum fdt_psci psci;
    const char *bootargs;              /* NULL: none */
    uint64_t initrd_start, initrd_end; /* equal: none */
    const struct fdt_module *modules;
    size_t n_modules;
    const struct fdt_seeds *seeds; /* replaces seeds in the tree, if any are there */
};

/* The board's tree without the parts in fdt_boot. */
GBytes *fdt_build(const struct fdt_config *c, GError **err);
/* A tree from a file: total, any content gives a tree or an error that names it. */
bool fdt_check_file(const char *name, GBytes *file, GError **err) NODISCARD;
/* base with *b applied. It has 1 MiB, as the reference machine's: firmware adds to it in place. */
GBytes *fdt_finish_boot(GBytes *base, const struct fdt_boot *b, GError **err);
/* The same tree with at most `slack` bytes free. */
GBytes *fdt_shrink(GBytes *tree, size_t slack);

#endif
