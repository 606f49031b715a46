/* SPDX-License-Identifier: Apache-2.0 */
/* Registers, memory and translations for debuggers. */
#include "cpu/cpu_debug.h"
#include "cpu/debug/debug.h"
#include "cpu/engine/observe.h"
#include "cpu/engine/translate.h"
#include "cpu/sys/exc.h"
#include "cpu/sys/regimes.h"
#include "cpu/sys/sysreg_index.h"

#include "cpu/cpu_internal.h"

/* ---- registers ---- */

void cpu_get_v(const struct cpu *c, unsigned n, uint64_t d[2])
{
    d[0] = c->v[n & 31].d[0];
    d[1] = c->v[n & 31].d[1];
}

void cpu_set_v(struct cpu *c, unsigned n, const uint64_t d[2])
{
    observe_forget(c);
    c->v[n & 31].d[0] = d[0];
    c->v[n & 31].d[1] = d[1];
}

uint64_t cpu_get_pstate(const struct cpu *c)
{
    return exc_spsr(c);
}

void cpu_set_pstate(struct cpu *c, uint64_t v)
{
    observe_forget(c);
    exc_force_pstate(c, v);
}

uint64_t cpu_get_fpcr(const struct cpu *c)
{
    return c->fp.fpcr;
}

void cpu_set_fpcr(struct cpu *c, uint64_t v)
{
    sr_wr_fpcr(c, SR_FPCR, v);
}

uint64_t cpu_get_fpsr(const struct cpu *c)
{
    return c->fp.fpsr;
}

void cpu_set_fpsr(struct cpu *c, uint64_t v)
{
    observe_forget(c);
    sr_wr_fpsr(c, SR_FPSR, v);
}

/* ---- system registers ---- */

/* Reading it does something: that is for the guest alone. */
static bool reading_acts(uint16_t enc)
{
    switch (enc) {
    case SYSREG_ENC(3, 0, 12, 8, 0):  /* ICC_IAR0_EL1 */
    case SYSREG_ENC(3, 0, 12, 9, 5):  /* ICC_NMIAR1_EL1 */
    case SYSREG_ENC(3, 0, 12, 12, 0): /* ICC_IAR1_EL1 */
    case SYSREG_ENC(3, 3, 2, 4, 0):   /* RNDR: the next number, and NZCV */
    case SYSREG_ENC(3, 3, 2, 4, 1):   /* RNDRRS */
        return true;
    default:
        return false;
    }
}

/* A PE without an EL has none of its registers. */
static const char *name_if(const struct cpu *c, const char *name, uint16_t enc)
{
    unsigned op1 = (unsigned)extract64(enc, 11, 3);
    bool exists = (op1 != 6 || c->cfg.has_el3) && (op1 != 4 || c->cfg.has_el2);
    return exists ? name : NULL;
}

static struct cpu_sysreg own_register(const struct cpu *c, unsigned id)
{
    const struct sr_desc *d = &sr_table[id];
    return (struct cpu_sysreg){.name = cpu_has(c, d->feature) ? name_if(c, d->name, d->enc) : NULL,
                               .enc = d->enc,
                               .readable = d->el_r <= 3 && !reading_acts(d->enc),
                               .writable = d->el_w <= 3 && (d->flags & SRF_RO) == 0};
}

static struct cpu_sysreg set_register(const struct cpu *c, const struct sysreg *r)
{
    return (struct cpu_sysreg){.name = name_if(c, r->name, r->enc),
                               .enc = r->enc,
                               .readable = r->el_r <= 3 && !reading_acts(r->enc),
                               .writable = r->el_w <= 3};
}

bool cpu_sysreg_at(const struct cpu *c, unsigned i, struct cpu_sysreg *out)
{
    if (i < SR_COUNT) {
        *out = own_register(c, i);
        return true;
    }
    i -= SR_COUNT;
    for (unsigned s = 0; s < c->cfg.n_sets; s++) {
        const struct sysreg_set *set = &c->cfg.sets[s];
        if (i < set->n) {
            *out = set_register(c, &set->regs[i]);
            return true;
        }
        i -= (unsigned)set->n;
    }
    return false;
}

static const struct sysreg *find_in_sets(struct cpu *c, uint16_t enc, void **owner)
{
    struct sr_ref ref = sysreg_find(c, enc);
    if (ref.kind != SR_REF_SET) {
        return NULL;
    }
    *owner = c->cfg.sets[ref.set].owner;
    return &c->cfg.sets[ref.set].regs[ref.n];
}

bool cpu_sysreg_get(struct cpu *c, uint16_t enc, uint64_t *out)
{
    void *owner;
    const struct sysreg *r = find_in_sets(c, enc, &owner);
    if (reading_acts(enc)) {
        return false;
    }
    if (r == NULL) {
        return sysreg_peek(c, enc, out);
    }
    if (r->read == NULL) {
        return false;
    }
    struct pe_view view = cpu_view(c);
    view.debug = true;
    *out = r->read(owner, &view, r);
    return true;
}

bool cpu_sysreg_set(struct cpu *c, uint16_t enc, uint64_t v)
{
    void *owner;
    const struct sysreg *r = find_in_sets(c, enc, &owner);
    if (r == NULL) {
        return sysreg_poke(c, enc, v);
    }
    if (r->write == NULL) {
        return false;
    }
    struct pe_view view = cpu_view(c);
    r->write(owner, &view, r, v);
    return true;
}

/* ---- translations ---- */

struct noting {
    struct cpu *c;
    struct cpu_walk *out;
};

static enum bus_result read_descriptor(void *opaque, pa_t at, enum pas pas, uint64_t *out)
{
    struct cpu *c = ((struct noting *)opaque)->c;
    struct walk_port port = translate_walk_port(c);
    return port.read(port.opaque, at, pas, out);
}

static void note(void *opaque, unsigned stage, int level, pa_t at, enum pas pas, uint64_t desc)
{
    struct cpu_walk *w = ((struct noting *)opaque)->out;
    if (w->n < CPU_WALK_MAX_STEPS) {
        w->step[w->n++] = (struct cpu_walk_step){.stage = (uint8_t)stage,
                                                 .level = (int8_t)level,
                                                 .pas = (uint8_t)pas,
                                                 .at = at,
                                                 .descriptor = desc};
    }
}

bool cpu_walk(struct cpu *c, unsigned el, uint64_t addr, struct cpu_walk *out)
{
    struct xlat_cfg cfg;
    regime_config(c, regime_of_el(c, el & 3), &cfg);
    return inspect_walk(c, &cfg, el == 0, addr, out);
}

bool inspect_walk(struct cpu *c, const struct xlat_cfg *cfg, bool el0, uint64_t addr,
                  struct cpu_walk *out)
{
    struct noting n = {.c = c, .out = out};
    struct walk_port port = {.read = read_descriptor, .note = note, .opaque = &n};
    struct xlat_req req = {.va = va(addr), .acc = ACC_ANY, .el0 = el0, .debug = true};
    struct xlat_result r;
    struct xlat_fault f;
    *out = (struct cpu_walk){0};
    out->ok = xlat_walk(cfg, &req, &port, &r, &f);
    if (out->ok) {
        out->pa = r.pa;
        out->ipa = r.ipa.v;
        out->pas = r.pas;
        out->size_log2 = r.size_log2;
        out->perm = r.perm;
        out->mair = r.mair;
        out->sh = r.sh;
    } else {
        out->fault_stage = f.stage;
        out->fault_status = xlat_fault_status(&f);
    }
    return out->ok;
}

/* ---- memory ---- */

#define PAGE 4096U

static bool copy_guest(struct cpu *c, unsigned el, uint64_t addr, uint8_t *buf, size_t len,
                       bool write)
{
    while (len > 0) {
        size_t n = MIN(PAGE - addr % PAGE, len);
        struct cpu_walk w;
        if (!cpu_walk(c, el, addr, &w)) {
            return false;
        }
        struct mem_attrs a = {.requester_id = c->cfg.index, .pas = w.pas};
        enum bus_result res =
            write ? bus_write(c->bus, w.pa, buf, n, &a) : bus_read(c->bus, w.pa, buf, n, &a);
        if (res != BUS_OK) {
            return false;
        }
        if (write) {
            cpu_invalidate_code(c, w.pa, n);
        }
        addr += n;
        buf += n;
        len -= n;
    }
    return true;
}

bool cpu_mem_read_el(struct cpu *c, unsigned el, uint64_t addr, void *buf, size_t len)
{
    return copy_guest(c, el, addr, buf, len, false);
}

bool cpu_mem_write_el(struct cpu *c, unsigned el, uint64_t addr, const void *buf, size_t len)
{
    return copy_guest(c, el, addr, (uint8_t *)(uintptr_t)buf, len, true);
}

bool cpu_mem_read(struct cpu *c, uint64_t addr, void *buf, size_t len)
{
    return cpu_mem_read_el(c, c->ps.el, addr, buf, len);
}

bool cpu_mem_write(struct cpu *c, uint64_t addr, const void *buf, size_t len)
{
    return cpu_mem_write_el(c, c->ps.el, addr, buf, len);
}
