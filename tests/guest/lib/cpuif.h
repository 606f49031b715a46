/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every CPU interface must do, physical or virtual, GICv2 or GICv3, reached by system register
 * or by memory: cpuif_rules() plays the same scripts on each and names the interface that fails.
 */
#ifndef GUEST_CPUIF_H
#define GUEST_CPUIF_H

#include "guest.h"

enum cpuif_reg { CPUIF_IAR, CPUIF_EOIR, CPUIF_HPPIR, CPUIF_RPR, CPUIF_PMR, CPUIF_BPR, CPUIF_DIR };
enum cpuif_state { INACTIVE, PENDING, ACTIVE, ACTIVE_PENDING };

/* Interrupts of the scripts and their priorities. */
enum cpuif_irq { MID, LOWER, HIGH, CPUIF_N_IRQ };
static const uint8_t cpuif_prio[CPUIF_N_IRQ] = {0x80, 0x90, 0x40};

struct cpuif {
    const char *name;
    unsigned intid[CPUIF_N_IRQ];
    unsigned bpr_bias; /* 1: a binary point of n splits as Group 0's n - 1 does */
    uint64_t (*read)(const struct cpuif *c, enum cpuif_reg r);
    void (*write)(const struct cpuif *c, enum cpuif_reg r, uint64_t v);
    void (*split_eoi)(const struct cpuif *c, bool on); /* EOImode */
    bool (*signalled)(const struct cpuif *c);
    void (*reset)(const struct cpuif *c); /* all three inactive, edge-triggered, enabled */
    void (*pend)(const struct cpuif *c, enum cpuif_irq n);
    enum cpuif_state (*state)(const struct cpuif *c, enum cpuif_irq n);
    /* How to reach it, for the functions above. */
    uint64_t mode, scr;
    const struct cpuif_code *code;
    uint64_t base;          /* in memory: GICC or GICV */
    const uint16_t *offset; /* of each register */
};

/* Snippets that access one register, for interfaces in system registers. */
struct cpuif_code {
    const char *read[CPUIF_DIR + 1], *write[CPUIF_DIR + 1];
    const char *read_ctlr, *write_ctlr;
    uint64_t split_bit; /* of CTLR: EOImode */
};
extern const struct cpuif_code cpuif_group0, cpuif_group1, cpuif_group0_el3;
uint64_t cpuif_sysreg_read(const struct cpuif *c, enum cpuif_reg r);
void cpuif_sysreg_write(const struct cpuif *c, enum cpuif_reg r, uint64_t v);
void cpuif_sysreg_split_eoi(const struct cpuif *c, bool on);
uint64_t cpuif_run(const struct cpuif *c, const char *code, uint64_t arg);
uint64_t cpuif_isr(const struct cpuif *c); /* ISR_EL1 where the interface is used */

void cpuif_rules(const struct cpuif *c);

#endif
