/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/engine/decode.h"

#include "cpu/engine/exits.h"
#include "cpu/engine/system_ops.h"
#include "cpu/isa/branch.h"

HANDLER(undefined)
{
    EXIT_TO(raise_undefined(c, o, budget));
}

static void replace_by(struct emit *e, struct op *first, op_fn *fn)
{
    e->p = first;
    e->ended = false;
    emit_op(e, fn);
    emit_end(e);
}

bool decode_allocated(struct emit *e)
{
    e->row = a64_lookup(e->insn);
    return e->row != NULL && emit_has(e, (enum feature)e->row->feature) && e->row->emit(e);
}

void decode_insn(struct emit *e)
{
    struct op *first = e->p;
    if (!decode_allocated(e)) {
        replace_by(e, first, op_undefined);
    } else if ((e->row->flags & ROW_FP) && (e->mode & MODE_FP_TRAP)) {
        replace_by(e, first, raise_fp_trap);
    }
}

HANDLER(break)
{
    cpu_sync(c, o, budget);
    if (debug_break(c)) {
        EXIT_TO(leave_block(c, o, budget));
    }
    NEXT(1);
}

void decode_break(struct emit *e)
{
    emit_op(e, op_break);
    e->prev = NULL; /* no instruction is fused across it */
}

void decode_fallthrough(struct emit *e)
{
    emit_fallthrough(e);
}

/* BTI and its targets, as a mask of the BTYPE values that they accept. */
uint8_t decode_btype_refused(uint32_t insn, uint32_t mode)
{
    enum { ANY = BTYPE_ANY, JUMP_OK = 1 << 1 | 1 << 3, CALL_OK = 1 << 1 | 1 << 2 };
    if ((insn & 0xffffff3f) == 0xd503241f) { /* BTI: bit 6 call, bit 7 jump */
        static const uint8_t accepts[4] = {0, CALL_OK, JUMP_OK, ANY};
        return (uint8_t)(ANY & ~accepts[extract32(insn, 6, 2)]);
    }
    if ((insn & 0xffffffbf) == 0xd503233f) { /* PACIASP, PACIBSP */
        return mode & MODE_BT ? 1 << 3 : 0;
    }
    if ((insn & 0xffe0001f) == 0xd4200000) { /* BRK */
        return ANY | BTYPE_KEPT;
    }
    if ((insn & 0xffe0001f) == 0xd4400000) { /* HLT */
        return 0;
    }
    return ANY;
}
