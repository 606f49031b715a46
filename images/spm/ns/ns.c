/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the Non-secure world must see: nothing of the other one. Its registers survive every call,
 * Secure memory and devices are not there, Secure interrupts pass behind its back, its own break
 * off what the Secure world does.
 */
#include "spm.h"

#define TICKS 200000
#define SPINS 2000000

/* Registers of EL1 and EL2 that can hold anything without an effect while EL2 runs, MMU off. */
/* clang-format off */
#define FREE_REGS(X)                                                                               \
    X(vbar_el1) X(ttbr0_el1) X(ttbr1_el1) X(tcr_el1) X(mair_el1) X(esr_el1) X(far_el1) X(elr_el1)  \
    X(sp_el1) X(sp_el0) X(tpidr_el0) X(tpidr_el1) X(tpidr_el2) X(contextidr_el1)       \
    X(vttbr_el2) X(ttbr0_el2) X(mair_el2) X(cntvoff_el2) X(vmpidr_el2)
/* clang-format on */

volatile uint64_t ns_esr;
static unsigned n_checks, n_failures;

_Noreturn void ns_main(void);
_Noreturn void finish(bool ok);
void print_dec(uint64_t v);

static void check_eq(const char *name, uint64_t got, uint64_t want)
{
    n_checks++;
    if (got != want) {
        n_failures++;
        print("FAIL ");
        print(name);
        print(": ");
        print_hex(got);
        print(", want ");
        print_hex(want);
        print("\n");
    }
}

static uint64_t smc(enum smc_function function, uint64_t arg)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = arg;

    __asm__ volatile("smc #0" : "+r"(x0), "+r"(x1)::"memory");
    return x0;
}

/* ---- nothing is lost, nothing leaks ---- */
static void patterns(uint64_t salt)
{
    uint64_t n = 0;

#define SET(reg) wr(reg, (salt + ++n) << 16);
    FREE_REGS(SET)
#undef SET
}

static void patterns_check(uint64_t salt)
{
    uint64_t n = 0;

#define CHECK(reg) check_eq(#reg, rd(reg), (salt + ++n) << 16);
    FREE_REGS(CHECK)
#undef CHECK
}

static void registers(void)
{
    patterns(0x4000);
    smc(SPM_CHECKS, 0);
    patterns_check(0x4000);
    patterns(0x1000);
    smc(SPM_COUNT, 0);
    patterns_check(0x1000);
}

/* ---- not there: an External abort ---- */
static void hidden(void)
{
    static const struct {
        const char *name;
        uint64_t at;
    } places[] = {
        {"Secure flash", 0},
        {"Secure RAM", SECURE_RAM},
        {"Secure RAM, the end", SECURE_RAM + SECURE_RAM_SIZE - 4},
        {"Secure UART", SECURE_UART},
        {"Secure GPIO", UINT64_C(0x090b0000)},
    };

    for (unsigned i = 0; i < ARRAY_LEN(places); i++) {
        ns_esr = 0;
        (void)read32(places[i].at);
        check_eq(places[i].name, ns_esr, ESR(EC_DABT, DFSC_SEA));
    }
    check_eq("GICR_IGROUPR0: what is Secure is RAZ",
             read32(GICR_BASE + GICR_SGI + GICR_IGROUPR0) & BIT(PPI_CNTHPS), 0);
    ns_esr = 0;
    (void)rd(S3_4_C14_C5_1); /* CNTHPS_CTL_EL2 */
    check_eq("CNTHPS_CTL_EL2", ns_esr, ESR(EC_UNKNOWN, 0));
    ns_esr = 0;
    (void)rd(S3_4_C2_C6_0); /* VSTTBR_EL2 */
    check_eq("VSTTBR_EL2", ns_esr, ESR(EC_UNKNOWN, 0));
}

/* ---- interrupts: a host that is busy may be late with them ---- */
#define TRIES 50

static void wait(void)
{
    uint64_t start = rd(cntpct_el0);

    while (rd(cntpct_el0) - start < 4 * TICKS) {
        isb();
    }
}

static void expect_count(const char *name, enum smc_function counter, uint64_t want)
{
    for (unsigned i = 0; i < TRIES && smc(counter, 0) != want; i++) {
        wait();
    }
    check_eq(name, smc(counter, 0), want);
}

static void interrupts(void)
{
    check_eq("Secure Group 1: none yet", smc(SPM_COUNT, 0), 0);
    smc(SPM_TIMER, TICKS);
    wait();
    expect_count("Secure Group 1, in the Non-secure world", SPM_COUNT, 1);
    check_eq("Group 0: none yet", smc(MON_COUNT, 0), 0);
    smc(MON_TIMER, TICKS);
    wait();
    expect_count("Group 0", MON_COUNT, 1);
    smc(MON_TIMER, TICKS);
    check_eq("Group 0, in the Secure world", smc(SPM_SPIN, SPINS), SPINS);
    expect_count("Group 0, once more", MON_COUNT, 2);
}

/* Non-secure Group 1 while the Secure world runs. */
static void preemption(void)
{
    uint64_t result = 0;

    wr(ICC_PMR_EL1, 0xff);
    wr(ICC_IGRPEN1_EL1, 1);
    isb();
    wr(cntp_tval_el0, TICKS);
    wr(cntp_ctl_el0, CNT_ENABLE);
    isb();
    patterns(0x2000);
    for (unsigned i = 0; i < TRIES && result != PREEMPTED; i++) {
        result = smc(SPM_SPIN, SPINS);
    }
    check_eq("broken off", result, PREEMPTED);
    check_eq("the reason: ISR_EL1", rd(isr_el1), 0x80);
    check_eq("the reason: INTID", rd(ICC_IAR1_EL1), PPI_CNTP);
    wr(cntp_ctl_el0, 0);
    isb();
    wr(ICC_EOIR1_EL1, PPI_CNTP);
    check_eq("resumed", smc(MON_RESUME, 0), SPINS);
    patterns_check(0x2000);
}

void ns_main(void)
{
    check_eq("CurrentEL", rd(CurrentEL), 2 << 2);
    registers();
    hidden();
    interrupts();
    preemption();
    n_checks += smc(SPM_N_CHECKS, 0);
    n_failures += smc(SPM_N_FAILURES, 0);
    if (n_failures == 0) {
        print("OK ");
        print_dec(n_checks);
        print(" checks\n");
    }
    finish(n_failures == 0);
}
