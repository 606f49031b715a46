/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pointer authentication: each key signs, authenticates and can be off; wrong codes are exceptions
 * (FEAT_FPAC, FEAT_FPACCOMBINE); traps of instructions and keys. Arm ARM D8.10, AArch64.PACFail().
 */
#include "guest.h"

#define EC_PAC      0x09
#define EC_PAC_FAIL 0x1c
#define HCR_APK     BIT(40)
#define HCR_API     BIT(41)
#define SCR_APK     BIT(16)
#define SCR_API     BIT(17)
#define MODIFIER    UINT64_C(0x1122334455667788)

/* X0: pointer, X1: modifier. */
#define SIGN(k) SNIPPET(pac##k##_code, "pac" #k " x0, x1")
#define AUTH(k) SNIPPET(aut##k##_code, "aut" #k " x0, x1")
SIGN(ia);
SIGN(ib);
SIGN(da);
SIGN(db);
AUTH(ia);
AUTH(ib);
AUTH(da);
AUTH(db);
SNIPPET(xpaci_code, "xpaci x0");
SNIPPET(xpacd_code, "xpacd x0");
SNIPPET(pacga_code, "pacga x0, x0, x1");
SNIPPET(braa_code, "mov x16, x0\nbraa x16, x1"); /* other registers abort the reference */
SNIPPET(blrab_code, "blrab x0, x1");
SNIPPET(retaa_code, "mov x30, x0\nmov sp, x1\nretaa");
SNIPPET(ldraa_code, "ldraa x2, [x0]");
SNIPPET(landing_code, "mov x2, #77");

static const struct key {
    const char *name;
    const char *sign, *auth, *strip;
    unsigned enable; /* bit of SCTLR_ELx */
    uint32_t iss;    /* of a failure: data key, B key */
} keys[] = {
    {"IA", pacia_code, autia_code, xpaci_code, 31, 0},
    {"IB", pacib_code, autib_code, xpaci_code, 30, 1},
    {"DA", pacda_code, autda_code, xpacd_code, 27, 2},
    {"DB", pacdb_code, autdb_code, xpacd_code, 13, 3},
};
static const uint64_t modes[] = {EL0T, EL1H, EL2H, EL3H};

static uint64_t base_hcr, base_scr;

static void set_keys(void)
{
#define KEY(name, v)                                                                               \
    wr(name##lo_el1, v);                                                                           \
    wr(name##hi_el1, ~(v))
    KEY(apiakey, UINT64_C(0x0123456789abcdef));
    KEY(apibkey, UINT64_C(0x23456789abcdef01));
    KEY(apdakey, UINT64_C(0x456789abcdef0123));
    KEY(apdbkey, UINT64_C(0x6789abcdef012345));
    KEY(apgakey, UINT64_C(0x89abcdef01234567));
    isb();
}

/* SCTLR of the regime of `el`: keys on, but for `off`. */
static void enable_keys(unsigned el, unsigned off)
{
    const uint64_t all = BIT(31) | BIT(30) | BIT(27) | BIT(13);

    switch (el) {
    case 3:
        wr(sctlr_el3, (rd(sctlr_el3) | all) & ~BIT(off));
        break;
    case 2:
        wr(sctlr_el2, (rd(sctlr_el2) | all) & ~BIT(off));
        break;
    default:
        wr(sctlr_el1, (rd(sctlr_el1) | all) & ~BIT(off));
    }
    isb();
}

static uint64_t run(unsigned el, const char *code, uint64_t pointer, uint64_t modifier)
{
    struct outcome o = run_at(MASKED(modes[el]), code, ARGS(pointer, modifier));

    check_done("PAC instruction", &o);
    return o.x[0];
}

/* At every level, with each key. */
static void sign_and_authenticate(const struct key *k, unsigned el)
{
    static const uint64_t pointers[] = {0x40001000, 0x0000ffffdeadbee8};

    for (unsigned i = 0; i < ARRAY_LEN(pointers); i++) {
        uint64_t p = pointers[i];

        enable_keys(el, 63);
        uint64_t p1 = run(el, k->sign, p, MODIFIER);
        check("a code is there", p1 != p);
        check_eq("address bits stay", p1 & 0xffffffffffff, p);
        check_eq("signing is a function", run(el, k->sign, p, MODIFIER), p1);
        check("the modifier matters", run(el, k->sign, p, MODIFIER + 16) != p1);
        check_eq("authentication gives the pointer", run(el, k->auth, p1, MODIFIER), p);
        check_eq("XPAC", run(el, k->strip, p1, 0), p);
        struct outcome o = run_at(MASKED(modes[el]), k->auth, ARGS(p1, MODIFIER + 16));
        unsigned to = el == 0 ? 1 : el;
        check_taken("wrong code", &o, to, el == 0 ? FROM_LOWER : FROM_SPX,
                    ESR(EC_PAC_FAIL, k->iss));
        check_eq("wrong code: return address", o.elr, (uintptr_t)k->auth);
        enable_keys(el, k->enable);
        check_eq("key off: signing", run(el, k->sign, p, MODIFIER), p);
        check_eq("key off: authentication", run(el, k->auth, p1, MODIFIER), p1);
        enable_keys(el, 63);
    }
    check_eq("PACGA has its code in the upper half", run(el, pacga_code, 1, 2) << 32, 0);
}

static void different_keys(void)
{
    uint64_t codes[ARRAY_LEN(keys)];

    for (unsigned i = 0; i < ARRAY_LEN(keys); i++) {
        codes[i] = run(1, keys[i].sign, 0x40001000, MODIFIER);
        for (unsigned j = 0; j < i; j++) {
            check("keys give different codes", codes[i] != codes[j]);
        }
    }
}

/* Authentication inside a branch or a load: an exception at the instruction itself. */
static const struct combined {
    const char *name;
    const char *code, *sign;
    uint32_t iss;
    unsigned at; /* offset of the instruction */
} combined[] = {
    {"BRAA", braa_code, pacia_code, 0, 4},
    {"BLRAB", blrab_code, pacib_code, 1, 0},
    {"RETAA", retaa_code, pacia_code, 0, 8},
    {"LDRAA", ldraa_code, pacda_code, 2, 0},
};

static void combined_instructions(void)
{
    for (unsigned i = 0; i < ARRAY_LEN(combined); i++) {
        const struct combined *c = &combined[i];
        bool load = c->code == ldraa_code;
        uint64_t modifier = load ? 0 : 0x40210000;
        uint64_t p = run(1, c->sign, (uintptr_t)landing_code, modifier);

        struct outcome o = run_at(MASKED(EL1H), c->code, ARGS(p, modifier));
        check_done(c->name, &o);
        check_eq(c->name, load ? (uint32_t)o.x[2] : o.x[2],
                 load ? *(const uint32_t *)(uintptr_t)landing_code : 77);
        o = run_at(MASKED(EL1H), c->code, ARGS(p ^ BIT(54), modifier));
        check_taken(c->name, &o, 1, FROM_SPX, ESR(EC_PAC_FAIL, c->iss));
        check_eq(c->name, o.elr, (uintptr_t)c->code + c->at);
    }
}

/* ---- traps ---- */
SNIPPET(key_code, "mrs x0, apiakeylo_el1");
SNIPPET(key_write_code, "msr apgakeyhi_el1, x0");
#define KEY_ISS(crm, op2, read) (3 << 20 | (op2) << 17 | 2 << 10 | (crm) << 1 | (read))

static void trap(const char *name, unsigned el, const char *code, unsigned to, uint64_t esr)
{
    struct outcome o = run_at(MASKED(modes[el]), code, ARGS(0x40001000, MODIFIER));

    if (to == 9) {
        check_done(name, &o);
    } else {
        check_taken(name, &o, to, to == el ? FROM_SPX : FROM_LOWER, esr);
    }
}

static void traps(void)
{
    for (unsigned el = 0; el < 3; el++) {
        for (unsigned bits = 0; bits < 4; bits++) {
            bool hcr_ok = bits & 1 || el == 2, scr_ok = bits & 2;
            unsigned to = !hcr_ok ? 2 : !scr_ok ? 3 : 9;

            enable_keys(el, 63);
            wr(hcr_el2, (base_hcr & ~(HCR_API | HCR_APK)) | (bits & 1 ? HCR_API | HCR_APK : 0));
            wr(scr_el3, (base_scr & ~(SCR_API | SCR_APK)) | (bits & 2 ? SCR_API | SCR_APK : 0));
            isb();
            trap("API: PACIA", el, pacia_code, to, ESR(EC_PAC, 0));
            trap("API: PACGA", el, pacga_code, to, ESR(EC_PAC, 0));
            trap("API: XPACI is not trapped", el, xpaci_code, 9, 0);
            if (el != 0) {
                trap("APK: read", el, key_code, to, ESR(EC_SYSREG, KEY_ISS(1, 0, 1)));
                trap("APK: write", el, key_write_code, to, ESR(EC_SYSREG, KEY_ISS(3, 1, 0)));
            }
            /* A key that is off makes no code: nothing to trap but for PACGA. */
            enable_keys(el, 31);
            trap("API: PACIA with its key off", el, pacia_code, 9, 0);
            enable_keys(el, 63);
        }
    }
    wr(hcr_el2, base_hcr);
    wr(scr_el3, base_scr);
    isb();
    set_keys();
}

int guest_main(void)
{
    base_hcr = rd(hcr_el2);
    base_scr = rd(scr_el3);
    set_keys();
    for (unsigned el = 0; el < ARRAY_LEN(modes); el++) {
        for (unsigned i = 0; i < ARRAY_LEN(keys); i++) {
            unsigned failures = guest_failures_so_far();

            sign_and_authenticate(&keys[i], el);
            if (guest_failures_so_far() != failures) {
                print("     key ");
                print(keys[i].name);
                print(" at EL");
                print_dec(el);
                print("\n");
            }
        }
    }
    different_keys();
    combined_instructions();
    traps();
    return 0;
}
