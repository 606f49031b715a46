/* SPDX-License-Identifier: Apache-2.0 */
#include "debug/trace_read.h"

#include <string.h>

#include "base/bits.h"
#include "core/trace_code.h"
#include "cpu/isa/emit.h"
#include "debug/trace_apply.h"
#include "debug/trace_regs.h"

#define MAX_BLOCKS (1U << 20)
#define MAX_COPY   4096U

struct copy {
    uint64_t to, from;
    GBytes *data;
};

struct trace_reader {
    struct trace_visitor visit;
    uint32_t ticks_per_insn;
    struct trace_regs regs;
    struct trace_insn insn; /* the next one; its block is the one that runs, or NULL */
    unsigned n_values;      /* of its block, read so far */
    unsigned until;         /* values to read before the next block */
    bool ends;              /* the last of them are those of the next instruction, the last one */

    GPtrArray *blocks; /* struct trace_block *, by id; NULL: not defined */
    uint32_t prev;     /* id of the last block */
    struct trace_block *prev_block;
    bool has_page;
    uint64_t page;    /* of the next block */
    GArray *pending;  /* struct trace_event of the next instruction */
    GArray *copies;   /* struct copy of it */
    GByteArray *rest; /* input that is not a whole item yet */
    uint64_t offset;  /* of the item being read */
    GError **err;
};

unsigned trace_mode_el(uint32_t mode)
{
    return mode & MODE_EL_MASK;
}

bool trace_mode_spsel(uint32_t mode)
{
    return mode & MODE_SPSEL;
}

/* ---- life ---- */

static void free_block(void *p)
{
    struct trace_block *b = p;
    if (b != NULL) {
        g_free(b->note);
        g_free(b->values); /* with absolute */
        g_free(b);
    }
}

static void clear_copy(void *p)
{
    g_bytes_unref(((struct copy *)p)->data);
}

static void ignore_insn(void *opaque, const struct trace_insn *i)
{
    (void)opaque, (void)i;
}

struct trace_reader *trace_reader_new(const struct trace_visitor *v, uint32_t ticks_per_insn)
{
    struct trace_reader *r = g_new0(struct trace_reader, 1);
    r->visit = *v;
    r->visit.insn = v->insn != NULL ? v->insn : ignore_insn;
    r->ticks_per_insn = ticks_per_insn;
    r->blocks = g_ptr_array_new_with_free_func(free_block);
    r->pending = g_array_new(false, false, sizeof(struct trace_event));
    r->copies = g_array_new(false, false, sizeof(struct copy));
    g_array_set_clear_func(r->copies, clear_copy);
    r->rest = g_byte_array_new();
    return r;
}

void trace_reader_free(struct trace_reader *r)
{
    if (r == NULL) {
        return;
    }
    g_ptr_array_unref(r->blocks);
    g_array_unref(r->pending);
    g_array_unref(r->copies);
    g_byte_array_unref(r->rest);
    g_free(r);
}

uint64_t trace_reader_insns(const struct trace_reader *r)
{
    return r->insn.count;
}

static bool corrupt(struct trace_reader *r, const char *what)
{
    return fail(r->err, ERR_FILE, "trace: %s, at byte %" G_GUINT64_FORMAT " of the stream", what,
                r->offset);
}

/* ---- instructions ---- */

static void leave_block(struct trace_reader *r)
{
    r->insn.block = NULL;
    r->n_values = r->until = 0;
}

static void visit_pending(struct trace_reader *r)
{
    for (guint i = 0; i < r->copies->len; i++) {
        const struct copy *c = &g_array_index(r->copies, struct copy, i);
        gsize n;
        const uint8_t *data = g_bytes_get_data(c->data, &n);
        if (r->visit.copy != NULL) {
            r->visit.copy(r->visit.opaque, r->insn.when, c->to, c->from, data, n);
        }
    }
    for (guint i = 0; i < r->pending->len; i++) {
        r->visit.event(r->visit.opaque, &g_array_index(r->pending, struct trace_event, i));
    }
    g_array_set_size(r->copies, 0);
    g_array_set_size(r->pending, 0);
}

/* The next instruction of the block is over. */
static inline void finish_insn(struct trace_reader *r, bool undone)
{
    struct trace_insn *i = &r->insn;
    const struct trace_block *b = i->block;
    i->undone = undone;
    trace_regs_apply(&r->regs, i, b->values + b->first_value[i->index]);
    r->visit.insn(r->visit.opaque, i);
    trace_insn_skip(i, 1, r->ticks_per_insn);
}

static void finish_insn_with_pending(struct trace_reader *r, bool undone)
{
    finish_insn(r, undone);
    if (r->pending->len + r->copies->len != 0) {
        visit_pending(r);
    }
}

/* Instructions up to n, whose values are there. */
static bool finish_until(struct trace_reader *r, unsigned n)
{
    if (r->insn.index < n) {
        if (r->n_values < r->insn.block->first_value[n]) {
            return corrupt(r, "a value is missing");
        }
        if (r->pending->len + r->copies->len != 0) {
            finish_insn_with_pending(r, false);
        }
        while (r->insn.index < n) {
            if (r->visit.run != NULL) {
                r->visit.run(r->visit.opaque, &r->regs, &r->insn, n, r->ticks_per_insn);
            }
            if (r->insn.index < n) {
                finish_insn(r, false);
            }
        }
    }
    return true;
}

/* Those whose values were read, of a block that is not over. */
static void finish_known(struct trace_reader *r)
{
    const struct trace_block *b = r->insn.block;
    unsigned n = r->insn.index;
    if (b == NULL || r->ends) {
        return;
    }
    while (n < b->n && b->first_value[n] < r->n_values && b->first_value[n + 1] <= r->n_values) {
        n++;
    }
    (void)finish_until(r, n);
}

static bool finish_block(struct trace_reader *r)
{
    if (r->insn.block == NULL) {
        return true;
    }
    if (r->ends || !finish_until(r, r->insn.block->n)) {
        return corrupt(r, "a value is missing");
    }
    leave_block(r);
    if (UNLIKELY(r->pending->len + r->copies->len != 0)) {
        visit_pending(r);
    }
    return true;
}

/* ---- numbers: values and blocks ---- */

static inline void take_value(struct trace_reader *r, uint64_t number)
{
    struct trace_block *b = r->insn.block;
    unsigned k = r->n_values++;
    b->values[k] = b->absolute[k] ? number : b->values[k] + trace_unzigzag(number);
    if (UNLIKELY(r->ends) && r->n_values == r->until) {
        r->ends = false;
        finish_insn_with_pending(r, false);
        leave_block(r);
    }
}

static struct trace_block *block_at(struct trace_reader *r, uint64_t id)
{
    return id < r->blocks->len ? g_ptr_array_index(r->blocks, id) : NULL;
}

static __attribute__((noinline)) bool enter_block(struct trace_reader *r, uint64_t number)
{
    if (!finish_block(r)) {
        return false;
    }
    struct trace_block *prev = r->prev_block;
    uint64_t id = trace_unzigzag(number) + (prev != NULL ? prev->next : 0);
    struct trace_block *b = block_at(r, id);
    if (b == NULL) {
        return corrupt(r, "a block that was not defined");
    }
    if (r->has_page && (!b->has_va || b->va != r->page)) {
        b->va = r->page;
        b->has_va = true;
        g_clear_pointer(&b->note, g_free);
    }
    r->has_page = false;
    if (prev != NULL) {
        prev->next = (uint32_t)id;
    }
    __builtin_prefetch(block_at(r, b->next)); /* it will be late otherwise: no pattern to it */
    r->prev = (uint32_t)id;
    r->prev_block = b;
    r->insn.block = b;
    r->insn.index = 0;
    r->insn.va = trace_block_va(b, 0);
    r->n_values = 0;
    r->until = b->n_in_line;
    return true;
}

static inline bool take_number(struct trace_reader *r, uint64_t number)
{
    if (r->n_values == r->until) {
        return enter_block(r, number);
    }
    take_value(r, number);
    return true;
}

/* ---- escapes. An item that is not complete yet leaves `end` unchanged. ---- */

struct input {
    const uint8_t *p, *end;
    bool incomplete, bad;
};

static uint64_t get(struct input *in)
{
    uint64_t v = 0;
    if (in->incomplete || in->bad) {
        return 0;
    }
    const uint8_t *next = trace_get(in->p, in->end, &v);
    if (next == NULL) {
        size_t left = (size_t)(in->end - in->p);
        bool other = left >= 2 && in->p[0] == 0 && in->p[1] != TRACE_CODE_WIDE;
        in->bad = other;
        in->incomplete = !other;
        return 0;
    }
    in->p = next;
    return v;
}

static const uint8_t *get_bytes(struct input *in, size_t n)
{
    const uint8_t *p = in->p;
    if (in->incomplete || in->bad) {
        return NULL;
    }
    if ((size_t)(in->end - in->p) < n) {
        in->incomplete = true;
        return NULL;
    }
    in->p += n;
    return p;
}

static bool usable(const struct input *in)
{
    return !in->incomplete && !in->bad;
}

static void analyse(struct trace_block *b)
{
    unsigned n = 0;
    for (unsigned i = 0; i < b->n; i++) {
        struct a64_effect *e = &b->effects[i];
        a64_effect(b->words[i], e);
        b->first_value[i] = (uint8_t)n;
        n += a64_effect_values(e);
        if (i + 1 < b->n || !e->late) {
            b->n_in_line = (uint8_t)n;
        }
    }
    b->first_value[b->n] = (uint8_t)n;
    b->values = g_malloc0((n + 1) * (sizeof(*b->values) + sizeof(*b->absolute)));
    bool *absolute = (bool *)&b->values[n + 1];
    b->absolute = absolute;
    for (unsigned i = 0; i < b->n; i++) {
        const struct a64_effect *e = &b->effects[i];
        if (e->nzcv && !e->computed) {
            absolute[b->first_value[i] + e->n_x + 2U * e->n_v] = true;
        }
    }
}

static bool define_block(struct trace_reader *r, struct input *in)
{
    uint64_t id = get(in), pa = get(in), mode = get(in), n = get(in);
    if (usable(in) && (id >= MAX_BLOCKS || mode > UINT32_MAX || n == 0 || n > TRACE_BLOCK_INSNS)) {
        return corrupt(r, "a block of no possible form");
    }
    const uint8_t *words = get_bytes(in, 4 * n);
    if (!usable(in)) {
        return true;
    }
    if (!finish_block(r)) {
        return false;
    }
    struct trace_block *b = g_new0(struct trace_block, 1);
    b->pa = pa;
    b->mode = (uint32_t)mode;
    b->n = (unsigned)n;
    memcpy(b->words, words, 4 * n);
    analyse(b);
    if (id >= r->blocks->len) {
        g_ptr_array_set_size(r->blocks, (int)id + 1);
    }
    free_block(r->blocks->pdata[id]);
    r->blocks->pdata[id] = b;
    r->prev_block = block_at(r, r->prev);
    return true;
}

static bool stop_block(struct trace_reader *r, struct input *in)
{
    uint64_t n = get(in), how = get(in);
    if (!usable(in)) {
        return true;
    }
    struct trace_block *b = r->insn.block;
    if (b == NULL || r->ends || n > b->n || n < r->insn.index || how > TRACE_STOP_BEFORE ||
        (n == r->insn.index && n != 0 && how != TRACE_STOP_BEFORE) ||
        r->n_values != b->first_value[n != 0 && how != TRACE_STOP_BEFORE ? n - 1 : n]) {
        return corrupt(r, "the end of a block that does not run");
    }
    if (n == 0 || how == TRACE_STOP_BEFORE) {
        bool ok = finish_until(r, (unsigned)n);
        leave_block(r);
        return ok;
    }
    if (!finish_until(r, (unsigned)n - 1)) {
        return false;
    }
    if (how == TRACE_STOP_DONE && r->n_values != b->first_value[n]) {
        r->ends = true;
        r->until = b->first_value[n];
        return true;
    }
    finish_insn_with_pending(r, how == TRACE_STOP_UNDONE);
    leave_block(r);
    return true;
}

static bool set_time(struct trace_reader *r, struct input *in)
{
    uint64_t count = get(in), when = get(in);
    if (!usable(in)) {
        return true;
    }
    bool ok = finish_block(r);
    r->insn.count = count;
    r->insn.when = when;
    return ok;
}

static bool next_page(struct trace_reader *r, struct input *in)
{
    uint64_t page = get(in);
    if (usable(in)) {
        if (page & 0xfff) {
            return corrupt(r, "a page at no page's address");
        }
        r->page = page;
        r->has_page = true;
    }
    return true;
}

static bool flush(struct trace_reader *r)
{
    bool ok = finish_block(r);
    g_ptr_array_set_size(r->blocks, 0);
    r->prev = 0;
    r->prev_block = NULL;
    return ok;
}

static bool set_fpsr(struct trace_reader *r, struct input *in)
{
    uint64_t v = get(in);
    if (usable(in)) {
        finish_known(r);
        r->regs.fpsr = (uint32_t)v;
        if (r->visit.fpsr != NULL) {
            r->visit.fpsr(r->visit.opaque, r->insn.when, (uint32_t)v);
        }
    }
    return true;
}

static bool add_copy(struct trace_reader *r, struct input *in)
{
    uint64_t insns = get(in), to = get(in), from = get(in), n = get(in);
    if (usable(in) && n > MAX_COPY) {
        return corrupt(r, "a copy of no possible length");
    }
    const uint8_t *data = get_bytes(in, n);
    if (usable(in)) {
        if (r->insn.block == NULL || r->ends || insns <= r->insn.index ||
            insns > r->insn.block->n) {
            return corrupt(r, "a copy by an instruction that does not run");
        }
        if (!finish_until(r, (unsigned)insns - 1)) {
            return false;
        }
        struct copy c = {to, from, g_bytes_new(data, n)};
        g_array_append_val(r->copies, c);
    }
    return true;
}

/* ---- registers ---- */

static bool differs(struct trace_reader *r, const char *name, unsigned n, uint64_t have,
                    uint64_t want)
{
    return fail(r->err, ERR_FILE,
                "trace: after %" G_GUINT64_FORMAT " instructions %s%u is %#" G_GINT64_MODIFIER
                "x by what was recorded, but was %#" G_GINT64_MODIFIER "x",
                r->insn.count, name, n, have, want);
}

static bool compare(struct trace_reader *r, const struct trace_regs *s)
{
    for (unsigned i = 0; i < 32; i++) {
        if (r->regs.x[i] != s->x[i]) {
            return differs(r, "x", i, r->regs.x[i], s->x[i]);
        }
    }
    for (unsigned i = 0; i < 64; i++) {
        if (r->regs.v[i / 2][i % 2] != s->v[i / 2][i % 2]) {
            return differs(r, "half of v", i / 2, r->regs.v[i / 2][i % 2], s->v[i / 2][i % 2]);
        }
    }
    if ((r->regs.pstate ^ s->pstate) >> NZCV_SHIFT & 15) {
        return differs(r, "flags in pstate", 0, r->regs.pstate, s->pstate);
    }
    return r->regs.fpsr == s->fpsr || differs(r, "fpsr", 0, r->regs.fpsr, s->fpsr);
}

static bool take_state(struct trace_reader *r, struct input *in)
{
    struct trace_regs s = r->regs;
    uint64_t flags = get(in);
    s.pstate = get(in);
    s.fpsr = (uint32_t)get(in);
    uint64_t x_mask = get(in);
    for (unsigned i = 0; i < 32; i++) {
        s.x[i] = x_mask >> i & 1 ? get(in) : s.x[i];
    }
    uint64_t v_mask = get(in);
    for (unsigned i = 0; i < 32; i++) {
        if (v_mask >> i & 1) {
            s.v[i][0] = get(in);
            s.v[i][1] = get(in);
        }
    }
    if (!usable(in)) {
        return true;
    }
    if (!finish_block(r)) {
        return false;
    }
    r->insn.ns = flags & TRACE_STATE_NS;
    if (flags & TRACE_STATE_CHECK) {
        return compare(r, &s);
    }
    r->regs = s;
    if (r->visit.state != NULL) {
        r->visit.state(r->visit.opaque, r->insn.when, s.x, s.pstate);
    }
    return true;
}

/* ---- events ---- */

/* Exceptions and returns change what instructions do not. */
static void apply_event(struct trace_reader *r, const struct trace_event *e)
{
    if (e->kind == TRACE_EXCEPTION) {
        r->regs.pstate = e->args[7];
        r->regs.x[A64_SP] = e->args[8];
        r->insn.ns = e->args[9] == 0;
    } else if (e->kind == TRACE_RETURN) {
        r->regs.pstate = e->args[3];
        r->regs.x[A64_SP] = e->args[4];
        r->insn.ns = e->args[5] == 0;
    } else if (e->kind == TRACE_CONTEXT) {
        r->insn.ns = e->args[1] == 0;
    }
}

static bool take_event(struct trace_reader *r, struct input *in, enum trace_kind k)
{
    struct trace_event e = {.kind = k};
    uint64_t n = get(in);
    e.when = get(in);
    for (unsigned i = 0; i < trace_n_args(k); i++) {
        e.args[i] = get(in);
    }
    if (!usable(in)) {
        return true;
    }
    if (n > 1) { /* of an instruction that is not over */
        if (r->insn.block == NULL || r->ends || n - 2 < r->insn.index || n - 1 > r->insn.block->n) {
            return corrupt(r, "an event of an instruction that does not run");
        }
        if (!finish_until(r, (unsigned)n - 2)) {
            return false;
        }
        g_array_append_val(r->pending, e);
        return true;
    }
    if (!finish_block(r)) {
        return false;
    }
    e.pstate = r->regs.pstate;
    apply_event(r, &e);
    r->visit.event(r->visit.opaque, &e);
    return true;
}

static bool take_escape(struct trace_reader *r, struct input *in)
{
    if (in->end - in->p < 2) {
        in->incomplete = true;
        return true;
    }
    unsigned code = in->p[1];
    in->p += 2;
    if (code >= TRACE_CODE_EVENT && code < TRACE_CODE_EVENT + TRACE_N_KINDS) {
        return take_event(r, in, (enum trace_kind)(code - TRACE_CODE_EVENT));
    }
    switch ((enum trace_code)code) {
    case TRACE_CODE_BLOCK:
        return define_block(r, in);
    case TRACE_CODE_STOP:
        return stop_block(r, in);
    case TRACE_CODE_PAGE:
        return next_page(r, in);
    case TRACE_CODE_TIME:
        return set_time(r, in);
    case TRACE_CODE_STATE:
        return take_state(r, in);
    case TRACE_CODE_FLUSH:
        return flush(r);
    case TRACE_CODE_FPSR:
        return set_fpsr(r, in);
    case TRACE_CODE_COPY:
        return add_copy(r, in);
    default:
        return corrupt(r, "an item of unknown kind");
    }
}

/* ---- input ---- */

/* What is not a number on the fast way. *p: behind it; unchanged when it is not complete. */
static bool read_item(struct trace_reader *r, const uint8_t **p, const uint8_t *end)
{
    struct input in = {.p = *p, .end = end};
    uint64_t number;
    const uint8_t *next = trace_get(*p, end, &number);
    if (next != NULL) {
        *p = next;
        return take_number(r, number);
    }
    bool number_cut = **p != 0 || (end - *p >= 2 && (*p)[1] == TRACE_CODE_WIDE);
    if (number_cut) {
        return true;
    }
    bool ok = take_escape(r, &in);
    if (ok && in.bad) {
        ok = corrupt(r, "a number is missing");
    }
    if (ok && !in.incomplete) {
        *p = in.p;
    }
    return ok;
}

/* Whole items of [p, end). *out_used: up to where. */
static bool read_items(struct trace_reader *r, const uint8_t *p, const uint8_t *end,
                       size_t *out_used)
{
    const uint8_t *start = p, *item = NULL;
    uint64_t base = r->offset;
    bool ok = true;
    while (ok && p < end && p != item) {
        item = p;
        r->offset = base + (uint64_t)(p - start);
        if (LIKELY(end - p >= 8 && *p != 0)) {
            uint64_t number;
            p = trace_get_short(p, &number);
            ok = take_number(r, number);
        } else {
            ok = read_item(r, &p, end);
        }
    }
    *out_used = (size_t)(p - start);
    r->offset = base + *out_used;
    return ok;
}

bool trace_reader_feed(struct trace_reader *r, const uint8_t *data, size_t len, GError **err)
{
    size_t used;
    r->err = err;
    if (r->rest->len != 0) {
        g_byte_array_append(r->rest, data, (guint)len);
        bool ok = read_items(r, r->rest->data, r->rest->data + r->rest->len, &used);
        g_byte_array_remove_range(r->rest, 0, (guint)used);
        return ok;
    }
    bool ok = read_items(r, data, data + len, &used);
    g_byte_array_append(r->rest, data + used, (guint)(len - used));
    return ok;
}

bool trace_reader_end(struct trace_reader *r, GError **err)
{
    r->err = err;
    finish_known(r);
    if (r->rest->len != 0) {
        return corrupt(r, "it ends in the middle");
    }
    return finish_block(r);
}
