/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's own debugger: Arm ARM D2 "AArch64 Self-hosted Debug". DBGBCR, DBGWCR and MDSCR_EL1
 * are in c->sr. The numbers of breakpoints and watchpoints are those of every PE that we model.
 */
#ifndef CPU_DEBUG_SELFHOSTED_H
#define CPU_DEBUG_SELFHOSTED_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu/debug/debug.h"

struct break_set;
struct cpu;

#define N_BREAKPOINTS       6U
#define FIRST_CONTEXT_AWARE 4U /* breakpoints from here can compare contexts */
#define N_WATCHPOINTS       4U

#define MDSCR_SS  BIT(0)
#define MDSCR_KDE BIT(13)
#define MDSCR_MDE BIT(15)

/* AArch64.GenerateDebugExceptionsFrom. masked: PSTATE.D there. */
bool selfhosted_enabled_from(const struct cpu *c, unsigned el, bool masked);

/* Breakpoints and watchpoints can be in force at all. */
bool selfhosted_has_breaks(const struct cpu *c);
bool selfhosted_has_watches(const struct cpu *c);
/* Offsets of breakpoints that may match at the current EL. */
void selfhosted_add_offsets(const struct cpu *c, struct break_set *s);
/* As debug_break and debug_watch: true: an exception was taken. */
bool selfhosted_break(struct cpu *c);
bool selfhosted_watch(struct cpu *c, const struct watched_access *a);
bool selfhosted_watches_page(const struct cpu *c, uint64_t page);
/* What the watchpoints cover, which goes through the slow path from now on. */
void selfhosted_drop_watched(struct cpu *c);

#endif
