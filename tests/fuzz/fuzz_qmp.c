/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes from a program at the QMP socket of a small machine that stands still. Commands that
 * write files are not let through.
 */
#include <glib.h>
#include <string.h>

#include "debug/qmp.h"
#include "machine/machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t drop(void *opaque, const uint8_t *buf, size_t len)
{
    return len;
}

static int64_t no_time(void)
{
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct chardev_ops ops = {.write = drop};
    static struct machine *m; /* one for all: it never runs */
    struct chardev chr = {.ops = &ops};

    if (size == 0 || g_strstr_len((const char *)data, (gssize)size, "mem") != NULL) {
        return 0;
    }
    if (m == NULL) {
        struct machine_config cfg;
        machine_config_init(&cfg);
        cfg.n_pes = 2;
        cfg.ram_bytes = 4 * MIB;
        m = machine_new(&cfg, NULL);
    }
    struct qmp_cfg cfg = {.machine = m, .chr = &chr, .now_us = no_time};
    struct qmp *q = qmp_new(&cfg);
    chr.deliver_peer(chr.dev, true);
    chr.deliver(chr.dev, data, size);
    chr.deliver_peer(chr.dev, false);
    qmp_free(q);
    return 0;
}
