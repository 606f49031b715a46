/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine asks, put together from the two kinds of debuggers. */
#include "cpu/debug/debug.h"

#include "cpu/debug/break_set.h"
#include "cpu/debug/selfhosted.h"
#include "cpu/debug/step.h"
#include "cpu/engine/block.h"
#include "cpu/engine/context.h"
#include "cpu/engine/loop.h"
#include "cpu/isa/emit.h"

#include "cpu/cpu_internal.h"

void debug_init(struct cpu *c)
{
    external_init(c);
}

void debug_finalize(struct cpu *c)
{
    external_finalize(c);
}

/* ---- breakpoints ---- */

/* Every number is in use: new ones mean other sets, on every PE. */
static void forget_numbers(struct cpu *c)
{
    loop_flush_blocks(c);
    break_sets_clear(block_break_sets(c->blocks));
    for (unsigned i = 0; i < c->n_peers; i++) {
        cpu_context_changed(c->peers[i], 0);
    }
}

uint32_t debug_decode_mode(struct cpu *c)
{
    struct break_set s = {0};
    external_add_offsets(c, &s);
    selfhosted_add_offsets(c, &s);
    int number = break_sets_number(block_break_sets(c->blocks), &s);
    if (number < 0) {
        forget_numbers(c);
        number = break_sets_number(block_break_sets(c->blocks), &s);
    }
    return (uint32_t)number << MODE_BREAK_SHIFT;
}

bool debug_break(struct cpu *c)
{
    return external_break(c) || selfhosted_break(c);
}

void debug_breaks_changed(struct cpu *c)
{
    bool had = c->debug.breaks;
    c->debug.breaks = c->debug.ext.breaks->len != 0 || selfhosted_has_breaks(c);
    if (had || c->debug.breaks) {
        cpu_context_changed(c, 0);
    }
}

/* ---- watchpoints ---- */

bool debug_watch(struct cpu *c, const struct watched_access *a)
{
    return external_watch(c, a) || selfhosted_watch(c, a);
}

bool debug_page_is_watched(const struct cpu *c, uint64_t va)
{
    uint64_t page = va & ~UINT64_C(0xfff);
    return c->debug.watches && (external_watches_page(c, page) ||
                                (selfhosted_has_watches(c) && selfhosted_watches_page(c, page)));
}

static void update_watches(struct cpu *c)
{
    c->debug.watches = c->debug.ext.watches->len != 0 || selfhosted_has_watches(c);
}

void debug_watches_changed(struct cpu *c)
{
    update_watches(c);
    context_flush(c);
    c->exit_flags |= EXIT_CONTEXT;
}

void debug_registers_changed(struct cpu *c)
{
    debug_breaks_changed(c);
    step_recheck(c);
    update_watches(c);
    if (selfhosted_has_watches(c)) {
        selfhosted_drop_watched(c);
    }
}
