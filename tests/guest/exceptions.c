/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions between each pair of exception levels: which level takes it, through which vector,
 * with which syndrome, return address and saved PSTATE. Arm ARM D1.3 and the ESR_ELx description.
 */
#include "guest.h"

SNIPPET(svc_code, "svc #0x1234");
SNIPPET(hvc_code, "hvc #0x2345");
SNIPPET(smc_code, "smc #0x3456");
SNIPPET(udf_code, "udf #7");
SNIPPET(brk_code, "brk #0x4567");
SNIPPET(fp_code, "fmov d0, #1.0");
SNIPPET(msr_code, "msr sctlr_el3, x0");
SNIPPET(mrs_el2_code, "mrs x0, vbar_el2");
SNIPPET(daif_code, "msr daifset, #2");
SNIPPET(wfi_code, "wfi");
SNIPPET(flags_code, "svc #1");

#define HCR_TGE   BIT(27)
#define HCR_TWI   BIT(13)
#define HCR_TSC   BIT(19)
#define HCR_HCD   BIT(29)
#define SCR_SMD   BIT(7)
#define SCR_HCE   BIT(8)
#define SCTLR_UMA BIT(9)

static const uint64_t modes[] = {EL0T, EL1T, EL1H, EL2T, EL2H, EL3T, EL3H};
static const char *const mode_names[] = {"EL0t", "EL1t", "EL1h", "EL2t", "EL2h", "EL3t", "EL3h"};

/* The vector an exception from `mode` uses at `el`. */
static unsigned vector_from(uint64_t mode, unsigned el)
{
    if (mode >> 2 < el) {
        return FROM_LOWER;
    }
    return mode & 1 ? FROM_SPX : FROM_SP0;
}

static void run_and_check(const char *what, unsigned i, const char *code, unsigned el, uint64_t esr,
                          unsigned past)
{
    uint64_t spsr = MASKED(modes[i]) | BIT(31) | BIT(29);
    struct outcome o = run_at(spsr, code, ARGS(0));
    unsigned failures = guest_failures_so_far();

    check_taken(what, &o, el, vector_from(modes[i], el) | VEC_SYNC, esr);
    check_eq(what, o.elr, (uintptr_t)code + past);
    check_eq(what, o.spsr, spsr);
    if (guest_failures_so_far() != failures) {
        print("     from ");
        print(mode_names[i]);
        print("\n");
    }
}

/* Where SVC and UNDEFINED go without any routing control. */
static unsigned plain_target(unsigned from)
{
    return from == 0 ? 1 : from;
}

static void calls(void)
{
    for (unsigned i = 0; i < ARRAY_LEN(modes); i++) {
        unsigned from = modes[i] >> 2, to = plain_target(from);

        run_and_check("SVC", i, svc_code, to, ESR(EC_SVC, 0x1234), 4);
        run_and_check("UDF", i, udf_code, to, ESR(EC_UNKNOWN, 0), 0);
        run_and_check("BRK", i, brk_code, to, ESR(EC_BRK, 0x4567), 0);
        if (from == 0) {
            run_and_check("HVC at EL0", i, hvc_code, 1, ESR(EC_UNKNOWN, 0), 0);
            run_and_check("SMC at EL0", i, smc_code, 1, ESR(EC_UNKNOWN, 0), 0);
        } else {
            run_and_check("HVC", i, hvc_code, from == 3 ? 3 : 2, ESR(EC_HVC, 0x2345), 4);
            run_and_check("SMC", i, smc_code, 3, ESR(EC_SMC, 0x3456), 4);
        }
    }
}

static void disabled_calls(void)
{
    uint64_t scr = rd(scr_el3), hcr = rd(hcr_el2);

    wr(scr_el3, scr & ~SCR_HCE);
    isb();
    run_and_check("HVC with HCE=0 at EL1", 2, hvc_code, 1, ESR(EC_UNKNOWN, 0), 0);
    run_and_check("HVC with HCE=0 at EL2", 4, hvc_code, 2, ESR(EC_UNKNOWN, 0), 0);
    run_and_check("HVC with HCE=0 at EL3", 6, hvc_code, 3, ESR(EC_UNKNOWN, 0), 0);
    wr(scr_el3, scr);
    wr(hcr_el2, hcr | HCR_TSC);
    isb();
    run_and_check("SMC trapped by TSC", 2, smc_code, 2, ESR(EC_SMC, 0x3456), 0);
    run_and_check("TSC spares EL2", 4, smc_code, 3, ESR(EC_SMC, 0x3456), 4);
    wr(hcr_el2, hcr);
    isb();
}

static void routed_to_el2(void)
{
    uint64_t hcr = rd(hcr_el2);

    wr(hcr_el2, hcr | HCR_TGE);
    isb();
    run_and_check("SVC with TGE", 0, svc_code, 2, ESR(EC_SVC, 0x1234), 4);
    run_and_check("UDF with TGE", 0, udf_code, 2, ESR(EC_UNKNOWN, 0), 0);
    run_and_check("BRK with TGE", 0, brk_code, 2, ESR(EC_BRK, 0x4567), 0);
    wr(hcr_el2, hcr | HCR_TWI);
    isb();
    run_and_check("WFI at EL1 with TWI", 2, wfi_code, 2, ESR(EC_WFX, 0x1e00000), 0);
    wr(hcr_el2, hcr);
    isb();
}

static void system_registers(void)
{
    /* ISS: Op0[21:20] Op2[19:17] Op1[16:14] CRn[13:10] Rt[9:5] CRm[4:1] Direction[0] */
    run_and_check("MSR SCTLR_EL3 at EL1", 2, msr_code, 1, ESR(EC_UNKNOWN, 0), 0);
    run_and_check("MSR SCTLR_EL3 at EL2", 4, msr_code, 2, ESR(EC_UNKNOWN, 0), 0);
    run_and_check("MRS VBAR_EL2 at EL1", 2, mrs_el2_code, 1, ESR(EC_UNKNOWN, 0), 0);
    /* MSR DAIFSet at EL0 with UMA=0: op0 0, op1 3, CRn 4, CRm imm, op2 6, Rt 31. */
    run_and_check("MSR DAIFSet at EL0", 0, daif_code, 1,
                  ESR(EC_SYSREG, 6 << 17 | 3 << 14 | 4 << 10 | 31 << 5 | 2 << 1), 0);
}

static void fp_traps(void)
{
    const uint64_t iss = 1 << 24 | 0xe << 20;
    uint64_t cptr2 = rd(cptr_el2);

    wr(cpacr_el1, 0);
    isb();
    run_and_check("FP at EL0 with FPEN=0", 0, fp_code, 1, ESR(EC_FP, iss), 0);
    run_and_check("FP at EL1 with FPEN=0", 2, fp_code, 1, ESR(EC_FP, iss), 0);
    wr(cpacr_el1, 1 << 20);
    isb();
    run_and_check("FP at EL0 with FPEN=1", 0, fp_code, 1, ESR(EC_FP, iss), 0);
    struct outcome o = run_at(MASKED(EL1H), fp_code, ARGS(0));
    check_done("FP at EL1 with FPEN=1", &o);
    wr(cpacr_el1, 3 << 20);
    wr(cptr_el2, cptr2 | BIT(10));
    isb();
    run_and_check("FP at EL1 with CPTR_EL2.TFP", 2, fp_code, 2, ESR(EC_FP, iss), 0);
    run_and_check("FP at EL2 with CPTR_EL2.TFP", 4, fp_code, 2, ESR(EC_FP, iss), 0);
    wr(cptr_el2, cptr2);
    wr(cptr_el3, BIT(10));
    isb();
    run_and_check("FP at EL0 with CPTR_EL3.TFP", 0, fp_code, 3, ESR(EC_FP, iss), 0);
    run_and_check("FP at EL3 with CPTR_EL3.TFP", 6, fp_code, 3, ESR(EC_FP, iss), 0);
    wr(cptr_el3, 0);
    isb();
}

/* PSTATE goes into SPSR as it was, and the handler runs with DAIF set, SPSel set, at the target. */
static void saved_state(void)
{
    for (unsigned flags = 0; flags < 16; flags++) {
        uint64_t spsr = (uint64_t)flags << 28 | (uint64_t)(flags ^ 5) << 6 | EL0T;
        struct outcome o = run_at(spsr, flags_code, ARGS(0));

        check_eq("SPSR of SVC from EL0", o.spsr, spsr);
    }
}

int guest_main(void)
{
    if (home_el() != 3) {
        print("needs EL3\n");
        return 1;
    }
    calls();
    disabled_calls();
    routed_to_el2();
    system_registers();
    fp_traps();
    saved_state();
    return 0;
}
