/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/engine/variants.h"

#include <stdbool.h>

#include "cpu/engine/block.h"
#include "cpu/isa/flags.h"

static unsigned slots_of(const struct choice *u)
{
    return u->stencil != NULL && u->stencil->next != 0 ? u->stencil->next : 1;
}

/* The register that a field of the operation names. */
static uint8_t named(const struct op *o, uint8_t field)
{
    const uint8_t fields[] = {CARRIES_NOTHING, o->a, o->b, o->c, o->d};
    return fields[field];
}

/* Flags that are looked at in front of an operation. after: those that are behind it. */
static unsigned live_before(const struct stencil *s, unsigned after)
{
    if (s == NULL || s->exits) {
        return FLAGS_ALL;
    }
    return s->reads | (after & ~(unsigned)s->writes);
}

/* Of the variants that do what is needed, the shortest. */
static const struct stencil *shortest(const struct stencil *plain, const struct op *o,
                                      unsigned live, uint8_t carried)
{
    const struct stencil *best = plain;
    for (const struct stencil *s = plain + 1; s <= plain + plain->more; s++) {
        bool has_operand = s->operand == STENCIL_NONE || named(o, s->operand) == carried;
        bool has_flags = (live & plain->writes & ~(unsigned)s->writes) == 0;
        if (has_operand && has_flags && (!s->sink || o->a == REG_SINK) && s->hot < best->hot) {
            best = s;
        }
    }
    return best;
}

void variants_choose(struct choice *u, const struct op *ops, unsigned n)
{
    uint16_t at[BLOCK_MAX_SLOTS + 2]; /* of the operations, without their data slots */
    unsigned live[BLOCK_MAX_SLOTS + 2];
    unsigned n_at = 0;
    for (unsigned i = 0; i < n; i += slots_of(&u[i])) {
        at[n_at++] = (uint16_t)i;
    }

    unsigned wanted = FLAGS_ALL;
    for (unsigned k = n_at; k-- > 0;) {
        const struct stencil *s = u[at[k]].stencil;
        live[k] = s != NULL && s->next == 0 ? FLAGS_ALL : wanted;
        wanted = live_before(s, live[k]);
    }

    uint8_t carried = CARRIES_NOTHING;
    for (unsigned k = 0; k < n_at; k++) {
        struct choice *c = &u[at[k]];
        c->carried = carried;
        if (c->stencil == NULL) {
            carried = CARRIES_NOTHING;
            continue;
        }
        c->stencil = shortest(c->stencil, &ops[at[k]], live[k], carried);
        if (c->stencil->sets != STENCIL_NONE) {
            carried = named(&ops[at[k]], c->stencil->sets);
            carried = carried != REG_SINK ? carried : CARRIES_NOTHING;
        }
    }

    /* What nobody takes is not carried. */
    bool taken = false;
    for (unsigned k = n_at; k-- > 0;) {
        struct choice *c = &u[at[k]];
        const struct stencil *s = c->stencil;
        taken = s != NULL &&
                (s->operand != STENCIL_NONE || (s->sets == STENCIL_NONE && s->next != 0 && taken));
        if (!taken) {
            c->carried = CARRIES_NOTHING;
        }
    }
}
