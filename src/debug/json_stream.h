/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON values that come one after another as bytes, read as strictly, with the same leniencies and
 * the same words for what is wrong as the reference has: programs compare them.
 */
#ifndef DEBUG_JSON_STREAM_H
#define DEBUG_JSON_STREAM_H

#include <stddef.h>

/* json-glib includes glib's own headers. */
#include <json-glib/json-glib.h>

struct json_stream;

/* A value, or NULL and what is wrong with it. The value is the stream's. */
typedef void json_value_fn(void *opaque, JsonNode *value, const char *error);

struct json_stream *json_stream_new(json_value_fn *fn, void *opaque);
void json_stream_free(struct json_stream *r);
void json_stream_feed(struct json_stream *r, const char *p, size_t len);
/* Forget what is not complete. */
void json_stream_reset(struct json_stream *r);

#endif
