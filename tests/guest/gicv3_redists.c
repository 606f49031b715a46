/* SPDX-License-Identifier: Apache-2.0 */
/*
 * More PEs than the first window of redistributors has room for: software walks each window up to
 * the redistributor that says it is the last of its series. Arm IHI 0069H, 12.11.36 GICR_TYPER.
 */
#include "gic.h"

#define WINDOW_SIZE 0xf60000U
#define HIGH_BASE   UINT64_C(0x4000000000)
#define N_HIGH      2 /* the machine of meson.build has two PEs more */
#define GICR_TYPER  0x0008
#define TYPER_LAST  BIT(4)
#define CLUSTER     16U /* values of Aff0 */

/* PE numbers go on from window to window. Returns the number behind the last. */
static unsigned walk(uint64_t base, unsigned pe, unsigned room)
{
    for (unsigned i = 0; i < room; i++, pe++) {
        uint64_t typer = *(volatile uint64_t *)(base + i * gicr_stride() + GICR_TYPER);

        check_eq("GICR_TYPER: processor number", FIELD(typer, 8, 16), pe);
        check_eq("GICR_TYPER: affinity", typer >> 32, pe / CLUSTER << 8 | pe % CLUSTER);
        if (typer & TYPER_LAST) {
            return pe + 1;
        }
    }
    check("GICR_TYPER.Last at the end of the window", false);
    return pe;
}

int guest_main(void)
{
    unsigned room = WINDOW_SIZE / gicr_stride();
    unsigned n_low = walk(GICR_BASE, 0, room);

    check_eq("redistributors in the first window", n_low, room);
    check_eq("redistributors in the second", walk(HIGH_BASE, n_low, N_HIGH), n_low + N_HIGH);
    return 0;
}
