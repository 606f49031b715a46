/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts. The physical ones come here; a guest has virtual ones, which live in the bitmaps of
 * struct vgic and move into list registers while the vCPU runs. The guest acknowledges and ends
 * them there without us. There are fewer list registers than interrupts, and maintenance
 * interrupts say when the choice has to be made again. Arm IHI 0069, chapter 6.
 */
#include "hyp.h"

#define ICH_AP0R0_EL2 S3_4_C12_C8_0
#define ICH_AP1R0_EL2 S3_4_C12_C9_0
#define ICC_SRE_EL2   S3_4_C12_C9_5
#define ICH_HCR_EL2   S3_4_C12_C11_0
#define ICH_VTR_EL2   S3_4_C12_C11_1
#define ICH_MISR_EL2  S3_4_C12_C11_2
#define ICH_VMCR_EL2  S3_4_C12_C11_7

#define HCR_EN          BIT(0)
#define HCR_UIE         BIT(1)
#define HCR_LRENPIE     BIT(2)
#define HCR_NPIE        BIT(3)
#define HCR_TDIR        BIT(14)
#define HCR_EOICOUNT(h) FIELD(h, 27, 5)
#define VMCR_VEOIM      BIT(9)

#define LR_PENDING     BIT(62)
#define LR_ACTIVE      BIT(63)
#define LR_HW(pintid)  (BIT(61) | (uint64_t)(pintid) << 32)
#define LR_GROUP1      BIT(60)
#define LR_PRIORITY(p) ((uint64_t)(p) << 48)
#define LR_EOI         BIT(41)
#define LR_INTID(lr)   ((lr) & 31)
#define MAX_LRS        4

#define BOTH_GROUPS (BIT(4) | 3) /* GICD_CTLR of one Security state: ARE, both groups */

static unsigned n_lrs;

/* ---- the physical interrupt controller ---- */
void gic_init(void)
{
    uint64_t sgi = GICR_BASE + GICR_SGI;

    wr(ICC_SRE_EL2, 0xf); /* registers, for us and for EL1 */
    isb();
    write32(GICD_BASE + GICD_CTLR, BOTH_GROUPS);
    write32(GICR_BASE + GICR_WAKER, 0);
    while ((read32(GICR_BASE + GICR_WAKER) & BIT(2)) != 0) {
    }
    write32(sgi + GICR_IGROUPR0, UINT32_MAX);
    write32(sgi + GICR_ISENABLER0, 1 << PPI_MAINTENANCE | 1 << PPI_EL2_TIMER | 1 << PPI_VTIMER);
    wr(ICC_PMR_EL1, 0xff);
    wr(ICC_CTLR_EL1, ICC_EOIMODE); /* the virtual timer's stays active for the guest */
    wr(ICC_IGRPEN1_EL1, 1);
    wr(ICH_HCR_EL2, 0);
    n_lrs = (rd(ICH_VTR_EL2) & 31) + 1;
    n_lrs = n_lrs < MAX_LRS ? n_lrs : MAX_LRS;
    isb();
}

/* ---- list registers: the instruction names its register ---- */
static uint64_t lr_read(unsigned n)
{
    switch (n) {
    case 0:
        return rd(S3_4_C12_C12_0);
    case 1:
        return rd(S3_4_C12_C12_1);
    case 2:
        return rd(S3_4_C12_C12_2);
    default:
        return rd(S3_4_C12_C12_3);
    }
}

static void lr_write(unsigned n, uint64_t v)
{
    switch (n) {
    case 0:
        wr(S3_4_C12_C12_0, v);
        break;
    case 1:
        wr(S3_4_C12_C12_1, v);
        break;
    case 2:
        wr(S3_4_C12_C12_2, v);
        break;
    default:
        wr(S3_4_C12_C12_3, v);
    }
}

static uint64_t lr_make(const struct vgic *g, unsigned intid)
{
    uint32_t bit = UINT32_C(1) << intid;
    uint64_t lr = LR_PRIORITY(g->priority[intid]) | intid;

    lr |= (g->pending & bit) != 0 ? LR_PENDING : 0;
    lr |= (g->active & bit) != 0 ? LR_ACTIVE : 0;
    lr |= (g->group1 & bit) != 0 ? LR_GROUP1 : 0;
    if (intid == PPI_VTIMER) {
        return lr | LR_HW(PPI_VTIMER);
    }
    return lr | ((g->notify & bit) != 0 ? LR_EOI : 0);
}

/* Of a set, the interrupt with the highest priority: the least number. */
static unsigned most_urgent(const struct vgic *g, uint32_t set)
{
    unsigned best = 32;

    for (unsigned n = 0; n < 32; n++) {
        if ((set >> n & 1) != 0 && (best == 32 || g->priority[n] < g->priority[best])) {
            best = n;
        }
    }
    return best;
}

/*
 * What can be delivered comes before what is active already: that only has to be ended. The PE
 * counts how often the guest did (EOIcount), in order of priority; deactivation by ICC_DIR_EL1 has
 * no order, so it traps.
 */
void vgic_flush(struct vgic *g)
{
    uint32_t ready = g->pending & g->enabled & ~g->active, rest = g->active;
    uint64_t hcr = HCR_EN;

    if (g->flushed) {
        return;
    }
    for (unsigned n = 0; n < n_lrs; n++) {
        uint32_t *set = ready != 0 ? &ready : &rest;
        unsigned intid = *set != 0 ? most_urgent(g, *set) : 32;
        lr_write(n, intid < 32 ? lr_make(g, intid) : 0);
        if (intid < 32) {
            *set &= ~(UINT32_C(1) << intid);
            g->in_lr |= UINT32_C(1) << intid;
        }
    }
    hcr |= ready != 0 ? HCR_NPIE | HCR_UIE : 0;
    hcr |= rest != 0 ? HCR_LRENPIE | HCR_TDIR : 0;
    wr(ICH_HCR_EL2, hcr);
    isb();
    g->flushed = true;
}

void vgic_sync(struct vgic *g)
{
    if (!g->flushed) {
        return;
    }
    uint32_t outside = g->active & ~g->in_lr;
    bool split = (rd(ICH_VMCR_EL2) & VMCR_VEOIM) != 0;
    for (uint64_t i = split ? 0 : HCR_EOICOUNT(rd(ICH_HCR_EL2)); i > 0 && outside != 0; i--) {
        outside &= ~(UINT32_C(1) << most_urgent(g, outside));
    }
    g->pending &= ~g->in_lr;
    g->active = outside;
    for (unsigned n = 0; n < n_lrs; n++) {
        uint64_t lr = lr_read(n);
        uint32_t bit = UINT32_C(1) << LR_INTID(lr);
        g->pending |= (lr & LR_PENDING) != 0 ? bit : 0;
        g->active |= (lr & LR_ACTIVE) != 0 ? bit : 0;
    }
    g->in_lr = 0;
    g->flushed = false;
    wr(ICH_HCR_EL2, 0); /* and with it the reasons of maintenance interrupts */
    isb();
}

/* ---- the vCPU's CPU interface ---- */
void vgic_reset(struct vgic *g)
{
    *g = (struct vgic){.group1 = UINT32_MAX, .enabled = 0xffff};
    for (unsigned n = 0; n < 32; n++) {
        g->priority[n] = 0xa0;
    }
}

void vgic_load(struct vgic *g)
{
    wr(ICH_VMCR_EL2, g->vmcr);
    wr(ICH_AP0R0_EL2, g->ap0r0);
    wr(ICH_AP1R0_EL2, g->ap1r0);
}

void vgic_put(struct vgic *g)
{
    vgic_sync(g);
    g->vmcr = rd(ICH_VMCR_EL2);
    g->ap0r0 = rd(ICH_AP0R0_EL2);
    g->ap1r0 = rd(ICH_AP1R0_EL2);
}

bool vgic_wakes(const struct vgic *g)
{
    return (g->pending & g->enabled & ~g->active) != 0;
}

/* ICC_SGI1R_EL1: who gets a software generated interrupt. One cluster, so Aff1 to Aff3 are 0. */
void vgic_sgi(struct vcpu *from, uint64_t sgi1r)
{
    bool all_but_self = (sgi1r & BIT(40)) != 0;
    uint32_t bit = UINT32_C(1) << FIELD(sgi1r, 24, 4);

    vgic_sync(&from->gic);
    for (unsigned n = 0; n < from->vm->n_vcpus; n++) {
        struct vcpu *v = &from->vm->vcpu[n];
        if (all_but_self ? v != from : (sgi1r >> n & 1) != 0) {
            v->gic.pending |= bit;
        }
    }
}

/* ICC_DIR_EL1. One for the virtual timer deactivates the physical interrupt too. */
void vgic_dir(struct vcpu *v, uint64_t intid)
{
    vgic_sync(&v->gic);
    if (intid < 32 && (v->gic.active >> intid & 1) != 0) {
        v->gic.active &= ~(UINT32_C(1) << intid);
        if (intid == PPI_VTIMER) {
            wr(ICC_DIR_EL1, PPI_VTIMER);
        }
    }
}

/* ---- GICR: the private interrupts, in words ---- */
static bool sgi_frame(struct vgic *g, uint64_t offset, bool write, uint64_t *value)
{
    uint32_t *bank = (offset & ~UINT64_C(0x80)) == GICR_ISENABLER0   ? &g->enabled
                     : (offset & ~UINT64_C(0x80)) == GICR_ISPENDR0   ? &g->pending
                     : (offset & ~UINT64_C(0x80)) == GICR_ISACTIVER0 ? &g->active
                                                                     : NULL;

    if (bank != NULL) {
        uint32_t bits = write ? (uint32_t)*value : 0;
        *bank = (offset & 0x80) != 0 ? *bank & ~bits : *bank | bits;
        if (NESTED && bank == &g->active && (bits >> PPI_VTIMER & 1) != 0) {
            write32(GICR_BASE + GICR_SGI + offset, 1 << PPI_VTIMER); /* it hands that one on */
        }
        *value = *bank;
    } else if (offset == GICR_IGROUPR0) {
        g->group1 = write ? (uint32_t)*value : g->group1;
        *value = g->group1;
    } else if (offset >= GICR_IPRIORITYR0 && offset < GICR_IPRIORITYR0 + 32) {
        uint32_t *word = (uint32_t *)&g->priority[(offset - GICR_IPRIORITYR0) & ~UINT64_C(3)];
        *word = write ? (uint32_t)*value & 0xf8f8f8f8 : *word;
        *value = *word;
    } else {
        *value = 0;
    }
    return true;
}

bool vgic_mmio(struct vcpu *v, uint64_t offset, bool write, uint64_t *value)
{
    unsigned n = offset / GICR_STRIDE;

    offset %= GICR_STRIDE;
    vgic_sync(&v->gic);
    if (n >= v->vm->n_vcpus) {
        return false;
    }
    if (offset >= GICR_SGI) {
        return sgi_frame(&v->vm->vcpu[n].gic, offset - GICR_SGI, write, value);
    }
    *value = 0;
    if (offset == GICR_TYPER) {
        *value = n << 8 | (n + 1 == v->vm->n_vcpus ? BIT(4) : 0);
    } else if (offset == GICR_TYPER + 4) {
        *value = n; /* affinity */
    }
    return true;
}

/* ---- a physical interrupt is there ---- */
static void maintenance(struct vgic *g)
{
    uint64_t misr = rd(ICH_MISR_EL2);

    for (unsigned n = 0; n < ARRAY_LEN(g->maintenance); n++) {
        g->maintenance[n] += misr >> n & 1;
    }
    vgic_sync(g);
}

unsigned irq_acknowledge(void)
{
    return rd(ICC_IAR1_EL1);
}

/* The virtual timer's stays active: the guest deactivates it. */
void irq_end(unsigned intid)
{
    if (intid == SPURIOUS) {
        return;
    }
    wr(ICC_EOIR1_EL1, intid);
    if (intid != PPI_VTIMER) {
        wr(ICC_DIR_EL1, intid);
    }
}

bool irq_taken(struct vcpu *v)
{
    unsigned intid = irq_acknowledge();
    bool stay = true;

    if (intid == PPI_MAINTENANCE && v != NULL) {
        maintenance(&v->gic);
    } else if (intid == PPI_VTIMER && v != NULL) {
        vgic_sync(&v->gic);
        v->gic.pending |= 1 << PPI_VTIMER;
    } else if (intid == PPI_EL2_TIMER) {
        slice_stop();
        stay = false;
    }
    irq_end(intid);
    return stay;
}

/* ---- a guest hypervisor's own list registers, as they are (nested.c) ---- */
void vgic_raw_load(const volatile uint64_t *lr, uint64_t hcr, uint64_t vmcr, uint64_t ap0r0,
                   uint64_t ap1r0)
{
    for (unsigned n = 0; n < n_lrs; n++) {
        lr_write(n, lr[n]);
    }
    wr(ICH_VMCR_EL2, vmcr);
    wr(ICH_AP0R0_EL2, ap0r0);
    wr(ICH_AP1R0_EL2, ap1r0);
    wr(ICH_HCR_EL2, hcr);
    isb();
}

/* Returns ICH_MISR_EL2. */
uint64_t vgic_raw_save(volatile uint64_t *lr, volatile uint64_t *hcr, volatile uint64_t *vmcr,
                       volatile uint64_t *ap0r0, volatile uint64_t *ap1r0)
{
    uint64_t misr = rd(ICH_MISR_EL2);

    for (unsigned n = 0; n < n_lrs; n++) {
        lr[n] = lr_read(n);
    }
    *hcr = rd(ICH_HCR_EL2);
    *vmcr = rd(ICH_VMCR_EL2);
    *ap0r0 = rd(ICH_AP0R0_EL2);
    *ap1r0 = rd(ICH_AP1R0_EL2);
    wr(ICH_HCR_EL2, 0);
    isb();
    return misr;
}

static bool hw_is_active(void)
{
    return (read32(GICR_BASE + GICR_SGI + GICR_ISACTIVER0) & 1 << PPI_VTIMER) != 0;
}

void vgic_hw_deactivated(struct vgic *g)
{
    if (!hw_is_active()) {
        g->active &= ~(UINT32_C(1) << PPI_VTIMER);
    }
}
