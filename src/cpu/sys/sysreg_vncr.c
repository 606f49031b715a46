/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VNCR_EL2 page (FEAT_NV2, Arm ARM D8.11 "Enhanced support for nested virtualization"): system
 * register accesses of a guest hypervisor as memory accesses of EL2.
 */
#include "cpu/engine/translate.h"
#include "cpu/sys/exc.h"
#include "cpu/sys/hcr.h"
#include "cpu/sys/regimes.h"
#include "cpu/sys/sysreg_nv.h"
#include "cpu/sys/sysreg_table.h"

#define ISS_WNR      BIT(6)
#define ISS_VNCR     BIT(13)
#define FSC_EXTERNAL 0x10
#define SCR_EA       3

/* Data Abort with ISS.VNCR. Its class is that of an abort without a change of EL. */
static bool vncr_abort(struct cpu *c, unsigned target, uint64_t status, bool write, uint64_t va)
{
    exc_take_fault(c, target, EC_DABT_SAME, status | ISS_VNCR | (write ? ISS_WNR : 0), va);
    return false;
}

static unsigned external_target(const struct cpu *c)
{
    return c->cfg.has_el3 && bit(c->sr[SR_SCR_EL3], SCR_EA) ? 3 : 2;
}

/* EL2 regimes have one stage, so a fault is one of stage 1. */
static bool translate(struct cpu *c, uint64_t addr, bool write, struct xlat_result *out)
{
    bool e2h = (c->sr[SR_HCR_EL2] & HCR_E2H) != 0;
    struct xlat_req req = {.va = va(addr), .acc = write ? ACC_WRITE : ACC_READ};
    struct walk_port port = translate_walk_port(c);
    struct xlat_cfg cfg;
    struct xlat_fault f;
    regime_config(c, e2h ? REGIME_EL20 : REGIME_EL2, &cfg);
    if (xlat_walk(&cfg, &req, &port, out, &f)) {
        return true;
    }
    unsigned target = f.type == XF_EXT_ABORT ? external_target(c) : 2;
    return vncr_abort(c, target, xlat_fault_status(&f) | abort_iss2(&f), write, addr);
}

bool vncr_access(struct cpu *c, unsigned offset, bool write, uint64_t *v)
{
    uint64_t addr = c->sr[SR_VNCR_EL2] + offset;
    struct xlat_result r;
    if (!translate(c, addr, write, &r)) {
        return false;
    }
    struct watched_access a = {.va = addr, .size = 8, .read = !write, .write = write, .vncr = true};
    if (UNLIKELY(c->debug.watches) && debug_watch(c, &a)) {
        return false;
    }
    struct bus_txn t = {
        .pa = r.pa,
        .data = write ? *v : 0,
        .size = 8,
        .write = write,
        .attrs = {.requester_id = c->cfg.index, .pas = r.pas, .mair = r.mair, .priv = true},
    };
    if (bus_access(c->bus, &t) != BUS_OK) {
        return vncr_abort(c, external_target(c), FSC_EXTERNAL, write, addr);
    }
    *v = t.data;
    return true;
}
