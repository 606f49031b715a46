/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watchpoints: every kind of access against every byte, ranges, conditions of DBGWCR, links, and
 * what has a higher priority. Arm ARM D2.9 "Watchpoint exceptions".
 */
#include "debug.h"
#include "mmu.h"

#define WNR BIT(6)
#define CM  BIT(8)
#define ZVA 64

#define CODE(name, text) SNIPPET(name, ".arch armv8.6-a+simd\n" text)
CODE(ldrb_code, "ldrb w1, [x0]");
CODE(ldr4_code, "ldr w1, [x0]");
CODE(ldr8_code, "ldr x1, [x0]");
CODE(ldp8_code, "ldp x1, x2, [x0]");
CODE(strb_code, "strb w1, [x0]");
CODE(strh_code, "strh w1, [x0]");
CODE(str8_code, "str x1, [x0]");
CODE(stp8_code, "stp x1, x2, [x0]");
CODE(post_code, "str x1, [x0], #8");
CODE(ldar_code, "ldar x1, [x0]");
CODE(stlr_code, "stlr x1, [x0]");
CODE(ldxr_code, "ldxr x1, [x0]\nclrex");
CODE(ldxp_code, "ldxp x1, x2, [x0]\nclrex");
CODE(ldadd_code, "ldadd x1, x2, [x0]");
CODE(swp_code, "swp w1, w2, [x0]");
CODE(cas_code, "mov x1, #0\ncas x1, x2, [x0]");
CODE(casp_code, "mov x2, #0\nmov x3, #0\ncasp x2, x3, x4, x5, [x0]");
CODE(ldrq_code, "ldr q0, [x0]");
CODE(stpq_code, "stp q0, q1, [x0]");
CODE(ld1_code, "ld1 {v0.16b, v1.16b}, [x0]");
CODE(st4_code, "st4 {v0.4s, v1.4s, v2.4s, v3.4s}, [x0]");
CODE(ld1_lane_code, "ld1 {v0.h}[3], [x0]");
CODE(zva_code, "dc zva, x0");
CODE(ivac_code, "dc ivac, x0");
CODE(cvac_code, "dc cvac, x0\ndc civac, x0\nprfm pldl1keep, [x0]");
CODE(at_code, "at s1e1r, x0");
CODE(vbar_code, "mrs x1, s3_5_c12_c0_0"); /* VBAR_EL12 */
CODE(ldtr_code, "ldtr x1, [x0]");
CODE(sttr_code, "sttr x1, [x0]");
CODE(stxr_code, "ldxr x1, [x0]\nstxr w3, x1, [x0]");

static const struct access {
    const char *name;
    const char *code;
    unsigned size;
    bool read, write;
    unsigned insn; /* the one that accesses */
} accesses[] = {
    {"LDRB", ldrb_code, 1, 1, 0, 0},
    {"LDR, 32 bits", ldr4_code, 4, 1, 0, 0},
    {"LDR", ldr8_code, 8, 1, 0, 0},
    {"LDP", ldp8_code, 16, 1, 0, 0},
    {"STRB", strb_code, 1, 0, 1, 0},
    {"STRH", strh_code, 2, 0, 1, 0},
    {"STR", str8_code, 8, 0, 1, 0},
    {"STP", stp8_code, 16, 0, 1, 0},
    {"STR, writeback", post_code, 8, 0, 1, 0},
    {"LDAR", ldar_code, 8, 1, 0, 0},
    {"STLR", stlr_code, 8, 0, 1, 0},
    {"LDXR", ldxr_code, 8, 1, 0, 0},
    {"LDXP", ldxp_code, 16, 1, 0, 0},
    {"LDADD", ldadd_code, 8, 1, 1, 0},
    {"SWP, 32 bits", swp_code, 4, 1, 1, 0},
    {"CAS", cas_code, 8, 1, 1, 1},
    {"CASP", casp_code, 16, 1, 1, 2},
    {"LDR, 128 bits", ldrq_code, 16, 1, 0, 0},
    {"STP, 128 bits", stpq_code, 32, 0, 1, 0},
    {"LD1", ld1_code, 32, 1, 0, 0},
    {"ST4", st4_code, 64, 0, 1, 0},
    {"LD1, lane", ld1_lane_code, 2, 1, 0, 0},
    {"DC ZVA", zva_code, ZVA, 0, 1, 0},
};

static _Alignas(4096) uint8_t memory[8192];
#define DATA (memory + 512)
static struct tables tables;

static void enable(uint64_t mdscr)
{
    wr(mdscr_el1, MDSCR_MDE | mdscr);
    isb();
}

static uint64_t state(unsigned pac)
{
    return DBG_E | DBG_PXC(pac);
}

/* ---- bytes ---- */

/* byte: of those around DATA that is watched; lsc: what for. */
static void one(const struct access *a, int byte, unsigned lsc)
{
    uintptr_t va = (uintptr_t)DATA + byte;
    bool kind = (a->read && (lsc & 1)) || (a->write && (lsc & 2));
    bool hit = kind && byte >= 0 && byte < (int)a->size;

    for (unsigned i = 0; i < ZVA; i++) {
        DATA[i] = 0;
    }
    set_watchpoint(0, va & ~UINT64_C(7), state(3) | WCR_BAS(1 << va % 8) | (uint64_t)lsc << 3);
    struct outcome o = run_at(EL1H | UNMASKED_D, a->code, ARGS((uintptr_t)DATA, ~UINT64_C(0)));
    if (!hit) {
        check_done(a->name, &o);
        return;
    }
    bool read = a->read && (lsc & 1);
    check_taken(a->name, &o, 1, FROM_SPX, ESR(EC_WATCHPOINT + 1, DEBUG_STATUS | (read ? 0 : WNR)));
    check_eq(a->name, o.elr, (uintptr_t)a->code + 4 * a->insn);
    check_eq("FAR", o.far, va);
    check_eq("not executed: memory", DATA[0] | DATA[byte], 0);
    check_eq("not executed: base", o.x[0], (uintptr_t)DATA);
}

static void bytes(void)
{
    stage1_on(1, &tables, 0);
    enable(MDSCR_KDE);
    for (unsigned i = 0; i < ARRAY_LEN(accesses); i++) {
        for (int byte = -9; byte <= ZVA; byte++) {
            one(&accesses[i], byte, 1 + (unsigned)(byte + 9) % 3);
        }
        one(&accesses[i], 0, 0);
        one(&accesses[i], 0, 3);
    }
    debug_off();
    stage1_off(1);
}

/* ---- ranges ---- */

static void check_hit(const char *name, const char *code, uintptr_t va, bool hit, uintptr_t far)
{
    struct outcome o = run_at(EL1H | UNMASKED_D, code, ARGS(va));

    check_eq(name, !o.done, hit);
    if (hit && !o.done) {
        check_eq(name, o.far, far);
    }
}

static void ranges(void)
{
    uintptr_t page = (uintptr_t)memory + 4096;

    enable(MDSCR_KDE);
    for (unsigned mask = 3; mask <= 12; mask++) {
        uintptr_t base = mask == 12 ? page : page + 1024 * (mask < 11), size = 1U << mask;

        base &= ~(size - 1);
        set_watchpoint(0, base, state(3) | WCR_BAS(0xff) | WCR_LOAD | WCR_MASK(mask));
        check_hit("MASK", ldr8_code, base - 8, false, 0);
        check_hit("MASK", ldrb_code, base, true, base);
        check_hit("MASK", ldrb_code, base + size - 1, true, base + size - 1);
        if (mask < 12) {
            check_hit("MASK", ldr8_code, base + size, false, 0);
        }
        check_hit("into a range", ldp8_code, base - 8, true, base);
    }
    set_watchpoint(0, RAM_BASE, state(3) | WCR_BAS(0xff) | WCR_LOAD | WCR_MASK(28));
    check_hit("all memory", ldr8_code, page, true, page);
    for (unsigned first = 0; first < 8; first++) {
        for (unsigned n = 1; first + n <= 8; n++) {
            set_watchpoint(0, page, state(3) | WCR_BAS(((1 << n) - 1) << first) | WCR_LOAD);
            for (unsigned i = 0; i < 8; i++) {
                bool hit = i >= first && i < first + n;
                check_hit("BAS", ldrb_code, page + i, hit, page + i);
            }
            check_hit("BAS", ldr8_code, page, true, page + first);
        }
    }
    /* Half of a doubleword: BAS[7:4] are ignored. */
    set_watchpoint(0, page + 4, state(3) | WCR_BAS(0xf6) | WCR_LOAD);
    check_hit("word", ldr4_code, page, false, 0);
    check_hit("word", ldrb_code, page + 4, false, 0);
    check_hit("word", ldr4_code, page + 4, true, page + 5);
    check_hit("word", ldr8_code, page + 8, false, 0);
    set_watchpoint(0, page, state(3) | WCR_BAS(0) | WCR_LOAD);
    check_hit("no BAS", ldr8_code, page, false, 0);
    debug_off();
}

/* Accesses that cross a page, with the MMU on: a watchpoint in either half, or a fault. */
static void page_crossing(void)
{
    uintptr_t page = (uintptr_t)memory + 4096;

    stage1_on(1, &tables, 0);
    enable(MDSCR_KDE);
    set_watchpoint(0, page, state(3) | WCR_BAS(1) | WCR_LOAD | WCR_STORE);
    check_hit("across pages", ldr8_code, page - 4, true, page);
    check_hit("across pages", str8_code, page - 7, true, page);
    check_hit("across pages", ldr8_code, page - 8, false, 0);
    set_watchpoint(0, page - 8, state(3) | WCR_BAS(0x80) | WCR_LOAD | WCR_STORE);
    check_hit("across pages", stp8_code, page, false, 0);
    check_hit("across pages", stp8_code, page - 1, true, page - 1);
    debug_off();
    stage1_off(1);
}

/* Known to fast paths before it is watched, and again when it is not. */
static void on_and_off(void)
{
    uintptr_t va = (uintptr_t)DATA;

    stage1_on(1, &tables, 0);
    for (unsigned i = 0; i < 4; i++) {
        check_hit("off", ldr8_code, va, false, 0);
        set_watchpoint(0, va, state(3) | WCR_BAS(0xff) | WCR_LOAD);
        check_hit("MDE is 0", ldr8_code, va, false, 0);
        enable(MDSCR_KDE);
        check_hit("on", ldr8_code, va, true, va);
        wr(oslar_el1, 1);
        isb();
        check_hit("OS Lock", ldr8_code, va, false, 0);
        wr(oslar_el1, 0);
        isb();
        check_hit("on", ldr8_code, va, true, va);
        set_watchpoint(0, va + 4096, state(3) | WCR_BAS(0xff) | WCR_LOAD);
        check_hit("elsewhere", ldr8_code, va, false, 0);
        debug_off();
    }
    stage1_off(1);
}

/* ---- conditions ---- */

static const uint64_t modes[] = {EL0T, EL1H, EL2H};

static void states(void)
{
    uint64_t scr = rd(scr_el3);

    enable(MDSCR_KDE);
    wr(mdcr_el2, rd(mdcr_el2) | MDCR2_TDE);
    for (unsigned i = 0; i < n_debug_states * 6; i++) {
        const struct debug_state *s = &debug_states[i / 6];
        unsigned el = i % 3;
        bool secure = i % 6 >= 3;
        const char *name = s->ssc == 3                            ? "SSC of 3"
                           : s->hmc && s->ssc == 2 && s->pxc == 0 ? "EL3 only"
                                                                  : "HMC, SSC, PAC";

        wr(scr_el3, (scr & ~SCR_NS) | (secure ? SCR_EEL2 : SCR_NS));
        isb();
        set_watchpoint(0, (uintptr_t)DATA,
                       DBG_E | WCR_BAS(0xff) | WCR_LOAD | (s->hmc ? DBG_HMC : 0) | DBG_SSC(s->ssc) |
                           DBG_PXC(s->pxc));
        struct outcome o = run_at(modes[el] | UNMASKED_D, ldr8_code, ARGS((uintptr_t)DATA));
        check_eq(name, !o.done, s->el[el] && (secure ? s->secure : s->non_secure));
        if (!o.done) {
            check_taken(name, &o, 2, el == 2 ? FROM_SPX : FROM_LOWER,
                        ESR(EC_WATCHPOINT + (el == 2), DEBUG_STATUS));
        }
    }
    wr(scr_el3, scr);
    debug_off();
}

/* LDTR and STTR at EL1 are accesses of EL0. */
static void unprivileged(void)
{
    *descriptor(&tables, (uintptr_t)DATA, 3) |= D_EL0 | D_PXN | D_UXN;
    stage1_on(1, &tables, 0);
    enable(MDSCR_KDE);
    for (unsigned pac = 1; pac <= 3; pac++) {
        uintptr_t va = (uintptr_t)DATA;

        set_watchpoint(0, va, state(pac) | WCR_BAS(0xff) | WCR_LOAD | WCR_STORE);
        check_hit("LDTR", ldtr_code, va, pac & 2, va);
        check_hit("STTR", sttr_code, va, pac & 2, va);
        check_hit("LDR", ldr8_code, va, pac & 1, va);
    }
    debug_off();
    stage1_off(1);
}

/* A system register of a guest hypervisor that is in memory: an access of EL2. */
#define HCR_NV    BIT(42)
#define HCR_NV2   BIT(45)
#define VBAR_EL12 0x250
#define VNCR      BIT(13)
static void nested(void)
{
    uintptr_t va = (uintptr_t)memory + VBAR_EL12;
    uint64_t hcr = rd(hcr_el2);
    struct outcome o;

    wr(s3_4_c2_c2_0, (uintptr_t)memory); /* VNCR_EL2 */
    wr(hcr_el2, hcr | HCR_NV | HCR_NV2);
    wr(mdcr_el2, rd(mdcr_el2) | MDCR2_TDE);
    enable(0);
    set_watchpoint(0, va, state(3) | WCR_BAS(0xff) | WCR_LOAD);
    o = run_at(EL1H | UNMASKED_D, vbar_code, ARGS(0));
    check_done("a register in memory is no access of EL1", &o);
    set_watchpoint(0, va, DBG_E | DBG_HMC | DBG_SSC(1) | WCR_BAS(0xff) | WCR_LOAD);
    o = run_at(EL1H | UNMASKED_D, vbar_code, ARGS(0));
    check_taken("a register in memory", &o, 2, FROM_LOWER,
                ESR(EC_WATCHPOINT + 1, DEBUG_STATUS | VNCR));
    check_eq("a register in memory", o.far, va);
    wr(hcr_el2, hcr);
    debug_off();
}

static void links(void)
{
    uintptr_t va = (uintptr_t)DATA;

    enable(MDSCR_KDE);
    wr(contextidr_el1, 0x77);
    isb();
    set_watchpoint(0, va,
                   state(3) | WCR_BAS(0xff) | WCR_LOAD | WCR_WT | DBG_LBN(CONTEXT_BREAKPOINT));
    check_hit("link to nothing", ldr8_code, va, false, 0);
    set_breakpoint(CONTEXT_BREAKPOINT, 0x77, DBG_E | BCR_BAS | BCR_BT(3));
    check_hit("linked", ldr8_code, va, true, va);
    set_breakpoint(CONTEXT_BREAKPOINT, 0x78, DBG_E | BCR_BAS | BCR_BT(3));
    check_hit("linked to another context", ldr8_code, va, false, 0);
    wr(contextidr_el1, 0);
    debug_off();
}

/* ---- what else accesses, and priorities ---- */

static void others(void)
{
    uintptr_t va = (uintptr_t)DATA;
    uint64_t sctlr = rd(sctlr_el1);
    struct outcome o;

    stage1_on(1, &tables, 0);
    enable(MDSCR_KDE);
    set_watchpoint(0, va, state(3) | WCR_BAS(0xff) | WCR_LOAD | WCR_STORE);
    o = run_at(EL1H | UNMASKED_D, cvac_code, ARGS(va));
    check_done("DC CVAC, DC CIVAC, PRFM", &o);
    o = run_at(EL1H | UNMASKED_D, at_code, ARGS(va));
    check_done("AT", &o);
    o = run_at(EL1H | UNMASKED_D, ivac_code, ARGS(va + 20));
    check_taken("DC IVAC", &o, 1, FROM_SPX, ESR(EC_WATCHPOINT + 1, DEBUG_STATUS | WNR | CM));
    o = run_at(EL1H | UNMASKED_D, stxr_code, ARGS(va));
    check_taken("LDXR of a pair", &o, 1, FROM_SPX, ESR(EC_WATCHPOINT + 1, DEBUG_STATUS));
    set_watchpoint(0, va, state(3) | WCR_BAS(0xff) | WCR_STORE);
    o = run_at(EL1H | UNMASKED_D, stxr_code, ARGS(va));
    check_taken("STXR", &o, 1, FROM_SPX, ESR(EC_WATCHPOINT + 1, DEBUG_STATUS | WNR));
    check_eq("STXR", o.elr, (uintptr_t)stxr_code + 4);
    set_watchpoint(0, WINDOW, state(3) | WCR_BAS(0xff) | WCR_LOAD);
    o = run_at(EL1H | UNMASKED_D, ldr8_code, ARGS(WINDOW));
    check_eq("after a translation fault", ESR_EC(o.esr), EC_DABT);
    set_watchpoint(0, va, state(3) | WCR_BAS(0xff) | WCR_LOAD | WCR_STORE);
    wr(sctlr_el1, rd(sctlr_el1) | BIT(1)); /* A */
    isb();
    o = run_at(EL1H | UNMASKED_D, ldr8_code, ARGS(va + 1));
    check_eq("after an alignment fault", ESR_EC(o.esr), EC_DABT);
    stage1_off(1);
    wr(sctlr_el1, sctlr);
    debug_off();
}

/* With both armed, the first byte that the access reaches is what FAR has. */
static void two(void)
{
    uintptr_t va = (uintptr_t)DATA;

    enable(MDSCR_KDE);
    set_watchpoint(0, va, state(3) | WCR_BAS(0x0f) | WCR_STORE);
    set_watchpoint(1, va, state(3) | WCR_BAS(0xf0) | WCR_LOAD);
    check_hit("a load", ldr8_code, va, true, va + 4);
    check_hit("a store", str8_code, va, true, va);
    debug_off();
}

int guest_main(void)
{
    tables = stage1_flat();
    map(&tables, (uintptr_t)memory, (uintptr_t)memory, sizeof(memory), D_NORMAL | D_PAGE, 3);
    debug_off();
    bytes();
    ranges();
    page_crossing();
    on_and_off();
    states();
    links();
    nested();
    others();
    two();
    unprivileged();
    return 0;
}
