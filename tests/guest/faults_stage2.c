/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage 2 faults, taken to EL2 from EL1 and EL0: every field of the syndrome (ISV, SAS, SSE, SRT,
 * SF, AR, S1PTW, WnR, DFSC), FAR_EL2 and HPFAR_EL2. Arm ARM D8.15, ISS encoding of a Data Abort.
 */
#include "mmu.h"

#define ISV                BIT(24)
#define SAS(n)             ((uint64_t)(n) << 22)
#define SSE                BIT(21)
#define SRT(n)             ((uint64_t)(n) << 16)
#define SF                 BIT(15)
#define AR                 BIT(14)
#define S1PTW              BIT(7)
#define WNR                BIT(6)
#define CM                 BIT(8)
#define ADDR_SIZE(level)   (0x00 + (level))
#define TRANSLATION(level) (0x04 + (level))
#define ACCESS_FLAG(level) (0x08 + (level))
#define PERMISSION(level)  (0x0c + (level))

/* Each access has its base in X0 and one syndrome. */
#define ACCESSES(X)                                                                                \
    X(ldrb_w, "ldrb w1, [x0]", ISV | SAS(0) | SRT(1))                                              \
    X(ldrsb_w, "ldrsb w2, [x0]", ISV | SAS(0) | SSE | SRT(2))                                      \
    X(ldrsb_x, "ldrsb x2, [x0]", ISV | SAS(0) | SSE | SRT(2) | SF)                                 \
    X(ldrh_w, "ldrh w3, [x0]", ISV | SAS(1) | SRT(3))                                              \
    X(ldrsh_x, "ldrsh x3, [x0]", ISV | SAS(1) | SSE | SRT(3) | SF)                                 \
    X(ldrsh_w, "ldrsh w3, [x0]", ISV | SAS(1) | SSE | SRT(3))                                      \
    X(ldr_w, "ldr w4, [x0]", ISV | SAS(2) | SRT(4))                                                \
    X(ldrsw_x, "ldrsw x4, [x0]", ISV | SAS(2) | SSE | SRT(4) | SF)                                 \
    X(ldr_x, "ldr x30, [x0]", ISV | SAS(3) | SRT(30) | SF)                                         \
    X(ldr_xzr, "ldr xzr, [x0]", ISV | SAS(3) | SRT(31) | SF)                                       \
    X(ldr_reg, "mov x6, #0\nldr x5, [x0, x6, lsl #3]", ISV | SAS(3) | SRT(5) | SF)                 \
    X(ldur_x, "ldur x7, [x0]", ISV | SAS(3) | SRT(7) | SF)                                         \
    X(ldtr_x, "ldtr x7, [x0]", ISV | SAS(3) | SRT(7) | SF)                                         \
    X(strb_w, "strb w8, [x0]", ISV | SAS(0) | SRT(8) | WNR)                                        \
    X(strh_w, "strh w9, [x0]", ISV | SAS(1) | SRT(9) | WNR)                                        \
    X(str_w, "str w10, [x0]", ISV | SAS(2) | SRT(10) | WNR)                                        \
    X(str_x, "str x11, [x0]", ISV | SAS(3) | SRT(11) | SF | WNR)                                   \
    X(str_wzr, "str wzr, [x0]", ISV | SAS(2) | SRT(31) | WNR)                                      \
    X(ldar_w, "ldar w12, [x0]", ISV | SAS(2) | SRT(12) | AR)                                       \
    X(ldar_x, "ldar x12, [x0]", ISV | SAS(3) | SRT(12) | SF | AR)                                  \
    X(ldarb_w, "ldarb w12, [x0]", ISV | SAS(0) | SRT(12) | AR)                                     \
    X(stlr_x, "stlr x13, [x0]", ISV | SAS(3) | SRT(13) | SF | AR | WNR)                            \
    X(stlrh_w, "stlrh w13, [x0]", ISV | SAS(1) | SRT(13) | AR | WNR)                               \
    X(ldr_post, "ldr x14, [x0], #8", 0)                                                            \
    X(ldr_pre, "ldr x14, [x0, #0]!", 0)                                                            \
    X(str_post, "str x14, [x0], #8", WNR)                                                          \
    X(ldp_x, "ldp x14, x15, [x0]", 0)                                                              \
    X(stp_x, "stp x14, x15, [x0]", WNR)                                                            \
    X(ldxr_x, "ldxr x14, [x0]", 0)                                                                 \
    X(ldr_d, "ldr d0, [x0]", 0)                                                                    \
    X(str_q, "str q0, [x0]", WNR)                                                                  \
    X(ld1_v, "ld1 {v0.16b}, [x0]", 0)                                                              \
    X(swp_x, "swp x1, x2, [x0]", 0)

#define DEFINE(name, text, iss) SNIPPET(code_##name, text);
ACCESSES(DEFINE)

static const struct access {
    const char *name, *code;
    uint64_t iss;
} accesses[] = {
#define ROW(name, text, iss) {text, code_##name, iss},
    ACCESSES(ROW)};

SNIPPET(fetch_code, "br x0");
SNIPPET(cvac_code, "dc cvac, x0");
SNIPPET(at_code, "at s12e1r, x0\nisb\nmrs x1, par_el1");
SNIPPET(at_s1_code, "at s1e1r, x0\nisb\nmrs x1, par_el1");

static struct tables s1, s2;
static _Alignas(4096) uint64_t page[512];

/* What an access of `mode` to `va` gives at EL2. */
static void expect(const char *name, const char *code, uint64_t mode, uint64_t va, uint64_t ipa,
                   uint64_t iss)
{
    bool fetch = code == fetch_code;
    struct outcome o = run_at(MASKED(mode), code, ARGS(va));

    check_taken(name, &o, 2, FROM_LOWER, ESR(fetch ? EC_IABT_LOW : EC_DABT_LOW, iss));
    check_eq(name, o.far, va);
    check_eq(name, o.hpfar, ipa >> 12 << 4);
    if (fetch) {
        check_eq(name, o.elr, va);
    }
}

static void set2(uint64_t ipa, unsigned level, uint64_t value)
{
    *descriptor(&s2, ipa, level) = value;
    tlb_flush_all();
}

static void clear2(uint64_t ipa)
{
    *descriptor(&s2, ipa, 1) = 0;
    tlb_flush_all();
}

/* Stage 1 off: the virtual address is the intermediate one. */
#define IPA UINT64_C(0x1000000000)

static void syndromes(void)
{
    for (unsigned i = 0; i < ARRAY_LEN(accesses); i++) {
        const struct access *a = &accesses[i];

        expect(a->name, a->code, EL1H, IPA + 0x340, IPA, a->iss | TRANSLATION(1));
    }
}

static void statuses(void)
{
    static const uint64_t modes[] = {EL1H, EL0T};
    const uint64_t read = ISV | SAS(2) | SRT(4), write = ISV | SAS(2) | SRT(10) | WNR;

    for (unsigned m = 0; m < 2; m++) {
        uint64_t mode = modes[m], va = IPA + 0x5678;

        for (unsigned level = 1; level < 4; level++) {
            uint64_t page_bit = level == 3 ? D_PAGE : 0;
            uint64_t frame = ((uintptr_t)page & -BIT(39 - 9 * level)) | page_bit;

            set2(va, level, 0);
            expect("translation, read", code_ldr_w, mode, va, va, read | TRANSLATION(level));
            expect("translation, write", code_str_w, mode, va, va, write | TRANSLATION(level));
            expect("translation, fetch", fetch_code, mode, va, va, TRANSLATION(level));
            set2(va, level, frame | (S2_NORMAL & ~D_AF));
            expect("access flag, read", code_ldr_w, mode, va, va, read | ACCESS_FLAG(level));
            expect("access flag, fetch", fetch_code, mode, va, va, ACCESS_FLAG(level));
            set2(va, level, frame | (S2_NORMAL & ~S2_W));
            expect("permission, write", code_str_w, mode, va, va, write | PERMISSION(level));
            set2(va, level, frame | (S2_NORMAL & ~S2_R));
            expect("permission, read", code_ldr_w, mode, va, va, read | PERMISSION(level));
            set2(va, level, frame | S2_NORMAL | S2_XN);
            expect("permission, fetch", fetch_code, mode, va, va, PERMISSION(level));
            set2(va, level, BIT(41) | S2_NORMAL | page_bit);
            expect("address size", code_ldr_w, mode, va, va, read | ADDR_SIZE(level));
            clear2(va);
        }
        expect("input address too large", code_ldr_w, mode, BIT(39), BIT(39),
               read | TRANSLATION(0));
    }
}

/* A walk of stage 1 whose table stage 2 does not map. */
static void table_walks(void)
{
    const uint64_t table_ipa = IPA + 0x10000000;

    stage1_on(1, &s1, 0);
    for (unsigned level = 1; level < 4; level++) {
        uint64_t va = WINDOW + 0x9010;

        *descriptor(&s1, va, level - 1) = table_ipa | D_VALID | D_TABLE;
        tlb_flush_all();
        unsigned shift = 39 - 9 * level;
        uint64_t entry = table_ipa + (va >> shift & 511) * 8;
        expect("stage 1 walk, read", code_ldr_w, EL1H, va, entry, S1PTW | TRANSLATION(1));
        expect("stage 1 walk, write", code_str_w, EL1H, va, entry, S1PTW | WNR | TRANSLATION(1));
        expect("stage 1 walk, fetch", fetch_code, EL1H, va, entry, S1PTW | TRANSLATION(1));
        *descriptor(&s1, va, 0) = 0;
        tlb_flush_all();
    }
    stage1_off(1);
}

/* Both stages on: stage 1 faults first and stays at EL1; stage 2 reports the IPA, not the VA. */
static void both_stages(void)
{
    uint64_t va = WINDOW + 0x2000, ipa = IPA + 0x7000;

    stage1_on(1, &s1, 0);
    struct outcome o = run_at(MASKED(EL1H), code_ldr_w, ARGS(va));
    check_taken("stage 1 comes first", &o, 1, FROM_SPX, ESR(EC_DABT, TRANSLATION(0)));
    map(&s1, va, ipa, PAGE, D_NORMAL, 3);
    tlb_flush_all();
    expect("stage 2 after stage 1", code_ldr_x, EL1H, va + 0x128, ipa,
           ISV | SAS(3) | SRT(30) | SF | TRANSLATION(1));
    map(&s2, ipa, (uintptr_t)page, PAGE, S2_NORMAL & ~S2_W, 3);
    tlb_flush_all();
    o = run_at(MASKED(EL1H), code_ldr_x, ARGS(va));
    check_done("both stages allow a read", &o);
    expect("stage 2 forbids a write", code_str_x, EL1H, va + 8, ipa,
           ISV | SAS(3) | SRT(11) | SF | WNR | PERMISSION(3));
    clear2(ipa);
    expect("DC CVAC", cvac_code, EL1H, va + 0x40, ipa, CM | WNR | TRANSLATION(1));
    *descriptor(&s1, va, 0) = 0;
    stage1_off(1);
}

/* AT S12E1R at EL2 reports a stage 2 fault in PAR_EL1; AT S1E1R at EL1 takes one only on its walk.
 */
static void address_translation(void)
{
    struct outcome o;

    map(&s1, WINDOW, IPA + 0x3000, PAGE, D_NORMAL, 3);
    stage1_on(1, &s1, 0);
    o = run_at(MASKED(EL2H), at_code, ARGS(WINDOW + 0x18));
    check_eq("AT S12E1R, stage 2 fault", o.x[1], BIT(11) | BIT(9) | TRANSLATION(1) << 1 | 1);
    o = run_at(MASKED(EL1H), at_s1_code, ARGS(WINDOW + 0x18));
    check_done("AT S1E1R sees stage 1 only", &o);
    check_eq("AT S1E1R gives the IPA", o.x[1] & D_ADDRESS, IPA + 0x3000);
    *descriptor(&s1, WINDOW, 0) = (IPA + 0x4000) | D_VALID | D_TABLE;
    tlb_flush_all();
    o = run_at(MASKED(EL1H), at_s1_code, ARGS(WINDOW + 0x18));
    check_taken("AT S1E1R, stage 2 fault of the walk", &o, 2, FROM_LOWER,
                ESR(EC_DABT_LOW, S1PTW | CM | WNR | TRANSLATION(1)));
    *descriptor(&s1, WINDOW, 0) = 0;
    stage1_off(1);
}

int guest_main(void)
{
    s1 = stage1_flat();
    s2 = stage2_flat();
    stage2_on(&s2, 1);
    syndromes();
    statuses();
    table_walks();
    both_stages();
    address_translation();
    stage2_off();
    return 0;
}
