/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Character backends: what is behind a UART, a console port or a monitor. The options are QEMU's.
 *
 *     struct chardev_cfg cfg = {0};
 *     chardev_cfg_parse("socket,id=s,port=4444,server=on,wait=off", &cfg, err)   -chardev
 *     chardev_cfg_parse_short("mon:stdio", "serial0", &cfg, err)                 -serial, -monitor
 *     struct host_chardev *c = host_chardev_open(loop, &cfg, err);
 *     struct chardev *front = host_chardev_front(c, err);                        for the device
 *
 * With mux=on several devices share one backend: Ctrl-A c goes to the next one. Ctrl-A x leaves,
 * Ctrl-A b sends a break, Ctrl-A p presses the machine's power key, Ctrl-A h lists these, Ctrl-A
 * Ctrl-A sends Ctrl-A.
 */
#ifndef HOST_CHARDEV_H
#define HOST_CHARDEV_H

#include "core/backend.h"
#include "host/hostloop.h"

enum chardev_kind {
    CHARDEV_NULL,
    CHARDEV_STDIO,
    CHARDEV_FILE,
    CHARDEV_PIPE,
    CHARDEV_FD, /* descriptors that are open already */
    CHARDEV_PTY,
    CHARDEV_SOCKET, /* TCP, or Unix if path is set */
    CHARDEV_RINGBUF,
    CHARDEV_TESTDEV,
};

struct chardev_cfg {
    char *id;
    enum chardev_kind kind;
    bool mux;
    bool no_signal;   /* stdio: Ctrl-C goes to the guest */
    char *path;       /* file, pipe, Unix socket */
    char *input_path; /* file: where input comes from */
    bool append;
    char *host; /* TCP; NULL: the loopback address */
    char *port;
    unsigned port_to; /* server: try ports up to this one */
    bool server;
    bool no_wait; /* server: do not wait for the first client */
    bool no_delay;
    unsigned reconnect_s; /* client: try again after so many seconds; 0: never */
    size_t ring_bytes;    /* ringbuf: a power of two; 0: 64 KiB */
    int fd_in, fd_out;    /* CHARDEV_FD; -1: none */
    char *log_path;       /* a copy of the output */
    bool log_append;
};

/* "stdio,id=x,mux=on": -chardev. On failure *out is clear. */
bool chardev_cfg_parse(const char *opts, struct chardev_cfg *out, GError **err);
/* "mon:stdio", "tcp::4444,server,nowait", "file:log": -serial, -monitor, -qmp. */
bool chardev_cfg_parse_short(const char *spec, const char *id, struct chardev_cfg *out,
                             GError **err);
void chardev_cfg_clear(struct chardev_cfg *c);

struct host_chardev;

struct host_chardev *host_chardev_open(struct hostloop *h, const struct chardev_cfg *cfg,
                                       GError **err);
/* Writes out what is left, closes, and invalidates the fronts. */
void host_chardev_close(struct host_chardev *c);
/* A door for one device. A second one needs mux=on; at most four. */
struct chardev *host_chardev_front(struct host_chardev *c, GError **err);
/* Called when input starts or stops going to this front (Ctrl-A c): a monitor prints its prompt. */
void host_chardev_on_focus(struct chardev *front, void (*fn)(void *opaque, bool focus),
                           void *opaque);
/* Does input go there now? */
bool host_chardev_has_focus(const struct chardev *front);
const char *host_chardev_id(const struct host_chardev *c);
/* Where it ended up: "pty:/dev/pts/3", "tcp:127.0.0.1:4444,server=on". Valid until the next call.
 */
const char *host_chardev_where(struct host_chardev *c);
/* errno of output that could not be written although somebody was there to take it (a full disk),
 * or 0. */
int host_chardev_lost(const struct host_chardev *c);
/* ringbuf: take up to len of the oldest bytes the guest wrote. */
size_t host_chardev_ring_read(struct host_chardev *c, uint8_t *buf, size_t len);

#endif
