/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nested virtualization, seen from a guest hypervisor at EL1 and from its host at EL2: registers in
 * the VNCR_EL2 page and what faults there, registers of EL1 in place of those of EL2, traps,
 * CurrentEL, SPSR_EL1.M, translation tables with HCR_EL2.NV1. Arm ARM D8.11 "Nested
 * virtualization".
 */
#include "mmu.h"

#define HCR_TTLB   BIT(25)
#define HCR_E2H    BIT(34)
#define HCR_NV     BIT(42)
#define HCR_NV1    BIT(43)
#define HCR_AT     BIT(44)
#define HCR_NV2    BIT(45)
#define HCR_ENSCXT BIT(53)
#define SCR_ENSCXT BIT(25)
/* Of features that not every machine has: RES0 there. */
/* HXEn, TCR2En, SCTLR2En, PIEn, FGTEn2 */
#define SCR_NEWER  (BIT(38) | BIT(43) | BIT(44) | BIT(45) | BIT(59))
#define HCRX_NEWER (BIT(14) | BIT(15)) /* TCR2En, SCTLR2En */
#define HCRX_EL2   S3_4_C1_C2_2

#define EC_ERET  0x1a
#define ISS_WNR  BIT(6)
#define ISS_VNCR BIT(13)
#define PSR_PAN  BIT(22)
#define VNCR_EL2 "s3_4_c2_c2_0"
#define MARK_IMM 0x7f
/* SMC: to home, because ESR_EL1 cannot be read by a handler at EL1 with NV1. */
#define END_OF_IT (UINT32_C(0xd4000003) | MARK_IMM << 5)

#define TRANSLATION(level) (0x04 + (level))
#define ACCESS_FLAG(level) (0x08 + (level))
#define PERMISSION(level)  (0x0c + (level))
#define EXTERNAL           0x10

/* op0, op1, CRn, CRm, op2 as MRS and MSR have them. */
#define ENC(op0, op1, crn, crm, op2)                                                               \
    ((uint32_t)(op0) << 19 | (op1) << 16 | (crn) << 12 | (crm) << 8 | (op2) << 5)
#define OP1(enc)       FIELD(enc, 16, 3)
#define WITH_OP1(e, n) (((e) & ~(UINT32_C(7) << 16)) | (uint32_t)(n) << 16)
#define READ           UINT32_C(0xd5200000)
#define WRITE          UINT32_C(0xd5000000)

static _Alignas(4096) uint64_t page[512];
static _Alignas(64) uint32_t code[16];
static uint64_t base_hcr;

static void hcr(uint64_t bits)
{
    wr(hcr_el2, base_hcr | bits);
    isb();
}

/* One instruction at EL1, or what `mode` says. */
static struct outcome run_word(uint64_t mode, uint32_t word, uint64_t x0)
{
    code[0] = word;
    code[1] = END_OF_IT;
    dsb();
    __asm__ volatile("ic ivau, %0" ::"r"(code) : "memory");
    dsb();
    isb();
    return run_at(mode, code, ARGS(x0));
}

static struct outcome read_at(uint64_t mode, uint32_t enc)
{
    return run_word(mode, READ | enc, 0);
}

static struct outcome write_at(uint64_t mode, uint32_t enc, uint64_t v)
{
    return run_word(mode, WRITE | enc, v);
}

static bool completed(const struct outcome *o)
{
    return o->el == 3 && o->esr == ESR(EC_SMC, MARK_IMM);
}

static uint64_t iss_of(uint32_t enc, bool read)
{
    return FIELD(enc, 19, 2) << 20 | FIELD(enc, 5, 3) << 17 | OP1(enc) << 14 |
           FIELD(enc, 12, 4) << 10 | FIELD(enc, 8, 4) << 1 | read;
}

static void name_it(const char *name, unsigned failures)
{
    if (guest_failures_so_far() != failures) {
        print("     ");
        print(name);
        print("\n");
    }
}

static void check_trapped(const char *what, const struct outcome *o, uint32_t enc, bool read)
{
    check_taken(what, o, 2, FROM_LOWER, ESR(EC_SYSREG, iss_of(enc, read)));
}

/* ---- registers in memory ---- */

enum kind {
    OF_EL2,     /* in memory by its EL2 name */
    OF_EL1,     /* by its EL1 name with NV1 = 1, by its EL12 or EL02 name with NV1 = 0 */
    OF_EL1_NV1, /* the same, and trapped by NV1 alone */
    OF_EL1_ANY  /* by its EL1 name whatever NV1 is; there is no other name */
};

static const struct redirected {
    const char *name;
    uint16_t offset;
    uint8_t kind;
    uint32_t enc;
} in_page[] = {
    {"VTTBR_EL2", 0x020, OF_EL2, ENC(3, 4, 2, 1, 0)},
    {"VTCR_EL2", 0x040, OF_EL2, ENC(3, 4, 2, 1, 2)},
    {"VMPIDR_EL2", 0x050, OF_EL2, ENC(3, 4, 0, 0, 5)},
    {"CNTVOFF_EL2", 0x060, OF_EL2, ENC(3, 4, 14, 0, 3)},
    {"HCR_EL2", 0x078, OF_EL2, ENC(3, 4, 1, 1, 0)},
    {"HSTR_EL2", 0x080, OF_EL2, ENC(3, 4, 1, 1, 3)},
    {"VPIDR_EL2", 0x088, OF_EL2, ENC(3, 4, 0, 0, 0)},
    {"TPIDR_EL2", 0x090, OF_EL2, ENC(3, 4, 13, 0, 2)},
    {"HCRX_EL2", 0x0a0, OF_EL2, ENC(3, 4, 1, 2, 2)},
    {"VNCR_EL2", 0x0b0, OF_EL2, ENC(3, 4, 2, 2, 0)},
    {"CPACR_EL1", 0x100, OF_EL1, ENC(3, 0, 1, 0, 2)},
    {"CONTEXTIDR_EL1", 0x108, OF_EL1, ENC(3, 0, 13, 0, 1)},
    {"SCTLR_EL1", 0x110, OF_EL1, ENC(3, 0, 1, 0, 0)},
    {"ACTLR_EL1", 0x118, OF_EL1_ANY, ENC(3, 0, 1, 0, 1)},
    {"TCR_EL1", 0x120, OF_EL1, ENC(3, 0, 2, 0, 2)},
    {"AFSR0_EL1", 0x128, OF_EL1, ENC(3, 0, 5, 1, 0)},
    {"AFSR1_EL1", 0x130, OF_EL1, ENC(3, 0, 5, 1, 1)},
    {"ESR_EL1", 0x138, OF_EL1, ENC(3, 0, 5, 2, 0)},
    {"MAIR_EL1", 0x140, OF_EL1, ENC(3, 0, 10, 2, 0)},
    {"AMAIR_EL1", 0x148, OF_EL1, ENC(3, 0, 10, 3, 0)},
    {"MDSCR_EL1", 0x158, OF_EL1_ANY, ENC(2, 0, 0, 2, 2)},
    {"SPSR_EL1", 0x160, OF_EL1_NV1, ENC(3, 0, 4, 0, 0)},
    {"CNTV_CVAL_EL0", 0x168, OF_EL1, ENC(3, 3, 14, 3, 2)},
    {"CNTV_CTL_EL0", 0x170, OF_EL1, ENC(3, 3, 14, 3, 1)},
    {"CNTP_CVAL_EL0", 0x178, OF_EL1, ENC(3, 3, 14, 2, 2)},
    {"CNTP_CTL_EL0", 0x180, OF_EL1, ENC(3, 3, 14, 2, 1)},
    {"SCXTNUM_EL1", 0x188, OF_EL1_NV1, ENC(3, 0, 13, 0, 7)},
    {"CNTPOFF_EL2", 0x1a8, OF_EL2, ENC(3, 4, 14, 0, 6)},
    {"HFGRTR_EL2", 0x1b8, OF_EL2, ENC(3, 4, 1, 1, 4)},
    {"HFGWTR_EL2", 0x1c0, OF_EL2, ENC(3, 4, 1, 1, 5)},
    {"HFGITR_EL2", 0x1c8, OF_EL2, ENC(3, 4, 1, 1, 6)},
    {"HDFGRTR_EL2", 0x1d0, OF_EL2, ENC(3, 4, 3, 1, 4)},
    {"HDFGWTR_EL2", 0x1d8, OF_EL2, ENC(3, 4, 3, 1, 5)},
    {"TTBR0_EL1", 0x200, OF_EL1, ENC(3, 0, 2, 0, 0)},
    {"TTBR1_EL1", 0x210, OF_EL1, ENC(3, 0, 2, 0, 1)},
    {"FAR_EL1", 0x220, OF_EL1, ENC(3, 0, 6, 0, 0)},
    {"ELR_EL1", 0x230, OF_EL1_NV1, ENC(3, 0, 4, 0, 1)},
    {"SP_EL1", 0x240, OF_EL2, ENC(3, 4, 4, 1, 0)},
    {"VBAR_EL1", 0x250, OF_EL1_NV1, ENC(3, 0, 12, 0, 0)},
    {"ICH_LR0_EL2", 0x400, OF_EL2, ENC(3, 4, 12, 12, 0)},
    {"ICH_LR3_EL2", 0x418, OF_EL2, ENC(3, 4, 12, 12, 3)},
    {"ICH_AP0R0_EL2", 0x480, OF_EL2, ENC(3, 4, 12, 8, 0)},
    {"ICH_AP1R0_EL2", 0x4a0, OF_EL2, ENC(3, 4, 12, 9, 0)},
    {"ICH_HCR_EL2", 0x4c0, OF_EL2, ENC(3, 4, 12, 11, 0)},
    {"ICH_VMCR_EL2", 0x4c8, OF_EL2, ENC(3, 4, 12, 11, 7)},
    {"VDISR_EL2", 0x500, OF_EL2, ENC(3, 4, 12, 1, 1)},
    {"VSESR_EL2", 0x508, OF_EL2, ENC(3, 4, 5, 2, 3)},
};

/* The same of features that not every machine has: a field of an ID register is at least that. */
enum { MMFR0, MMFR3 };

static const struct newer {
    struct redirected reg;
    uint8_t id, lsb, least;
} newer_in_page[] = {
    {{"HDFGRTR2_EL2", 0x1a0, OF_EL2, ENC(3, 4, 3, 1, 0)}, MMFR0, 56, 2},
    {{"HDFGWTR2_EL2", 0x1b0, OF_EL2, ENC(3, 4, 3, 1, 1)}, MMFR0, 56, 2},
    {{"TCR2_EL1", 0x270, OF_EL1, ENC(3, 0, 2, 0, 3)}, MMFR3, 0, 1},
    {{"SCTLR2_EL1", 0x278, OF_EL1, ENC(3, 0, 1, 0, 3)}, MMFR3, 4, 1},
    {{"PIRE0_EL1", 0x290, OF_EL1, ENC(3, 0, 10, 2, 2)}, MMFR3, 8, 1},
    {{"PIR_EL1", 0x2a0, OF_EL1, ENC(3, 0, 10, 2, 3)}, MMFR3, 8, 1},
    {{"POR_EL1", 0x2a8, OF_EL1, ENC(3, 0, 10, 2, 4)}, MMFR3, 16, 1},
    {{"S2PIR_EL2", 0x2b0, OF_EL2, ENC(3, 4, 10, 2, 5)}, MMFR3, 12, 1},
    {{"S2POR_EL1", 0x2b8, OF_EL1_ANY, ENC(3, 0, 10, 2, 5)}, MMFR3, 20, 1},
    {{"HFGRTR2_EL2", 0x2c0, OF_EL2, ENC(3, 4, 3, 1, 2)}, MMFR0, 56, 2},
    {{"HFGWTR2_EL2", 0x2c8, OF_EL2, ENC(3, 4, 3, 1, 3)}, MMFR0, 56, 2},
    {{"HFGITR2_EL2", 0x310, OF_EL2, ENC(3, 4, 3, 1, 7)}, MMFR0, 56, 2},
};

static void fill(uint64_t v)
{
    for (unsigned i = 0; i < ARRAY_LEN(page); i++) {
        page[i] = v;
    }
}

/* Every bit reaches memory, at its offset and nowhere else, and comes back from there. */
static void goes_to_memory(const struct redirected *r, uint32_t enc)
{
    const uint64_t value = UINT64_C(0xa5c3e1f00f1e3c5a) ^ r->offset, other = ~value;

    fill(0);
    struct outcome o = write_at(MASKED(EL1H), enc, value);
    check("write to the page", completed(&o));
    for (unsigned i = 0; i < ARRAY_LEN(page); i++) {
        if (page[i] != (i == r->offset / 8 ? value : 0)) {
            check_eq("doubleword of the page", page[i], i == r->offset / 8 ? value : 0);
        }
    }
    page[r->offset / 8] = other;
    o = read_at(MASKED(EL1H), enc);
    check("read from the page", completed(&o));
    check_eq("value from the page", o.x[0], other);
}

static void stays_a_register(uint32_t enc)
{
    const uint64_t marker = UINT64_C(0x5ca1ab1e0ddba11);

    fill(marker);
    struct outcome o = read_at(MASKED(EL1H), enc);
    check("read of the register", completed(&o));
    check("it is not in memory", o.x[0] != marker);
    fill(0);
}

static void traps(uint32_t enc)
{
    struct outcome o = read_at(MASKED(EL1H), enc);
    check_trapped("trapped read", &o, enc, true);
    o = write_at(MASKED(EL1H), enc, 0);
    check_trapped("trapped write", &o, enc, false);
}

static uint32_t other_name(uint32_t enc) /* _EL12, _EL02 */
{
    return WITH_OP1(enc, 5);
}

static void one_register(const struct redirected *r)
{
    bool el2 = r->kind == OF_EL2;

    for (unsigned nv1 = 0; nv1 < 2; nv1++) {
        uint64_t bits = HCR_NV | (nv1 ? HCR_NV1 : 0);
        hcr(bits | HCR_NV2);
        if (el2 || r->kind == OF_EL1_ANY || nv1) {
            goes_to_memory(r, r->enc);
        } else {
            stays_a_register(r->enc);
        }
        if (!el2 && r->kind != OF_EL1_ANY) {
            if (nv1) {
                traps(other_name(r->enc));
            } else {
                goes_to_memory(r, other_name(r->enc));
            }
        }
        hcr(bits); /* without NV2 */
        if (el2 || (r->kind == OF_EL1_NV1 && nv1)) {
            traps(r->enc);
        } else {
            stays_a_register(r->enc);
        }
        if (!el2 && r->kind != OF_EL1_ANY) {
            traps(other_name(r->enc));
        }
    }
    hcr(0);
    if (el2) {
        struct outcome o = read_at(MASKED(EL1H), r->enc);
        check_taken("without NV", &o, 1, FROM_SPX, ESR(EC_UNKNOWN, 0));
    }
}

static bool is_there(const struct newer *n)
{
    const uint64_t id[] = {[MMFR0] = rd(id_aa64mmfr0_el1), [MMFR3] = rdn(S3_0_C0_C7_3)};

    return FIELD(id[n->id], n->lsb, 4) >= n->least;
}

static void register_in_memory(const struct redirected *r)
{
    unsigned failures = guest_failures_so_far();

    one_register(r);
    name_it(r->name, failures);
}

static void registers_in_memory(void)
{
    for (unsigned i = 0; i < ARRAY_LEN(in_page); i++) {
        register_in_memory(&in_page[i]);
    }
    for (unsigned i = 0; i < ARRAY_LEN(newer_in_page); i++) {
        if (is_there(&newer_in_page[i])) {
            register_in_memory(&newer_in_page[i].reg);
        }
    }
}

/* ---- EL1 registers in place of EL2 registers ---- */

static void twins(void)
{
    static const struct {
        const char *name;
        uint32_t enc;
    } of_el2[] = {{"ESR_EL2", ENC(3, 4, 5, 2, 0)},
                  {"FAR_EL2", ENC(3, 4, 6, 0, 0)},
                  {"SPSR_EL2", ENC(3, 4, 4, 0, 0)},
                  {"ELR_EL2", ENC(3, 4, 4, 0, 1)}};

    for (unsigned i = 0; i < 2 * ARRAY_LEN(of_el2); i++) {
        uint64_t bits = HCR_NV | (i & 1 ? HCR_NV1 : 0);
        uint32_t enc = of_el2[i / 2].enc;
        unsigned failures = guest_failures_so_far();
        const uint64_t v = 0x12345678;

        hcr(bits);
        traps(enc);
        hcr(bits | HCR_NV2);
        fill(0);
        wr(esr_el2, 0);
        wr(far_el2, 0);
        struct outcome o = write_at(MASKED(EL1H), enc, v);
        uint64_t el1[] = {rd(esr_el1), rd(far_el1), rd(spsr_el1), rd(elr_el1)};
        check("write of an EL2 name", completed(&o));
        check_eq("EL1 register", el1[i / 2], v);
        o = read_at(MASKED(EL1H), enc);
        check_eq("EL2 name reads the EL1 register", o.x[0], v);
        check_eq("ESR_EL2 stays", rd(esr_el2), 0);
        check_eq("FAR_EL2 stays", rd(far_el2), 0);
        name_it(of_el2[i / 2].name, failures);
    }
    hcr(0);
}

/* ---- traps that NV2 leaves ---- */

static void always_trapped(void)
{
    static const struct {
        uint32_t enc;
        uint8_t read, write;
    } list[] = {
        {ENC(3, 4, 1, 0, 0), 1, 1},   /* SCTLR_EL2 */
        {ENC(3, 4, 1, 0, 1), 1, 1},   /* ACTLR_EL2 */
        {ENC(3, 4, 1, 1, 1), 1, 1},   /* MDCR_EL2 */
        {ENC(3, 4, 1, 1, 2), 1, 1},   /* CPTR_EL2 */
        {ENC(3, 4, 1, 1, 7), 1, 1},   /* HACR_EL2 */
        {ENC(3, 4, 2, 0, 0), 1, 1},   /* TTBR0_EL2 */
        {ENC(3, 4, 2, 0, 1), 1, 1},   /* TTBR1_EL2 */
        {ENC(3, 4, 2, 0, 2), 1, 1},   /* TCR_EL2 */
        {ENC(3, 4, 5, 1, 0), 1, 1},   /* AFSR0_EL2 */
        {ENC(3, 4, 5, 1, 1), 1, 1},   /* AFSR1_EL2 */
        {ENC(3, 4, 6, 0, 4), 1, 1},   /* HPFAR_EL2 */
        {ENC(3, 4, 10, 2, 0), 1, 1},  /* MAIR_EL2 */
        {ENC(3, 4, 10, 3, 0), 1, 1},  /* AMAIR_EL2 */
        {ENC(3, 4, 12, 0, 0), 1, 1},  /* VBAR_EL2 */
        {ENC(3, 4, 12, 9, 5), 1, 1},  /* ICC_SRE_EL2 */
        {ENC(3, 4, 12, 11, 1), 1, 0}, /* ICH_VTR_EL2 */
        {ENC(3, 4, 12, 11, 2), 1, 0}, /* ICH_MISR_EL2 */
        {ENC(3, 4, 12, 11, 3), 1, 0}, /* ICH_EISR_EL2 */
        {ENC(3, 4, 12, 11, 5), 1, 0}, /* ICH_ELRSR_EL2 */
        {ENC(3, 4, 13, 0, 1), 1, 1},  /* CONTEXTIDR_EL2 */
        {ENC(3, 4, 14, 1, 0), 1, 1},  /* CNTHCTL_EL2 */
        {ENC(3, 4, 14, 2, 0), 1, 1},  /* CNTHP_TVAL_EL2 */
        {ENC(3, 4, 14, 2, 1), 1, 1},  /* CNTHP_CTL_EL2 */
        {ENC(3, 4, 14, 2, 2), 1, 1},  /* CNTHP_CVAL_EL2 */
        {ENC(3, 4, 14, 3, 0), 1, 1},  /* CNTHV_TVAL_EL2 */
        {ENC(3, 4, 14, 3, 1), 1, 1},  /* CNTHV_CTL_EL2 */
        {ENC(3, 4, 14, 3, 2), 1, 1},  /* CNTHV_CVAL_EL2 */
        {ENC(3, 5, 14, 1, 0), 1, 1},  /* CNTKCTL_EL12 */
        {ENC(3, 5, 14, 2, 0), 1, 1},  /* CNTP_TVAL_EL02 */
        {ENC(3, 5, 14, 3, 0), 1, 1},  /* CNTV_TVAL_EL02 */
        {ENC(1, 4, 7, 8, 0), 0, 1},   /* AT S1E2R */
        {ENC(1, 4, 7, 8, 4), 0, 1},   /* AT S12E1R */
        {ENC(1, 4, 7, 8, 7), 0, 1},   /* AT S12E0W */
        {ENC(1, 4, 8, 0, 1), 0, 1},   /* TLBI IPAS2E1IS */
        {ENC(1, 4, 8, 3, 0), 0, 1},   /* TLBI ALLE2IS */
        {ENC(1, 4, 8, 7, 1), 0, 1},   /* TLBI VAE2 */
        {ENC(1, 4, 8, 7, 4), 0, 1},   /* TLBI ALLE1 */
        {ENC(1, 4, 8, 7, 6), 0, 1},   /* TLBI VMALLS12E1 */
        {ENC(1, 4, 8, 4, 2), 0, 1},   /* TLBI RIPAS2E1 */
        {ENC(1, 4, 9, 7, 1), 0, 1},   /* TLBI VAE2NXS */
    };

    for (unsigned i = 0; i < 4 * ARRAY_LEN(list); i++) {
        uint32_t enc = list[i / 4].enc;
        unsigned failures = guest_failures_so_far();

        hcr(HCR_NV | (i & 1 ? HCR_NV1 : 0) | (i & 2 ? HCR_NV2 : 0));
        if (list[i / 4].read) {
            struct outcome o = read_at(MASKED(EL1H), enc);
            check_trapped("always trapped, read", &o, enc, true);
        }
        if (list[i / 4].write) {
            struct outcome o = write_at(MASKED(EL1H), enc, 0);
            check_trapped("always trapped, write", &o, enc, false);
        }
        if (guest_failures_so_far() != failures) {
            print("     ");
            print_hex(enc);
            print(i & 1 ? " NV1" : "");
            print(i & 2 ? " NV2\n" : "\n");
        }
    }
    hcr(0);
}

/* CNTHCTL_EL2.{EL1NVPCT, EL1NVVCT}: EL02 names trap instead of going to memory. */
static void timers_of_the_guest(void)
{
    static const struct {
        uint32_t enc;
        unsigned bit;
    } names[] = {{ENC(3, 5, 14, 2, 1), 15},
                 {ENC(3, 5, 14, 2, 2), 15},
                 {ENC(3, 5, 14, 3, 1), 16},
                 {ENC(3, 5, 14, 3, 2), 16}};
    uint64_t cnthctl = rd(cnthctl_el2);

    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        for (unsigned bit = 15; bit <= 16; bit++) {
            hcr(HCR_NV | HCR_NV2);
            wr(cnthctl_el2, cnthctl | BIT(bit));
            struct outcome o = read_at(MASKED(EL1H), names[i].enc);
            if (bit == names[i].bit) {
                check_trapped("EL02 timer trapped by CNTHCTL_EL2", &o, names[i].enc, true);
            } else {
                check("EL02 timer in memory", completed(&o));
            }
            wr(cnthctl_el2, cnthctl);
        }
    }
    hcr(0);
}

/* HCR_EL2.{AT, TTLB}: what a hypervisor at EL1 does for itself. */
static void maintenance(void)
{
    static const struct {
        uint32_t enc;
        uint64_t bit;
    } ops[] = {{ENC(1, 0, 7, 8, 0), HCR_AT},   {ENC(1, 0, 7, 8, 1), HCR_AT},
               {ENC(1, 0, 7, 8, 2), HCR_AT},   {ENC(1, 0, 7, 8, 3), HCR_AT},
               {ENC(1, 0, 7, 9, 0), HCR_AT},   {ENC(1, 0, 7, 9, 1), HCR_AT},
               {ENC(1, 0, 8, 7, 0), HCR_TTLB}, {ENC(1, 0, 8, 7, 1), HCR_TTLB},
               {ENC(1, 0, 8, 3, 2), HCR_TTLB}, {ENC(1, 0, 8, 1, 3), HCR_TTLB},
               {ENC(1, 0, 8, 6, 1), HCR_TTLB}, {ENC(1, 0, 9, 7, 0), HCR_TTLB}};

    for (unsigned i = 0; i < ARRAY_LEN(ops); i++) {
        for (unsigned n = 0; n < 2; n++) {
            uint64_t bit = n ? HCR_TTLB : HCR_AT;
            hcr(HCR_NV | HCR_NV2 | bit);
            struct outcome o = write_at(MASKED(EL1H), ops[i].enc, 0);
            if (bit == ops[i].bit) {
                check_trapped("AT or TLBI", &o, ops[i].enc, false);
            } else {
                check("AT or TLBI that is not trapped", completed(&o));
            }
        }
    }
    hcr(0);
}

/* ---- exception levels as the guest hypervisor sees them ---- */

static void own_level(void)
{
    for (unsigned i = 0; i < 8; i++) {
        bool nv = i & 1, nv1 = i & 2, nv2 = i & 4;
        hcr((nv ? HCR_NV : 0) | (nv1 ? HCR_NV1 : 0) | (nv2 ? HCR_NV2 : 0));
        struct outcome o = read_at(MASKED(EL1H), ENC(3, 0, 4, 2, 2));
        check_eq("CurrentEL", o.x[0], nv ? 8 : 4);
        if (!nv) {
            continue; /* NV1 and NV2 are without meaning then */
        }
        static const uint32_t returns[] = {0xd69f03e0, 0xd69f0bff, 0xd69f0fff};
        for (unsigned n = 0; n < ARRAY_LEN(returns); n++) {
            o = run_word(MASKED(EL1H), returns[n], 0);
            check_taken("ERET, ERETAA, ERETAB", &o, 2, FROM_LOWER, ESR(EC_ERET, n ? n + 1 : 0));
        }
    }
    hcr(0);
}

/* What EL1's exceptions say where they come from: SPSR_EL1.M. Read from home, because the handler
 * at EL1 is not a guest hypervisor's. */
static void saved_level(void)
{
    static const uint64_t modes[] = {EL0T, EL1T, EL1H};

    for (unsigned i = 0; i < 8 * ARRAY_LEN(modes); i++) {
        bool nv = i & 1, nv1 = i & 2, nv2 = i & 4;
        uint64_t mode = modes[i / 8];
        bool as_el2 = nv && (!nv1 || nv2) && mode != EL0T;

        if (nv2 && !nv) {
            continue;
        }
        hcr((nv ? HCR_NV : 0) | (nv1 ? HCR_NV1 : 0) | (nv2 ? HCR_NV2 : 0));
        wr(spsr_el1, 0);
        run_word(MASKED(mode), UINT32_C(0xd4000001), 0); /* SVC #0 */
        check_eq("SPSR_EL1.M", FIELD(rd(spsr_el1), 0, 5), as_el2 ? mode + 4 : mode);
        /* To EL2, nothing is hidden. */
        wr(spsr_el2, 0);
        struct outcome o = run_word(MASKED(mode), UINT32_C(0xd4000002), 0); /* HVC #0 */
        if (mode != EL0T) {
            check_eq("SPSR_EL2.M", FIELD(o.spsr, 0, 5), mode);
        }
    }
    hcr(0);
}

/* ---- faults on the page ---- */

static struct tables s1;

static void check_vncr_abort(const char *name, uint64_t vncr, uint64_t status, bool of_read)
{
    const uint32_t enc = ENC(3, 4, 2, 1, 0); /* VTTBR_EL2 */

    for (unsigned write = 0; write < 2; write++) {
        struct outcome o = write ? write_at(MASKED(EL1H), enc, 1) : read_at(MASKED(EL1H), enc);
        if (!write && !of_read) {
            check(name, completed(&o));
            continue;
        }
        check_taken(name, &o, 2, FROM_LOWER,
                    ESR(EC_DABT, ISS_VNCR | status | (write ? ISS_WNR : 0)));
        check_eq("FAR_EL2 of the page", o.far, vncr + 0x20);
        check_eq("ELR_EL2", o.elr, (uintptr_t)code);
    }
}

static void set(uint64_t va, unsigned level, uint64_t value)
{
    *descriptor(&s1, va, level) = value;
    tlb_flush_all();
}

static void faults_on_the_page(uint64_t e2h, uint64_t va)
{
    const uint64_t good = (uintptr_t)page | D_NORMAL | D_PAGE;

    hcr(HCR_NV | HCR_NV2 | e2h);
    __asm__ volatile("msr " VNCR_EL2 ", %0\nisb" ::"r"(va));
    for (unsigned level = 0; level < 4; level++) {
        set(va, level, 0);
        check_vncr_abort("no translation of the page", va, TRANSLATION(level), true);
        *descriptor(&s1, va, 0) = 0;
    }
    set(va, 3, good & ~D_AF);
    check_vncr_abort("access flag of the page", va, ACCESS_FLAG(3), true);
    set(va, 3, good | D_RO);
    check_vncr_abort("read-only page", va, PERMISSION(3), false);
    set(va, 3, HOLE | D_NORMAL | D_PAGE);
    check_vncr_abort("nothing behind the page", va, EXTERNAL, true);
    set(va, 3, good | (e2h ? D_EL0 | D_PXN : D_EL0));
    fill(0);
    struct outcome o = write_at(MASKED(EL1H) | PSR_PAN, ENC(3, 4, 2, 1, 0), 7);
    check("PSTATE.PAN of EL1 is not EL2's", completed(&o));
    check_eq("written through the mapping", page[0x20 / 8], 7);
    *descriptor(&s1, va, 0) = 0;
    tlb_flush_all();
    hcr(0);
}

static void faults(void)
{
    uint64_t tcr;

    s1 = stage1_flat();
    stage1_on(2, &s1, 0);
    faults_on_the_page(0, WINDOW);
    /* The EL2&0 regime has two ranges: the upper one is walked from TTBR1_EL2. */
    tcr = rd(tcr_el2);
    hcr(HCR_E2H);
    wr(tcr_el2,
       FIELD(tcr, 0, 16) | FIELD(tcr, 0, 14) << 16 | UINT64_C(2) << 30 | FIELD(tcr, 16, 3) << 32);
    __asm__ volatile("msr s3_4_c2_c0_1, %0" ::"r"(s1.root)); /* TTBR1_EL2 */
    faults_on_the_page(HCR_E2H, WINDOW);
    faults_on_the_page(HCR_E2H, UINT64_C(0xffff000000000000) | WINDOW);
    hcr(0);
    wr(tcr_el2, tcr);
    stage1_off(2);
    __asm__ volatile("msr " VNCR_EL2 ", %0\nisb" ::"r"(page));
}

/* ---- translation tables of a guest hypervisor without E2H: NV1 ---- */

#define LDR_X1  UINT32_C(0xf9400001) /* [x0] */
#define LDTR_X1 UINT32_C(0xf8400801)
#define BR_X0   UINT32_C(0xd61f0000)

static void expect_access(const char *name, uint64_t mode, uint32_t word, bool allowed)
{
    wr(esr_el1, 0);
    struct outcome o = run_word(mode, word, WINDOW);
    uint64_t esr = rd(esr_el1); /* the handler at EL1 cannot read it with NV1 */
    bool fault = ESR_EC(esr) == EC_DABT || ESR_EC(esr) == EC_IABT;

    check(name, allowed ? completed(&o) : fault && FIELD(esr, 0, 6) == PERMISSION(3));
}

static void tables_with_nv1(void)
{
    static _Alignas(4096) uint32_t target[1024];
    const uint64_t base = (uintptr_t)target | D_NORMAL | D_PAGE;

    target[0] = END_OF_IT;
    for (unsigned i = 0; i < 4; i++) {
        bool nv1 = i & 1, nv2 = i & 2;
        hcr(0);
        s1 = stage1_flat();
        map(&s1, (uintptr_t)code & -PAGE, (uintptr_t)code & -PAGE, PAGE,
            D_NORMAL | D_RO | (nv1 ? 0 : D_UXN), 3);
        stage1_on(1, &s1, 1);
        hcr(HCR_NV | (nv1 ? HCR_NV1 : 0) | (nv2 ? HCR_NV2 : 0));
        set(WINDOW, 3, base | D_PXN);
        expect_access("bit 53 is PXN without NV1", MASKED(EL1H), BR_X0, nv1);
        set(WINDOW, 3, base | D_UXN);
        expect_access("bit 54 is PXN with NV1", MASKED(EL1H), BR_X0, !nv1);
        set(WINDOW, 3, base | D_EL0);
        expect_access("PAN and AP[1] count without NV1", MASKED(EL1H) | PSR_PAN, LDR_X1, nv1);
        set(WINDOW, 3, base);
        expect_access("LDTR is LDR with NV1", MASKED(EL1H), LDTR_X1, nv1);
    }
    hcr(0);
    stage1_off(1);
}

int guest_main(void)
{
    base_hcr = rd(hcr_el2) | HCR_ENSCXT;
    wr(scr_el3, rd(scr_el3) | SCR_ENSCXT | SCR_NEWER);
    wrn(HCRX_EL2, rdn(HCRX_EL2) | HCRX_NEWER);
    __asm__ volatile("msr " VNCR_EL2 ", %0\nisb" ::"r"(page));
    registers_in_memory();
    twins();
    always_trapped();
    timers_of_the_guest();
    maintenance();
    own_level();
    saved_level();
    faults();
    tables_with_nv1();
    return 0;
}
