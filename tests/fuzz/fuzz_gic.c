/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any sequence of MMIO accesses, system-register accesses, line changes and time, on GICv2 and v3
 * with timers wired to it. No crash, and what is cached is what a recomputation gives.
 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "devices/gtimer.h"
#include "gic/gic.h"

#include "gic/gic_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define N_PE 3

struct op {
    uint8_t kind, pe, size, flags;
    uint32_t where;
    uint64_t value;
};

struct bench {
    struct gic *g;
    struct evq *q;
    struct gtimer *t;
    struct irq_line spi[32];
    struct pe_view view[N_PE];
};

static void lamp(void *opaque, unsigned n, bool level) {}

static struct bench *bench_new(uint8_t config)
{
    static const uint8_t ppi[GTIMER_N] = {30, 27, 26, 29, 28, 20, 19};
    struct bench *b = g_new0(struct bench, 1);
    bool extended = (config & 0x81) == 0x80;
    struct gic_cfg cfg = {.version = config & 1 ? 2 : 3,
                          .n_pe = N_PE,
                          .n_spi = 96,
                          .n_espi = extended ? 64 : 0,
                          .n_eppi = extended ? 64 : 0,
                          .mbi = extended,
                          .security = config & 2,
                          .virtualization = config & 4,
                          .ns_boot = config & 8,
                          .one_of_n = config & 16,
                          .nmi = (config & 0x61) == 0x40,
                          .n_prio_bits = config & 32 ? 4 + (config >> 6) : 0};
    struct gtimer_cfg tcfg = {N_PE, 62500000, true, true, true, true, true};
    b->q = evq_new();
    b->g = gic_new(&cfg, "gic", NULL);
    b->t = gtimer_new(&tcfg, b->q, NULL);
    for (unsigned n = 0; n < G_N_ELEMENTS(b->spi); n++) {
        gic_wire_spi(b->g, 32 + 3 * n, &b->spi[n]);
    }
    for (unsigned pe = 0; pe < N_PE; pe++) {
        for (unsigned i = 0; i < GTIMER_N; i++) {
            gic_wire_ppi(b->g, pe, ppi[i], gtimer_output(b->t, pe, (enum gtimer_id)i));
        }
        for (unsigned i = 0; i < GIC_N_OUT; i++) {
            gic_output(b->g, pe, (enum gic_out)i)->sink = lamp;
        }
        b->view[pe] = (struct pe_view){.pe = pe, .el = 3, .el2_enabled = true, .el3 = true};
    }
    device_reset(gic_device(b->g), RESET_COLD);
    return b;
}

static void mmio(struct bench *b, const struct op *o)
{
    struct device *d = gic_device(b->g);
    unsigned n_regions = o->flags & 1 || !gic_redist_device(b->g, 0) ? d->ops->n_regions : 0;
    unsigned region = n_regions != 0 ? o->kind % n_regions : 0;
    if (n_regions == 0) {
        d = gic_redist_device(b->g, o->pe % N_PE);
    }
    struct bus_txn t = {
        .pa = {o->where % d->ops->regions[region].size},
        .data = o->value,
        .size = (uint8_t)(1U << (o->size & 3)),
        .write = o->flags & 2,
        .debug = (o->flags & 0x70) == 0x70,
        .attrs = {.requester_id = o->pe, .pas = o->flags & 4 ? PAS_S : PAS_NS},
    };
    if (t.pa.v + t.size <= d->ops->regions[region].size) {
        (void)!device_access(d, region, &t);
    }
}

static void sysreg(struct bench *b, const struct op *o)
{
    unsigned pe = o->pe % N_PE;
    struct sysreg_set s = o->flags & 1 ? gic_cpuif_sysregs(b->g, pe) : gtimer_sysregs(b->t, pe);
    if (s.n == 0) {
        return;
    }
    const struct sysreg *r = &s.regs[o->where % s.n];
    bool write = o->flags & 2;
    struct pe_view *v = &b->view[pe];
    bool allowed = v->el >= (write ? r->el_w : r->el_r) &&
                   (r->check == NULL || r->check(s.owner, v, r, write) == SR_OK);
    if (allowed && write) {
        r->write(s.owner, v, r, o->value);
    } else if (allowed) {
        r->read(s.owner, v, r);
    }
}

static void change_state(struct bench *b, const struct op *o)
{
    struct pe_view *v = &b->view[o->pe % N_PE];
    v->el = o->flags & 3;
    v->pas = v->el == 3 || o->flags & 4 ? PAS_S : PAS_NS;
    v->el3 = b->g->cfg.security;
    v->el2_enabled = v->pas == PAS_NS || o->flags & 8;
    v->nmi = o->flags & 16;
    v->hcr_el2 = o->value;
    v->scr_el3 = (uint64_t)o->where << 1 | (v->pas == PAS_NS);
    gic_pe_state_changed(b->g, v->pe, v);
    gtimer_pe_state_changed(b->t, v->pe, v);
    (void)gtimer_next_event(b->t, v->pe, v);
    (void)gtimer_tick_of_cntvct(b->t, v->pe, v, o->value);
}

static void check(struct bench *b)
{
    struct prio_pick best[N_PE];
    bool out[N_PE][GIC_N_OUT];
    for (unsigned pe = 0; pe < N_PE; pe++) {
        struct gic_pe *p = &b->g->pe[pe];
        best[pe] = p->best;
        for (unsigned i = 0; i < GIC_N_OUT; i++) {
            out[pe][i] = p->out[i].level;
        }
    }
    pending_enables_changed(b->g);
    for (unsigned pe = 0; pe < N_PE; pe++) {
        struct gic_pe *p = &b->g->pe[pe];
        vcpuif_update(p);
        for (unsigned i = 0; i < GIC_N_OUT; i++) {
            if (out[pe][i] != p->out[i].level) {
                abort();
            }
        }
        if (best[pe].intid != p->best.intid) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    struct bench *b = bench_new(data[0]);
    for (data++, size--; size >= sizeof(struct op);
         data += sizeof(struct op), size -= sizeof(struct op)) {
        struct op o;
        memcpy(&o, data, sizeof(o));
        switch (o.kind >> 4) {
        case 0:
            change_state(b, &o);
            break;
        case 1:
        case 2:
            irq_set(&b->spi[o.where % G_N_ELEMENTS(b->spi)], o.flags & 1);
            break;
        case 3:
            evq_advance(b->q, evq_now(b->q) + o.where);
            break;
        case 4:
        case 5:
        case 6:
        case 7:
        case 8:
            sysreg(b, &o);
            break;
        default:
            mmio(b, &o);
            break;
        }
        check(b);
    }
    gtimer_free(b->t);
    gic_free(b->g);
    evq_free(b->q);
    g_free(b);
    return 0;
}
