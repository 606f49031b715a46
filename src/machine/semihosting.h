/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arm semihosting ("Semihosting for AArch32 and AArch64", release 3.0): HLT #0xF000 with an
 * operation number in W0 and a parameter in X1.
 *
 * A pure module. Guest memory comes through semihost_guest, the host's files through semihost_host.
 * Handles that the guest sees are indices into a table of ours, never host descriptors.
 *
 * Left out, as operations that fail: SYS_SYSTEM.
 */
#ifndef MACHINE_SEMIHOSTING_H
#define MACHINE_SEMIHOSTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "core/backend.h"
#include "core/snapshot.h"

/* Files of the host. Results below 0 are -errno in the guest's numbering (that of Linux). */
struct semihost_host {
    /* mode: 0 to 11 as SYS_OPEN. The handle is the implementation's own, >= 0. */
    int (*open)(void *opaque, const char *path, unsigned mode);
    int (*close)(void *opaque, int fd);
    int64_t (*read)(void *opaque, int fd, void *buf, size_t len);
    int64_t (*write)(void *opaque, int fd, const void *buf, size_t len);
    int64_t (*seek)(void *opaque, int fd, uint64_t pos);
    int64_t (*size)(void *opaque, int fd);
    bool (*is_tty)(void *opaque, int fd);
    int (*remove)(void *opaque, const char *path);
    int (*rename)(void *opaque, const char *from, const char *to);
    /* The debug console. read: 0 at the end of input, -EAGAIN when there is nothing yet. */
    int64_t (*console_read)(void *opaque, void *buf, size_t len);
    /* fd: STDOUT_FILENO for what the guest opened as standard output, else STDERR_FILENO. */
    void (*console_write)(void *opaque, int fd, const void *buf, size_t len);
    void *opaque;
};

/* The PE that made the call. */
struct semihost_guest {
    bool (*read)(void *opaque, uint64_t va, void *buf, size_t len);
    bool (*write)(void *opaque, uint64_t va, const void *buf, size_t len);
    void *opaque;
};

struct semihost_config {
    struct semihost_host host;
    struct machine_port machine;
    tick_t (*now)(void *opaque);
    /* Wait for console input while the machine stands still. False: the machine is to stop. */
    bool (*wait)(void *opaque);
    void *opaque;          /* for now and wait */
    int64_t epoch_seconds; /* wall clock at virtual time 0 */
    const char *cmdline;
    uint64_t ram_base, ram_size;
};

struct semihost;

struct semihost *semihost_new(const struct semihost_config *c);
void semihost_free(struct semihost *s);
/* Close the guest's files: at reset. */
void semihost_reset(struct semihost *s);
void semihost_snap(struct semihost *s, struct snap *out);

/* Returns the new X0. Total: any operation, parameter and memory content has an answer. */
uint64_t semihost_call(struct semihost *s, const struct semihost_guest *g, uint64_t op,
                       uint64_t param);

#endif
