/* SPDX-License-Identifier: Apache-2.0 */
/* Trace files of a machine: one a PE, binary or Tarmac text; and reading the binary ones. */
#ifndef DEBUG_TRACE_FILE_H
#define DEBUG_TRACE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/result.h"
#include "debug/trace_read.h"
#include "debug/trace_tarmac.h"

struct machine;

struct trace_options {
    char *file; /* NULL: no trace. With several PEs: FILE.0, FILE.1, ... */
    bool binary;
    struct trace_filter filter;
    uint8_t els;          /* bit n: ELn */
    int32_t vmid;         /* -1: all */
    uint64_t check_every; /* instructions; 0: never */
};
void trace_options_init(struct trace_options *o);

struct trace_session;
/* NULL and *err: a file cannot be written. */
struct trace_session *trace_session_start(struct machine *m, const struct trace_options *o,
                                          GError **err);
/* Before the machine is freed. False: not all of it could be written. s may be NULL. */
bool trace_session_stop(struct trace_session *s, GError **err) NODISCARD;

/* What a binary file begins with. */
struct trace_header {
    unsigned pe;
    uint32_t ticks_per_insn;
    struct trace_filter filter;
};
/* Read a file through a visitor. out_header is filled in, and ready called, before the first item:
 * it returns the visitor. */
bool trace_file_read(const char *path,
                     struct trace_visitor (*ready)(void *opaque, const struct trace_header *h),
                     void *opaque, GError **err) NODISCARD;
/* The same of memory. */
bool trace_memory_read(const uint8_t *data, size_t len,
                       struct trace_visitor (*ready)(void *opaque, const struct trace_header *h),
                       void *opaque, GError **err) NODISCARD;

#endif
