/* SPDX-License-Identifier: Apache-2.0 */
/* Decompression of kernel payloads, with a bound on what comes out. */
#ifndef MACHINE_UNPACK_H
#define MACHINE_UNPACK_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

enum unpack_format { UNPACK_NONE, UNPACK_GZIP, UNPACK_ZSTD };

/* By the first bytes. */
enum unpack_format unpack_detect(const uint8_t *data, size_t len);

/* Unpack. name is for the message. More than limit bytes of output is an error. Trailing bytes
 * after the compressed stream are ignored. */
GBytes *unpack(const char *name, enum unpack_format f, const uint8_t *data, size_t len,
               size_t limit, GError **err);

#endif
