/* SPDX-License-Identifier: Apache-2.0 */
#include "debug/trace_timeline.h"

#include <inttypes.h>
#include <string.h>

#include "base/bits.h"
#include "debug/trace_file.h"

/* Thread numbers of a PE's tracks: 10 * PE + one of these. */
enum track { TRACK_CONTEXT, TRACK_VM, TRACK_EXCEPTIONS, TRACK_INTERRUPTS, TRACK_TLB, N_TRACKS };
#define TRACKS_A_PE 10U

/* What is open on a track that shows spans. */
struct span {
    bool open;
    tick_t since;
    char name[64];
};

struct timeline {
    FILE *out;
    bool first;
    unsigned pe;
    tick_t from, to; /* what is shown */
    tick_t now;
    uint64_t n_contexts, n_tlbi;
    struct span context, vm;
};

/* ---- the format ---- */

/* In microseconds. */
static void put_time(struct timeline *t, tick_t ticks)
{
    fprintf(t->out, ",\"ts\":%" PRIu64 ".%06" PRIu64, ticks / TICKS_PER_US, ticks % TICKS_PER_US);
}

/* Begins an event and leaves it open. Names are ours: nothing in them needs an escape. */
static void begin(struct timeline *t, const char *phase, enum track track, const char *name)
{
    fprintf(t->out, "%s\n{\"ph\":\"%s\",\"pid\":1,\"tid\":%u,\"name\":\"%s\"", t->first ? "" : ",",
            phase, TRACKS_A_PE * t->pe + track, name);
    t->first = false;
}

static void end(struct timeline *t)
{
    fputc('}', t->out);
}

static void put_args(struct timeline *t, const struct trace_event *e)
{
    const struct trace_kind_desc *d = &trace_kinds[e->kind];
    fputs(",\"args\":{", t->out);
    for (unsigned i = 0; d->args[i] != NULL; i++) {
        /* as text: JSON's numbers have 53 bits */
        fprintf(t->out,
                d->args[i][0] == 'x' ? "%s\"%s\":\"0x%" PRIx64 "\"" : "%s\"%s\":\"%" PRIu64 "\"",
                i == 0 ? "" : ",", d->args[i] + 2, e->args[i]);
    }
    fputc('}', t->out);
}

static bool is_shown(const struct timeline *t, const struct trace_event *e)
{
    return e->when >= t->from && e->when < t->to;
}

static void instant(struct timeline *t, enum track track, const char *name,
                    const struct trace_event *e)
{
    if (!is_shown(t, e)) {
        return;
    }
    begin(t, "i", track, name);
    put_time(t, e->when);
    fputs(",\"s\":\"t\"", t->out);
    put_args(t, e);
    end(t);
}

/*
 * Begin and end, not a start and a duration: viewers add these as doubles, and a span that ends a
 * rounding error after the next one begins becomes that one's parent.
 */
static void span_end(struct timeline *t, struct span *s, enum track track, tick_t when)
{
    tick_t first = MAX(s->since, t->from), last = MIN(when, t->to);
    if (s->open && last > first) {
        begin(t, "B", track, s->name);
        put_time(t, first);
        end(t);
        begin(t, "E", track, s->name);
        put_time(t, last);
        end(t);
    }
    s->open = false;
}

/* name: "" for nothing. A span goes on while its name stays. */
static void span_change(struct timeline *t, struct span *s, enum track track, tick_t when,
                        const char *name)
{
    if (s->open && strcmp(s->name, name) == 0) {
        return;
    }
    span_end(t, s, track, when);
    if (*name != '\0') {
        s->open = true;
        s->since = when;
        g_strlcpy(s->name, name, sizeof(s->name));
    }
}

static void name_tracks(struct timeline *t)
{
    static const char *const names[N_TRACKS] = {"context", "VM", "exceptions", "interrupts", "TLB"};
    for (unsigned i = 0; i < N_TRACKS; i++) {
        begin(t, "M", (enum track)i, "thread_name");
        fprintf(t->out, ",\"args\":{\"name\":\"PE %u %s\"}", t->pe, names[i]);
        end(t);
        begin(t, "M", (enum track)i, "thread_sort_index");
        fprintf(t->out, ",\"args\":{\"sort_index\":%u}", TRACKS_A_PE * t->pe + i);
        end(t);
    }
}

/* ---- events ---- */

static void on_context(struct timeline *t, const struct trace_event *e)
{
    uint64_t el = e->args[0], pas = e->args[1], vmid = e->args[2], asid = e->args[3];
    char name[64], vm[64] = "";
    int n = g_snprintf(name, sizeof(name), "EL%u%s", (unsigned)el, pas == 1 ? " secure" : "");
    if (el < 2 && vmid != 0) {
        n += g_snprintf(name + n, sizeof(name) - (size_t)n, " VM %u", (unsigned)vmid);
        g_snprintf(vm, sizeof(vm), "VM %u", (unsigned)vmid);
    }
    if (el == 0) {
        const char *kind = e->args[4] != 0 ? "process" : "asid";
        uint64_t id = e->args[4] != 0 ? e->args[4] : asid;
        g_snprintf(name + n, sizeof(name) - (size_t)n, " %s %" PRIu64, kind, id);
    }
    span_change(t, &t->context, TRACK_CONTEXT, e->when, name);
    span_change(t, &t->vm, TRACK_VM, e->when, vm);
    t->n_contexts++;
}

static const char *class_name(uint64_t esr)
{
    static const char *const names[64] = {[0x00] = "UNDEFINED",    [0x01] = "WFx trap",
                                          [0x07] = "FP trap",      [0x0e] = "illegal state",
                                          [0x15] = "SVC",          [0x16] = "HVC",
                                          [0x17] = "SMC",          [0x18] = "MSR/MRS trap",
                                          [0x1a] = "ERET trap",    [0x20] = "fetch abort",
                                          [0x21] = "fetch abort",  [0x22] = "PC alignment",
                                          [0x24] = "data abort",   [0x25] = "data abort",
                                          [0x26] = "SP alignment", [0x30] = "breakpoint",
                                          [0x31] = "breakpoint",   [0x32] = "step",
                                          [0x33] = "step",         [0x34] = "watchpoint",
                                          [0x35] = "watchpoint",   [0x3c] = "BRK"};
    const char *name = names[extract64(esr, 26, 6)];
    return name != NULL ? name : "synchronous";
}

static const char *exception_name(const struct trace_event *e)
{
    static const char *const names[] = {
        [TRACE_IRQ] = "IRQ",   [TRACE_FIQ] = "FIQ",   [TRACE_SERROR] = "SError",
        [TRACE_VIRQ] = "vIRQ", [TRACE_VFIQ] = "vFIQ", [TRACE_VSERROR] = "vSError"};
    uint64_t type = e->args[0];
    if (e->kind != TRACE_EXCEPTION) {
        return e->kind == TRACE_RETURN ? "ERET" : trace_kinds[e->kind].name;
    }
    return type == TRACE_SYNC || type >= ARRAY_LEN(names) ? class_name(e->args[3]) : names[type];
}

static void on_tlbi(struct timeline *t, const struct trace_event *e)
{
    t->n_tlbi++;
    if (!is_shown(t, e)) {
        return;
    }
    instant(t, TRACK_TLB, "TLBI", e);
    char name[32]; /* counters belong to the process: their name has the PE */
    g_snprintf(name, sizeof(name), "TLBI of PE %u", t->pe);
    begin(t, "C", TRACK_TLB, name);
    put_time(t, e->when);
    fprintf(t->out, ",\"args\":{\"TLBI\":%" PRIu64 "}", t->n_tlbi);
    end(t);
}

static void on_event(void *opaque, const struct trace_event *e)
{
    struct timeline *t = opaque;
    t->now = MAX(t->now, e->when);
    switch (trace_kinds[e->kind].group) {
    case TRACE_CTX:
        on_context(t, e);
        break;
    case TRACE_EXC:
        instant(t, TRACK_EXCEPTIONS, exception_name(e), e);
        break;
    case TRACE_TLB:
        on_tlbi(t, e);
        break;
    case TRACE_GIC:
    case TRACE_TIMER:
        instant(t, TRACK_INTERRUPTS, trace_kinds[e->kind].name, e);
        break;
    default:
        break;
    }
}

static void on_insn(void *opaque, const struct trace_insn *i)
{
    struct timeline *t = opaque;
    t->now = MAX(t->now, i->when);
}

static struct trace_visitor ready(void *opaque, const struct trace_header *h)
{
    struct timeline *t = opaque;
    t->pe = h->pe;
    name_tracks(t);
    return (struct trace_visitor){.event = on_event, .insn = on_insn, .opaque = t};
}

bool trace_timeline(char **files, unsigned n, tick_t from, tick_t to, FILE *out, GError **err)
{
    struct timeline t = {.out = out, .first = true, .from = from, .to = to};
    bool ok = true;
    fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", out);
    for (unsigned i = 0; ok && i < n; i++) {
        t.now = 0;
        t.n_tlbi = 0;
        ok = trace_file_read(files[i], ready, &t, err);
        span_end(&t, &t.context, TRACK_CONTEXT, t.now);
        span_end(&t, &t.vm, TRACK_VM, t.now);
    }
    fputs("\n]}\n", out);
    if (ok && t.n_contexts == 0) {
        return fail(err, ERR_FILE, "nothing to show: record with events=ctx+exc+gic+timer+tlb");
    }
    return ok;
}
