/* SPDX-License-Identifier: Apache-2.0 */
/* A PrimeCell real time clock (PL031), Arm DDI 0224. */
#ifndef DEVICES_PL031_H
#define DEVICES_PL031_H

#include "core/device.h"
#include "core/evq.h"
#include "core/irq.h"

/* The clock counts virtual time. seconds: what it shows at virtual time 0. */
struct device *pl031_new(const char *id, struct evq *q, uint32_t seconds);

struct irq_line *pl031_irq(struct device *d);

#endif
