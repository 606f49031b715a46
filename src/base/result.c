/* SPDX-License-Identifier: Apache-2.0 */
#include "base/result.h"

#include <stdarg.h>
#include <stdbool.h>

GQuark armature_error_quark(void)
{
    return g_quark_from_static_string("armature");
}

bool fail(GError **err, enum armature_error code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (err != NULL) {
        *err = g_error_new_valist(ARMATURE_ERROR, (gint)code, fmt, ap);
    }
    va_end(ap);
    return false;
}
