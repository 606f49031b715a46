/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What firmware finds in fw_cfg: the machine's size, the kernel that it is to start, files from
 * -fw_cfg. Left out: ACPI and SMBIOS tables.
 */
#include "machine/board_fw_cfg.h"

#include <string.h>

#include "devices/fw_cfg.h"

#include "machine/machine_internal.h"

#define UUID_LEN 16

static void put_bytes(struct device *d, uint16_t key, const void *p, size_t len)
{
    g_autoptr(GBytes) b = g_bytes_new(p, len);
    fw_cfg_set_bytes(d, key, b);
}

static void put_machine(struct machine *m, struct device *d)
{
    static const uint8_t no_uuid[UUID_LEN];
    put_bytes(d, FW_CFG_UUID, m->cfg.uuid != NULL ? m->cfg.uuid : no_uuid, UUID_LEN);
    fw_cfg_set_i64(d, FW_CFG_RAM_SIZE, m->cfg.ram_bytes);
    fw_cfg_set_i16(d, FW_CFG_NOGRAPHIC, 1);
    fw_cfg_set_i16(d, FW_CFG_NB_CPUS, (uint16_t)m->n_pes);
    fw_cfg_set_i16(d, FW_CFG_MAX_CPUS, (uint16_t)m->n_pes);
    fw_cfg_set_i16(d, FW_CFG_BOOT_MENU, 0);
}

static void put_blob(struct device *d, uint16_t size_key, uint16_t data_key, GBytes *b)
{
    if (b != NULL) {
        fw_cfg_set_i32(d, size_key, (uint32_t)g_bytes_get_size(b));
        fw_cfg_set_bytes(d, data_key, b);
    }
}

/* What -kernel, -initrd and -append become when firmware boots. */
static void put_kernel(struct machine *m, struct device *d)
{
    const char *append = m->cfg.append;
    put_blob(d, FW_CFG_KERNEL_SIZE, FW_CFG_KERNEL_DATA, m->plan.kernel_bytes);
    put_blob(d, FW_CFG_INITRD_SIZE, FW_CFG_INITRD_DATA, m->plan.initrd_bytes);
    if (m->plan.kernel_bytes != NULL && append != NULL) {
        fw_cfg_set_i32(d, FW_CFG_CMDLINE_SIZE, (uint32_t)strlen(append) + 1);
        fw_cfg_set_string(d, FW_CFG_CMDLINE_DATA, append);
    }
}

static bool put_files(struct machine *m, struct device *d, GError **err)
{
    for (size_t i = 0; i < m->cfg.n_fw_files; i++) {
        const struct machine_fw_file *f = &m->cfg.fw_files[i];
        if (!fw_cfg_add_file(d, f->name, f->data, NULL, err)) {
            g_prefix_error(err, "-fw_cfg: ");
            return false;
        }
    }
    return true;
}

bool board_add_fw_cfg(struct machine *m, GError **err)
{
    struct device *d = fw_cfg_new("fw-cfg");
    g_ptr_array_add(m->devices, d);
    fw_cfg_set_port(d, bus_direct_port(m->bus, PAS_NS));
    put_machine(m, d);
    put_kernel(m, d);
    return put_files(m, d, err) && device_realize(d, err) &&
           bus_map_device(m->bus, pa(virt_memmap[VIRT_FW_CFG].base), d, 0, PAS_MASK_NS | PAS_MASK_S,
                          err);
}
