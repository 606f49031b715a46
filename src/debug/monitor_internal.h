/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's state, and the handlers of its table. */
#ifndef DEBUG_MONITOR_INTERNAL_H
#define DEBUG_MONITOR_INTERNAL_H

#include "base/result.h"
#include "cpu/cpu.h"
#include "cpu/cpu_debug.h"
#include "debug/monitor.h"
#include "machine/machine.h"

struct monitor {
    struct machine *m;
    unsigned pe;
    struct memory_view view;
};

static inline struct cpu *monitor_cpu(const struct monitor *mon)
{
    return machine_pe(mon->m, mon->pe);
}

/* args: the words behind the command's name, NULL at the end; as many as the table allows. */
typedef bool monitor_handler(struct monitor *mon, char **args, GString *out, GError **err);

/* monitor.c */
monitor_handler monitor_help, monitor_info;
/* "el1" and so on. */
bool monitor_el(const char *text, unsigned *out);

/* monitor_line.c */
/* The words of a line: strings in quotes are one, "x/8xg" is two. NULL and an error: a bad string.
 */
char **monitor_split(const char *line, GError **err);
/* Numbers, registers of the PE ($pc, $sp, $x0, $TTBR0_EL1) and operators as in C. */
bool monitor_number(const struct monitor *mon, const char *text, uint64_t *out, GError **err);
/* A system register of the PE by name. */
bool monitor_register(const struct monitor *mon, const char *name, uint64_t *out);

/* monitor_machine.c */
monitor_handler monitor_stop, monitor_cont, monitor_quit, monitor_system_reset,
    monitor_system_powerdown, monitor_serror, monitor_cpu_select, monitor_info_status,
    monitor_info_cpus, monitor_info_registers, monitor_info_version, monitor_info_mtree;
/* monitor_memory.c */
monitor_handler monitor_print, monitor_x, monitor_xp, monitor_memsave, monitor_pmemsave,
    monitor_view_command, monitor_info_view;
/* Is the view a context or a VM? */
bool monitor_views_context(const struct monitor *mon);
/* monitor_mmu.c */
monitor_handler monitor_translate, monitor_gva2gpa, monitor_info_contexts;
/* monitor_snapshot.c */
monitor_handler monitor_savevm, monitor_loadvm, monitor_delvm, monitor_info_snapshots;
/* monitor_irq.c */
monitor_handler monitor_info_gic, monitor_info_timers;

#endif
