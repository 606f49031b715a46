/* SPDX-License-Identifier: Apache-2.0 */
#include "debug/trace_tarmac.h"

#include <string.h>

#include "base/bits.h"
#include "debug/disas.h"
#include "debug/trace_lines.h"
#include "debug/trace_run.h"

#define BUFFER (UINT64_C(256) << 10)
#define ROOM   TRACE_RUN_ROOM /* also more than the lines of any one instruction or event */
#define DISAS  80U            /* of a disassembled instruction, with its end */

struct trace_tarmac {
    struct trace_filter filter;
    void (*write)(void *opaque, const char *text, size_t len);
    void *opaque;
    struct disas *disas;
    tick_t runs_until; /* trace_run may be asked; 0: some lines are not wanted */
    bool shown;        /* the last instruction was */
    struct trace_pen pen;
    tick_t when; /* that the pen's time shows */
    char buffer[BUFFER + ROOM];
};

static void write_out(struct trace_tarmac *t)
{
    t->write(t->opaque, t->buffer, (size_t)(t->pen.p - t->buffer));
    t->pen.p = t->buffer;
}

/* ---- lines ---- */

static inline void set_time(struct trace_tarmac *t, tick_t when)
{
    if (when != t->when) {
        counter_set(&t->pen.time, when / TICKS_PER_NS);
        t->when = when;
    }
}

static inline void set_count(struct trace_tarmac *t, uint64_t count)
{
    if (count != t->pen.count.v) {
        counter_set(&t->pen.count, count);
    }
}

/* What each line begins with: "123 ns ". */
static inline char *stamp(const struct trace_tarmac *t, char *p)
{
    return counter_put(p, &t->pen.time);
}

/* A line by itself. */
static char *begin_line(struct trace_tarmac *t, tick_t when)
{
    set_time(t, when);
    return stamp(t, t->pen.p);
}

/* Text up to p is written. */
static void keep(struct trace_tarmac *t, char *p)
{
    t->pen.p = p;
    if (p > t->buffer + BUFFER) {
        write_out(t);
    }
}

static void end_line(struct trace_tarmac *t, char *p)
{
    *p++ = '\n';
    keep(t, p);
}

/* ---- instructions ---- */

static bool wanted(const struct trace_tarmac *t, enum trace_group g)
{
    return t->filter.groups >> g & 1;
}

static bool in_window(const struct trace_tarmac *t, tick_t when)
{
    return when >= t->filter.from && when < t->filter.to;
}

/* "EL1h" */
static char *mode_name(char *p, unsigned el, bool spsel)
{
    p = TEXT(p, "EL");
    *p++ = (char)('0' + el);
    *p++ = spsel ? 'h' : 't';
    return p;
}

/* A line IT behind "(count) ", but for the disassembly. */
static char *constant_part(const struct trace_block *b, unsigned i, bool ns, char *p)
{
    p = hex16(p, trace_block_va(b, i));
    *p++ = ':';
    p = hex(p, b->pa + 4ULL * i, 12);
    p = ns ? TEXT(p, "_NS ") : TEXT(p, "_S ");
    p = TEXT(hex(p, b->words[i], 8), " O ");
    p = mode_name(p, trace_mode_el(b->mode), trace_mode_spsel(b->mode));
    return ns ? TEXT(p, "_n : ") : TEXT(p, "_s : ");
}

static __attribute__((noinline)) const struct trace_note *make_note(struct trace_tarmac *t,
                                                                    struct trace_block *b, bool ns)
{
    struct trace_note *n = g_malloc0(sizeof(*n) + (size_t)b->n * (64 + DISAS) + LINE_SHORT);
    char *p = n->text;
    n->ns = ns;
    for (unsigned i = b->n; i-- > 0;) {
        struct trace_step *s = &n->steps[i];
        char disas[DISAS];
        disas_insn(t->disas, trace_block_va(b, i), b->words[i], disas, sizeof(disas));
        s->text = p;
        p = constant_part(b, i, ns, p);
        s->disas = (uint8_t)(p - s->text);
        p = line_text(p, disas, strlen(disas));
        *p++ = '\n';
        s->len = (uint16_t)(p - s->text);
        trace_step_init(n->steps, b, i);
    }
    g_free(b->note);
    b->note = n;
    return n;
}

static inline const struct trace_note *note_of(struct trace_tarmac *t, const struct trace_insn *i)
{
    const struct trace_note *n = i->block->note;
    return n != NULL && n->ns == i->ns ? n : make_note(t, i->block, i->ns);
}

static char *insn_line(const struct trace_tarmac *t, char *p, const struct trace_step *s)
{
    p = TEXT(stamp(t, p), "IT (");
    p = counter_put(p, &t->pen.count) - DIGITS12_SPARE;
    return line_text(p, s->text, s->len);
}

static char *v_line(char *p, unsigned n, const uint64_t v[2])
{
    p = decimal(TEXT(p, "R V"), n);
    *p++ = ' ';
    p = hex16(p, v[1]);
    *p++ = '_';
    p = hex16(p, v[0]);
    *p++ = '\n';
    return p;
}

static char *write_line(const struct trace_tarmac *t, char *p, const struct trace_insn *i,
                        const struct trace_write *w)
{
    p = stamp(t, p);
    switch (w->kind) {
    case TRACE_WRITE_X:
        return line_x(p, w->n, w->v[0]);
    case TRACE_WRITE_SP:
        return line_sp(p, i->pstate, w->v[0]);
    case TRACE_WRITE_PSTATE:
        return line_pstate(p, w->v[0]);
    case TRACE_WRITE_V:
        break;
    }
    return v_line(p, w->n, w->v);
}

/* "msr ttbr0_el1, x0": the register's name. */
static char *msr_line(struct trace_tarmac *t, char *p, const struct trace_insn *i)
{
    const struct trace_step *step = &note_of(t, i)->steps[i->index];
    const char *s = step->text + step->disas, *end = step->text + step->len;
    if (strncmp(s, "msr ", 4) != 0) {
        return p;
    }
    p = TEXT(stamp(t, p), "R ");
    for (s += 4; s < end && *s != ','; s++) {
        *p++ = g_ascii_toupper(*s);
    }
    *p++ = ' ';
    p = hex16(p, i->msr_value);
    *p++ = '\n';
    return p;
}

static char *access_lines(const struct trace_tarmac *t, char *p, const struct trace_access *a)
{
    for (unsigned off = 0; off < a->len; off += a->unit) {
        uint64_t v;
        memcpy(&v, a->data + off, 8);
        p = line_access(stamp(t, p), a->write, a->va + off, a->unit, v);
    }
    return p;
}

static bool shows(const struct trace_tarmac *t, const struct trace_insn *i)
{
    return wanted(t, TRACE_INSN) && in_window(t, i->when) && i->va >= t->filter.pc_first &&
           i->va <= t->filter.pc_last;
}

static void on_insn(void *opaque, const struct trace_insn *i)
{
    struct trace_tarmac *t = opaque;
    t->shown = shows(t, i);
    if (!t->shown) {
        return;
    }
    set_time(t, i->when);
    set_count(t, i->count);
    char *p = insn_line(t, t->pen.p, &note_of(t, i)->steps[i->index]);
    if (wanted(t, TRACE_REG)) {
        for (const struct trace_write *w = i->writes; w < i->writes + i->n_writes; w++) {
            p = write_line(t, p, i, w);
        }
        if (i->msr) {
            p = msr_line(t, p, i);
        }
    }
    if (wanted(t, TRACE_MEM)) {
        for (const struct trace_access *a = i->accesses; a < i->accesses + i->n_accesses; a++) {
            p = access_lines(t, p, a);
        }
    }
    keep(t, p);
}

/* All lines of all of them are wanted, and their numbers have 12 digits. */
static inline bool shows_run(const struct trace_tarmac *t, const struct trace_insn *i, unsigned n)
{
    unsigned more = n - i->index;
    return i->when >= t->filter.from && i->when + more * TICKS_PER_NS <= t->runs_until &&
           i->va >= t->filter.pc_first && i->va + 4ULL * (more - 1) <= t->filter.pc_last &&
           i->count + more < COUNTER_MORE;
}

static void on_run(void *opaque, struct trace_regs *r, struct trace_insn *i, unsigned n,
                   uint32_t ticks_per_insn)
{
    struct trace_tarmac *t = opaque;
    if (ticks_per_insn != TICKS_PER_NS || !shows_run(t, i, n)) {
        return;
    }
    const struct trace_note *note = note_of(t, i);
    if (note->steps[i->index].run == NULL) {
        return;
    }
    set_time(t, i->when);
    set_count(t, i->count);
    trace_run(&t->pen, note, r, i, n);
    t->when = i->when;
    t->shown = true;
    keep(t, t->pen.p);
}

static void on_fpsr(void *opaque, tick_t when, uint32_t v)
{
    struct trace_tarmac *t = opaque;
    if (t->shown && wanted(t, TRACE_REG)) {
        end_line(t, hex(TEXT(begin_line(t, when), "R FPSR "), v, 8));
    }
}

/* In pieces of at most 8 bytes. */
static void on_copy(void *opaque, tick_t when, uint64_t to, uint64_t from, const uint8_t *data,
                    uint64_t n)
{
    struct trace_tarmac *t = opaque;
    if (!t->shown || !wanted(t, TRACE_MEM)) {
        return;
    }
    set_time(t, when);
    for (uint64_t off = 0; off < n;) {
        unsigned size = 8;
        while (size > n - off) {
            size /= 2;
        }
        uint64_t v = 0;
        memcpy(&v, data + off, size);
        char *p = t->pen.p;
        if (from != 0) {
            p = line_access(stamp(t, p), false, from - 1 + off, size, v);
        }
        keep(t, line_access(stamp(t, p), true, to + off, size, v));
        off += size;
    }
}

/* ---- events ---- */

static bool has_far(uint64_t esr)
{
    unsigned ec = (unsigned)extract64(esr, 26, 6);
    return ec == 0x20 || ec == 0x21 || ec == 0x22 || ec == 0x24 || ec == 0x25 || ec == 0x34 ||
           ec == 0x35;
}

/* As Fast Models call them: where it came from, and what it is. */
static const char *exception_name(uint64_t vector)
{
    static const char *const names[4][4] = {
        {"CURRENT_SP0_SYNC", "CURRENT_SP0_IRQ", "CURRENT_SP0_FIQ", "CURRENT_SP0_SERROR"},
        {"CURRENT_SPx_SYNC", "CURRENT_SPx_IRQ", "CURRENT_SPx_FIQ", "CURRENT_SPx_SERROR"},
        {"LOWER_64_SYNC", "LOWER_64_IRQ", "LOWER_64_FIQ", "LOWER_64_SERROR"},
        {"LOWER_32_SYNC", "LOWER_32_IRQ", "LOWER_32_FIQ", "LOWER_32_SERROR"},
    };
    return names[extract64(vector, 9, 2)][extract64(vector, 7, 2)];
}

static void put_exception(struct trace_tarmac *t, const struct trace_event *e)
{
    unsigned to = (unsigned)e->args[2];
    uint64_t type = e->args[0], esr = e->args[3], vector = e->args[6];
    const char *name = exception_name(vector);
    char *p = hex16(TEXT(begin_line(t, e->when), "E "), vector);
    *p++ = ' ';
    p = mode_name(p, to, true);
    *p++ = ' ';
    p = TEXT(hex(p, extract64(vector, 7, 4), 8), " CoreEvent_");
    p = line_text(p, name, strlen(name));
    *p++ = '\n';
    p = line_banked(stamp(t, p), "ELR_EL", to, e->args[5]);
    p = line_banked(stamp(t, p), "SPSR_EL", to, e->pstate);
    if (type == TRACE_SYNC || type == TRACE_SERROR || type == TRACE_VSERROR) {
        p = line_banked(stamp(t, p), "ESR_EL", to, esr);
    }
    if (type == TRACE_SYNC && has_far(esr)) {
        p = line_banked(stamp(t, p), "FAR_EL", to, e->args[4]);
    }
    p = line_pstate(stamp(t, p), e->args[7]);
    keep(t, line_sp(stamp(t, p), e->args[7], e->args[8]));
}

static void put_return(struct trace_tarmac *t, const struct trace_event *e)
{
    set_time(t, e->when);
    char *p = line_pstate(stamp(t, t->pen.p), e->args[3]);
    keep(t, line_sp(stamp(t, p), e->args[3], e->args[4]));
}

/* "SIGNAL: SIGNAL=tlbi insn=0x.." */
static void put_signal(struct trace_tarmac *t, const struct trace_event *e)
{
    const struct trace_kind_desc *d = &trace_kinds[e->kind];
    char *p = begin_line(t, e->when);
    p = d->group == TRACE_MMU ? TEXT(p, "TTW ") : TEXT(p, "SIGNAL: SIGNAL=");
    p = line_text(p, d->name, strlen(d->name));
    for (unsigned i = 0; d->args[i] != NULL; i++) {
        *p++ = ' ';
        p = line_text(p, d->args[i] + 2, strlen(d->args[i] + 2));
        *p++ = '=';
        p = d->args[i][0] == 'x' ? hex16(TEXT(p, "0x"), e->args[i]) : decimal(p, e->args[i]);
    }
    end_line(t, p);
}

static void on_event(void *opaque, const struct trace_event *e)
{
    struct trace_tarmac *t = opaque;
    if (!wanted(t, trace_kinds[e->kind].group) || !in_window(t, e->when)) {
        return;
    }
    if (e->kind == TRACE_EXCEPTION) {
        put_exception(t, e);
    } else if (e->kind == TRACE_RETURN) {
        put_return(t, e);
    } else {
        put_signal(t, e);
    }
}

static void on_state(void *opaque, tick_t when, const uint64_t *x, uint64_t pstate)
{
    struct trace_tarmac *t = opaque;
    if (!wanted(t, TRACE_REG)) {
        return;
    }
    set_time(t, when);
    char *p = t->pen.p;
    for (unsigned n = 0; n < 31; n++) {
        p = line_x(stamp(t, p), n, x[n]);
    }
    p = line_sp(stamp(t, p), pstate, x[31]);
    keep(t, line_pstate(stamp(t, p), pstate));
}

struct trace_visitor trace_tarmac_visitor(struct trace_tarmac *t)
{
    return (struct trace_visitor){.insn = on_insn,
                                  .run = on_run,
                                  .event = on_event,
                                  .fpsr = on_fpsr,
                                  .copy = on_copy,
                                  .state = on_state,
                                  .opaque = t};
}

/* ---- life ---- */

struct trace_tarmac *trace_tarmac_new(const struct trace_filter *f,
                                      void (*write)(void *opaque, const char *text, size_t len),
                                      void *opaque)
{
    struct trace_tarmac *t = g_new0(struct trace_tarmac, 1);
    t->filter = *f;
    t->write = write;
    t->opaque = opaque;
    t->disas = disas_new();
    bool all_lines = wanted(t, TRACE_INSN) && wanted(t, TRACE_REG) && wanted(t, TRACE_MEM);
    t->runs_until = all_lines ? MIN(f->to, COUNTER_MORE * TICKS_PER_NS) : 0;
    counter_init(&t->pen.time, " ns ");
    counter_init(&t->pen.count, ")   ");
    t->pen.p = t->buffer;
    end_line(t, TEXT(t->pen.p, "Tarmac Text Rev 3t"));
    return t;
}

void trace_tarmac_free(struct trace_tarmac *t)
{
    if (t != NULL) {
        write_out(t);
        disas_free(t->disas);
        g_free(t);
    }
}
