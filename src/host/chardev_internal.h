/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kinds of character backends share: fronts with input queues, the escape keys, buffered
 * output, the log file. A kind embeds struct host_chardev and brings chardev_kind_ops.
 */
#ifndef HOST_CHARDEV_INTERNAL_H
#define HOST_CHARDEV_INTERNAL_H

#include <glib.h>
#include <stdio.h>

#include "host/chardev.h"

enum {
    CHR_FRONTS_MAX = 4,
    CHR_IN_BYTES = 4096,
    CHR_OUT_BYTES = 4096,
};

struct host_chardev;

struct chr_kind_ops {
    const char *name;
    /* All of buf goes out or is dropped for good (nobody there). */
    void (*send)(struct host_chardev *c, const uint8_t *buf, size_t len);
    /* As in struct host_source; may be NULL. */
    void (*prepare)(struct host_chardev *c, int *timeout_ms);
    void (*dispatch)(struct host_chardev *c);
    /* Close descriptors; the struct is freed by the caller. May be NULL. */
    void (*close)(struct host_chardev *c);
    bool has_peers;  /* they come and go: chr_peer */
    bool unbuffered; /* send at once: it has effects, or costs nothing */
};

struct chr_front {
    struct chardev door;
    struct host_chardev *owner;
    bool break_waits;
    bool left_waits, came_waits; /* news of the peer, in this order */
    void (*focus)(void *opaque, bool focus);
    void *focus_opaque;
    size_t in_head, in_len;
    uint8_t in[CHR_IN_BYTES];
};

struct host_chardev {
    const struct chr_kind_ops *ops;
    struct hostloop *loop;
    struct host_source source;
    char *id;
    GString *where;
    bool mux;
    bool
        never_full; /* input is typed by a person: drop what does not fit, so that Ctrl-A x works */
    bool escape;    /* Ctrl-A was seen */
    bool peer;      /* has_peers: one is there */
    unsigned n_fronts, focus;
    struct chr_front *fronts[CHR_FRONTS_MAX];
    FILE *log;
    int lost; /* host_chardev_lost */
    size_t out_len;
    uint8_t out[CHR_OUT_BYTES];
};

/* Bytes that chr_input takes now. */
size_t chr_input_room(const struct host_chardev *c);
/* Input arrived: escape keys are acted on, the rest is queued for the front in focus. */
void chr_input(struct host_chardev *c, const uint8_t *buf, size_t len);
void chr_flush(struct host_chardev *c);
/* A peer came or went: fronts hear of it after what it sent. */
void chr_peer(struct host_chardev *c, bool there);

/*
 * Write all of buf to fd, waiting as long as it takes. False: the far end is gone or the process is
 * leaving. may_block: the descriptor is shared and in blocking mode; send in parts that fit.
 */
bool chr_write_fd(struct host_chardev *c, int fd, const uint8_t *buf, size_t len, bool may_block);

/* Constructors of the kinds; NULL and err on failure. */
struct host_chardev *chr_null_open(const struct chardev_cfg *cfg, GError **err);
struct host_chardev *chr_stdio_open(const struct chardev_cfg *cfg, GError **err);
struct host_chardev *chr_file_open(const struct chardev_cfg *cfg, GError **err);
struct host_chardev *chr_pipe_open(const struct chardev_cfg *cfg, GError **err);
struct host_chardev *chr_fd_open(const struct chardev_cfg *cfg, GError **err);
struct host_chardev *chr_pty_open(const struct chardev_cfg *cfg, GError **err);
struct host_chardev *chr_ringbuf_open(const struct chardev_cfg *cfg, GError **err);
struct host_chardev *chr_testdev_open(const struct chardev_cfg *cfg, GError **err);
/* Needs the loop to wait for a client. */
struct host_chardev *chr_socket_open(struct hostloop *h, const struct chardev_cfg *cfg,
                                     GError **err);

#endif
