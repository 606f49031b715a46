/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupt priorities: pure functions over words. Arm IHI 0069H, 4.8 "Interrupt prioritization".
 *
 * A lower value is a higher priority; PRIO_IDLE is below all of them. Shared by the physical and
 * the virtual CPU interfaces of GICv2 and GICv3. Nothing here knows an interrupt controller.
 */
#ifndef GIC_PRIO_H
#define GIC_PRIO_H

#include <stdbool.h>
#include <stdint.h>

#define PRIO_IDLE  0xffU
#define PRIO_N_APR 4 /* 128 preemption levels at most */

/* The best candidate found so far; intid PRIO_NONE: none. */
#define PRIO_NONE UINT32_MAX
struct prio_pick {
    uint32_t intid;
    uint8_t prio;
    bool nmi; /* non-maskable: before others of its priority */
};

/* Group priority bits for binary point 0 to 7: [7:bpr+1]. Binary point 7 leaves none. */
static inline uint8_t prio_group_mask(unsigned bpr)
{
    return (uint8_t)(0xffU << (bpr + 1));
}

/* The implemented bits of a priority field. 1 <= n_bits <= 8. */
static inline uint8_t prio_implemented_mask(unsigned n_bits)
{
    return (uint8_t)(0xffU << (8 - n_bits));
}

/* Non-secure view of a priority, and what a Non-secure write of v means (4.8.1). */
static inline uint8_t prio_ns_view(uint8_t prio)
{
    return (prio & 0x80) ? (uint8_t)(prio << 1) : 0;
}

static inline uint8_t prio_from_ns(uint8_t v)
{
    return (uint8_t)(0x80 | (v >> 1));
}

/* May an interrupt of this priority be signalled? mask: the group priority mask of its group. */
static inline bool prio_sufficient(uint8_t prio, uint8_t pmr, uint8_t running, uint8_t mask)
{
    if (prio >= pmr) {
        return false;
    }
    return running == PRIO_IDLE || (prio & mask) < (running & mask);
}

/* The same of a non-maskable one: nothing masks it, and it preempts its equals, but not its kind.
 */
static inline bool prio_nmi_sufficient(uint8_t prio, uint8_t running, uint8_t mask, bool nmi_active)
{
    return running == PRIO_IDLE || (prio & mask) < (running & mask) ||
           ((prio & mask) == (running & mask) && !nmi_active);
}

/* Active priorities: bit n of the 32 * PRIO_N_APR bits is preemption level n. */
static inline void prio_apr_set(uint32_t *apr, uint8_t prio, unsigned n_pre_bits)
{
    unsigned level = prio >> (8 - n_pre_bits);
    apr[level / 32] |= UINT32_C(1) << (level % 32);
}

/* The running priority those bits stand for; PRIO_IDLE when none is set. */
uint8_t prio_apr_running(const uint32_t *apr, unsigned n_pre_bits);
/* Clear the highest active priority. Returns it, or PRIO_IDLE if there was none. */
uint8_t prio_apr_drop(uint32_t *apr, unsigned n_pre_bits);

/*
 * Fold the candidates of a word of 32 interrupts into *best: higher priority wins, then the lower
 * INTID (the order between equals is IMPLEMENTATION DEFINED).
 */
void prio_pick_word(struct prio_pick *best, uint32_t candidates, const uint8_t prio[32],
                    unsigned first_intid);

/* Does a rank before b? */
static inline bool prio_before(struct prio_pick a, struct prio_pick b)
{
    if (a.prio != b.prio) {
        return a.prio < b.prio;
    }
    return a.nmi != b.nmi ? a.nmi : a.intid < b.intid;
}

#endif
