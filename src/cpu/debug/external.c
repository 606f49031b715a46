/* SPDX-License-Identifier: Apache-2.0 */
/* Breakpoints, watchpoints and steps of an external debugger. */
#include "cpu/cpu_debug.h"
#include "cpu/debug/break_set.h"
#include "cpu/debug/debug.h"
#include "cpu/engine/exits.h"

#include "cpu/cpu_internal.h"

struct external_watch {
    uint64_t va, len;
    bool on_read, on_write;
};

void external_init(struct cpu *c)
{
    struct external_debug *d = &c->debug.ext;
    d->breaks = g_array_new(false, false, sizeof(uint64_t));
    d->watches = g_array_new(false, false, sizeof(struct external_watch));
    c->debug.held_at = UINT64_MAX;
    c->debug.stop_at = c->debug.step_at = c->debug.goal_at = UINT64_MAX;
}

void external_finalize(struct cpu *c)
{
    g_clear_pointer(&c->debug.ext.breaks, g_array_unref);
    g_clear_pointer(&c->debug.ext.watches, g_array_unref);
}

/* ---- stops ---- */

const struct cpu_stop *cpu_stop_reason(const struct cpu *c)
{
    return &c->debug.ext.stop;
}

/* The debugger ran on from the stop in front of this instruction, which cpu_sync has counted. */
static bool passes(const struct cpu *c)
{
    const struct external_debug *d = &c->debug.ext;
    return d->passing && d->stop.pc == c->pc && d->stop_insns == c->insns - 1;
}

static void stop(struct cpu *c, struct cpu_stop why)
{
    struct external_debug *d = &c->debug.ext;
    why.pc = c->pc;
    d->stop = why;
    d->stop_insns = c->insns;
    d->passing = true;
    cpu_step_cancel(c);
}

/* In front of an instruction that cpu_sync has counted. */
static void stop_before(struct cpu *c, struct cpu_stop why)
{
    cpu_uncount(c);
    stop(c, why);
    c->exit_flags |= EXIT_DEBUG;
}

/* ---- breakpoints ---- */

static guint find_break(const struct cpu *c, uint64_t va)
{
    const GArray *b = c->debug.ext.breaks;
    guint i = 0;
    while (i < b->len && g_array_index(b, uint64_t, i) != va) {
        i++;
    }
    return i;
}

void cpu_break_add(struct cpu *c, uint64_t va)
{
    if (find_break(c, va) == c->debug.ext.breaks->len) {
        g_array_append_val(c->debug.ext.breaks, va);
        debug_breaks_changed(c);
    }
}

void cpu_break_remove(struct cpu *c, uint64_t va)
{
    guint i = find_break(c, va);
    if (i < c->debug.ext.breaks->len) {
        g_array_remove_index_fast(c->debug.ext.breaks, i);
        debug_breaks_changed(c);
    }
}

void external_add_offsets(const struct cpu *c, struct break_set *s)
{
    const GArray *b = c->debug.ext.breaks;
    for (guint i = 0; i < b->len; i++) {
        break_set_add(s, g_array_index(b, uint64_t, i));
    }
}

bool external_break(struct cpu *c)
{
    if (find_break(c, c->pc) == c->debug.ext.breaks->len || passes(c)) {
        return false;
    }
    stop_before(c, (struct cpu_stop){.why = CPU_STOP_BREAK});
    return true;
}

/* ---- watchpoints ---- */

/* Without a tag: watchpoints hold whatever TBI says. */
static uint64_t untagged(uint64_t va)
{
    return sextract64(va, 0, 56);
}

static guint find_watch(const struct cpu *c, const struct external_watch *w)
{
    const GArray *a = c->debug.ext.watches;
    guint i = 0;
    for (; i < a->len; i++) {
        const struct external_watch *x = &g_array_index(a, struct external_watch, i);
        if (x->va == w->va && x->len == w->len && x->on_read == w->on_read &&
            x->on_write == w->on_write) {
            break;
        }
    }
    return i;
}

void cpu_watch_add(struct cpu *c, uint64_t va, uint64_t len, bool on_read, bool on_write)
{
    struct external_watch w = {untagged(va), len, on_read, on_write};
    if (len != 0 && find_watch(c, &w) == c->debug.ext.watches->len) {
        g_array_append_val(c->debug.ext.watches, w);
        debug_watches_changed(c);
    }
}

void cpu_watch_remove(struct cpu *c, uint64_t va, uint64_t len, bool on_read, bool on_write)
{
    struct external_watch w = {untagged(va), len, on_read, on_write};
    guint i = find_watch(c, &w);
    if (i < c->debug.ext.watches->len) {
        g_array_remove_index_fast(c->debug.ext.watches, i);
        debug_watches_changed(c);
    }
}

static bool overlaps(const struct external_watch *w, uint64_t va, uint64_t size)
{
    return w->va - va < size || va - w->va < w->len;
}

bool external_watches_page(const struct cpu *c, uint64_t page)
{
    const GArray *a = c->debug.ext.watches;
    for (guint i = 0; i < a->len; i++) {
        if (overlaps(&g_array_index(a, struct external_watch, i), untagged(page), 4096)) {
            return true;
        }
    }
    return false;
}

bool external_watch(struct cpu *c, const struct watched_access *x)
{
    uint64_t va = untagged(x->va);
    const GArray *a = c->debug.ext.watches;
    for (guint i = 0; i < a->len; i++) {
        const struct external_watch *w = &g_array_index(a, struct external_watch, i);
        bool wanted = (x->read && w->on_read) || (x->write && w->on_write);
        if (!wanted || x->cmo || !overlaps(w, va, x->size)) {
            continue;
        }
        if (passes(c) && c->debug.ext.stop.why == CPU_STOP_WATCH) {
            return false;
        }
        stop_before(c, (struct cpu_stop){.why = CPU_STOP_WATCH,
                                         .va = va - w->va < w->len ? va : w->va,
                                         .size = (unsigned)x->size,
                                         .write = x->write});
        return true;
    }
    return false;
}

/* ---- steps ---- */

static void set_stop_at(struct cpu *c)
{
    c->debug.stop_at = MIN(c->debug.step_at, c->debug.goal_at);
}

void cpu_step_once(struct cpu *c, bool irqs)
{
    c->debug.ext.step_irqs = irqs;
    c->debug.hold_irqs = !irqs;
    c->debug.step_at = c->insns + 1;
    set_stop_at(c);
}

void cpu_step_counted(struct cpu *c)
{
    cpu_step_once(c, true);
    c->debug.ext.step_irqs = false;
}

bool cpu_step_is_pending(const struct cpu *c)
{
    return c->debug.step_at != UINT64_MAX;
}

bool cpu_step_held_irq(const struct cpu *c)
{
    return c->debug.held_at == c->insns - 1;
}

void cpu_step_cancel(struct cpu *c)
{
    c->debug.ext.step_irqs = c->debug.hold_irqs = false;
    c->debug.step_at = UINT64_MAX;
    set_stop_at(c);
}

void cpu_stop_at(struct cpu *c, uint64_t insns)
{
    c->debug.goal_at = insns;
    set_stop_at(c);
}

void cpu_stop_forget(struct cpu *c)
{
    c->debug.ext.passing = false;
}

static void step_is_complete(struct cpu *c)
{
    stop(c, (struct cpu_stop){.why = c->insns >= c->debug.step_at ? CPU_STOP_STEP : CPU_STOP_GOAL});
}

bool debug_step_complete(struct cpu *c)
{
    if (LIKELY(c->insns < c->debug.stop_at)) {
        return false;
    }
    step_is_complete(c);
    return true;
}

bool external_step_by_interrupt(struct cpu *c)
{
    if (LIKELY(!c->debug.ext.step_irqs)) {
        return false;
    }
    stop(c, (struct cpu_stop){.why = CPU_STOP_STEP});
    return true;
}

void cpu_debug_clear(struct cpu *c)
{
    g_array_set_size(c->debug.ext.breaks, 0);
    g_array_set_size(c->debug.ext.watches, 0);
    cpu_step_cancel(c);
    debug_breaks_changed(c);
    debug_watches_changed(c);
}
