/* SPDX-License-Identifier: Apache-2.0 */
#include "debug/monitor.h"

#include <string.h>

#include "base/bits.h"

#include "debug/monitor_internal.h"

/* clang-format off */
/* A name of two words is a command of a group: "info". */
static const struct monitor_command {
    const char *name;
    const char *alias; /* NULL: none */
    unsigned min, max; /* arguments */
    monitor_handler *run;
    const char *args, *help;
} commands[] = {
    {"help", "?", 0, 2, monitor_help, "[COMMAND]", "this list, or one command"},
    {"cont", "c", 0, 0, monitor_cont, "", "let the machine run"},
    {"stop", "s", 0, 0, monitor_stop, "", "stop the machine"},
    {"quit", "q", 0, 0, monitor_quit, "", "leave"},
    {"system_reset", NULL, 0, 0, monitor_system_reset, "", "reset the machine"},
    {"system_powerdown", NULL, 0, 0, monitor_system_powerdown, "", "press the power key"},
    {"serror", NULL, 0, 1, monitor_serror, "[ISS]", "an SError interrupt of the PE, with that syndrome"},
    {"savevm", NULL, 1, 1, monitor_savevm, "NAME", "save the machine as a snapshot of that name"},
    {"loadvm", NULL, 1, 1, monitor_loadvm, "NAME", "go back to a snapshot"},
    {"delvm", NULL, 1, 1, monitor_delvm, "NAME", "remove a snapshot"},
    {"cpu", NULL, 1, 1, monitor_cpu_select, "N", "commands are about PE N"},
    {"print", "p", 1, 2, monitor_print, "[/FORMAT] EXPRESSION", "show a value: $pc, 0x1000+4*8"},
    {"x", NULL, 1, 2, monitor_x, "[/COUNT FORMAT SIZE] ADDRESS", "show memory as the view has it"},
    {"xp", NULL, 1, 2, monitor_xp, "[/COUNT FORMAT SIZE] ADDRESS", "show physical memory"},
    {"memsave", NULL, 3, 3, monitor_memsave, "ADDRESS SIZE FILE", "write memory of the view to a file"},
    {"pmemsave", NULL, 3, 3, monitor_pmemsave, "ADDRESS SIZE FILE", "write physical memory to a file"},
    {"view", NULL, 1, 3, monitor_view_command, "pe|physical|elN|context N|vmid N [ipa]", "whose memory x, memsave and GDB see"},
    {"translate", NULL, 1, 2, monitor_translate, "ADDRESS [elN|ipa|view]", "show the walk of an address, each descriptor"},
    {"gva2gpa", NULL, 1, 1, monitor_gva2gpa, "ADDRESS", "the physical address of a virtual one"},
    {"info status", NULL, 0, 0, monitor_info_status, "", "does the machine run?"},
    {"info version", NULL, 0, 0, monitor_info_version, "", "which machine this is"},
    {"info cpus", NULL, 0, 0, monitor_info_cpus, "", "the PEs"},
    {"info registers", NULL, 0, 1, monitor_info_registers, "[PREFIX]", "registers of the PE: core, or system registers by name"},
    {"info snapshots", NULL, 0, 0, monitor_info_snapshots, "", "named snapshots, in the folder of --snapshot-dir"},
    {"info view", NULL, 0, 0, monitor_info_view, "", "the PE and the view of memory"},
    {"info contexts", "info tlb", 0, 0, monitor_info_contexts, "", "translation contexts that the PE's TLB knows"},
    {"info mtree", NULL, 0, 0, monitor_info_mtree, "", "the physical memory map"},
    {"info gic", "info pic", 0, 0, monitor_info_gic, "", "interrupts that are enabled, pending or active; CPU interface"},
    {"info timers", NULL, 0, 0, monitor_info_timers, "", "generic timers of the PE"},
    {"info", NULL, 0, 1, monitor_info, "", "this group"},
};
/* clang-format on */

/* ---- state ---- */

struct monitor *monitor_new(struct machine *m)
{
    struct monitor *mon = g_new0(struct monitor, 1);
    mon->m = m;
    return mon;
}

void monitor_free(struct monitor *mon)
{
    g_free(mon);
}

void monitor_set_pe(struct monitor *mon, unsigned pe)
{
    mon->pe = pe;
}

unsigned monitor_pe(const struct monitor *mon)
{
    return mon->pe;
}

void monitor_set_view(struct monitor *mon, const struct memory_view *v)
{
    mon->view = *v;
}

const struct memory_view *monitor_view(const struct monitor *mon)
{
    return &mon->view;
}

void monitor_reset_view(struct monitor *mon)
{
    mon->view = (struct memory_view){.kind = MEMORY_PE};
}

/* ---- arguments ---- */

bool monitor_el(const char *text, unsigned *out)
{
    if (!g_str_has_prefix(text, "el") || text[2] < '0' || text[2] > '3' || text[3] != '\0') {
        return false;
    }
    *out = (unsigned)(text[2] - '0');
    return true;
}

/* ---- dispatch ---- */

/* How many of the words name the command; 0: they name another. */
static unsigned match_name(const char *name, char **words)
{
    if (name == NULL || words[0] == NULL) {
        return 0;
    }
    if (strcmp(name, words[0]) == 0) {
        return 1;
    }
    g_autofree char *two = words[1] != NULL ? g_strjoin(" ", words[0], words[1], NULL) : NULL;
    return g_strcmp0(name, two) == 0 ? 2 : 0;
}

static const struct monitor_command *find(char **words, unsigned *out_used)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        *out_used = match_name(commands[i].name, words);
        if (*out_used == 0) {
            *out_used = match_name(commands[i].alias, words);
        }
        if (*out_used != 0) {
            return &commands[i];
        }
    }
    return NULL;
}

bool monitor_execute(struct monitor *mon, const char *line, GString *out, GError **err)
{
    unsigned used;
    g_auto(GStrv) words = monitor_split(line, err);
    if (words == NULL || words[0] == NULL) {
        return words != NULL;
    }
    unsigned n = g_strv_length(words);
    const struct monitor_command *c = find(words, &used);
    if (c == NULL) {
        return fail(err, ERR_OPTION, "unknown command: '%s'", line);
    }
    if (n - used < c->min || n - used > c->max) {
        return fail(err, ERR_OPTION, "the form is: %s %s", c->name, c->args);
    }
    return c->run(mon, words + used, out, err);
}

void monitor_run(struct monitor *mon, const char *line, GString *out)
{
    g_autoptr(GError) err = NULL;
    if (!monitor_execute(mon, line, out, &err)) {
        g_string_append_printf(out, "Error: %s\n", err->message);
    }
}

/* ---- help ---- */

static void describe(const struct monitor_command *c, GString *out)
{
    g_autofree char *left = g_strjoin(" ", c->name, c->args, NULL);
    g_string_append_printf(out, "%-44s %s", left, c->help);
    if (c->alias != NULL) {
        g_string_append_printf(out, " (%s)", c->alias);
    }
    g_string_append_c(out, '\n');
}

/* All, or those that begin with the words. */
bool monitor_help(struct monitor *mon, char **args, GString *out, GError **err)
{
    g_autofree char *prefix = g_strjoinv(" ", args);
    size_t before = out->len;
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (g_str_has_prefix(commands[i].name, prefix)) {
            describe(&commands[i], out);
        }
    }
    return out->len != before || fail(err, ERR_OPTION, "unknown command: '%s'", prefix);
}

/* The name of a group alone, or of what is not in it. */
bool monitor_info(struct monitor *mon, char **args, GString *out, GError **err)
{
    char *group[] = {(char *)(uintptr_t)"info", args[0], NULL};
    return monitor_help(mon, group, out, err);
}

static void add_word(GPtrArray *out, const char *name, const char *line)
{
    if (!g_str_has_prefix(name, line)) {
        return;
    }
    const char *space = strrchr(line, ' ');
    const char *from = name + (space != NULL ? space + 1 - line : 0);
    char *word = g_strndup(from, strcspn(from, " "));
    for (guint i = 0; i < out->len; i++) {
        if (strcmp(g_ptr_array_index(out, i), word) == 0) {
            g_free(word);
            return;
        }
    }
    g_ptr_array_add(out, word);
}

GPtrArray *monitor_complete(const char *line)
{
    GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        add_word(out, commands[i].name, line);
        if (commands[i].alias != NULL && strchr(commands[i].alias, ' ') != NULL) {
            add_word(out, commands[i].alias, line);
        }
    }
    return out;
}
