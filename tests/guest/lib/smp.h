/* SPDX-License-Identifier: Apache-2.0 */
/* Other PEs: PSCI, and functions that run on them. */
#ifndef GUEST_SMP_H
#define GUEST_SMP_H

#include "mmu.h"

/* DEN 0022, 5.1; the SMC64 names where there are two. */
#define PSCI_VERSION           0x84000000
#define PSCI_CPU_SUSPEND       0xc4000001
#define PSCI_CPU_OFF           0x84000002
#define PSCI_CPU_ON            0xc4000003
#define PSCI_AFFINITY_INFO     0xc4000004
#define PSCI_MIGRATE_INFO_TYPE 0x84000006
#define PSCI_SYSTEM_OFF        0x84000008
#define PSCI_SYSTEM_RESET      0x84000009
#define PSCI_FEATURES          0x8400000a
#define PSCI_SMC64             0x40000000

#define PSCI_SUCCESS            0
#define PSCI_NOT_SUPPORTED      (-1)
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_ALREADY_ON         (-4)
#define PSCI_ON_PENDING         (-5)
#define PSCI_INVALID_ADDRESS    (-9)
#define PSCI_ON                 0
#define PSCI_OFF                1

/* By SMC from EL2, by HVC from EL1. */
int64_t psci(uint64_t function, uint64_t a, uint64_t b, uint64_t c);
int64_t psci_cpu_on(unsigned pe, const void *entry, uint64_t context);

/* How many PEs the machine has, from PSCI; MAX_PES at most. */
unsigned smp_count(void);
/* All of them on, with the MMU on (flat, cacheable) at the home level of each. */
void smp_start(void);
struct tables *smp_tables(void);
/* Run fn(arg) on another PE; smp_wait() returns when it has. */
void smp_run(unsigned pe, void (*fn)(uint64_t arg), uint64_t arg);
void smp_wait(unsigned pe);
/* The same on all PEs at once, this one too. */
void smp_all(void (*fn)(uint64_t arg), uint64_t arg);

static inline uint64_t load_acquire(const uint64_t *p)
{
    return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline void store_release(uint64_t *p, uint64_t v)
{
    __atomic_store_n(p, v, __ATOMIC_RELEASE);
}

#endif
