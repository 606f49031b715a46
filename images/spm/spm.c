/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partition manager at Secure EL2. The partition below it has two intermediate physical address
 * spaces: what its stage 1 calls Secure is translated by VSTTBR_EL2, what it calls Non-secure (NS
 * in the descriptor) by VTTBR_EL2. VSTCR_EL2.{SW, SA} and VTCR_EL2.{NSW, NSA} say in which physical
 * address space the tables are, and where the result is. Arm DDI 0487, D8.2 and the registers.
 */
#include "spm.h"

#define VSTTBR_EL2      S3_4_C2_C6_0
#define VSTCR_EL2       S3_4_C2_C6_2
#define CNTHPS_TVAL_EL2 S3_4_C14_C5_0
#define CNTHPS_CTL_EL2  S3_4_C14_C5_1
#define CNTHVS_TVAL_EL2 S3_4_C14_C4_0
#define CNTHVS_CTL_EL2  S3_4_C14_C4_1

#define HCR_VM  BIT(0)
#define HCR_FMO BIT(3)
#define HCR_IMO BIT(4)
#define HCR_RW  BIT(31)
#define HCR_TEA BIT(37)
#define HCR_SPM (HCR_VM | HCR_FMO | HCR_IMO | HCR_RW | HCR_TEA)

/* 39 bits, from level 1, walks cacheable. */
#define VSTCR     (25 | 1 << 6 | 5 << 8 | 3 << 12 | BIT(31))
#define VTCR      (VSTCR | 2 << 16)
#define SW        BIT(29)
#define SA        BIT(30)
#define S2_NORMAL (D_VALID | UINT64_C(0xf) << 2 | BIT(6) | BIT(7) | D_INNER | D_AF)
#define SCTLR_OFF UINT64_C(0x30d00800)
#define PAR_NS    BIT(9)
#define SCTLR_ON  (SCTLR_OFF | BIT(0) | BIT(2) | BIT(12))
#define TCR       (25 | UINT64_C(5) << 8 | UINT64_C(3) << 12 | BIT(23) | UINT64_C(2) << 32)
#define D_NS      BIT(5)
#define D_EL0     BIT(6)
#define D_RO      BIT(7)

/* One IPA in both spaces, and where the partition sees it. */
#define IPA       UINT64_C(0x80000000)
#define VA_SECURE UINT64_C(0x80000000)
#define VA_NS     UINT64_C(0xc0000000)
#define NS_PAGE   UINT64_C(0x40600000)
#define NS_TABLES UINT64_C(0x40700000) /* a copy of the tables of the Non-secure IPA space */
#define IN_SECURE UINT64_C(0x5ec0000000000001)
#define IN_NS     UINT64_C(0x0000000000000b0b)

/* ISV, SAS, SSE, SRT, SF, AR ... */
#define ESR_OF_ACCESS (UINT64_C(0x7fff) << 10)
#define HPFAR_NS      BIT(63)
#define DABT(dfsc)    ESR(EC_DABT_LOW, dfsc)
#define IABT(ifsc)    ESR(EC_IABT_LOW, ifsc)
#define S1PTW         BIT(7)
#define SEA_WALK_1    0x15 /* External abort on a walk, level 1 */

/* switch.S of the hypervisor's folder knows the first three. */
struct partition {
    uint64_t x[31], pc, pstate;
};
enum exit_kind { EXIT_SYNC, EXIT_IRQ, EXIT_FIQ, EXIT_SERROR };
enum exit_kind guest_enter(struct partition *p);

_Noreturn void spm_main(void);
void hyp_panic(uint64_t vector);
extern const char vectors[], partition[], part_load[], part_store[], part_el0[], part_vectors[];

static _Alignas(4096) uint64_t stage1[512], secure_s2[512], secure_s2_l2[512], ns_s2[512];
static _Alignas(4096) uint64_t stage1_l2[512], stage1_l3[512];
static _Alignas(BLOCK_2M) uint64_t secure_page[512];
static unsigned n_checks, n_failures, n_interrupts;

void hyp_panic(uint64_t vector)
{
    print("FAIL partition manager: 0x");
    print_hex(vector);
    print_hex(rd(esr_el2));
    print_hex(rd(elr_el2));
    print("\n");
    for (;;) {
        insn("wfi");
    }
}

static void check_eq(const char *name, uint64_t got, uint64_t want)
{
    n_checks++;
    if (got != want) {
        n_failures++;
        print("FAIL secure: ");
        print(name);
        print(": ");
        print_hex(got);
        print(", want ");
        print_hex(want);
        print("\n");
    }
}

/* ---- translation ---- */
static uint64_t table(const uint64_t *t)
{
    return (uintptr_t)t | D_TABLE | D_VALID;
}

/* Secure flash stays where it is for code, in pages; the two windows are blocks of 2 MiB. */
static void stage1_init(void)
{
    static _Alignas(4096) uint64_t secure_l2[512], ns_l2[512];
    uint64_t page = (uintptr_t)partition;

    stage1[0] = table(stage1_l2);
    stage1_l2[0] = table(stage1_l3);
    stage1_l3[FIELD(page, 12, 9)] = page | D_NORMAL | D_TABLE | D_RO | D_EL0;
    stage1[FIELD(VA_SECURE, 30, 9)] = table(secure_l2);
    secure_l2[0] = IPA | D_NORMAL | D_EL0;
    secure_l2[1] = (IPA + BLOCK_2M) | D_NORMAL;
    stage1[FIELD(VA_NS, 30, 9)] = table(ns_l2);
    ns_l2[0] = IPA | D_NORMAL | D_EL0 | D_NS;
    ns_l2[1] = (IPA + BLOCK_2M) | D_NORMAL | D_NS;
    wr(mair_el1, MAIR);
    wr(tcr_el1, TCR);
    wr(ttbr0_el1, (uintptr_t)stage1);
    wr(vbar_el1, (uintptr_t)part_vectors);
    wr(sctlr_el1, SCTLR_ON);
}

/* The Secure space has the code, the tables of stage 1 and the window; the Non-secure one has the
 * window alone, for which `ns_block` is the output. */
static void stage2_init(uint64_t ns_block)
{
    static _Alignas(4096) uint64_t window_l2[512], ns_l2[512];

    secure_s2[0] = table(secure_s2_l2);
    secure_s2_l2[0] = S2_NORMAL; /* flash */
    for (uint64_t at = SECURE_RAM; at < SECURE_RAM + SECURE_RAM_SIZE; at += BLOCK_2M) {
        secure_s2_l2[FIELD(at, 21, 9)] = at | S2_NORMAL;
    }
    secure_s2[FIELD(IPA, 30, 9)] = table(window_l2);
    window_l2[0] = (uintptr_t)secure_page | S2_NORMAL;
    ns_s2[FIELD(IPA, 30, 9)] = table(ns_l2);
    ns_l2[0] = ns_block | S2_NORMAL;
    /* The same in Non-secure memory, for NSW = 1. */
    ((uint64_t *)NS_TABLES)[FIELD(IPA, 30, 9)] = (NS_TABLES + PAGE) | D_TABLE | D_VALID;
    ((uint64_t *)(NS_TABLES + PAGE))[0] = ns_block | S2_NORMAL;
    insn("dsb sy\ntlbi alle1\ndsb sy\nisb");
}

static void stage2_use(uint64_t vstcr, uint64_t vtcr, uint64_t ns_root)
{
    wr(VSTCR_EL2, VSTCR | vstcr);
    wr(VSTTBR_EL2, (uintptr_t)secure_s2);
    wr(vtcr_el2, VTCR | vtcr);
    wr(vttbr_el2, ns_root | UINT64_C(1) << 48);
    wr(hcr_el2, HCR_SPM);
    insn("tlbi alle1\ndsb sy\nisb");
}

/* ---- the partition does one thing; its registers afterwards ---- */
static struct partition run(const char *code, uint64_t x0, uint64_t x1)
{
    struct partition p = {.pc = (uintptr_t)code, .pstate = PSTATE_EL1H | PSTATE_DAIF};

    p.x[0] = x0;
    p.x[1] = x1;
    guest_enter(&p);
    return p;
}

static void loads(const char *name, uint64_t va, uint64_t want)
{
    struct partition p = run(part_load, va, 0);

    check_eq(name, ESR_EC(rd(esr_el2)), EC_HVC64);
    check_eq(name, p.x[1], want);
}

static void fails(const char *name, const char *code, uint64_t va, uint64_t esr)
{
    run(code, va, 0);
    check_eq(name, rd(esr_el2) & ~ESR_OF_ACCESS, esr);
}

static void two_spaces(void)
{
    secure_page[0] = IN_SECURE;
    *(volatile uint64_t *)NS_PAGE = IN_NS;
    stage1_init();
    stage2_init(NS_PAGE);
    stage2_use(0, SA, (uintptr_t)ns_s2);
    loads("Secure IPA", VA_SECURE, IN_SECURE);
    loads("Non-secure IPA", VA_NS, IN_NS);
    run(part_store, VA_NS, IN_NS + 1);
    check_eq("store to a Non-secure IPA", *(volatile uint64_t *)NS_PAGE, IN_NS + 1);
    check_eq("the Secure page has not changed", secure_page[0], IN_SECURE);
    struct partition p = run(part_el0, VA_SECURE, 0);
    check_eq("Secure EL0: SVC", p.x[2], ESR(EC_SVC64, 0));
    check_eq("Secure EL0: Secure IPA", p.x[1], IN_SECURE);
    p = run(part_el0, VA_NS, 0);
    check_eq("Secure EL0: Non-secure IPA", p.x[1], IN_NS + 1);
    fails("Secure IPA that is not mapped", part_load, VA_SECURE + BLOCK_2M, DABT(0x06));
    check_eq("Secure IPA: HPFAR_EL2", rd(hpfar_el2), (IPA + BLOCK_2M) >> 8);
    fails("Non-secure IPA that is not mapped", part_load, VA_NS + BLOCK_2M, DABT(0x06));
    check_eq("Non-secure IPA: HPFAR_EL2", rd(hpfar_el2), HPFAR_NS | (IPA + BLOCK_2M) >> 8);
}

/* Both stages, of which the first is off: a virtual address is a Secure IPA. */
static uint64_t at_s12e1r(uint64_t vstcr, uint64_t va)
{
    stage2_use(vstcr, SA, (uintptr_t)ns_s2);
    wr(sctlr_el1, SCTLR_OFF);
    isb();
    __asm__ volatile("at s12e1r, %0\nisb" ::"r"(va) : "memory");
    wr(sctlr_el1, SCTLR_ON);
    isb();
    return rd(par_el1) & (D_ADDRESS | PAR_NS | 1);
}

/* NSA, NSW, SA, SW, by memory that only the Secure space has. */
static void address_spaces(void)
{
    stage2_init((uintptr_t)secure_page);
    stage2_use(0, 0, (uintptr_t)ns_s2);
    loads("NSA = 0: Secure memory", VA_NS, IN_SECURE);
    stage2_use(0, SA, (uintptr_t)ns_s2);
    fails("NSA = 1: no Secure memory", part_load, VA_NS, DABT(DFSC_SEA));
    bool to_el2 = ESR_EC(rd(esr_el2)) == EC_DABT_LOW; /* HCR_EL2.TEA */
    stage2_init(NS_PAGE);
    stage2_use(0, SW | SA, NS_TABLES);
    loads("NSW = 1: tables in Non-secure memory", VA_NS, IN_NS + 1);
    stage2_use(0, SW | SA, (uintptr_t)ns_s2);
    fails("NSW = 1: no tables in Secure memory", part_load, VA_NS, DABT(SEA_WALK_1));
    loads("NSW = 1 is not for Secure IPAs", VA_SECURE, IN_SECURE);
    check_eq("SA = 0: PAR_EL1", at_s12e1r(0, IPA), (uintptr_t)secure_page);
    check_eq("SA = 1: PAR_EL1", at_s12e1r(SA, IPA), (uintptr_t)secure_page | PAR_NS);
    if (!to_el2) {
        return; /* in what follows EL1 could not even fetch its vectors */
    }
    stage2_use(SA, SA, (uintptr_t)ns_s2);
    fails("SA = 1: no Secure memory for tables of stage 1", part_load, VA_SECURE, IABT(SEA_WALK_1));
    stage2_use(SW | SA, SA, (uintptr_t)ns_s2);
    fails("SW = 1: no tables in Secure memory", part_load, VA_SECURE, IABT(SEA_WALK_1 | S1PTW));
    stage2_use(0, SA, (uintptr_t)ns_s2);
    loads("and back", VA_SECURE, IN_SECURE);
}

/* ---- timers of Secure EL2: Secure Group 1, an IRQ of this world ---- */
static unsigned acknowledge(void)
{
    unsigned intid = rd(ICC_IAR1_EL1);

    if (intid == PPI_CNTHPS) {
        wr(CNTHPS_CTL_EL2, 0);
    } else if (intid == PPI_CNTHVS) {
        wr(CNTHVS_CTL_EL2, 0);
    }
    isb();
    if (intid < SPURIOUS) {
        wr(ICC_EOIR1_EL1, intid);
        n_interrupts++;
    }
    return intid;
}

static void timers(void)
{
    wr(CNTHPS_TVAL_EL2, 1000);
    wr(CNTHPS_CTL_EL2, CNT_ENABLE);
    isb();
    insn("wfi");
    check_eq("CNTHPS: ISR_EL1", rd(isr_el1), 0x80);
    check_eq("CNTHPS: INTID", acknowledge(), PPI_CNTHPS);
    wr(CNTHVS_TVAL_EL2, 1000);
    wr(CNTHVS_CTL_EL2, CNT_ENABLE);
    isb();
    insn("wfi");
    check_eq("CNTHVS: ISR_EL1", rd(isr_el1), 0x80);
    check_eq("CNTHVS: INTID", acknowledge(), PPI_CNTHVS);
    check_eq("no more", acknowledge(), SPURIOUS);
    n_interrupts = 0;
}

static uint64_t checks(void)
{
    check_eq("CurrentEL", rd(CurrentEL), 2 << 2);
    two_spaces();
    address_spaces();
    timers();
    write32(SECURE_UART, 'S');
    check_eq("Secure UART: PeriphID0", read32(SECURE_UART + 0xfe0), 0x11);
    return n_failures;
}

/* ---- requests ---- */
static uint64_t next_request(enum smc_function function, uint64_t result, uint64_t *out_arg)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = result;

    __asm__ volatile("smc #0" : "+r"(x0), "+r"(x1)::"memory");
    *out_arg = x1;
    return x0;
}

static uint64_t spin(uint64_t rounds)
{
    for (uint64_t i = 0; i < rounds; i++) {
        insn("nop");
    }
    return rounds;
}

/* The monitor may break this off, for an interrupt of the other world. */
static uint64_t handle(uint64_t function, uint64_t arg)
{
    switch (function) {
    case SPM_CHECKS:
        return checks();
    case SPM_TIMER:
        wr(CNTHPS_TVAL_EL2, arg);
        wr(CNTHPS_CTL_EL2, CNT_ENABLE);
        return 0;
    case SPM_COUNT:
        return n_interrupts;
    case SPM_SPIN:
        return spin(arg);
    case SPM_N_CHECKS:
        return n_checks;
    case SPM_N_FAILURES:
        return n_failures;
    default:
        return UINT64_MAX;
    }
}

void spm_main(void)
{
    uint64_t arg, result = 0, function = MON_DONE;

    wr(vbar_el2, (uintptr_t)vectors);
    isb();
    for (;;) {
        function = next_request(function, result, &arg);
        if (function == SPM_INTERRUPT) {
            acknowledge();
            continue; /* the answer is not a result */
        }
        result = handle(function, arg);
        function = MON_DONE;
    }
}
