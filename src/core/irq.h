/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupt wires: level, idempotent, no knowledge of the far end.
 */
#ifndef CORE_IRQ_H
#define CORE_IRQ_H

#include <stdbool.h>
#include <stddef.h>

struct irq_line {
    void (*sink)(void *opaque, unsigned n, bool level);
    void *opaque;
    unsigned n; /* handed to sink: which input of the far end */
    bool level; /* last level driven */
};

/* Drive the wire. The sink is called on change only. A line without a sink is not connected. */
static inline void irq_set(struct irq_line *l, bool level)
{
    if (l->level != level) {
        l->level = level;
        if (l->sink != NULL) {
            l->sink(l->opaque, l->n, level);
        }
    }
}

/* A rising and a falling edge. */
static inline void irq_pulse(struct irq_line *l)
{
    irq_set(l, true);
    irq_set(l, false);
}

#endif
