/* SPDX-License-Identifier: Apache-2.0 */
/* A PrimeCell GPIO (PL061), Arm DDI 0190. */
#ifndef DEVICES_PL061_H
#define DEVICES_PL061_H

#include "core/device.h"
#include "core/irq.h"

#define PL061_N_LINES 8U

struct device *pl061_new(const char *id);

/* GPIOINTR. */
struct irq_line *pl061_irq(struct device *d);

/* Drive a pin from outside; matters while the pin is an input. Undriven pins are low. */
void pl061_set_input(struct device *d, unsigned line, bool level);
/* What a pin drives: low while it is an input. */
struct irq_line *pl061_output(struct device *d, unsigned line);

#endif
