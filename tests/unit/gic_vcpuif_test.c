/* SPDX-License-Identifier: Apache-2.0 */
/* GICv3 virtual interface: list registers, ICV_*, maintenance, hardware interrupts. */
#include "base/bits.h"
#include "fakes/gic_rig.h"
#include "fakes/unit.h"

#define HCR_FMO BIT(3)
#define HCR_IMO BIT(4)
#define PENDING (UINT64_C(1) << 62)
#define ACTIVE  (UINT64_C(2) << 62)
#define BOTH    (UINT64_C(3) << 62)
#define GROUP1  BIT(60)
#define HW(p)   (BIT(61) | (uint64_t)(p) << 32)
#define EOI     BIT(41)
#define PRIO(p) ((uint64_t)(p) << 48)

enum { EN = 1, UIE = 2, LRENPIE = 4, NPIE = 8, VENG0 = 1, VENG1 = 2, CBPR = 0x10, EOIM = 0x200 };

static struct gic_rig *rig(void)
{
    struct gic_rig *r = gic_rig_new(
        &(struct gic_cfg){.version = 3, .n_pe = 1, .n_spi = 32, .virtualization = true});
    r->view[0].el2_enabled = true;
    r->view[0].hcr_el2 = HCR_IMO | HCR_FMO;
    r->view[0].el = 2;
    gic_rig_msr(r, 0, ICH_VMCR, 0xff000000 | VENG0 | VENG1);
    gic_rig_msr(r, 0, ICH_HCR, EN);
    return r;
}

static void hyp_write(struct gic_rig *r, uint16_t enc, uint64_t v)
{
    r->view[0].el = 2;
    gic_rig_msr(r, 0, enc, v);
}

static uint64_t hyp_read(struct gic_rig *r, uint16_t enc)
{
    r->view[0].el = 2;
    return gic_rig_mrs(r, 0, enc);
}

static void guest_write(struct gic_rig *r, uint16_t enc, uint64_t v)
{
    r->view[0].el = 1;
    gic_rig_msr(r, 0, enc, v);
}

static uint64_t guest_read(struct gic_rig *r, uint16_t enc)
{
    r->view[0].el = 1;
    return gic_rig_mrs(r, 0, enc);
}

static bool maintenance(struct gic_rig *r)
{
    return gic_rig_read(gic_rig_redist(r, 0, true), SGI_BASE + D_ISPENDR, 4) >> 25 & 1;
}

static void test_identification(void **state)
{
    struct gic_rig *r = rig();
    assert_int_equal(hyp_read(r, ICH_VTR), 0x90b80003);
    assert_int_equal(guest_read(r, ICC_CTLR), 0x8c00);
    assert_int_equal(hyp_read(r, ICH_VMCR), 0xf84c000b); /* least binary points, VFIQEn */
    gic_rig_free(r);
}

static void test_lifecycle(void **state)
{
    struct gic_rig *r = rig();
    assert_int_equal(guest_read(r, ICC_IAR1), 1023);
    assert_int_equal(guest_read(r, ICC_HPPIR1), 1023);
    hyp_write(r, ICH_LR(0), PENDING | GROUP1 | PRIO(0x80) | 27);
    hyp_write(r, ICH_LR(1), PENDING | GROUP1 | PRIO(0x40) | 8200);
    assert_true(r->lamp[0][GIC_OUT_VIRQ]);
    assert_false(r->lamp[0][GIC_OUT_VFIQ]);
    assert_int_equal(guest_read(r, ICC_HPPIR1), 8200);
    assert_int_equal(guest_read(r, ICC_HPPIR0), 1023);
    assert_int_equal(guest_read(r, ICC_IAR0), 1023);
    assert_int_equal(guest_read(r, ICC_IAR1), 8200);
    assert_int_equal(hyp_read(r, ICH_LR(1)) >> 62, 2);
    assert_int_equal(hyp_read(r, ICH_AP1R0), 1 << 8);
    assert_int_equal(guest_read(r, ICC_RPR), 0x40);
    assert_false(r->lamp[0][GIC_OUT_VIRQ]); /* 0x80 does not preempt */
    assert_int_equal(guest_read(r, ICC_IAR1), 1023);
    guest_write(r, ICC_EOIR1, 8200);
    assert_int_equal(hyp_read(r, ICH_LR(1)) >> 62, 0);
    assert_true(r->lamp[0][GIC_OUT_VIRQ]);
    assert_int_equal(guest_read(r, ICC_IAR1), 27);
    guest_write(r, ICC_EOIR1, 27);
    assert_int_equal(hyp_read(r, ICH_ELRSR), 0xf);
    assert_int_equal(guest_read(r, ICC_RPR), 0xff);
    gic_rig_free(r);
}

static void test_groups_and_enables(void **state)
{
    struct gic_rig *r = rig();
    hyp_write(r, ICH_LR(2), PENDING | PRIO(0x80) | 40);
    assert_true(r->lamp[0][GIC_OUT_VFIQ]);
    assert_int_equal(guest_read(r, ICC_HPPIR0), 40);
    guest_write(r, ICC_IGRPEN0, 0);
    assert_false(r->lamp[0][GIC_OUT_VFIQ]);
    assert_int_equal(guest_read(r, ICC_IGRPEN0), 0);
    assert_int_equal(guest_read(r, ICC_IGRPEN1), 1);
    assert_int_equal(hyp_read(r, ICH_VMCR) & 3, VENG1);
    guest_write(r, ICC_IGRPEN0, 1);
    assert_true(r->lamp[0][GIC_OUT_VFIQ]);
    hyp_write(r, ICH_HCR, 0);
    assert_false(r->lamp[0][GIC_OUT_VFIQ]);
    assert_int_equal(guest_read(r, ICC_IAR0), 1023);
    hyp_write(r, ICH_HCR, EN);
    guest_write(r, ICC_PMR, 0x80);
    assert_false(r->lamp[0][GIC_OUT_VFIQ]);
    guest_write(r, ICC_PMR, 0x8f);
    assert_int_equal(guest_read(r, ICC_PMR), 0x88);
    assert_true(r->lamp[0][GIC_OUT_VFIQ]);
    /* active, or active and pending: not a candidate */
    hyp_write(r, ICH_LR(2), BOTH | PRIO(0x80) | 40);
    assert_false(r->lamp[0][GIC_OUT_VFIQ]);
    gic_rig_free(r);
}

static void test_binary_points(void **state)
{
    struct gic_rig *r = rig();
    guest_write(r, ICC_BPR0, 0);
    guest_write(r, ICC_BPR1, 0);
    assert_int_equal(guest_read(r, ICC_BPR0), 2);
    assert_int_equal(guest_read(r, ICC_BPR1), 3);
    guest_write(r, ICC_BPR1, 5);
    guest_write(r, ICC_CTLR, 3);
    assert_int_equal(guest_read(r, ICC_CTLR) & 3, 3);
    assert_int_equal(guest_read(r, ICC_BPR1), 3); /* BPR0 + 1 */
    guest_write(r, ICC_BPR1, 7);
    guest_write(r, ICC_CTLR, 0);
    assert_int_equal(guest_read(r, ICC_BPR1), 5);
    /* group priority [7:5]: 0x80 to 0x9f do not preempt each other */
    hyp_write(r, ICH_LR(0), PENDING | GROUP1 | PRIO(0x98) | 50);
    assert_int_equal(guest_read(r, ICC_IAR1), 50);
    assert_int_equal(guest_read(r, ICC_RPR), 0x80);
    hyp_write(r, ICH_LR(1), PENDING | GROUP1 | PRIO(0x80) | 51);
    assert_false(r->lamp[0][GIC_OUT_VIRQ]);
    hyp_write(r, ICH_LR(1), PENDING | GROUP1 | PRIO(0x78) | 51);
    assert_true(r->lamp[0][GIC_OUT_VIRQ]);
    gic_rig_free(r);
}

/* Misfits at the end of interrupt: wrong group, wrong order, special, not in a list register. */
static void test_end_misfits(void **state)
{
    struct gic_rig *r = rig();
    guest_write(r, ICC_EOIR1, 40); /* nothing active: no effect */
    assert_int_equal(hyp_read(r, ICH_HCR), EN);
    hyp_write(r, ICH_LR(0), PENDING | GROUP1 | PRIO(0x80) | 50);
    assert_int_equal(guest_read(r, ICC_IAR1), 50);
    guest_write(r, ICC_EOIR1, 1023);
    assert_int_equal(guest_read(r, ICC_RPR), 0x80);
    guest_write(r, ICC_EOIR0, 50); /* drops, does not deactivate */
    assert_int_equal(guest_read(r, ICC_RPR), 0xff);
    assert_int_equal(hyp_read(r, ICH_LR(0)) >> 62, 2);
    /* unknown ones are counted, LPIs are not */
    hyp_write(r, ICH_AP1R0, 3);
    guest_write(r, ICC_EOIR1, 8193);
    assert_int_equal(hyp_read(r, ICH_HCR), EN);
    guest_write(r, ICC_EOIR1, 77);
    assert_int_equal(hyp_read(r, ICH_HCR), EN | 1U << 27);
    assert_int_equal(hyp_read(r, ICH_MISR), 0);
    hyp_write(r, ICH_HCR, EN | LRENPIE | 1U << 27);
    assert_int_equal(hyp_read(r, ICH_MISR), 4);
    assert_true(maintenance(r));
    hyp_write(r, ICH_HCR, EN | LRENPIE);
    assert_false(maintenance(r));
    gic_rig_free(r);
}

static void test_split_end(void **state)
{
    struct gic_rig *r = rig();
    hyp_write(r, ICH_LR(0), PENDING | GROUP1 | PRIO(0x80) | 50);
    hyp_write(r, ICH_LR(1), PENDING | GROUP1 | PRIO(0x80) | 9000);
    guest_write(r, ICC_DIR, 50); /* EOImode = 0 */
    guest_write(r, ICC_CTLR, 2);
    assert_int_equal(guest_read(r, ICC_IAR1), 50);
    guest_write(r, ICC_EOIR1, 50);
    assert_int_equal(hyp_read(r, ICH_LR(0)) >> 62, 2);
    guest_write(r, ICC_EOIR1, 50); /* nothing to drop */
    guest_write(r, ICC_DIR, 1021);
    guest_write(r, ICC_DIR, 50);
    assert_int_equal(hyp_read(r, ICH_LR(0)) >> 62, 0);
    guest_write(r, ICC_DIR, 50);
    assert_int_equal(hyp_read(r, ICH_HCR) >> 27, 1);
    /* an LPI is deactivated by the EOIR write */
    assert_int_equal(guest_read(r, ICC_IAR1), 9000);
    guest_write(r, ICC_EOIR1, 9000);
    assert_int_equal(hyp_read(r, ICH_LR(1)) >> 62, 0);
    gic_rig_free(r);
}

/* LR.HW: the end of the virtual interrupt deactivates the physical one. */
static void test_hardware_interrupt(void **state)
{
    struct gic_rig *r = rig();
    struct gic_rig_mmio rd = gic_rig_redist(r, 0, true);
    gic_rig_write(rd, 0x14, 4, 0);
    gic_rig_write(rd, SGI_BASE + D_IGROUPR, 4, UINT32_MAX);
    gic_rig_write(rd, SGI_BASE + D_ISENABLER, 4, BIT(27));
    gic_rig_write(gic_rig_dist(r, true), D_CTLR, 4, 2);
    hyp_write(r, ICC_PMR, 0xf8);
    hyp_write(r, ICC_IGRPEN1, 1);
    hyp_write(r, ICC_CTLR, 2);
    irq_set(&r->ppi[0][27], true);
    assert_true(r->lamp[0][GIC_OUT_IRQ]);
    assert_int_equal(hyp_read(r, ICC_IAR1), 27);
    hyp_write(r, ICC_EOIR1, 27);
    hyp_write(r, ICH_LR(0), PENDING | GROUP1 | HW(27) | PRIO(0x80) | 27);
    assert_int_equal(guest_read(r, ICC_IAR1), 27);
    assert_int_equal(gic_rig_read(rd, SGI_BASE + D_ISACTIVER, 4), BIT(27));
    assert_false(r->lamp[0][GIC_OUT_IRQ]);
    irq_set(&r->ppi[0][27], false);
    guest_write(r, ICC_EOIR1, 27);
    assert_int_equal(gic_rig_read(rd, SGI_BASE + D_ISACTIVER, 4), 0);
    assert_int_equal(hyp_read(r, ICH_LR(0)) >> 62, 0);
    /* a pINTID that does not exist harms nobody */
    hyp_write(r, ICH_LR(0), ACTIVE | GROUP1 | HW(0x3ff) | PRIO(0x80) | 30);
    hyp_write(r, ICH_AP1R0, 1 << 16);
    guest_write(r, ICC_EOIR1, 30);
    hyp_write(r, ICH_LR(0), ACTIVE | GROUP1 | HW(700) | PRIO(0x80) | 30);
    hyp_write(r, ICH_AP1R0, 1 << 16);
    guest_write(r, ICC_EOIR1, 30);
    assert_int_equal(hyp_read(r, ICH_LR(0)) >> 62, 0);
    gic_rig_free(r);
}

static void test_status_registers(void **state)
{
    struct gic_rig *r = rig();
    hyp_write(r, ICH_LR(0), EOI | 40);                     /* ended, wants to be told */
    hyp_write(r, ICH_LR(1), PENDING | EOI | 41);           /* not ended yet */
    hyp_write(r, ICH_LR(2), HW(512 + 40) | 42);            /* pINTID[9] is not EOI */
    hyp_write(r, ICH_LR(3), UINT64_C(0x1fffe00000000000)); /* RES0 bits */
    assert_int_equal(hyp_read(r, ICH_EISR), 0x1);
    assert_int_equal(hyp_read(r, ICH_ELRSR), 0xc);
    assert_int_equal(hyp_read(r, ICH_MISR), 1);
    assert_true(maintenance(r));
    hyp_write(r, ICH_HCR, 0);
    assert_false(maintenance(r));
    hyp_write(r, ICH_HCR, EN);
    hyp_write(r, ICH_LR(0), 0);
    assert_false(maintenance(r));
    assert_true(hyp_read(r, ICH_LR(3)) == (GROUP1 | PRIO(0xf8)));
    gic_rig_free(r);
}

/* Every condition of ICH_MISR_EL2 with its enable. */
static void test_maintenance_conditions(void **state)
{
    struct gic_rig *r = rig();
    /* UIE: none or one valid list register */
    hyp_write(r, ICH_HCR, EN | UIE);
    assert_int_equal(hyp_read(r, ICH_MISR), 2);
    hyp_write(r, ICH_LR(0), ACTIVE | 40);
    assert_int_equal(hyp_read(r, ICH_MISR), 2);
    hyp_write(r, ICH_LR(1), PENDING | 41);
    assert_int_equal(hyp_read(r, ICH_MISR), 0);
    assert_false(maintenance(r));
    /* NPIE: none pending (active and pending is not pending) */
    hyp_write(r, ICH_HCR, EN | NPIE);
    assert_int_equal(hyp_read(r, ICH_MISR), 0);
    hyp_write(r, ICH_LR(1), BOTH | 41);
    assert_int_equal(hyp_read(r, ICH_MISR), 8);
    assert_true(maintenance(r));
    /* group enables, as the guest changes them */
    for (unsigned grp = 0; grp < 2; grp++) {
        uint16_t enable = grp == 0 ? ICC_IGRPEN0 : ICC_IGRPEN1;
        hyp_write(r, ICH_HCR, EN | 0x10 << (2 * grp));
        assert_int_equal(hyp_read(r, ICH_MISR), 0x10 << (2 * grp));
        guest_write(r, enable, 0);
        assert_false(maintenance(r));
        hyp_write(r, ICH_HCR, EN | 0x20 << (2 * grp));
        assert_int_equal(hyp_read(r, ICH_MISR), 0x20 << (2 * grp));
        guest_write(r, enable, 1);
        assert_int_equal(hyp_read(r, ICH_MISR), 0);
    }
    gic_rig_free(r);
}

static void test_traps(void **state)
{
    struct gic_rig *r = rig();
    static const struct {
        uint32_t hcr;
        enum sr_verdict iar0, iar1, pmr, dir;
    } rows[] = {
        {EN, SR_OK, SR_OK, SR_OK, SR_OK},
        {1 << 10, SR_OK, SR_OK, SR_TRAP_EL2, SR_TRAP_EL2}, /* TC */
        {1 << 11, SR_TRAP_EL2, SR_OK, SR_OK, SR_OK},       /* TALL0 */
        {1 << 12, SR_OK, SR_TRAP_EL2, SR_OK, SR_OK},       /* TALL1 */
        {1 << 14, SR_OK, SR_OK, SR_OK, SR_TRAP_EL2},       /* TDIR */
    };
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        hyp_write(r, ICH_HCR, rows[i].hcr);
        for (unsigned routed = 0; routed < 2; routed++) {
            r->view[0].hcr_el2 = routed ? HCR_IMO | HCR_FMO : 0;
            r->view[0].el = 1;
            assert_int_equal(gic_rig_check(r, 0, ICC_IAR0, false), rows[i].iar0);
            assert_int_equal(gic_rig_check(r, 0, ICC_IAR1, false), rows[i].iar1);
            assert_int_equal(gic_rig_check(r, 0, ICC_PMR, false), rows[i].pmr);
            assert_int_equal(gic_rig_check(r, 0, ICC_DIR, true), rows[i].dir);
            r->view[0].el = 2;
            assert_int_equal(gic_rig_check(r, 0, ICC_IAR1, false), SR_OK);
        }
    }
    gic_rig_free(r);
}

/* FMO and IMO choose the interface of each group on its own. */
static void test_routing_per_group(void **state)
{
    struct gic_rig *r = rig();
    hyp_write(r, ICH_VMCR, 0xf8000000 | VENG0 | VENG1);
    r->view[0].hcr_el2 = HCR_FMO;
    assert_int_equal(guest_read(r, ICC_IGRPEN0), 1);
    assert_int_equal(guest_read(r, ICC_IGRPEN1), 0); /* the physical one */
    assert_int_equal(guest_read(r, ICC_PMR), 0xf8);  /* either makes the rest virtual */
    r->view[0].hcr_el2 = 0;
    assert_int_equal(guest_read(r, ICC_PMR), 0);
    r->view[0].hcr_el2 = HCR_IMO;
    r->view[0].el2_enabled = false;
    assert_int_equal(guest_read(r, ICC_PMR), 0);
    gic_rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identification),
        cmocka_unit_test(test_lifecycle),
        cmocka_unit_test(test_groups_and_enables),
        cmocka_unit_test(test_binary_points),
        cmocka_unit_test(test_end_misfits),
        cmocka_unit_test(test_split_end),
        cmocka_unit_test(test_hardware_interrupt),
        cmocka_unit_test(test_status_registers),
        cmocka_unit_test(test_maintenance_conditions),
        cmocka_unit_test(test_traps),
        cmocka_unit_test(test_routing_per_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
