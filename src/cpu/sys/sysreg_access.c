/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MRS and MSR (register): from an encoding to a register, with existence, EL, traps, E2H
 * redirection and nested virtualization, in the order of the accessibility pseudocode of Arm ARM
 * D24. The outcome of these checks is cached for plain registers (sr_ok).
 */
#include "base/log.h"
#include "cpu/sys/exc.h"
#include "cpu/sys/sysreg_index.h"
#include "cpu/sys/sysreg_nv.h"
#include "cpu/sys/traps.h"

#define NEVER    4
#define HCR_TGE  27
#define HCR_E2H  34
#define HCR_TID3 18

/* What an access turns out to be. */
enum target_kind {
    T_REG,
    T_SET,
    T_MEMORY, /* VNCR_EL2 page */
    T_RAZ,    /* reads as zero, writes ignored */
    T_FP_TRAP,
};
struct target {
    enum sr_verdict verdict; /* the rest holds for SR_OK */
    uint8_t kind;            /* enum target_kind */
    bool cacheable;          /* the checks may be skipped until sr_gen changes */
    uint16_t id;             /* T_REG */
    uint16_t vncr;           /* T_MEMORY: offset */
    struct sr_ref ref;       /* T_SET */
};

static struct target refuse(enum sr_verdict v)
{
    return (struct target){.verdict = v};
}

static struct target raz(void)
{
    return (struct target){.verdict = SR_OK, .kind = T_RAZ};
}

static struct target reg_target(unsigned id, bool cacheable)
{
    return (struct target){.verdict = SR_OK, .kind = T_REG, .id = id, .cacheable = cacheable};
}

/* The answer of nested virtualization; NV_NORMAL is the caller's business. */
static struct target nv_target(enum nv_action a, unsigned vncr, unsigned el1_id)
{
    switch (a) {
    case NV_TRAP:
        return refuse(SR_TRAP_EL2);
    case NV_MEMORY:
        return (struct target){.verdict = SR_OK, .kind = T_MEMORY, .vncr = vncr};
    case NV_EL1:
        return reg_target(el1_id, false);
    case NV_NORMAL:
        break;
    }
    return refuse(SR_UNDEF);
}

static enum sr_verdict rule_verdict(const struct sr_rule *r)
{
    static const enum sr_verdict by_el[] = {SR_UNDEF, SR_TRAP_EL1, SR_TRAP_EL2, SR_TRAP_EL3};
    return r == NULL ? SR_OK : by_el[r->to];
}

/* The feature ID space. With FEAT_IDST what would be an UNDEFINED read of it is reported as a trap,
 * at every EL. */
static bool in_id_space(uint16_t enc)
{
    unsigned op1 = enc_op1(enc);
    return enc_op0(enc) == 3 && (op1 == 0 || op1 == 1 || op1 == 3) && enc_crn(enc) == 0 &&
           enc_crm(enc) < 8;
}

static struct target undefined(const struct cpu *c, uint16_t enc, bool write)
{
    static const enum sr_verdict at_el[] = {SR_TRAP_EL1, SR_TRAP_EL1, SR_TRAP_EL2, SR_TRAP_EL3};
    bool idst = !write && cpu_has(c, FEAT_IDST) && in_id_space(enc);
    return refuse(idst ? at_el[c->ps.el] : SR_UNDEF);
}

/* Reserved ID registers: op0 = 3, op1 = 0, CRn = 0, CRm = 1 to 7. RAZ, trapped like the others. */
static struct target reserved_id(const struct cpu *c)
{
    bool tid3 = c->ps.el == 1 && cpu_el2_enabled(c) && bit(c->sr[SR_HCR_EL2], HCR_TID3);
    return tid3 ? refuse(SR_TRAP_EL2) : raz();
}

static bool is_reserved_id(uint16_t enc)
{
    return enc_op0(enc) == 3 && enc_op1(enc) == 0 && enc_crn(enc) == 0 && enc_crm(enc) >= 1 &&
           enc_crm(enc) <= 7;
}

/* IMPLEMENTATION DEFINED space: HCR_EL2.TIDCP, and SCTLR_ELx.TIDCP with FEAT_TIDCP1. */
enum sr_verdict sysreg_impdef_verdict(const struct cpu *c)
{
    if (c->ps.el == 0 && cpu_has(c, FEAT_TIDCP1) && bit(trap_sctlr_el0(c), 63)) {
        return SR_TRAP_EL1;
    }
    if (c->ps.el == 1 && cpu_el2_enabled(c) && bit(c->sr[SR_HCR_EL2], 20)) {
        return SR_TRAP_EL2;
    }
    return SR_UNDEF;
}

static struct target resolve_absent(const struct cpu *c, struct sr_ref ref, uint16_t enc,
                                    bool write)
{
    if (enc_op0(enc) == 3 && (enc_crn(enc) == 11 || enc_crn(enc) == 15)) {
        enum sr_verdict v = sysreg_impdef_verdict(c);
        return v == SR_UNDEF && ref.kind == SR_REF_RAZ && c->ps.el > 0 ? raz() : refuse(v);
    }
    if (is_reserved_id(enc) && !write && c->ps.el > 0) {
        return reserved_id(c);
    }
    return undefined(c, enc, write);
}

/* An EL2 register from EL1. */
static struct target resolve_el2_from_el1(const struct cpu *c, unsigned id, bool write)
{
    const struct sr_desc *d = &sr_table[id];
    const struct sr_rule *r = sr_match(c, d, d->rules, 1, write);
    if (r != NULL && r->to == 0) {
        return refuse(SR_UNDEF);
    }
    enum nv_action a = nv_el2_name(c, d->vncr, (d->flags & SRF_NV2R) != 0);
    return nv_target(a, d->vncr, id - 1);
}

/* Below the lowest EL that has access. */
static struct target resolve_unprivileged(const struct cpu *c, unsigned id, unsigned min,
                                          bool write)
{
    if (c->ps.el == 1 && min == 2) {
        return resolve_el2_from_el1(c, id, write);
    }
    return undefined(c, sr_table[id].enc, write);
}

/* EL2 registers of a PE without EL2 are RES0 at EL3, EL3 registers of one without EL3 UNDEFINED.
 * VPIDR_EL2 and VMPIDR_EL2 then read as MIDR_EL1 and MPIDR_EL1, which is their reset value. */
static bool belongs_to_absent_el(const struct cpu *c, unsigned op1, struct target *out)
{
    if (op1 == 4 && !c->cfg.has_el2) {
        *out = c->ps.el == 3 ? raz() : refuse(SR_UNDEF);
        return true;
    }
    if (op1 == 6 && !c->cfg.has_el3) {
        *out = refuse(SR_UNDEF);
        return true;
    }
    return false;
}

static struct target resolve_reg(const struct cpu *c, unsigned id, bool write)
{
    const struct sr_desc *d = &sr_table[id];
    unsigned el = c->ps.el;
    unsigned min = write ? d->el_w : d->el_r;
    struct target t;
    if (!cpu_has(c, d->feature)) {
        return resolve_absent(c, (struct sr_ref){0}, d->enc, write);
    }
    if (min == NEVER) {
        return undefined(c, d->enc, write);
    }
    if (belongs_to_absent_el(c, enc_op1(d->enc), &t)) {
        bool id_copy = id == SR_VPIDR_EL2 || id == SR_VMPIDR_EL2;
        return id_copy && el == 3 && !write ? reg_target(id, false) : t;
    }
    if (el < min) {
        return resolve_unprivileged(c, id, min, write);
    }
    enum nv_action a = NV_NORMAL;
    if (el == 1) {
        a = nv_el1_name(c, d->vncr, (d->flags & SRF_NV1) != 0, (d->flags & SRF_NV2A) != 0);
    }
    enum sr_verdict v = rule_verdict(sr_match(c, d, d->rules, el, write));
    if (a == NV_TRAP && v != SR_UNDEF) {
        v = SR_TRAP_EL2; /* before any trap to EL3 */
    }
    if (v != SR_OK) {
        return refuse(v);
    }
    if (d->rules == sr_rules_FP && trap_fp_target(c) != TRAP_NONE) {
        return (struct target){.verdict = SR_OK, .kind = T_FP_TRAP};
    }
    if (a != NV_NORMAL) {
        return nv_target(a, d->vncr, id);
    }
    bool redirect = el == 2 && (d->flags & SRF_E2H) != 0 && bit(c->sr[SR_HCR_EL2], HCR_E2H);
    return reg_target(redirect ? id + 1 : id, true);
}

/* _EL12 and _EL02 names exist with E2H, at EL2 and at EL3. */
static bool el12_exists(const struct cpu *c)
{
    return c->ps.el >= 2 && cpu_el2_enabled(c) && bit(c->sr[SR_HCR_EL2], HCR_E2H);
}

static struct target resolve_alias(const struct cpu *c, const struct sr_alias *a, bool write)
{
    const struct sr_desc *d = &sr_table[a->id];
    if (!cpu_has(c, FEAT_VHE) || !cpu_has(c, d->feature) || !c->cfg.has_el2) {
        return refuse(SR_UNDEF);
    }
    if (c->ps.el == 1) {
        return nv_target(nv_el12_name(c, d->vncr), d->vncr, a->id);
    }
    if (!el12_exists(c)) {
        return refuse(SR_UNDEF);
    }
    enum sr_verdict v = rule_verdict(sr_match(c, d, d->rules, c->ps.el, write));
    return v == SR_OK ? reg_target(a->id, true) : refuse(v);
}

static const struct sysreg *set_reg(const struct cpu *c, struct sr_ref ref)
{
    return &c->cfg.sets[ref.set].regs[ref.n];
}

/* ICC_IGRPEN0_EL1 and ICC_IGRPEN1_EL1 have the one fine-grained trap of the sets. */
static uint16_t set_fgt(uint16_t enc)
{
    bool igrpen = enc == SYSREG_ENC(3, 0, 12, 12, 6) || enc == SYSREG_ENC(3, 0, 12, 12, 7);
    return igrpen ? FGT_R(39) : FGT_NONE;
}

static enum sr_verdict check_set(const struct cpu *c, struct sr_ref ref, bool write)
{
    const struct sysreg *r = set_reg(c, ref);
    struct pe_view view = cpu_view(c);
    return r->check != NULL ? r->check(c->cfg.sets[ref.set].owner, &view, r, write) : SR_OK;
}

/* EL2 and EL02 names of timers and GIC from EL1. An EL2 register that does not exist in this
 * Security state is UNDEFINED whatever HCR_EL2.NV says (CNTHPS, CNTHVS). Before an EL02 access
 * becomes one to memory, the owner may trap it (CNTHCTL_EL2.{EL1NVPCT, EL1NVVCT}). */
static struct target resolve_set_nv(const struct cpu *c, struct sr_ref ref, bool write)
{
    uint16_t enc = set_reg(c, ref)->enc;
    unsigned vncr = nv_vncr_of_set(enc);
    bool el02 = enc_op1(enc) == 5;
    if (!el02 && check_set(c, ref, write) == SR_UNDEF) {
        return refuse(SR_UNDEF);
    }
    enum nv_action a = el02 ? nv_el12_name(c, vncr) : nv_el2_name(c, vncr, false);
    if (el02 && a == NV_MEMORY && check_set(c, ref, write) == SR_TRAP_EL2) {
        a = NV_TRAP;
    }
    return nv_target(a, vncr, 0);
}

static struct target resolve_set(const struct cpu *c, struct sr_ref ref, bool write)
{
    const struct sysreg *r = set_reg(c, ref);
    unsigned op1 = enc_op1(r->enc);
    unsigned min = write ? r->el_w : r->el_r;
    struct target t;
    if (min == NEVER) {
        return undefined(c, r->enc, write);
    }
    if (belongs_to_absent_el(c, op1, &t)) {
        return t;
    }
    if (c->ps.el == 1 && (op1 == 4 || op1 == 5)) {
        return resolve_set_nv(c, ref, write);
    }
    if (c->ps.el < min || (op1 == 5 && !el12_exists(c))) {
        return refuse(SR_UNDEF);
    }
    if (sr_fgt(c, set_fgt(r->enc), c->ps.el, write)) {
        return refuse(SR_TRAP_EL2);
    }
    enum sr_verdict v = check_set(c, ref, write);
    if (v != SR_OK) {
        return refuse(v);
    }
    if (c->ps.el == 1) {
        unsigned vncr = nv_vncr_of_set(r->enc);
        enum nv_action a = nv_el1_name(c, vncr, false, false);
        if (a != NV_NORMAL) {
            return nv_target(a, vncr, 0);
        }
    }
    return (struct target){.verdict = SR_OK, .kind = T_SET, .ref = ref};
}

static struct target resolve(const struct cpu *c, uint16_t enc, bool write)
{
    struct sr_ref ref = sysreg_find(c, enc);
    switch ((enum sr_ref_kind)ref.kind) {
    case SR_REF_REG:
        return resolve_reg(c, ref.n, write);
    case SR_REF_ALIAS:
        return resolve_alias(c, &sr_aliases[ref.n], write);
    case SR_REF_SET:
        return resolve_set(c, ref, write);
    case SR_REF_NONE:
    case SR_REF_RAZ:
    case SR_REF_OP:
        break;
    }
    return resolve_absent(c, ref, enc, write);
}

/* ISS of a trapped MSR, MRS or system instruction. */
static uint64_t sysreg_iss(uint16_t enc, unsigned rt, bool read)
{
    return (uint64_t)enc_op0(enc) << 20 | (uint64_t)enc_op2(enc) << 17 |
           (uint64_t)enc_op1(enc) << 14 | (uint64_t)enc_crn(enc) << 10 | (uint64_t)rt << 5 |
           (uint64_t)enc_crm(enc) << 1 | read;
}

void sysreg_take(struct cpu *c, enum sr_verdict v, uint16_t enc, unsigned rt, bool read)
{
    unsigned el = v - SR_TRAP_EL1 + 1;
    if (v == SR_UNDEF) {
        exc_undefined(c);
        return;
    }
    if (el == 1 && cpu_el2_enabled(c) && bit(c->sr[SR_HCR_EL2], HCR_TGE)) {
        el = 2;
    }
    exc_take_sync(c, el, EC_SYSREG, sysreg_iss(enc, rt, read), RETURN_THIS);
}

static uint64_t read_reg(struct cpu *c, const struct target *t)
{
    const struct sr_desc *d = &sr_table[t->id];
    if (d->read != NULL) {
        return d->read(c, t->id);
    }
    if (t->cacheable) {
        c->sr_ok_r[c->ps.el][t->id] = c->sr_gen;
    }
    return c->sr[t->id];
}

/* A write that is a plain store: every bit, and nobody to tell. */
static bool is_plain_store(const struct cpu *c, unsigned id)
{
    const struct sr_desc *d = &sr_table[id];
    return d->write == NULL && sr_masks(c)->wmask[id] == UINT64_MAX &&
           (d->flags & (SRF_MMU | SRF_TRP | SRF_TRP2 | SRF_IRQ)) == 0;
}

static void write_reg(struct cpu *c, const struct target *t, uint64_t v)
{
    const struct sr_desc *d = &sr_table[t->id];
    if (t->cacheable && is_plain_store(c, t->id)) {
        c->sr_ok_w[c->ps.el][t->id] = c->sr_gen;
    }
    if (d->write != NULL) {
        d->write(c, t->id, v);
    } else {
        sr_store(c, t->id, v);
    }
}

static uint64_t read_last_set(const struct cpu *c)
{
    const struct sysreg *r = c->last_set.reg;
    struct pe_view view = cpu_view(c);
    return r->read != NULL ? r->read(c->last_set.owner, &view, r) : 0;
}

static uint64_t read_set(struct cpu *c, struct sr_ref ref)
{
    const struct sysreg *r = set_reg(c, ref);
    c->last_set.enc = r->enc;
    c->last_set.gen = c->sr_gen;
    c->last_set.el = c->ps.el;
    c->last_set.reg = r;
    c->last_set.owner = c->cfg.sets[ref.set].owner;
    return read_last_set(c);
}

static void write_set(struct cpu *c, struct sr_ref ref, uint64_t v)
{
    const struct sysreg *r = set_reg(c, ref);
    struct pe_view view = cpu_view(c);
    c->last_set.gen = 0;
    if (r->write != NULL) {
        r->write(c->cfg.sets[ref.set].owner, &view, r, v);
    }
}

bool sysreg_read(struct cpu *c, uint16_t enc, unsigned rt, uint64_t *out)
{
    if (c->last_set.enc == enc && c->last_set.gen == c->sr_gen && c->last_set.el == c->ps.el) {
        *out = read_last_set(c);
        return true;
    }
    struct target t = resolve(c, enc, false);
    if (t.verdict != SR_OK) {
        sysreg_take(c, t.verdict, enc, rt, true);
        return false;
    }
    switch ((enum target_kind)t.kind) {
    case T_REG:
        *out = read_reg(c, &t);
        return true;
    case T_SET:
        *out = read_set(c, t.ref);
        return true;
    case T_MEMORY:
        return vncr_access(c, t.vncr, false, out);
    case T_RAZ:
        *out = 0;
        return true;
    case T_FP_TRAP:
        trap_fp_take(c);
        return false;
    }
    return true;
}

bool sysreg_write(struct cpu *c, uint16_t enc, unsigned rt, uint64_t v)
{
    struct target t = resolve(c, enc, true);
    if (t.verdict != SR_OK) {
        sysreg_take(c, t.verdict, enc, rt, false);
        return false;
    }
    switch ((enum target_kind)t.kind) {
    case T_REG:
        write_reg(c, &t, v);
        return true;
    case T_SET:
        write_set(c, t.ref, v);
        return true;
    case T_MEMORY:
        return vncr_access(c, t.vncr, true, &v);
    case T_RAZ:
        return true;
    case T_FP_TRAP:
        trap_fp_take(c);
        return false;
    }
    return true;
}

int sysreg_plain_id(const struct cpu *c, uint16_t enc)
{
    struct sr_ref ref = sysreg_find(c, enc);
    bool e2h = c->ps.el == 2 && bit(c->sr[SR_HCR_EL2], HCR_E2H);
    unsigned id;
    if (ref.kind == SR_REF_ALIAS && e2h) {
        id = sr_aliases[ref.n].id;
    } else if (ref.kind == SR_REF_REG) {
        const struct sr_desc *d = &sr_table[ref.n];
        if (c->ps.el == 1 && enc_op1(enc) == 4) {
            return -1; /* nested virtualization */
        }
        id = e2h && (d->flags & SRF_E2H) != 0 ? ref.n + 1U : ref.n;
    } else {
        return -1;
    }
    return sr_table[id].read == NULL ? (int)id : -1;
}

enum sr_direct sysreg_direct(const struct cpu *c, uint16_t enc)
{
    struct sr_ref ref = sysreg_find(c, enc);
    switch (ref.kind == SR_REF_REG ? (int)ref.n : -1) {
    case SR_SP_EL0:
        return c->ps.el >= 1 && c->ps.sp != 0 ? SR_DIRECT_SP_EL0 : SR_DIRECT_NONE;
    case SR_NZCV:
        return SR_DIRECT_NZCV;
    case SR_DAIF:
        return c->ps.el >= 1 ? SR_DIRECT_DAIF : SR_DIRECT_NONE;
    case SR_FPCR:
        return trap_fp_target(c) == TRAP_NONE ? SR_DIRECT_FPCR : SR_DIRECT_NONE;
    case SR_FPSR:
        return trap_fp_target(c) == TRAP_NONE ? SR_DIRECT_FPSR : SR_DIRECT_NONE;
    default:
        return SR_DIRECT_NONE;
    }
}

bool sysreg_peek(struct cpu *c, uint16_t enc, uint64_t *out)
{
    struct sr_ref ref = sysreg_find(c, enc);
    switch ((enum sr_ref_kind)ref.kind) {
    case SR_REF_REG:
        *out = sr_table[ref.n].read != NULL ? sr_table[ref.n].read(c, ref.n) : c->sr[ref.n];
        return cpu_has(c, sr_table[ref.n].feature);
    case SR_REF_ALIAS:
        *out = c->sr[sr_aliases[ref.n].id];
        return true;
    case SR_REF_SET: /* reading may acknowledge an interrupt: not for a debugger */
    case SR_REF_RAZ:
    case SR_REF_OP:
    case SR_REF_NONE:
        break;
    }
    return false;
}

bool sysreg_poke(struct cpu *c, uint16_t enc, uint64_t v)
{
    struct sr_ref ref = sysreg_find(c, enc);
    unsigned id = ref.kind == SR_REF_ALIAS ? sr_aliases[ref.n].id : ref.n;
    if ((ref.kind != SR_REF_REG && ref.kind != SR_REF_ALIAS) || !cpu_has(c, sr_table[id].feature)) {
        return false;
    }
    struct target t = reg_target(id, false);
    if ((sr_table[id].flags & SRF_RO) == 0) {
        write_reg(c, &t, v);
    }
    return true;
}
