/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a device tree given by -dtb: checked, then changed as a boot changes it. */
#include <glib.h>
#include <libfdt.h>
#include <stdlib.h>

#include "machine/fdt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) b = g_bytes_new(data, size);
    const struct fdt_seeds seeds = {.rng = {1}, .kaslr = {2}};
    const struct fdt_boot boot = {
        .ram_base = 0x40000000,
        .ram_size = 0x40000000,
        .psci = FDT_PSCI_SMC,
        .bootargs = "console=ttyAMA0",
        .initrd_start = 0x48000000,
        .initrd_end = 0x48001000,
        .seeds = &seeds,
    };
    GError *err = NULL;

    if (!fdt_check_file("fuzz", b, &err)) {
        g_error_free(err);
        return 0;
    }
    GBytes *t = fdt_finish_boot(b, &boot, &err);
    if (t == NULL) {
        g_error_free(err);
        return 0;
    }
    size_t len;
    const void *p = g_bytes_get_data(t, &len);
    if (fdt_check_full(p, len) != 0) {
        abort();
    }
    g_bytes_unref(t);
    return 0;
}
