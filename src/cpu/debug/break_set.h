/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of page offsets in front of whose instructions decoded blocks ask for breakpoints. Equal
 * sets have equal numbers, so that switching between breakpoints of two processes keeps the blocks
 * of both. Blocks are shared by all PEs, and so are the numbers.
 */
#ifndef CPU_DEBUG_BREAK_SET_H
#define CPU_DEBUG_BREAK_SET_H

#include <stdbool.h>
#include <stdint.h>

#define BREAK_SET_MAX 255 /* numbers 1 to 255; 0: the empty set */

struct break_set {
    uint64_t word[16]; /* bit n: the instruction at page offset 4 * n */
};

struct break_sets;
struct break_sets *break_sets_new(void);
void break_sets_free(struct break_sets *t);
/* -1: no number is left; forget blocks and numbers, and ask again. */
int break_sets_number(struct break_sets *t, const struct break_set *s);
void break_sets_clear(struct break_sets *t);
/* Is there a breakpoint at this page offset in the set with this number? */
bool break_sets_has(const struct break_sets *t, unsigned number, unsigned offset);

static inline void break_set_add(struct break_set *s, uint64_t va)
{
    s->word[va >> 8 & 15] |= UINT64_C(1) << (va >> 2 & 63);
}

#endif
