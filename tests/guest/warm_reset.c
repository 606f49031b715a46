/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Warm reset by RMR_ELx.RR at the highest exception level: where it is, when it happens, what it
 * resets and what it keeps. Arm ARM D24.2 RMR_ELx, RVBAR_ELx; D1 "Reset".
 */
#include "gic.h"

#define RR         BIT(1)
#define AA64       BIT(0)
#define CNTP_INTID 30
#define KEPT       UINT64_C(0x123456789abcdef0)

/* Code at RVBAR_ELx goes on at warm_entry, which returns from reset_self. */
__asm__(".pushsection .text\n"
        ".global warm_entry\n"
        "warm_entry:\n"
        "    adrp x9, warm_saved\n"
        "    add x9, x9, :lo12:warm_saved\n"
        "    mrs x0, daif\n"
        "    mrs x1, CurrentEL\n"
        "    orr x0, x0, x1\n"
        "    mrs x1, spsel\n"
        "    orr x0, x0, x1\n"
        "    msr spsel, #1\n"
        "    ldp x19, x20, [x9]\n"
        "    ldp x21, x22, [x9, #16]\n"
        "    ldp x23, x24, [x9, #32]\n"
        "    ldp x25, x26, [x9, #48]\n"
        "    ldp x27, x28, [x9, #64]\n"
        "    ldp x29, x30, [x9, #80]\n"
        "    ldr x1, [x9, #96]\n"
        "    mov sp, x1\n"
        "    ret\n"
        ".global wait_for_reset\n"
        "wait_for_reset:\n"
        "    adrp x9, warm_saved\n"
        "    add x9, x9, :lo12:warm_saved\n"
        "    stp x19, x20, [x9]\n"
        "    stp x21, x22, [x9, #16]\n"
        "    stp x23, x24, [x9, #32]\n"
        "    stp x25, x26, [x9, #48]\n"
        "    stp x27, x28, [x9, #64]\n"
        "    stp x29, x30, [x9, #80]\n"
        "    mov x1, sp\n"
        "    str x1, [x9, #96]\n"
        "    mov x0, #0\n"
        "    isb\n"
        "    wfi\n"
        "    ret\n"
        ".popsection\n");
uint64_t warm_saved[13];
extern const char warm_entry[], vectors_el1[], vectors_el2[], vectors_el3[];
/* PSTATE after the reset; 0: the WFI came to its end instead. */
uint64_t wait_for_reset(void);
void el_setup(unsigned el);

static uint64_t memory;

/* The flash is at 0, which is no address for the compiler. */
static void flash(uint64_t at, uint32_t word)
{
    __asm__ volatile("str %w0, [%1]" ::"r"(word), "r"(at) : "memory");
}

/* What a PE finds where it leaves reset: a jump. */
static void program_jump(uint64_t to)
{
    const uint32_t code[] = {
        0xd2800010 | (to & 0xffff) << 5,       /* mov x16, #... */
        0xf2a00010 | (to >> 16 & 0xffff) << 5, /* movk x16, #..., lsl #16 */
        0xd61f0200,                            /* br x16 */
    };
    flash(0, 0x00200020); /* CFI: erase block, confirm */
    flash(0, 0x00d000d0);
    for (unsigned i = 0; i < ARRAY_LEN(code); i++) {
        flash(4 * i, 0x00400040); /* program word */
        flash(4 * i, code[i]);
    }
    flash(0, 0x00ff00ff); /* read array */
}

static uint64_t rmr(void)
{
    return home_el() == 3 ? rd(rmr_el3) : home_el() == 2 ? rd(rmr_el2) : rd(rmr_el1);
}

static void set_rmr(uint64_t v)
{
    if (home_el() == 3) {
        wr(rmr_el3, v);
    } else if (home_el() == 2) {
        wr(rmr_el2, v);
    } else {
        wr(rmr_el1, v);
    }
    isb();
}

static uint64_t sctlr(void)
{
    return home_el() == 3 ? rd(sctlr_el3) : home_el() == 2 ? rd(sctlr_el2) : rd(sctlr_el1);
}

/* Ends a WFI that does not reset. */
static void alarm(bool on)
{
    wr(cntp_tval_el0, 1000);
    wr(cntp_ctl_el0, on);
    isb();
}

SNIPPET(rmr1_code, "mrs x0, rmr_el1");
SNIPPET(rmr2_code, "mrs x0, rmr_el2");

/* RMR_ELx of a level that is not the highest. */
static void other_levels(void)
{
    if (home_el() >= 2) {
        struct outcome o = run_at(MASKED(EL1H), rmr1_code, ARGS(0));
        check_taken("RMR_EL1", &o, 1, FROM_SPX, ESR(EC_UNKNOWN, 0));
    }
    if (home_el() == 3) {
        struct outcome o = run_at(MASKED(EL2H), rmr2_code, ARGS(0));
        check_taken("RMR_EL2", &o, 2, FROM_SPX, ESR(EC_UNKNOWN, 0));
    }
}

static void ordinary_waits(void)
{
    check_eq("AArch64, no request", rmr(), AA64);
    set_rmr(RR | AA64);
    check_eq("requested", rmr(), RR | AA64);
    set_rmr(0);
    check_eq("AA64 is RAO/WI", rmr(), AA64);
    alarm(true);
    check_eq("no request, no reset", wait_for_reset(), 0);
    alarm(false);
}

static void vectors(void)
{
    wr(vbar_el1, (uintptr_t)vectors_el1);
    if (home_el() >= 2) {
        wr(vbar_el2, (uintptr_t)vectors_el2);
    }
    if (home_el() == 3) {
        wr(vbar_el3, (uintptr_t)vectors_el3);
    }
    isb();
}

static void reset(void)
{
    uint64_t before = rd(cntpct_el0);

    memory = KEPT;
    wr(dbgbvr0_el1, 0x4000);
    wr(dbgbcr0_el1, BIT(5) | BIT(6)); /* not enabled */
    wr(dbgclaimset_el1, 5);
    wr(oslar_el1, 0);
    wr(icc_pmr_el1, 0xf0);
    isb();
    alarm(true);
    set_rmr(RR | AA64);
    uint64_t pstate = wait_for_reset();
    alarm(false);
    check("a warm reset", pstate != 0);
    if (pstate == 0) {
        return; /* nothing more to see */
    }
    check_eq("PSTATE: level, DAIF, SP_ELx", pstate, DAIF | home_el() << 2 | 1);
    check_eq("the request is done", rmr(), AA64);
    check_eq("SCTLR: MMU and caches off", sctlr() & (BIT(0) | BIT(2) | BIT(12)), 0);
    check_eq("memory stays", memory, KEPT);
    check_eq("the breakpoint stays", rd(dbgbvr0_el1), 0x4000);
    check_eq("claim tags stay", rd(dbgclaimclr_el1), 5);
    check_eq("the OS Lock stays open", rd(oslsr_el1) & 2, 0);
    check("time goes on", rd(cntpct_el0) > before);
    check("the distributor stays on", gic_get(CNTP_INTID, GICD_ISENABLER));
    check_eq("the CPU interface is reset", rd(icc_pmr_el1), 0);
    wr(dbgclaimclr_el1, 0xff);
    vectors();
    el_setup(home_el());
    check_eq("lower levels still work", run_at(MASKED(EL1H), rmr1_code, ARGS(0)).done,
             home_el() == 1);
}

int guest_main(void)
{
    gic_init();
    gic_priority(CNTP_INTID, 0x80);
    gic_set(CNTP_INTID, GICD_ISENABLER);
    program_jump((uintptr_t)warm_entry);
    other_levels();
    ordinary_waits();
    reset();
    reset(); /* and again */
    return 0;
}
