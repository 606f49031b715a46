/* SPDX-License-Identifier: Apache-2.0 */
/* MMU and caches on at the home level, one benchmark, its checksum. */
#include "bench.h"

int guest_main(void)
{
    struct tables t = stage1_flat();
    unsigned el = current_el();

    stage1_on(el, &t, 1);
    if (el == 1) {
        wr(cpacr_el1, 3 << 20);
    }
    isb();
    uint64_t sum = bench_run();
    print("SUM ");
    print_hex(sum);
    print("\n");
    return 0;
}
