/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/sys/at.h"

#include "cpu/engine/translate.h"
#include "cpu/sys/hcr.h"
#include "cpu/sys/regimes.h"
#include "cpu/sys/sysreg_index.h"

#include "cpu/cpu_internal.h"

#define PAR_F        BIT(0)
#define PAR_PTW      BIT(8) /* with F = 1 */
#define PAR_S        BIT(9) /* with F = 1 */
#define PAR_NS       BIT(9) /* with F = 0 */
#define PAR_RES1     BIT(11)
#define PAR_OVERLAY  BIT(14) /* with F = 1 */
#define PAR_DIRTYBIT BIT(15) /* with F = 1 */

/* What an AT asks for. */
struct at_op {
    uint8_t el;  /* whose translation: 0 to 3 */
    uint8_t acc; /* enum xlat_access */
    bool both_stages;
    bool pan; /* AT S1E1RP, S1E1WP: PSTATE.PAN counts */
};

/* CRm = 8: S1E1R, S1E1W, S1E0R, S1E0W, S12E1R, ... ; CRm = 9: S1E1RP, S1E1WP, S1E1A. */
static struct at_op at_decode(uint16_t enc)
{
    unsigned op1 = enc_op1(enc), op2 = enc_op2(enc);
    struct at_op op = {.acc = op2 & 1 ? ACC_WRITE : ACC_READ};
    if (enc_crm(enc) == 9) {
        op.acc = op2 == 2 ? ACC_ANY : op.acc;
        op.pan = op2 < 2;
    }
    switch (op1) {
    case 0:
        op.el = enc_crm(enc) == 8 && op2 >= 2 ? 0 : 1;
        break;
    case 4:
        op.both_stages = op2 >= 4;
        op.el = op2 >= 6 ? 0 : op2 >= 4 ? 1 : 2;
        break;
    default:
        op.el = 3;
        break;
    }
    return op;
}

/* A host's EL1 is its EL2: HCR_EL2.{E2H,TGE} = {1,1}, for AT S12E1* as well. */
static enum regime at_regime(const struct cpu *c, const struct at_op *op)
{
    bool host = (cpu_hcr_el2(c) & (HCR_E2H | HCR_TGE)) == (HCR_E2H | HCR_TGE);
    return op->el == 1 && host ? REGIME_EL20 : regime_of_el(c, op->el);
}

static bool at_pan(const struct cpu *c, const struct at_op *op)
{
    bool nv1 = c->ps.el == 1 && (cpu_hcr_el2(c) & (HCR_NV | HCR_NV1)) == (HCR_NV | HCR_NV1);
    return op->pan && c->ps.pan && !nv1;
}

static uint64_t par_of_result(const struct xlat_result *r)
{
    return (uint64_t)r->mair << 56 | (r->pa.v & mask64(12, 40)) | PAR_RES1 |
           (r->pas == PAS_NS ? PAR_NS : 0) | (uint64_t)r->sh << 7;
}

static uint64_t par_of_fault(const struct xlat_fault *f)
{
    return PAR_F | (uint64_t)xlat_fault_status(f) << 1 | (f->s1_walk ? PAR_PTW : 0) |
           (f->stage == 2 ? PAR_S : 0) | PAR_RES1 | (f->overlay ? PAR_OVERLAY : 0) |
           (f->dirty ? PAR_DIRTYBIT : 0);
}

bool at_execute(struct cpu *c, uint16_t enc, uint64_t v)
{
    struct at_op op = at_decode(enc);
    struct xlat_cfg cfg;
    regime_config(c, at_regime(c, &op), &cfg);
    struct xlat_req req = {
        .va = va(v),
        .acc = op.acc,
        .el0 = op.el == 0,
        .pan = at_pan(c, &op),
        .at = true,
        .stage1_only = !op.both_stages,
    };
    struct walk_port port = translate_walk_port(c);
    struct xlat_result r;
    struct xlat_fault f;
    if (xlat_walk(&cfg, &req, &port, &r, &f)) {
        c->sr[SR_PAR_EL1] = par_of_result(&r);
        return true;
    }
    if (f.type == XF_EXT_ABORT || (c->ps.el == 1 && f.s1_walk)) {
        struct data_access a = {.va = v, .acc = op.acc, .size = 1, .cmo = true};
        abort_data(c, &a, &f);
        return false;
    }
    c->sr[SR_PAR_EL1] = par_of_fault(&f);
    return true;
}
