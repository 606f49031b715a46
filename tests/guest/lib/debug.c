/* SPDX-License-Identifier: Apache-2.0 */
#include "debug.h"

/* clang-format off */
const struct debug_state debug_states[] = {
    {0, 0, 1, 1, 1, {0, 1, 0}}, {0, 0, 2, 1, 1, {1, 0, 0}}, {0, 0, 3, 1, 1, {1, 1, 0}},
    {0, 1, 1, 0, 1, {0, 1, 0}}, {0, 1, 2, 0, 1, {1, 0, 0}}, {0, 1, 3, 0, 1, {1, 1, 0}},
    {0, 2, 1, 1, 0, {0, 1, 0}}, {0, 2, 2, 1, 0, {1, 0, 0}}, {0, 2, 3, 1, 0, {1, 1, 0}},
    {0, 3, 0, 1, 0, {0, 0, 1}}, {0, 3, 1, 1, 0, {0, 1, 1}}, {0, 3, 3, 1, 0, {1, 1, 1}},
    {1, 0, 1, 1, 1, {0, 1, 1}}, {1, 0, 3, 1, 1, {1, 1, 1}},
    {1, 1, 0, 0, 1, {0, 0, 1}}, {1, 1, 1, 0, 1, {0, 1, 1}}, {1, 1, 3, 0, 1, {1, 1, 1}},
    {1, 2, 0, 1, 0, {0, 0, 0}}, {1, 2, 1, 1, 0, {0, 1, 1}}, {1, 2, 3, 1, 0, {1, 1, 1}},
    {1, 3, 0, 1, 1, {0, 0, 1}}, {1, 3, 1, 1, 1, {0, 1, 1}}, {1, 3, 3, 1, 1, {1, 1, 1}},
};
/* clang-format on */
const unsigned n_debug_states = ARRAY_LEN(debug_states);

void set_breakpoint(unsigned n, uint64_t va, uint64_t control)
{
    switch (n) {
#define BREAKPOINT(n)                                                                              \
    case n:                                                                                        \
        wr(dbgbvr##n##_el1, va);                                                                   \
        wr(dbgbcr##n##_el1, control);                                                              \
        break;
        BREAKPOINT(0)
        BREAKPOINT(1)
        BREAKPOINT(4)
        BREAKPOINT(5)
    }
    isb();
}

void set_watchpoint(unsigned n, uint64_t va, uint64_t control)
{
    if (n == 0) {
        wr(dbgwvr0_el1, va);
        wr(dbgwcr0_el1, control);
    } else {
        wr(dbgwvr1_el1, va);
        wr(dbgwcr1_el1, control);
    }
    isb();
}

void debug_off(void)
{
    static const uint8_t breakpoints[] = {0, 1, 4, 5};

    for (unsigned i = 0; i < ARRAY_LEN(breakpoints); i++) {
        set_breakpoint(breakpoints[i], 0, 0);
    }
    set_watchpoint(0, 0, 0);
    set_watchpoint(1, 0, 0);
    wr(mdscr_el1, 0);
    wr(mdcr_el2, rd(mdcr_el2) & ~MDCR2_TDE);
    wr(mdcr_el3, rd(mdcr_el3) & ~MDCR3_SDD);
    wr(oslar_el1, 0);
    isb();
}
