/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Architecture features of a PE, as a set. features.def lists them.
 */
#ifndef CPU_SYS_FEATURES_H
#define CPU_SYS_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

enum feature {
    FEAT_NONE, /* the base architecture: every PE has it */
#define FEATURE(name, reg, lsb, value) FEAT_##name,
#define FEATURE_ABSENT(name)           FEAT_##name,
#include "cpu/sys/features.def"
#undef FEATURE
    FEAT_COUNT,
};

struct cpu_features {
    uint64_t bits[(FEAT_COUNT + 63) / 64];
};

static inline bool features_has(const struct cpu_features *f, enum feature e)
{
    return e == FEAT_NONE || ((f->bits[e / 64] >> (e % 64)) & 1) != 0;
}

static inline void features_set(struct cpu_features *f, enum feature e, bool on)
{
    uint64_t b = UINT64_C(1) << (e % 64);
    f->bits[e / 64] = on ? f->bits[e / 64] | b : f->bits[e / 64] & ~b;
}

/* "LSE2" */
const char *feature_name(enum feature e);
/* FEAT_NONE: no feature of that name is implemented. Upper and lower case are the same. */
enum feature feature_by_name(const char *name);
/* The first feature that is in the set without something that it needs; FEAT_NONE: all well. */
enum feature features_unmet(const struct cpu_features *f, enum feature *out_needs);

#endif
