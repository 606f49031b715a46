/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alignment of every kind of access in Normal memory with FEAT_LSE2: what may cross 16 bytes, what
 * SCTLR_EL1.{A, nAA} change, at each offset. Arm ARM B2.8 "Alignment support".
 */
#include "mmu.h"

#define SCTLR_A   BIT(1)
#define SCTLR_NAA BIT(6)
#define ALIGNMENT 0x21
#define WNR       BIT(6)

#define CODE(name, text) SNIPPET(name, ".arch armv8.6-a\n" text)
CODE(ldrh_code, "ldrh w1, [x0]");
CODE(ldr4_code, "ldr w1, [x0]");
CODE(ldr8_code, "ldr x1, [x0]");
CODE(str8_code, "str x1, [x0]");
CODE(ldp8_code, "ldp x1, x2, [x0]");
CODE(ldxrh_code, "ldxrh w1, [x0]\nclrex");
CODE(ldxr4_code, "ldxr w1, [x0]\nclrex");
CODE(ldaxr8_code, "ldaxr x1, [x0]\nclrex");
CODE(ldxp8_code, "ldxp x1, x2, [x0]\nclrex");
CODE(ldxp4_code, "ldxp w1, w2, [x0]\nclrex");
CODE(ldarh_code, "ldarh w1, [x0]");
CODE(ldar4_code, "ldar w1, [x0]");
CODE(ldar8_code, "ldar x1, [x0]");
CODE(stlr4_code, "stlr w1, [x0]");
CODE(stlr8_code, "stlr x1, [x0]");
CODE(ldapr8_code, "ldapr x1, [x0]");
CODE(ldapur4_code, "ldapur w1, [x0]");
CODE(stlur8_code, "stlur x1, [x0]");
CODE(cash_code, "cash w1, w2, [x0]");
CODE(cas8_code, "cas x1, x2, [x0]");
CODE(casp8_code, "mov x2, #0\nmov x3, #0\nmov x4, #0\nmov x5, #0\ncasp x2, x3, x4, x5, [x0]");
CODE(ldadd4_code, "ldadd w1, w2, [x0]");
CODE(swp8_code, "swpal x1, x2, [x0]");

/* What an access that crosses 16 bytes does: nothing special, faults unless nAA, faults. */
enum kind { PLAIN, ORDERED, ATOMIC };
static const struct access {
    const char *name;
    const char *code;
    enum kind kind;
    unsigned align, size; /* the unit that SCTLR.A checks; all bytes */
    bool write;
} accesses[] = {
    {"LDRH", ldrh_code, PLAIN, 2, 2, false},
    {"LDR, 32 bits", ldr4_code, PLAIN, 4, 4, false},
    {"LDR", ldr8_code, PLAIN, 8, 8, false},
    {"STR", str8_code, PLAIN, 8, 8, true},
    {"LDP", ldp8_code, PLAIN, 8, 16, false},
    {"LDXRH", ldxrh_code, ATOMIC, 2, 2, false},
    {"LDXR, 32 bits", ldxr4_code, ATOMIC, 4, 4, false},
    {"LDAXR", ldaxr8_code, ATOMIC, 8, 8, false},
    {"LDXP", ldxp8_code, ATOMIC, 16, 16, false},
    {"LDXP, 32 bits", ldxp4_code, ATOMIC, 8, 8, false},
    {"LDARH", ldarh_code, ORDERED, 2, 2, false},
    {"LDAR, 32 bits", ldar4_code, ORDERED, 4, 4, false},
    {"LDAR", ldar8_code, ORDERED, 8, 8, false},
    {"STLR, 32 bits", stlr4_code, ORDERED, 4, 4, true},
    {"STLR", stlr8_code, ORDERED, 8, 8, true},
    {"LDAPR", ldapr8_code, ORDERED, 8, 8, false},
    {"LDAPUR, 32 bits", ldapur4_code, ORDERED, 4, 4, false},
    {"STLUR", stlur8_code, ORDERED, 8, 8, true},
    {"CASH", cash_code, ATOMIC, 2, 2, false},
    {"CAS", cas8_code, ATOMIC, 8, 8, false},
    {"CASP", casp8_code, ATOMIC, 16, 16, false},
    {"LDADD, 32 bits", ldadd4_code, ATOMIC, 4, 4, false},
    {"SWPAL", swp8_code, ATOMIC, 8, 8, false},
};

static _Alignas(64) char memory[64];

static bool faults(const struct access *a, unsigned offset, bool check_all, bool naa)
{
    bool crosses = offset % 16 + a->size > 16;

    if (check_all && offset % a->align != 0) {
        return true;
    }
    return crosses && (a->kind == ATOMIC || (a->kind == ORDERED && !naa));
}

static void one(const struct access *a, unsigned offset, bool check_all, bool naa)
{
    struct outcome o = run_at(MASKED(EL1H), a->code, ARGS((uintptr_t)memory + offset));
    unsigned failures = guest_failures_so_far();

    if (faults(a, offset, check_all, naa)) {
        check_eq(a->name, o.done ? 0 : ESR_EC(o.esr), EC_DABT);
        check_eq(a->name, ESR_ISS(o.esr) & 0x3f, ALIGNMENT);
        /* A read would fail as an atomic does. */
        check_eq(a->kind == ATOMIC ? "WnR of exclusives and atomics" : a->name, o.esr & WNR,
                 a->write ? WNR : 0);
        check_eq(a->name, o.far, (uintptr_t)memory + offset);
    } else {
        check_done(a->name, &o);
    }
    if (guest_failures_so_far() != failures) {
        print("     offset ");
        print_dec(offset);
        print(check_all ? " A" : "");
        print(naa ? " nAA\n" : "\n");
    }
}

int guest_main(void)
{
    struct tables tables = stage1_flat();
    uint64_t sctlr;

    stage1_on(1, &tables, 0);
    sctlr = rd(sctlr_el1) & ~(SCTLR_A | SCTLR_NAA);
    for (unsigned i = 0; i < ARRAY_LEN(accesses) * 4; i++) {
        bool check_all = i & 1, naa = i & 2;

        wr(sctlr_el1, sctlr | (check_all ? SCTLR_A : 0) | (naa ? SCTLR_NAA : 0));
        isb();
        for (unsigned offset = 0; offset < 16; offset++) {
            one(&accesses[i / 4], offset, check_all, naa);
        }
    }
    stage1_off(1);
    return 0;
}
