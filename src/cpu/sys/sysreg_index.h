/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Per-PE state of the system register file: what the encodings of registers and system instructions
 * mean on this PE, masks, and counters that are not plain storage. For the files of sys/ only.
 */
#ifndef CPU_SYS_SYSREG_INDEX_H
#define CPU_SYS_SYSREG_INDEX_H

#include <stdint.h>

#include "core/evq.h"
#include "core/irq.h"
#include "cpu/sys/models.h"
#include "cpu/sys/sysreg_table.h"

/* What an encoding refers to. */
enum sr_ref_kind {
    SR_REF_NONE,
    SR_REF_REG,   /* sr_table[n] */
    SR_REF_ALIAS, /* sr_aliases[n] */
    SR_REF_SET,   /* cfg.sets[set].regs[n] */
    SR_REF_RAZ,   /* IMPLEMENTATION DEFINED, reads as zero */
    SR_REF_OP,    /* row n of sysops.def: op0 is 1 */
};

struct sr_ref {
    uint8_t kind; /* enum sr_ref_kind */
    uint8_t set;
    uint16_t n;
};

#define SR_INDEX_BITS 11
#define SR_INDEX_SIZE (1U << SR_INDEX_BITS)

struct pmu_state {
    uint64_t insns;        /* c->insns when the counters were last brought up to date */
    struct event overflow; /* the next overflow that raises the interrupt */
    struct irq_line irq;
};

struct sysreg_index {
    struct sr_masks masks;
    const struct cpu_model *model;
    uint16_t enc[SR_INDEX_SIZE]; /* open addressing; 0: free (no encoding is 0) */
    struct sr_ref ref[SR_INDEX_SIZE];
    uint64_t rng; /* state of RNDR */
    struct pmu_state pmu;
};

struct sr_ref sysreg_find(const struct cpu *c, uint16_t enc);

/* The rows of sysops.def, for the index. */
unsigned sysop_count(void);
uint16_t sysop_enc(unsigned n);
const char *sysop_name(unsigned n);

/* Fields of an encoding. */
static inline unsigned enc_op0(uint16_t enc)
{
    return enc >> 14;
}
static inline unsigned enc_op1(uint16_t enc)
{
    return (enc >> 11) & 7;
}
static inline unsigned enc_crn(uint16_t enc)
{
    return (enc >> 7) & 15;
}
static inline unsigned enc_crm(uint16_t enc)
{
    return (enc >> 3) & 15;
}
static inline unsigned enc_op2(uint16_t enc)
{
    return enc & 7;
}

#endif
