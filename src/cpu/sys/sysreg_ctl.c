/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks of control and exception registers that storage and masks do not describe. */
#include "base/log.h"
#include "cpu/sys/hcr.h"
#include "cpu/sys/sysreg_pmu.h"
#include "cpu/sys/sysreg_table.h"

#define SCR_EA BIT(3)

void sr_wr_hcr(struct cpu *c, enum sr_id id, uint64_t v)
{
    uint64_t old = c->sr[id];
    sr_store(c, id, v);
    if (((old ^ c->sr[id]) & HCR_E2H) != 0) {
        cpu_context_changed(c, CTX_TRAPS_EL2); /* EL1 names mean other registers now */
    }
}

void sr_wr_mdcr_el2(struct cpu *c, enum sr_id id, uint64_t v)
{
    pmu_sync(c);
    sr_store(c, id, v);
    pmu_reschedule(c);
}

void sr_wr_mdcr_el3(struct cpu *c, enum sr_id id, uint64_t v)
{
    sr_wr_mdcr_el2(c, id, v);
}

/* Only stack pointers that are not the current one are accessible. */
uint64_t sr_rd_sp_el(struct cpu *c, enum sr_id id)
{
    return c->sp_el[id - SR_SP_EL0];
}

void sr_wr_sp_el(struct cpu *c, enum sr_id id, uint64_t v)
{
    c->sp_el[id - SR_SP_EL0] = v;
}

static bool line(const struct cpu *c, enum cpu_line l)
{
    return bit(c->lines, l);
}

/* Pending interrupts; at EL1 the virtual ones where EL2 takes the physical ones. */
uint64_t sr_rd_isr(struct cpu *c, enum sr_id id)
{
    uint64_t hcr = c->ps.el == 1 ? cpu_hcr_el2(c) : 0;
    bool vi = (hcr & HCR_VI) != 0, vf = (hcr & HCR_VF) != 0;
    bool a = (hcr & HCR_AMO) != 0 ? (hcr & HCR_VSE) != 0 : line(c, CPU_LINE_SERROR);
    bool i = (hcr & HCR_IMO) != 0 ? vi || line(c, CPU_LINE_VIRQ) : line(c, CPU_LINE_IRQ);
    bool f = (hcr & HCR_FMO) != 0 ? vf || line(c, CPU_LINE_VFIQ) : line(c, CPU_LINE_FIQ);
    bool is = (hcr & HCR_IMO) != 0
                  ? (vi && (cpu_hcrx_el2(c) & HCRX_VINMI) != 0) || line(c, CPU_LINE_VNMI)
                  : line(c, CPU_LINE_NMI);
    bool fs = (hcr & HCR_FMO) != 0 && vf && (cpu_hcrx_el2(c) & HCRX_VFNMI) != 0;
    return (uint64_t)is << 10 | (uint64_t)fs << 9 | (uint64_t)a << 8 | (uint64_t)i << 7 |
           (uint64_t)f << 6;
}

/* DISR_EL1 is VDISR_EL2 for a guest whose SErrors are virtual, RAZ/WI where EL3 takes SErrors. */
static int disr_storage(const struct cpu *c)
{
    if (c->ps.el == 1 && (cpu_hcr_el2(c) & HCR_AMO) != 0) {
        return SR_VDISR_EL2;
    }
    if (c->ps.el < 3 && c->cfg.has_el3 && (c->sr[SR_SCR_EL3] & SCR_EA) != 0) {
        return -1;
    }
    return SR_DISR_EL1;
}

uint64_t sr_rd_disr(struct cpu *c, enum sr_id id)
{
    int from = disr_storage(c);
    return from < 0 ? 0 : c->sr[from];
}

void sr_wr_disr(struct cpu *c, enum sr_id id, uint64_t v)
{
    int to = disr_storage(c);
    if (to >= 0) {
        sr_store(c, to, v);
    }
}
