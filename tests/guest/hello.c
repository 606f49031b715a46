/* SPDX-License-Identifier: Apache-2.0 */
/* The framework itself: a snippet at every level comes to its end, with its results. */
#include "guest.h"

SNIPPET(add_snippet, "add x0, x0, x1\nmrs x2, nzcv");
SNIPPET(undef_snippet, "udf #0");

int guest_main(void)
{
    static const uint64_t modes[] = {EL3H, EL3T, EL2H, EL2T, EL1H, EL1T, EL0T};

    for (unsigned i = 0; i < ARRAY_LEN(modes); i++) {
        struct outcome o;

        if (modes[i] >> 2 > home_el()) {
            continue;
        }
        o = run_at(MASKED(modes[i]) | BIT(30), add_snippet, ARGS(40, 2));
        check_done("runs to its end", &o);
        check_eq("result", o.x[0], 42);
        check_eq("flags", o.x[2], BIT(30));
        o = run_at(MASKED(modes[i]), undef_snippet, ARGS(0));
        check_eq("undefined: EC", ESR_EC(o.esr), EC_UNKNOWN);
        check_eq("undefined: ELR", o.elr, (uintptr_t)undef_snippet);
    }
    return 0;
}
