/* SPDX-License-Identifier: Apache-2.0 */
/* A frame of the GICv2m extension: messages that become SPIs of a GICv2 (Arm SBSA, "GICv2m"). */
#ifndef DEVICES_GICV2M_H
#define DEVICES_GICV2M_H

#include "core/device.h"
#include "core/irq.h"

#define GICV2M_MAX_SPI 64

/* first: INTID of the first one. n: at most GICV2M_MAX_SPI. */
struct device *gicv2m_new(const char *id, unsigned first, unsigned n);

/* The line of SPI first + i: a message pulses it. */
struct irq_line *gicv2m_output(struct device *d, unsigned i);

#endif
