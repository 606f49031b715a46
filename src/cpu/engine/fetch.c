/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/engine/fetch.h"

#include "cpu/engine/context.h"
#include "cpu/engine/loop.h"
#include "cpu/engine/translate.h"
#include "cpu/isa/emit.h"
#include "cpu/sys/exc.h"
#include "cpu/sys/sysops.h"

#include "cpu/cpu_internal.h"

static bool fill(struct cpu *c, uint64_t va, struct fetch_entry *e)
{
    struct xlat_result r;
    if (!translate_fetch(c, va, &r)) {
        return false;
    }
    struct mem_attrs a = {.requester_id = c->cfg.index, .pas = r.pas, .insn = true};
    pa_t page = {r.pa.v & ~UINT64_C(0xfff)};
    const uint8_t *host = bus_ram_span(c->bus, page, 4096, &a, false);
    if (host == NULL) {
        abort_external_fetch(c, va);
        return false;
    }
    context_note_fetch(c, va);
    e->tag = (va & ~UINT64_C(0xfff)) | c->ctx;
    e->host = host;
    e->pa = page.v;
    e->guarded = r.guarded;
    if (!r.cacheable || c->cfg.tlb == CPU_TLB_OFF || !context_may_keep(c, false, va, r.global)) {
        e->tag = UINT64_MAX;
    }
    return true;
}

bool fetch_page(struct cpu *c, uint64_t va, struct fetch *out)
{
    if (va & 3) {
        exc_take_fault(c, exc_default_target(c), EC_PC_ALIGN, 0, va);
        return false;
    }
    struct fetch_entry *e = &c->tlb_x[(va >> 12) & (FETCH_TLB_SIZE - 1)];
    if (e->tag != ((va & ~UINT64_C(0xfff)) | c->ctx) && !fill(c, va, e)) {
        return false;
    }
    out->host = e->host;
    out->pa = e->pa | (va & 0xfff);
    out->mode = context_decode_mode(c) | (e->guarded ? MODE_GUARDED : 0);
    return true;
}

void cpu_ic_iallu(struct cpu *c, bool broadcast)
{
    loop_flush_blocks(c); /* decoded blocks are shared: a local operation has the wider effect */
    c->exit_flags |= EXIT_CONTEXT;
}
