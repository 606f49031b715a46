/* SPDX-License-Identifier: Apache-2.0 */
/* Storage of system registers: what exists on this PE, masks, reset. */
#include "cpu/sys/sysreg_file.h"

#include <string.h>

#include "cpu/sys/sysreg_id.h"
#include "cpu/sys/sysreg_index.h"
#include "cpu/sys/sysreg_pmu.h"

#define CPTR_EL2_RES1 0x33ff /* with E2H = 0 */

/* ---- the index ---- */

static unsigned hash(uint16_t enc)
{
    return (uint32_t)(enc * 0x9e3779b1U) >> (32 - SR_INDEX_BITS);
}

/* The slot of an encoding, or the free one where it would go. */
static unsigned slot_of(const struct sysreg_index *x, uint16_t enc)
{
    unsigned i = hash(enc);
    while (x->enc[i] != 0 && x->enc[i] != enc) {
        i = (i + 1) % SR_INDEX_SIZE;
    }
    return i;
}

static void insert(struct sysreg_index *x, uint16_t enc, struct sr_ref ref)
{
    unsigned i = slot_of(x, enc);
    if (x->enc[i] == 0) { /* the first owner of an encoding keeps it */
        x->enc[i] = enc;
        x->ref[i] = ref;
    }
}

struct sr_ref sysreg_find(const struct cpu *c, uint16_t enc)
{
    return c->sysregs->ref[slot_of(c->sysregs, enc)];
}

static void build_index(struct cpu *c)
{
    struct sysreg_index *x = c->sysregs;
    for (unsigned i = 0; i < SR_COUNT; i++) {
        insert(x, sr_table[i].enc, (struct sr_ref){.kind = SR_REF_REG, .n = (uint16_t)i});
    }
    for (unsigned i = 0; i < sr_n_aliases; i++) {
        insert(x, sr_aliases[i].enc, (struct sr_ref){.kind = SR_REF_ALIAS, .n = (uint16_t)i});
    }
    for (unsigned s = 0; s < c->cfg.n_sets; s++) {
        for (size_t i = 0; i < c->cfg.sets[s].n; i++) {
            insert(x, c->cfg.sets[s].regs[i].enc,
                   (struct sr_ref){.kind = SR_REF_SET, .set = (uint8_t)s, .n = (uint16_t)i});
        }
    }
    for (unsigned i = 0; i < sysop_count(); i++) {
        insert(x, sysop_enc(i), (struct sr_ref){.kind = SR_REF_OP, .n = (uint16_t)i});
    }
    for (const uint16_t *p = x->model->impdef; *p != 0; p++) {
        insert(x, *p, (struct sr_ref){.kind = SR_REF_RAZ});
    }
}

/* Half full at most, so that a search ends soon. */
static __attribute__((unused)) bool index_is_large_enough(const struct cpu *c)
{
    size_t n = SR_COUNT + sr_n_aliases + sysop_count();
    for (unsigned s = 0; s < c->cfg.n_sets; s++) {
        n += c->cfg.sets[s].n;
    }
    return n < SR_INDEX_SIZE / 2;
}

bool cpu_configure(struct cpu *c, GError **err)
{
    const struct cpu_model *model;
    if (!cpu_model_parse(c->cfg.model, &model, &c->feat, err)) {
        return false;
    }
    sysreg_id_fit_features(c);
    ASSERT(index_is_large_enough(c));
    c->sysregs = g_new0(struct sysreg_index, 1);
    c->sysregs->model = model;
    sr_masks_init(&c->sysregs->masks, &c->feat);
    build_index(c);
    pmu_init(c);
    return true;
}

void cpu_unconfigure(struct cpu *c)
{
    if (c->sysregs != NULL) {
        pmu_finalize(c);
    }
    g_clear_pointer(&c->sysregs, g_free);
}

uint32_t cpu_cntfrq_hz(const struct cpu *c)
{
    return c->cfg.cntfrq_hz != 0 ? c->cfg.cntfrq_hz : c->sysregs->model->cntfrq_hz;
}

const char *sysreg_name(const struct cpu *c, uint16_t enc)
{
    struct sr_ref ref = sysreg_find(c, enc);
    switch ((enum sr_ref_kind)ref.kind) {
    case SR_REF_REG:
        return cpu_has(c, sr_table[ref.n].feature) ? sr_table[ref.n].name : NULL;
    case SR_REF_ALIAS:
        return sr_aliases[ref.n].name;
    case SR_REF_SET:
        return c->cfg.sets[ref.set].regs[ref.n].name;
    case SR_REF_OP:
        return sysop_name(ref.n);
    case SR_REF_RAZ:
    case SR_REF_NONE:
        break;
    }
    return NULL;
}

int sysreg_lookup(const struct cpu *c, uint16_t enc)
{
    struct sr_ref ref = sysreg_find(c, enc);
    if (ref.kind == SR_REF_ALIAS) {
        return sr_aliases[ref.n].id;
    }
    return ref.kind == SR_REF_REG && cpu_has(c, sr_table[ref.n].feature) ? ref.n : -1;
}

/* ---- storage ---- */

const struct sr_masks *sr_masks(const struct cpu *c)
{
    return &c->sysregs->masks;
}

uint64_t sysreg_wmask(const struct cpu *c, enum sr_id id)
{
    return c->sysregs->masks.wmask[id];
}

static unsigned context_bits(uint16_t flags)
{
    return ((flags & SRF_MMU) != 0 ? CTX_MMU : 0) | ((flags & SRF_TRP) != 0 ? CTX_TRAPS : 0) |
           ((flags & SRF_TRP2) != 0 ? CTX_TRAPS_EL2 : 0) | ((flags & SRF_IRQ) != 0 ? CTX_IRQ : 0);
}

/* Does a write from the current EL matter only to ELs below it? */
static bool concerns_lower_els(const struct cpu *c, enum sr_id id)
{
    unsigned op1 = enc_op1(sr_table[id].enc);
    bool el1s = op1 != 4 && op1 != 6 && id != SR_POR_EL0; /* that is LDTR's here, too */
    bool stage2 = id == SR_VTTBR_EL2 || id == SR_VTCR_EL2 || id == SR_S2PIR_EL2;
    return c->ps.el >= 2 && (el1s || stage2);
}

void sr_store(struct cpu *c, enum sr_id id, uint64_t v)
{
    const struct sr_masks *m = sr_masks(c);
    uint64_t new_value = (v & m->wmask[id]) | m->res1[id];
    unsigned what = context_bits(sr_table[id].flags);
    if (new_value == c->sr[id]) {
        return;
    }
    c->sr[id] = new_value;
    if (what != 0) {
        cpu_context_changed(c, what | (concerns_lower_els(c, id) ? CTX_LOWER : 0));
    }
}

/* ---- reset ---- */

/* Registers that only a Cold reset resets: those of the debug domain. */
static bool survives_warm_reset(unsigned id)
{
    static const struct {
        uint16_t first, last;
    } kept[] = {
        {SR_DBGBVR0_EL1, SR_DBGWCR3_EL1}, {SR_DBGCLAIMSET_EL1, SR_DBGCLAIMCLR_EL1},
        {SR_DBGPRCR_EL1, SR_DBGPRCR_EL1}, {SR_OSLSR_EL1, SR_OSLSR_EL1},
        {SR_OSECCR_EL1, SR_OSECCR_EL1},   {SR_OSDTRRX_EL1, SR_OSDTRTX_EL1},
    };
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        if (id >= kept[i].first && id <= kept[i].last) {
            return true;
        }
    }
    return false;
}

void sysreg_reset(struct cpu *c, bool cold)
{
    for (unsigned id = 0; id < SR_COUNT; id++) {
        if (cold || !survives_warm_reset(id)) {
            c->sr[id] = sr_masks(c)->res1[id];
        }
    }
    /* Generation 0 is never current: what is cached below is stale until a full check. */
    memset(c->dc_ok, 0, sizeof(c->dc_ok));
    memset(c->sr_ok_r, 0, sizeof(c->sr_ok_r));
    memset(c->sr_ok_w, 0, sizeof(c->sr_ok_w));
    c->last_set.gen = 0;
    c->sr_gen = 1;
    sysreg_id_reset(c);
    if (cold) {
        c->sr[SR_OSLSR_EL1] |= BIT(1); /* OSLK */
        c->sysregs->rng = c->cfg.rng_seed + c->cfg.index;
    }
    c->sr[SR_CPTR_EL2] = CPTR_EL2_RES1;
    c->fp.fpcr = 0;
    c->fp.fpsr = 0;
    pmu_reset(c);
    debug_registers_changed(c);
}

/* ---- direct boot ---- */

/* A register of a set, as firmware at EL3 (or EL2) would write it. Absent: nothing happens. */
static void write_set_as(struct cpu *c, unsigned el, uint16_t enc, uint64_t v)
{
    struct sr_ref ref = sysreg_find(c, enc);
    if (ref.kind != SR_REF_SET) {
        return;
    }
    const struct sysreg *r = &c->cfg.sets[ref.set].regs[ref.n];
    struct pe_view view = cpu_view(c);
    view.el = (uint8_t)el;
    c->last_set.gen = 0;
    if (r->write != NULL && r->el_w <= el) {
        r->write(c->cfg.sets[ref.set].owner, &view, r, v);
    }
}

static void open_el3(struct cpu *c, unsigned el, bool secure)
{
    /* HCE, ST, APK, API, FIEN, EnSCXT, FGTEn, ECVEn, HXEn, TCR2En, SCTLR2En, PIEn, FGTEn2 */
    uint64_t scr = BIT(8) | BIT(11) | BIT(16) | BIT(17) | BIT(21) | BIT(25) | BIT(27) | BIT(28) |
                   BIT(38) | BIT(43) | BIT(44) | BIT(45) | BIT(59);
    scr |= secure ? (el == 2 ? BIT(18) : 0) : BIT(0); /* EEL2, NS */
    sr_store(c, SR_SCR_EL3, scr);
    sr_store(c, SR_CPTR_EL3, 0);
    sr_store(c, SR_MDCR_EL3, BIT(17));                                /* SPME */
    write_set_as(c, 3, SYSREG_ENC(3, 6, 12, 12, 5), 0xf);             /* ICC_SRE_EL3 */
    write_set_as(c, 3, SYSREG_ENC(3, 3, 14, 0, 0), cpu_cntfrq_hz(c)); /* CNTFRQ_EL0 */
}

static void open_el2(struct cpu *c)
{
    /* RW, APK, API, FIEN, EnSCXT */
    sr_store(c, SR_HCR_EL2, BIT(31) | BIT(40) | BIT(41) | BIT(47) | BIT(53));
    /* MSCEn, TCR2En, SCTLR2En */
    sr_store(c, SR_HCRX_EL2, BIT(11) | BIT(14) | BIT(15));
    /* nPIRE0_EL1, nPIR_EL1, nPOR_EL0, nPOR_EL1, nS2POR_EL1 */
    sr_store(c, SR_HFGRTR_EL2, mask64(57, 5));
    sr_store(c, SR_HFGWTR_EL2, mask64(57, 5));
    sr_store(c, SR_CPTR_EL2, CPTR_EL2_RES1);
    sr_store(c, SR_VPIDR_EL2, c->sr[SR_MIDR_EL1]);
    sr_store(c, SR_VMPIDR_EL2, c->sr[SR_MPIDR_EL1]);
    write_set_as(c, 2, SYSREG_ENC(3, 4, 12, 9, 5), 0xf); /* ICC_SRE_EL2 */
    write_set_as(c, 2, SYSREG_ENC(3, 4, 14, 1, 0), 3);   /* CNTHCTL_EL2: EL1PCEN, EL1PCTEN */
    write_set_as(c, 2, SYSREG_ENC(3, 4, 14, 0, 3), 0);   /* CNTVOFF_EL2 */
}

void sysreg_setup_direct_boot(struct cpu *c, unsigned el, bool secure)
{
    if (c->cfg.has_el3 && el < 3) {
        open_el3(c, el, secure);
    }
    if (c->cfg.has_el2 && el < 2) {
        open_el2(c);
    }
}
