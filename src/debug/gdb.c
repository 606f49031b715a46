/* SPDX-License-Identifier: Apache-2.0 */
#include "debug/gdb.h"

#include <signal.h>
#include <string.h>

#include "cpu/cpu.h"
#include "cpu/cpu_debug.h"
#include "debug/gdb_regs.h"

#include "debug/gdb_internal.h"

struct machine *gdb_machine(const struct gdb_stub *g)
{
    return g->cfg.machine;
}

struct cpu *gdb_cpu(const struct gdb_stub *g)
{
    return machine_pe(g->cfg.machine, g->pe);
}

/* ---- stops ---- */

/* Registers that GDB asks for at every stop. */
static void put_expedited(struct gdb_stub *g, struct cpu *c)
{
    static const unsigned wanted[] = {GDB_REG_FP, GDB_REG_SP, GDB_REG_PC};
    for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
        uint8_t v[GDB_REG_MAX_BYTES];
        (void)gdb_reg_get(c, wanted[i], v);
        g_string_append_printf(g->reply, "%02x:", wanted[i]);
        gdb_put_hex(g->reply, v, gdb_reg_size(c, wanted[i]));
        g_string_append_c(g->reply, ';');
    }
}

static void put_watch(struct gdb_stub *g, uint64_t va, bool write)
{
    g_string_append_printf(g->reply, "%s:%" G_GINT64_MODIFIER "x;", gdb_watch_word(g, va, write),
                           va);
}

/* Why it stopped, where that is not plain. */
static void put_reason(struct gdb_stub *g, const struct cpu_stop *s)
{
    struct machine_history_stop past = machine_history_stop(gdb_machine(g));
    if (past.begin) {
        g_string_append(g->reply, "replaylog:begin;");
    } else if (past.watch) {
        put_watch(g, past.va, past.write);
    } else if (s->why == CPU_STOP_WATCH) {
        put_watch(g, s->va, s->write);
    }
}

void gdb_put_stop(struct gdb_stub *g)
{
    struct machine *m = gdb_machine(g);
    bool debug = machine_state(m) == MACHINE_DEBUG;
    if (debug) {
        g->last = machine_stopped_pe(m);
    }
    g->pe = g->last;
    monitor_set_pe(g->monitor, g->pe);
    struct cpu *c = gdb_cpu(g);
    g_string_append_printf(g->reply, "T%02xthread:%x;", g->interrupted ? SIGINT : SIGTRAP,
                           g->last + 1);
    put_expedited(g, c);
    if (debug) {
        put_reason(g, cpu_stop_reason(c));
    } else if (machine_at_replay_end(m)) {
        g_string_append(g->reply, "replaylog:end;");
    }
    g->interrupted = false;
}

/* Whatever was armed for the run that has ended. */
static void end_run(struct gdb_stub *g)
{
    struct machine *m = gdb_machine(g);
    for (unsigned i = 0; i < machine_n_pes(m); i++) {
        cpu_step_cancel(machine_pe(m, i));
        machine_hold_pe(m, i, false);
    }
}

static void send_reply(struct gdb_stub *g)
{
    gdb_link_reply(&g->link, g->reply->str, g->reply->len);
    g_string_truncate(g->reply, 0);
}

static void on_stop(struct gdb_stub *g)
{
    end_run(g);
    if (g->waiting) {
        g->waiting = false;
        gdb_put_stop(g);
        send_reply(g);
    }
}

static void on_notice(void *opaque, const struct machine_notice *n)
{
    struct gdb_stub *g = opaque;
    if (!g->attached) {
        return;
    }
    if (n->event == MACHINE_EVENT_STOP) {
        on_stop(g);
    } else if (n->event == MACHINE_EVENT_SHUTDOWN && n->last) {
        g->attached = false;
        g_string_printf(g->reply, "W%02x", n->status & 0xff);
        send_reply(g);
    }
}

/* ---- the client ---- */

static void forget(struct gdb_stub *g)
{
    end_run(g);
    gdb_points_clear(g);
    gdb_link_reset(&g->link);
    monitor_reset_view(g->monitor);
    g->pe = g->last = 0;
    g->sstep = SSTEP_ENABLE | SSTEP_NOIRQ | SSTEP_NOTIMER;
    g->attached = g->waiting = g->interrupted = g->leaving = false;
}

void gdb_leave(struct gdb_stub *g, bool resume)
{
    forget(g);
    machine_history_end(gdb_machine(g));
    if (resume) {
        (void)machine_resume(gdb_machine(g));
    } else {
        machine_pause(gdb_machine(g), MACHINE_PAUSED);
    }
}

static void attach(struct gdb_stub *g)
{
    forget(g);
    g->attached = true;
    machine_pause(gdb_machine(g), MACHINE_PAUSED);
    (void)!machine_history_start(gdb_machine(g), NULL);
}

static void on_peer(void *opaque, bool there)
{
    struct gdb_stub *g = opaque;
    if (there) {
        attach(g);
    } else if (g->attached) {
        gdb_leave(g, g->cfg.resume_when_lost);
    }
}

static void on_interrupt(struct gdb_stub *g)
{
    g->interrupted = g->waiting;
    machine_pause(gdb_machine(g), MACHINE_PAUSED);
    /* It stood already: stopped by the monitor, or powered off. */
    if (g->waiting) {
        on_stop(g);
    }
}

static void on_command(struct gdb_stub *g)
{
    g->no_reply = false;
    gdb_command(g);
    if (!g->no_reply) {
        send_reply(g);
    }
    g_string_truncate(g->reply, 0);
    if (g->leaving) {
        gdb_leave(g, true);
    }
}

static void on_input(void *opaque, const uint8_t *buf, size_t len)
{
    struct gdb_stub *g = opaque;
    for (size_t i = 0; i < len; i++) {
        enum gdb_input in = gdb_link_feed(&g->link, buf[i]);
        if (in == GDB_INTERRUPT) {
            on_interrupt(g);
        } else if (in == GDB_COMMAND) {
            on_command(g);
        }
    }
}

static void send_bytes(void *opaque, const uint8_t *buf, size_t len)
{
    struct gdb_stub *g = opaque;
    (void)chardev_write(g->cfg.chr, buf, len);
}

/* ---- life ---- */

struct gdb_stub *gdb_new(const struct gdb_cfg *cfg)
{
    struct gdb_stub *g = g_new0(struct gdb_stub, 1);
    g->cfg = *cfg;
    gdb_link_init(&g->link, send_bytes, g);
    g->points = gdb_points_new();
    g->reply = g_string_new(NULL);
    g->monitor = monitor_new(cfg->machine);
    g->observer = (struct machine_observer){.notify = on_notice, .opaque = g};
    machine_observe(cfg->machine, &g->observer);
    g->cfg.chr->dev = g;
    g->cfg.chr->deliver = on_input;
    g->cfg.chr->deliver_peer = on_peer;
    g->cfg.chr->outside = true;
    forget(g);
    return g;
}

void gdb_free(struct gdb_stub *g)
{
    if (g == NULL) {
        return;
    }
    machine_unobserve(g->cfg.machine, &g->observer);
    g->cfg.chr->deliver = NULL;
    g->cfg.chr->deliver_peer = NULL;
    monitor_free(g->monitor);
    g_array_unref(g->points);
    g_string_free(g->reply, TRUE);
    gdb_link_clear(&g->link);
    g_free(g->xml);
    g_free(g);
}
