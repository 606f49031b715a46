/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running: vCont, c, s. PEs without an action are held, which is GDB's scheduler-locking. A PE that
 * is stepped takes its instruction in its turn while those that continue run: time goes as it would
 * without a debugger.
 */
#include "cpu/cpu_debug.h"

#include "debug/gdb_internal.h"

enum action { ACT_NONE, ACT_HOLD, ACT_RUN, ACT_STEP };

void gdb_cont_query(struct gdb_stub *g)
{
    g_string_assign(g->reply, "vCont;c;C;s;S");
}

/* What a machine does that was stopped in the middle of the turn of a PE: step that one. */
static bool steps_whose_turn_it_is(const struct machine *m, const uint8_t *actions)
{
    unsigned stepped = 0;
    bool has_turn = false;
    for (unsigned i = 0; i < machine_n_pes(m); i++) {
        stepped += actions[i] == ACT_STEP;
        has_turn |= actions[i] == ACT_STEP && machine_has_turn(m, i);
    }
    return stepped == 1 && has_turn;
}

/* In the past interrupts come when they came, and a step is one instruction. */
static void step(const struct gdb_stub *g, struct cpu *c)
{
    if (machine_in_past(gdb_machine(g))) {
        cpu_step_counted(c);
    } else {
        cpu_step_once(c, !(g->sstep & SSTEP_NOIRQ));
    }
}

static void start(struct gdb_stub *g, const uint8_t *actions)
{
    struct machine *m = gdb_machine(g);
    /* The others need not be held: they would not run meanwhile. */
    bool at_once = steps_whose_turn_it_is(m, actions);
    for (unsigned i = 0; i < machine_n_pes(m); i++) {
        machine_hold_pe(m, i, !at_once && (actions[i] == ACT_HOLD || actions[i] == ACT_NONE));
        if (actions[i] == ACT_STEP) {
            step(g, machine_pe(m, i));
        }
    }
    g->waiting = true;
    g->no_reply = true;
    /* Powered off, it stands still: the client waits until it interrupts. */
    (void)machine_resume(m);
}

static bool parse_action(const char **p, uint8_t *out)
{
    char a = **p;
    uint64_t signal;
    switch (a) {
    case 'c':
    case 'C':
        *out = ACT_RUN;
        break;
    case 's':
    case 'S':
        *out = ACT_STEP;
        break;
    case 't':
        *out = ACT_HOLD;
        break;
    default:
        return false;
    }
    (*p)++;
    return (a != 'C' && a != 'S') || gdb_take_number(p, &signal);
}

/* The leftmost action that names a PE is its own. */
static bool parse_actions(struct gdb_stub *g, const char *p, uint8_t *actions)
{
    unsigned n = machine_n_pes(gdb_machine(g));
    while (gdb_take_char(&p, ';')) {
        uint8_t a;
        int who = -1;
        if (!parse_action(&p, &a) || (gdb_take_char(&p, ':') && !gdb_take_thread(g, &p, &who))) {
            return false;
        }
        for (unsigned i = 0; i < n; i++) {
            if (actions[i] == ACT_NONE && (who < 0 || (unsigned)who == i)) {
                actions[i] = a;
            }
        }
    }
    return *p == '\0';
}

void gdb_cont(struct gdb_stub *g, const char *p)
{
    g_autofree uint8_t *actions = g_new0(uint8_t, machine_n_pes(gdb_machine(g)));
    if (parse_actions(g, p, actions)) {
        start(g, actions);
    } else {
        g_string_assign(g->reply, GDB_E_INVAL);
    }
}

void gdb_go(struct gdb_stub *g, bool step)
{
    unsigned n = machine_n_pes(gdb_machine(g));
    g_autofree uint8_t *actions = g_new0(uint8_t, n);
    for (unsigned i = 0; i < n; i++) {
        actions[i] = step && i == g->pe ? ACT_STEP : ACT_RUN;
    }
    start(g, actions);
}

void gdb_back(struct gdb_stub *g, bool step)
{
    struct machine *m = gdb_machine(g);
    g->waiting = true;
    g->no_reply = true;
    if (!(step ? machine_back_step(m, g->pe) : machine_back_continue(m))) {
        g->waiting = g->no_reply = false;
        g_string_assign(g->reply, GDB_E_INVAL);
    }
}
