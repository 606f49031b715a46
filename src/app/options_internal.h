/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers of the option table: each takes one argument (NULL for a flag) into struct options. */
#ifndef APP_OPTIONS_INTERNAL_H
#define APP_OPTIONS_INTERNAL_H

#include "app/options.h"

typedef bool opt_handler(struct options *o, const char *arg, GError **err);

/* opt_machine.c: what the machine is */
opt_handler opt_machine, opt_cpu, opt_smp, opt_memory, opt_global, opt_accel, opt_numa;
/* opt_devices.c: what is attached to it */
opt_handler opt_drive, opt_blockdev, opt_pflash, opt_disk, opt_device, opt_netdev, opt_nic, opt_net,
    opt_object, opt_fw_cfg, opt_chardev, opt_serial, opt_monitor, opt_display, opt_parallel,
    opt_vga;
/* opt_run.c: how it runs */
opt_handler opt_rtc, opt_semihosting, opt_semihosting_config, opt_action, opt_uuid, opt_pace,
    opt_seed, opt_quantum, opt_compile_after, opt_tlb, opt_debug_log, opt_gdb_default, opt_gdb_lost,
    opt_key_frames, opt_qmp, opt_qmp_pretty, opt_mon;

/* opt_state.c: snapshots, hashes, journals */
opt_handler opt_hash_every, opt_snapshot_save_at, opt_stop_at, opt_record, opt_images;

/* opt_trace.c: what is recorded */
opt_handler opt_trace;

/* Fill in what was left open, and check what only the whole says. */
bool opt_machine_finish(struct options *o, GError **err) NODISCARD;

/* Replace a string. */
static inline void opt_set_string(char **to, const char *v)
{
    char *copy = g_strdup(v);
    g_free(*to);
    *to = copy;
}

#endif
