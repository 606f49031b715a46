/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers of the interrupt translation service. Arm IHI 0069H, 12.18 "ITS registers".
 *
 * One region of 128 KiB: control frame, translation frame. Commands run when GITS_CWRITER moves or
 * the ITS is enabled, all of them before the write returns. A command error has no effect and the
 * queue goes on; memory that does not answer stalls it (GITS_CREADR.Stalled), and
 * GITS_CWRITER.Retry tries again. All accesses are Non-secure.
 *
 * A write of GITS_TRANSLATER comes from the device that mem_attrs.requester_id names.
 * Left out: SEIS, GITS_UMSIR.
 */
#include <string.h>

#include "base/log.h"

#include "gic/its_internal.h"

#define TRANSLATER 0x10040U

enum { CTLR_ENABLED = 1U << 0 };
#define CTLR_QUIESCENT (1U << 31)

#define CBASER_VALID BIT(63)
#define CBASER_PA    mask64(12, 40)
/* Valid, InnerCache, OuterCache, Physical_Address, Shareability, Size */
#define CBASER_MASK                                                                                \
    (CBASER_VALID | mask64(59, 3) | mask64(53, 3) | CBASER_PA | mask64(10, 2) | 0xff)
#define QUEUE_OFFSET   UINT64_C(0xfffe0)
#define CWRITER_RETRY  BIT(0)
#define CREADR_STALLED BIT(0)

/* Valid, Indirect, InnerCache, OuterCache, Physical_Address, Shareability, Page_Size, Size */
#define BASER_MASK         (mask64(62, 2) | mask64(59, 3) | mask64(53, 3) | mask64(0, 48))
#define BASER_ENTRY(bytes) ((uint64_t)((bytes) - 1) << 48)
#define BASER_TYPE(n)      ((uint64_t)(n) << 56)

/* Physical LPIs; sizes less one of ITT entries, EventID, DeviceID, ICID (CIL); PTA = 0, HCC = 0. */
#define TYPER                                                                                      \
    (BIT(0) | (uint64_t)(ITS_ENTRY_BYTES - 1) << 4 | (uint64_t)(ITS_ID_BITS - 1) << 8 |            \
     (uint64_t)(ITS_ID_BITS - 1) << 13 | (uint64_t)(ITS_ID_BITS - 1) << 32 | BIT(36))
/* Virtual, VMOVP; GICv4.1: nID, VSGI, VMAPP, and SVPET: a vPE table for PEs with the same Aff3, as
 * GICR_TYPER.CommonLPIAff has it for LPIs. */
#define TYPER_V4   (BIT(1) | BIT(37))
#define TYPER_V4_1 (BIT(38) | BIT(39) | BIT(40) | UINT64_C(1) << 41)

/* Types of the tables; 0: there is none. */
static const uint8_t baser_type[ITS_N_BASER] = {
    [ITS_BASER_DEVICES] = 1,
    [ITS_BASER_COLLECTIONS] = 4,
    [ITS_BASER_VPES] = 2,
};

/* Is there a table n? */
static bool has_baser(const struct its *s, unsigned n)
{
    return baser_type[n] != 0 && (n != ITS_BASER_VPES || gic_has_vlpis(s->g));
}

static struct its *of(struct device *d)
{
    return (struct its *)d;
}

static uint64_t queue_bytes(const struct its *s)
{
    return (extract64(s->cbaser, 0, 8) + 1) * 4096;
}

/* ---- the command queue ---- */

static enum its_result run_next(struct its *s)
{
    uint64_t words[4];
    pa_t at = pa((s->cbaser & CBASER_PA) + (s->creadr & QUEUE_OFFSET));
    const uint8_t *p = gic_ram(s->g, at, sizeof(words), false);
    if (p == NULL) {
        return ITS_STALLED;
    }
    memcpy(words, p, sizeof(words)); /* little endian host */
    return its_command(s, words);
}

static void run_queue(struct its *s)
{
    if (!s->enabled || !(s->cbaser & CBASER_VALID) || (s->creadr & CREADR_STALLED)) {
        return;
    }
    uint64_t size = queue_bytes(s);
    /* The queue may have become smaller than where its ends were. */
    bool inside = s->creadr < size && (s->cwriter & QUEUE_OFFSET) < size;
    while (inside && s->creadr != (s->cwriter & QUEUE_OFFSET)) {
        if (run_next(s) == ITS_STALLED) {
            log_guest(s->dev.id, "a command or table is not in memory: the queue stalls");
            s->creadr |= CREADR_STALLED;
            break;
        }
        s->creadr = (s->creadr + ITS_CMD_BYTES) % size;
    }
    lpi_refresh(s->g);
}

/* ---- registers ---- */

static uint64_t read_ctlr(struct device *d, const struct reg_desc *r, unsigned idx,
                          const struct bus_txn *t)
{
    return of(d)->enabled ? CTLR_ENABLED : CTLR_QUIESCENT;
}

static void write_ctlr(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                       const struct bus_txn *t)
{
    of(d)->enabled = (v & CTLR_ENABLED) != 0;
    run_queue(of(d));
}

static uint64_t read_iidr(struct device *d, const struct reg_desc *r, unsigned idx,
                          const struct bus_txn *t)
{
    return GIC_IIDR;
}

static uint64_t read_typer(struct device *d, const struct reg_desc *r, unsigned idx,
                           const struct bus_txn *t)
{
    const struct gic *g = of(d)->g;
    return TYPER | (gic_has_vlpis(g) ? TYPER_V4 : 0) | (gic_is_v4p1(g) ? TYPER_V4_1 : 0);
}

/* Aff3 to Aff1 of the PEs that the vPE table is shared with. */
static uint64_t read_mpidr(struct device *d, const struct reg_desc *r, unsigned idx,
                           const struct bus_txn *t)
{
    const struct gic *g = of(d)->g;
    return gic_is_v4p1(g) ? g->pe[0].affinity & 0xffffff00 : 0;
}

/* Where tables and queue are may change only while the ITS is off. */
static bool may_move(const struct its *s, const struct reg_desc *r)
{
    if (s->enabled) {
        log_guest(s->dev.id, "%s written while GITS_CTLR.Enabled is 1", r->name);
    }
    return !s->enabled;
}

static void write_cbaser(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                         const struct bus_txn *t)
{
    struct its *s = of(d);
    if (may_move(s, r)) {
        s->cbaser = v & CBASER_MASK;
        s->creadr = 0;
    }
}

static void write_cwriter(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                          const struct bus_txn *t)
{
    struct its *s = of(d);
    if ((v & QUEUE_OFFSET) >= queue_bytes(s)) {
        log_guest(s->dev.id, "GITS_CWRITER %#llx is behind the queue", (unsigned long long)v);
        return;
    }
    s->cwriter = v & QUEUE_OFFSET;
    if (v & CWRITER_RETRY) {
        s->creadr &= ~CREADR_STALLED;
    }
    run_queue(s);
}

static uint64_t read_baser(struct device *d, const struct reg_desc *r, unsigned idx,
                           const struct bus_txn *t)
{
    const struct its *s = of(d);
    uint64_t fixed = BASER_TYPE(baser_type[idx]) | BASER_ENTRY(its_entry_bytes(s, idx));
    return has_baser(s, idx) ? s->baser[idx] | fixed : 0;
}

static void write_baser(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                        const struct bus_txn *t)
{
    if (has_baser(of(d), idx) && may_move(of(d), r)) {
        of(d)->baser[idx] = v & BASER_MASK;
    }
}

static uint64_t read_pidr(struct device *d, const struct reg_desc *r, unsigned idx,
                          const struct bus_txn *t)
{
    return gic_pidr(of(d)->g, 0x94, idx);
}

static void write_translater(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                             const struct bus_txn *t)
{
    gic_its_translate(of(d)->g, t->attrs.requester_id, (uint32_t)v);
}

/* clang-format off */
static const struct reg_desc its_regs[] = {
    {"GITS_CTLR",       0x00000, .size = 4, .flags = REGF_VIEW, .read = read_ctlr, .write = write_ctlr},
    {"GITS_IIDR",       0x00004, .size = 4, .flags = REGF_VIEW, .read = read_iidr},
    {"GITS_TYPER",      0x00008, .size = 8, .widths = W32 | W64, .flags = REGF_VIEW, .read = read_typer},
    {"GITS_MPAMIDR",    0x00010, .size = 4, .flags = REGF_VIEW},
    {"GITS_PARTIDR",    0x00014, .size = 4, .flags = REGF_VIEW},
    {"GITS_MPIDR",      0x00018, .size = 4, .flags = REGF_VIEW, .read = read_mpidr},
    {"GITS_STATUSR",    0x00040, .size = 4, .flags = REGF_VIEW},
    {"GITS_UMSIR",      0x00048, .size = 8, .widths = W32 | W64, .flags = REGF_VIEW},
    {"GITS_CBASER",     0x00080, .size = 8, .widths = W32 | W64, .flags = REGF_VIEW, ST(struct its, cbaser), .write = write_cbaser},
    {"GITS_CWRITER",    0x00088, .size = 8, .widths = W32 | W64, .flags = REGF_VIEW, ST(struct its, cwriter), .write = write_cwriter},
    {"GITS_CREADR",     0x00090, .size = 8, .widths = W32 | W64, .flags = REGF_VIEW, ST(struct its, creadr)},
    {"GITS_BASER",      0x00100, .count = ITS_N_BASER, .size = 8, .widths = W32 | W64, .flags = REGF_VIEW, ST_ARRAY(struct its, baser), .read = read_baser, .write = write_baser},
    {"GITS_PIDR",       0x0ffd0, .count = 12, .size = 4, .flags = REGF_VIEW, .read = read_pidr},
    {"GITS_TRANSLATER", TRANSLATER, .size = 4, .widths = W16 | W32, .flags = REGF_VIEW, .write = write_translater},
};

static const struct snap_field its_fields[] = {
    SNAP_FIELD(struct its, enabled),
    SNAP_FIELD(struct its, cbaser),
    SNAP_UPTO(struct its, cwriter, QUEUE_OFFSET),
    SNAP_UPTO(struct its, creadr, QUEUE_OFFSET | CREADR_STALLED),
    SNAP_ARRAY(struct its, baser, uint64_t),
};
/* clang-format on */
static const struct snap_desc its_snap = SNAP_DESC(1, its_fields);

static const struct reg_block its_regions[] = {
    {"its", 0x20000, its_regs, ARRAY_LEN(its_regs), false},
};

static void its_reset(struct device *d, enum reset_kind k)
{
    struct its *s = of(d);
    *s = (struct its){.dev = s->dev, .g = s->g};
}

/* What a register could not hold. */
static bool its_post_load(struct device *d, GError **err)
{
    const struct its *s = of(d);
    uint64_t odd = (s->cbaser & ~CBASER_MASK) | (s->cwriter & ~QUEUE_OFFSET) |
                   (s->creadr & ~(QUEUE_OFFSET | CREADR_STALLED));
    for (unsigned n = 0; n < ITS_N_BASER; n++) {
        odd |= s->baser[n] & (has_baser(s, n) ? ~BASER_MASK : UINT64_MAX);
    }
    return odd == 0 || fail(err, ERR_FILE, "ITS: registers with bits that are reserved");
}

static const struct device_ops its_ops = {
    .type = "gicv3-its",
    .state_size = sizeof(struct its),
    .regions = its_regions,
    .n_regions = ARRAY_LEN(its_regions),
    .reset = its_reset,
    .snap = &its_snap,
    .post_load = its_post_load,
};

struct device *its_new(struct gic *g, const char *id)
{
    struct device *d = device_new(&its_ops, id);
    of(d)->g = g;
    return d;
}

/* ---- GICv4.1: the frame of virtual SGIs ---- */

static void write_sgir(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                       const struct bus_txn *t)
{
    its_send_vsgi(of(of(d)->g->its), v);
}

/* clang-format off */
static const struct reg_desc sgi_regs[] = {
    {"GITS_SGIR", 0x0020, .size = 8, .flags = REGF_VIEW, .write = write_sgir},
};
/* clang-format on */

static const struct reg_block sgi_regions[] = {
    {"its-sgi", 0x10000, sgi_regs, ARRAY_LEN(sgi_regs), false},
};

static const struct device_ops sgi_ops = {
    .type = "gicv4-its-sgi",
    .state_size = sizeof(struct its),
    .regions = sgi_regions,
    .n_regions = ARRAY_LEN(sgi_regions),
};

struct device *its_sgi_new(struct gic *g, const char *id)
{
    struct device *d = device_new(&sgi_ops, id);
    of(d)->g = g;
    return d;
}

struct device *gic_its_sgi_device(struct gic *g)
{
    return g->its_sgi;
}

struct device *gic_its_device(struct gic *g)
{
    return g->its;
}

void gic_its_translate(struct gic *g, uint32_t device_id, uint32_t event_id)
{
    struct its *s = of(g->its);
    if (s->enabled && its_signal(s, device_id, event_id) != ITS_DONE) {
        log_guest(s->dev.id, "DeviceID %u, EventID %u leads nowhere", device_id, event_id);
    }
}
