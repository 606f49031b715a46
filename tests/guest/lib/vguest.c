/* SPDX-License-Identifier: Apache-2.0 */
#include "vguest.h"

SNIPPET(isr, "mrs x0, isr_el1");
SNIPPET(acknowledge, "mrs x0, S3_0_C12_C12_0\nisb");
SNIPPET(end, "msr S3_0_C12_C12_1, x0\nisb");
SNIPPET(running, "mrs x0, S3_0_C12_C11_3");
SNIPPET(unmasks, "msr daifclr, #2\nisb\nmov x0, #1\nmsr daifset, #2");

void vguest_init(void)
{
    wr(hcr_el2, rd(hcr_el2) | HCR_IMO | HCR_FMO);
    gwr(ICH_VMCR_EL2, VMCR_VENG0 | VMCR_VENG1 | VMCR_VPMR(0xff));
    gwr(ICH_HCR_EL2, ICH_EN);
    isb();
}

uint64_t vguest_run(const void *code, uint64_t arg)
{
    isb();
    struct outcome o = run_at(MASKED(EL1H), code, ARGS(arg));

    check_done("the guest's code", &o);
    return o.x[0];
}

uint64_t vguest_isr(void)
{
    return vguest_run(isr, 0);
}

uint64_t vguest_priority(void)
{
    return vguest_run(running, 0);
}

struct outcome vguest_unmask(void)
{
    isb();
    return run_at(MASKED(EL1H), unmasks, ARGS(0));
}

uint64_t vguest_acknowledge(void)
{
    return vguest_run(acknowledge, 0);
}

void vguest_end(uint64_t intid)
{
    vguest_run(end, intid);
}

uint64_t vguest_take(void)
{
    uint64_t intid = vguest_acknowledge();

    if (intid != SPURIOUS) {
        vguest_end(intid);
    }
    return intid;
}
