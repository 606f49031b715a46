/* SPDX-License-Identifier: Apache-2.0 */
/* A device's section: what owns storage in its register tables, under the names that are there. */
#include "core/device.h"

static void snap_regs(struct snap *s, struct device *d, const struct reg_block *b)
{
    for (size_t i = 0; i < b->n_regs && snap_ok(s); i++) {
        const struct reg_desc *r = &b->regs[i];
        if (r->st_size != 0 && (r->flags & REGF_VIEW) == 0) {
            struct snap_field f = {
                .name = r->name,
                .off = r->st_off,
                .elem = r->st_size,
                .count = r->count == 0 ? 1 : r->count,
            };
            snap_field(s, &f, d);
        }
    }
}

void device_snap(struct device *d, struct snap *s)
{
    snap_begin(s, d->id, d->ops->snap != NULL ? d->ops->snap->version : 1);
    for (size_t i = 0; i < d->ops->n_regions; i++) {
        snap_regs(s, d, &d->ops->regions[i]);
    }
    if (d->ops->snap != NULL) {
        snap_fields(s, d->ops->snap, d);
    }
    if (d->ops->snap_more != NULL) {
        d->ops->snap_more(d, s);
    }
    snap_end(s);
    if (snap_mode(s) == SNAP_LOAD && snap_ok(s) && d->ops->post_load != NULL) {
        GError *err = NULL;
        if (!d->ops->post_load(d, &err)) {
            snap_fail(s, "%s: %s", d->id, err->message);
            g_error_free(err);
        }
    }
}
