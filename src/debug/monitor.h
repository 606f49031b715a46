/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of a monitor: one table for GDB's `monitor`, the human monitor and QMP's
 * human-monitor-command. Spelled as QEMU's where both have one.
 */
#ifndef DEBUG_MONITOR_H
#define DEBUG_MONITOR_H

#include <glib.h>
#include <stdbool.h>

#include "debug/memory.h"

struct machine;
struct monitor;

struct monitor *monitor_new(struct machine *m);
void monitor_free(struct monitor *mon);

/* Run one line; what it says, errors too, is added to out. */
void monitor_run(struct monitor *mon, const char *line, GString *out);
/* The same with errors apart. */
bool monitor_execute(struct monitor *mon, const char *line, GString *out, GError **err);
/* Memory into a file. */
bool monitor_save(struct monitor *mon, const struct memory_view *view, uint64_t addr, uint64_t size,
                  const char *path, GError **err);
/* What the last word of line could become: whole words, without the ones before it. */
GPtrArray *monitor_complete(const char *line);

/* The PE and the view of memory that commands are about. */
void monitor_set_pe(struct monitor *mon, unsigned pe);
unsigned monitor_pe(const struct monitor *mon);
void monitor_set_view(struct monitor *mon, const struct memory_view *v);
const struct memory_view *monitor_view(const struct monitor *mon);
void monitor_reset_view(struct monitor *mon);

#endif
