/* SPDX-License-Identifier: Apache-2.0 */
#include "core/replay.h"

#include <string.h>

#include "base/bits.h"
#include "core/input_log.h"

enum { STREAM_BYTES = 4096, FRAMES_MAX = 64, REQUESTS_MAX = 16 };
/* Another run that should end by itself may take twice as long, and this. */
#define LONGER (10 * TICKS_PER_SEC)

struct stream {
    struct replay *gate;
    uint8_t n;
    struct chardev front; /* the device's */
    struct chardev *backend;
    bool break_waits;
    size_t len;
    uint8_t waiting[STREAM_BYTES];
};

struct network {
    struct replay *gate;
    uint8_t n;
    struct netdev front;
    struct netdev *backend;
    bool starved;  /* the device has no room: it will say when it has */
    bool refused;  /* the backend was told to wait */
    GQueue frames; /* GBytes *: the first byte is for the journal */
};

struct request {
    enum machine_request what;
    int code;
};

struct replay {
    enum replay_mode mode;
    GPtrArray *streams, *networks;
    struct machine_port machine;
    struct request requests[REQUESTS_MAX];
    unsigned n_requests;
    struct journal_writer *out;
    struct journal_reader *in;
    struct journal_rec next; /* playing: kind 0 at the end */
    bool left;               /* REQ_EXIT came from outside */
    bool over;               /* playing: the journal made the machine leave */
    uint64_t *hashes;        /* of the state that was taken last */
    struct input_log *log;   /* what was delivered; NULL: it is not kept */
    bool past;
    uint64_t at; /* in the past: the next record of the log */
    void (*on_mark)(void *opaque, uint64_t n);
    void *mark_opaque;
    GError *err;
};

/* ---- streams ---- */

static size_t front_write(void *opaque, const uint8_t *buf, size_t len)
{
    struct stream *s = opaque;
    return s->gate->past ? len : chardev_write(s->backend, buf, len);
}

/* Nothing comes from outside. */
static bool is_closed(const struct replay *r)
{
    return r->past || r->mode == REPLAY_PLAY;
}

static size_t device_room(const struct stream *s)
{
    return s->front.room != NULL ? s->front.room(s->front.dev) : 0;
}

/* The backend's view of the device. */
static size_t stream_room(void *dev)
{
    const struct stream *s = dev;
    size_t room = MIN(device_room(s), sizeof(s->waiting));
    return is_closed(s->gate) || s->len >= room ? 0 : room - s->len;
}

static void stream_deliver(void *dev, const uint8_t *buf, size_t len)
{
    struct stream *s = dev;
    size_t n = MIN(len, sizeof(s->waiting) - s->len);
    memcpy(s->waiting + s->len, buf, n);
    s->len += n;
}

static void stream_break(void *dev)
{
    struct stream *s = dev;
    s->break_waits = s->gate->mode != REPLAY_PLAY;
}

struct chardev *replay_chardev(struct replay *r, struct chardev *backend)
{
    static const struct chardev_ops ops = {.write = front_write};
    if (backend == NULL) {
        return NULL;
    }
    struct stream *s = g_new0(struct stream, 1);
    s->gate = r;
    s->n = (uint8_t)r->streams->len;
    s->backend = backend;
    s->front = (struct chardev){.ops = &ops, .opaque = s};
    backend->dev = s;
    backend->room = stream_room;
    backend->deliver = stream_deliver;
    backend->deliver_break = stream_break;
    g_ptr_array_add(r->streams, s);
    return &s->front;
}

static void close_stream(void *p)
{
    struct stream *s = p;
    s->backend->dev = NULL;
    s->backend->room = NULL;
    s->backend->deliver = NULL;
    s->backend->deliver_break = NULL;
    g_free(s);
}

/* ---- networks ---- */

static void front_send(void *opaque, const uint8_t *frame, size_t len)
{
    struct network *n = opaque;
    if (!is_closed(n->gate)) {
        n->backend->ops->send(n->backend->opaque, frame, len);
    }
}

/* The device has room again. */
static void front_retry(void *opaque)
{
    ((struct network *)opaque)->starved = false;
}

static bool network_deliver(void *dev, const uint8_t *frame, size_t len)
{
    struct network *n = dev;
    if (n->gate->mode == REPLAY_PLAY || len >= JOURNAL_DATA_MAX) {
        return true; /* nobody is there */
    }
    if (n->gate->past || n->frames.length >= FRAMES_MAX) {
        n->refused = true;
        return false;
    }
    uint8_t *copy = g_malloc(len + 1);
    memcpy(copy + 1, frame, len);
    g_queue_push_tail(&n->frames, g_bytes_new_take(copy, len + 1));
    return true;
}

struct netdev *replay_netdev(struct replay *r, struct netdev *backend)
{
    static const struct netdev_ops ops = {.send = front_send};
    if (backend == NULL) {
        return NULL;
    }
    struct network *n = g_new0(struct network, 1);
    n->gate = r;
    n->n = (uint8_t)r->networks->len;
    n->backend = backend;
    n->front = (struct netdev){.ops = &ops, .opaque = n, .retry = front_retry};
    g_queue_init(&n->frames);
    backend->dev = n;
    backend->deliver = network_deliver;
    g_ptr_array_add(r->networks, n);
    return &n->front;
}

static void close_network(void *p)
{
    struct network *n = p;
    n->backend->dev = NULL;
    n->backend->deliver = NULL;
    g_queue_clear_full(&n->frames, (GDestroyNotify)g_bytes_unref);
    g_free(n);
}

/* ---- requests ---- */

static void gate_request(void *opaque, enum machine_request what, int code)
{
    struct replay *r = opaque;
    if (what == REQ_EXIT) {
        r->left = true;
        r->machine.request(r->machine.opaque, what, code);
    } else if (r->mode == REPLAY_OFF && !r->past) {
        r->machine.request(r->machine.opaque, what, code);
    } else if (r->mode != REPLAY_PLAY && r->n_requests < REQUESTS_MAX) {
        r->requests[r->n_requests++] = (struct request){what, code};
    }
}

void replay_set_machine(struct replay *r, const struct machine_port *machine)
{
    r->machine = *machine;
}

struct machine_port replay_port(struct replay *r)
{
    return (struct machine_port){gate_request, r};
}

bool replay_has_request(const struct replay *r)
{
    return r->n_requests != 0;
}

/* The journal says so, or does not fit. */
static void leave(struct replay *r, int status)
{
    if (!r->over) {
        r->over = true;
        r->machine.request(r->machine.opaque, REQ_EXIT, status);
    }
}

static void refuse(struct replay *r, const char *why)
{
    if (r->err == NULL) {
        fail(&r->err, ERR_FILE, "%s", why);
    }
    leave(r, 1);
}

/* ---- life ---- */

struct replay *replay_new(void)
{
    struct replay *r = g_new0(struct replay, 1);
    r->streams = g_ptr_array_new_with_free_func(close_stream);
    r->networks = g_ptr_array_new_with_free_func(close_network);
    return r;
}

void replay_free(struct replay *r)
{
    if (r != NULL) {
        g_ptr_array_unref(r->streams);
        g_ptr_array_unref(r->networks);
        input_log_free(r->log);
        g_clear_error(&r->err);
        g_free(r->hashes);
        g_free(r);
    }
}

bool replay_has_journal(const struct replay *r)
{
    return r != NULL && r->mode != REPLAY_OFF;
}

void replay_record(struct replay *r, struct journal_writer *w)
{
    r->mode = REPLAY_RECORD;
    r->out = w;
}

static void read_next(struct replay *r)
{
    if (r->err != NULL || !journal_next(r->in, &r->next, &r->err)) {
        r->next = (struct journal_rec){.when = TICK_NEVER};
    }
}

void replay_play(struct replay *r, struct journal_reader *j, struct journal_writer *again)
{
    r->mode = REPLAY_PLAY;
    r->in = j;
    r->out = again;
    read_next(r);
}

/* ---- live: from the backends ---- */

static bool is_input(const struct journal_rec *rec)
{
    return rec->kind >= JOURNAL_INPUT && rec->kind <= JOURNAL_REQUEST;
}

static void write_down(struct replay *r, const struct journal_rec *rec)
{
    if (r->out != NULL) {
        journal_put(r->out, rec);
    }
    if (r->log != NULL && (is_input(rec) || rec->kind == JOURNAL_ANSWER)) {
        input_log_add(r->log, rec);
    }
}

static bool stream_is_due(const struct stream *s)
{
    return s->break_waits || (s->len != 0 && device_room(s) != 0);
}

static bool network_is_due(const struct network *n)
{
    return (n->frames.length != 0 && !n->starved) ||
           (n->refused && n->frames.length < FRAMES_MAX / 2);
}

static void give_stream(struct stream *s, struct journal_rec rec)
{
    rec.source = s->n;
    if (s->break_waits) {
        s->break_waits = false;
        rec.kind = JOURNAL_BREAK;
        write_down(s->gate, &rec);
        if (s->front.deliver_break != NULL) {
            s->front.deliver_break(s->front.dev);
        }
    }
    size_t n = MIN(s->len, device_room(s));
    if (n != 0) {
        rec.kind = JOURNAL_INPUT;
        rec.data = s->waiting;
        rec.len = (uint32_t)n;
        write_down(s->gate, &rec);
        s->front.deliver(s->front.dev, s->waiting, n);
        s->len -= n;
        memmove(s->waiting, s->waiting + n, s->len);
    }
}

/* True: the frame is done with. */
static bool give_frame(struct network *n, const uint8_t *p, size_t len)
{
    n->starved = n->front.deliver != NULL && !n->front.deliver(n->front.dev, p, len);
    return !n->starved;
}

static void give_network(struct network *n, struct journal_rec rec)
{
    rec.kind = JOURNAL_FRAME;
    rec.source = n->n;
    while (n->frames.length != 0 && !n->starved) {
        GBytes *b = g_queue_peek_head(&n->frames);
        size_t len;
        uint8_t *p = (uint8_t *)(uintptr_t)g_bytes_get_data(b, &len);
        p[0] = give_frame(n, p + 1, len - 1);
        rec.data = p;
        rec.len = (uint32_t)len;
        write_down(n->gate, &rec);
        if (p[0]) {
            g_bytes_unref(g_queue_pop_head(&n->frames));
        }
    }
    if (n->refused && n->frames.length < FRAMES_MAX / 2 && n->backend->retry != NULL) {
        n->refused = false;
        n->backend->retry(n->backend->opaque);
    }
}

static void give_requests(struct replay *r, struct journal_rec rec)
{
    for (unsigned i = 0; i < r->n_requests; i++) {
        uint32_t code = GUINT32_TO_LE((uint32_t)r->requests[i].code);
        rec.kind = JOURNAL_REQUEST;
        rec.source = (uint8_t)r->requests[i].what;
        rec.data = (const uint8_t *)&code;
        rec.len = sizeof(code);
        write_down(r, &rec);
        r->machine.request(r->machine.opaque, r->requests[i].what, r->requests[i].code);
    }
    r->n_requests = 0;
}

static bool live_due(const struct replay *r)
{
    bool due = r->n_requests != 0;
    for (guint i = 0; i < r->streams->len && !due; i++) {
        due = stream_is_due(g_ptr_array_index(r->streams, i));
    }
    for (guint i = 0; i < r->networks->len && !due; i++) {
        due = network_is_due(g_ptr_array_index(r->networks, i));
    }
    return due;
}

static void live_deliver(struct replay *r, tick_t now, uint64_t insns)
{
    struct journal_rec rec = {.when = now, .insns = insns};
    for (guint i = 0; i < r->streams->len; i++) {
        give_stream(g_ptr_array_index(r->streams, i), rec);
    }
    for (guint i = 0; i < r->networks->len; i++) {
        give_network(g_ptr_array_index(r->networks, i), rec);
    }
    give_requests(r, rec);
}

/* ---- playing: from the journal ---- */

/* Another run: when the device takes it. A frame that was refused came again later. */
static bool fits_now(const struct replay *r, tick_t now)
{
    const struct journal_rec *rec = &r->next;
    if (rec->kind == JOURNAL_INPUT && rec->source < r->streams->len) {
        return rec->len <= device_room(g_ptr_array_index(r->streams, rec->source));
    }
    if (rec->kind == JOURNAL_FRAME && rec->source < r->networks->len) {
        return !((struct network *)g_ptr_array_index(r->networks, rec->source))->starved;
    }
    return rec->kind != JOURNAL_END || rec->source != JOURNAL_END_GUEST ||
           now > 2 * rec->when + LONGER;
}

static bool play_due(const struct replay *r, tick_t now, uint64_t insns)
{
    bool something = is_input(&r->next) || r->next.kind == JOURNAL_END;
    return something && !r->over && r->next.when <= now &&
           (r->out != NULL ? fits_now(r, now) : r->next.insns <= insns);
}

static void play_stream(struct replay *r, const struct journal_rec *rec)
{
    struct stream *s =
        rec->source < r->streams->len ? g_ptr_array_index(r->streams, rec->source) : NULL;
    if (s == NULL) {
        refuse(r, "the journal has input for a device that is not there");
    } else if (rec->kind == JOURNAL_BREAK) {
        if (s->front.deliver_break != NULL) {
            s->front.deliver_break(s->front.dev);
        }
    } else if (rec->len > device_room(s)) {
        refuse(r, "the run is another one: a device does not take its input");
    } else {
        s->front.deliver(s->front.dev, rec->data, rec->len);
    }
}

static void play_frame(struct replay *r, const struct journal_rec *rec)
{
    struct network *n =
        rec->source < r->networks->len ? g_ptr_array_index(r->networks, rec->source) : NULL;
    if (n == NULL || rec->len < 1) {
        refuse(r, "the journal has a frame for a network that is not there");
    } else if (give_frame(n, rec->data + 1, rec->len - 1) != (rec->data[0] != 0)) {
        refuse(r, "the run is another one: a network device has room for a frame, or none, that "
                  "it had not, or had");
    }
}

static void play_request(struct replay *r, const struct journal_rec *rec)
{
    uint32_t code = 0;
    if (rec->len != sizeof(code) || rec->source > REQ_SERROR) {
        refuse(r, "the journal has a request without meaning");
        return;
    }
    memcpy(&code, rec->data, sizeof(code));
    r->machine.request(r->machine.opaque, (enum machine_request)rec->source,
                       (int)GUINT32_FROM_LE(code));
}

static void play_input(struct replay *r, const struct journal_rec *rec)
{
    if (rec->kind == JOURNAL_FRAME) {
        play_frame(r, rec);
    } else if (rec->kind == JOURNAL_REQUEST) {
        play_request(r, rec);
    } else {
        play_stream(r, rec);
    }
}

/* True: it is done with. */
static bool play_frame_again(struct replay *r, struct journal_rec rec)
{
    if (rec.source >= r->networks->len || rec.len < 1) {
        play_frame(r, &rec); /* refuses it */
        return true;
    }
    if (rec.data[0] == 0) {
        return true;
    }
    g_autofree uint8_t *p = g_memdup2(rec.data, rec.len);
    p[0] = give_frame(g_ptr_array_index(r->networks, rec.source), p + 1, rec.len - 1);
    rec.data = p;
    write_down(r, &rec);
    return p[0] != 0;
}

/* As in the other run, and on paper again if that is wanted. */
static bool play_next(struct replay *r, struct journal_rec rec)
{
    if (r->out != NULL && rec.kind == JOURNAL_FRAME) {
        return play_frame_again(r, rec);
    }
    play_input(r, &rec);
    write_down(r, &rec);
    return true;
}

static int end_status(const struct journal_rec *rec)
{
    uint32_t code = 0;
    memcpy(&code, rec->data, MIN(rec->len, sizeof(code)));
    return (int)GUINT32_FROM_LE(code);
}

static void play_deliver(struct replay *r, tick_t now, uint64_t insns)
{
    while (play_due(r, now, insns)) {
        struct journal_rec rec = r->next;
        if (rec.kind == JOURNAL_END) {
            leave(r, end_status(&rec));
            return;
        }
        rec.when = now;
        rec.insns = insns;
        if (play_next(r, rec)) {
            read_next(r);
        }
    }
}

/* ---- the past: from the log ---- */

/* What comes by itself: not an answer, nor after the end. */
static const struct journal_rec *past_next(const struct replay *r)
{
    const struct journal_rec *rec =
        r->at != input_log_end(r->log) ? input_log_at(r->log, r->at) : NULL;
    return rec != NULL && rec->kind != JOURNAL_ANSWER ? rec : NULL;
}

static bool past_due(const struct replay *r, tick_t now, uint64_t insns)
{
    const struct journal_rec *rec = past_next(r);
    return rec != NULL && rec->when <= now && rec->insns <= insns;
}

/* A mark is the last thing for this time: it may lead elsewhere. */
static void past_deliver(struct replay *r, tick_t now, uint64_t insns)
{
    while (past_due(r, now, insns)) {
        const struct journal_rec rec = *input_log_at(r->log, r->at);
        r->at++;
        if (rec.kind == INPUT_MARK) {
            r->on_mark(r->mark_opaque, r->at - 1);
            return;
        }
        play_input(r, &rec);
    }
}

void replay_keep(struct replay *r, bool keep)
{
    ASSERT(!r->past);
    g_clear_pointer(&r->log, input_log_free);
    if (keep) {
        r->log = input_log_new();
    }
}

void replay_mark(struct replay *r, tick_t now, uint64_t insns)
{
    struct journal_rec rec = {.kind = INPUT_MARK, .when = now, .insns = insns};
    input_log_add(r->log, &rec);
}

void replay_on_mark(struct replay *r, void (*fn)(void *opaque, uint64_t n), void *opaque)
{
    r->on_mark = fn;
    r->mark_opaque = opaque;
}

uint64_t replay_position(const struct replay *r)
{
    return r->past ? r->at : input_log_end(r->log);
}

void replay_go_back(struct replay *r, uint64_t n)
{
    r->past = true;
    r->at = n;
}

void replay_return(struct replay *r, bool cut)
{
    if (cut) {
        input_log_cut(r->log, r->at);
    }
    r->past = false;
    /* The device may have said that it has room when it was in the past. */
    for (guint i = 0; i < r->networks->len; i++) {
        ((struct network *)g_ptr_array_index(r->networks, i))->starved = false;
    }
}

void replay_forget(struct replay *r, uint64_t n)
{
    input_log_forget(r->log, n);
}

uint64_t replay_log_bytes(const struct replay *r)
{
    return input_log_bytes(r->log);
}

bool replay_in_past(const struct replay *r)
{
    return r != NULL && r->past;
}

/* ---- for the run loop ---- */

/* Its time has passed. */
static void check_missed(struct replay *r, tick_t now)
{
    if (is_input(&r->next) && r->next.when < now && r->out == NULL && !r->over) {
        refuse(r, "the run is another one: input came after more instructions than there are");
    }
}

bool replay_due(struct replay *r, tick_t now, uint64_t insns)
{
    if (r->past) {
        return past_due(r, now, insns);
    }
    if (r->mode != REPLAY_PLAY) {
        return live_due(r);
    }
    bool due = play_due(r, now, insns);
    if (!due) {
        check_missed(r, now);
    }
    return due;
}

void replay_deliver(struct replay *r, tick_t now, uint64_t insns)
{
    if (r->past) {
        past_deliver(r, now, insns);
    } else if (r->mode == REPLAY_PLAY) {
        play_deliver(r, now, insns);
    } else {
        live_deliver(r, now, insns);
    }
}

tick_t replay_next(struct replay *r, tick_t now)
{
    if (r->past) {
        const struct journal_rec *rec = past_next(r);
        return rec != NULL ? rec->when : TICK_NEVER;
    }
    bool something = is_input(&r->next) || r->next.kind == JOURNAL_END;
    if (r->mode != REPLAY_PLAY || !something || r->over ||
        (r->out != NULL && r->next.when <= now)) {
        return TICK_NEVER;
    }
    return MAX(r->next.when, now + 1); /* not yet due: never stand still */
}

void replay_run_dry(struct replay *r)
{
    if (r->mode == REPLAY_PLAY && is_input(&r->next)) {
        refuse(r, "the run is another one: it does not take its input any more");
    } else if (r->mode == REPLAY_PLAY) {
        leave(r, 0);
    }
}

bool replay_end_is_next(const struct replay *r)
{
    return r->mode == REPLAY_PLAY && !r->past && r->next.kind == JOURNAL_END;
}

/* ---- answers ---- */

bool replay_is_playing(const struct replay *r)
{
    return r->mode == REPLAY_PLAY || r->past;
}

void replay_note_answer(struct replay *r, uint8_t what, int64_t result, const void *data,
                        size_t len)
{
    g_autofree uint8_t *p = g_malloc(sizeof(result) + len);
    int64_t le = GINT64_TO_LE(result);
    memcpy(p, &le, sizeof(le));
    if (len != 0) {
        memcpy(p + sizeof(le), data, len);
    }
    write_down(r, &(struct journal_rec){.kind = JOURNAL_ANSWER,
                                        .source = what,
                                        .data = p,
                                        .len = (uint32_t)(sizeof(le) + len)});
}

bool replay_answer(struct replay *r, uint8_t what, int64_t *result, void *data, size_t room)
{
    bool none = r->past ? r->at == input_log_end(r->log) : r->over;
    const struct journal_rec rec = none      ? (struct journal_rec){0}
                                   : r->past ? *input_log_at(r->log, r->at)
                                             : r->next;
    int64_t le;
    if (rec.kind != JOURNAL_ANSWER || rec.source != what || rec.len < sizeof(le) ||
        rec.len - sizeof(le) > room) {
        return false;
    }
    memcpy(&le, rec.data, sizeof(le));
    *result = GINT64_FROM_LE(le);
    if (rec.len > sizeof(le)) {
        memcpy(data, rec.data + sizeof(le), rec.len - sizeof(le));
    }
    if (r->past) {
        r->at++;
    } else {
        write_down(r, &rec);
        read_next(r);
    }
    return true;
}

/* ---- states ---- */

/* Hashes from the place `at` of the record on. */
static void get_state(struct replay *r, const struct journal_rec *rec, size_t at,
                      struct replay_state *out)
{
    size_t n = rec->len > at ? (rec->len - at) / sizeof(uint64_t) : 0;
    g_free(r->hashes);
    r->hashes = g_new(uint64_t, n);
    for (size_t i = 0; i < n; i++) {
        memcpy(&r->hashes[i], rec->data + at + i * sizeof(uint64_t), sizeof(uint64_t));
        r->hashes[i] = GUINT64_FROM_LE(r->hashes[i]);
    }
    *out = (struct replay_state){rec->when, rec->insns, r->hashes, n};
}

static void append_hashes(GByteArray *a, const struct replay_state *s)
{
    for (size_t i = 0; i < s->n; i++) {
        uint64_t le = GUINT64_TO_LE(s->hashes[i]);
        g_byte_array_append(a, (const uint8_t *)&le, sizeof(le));
    }
}

static void put_record(struct replay *r, struct journal_rec rec, const struct replay_state *s,
                       const GByteArray *a)
{
    rec.when = s->when;
    rec.insns = s->insns;
    rec.data = a->data;
    rec.len = a->len;
    write_down(r, &rec);
}

void replay_put_state(struct replay *r, const struct replay_state *s)
{
    g_autoptr(GByteArray) a = g_byte_array_new();
    append_hashes(a, s);
    put_record(r, (struct journal_rec){.kind = JOURNAL_STATE}, s, a);
}

bool replay_take_state(struct replay *r, struct replay_state *out)
{
    if (r->next.kind != JOURNAL_STATE) {
        return false;
    }
    get_state(r, &r->next, 0, out);
    read_next(r);
    return true;
}

/* ---- the end ---- */

bool replay_left(const struct replay *r)
{
    return r->left;
}

bool replay_is_over(const struct replay *r)
{
    return r->over;
}

void replay_stop(struct replay *r)
{
    r->out = NULL;
    r->over = true;
}

void replay_put_end(struct replay *r, const struct replay_end *e)
{
    g_autoptr(GByteArray) a = g_byte_array_new();
    uint32_t code = GUINT32_TO_LE((uint32_t)e->status);
    g_byte_array_append(a, (const uint8_t *)&code, sizeof(code));
    append_hashes(a, &e->state);
    put_record(r, (struct journal_rec){.kind = JOURNAL_END, .source = (uint8_t)e->how}, &e->state,
               a);
}

enum replay_rest replay_take_end(struct replay *r, struct replay_end *out, GError **err)
{
    const struct journal_rec rec = r->next;
    if (r->err != NULL) {
        g_propagate_error(err, g_steal_pointer(&r->err));
        return REPLAY_REST_WRONG;
    }
    if (rec.kind != JOURNAL_END) {
        return rec.kind == 0 ? REPLAY_REST_CUT : REPLAY_REST_MORE;
    }
    *out = (struct replay_end){.how = rec.source == JOURNAL_END_GUEST ? JOURNAL_END_GUEST
                                                                      : JOURNAL_END_OUTSIDE,
                               .status = end_status(&rec)};
    get_state(r, &rec, sizeof(uint32_t), &out->state);
    return REPLAY_REST_END;
}
