/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of the ITS for virtual interrupts: GICv4.0 and, where it says so, GICv4.1. Arm IHI
 * 0069H, 5.3 "ITS commands". They take effect at once, so VSYNC has nothing to wait for. The ITS is
 * the only one: ITSList and Sequence Number of VMOVP mean nothing (GITS_TYPER.VMOVP = 1).
 */
#include "gic/its_internal.h"

/* ---- fields of commands ---- */

static uint16_t vpe_id(const uint64_t *w)
{
    return (uint16_t)extract64(w[1], 32, 16);
}

/* A doorbell is an LPI, or 1023 for none. */
static bool is_doorbell(uint32_t intid)
{
    return gic_is_lpi(intid) || intid == INTID_SPURIOUS;
}

/* ---- vPEs ---- */

/*
 * V = 0: what is pending is in the table already, so Alloc, which asks that it be written there,
 * changes nothing; nor does PTZ, which says that it has only zeros.
 */
static enum its_result cmd_vmapp(struct its *s, const uint64_t *w)
{
    uint64_t pe = its_rdbase(w[2]);
    uint32_t size = (uint32_t)extract64(w[3], 0, 5);
    uint32_t doorbell = gic_is_v4p1(s->g) ? (uint32_t)w[1] : INTID_SPURIOUS;
    struct vpe v = {
        .valid = its_word_valid(w),
        .id = vpe_id(w),
        .pe = (uint16_t)pe,
        .doorbell = (uint16_t)doorbell,
        .id_bits = (uint8_t)(size + 1),
        .vpt = w[3] & VPENDBASER_PA,
        .config = gic_is_v4p1(s->g) ? w[0] & VPENDBASER_PA : 0,
    };
    TRY(its_unless(v.valid && (pe >= s->g->cfg.n_pe || size >= GIC_INTID_BITS)));
    TRY(its_unless(v.valid && !is_doorbell(doorbell)));
    return its_put_vpe(s, &v);
}

/* GICv4.1, DB = 1: the default doorbell is this one, and moves along if it is pending. */
static enum its_result cmd_vmovp(struct its *s, const uint64_t *w)
{
    uint64_t pe = its_rdbase(w[2]);
    bool has_doorbell = gic_is_v4p1(s->g) && bit(w[2], 63);
    uint32_t doorbell = (uint32_t)w[3];
    struct vpe v;
    TRY(its_find_vpe(s, vpe_id(w), &v));
    TRY(its_unless(pe >= s->g->cfg.n_pe || (has_doorbell && !is_doorbell(doorbell))));
    struct gic_pe *from = &s->g->pe[v.pe];
    v.pe = (uint16_t)pe;
    if (has_doorbell) {
        v.doorbell = (uint16_t)doorbell;
        lpi_move(from, &s->g->pe[pe], doorbell);
    }
    return its_put_vpe(s, &v);
}

static enum its_result cmd_vinvall(struct its *s, const uint64_t *w)
{
    struct vpe v;
    TRY(its_find_vpe(s, vpe_id(w), &v));
    vpe_config_changed(s->g, &v);
    return ITS_DONE;
}

static enum its_result cmd_vsync(struct its *s, const uint64_t *w)
{
    return ITS_DONE;
}

/* The default doorbell's configuration changed. */
static enum its_result cmd_invdb(struct its *s, const uint64_t *w)
{
    struct vpe v;
    TRY(its_find_vpe(s, vpe_id(w), &v));
    lpi_config_changed(&s->g->pe[v.pe]);
    return ITS_DONE;
}

/* ---- virtual LPIs ---- */

/* GICv4.1 has no doorbells of single events (GITS_TYPER.nID = 1). */
static enum its_result map_event(struct its *s, const uint64_t *w, uint32_t intid)
{
    uint32_t doorbell = gic_is_v4p1(s->g) ? INTID_SPURIOUS : (uint32_t)(w[2] >> 32);
    struct its_event e = {
        .valid = true,
        .is_virtual = true,
        .icid = vpe_id(w),
        .intid = (uint16_t)intid,
        .doorbell = (uint16_t)doorbell,
    };
    struct its_device d;
    TRY(its_find_device(s, its_word_device(w), &d));
    TRY(its_unless(!gic_is_lpi(intid) || !is_doorbell(doorbell)));
    return its_put_event(s, &d, its_word_event(w), &e);
}

static enum its_result cmd_vmapti(struct its *s, const uint64_t *w)
{
    return map_event(s, w, (uint32_t)w[2]);
}

static enum its_result cmd_vmapi(struct its *s, const uint64_t *w)
{
    return map_event(s, w, its_word_event(w));
}

static enum its_result cmd_vmovi(struct its *s, const uint64_t *w)
{
    bool has_doorbell = !gic_is_v4p1(s->g) && bit(w[2], 0);
    uint32_t doorbell = (uint32_t)(w[2] >> 32);
    struct its_device d;
    struct its_event e;
    struct vpe from;
    struct vpe to;
    TRY(its_find_device(s, its_word_device(w), &d));
    TRY(its_get_event(s, &d, its_word_event(w), &e));
    TRY(its_unless(!e.valid || !e.is_virtual || (has_doorbell && !is_doorbell(doorbell))));
    TRY(its_find_vpe(s, e.icid, &from));
    TRY(its_find_vpe(s, vpe_id(w), &to));
    e.icid = to.id;
    e.doorbell = has_doorbell ? (uint16_t)doorbell : e.doorbell;
    TRY(its_put_event(s, &d, its_word_event(w), &e));
    if (from.vpt != to.vpt && vpe_is_pending(s->g, &from, e.intid)) {
        vpe_set_pending(s->g, &from, e.intid, false, INTID_SPURIOUS);
        vpe_set_pending(s->g, &to, e.intid, true, e.doorbell);
    }
    return ITS_DONE;
}

/* ---- virtual SGIs ---- */

/* Clear = 1: nothing but the pending state changes; 0: everything else. */
static enum its_result cmd_vsgi(struct its *s, const uint64_t *w)
{
    unsigned intid = (unsigned)extract64(w[0], 32, 4);
    bool enable = bit(w[0], 8);
    bool group1 = bit(w[0], 10);
    struct vpe v;
    TRY(its_find_vpe(s, vpe_id(w), &v));
    if (bit(w[0], 9)) {
        vpe_set_pending(s->g, &v, intid, false, INTID_SPURIOUS);
    } else {
        uint64_t prio = extract64(w[0], 20, 4) << 4;
        vpe_configure_sgi(
            s->g, &v, intid,
            (uint8_t)(prio | (group1 ? LPI_CFG_GROUP1 : 0) | (enable ? LPI_CFG_ENABLE : 0)));
    }
    return ITS_DONE;
}

void its_send_vsgi(struct its *s, uint64_t v)
{
    struct vpe to;
    if (s->enabled && its_find_vpe(s, (uint32_t)extract64(v, 32, 16), &to) == ITS_DONE) {
        vpe_set_pending(s->g, &to, (uint32_t)extract64(v, 0, 4), true, INTID_SPURIOUS);
    }
}

const struct its_command its_vcommands[] = {
    {"VMOVI", 0x21, false, cmd_vmovi}, {"VMOVP", 0x22, false, cmd_vmovp},
    {"VSGI", 0x23, true, cmd_vsgi},    {"VSYNC", 0x25, false, cmd_vsync},
    {"VMAPP", 0x29, false, cmd_vmapp}, {"VMAPTI", 0x2a, false, cmd_vmapti},
    {"VMAPI", 0x2b, false, cmd_vmapi}, {"VINVALL", 0x2d, false, cmd_vinvall},
    {"INVDB", 0x2e, true, cmd_invdb},
};
const size_t its_n_vcommands = ARRAY_LEN(its_vcommands);
