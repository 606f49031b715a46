/* SPDX-License-Identifier: Apache-2.0 */
#include "debug/trace_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cpu/cpu_trace.h"
#include "debug/trace_worker.h"
#include "machine/machine.h"

#define MAGIC        "ARMTRACE"
#define VERSION      2U
#define HEADER_BYTES 56U
#define READ_BYTES   (UINT64_C(1) << 20)

void trace_options_init(struct trace_options *o)
{
    *o = (struct trace_options){
        .filter = {.groups = 1U << TRACE_INSN | 1U << TRACE_REG | 1U << TRACE_MEM | 1U << TRACE_EXC,
                   .pc_last = UINT64_MAX,
                   .to = TICK_NEVER},
        .els = 0xf,
        .vmid = -1};
}

/* ---- the header: little-endian ---- */

static void pack_header(const struct trace_header *h, uint8_t out[HEADER_BYTES])
{
    uint32_t words[4] = {VERSION, h->pe, h->ticks_per_insn, h->filter.groups};
    uint64_t wide[4] = {h->filter.pc_first, h->filter.pc_last, h->filter.from, h->filter.to};
    memcpy(out, MAGIC, 8);
    memcpy(out + 8, words, 16);
    memcpy(out + 24, wide, 32);
}

static bool unpack_header(const uint8_t *in, size_t len, struct trace_header *h, GError **err)
{
    uint32_t words[4];
    uint64_t wide[4];
    if (len < HEADER_BYTES || memcmp(in, MAGIC, 8) != 0) {
        return fail(err, ERR_FILE, "not a binary trace");
    }
    memcpy(words, in + 8, 16);
    memcpy(wide, in + 24, 32);
    if (words[0] != VERSION) {
        return fail(err, ERR_FILE, "a trace of version %u, where %u is known", words[0], VERSION);
    }
    *h = (struct trace_header){.pe = words[1],
                               .ticks_per_insn = words[2],
                               .filter = {words[3], wide[0], wide[1], wide[2], wide[3]}};
    return true;
}

/* ---- writing ---- */

/* The trace of one PE. */
struct output {
    struct cpu *cpu;
    char *path;
    FILE *f;
    int lost; /* errno of the first failure */
    /* ---- of what becomes text, in a thread that has f and lost to itself ---- */
    struct trace_tarmac *text;
    struct trace_reader *reader;
    struct trace_worker *worker;
};

struct trace_session {
    struct machine *m;
    unsigned n;
    struct output *out;
};

static void write_file(struct output *o, const void *data, size_t len)
{
    if (o->lost == 0 && len != 0 && fwrite(data, len, 1, o->f) != 1) {
        o->lost = errno;
    }
}

static void write_binary(void *opaque, const uint8_t *data, size_t len)
{
    write_file(opaque, data, len);
}

static void write_text(void *opaque, const char *text, size_t len)
{
    write_file(opaque, text, len);
}

static void read_along(void *opaque, const uint8_t *data, size_t len)
{
    struct output *o = opaque;
    GError *err = NULL;
    if (o->lost == 0 && !trace_reader_feed(o->reader, data, len, &err)) {
        g_printerr("armature: %s: %s\n", o->path, err->message); /* a bug of ours */
        g_error_free(err);
        o->lost = EILSEQ;
    }
}

static void pass_on(void *opaque, const uint8_t *data, size_t len)
{
    struct output *o = opaque;
    trace_worker_put(o->worker, data, len);
}

static bool open_output(struct output *o, const struct trace_options *t, unsigned n, unsigned pe,
                        GError **err)
{
    o->path = n == 1 ? g_strdup(t->file) : g_strdup_printf("%s.%u", t->file, pe);
    o->f = fopen(o->path, "wbe");
    if (o->f == NULL) {
        return fail(err, ERR_FILE, "--trace: cannot write '%s': %s", o->path, g_strerror(errno));
    }
    (void)setvbuf(o->f, NULL, _IONBF, 0); /* it comes in large pieces */
    return true;
}

static void start(struct machine *m, struct output *o, const struct trace_options *t, unsigned pe)
{
    struct trace_header h = {pe, cpu_ticks_per_insn(o->cpu), t->filter};
    struct cpu_trace_config cfg = {.groups = t->filter.groups,
                                   .els = t->els,
                                   .vmid = t->vmid,
                                   .from = t->filter.from,
                                   .to = t->filter.to,
                                   .check_every = t->check_every,
                                   .write = t->binary ? write_binary : pass_on,
                                   .opaque = o};
    if (t->binary) {
        uint8_t header[HEADER_BYTES];
        pack_header(&h, header);
        write_file(o, header, sizeof(header));
    } else {
        o->text = trace_tarmac_new(&t->filter, write_text, o);
        struct trace_visitor v = trace_tarmac_visitor(o->text);
        o->reader = trace_reader_new(&v, h.ticks_per_insn);
        o->worker = trace_worker_new(read_along, o);
    }
    cpu_trace_start(o->cpu, &cfg);
    machine_set_trace(m, pe, cpu_trace_port(o->cpu));
}

static void close_output(struct output *o)
{
    GError *err = NULL;
    trace_worker_finish(o->worker);
    if (o->reader != NULL && o->lost == 0 && !trace_reader_end(o->reader, &err)) {
        g_clear_error(&err);
        o->lost = EILSEQ;
    }
    trace_reader_free(o->reader);
    trace_tarmac_free(o->text);
    if (o->f != NULL && fclose(o->f) != 0 && o->lost == 0) {
        o->lost = errno;
    }
}

static void free_session(struct trace_session *s)
{
    for (unsigned i = 0; i < s->n; i++) {
        g_free(s->out[i].path);
    }
    g_free(s->out);
    g_free(s);
}

struct trace_session *trace_session_start(struct machine *m, const struct trace_options *o,
                                          GError **err)
{
    struct trace_session *s = g_new0(struct trace_session, 1);
    s->m = m;
    s->n = machine_n_pes(m);
    s->out = g_new0(struct output, s->n);
    for (unsigned i = 0; i < s->n; i++) {
        s->out[i].cpu = machine_pe(m, i);
        if (!open_output(&s->out[i], o, s->n, i, err)) {
            for (unsigned k = 0; k < i; k++) {
                close_output(&s->out[k]);
            }
            free_session(s);
            return NULL;
        }
    }
    for (unsigned i = 0; i < s->n; i++) {
        start(m, &s->out[i], o, i);
    }
    return s;
}

bool trace_session_stop(struct trace_session *s, GError **err)
{
    bool ok = true;
    if (s == NULL) {
        return true;
    }
    for (unsigned i = 0; i < s->n; i++) {
        struct output *o = &s->out[i];
        machine_set_trace(s->m, i, NULL);
        cpu_trace_stop(o->cpu);
        close_output(o);
        if (ok && o->lost != 0) {
            ok = fail(err, ERR_FILE, "--trace: '%s' is not complete: %s", o->path,
                      g_strerror(o->lost));
        }
    }
    free_session(s);
    return ok;
}

/* ---- reading ---- */

typedef struct trace_visitor ready_fn(void *opaque, const struct trace_header *h);

static struct trace_reader *begin(const uint8_t *data, size_t len, ready_fn *ready, void *opaque,
                                  GError **err)
{
    struct trace_header h;
    if (!unpack_header(data, len, &h, err)) {
        return NULL;
    }
    struct trace_visitor v = ready(opaque, &h);
    return trace_reader_new(&v, h.ticks_per_insn);
}

bool trace_memory_read(const uint8_t *data, size_t len, ready_fn *ready, void *opaque, GError **err)
{
    struct trace_reader *r = begin(data, len, ready, opaque, err);
    bool ok = r != NULL && trace_reader_feed(r, data + HEADER_BYTES, len - HEADER_BYTES, err) &&
              trace_reader_end(r, err);
    trace_reader_free(r);
    return ok;
}

static bool read_rest(FILE *f, struct trace_reader *r, GError **err)
{
    g_autofree uint8_t *buffer = g_malloc(READ_BYTES);
    size_t n;
    while ((n = fread(buffer, 1, READ_BYTES, f)) != 0) {
        if (!trace_reader_feed(r, buffer, n, err)) {
            return false;
        }
    }
    if (ferror(f)) {
        return fail(err, ERR_FILE, "%s", g_strerror(errno));
    }
    return trace_reader_end(r, err);
}

bool trace_file_read(const char *path, ready_fn *ready, void *opaque, GError **err)
{
    uint8_t header[HEADER_BYTES];
    FILE *f = fopen(path, "rbe");
    if (f == NULL) {
        return fail(err, ERR_FILE, "cannot read '%s': %s", path, g_strerror(errno));
    }
    struct trace_reader *r = begin(header, fread(header, 1, sizeof(header), f), ready, opaque, err);
    bool ok = r != NULL && read_rest(f, r, err);
    trace_reader_free(r);
    (void)fclose(f);
    if (!ok) {
        g_prefix_error(err, "'%s': ", path);
    }
    return ok;
}
