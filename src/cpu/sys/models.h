/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU models: which core, which features, which caches. Feature sets and identification values are
 * those of the cores' technical reference manuals, less what Armature does not implement
 * (AArch32, big-endian data, SPE, MPAM, trace).
 */
#ifndef CPU_SYS_MODELS_H
#define CPU_SYS_MODELS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "cpu/sys/features.h"

struct cpu_model {
    const char *name;
    uint32_t midr, revidr;
    uint32_t ctr, clidr;
    uint32_t ccsidr[3]; /* L1 data, L1 instruction, L2 unified */
    uint8_t parange;    /* ID_AA64MMFR0_EL1.PARange */
    uint8_t pmu_idcode; /* PMCR_EL0.IDCODE; the implementer is Arm */
    uint32_t cntfrq_hz;
    const uint8_t *features; /* enum feature; FEAT_NONE ends the list */
    const uint16_t *impdef;  /* IMPLEMENTATION DEFINED registers that read as zero; 0 ends */
};

/* NULL: no such model. */
const struct cpu_model *cpu_model_find(const char *name);
void cpu_model_features(const struct cpu_model *m, struct cpu_features *f);

/*
 * Read "model,property=on|off,...". On success *out is the model and *f its features with the
 * properties applied; EL2 and EL3 are not part of it.
 */
bool cpu_model_parse(const char *text, const struct cpu_model **out, struct cpu_features *f,
                     GError **err);

#endif
