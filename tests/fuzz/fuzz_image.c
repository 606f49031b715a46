/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a kernel: Image, gzip, zstd, EFI zboot, PE. The output is bounded. */
#include <glib.h>
#include <stdlib.h>

#include "machine/loader_image.h"

#define LIMIT (8U << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) b = g_bytes_new(data, size);
    struct image img;
    GError *err = NULL;

    if (!image_parse("fuzz", b, LIMIT, &img, &err)) {
        if (err == NULL) {
            abort();
        }
        g_error_free(err);
        return 0;
    }
    size_t n = g_bytes_get_size(img.bytes);
    if (n == 0 || (n > LIMIT && n > size) || img.mem_size < n) {
        abort();
    }
    image_clear(&img);
    return 0;
}
