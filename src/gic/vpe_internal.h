/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual PEs of GICv4: whose virtual LPIs and SGIs the hardware delivers. Arm IHI 0069H, 5.4
 * "vPE ..." and 6 "Virtual interrupt handling and prioritization".
 *
 * What is pending is in the vPE's virtual pending table in memory, always, so that there is nothing
 * to write back; the best pending interrupt of the vPE that a redistributor has scheduled is cached
 * in the form of a list register (struct gic_vlpis).
 */
#ifndef GIC_VPE_INTERNAL_H
#define GIC_VPE_INTERNAL_H

#include "gic/gic_internal.h"
#include "gic/tables_internal.h"

/* An entry of the vPE table. GICv4.0 has no config and no doorbell there. */
struct vpe {
    bool valid;
    uint16_t id;
    uint16_t pe;       /* RDbase */
    uint16_t doorbell; /* the default doorbell: an LPI, or INTID_SPURIOUS */
    uint8_t id_bits;   /* of INTIDs in the virtual pending table, at most 16 */
    uint64_t vpt;      /* the virtual pending table */
    uint64_t config;   /* the virtual configuration table */
};
#define VPE_MAX_WORDS 2U
static inline unsigned vpe_entry_words(const struct gic *g)
{
    return gic_is_v4p1(g) ? 2 : 1;
}
void vpe_pack(const struct vpe *v, uint64_t out[VPE_MAX_WORDS]);
/* Checked: the entry is the guest's memory. */
struct vpe vpe_unpack(const struct gic *g, uint16_t id, const uint64_t w[VPE_MAX_WORDS]);

/* A vLPI, or with GICv4.1 a vSGI. doorbell: GICv4.0's, of the event. No effect on an INTID that the
 * vPE has not. */
void vpe_set_pending(struct gic *g, const struct vpe *v, uint32_t intid, bool pending,
                     uint16_t doorbell);
bool vpe_is_pending(const struct gic *g, const struct vpe *v, uint32_t intid);
/* Bytes of its configuration table changed. */
void vpe_config_changed(struct gic *g, const struct vpe *v);

/* GICv4.1. config as a byte of a configuration table. */
void vpe_configure_sgi(struct gic *g, const struct vpe *v, unsigned intid, uint8_t config);
uint16_t vpe_pending_sgis(const struct gic *g, const struct vpe *v);
/* The vPE with that vPEID as redistributor p's GICR_VPROPBASER tells. */
bool vpe_of_redist(const struct gic_pe *p, uint16_t id, struct vpe *out);

/* GICR_VPENDBASER.Valid became 1; becomes 0: what is in the register then. */
void vpe_enter(struct gic_pe *p);
uint64_t vpe_leave(struct gic_pe *p, uint64_t written);

/* The direct interrupt has been acknowledged. */
void vpe_acknowledge(struct gic_pe *p);

/* GICR_VPROPBASER and GICR_VPENDBASER, what both versions have in one place. */
#define VBASER_VALID   BIT(63)
#define VPROPBASER_PA  mask64(12, 40)
#define VPENDBASER_PA  mask64(16, 36)
#define VPEND_DOORBELL BIT(62) /* GICv4.1 */
#define VPEND_LAST     BIT(61)
#define VPEND_GRP0_EN  BIT(59) /* GICv4.1, as the next one */
#define VPEND_GRP1_EN  BIT(58)

#endif
