/* SPDX-License-Identifier: Apache-2.0 */
#include "debug/trace_tarmac.h"

#include <string.h>

#include "base/bits.h"
#include "debug/disas.h"

#define BUFFER (UINT64_C(256) << 10)
#define ROOM   8192U /* more than the lines of one instruction or event */
#define CHUNK  32U   /* bytes that may be written behind a text */
#define DISAS  80U   /* of a disassembled instruction, with its end */

/* What is the same in every line IT of a block's instructions, made once. */
struct note {
    bool ns;
    uint16_t begin[TRACE_BLOCK_INSNS + 1];
    uint8_t disas[TRACE_BLOCK_INSNS]; /* where in its text the disassembly begins */
    char text[];
};

/* A number with leading zeros, at least 12 digits. The upper ones seldom change. */
struct counter {
    uint64_t v, lower; /* lower: 8 digits, as text */
    uint64_t upper;    /* v / 10^8 */
    uint8_t len;       /* of the text of upper; 0: not a number yet */
    char text[CHUNK];
};

struct trace_tarmac {
    struct trace_filter filter;
    void (*write)(void *opaque, const char *text, size_t len);
    void *opaque;
    struct disas *disas;
    bool shown; /* the last instruction was */
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

/* Text with CHUNK readable bytes behind it. */
static char *padded(char *p, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i += CHUNK) {
        memcpy(p + i, s + i, CHUNK);
    }
    return p + n;
}

/* Eight hexadecimal digits at once. */
static char *hex8(char *p, uint64_t v)
{
    uint64_t x = (uint32_t)v;
    x = (x << 16 | x) & UINT64_C(0x0000ffff0000ffff);
    x = (x << 8 | x) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x << 4 | x) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    uint64_t letters = (x + UINT64_C(0x0606060606060606)) >> 4 & UINT64_C(0x0101010101010101);
    x += UINT64_C(0x3030303030303030) + letters * ('a' - '0' - 10);
    x = __builtin_bswap64(x);
    memcpy(p, &x, 8);
    return p + 8;
}

static char *hex16(char *p, uint64_t v)
{
    return hex8(hex8(p, v >> 32), v);
}

/* The lowest digits. */
static char *hex(char *p, uint64_t v, unsigned digits)
{
    for (unsigned i = digits; i > 0; i--) {
        *p++ = "0123456789abcdef"[v >> (4 * (i - 1)) & 15];
    }
    return p;
}

static char *digits_before(char *end, uint64_t v)
{
    do {
        *--end = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    return end;
}

static char *decimal(char *p, uint64_t v)
{
    char tmp[20];
    char *first = digits_before(tmp + sizeof(tmp), v);
    return text(p, first, (size_t)(tmp + sizeof(tmp) - first));
}

/* Eight decimal digits, as text in memory order: halves, pairs, digits. */
static uint64_t digits8(uint32_t v)
{
    uint64_t x = v / 10000 | (uint64_t)(v % 10000) << 32;
    uint64_t hundreds = (x * 10486 >> 20) & UINT64_C(0x0000007f0000007f);
    x = hundreds | (x - hundreds * 100) << 16;
    uint64_t tens = (x * 103 >> 10) & UINT64_C(0x000f000f000f000f);
    return (tens | (x - tens * 10) << 8) + UINT64_C(0x3030303030303030);
}

static void counter_set(struct counter *c, uint64_t v)
{
    if (v == c->v + 1 && c->len != 0 && c->lower >> 56 != '9') {
        c->lower += UINT64_C(1) << 56; /* the last digit */
        c->v = v;
        return;
    }
    uint64_t upper = v / 100000000;
    if (c->len == 0 || upper != c->upper) {
        char tmp[20];
        size_t n = (size_t)(decimal(tmp, upper) - tmp), zeros = n < 4 ? 4 - n : 0;
        memset(c->text, '0', zeros);
        memcpy(c->text + zeros, tmp, n);
        c->len = (uint8_t)(zeros + n);
        c->upper = upper;
    }
    c->v = v;
    c->lower = digits8((uint32_t)(v % 100000000));
}

static char *counter(char *p, const struct counter *c)
{
    memcpy(p, c->text, 16);
    memcpy(p + c->len, &c->lower, 8);
    return p + c->len + 8;
}

/* ---- lines ---- */

/* Begins one: "123 ns ". */
static char *stamp(struct trace_tarmac *t, tick_t when)
{
    if (t->when != when || t->time.len == 0) {
        counter_set(&t->time, when / TICKS_PER_NS);
        t->when = when;
    }
    return TEXT(counter(t->p, &t->time), " ns ");
}

static void end_line(struct trace_tarmac *t, char *p)
{
    *p++ = '\n';
    t->p = p;
    if (p > t->buffer + BUFFER) {
        write_out(t);
    }
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

/* All of a line IT after the count. */
static char *constant_part(const struct trace_block *b, unsigned i, bool ns, const char *disas,
                           size_t *out_disas, char *p)
{
    const char *start = p;
    p = hex16(TEXT(p, ") "), b->va | ((b->pa + 4ULL * i) & 0xfff));
    *p++ = ':';
    p = hex(p, b->pa + 4ULL * i, 12);
    p = ns ? TEXT(p, "_NS ") : TEXT(p, "_S ");
    p = TEXT(hex8(p, b->words[i]), " O ");
    p = mode_name(p, trace_mode_el(b->mode), trace_mode_spsel(b->mode));
    p = ns ? TEXT(p, "_n : ") : TEXT(p, "_s : ");
    *out_disas = (size_t)(p - start);
    return text(p, disas, strlen(disas));
}

static const struct note *make_note(struct trace_tarmac *t, struct trace_block *b, bool ns)
{
    struct note *n = g_malloc(sizeof(*n) + b->n * (64 + DISAS) + CHUNK);
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
    n = g_realloc(n, sizeof(*n) + n->begin[b->n] + CHUNK);
    g_free(b->note);
    b->note = n;
    return n;
}

static inline const struct note *note_of(struct trace_tarmac *t, const struct trace_insn *i)
{
    const struct note *n = i->block->note;
    return n != NULL && n->ns == i->ns ? n : make_note(t, i->block, i->ns);
}

static void put_insn(struct trace_tarmac *t, const struct trace_insn *i)
{
    const struct note *n = note_of(t, i);
    unsigned begin = n->begin[i->index];
    char *p = TEXT(stamp(t, i->when), "IT (");
    counter_set(&t->count, i->count);
    p = counter(p, &t->count);
    end_line(t, padded(p, n->text + begin, n->begin[i->index + 1] - begin));
}

static void put_pstate(struct trace_tarmac *t, tick_t when, uint64_t v)
{
    end_line(t, hex8(TEXT(stamp(t, when), "R cpsr "), v));
}

/* "R NAMEn value" */
static void put_banked(struct trace_tarmac *t, tick_t when, const char *name, unsigned el,
                       uint64_t v)
{
    char *p = TEXT(stamp(t, when), "R ");
    p = decimal(text(p, name, strlen(name)), el);
    *p++ = ' ';
    end_line(t, hex16(p, v));
}

static void put_sp(struct trace_tarmac *t, tick_t when, unsigned bank, uint64_t v)
{
    put_banked(t, when, "SP_EL", bank, v);
}

/* "X12 ", made once for all. */
static char *x_name(char *p, unsigned n)
{
    static const char names[32][4] = {
        "X0 ",  "X1 ",  "X2 ",  "X3 ",  "X4 ",  "X5 ",  "X6 ",  "X7 ",  "X8 ",  "X9 ",  "X10 ",
        "X11 ", "X12 ", "X13 ", "X14 ", "X15 ", "X16 ", "X17 ", "X18 ", "X19 ", "X20 ", "X21 ",
        "X22 ", "X23 ", "X24 ", "X25 ", "X26 ", "X27 ", "X28 ", "X29 ", "X30 ", "X31 "};
    memcpy(p, names[n & 31], 4);
    return p + (n < 10 ? 3 : 4);
}

static void put_x(struct trace_tarmac *t, tick_t when, unsigned n, uint64_t v)
{
    end_line(t, hex16(x_name(TEXT(stamp(t, when), "R "), n), v));
}

static void put_v(struct trace_tarmac *t, tick_t when, unsigned n, const uint64_t v[2])
{
    char *name = TEXT(stamp(t, when), "R ");
    char *p = hex16(x_name(name, n), v[1]);
    *name = 'V';
    *p++ = '_';
    end_line(t, hex16(p, v[0]));
}

static void put_write(struct trace_tarmac *t, const struct trace_insn *i,
                      const struct trace_write *w)
{
    switch (w->kind) {
    case TRACE_WRITE_X:
        put_x(t, i->when, w->n, w->v[0]);
        break;
    case TRACE_WRITE_SP:
        put_sp(t, i->when, i->pstate & 1 ? trace_mode_el(i->block->mode) : 0, w->v[0]);
        break;
    case TRACE_WRITE_V:
        put_v(t, i->when, w->n, w->v);
        break;
    case TRACE_WRITE_PSTATE:
        put_pstate(t, i->when, w->v[0]);
        break;
    }
}

/* "msr ttbr0_el1, x0": the register's name. */
static void put_msr(struct trace_tarmac *t, const struct trace_insn *i)
{
    const struct note *n = note_of(t, i);
    const char *s = n->text + n->begin[i->index] + n->disas[i->index];
    const char *end = n->text + n->begin[i->index + 1];
    if (end - s < 4 || strncmp(s, "msr ", 4) != 0) {
        return;
    }
    char *p = TEXT(stamp(t, i->when), "R ");
    for (s += 4; s < end && *s != ','; s++) {
        *p++ = g_ascii_toupper(*s);
    }
    *p++ = ' ';
    end_line(t, hex16(p, i->msr_value));
}

static void put_access(struct trace_tarmac *t, tick_t when, bool write, uint64_t va, unsigned size,
                       const uint8_t *data)
{
    uint64_t v = 0;
    char *p = TEXT(stamp(t, when), "MR");
    p[-1] = write ? 'W' : 'R';
    *p++ = (char)('0' + size);
    *p++ = ' ';
    p = hex16(p, va);
    *p++ = ' ';
    if (size == 8) {
        memcpy(&v, data, 8);
        p = hex8(p, v >> 32);
        *p++ = '_';
        p = hex8(p, v);
    } else {
        memcpy(&v, data, size);
        p = hex(p, v, 2 * size);
    }
    end_line(t, p);
}

static void put_accesses(struct trace_tarmac *t, const struct trace_insn *i)
{
    for (unsigned k = 0; k < i->n_accesses; k++) {
        const struct trace_access *a = &i->accesses[k];
        for (unsigned off = 0; off < a->len; off += a->unit) {
            put_access(t, i->when, a->write, a->va + off, a->unit, a->data + off);
        }
    }
}

static void on_insn(void *opaque, const struct trace_insn *i)
{
    struct trace_tarmac *t = opaque;
    t->shown = wanted(t, TRACE_INSN) && in_window(t, i->when) && i->va >= t->filter.pc_first &&
               i->va <= t->filter.pc_last;
    if (!t->shown) {
        return;
    }
    put_insn(t, i);
    if (wanted(t, TRACE_REG)) {
        for (unsigned k = 0; k < i->n_writes; k++) {
            put_write(t, i, &i->writes[k]);
        }
        if (i->msr) {
            put_msr(t, i);
        }
    }
    if (wanted(t, TRACE_MEM)) {
        put_accesses(t, i);
    }
}

static void on_fpsr(void *opaque, tick_t when, uint32_t v)
{
    struct trace_tarmac *t = opaque;
    if (t->shown && wanted(t, TRACE_REG)) {
        end_line(t, hex8(TEXT(stamp(t, when), "R FPSR "), v));
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
    for (uint64_t off = 0; off < n;) {
        unsigned size = 8;
        while (size > n - off) {
            size /= 2;
        }
        if (from != 0) {
            put_access(t, when, false, from - 1 + off, size, data + off);
        }
        put_access(t, when, true, to + off, size, data + off);
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
    char *p = hex16(TEXT(stamp(t, e->when), "E "), vector);
    *p++ = ' ';
    p = mode_name(p, to, true);
    *p++ = ' ';
    p = TEXT(hex8(p, extract64(vector, 7, 4)), " CoreEvent_");
    end_line(t, text(p, name, strlen(name)));
    put_banked(t, e->when, "ELR_EL", to, e->args[5]);
    put_banked(t, e->when, "SPSR_EL", to, e->pstate);
    if (type == TRACE_SYNC || type == TRACE_SERROR || type == TRACE_VSERROR) {
        put_banked(t, e->when, "ESR_EL", to, esr);
    }
    if (type == TRACE_SYNC && has_far(esr)) {
        put_banked(t, e->when, "FAR_EL", to, e->args[4]);
    }
    put_pstate(t, e->when, e->args[7]);
    put_sp(t, e->when, to, e->args[8]);
}

static void put_return(struct trace_tarmac *t, const struct trace_event *e)
{
    put_pstate(t, e->when, e->args[3]);
    put_sp(t, e->when, e->args[3] & 1 ? (unsigned)e->args[1] : 0, e->args[4]);
}

/* "SIGNAL: SIGNAL=tlbi insn=0x.." */
static void put_signal(struct trace_tarmac *t, const struct trace_event *e)
{
    const struct trace_kind_desc *d = &trace_kinds[e->kind];
    char *p = stamp(t, e->when);
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
    for (unsigned n = 0; n < 31; n++) {
        put_x(t, when, n, x[n]);
    }
    put_sp(t, when, pstate & 1 ? (unsigned)extract64(pstate, 2, 2) : 0, x[31]);
    put_pstate(t, when, pstate);
}

struct trace_visitor trace_tarmac_visitor(struct trace_tarmac *t)
{
    return (struct trace_visitor){on_insn, on_event, on_fpsr, on_copy, on_state, t};
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
