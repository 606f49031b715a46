/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fw_cfg device: named and numbered items that firmware reads, as QEMU specifies it
 * ("QEMU Firmware Configuration (fw_cfg) Device").
 *
 * Items may be added and changed at any time; a guest sees a change when it next selects the item.
 */
#ifndef DEVICES_FW_CFG_H
#define DEVICES_FW_CFG_H

#include "core/device.h"

/* Numbered items. Files get numbers from FW_CFG_FILE_FIRST, in the order of their names. */
enum fw_cfg_key {
    FW_CFG_SIGNATURE = 0x00,
    FW_CFG_ID = 0x01,
    FW_CFG_UUID = 0x02,
    FW_CFG_RAM_SIZE = 0x03,
    FW_CFG_NOGRAPHIC = 0x04,
    FW_CFG_NB_CPUS = 0x05,
    FW_CFG_MACHINE_ID = 0x06,
    FW_CFG_KERNEL_ADDR = 0x07,
    FW_CFG_KERNEL_SIZE = 0x08,
    FW_CFG_KERNEL_CMDLINE = 0x09,
    FW_CFG_INITRD_ADDR = 0x0a,
    FW_CFG_INITRD_SIZE = 0x0b,
    FW_CFG_BOOT_DEVICE = 0x0c,
    FW_CFG_NUMA = 0x0d,
    FW_CFG_BOOT_MENU = 0x0e,
    FW_CFG_MAX_CPUS = 0x0f,
    FW_CFG_KERNEL_ENTRY = 0x10,
    FW_CFG_KERNEL_DATA = 0x11,
    FW_CFG_INITRD_DATA = 0x12,
    FW_CFG_CMDLINE_ADDR = 0x13,
    FW_CFG_CMDLINE_SIZE = 0x14,
    FW_CFG_CMDLINE_DATA = 0x15,
    FW_CFG_SETUP_ADDR = 0x16,
    FW_CFG_SETUP_SIZE = 0x17,
    FW_CFG_SETUP_DATA = 0x18,
    FW_CFG_FILE_DIR = 0x19,
    FW_CFG_FILE_FIRST = 0x20,
};
#define FW_CFG_N_FILES  0x80U
#define FW_CFG_NAME_MAX 55U /* characters of a file name */

struct device *fw_cfg_new(const char *id);

/* How DMA reaches memory. Before realize. */
void fw_cfg_set_port(struct device *d, struct bus_port port);

/* Set a numbered item; replaces what it was. Takes a reference to the data. */
void fw_cfg_set_bytes(struct device *d, uint16_t key, GBytes *data);
/* Little endian numbers, and a string with its final zero. */
void fw_cfg_set_i16(struct device *d, uint16_t key, uint16_t v);
void fw_cfg_set_i32(struct device *d, uint16_t key, uint32_t v);
void fw_cfg_set_i64(struct device *d, uint16_t key, uint64_t v);
void fw_cfg_set_string(struct device *d, uint16_t key, const char *s);

/* Called at run time; either may be NULL. */
struct fw_cfg_hooks {
    /* The guest selects the file: a chance to replace its contents by fw_cfg_replace_file. */
    void (*selected)(void *opaque);
    /* The guest wrote len bytes at offset; data is the whole file. NULL: the file is read only. */
    void (*written)(void *opaque, const uint8_t *data, size_t offset, size_t len);
    void *opaque;
};

/* Add a file. hooks may be NULL. Errors: the name is taken, empty or too long; no slot is free. */
bool fw_cfg_add_file(struct device *d, const char *name, GBytes *data,
                     const struct fw_cfg_hooks *hooks, GError **err) NODISCARD;
/* New contents for a file. False: there is no such file. */
bool fw_cfg_replace_file(struct device *d, const char *name, GBytes *data);

#endif
