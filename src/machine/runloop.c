/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run loop. PEs take turns in quanta of virtual time that end early at events and waits; when
 * all wait, time jumps to the next event. Everything from the host enters between turns.
 *
 * Deterministic: the order of PEs, the length of turns and the time of events depend on the guest
 * only.
 */
#include "base/bits.h"
#include "machine/history.h"

#include "machine/machine_internal.h"

/* With pacing: how far virtual time may be ahead without a sleep, and behind without being
 * forgiven. */
#define PACE_AHEAD_TICKS  TICKS_PER_MS
#define PACE_BEHIND_TICKS (20 * TICKS_PER_MS)

/* ---- host time ---- */

static void pacer_rebase(struct machine *m)
{
    m->pacer = (struct pacer){m->cfg.host.now_ns(m->cfg.host.opaque), m->now};
}

void runloop_rebase(struct machine *m)
{
    if (m->cfg.pace) {
        pacer_rebase(m);
    }
}

/* Virtual time that host time stands for. */
static tick_t pacer_now(const struct machine *m)
{
    int64_t ns = m->cfg.host.now_ns(m->cfg.host.opaque) - m->pacer.host_ns;
    return m->pacer.at + (tick_t)MAX(ns, 0) * TICKS_PER_NS;
}

/* How far virtual time is ahead. A machine that fell behind does not have to catch up. */
static tick_t pacer_ahead(struct machine *m, tick_t when)
{
    tick_t host = pacer_now(m);
    if (host > m->now + PACE_BEHIND_TICKS) {
        pacer_rebase(m);
        host = m->now;
    }
    return when > host ? when - host : 0;
}

static bool is_paced(const struct machine *m)
{
    return m->cfg.pace && !history_in_past(m);
}

static void poll_host(struct machine *m, int timeout_ms)
{
    if (m->cfg.host.poll != NULL) {
        m->cfg.host.poll(m->cfg.host.opaque, timeout_ms);
    }
}

static int to_ms(tick_t t)
{
    return (int)MIN(t / TICKS_PER_MS, 1000);
}

/* ---- waiting ---- */

static bool is_runnable(const struct machine *m, unsigned i)
{
    return !m->held[i] && cpu_power_state(m->pes[i]) == CPU_ON && cpu_has_work(m->pes[i]);
}

static bool any_runnable(const struct machine *m)
{
    for (unsigned i = 0; i < m->n_pes; i++) {
        if (is_runnable(m, i)) {
            return true;
        }
    }
    return false;
}

/* When a waiting PE continues by itself. */
static tick_t pe_wakeup(const struct machine *m, unsigned i)
{
    if (cpu_power_state(m->pes[i]) != CPU_ON) {
        return TICK_NEVER;
    }
    tick_t t = cpu_wakeup_time(m->pes[i]);
    if (m->in_wfe[i]) {
        t = MIN(t, gtimer_next_event(m->gtimer, i, &m->views[i]));
    }
    return t;
}

/* Event streams that have fired by now. */
static void deliver_event_streams(struct machine *m)
{
    for (unsigned i = 0; i < m->n_pes; i++) {
        if (m->in_wfe[i] && gtimer_take_event(m->gtimer, i, &m->views[i])) {
            cpu_send_event(m->pes[i]);
        }
    }
}

/* Move time forward, and run what is due. */
static void advance_to(struct machine *m, tick_t when)
{
    tick_t since = m->now;
    evq_set_now(m->evq, since);
    m->now = MAX(when, since);
    evq_advance(m->evq, m->now);
    deliver_event_streams(m);
}

static tick_t next_event(const struct machine *m)
{
    tick_t next = evq_next(m->evq);
    for (unsigned i = 0; i < m->n_pes; i++) {
        next = MIN(next, pe_wakeup(m, i));
    }
    return next;
}

/* ---- the gate for input, when the run is recorded or replayed ---- */

uint64_t machine_insns(const struct machine *m)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < m->n_pes; i++) {
        n += cpu_insns(m->pes[i]);
    }
    return n;
}

/* The end of a replay waits for a machine that was stopped to look at it. */
static bool gate_is_due(const struct machine *m)
{
    bool stopped = m->state != MACHINE_RUNNING && m->state != MACHINE_SHUTDOWN;
    return m->cfg.gate != NULL && !m->round.active &&
           replay_due(m->cfg.gate, m->now, machine_insns(m)) &&
           !(stopped && replay_end_is_next(m->cfg.gate));
}

/* Every PE waits. */
static void idle(struct machine *m)
{
    tick_t next = next_event(m);
    if (m->cfg.gate != NULL) {
        next = MIN(next, replay_next(m->cfg.gate, m->now));
    }
    if (next == TICK_NEVER && m->cfg.gate != NULL && replay_is_playing(m->cfg.gate)) {
        replay_run_dry(m->cfg.gate);
        return;
    }
    if (next == TICK_NEVER) {
        /* Only input can end this. */
        poll_host(m, -1);
        runloop_rebase(m);
        return;
    }
    next = MIN(next, m->alarms_next);
    if (!is_paced(m)) {
        advance_to(m, next);
        return;
    }
    tick_t ahead = pacer_ahead(m, next);
    if (ahead > PACE_AHEAD_TICKS) {
        poll_host(m, MAX(to_ms(ahead), 1));
        if (m->state != MACHINE_RUNNING) {
            return;
        }
        /* Input that came meanwhile came now, not at the next event. */
        advance_to(m, MIN(next, MAX(pacer_now(m), m->now)));
        return;
    }
    advance_to(m, next);
}

/* ---- running ---- */

/* Would somebody else use the time that a PE gives up? */
static bool others_lag(const struct machine *m, unsigned self, tick_t until)
{
    for (unsigned i = 0; i < m->n_pes; i++) {
        if (i != self && is_runnable(m, i) && cpu_time(m->pes[i]) < until) {
            return true;
        }
    }
    return false;
}

static void begin_slice(struct machine *m, struct cpu *c)
{
    struct round *r = &m->round;
    if (cpu_time(c) < m->now) {
        cpu_set_time(c, m->now); /* it waited */
    }
    r->until = MIN(r->end, evq_next(m->evq));
    r->in_slice = true;
}

/* The slice of PE i, or what is left of it. */
static void run_slice(struct machine *m, unsigned i)
{
    struct round *r = &m->round;
    struct cpu *c = m->pes[i];
    bool resumed = r->in_slice; /* what ended the slice may have been left to be heard of */
    if (!resumed) {
        begin_slice(m, c);
    }
    tick_t until = MIN(r->until, evq_next(m->evq));
    if (cpu_time(c) < until || resumed) {
        evq_set_now(m->evq, cpu_time(c));
        m->current = c;
        enum cpu_exit why = cpu_run(c, until);
        m->current = NULL;
        m->in_wfe[i] = why == CPU_WFE;
        if (why == CPU_YIELD && others_lag(m, i, r->until)) {
            cpu_set_time(c, MAX(cpu_time(c), r->until));
        }
        if (why == CPU_DEBUG) {
            m->stopped_pe = i;
            m->cpu_stopped = true;
        }
    }
    r->latest = MAX(r->latest, cpu_time(c));
}

static void end_round(struct machine *m)
{
    tick_t slowest = TICK_NEVER;

    m->round.active = false;
    for (unsigned i = 0; i < m->n_pes; i++) {
        if (is_runnable(m, i)) {
            /* Woken just now, by another: it continues from here, not from when it fell asleep. */
            slowest = MIN(slowest, MAX(cpu_time(m->pes[i]), m->now));
        }
    }
    tick_t end = slowest == TICK_NEVER ? m->round.latest : slowest;
    advance_to(m, MIN(end, MAX(evq_next(m->evq), m->now)));
}

/* A turn for every PE that can run. A pause leaves it in the middle; the next call goes on there.
 */
static void run_round(struct machine *m)
{
    struct round *r = &m->round;
    if (!r->active) {
        /* Rounds end on a grid, so that the state at its points does not depend on who looks. */
        tick_t end = (m->now / m->cfg.quantum + 1) * m->cfg.quantum;
        *r = (struct round){.active = true, .end = end, .latest = m->now};
    }
    while (r->pe < m->n_pes && !m->request.any) {
        if (is_runnable(m, r->pe) || (r->in_slice && !m->held[r->pe])) {
            run_slice(m, r->pe);
        }
        if (m->state != MACHINE_RUNNING || m->cpu_stopped) {
            return;
        }
        r->in_slice = false;
        r->pe++;
    }
    end_round(m);
}

static void pace(struct machine *m)
{
    tick_t ahead = pacer_ahead(m, m->now);
    if (ahead > PACE_AHEAD_TICKS) {
        poll_host(m, MAX(to_ms(ahead), 1));
    }
}

/* ---- requests ---- */

/* True: the machine ends. */
static bool power_off(struct machine *m, const struct pending_request *r)
{
    machine_notify_why(m, MACHINE_EVENT_SHUTDOWN, r, !m->cfg.no_shutdown);
    if (m->cfg.no_shutdown) {
        machine_set_state(m, MACHINE_SHUTDOWN);
    }
    return !m->cfg.no_shutdown;
}

/* The end of a replay is shown to who can still go back from there: machine_resume comes to it. */
static bool shows_end(struct machine *m, const struct pending_request *r)
{
    bool ends = r->what == REQ_EXIT || (r->what == REQ_POWEROFF && !m->cfg.no_shutdown) ||
                (r->what == REQ_RESET && m->cfg.no_reboot);
    if (!ends || r->seen || !machine_has_history(m) || !replay_has_journal(m->cfg.gate) ||
        replay_left(m->cfg.gate)) {
        return false;
    }
    m->request.any = false;
    if (!history_in_past(m)) {
        m->ending = *r;
        machine_set_state(m, MACHINE_SHUTDOWN);
    }
    return true;
}

/* True: the machine ends with *out_status. */
static bool handle_request(struct machine *m, int *out_status)
{
    struct pending_request r = m->request;
    GError *err = NULL;

    if (shows_end(m, &r)) {
        return false;
    }
    if (!r.guest) {
        history_changed(m);
    }

    m->request = (struct pending_request){0};
    *out_status = 0;
    switch (r.what) {
    case REQ_POWER_KEY:
        machine_notify(m, MACHINE_EVENT_POWERDOWN);
        board_press_power_key(m);
        return false;
    case REQ_EXIT:
        history_leave(m);
        machine_notify_why(m, MACHINE_EVENT_SHUTDOWN, &r, true);
        *out_status = r.code;
        return true;
    case REQ_POWEROFF:
        return power_off(m, &r);
    case REQ_RESET:
    case REQ_SERROR: /* was done at once */
        break;
    }
    if (m->cfg.no_reboot) {
        return power_off(m, &r);
    }
    if (!machine_reset(m, &err)) {
        /* It worked the first time, with the same contents. */
        g_clear_error(&err);
        *out_status = 2;
        return true;
    }
    machine_notify_why(m, MACHINE_EVENT_RESET, &r, false);
    if (m->state == MACHINE_SHUTDOWN && m->cfg.gate != NULL && replay_is_playing(m->cfg.gate)) {
        machine_set_state(m, MACHINE_RUNNING); /* nobody is there to let it go on */
    } else if (m->state != MACHINE_RUNNING) {
        m->state = MACHINE_PRELAUNCH;
    }
    return false;
}

static void on_earlier(void *opaque, tick_t next)
{
    struct machine *m = opaque;
    if (m->current != NULL) {
        cpu_limit_time(m->current, next);
    }
}

static bool host_is_due(const struct machine *m)
{
    return m->cfg.host.poll_due != NULL && m->cfg.host.poll_due(m->cfg.host.opaque);
}

/* ---- alarms ---- */

void runloop_alarms_changed(struct machine *m)
{
    m->alarms_next = TICK_NEVER;
    for (const struct machine_alarm *a = m->alarms; a != NULL; a = a->next) {
        m->alarms_next = MIN(m->alarms_next, a->when);
    }
}

void machine_add_alarm(struct machine *m, struct machine_alarm *a)
{
    a->next = m->alarms;
    m->alarms = a;
    runloop_alarms_changed(m);
}

void machine_remove_alarm(struct machine *m, struct machine_alarm *a)
{
    struct machine_alarm **p = &m->alarms;
    while (*p != a) {
        p = &(*p)->next;
    }
    *p = a->next;
    runloop_alarms_changed(m);
}

static void run_alarms(struct machine *m)
{
    for (struct machine_alarm *a = m->alarms; a != NULL; a = a->next) {
        if (a->when <= m->now) {
            tick_t due = a->when;
            a->when = TICK_NEVER;
            a->fn(a->opaque, due);
        }
    }
    runloop_alarms_changed(m);
}

static void run_some(struct machine *m)
{
    if (!m->round.active && !any_runnable(m)) {
        idle(m);
        return;
    }
    run_round(m);
    if (is_paced(m) && !m->round.active) {
        pace(m);
    }
}

int machine_run(struct machine *m)
{
    int status = 0;

    if (m->cfg.dumpdtb != NULL) {
        return 0;
    }
    evq_on_earlier(m->evq, on_earlier, m);
    if (m->cfg.start_paused) {
        machine_set_state(m, MACHINE_PRELAUNCH);
    }
    runloop_rebase(m);
    for (;;) {
        if (m->cpu_stopped) {
            m->cpu_stopped = false;
            if (!history_passes(m)) {
                machine_pause(m, MACHINE_DEBUG);
            }
            continue;
        }
        if (m->request.any && handle_request(m, &status)) {
            return status;
        }
        history_attend(m);
        if (!machine_at_replay_end(m) && gate_is_due(m)) {
            replay_deliver(m->cfg.gate, m->now, machine_insns(m));
        } else if (m->state != MACHINE_RUNNING) {
            poll_host(m, -1);
        } else if (!m->round.active && m->alarms_next <= m->now) {
            run_alarms(m);
        } else if (!m->round.active && host_is_due(m)) {
            poll_host(m, 0);
        } else {
            run_some(m);
        }
    }
}
