/* SPDX-License-Identifier: Apache-2.0 */
/* One QMP server, for its files: qmp.c connection and events, qmp_cmd.c commands. */
#ifndef DEBUG_QMP_INTERNAL_H
#define DEBUG_QMP_INTERNAL_H

/* json-glib includes glib's own headers. */
#include <json-glib/json-glib.h>

#include "debug/monitor.h"
#include "debug/qmp.h"

struct qmp {
    struct qmp_cfg cfg;
    struct machine_observer observer;
    struct monitor *monitor;
    bool negotiated; /* qmp_capabilities was called */
    GString *in;     /* the message at hand */
    unsigned depth;  /* of brackets in it */
    bool in_string, escaped, too_long;
};

#define QMP_ERROR_GENERIC   "GenericError"
#define QMP_ERROR_NOT_FOUND "CommandNotFound"

/* Run a command. The result, or NULL and an error with its class. */
JsonNode *qmp_execute(struct qmp *q, const char *name, JsonObject *args, const char **out_class,
                      GError **err);

/* The version that scripts look at: of the reference whose dialogue this is. */
JsonObject *qmp_version(void);

#endif
