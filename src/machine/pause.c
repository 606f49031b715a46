/* SPDX-License-Identifier: Apache-2.0 */
/* Pause, resume, and who is told: the state of a machine as debuggers and monitors see it. */
#include "base/bits.h"
#include "machine/history.h"

#include "machine/machine_internal.h"

enum machine_state machine_state(const struct machine *m)
{
    return m->state;
}

const char *machine_state_name(enum machine_state s)
{
    static const char *const names[] = {
        [MACHINE_RUNNING] = "running",   [MACHINE_PRELAUNCH] = "prelaunch",
        [MACHINE_PAUSED] = "paused",     [MACHINE_DEBUG] = "debug",
        [MACHINE_SHUTDOWN] = "shutdown",
    };
    return names[s];
}

void machine_set_state(struct machine *m, enum machine_state s)
{
    bool was_running = m->state == MACHINE_RUNNING;
    bool runs = s == MACHINE_RUNNING;

    m->state = s;
    if (runs == was_running) {
        return;
    }
    if (m->cfg.host.hold_input != NULL) {
        m->cfg.host.hold_input(m->cfg.host.opaque, !runs);
    }
    if (runs) {
        runloop_rebase(m);
    }
    machine_notify(m, runs ? MACHINE_EVENT_RESUME : MACHINE_EVENT_STOP);
}

void machine_pause(struct machine *m, enum machine_state why)
{
    if (m->state != MACHINE_RUNNING) {
        return;
    }
    machine_set_state(m, why);
    if (m->current != NULL) {
        cpu_request_exit(m->current);
    }
}

bool machine_resume(struct machine *m)
{
    if (m->state == MACHINE_SHUTDOWN && !m->ending.any) {
        return false;
    }
    if (m->state == MACHINE_SHUTDOWN) {
        m->request = m->ending;
        m->request.seen = true;
        m->ending.any = false;
    }
    if (m->state != MACHINE_RUNNING) {
        history_resume(m);
    }
    machine_set_state(m, MACHINE_RUNNING);
    return true;
}

bool machine_at_replay_end(const struct machine *m)
{
    return m->state == MACHINE_SHUTDOWN && m->ending.any;
}

unsigned machine_stopped_pe(const struct machine *m)
{
    return m->stopped_pe;
}

void machine_hold_pe(struct machine *m, unsigned pe, bool hold)
{
    m->hold_wanted[pe] = hold;
}

bool machine_has_turn(const struct machine *m, unsigned pe)
{
    const struct round *r = &m->round;
    const struct cpu *c = m->pes[pe];
    return r->active && r->in_slice && r->pe == pe && cpu_power_state(c) == CPU_ON &&
           cpu_has_work(c) && cpu_time(c) < MIN(r->until, evq_next(m->evq));
}

/* ---- observers ---- */

void machine_observe(struct machine *m, struct machine_observer *o)
{
    o->next = m->observers;
    m->observers = o;
}

void machine_unobserve(struct machine *m, struct machine_observer *o)
{
    for (struct machine_observer **p = &m->observers; *p != NULL; p = &(*p)->next) {
        if (*p == o) {
            *p = o->next;
            return;
        }
    }
}

/* As QEMU's ShutdownCause says it. */
static const char *reason_of(const struct pending_request *r)
{
    if (r->guest) {
        return r->what == REQ_RESET ? "guest-reset" : "guest-shutdown";
    }
    if (r->what == REQ_RESET) {
        return "host-qmp-system-reset";
    }
    return r->code > 128 ? "host-signal" : "host-qmp-quit";
}

static void notify(struct machine *m, const struct machine_notice *n)
{
    for (struct machine_observer *o = m->observers; o != NULL; o = o->next) {
        o->notify(o->opaque, n);
    }
}

void machine_notify(struct machine *m, enum machine_event e)
{
    notify(m, &(struct machine_notice){.event = e});
}

void machine_notify_why(struct machine *m, enum machine_event e, const struct pending_request *why,
                        bool last)
{
    struct machine_notice n = {
        .event = e,
        .guest = why->guest,
        .reason = reason_of(why),
        .last = last,
        .status = why->what == REQ_EXIT ? why->code : 0,
    };
    notify(m, &n);
}

/* ---- parts ---- */

const struct machine_config *machine_get_config(const struct machine *m)
{
    return &m->cfg;
}

unsigned machine_n_pes(const struct machine *m)
{
    return m->n_pes;
}

struct cpu *machine_pe(const struct machine *m, unsigned pe)
{
    return m->pes[pe];
}

uint64_t machine_mpidr(const struct machine *m, unsigned pe)
{
    return m->mpidr[pe];
}

struct bus *machine_bus(const struct machine *m)
{
    return m->bus;
}

void machine_set_trace(struct machine *m, unsigned pe, const struct trace_port *port)
{
    gic_set_trace(m->gic, pe, port);
    gtimer_set_trace(m->gtimer, pe, port);
}

tick_t machine_now(const struct machine *m)
{
    return m->now;
}
