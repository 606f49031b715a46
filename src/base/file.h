/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the host that are read as a whole, and folders. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <glib.h>

#include "base/result.h"

/* The bytes of a regular file, mapped. An error names it: "WHAT 'PATH' does not exist". */
GBytes *file_map(const char *what, const char *path, GError **err);

/* To g_dir_read_name from. An error names it. */
GDir *folder_open(const char *path, GError **err);

#endif
