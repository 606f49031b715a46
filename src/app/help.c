/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include <glib.h>
#include <string.h>

#include "app/drivers.h"
#include "cpu/cpu.h"

#ifndef ARMATURE_VERSION
#define ARMATURE_VERSION "unknown"
#endif

bool help_asked(const char *arg)
{
    return strcmp(arg, "help") == 0 || strcmp(arg, "?") == 0;
}

char *help_version(void)
{
    return g_strdup("armature version " ARMATURE_VERSION "\n");
}

char *help_machines(void)
{
    return g_strdup("Supported machines are:\n"
                    "virt                 the memory map of QEMU's virt, with EL2 on by default\n");
}

char *help_machine_properties(void)
{
    return g_strdup("virt options:\n"
                    "  virtualization=<bool>  - EL2 (default on)\n"
                    "  secure=<bool>          - EL3, Secure memory and devices (default off)\n"
                    "  gic-version=<version>  - 2, 3, 4, 4.1, max: interrupt controller (default: "
                    "2 up to 8 PEs)\n"
                    "  its=<bool>             - GICv3: interrupt translation service (default on)\n"
                    "  dumpdtb=<file>         - write the device tree and stop\n"
                    "  pflash0=<node>         - block node of the first flash\n"
                    "  pflash1=<node>         - block node of the second flash\n"
                    "  kernel=, initrd=, append=, dtb=, firmware= - as the options\n"
                    "  acpi=<bool>            - accepted: there are no ACPI tables yet\n");
}

char *help_cpus(void)
{
    GString *s = g_string_new("Available CPUs:\n");
    for (const char *const *n = cpu_model_names(); *n != NULL; n++) {
        g_string_append_printf(s, "  %s\n", *n);
    }
    return g_string_free(s, false);
}

char *help_values(const char *option)
{
    static const struct {
        const char *option, *text;
    } lists[] = {
        {"accel", "Accelerators supported:\ntcg\n"},
        {"chardev", "Available chardev backend types:\n"
                    "  file\n  null\n  pipe\n  pty\n  ringbuf\n  socket\n  stdio\n  testdev\n"},
        {"netdev", "Available netdev backend types:\nuser\n"},
        {"object", "Available objects:\n  rng-builtin\n  rng-random\n"},
        {"d", "Log classes:\nguest_errors\nunimp\nint\nmmu\nirq\ndev\nexec\nall\n"},
        {"display", "Available display backend types:\nnone\n"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        if (strcmp(lists[i].option, option) == 0) {
            return g_strdup(lists[i].text);
        }
    }
    return NULL;
}

char *help_devices(void)
{
    GString *s = g_string_new("Devices:\n");
    for (const struct driver *d = drivers; d->name != NULL; d++) {
        g_string_append_printf(s, "  %-22s %s\n", d->name, d->help);
    }
    return g_string_free(s, false);
}
