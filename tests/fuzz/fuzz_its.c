/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ITS, LPIs and vPEs of GICv3 to GICv4.1 under any sequence of commands, register accesses,
 * tables and device writes: the guest owns the memory that they are in. No crash, and what is kept
 * beside the tables agrees.
 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "gic/gic.h"

#include "gic/its_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define N_PE      3
#define RAM_BYTES 0x40000U
#define QUEUE     0x1000U
#define N_QUEUE   128U

struct op {
    uint8_t kind, pe, size, flags;
    uint32_t where;
    uint64_t value[3];
};

struct bench {
    struct bus *bus;
    struct gic *g;
    uint8_t *ram;
    bool v4;
    struct pe_view view[N_PE];
};

static void lamp(void *opaque, unsigned n, bool level) {}

static void mmio(struct device *d, uint32_t where, unsigned size, bool write, uint64_t v)
{
    struct bus_txn t = {.pa = {where}, .data = v, .size = (uint8_t)size, .write = write};
    if (d != NULL && where + size <= d->ops->regions[0].size) {
        (void)!device_access(d, 0, &t);
    }
}

/* Tables where Linux would have them, so that commands get somewhere. */
static void start(struct bench *b, uint8_t config)
{
    struct device *its = gic_its_device(b->g);
    uint64_t indirect = config & 4 ? BIT(62) : 0;
    mmio(gic_device(b->g), 0, 4, true, 7);
    for (unsigned pe = 0; pe < N_PE; pe++) {
        mmio(gic_redist_device(b->g, pe), 0x70, 8, true, 0x10000 | (config & 8 ? 15 : 13));
        mmio(gic_redist_device(b->g, pe), 0x78, 8, true, 0x20000);
        mmio(gic_redist_device(b->g, pe), 0, 4, true, 1);
        mmio(gic_vlpi_device(b->g, pe), 0x70, 8, true,
             config & 0x20 ? BIT(63) | 0x6000 : 0x10000 | 13);
    }
    mmio(its, 0x100, 8, true, BIT(63) | indirect | 0x4000);
    mmio(its, 0x108, 8, true, BIT(63) | 0x5000);
    mmio(its, 0x110, 8, true, BIT(63) | indirect | 0x6000);
    mmio(its, 0x80, 8, true, BIT(63) | QUEUE);
    mmio(its, 0, 4, true, 1);
}

static struct bench *bench_new(uint8_t config)
{
    struct bench *b = g_new0(struct bench, 1);
    struct mem_attrs attrs = {.pas = PAS_NS};
    struct gic_cfg cfg = {
        .version = config & 0x30 ? 4 : 3,
        .minor = config & 0x20 ? 1 : 0,
        .n_pe = N_PE,
        .n_spi = 32,
        .security = config & 1,
        .virtualization = config & 0x30,
        .ns_boot = config & 2,
    };
    b->v4 = cfg.version == 4;
    b->bus = bus_new();
    if (!bus_map_ram(b->bus, "ram", pa(0), RAM_BYTES, PAS_MASK_NS, false, NULL)) {
        abort();
    }
    b->ram = bus_ram_span(b->bus, pa(0), RAM_BYTES, &attrs, true);
    memset(b->ram + 0x10000, 0x81, 0x10000);
    struct bus_port port = bus_direct_port(b->bus, PAS_NS);
    cfg.memory = &port;
    b->g = gic_new(&cfg, "gic", NULL);
    for (unsigned pe = 0; pe < N_PE; pe++) {
        for (unsigned i = 0; i < GIC_N_OUT; i++) {
            gic_output(b->g, pe, (enum gic_out)i)->sink = lamp;
        }
        b->view[pe] = (struct pe_view){
            .pe = pe, .el = b->v4 ? 2 : 1, .pas = PAS_NS, .el2_enabled = b->v4, .hcr_el2 = 0x18};
    }
    device_reset(gic_device(b->g), RESET_COLD);
    start(b, config);
    return b;
}

static void command(struct bench *b, const struct op *o)
{
    static const uint8_t opcodes[] = {1,   3,    4,    5,    8,    9,    0xa,  0xb,  0xc,  0xd, 0xe,
                                      0xf, 0x21, 0x22, 0x23, 0x25, 0x29, 0x2a, 0x2b, 0x2d, 0x2e};
    unsigned n = b->v4 ? sizeof(opcodes) : 12;
    struct its *s = (struct its *)gic_its_device(b->g);
    uint64_t words[4] = {opcodes[o->kind % n], o->value[0], o->value[1], o->value[2]};
    words[0] |= o->flags & 8 ? o->where & 0xfff700 : 0; /* VMAPP, VSGI */
    words[0] |= (uint64_t)(o->flags & 1 ? o->where : o->where % 8) << 32;
    if (o->flags & 2) { /* small numbers meet */
        words[1] &= UINT64_C(0x200f0000000f);
        words[3] &= UINT64_C(0x7000f);
        words[2] = (words[2] & (BIT(63) | UINT64_C(0x3ff03))) % 0x30000 | (words[2] & BIT(63));
    }
    memcpy(b->ram + QUEUE + s->cwriter % (N_QUEUE * 32), words, sizeof(words));
    mmio(&s->dev, 0x88, 8, true, (s->cwriter + 32) % (N_QUEUE * 32) | (o->flags & 4 ? 1 : 0));
}

static void sysreg(struct bench *b, const struct op *o)
{
    unsigned pe = o->pe % N_PE;
    struct sysreg_set set = gic_cpuif_sysregs(b->g, pe);
    const struct sysreg *r = &set.regs[o->where % set.n];
    const struct pe_view *v = &b->view[pe];
    bool write = o->flags & 1;
    if (v->el < (write ? r->el_w : r->el_r) ||
        (r->check != NULL && r->check(set.owner, v, r, write) != SR_OK)) {
        return;
    }
    if (write) {
        r->write(set.owner, v, r, o->value[0]);
    } else {
        r->read(set.owner, v, r);
    }
}

/* A guest at EL1 or the hypervisor; what a redistributor has behind its frames; GITS_SGIR. */
static void v4_op(struct bench *b, const struct op *o)
{
    unsigned pe = o->pe % N_PE;
    unsigned width = 4U << (o->size & 1);
    switch (o->kind % 4) {
    case 0:
        b->view[pe].el = o->flags & 1 ? 1 : 2;
        break;
    case 1:
        mmio(gic_its_sgi_device(b->g), 0x20, 8, true, o->value[0] & UINT64_C(0x70000000f));
        break;
    case 2: /* small numbers meet */
        mmio(gic_vlpi_device(b->g, pe), 0x78, 8, true,
             (o->value[0] & (mask64(58, 6) | 0x70000)) | o->where % 8);
        break;
    default:
        mmio(gic_vlpi_device(b->g, pe), 0x70 + o->where % 0x20, width, o->flags & 2, o->value[0]);
        break;
    }
}

static void check(struct bench *b)
{
    for (unsigned pe = 0; pe < N_PE; pe++) {
        struct gic_pe *p = &b->g->pe[pe];
        uint32_t n = p->lpi->n_pending;
        struct prio_pick best = p->best;
        if (p->lpi->stale || !lpi_post_load(p) || p->lpi->n_pending != n) {
            abort();
        }
        if (p->vlpi != NULL && !gicr_v4_post_load(p)) {
            abort();
        }
        pending_lpis_changed(p);
        if (best.intid != p->best.intid || best.prio != p->best.prio) {
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
        unsigned width = 1U << (o.size & 3);
        switch (o.kind >> 5) {
        case 0: /* tables change under it */
            memcpy(b->ram + o.where % (RAM_BYTES - 8), o.value, width);
            break;
        case 1:
            gic_its_translate(b->g, o.where % 8, (uint32_t)o.value[0] % 16);
            break;
        case 2:
            sysreg(b, &o);
            break;
        case 3:
            mmio(gic_redist_device(b->g, o.pe % N_PE), o.where % 0x100, width, o.flags & 1,
                 o.value[0]);
            break;
        case 4:
            mmio(gic_its_device(b->g), o.where % 0x10100, width, o.flags & 1, o.value[0]);
            break;
        case 5:
            if (b->v4) {
                v4_op(b, &o);
                break;
            }
            command(b, &o);
            break;
        default:
            command(b, &o);
            break;
        }
        check(b);
    }
    gic_free(b->g);
    bus_free(b->bus);
    g_free(b);
    return 0;
}
