/* SPDX-License-Identifier: Apache-2.0 */
#include "app/signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/bits.h"
#include "host/terminal.h"

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
static const int fatal[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGTRAP};

struct signals {
    struct hostloop *loop;
    struct host_source source;
    int fd;
    int watch;
};

static sigset_t ending_set(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < ARRAY_LEN(ending); i++) {
        sigaddset(&set, ending[i]);
    }
    return set;
}

/* The default action follows: SA_RESETHAND took this handler away. */
static void on_deadly(int n)
{
    host_term_restore();
    raise(n);
}

static void on_stop(int n)
{
    int saved = errno;
    host_term_restore();
    raise(SIGSTOP);
    host_term_reapply();
    errno = saved;
}

void signals_prepare(void)
{
    struct sigaction deadly = {.sa_handler = on_deadly, .sa_flags = SA_RESETHAND | SA_NODEFER};
    struct sigaction stop = {.sa_handler = on_stop, .sa_flags = SA_RESTART};

    for (size_t i = 0; i < ARRAY_LEN(fatal); i++) {
        sigaction(fatal[i], &deadly, NULL);
    }
    /* Until the machine runs. */
    for (size_t i = 0; i < ARRAY_LEN(ending); i++) {
        sigaction(ending[i], &deadly, NULL);
    }
    sigaction(SIGTSTP, &stop, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void signals_watch(void *opaque, int *timeout_ms)
{
    struct signals *s = opaque;
    s->watch = hostloop_watch(s->loop, s->fd, POLLIN);
}

static void signals_dispatch(void *opaque)
{
    struct signals *s = opaque;
    struct signalfd_siginfo info;
    if ((hostloop_revents(s->loop, s->watch) & POLLIN) &&
        read(s->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        hostloop_leave(s->loop);
        hostloop_request(s->loop, REQ_EXIT, 128 + (int)info.ssi_signo);
    }
}

struct signals *signals_new(struct hostloop *loop, GError **err)
{
    sigset_t set = ending_set();
    struct signals *s = g_new0(struct signals, 1);

    s->loop = loop;
    sigprocmask(SIG_BLOCK, &set, NULL);
    s->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (s->fd < 0) {
        fail(err, ERR_HOST, "signalfd: %s", g_strerror(errno));
        g_free(s);
        return NULL;
    }
    s->source = (struct host_source){
        .prepare = signals_watch, .dispatch = signals_dispatch, .urgent = true, .opaque = s};
    hostloop_add(loop, &s->source);
    return s;
}

void signals_free(struct signals *s)
{
    if (s != NULL) {
        hostloop_remove(s->loop, &s->source);
        close(s->fd);
        g_free(s);
    }
}
