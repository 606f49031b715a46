/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/history.h"

#include <string.h>

#include "base/bits.h"
#include "core/frame.h"
#include "core/pages.h"
#include "cpu/cpu_debug.h"
#include "machine/state.h"

#include "machine/machine_internal.h"

#define SOFT_EVERY (20 * TICKS_PER_MS)

/* A place in the run: how many instructions each PE has executed, and when that is. */
struct moment {
    uint64_t insns; /* of all PEs */
    uint64_t *of_pe;
    bool in_turn; /* of PE pe; else between two rounds */
    unsigned pe;
};

/*
 * A key frame. A hard one is where the run did not go on by itself: a debugger changed something,
 * or the machine came back from the past. A run that comes to `from` goes on at `at`, which is the
 * same moment unless an instruction was stepped with interrupts held.
 */
struct key {
    struct frame *frame;
    struct moment from, at;
    bool hard;
    uint64_t mark; /* its record in the log, if it is between two rounds */
    uint64_t log;  /* the first record after it */
    bool *held;
    enum machine_state state;
};

/* What a run in the past is for. */
enum goal {
    GOAL_FOLLOW, /* to run */
    GOAL_SEEK,   /* to come to `pe` having executed `count` instructions */
    GOAL_SCAN,   /* to find the last stop before `limit` */
    GOAL_LAND,   /* to come to that stop */
};

struct hit {
    bool any;
    unsigned pe;
    uint64_t count; /* instructions of the PE in front of it */
    uint64_t insns; /* of all PEs */
    struct cpu_stop stop;
};

struct history {
    struct machine *m;
    uint64_t budget;
    struct frame_family family;
    GPtrArray *keys; /* struct key *, in order */
    guint cur;       /* the last one that the run came from or through */
    guint base;      /* whose memory the machine had when the log of writes was emptied */
    struct machine_alarm alarm;
    bool changed;
    bool ending;
    enum goal goal;
    unsigned pe;
    uint64_t count;
    struct moment limit;
    guint scanned; /* from which frame on */
    struct hit hit;
    struct machine_history_stop stop;
};

static struct key *key_at(const struct history *h, guint i)
{
    return g_ptr_array_index(h->keys, i);
}

bool history_in_past(const struct machine *m)
{
    return m->history != NULL && replay_in_past(m->cfg.gate);
}

/* ---- moments ---- */

static void moment_clear(struct moment *t)
{
    g_clear_pointer(&t->of_pe, g_free);
}

static struct moment moment_now(const struct machine *m)
{
    struct moment t = {.insns = machine_insns(m),
                       .of_pe = g_new(uint64_t, m->n_pes),
                       .in_turn = m->round.active && m->round.in_slice,
                       .pe = m->round.pe};
    for (unsigned i = 0; i < m->n_pes; i++) {
        t.of_pe[i] = cpu_insns(m->pes[i]);
    }
    return t;
}

static struct moment moment_copy(const struct machine *m, const struct moment *t)
{
    struct moment c = *t;
    c.of_pe = g_memdup2(t->of_pe, m->n_pes * sizeof(t->of_pe[0]));
    return c;
}

/* ---- memory ---- */

static const uint64_t *written(void *opaque, const uint8_t *host)
{
    return bus_written(((struct machine *)opaque)->bus, host);
}

/* Decoded blocks of a page may not be what it holds. */
static void touched(void *opaque, const uint8_t *host, uint64_t page)
{
    struct machine *m = opaque;
    for (size_t i = 0; i < bus_n_regions(m->bus); i++) {
        struct bus_region_info r = bus_region(m->bus, i);
        if (r.is_ram && r.host == host) {
            cpu_invalidate_code(m->pes[0], pa(r.base.v + page * PAGES_BYTES), PAGES_BYTES);
            return;
        }
    }
    cpu_invalidate_code(m->pes[0], pa(0), UINT64_MAX);
}

static void forget_translations(struct machine *m)
{
    for (unsigned i = 0; i < m->n_pes; i++) {
        cpu_forget_translations(m->pes[i]);
    }
}

/* Memory is that of key i: from now on its changes are logged, and nobody may write past the log.
 */
static void set_base(struct history *h, guint i)
{
    h->base = i;
    bus_clear_written(h->m->bus);
    forget_translations(h->m);
}

static void invalidate_written(struct machine *m, const struct bus_region_info *r)
{
    const uint64_t *bits = r->is_ram ? bus_written(m->bus, r->host) : NULL;
    for (uint64_t page = 0; bits != NULL && page < r->size / PAGES_BYTES; page++) {
        if (page % 64 == 0 && bits[page / 64] == 0) {
            page += 63;
        } else if (bit(bits[page / 64], page % 64)) {
            touched(m, r->host, page);
        }
    }
}

/* In the past, where a frame was taken: have the TLBs and blocks that the run had behind it. */
static void settle(struct machine *m)
{
    for (size_t i = 0; i < bus_n_regions(m->bus); i++) {
        struct bus_region_info r = bus_region(m->bus, i);
        invalidate_written(m, &r);
    }
    forget_translations(m);
}

/* ---- taking and loading ---- */

static void disarm(struct machine *m)
{
    for (unsigned p = 0; p < m->n_pes; p++) {
        cpu_stop_at(m->pes[p], UINT64_MAX);
    }
}

static void key_free(void *p)
{
    struct key *k = p;
    frame_free(k->frame);
    moment_clear(&k->from);
    moment_clear(&k->at);
    g_free(k->held);
    g_free(k);
}

static bool take(struct history *h, bool hard, GError **err)
{
    struct machine *m = h->m;
    const struct frame *base = h->keys->len != 0 ? key_at(h, h->base)->frame : NULL;
    struct snap *s = frame_saver_new(&h->family, base);
    machine_snap(m, s);
    struct frame *f = frame_saver_finish(s, err);
    if (f == NULL) {
        return false;
    }
    struct key *k = g_new0(struct key, 1);
    k->frame = f;
    k->at = moment_now(m);
    k->from = moment_copy(m, &k->at);
    k->hard = hard;
    k->held = g_memdup2(m->held, m->n_pes * sizeof(m->held[0]));
    k->state = m->state;
    k->mark = UINT64_MAX;
    if (!k->at.in_turn) {
        k->mark = replay_position(m->cfg.gate);
        replay_mark(m->cfg.gate, m->now, k->at.insns);
    }
    k->log = replay_position(m->cfg.gate);
    g_ptr_array_add(h->keys, k);
    h->cur = h->keys->len - 1;
    set_base(h, h->cur);
    h->changed = false;
    return true;
}

static void restore(struct history *h, guint i)
{
    struct machine *m = h->m;
    const struct key *k = key_at(h, i);
    GError *err = NULL;
    struct snap *s = frame_loader_new(&h->family, k->frame, key_at(h, h->base)->frame);
    machine_snap(m, s);
    bool ok = frame_loader_finish(s, &err);
    m->request = (struct pending_request){0};
    m->cpu_stopped = false;
    if (!ok) { /* memory of the host is at its end */
        g_clear_error(&err);
        machine_request(m, REQ_EXIT, 1);
    }
    memcpy(m->held, k->held, m->n_pes * sizeof(m->held[0]));
    for (unsigned p = 0; p < m->n_pes; p++) {
        cpu_stop_forget(m->pes[p]);
    }
    disarm(m);
    h->cur = i;
    set_base(h, i);
    replay_go_back(m->cfg.gate, k->log);
}

/* ---- how much is kept ---- */

/* Frames lie the closer the younger they are: how far apart are the neighbours of i for its age? */
static double density(const struct history *h, guint i, uint64_t now)
{
    uint64_t gap = key_at(h, i + 1)->at.insns - key_at(h, i - 1)->at.insns;
    uint64_t age = now - key_at(h, i)->at.insns;
    return (double)gap / (double)(age + 1);
}

static void drop_key(struct history *h, guint i)
{
    g_ptr_array_remove_index(h->keys, i);
    h->cur -= h->cur > i;
    h->base -= h->base > i;
}

/* False: no more can go. */
static bool drop_one(struct history *h)
{
    uint64_t now = key_at(h, h->keys->len - 1)->at.insns;
    guint best = 0;
    for (guint i = 1; i + 1 < h->keys->len; i++) {
        if (!key_at(h, i)->hard && i != h->base &&
            (best == 0 || density(h, i, now) < density(h, best, now))) {
            best = i;
        }
    }
    if (best != 0) {
        drop_key(h, best);
        return true;
    }
    if (h->keys->len < 2 || h->base == 0) {
        return false;
    }
    drop_key(h, 0);
    replay_forget(h->m->cfg.gate, key_at(h, 0)->log);
    return true;
}

static void keep_to_budget(struct history *h)
{
    while (h->family.bytes + replay_log_bytes(h->m->cfg.gate) > h->budget && drop_one(h)) {
    }
}

/* ---- the present ---- */

static void set_alarm(struct history *h)
{
    h->alarm.when = (h->m->now / SOFT_EVERY + 1) * SOFT_EVERY;
    runloop_alarms_changed(h->m);
}

static void on_alarm(void *opaque, tick_t due)
{
    struct history *h = opaque;
    h->alarm.when = TICK_NEVER;
    if (h->m->history == h && !h->ending && take(h, false, NULL)) {
        keep_to_budget(h);
        set_alarm(h);
    }
}

static void on_mark(void *opaque, uint64_t n);

bool machine_history_start(struct machine *m, GError **err)
{
    if (m->history != NULL && !m->history->ending) {
        return true;
    }
    if (m->history != NULL) {
        m->history->ending = false;
        return true;
    }
    if (m->current != NULL) {
        return fail(err, ERR_OPTION, "the guest waits inside of a semihosting call");
    }
    if (m->cfg.gate == NULL || m->cfg.key_frame_bytes == 0) {
        return fail(err, ERR_OPTION, "key frames are off");
    }
    struct history *h = g_new0(struct history, 1);
    h->m = m;
    h->budget = m->cfg.key_frame_bytes;
    h->family = (struct frame_family){.written = written, .touched = touched, .opaque = m};
    h->keys = g_ptr_array_new_with_free_func(key_free);
    replay_keep(m->cfg.gate, true);
    replay_on_mark(m->cfg.gate, on_mark, h);
    bus_log_writes(m->bus, true);
    m->history = h;
    cpu_invalidate_code(m->pes[0], pa(0), UINT64_MAX);
    if (!take(h, true, err)) {
        history_free(m);
        return false;
    }
    h->alarm = (struct machine_alarm){.when = TICK_NEVER, .fn = on_alarm, .opaque = h};
    machine_add_alarm(m, &h->alarm);
    set_alarm(h);
    return true;
}

void history_free(struct machine *m)
{
    struct history *h = m->history;
    if (h == NULL) {
        return;
    }
    if (h->alarm.fn != NULL) {
        machine_remove_alarm(m, &h->alarm);
    }
    if (m->cfg.gate != NULL) {
        replay_return(m->cfg.gate, false);
        replay_keep(m->cfg.gate, false);
    }
    bus_log_writes(m->bus, false);
    g_ptr_array_unref(h->keys);
    moment_clear(&h->limit);
    g_free(h);
    m->history = NULL;
}

void machine_history_end(struct machine *m)
{
    if (m->history != NULL && history_in_past(m)) {
        m->history->ending = true; /* when it is in the present */
    } else {
        history_free(m);
    }
}

/* The last key frame is where the past ends. */
static void arrive(struct history *h)
{
    struct machine *m = h->m;
    replay_return(m->cfg.gate, false);
    if (h->ending) {
        history_free(m);
        return;
    }
    set_alarm(h);
    if (key_at(h, h->cur)->state == MACHINE_SHUTDOWN) {
        machine_set_state(m, MACHINE_SHUTDOWN);
    }
}

static void arm(struct history *h);
static void end_scan(struct history *h);

/* The run in the past has come to a hard frame. Steps that were asked for are still to be done. */
static void jump(struct history *h, guint i)
{
    struct machine *m = h->m;
    g_autofree bool *steps = g_new(bool, m->n_pes);
    for (unsigned p = 0; p < m->n_pes; p++) {
        steps[p] = cpu_step_is_pending(m->pes[p]);
    }
    restore(h, i);
    for (unsigned p = 0; p < m->n_pes; p++) {
        if (steps[p]) {
            cpu_step_counted(m->pes[p]);
        }
    }
    if (i + 1 == h->keys->len) {
        arrive(h);
    } else {
        arm(h);
    }
}

static void on_mark(void *opaque, uint64_t n)
{
    struct history *h = opaque;
    for (guint i = h->cur + 1; i < h->keys->len; i++) {
        if (key_at(h, i)->mark != n) {
            continue;
        }
        if (key_at(h, i)->hard) {
            (h->goal == GOAL_SCAN ? end_scan(h) : jump(h, i));
            return;
        }
        settle(h->m);
        h->cur = i;
        set_base(h, i);
        return;
    }
    settle(h->m);
}

/* ---- going back ---- */

/* The present becomes a frame to come back to. */
static bool leave_present(struct history *h)
{
    struct key *last = key_at(h, h->keys->len - 1);
    struct moment now = moment_now(h->m);
    bool here = !h->changed && last->at.insns == now.insns && last->at.in_turn == now.in_turn &&
                last->log == replay_position(h->m->cfg.gate);
    moment_clear(&now);
    if (here) {
        last->hard = true;
        return true;
    }
    return take(h, true, NULL);
}

static guint next_hard(const struct history *h)
{
    guint i = h->cur + 1;
    while (i < h->keys->len && !key_at(h, i)->hard) {
        i++;
    }
    return i;
}

/* Where PEs have to stop for what this run is for. */
static void arm(struct history *h)
{
    struct machine *m = h->m;
    guint hard = next_hard(h);
    for (unsigned p = 0; p < m->n_pes; p++) {
        bool all = h->goal == GOAL_SCAN;
        cpu_stop_at(m->pes[p], all ? h->limit.of_pe[p] : UINT64_MAX);
    }
    if (h->goal == GOAL_SEEK || (h->goal == GOAL_LAND && h->hit.stop.why == CPU_STOP_WATCH)) {
        cpu_stop_at(m->pes[h->pe], h->count);
    } else if (h->goal == GOAL_FOLLOW && hard < h->keys->len && key_at(h, hard)->from.in_turn) {
        const struct moment *t = &key_at(h, hard)->from;
        cpu_stop_at(m->pes[t->pe], t->of_pe[t->pe]);
    }
}

static void run_from(struct history *h, guint i, enum goal goal)
{
    h->goal = goal;
    restore(h, i);
    arm(h);
}

static void report(struct history *h, struct machine_history_stop stop)
{
    h->goal = GOAL_FOLLOW;
    h->stop = stop;
    disarm(h->m);
}

/* Stop at the beginning, or another frame. */
static void stop_at_key(struct history *h, guint i, bool begin)
{
    restore(h, i);
    report(h, (struct machine_history_stop){.begin = begin});
    machine_pause(h->m, MACHINE_DEBUG);
}

static bool begin_past(struct machine *m, unsigned pe)
{
    struct history *h = m->history;
    if (h == NULL || m->current != NULL || (!history_in_past(m) && !leave_present(h))) {
        return false;
    }
    h->stop = (struct machine_history_stop){0};
    m->stopped_pe = pe;
    machine_set_state(m, MACHINE_RUNNING);
    return true;
}

bool machine_back_step(struct machine *m, unsigned pe)
{
    struct history *h = m->history;
    uint64_t count = cpu_insns(m->pes[pe]);
    if (!begin_past(m, pe)) {
        return false;
    }
    if (count == 0 || key_at(h, 0)->at.of_pe[pe] > count - 1) {
        stop_at_key(h, 0, true);
        return true;
    }
    count--;
    guint i = h->keys->len - 1;
    while (key_at(h, i)->at.of_pe[pe] > count) {
        i--;
    }
    while (i > 0 && !key_at(h, i)->hard && key_at(h, i)->at.of_pe[pe] == count) {
        i--;
    }
    if (key_at(h, i)->at.of_pe[pe] == count) {
        stop_at_key(h, i, false);
    } else {
        h->pe = pe;
        h->count = count;
        run_from(h, i, GOAL_SEEK);
    }
    return true;
}

/* Look for the last stop between frame i and the limit, which is later. */
static void scan(struct history *h, guint i)
{
    if (i + 1 < h->keys->len && key_at(h, i + 1)->from.insns < h->limit.insns) {
        moment_clear(&h->limit);
        h->limit = moment_copy(h->m, &key_at(h, i + 1)->from);
    }
    h->hit.any = false;
    h->scanned = i;
    run_from(h, i, GOAL_SCAN);
}

/* The same for the frames before i. */
static void scan_before(struct history *h, guint i)
{
    while (i > 0 && key_at(h, i - 1)->at.insns >= h->limit.insns) {
        i--;
    }
    if (i == 0) {
        stop_at_key(h, 0, true);
    } else {
        scan(h, i - 1);
    }
}

bool machine_back_continue(struct machine *m)
{
    struct history *h = m->history;
    struct moment now = moment_now(m);
    if (!begin_past(m, m->stopped_pe)) {
        moment_clear(&now);
        return false;
    }
    moment_clear(&h->limit);
    h->limit = now;
    scan_before(h, h->keys->len);
    return true;
}

/* ---- stops in the past ---- */

static void end_scan(struct history *h)
{
    if (!h->hit.any) {
        guint i = h->scanned;
        moment_clear(&h->limit);
        h->limit = moment_copy(h->m, &key_at(h, i)->from);
        scan_before(h, i);
        return;
    }
    h->pe = h->hit.pe;
    h->count = h->hit.count + 1; /* of a watchpoint: behind the access */
    run_from(h, h->scanned, GOAL_LAND);
}

static void note_hit(struct history *h, unsigned pe, const struct cpu_stop *s, uint64_t insns)
{
    if (s->why == CPU_STOP_BREAK || s->why == CPU_STOP_WATCH) {
        uint64_t count = cpu_insns(h->m->pes[pe]);
        h->hit = (struct hit){true, pe, count, insns, *s};
    }
}

static void on_scan_stop(struct history *h, unsigned pe, const struct cpu_stop *s)
{
    uint64_t insns = machine_insns(h->m);
    if (insns >= h->limit.insns) {
        end_scan(h);
        return;
    }
    note_hit(h, pe, s, insns);
    if (cpu_insns(h->m->pes[pe]) >= h->limit.of_pe[pe]) {
        cpu_stop_at(h->m->pes[pe], UINT64_MAX); /* the others are not there yet */
    }
}

/* True: this is the stop that was found. */
static bool is_landing(const struct history *h, unsigned pe, const struct cpu_stop *s)
{
    uint64_t count = cpu_insns(h->m->pes[pe]);
    if (pe != h->pe) {
        return false;
    }
    return h->hit.stop.why == CPU_STOP_WATCH ? count == h->count
                                             : s->why == CPU_STOP_BREAK && count == h->hit.count;
}

static void land(struct history *h)
{
    const struct cpu_stop *s = &h->hit.stop;
    report(h, (struct machine_history_stop){
                  .watch = s->why == CPU_STOP_WATCH, .va = s->va, .write = s->write});
}

/* False: a stop for who debugs. */
static bool follow(struct history *h, unsigned pe, const struct cpu_stop *s)
{
    guint i = next_hard(h);
    bool step = s->why == CPU_STOP_STEP;
    if (i < h->keys->len && key_at(h, i)->from.in_turn && key_at(h, i)->from.pe == pe &&
        key_at(h, i)->from.of_pe[pe] == cpu_insns(h->m->pes[pe])) {
        jump(h, i);
        return !step;
    }
    return s->why == CPU_STOP_GOAL;
}

static bool passes_in_past(struct history *h)
{
    unsigned pe = h->m->stopped_pe;
    const struct cpu_stop s = *cpu_stop_reason(h->m->pes[pe]);
    switch (h->goal) {
    case GOAL_FOLLOW:
        return follow(h, pe, &s);
    case GOAL_SEEK:
        if (pe != h->pe || cpu_insns(h->m->pes[pe]) != h->count) {
            return true;
        }
        report(h, (struct machine_history_stop){0});
        return false;
    case GOAL_SCAN:
        on_scan_stop(h, pe, &s);
        return true;
    case GOAL_LAND:
        if (!is_landing(h, pe, &s)) {
            return true;
        }
        land(h);
        return false;
    }
    return false;
}

bool history_passes(struct machine *m)
{
    struct history *h = m->history;
    if (h == NULL) {
        return false;
    }
    if (history_in_past(m)) {
        return passes_in_past(h);
    }
    unsigned pe = m->stopped_pe;
    if (cpu_stop_reason(m->pes[pe])->why == CPU_STOP_STEP && cpu_step_held_irq(m->pes[pe]) &&
        take(h, true, NULL)) {
        struct moment *from = &key_at(h, h->cur)->from;
        from->insns--;
        from->of_pe[pe]--;
        keep_to_budget(h);
    }
    return false;
}

/* ---- from outside ---- */

void history_attend(struct machine *m)
{
    struct history *h = m->history;
    if (h != NULL && h->changed && m->state == MACHINE_RUNNING && take(h, true, NULL)) {
        keep_to_budget(h);
    }
}

static void apply_holds(struct machine *m)
{
    for (unsigned i = 0; i < m->n_pes; i++) {
        if (m->held[i] != m->hold_wanted[i]) {
            m->held[i] = m->hold_wanted[i];
            history_changed(m);
        }
    }
}

void history_resume(struct machine *m)
{
    struct history *h = m->history;
    if (h != NULL) {
        h->stop = (struct machine_history_stop){0};
    }
    if (history_in_past(m)) {
        h->goal = GOAL_FOLLOW;
        arm(h);
    } else {
        apply_holds(m);
    }
}

void history_changed(struct machine *m)
{
    if (m->history != NULL && !history_in_past(m)) {
        m->history->changed = true;
    }
}

bool machine_change(struct machine *m)
{
    struct history *h = m->history;
    if (history_in_past(m)) {
        if (replay_has_journal(m->cfg.gate)) {
            return false;
        }
        /* This is the present now. */
        replay_return(m->cfg.gate, true);
        disarm(m);
        g_ptr_array_set_size(h->keys, (gint)h->cur + 1);
        set_alarm(h);
    }
    history_changed(m);
    return true;
}

void history_leave(struct machine *m)
{
    if (history_in_past(m)) {
        struct history *h = m->history;
        struct pending_request r = m->request;
        restore(h, h->keys->len - 1);
        replay_return(m->cfg.gate, false);
        m->request = r;
    }
}

bool machine_has_history(const struct machine *m)
{
    return m->history != NULL;
}

bool machine_in_past(const struct machine *m)
{
    return history_in_past(m);
}

struct machine_history_stop machine_history_stop(const struct machine *m)
{
    return m->history != NULL ? m->history->stop : (struct machine_history_stop){0};
}
