/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "base/result.h"

static const char *const class_names[LOG_N_CLASSES] = {
    [LOG_GUEST] = "guest_errors",
    [LOG_UNIMP] = "unimp",
    [LOG_INT] = "int",
    [LOG_MMU] = "mmu",
    [LOG_IRQ] = "irq",
    [LOG_DEV] = "dev",
    [LOG_EXEC] = "exec",
};

/* The log is the one process-wide object: it has no effect on any machine. */
uint32_t log_mask = 1U << LOG_UNIMP;
static FILE *log_file;

bool log_select(const char *names, GError **err)
{
    g_auto(GStrv) parts = g_strsplit(names, ",", -1);
    for (char **p = parts; *p != NULL; p++) {
        uint32_t found = strcmp(*p, "all") == 0 ? (1U << LOG_N_CLASSES) - 1 : 0;
        for (unsigned i = 0; i < LOG_N_CLASSES && found == 0; i++) {
            if (strcmp(*p, class_names[i]) == 0) {
                found = 1U << i;
            }
        }
        if (found == 0) {
            const char *list[LOG_N_CLASSES + 1] = {NULL};
            memcpy(list, class_names, sizeof(class_names));
            g_autofree char *all = g_strjoinv(", ", (char **)list);
            return fail(err, ERR_OPTION, "-d: unknown log class '%s' (all, %s)", *p, all);
        }
        log_mask |= found;
    }
    return true;
}

bool log_open(const char *path, GError **err)
{
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        return fail(err, ERR_FILE, "-D: cannot write '%s': %s", path, g_strerror(errno));
    }
    setvbuf(f, NULL, _IOLBF, 0);
    log_file = f;
    return true;
}

bool log_close(GError **err)
{
    FILE *f = log_file;
    log_file = NULL;
    if (f == NULL) {
        return true;
    }
    bool bad = ferror(f) != 0;
    bad |= fclose(f) != 0;
    return !bad || fail(err, ERR_FILE, "-D: the log could not be written");
}

void log_write(enum log_class cls, struct log_site *site, const char *who, const char *fmt, ...)
{
    FILE *f = log_file != NULL ? log_file : stderr;
    if (site != NULL) {
        int64_t now = g_get_monotonic_time();
        if (site->last_us != 0 && now - site->last_us < G_USEC_PER_SEC) {
            site->withheld++;
            return;
        }
        site->last_us = now;
    }
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_printf(line, "%s: %s: ", class_names[cls], who);
    va_list ap;
    va_start(ap, fmt);
    g_string_append_vprintf(line, fmt, ap);
    va_end(ap);
    if (site != NULL && site->withheld != 0) {
        g_string_append_printf(line, " (%" G_GUINT64_FORMAT " more like this)", site->withheld);
        site->withheld = 0;
    }
    fprintf(f, "%s\n", line->str);
}
