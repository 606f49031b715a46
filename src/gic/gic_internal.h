/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State of the interrupt controller and what its files call in each other. Flow of an interrupt:
 *
 *   line, register -> bank (pending.c: what is pending, the best one for each PE)
 *                  -> cpuif.c (masking, preemption, acknowledge) -> IRQ/FIQ of the PE
 *
 *   ITS command, device -> its_cmd.c (which LPI of which PE) -> lpi.c (pending, the best one)
 *                  -> pending.c, and on as above
 *
 *   list register  -> vcpuif.c -> VIRQ/VFIQ of the PE, maintenance interrupt -> a bank
 *
 *   v4: ITS command, device -> vpe.c (pending table of the vPE, the best one) -> vcpuif.c
 *
 * Both versions share banks, pending.c, cpuif.c and vcpuif.c; they differ in the register front
 * ends (gicd.c gicr.c icc.c ich.c icv.c for v3; gicv2_*.c for v2) and in where an SPI may go.
 */
#ifndef GIC_GIC_INTERNAL_H
#define GIC_GIC_INTERNAL_H

#include "base/bits.h"
#include "core/bus.h"
#include "gic/gic.h"
#include "gic/prio.h"

enum {
    INTID_SECURE = 1020,
    INTID_NONSECURE = 1021,
    INTID_V2_GROUP1 = 1022,
    INTID_NMI = 1022,
    INTID_SPURIOUS = 1023
};

#define GIC_IIDR        0x43bU /* implementer Arm; the product is IMPLEMENTATION DEFINED */
#define GIC_N_SGI       16U
#define GIC_N_PRIVATE   32U
#define GIC_MAX_BANKS   30U /* of SPIs */
#define GIC_MAX_SPI     (GIC_MAX_BANKS * 32U)
#define GIC_FIRST_EPPI  1056U
#define GIC_FIRST_ESPI  4096U
#define GIC_MAX_EPPI    64U
#define GIC_MAX_ESPI    1024U
#define GIC_MAX_SHARED  (GIC_MAX_SPI + GIC_MAX_ESPI)
#define GIC_MAX_LR      16U
#define GIC_V2_MAX_PE   8U
#define GIC_MAX_PE      512U
#define GIC_V_PRIO_BITS 5U /* virtual priority and preemption bits */
#define GIC_INTID_BITS  16U
#define GIC_FIRST_LPI   8192U
#define GIC_VPEID_BITS  16U
#define GIC_LPI_WORDS   ((1U << GIC_INTID_BITS) / 32)

/* Interrupt groups. GICv2 has G0 and G1 only: its Group 1 is GRP_1NS. */
enum gic_grp { GRP_0, GRP_1S, GRP_1NS, GRP_N };
#define GRP_BIT(g) (1U << (g))

static inline uint8_t gic_with_group(uint8_t groups, enum gic_grp grp, bool on)
{
    return (uint8_t)(on ? groups | GRP_BIT(grp) : groups & ~GRP_BIT(grp));
}

/* 32 interrupts: one PE's SGIs and PPIs, or 32 SPIs. Bit n is interrupt n of the bank. */
struct irq_bank {
    uint32_t enable;
    uint32_t latch; /* pending by an edge or by software */
    uint32_t level; /* the input line */
    /* Level of an SPI by messages: GICD_SETSPI, GICD_CLRSPI */
    uint32_t message;
    uint32_t edge; /* edge-triggered */
    uint32_t active;
    uint32_t group;    /* GICD_IGROUPR */
    uint32_t grpmod;   /* GICD_IGRPMODR */
    uint32_t nmi;      /* GICD_INMIR */
    uint32_t nsacr[2]; /* two bits each */
    uint8_t prio[32];
};

struct gic_cpuif {
    uint8_t pmr;
    uint8_t bpr[GRP_N];
    uint8_t grp_en;   /* GRP_BIT: groups enabled at the CPU interface */
    bool cbpr[GRP_N]; /* GRP_1S, GRP_1NS: the group uses bpr[GRP_0] */
    uint32_t apr[GRP_N][PRIO_N_APR];
    uint8_t nmi_active; /* GRP_BIT: ICC_AP1R0_EL1.NMI */
    /* EOImode of [GRP_0] EL3 (v3), [GRP_1S] Secure and [GRP_1NS] Non-secure state */
    bool eoi_split[GRP_N];
    /* v2 only */
    bool ack_ctl, fiq_en;
    uint16_t bypass; /* GICC_CTLR[8:5], no effect */
};

/* The virtual CPU interface. List registers and controls are kept in GICv3's layout. */
struct gic_vcpuif {
    uint32_t hcr, vmcr;
    uint32_t apr[2][PRIO_N_APR]; /* Group 0, Group 1; v2 uses [0] for both */
    bool nmi_active;             /* ICH_AP1R0_EL2.NMI */
    uint64_t lr[GIC_MAX_LR];
};

/* LPIs of a redistributor. */
struct gic_lpis {
    uint64_t propbaser, pendbaser;
    bool enabled;          /* GICR_CTLR.EnableLPIs */
    bool ptz;              /* GICR_PENDBASER.PTZ as written: the table is all zero */
    bool stale;            /* best is to be found again: lpi_refresh */
    struct prio_pick best; /* of those that are pending and enabled */
    uint32_t n_pending;
    uint32_t pending[GIC_LPI_WORDS]; /* bit n of word w: INTID 32 * w + n */
};

/* GICv4: of a redistributor, for the vPE that it has scheduled. */
struct gic_vlpis {
    uint64_t vpropbaser, vpendbaser;
    uint16_t vsgis;  /* GICR_VSGIPENDR */
    uint64_t direct; /* the best vLPI or vSGI, as a list register; 0: none */
    /* Bit n: nothing is pending in doubleword n of its pending table. 0: not known. */
    uint64_t empty[GIC_LPI_WORDS / 2 / 64];
};

struct gic_pe {
    struct gic *g;
    unsigned n;
    uint32_t affinity; /* Aff3.Aff2.Aff1.Aff0 */
    struct irq_bank priv;
    struct irq_bank eppi[GIC_MAX_EPPI / 32];
    uint8_t sgi_source[GIC_N_SGI]; /* v2: PEs with the SGI pending here; bank.latch is their or */
    uint32_t routed[GIC_MAX_SHARED / 32]; /* SPIs that may be delivered here */
    uint8_t grp_en;      /* groups enabled at distributor, CPU interface and awake */
    bool asleep;         /* GICR_WAKER */
    uint8_t dpg;         /* GICR_CTLR.DPG*: GRP_BIT, not for 1-of-N */
    bool secure, at_el3; /* from gic_pe_state_changed */
    enum gic_grp best_grp;
    struct prio_pick best; /* highest priority pending interrupt of an enabled group */
    struct gic_cpuif cpu;
    struct gic_vcpuif v;
    struct irq_line out[GIC_N_OUT];
    struct device *redist;
    struct gic_lpis *lpi;   /* NULL: there are none */
    struct gic_vlpis *vlpi; /* NULL: before GICv4 */
    struct device *vlpi_frame;
    const struct trace_port *trace; /* NULL: nobody listens */
};

struct gic {
    struct device dev;
    struct gic_cfg cfg;
    unsigned n_banks; /* of SPIs, without extended ones */
    unsigned n_pre_bits;
    bool needs_rss;                           /* some Aff0 is above 15 */
    uint8_t prio_mask;                        /* implemented priority bits */
    uint32_t ctlr;                            /* GICD_CTLR without the parts below */
    bool ds;                                  /* one Security state */
    uint8_t grp_en;                           /* GICD_CTLR.EnableGrp*: GRP_BIT */
    uint64_t spi_live;                        /* banks with a pending, enabled, inactive SPI */
    struct irq_bank spi[GIC_MAX_SHARED / 32]; /* SPIs, then extended ones */
    uint64_t irouter[GIC_MAX_SPI];
    uint64_t irouter_e[GIC_MAX_ESPI];
    uint8_t target[GIC_MAX_SPI]; /* v2: GICD_ITARGETSR */
    struct gic_pe *pe;
    struct sysreg *sysregs; /* those of icc.c and ich.c that this configuration has */
    size_t n_sysregs;
    struct bus_port memory; /* tables of LPIs and of the ITS */
    struct device *its;     /* NULL: none, and no LPIs */
    struct device *its_sgi; /* GICv4.1: the frame with GITS_SGIR */
};

/* A redistributor's MMIO frame. */
struct gicr {
    struct device dev;
    struct gic_pe *p;
};

static inline bool gic_is_v2(const struct gic *g)
{
    return g->cfg.version == 2;
}

/* GICv4.0 has virtual LPIs, GICv4.1 virtual SGIs too. */
static inline bool gic_has_vlpis(const struct gic *g)
{
    return g->cfg.version == 4;
}

static inline bool gic_is_v4p1(const struct gic *g)
{
    return g->cfg.version == 4 && g->cfg.minor == 1;
}

/*
 * Numbers of banks: 0 has SGIs and PPIs, then come those of struct gic's spi, then extended PPIs.
 * An interrupt is bit intid % 32 of its bank.
 */
enum { GIC_BANK_ESPI = 1 + GIC_MAX_SPI / 32, GIC_BANK_EPPI = 1 + GIC_MAX_SHARED / 32 };
static inline bool gic_bank_is_private(unsigned bank)
{
    return bank == 0 || bank >= GIC_BANK_EPPI;
}

static inline unsigned gic_bank_number(unsigned intid)
{
    return intid >= GIC_FIRST_ESPI   ? GIC_BANK_ESPI + (intid - GIC_FIRST_ESPI) / 32
           : intid >= GIC_FIRST_EPPI ? GIC_BANK_EPPI + (intid - GIC_FIRST_EPPI) / 32
                                     : intid / 32;
}

static inline unsigned gic_bank_intid(unsigned bank)
{
    return bank >= GIC_BANK_EPPI   ? GIC_FIRST_EPPI + 32 * (bank - GIC_BANK_EPPI)
           : bank >= GIC_BANK_ESPI ? GIC_FIRST_ESPI + 32 * (bank - GIC_BANK_ESPI)
                                   : 32 * bank;
}

static inline bool gic_has_bank(const struct gic *g, unsigned bank)
{
    return bank >= GIC_BANK_EPPI   ? bank - GIC_BANK_EPPI < g->cfg.n_eppi / 32
           : bank >= GIC_BANK_ESPI ? bank - GIC_BANK_ESPI < g->cfg.n_espi / 32
                                   : bank <= g->n_banks;
}

static inline bool gic_intid_valid(const struct gic *g, uint32_t intid)
{
    return intid >= GIC_FIRST_ESPI   ? intid - GIC_FIRST_ESPI < g->cfg.n_espi
           : intid >= GIC_FIRST_EPPI ? intid - GIC_FIRST_EPPI < g->cfg.n_eppi
                                     : intid < GIC_N_PRIVATE + g->cfg.n_spi;
}

/* INTIDs from 1024 to 8191 (ICC_CTLR_ELx.ExtRange). */
static inline bool gic_has_extended(const struct gic *g)
{
    return g->cfg.n_espi != 0 || g->cfg.n_eppi != 0;
}

/* GICD_IROUTER of SPI n (0: INTID 32, GIC_MAX_SPI: INTID 4096). */
static inline uint64_t *gic_irouter(struct gic *g, unsigned spi)
{
    return spi < GIC_MAX_SPI ? &g->irouter[spi] : &g->irouter_e[spi - GIC_MAX_SPI];
}

/* GICD_CTLR.nASSGIreq, GICv4.1: SGIs have no active state. */
#define GICD_CTLR_NASSGIREQ (1U << 8)
static inline bool gic_lacks_active(const struct gic *g, uint32_t intid)
{
    return intid < GIC_N_SGI && (g->ctlr & GICD_CTLR_NASSGIREQ) != 0;
}

/* PRIO_NONE is none. */
static inline bool gic_is_lpi(uint32_t intid)
{
    return intid >= GIC_FIRST_LPI && intid < UINT32_C(1) << GIC_INTID_BITS;
}

/* len bytes of a table; NULL: not in RAM, and so not reached. */
static inline uint8_t *gic_ram(const struct gic *g, pa_t at, size_t len, bool write)
{
    return g->memory.span(g->memory.opaque, at, len, write);
}

/* A bank that exists as PE p sees it. */
static inline struct irq_bank *gic_bank_at(struct gic_pe *p, unsigned bank)
{
    if (bank == 0) {
        return &p->priv;
    }
    return bank < GIC_BANK_EPPI ? &p->g->spi[bank - 1] : &p->eppi[bank - GIC_BANK_EPPI];
}

/* The bank of a valid INTID. */
static inline struct irq_bank *gic_bank(struct gic_pe *p, unsigned intid)
{
    return gic_bank_at(p, gic_bank_number(intid));
}

static inline bool gic_txn_is_ns(const struct bus_txn *t)
{
    return t->attrs.pas == PAS_NS || t->attrs.pas == PAS_REALM;
}

/* A Non-secure access while there are two Security states: it sees its own interrupts only. */
static inline bool gic_txn_restricted(const struct gic *g, const struct bus_txn *t)
{
    return g->cfg.security && !g->ds && gic_txn_is_ns(t);
}

/* The bytes that t writes of a register of 64 bits, over the others of old. */
static inline uint64_t gic_merged(const struct bus_txn *t, uint64_t old, uint64_t v)
{
    uint64_t bytes = mask64(8 * (t->pa.v & 7), 8U * t->size);
    return (old & ~bytes) | (v & bytes);
}

/* The PE whose banked registers a GICv2 access means; strangers get PE 0's. */
static inline struct gic_pe *gic_txn_pe(struct gic *g, const struct bus_txn *t)
{
    return &g->pe[t->attrs.requester_id < g->cfg.n_pe ? t->attrs.requester_id : 0];
}

/* CoreSight identification, from offset 0xffd0: GIC-500 numbers, architecture version in PIDR2. */
static inline uint8_t gic_pidr(const struct gic *g, uint8_t part, unsigned idx)
{
    const uint8_t id[] = {0x44, 0,    0,    0,    part, 0xb4, g->cfg.version == 4 ? 0x4b : 0x3b,
                          0,    0x0d, 0xf0, 0x05, 0xb1};
    return id[idx];
}

/* ---- pending.c ---- */
enum gic_grp pending_group(const struct gic *g, const struct irq_bank *b, unsigned n);
/* The non-maskable ones of a bank, and the priority that they have in a group. */
uint32_t pending_nmis(const struct gic *g, const struct irq_bank *b);
uint8_t pending_nmi_prio(const struct gic *g, enum gic_grp grp);
static inline uint32_t pending_bits(const struct irq_bank *b)
{
    return b->latch | ((b->level | b->message) & ~b->edge);
}
void pending_input(struct gic_pe *p, unsigned intid, bool level);
/* After any change of one interrupt's state. p: the PE of a private one, any PE for an SPI. */
void pending_irq_changed(struct gic_pe *p, unsigned intid);
/* After a change of a whole bank. */
void pending_bank_changed(struct gic_pe *p, unsigned bank);
/* After a change of group enables, of DS, of sleep. */
void pending_enables_changed(struct gic *g);
void pending_pe_changed(struct gic_pe *p);
/* After p->lpi->best changed. */
void pending_lpis_changed(struct gic_pe *p);
/* A message to a valid SPI. */
void pending_message(struct gic_pe *p, unsigned intid, bool set);
/* After a change of what decides where SPI n (0: INTID 32) goes, or all of them. Does not rescan.
 */
void pending_route_spi(struct gic *g, unsigned spi);
void pending_route_all(struct gic *g);

/* ---- cpuif.c: the physical CPU interface ---- */
/* Recompute IRQ and FIQ. */
void cpuif_update(struct gic_pe *p);
uint8_t cpuif_running_prio(const struct gic_pe *p);
/* The group of the highest active priority; GRP_N: none active. */
enum gic_grp cpuif_active_group(const struct gic_pe *p);
bool cpuif_best_is_sufficient(const struct gic_pe *p);
/* Make the best pending interrupt active; the caller has checked that it may be. */
void cpuif_activate_best(struct gic_pe *p);
void cpuif_drop_prio(struct gic_pe *p, enum gic_grp grp);
void cpuif_deactivate(struct gic_pe *p, unsigned intid);
/* Binary point minima: Group 0 and Secure Group 1, Non-secure Group 1. */
uint8_t cpuif_min_bpr(const struct gic *g, enum gic_grp grp);
void cpuif_reset(struct gic_pe *p);

/* ---- lpi.c ---- */
/* A byte of a configuration table, physical or virtual (bit 1: virtual SGIs only). */
enum { LPI_CFG_ENABLE = 1 << 0, LPI_CFG_GROUP1 = 1 << 1 };
/* No effect while LPIs are disabled, and for an INTID that is not one of p's LPIs. */
void lpi_set_pending(struct gic_pe *p, uint32_t intid, bool pending);
/* Not pending any more. This and the next four count after lpi_refresh: one search of what is best
 * for a whole queue of commands. */
void lpi_clear(struct gic_pe *p, uint32_t intid);
/* Take the pending state along. */
void lpi_move(struct gic_pe *from, struct gic_pe *to, uint32_t intid);
void lpi_move_all(struct gic_pe *from, struct gic_pe *to);
void lpi_config_changed(struct gic_pe *p);
void lpi_all_stale(struct gic *g);
void lpi_refresh(struct gic *g);
void lpi_enable(struct gic_pe *p, bool on);
void lpi_reset(struct gic_pe *p);
bool lpi_post_load(struct gic_pe *p);
uint64_t lpi_read_propbaser(const struct gic_pe *p);
void lpi_write_propbaser(struct gic_pe *p, uint64_t v, const struct bus_txn *t);
uint64_t lpi_read_pendbaser(const struct gic_pe *p);
void lpi_write_pendbaser(struct gic_pe *p, uint64_t v, const struct bus_txn *t);

/* ---- its.c ---- */
struct device *its_new(struct gic *g, const char *id);
struct device *its_sgi_new(struct gic *g, const char *id);

/* ---- sgi.c: ICC_SGI*R_EL1 ---- */
void sgi_send_affinity(struct gic_pe *from, uint64_t v, enum gic_grp grp, bool ns);

/* ---- vcpuif.c: the virtual CPU interface, both versions ---- */
enum vgrp { VGRP_0, VGRP_1 };
/* ICH_LR<n>_EL2 (IHI 0069H, 12.4) */
#define LR_EOI     BIT(41)
#define LR_NMI     BIT(59)
#define LR_HW      BIT(61)
#define LR_PENDING BIT(62)
#define LR_ACTIVE  BIT(63)
#define LR_STATE   (LR_PENDING | LR_ACTIVE)
static inline uint32_t lr_vintid(uint64_t lr)
{
    return (uint32_t)lr;
}

static inline unsigned lr_pintid(uint64_t lr)
{
    return (unsigned)extract64(lr, 32, 13);
}

static inline enum vgrp lr_group(uint64_t lr)
{
    return bit(lr, 60) ? VGRP_1 : VGRP_0;
}

static inline bool lr_nmi(uint64_t lr)
{
    return (lr & LR_NMI) != 0 && lr_group(lr) == VGRP_1;
}

/* The Priority field is RES0 where NMI is set. */
static inline uint8_t lr_prio(uint64_t lr)
{
    return lr_nmi(lr) ? 0 : (uint8_t)extract64(lr, 48, 8);
}

/* ICC_CTLR_EL1 and ICV_CTLR_EL1, ICC_RPR_EL1 and ICV_RPR_EL1 */
enum {
    ICC_CTLR_CBPR = 1 << 0,
    ICC_CTLR_EOIMODE = 1 << 1,
    ICC_CTLR_PRIBITS_LO = 8,
    ICC_CTLR_IDBITS_24 = 1 << 11,
    ICC_CTLR_A3V = 1 << 15,
    ICC_CTLR_RSS = 1 << 18,
    ICC_CTLR_EXT_RANGE = 1 << 19
};
#define ICC_RPR_NMI    BIT(63)
#define ICC_RPR_NMI_NS BIT(62)

/* ICH_HCR_EL2, GICH_HCR */
enum {
    HCR_EN = 1 << 0,
    HCR_UIE = 1 << 1,
    HCR_LRENPIE = 1 << 2,
    HCR_NPIE = 1 << 3,
    HCR_VGRP0EIE = 1 << 4,
    HCR_VGRP0DIE = 1 << 5,
    HCR_VGRP1EIE = 1 << 6,
    HCR_VGRP1DIE = 1 << 7,
    HCR_VSGIEOICOUNT = 1 << 8, /* GICv4.1, as DVIM */
    HCR_TC = 1 << 10,
    HCR_TALL0 = 1 << 11,
    HCR_TALL1 = 1 << 12,
    HCR_TSEI = 1 << 13,
    HCR_TDIR = 1 << 14,
    HCR_DVIM = 1 << 15,
};
#define HCR_EOICOUNT_LO 27
/* ICH_VMCR_EL2, GICH_VMCR */
enum {
    VMCR_VENG0 = 1 << 0,
    VMCR_VENG1 = 1 << 1,
    VMCR_ACKCTL = 1 << 2,
    VMCR_FIQEN = 1 << 3,
    VMCR_CBPR = 1 << 4,
    VMCR_EOIM = 1 << 9
};
#define VMCR_BPR1_LO 18
#define VMCR_BPR0_LO 21
#define VMCR_PMR_LO  24

/* In place of the number of a list register: the vLPI or vSGI that vpe.c found. */
#define VCPUIF_DIRECT ((int)GIC_MAX_LR)
static inline uint64_t vcpuif_lr(const struct gic_pe *p, int n)
{
    return n == VCPUIF_DIRECT ? p->vlpi->direct : p->v.lr[n];
}

void vcpuif_update(struct gic_pe *p);
void vcpuif_reset(struct gic_pe *p);
uint8_t vcpuif_running_prio(const struct gic_pe *p);
/* ICH_AP0R<n>_EL2, ICH_AP1R<n>_EL2 */
uint64_t vcpuif_read_apr(const struct gic_pe *p, enum vgrp grp, unsigned n);
void vcpuif_write_apr(struct gic_pe *p, enum vgrp grp, unsigned n, uint64_t v);
/* The list register with the highest priority pending interrupt of an enabled group, VCPUIF_DIRECT,
 * or -1. */
int vcpuif_best(const struct gic_pe *p);
bool vcpuif_is_sufficient(const struct gic_pe *p, int lr);
void vcpuif_activate(struct gic_pe *p, int n);
/* The list register that holds an active interrupt, or -1. */
int vcpuif_find_active(const struct gic_pe *p, uint32_t vintid, uint32_t source);
void vcpuif_deactivate(struct gic_pe *p, int n);
void vcpuif_count_eoi(struct gic_pe *p);
uint8_t vcpuif_group_mask(const struct gic_pe *p, enum vgrp grp);
uint32_t vcpuif_misr(const struct gic_pe *p);
uint32_t vcpuif_eisr(const struct gic_pe *p);
uint32_t vcpuif_elrsr(const struct gic_pe *p);
void vcpuif_write_hcr(struct gic_pe *p, uint32_t v, uint32_t mask);
void vcpuif_write_vmcr(struct gic_pe *p, uint32_t v);
void vcpuif_write_lr(struct gic_pe *p, unsigned n, uint64_t v);
/* Fields of VMCR with the constraints on binary points applied. */
unsigned vcpuif_bpr(const struct gic_pe *p, enum vgrp grp);
void vcpuif_set_bpr(struct gic_pe *p, enum vgrp grp, unsigned v);

/* ---- irqregs.c: registers with a field per interrupt, in any frame ---- */
struct irqregs_port {
    struct gic_pe *p;  /* whose private banks */
    bool priv, shared; /* banks that this frame shows */
    bool ns;           /* a Non-secure access, two Security states */
};
/* Interrupts of bank b that the access may touch: its own group's, or those that GICD_NSACR opens
 * at this level. */
enum { NSACR_NONE = 4, NSACR_SET = 1, NSACR_CLEAR = 2, NSACR_TARGET = 3 };
uint32_t irqregs_visible(const struct irq_bank *b, bool ns, unsigned nsacr_level);
/* true: the offset is one of these registers and t has been answered. */
bool irqregs_access(const struct irqregs_port *port, struct bus_txn *t);

/* ---- register front ends ---- */
extern const struct device_ops gicv3_dist_ops, gicv3_redist_ops, gicv4_vlpi_ops, gicv2_ops;
void gicr_reset(struct gic_pe *p);
void gicr_v4_reset(struct gic_pe *p);
bool gicr_v4_post_load(const struct gic_pe *p);
/* icc.c, ich.c: the owner of each register is a struct gic_pe. sub: see ICC_SUB below. */
extern const struct sysreg icc_sysregs[], ich_sysregs[];
extern const size_t icc_n_sysregs, ich_n_sysregs;
/* sysreg.sub: which group's controls govern a register, and its index in an array of them. */
enum {
    SUB_G0 = 1,
    SUB_G1 = 2,
    SUB_BOTH = 3,
    SUB_DIR = 4,
    SUB_SGI = 8,
    SUB_APR = 16,
    SUB_LR = 32,
    SUB_NMI = 64
};
#define SUB_N(n)     ((n) << 8)
#define SUB_INDEX(r) ((unsigned)(r)->sub >> 8)
/* APxR0 of Group 1, IAR and NMIAR of both interfaces */
#define AP1R0_NMI BIT(63)
/*
 * IAR1 and NMIAR1 share the interrupts out between them once SCTLR_ELx.NMI is 1. What a read of the
 * register that an interrupt is not for answers; 0: it is for this one.
 */
static inline uint32_t icc_not_here(const struct pe_view *v, const struct sysreg *r, bool nmi)
{
    if (r->sub & SUB_NMI) {
        return nmi ? 0 : INTID_SPURIOUS;
    }
    return nmi && v->nmi ? INTID_NMI : 0;
}
/* icv.c: what ICC_* mean at EL1 when HCR_EL2.{IMO,FMO} say so. */
uint64_t icv_read_iar(struct gic_pe *p, const struct pe_view *v, const struct sysreg *r);
uint64_t icv_read_hppir(struct gic_pe *p, enum vgrp grp);
void icv_write_eoir(struct gic_pe *p, enum vgrp grp, uint64_t v);
void icv_write_dir(struct gic_pe *p, uint64_t v);
uint64_t icv_read_bpr(struct gic_pe *p, enum vgrp grp);
void icv_write_bpr(struct gic_pe *p, enum vgrp grp, uint64_t v);
uint64_t icv_read_ctlr(struct gic_pe *p);
void icv_write_ctlr(struct gic_pe *p, uint64_t v);
uint64_t icv_read_pmr(struct gic_pe *p);
void icv_write_pmr(struct gic_pe *p, uint64_t v);
uint64_t icv_read_rpr(struct gic_pe *p);
uint64_t icv_read_igrpen(struct gic_pe *p, enum vgrp grp);
void icv_write_igrpen(struct gic_pe *p, enum vgrp grp, uint64_t v);
/* gicv2_*.c */
enum bus_result gicv2_dist_access(struct gic *g, struct bus_txn *t);
enum bus_result gicv2_cpu_access(struct gic *g, struct bus_txn *t);
enum bus_result gicv2_hyp_access(struct gic *g, struct bus_txn *t);
enum bus_result gicv2_vcpu_access(struct gic *g, struct bus_txn *t);

/* ---- gic.c: device hooks of both versions ---- */
void gic_reset(struct device *d, enum reset_kind k);
void gic_finalize(struct device *d);
/* gic_snap.c */
extern const struct snap_desc gic_snap;
void gic_snap_parts(struct device *d, struct snap *s);
bool gic_post_load(struct device *d, GError **err);

#endif
