/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses to FP and Advanced SIMD: every combination of CPACR_EL1.FPEN, CPTR_EL2 in both layouts,
 * CPTR_EL3.TFP, HCR_EL2.{E2H, TGE} and exception level. Arm ARM CheckFPEnabled64().
 */
#include "guest.h"

#define HCR_TGE    BIT(27)
#define HCR_E2H    BIT(34)
#define FPEN(v)    ((uint64_t)(v) << 20)
#define CPTR_TFP   BIT(10)
#define CPTR2_RES1 0x33ff
#define ISS_FP     (1 << 24 | 0xe << 20)

SNIPPET(scalar_code, "fadd d0, d1, d2");
SNIPPET(vector_code, "add v0.4s, v1.4s, v2.4s");
SNIPPET(load_code, "ldr q0, [x0]");
SNIPPET(move_code, "fmov x0, d0");
SNIPPET(mrs_code, "mrs x0, fpcr");
SNIPPET(msr_code, "msr fpsr, x1");
SNIPPET(crypto_code, ".arch armv8-a+crypto\naese v0.16b, v1.16b");

static const struct {
    const char *name;
    const char *code;
} insns[] = {
    {"scalar FP", scalar_code}, {"vector", vector_code}, {"load of Q0", load_code},
    {"FMOV", move_code},        {"MRS FPCR", mrs_code},  {"MSR FPSR", msr_code},
    {"AESE", crypto_code},
};
static const uint64_t modes[] = {EL0T, EL1H, EL2H, EL3H};
static _Alignas(16) uint64_t memory[2];
static uint64_t base_hcr;

struct control {
    unsigned cpacr, cptr2; /* FPEN; with E2H = 0 bit 0 of cptr2 is TFP */
    bool tfp3, e2h, tge;
};

/* FPEN: 0 and 2 trap both levels it governs, 1 the lower one. */
static bool fpen_traps(unsigned fpen, bool lower)
{
    return !(fpen & 1) || (fpen == 1 && lower);
}

/* 9: nobody traps. unknown: with TGE, EL1's trap goes to EL2 as an UNDEFINED instruction. */
static unsigned target(const struct control *c, unsigned el, bool *out_unknown)
{
    *out_unknown = false;
    if (el <= 1 && !(c->e2h && c->tge) && fpen_traps(c->cpacr, el == 0)) {
        *out_unknown = c->tge;
        return c->tge ? 2 : 1;
    }
    if (el <= 2 && (c->e2h ? fpen_traps(c->cptr2, el == 0 && c->tge) : c->cptr2 & 1)) {
        return 2;
    }
    return c->tfp3 ? 3 : 9;
}

static void one(unsigned i, const struct control *c, unsigned el)
{
    bool unknown;
    unsigned to = target(c, el, &unknown), failures = guest_failures_so_far();

    if (el == 1 && c->tge) {
        return;
    }
    wr(hcr_el2, base_hcr | (c->e2h ? HCR_E2H : 0) | (c->tge ? HCR_TGE : 0));
    isb();
    wr(cpacr_el1, FPEN(c->cpacr));
    wr(cptr_el2, c->e2h ? FPEN(c->cptr2) : CPTR2_RES1 | (c->cptr2 & 1 ? CPTR_TFP : 0));
    wr(cptr_el3, c->tfp3 ? CPTR_TFP : 0);
    isb();
    struct outcome o = run_at(MASKED(modes[el]), insns[i].code, ARGS((uintptr_t)memory));
    if (to == 9) {
        check_done(insns[i].name, &o);
    } else {
        check_taken(insns[i].name, &o, to, to == el ? FROM_SPX : FROM_LOWER,
                    unknown ? ESR(EC_UNKNOWN, 0) : ESR(EC_FP, ISS_FP));
        check_eq("return address", o.elr, (uintptr_t)insns[i].code);
    }
    if (guest_failures_so_far() != failures) {
        print("     EL");
        print_dec(el);
        print(" CPACR.FPEN ");
        print_dec(c->cpacr);
        print(c->e2h ? " CPTR_EL2.FPEN " : " CPTR_EL2.TFP ");
        print_dec(c->e2h ? c->cptr2 : c->cptr2 & 1);
        print(c->tfp3 ? " CPTR_EL3.TFP" : "");
        print(c->e2h ? " E2H" : "");
        print(c->tge ? " TGE\n" : "\n");
    }
}

int guest_main(void)
{
    base_hcr = rd(hcr_el2);
    for (unsigned i = 0; i < ARRAY_LEN(insns); i++) {
        for (unsigned n = 0; n < 512; n++) {
            struct control c = {.cpacr = n >> 2 & 3,
                                .cptr2 = n >> 4 & 3,
                                .tfp3 = n >> 6 & 1,
                                .e2h = n >> 7 & 1,
                                .tge = n >> 8 & 1};
            one(i, &c, n & 3);
        }
    }
    wr(hcr_el2, base_hcr);
    isb();
    return 0;
}
