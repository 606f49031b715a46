/* SPDX-License-Identifier: Apache-2.0 */
/* How the machine runs: clock, seed, semihosting, log, what ends it. */
#include <string.h>

#include "base/log.h"
#include "cpu/cpu.h"

#include "app/options_internal.h"

#define QUANTUM_MAX (1000 * TICKS_PER_SEC)

static bool parse_date(struct options *o, const char *text, GError **err)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    /* A date alone means midnight. */
    g_autofree char *iso =
        strchr(text, 'T') == NULL ? g_strdup_printf("%sT00:00:00", text) : g_strdup(text);
    g_autoptr(GDateTime) t = g_date_time_new_from_iso8601(iso, utc);
    if (t == NULL) {
        return fail(err, ERR_OPTION,
                    "-rtc base=%s: neither utc, localtime nor a date like 2026-01-31T12:00:00",
                    text);
    }
    o->rtc_seconds = g_date_time_to_unix(t);
    o->rtc_set = true;
    return true;
}

static bool parse_rtc(struct options *o, const struct optlist *l, GError **err)
{
    static const char *const keys[] = {"base", "clock", "driftfix", NULL};
    const char *base = optlist_get(l, "base");

    if (!optlist_check_keys(l, keys, err)) {
        return false;
    }
    /* clock=: the RTC always runs in virtual time, which --pace ties to the host's. */
    if (base == NULL || strcmp(base, "utc") == 0) {
        return true;
    }
    if (strcmp(base, "localtime") == 0) {
        o->rtc_local = true;
        return true;
    }
    return parse_date(o, base, err);
}

bool opt_rtc(struct options *o, const char *arg, GError **err)
{
    struct optlist *l = optlist_parse("-rtc", arg, NULL, err);
    bool ok = l != NULL && parse_rtc(o, l, err);
    optlist_free(l);
    return ok;
}

bool opt_semihosting(struct options *o, const char *arg, GError **err)
{
    o->semihosting.enable = true;
    return true;
}

static bool parse_semihosting(struct options *o, const struct optlist *l, GError **err)
{
    static const char *const keys[] = {"enable", "target", "userspace", "chardev", "arg", NULL};
    const char *target = optlist_get(l, "target");

    o->semihosting.enable = true;
    if (!optlist_check_keys(l, keys, err) ||
        !optlist_bool(l, "enable", &o->semihosting.enable, err) ||
        !optlist_bool(l, "userspace", &o->semihosting.user_access, err)) {
        return false;
    }
    if (target != NULL && strcmp(target, "native") != 0 && strcmp(target, "auto") != 0) {
        return fail(err, ERR_OPTION, "-semihosting-config target=%s is not available yet (native)",
                    target);
    }
    if (optlist_get(l, "chardev") != NULL) {
        opt_set_string(&o->semihosting.chardev, optlist_get(l, "chardev"));
    }
    for (size_t i = 0; i < optlist_len(l); i++) {
        if (strcmp(optlist_key(l, i), "arg") != 0) {
            continue;
        }
        if (o->semihosting.args == NULL) {
            o->semihosting.args = g_string_new(NULL);
        } else {
            g_string_append_c(o->semihosting.args, ' ');
        }
        g_string_append(o->semihosting.args, optlist_value(l, i));
    }
    return true;
}

bool opt_semihosting_config(struct options *o, const char *arg, GError **err)
{
    struct optlist *l = optlist_parse("-semihosting-config", arg, "enable", err);
    bool ok = l != NULL && parse_semihosting(o, l, err);
    optlist_free(l);
    return ok;
}

static bool parse_action(struct options *o, const struct optlist *l, GError **err)
{
    static const char *const keys[] = {"reboot", "shutdown", "panic", "watchdog", NULL};
    const char *reboot = optlist_get(l, "reboot");
    const char *shutdown = optlist_get(l, "shutdown");

    if (!optlist_check_keys(l, keys, err)) {
        return false;
    }
    if (reboot != NULL) {
        o->no_reboot = strcmp(reboot, "shutdown") == 0;
        if (!o->no_reboot && strcmp(reboot, "reset") != 0) {
            return fail(err, ERR_OPTION, "-action reboot=%s: there is reset and shutdown", reboot);
        }
    }
    if (shutdown != NULL) {
        o->no_shutdown = strcmp(shutdown, "pause") == 0;
        if (!o->no_shutdown && strcmp(shutdown, "poweroff") != 0) {
            return fail(err, ERR_OPTION, "-action shutdown=%s: there is poweroff and pause",
                        shutdown);
        }
    }
    return true;
}

bool opt_action(struct options *o, const char *arg, GError **err)
{
    struct optlist *l = optlist_parse("-action", arg, NULL, err);
    bool ok = l != NULL && parse_action(o, l, err);
    optlist_free(l);
    return ok;
}

bool opt_uuid(struct options *o, const char *arg, GError **err)
{
    if (!g_uuid_string_is_valid(arg)) {
        return fail(err, ERR_OPTION, "-uuid: '%s' is not a UUID", arg);
    }
    unsigned n = 0;
    for (const char *p = arg; *p != '\0' && n < sizeof(o->uuid); p++) {
        if (*p == '-') {
            continue;
        }
        o->uuid[n++] = (uint8_t)(g_ascii_xdigit_value(p[0]) << 4 | g_ascii_xdigit_value(p[1]));
        p++;
    }
    o->has_uuid = true;
    return true;
}

bool opt_pace(struct options *o, const char *arg, GError **err)
{
    bool on = false;
    if (strcmp(arg, "auto") == 0) {
        o->pace = PACE_AUTO;
        return true;
    }
    if (!optlist_parse_bool("--pace", arg, &on, err)) {
        return false;
    }
    o->pace = on ? PACE_ON : PACE_OFF;
    return true;
}

bool opt_seed(struct options *o, const char *arg, GError **err)
{
    return optlist_parse_u64("--seed", arg, UINT64_MAX, &o->seed, err);
}

bool opt_quantum(struct options *o, const char *arg, GError **err)
{
    return optlist_parse_span("--quantum", arg, &o->quantum, err) &&
           (o->quantum <= QUANTUM_MAX ||
            fail(err, ERR_OPTION, "--quantum: %s is longer than 1000s", arg));
}

bool opt_compile_after(struct options *o, const char *arg, GError **err)
{
    uint64_t n = CPU_COMPILE_NEVER;
    if (strcmp(arg, "never") != 0 &&
        !optlist_parse_u64("--compile-after", arg, CPU_COMPILE_NEVER - 1, &n, err)) {
        return false;
    }
    o->compile_after = (uint16_t)n;
    return n != 0 || fail(err, ERR_OPTION, "--compile-after: at least 1, or 'never'");
}

bool opt_tlb(struct options *o, const char *arg, GError **err)
{
    static const char *const names[] = {
        [CPU_TLB_NORMAL] = "normal", [CPU_TLB_TINY] = "tiny", [CPU_TLB_OFF] = "off"};
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(arg, names[i]) == 0) {
            o->tlb = (uint8_t)i;
            return true;
        }
    }
    return fail(err, ERR_OPTION, "--tlb: normal, tiny or off, not '%s'", arg);
}

bool opt_debug_log(struct options *o, const char *arg, GError **err)
{
    if (o->log_classes == NULL) {
        o->log_classes = g_strdup(arg);
    } else {
        char *both = g_strconcat(o->log_classes, ",", arg, NULL);
        g_free(o->log_classes);
        o->log_classes = both;
    }
    return true;
}
