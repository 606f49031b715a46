/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Branches: the terminators of blocks, and how one block hands over to the next.
 *
 * A target in the same page is a chain pointer: it starts at a stub inside the block that asks the
 * run loop to find the target, which then replaces the pointer. Anything else goes through the jump
 * cache. Layout of a direct terminator:
 *
 *     T    op_b_..., imm = page offset of the taken target, d = 1 when it falls through to T.c
 *     T+1  chain pointers: target (taken), target2 (fall through)
 *     T+2  header of stub 0 (a = 0: no instructions)
 *     T+3  op_link, d = 0; also the header of stub 1
 *     T+4  op_link, d = 1
 */
#define SHARED_HANDLERS
#include "cpu/isa/branch.h"

#include "a64_gen.h"
#include "cpu/engine/block.h"
#include "cpu/engine/exits.h"
#include "cpu/isa/branch.c.inc"
#include "cpu/isa/flags.h"

HANDLER(link)
{
    struct op *t = (struct op *)(uintptr_t)(o - (o->d == 0 ? 3 : 4));
    c->link = o->d == 0 ? &t[1].target : &t[1].target2;
    c->pc = c->page_va | o->imm;
    c->budget = budget;
}

/* Chain slots after the terminator t; offsets of the two targets in the page. */
static void emit_chain(struct emit *e, unsigned taken_off, unsigned fall_off)
{
    struct op *data = emit_data(e, 0);
    struct op *stub = emit_op(e, op_link); /* a header: only its instruction count is used */
    struct op *link0 = emit_op(e, op_link);
    struct op *link1 = emit_op(e, op_link);
    link0->imm = taken_off;
    link1->imm = fall_off;
    link1->d = 1;
    data->target = stub;
    data->target2 = link0;
    emit_end(e);
}

static bool same_page(const struct emit *e, int64_t rel)
{
    int64_t target = (int64_t)e->off + rel;
    return target >= 0 && target < 4096;
}

/* Where a not-taken branch continues. The last instruction of a page leaves the page. */
static bool falls_out(const struct emit *e)
{
    return e->off + 4 >= 4096;
}

static void emit_far(struct emit *e, int64_t rel)
{
    emit_data(e, 0);
    emit_data(e, (uint64_t)((int64_t)e->off + rel));
    emit_end(e);
}

static void emit_jump(struct emit *e, int64_t rel)
{
    if (same_page(e, rel)) {
        emit_op(e, op_b_near);
        emit_chain(e, (unsigned)((int64_t)e->off + rel), 0);
    } else {
        emit_op(e, op_b_far);
        emit_far(e, rel);
    }
}

void emit_fallthrough(struct emit *e)
{
    emit_jump(e, 0);
}

bool emit_branch_unconditional_immediate(struct emit *e)
{
    int64_t rel = (int64_t)sextract32(e->insn, 0, 26) * 4;
    if (!insn_bit(e, 31)) {
        emit_jump(e, rel);
        return true;
    }
    bool near = same_page(e, rel);
    struct op *o = emit_op(e, near ? op_bl_near : op_bl_far);
    o->imm = e->off + 4;
    if (near) {
        emit_chain(e, (unsigned)((int64_t)e->off + rel), 0);
    } else {
        emit_far(e, rel);
    }
    return true;
}

static struct op *emit_branch_if(struct emit *e, op_fn *near, op_fn *far, int64_t rel)
{
    bool is_near = same_page(e, rel) && !falls_out(e);
    struct op *o = emit_op(e, is_near ? near : far);
    o->imm = (uint32_t)((int64_t)e->off + rel);
    if (is_near) {
        emit_chain(e, o->imm, e->off + 4);
    } else {
        emit_data(e, e->off + 4);
        emit_end(e);
    }
    return o;
}

bool emit_branch_conditional_cond(struct emit *e)
{
#define NEAR(cc) op_b_##cc##_near,
#define FAR(cc)  op_b_##cc##_far,
    static op_fn *const near[16] = {FOR_EACH_COND(NEAR) op_b_al_near};
    static op_fn *const far[16] = {FOR_EACH_COND(FAR) op_b_al_far};
    unsigned cond = insn_bits(e, 0, 4);
    struct op *o =
        emit_branch_if(e, near[cond], far[cond], (int64_t)sextract32(e->insn, 5, 19) * 4);
    op_fn *fused = e->prev != NULL ? fused_compare_branch(e->prev->fn, cond) : NULL;
    if (fused != NULL && o->fn == near[cond]) {
        e->prev->fn = fused;
    }
    return true;
}

bool emit_branch_conditional_hinted(struct emit *e)
{
    return emit_branch_conditional_cond(e);
}

bool emit_branch_conditional_compare(struct emit *e)
{
    static op_fn *const ops[2][2][2] = {
        {{op_cbz_w_near, op_cbz_w_far}, {op_cbz_x_near, op_cbz_x_far}},
        {{op_cbnz_w_near, op_cbnz_w_far}, {op_cbnz_x_near, op_cbnz_x_far}}};
    op_fn *const *pair = ops[insn_bit(e, 24)][insn_sf(e)];
    struct op *o = emit_branch_if(e, pair[0], pair[1], (int64_t)sextract32(e->insn, 5, 19) * 4);
    o->b = emit_src(insn_rt(e));
    return true;
}

bool emit_branch_conditional_test(struct emit *e)
{
    bool nz = insn_bit(e, 24);
    struct op *o = emit_branch_if(e, nz ? op_tbnz_near : op_tbz_near, nz ? op_tbnz_far : op_tbz_far,
                                  (int64_t)sextract32(e->insn, 5, 14) * 4);
    o->b = emit_src(insn_rt(e));
    o->c = (uint8_t)(insn_bit(e, 31) << 5 | insn_bits(e, 19, 5));
    return true;
}

void emit_register_branch(struct emit *e, uint8_t reg, unsigned rn, bool link, bool is_ret)
{
    struct op *o = emit_op(e, is_ret ? op_ret : link ? op_blr : op_br);
    o->b = reg;
    o->imm = e->off + 4;
    if (link) {
        o->d = 2;
    } else {
        /* BR in a guarded page sets 0b11, except through X16 and X17. */
        bool linker_veneer = rn == 16 || rn == 17;
        o->d = (e->mode & MODE_GUARDED) && !linker_veneer ? 3 : 1;
    }
    emit_end(e);
}
