/* SPDX-License-Identifier: Apache-2.0 */
#include "app/suggest.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

/* Names are short; what is longer is compared up to here. */
#define MAX_LEN 63

unsigned suggest_distance(const char *a, const char *b)
{
    size_t la = MIN(strlen(a), MAX_LEN);
    size_t lb = MIN(strlen(b), MAX_LEN);
    /* Three rows of the table: i - 2, i - 1 and i. */
    unsigned rows[3][MAX_LEN + 1];

    for (size_t j = 0; j <= lb; j++) {
        rows[0][j] = (unsigned)j;
    }
    for (size_t i = 1; i <= la; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *up = rows[(i + 2) % 3];
        const unsigned *up2 = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= lb; j++) {
            bool same = g_ascii_tolower(a[i - 1]) == g_ascii_tolower(b[j - 1]);
            unsigned d = MIN(up[j], row[j - 1]) + 1;
            d = MIN(d, up[j - 1] + (same ? 0 : 1));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                d = MIN(d, up2[j - 2] + 1);
            }
            row[j] = d;
        }
    }
    return rows[la % 3][lb];
}

void suggest_offer(struct suggest *s, const char *candidate)
{
    unsigned d = suggest_distance(s->name, candidate);
    /* An abbreviation is nearer than its length says. */
    if (*s->name != '\0' && g_str_has_prefix(candidate, s->name)) {
        d = MIN(d, 1);
    }
    if (s->best == NULL || d < s->distance ||
        (d == s->distance && strlen(candidate) < strlen(s->best))) {
        s->best = candidate;
        s->distance = d;
    }
}
