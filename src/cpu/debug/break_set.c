/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/debug/break_set.h"

#include <glib.h>
#include <string.h>

struct break_sets {
    unsigned n;
    struct break_set set[BREAK_SET_MAX]; /* [number - 1] */
};

struct break_sets *break_sets_new(void)
{
    return g_new0(struct break_sets, 1);
}

void break_sets_free(struct break_sets *t)
{
    g_free(t);
}

void break_sets_clear(struct break_sets *t)
{
    t->n = 0;
}

int break_sets_number(struct break_sets *t, const struct break_set *s)
{
    static const struct break_set empty;
    if (memcmp(s, &empty, sizeof(*s)) == 0) {
        return 0;
    }
    for (unsigned i = 0; i < t->n; i++) {
        if (memcmp(&t->set[i], s, sizeof(*s)) == 0) {
            return (int)i + 1;
        }
    }
    if (t->n == BREAK_SET_MAX) {
        return -1;
    }
    t->set[t->n] = *s;
    return (int)++t->n;
}

bool break_sets_has(const struct break_sets *t, unsigned number, unsigned offset)
{
    return number != 0 && (t->set[number - 1].word[offset >> 8] >> (offset >> 2 & 63) & 1);
}
