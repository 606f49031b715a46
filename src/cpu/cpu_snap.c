/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PE's section. Between two calls of cpu_run all of its state is architectural; TLBs, contexts
 * and decoded blocks are not in it and start empty after loading (docs/choices.md says what a guest
 * can see of that).
 */
#include <stdio.h>

#include "cpu/engine/context.h"
#include "cpu/engine/exits.h"
#include "cpu/engine/observe.h"
#include "cpu/sys/sysreg_index.h"
#include "cpu/sys/sysreg_table.h"

#include "cpu/cpu_internal.h"

/* A PE is ahead of the others by what is left of a turn, never more. */
#define AHEAD_MAX   TICKS_PER_SEC
#define N_X         32
#define OSLSR_OSLK  BIT(1)
#define EXITS_STATE (EXIT_STOP | EXIT_WAIT | EXIT_YIELD) /* the others say what is remembered */
#define EXCL_BYTES  16U

/* clang-format off */
static const struct snap_field cpu_fields[] = {
    SNAP_FIELD(struct cpu, pc),
    SNAP_UPTO(struct cpu, ps.el, 3),
    SNAP_UPTO(struct cpu, ps.sp, 1),
    SNAP_UPTO(struct cpu, ps.daif, 15),
    SNAP_UPTO(struct cpu, ps.btype, 3),
    SNAP_FIELD(struct cpu, ps.pan),
    SNAP_FIELD(struct cpu, ps.uao),
    SNAP_FIELD(struct cpu, ps.dit),
    SNAP_FIELD(struct cpu, ps.tco),
    SNAP_FIELD(struct cpu, ps.ssbs),
    SNAP_FIELD(struct cpu, ps.ss),
    SNAP_FIELD(struct cpu, ps.il),
    SNAP_FIELD(struct cpu, ps.allint),
    SNAP_ARRAY(struct cpu, sp_el, uint64_t),
    SNAP_FIELD(struct cpu, fp.fpcr),
    SNAP_FIELD(struct cpu, fp.fpsr),
    SNAP_ARRAY(struct cpu, v, uint64_t),
    SNAP_UPTO(struct cpu, lines, (1 << CPU_LINE_N) - 1),
    SNAP_UPTO(struct cpu, serror_iss, 0x1ffffff),
    SNAP_FIELD(struct cpu, event_reg),
    SNAP_UPTO(struct cpu, power, CPU_ON),
    SNAP_FIELD(struct cpu, in_wfi),
    SNAP_FIELD(struct cpu, in_wfe),
    SNAP_FIELD(struct cpu, wait_end),
    {SNAP_AT(struct cpu, delayed_trap), .elem = sizeof(uint32_t), .count = 1, .max = 0x1ffffff, .since = 3},
    SNAP_FIELD(struct cpu, insns),
    SNAP_FIELD(struct cpu, time),
};
static const struct snap_field index_fields[] = {
    SNAP_FIELD(struct sysreg_index, rng),
    SNAP_FIELD(struct sysreg_index, pmu.insns),
    SNAP_EVENT(struct sysreg_index, pmu.overflow),
    SNAP_LINES(struct sysreg_index, pmu.irq),
};
/* clang-format on */
static const struct snap_desc cpu_desc = SNAP_DESC(3, cpu_fields);
static const struct snap_desc index_desc = SNAP_DESC(0, index_fields);

/* ---- what is kept in another form ---- */

struct cpu_image {
    uint64_t x[N_X];
    uint32_t nzcv, exits;
    uint64_t excl_pa;
    uint8_t excl_size; /* 0: the monitor is open */
};

/* clang-format off */
static const struct snap_field image_fields[] = {
    SNAP_ARRAY(struct cpu_image, x, uint64_t),
    SNAP_FIELD(struct cpu_image, nzcv),
    SNAP_UPTO(struct cpu_image, exits, EXITS_STATE),
    SNAP_FIELD(struct cpu_image, excl_pa),
    SNAP_UPTO(struct cpu_image, excl_size, EXCL_BYTES),
};
/* clang-format on */
static const struct snap_desc image_desc = SNAP_DESC(0, image_fields);

/* The monitor has a host address: memory of the guest has one physical address, too. */
static bool excl_to_pa(const struct cpu *c, uint64_t *out)
{
    for (size_t i = 0; c->excl_valid && i < bus_n_regions(c->bus); i++) {
        struct bus_region_info r = bus_region(c->bus, i);
        uint64_t off = (uint64_t)((uintptr_t)c->excl_host - (uintptr_t)r.host);
        if (r.is_ram && off < r.size) {
            *out = r.base.v + off;
            return true;
        }
    }
    return false;
}

static void excl_from_pa(struct cpu *c, uint64_t pa, uint8_t size)
{
    c->excl_valid = false;
    c->excl_size = size;
    for (size_t i = 0; size != 0 && i < bus_n_regions(c->bus); i++) {
        struct bus_region_info r = bus_region(c->bus, i);
        uint64_t off = pa - r.base.v;
        if (r.is_ram && off < r.size && size <= r.size - off) {
            c->excl_valid = true;
            c->excl_host = r.host + off;
        }
    }
}

static struct cpu_image image_of(const struct cpu *c)
{
    struct cpu_image i = {.nzcv = cpu_nzcv(c), .exits = c->exit_flags & EXITS_STATE};
    memcpy(i.x, c->x, sizeof(i.x));
    if (excl_to_pa(c, &i.excl_pa)) {
        i.excl_size = c->excl_size;
    }
    return i;
}

static void take_image(struct cpu *c, const struct cpu_image *i)
{
    memcpy(c->x, i->x, sizeof(i->x));
    cpu_set_nzcv(c, i->nzcv);
    c->exit_flags = i->exits;
    excl_from_pa(c, i->excl_pa, i->excl_size);
}

/* ---- system registers, by name ---- */

/* Bits that can differ between two PEs of a kind; the others are configuration. */
static uint64_t state_bits(const struct cpu *c, unsigned id)
{
    return sr_masks(c)->wmask[id] | (id == SR_OSLSR_EL1 ? OSLSR_OSLK : 0);
}

static void snap_sysregs(struct cpu *c, struct snap *s)
{
    for (unsigned id = 0; id < SR_COUNT && snap_ok(s); id++) {
        uint64_t v = c->sr[id];
        if (!cpu_has(c, sr_table[id].feature)) {
            continue;
        }
        snap_u64(s, sr_table[id].name, &v, 0);
        if (snap_mode(s) == SNAP_LOAD) {
            uint64_t m = state_bits(c, id);
            c->sr[id] = (v & m) | (c->sr[id] & ~m);
        }
    }
}

/* ---- the whole ---- */

static bool el_exists(const struct cpu *c)
{
    return c->ps.el < 2 || (c->ps.el == 2 ? cpu_el2_enabled(c) : c->cfg.has_el3);
}

static void check(const struct cpu *c, struct snap *s)
{
    if (!el_exists(c)) {
        snap_fail(s, "cpu%u: it is at EL%u, which is not there", c->cfg.index, c->ps.el);
    } else if (c->time > evq_now(c->evq) && c->time - evq_now(c->evq) > AHEAD_MAX) {
        snap_fail(s, "cpu%u: it is too far ahead in time", c->cfg.index);
    }
}

/* Nothing that was remembered of the registers counts any more. */
static void forget(struct cpu *c)
{
    c->link = NULL;
    observe_forget(c);
    cpu_step_cancel(c);
    debug_registers_changed(c);
    context_flush(c);
    cpu_context_changed(c, CTX_MMU | CTX_TRAPS | CTX_TRAPS_EL2 | CTX_IRQ | CTX_LOWER);
}

void cpu_forget_translations(struct cpu *c)
{
    context_flush(c);
}

void cpu_snap(struct cpu *c, struct snap *s)
{
    char name[16];
    struct cpu_image i = image_of(c);
    snprintf(name, sizeof(name), "cpu%u", c->cfg.index);
    snap_begin(s, name, cpu_desc.version);
    snap_fields(s, &cpu_desc, c);
    snap_fields(s, &image_desc, &i);
    snap_fields(s, &index_desc, c->sysregs);
    snap_sysregs(c, s);
    snap_end(s);
    if (snap_mode(s) == SNAP_LOAD && snap_ok(s)) {
        take_image(c, &i);
        check(c, s);
        if (snap_ok(s)) {
            forget(c);
        }
    }
}
