/* SPDX-License-Identifier: Apache-2.0 */
/* What every register table and every device must satisfy, whatever it models. */
#ifndef TESTS_FAKES_REG_WALK_H
#define TESTS_FAKES_REG_WALK_H

#include "core/device.h"

/*
 * The tables of a device: sorted, disjoint, inside the region; names unique; masks within the
 * register, storage within the state and owned once. Returns the number of mistakes, and prints
 * them.
 */
unsigned reg_walk_tables(const struct device_ops *ops);

/* Every offset around every register (or every step bytes if there is no table), every size, reads,
 * debug reads and writes of awkward values: each must be answered, and reads must fit their size.
 */
unsigned reg_walk_hostile(struct device *d, unsigned region);

#endif
