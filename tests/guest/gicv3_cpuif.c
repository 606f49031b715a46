/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical CPU interface of GICv3 in system registers: the common rules for each interrupt
 * group in the state that handles it, then what only GICv3 has. Runs at EL3 with two Security
 * states, and at EL2 or EL1 with one. Arm IHI 0069H, 4.6, 4.8 and 12.2.
 */
#include "cpuif.h"
#include "gic.h"

#define SCR_NS BIT(0)
#define ISR_I  BIT(7)
#define ISR_F  BIT(6)

enum group { GROUP_0, GROUP_1S, GROUP_1NS };

static void configure(unsigned intid, enum group g)
{
    uint64_t frame = gic_frame(intid);
    uint32_t bit = 1u << intid % 32;
    uint64_t igroupr = frame + GICD_IGROUPR + intid / 32 * 4;
    uint64_t igrpmodr = frame + GICD_IGRPMODR + intid / 32 * 4;
    uint32_t group = mmio_read32(igroupr), mod = mmio_read32(igrpmodr);

    mmio_write32(igroupr, g == GROUP_1NS ? group | bit : group & ~bit);
    mmio_write32(igrpmodr, g == GROUP_1S ? mod | bit : mod & ~bit);
}

static enum group group_of(const struct cpuif *c)
{
    if (c->code != &cpuif_group1) {
        return GROUP_0;
    }
    return c->scr & SCR_NS ? GROUP_1S : GROUP_1NS; /* SCR_EL3.NS is toggled: to Secure state */
}

static bool signalled(const struct cpuif *c)
{
    uint64_t isr = cpuif_isr(c);
    uint64_t own = c->code == &cpuif_group1 ? ISR_I : ISR_F;

    check_eq("no other interrupt is signalled", isr & ~own, 0);
    return (isr & own) != 0;
}

static void reset(const struct cpuif *c)
{
    for (unsigned i = 0; i < CPUIF_N_IRQ; i++) {
        unsigned intid = c->intid[i];

        gic_quiet(intid);
        configure(intid, group_of(c));
        gic_priority(intid, cpuif_prio[i]);
        if (intid >= 32) {
            gic_edge(intid, true);
            gic_route(intid, rd(mpidr_el1) & 0xff00ffffff);
        }
        gic_set(intid, GICD_ISENABLER);
    }
}

static void pend(const struct cpuif *c, enum cpuif_irq n)
{
    gic_set(c->intid[n], GICD_ISPENDR);
}

static enum cpuif_state state(const struct cpuif *c, enum cpuif_irq n)
{
    return (gic_get(c->intid[n], GICD_ISPENDR) ? PENDING : 0) |
           (gic_get(c->intid[n], GICD_ISACTIVER) ? ACTIVE : 0);
}

#define ROW(name_, mode_, scr_, code_, bias, ...)                                                  \
    {.name = name_,                                                                                \
     .mode = mode_,                                                                                \
     .scr = scr_,                                                                                  \
     .code = &(code_),                                                                             \
     .bpr_bias = bias,                                                                             \
     .intid = {__VA_ARGS__},                                                                       \
     .read = cpuif_sysreg_read,                                                                    \
     .write = cpuif_sysreg_write,                                                                  \
     .split_eoi = cpuif_sysreg_split_eoi,                                                          \
     .signalled = signalled,                                                                       \
     .reset = reset,                                                                               \
     .pend = pend,                                                                                 \
     .state = state}
static const struct cpuif two_states[] = {
    ROW("Group 0 at EL3, SPIs", EL3H, 0, cpuif_group0_el3, 0, 200, 201, 202),
    ROW("Group 0 at EL3, SGIs", EL3H, 0, cpuif_group0_el3, 0, 8, 9, 10),
    ROW("Group 0 at Secure EL1", EL1H, SCR_NS, cpuif_group0, 0, 200, 201, 202),
    ROW("Secure Group 1 at Secure EL1", EL1H, SCR_NS, cpuif_group1, 0, 200, 16, 7),
    ROW("Non-secure Group 1 at EL2", EL2H, 0, cpuif_group1, 1, 200, 201, 202),
    ROW("Non-secure Group 1 at EL1", EL1H, 0, cpuif_group1, 1, 255, 254, 17),
};
static const struct cpuif one_state[] = {
    ROW("Group 0 at EL2", EL2H, 0, cpuif_group0, 0, 200, 201, 202),
    ROW("Group 1 at EL2", EL2H, 0, cpuif_group1, 1, 200, 201, 202),
    ROW("Group 0 at EL1", EL1H, 0, cpuif_group0, 0, 6, 7, 8),
    ROW("Group 1 at EL1", EL1H, 0, cpuif_group1, 1, 33, 64, 16),
};

int guest_main(void)
{
    gic_init();
    if (home_el() == 3) {
        for (unsigned i = 0; i < ARRAY_LEN(two_states); i++) {
            cpuif_rules(&two_states[i]);
        }
    } else {
        for (unsigned i = 0; i < ARRAY_LEN(one_state); i++) {
            if (one_state[i].mode >> 2 <= home_el()) {
                cpuif_rules(&one_state[i]);
            }
        }
    }
    return 0;
}
