/* SPDX-License-Identifier: Apache-2.0 */
/* Self-hosted debug: registers by number, bits, what routes exceptions. Arm ARM D2. */
#ifndef GUEST_DEBUG_H
#define GUEST_DEBUG_H

#include "guest.h"

#define EC_BREAKPOINT 0x30 /* from a lower EL; + 1: from the same */
#define EC_STEP       0x32
#define EC_WATCHPOINT 0x34
#define DEBUG_STATUS  0x22 /* IFSC, DFSC */

#define SCR_NS     BIT(0)
#define SCR_EEL2   BIT(18)
#define HCR_TGE    BIT(27)
#define HCR_E2H    BIT(34)
#define MDCR2_TDE  BIT(8)
#define MDCR3_SDD  BIT(16)
#define MDSCR_SS   BIT(0)
#define MDSCR_KDE  BIT(13)
#define MDSCR_MDE  BIT(15)
#define PSR_D      BIT(9)
#define PSR_SS     BIT(21)
#define UNMASKED_D (DAIF & ~PSR_D)

/* Fields of DBGBCR and DBGWCR. */
#define DBG_E       BIT(0)
#define DBG_PXC(n)  ((uint64_t)(n) << 1)
#define DBG_HMC     BIT(13)
#define DBG_SSC(n)  ((uint64_t)(n) << 14)
#define DBG_LBN(n)  ((uint64_t)(n) << 16)
#define BCR_BAS     (UINT64_C(0xf) << 5)
#define BCR_BT(n)   ((uint64_t)(n) << 20)
#define WCR_LOAD    BIT(3)
#define WCR_STORE   BIT(4)
#define WCR_BAS(n)  ((uint64_t)(n) << 5)
#define WCR_WT      BIT(20)
#define WCR_MASK(n) ((uint64_t)(n) << 24)
/* EL0, EL1 and EL2, either Security state. */
#define DBG_ANYWHERE (DBG_E | DBG_PXC(3) | DBG_HMC)

#define CONTEXT_BREAKPOINT 4 /* the first that compares contexts, on the machines here */

void set_breakpoint(unsigned n, uint64_t va, uint64_t control); /* n: 0, 1, 4, 5 */
void set_watchpoint(unsigned n, uint64_t va, uint64_t control); /* n: 0, 1 */
void debug_off(void); /* all of them, and the routing of debug exceptions */

/* Which (HMC, SSC, PMC or PAC) apply to what: Tables D2-11 and D2-13 without Realm and Root. */
struct debug_state {
    uint8_t hmc, ssc, pxc;
    bool secure, non_secure;
    bool el[3];
};
extern const struct debug_state debug_states[];
extern const unsigned n_debug_states;

#endif
