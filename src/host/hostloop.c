/* SPDX-License-Identifier: Apache-2.0 */
/* The poll loop over all backends; see hostloop.h. */
#include "host/hostloop.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* How long a busy machine leaves the outside world alone: longer when nothing happens there. */
#define QUIET_INTERVAL_NS INT64_C(2000000)
#define BUSY_INTERVAL_NS  INT64_C(300000)

#define WAIT_SLICE_MS 100

struct hostloop {
    struct host_source *sources;
    GArray *fds; /* struct pollfd */
    struct machine_port machine;
    int kick_fd;
    int64_t next_ns; /* when the descriptors are looked at again */
    volatile sig_atomic_t kicked;
    volatile sig_atomic_t leaving;
    bool held;
    bool waiting; /* in hostloop_wait_writable */
};

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

int64_t hostloop_now_ms(void)
{
    return now_ns() / 1000000;
}

struct hostloop *hostloop_new(void)
{
    struct hostloop *h = g_new0(struct hostloop, 1);
    h->fds = g_array_new(FALSE, TRUE, sizeof(struct pollfd));
    h->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    /* A reader that goes away is an error code for write(), not the end of the process. */
    (void)signal(SIGPIPE, SIG_IGN);
    return h;
}

void hostloop_free(struct hostloop *h)
{
    if (h == NULL) {
        return;
    }
    if (h->kick_fd >= 0) {
        close(h->kick_fd);
    }
    g_array_free(h->fds, TRUE);
    g_free(h);
}

void hostloop_set_machine(struct hostloop *h, const struct machine_port *m)
{
    h->machine = *m;
}

void hostloop_request(struct hostloop *h, enum machine_request r, int code)
{
    if (h->machine.request != NULL) {
        h->machine.request(h->machine.opaque, r, code);
    }
}

void hostloop_kick(struct hostloop *h)
{
    int saved = errno;
    uint64_t one = 1;
    h->kicked = 1;
    if (h->kick_fd >= 0 && write(h->kick_fd, &one, sizeof(one)) < 0) {
        /* The counter is full: it is readable already. */
    }
    errno = saved;
}

void hostloop_leave(struct hostloop *h)
{
    h->leaving = 1;
    hostloop_kick(h);
}

bool hostloop_leaving(const struct hostloop *h)
{
    return h->leaving != 0;
}

void hostloop_hold_input(struct hostloop *h, bool hold)
{
    h->held = hold;
}

bool hostloop_input_held(const struct hostloop *h)
{
    return h->held;
}

void hostloop_add(struct hostloop *h, struct host_source *s)
{
    struct host_source **p = &h->sources;
    while (*p != NULL) {
        p = &(*p)->next;
    }
    s->next = NULL;
    *p = s;
}

void hostloop_remove(struct hostloop *h, struct host_source *s)
{
    for (struct host_source **p = &h->sources; *p != NULL; p = &(*p)->next) {
        if (*p == s) {
            *p = s->next;
            return;
        }
    }
}

int hostloop_watch(struct hostloop *h, int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};
    g_array_append_val(h->fds, p);
    return (int)h->fds->len - 1;
}

short hostloop_revents(const struct hostloop *h, int watch)
{
    if (watch < 0 || (guint)watch >= h->fds->len) {
        return 0;
    }
    return g_array_index(h->fds, struct pollfd, watch).revents;
}

static bool any_waiting(struct hostloop *h)
{
    for (struct host_source *s = h->sources; s != NULL; s = s->next) {
        if (s->waiting != NULL && s->waiting(s->opaque)) {
            return true;
        }
    }
    return false;
}

bool host_poll_due(struct hostloop *h)
{
    return h->kicked != 0 || any_waiting(h) || now_ns() >= h->next_ns;
}

static bool deliver_all(struct hostloop *h)
{
    bool any = false;
    for (struct host_source *s = h->sources; s != NULL; s = s->next) {
        if (s->deliver != NULL && s->deliver(s->opaque)) {
            any = true;
        }
    }
    return any;
}

void hostloop_flush(struct hostloop *h)
{
    for (struct host_source *s = h->sources; s != NULL; s = s->next) {
        if (s->flush != NULL) {
            s->flush(s->opaque);
        }
    }
}

/* Poll the sources (all, or only the urgent ones) and let them read. True: something happened. */
static bool poll_sources(struct hostloop *h, int timeout_ms, bool urgent_only)
{
    for (struct host_source *s = h->sources; s != NULL; s = s->next) {
        if (s->urgent || !urgent_only) {
            s->prepare(s->opaque, &timeout_ms);
        }
    }
    struct pollfd *fds = &g_array_index(h->fds, struct pollfd, 0);
    int n = poll(fds, h->fds->len, timeout_ms);
    for (guint i = 0; i < h->fds->len && n <= 0; i++) {
        fds[i].revents = 0;
    }
    for (struct host_source *s = h->sources; s != NULL; s = s->next) {
        if (s->urgent || !urgent_only) {
            s->dispatch(s->opaque);
        }
    }
    return n > 0;
}

static void drain_kick(struct hostloop *h)
{
    uint64_t count;
    h->kicked = 0;
    if (h->kick_fd >= 0 && read(h->kick_fd, &count, sizeof(count)) < 0) {
        /* Nobody kicked. */
    }
}

bool host_poll(struct hostloop *h, int timeout_ms)
{
    bool any = deliver_all(h);
    if (any || h->kicked != 0) {
        timeout_ms = 0;
    }
    if (timeout_ms == 0 && h->kicked == 0 && now_ns() < h->next_ns) {
        return any;
    }
    hostloop_flush(h);
    g_array_set_size(h->fds, 0);
    if (h->kick_fd >= 0) {
        (void)hostloop_watch(h, h->kick_fd, POLLIN);
    }
    bool busy = poll_sources(h, timeout_ms, false);
    drain_kick(h);
    any |= deliver_all(h);
    h->next_ns = now_ns() + (busy || any ? BUSY_INTERVAL_NS : QUIET_INTERVAL_NS);
    return any;
}

bool hostloop_is_waiting(const struct hostloop *h)
{
    return h->waiting;
}

bool hostloop_wait_writable(struct hostloop *h, int fd)
{
    /* This may be called by a source while it dispatches: its loop keeps its own descriptors. */
    GArray *outer = h->fds;
    bool nested = h->waiting;
    bool writable = false;
    h->fds = g_array_new(FALSE, TRUE, sizeof(struct pollfd));
    h->waiting = true;
    while (h->leaving == 0 && !writable) {
        if (nested) {
            struct pollfd p = {.fd = fd, .events = POLLOUT};
            int n = poll(&p, 1, WAIT_SLICE_MS);
            writable = n > 0 || (n < 0 && errno != EINTR); /* an error: write() will name it */
        } else {
            /* The others even if fd is writable: it may say so and take nothing, again and again.
             */
            g_array_set_size(h->fds, 0);
            int watch = hostloop_watch(h, fd, POLLOUT);
            (void)poll_sources(h, WAIT_SLICE_MS, true);
            writable = hostloop_revents(h, watch) != 0;
        }
    }
    h->waiting = nested;
    g_array_free(h->fds, TRUE);
    h->fds = outer;
    return writable;
}
