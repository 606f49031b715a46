/* SPDX-License-Identifier: Apache-2.0 */
/* Priority selection and active priorities. Arm IHI 0069H, 4.8 "Interrupt prioritization". */
#include "gic/prio.h"

uint8_t prio_apr_running(const uint32_t *apr, unsigned n_pre_bits)
{
    for (unsigned i = 0; i < PRIO_N_APR; i++) {
        if (apr[i] != 0) {
            unsigned level = i * 32 + (unsigned)__builtin_ctz(apr[i]);
            return (uint8_t)(level << (8 - n_pre_bits));
        }
    }
    return PRIO_IDLE;
}

uint8_t prio_apr_drop(uint32_t *apr, unsigned n_pre_bits)
{
    for (unsigned i = 0; i < PRIO_N_APR; i++) {
        if (apr[i] != 0) {
            unsigned level = i * 32 + (unsigned)__builtin_ctz(apr[i]);
            apr[i] &= apr[i] - 1;
            return (uint8_t)(level << (8 - n_pre_bits));
        }
    }
    return PRIO_IDLE;
}

void prio_pick_word(struct prio_pick *best, uint32_t candidates, const uint8_t prio[32],
                    unsigned first_intid)
{
    for (; candidates != 0; candidates &= candidates - 1) {
        unsigned n = (unsigned)__builtin_ctz(candidates);
        struct prio_pick c = {.intid = first_intid + n, .prio = prio[n]};
        if (prio_before(c, *best)) {
            *best = c;
        }
    }
}
