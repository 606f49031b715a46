/* SPDX-License-Identifier: Apache-2.0 */
/* Life of a device, and who answers an access: its own hook, else its register table. */
#include "core/device.h"

#include <glib.h>

struct device *device_new(const struct device_ops *ops, const char *id)
{
    ASSERT(ops->state_size >= sizeof(struct device));
    struct device *d = g_malloc0(ops->state_size);
    d->ops = ops;
    d->id = id;
    return d;
}

bool device_realize(struct device *d, GError **err)
{
    return d->ops->realize == NULL || d->ops->realize(d, err);
}

void device_reset(struct device *d, enum reset_kind k)
{
    for (size_t i = 0; i < d->ops->n_regions; i++) {
        regs_reset(d, &d->ops->regions[i], k == RESET_WARM);
    }
    if (d->ops->reset != NULL) {
        d->ops->reset(d, k);
    }
}

void device_free(struct device *d)
{
    if (d == NULL) {
        return;
    }
    if (d->ops->finalize != NULL) {
        d->ops->finalize(d);
    }
    g_free(d);
}

enum bus_result device_access(struct device *d, unsigned region, struct bus_txn *t)
{
    if (d->ops->access != NULL) {
        return d->ops->access(d, region, t);
    }
    return (enum bus_result)regs_access(d, &d->ops->regions[region], t);
}
