/* SPDX-License-Identifier: Apache-2.0 */
/* One QMP server, for its files: qmp.c connection and events, qmp_cmd.c commands. */
#ifndef DEBUG_QMP_INTERNAL_H
#define DEBUG_QMP_INTERNAL_H

#include "debug/json_stream.h"
#include "debug/monitor.h"
#include "debug/qmp.h"

struct qmp {
    struct qmp_cfg cfg;
    struct machine_observer observer;
    struct monitor *monitor;
    bool negotiated; /* qmp_capabilities was called */
    struct json_stream *in;
};

#define QMP_ERROR_GENERIC   "GenericError"
#define QMP_ERROR_NOT_FOUND "CommandNotFound"

/* Run a command. The result, or NULL and an error with its class. */
JsonNode *qmp_execute(struct qmp *q, const char *name, JsonObject *args, const char **out_class,
                      GError **err);

/* The version that scripts look at: of the reference whose dialogue this is. */
JsonObject *qmp_version(void);

#endif
