/* SPDX-License-Identifier: Apache-2.0 */
/* Control registers that are UNKNOWN at reset or would trap, from the home level down. */
#include "guest.h"

#define SCR_NS   BIT(0)
#define SCR_HCE  BIT(8)
#define SCR_RW   BIT(10)
#define SCR_APK  BIT(16)
#define SCR_API  BIT(17)
#define SCR_RES1 (BIT(4) | BIT(5))
#define HCR_APK  BIT(40)
#define HCR_API  BIT(41)
#define HCR_RW   BIT(31)

#define SCTLR_EL1_RES1 UINT64_C(0x30d00800)
#define SCTLR_EL2_RES1 UINT64_C(0x30c50830)

void el_setup(unsigned el);

static void setup_el3(void)
{
    wr(scr_el3, SCR_NS | SCR_HCE | SCR_RW | SCR_APK | SCR_API | SCR_RES1);
    wr(cptr_el3, 0);
    wr(mdcr_el3, 0);
    isb();
}

static void setup_el2(void)
{
    wr(hcr_el2, HCR_RW | HCR_APK | HCR_API);
    wr(cptr_el2, 0x33ff);
    wr(hstr_el2, 0);
    wr(mdcr_el2, 6);
    wr(cnthctl_el2, 3);
    wr(cntvoff_el2, 0);
    wr(vttbr_el2, 0);
    wr(vpidr_el2, rd(midr_el1));
    wr(vmpidr_el2, rd(mpidr_el1));
    if (current_el() > 2) {
        wr(sctlr_el2, SCTLR_EL2_RES1);
    }
    isb();
}

void el_setup(unsigned el)
{
    if (el == 3) {
        setup_el3();
    }
    if (el >= 2) {
        setup_el2();
        wr(sctlr_el1, SCTLR_EL1_RES1);
    }
    wr(cpacr_el1, 3 << 20);
    wr(mdscr_el1, 0);
    wr(oslar_el1, 0);
    wr(cntkctl_el1, 3);
    wr(cntp_ctl_el0, 0);
    wr(cntv_ctl_el0, 0);
    wr(tpidr_el1, 0);
    wr(contextidr_el1, 0);
    isb();
}
