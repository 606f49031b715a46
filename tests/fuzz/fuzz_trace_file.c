/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a binary trace: read, and everything in it printed. */
#include <stdint.h>
#include <stdlib.h>

#include "debug/trace_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *opaque, const char *text, size_t len)
{
    size_t *total = opaque;
    *total += len;
}

struct reading {
    struct trace_tarmac *text;
    size_t total;
};

static struct trace_visitor ready(void *opaque, const struct trace_header *h)
{
    struct reading *r = opaque;
    r->text = trace_tarmac_new(&h->filter, ignore, &r->total);
    return trace_tarmac_visitor(r->text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GError *err = NULL;
    struct reading r = {0};
    if (!trace_memory_read(data, size, ready, &r, &err)) {
        g_clear_error(&err);
    }
    trace_tarmac_free(r.text);
    return 0;
}
