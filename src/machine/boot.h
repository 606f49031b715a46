/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in memory at power-on and where PEs start: -kernel, -initrd, the device tree and
 * -device loader and guest-loader, placed as the reference machine places them. Everything goes
 * through a rom_list; this file does no bus access.
 */
#ifndef MACHINE_BOOT_H
#define MACHINE_BOOT_H

#include <stdint.h>

#include "base/result.h"
#include "machine/romlist.h"

/* One -device loader: a file (ELF unless force_raw), or up to 8 bytes of data, or only a start
 * address. */
struct boot_item {
    char *file; /* NULL: none */
    bool has_addr, force_raw, has_data, data_be;
    uint64_t addr, data;
    unsigned data_len;
    int cpu_num; /* PE whose start address this sets; -1: none */
};

/* One -device guest-loader: a hypervisor finds it in /chosen (the multiboot device tree bindings).
 */
struct boot_module {
    char *file;
    char *bootargs; /* NULL: none; kernels only */
    uint64_t addr;
    bool is_kernel; /* else a ramdisk */
};

struct boot_request {
    const char *kernel, *initrd; /* NULL: none */
    bool firmware;               /* it boots the kernel, which it gets through fw_cfg */
    uint64_t ram_base, ram_size;
    unsigned n_pes;
    const struct boot_item *items;
    size_t n_items;
    const struct boot_module *modules;
    size_t n_modules;
};

struct boot_start {
    unsigned pe;
    uint64_t pc;
};

struct boot_plan {
    bool linux_boot;  /* by the Linux boot protocol: x0 = device tree, lower EL, MMU off */
    bool has_program; /* entry is set: an ELF program or linux_boot */
    uint64_t entry;
    uint64_t initrd_start, initrd_end; /* physical; equal: none */
    uint64_t dtb_addr;                 /* where the device tree goes */
    uint64_t dtb_limit;                /* it must end by then */
    bool dtb_optional;                 /* left out if there is no room */
    GArray *starts;                    /* struct boot_start, from loader items */
    GArray *modules;                   /* struct fdt_module; strings are the request's */
    /* For fw_cfg when firmware boots: */
    GBytes *kernel_bytes, *initrd_bytes;
};

bool boot_prepare(const struct boot_request *q, struct rom_list *roms, struct boot_plan *out,
                  GError **err) NODISCARD;
/* Add the device tree. *out_loaded: false when it was left out. */
bool boot_add_dtb(const struct boot_plan *p, struct rom_list *roms, GBytes *dtb, bool *out_loaded,
                  GError **err) NODISCARD;
void boot_plan_clear(struct boot_plan *p);

#endif
