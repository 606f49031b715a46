/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interrupt controller as a board sees it: GICv2 (IHI 0048B), GICv3 or GICv4 (IHI 0069H).
 *
 * Life: gic_new (allocates everything, checks the configuration) -> the board fills the sinks of
 * gic_output(), wires devices with gic_wire_spi/ppi and maps the regions ->
 * device_reset(gic_device)
 * -> accesses -> gic_free.
 *
 * Regions. GICv2, device gic_device(): GICD, GICC, GICH, GICV; the registers of a PE are banked by
 * mem_attrs.requester_id. GICv3: gic_device() has GICD; each redistributor is a device of its own
 * with one region of 128 KiB, and so is the ITS. GICv4 is GICv3 and 128 KiB more behind each
 * redistributor, GICv4.1 also 64 KiB behind the ITS. System registers: gic_cpuif_sysregs().
 */
#ifndef GIC_GIC_H
#define GIC_GIC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "core/device.h"
#include "core/irq.h"
#include "core/sysreg.h"
#include "core/trace.h"

struct gic;

struct gic_cfg {
    unsigned version; /* 2, 3 or 4: what is said of v3 is true of v4 */
    unsigned minor;   /* v4: 1 is GICv4.1 */
    unsigned n_pe;    /* v2: at most 8 */
    unsigned n_spi;   /* multiple of 32, at most 960; INTIDs 32 to 31 + n_spi */
    unsigned n_espi;  /* v3: multiple of 32, at most 1024; INTIDs 4096 to 4095 + n_espi */
    unsigned n_eppi;  /* v3: 0, 32 or 64; INTIDs 1056 to 1055 + n_eppi */
    /* v3: redistributors in the first of two series of contiguous ones; 0: there is one series */
    unsigned n_first_redists;
    const uint64_t *mpidr; /* v3: MPIDR_EL1 of each PE; NULL: Aff0 = PE number */
    bool security;         /* two Security states (GICD_CTLR.DS = 0 at reset) */
    bool virtualization;   /* GICH/GICV or ICH_* and ICV_* */
    bool ns_boot;  /* reset as firmware leaves it for a Non-secure kernel: all in Group 1 NS */
    bool one_of_n; /* v3: 1-of-N routing of SPIs (GICD_TYPER.No1N = 0) */
    bool nmi;      /* v3: FEAT_GICv3_NMI; the PEs have FEAT_NMI */
    bool mbi;      /* v3: message-based SPIs (GICD_TYPER.MBIS) */
    unsigned n_lr; /* list registers; 0: 4 */
    unsigned n_prio_bits; /* physical priority bits; 0: 5 for v3, 8 for v2 */
    /* v3: Non-secure memory for LPIs and an ITS; NULL: neither (v4 must have both) */
    const struct bus_port *memory;
};

enum { /* regions of gic_device() */
       GIC_REGION_DIST = 0,
       GICV2_REGION_CPU = 1,
       GICV2_REGION_HYP = 2,
       GICV2_REGION_VCPU = 3,
};

/* The maintenance interrupt is a PPI of every PE; wired inside. */
#define GIC_MAINTENANCE_INTID 25U

/* NMI and VNMI: the IRQ, or the VIRQ, has superpriority; never without it. */
enum gic_out {
    GIC_OUT_IRQ,
    GIC_OUT_FIQ,
    GIC_OUT_VIRQ,
    GIC_OUT_VFIQ,
    GIC_OUT_NMI,
    GIC_OUT_VNMI,
    GIC_N_OUT,
};

struct gic *gic_new(const struct gic_cfg *cfg, const char *id, GError **err) NODISCARD;
void gic_free(struct gic *g);

struct device *gic_device(struct gic *g);
struct device *gic_redist_device(struct gic *g, unsigned pe); /* v3 only, else NULL */

/* v4, else NULL: one region of 128 KiB. */
struct device *gic_vlpi_device(struct gic *g, unsigned pe);

/* v3 with cfg.memory, else NULL: one region of 128 KiB. */
struct device *gic_its_device(struct gic *g);
/* v4.1, else NULL: one region of 64 KiB. */
struct device *gic_its_sgi_device(struct gic *g);
/* What a write of event_id to GITS_TRANSLATER by the device with that DeviceID does. */
void gic_its_translate(struct gic *g, uint32_t device_id, uint32_t event_id);

/* The line from the GIC to a PE: the board fills in sink, opaque and n. */
struct irq_line *gic_output(struct gic *g, unsigned pe, enum gic_out out);

/* Where what happens at a PE's interfaces is recorded; NULL: nowhere. */
void gic_set_trace(struct gic *g, unsigned pe, const struct trace_port *port);

/* Make a line drive an SPI, or a PPI of a PE, extended ones too. */
void gic_wire_spi(struct gic *g, unsigned intid, struct irq_line *line);
void gic_wire_ppi(struct gic *g, unsigned pe, unsigned intid, struct irq_line *line);

/* ICC_*, and with virtualization ICH_*: v3 only (v2: an empty set, the encodings are UNDEFINED). */
struct sysreg_set gic_cpuif_sysregs(struct gic *g, unsigned pe);

/*
 * With two Security states, which of IRQ and FIQ an interrupt asserts depends on the PE's Security
 * state and on EL3 (IHI 0069H, 4.6.2). Call after each change of those two; cheap, and not needed
 * when cfg.security is off.
 */
void gic_pe_state_changed(struct gic *g, unsigned pe, const struct pe_view *v);

/* A PE resets, and with it the CPU interface in it (v3); the other registers stay as they are. */
void gic_pe_reset(struct gic *g, unsigned pe);

#endif
