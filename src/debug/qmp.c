/* SPDX-License-Identifier: Apache-2.0 */
#include "debug/qmp.h"

#include <string.h>

#include "base/result.h"

#include "debug/qmp_internal.h"

#define MESSAGE_MAX   (1U << 20)
#define DEPTH_MAX     1024U /* what the reference takes */
#define UTF8_LEAD_MAX 0xf4  /* what is above is in no text: clients begin anew with it */

/* ---- out ---- */

static void send_object(struct qmp *q, JsonObject *o)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    json_node_take_object(node, o);
    g_autofree char *text = json_to_string(node, q->cfg.pretty);
    (void)chardev_write(q->cfg.chr, (const uint8_t *)text, strlen(text));
    (void)chardev_write(q->cfg.chr, (const uint8_t *)"\r\n", 2);
}

static void send_greeting(struct qmp *q)
{
    JsonObject *qmp = json_object_new();
    JsonObject *o = json_object_new();
    json_object_set_object_member(qmp, "version", qmp_version());
    json_object_set_array_member(qmp, "capabilities", json_array_new());
    json_object_set_object_member(o, "QMP", qmp);
    send_object(q, o);
}

static void send_error(struct qmp *q, const char *class, const char *desc, JsonNode *id)
{
    JsonObject *error = json_object_new();
    JsonObject *o = json_object_new();
    json_object_set_string_member(error, "class", class);
    json_object_set_string_member(error, "desc", desc);
    json_object_set_object_member(o, "error", error);
    if (id != NULL) {
        json_object_set_member(o, "id", json_node_copy(id));
    }
    send_object(q, o);
}

/* ---- events ---- */

static JsonObject *event_data(const struct machine_notice *n)
{
    if (n->event != MACHINE_EVENT_RESET && n->event != MACHINE_EVENT_SHUTDOWN) {
        return NULL;
    }
    JsonObject *data = json_object_new();
    json_object_set_boolean_member(data, "guest", n->guest);
    json_object_set_string_member(data, "reason", n->reason);
    return data;
}

static void on_notice(void *opaque, const struct machine_notice *n)
{
    static const char *const names[] = {
        [MACHINE_EVENT_STOP] = "STOP",         [MACHINE_EVENT_RESUME] = "RESUME",
        [MACHINE_EVENT_RESET] = "RESET",       [MACHINE_EVENT_POWERDOWN] = "POWERDOWN",
        [MACHINE_EVENT_SHUTDOWN] = "SHUTDOWN",
    };
    struct qmp *q = opaque;
    if (!q->negotiated) {
        return;
    }
    int64_t now = q->cfg.now_us();
    JsonObject *at = json_object_new();
    JsonObject *o = json_object_new();
    JsonObject *data = event_data(n);
    json_object_set_int_member(at, "seconds", now / 1000000);
    json_object_set_int_member(at, "microseconds", now % 1000000);
    json_object_set_object_member(o, "timestamp", at);
    json_object_set_string_member(o, "event", names[n->event]);
    if (data != NULL) {
        json_object_set_object_member(o, "data", data);
    }
    send_object(q, o);
}

/* ---- one message ---- */

static bool check_members(JsonObject *o, GError **err)
{
    g_autoptr(GList) members = json_object_get_members(o);
    for (GList *l = members; l != NULL; l = l->next) {
        const char *name = l->data;
        if (strcmp(name, "execute") != 0 && strcmp(name, "arguments") != 0 &&
            strcmp(name, "id") != 0) {
            return fail(err, ERR_OPTION, "QMP input member '%s' is unexpected", name);
        }
    }
    if (!json_object_has_member(o, "execute")) {
        return fail(err, ERR_OPTION, "QMP input lacks member 'execute'");
    }
    JsonNode *name = json_object_get_member(o, "execute");
    if (!JSON_NODE_HOLDS_VALUE(name) || json_node_get_value_type(name) != G_TYPE_STRING) {
        return fail(err, ERR_OPTION, "QMP input member 'execute' must be a string");
    }
    JsonNode *args = json_object_get_member(o, "arguments");
    return args == NULL || JSON_NODE_HOLDS_OBJECT(args) ||
           fail(err, ERR_OPTION, "QMP input member 'arguments' must be an object");
}

/* Before anything else a client has to say what it can. */
static bool check_state(const struct qmp *q, const char *name, GError **err)
{
    bool negotiation = strcmp(name, "qmp_capabilities") == 0;
    if (!q->negotiated && !negotiation) {
        return fail(err, ERR_OPTION, "Expecting capabilities negotiation with 'qmp_capabilities'");
    }
    return !q->negotiated || !negotiation ||
           fail(err, ERR_OPTION, "Capabilities negotiation is already complete, command ignored");
}

static void on_object(struct qmp *q, JsonObject *o)
{
    g_autoptr(GError) err = NULL;
    JsonNode *id = json_object_get_member(o, "id");
    const char *class = QMP_ERROR_GENERIC;
    if (!check_members(o, &err)) {
        send_error(q, class, err->message, id);
        return;
    }
    const char *name = json_object_get_string_member(o, "execute");
    JsonObject *args = json_object_has_member(o, "arguments")
                           ? json_object_get_object_member(o, "arguments")
                           : NULL;
    if (!check_state(q, name, &err)) {
        send_error(q, QMP_ERROR_NOT_FOUND, err->message, id);
        return;
    }
    JsonNode *result = qmp_execute(q, name, args, &class, &err);
    if (result == NULL) {
        send_error(q, class, err->message, id);
        return;
    }
    JsonObject *reply = json_object_new();
    json_object_set_member(reply, "return", result);
    if (id != NULL) {
        json_object_set_member(reply, "id", json_node_copy(id));
    }
    send_object(q, reply);
}

static void on_message(struct qmp *q)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    g_autoptr(GError) err = NULL;
    if (q->too_long || !json_parser_load_from_data(parser, q->in->str, (gssize)q->in->len, &err)) {
        send_error(q, QMP_ERROR_GENERIC,
                   q->too_long ? "JSON token size limit exceeded"
                               : "JSON parse error, invalid JSON syntax",
                   NULL);
        return;
    }
    JsonNode *root = json_parser_get_root(parser);
    if (root == NULL || !JSON_NODE_HOLDS_OBJECT(root)) {
        send_error(q, QMP_ERROR_GENERIC, "QMP input must be a JSON object", NULL);
        return;
    }
    on_object(q, json_node_get_object(root));
}

/* ---- in: messages follow each other with or without a space between ---- */

static void forget_message(struct qmp *q)
{
    g_string_truncate(q->in, 0);
    q->depth = 0;
    q->in_string = q->escaped = q->too_long = false;
}

static void end_message(struct qmp *q)
{
    on_message(q);
    forget_message(q);
}

/* What can be in no message: the next one begins behind it. */
static void drop_message(struct qmp *q, const char *why)
{
    send_error(q, QMP_ERROR_GENERIC, why, NULL);
    forget_message(q);
}

static void keep(struct qmp *q, char c)
{
    if (q->in->len < MESSAGE_MAX) {
        g_string_append_c(q->in, c);
    } else {
        q->too_long = true;
    }
}

static void on_string_byte(struct qmp *q, char c)
{
    if (q->escaped) {
        q->escaped = false;
    } else if (c == '\\') {
        q->escaped = true;
    } else if (c == '"') {
        q->in_string = false;
    }
}

static void on_byte(struct qmp *q, char c)
{
    bool space = strchr(" \t\r\n", c) != NULL; /* and a zero byte */
    if ((q->in_string && (uint8_t)c < ' ') || (uint8_t)c > UTF8_LEAD_MAX) {
        drop_message(q, "JSON parse error, invalid character");
        return;
    }
    if (q->in_string) {
        keep(q, c);
        on_string_byte(q, c);
        return;
    }
    if (q->depth == 0 && space) {
        if (q->in->len != 0) {
            end_message(q); /* something that is no object */
        }
        return;
    }
    keep(q, c);
    q->in_string = c == '"';
    if (c == '{' || c == '[') {
        q->depth++;
        if (q->depth > DEPTH_MAX) {
            drop_message(q, "JSON nesting depth limit exceeded");
        }
    } else if (c == '}' || c == ']') {
        q->depth -= q->depth != 0;
        if (q->depth == 0) {
            end_message(q);
        }
    }
}

static void on_input(void *opaque, const uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        on_byte(opaque, (char)buf[i]);
    }
}

static void on_peer(void *opaque, bool there)
{
    struct qmp *q = opaque;
    forget_message(q);
    q->negotiated = false;
    if (there) {
        send_greeting(q);
    }
}

/* ---- life ---- */

struct qmp *qmp_new(const struct qmp_cfg *cfg)
{
    struct qmp *q = g_new0(struct qmp, 1);
    q->cfg = *cfg;
    q->in = g_string_new(NULL);
    q->monitor = monitor_new(cfg->machine);
    q->observer = (struct machine_observer){.notify = on_notice, .opaque = q};
    machine_observe(cfg->machine, &q->observer);
    q->cfg.chr->dev = q;
    q->cfg.chr->deliver = on_input;
    q->cfg.chr->deliver_peer = on_peer;
    q->cfg.chr->outside = true;
    return q;
}

void qmp_free(struct qmp *q)
{
    if (q == NULL) {
        return;
    }
    machine_unobserve(q->cfg.machine, &q->observer);
    q->cfg.chr->deliver = NULL;
    q->cfg.chr->deliver_peer = NULL;
    monitor_free(q->monitor);
    g_string_free(q->in, TRUE);
    g_free(q);
}
