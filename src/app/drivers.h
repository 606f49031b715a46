/* SPDX-License-Identifier: Apache-2.0 */
/* What -device can name: the drivers, their properties, and how each becomes a device. */
#ifndef APP_DRIVERS_H
#define APP_DRIVERS_H

#include <stdbool.h>

#include "app/optlist.h"
#include "base/result.h"

struct wiring;

struct driver {
    const char *name, *help;
    const char *const *props; /* NULL terminated */
    /* NULL: handled when options are read. */
    bool (*create)(struct wiring *w, const struct optlist *l, GError **err);
};

/* Ends with a NULL name. */
extern const struct driver drivers[];

const struct driver *driver_find(const char *name);
/* Why there is no such driver, with the nearest one. Always false. */
bool driver_unknown(const char *name, GError **err);

#endif
