/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the machine meets the outside world: one poll of all file descriptors of all backends.
 *
 * The machine's run loop asks host_poll_due() at every quantum (cheap) and calls host_poll() when
 * it says so, or with a timeout when the machine has nothing to do. All input reaches devices
 * inside host_poll, on the machine's thread, and nowhere else: what backends read in between waits
 * in their queues. Host time is used here and never seen by the machine.
 */
#ifndef HOST_HOSTLOOP_H
#define HOST_HOSTLOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/backend.h"

struct hostloop;

struct hostloop *hostloop_new(void);
/* Backends are freed before it. */
void hostloop_free(struct hostloop *h);

/* Who is asked to stop: by the escape Ctrl-A x, by a test device. */
void hostloop_set_machine(struct hostloop *h, const struct machine_port *m);

/* ---- for the run loop ---- */
/* Is it time for host_poll? Input waits that a device can take, or some time has passed. */
bool host_poll_due(struct hostloop *h);
/*
 * Write out what the guest printed, wait up to timeout_ms (0: not at all, -1: for ever) until
 * something can be done, do it, deliver input. True: a device was given something.
 */
bool host_poll(struct hostloop *h, int timeout_ms);
/* Keep input from devices: the machine is paused. It stays in the queues. */
void hostloop_hold_input(struct hostloop *h, bool hold);
bool hostloop_input_held(const struct hostloop *h);
/* End a wait in host_poll. Safe in signal handlers and from other threads. */
void hostloop_kick(struct hostloop *h);
/* The process is about to end: no wait for a slow reader from here on. Safe in signal handlers. */
void hostloop_leave(struct hostloop *h);
bool hostloop_leaving(const struct hostloop *h);
/* Write out buffered guest output now. */
void hostloop_flush(struct hostloop *h);

/* ---- for backends ---- */
struct host_source {
    /* Add descriptors with hostloop_watch; lower *timeout_ms (-1: infinite) if need be. */
    void (*prepare)(void *opaque, int *timeout_ms);
    /* After the poll: read into own queues; never calls a device. */
    void (*dispatch)(void *opaque);
    /* Give queued input to the device. True: something was given. May be NULL. */
    bool (*deliver)(void *opaque);
    /* Is there queued input that the device would take now? May be NULL. */
    bool (*waiting)(void *opaque);
    /* Write out buffered output. May be NULL. */
    void (*flush)(void *opaque);
    bool urgent; /* still looked at while the machine waits for a slow reader */
    void *opaque;
    struct host_source *next;
};
void hostloop_add(struct hostloop *h, struct host_source *s);
void hostloop_remove(struct hostloop *h, struct host_source *s);
/* In prepare only. events as for poll(). Returns a number for hostloop_revents. */
int hostloop_watch(struct hostloop *h, int fd, short events);
short hostloop_revents(const struct hostloop *h, int watch);
/* Wait until fd takes output. False: the process is leaving, give up. */
bool hostloop_wait_writable(struct hostloop *h, int fd);
bool hostloop_is_waiting(const struct hostloop *h);
void hostloop_request(struct hostloop *h, enum machine_request r, int code);
/* Milliseconds of host time. */
int64_t hostloop_now_ms(void);

#endif
