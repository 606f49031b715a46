/* SPDX-License-Identifier: Apache-2.0 */
/* Semihosting on the host's own files (target=native), and its debug console. */
#ifndef APP_SEMIHOST_FILES_H
#define APP_SEMIHOST_FILES_H

#include "core/backend.h"
#include "machine/semihosting.h"

struct semihost_files;

/* console: NULL: standard error, without input. */
struct semihost_files *semihost_files_new(struct chardev *console);
void semihost_files_free(struct semihost_files *s);
struct semihost_host semihost_files_host(struct semihost_files *s);

#endif
