/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a whole machine, as a snapshot and as a hash. All of these are for the time between
 * two turns of PEs: before machine_run, and in what machine_at calls.
 */
#ifndef MACHINE_STATE_H
#define MACHINE_STATE_H

#include <glib.h>
#include <stdint.h>

#include "base/result.h"
#include "core/snapshot.h"
#include "machine/machine.h"

/* A pass over all sections. */
void machine_snap(struct machine *m, struct snap *s);

/*
 * Empty TLBs and decoded blocks: they are no state, but a guest that changes tables or code without
 * maintenance can tell. Saving and loading both end with it, so that they go on alike.
 */
void machine_checkpoint(struct machine *m);

/* Whether there can be such a file: to be told at the start, and not when its time comes. */
bool machine_save_check(const char *path, GError **err) NODISCARD;
/* The file is complete, or as it was before. */
bool machine_save(struct machine *m, const char *path, GError **err) NODISCARD;
/* The same in memory. */
GByteArray *machine_save_bytes(struct machine *m, GError **err);
/* A damaged file, or one of another configuration, changes nothing. When only the contents will not
 * do, half of it is loaded and the machine ends. */
bool machine_load(struct machine *m, const char *path, GError **err) NODISCARD;
bool machine_load_bytes(struct machine *m, const uint8_t *p, size_t len, GError **err) NODISCARD;

/* A hash of everything; *out_sections: struct snap_section_hash, one a section; may be NULL. */
uint64_t machine_hash(struct machine *m, GArray **out_sections);

#endif
