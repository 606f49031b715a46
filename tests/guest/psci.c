/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PSCI from EL2 by SMC and from EL1 by HVC: results and error codes of each call, the state in
 * which a PE starts, and the end of the machine. DEN 0022, chapter 5.
 */
#include "gic.h"
#include "smp.h"

#define NOBODY           UINT64_C(0x123456) /* an affinity without a PE */
#define STANDBY          0
#define UNKNOWN_FUNCTION 0x8400ff00

extern const char secondary_start[];
void secondary_main(void);

static _Alignas(16) char stack[8192];

/* Interrupts of the second PE that stay active, and pending, while it is off. */
#define ACTIVE_SGI  1
#define PENDING_SGI 2

/* The CPU interface in a PE. */
enum { N_AT_EL1 = 9 };
static const char *const interface_names[] = {
    "ICC_PMR_EL1 after CPU_ON",   "ICC_IGRPEN0_EL1 after CPU_ON", "ICC_IGRPEN1_EL1 after CPU_ON",
    "ICC_BPR0_EL1 after CPU_ON",  "ICC_BPR1_EL1 after CPU_ON",    "ICC_CTLR_EL1 after CPU_ON",
    "ICC_RPR_EL1 after CPU_ON",   "ICC_AP0R0_EL1 after CPU_ON",   "ICC_AP1R0_EL1 after CPU_ON",
    "ICH_HCR_EL2 after CPU_ON",   "ICH_VMCR_EL2 after CPU_ON",    "ICH_AP0R0_EL2 after CPU_ON",
    "ICH_AP1R0_EL2 after CPU_ON", "ICH_LR0_EL2 after CPU_ON",     "ICH_LR3_EL2 after CPU_ON",
};
struct interface {
    uint64_t reg[ARRAY_LEN(interface_names)];
};

/* What the second PE saw when it started. */
static struct {
    uint64_t started, el, daif, sctlr, context;
    struct interface at_reset, interface;
    bool active, pending;
    uint64_t may_stop;
} second;

/* Entered from the entry point below. */
void second_pe(uint64_t context);
__asm__(".pushsection .text\n.global second_entry\nsecond_entry:\n"
        "msr spsel, #1\n"
        "adrp x2, second_stack\nldr x2, [x2, :lo12:second_stack]\nmov sp, x2\nb second_pe\n"
        ".popsection");
extern const char second_entry[];
uint64_t second_stack;

static void look_at_interface(struct interface *out)
{
    uint64_t *v = out->reg;
    *v++ = grd(ICC_PMR_EL1);
    *v++ = grd(ICC_IGRPEN0_EL1);
    *v++ = grd(ICC_IGRPEN1_EL1);
    *v++ = grd(ICC_BPR0_EL1);
    *v++ = grd(ICC_BPR1_EL1);
    *v++ = grd(ICC_CTLR_EL1);
    *v++ = grd(ICC_RPR_EL1);
    *v++ = grd(ICC_AP0R0_EL1);
    *v++ = grd(ICC_AP1R0_EL1);
    if (current_el() == 2) {
        *v++ = grd(ICH_HCR_EL2);
        *v++ = grd(ICH_VMCR_EL2);
        *v++ = grd(ICH_AP0R0_EL2);
        *v++ = grd(ICH_AP1R0_EL2);
        *v++ = lr_read(0);
        *v++ = lr_read(3);
    }
}

/* What CPU_OFF and CPU_ON must not leave behind: other values, interrupts that run. */
static void use_interface(void)
{
    gic_init();
    gic_priority(ACTIVE_SGI, 0x80);
    gic_set(ACTIVE_SGI, GICD_ISENABLER);
    gic_set(ACTIVE_SGI, GICD_ISPENDR);
    dsb();
    check_eq("an interrupt of the second PE", grd(ICC_IAR1_EL1), ACTIVE_SGI);
    gic_set(PENDING_SGI, GICD_ISPENDR);
    gwr(ICC_BPR0_EL1, 5);
    gwr(ICC_BPR1_EL1, 6);
    gwr(ICC_CTLR_EL1, 3); /* EOImode, CBPR */
    if (current_el() == 2) {
        gwr(ICH_HCR_EL2, ICH_EN | ICH_TALL1);
        gwr(ICH_VMCR_EL2, VMCR_VENG0 | VMCR_VENG1 | VMCR_VEOIM | VMCR_VPMR(0xf0));
        gwr(ICH_AP0R0_EL2, BIT(2));
        gwr(ICH_AP1R0_EL2, BIT(3));
        lr_write(0, LR_PENDING | LR_GROUP1 | LR_PRIORITY(0x80) | 40);
        lr_write(3, LR_ACTIVE | LR_PRIORITY(0x40) | 41);
    }
    isb();
}

void second_pe(uint64_t context)
{
    unsigned el = current_el();

    look_at_interface(second.started == 0 ? &second.at_reset : &second.interface);
    second.active = gic_get(ACTIVE_SGI, GICD_ISACTIVER);
    second.pending = gic_get(PENDING_SGI, GICD_ISPENDR);
    gic_quiet(ACTIVE_SGI);

    second.el = el;
    second.daif = rd(daif);
    second.sctlr = el == 2 ? rd(sctlr_el2) : rd(sctlr_el1);
    second.context = context;
    store_release(&second.started, second.started + 1);
    while (!load_acquire(&second.may_stop)) {
    }
    use_interface();
    psci(PSCI_CPU_OFF, 0, 0, 0);
    check("CPU_OFF returns", false);
    for (;;) {
    }
}

static void wait_until_off(void)
{
    while (psci(PSCI_AFFINITY_INFO, 1, 0, 0) != PSCI_OFF) {
    }
}

static const struct {
    const char *name;
    uint64_t function;
    bool smc64;
} functions[] = {
    {"VERSION", PSCI_VERSION, false},
    {"CPU_SUSPEND", PSCI_CPU_SUSPEND, true},
    {"CPU_OFF", PSCI_CPU_OFF, false},
    {"CPU_ON", PSCI_CPU_ON, true},
    {"AFFINITY_INFO", PSCI_AFFINITY_INFO, true},
    {"MIGRATE_INFO_TYPE", PSCI_MIGRATE_INFO_TYPE, false},
    {"SYSTEM_OFF", PSCI_SYSTEM_OFF, false},
    {"SYSTEM_RESET", PSCI_SYSTEM_RESET, false},
    {"FEATURES", PSCI_FEATURES, false},
};

static void discovery(void)
{
    check("PSCI_VERSION is 1.x", psci(PSCI_VERSION, 0, 0, 0) >> 16 == 1);
    check_eq("MIGRATE_INFO_TYPE", psci(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0), 2);
    for (unsigned i = 0; i < ARRAY_LEN(functions); i++) {
        check_eq(functions[i].name, psci(PSCI_FEATURES, functions[i].function, 0, 0), PSCI_SUCCESS);
        if (functions[i].smc64) {
            check_eq(functions[i].name,
                     psci(PSCI_FEATURES, functions[i].function & ~PSCI_SMC64, 0, 0), PSCI_SUCCESS);
        }
    }
    check_eq("FEATURES of an unknown function", psci(PSCI_FEATURES, UNKNOWN_FUNCTION, 0, 0),
             PSCI_NOT_SUPPORTED);
    check_eq("an unknown function", psci(UNKNOWN_FUNCTION, 0, 0, 0), PSCI_NOT_SUPPORTED);
}

static void affinity(void)
{
    check_eq("AFFINITY_INFO of this PE", psci(PSCI_AFFINITY_INFO, 0, 0, 0), PSCI_ON);
    check_eq("AFFINITY_INFO of a PE that is off", psci(PSCI_AFFINITY_INFO, 1, 0, 0), PSCI_OFF);
    check_eq("AFFINITY_INFO, SMC32", psci(PSCI_AFFINITY_INFO & ~PSCI_SMC64, 1, 0, 0), PSCI_OFF);
    check_eq("AFFINITY_INFO of the cluster", psci(PSCI_AFFINITY_INFO, 0, 1, 0), PSCI_ON);
    check_eq("AFFINITY_INFO of nobody", psci(PSCI_AFFINITY_INFO, NOBODY, 0, 0),
             PSCI_INVALID_PARAMETERS);
    check_eq("AFFINITY_INFO of level 4", psci(PSCI_AFFINITY_INFO, 0, 4, 0),
             PSCI_INVALID_PARAMETERS);
}

/* The CPU interface is reset with its PE; the redistributor is not. */
static void check_interface(void)
{
    unsigned n = second.el == 2 ? ARRAY_LEN(interface_names) : N_AT_EL1;
    for (unsigned i = 0; i < n; i++) {
        check_eq(interface_names[i], second.interface.reg[i], second.at_reset.reg[i]);
    }
    check("an active interrupt stays active", second.active);
    check("a pending interrupt stays pending", second.pending);
}

static void start_second(uint64_t function, uint64_t context)
{
    uint64_t n = second.started;

    second_stack = (uintptr_t)(stack + sizeof(stack));
    second.may_stop = false;
    dsb();
    check_eq("CPU_ON", psci(function, 1, (uintptr_t)second_entry, context), PSCI_SUCCESS);
    while (load_acquire(&second.started) == n) {
    }
    check_eq("CPU_ON when it runs", psci(function, 1, (uintptr_t)second_entry, 0), PSCI_ALREADY_ON);
    store_release(&second.may_stop, true);
    wait_until_off();
    check_eq("a PE starts at the level of the caller", second.el, current_el());
    check_eq("a PE starts with interrupts masked", second.daif, DAIF);
    check_eq("a PE starts with MMU and caches off", second.sctlr & (BIT(0) | BIT(2) | BIT(12)), 0);
    check_eq("a PE starts with its context in X0", second.context, context);
    if (n > 0) {
        check_interface();
    }
}

static void power(void)
{
    uint64_t entry = (uintptr_t)second_entry;

    check_eq("CPU_ON of nobody", psci(PSCI_CPU_ON, NOBODY, entry, 0), PSCI_INVALID_PARAMETERS);
    check_eq("CPU_ON of this PE", psci(PSCI_CPU_ON, 0, entry, 0), PSCI_ALREADY_ON);
    int64_t r = psci(PSCI_CPU_ON, 1, entry + 2, 0);
    check("CPU_ON at an address that is not aligned",
          r == PSCI_INVALID_ADDRESS || r == PSCI_INVALID_PARAMETERS);
    check_eq("after errors it is still off", psci(PSCI_AFFINITY_INFO, 1, 0, 0), PSCI_OFF);
    start_second(PSCI_CPU_ON, 0x1122334455667788);
    start_second(PSCI_CPU_ON, 0);
    start_second(PSCI_CPU_ON & ~PSCI_SMC64, 0x55667788);
}

static void parked(uint64_t unused)
{
    (void)unused;
}

static void already_on(void)
{
    smp_start();
    check_eq("AFFINITY_INFO of a running PE", psci(PSCI_AFFINITY_INFO, 1, 0, 0), PSCI_ON);
    check_eq("CPU_ON of a running PE", psci_cpu_on(1, second_entry, 0), PSCI_ALREADY_ON);
    smp_run(1, parked, 0);
    smp_wait(1);
}

/* Standby ends with an interrupt that is pending, masked or not. */
static void suspend(void)
{
    gic_priority(3, 0x80);
    gic_set(3, GICD_ISENABLER);
    gic_set(3, GICD_ISPENDR);
    check_eq("CPU_SUSPEND, standby", psci(PSCI_CPU_SUSPEND, STANDBY, 0, 0), PSCI_SUCCESS);
    check_eq("CPU_SUSPEND, SMC32", psci(PSCI_CPU_SUSPEND & ~PSCI_SMC64, STANDBY, 0, 0),
             PSCI_SUCCESS);
    gic_quiet(3);
    check_eq("CPU_SUSPEND with reserved bits", psci(PSCI_CPU_SUSPEND, BIT(31), 0, 0),
             PSCI_INVALID_PARAMETERS);
}

int guest_main(void)
{
    check("at least two PEs", smp_count() >= 2);
    gic_init();
    discovery();
    affinity();
    power();
    suspend();
    already_on();
    guest_failures();
    psci(home_el() == 2 ? PSCI_SYSTEM_OFF : PSCI_SYSTEM_RESET, 0, 0, 0);
    check("SYSTEM_OFF and SYSTEM_RESET do not return", false);
    return 1;
}
