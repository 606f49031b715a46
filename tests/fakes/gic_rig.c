/* SPDX-License-Identifier: Apache-2.0 */
#include "fakes/gic_rig.h"

#include <glib.h>

#include "base/bits.h"
#include "fakes/unit.h"

static void lamp_sink(void *opaque, unsigned n, bool level)
{
    ((bool *)opaque)[n] = level;
}

static void wire(struct gic_rig *r, unsigned pe)
{
    for (unsigned out = 0; out < GIC_N_OUT; out++) {
        *gic_output(r->g, pe, (enum gic_out)out) =
            (struct irq_line){.sink = lamp_sink, .opaque = r->lamp[pe], .n = out};
    }
    for (unsigned n = 16; n < 32; n++) {
        gic_wire_ppi(r->g, pe, n, &r->ppi[pe][n]);
    }
    r->set[pe] = gic_cpuif_sysregs(r->g, pe);
}

struct gic_rig *gic_rig_new(const struct gic_cfg *cfg)
{
    struct gic_rig *r = g_new0(struct gic_rig, 1);
    GError *err = NULL;
    r->g = gic_new(cfg, "gic", &err);
    assert_non_null(r->g);
    r->n_pe = cfg->n_pe;
    for (unsigned n = 0; n < cfg->n_spi && n < ARRAY_LEN(r->spi); n++) {
        gic_wire_spi(r->g, 32 + n, &r->spi[n]);
    }
    device_reset(gic_device(r->g), RESET_COLD);
    for (unsigned pe = 0; pe < cfg->n_pe; pe++) {
        wire(r, pe);
        r->view[pe] = (struct pe_view){.pe = pe, .el3 = cfg->security};
        gic_rig_enter(r, pe, 1, false);
    }
    return r;
}

void gic_rig_free(struct gic_rig *r)
{
    gic_free(r->g);
    g_free(r);
}

void gic_rig_enter(struct gic_rig *r, unsigned pe, unsigned el, bool secure)
{
    struct pe_view *v = &r->view[pe];
    v->el = (uint8_t)el;
    v->pas = secure || el == 3 ? PAS_S : PAS_NS;
    v->scr_el3 = deposit64(v->scr_el3, 0, 1, !secure);
    gic_pe_state_changed(r->g, pe, v);
}

static const struct sysreg *find(struct gic_rig *r, unsigned pe, uint16_t enc)
{
    for (size_t i = 0; i < r->set[pe].n; i++) {
        if (r->set[pe].regs[i].enc == enc) {
            return &r->set[pe].regs[i];
        }
    }
    return NULL;
}

bool gic_rig_has(struct gic_rig *r, unsigned pe, uint16_t enc)
{
    return find(r, pe, enc) != NULL;
}

enum sr_verdict gic_rig_check(struct gic_rig *r, unsigned pe, uint16_t enc, bool write)
{
    const struct sysreg *s = find(r, pe, enc);
    if (s == NULL || r->view[pe].el < (write ? s->el_w : s->el_r)) {
        return SR_UNDEF;
    }
    return s->check != NULL ? s->check(r->set[pe].owner, &r->view[pe], s, write) : SR_OK;
}

uint64_t gic_rig_mrs(struct gic_rig *r, unsigned pe, uint16_t enc)
{
    assert_int_equal(gic_rig_check(r, pe, enc, false), SR_OK);
    const struct sysreg *s = find(r, pe, enc);
    return s->read(r->set[pe].owner, &r->view[pe], s);
}

void gic_rig_msr(struct gic_rig *r, unsigned pe, uint16_t enc, uint64_t v)
{
    assert_int_equal(gic_rig_check(r, pe, enc, true), SR_OK);
    const struct sysreg *s = find(r, pe, enc);
    s->write(r->set[pe].owner, &r->view[pe], s, v);
}

static struct bus_txn txn(struct gic_rig_mmio m, uint32_t off, unsigned size)
{
    return (struct bus_txn){
        .pa = {off},
        .size = (uint8_t)size,
        .attrs = {.requester_id = m.pe, .pas = m.ns ? PAS_NS : PAS_S},
    };
}

uint64_t gic_rig_read(struct gic_rig_mmio m, uint32_t off, unsigned size)
{
    struct bus_txn t = txn(m, off, size);
    assert_int_equal(device_access(m.dev, m.region, &t), BUS_OK);
    return t.data;
}

void gic_rig_write(struct gic_rig_mmio m, uint32_t off, unsigned size, uint64_t v)
{
    struct bus_txn t = txn(m, off, size);
    t.write = true;
    t.data = v;
    assert_int_equal(device_access(m.dev, m.region, &t), BUS_OK);
}

struct gic_rig_mmio gic_rig_dist(struct gic_rig *r, bool ns)
{
    return (struct gic_rig_mmio){.dev = gic_device(r->g), .ns = ns};
}

struct gic_rig_mmio gic_rig_redist(struct gic_rig *r, unsigned pe, bool ns)
{
    return (struct gic_rig_mmio){.dev = gic_redist_device(r->g, pe), .pe = pe, .ns = ns};
}

struct gic_rig_mmio gic_rig_frame(struct gic_rig *r, unsigned region, unsigned pe, bool ns)
{
    return (struct gic_rig_mmio){.dev = gic_device(r->g), .region = region, .pe = pe, .ns = ns};
}
