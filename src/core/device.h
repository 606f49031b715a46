/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices: a constant description (device_ops) and a state struct that begins with struct device.
 *
 * Life: device_new (zeroed state) -> the board fills in configuration and wires -> device_realize
 * (allocates, may fail) -> device_reset -> accesses -> device_free. All allocation is in realize.
 */
#ifndef CORE_DEVICE_H
#define CORE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "core/bus.h"
#include "core/regs.h"
#include "core/snapshot.h"

enum reset_kind { RESET_COLD, RESET_WARM };

struct device_ops {
    const char *type; /* "pl011" */
    size_t state_size;
    const struct reg_block *regions; /* one per MMIO region */
    size_t n_regions;
    bool (*realize)(struct device *d, GError **err);    /* may be NULL */
    void (*reset)(struct device *d, enum reset_kind k); /* after table reset; may be NULL */
    /* Only for what a table cannot say; NULL: the register table answers. pa is the offset. */
    enum bus_result (*access)(struct device *d, unsigned region, struct bus_txn *t);
    /* State that no register describes; NULL: none. And what no table can say of it. */
    const struct snap_desc *snap;
    void (*snap_more)(struct device *d, struct snap *s);
    /* After loading: check what fields cannot, work out what is derived. May be NULL. */
    bool (*post_load)(struct device *d, GError **err);
    void (*finalize)(struct device *d); /* may be NULL */
};

struct device {
    const struct device_ops *ops;
    const char *id; /* "uart0": names the instance in logs */
};

struct device *device_new(const struct device_ops *ops, const char *id);
bool device_realize(struct device *d, GError **err) NODISCARD;
void device_reset(struct device *d, enum reset_kind k);
void device_free(struct device *d);
/* t->pa is the offset in the region. Total: every offset, size and alignment has an answer. */
/* A section of the snapshot: registers by name, then the rest. */
void device_snap(struct device *d, struct snap *s);
enum bus_result device_access(struct device *d, unsigned region, struct bus_txn *t);

#endif
