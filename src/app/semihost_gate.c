/* SPDX-License-Identifier: Apache-2.0 */
#include "app/semihost_gate.h"

#include <errno.h>

/* In journals: never change a number. */
enum question {
    ASK_OPEN = 1,
    ASK_CLOSE = 2,
    ASK_READ = 3,
    ASK_WRITE = 4,
    ASK_SEEK = 5,
    ASK_SIZE = 6,
    ASK_IS_TTY = 7,
    ASK_REMOVE = 8,
    ASK_RENAME = 9,
    ASK_CONSOLE = 10,
};

struct semihost_gate {
    struct replay *gate;
    struct semihost_host files;
};

/* Another run asks something else: it gets an error, and shows at the next state. */
static int64_t answer_again(struct semihost_gate *g, enum question q, void *buf, size_t room)
{
    int64_t result;
    return replay_answer(g->gate, q, &result, buf, room) ? result : -EIO;
}

static int64_t note(struct semihost_gate *g, enum question q, int64_t result)
{
    replay_note_answer(g->gate, q, result, NULL, 0);
    return result;
}

static int64_t note_bytes(struct semihost_gate *g, enum question q, int64_t n, const void *buf)
{
    replay_note_answer(g->gate, q, n, buf, n > 0 ? (size_t)n : 0);
    return n;
}

static bool plays(const struct semihost_gate *g)
{
    return replay_is_playing(g->gate);
}

static int gate_open(void *opaque, const char *path, unsigned mode)
{
    struct semihost_gate *g = opaque;
    return (int)(plays(g) ? answer_again(g, ASK_OPEN, NULL, 0)
                          : note(g, ASK_OPEN, g->files.open(g->files.opaque, path, mode)));
}

static int gate_close(void *opaque, int fd)
{
    struct semihost_gate *g = opaque;
    return (int)(plays(g) ? answer_again(g, ASK_CLOSE, NULL, 0)
                          : note(g, ASK_CLOSE, g->files.close(g->files.opaque, fd)));
}

static int64_t gate_read(void *opaque, int fd, void *buf, size_t len)
{
    struct semihost_gate *g = opaque;
    return plays(g) ? answer_again(g, ASK_READ, buf, len)
                    : note_bytes(g, ASK_READ, g->files.read(g->files.opaque, fd, buf, len), buf);
}

static int64_t gate_write(void *opaque, int fd, const void *buf, size_t len)
{
    struct semihost_gate *g = opaque;
    return plays(g) ? answer_again(g, ASK_WRITE, NULL, 0)
                    : note(g, ASK_WRITE, g->files.write(g->files.opaque, fd, buf, len));
}

static int64_t gate_seek(void *opaque, int fd, uint64_t pos)
{
    struct semihost_gate *g = opaque;
    return plays(g) ? answer_again(g, ASK_SEEK, NULL, 0)
                    : note(g, ASK_SEEK, g->files.seek(g->files.opaque, fd, pos));
}

static int64_t gate_size(void *opaque, int fd)
{
    struct semihost_gate *g = opaque;
    return plays(g) ? answer_again(g, ASK_SIZE, NULL, 0)
                    : note(g, ASK_SIZE, g->files.size(g->files.opaque, fd));
}

static bool gate_is_tty(void *opaque, int fd)
{
    struct semihost_gate *g = opaque;
    return (plays(g) ? answer_again(g, ASK_IS_TTY, NULL, 0)
                     : note(g, ASK_IS_TTY, g->files.is_tty(g->files.opaque, fd))) > 0;
}

static int gate_remove(void *opaque, const char *path)
{
    struct semihost_gate *g = opaque;
    return (int)(plays(g) ? answer_again(g, ASK_REMOVE, NULL, 0)
                          : note(g, ASK_REMOVE, g->files.remove(g->files.opaque, path)));
}

static int gate_rename(void *opaque, const char *from, const char *to)
{
    struct semihost_gate *g = opaque;
    return (int)(plays(g) ? answer_again(g, ASK_RENAME, NULL, 0)
                          : note(g, ASK_RENAME, g->files.rename(g->files.opaque, from, to)));
}

/* Nothing yet is no answer. Where a replay has none, somebody stopped the waiting. */
static int64_t gate_console_read(void *opaque, void *buf, size_t len)
{
    struct semihost_gate *g = opaque;
    if (plays(g)) {
        int64_t n = 0;
        return replay_answer(g->gate, ASK_CONSOLE, &n, buf, len) ? n : 0;
    }
    int64_t n = g->files.console_read(g->files.opaque, buf, len);
    return n == -EAGAIN ? n : note_bytes(g, ASK_CONSOLE, n, buf);
}

static void gate_console_write(void *opaque, int fd, const void *buf, size_t len)
{
    struct semihost_gate *g = opaque;
    if (replay_in_past(g->gate)) {
        return; /* it was heard */
    }
    g->files.console_write(g->files.opaque, fd, buf, len);
}

struct semihost_gate *semihost_gate_new(struct replay *gate, const struct semihost_host *files)
{
    struct semihost_gate *g = g_new0(struct semihost_gate, 1);
    *g = (struct semihost_gate){gate, *files};
    return g;
}

void semihost_gate_free(struct semihost_gate *g)
{
    g_free(g);
}

struct semihost_host semihost_gate_host(struct semihost_gate *g)
{
    return (struct semihost_host){
        .open = gate_open,
        .close = gate_close,
        .read = gate_read,
        .write = gate_write,
        .seek = gate_seek,
        .size = gate_size,
        .is_tty = gate_is_tty,
        .remove = gate_remove,
        .rename = gate_rename,
        .console_read = gate_console_read,
        .console_write = gate_console_write,
        .opaque = g,
    };
}
