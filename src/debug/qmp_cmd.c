/* SPDX-License-Identifier: Apache-2.0 */
/* QMP's commands. Those that the monitor has too go through its table. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/result.h"

#include "debug/qmp_internal.h"

typedef JsonNode *handler(struct qmp *q, JsonObject *args, GError **err);

static JsonNode *nothing(void)
{
    JsonNode *n = json_node_new(JSON_NODE_OBJECT);
    json_node_take_object(n, json_object_new());
    return n;
}

static JsonNode *object(JsonObject *o)
{
    JsonNode *n = json_node_new(JSON_NODE_OBJECT);
    json_node_take_object(n, o);
    return n;
}

static JsonNode *array(JsonArray *a)
{
    JsonNode *n = json_node_new(JSON_NODE_ARRAY);
    json_node_take_array(n, a);
    return n;
}

/* A line for the monitor, whose output nobody wants. */
static JsonNode *run(struct qmp *q, const char *line, GError **err)
{
    g_autoptr(GString) out = g_string_new(NULL);
    return monitor_execute(q->monitor, line, out, err) ? nothing() : NULL;
}

/* ---- the machine ---- */

static JsonNode *cmd_capabilities(struct qmp *q, JsonObject *args, GError **err)
{
    JsonArray *wanted = json_object_has_member(args, "enable")
                            ? json_object_get_array_member(args, "enable")
                            : NULL;
    if (wanted != NULL && json_array_get_length(wanted) != 0) {
        fail(err, ERR_OPTION, "there are no capabilities to enable");
        return NULL;
    }
    q->negotiated = true;
    return nothing();
}

static JsonNode *cmd_query_status(struct qmp *q, JsonObject *args, GError **err)
{
    enum machine_state s = machine_state(q->cfg.machine);
    JsonObject *o = json_object_new();
    json_object_set_string_member(o, "status", machine_state_name(s));
    json_object_set_boolean_member(o, "running", s == MACHINE_RUNNING);
    return object(o);
}

JsonObject *qmp_version(void)
{
    JsonObject *number = json_object_new();
    JsonObject *o = json_object_new();
    json_object_set_int_member(number, "micro", 0);
    json_object_set_int_member(number, "minor", 0);
    json_object_set_int_member(number, "major", 10);
    json_object_set_object_member(o, "qemu", number);
    json_object_set_string_member(o, "package", "armature");
    return o;
}

static JsonNode *cmd_query_version(struct qmp *q, JsonObject *args, GError **err)
{
    return object(qmp_version());
}

static JsonNode *cmd_query_kvm(struct qmp *q, JsonObject *args, GError **err)
{
    JsonObject *o = json_object_new();
    json_object_set_boolean_member(o, "enabled", false);
    json_object_set_boolean_member(o, "present", false);
    return object(o);
}

static JsonNode *cmd_query_cpus(struct qmp *q, JsonObject *args, GError **err)
{
    JsonArray *a = json_array_new();
    for (unsigned i = 0; i < machine_n_pes(q->cfg.machine); i++) {
        JsonObject *o = json_object_new();
        JsonObject *props = json_object_new();
        g_autofree char *path = g_strdup_printf("/machine/unattached/device[%u]", i);
        json_object_set_int_member(props, "core-id", i);
        json_object_set_int_member(o, "thread-id", getpid());
        json_object_set_object_member(o, "props", props);
        json_object_set_string_member(o, "qom-path", path);
        json_object_set_int_member(o, "cpu-index", i);
        json_object_set_string_member(o, "target", "aarch64");
        json_array_add_object_element(a, o);
    }
    return array(a);
}

static JsonNode *cmd_stop(struct qmp *q, JsonObject *args, GError **err)
{
    return run(q, "stop", err);
}

static JsonNode *cmd_cont(struct qmp *q, JsonObject *args, GError **err)
{
    return run(q, "cont", err);
}

static JsonNode *cmd_powerdown(struct qmp *q, JsonObject *args, GError **err)
{
    return run(q, "system_powerdown", err);
}

static JsonNode *cmd_reset(struct qmp *q, JsonObject *args, GError **err)
{
    return run(q, "system_reset", err);
}

static JsonNode *cmd_quit(struct qmp *q, JsonObject *args, GError **err)
{
    return run(q, "quit", err);
}

/* ---- with a PE ---- */

static bool select_pe(struct qmp *q, JsonObject *args, GError **err)
{
    int64_t pe = json_object_has_member(args, "cpu-index")
                     ? json_object_get_int_member(args, "cpu-index")
                     : 0;
    if (pe < 0 || pe >= machine_n_pes(q->cfg.machine)) {
        return fail(err, ERR_OPTION, "Parameter 'cpu-index' expects a CPU number");
    }
    monitor_set_pe(q->monitor, (unsigned)pe);
    return true;
}

static JsonNode *save(struct qmp *q, JsonObject *args, const struct memory_view *view, GError **err)
{
    uint64_t addr = (uint64_t)json_object_get_int_member(args, "val");
    uint64_t size = (uint64_t)json_object_get_int_member(args, "size");
    const char *file = json_object_get_string_member(args, "filename");
    return monitor_save(q->monitor, view, addr, size, file, err) ? nothing() : NULL;
}

static JsonNode *cmd_memsave(struct qmp *q, JsonObject *args, GError **err)
{
    static const struct memory_view virtual = {.kind = MEMORY_PE};
    return select_pe(q, args, err) ? save(q, args, &virtual, err) : NULL;
}

static JsonNode *cmd_pmemsave(struct qmp *q, JsonObject *args, GError **err)
{
    static const struct memory_view physical = {.kind = MEMORY_PHYSICAL};
    return save(q, args, &physical, err);
}

static JsonNode *cmd_human(struct qmp *q, JsonObject *args, GError **err)
{
    g_autoptr(GString) out = g_string_new(NULL);
    if (!select_pe(q, args, err)) {
        return NULL;
    }
    monitor_run(q->monitor, json_object_get_string_member(args, "command-line"), out);
    g_string_replace(out, "\n", "\r\n", 0);
    JsonNode *n = json_node_new(JSON_NODE_VALUE);
    json_node_set_string(n, out->str);
    return n;
}

static JsonNode *cmd_screendump(struct qmp *q, JsonObject *args, GError **err)
{
    fail(err, ERR_OPTION, "There is no console to take a screendump from");
    return NULL;
}

static handler cmd_query_commands;

/* ---- the table ---- */

/* args: names, each with its type in front (u: unsigned, i, s, a: an array) and ? if it may be left
 * out. */
static const struct command {
    const char *name;
    handler *run;
    const char *args[5];
} commands[] = {
    {"qmp_capabilities", cmd_capabilities, {"?aenable"}},
    {"query-commands", cmd_query_commands, {NULL}},
    {"query-status", cmd_query_status, {NULL}},
    {"query-version", cmd_query_version, {NULL}},
    {"query-kvm", cmd_query_kvm, {NULL}},
    {"query-cpus-fast", cmd_query_cpus, {NULL}},
    {"stop", cmd_stop, {NULL}},
    {"cont", cmd_cont, {NULL}},
    {"system_powerdown", cmd_powerdown, {NULL}},
    {"system_reset", cmd_reset, {NULL}},
    {"quit", cmd_quit, {NULL}},
    {"memsave", cmd_memsave, {"uval", "usize", "sfilename", "?icpu-index"}},
    {"pmemsave", cmd_pmemsave, {"uval", "usize", "sfilename"}},
    {"screendump", cmd_screendump, {"sfilename", "?sdevice", "?ihead", "?sformat"}},
    {"human-monitor-command", cmd_human, {"scommand-line", "?icpu-index"}},
};

static JsonNode *cmd_query_commands(struct qmp *q, JsonObject *args, GError **err)
{
    JsonArray *a = json_array_new();
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        JsonObject *o = json_object_new();
        json_object_set_string_member(o, "name", commands[i].name);
        json_array_add_object_element(a, o);
    }
    return array(a);
}

/* ---- arguments ---- */

static bool has_type(JsonNode *n, char type)
{
    switch (type) {
    case 'u':
    case 'i':
        return JSON_NODE_HOLDS_VALUE(n) && json_node_get_value_type(n) == G_TYPE_INT64;
    case 's':
        return JSON_NODE_HOLDS_VALUE(n) && json_node_get_value_type(n) == G_TYPE_STRING;
    default:
        return JSON_NODE_HOLDS_ARRAY(n);
    }
}

/* The reference's words. */
static bool wrong_type(const char *name, char type, GError **err)
{
    if (type == 'u') {
        return fail(err, ERR_OPTION, "Parameter '%s' expects uint64", name);
    }
    return fail(err, ERR_OPTION, "Invalid parameter type for '%s', expected: %s", name,
                type == 's'   ? "string"
                : type == 'i' ? "integer"
                              : "array");
}

static bool check_present(const struct command *c, JsonObject *args, GError **err)
{
    for (size_t i = 0; i < ARRAY_LEN(c->args) && c->args[i] != NULL; i++) {
        const char *spec = c->args[i];
        bool optional = spec[0] == '?';
        spec += optional;
        JsonNode *n = json_object_get_member(args, spec + 1);
        if (n == NULL && !optional) {
            return fail(err, ERR_OPTION, "Parameter '%s' is missing", spec + 1);
        }
        if (n != NULL && !has_type(n, spec[0])) {
            return wrong_type(spec + 1, spec[0], err);
        }
    }
    return true;
}

static bool is_known(const struct command *c, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(c->args) && c->args[i] != NULL; i++) {
        if (strcmp(c->args[i] + 1 + (c->args[i][0] == '?'), name) == 0) {
            return true;
        }
    }
    return false;
}

static bool check_args(const struct command *c, JsonObject *args, GError **err)
{
    g_autoptr(GList) members = json_object_get_members(args);
    if (!check_present(c, args, err)) {
        return false;
    }
    for (GList *l = members; l != NULL; l = l->next) {
        if (!is_known(c, l->data)) {
            return fail(err, ERR_OPTION, "Parameter '%s' is unexpected", (const char *)l->data);
        }
    }
    return true;
}

JsonNode *qmp_execute(struct qmp *q, const char *name, JsonObject *args, const char **out_class,
                      GError **err)
{
    g_autoptr(JsonObject) none = json_object_new();
    args = args != NULL ? args : none;
    *out_class = QMP_ERROR_GENERIC;
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return check_args(&commands[i], args, err) ? commands[i].run(q, args, err) : NULL;
        }
    }
    *out_class = QMP_ERROR_NOT_FOUND;
    fail(err, ERR_OPTION, "The command %s has not been found", name);
    return NULL;
}
