/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines about the guest and about us.
 *
 * Classes are selected at run time (-d, --log); a class that is off costs a load and a branch.
 * Guest mistakes and unimplemented features are rate limited per call site: one line a second of
 * host time, with a count of what was left out; they never stop the guest.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum log_class {
    LOG_GUEST, /* the guest did something the architecture calls an error */
    LOG_UNIMP, /* legal, but we do not implement it: the line names it */
    LOG_INT,   /* exceptions taken and returned from */
    LOG_MMU,   /* walks and faults */
    LOG_IRQ,   /* interrupt controller */
    LOG_DEV,   /* devices */
    LOG_EXEC,  /* blocks entered */
    LOG_N_CLASSES,
};

struct log_site {
    int64_t last_us;   /* host time of the last line */
    uint64_t withheld; /* lines not printed since */
};

/* Bit n set: class n is printed. LOG_UNIMP is on at start. */
extern uint32_t log_mask;

/* Select classes by comma separated names ("guest_errors,unimp,int,mmu,irq,dev,exec,all"). */
bool log_select(const char *names, GError **err);
/* Send lines to a file in place of stderr. */
bool log_open(const char *path, GError **err);
/* False and err: not all of it could be written. */
bool log_close(GError **err);

void log_write(enum log_class cls, struct log_site *site, const char *who, const char *fmt, ...)
    G_GNUC_PRINTF(4, 5);

static inline bool log_on(enum log_class cls)
{
    return (log_mask >> cls) & 1;
}

/* who: the device or unit that speaks. Site state is per call site. */
#define LOG_AT(cls, who, ...)                                                                      \
    do {                                                                                           \
        if (log_on(cls)) {                                                                         \
            static struct log_site log_site_;                                                      \
            log_write(cls, &log_site_, who, __VA_ARGS__);                                          \
        }                                                                                          \
    } while (0)

#define log_guest(who, ...) LOG_AT(LOG_GUEST, who, __VA_ARGS__)
#define log_unimp(who, ...) LOG_AT(LOG_UNIMP, who, __VA_ARGS__)

/* Unlimited, for tracing classes. */
#define log_trace(cls, who, ...)                                                                   \
    do {                                                                                           \
        if (log_on(cls)) {                                                                         \
            log_write(cls, NULL, who, __VA_ARGS__);                                                \
        }                                                                                          \
    } while (0)

#endif
