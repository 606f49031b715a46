/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hypervisor that programs nonsense: stage 2 controls that contradict each other, tables in a
 * loop, outside memory and beyond the output size, list registers and active priorities that cannot
 * be. Where the manual says what happens, that; where it leaves a choice, the machine goes on.
 */
#include "gic.h"
#include "mmu.h"

#define VTCR_RES1      BIT(31)
#define VTCR_T0SZ(n)   ((uint64_t)(n))
#define VTCR_SL0(n)    ((uint64_t)(n) << 6)
#define VTCR_TG0(n)    ((uint64_t)(n) << 14)
#define VTCR_PS(n)     ((uint64_t)(n) << 16)
#define VTCR_DS        BIT(32)
#define VTCR_SL2       BIT(33)
#define HCR_VM         BIT(0)
#define ADDR_SIZE(l)   (0x00 | (l))
#define TRANSLATION(l) (0x04 | (l))
#define SEA_WALK(l)    (0x14 | (l))

SNIPPET(nothing, "nop");
SNIPPET(load, "ldr x1, [x0]");

/* ---- VTCR_EL2 and VTTBR_EL2 ---- */

/* 39 bits from level 1, 40 bits of output, and one thing that is wrong. */
#define GOOD (VTCR_RES1 | VTCR_T0SZ(25) | VTCR_SL0(1) | VTCR_PS(2))

static const struct {
    const char *name;
    uint64_t vtcr, vttbr; /* VTTBR_EL2 instead of the tables; 0: those */
    unsigned fsc;         /* of the fetch */
} controls[] = {
    {"T0SZ too small for SL0", GOOD & ~VTCR_SL0(3), 0, TRANSLATION(0)},
    {"T0SZ too large for SL0", (GOOD & ~VTCR_T0SZ(63)) | VTCR_T0SZ(34), 0, TRANSLATION(0)},
    {"SL0 of level 3, T0SZ of level 1", GOOD | VTCR_SL0(3), 0, TRANSLATION(0)},
    {"SL0 of level 0, T0SZ of level 1", (GOOD & ~VTCR_SL0(3)) | VTCR_SL0(2), 0, TRANSLATION(0)},
    {"SL2 without DS", GOOD | VTCR_SL2, 0, 0xff},
    {"TG0 reserved", GOOD | VTCR_TG0(3), 0, 0xff},
    {"PS reserved", GOOD | VTCR_PS(7), 0, 0xff},
    {"T0SZ of 0", GOOD & ~VTCR_T0SZ(63), 0, 0xff},
    {"T0SZ of 63", GOOD | VTCR_T0SZ(63), 0, 0xff},
    {"VTTBR_EL2 beyond the output size", GOOD, BIT(44), ADDR_SIZE(0)},
    {"VTTBR_EL2 where nothing is", GOOD, HOLE, SEA_WALK(1)},
};

/* 0xff: nothing is said, but that it ends. */
static void bad_controls(void)
{
    struct tables t = stage2_flat();

    for (unsigned i = 0; i < ARRAY_LEN(controls); i++) {
        wr(vtcr_el2, controls[i].vtcr);
        wr(vttbr_el2, controls[i].vttbr != 0 ? controls[i].vttbr : (uintptr_t)t.root);
        wr(hcr_el2, rd(hcr_el2) | HCR_VM);
        tlb_flush_all();
        struct outcome o = run_at(MASKED(EL1H), nothing, ARGS(0));
        wr(hcr_el2, rd(hcr_el2) & ~HCR_VM);
        isb();
        if (controls[i].fsc != 0xff) {
            check_taken(controls[i].name, &o, 2, FROM_LOWER, ESR(EC_IABT_LOW, controls[i].fsc));
            check_eq(controls[i].name, o.far, (uintptr_t)nothing);
        }
    }
}

/* ---- tables ---- */
#define IPA UINT64_C(0x1000000000)

static struct tables s2;

static struct outcome try_load(uint64_t ipa)
{
    tlb_flush_all();
    return run_at(MASKED(EL1H), load, ARGS(ipa));
}

/* A table that is its own next level: the walk ends at level 3, where a table is a page. */
static void loop(void)
{
    uint64_t *self = table_new();
    uint64_t leaf = (uintptr_t)self | S2_NORMAL | D_PAGE;

    self[0] = leaf; /* attributes of a page are ignored in a table descriptor */
    *descriptor(&s2, IPA, 1) = leaf;
    struct outcome o = try_load(IPA);
    check_done("a table in a loop", &o);
    check_eq("a table in a loop: it is the page at the end", o.x[1], leaf);
    self[0] = (uintptr_t)self | D_TABLE | D_VALID;
    o = try_load(IPA);
    check_eq("a loop without attributes: no access flag at level 3", FIELD(o.esr, 0, 6), 0x0b);
}

static void expect(const char *name, uint64_t value, unsigned level, unsigned fsc)
{
    *descriptor(&s2, IPA, level) = value;
    struct outcome o = try_load(IPA + 0x40);
    check_eq(name, ESR_EC(o.esr), EC_DABT_LOW);
    check_eq(name, FIELD(o.esr, 0, 6), fsc);
    check_eq(name, o.far, IPA + 0x40);
    *descriptor(&s2, IPA, 1) = 0;
}

static void bad_tables(void)
{
    s2 = stage2_flat();
    stage2_on(&s2, 1);
    loop();
    expect("a table where nothing is", HOLE | D_TABLE | D_VALID, 1, SEA_WALK(2));
    expect("a table beyond the output size", BIT(47) | D_TABLE | D_VALID, 1, ADDR_SIZE(1));
    expect("a block beyond the output size", BIT(47) | S2_NORMAL, 2, ADDR_SIZE(2));
    expect("a page beyond the output size", BIT(47) | S2_NORMAL | D_PAGE, 3, ADDR_SIZE(3));
    expect("a reserved descriptor at level 3", RAM_BASE | S2_NORMAL, 3, TRANSLATION(3));
    expect("no permission at all", (RAM_BASE | S2_NORMAL) & ~(S2_R | S2_W), 2, 0x0e);
    stage2_off();
}

/* ---- list registers, active priorities ---- */
SNIPPET(acknowledge, "mrs x1, S3_0_C12_C12_0");
SNIPPET(end_any, "msr S3_0_C12_C12_1, x0");
SNIPPET(running, "mrs x1, S3_0_C12_C11_3");

static void virtual_reset(void)
{
    for (unsigned n = 0; n < N_LR; n++) {
        lr_write(n, 0);
    }
    gwr(ICH_AP0R0_EL2, 0);
    gwr(ICH_AP1R0_EL2, 0);
    gwr(ICH_VMCR_EL2, VMCR_VENG1 | VMCR_VPMR(0xf8));
    gwr(ICH_HCR_EL2, ICH_EN);
    isb();
}

static uint64_t at_el1(const char *code, uint64_t x0)
{
    return run_at(MASKED(EL1H), code, ARGS(x0)).x[1];
}

static void works(const char *name)
{
    virtual_reset();
    lr_write(1, LR_PENDING | LR_GROUP1 | LR_PRIORITY(0x40) | 40);
    check_eq(name, at_el1(acknowledge, 0), 40);
    at_el1(end_any, 40);
    check_eq(name, lr_read(1) >> 62, 0);
    check_eq(name, at_el1(running, 0), 0xff);
}

/* All of them at once, in every state; the guest acknowledges and ends what it gets. */
static void bad_list_registers(void)
{
    static const uint64_t bad[] = {
        LR_GROUP1 | LR_PRIORITY(0x40) | 40,                           /* one INTID in all */
        LR_GROUP1 | LR_PRIORITY(0x40) | 1021,                         /* a special one */
        LR_GROUP1 | LR_PRIORITY(0x40) | UINT64_C(0xffffffff),         /* all bits */
        LR_GROUP1 | LR_HW | LR_PINTID(1023) | LR_PRIORITY(0x40) | 41, /* a special one outside */
        LR_GROUP1 | LR_HW | LR_PINTID(8191) | LR_PRIORITY(0xff) | 42, /* one there is not */
        ~(LR_PENDING | LR_ACTIVE),                                    /* reserved bits */
    };

    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        for (uint64_t state = 0; state < 4; state++) {
            virtual_reset();
            gwr(ICH_HCR_EL2, 0xff);
            for (unsigned n = 0; n < N_LR; n++) {
                lr_write(n, bad[i] | state << 62);
            }
            for (unsigned n = 0; n < 2 * N_LR; n++) {
                at_el1(end_any, at_el1(acknowledge, 0));
            }
            works("after bad list registers");
        }
    }
}

/* Everything is active: nothing is delivered, and each end drops one priority. */
static void all_active(void)
{
    virtual_reset();
    gwr(ICH_AP1R0_EL2, 0xffffffff);
    lr_write(0, LR_PENDING | LR_GROUP1 | LR_PRIORITY(0) | 40);
    isb();
    check_eq("all priorities active: running", at_el1(running, 0), 0);
    check_eq("all priorities active: nothing preempts", at_el1(acknowledge, 0), SPURIOUS);
    for (unsigned n = 0; n < 32; n++) {
        check_eq("all priorities active: dropping", at_el1(running, 0), 8 * n);
        at_el1(end_any, 50);
    }
    check_eq("all priorities dropped", at_el1(running, 0), 0xff);
    works("after active priorities without interrupts");
}

int guest_main(void)
{
    gic_init();
    bad_controls();
    bad_tables();
    wr(hcr_el2, rd(hcr_el2) | HCR_FMO | HCR_IMO);
    bad_list_registers();
    all_active();
    return 0;
}
