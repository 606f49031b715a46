/* SPDX-License-Identifier: Apache-2.0 */
/* GICv2: distributor, CPU interface with and without Security Extensions, virtual interface. */
#include "base/bits.h"
#include "fakes/gic_rig.h"
#include "fakes/unit.h"

enum {
    C_CTLR = 0,
    C_PMR = 4,
    C_BPR = 8,
    C_IAR = 0xc,
    C_EOIR = 0x10,
    C_RPR = 0x14,
    C_HPPIR = 0x18,
    C_ABPR = 0x1c,
    C_AIAR = 0x20,
    C_AEOIR = 0x24,
    C_AHPPIR = 0x28,
    C_APR = 0xd0,
    C_NSAPR = 0xe0,
    C_IIDR = 0xfc,
    C_DIR = 0x1000
};
enum {
    H_HCR = 0,
    H_VTR = 4,
    H_VMCR = 8,
    H_MISR = 0x10,
    H_EISR = 0x20,
    H_ELRSR = 0x30,
    H_APR = 0xf0,
    H_LR = 0x100
};
enum { SGI_CPENDR = 0xf10, SGI_SPENDR = 0xf20 };

struct bench {
    struct gic_rig *r;
    struct gic_rig_mmio d, c[8], h, v; /* as a Secure access, or the only kind */
    struct gic_rig_mmio dns, cns;      /* PE 0's Non-secure accesses */
};

static struct bench bench_new(unsigned n_pe, bool security)
{
    struct bench b = {.r = gic_rig_new(&(struct gic_cfg){.version = 2,
                                                         .n_pe = n_pe,
                                                         .n_spi = 256,
                                                         .security = security,
                                                         .virtualization = true})};
    b.d = gic_rig_frame(b.r, GIC_REGION_DIST, 0, false);
    b.dns = gic_rig_frame(b.r, GIC_REGION_DIST, 0, true);
    b.cns = gic_rig_frame(b.r, GICV2_REGION_CPU, 0, true);
    b.h = gic_rig_frame(b.r, GICV2_REGION_HYP, 0, true);
    b.v = gic_rig_frame(b.r, GICV2_REGION_VCPU, 0, true);
    gic_rig_write(b.d, D_CTLR, 4, 3);
    for (unsigned pe = 0; pe < n_pe; pe++) {
        b.c[pe] = gic_rig_frame(b.r, GICV2_REGION_CPU, pe, false);
        gic_rig_write(b.c[pe], C_CTLR, 4, 3);
        gic_rig_write(b.c[pe], C_PMR, 4, 0xff);
    }
    return b;
}

static void raise_spi(struct bench *b, unsigned n, bool group1, uint8_t prio)
{
    uint32_t was = (uint32_t)gic_rig_read(b->d, D_IGROUPR + 4, 4);
    uint32_t m = 1U << n;
    gic_rig_write(b->d, D_IGROUPR + 4, 4, group1 ? was | m : was & ~m);
    gic_rig_write(b->d, D_IPRIORITYR + 32 + n, 1, prio);
    gic_rig_write(b->d, D_ITARGETSR + 32 + n, 1, 1);
    gic_rig_write(b->d, D_ISENABLER + 4, 4, m);
    irq_set(&b->r->spi[n], true);
}

static void test_identification(void **state)
{
    struct bench b = bench_new(4, false);
    assert_int_equal(gic_rig_read(b.d, D_TYPER, 4), 0x68);
    assert_int_equal(gic_rig_read(b.d, D_IIDR, 4), 0x43b);
    assert_int_equal(gic_rig_read(b.d, 0xfe8, 4), 0x2b);
    assert_int_equal(gic_rig_read(b.c[0], C_IIDR, 4), 0x2043b);
    assert_int_equal(gic_rig_read(b.h, H_VTR, 4), 0x90000003);
    assert_int_equal(gic_rig_read(b.v, C_IIDR, 4), 0x2043b);
    assert_int_equal(gic_cpuif_sysregs(b.r->g, 0).n, 0);
    assert_null(gic_redist_device(b.r->g, 0));
    gic_rig_free(b.r);
    b = bench_new(1, true);
    assert_int_equal(gic_rig_read(b.d, D_TYPER, 4), 0x408);
    gic_rig_free(b.r);
}

static void test_targets(void **state)
{
    struct bench b = bench_new(4, false);
    struct gic_rig_mmio d2 = gic_rig_frame(b.r, GIC_REGION_DIST, 2, false);
    assert_int_equal(gic_rig_read(d2, D_ITARGETSR, 4), 0x04040404);
    raise_spi(&b, 5, false, 0x80);
    assert_true(b.r->lamp[0][GIC_OUT_IRQ]);
    gic_rig_write(b.d, D_ITARGETSR + 36, 4, 0xffffffff);
    assert_int_equal(gic_rig_read(b.d, D_ITARGETSR + 36, 4), 0x0f0f0f0f);
    assert_true(b.r->lamp[3][GIC_OUT_IRQ]);
    /* one acknowledges, the others' signal goes */
    assert_int_equal(gic_rig_read(b.c[2], C_IAR, 4), 37);
    for (unsigned pe = 0; pe < 4; pe++) {
        assert_false(b.r->lamp[pe][GIC_OUT_IRQ]);
    }
    assert_int_equal(gic_rig_read(b.c[1], C_IAR, 4), 1023);
    irq_set(&b.r->spi[5], false);
    gic_rig_write(b.c[2], C_EOIR, 4, 37);
    assert_int_equal(gic_rig_read(b.d, D_ISACTIVER + 4, 4), 0);
    gic_rig_free(b.r);
    /* a single PE: RAZ/WI, and everything comes to it */
    b = bench_new(1, false);
    raise_spi(&b, 5, false, 0x80);
    assert_int_equal(gic_rig_read(b.d, D_ITARGETSR + 37, 1), 0);
    assert_true(b.r->lamp[0][GIC_OUT_IRQ]);
    gic_rig_free(b.r);
}

static void test_sgis(void **state)
{
    struct bench b = bench_new(4, false);
    struct gic_rig_mmio d[4];
    for (unsigned pe = 0; pe < 4; pe++) {
        d[pe] = gic_rig_frame(b.r, GIC_REGION_DIST, pe, false);
    }
    assert_int_equal(gic_rig_read(b.d, D_ISENABLER, 4), 0xffff);
    gic_rig_write(b.d, D_ICENABLER, 4, UINT32_MAX);
    assert_int_equal(gic_rig_read(b.d, D_ISENABLER, 4), 0xffff);

    gic_rig_write(d[3], D_SGIR, 4, 0x01 << 16 | 5); /* from 3 and 1 to 0 */
    gic_rig_write(d[1], D_SGIR, 4, 0x01 << 16 | 5);
    assert_int_equal(gic_rig_read(d[0], SGI_SPENDR + 5, 1), 0x0a);
    assert_int_equal(gic_rig_read(b.c[0], C_HPPIR, 4), 1 << 10 | 5);
    assert_int_equal(gic_rig_read(b.c[0], C_IAR, 4), 1 << 10 | 5);
    assert_int_equal(gic_rig_read(d[0], SGI_CPENDR + 4, 4), 0x0800);
    assert_false(b.r->lamp[0][GIC_OUT_IRQ]);
    gic_rig_write(b.c[0], C_EOIR, 4, 1 << 10 | 5);
    assert_int_equal(gic_rig_read(b.c[0], C_IAR, 4), 3 << 10 | 5);
    gic_rig_write(b.c[0], C_EOIR, 4, 3 << 10 | 5);
    assert_int_equal(gic_rig_read(b.c[0], C_IAR, 4), 1023);

    gic_rig_write(d[2], D_SGIR, 4, 1 << 24 | 9); /* all but self */
    gic_rig_write(d[2], D_SGIR, 4, 2 << 24 | 8); /* self */
    for (unsigned pe = 0; pe < 4; pe++) {
        assert_int_equal(gic_rig_read(d[pe], D_ISPENDR, 4), pe == 2 ? 1 << 8 : 1 << 9);
    }
    gic_rig_write(d[1], D_ICPENDR, 4, UINT32_MAX); /* not for SGIs */
    assert_int_equal(gic_rig_read(d[1], D_ISPENDR, 4), 1 << 9);
    gic_rig_write(d[1], SGI_CPENDR + 9, 1, 0xff);
    assert_int_equal(gic_rig_read(d[1], D_ISPENDR, 4), 0);
    gic_rig_write(d[1], SGI_SPENDR, 4, 0xff000000);
    assert_int_equal(gic_rig_read(d[1], SGI_SPENDR, 4), 0x0f000000);
    assert_int_equal(gic_rig_read(b.c[1], C_IAR, 4), 3);
    gic_rig_free(b.r);
}

/* Two groups without Security Extensions: AckCtl, the aliased registers, FIQEn. */
static void test_groups(void **state)
{
    struct bench b = bench_new(1, false);
    raise_spi(&b, 0, true, 0x80);
    assert_int_equal(gic_rig_read(b.c[0], C_IAR, 4), 1022);
    assert_int_equal(gic_rig_read(b.c[0], C_HPPIR, 4), 1022);
    assert_int_equal(gic_rig_read(b.c[0], C_AHPPIR, 4), 32);
    assert_int_equal(gic_rig_read(b.c[0], C_AIAR, 4), 32);
    irq_set(&b.r->spi[0], false);
    gic_rig_write(b.c[0], C_AEOIR, 4, 32);
    assert_int_equal(gic_rig_read(b.c[0], C_RPR, 4), 0xff);
    gic_rig_write(b.c[0], C_CTLR, 4, 7); /* AckCtl */
    irq_set(&b.r->spi[0], true);
    assert_int_equal(gic_rig_read(b.c[0], C_IAR, 4), 32);
    gic_rig_write(b.c[0], C_EOIR, 4, 32);
    gic_rig_write(b.d, D_ICENABLER + 4, 4, 1);
    raise_spi(&b, 1, false, 0x80);
    assert_true(b.r->lamp[0][GIC_OUT_IRQ]);
    assert_int_equal(gic_rig_read(b.c[0], C_AIAR, 4), 1023);
    gic_rig_write(b.c[0], C_CTLR, 4, 0xf); /* FIQEn */
    assert_true(b.r->lamp[0][GIC_OUT_FIQ]);
    assert_false(b.r->lamp[0][GIC_OUT_IRQ]);
    assert_int_equal(gic_rig_read(b.c[0], C_CTLR, 4), 0xf);
    gic_rig_free(b.r);
}

static void test_priorities(void **state)
{
    struct bench b = bench_new(1, false);
    gic_rig_write(b.c[0], C_BPR, 4, 0);
    gic_rig_write(b.c[0], C_ABPR, 4, 0);
    assert_int_equal(gic_rig_read(b.c[0], C_BPR, 4), 0);
    assert_int_equal(gic_rig_read(b.c[0], C_ABPR, 4), 1);
    raise_spi(&b, 0, false, 0x42);
    assert_int_equal(gic_rig_read(b.c[0], C_IAR, 4), 32);
    assert_int_equal(gic_rig_read(b.c[0], C_RPR, 4), 0x42);
    assert_int_equal(gic_rig_read(b.c[0], C_APR + 4, 4), 1 << 1); /* level 0x21 */
    raise_spi(&b, 1, false, 0x41); /* same group priority is 0x40: preempts 0x42 */
    assert_int_equal(gic_rig_read(b.c[0], C_IAR, 4), 33);
    irq_set(&b.r->spi[1], false);
    gic_rig_write(b.c[0], C_EOIR, 4, 33);
    /* EOImode: drop, then deactivate */
    gic_rig_write(b.c[0], C_DIR, 4, 32);
    assert_int_equal(gic_rig_read(b.d, D_ISACTIVER + 4, 4), 1);
    gic_rig_write(b.c[0], C_CTLR, 4, 0x203);
    gic_rig_write(b.c[0], C_EOIR, 4, 32);
    assert_int_equal(gic_rig_read(b.c[0], C_RPR, 4), 0xff);
    assert_int_equal(gic_rig_read(b.d, D_ISACTIVER + 4, 4), 1);
    gic_rig_write(b.c[0], C_DIR, 4, 32);
    assert_int_equal(gic_rig_read(b.d, D_ISACTIVER + 4, 4), 0);
    gic_rig_free(b.r);
}

static void test_security(void **state)
{
    struct bench b = bench_new(1, true);
    /* controls: Group 1's enable is bit 0 of the Non-secure view */
    gic_rig_write(b.dns, D_CTLR, 4, 0);
    assert_int_equal(gic_rig_read(b.d, D_CTLR, 4), 1);
    gic_rig_write(b.dns, D_CTLR, 4, 3);
    assert_int_equal(gic_rig_read(b.d, D_CTLR, 4), 3);
    assert_int_equal(gic_rig_read(b.dns, D_CTLR, 4), 1);
    gic_rig_write(b.cns, C_CTLR, 4, 0x261);
    assert_int_equal(gic_rig_read(b.c[0], C_CTLR, 4), 0x583);
    assert_int_equal(gic_rig_read(b.cns, C_CTLR, 4), 0x261);
    gic_rig_write(b.cns, C_CTLR, 4, 1);

    /* the mask: Non-secure sees and changes the upper half only */
    gic_rig_write(b.c[0], C_PMR, 4, 0x40);
    gic_rig_write(b.cns, C_PMR, 4, 0xf0);
    assert_int_equal(gic_rig_read(b.cns, C_PMR, 4), 0);
    assert_int_equal(gic_rig_read(b.c[0], C_PMR, 4), 0x40);
    gic_rig_write(b.c[0], C_PMR, 4, 0x80);
    gic_rig_write(b.cns, C_PMR, 4, 0xf0);
    assert_int_equal(gic_rig_read(b.c[0], C_PMR, 4), 0xf8);

    /* Group 0 does not exist for Non-secure */
    raise_spi(&b, 0, false, 0x20);
    assert_int_equal(gic_rig_read(b.cns, C_HPPIR, 4), 1023);
    assert_int_equal(gic_rig_read(b.cns, C_IAR, 4), 1023);
    assert_int_equal(gic_rig_read(b.c[0], C_IAR, 4), 32);
    assert_int_equal(gic_rig_read(b.cns, C_RPR, 4), 0);
    gic_rig_write(b.cns, C_EOIR, 4, 32);
    assert_int_equal(gic_rig_read(b.c[0], C_RPR, 4), 0x20);
    irq_set(&b.r->spi[0], false);
    gic_rig_write(b.c[0], C_EOIR, 4, 32);

    raise_spi(&b, 1, true, 0xa0);
    assert_int_equal(gic_rig_read(b.c[0], C_IAR, 4), 1022);
    assert_int_equal(gic_rig_read(b.cns, C_IAR, 4), 33);
    assert_int_equal(gic_rig_read(b.cns, C_RPR, 4), 0x40);
    /* level 0x50 of Group 1: 0x10 of the Non-secure half, word 0 there */
    assert_int_equal(gic_rig_read(b.c[0], C_NSAPR + 8, 4), 1 << 16);
    assert_int_equal(gic_rig_read(b.cns, C_APR, 4), 1 << 16);
    assert_int_equal(gic_rig_read(b.cns, C_NSAPR + 8, 4), 0);
    gic_rig_write(b.cns, C_APR, 4, 1);
    assert_int_equal(gic_rig_read(b.c[0], C_NSAPR + 8, 4), 1);
    gic_rig_write(b.cns, C_EOIR, 4, 33);
    assert_int_equal(gic_rig_read(b.cns, C_RPR, 4), 0xff);
    /* binary points */
    gic_rig_write(b.cns, C_BPR, 4, 5);
    assert_int_equal(gic_rig_read(b.c[0], C_ABPR, 4), 5);
    assert_int_equal(gic_rig_read(b.cns, C_ABPR, 4), 0);
    gic_rig_write(b.c[0], C_BPR, 4, 3);
    gic_rig_write(b.c[0], C_CTLR, 4, 0x13); /* CBPR */
    gic_rig_write(b.cns, C_BPR, 4, 7);
    assert_int_equal(gic_rig_read(b.cns, C_BPR, 4), 4);
    gic_rig_free(b.r);
}

static void test_secure_sgis(void **state)
{
    struct bench b = bench_new(1, true);
    static const struct {
        bool group1, ns, nsatt;
        unsigned nsacr;
        bool arrives;
    } rows[] = {
        {false, false, false, 0, true}, {false, false, true, 0, false},
        {true, false, false, 0, false}, {true, false, true, 0, true},
        {true, true, false, 0, true},   {false, true, false, 0, false},
        {false, true, true, 1, true},
    };
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        gic_rig_write(b.d, D_IGROUPR, 4, rows[i].group1);
        gic_rig_write(b.d, D_NSACR, 4, rows[i].nsacr);
        gic_rig_write(rows[i].ns ? b.dns : b.d, D_SGIR, 4, 2 << 24 | rows[i].nsatt << 15);
        assert_int_equal(gic_rig_read(b.d, D_ISPENDR, 4), rows[i].arrives);
        gic_rig_write(b.d, SGI_CPENDR, 1, 0xff);
    }
    gic_rig_free(b.r);
}

/* ---- virtual interface ---- */

enum { LR_PEND = 1 << 28, LR_ACT = 2 << 28, LR_GRP1 = 1 << 30, LR_EOI = 1 << 19 };
#define LR_HW      (1U << 31)
#define LR_PRIO(p) ((uint32_t)(p) >> 3 << 23)
#define LR_PHYS(n) ((uint32_t)(n) << 10)

static void test_virtual(void **state)
{
    struct bench b = bench_new(2, false);
    gic_rig_write(b.h, H_HCR, 4, 1);
    gic_rig_write(b.v, C_CTLR, 4, 1);
    gic_rig_write(b.v, C_PMR, 4, 0xff);
    assert_int_equal(gic_rig_read(b.v, C_PMR, 4), 0xf8);
    assert_int_equal(gic_rig_read(b.h, H_VMCR, 4), 0xf84c0001);
    /* an SGI from virtual CPU 3 */
    gic_rig_write(b.h, H_LR, 4, LR_PEND | LR_PRIO(0x80) | LR_PHYS(3) | 7);
    assert_int_equal(gic_rig_read(b.h, H_LR, 4), LR_PEND | LR_PRIO(0x80) | LR_PHYS(3) | 7);
    assert_true(b.r->lamp[0][GIC_OUT_VIRQ]);
    assert_false(b.r->lamp[1][GIC_OUT_VIRQ]);
    assert_int_equal(gic_rig_read(b.v, C_HPPIR, 4), 3 << 10 | 7);
    assert_int_equal(gic_rig_read(b.v, C_AIAR, 4), 1023);
    assert_int_equal(gic_rig_read(b.v, C_IAR, 4), 3 << 10 | 7);
    assert_int_equal(gic_rig_read(b.v, C_RPR, 4), 0x80);
    assert_int_equal(gic_rig_read(b.h, H_APR, 4), 1 << 16);
    assert_int_equal(gic_rig_read(b.h, H_LR, 4), LR_ACT | LR_PRIO(0x80) | LR_PHYS(3) | 7);
    gic_rig_write(b.v, C_EOIR, 4, 3 << 10 | 7);
    assert_int_equal(gic_rig_read(b.h, H_ELRSR, 4), 0xf);
    /* Group 1: 1022 without AckCtl; FIQEn moves Group 0 */
    gic_rig_write(b.v, C_CTLR, 4, 0xb);
    gic_rig_write(b.h, H_LR + 4, 4, LR_PEND | LR_GRP1 | LR_PRIO(0x40) | 40);
    assert_int_equal(gic_rig_read(b.v, C_IAR, 4), 1022);
    assert_int_equal(gic_rig_read(b.v, C_AIAR, 4), 40);
    gic_rig_write(b.h, H_LR + 8, 4, LR_PEND | LR_PRIO(0x20) | 41);
    assert_true(b.r->lamp[0][GIC_OUT_VFIQ]);
    assert_int_equal(gic_rig_read(b.v, C_IAR, 4), 41);
    gic_rig_write(b.v, C_EOIR, 4, 41);
    gic_rig_write(b.v, C_AEOIR, 4, 40);
    assert_int_equal(gic_rig_read(b.h, H_ELRSR, 4), 0xf);
    gic_rig_free(b.r);
}

static void test_virtual_maintenance(void **state)
{
    struct bench b = bench_new(1, false);
    gic_rig_write(b.h, H_HCR, 4, 1);
    gic_rig_write(b.v, C_CTLR, 4, 1);
    gic_rig_write(b.v, C_PMR, 4, 0xf8);
    gic_rig_write(b.h, H_LR, 4, LR_PEND | LR_EOI | 50);
    assert_int_equal(gic_rig_read(b.v, C_IAR, 4), 50);
    assert_int_equal(gic_rig_read(b.h, H_EISR, 4), 0);
    gic_rig_write(b.v, C_EOIR, 4, 50);
    assert_int_equal(gic_rig_read(b.h, H_EISR, 4), 1);
    assert_int_equal(gic_rig_read(b.h, H_EISR + 4, 4), 0);
    assert_int_equal(gic_rig_read(b.h, H_MISR, 4), 1);
    assert_int_equal(gic_rig_read(b.d, D_ISPENDR, 4), 1 << 25);
    gic_rig_write(b.h, H_LR, 4, 0);
    assert_int_equal(gic_rig_read(b.d, D_ISPENDR, 4), 0);
    /* EOImode and EOIcount */
    gic_rig_write(b.v, C_CTLR, 4, 0x201);
    gic_rig_write(b.h, H_LR, 4, LR_PEND | LR_HW | LR_PHYS(27) | 27);
    assert_int_equal(gic_rig_read(b.v, C_IAR, 4), 27);
    gic_rig_write(b.d, D_ISACTIVER, 4, 1 << 27);
    gic_rig_write(b.v, C_EOIR, 4, 27);
    gic_rig_write(b.v, C_DIR, 4, 27);
    assert_int_equal(gic_rig_read(b.d, D_ISACTIVER, 4), 0);
    gic_rig_write(b.v, C_DIR, 4, 27);
    assert_int_equal(gic_rig_read(b.h, H_HCR, 4), 1 | 1U << 27);
    /* list registers that are not there */
    gic_rig_write(b.h, H_LR + 16, 4, UINT32_MAX);
    assert_int_equal(gic_rig_read(b.h, H_LR + 16, 4), 0);
    gic_rig_free(b.r);
}

/* A debugger's read of IAR does not acknowledge. */
static void test_debug_access(void **state)
{
    struct bench b = bench_new(1, false);
    struct bus_txn t = {.pa = {C_IAR}, .size = 4, .debug = true};
    raise_spi(&b, 0, false, 0x80);
    assert_int_equal(device_access(gic_device(b.r->g), GICV2_REGION_CPU, &t), BUS_OK);
    assert_int_equal(t.data, 32);
    assert_true(b.r->lamp[0][GIC_OUT_IRQ]);
    gic_rig_free(b.r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identification),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_sgis),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_priorities),
        cmocka_unit_test(test_security),
        cmocka_unit_test(test_secure_sgis),
        cmocka_unit_test(test_virtual),
        cmocka_unit_test(test_virtual_maintenance),
        cmocka_unit_test(test_debug_access),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
