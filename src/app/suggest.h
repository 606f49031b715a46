/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": the nearest of some names. */
#ifndef APP_SUGGEST_H
#define APP_SUGGEST_H

#include <stddef.h>

/* Insertions, deletions, replacements and swaps of neighbours that turn a into b. */
unsigned suggest_distance(const char *a, const char *b);

/* Keeps the best of the names that it is shown. Start with {.name = ...}. */
struct suggest {
    const char *name; /* what was typed */
    const char *best; /* NULL: nothing shown yet */
    unsigned distance;
};
void suggest_offer(struct suggest *s, const char *candidate);

#endif
