/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The argument of an option as QEMU spells it: "first,key=value,flag,text=a,,b". A doubled comma is
 * a comma; a key without a value is on, and off if it begins with "no".
 */
#ifndef APP_OPTLIST_H
#define APP_OPTLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/result.h"

struct optlist;

/*
 * what: "-drive", for messages. implied: the key of a first item without '=', or NULL.
 * A key given twice counts with its last value.
 */
struct optlist *optlist_parse(const char *what, const char *arg, const char *implied, GError **err);
void optlist_free(struct optlist *l);
/* "-device virtio-blk-device", for better messages than "-device". */
void optlist_rename(struct optlist *l, const char *what);
const char *optlist_what(const struct optlist *l);

size_t optlist_len(const struct optlist *l);
const char *optlist_key(const struct optlist *l, size_t i);
const char *optlist_value(const struct optlist *l, size_t i);

/* NULL: not given. */
const char *optlist_get(const struct optlist *l, const char *key);

/* As if it came at the end. */
void optlist_set(struct optlist *l, const char *key, const char *value);

/* The getters leave *out alone when the key is not given. */
bool optlist_bool(const struct optlist *l, const char *key, bool *out, GError **err) NODISCARD;
bool optlist_u64(const struct optlist *l, const char *key, uint64_t max, uint64_t *out,
                 GError **err) NODISCARD;
/* A size: suffix K, M, G, T or none; unit: what a bare number counts. */
bool optlist_size(const struct optlist *l, const char *key, uint64_t unit, uint64_t *out,
                  GError **err) NODISCARD;

/* Every key must be in the list (NULL terminated), else an error that names the nearest. */
bool optlist_check_keys(const struct optlist *l, const char *const *keys, GError **err) NODISCARD;

/* The same conversions for plain text. what: for messages. */
bool optlist_parse_bool(const char *what, const char *text, bool *out, GError **err) NODISCARD;
bool optlist_parse_u64(const char *what, const char *text, uint64_t max, uint64_t *out,
                       GError **err) NODISCARD;
bool optlist_parse_size(const char *what, const char *text, uint64_t unit, uint64_t *out,
                        GError **err) NODISCARD;
/* A time of the guest with its unit: "100us", "1.5s"; ns, us, ms, s. In ticks. */
bool optlist_parse_time(const char *what, const char *text, tick_t *out, GError **err) NODISCARD;
/* The same, but 0 is an error. */
bool optlist_parse_span(const char *what, const char *text, tick_t *out, GError **err) NODISCARD;

#endif
