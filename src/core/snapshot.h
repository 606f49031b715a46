/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a machine, described once: sections of named fields. A pass over them saves, loads
 * or hashes; who owns state says what there is (snap_section, snap_fields, snap_memory) and does
 * not ask which pass it is.
 *
 * Fields are found by name, so their order in a struct is free. A section has a version; a field
 * that came later says since which, and keeps its reset value when an older snapshot is loaded.
 * Loading calls no hook and drives no wire: levels of wires and times of events are fields, too.
 * What is derived from them is recomputed by the owner afterwards (device_ops.post_load).
 *
 * A snapshot is untrusted: every value is bounded by its field before it is stored.
 */
#ifndef CORE_SNAPSHOT_H
#define CORE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "core/evq.h"
#include "core/irq.h"

enum snap_kind {
    SNAP_UINT,   /* elem: 1, 2, 4, 8 bytes */
    SNAP_BOOL,   /* 0 or 1 */
    SNAP_EVENT,  /* struct event: when it is due, if at all, and its place among equals */
    SNAP_LINE,   /* struct irq_line: its level */
    SNAP_STRUCT, /* fields of its own */
};

struct snap_desc;

struct snap_field {
    const char *name;
    uint32_t off;
    uint32_t elem;  /* bytes of an element */
    uint32_t count; /* elements */
    uint8_t kind;   /* enum snap_kind */
    uint16_t since; /* version of the section; 0: always there */
    uint64_t max;   /* of an integer; 0: any value */
    const struct snap_desc *desc;
};

struct snap_desc {
    uint16_t version; /* of the section that consists of these; 0: part of another */
    const struct snap_field *fields;
    size_t n_fields;
};

/* clang-format off */
#define SNAP_AT(type, f)      .name = #f, .off = offsetof(type, f)
#define SNAP_SIZE(type, f)    sizeof(((type *)0)->f)
#define SNAP_KIND_OF(x)       (_Generic((x), bool: SNAP_BOOL, default: SNAP_UINT))
/* An integer, a bool or an enum; one with a largest value; an array of them, of any dimension. */
#define SNAP_FIELD(type, f)   {SNAP_AT(type, f), .elem = SNAP_SIZE(type, f), .count = 1, .kind = SNAP_KIND_OF(((type *)0)->f)}
#define SNAP_UPTO(type, f, m) {SNAP_AT(type, f), .elem = SNAP_SIZE(type, f), .count = 1, .max = (m)}
#define SNAP_ARRAY(type, f, t) {SNAP_AT(type, f), .elem = sizeof(t), .count = SNAP_SIZE(type, f) / (sizeof(t)), .kind = SNAP_KIND_OF((t)0)}
#define SNAP_ARRAY_UPTO(type, f, t, m) {SNAP_AT(type, f), .elem = sizeof(t), .count = SNAP_SIZE(type, f) / (sizeof(t)), .max = (m)}
#define SNAP_EVENT(type, f)   {SNAP_AT(type, f), .elem = sizeof(struct event), .count = 1, .kind = SNAP_EVENT}
#define SNAP_LINES(type, f)   {SNAP_AT(type, f), .elem = sizeof(struct irq_line), .count = SNAP_SIZE(type, f) / sizeof(struct irq_line), .kind = SNAP_LINE}
#define SNAP_STRUCTS(type, f, t, d) {SNAP_AT(type, f), .elem = sizeof(t), .count = SNAP_SIZE(type, f) / sizeof(t), .kind = SNAP_STRUCT, .desc = (d)}
#define SNAP_DESC(v, table)   {.version = (v), .fields = (table), .n_fields = sizeof(table) / sizeof((table)[0])}
/* clang-format on */

/* ---- a pass ---- */

struct snap;

enum snap_mode { SNAP_SAVE, SNAP_LOAD, SNAP_HASH };
enum snap_mode snap_mode(const struct snap *s);

/* The first failure ends the pass: what follows does nothing. */
void snap_fail(struct snap *s, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
bool snap_ok(const struct snap *s);

/* A section of these fields, of `state`. */
void snap_section(struct snap *s, const char *name, const struct snap_desc *d, void *state);

/* The same in pieces, for state that no table can say. */
void snap_begin(struct snap *s, const char *name, unsigned version);
void snap_fields(struct snap *s, const struct snap_desc *d, void *state);
void snap_field(struct snap *s, const struct snap_field *f, void *state);
/* Names of what follows begin with `name[i].`, until snap_leave. */
void snap_enter(struct snap *s, const char *name, unsigned i);
void snap_leave(struct snap *s);
/* A single value; max as in a field. */
void snap_u64(struct snap *s, const char *name, uint64_t *v, uint64_t max);
/* Bytes of any kind, at most 1 MiB. */
void snap_bytes(struct snap *s, const char *name, void *p, size_t len);
/* What must be the same when loading; else the pass fails and names the first line that differs. */
void snap_same(struct snap *s, const char *name, const char *text);
void snap_end(struct snap *s);

/* Page-aligned anonymous memory, outside sections: pages of zeros are neither saved nor hashed, and
 * are given back to the host when loading. */
void snap_memory(struct snap *s, const char *name, uint8_t *host, uint64_t size);

/* Pieces of data, each with a number: a disk's overlay. Outside sections, too. */
struct snap_chunks {
    uint32_t bytes; /* of each */
    void (*each)(void *opaque, void (*fn)(void *ctx, uint64_t n, const uint8_t *p), void *ctx);
    void (*clear)(void *opaque);
    /* Room for chunk n, to be filled; NULL: there can be no such chunk. */
    uint8_t *(*put)(void *opaque, uint64_t n);
    void *opaque;
};
void snap_chunks(struct snap *s, const char *name, const struct snap_chunks *c);

/* The queue of the machine: which events there are is checked against it at the end of a pass. */
void snap_clock(struct snap *s, struct evq *q);

#endif
