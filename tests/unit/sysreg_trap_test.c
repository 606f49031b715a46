/* SPDX-License-Identifier: Apache-2.0 */
/* Traps of system registers, system instructions and instruction classes, one control at a time. */
#include "cpu/sys/exc.h"
#include "cpu/sys/hcr.h"
#include "cpu/sys/sysops.h"
#include "cpu/sys/sysreg_index.h"
#include "cpu/sys/traps.h"
#include "fakes/pe.h"
#include "fakes/unit.h"

#define UNDEF 0x10 /* outcome: EC 0 at the EL given in the low bits */
#define OK    0x20 /* outcome: completes */

/* Every enable on, every trap off, Non-secure, EL2 on. */
static struct cpu *open_pe(const char *model)
{
    struct cpu *c = pe_new(&(struct pe_config){.model = model});
    sysreg_setup_direct_boot(c, 1, false);
    pe_set(c, SR_SCTLR_EL1, BIT(14) | BIT(15) | BIT(26) | BIT(9) | BIT(10) | BIT(16) | BIT(18));
    pe_set(c, SR_SCTLR_EL2, BIT(14) | BIT(15) | BIT(26) | BIT(10) | BIT(16) | BIT(18));
    pe_set(c, SR_CPACR_EL1, 3 << 20 | 1 << 29); /* FPEN, E0POE */
    pe_set(c, SR_PMUSERENR_EL0, 15);
    return c;
}

/* What became of an access from el: OK, or the EL that took an exception, with UNDEF for EC 0. */
static unsigned outcome(const struct cpu *c, bool done, uint16_t enc, bool read)
{
    if (done) {
        return OK;
    }
    unsigned el = c->ps.el;
    uint64_t esr = c->sr[SR_ESR_EL1 + el - 1];
    if (esr >> 26 == EC_UNKNOWN) {
        return UNDEF | el;
    }
    if (esr >> 26 == EC_SYSREG) {
        uint64_t iss = (uint64_t)enc_op0(enc) << 20 | (uint64_t)enc_op2(enc) << 17 |
                       (uint64_t)enc_op1(enc) << 14 | (uint64_t)enc_crn(enc) << 10 | 7 << 5 |
                       (uint64_t)enc_crm(enc) << 1 | read;
        assert_int_equal(esr & 0x1ffffff, iss);
    }
    return el;
}

static unsigned access_from(struct cpu *c, unsigned el, uint16_t enc, bool write)
{
    uint64_t v = 0;
    pe_set_el(c, el);
    c->pc = 0x1000;
    bool done = write ? sysreg_write(c, enc, 7, v) : sysreg_read(c, enc, 7, &v);
    return outcome(c, done, enc, !write);
}

static unsigned sys_from(struct cpu *c, unsigned el, uint16_t enc)
{
    pe_set_el(c, el);
    c->pc = 0x1000;
    return outcome(c, sys_insn(c, 0xd5000000U | (uint32_t)enc << 5 | 7, 7), enc, false);
}

/* ---- one control at a time ---- */

struct trap_case {
    enum sr_id control;
    uint64_t set, clear;
    enum sr_id reg;
    uint8_t el;
    bool write;
    uint8_t expect;
};

static const struct trap_case trap_cases[] = {
    {SR_HCR_EL2, HCR_TVM, 0, SR_TTBR0_EL1, 1, true, 2},
    {SR_HCR_EL2, HCR_TVM, 0, SR_TTBR0_EL1, 1, false, OK},
    {SR_HCR_EL2, HCR_TRVM, 0, SR_TTBR0_EL1, 1, false, 2},
    {SR_HCR_EL2, HCR_TRVM, 0, SR_TTBR0_EL1, 1, true, OK},
    {SR_HCR_EL2, HCR_TACR, 0, SR_ACTLR_EL1, 1, false, 2},
    {SR_HCR_EL2, HCR_TID1, 0, SR_REVIDR_EL1, 1, false, 2},
    {SR_HCR_EL2, HCR_TID2, 0, SR_CTR_EL0, 0, false, 2},
    {SR_HCR_EL2, HCR_TID4, 0, SR_CCSIDR_EL1, 1, false, 2},
    {SR_HCR_EL2, HCR_TID4, 0, SR_CTR_EL0, 1, false, OK},
    {SR_HCR_EL2, HCR_TID3, 0, SR_ID_AA64PFR0_EL1, 1, false, 2},
    {SR_HCR_EL2, HCR_TID3, 0, SR_ID_AA64PFR0_EL1, 2, false, OK},
    {SR_HCR_EL2, HCR_TLOR, 0, SR_LORC_EL1, 1, true, 2},
    {SR_HCR_EL2, HCR_TERR, 0, SR_ERRIDR_EL1, 1, false, 2},
    {SR_HCR_EL2, 0, HCR_APK, SR_APIAKeyLo_EL1, 1, false, 2},
    {SR_HCR_EL2, 0, HCR_EnSCXT, SR_SCXTNUM_EL0, 0, true, 2},
    {SR_HCR_EL2, HCR_NV, 0, SR_VBAR_EL2, 1, false, 2},
    {SR_HCR_EL2, 0, 0, SR_VBAR_EL2, 1, false, UNDEF | 1},
    {SR_HCR_EL2, HCR_NV | HCR_NV1, 0, SR_ELR_EL1, 1, false, 2},
    {SR_HCR_EL2, HCR_NV | HCR_NV1 | HCR_EnSCXT, 0, SR_SCXTNUM_EL1, 1, false, 2},
    {SR_HCR_EL2, HCR_TGE, 0, SR_VBAR_EL1, 0, false, UNDEF | 2},
    {SR_HCRX_EL2, 0, BIT(14), SR_TCR2_EL1, 1, false, 2},
    {SR_HCRX_EL2, 0, BIT(15), SR_SCTLR2_EL1, 1, false, 2},
    {SR_CPTR_EL2, BIT(31), 0, SR_CPACR_EL1, 1, false, 2},
    {SR_CPTR_EL2, BIT(10), 0, SR_FPCR, 1, false, 2},
    {SR_CPACR_EL1, BIT(20), BIT(21), SR_FPSR, 0, false, 1},
    {SR_CPACR_EL1, BIT(20), BIT(21), SR_FPSR, 1, false, OK},
    {SR_MDCR_EL2, BIT(9), 0, SR_MDSCR_EL1, 1, true, 2},
    {SR_MDCR_EL2, BIT(8), 0, SR_OSLAR_EL1, 1, true, 2}, /* TDE implies TDOSA */
    {SR_MDCR_EL2, BIT(11), 0, SR_MDRAR_EL1, 1, false, 2},
    {SR_MDCR_EL2, BIT(6), 0, SR_PMCR_EL0, 0, false, 2},
    {SR_MDCR_EL2, BIT(5), 0, SR_PMCR_EL0, 1, false, 2},
    {SR_MDCR_EL2, BIT(5), 0, SR_PMCNTENSET_EL0, 1, false, OK},
    {SR_MDCR_EL2, BIT(27), 0, SR_MDCCINT_EL1, 1, true, 2},
    {SR_MDCR_EL2, 2, 0x1f, SR_PMEVCNTR3_EL0, 1, false, 2}, /* HPMN */
    {SR_MDCR_EL2, 2, 0x1f, SR_PMEVCNTR1_EL0, 1, false, OK},
    {SR_MDSCR_EL1, BIT(12), 0, SR_MDCCSR_EL0, 0, false, 1},
    {SR_PMUSERENR_EL0, 0, 15, SR_PMCCNTR_EL0, 0, false, 1},
    {SR_PMUSERENR_EL0, 4, 15, SR_PMCCNTR_EL0, 0, false, OK},
    {SR_PMUSERENR_EL0, 4, 15, SR_PMCCNTR_EL0, 0, true, 1},
    {SR_PMUSERENR_EL0, 2, 15, SR_PMSWINC_EL0, 0, true, OK},
    {SR_SCTLR_EL1, 0, BIT(15), SR_CTR_EL0, 0, false, 1},
    {SR_SCTLR_EL1, 0, BIT(9), SR_DAIF, 0, false, 1},
    {SR_SCTLR_EL1, BIT(20), 0, SR_SCXTNUM_EL0, 0, false, 1},
    {SR_SCR_EL3, 0, BIT(16), SR_APIAKeyLo_EL1, 2, false, 3},
    {SR_SCR_EL3, BIT(14), 0, SR_LORC_EL1, 1, false, 3},
    {SR_SCR_EL3, BIT(15), 0, SR_ERRIDR_EL1, 2, false, 3},
    {SR_SCR_EL3, 0, BIT(25), SR_SCXTNUM_EL2, 2, false, 3},
    {SR_SCR_EL3, 0, BIT(27), SR_HFGRTR_EL2, 2, false, 3},
    {SR_SCR_EL3, 0, BIT(59), SR_HFGRTR2_EL2, 2, false, 3},
    {SR_SCR_EL3, 0, BIT(59), SR_HDFGWTR2_EL2, 3, true, OK},
    {SR_SCR_EL3, 0, BIT(38), SR_HCRX_EL2, 2, true, 3},
    {SR_HCR_EL2, HCR_TVM, 0, SR_PIR_EL1, 1, true, 2},
    {SR_HCR_EL2, HCR_TVM, 0, SR_POR_EL0, 0, true, 2},
    {SR_HCR_EL2, HCR_TVM, 0, SR_POR_EL0, 2, true, OK},
    {SR_HCR_EL2, HCR_TRVM, 0, SR_POR_EL0, 0, false, 2},
    {SR_HCR_EL2, HCR_TRVM, 0, SR_S2POR_EL1, 1, false, 2},
    {SR_HCR_EL2, HCR_NV, 0, SR_PIR_EL2, 1, false, 2},
    {SR_HCR_EL2, 0, 0, SR_S2PIR_EL2, 1, false, UNDEF | 1},
    {SR_CPACR_EL1, 0, BIT(29), SR_POR_EL0, 0, false, 1},
    {SR_CPACR_EL1, 0, BIT(29), SR_POR_EL0, 1, false, OK},
    {SR_HFGRTR_EL2, 0, BIT(59), SR_POR_EL0, 0, false, 2},
    {SR_SCR_EL3, 0, BIT(45), SR_POR_EL0, 0, false, 3},
    {SR_SCR_EL3, 0, BIT(45), SR_PIRE0_EL1, 1, true, 3},
    {SR_SCR_EL3, 0, BIT(45), SR_POR_EL2, 2, true, 3},
    {SR_SCR_EL3, 0, BIT(45), SR_S2PIR_EL2, 2, false, 3},
    {SR_SCR_EL3, 0, BIT(45), SR_PIR_EL3, 3, false, OK},
    {SR_SCR_EL3, 0, BIT(43), SR_TCR2_EL2, 2, true, 3},
    {SR_SCR_EL3, 0, BIT(0), SR_LORC_EL1, 1, false, UNDEF | 1}, /* Secure */
    {SR_CPTR_EL3, BIT(31), 0, SR_CPTR_EL2, 2, false, 3},
    {SR_CPTR_EL3, BIT(10), 0, SR_FPCR, 2, false, 3},
    {SR_MDCR_EL3, BIT(6), 0, SR_PMCCNTR_EL0, 2, false, 3},
    {SR_MDCR_EL3, BIT(9), 0, SR_MDCR_EL2, 2, false, 3},
    {SR_MDCR_EL3, BIT(10), 0, SR_OSLSR_EL1, 1, false, 3},
};

static void test_one_control(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(trap_cases); i++) {
        const struct trap_case *t = &trap_cases[i];
        struct cpu *c = open_pe(NULL);
        pe_set(c, t->control, (c->sr[t->control] | t->set) & ~t->clear);
        if ((t->clear & t->set) != 0 || t->control == SR_MDCR_EL2) {
            pe_set(c, t->control, (c->sr[t->control] & ~t->clear) | t->set);
        }
        unsigned got = access_from(c, t->el, sr_table[t->reg].enc, t->write);
        if (got != t->expect) {
            FAIL("case %zu, %s: %#x, expected %#x", i, sr_table[t->reg].name, got, t->expect);
        }
        pe_free(c);
    }
}

/* Each fine-grained trap bit traps its registers, from EL1 to EL2, and no other bit does; an enable
 * does when it is 0. */
static void fgt_case(struct cpu *c, unsigned id, bool write)
{
    const struct sr_desc *d = &sr_table[id];
    enum sr_id pair = FGT_PAIR(d->fgt) == FGT_PAIR(FGT_R(0)) ? SR_HFGRTR_EL2 : SR_HDFGRTR_EL2;
    uint64_t bit_of = BIT(FGT_BIT(d->fgt)) & sr_masks(c)->wmask[pair + write];
    bool enable = (d->fgt & FGT_ENABLE(0)) != 0;
    uint64_t open = enable ? bit_of : 0, closed = open ^ bit_of;
    pe_set_el(c, 3);
    pe_set(c, pair + write, open);
    assert_int_equal(access_from(c, 1, d->enc, write), OK);
    pe_set_el(c, 3);
    pe_set(c, pair + write, closed);
    unsigned got = access_from(c, 1, d->enc, write);
    if (got != (bit_of != 0 ? 2 : OK)) {
        FAIL("%s %s: %#x", write ? "write" : "read", d->name, got);
    }
    assert_int_equal(access_from(c, 2, d->enc, write), OK);
    pe_set_el(c, 3);
    pe_set(c, pair + write, enable ? bit_of : ~bit_of);
    assert_int_equal(access_from(c, 1, d->enc, write), OK);
    pe_set_el(c, 3);
    pe_set(c, pair + write, 0);
}

static void test_fine_grained(void **state)
{
    struct cpu *c = open_pe(NULL);
    for (unsigned id = 0; id < SR_COUNT; id++) {
        const struct sr_desc *d = &sr_table[id];
        if (d->fgt == FGT_NONE || !cpu_has(c, d->feature)) {
            continue;
        }
        if (d->el_r != 4) {
            fgt_case(c, id, false);
        }
        if (d->el_w != 4 && id != SR_PMUSERENR_EL0 && id != SR_SCTLR_EL1 && id != SR_CPACR_EL1) {
            fgt_case(c, id, true);
        }
    }
    pe_free(c);
}

/* Enables trap when they are 0. While EL3 has switched a set off, those of the first set do not
 * trap, those of the second do. */
static void test_fine_grained_enables(void **state)
{
    static const struct {
        uint16_t fgt;
        enum sr_id control;
        unsigned scr_bit;
        bool off_traps;
    } sets[] = {
        {FGT_ENABLE(FGT_R(58)), SR_HFGRTR_EL2, 27, false},
        {FGT_ENABLE(FGT_R2(0)), SR_HFGRTR2_EL2, 59, true},
        {FGT_ENABLE(FGT_D2(5)), SR_HDFGRTR2_EL2, 59, true},
    };
    struct cpu *c = open_pe(NULL);
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        uint64_t *control = &c->sr[sets[i].control];
        pe_set_el(c, 1);
        control[0] = control[1] = 0; /* of reads, of writes */
        assert_true(sr_fgt(c, sets[i].fgt, 1, false));
        *control = BIT(FGT_BIT(sets[i].fgt));
        assert_false(sr_fgt(c, sets[i].fgt, 1, false));
        assert_true(sr_fgt(c, sets[i].fgt, 1, true));
        c->sr[SR_SCR_EL3] &= ~BIT(sets[i].scr_bit);
        assert_int_equal(sr_fgt(c, sets[i].fgt, 1, false), sets[i].off_traps);
        assert_false(sr_fgt(c, sets[i].fgt, 2, false));
        c->sr[SR_SCR_EL3] |= BIT(sets[i].scr_bit);
        *control = 0;
    }
    pe_set_el(c, 3);
    pe_set(c, SR_HCR_EL2, HCR_E2H | HCR_TGE);
    pe_set_el(c, 0);
    assert_false(sr_fgt(c, sets[0].fgt, 0, false)); /* a host's EL0 */
    pe_free(c);
    c = pe_new(&(struct pe_config){.model = "max,fgt2=off"});
    pe_set_el(c, 1);
    assert_false(sr_fgt(c, FGT_ENABLE(FGT_R2(0)), 1, false));
    pe_free(c);
}

/* POR_EL0 of a host's EL0: CPTR_EL2.E0POE in place of CPACR_EL1's, and no other trap of EL2. */
static void test_overlay_of_a_host(void **state)
{
    struct cpu *c = open_pe(NULL);
    uint16_t enc = sr_table[SR_POR_EL0].enc;
    pe_set(c, SR_HCR_EL2, HCR_E2H | HCR_TGE | HCR_TVM | HCR_TRVM);
    pe_set(c, SR_HFGRTR_EL2, 0);
    pe_set(c, SR_CPACR_EL1, 0);
    pe_set(c, SR_CPTR_EL2, 0);
    assert_int_equal(access_from(c, 0, enc, false), 2);
    pe_set_el(c, 3);
    pe_set(c, SR_CPTR_EL2, BIT(29));
    assert_int_equal(access_from(c, 0, enc, false), OK);
    assert_int_equal(access_from(c, 0, enc, true), OK);
    /* Not a host's, but HCR_EL2.TGE sends EL1's trap to EL2. */
    pe_set_el(c, 3);
    pe_set(c, SR_HCR_EL2, HCR_TGE);
    assert_int_equal(access_from(c, 0, enc, true), 2);
    pe_free(c);
}

/* ---- E2H ---- */

static void test_e2h_redirection(void **state)
{
    struct cpu *c = open_pe(NULL);
    uint64_t v;
    for (unsigned id = 0; id < SR_COUNT; id++) {
        if ((sr_table[id].flags & SRF_E2H) == 0 || !cpu_has(c, sr_table[id].feature)) {
            continue;
        }
        c->sr[id] = 0x1000;
        c->sr[id + 1] = 0x2000;
    }
    c->sr[SR_SCTLR_EL2] = 0;
    pe_set(c, SR_HCR_EL2, HCR_E2H | HCR_APK | HCR_API);
    pe_set_el(c, 2);
    assert_true(sysreg_read(c, sr_table[SR_VBAR_EL1].enc, 0, &v));
    assert_int_equal(v, 0x2000);
    assert_true(sysreg_read(c, SYSREG_ENC(3, 5, 12, 0, 0), 0, &v)); /* VBAR_EL12 */
    assert_int_equal(v, 0x1000);
    assert_int_equal(sysreg_plain_id(c, sr_table[SR_ESR_EL1].enc), SR_ESR_EL2);
    assert_int_equal(sysreg_plain_id(c, SYSREG_ENC(3, 5, 5, 2, 0)), SR_ESR_EL1);
    pe_set_el(c, 1);
    assert_int_equal(sysreg_plain_id(c, sr_table[SR_ESR_EL1].enc), SR_ESR_EL1);
    assert_int_equal(access_from(c, 1, SYSREG_ENC(3, 5, 12, 0, 0), false), UNDEF | 1);
    pe_free(c);
}

/* ---- caching of checks ---- */

static void test_direct_registers(void **state)
{
    struct cpu *c = open_pe(NULL);
    pe_set_el(c, 1);
    assert_int_equal(sysreg_direct(c, sr_table[SR_SP_EL0].enc), SR_DIRECT_SP_EL0);
    assert_int_equal(sysreg_direct(c, sr_table[SR_DAIF].enc), SR_DIRECT_DAIF);
    assert_int_equal(sysreg_direct(c, sr_table[SR_FPSR].enc), SR_DIRECT_FPSR);
    assert_int_equal(sysreg_direct(c, sr_table[SR_VBAR_EL1].enc), SR_DIRECT_NONE);
    pe_set(c, SR_CPACR_EL1, 0);
    assert_int_equal(sysreg_direct(c, sr_table[SR_FPSR].enc), SR_DIRECT_NONE);
    pe_set_el(c, 0);
    assert_int_equal(sysreg_direct(c, sr_table[SR_DAIF].enc), SR_DIRECT_NONE);
    assert_int_equal(sysreg_direct(c, sr_table[SR_NZCV].enc), SR_DIRECT_NZCV);
    pe_free(c);
}

static void test_plain_registers_are_cached(void **state)
{
    struct cpu *c = open_pe(NULL);
    uint16_t enc = sr_table[SR_TPIDR_EL1].enc;
    assert_int_equal(access_from(c, 1, enc, false), OK);
    assert_int_equal(access_from(c, 1, enc, true), OK);
    assert_int_equal(c->sr_ok_r[1][SR_TPIDR_EL1], c->sr_gen);
    assert_int_equal(c->sr_ok_w[1][SR_TPIDR_EL1], c->sr_gen);
    assert_int_not_equal(c->sr_ok_r[2][SR_TPIDR_EL1], c->sr_gen);
    pe_set(c, SR_HFGRTR_EL2, BIT(33));
    assert_int_not_equal(c->sr_ok_r[1][SR_TPIDR_EL1], c->sr_gen);
    assert_int_equal(access_from(c, 1, enc, false), 2);
    assert_int_not_equal(c->sr_ok_r[1][SR_TPIDR_EL1], c->sr_gen);
    pe_free(c);
}

/* ---- system instructions ---- */

static void test_system_instructions(void **state)
{
    static const struct {
        uint64_t hcr;
        uint16_t enc;
        uint8_t el, expect;
    } cases[] = {
        {HCR_TSW, SYSREG_ENC(1, 0, 7, 6, 2), 1, 2}, /* DC ISW */
        {0, SYSREG_ENC(1, 0, 7, 6, 2), 1, OK},
        {0, SYSREG_ENC(1, 0, 7, 6, 2), 0, UNDEF | 1},
        {HCR_TTLB, SYSREG_ENC(1, 0, 8, 7, 0), 1, 2}, /* TLBI VMALLE1 */
        {HCR_TTLB, SYSREG_ENC(1, 0, 9, 7, 0), 1, 2}, /* VMALLE1NXS */
        {HCR_TTLBIS, SYSREG_ENC(1, 0, 8, 7, 0), 1, OK},
        {HCR_TTLBIS, SYSREG_ENC(1, 0, 8, 3, 0), 1, 2}, /* VMALLE1IS */
        {HCR_TTLBOS, SYSREG_ENC(1, 0, 8, 1, 0), 1, 2}, /* VMALLE1OS */
        {0, SYSREG_ENC(1, 4, 8, 7, 0), 1, UNDEF | 1},  /* ALLE2 */
        {HCR_NV, SYSREG_ENC(1, 4, 8, 7, 0), 1, 2},
        {HCR_AT, SYSREG_ENC(1, 0, 7, 8, 0), 1, 2},     /* AT S1E1R */
        {HCR_TPU, SYSREG_ENC(1, 3, 7, 5, 1), 0, 2},    /* IC IVAU */
        {HCR_TOCU, SYSREG_ENC(1, 0, 7, 5, 0), 1, 2},   /* IC IALLU */
        {HCR_TICAB, SYSREG_ENC(1, 0, 7, 1, 0), 1, 2},  /* IC IALLUIS */
        {HCR_TPCP, SYSREG_ENC(1, 3, 7, 14, 1), 0, 2},  /* DC CIVAC */
        {HCR_TDZ, SYSREG_ENC(1, 3, 7, 4, 1), 0, 2},    /* DC ZVA */
        {0, SYSREG_ENC(1, 3, 7, 3, 4), 0, OK},         /* CFP RCTX */
        {0, SYSREG_ENC(1, 3, 7, 4, 3), 1, UNDEF | 1},  /* DC GVA: no MTE */
        {HCR_TIDCP, SYSREG_ENC(1, 0, 11, 0, 0), 1, 2}, /* IMPLEMENTATION DEFINED */
        {0, SYSREG_ENC(1, 0, 11, 0, 0), 1, UNDEF | 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct cpu *c = open_pe(NULL);
        pe_set(c, SR_HCR_EL2, c->sr[SR_HCR_EL2] | cases[i].hcr);
        unsigned got = sys_from(c, cases[i].el, cases[i].enc);
        if (got != cases[i].expect) {
            FAIL("case %zu: %#x, expected %#x", i, got, cases[i].expect);
        }
        pe_free(c);
    }
}

/* ---- instruction classes ---- */

static void test_wfx(void **state)
{
    struct cpu *c = open_pe(NULL);
    pe_set_el(c, 0);
    assert_int_equal(trap_wfx(c, WFX_WFI).target, TRAP_NONE);
    pe_set(c, SR_SCTLR_EL1, 0);
    assert_int_equal(trap_wfx(c, WFX_WFI).target, 1);
    pe_set_el(c, 1);
    assert_int_equal(trap_wfx(c, WFX_WFE).target, TRAP_NONE);
    pe_set(c, SR_HCR_EL2, HCR_TWE);
    assert_int_equal(trap_wfx(c, WFX_WFET).target, 2);
    assert_int_equal(trap_wfx(c, WFX_WFI).target, TRAP_NONE);
    pe_set(c, SR_SCR_EL3, c->sr[SR_SCR_EL3] | BIT(12));
    pe_set_el(c, 2);
    assert_int_equal(trap_wfx(c, WFX_WFI).target, 3);
    assert_int_equal(trap_wfx_iss(WFX_WFI, 0), 0x1e00000);
    assert_int_equal(trap_wfx_iss(WFX_WFET, 5), 0x1e000a7);
    pe_free(c);
}

static void test_calls(void **state)
{
    struct cpu *c = open_pe(NULL);
    pe_set_el(c, 0);
    assert_int_equal(trap_hvc_target(c), TRAP_UNDEF);
    assert_int_equal(trap_smc_target(c), TRAP_UNDEF);
    assert_int_equal(trap_eret_target(c), TRAP_UNDEF);
    pe_set_el(c, 1);
    assert_int_equal(trap_hvc_target(c), 2);
    assert_int_equal(trap_smc_target(c), 3);
    assert_int_equal(trap_eret_target(c), TRAP_NONE);
    pe_set(c, SR_HCR_EL2, HCR_TSC | HCR_NV);
    assert_int_equal(trap_smc_target(c), 2);
    assert_int_equal(trap_eret_target(c), 2);
    pe_set(c, SR_SCR_EL3, (c->sr[SR_SCR_EL3] & ~BIT(8)) | BIT(7)); /* HCE = 0, SMD = 1 */
    assert_int_equal(trap_hvc_target(c), TRAP_UNDEF);
    assert_int_equal(trap_smc_target(c), 2);
    pe_set(c, SR_HCR_EL2, 0);
    assert_int_equal(trap_smc_target(c), TRAP_UNDEF);
    pe_free(c);
}

static void test_pauth_fp_mops(void **state)
{
    struct cpu *c = open_pe(NULL);
    pe_set_el(c, 1);
    assert_int_equal(trap_pauth_target(c), TRAP_NONE);
    assert_true(trap_mops_enabled(c));
    pe_set(c, SR_HCR_EL2, 0);
    assert_int_equal(trap_pauth_target(c), 2);
    pe_set(c, SR_SCR_EL3, c->sr[SR_SCR_EL3] & ~BIT(17));
    pe_set_el(c, 2);
    assert_int_equal(trap_pauth_target(c), 3);
    pe_set_el(c, 0);
    assert_false(trap_mops_enabled(c)); /* SCTLR_EL1.MSCEn */
    pe_set(c, SR_SCTLR_EL1, BIT(33));
    assert_true(trap_mops_enabled(c));
    pe_set(c, SR_HCRX_EL2, 0);
    assert_false(trap_mops_enabled(c));
    /* FPEN of CPTR_EL2 in its E2H layout */
    assert_int_equal(trap_fp_target(c), TRAP_NONE);
    pe_set(c, SR_HCR_EL2, HCR_E2H);
    pe_set(c, SR_CPTR_EL2, 1 << 20);
    pe_set_el(c, 2);
    assert_int_equal(trap_fp_target(c), TRAP_NONE);
    pe_set_el(c, 0);
    assert_int_equal(trap_fp_target(c), TRAP_NONE);
    pe_set(c, SR_HCR_EL2, HCR_E2H | HCR_TGE);
    assert_int_equal(trap_fp_target(c), 2);
    pe_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_control),
        cmocka_unit_test(test_fine_grained),
        cmocka_unit_test(test_fine_grained_enables),
        cmocka_unit_test(test_overlay_of_a_host),
        cmocka_unit_test(test_e2h_redirection),
        cmocka_unit_test(test_plain_registers_are_cached),
        cmocka_unit_test(test_direct_registers),
        cmocka_unit_test(test_system_instructions),
        cmocka_unit_test(test_wfx),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_pauth_fp_mops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
