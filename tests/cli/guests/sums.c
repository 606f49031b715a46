/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code that sums itself, at each exception level and in a virtual machine, and prints the sums: a
 * debugger that writes its breakpoints into memory would change them.
 */
#include "mmu.h"

extern const char sum_end[];
/* X0: from, X1: to; the sum is in X2. */
SNIPPET(sum_code, "mov x2, #0\nmov x4, #31\n.global sum_loop\nsum_loop: ldr w3, [x0], #4\n"
                  "madd x2, x2, x4, x3\ncmp x0, x1\nb.lo sum_loop\n.global sum_end\nsum_end: nop");

static void sum_at(const char *where, uint64_t mode)
{
    struct outcome o = run_at(MASKED(mode), sum_code, ARGS((uint64_t)sum_code, (uint64_t)sum_end));
    check_eq(where, o.done, 1);
    print(where);
    print(" ");
    print_hex(o.x[2]);
    print("\n");
}

int guest_main(void)
{
    sum_at("EL2", EL2H);
    sum_at("EL1", EL1H);
    sum_at("EL0", EL0T);
    struct tables s2 = stage2_flat();
    stage2_on(&s2, 1);
    sum_at("VM at EL1", EL1H);
    sum_at("VM at EL0", EL0T);
    stage2_off();
    return 0;
}
