/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Illegal exception return, PSTATE.IL, misaligned PC and SP. Arm ARM D1.3.4 "Illegal exception
 * returns", D1.3.5 "Alignment faults".
 */
#include "guest.h"

SNIPPET(nop_code, "nop");
SNIPPET(load_sp_code, "ldr x0, [sp]");
SNIPPET(store_sp_code, "str x0, [sp, #-16]!");
SNIPPET(branch_code, "br x0");
SNIPPET(eret_code, "msr spsr_el1, x0\nmsr elr_el1, x1\nisb\neret");

#define SPSR_IL  BIT(20)
#define SPSR_SS  BIT(21)
#define SPSR_NRW BIT(4)

/* An illegal return stays at the level of the ERET, keeps SPSR's flags and sets IL. */
static void illegal_from_el1(const char *name, uint64_t spsr)
{
    struct outcome o = run_at(MASKED(EL1H), eret_code, ARGS(spsr | BIT(30), (uintptr_t)nop_code));

    check_taken(name, &o, 1, FROM_SPX, ESR(EC_ILLEGAL, 0));
    check_eq(name, o.elr, (uintptr_t)nop_code);
    check_eq(name, o.spsr & ~(SPSR_SS | BIT(12) | BIT(24) | BIT(25) | BIT(23) | BIT(22)),
             BIT(30) | SPSR_IL | (spsr & DAIF) | EL1H);
}

static void illegal_returns(void)
{
    illegal_from_el1("return to a higher level", MASKED(EL2H));
    illegal_from_el1("return to EL3", MASKED(EL3H));
    illegal_from_el1("return to a reserved mode", MASKED(0x2));
    illegal_from_el1("return to EL0h", MASKED(0x1));
    illegal_from_el1("return to EL1 with M[1] set", MASKED(0x6));
    illegal_from_el1("return to AArch32", MASKED(SPSR_NRW));
    illegal_from_el1("return to AArch32 supervisor", MASKED(SPSR_NRW | 3));

    struct outcome o = run_at(MASKED(EL1H), eret_code, ARGS(MASKED(EL0T), (uintptr_t)nop_code));
    check_done("legal return", &o);
    o = run_at(MASKED(EL1H), eret_code, ARGS(MASKED(EL1T), (uintptr_t)nop_code));
    check_done("legal return to the same level", &o);
}

static void illegal_state(void)
{
    struct outcome o = run_at(MASKED(EL1H) | SPSR_IL, nop_code, ARGS(0));

    check_taken("PSTATE.IL from EL3 to EL1", &o, 1, FROM_SPX, ESR(EC_ILLEGAL, 0));
    check_eq("PSTATE.IL is saved", o.spsr & SPSR_IL, SPSR_IL);
    check_eq("PSTATE.IL: return address", o.elr, (uintptr_t)nop_code);
    o = run_at(MASKED(EL0T) | SPSR_IL, nop_code, ARGS(0));
    check_taken("PSTATE.IL at EL0", &o, 1, FROM_LOWER, ESR(EC_ILLEGAL, 0));
    o = run_at(MASKED(EL2H) | SPSR_IL, nop_code, ARGS(0));
    check_taken("PSTATE.IL at EL2", &o, 2, FROM_SPX, ESR(EC_ILLEGAL, 0));
}

static void pc_alignment(void)
{
    for (unsigned low = 1; low < 4; low++) {
        uint64_t target = (uintptr_t)nop_code + low;
        struct outcome o = run_at(MASKED(EL0T), branch_code, ARGS(target));

        check_taken("PC alignment at EL0", &o, 1, FROM_LOWER, ESR(EC_PC_ALIGN, 0));
        check_eq("PC alignment: ELR", o.elr, target);
        check_eq("PC alignment: FAR", o.far, target);
        o = run_at(MASKED(EL1H), branch_code, ARGS(target));
        check_taken("PC alignment at EL1", &o, 1, FROM_SPX, ESR(EC_PC_ALIGN, 0));
        o = run_at(MASKED(EL2H), branch_code, ARGS(target));
        check_taken("PC alignment at EL2", &o, 2, FROM_SPX, ESR(EC_PC_ALIGN, 0));
        o = run_at(MASKED(EL1H), eret_code, ARGS(MASKED(EL0T), target));
        check_taken("PC alignment after ERET", &o, 1, FROM_LOWER, ESR(EC_PC_ALIGN, 0));
        check_eq("PC alignment after ERET: ELR", o.elr, target);
    }
}

static void sp_alignment(void)
{
    static _Alignas(16) char area[64];
    const uint64_t sa = BIT(3), sa0 = BIT(4);
    uint64_t sctlr = rd(sctlr_el1) & ~(sa | sa0);

    for (unsigned low = 4; low < 16; low += 4) {
        set_sp_el0((uintptr_t)area + 32 + low);
        wr(sctlr_el1, sctlr | sa0);
        isb();
        struct outcome o = run_at(MASKED(EL0T), load_sp_code, ARGS(0));
        check_taken("SP alignment: load at EL0", &o, 1, FROM_LOWER, ESR(EC_SP_ALIGN, 0));
        check_eq("SP alignment: ELR", o.elr, (uintptr_t)load_sp_code);
        o = run_at(MASKED(EL0T), store_sp_code, ARGS(0));
        check_taken("SP alignment: store at EL0", &o, 1, FROM_LOWER, ESR(EC_SP_ALIGN, 0));
        wr(sctlr_el1, sctlr | sa);
        isb();
        o = run_at(MASKED(EL1T), load_sp_code, ARGS(0));
        check_taken("SP alignment: load at EL1t", &o, 1, FROM_SP0, ESR(EC_SP_ALIGN, 0));
    }
    wr(sctlr_el1, sctlr);
    isb();
    set_sp_el0((uintptr_t)area + 40);
    struct outcome o = run_at(MASKED(EL0T), load_sp_code, ARGS(0));
    check_done("SP alignment check off", &o);
}

int guest_main(void)
{
    illegal_returns();
    illegal_state();
    pc_alignment();
    sp_alignment();
    return 0;
}
