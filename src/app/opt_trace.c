/* SPDX-License-Identifier: Apache-2.0 */
/* --trace: what is recorded, and what is printed of it. */
#include <string.h>

#include "app/trace_command.h"
#include "base/bits.h"

#include "app/options_internal.h"

static bool parse_range(const char *text, struct trace_filter *f, GError **err)
{
    g_auto(GStrv) ends = g_strsplit(text, "-", 2);
    if (ends[0] == NULL || ends[1] == NULL) {
        return fail(err, ERR_OPTION, "pc=%s is not a range like 0x1000-0x1fff", text);
    }
    return optlist_parse_u64("pc", ends[0], UINT64_MAX, &f->pc_first, err) &&
           optlist_parse_u64("pc", ends[1], UINT64_MAX, &f->pc_last, err) &&
           (f->pc_first <= f->pc_last ||
            fail(err, ERR_OPTION, "pc=%s: the range ends before it begins", text));
}

static bool parse_els(const char *text, uint8_t *out, GError **err)
{
    *out = 0;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p >= '0' && *p <= '3') {
            *out |= (uint8_t)(1U << (*p - '0'));
        } else if (*p != '+') {
            *out = 0;
            break;
        }
    }
    return *out != 0 ||
           fail(err, ERR_OPTION, "el=%s is neither an exception level nor several like 0+1", text);
}

bool trace_parse_filter(const struct optlist *l, struct trace_filter *f, GError **err)
{
    const char *pc = optlist_get(l, "pc"), *from = optlist_get(l, "from");
    const char *to = optlist_get(l, "to"), *events = optlist_get(l, "events");
    return (pc == NULL || parse_range(pc, f, err)) &&
           (from == NULL || optlist_parse_time("from", from, &f->from, err)) &&
           (to == NULL || optlist_parse_time("to", to, &f->to, err)) &&
           (f->from < f->to || fail(err, ERR_OPTION, "from= is not before to=")) &&
           (events == NULL || trace_parse_groups(events, &f->groups, err));
}

static bool parse_format(const struct optlist *l, struct trace_options *t, GError **err)
{
    const char *format = optlist_get(l, "format");
    if (format == NULL) {
        return true;
    }
    t->binary = strcmp(format, "bin") == 0;
    return t->binary || strcmp(format, "tarmac") == 0 ||
           fail(err, ERR_OPTION, "--trace format=%s: there is tarmac and bin", format);
}

static bool parse(struct trace_options *t, const struct optlist *l, GError **err)
{
    static const char *const keys[] = {"file", "format", "el",     "vmid",  "pc",
                                       "from", "to",     "events", "check", NULL};
    const char *el = optlist_get(l, "el");
    uint64_t vmid = 0;
    bool ok = optlist_check_keys(l, keys, err) && parse_format(l, t, err) &&
              (el == NULL || parse_els(el, &t->els, err)) &&
              optlist_u64(l, "vmid", 0xffff, &vmid, err) &&
              optlist_u64(l, "check", UINT64_MAX, &t->check_every, err) &&
              trace_parse_filter(l, &t->filter, err);
    if (!ok) {
        return false;
    }
    if (optlist_get(l, "vmid") != NULL) {
        t->vmid = (int32_t)vmid;
    }
    if (optlist_get(l, "file") == NULL) {
        return fail(err, ERR_OPTION, "--trace needs a file");
    }
    opt_set_string(&t->file, optlist_get(l, "file"));
    return true;
}

bool opt_trace(struct options *o, const char *arg, GError **err)
{
    struct optlist *l = optlist_parse("--trace", arg, "file", err);
    bool ok = l != NULL && parse(&o->trace, l, err);
    optlist_free(l);
    return ok;
}
