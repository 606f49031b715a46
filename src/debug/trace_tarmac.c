/* SPDX-License-Identifier: Apache-2.0 */
#include "debug/trace_tarmac.h"

#include <string.h>

#include "base/bits.h"
#include "debug/disas.h"
#include "debug/trace_apply.h"
#include "debug/trace_digits.h"

#define BUFFER (UINT64_C(64) << 10)
#define ROOM   8192U /* more than the lines of one instruction or event */
#define FIRST  96U   /* bytes of a text copied at once: most are no longer */
#define CHUNK  32U   /* bytes of the rest */
#define DISAS  80U   /* of a disassembled instruction, with its end */

/* The loop over instructions is one function. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

/* What is the same in every line IT of a block's instructions, made once. */
struct note {
    bool ns;
    uint16_t begin[TRACE_BLOCK_INSNS + 1];
    uint8_t disas[TRACE_BLOCK_INSNS]; /* where in its text the disassembly begins */
    char text[];
};

struct trace_tarmac {
    struct trace_filter filter;
    void (*write)(void *opaque, const char *text, size_t len);
    void *opaque;
    struct disas *disas;
    bool shows_all; /* instructions: no filter leaves any out */
    bool shown;     /* the last instruction was */
    struct counter time, count;
    tick_t when; /* that time shows */
    char *p;
    char buffer[BUFFER + ROOM];
};

static void write_out(struct trace_tarmac *t)
{
    t->write(t->opaque, t->buffer, (size_t)(t->p - t->buffer));
    t->p = t->buffer;
}

/* ---- pieces of a line: each goes to p and returns its end ---- */

static char *text(char *p, const char *s, size_t n)
{
    memcpy(p, s, n);
    return p + n;
}
#define TEXT(p, literal) text(p, literal, sizeof(literal) - 1)

/* Text that FIRST bytes may be read of. */
static inline char *padded(char *p, const char *s, size_t n)
{
    memcpy(p, s, FIRST);
    for (size_t i = FIRST; i < n; i += CHUNK) {
        memcpy(p + i, s + i, CHUNK);
    }
    return p + n;
}

/* ---- lines ---- */

static inline void set_time(struct trace_tarmac *t, tick_t when)
{
    if (LIKELY(when == t->when + TICKS_PER_NS)) {
        counter_step(&t->time);
    } else if (when != t->when) {
        counter_set(&t->time, when / TICKS_PER_NS);
    }
    t->when = when;
}

/* Begins one: "123 ns ". */
static inline char *stamp(const struct trace_tarmac *t, char *p)
{
    return counter_put(p, &t->time);
}

/* A line by itself. */
static char *begin_line(struct trace_tarmac *t, tick_t when)
{
    set_time(t, when);
    return stamp(t, t->p);
}

/* Text up to p is written. */
static void keep(struct trace_tarmac *t, char *p)
{
    t->p = p;
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

/* All of a line IT after "(count) ". */
static char *constant_part(const struct trace_block *b, unsigned i, bool ns, const char *disas,
                           size_t *out_disas, char *p)
{
    const char *start = p;
    p = hex16(p, b->va | ((b->pa + 4ULL * i) & 0xfff));
    *p++ = ':';
    p = hex(p, b->pa + 4ULL * i, 12);
    p = ns ? TEXT(p, "_NS ") : TEXT(p, "_S ");
    p = TEXT(hex(p, b->words[i], 8), " O ");
    p = mode_name(p, trace_mode_el(b->mode), trace_mode_spsel(b->mode));
    p = ns ? TEXT(p, "_n : ") : TEXT(p, "_s : ");
    *out_disas = (size_t)(p - start);
    p = text(p, disas, strlen(disas));
    *p++ = '\n';
    return p;
}

static __attribute__((noinline)) const struct note *make_note(struct trace_tarmac *t,
                                                              struct trace_block *b, bool ns)
{
    struct note *n = g_malloc(sizeof(*n) + b->n * (64 + DISAS) + FIRST);
    char *p = n->text;
    n->ns = ns;
    for (unsigned i = 0; i < b->n; i++) {
        char disas[DISAS];
        size_t at;
        uint64_t va = b->va | ((b->pa + 4ULL * i) & 0xfff);
        disas_insn(t->disas, va, b->words[i], disas, sizeof(disas));
        n->begin[i] = (uint16_t)(p - n->text);
        p = constant_part(b, i, ns, disas, &at, p);
        n->disas[i] = (uint8_t)at;
    }
    n->begin[b->n] = (uint16_t)(p - n->text);
    n = g_realloc(n, sizeof(*n) + n->begin[b->n] + FIRST);
    g_free(b->note);
    b->note = n;
    return n;
}

static inline const struct note *note_of(struct trace_tarmac *t, const struct trace_insn *i)
{
    const struct note *n = i->block->note;
    return n != NULL && n->ns == i->ns ? n : make_note(t, i->block, i->ns);
}

static ALWAYS_INLINE char *insn_line(struct trace_tarmac *t, char *p, const struct trace_insn *i,
                                     const struct note *n)
{
    unsigned begin = n->begin[i->index];
    p = TEXT(stamp(t, p), "IT (");
    if (LIKELY(i->count == t->count.v + 1)) {
        counter_step(&t->count);
    } else {
        counter_set(&t->count, i->count);
    }
    p = counter_put(p, &t->count) - 2; /* two bytes follow: ") " */
    return padded(p, n->text + begin, n->begin[i->index + 1] - begin);
}

static inline char *x_line(const struct trace_tarmac *t, char *p, unsigned n, uint64_t v)
{
    static const char begin[32][8] = {
        "R X0 ",  "R X1 ",  "R X2 ",  "R X3 ",  "R X4 ",  "R X5 ",  "R X6 ",  "R X7 ",
        "R X8 ",  "R X9 ",  "R X10 ", "R X11 ", "R X12 ", "R X13 ", "R X14 ", "R X15 ",
        "R X16 ", "R X17 ", "R X18 ", "R X19 ", "R X20 ", "R X21 ", "R X22 ", "R X23 ",
        "R X24 ", "R X25 ", "R X26 ", "R X27 ", "R X28 ", "R X29 ", "R X30 ", "R X31 "};
    p = stamp(t, p);
    memcpy(p, begin[n & 31], 8);
    p = hex16(p + (n < 10 ? 5 : 6), v);
    *p++ = '\n';
    return p;
}

static char *v_line(const struct trace_tarmac *t, char *p, unsigned n, const uint64_t v[2])
{
    p = decimal(TEXT(stamp(t, p), "R V"), n);
    *p++ = ' ';
    p = hex16(p, v[1]);
    *p++ = '_';
    p = hex16(p, v[0]);
    *p++ = '\n';
    return p;
}

static char *pstate_line(const struct trace_tarmac *t, char *p, uint64_t v)
{
    p = hex(TEXT(stamp(t, p), "R cpsr "), v, 8);
    *p++ = '\n';
    return p;
}

/* "R NAMEn value" */
static char *banked_line(const struct trace_tarmac *t, char *p, const char *name, unsigned el,
                         uint64_t v)
{
    p = TEXT(stamp(t, p), "R ");
    p = decimal(text(p, name, strlen(name)), el);
    *p++ = ' ';
    p = hex16(p, v);
    *p++ = '\n';
    return p;
}

static char *sp_line(const struct trace_tarmac *t, char *p, uint64_t pstate, uint64_t v)
{
    return banked_line(t, p, "SP_EL", pstate & 1 ? (unsigned)extract64(pstate, 2, 2) : 0, v);
}

static inline char *write_line(const struct trace_tarmac *t, char *p, const struct trace_insn *i,
                               const struct trace_write *w)
{
    if (LIKELY(w->kind == TRACE_WRITE_X)) {
        return x_line(t, p, w->n, w->v[0]);
    }
    if (w->kind == TRACE_WRITE_PSTATE) {
        return pstate_line(t, p, w->v[0]);
    }
    return w->kind == TRACE_WRITE_SP ? sp_line(t, p, i->pstate, w->v[0]) : v_line(t, p, w->n, w->v);
}

/* "msr ttbr0_el1, x0": the register's name. */
static char *msr_line(struct trace_tarmac *t, char *p, const struct trace_insn *i)
{
    const struct note *n = note_of(t, i);
    const char *s = n->text + n->begin[i->index] + n->disas[i->index];
    const char *end = n->text + n->begin[i->index + 1];
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

/* size: 1, 2, 4 or 8; 8 bytes of data may be read. */
static inline char *access_line(const struct trace_tarmac *t, char *p, bool write, uint64_t va,
                                unsigned size, const uint8_t *data)
{
    uint64_t v;
    memcpy(&v, data, 8);
    static const char begin[2][9][4] = {{[1] = "MR1 ", [2] = "MR2 ", [4] = "MR4 ", [8] = "MR8 "},
                                        {[1] = "MW1 ", [2] = "MW2 ", [4] = "MW4 ", [8] = "MW8 "}};
    p = text(stamp(t, p), begin[write][size], 4);
    p = hex16(p, va);
    *p++ = ' ';
    p = size == 8 ? hex8_8(p, v) : hex(p, v, 2 * size);
    *p++ = '\n';
    return p;
}

static inline char *access_lines(const struct trace_tarmac *t, char *p,
                                 const struct trace_access *a)
{
    for (unsigned off = 0; off < a->len; off += a->unit) {
        p = access_line(t, p, a->write, a->va + off, a->unit, a->data + off);
    }
    return p;
}

static bool shows(const struct trace_tarmac *t, const struct trace_insn *i)
{
    return t->shows_all || (wanted(t, TRACE_INSN) && in_window(t, i->when) &&
                            i->va >= t->filter.pc_first && i->va <= t->filter.pc_last);
}

static ALWAYS_INLINE void show_insn(struct trace_tarmac *t, const struct trace_insn *i,
                                    const struct note *n)
{
    t->shown = shows(t, i);
    if (!t->shown) {
        return;
    }
    set_time(t, i->when);
    char *p = insn_line(t, t->p, i, n);
    if (wanted(t, TRACE_REG)) {
        for (const struct trace_write *w = i->writes; w < i->writes + i->n_writes; w++) {
            p = write_line(t, p, i, w);
        }
        if (UNLIKELY(i->msr)) {
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

static void on_insn(void *opaque, const struct trace_insn *i)
{
    show_insn(opaque, i, note_of(opaque, i));
}

static void on_run(void *opaque, struct trace_regs *r, struct trace_insn *i, unsigned n,
                   uint32_t ticks_per_insn)
{
    const struct trace_block *b = i->block;
    const struct note *note = note_of(opaque, i);
    i->undone = false;
    for (; i->index < n; trace_insn_next(i, ticks_per_insn)) {
        trace_regs_apply(r, i, b->values + b->first_value[i->index]);
        show_insn(opaque, i, note);
    }
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
        uint8_t piece[8] = {0};
        unsigned size = 8;
        while (size > n - off) {
            size /= 2;
        }
        memcpy(piece, data + off, size);
        char *p = t->p;
        if (from != 0) {
            p = access_line(t, p, false, from - 1 + off, size, piece);
        }
        keep(t, access_line(t, p, true, to + off, size, piece));
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
    p = text(p, name, strlen(name));
    *p++ = '\n';
    p = banked_line(t, p, "ELR_EL", to, e->args[5]);
    p = banked_line(t, p, "SPSR_EL", to, e->pstate);
    if (type == TRACE_SYNC || type == TRACE_SERROR || type == TRACE_VSERROR) {
        p = banked_line(t, p, "ESR_EL", to, esr);
    }
    if (type == TRACE_SYNC && has_far(esr)) {
        p = banked_line(t, p, "FAR_EL", to, e->args[4]);
    }
    p = pstate_line(t, p, e->args[7]);
    keep(t, sp_line(t, p, e->args[7], e->args[8]));
}

static void put_return(struct trace_tarmac *t, const struct trace_event *e)
{
    set_time(t, e->when);
    char *p = pstate_line(t, t->p, e->args[3]);
    keep(t, sp_line(t, p, e->args[3], e->args[4]));
}

/* "SIGNAL: SIGNAL=tlbi insn=0x.." */
static void put_signal(struct trace_tarmac *t, const struct trace_event *e)
{
    const struct trace_kind_desc *d = &trace_kinds[e->kind];
    char *p = begin_line(t, e->when);
    p = d->group == TRACE_MMU ? TEXT(p, "TTW ") : TEXT(p, "SIGNAL: SIGNAL=");
    p = text(p, d->name, strlen(d->name));
    for (unsigned i = 0; d->args[i] != NULL; i++) {
        *p++ = ' ';
        p = text(p, d->args[i] + 2, strlen(d->args[i] + 2));
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
    char *p = t->p;
    for (unsigned n = 0; n < 31; n++) {
        p = x_line(t, p, n, x[n]);
    }
    p = sp_line(t, p, pstate, x[31]);
    keep(t, pstate_line(t, p, pstate));
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
    t->shows_all = wanted(t, TRACE_INSN) && f->from == 0 && f->to == TICK_NEVER &&
                   f->pc_first == 0 && f->pc_last == UINT64_MAX;
    counter_init(&t->time, " ns ");
    counter_init(&t->count, ")   ");
    t->p = t->buffer;
    end_line(t, TEXT(t->p, "Tarmac Text Rev 3t"));
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
