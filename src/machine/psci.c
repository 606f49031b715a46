/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/psci.h"

#include "base/bits.h"
#include "base/log.h"

/* DEN 0022, 5.1 "Function prototypes". Bit 30 of an identifier says 64-bit arguments. */
#define FN_SMC64 0x40000000U
enum psci_function {
    PSCI_VERSION = 0x84000000,
    PSCI_CPU_SUSPEND = 0x84000001,
    PSCI_CPU_OFF = 0x84000002,
    PSCI_CPU_ON = 0x84000003,
    PSCI_AFFINITY_INFO = 0x84000004,
    PSCI_MIGRATE_INFO_TYPE = 0x84000006,
    PSCI_SYSTEM_OFF = 0x84000008,
    PSCI_SYSTEM_RESET = 0x84000009,
    PSCI_FEATURES = 0x8400000a,
    PSCI_SYSTEM_RESET2 = 0x84000012,
};

enum psci_result {
    PSCI_SUCCESS = 0,
    PSCI_NOT_SUPPORTED = -1,
    PSCI_INVALID_PARAMETERS = -2,
    PSCI_ALREADY_ON = -4,
    PSCI_INVALID_ADDRESS = -9,
};

enum { AFFINITY_ON = 0, AFFINITY_OFF = 1 };

#define VERSION_1_1       0x10001
#define MIGRATE_NOT_USED  2 /* Trusted OS is not present or does not need migration */
#define MPIDR_AFFINITY    UINT64_C(0xff00ffffff)
#define SUSPEND_POWERDOWN BIT(16) /* CPU_SUSPEND, original power_state format: StateType */
#define SUSPEND_VALID     UINT64_C(0x0301ffff)
#define RESET2_VENDOR     BIT(31)
#define RESET2_WARM       0 /* SYSTEM_WARM_RESET */

/* Index of the PE with this affinity, or -1. */
static int find_pe(const struct psci *p, uint64_t affinity)
{
    for (unsigned i = 0; i < p->n_pes; i++) {
        if (p->mpidr[i] == affinity) {
            return (int)i;
        }
    }
    return -1;
}

static int64_t version(const struct psci *p, unsigned caller, const uint64_t *a)
{
    return VERSION_1_1;
}

static int64_t cpu_on(const struct psci *p, unsigned caller, const uint64_t *a)
{
    int pe = find_pe(p, a[0]);
    if (pe < 0) {
        return PSCI_INVALID_PARAMETERS;
    }
    if (p->port.is_on(p->port.opaque, (unsigned)pe)) {
        return PSCI_ALREADY_ON;
    }
    if (a[1] & 3) {
        return PSCI_INVALID_ADDRESS;
    }
    p->port.power_on(p->port.opaque, (unsigned)pe, a[1], a[2]);
    return PSCI_SUCCESS;
}

static int64_t cpu_off(const struct psci *p, unsigned caller, const uint64_t *a)
{
    p->port.power_off(p->port.opaque, caller);
    return PSCI_SUCCESS;
}

/* Powerdown states are not advertised: a request for one is an invalid parameter. */
static int64_t cpu_suspend(const struct psci *p, unsigned caller, const uint64_t *a)
{
    if ((a[0] & ~SUSPEND_VALID) || (a[0] & SUSPEND_POWERDOWN)) {
        return PSCI_INVALID_PARAMETERS;
    }
    p->port.standby(p->port.opaque, caller);
    return PSCI_SUCCESS;
}

static int64_t affinity_info(const struct psci *p, unsigned caller, const uint64_t *a)
{
    uint64_t level = a[1];
    bool exists = false;

    if (level > 3 || (a[0] & ~MPIDR_AFFINITY)) {
        return PSCI_INVALID_PARAMETERS;
    }
    /* A node of the hierarchy is on when one of its PEs is. Aff3 is not next to Aff2. */
    uint64_t fields = MPIDR_AFFINITY & ~(level == 0 ? 0 : mask64(0, 8 * (unsigned)level));
    for (unsigned i = 0; i < p->n_pes; i++) {
        if ((p->mpidr[i] & fields) == (a[0] & fields)) {
            exists = true;
            if (p->port.is_on(p->port.opaque, i)) {
                return AFFINITY_ON;
            }
        }
    }
    return exists ? AFFINITY_OFF : PSCI_INVALID_PARAMETERS;
}

static int64_t migrate_info_type(const struct psci *p, unsigned caller, const uint64_t *a)
{
    return MIGRATE_NOT_USED;
}

/* The calls that do not return: the PE stops here, whatever the machine does. */
static int64_t leave(const struct psci *p, unsigned caller, enum machine_request r)
{
    p->machine.request(p->machine.opaque, r, 0);
    p->port.power_off(p->port.opaque, caller);
    return PSCI_SUCCESS;
}

static int64_t system_off(const struct psci *p, unsigned caller, const uint64_t *a)
{
    return leave(p, caller, REQ_POWEROFF);
}

static int64_t system_reset(const struct psci *p, unsigned caller, const uint64_t *a)
{
    return leave(p, caller, REQ_RESET);
}

static int64_t system_reset2(const struct psci *p, unsigned caller, const uint64_t *a)
{
    if (a[0] & RESET2_VENDOR || a[0] != RESET2_WARM) {
        return PSCI_INVALID_PARAMETERS;
    }
    return leave(p, caller, REQ_RESET);
}

static int64_t features(const struct psci *p, unsigned caller, const uint64_t *a);

static const struct call {
    uint32_t id;
    bool smc64; /* also with 64-bit arguments */
    int64_t (*fn)(const struct psci *p, unsigned caller, const uint64_t *a);
} calls[] = {
    {PSCI_VERSION, false, version},
    {PSCI_CPU_SUSPEND, true, cpu_suspend},
    {PSCI_CPU_OFF, false, cpu_off},
    {PSCI_CPU_ON, true, cpu_on},
    {PSCI_AFFINITY_INFO, true, affinity_info},
    {PSCI_MIGRATE_INFO_TYPE, false, migrate_info_type},
    {PSCI_SYSTEM_OFF, false, system_off},
    {PSCI_SYSTEM_RESET, false, system_reset},
    {PSCI_FEATURES, false, features},
    {PSCI_SYSTEM_RESET2, true, system_reset2},
};

static const struct call *find_call(uint32_t id)
{
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        if (calls[i].id == id || (calls[i].smc64 && (calls[i].id | FN_SMC64) == id)) {
            return &calls[i];
        }
    }
    return NULL;
}

/* SMCCC_VERSION is not announced: the reference machine offers calling convention 1.0. */
static int64_t features(const struct psci *p, unsigned caller, const uint64_t *a)
{
    return find_call((uint32_t)a[0]) != NULL ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED;
}

void psci_call(const struct psci *p, unsigned caller, uint64_t *x)
{
    uint32_t id = (uint32_t)x[0];
    const struct call *c = find_call(id);
    uint64_t a[3];

    if (c == NULL) {
        log_guest("psci", "function 0x%08x is not supported", id);
        x[0] = (uint64_t)(int64_t)PSCI_NOT_SUPPORTED;
        return;
    }
    for (unsigned i = 0; i < ARRAY_LEN(a); i++) {
        a[i] = id & FN_SMC64 ? x[i + 1] : (uint32_t)x[i + 1];
    }
    x[0] = (uint64_t)c->fn(p, caller, a);
}
