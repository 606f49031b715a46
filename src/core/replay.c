/* SPDX-License-Identifier: Apache-2.0 */
#include "core/replay.h"

#include <string.h>

#include "base/bits.h"

enum { STREAM_BYTES = 4096, FRAMES_MAX = 64, REQUESTS_MAX = 16 };

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
    GError *err;
};

/* ---- streams ---- */

static size_t front_write(void *opaque, const uint8_t *buf, size_t len)
{
    return chardev_write(((struct stream *)opaque)->backend, buf, len);
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
    return s->gate->mode == REPLAY_PLAY || s->len >= room ? 0 : room - s->len;
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
    if (n->gate->mode != REPLAY_PLAY) {
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
    if (n->frames.length >= FRAMES_MAX) {
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
    if (r->mode == REPLAY_PLAY) {
        /* Somebody wants to leave the replay: that is not part of it. */
        if (what == REQ_EXIT) {
            r->machine.request(r->machine.opaque, what, code);
        }
    } else if (r->n_requests < REQUESTS_MAX) {
        r->requests[r->n_requests++] = (struct request){what, code};
    }
}

struct machine_port replay_port(struct replay *r, const struct machine_port *machine)
{
    r->machine = *machine;
    return (struct machine_port){gate_request, r};
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
        g_clear_error(&r->err);
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

void replay_play(struct replay *r, struct journal_reader *j)
{
    r->mode = REPLAY_PLAY;
    r->in = j;
    read_next(r);
}

/* ---- live: from the backends ---- */

static void write_down(struct replay *r, const struct journal_rec *rec)
{
    if (r->mode == REPLAY_RECORD) {
        journal_put(r->out, rec);
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

static bool is_input(const struct journal_rec *rec)
{
    return rec->kind >= JOURNAL_INPUT && rec->kind <= JOURNAL_REQUEST;
}

static bool play_due(const struct replay *r, tick_t now, uint64_t insns)
{
    return is_input(&r->next) && r->next.when <= now && r->next.insns <= insns;
}

static void refuse(struct replay *r, const char *why)
{
    if (r->err == NULL) {
        fail(&r->err, ERR_FILE, "the journal does not fit: %s", why);
    }
}

static void play_stream(struct replay *r, const struct journal_rec *rec)
{
    struct stream *s =
        rec->source < r->streams->len ? g_ptr_array_index(r->streams, rec->source) : NULL;
    if (s == NULL) {
        refuse(r, "input for a device that is not there");
    } else if (rec->kind == JOURNAL_BREAK) {
        if (s->front.deliver_break != NULL) {
            s->front.deliver_break(s->front.dev);
        }
    } else if (rec->len > device_room(s)) {
        refuse(r, "more input than the device takes");
    } else {
        s->front.deliver(s->front.dev, rec->data, rec->len);
    }
}

static void play_frame(struct replay *r, const struct journal_rec *rec)
{
    struct network *n =
        rec->source < r->networks->len ? g_ptr_array_index(r->networks, rec->source) : NULL;
    if (n == NULL || rec->len < 1) {
        refuse(r, "a frame for a network that is not there");
    } else if (give_frame(n, rec->data + 1, rec->len - 1) != (rec->data[0] != 0)) {
        refuse(r, "a frame is taken that was not, or the other way round");
    }
}

static void play_request(struct replay *r, const struct journal_rec *rec)
{
    uint32_t code = 0;
    if (rec->len != sizeof(code) || rec->source > REQ_EXIT) {
        refuse(r, "a request without meaning");
        return;
    }
    memcpy(&code, rec->data, sizeof(code));
    r->machine.request(r->machine.opaque, (enum machine_request)rec->source,
                       (int)GUINT32_FROM_LE(code));
}

static void play_deliver(struct replay *r, tick_t now, uint64_t insns)
{
    while (r->err == NULL && play_due(r, now, insns)) {
        const struct journal_rec rec = r->next;
        if (rec.kind == JOURNAL_FRAME) {
            play_frame(r, &rec);
        } else if (rec.kind == JOURNAL_REQUEST) {
            play_request(r, &rec);
        } else {
            play_stream(r, &rec);
        }
        read_next(r);
    }
}

/* ---- for the run loop ---- */

bool replay_due(struct replay *r, tick_t now, uint64_t insns)
{
    return r->mode == REPLAY_PLAY ? play_due(r, now, insns) : live_due(r);
}

void replay_deliver(struct replay *r, tick_t now, uint64_t insns)
{
    if (r->mode == REPLAY_PLAY) {
        play_deliver(r, now, insns);
    } else {
        live_deliver(r, now, insns);
    }
}

tick_t replay_next(struct replay *r)
{
    return r->mode == REPLAY_PLAY && is_input(&r->next) ? r->next.when : TICK_NEVER;
}

/* ---- states ---- */

static void record_state(struct replay *r, tick_t now, uint64_t insns, const uint64_t *hashes,
                         size_t n)
{
    struct journal_rec rec = {
        .kind = JOURNAL_STATE,
        .when = now,
        .insns = insns,
        .data = (const uint8_t *)hashes,
        .len = (uint32_t)(n * sizeof(hashes[0])),
    };
    journal_put(r->out, &rec);
}

enum replay_verdict replay_state(struct replay *r, tick_t now, uint64_t insns,
                                 const uint64_t *hashes, size_t n, size_t *out_first)
{
    *out_first = 0;
    if (r->mode == REPLAY_RECORD) {
        record_state(r, now, insns, hashes, n);
        return REPLAY_SAME;
    }
    const struct journal_rec rec = r->next;
    if (rec.kind != JOURNAL_STATE) {
        return rec.kind == 0 || rec.kind == JOURNAL_END ? REPLAY_NO_STATE : REPLAY_DIFFERS;
    }
    bool fits = rec.when == now && rec.insns == insns && rec.len == n * sizeof(hashes[0]);
    size_t i = 0;
    while (fits && i < n && memcmp(rec.data + i * sizeof(hashes[0]), &hashes[i], 8) == 0) {
        i++;
    }
    *out_first = i;
    read_next(r);
    return fits && i == n ? REPLAY_SAME : REPLAY_DIFFERS;
}

bool replay_at_end(struct replay *r, GError **err)
{
    if (r->err != NULL) {
        g_propagate_error(err, g_steal_pointer(&r->err));
        return true;
    }
    return r->next.kind == 0 || r->next.kind == JOURNAL_END;
}
