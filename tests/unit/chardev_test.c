/* SPDX-License-Identifier: Apache-2.0 */
/* Character backends and the poll loop: options, escape keys, test device, sockets, terminals. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "fakes/unit.h"
#include "host/chardev.h"
#include "host/terminal.h"

/* A device: takes up to `takes` bytes in all. */
struct device_end {
    struct chardev *chr;
    char text[8192];
    size_t len, takes;
    unsigned breaks;
    int focus;
    unsigned came, left; /* peers */
};

static size_t end_room(void *dev)
{
    const struct device_end *e = dev;
    return e->takes - e->len;
}

static void end_deliver(void *dev, const uint8_t *buf, size_t len)
{
    struct device_end *e = dev;
    assert_true(len <= e->takes - e->len);
    memcpy(e->text + e->len, buf, len);
    e->len += len;
    e->text[e->len] = '\0';
}

static void end_break(void *dev)
{
    ((struct device_end *)dev)->breaks++;
}

static void end_focus(void *opaque, bool focus)
{
    ((struct device_end *)opaque)->focus = focus;
}

static void end_peer(void *dev, bool there)
{
    struct device_end *e = dev;
    *(there ? &e->came : &e->left) += 1;
    assert_true(e->came == e->left || e->came == e->left + 1);
}

static void end_attach(struct device_end *e, struct chardev *c)
{
    assert_non_null(c);
    memset(e, 0, sizeof(*e));
    e->chr = c;
    e->takes = sizeof(e->text) - 1;
    c->room = end_room;
    c->deliver = end_deliver;
    c->deliver_break = end_break;
    c->deliver_peer = end_peer;
    c->dev = e;
    host_chardev_on_focus(c, end_focus, e);
}

struct exits {
    unsigned n;
    int code;
};

static void on_request(void *opaque, enum machine_request r, int code)
{
    struct exits *e = opaque;
    assert_int_equal(r, REQ_EXIT);
    e->n++;
    e->code = code;
}

static void say(struct chardev *c, const char *text)
{
    assert_int_equal(chardev_write(c, (const uint8_t *)text, strlen(text)), strlen(text));
}

static struct host_chardev *open_text(struct hostloop *h, const char *opts)
{
    struct chardev_cfg cfg;
    GError *err = NULL;
    if (!chardev_cfg_parse(opts, &cfg, &err)) {
        print_message("%s\n", err->message);
        assert_true(false);
    }
    struct host_chardev *c = host_chardev_open(h, &cfg, &err);
    if (c == NULL) {
        print_message("%s\n", err->message);
    }
    assert_non_null(c);
    chardev_cfg_clear(&cfg);
    return c;
}

/* Poll until the device has n bytes, or for a second. */
static void poll_for(struct hostloop *h, const struct device_end *e, size_t n)
{
    for (unsigned i = 0; i < 100 && e->len < n; i++) {
        (void)host_poll(h, 10);
    }
    assert_int_equal(e->len, n);
}

/* ---- options ---- */

static void test_options(void **state)
{
    struct chardev_cfg c;
    assert_true(chardev_cfg_parse(
        "socket,id=s,host=127.0.0.1,port=4444,server=on,wait=off,logfile=a,,b", &c, NULL));
    assert_int_equal(c.kind, CHARDEV_SOCKET);
    assert_string_equal(c.id, "s");
    assert_string_equal(c.host, "127.0.0.1");
    assert_string_equal(c.port, "4444");
    assert_true(c.server && c.no_wait);
    assert_string_equal(c.log_path, "a,b");
    chardev_cfg_clear(&c);
    assert_true(chardev_cfg_parse("stdio,mux=on,signal=off,id=m", &c, NULL));
    assert_true(c.mux && c.no_signal);
    chardev_cfg_clear(&c);
    assert_true(chardev_cfg_parse("ringbuf,id=r,size=4K", &c, NULL));
    assert_int_equal(c.ring_bytes, 4096);
    chardev_cfg_clear(&c);
}

static void test_short_options(void **state)
{
    struct chardev_cfg c;
    assert_true(chardev_cfg_parse_short("mon:stdio", "serial0", &c, NULL));
    assert_true(c.kind == CHARDEV_STDIO && c.mux && c.no_signal);
    assert_string_equal(c.id, "serial0");
    chardev_cfg_clear(&c);
    assert_true(chardev_cfg_parse_short("stdio", "serial0", &c, NULL));
    assert_false(c.mux || c.no_signal);
    chardev_cfg_clear(&c);
    assert_true(chardev_cfg_parse_short("tcp::4444,server,nowait", "x", &c, NULL));
    assert_true(c.host == NULL && c.server && c.no_wait);
    assert_string_equal(c.port, "4444");
    chardev_cfg_clear(&c);
    assert_true(chardev_cfg_parse_short("tcp:[::1]:99", "x", &c, NULL));
    assert_string_equal(c.host, "::1");
    assert_string_equal(c.port, "99");
    chardev_cfg_clear(&c);
    assert_true(chardev_cfg_parse_short("unix:/tmp/s,server=on,wait=off", "x", &c, NULL));
    assert_string_equal(c.path, "/tmp/s");
    chardev_cfg_clear(&c);
    assert_true(chardev_cfg_parse_short("file:log", "x", &c, NULL));
    assert_true(c.kind == CHARDEV_FILE);
    chardev_cfg_clear(&c);
}

static void test_bad_options(void **state)
{
    static const char *const bad[] = {"",
                                      "nope,id=a",
                                      "null",
                                      "null,id=a,colour=red",
                                      "socket,id=a,server=maybe",
                                      "ringbuf,id=a,size=4X"};
    static const char *const bad_short[] = {"", "tcp:4444", "file", "socket", "udp::1", "tcp::1,x"};
    struct chardev_cfg c;
    for (size_t i = 0; i < G_N_ELEMENTS(bad) + G_N_ELEMENTS(bad_short); i++) {
        GError *err = NULL;
        bool ok = i < G_N_ELEMENTS(bad)
                      ? chardev_cfg_parse(bad[i], &c, &err)
                      : chardev_cfg_parse_short(bad_short[i - G_N_ELEMENTS(bad)], "x", &c, &err);
        assert_false(ok);
        assert_non_null(err);
        assert_null(strchr(err->message, '\n'));
        g_error_free(err);
    }
}

/* ---- kinds without a far end ---- */

static void test_testdev(void **state)
{
    static const struct {
        const char *text;
        unsigned n;
        int code;
    } cases[] = {
        {"q", 1, 1},      {"0q", 1, 1},
        {"1q", 1, 3},     {"  21 q", 1, 43},
        {"5", 0, 0},      {"x7q", 1, 15},
        {"12x", 0, 0},    {"3qq", 1, 7},
        {"\n2\nq", 1, 5}, {"99999999999999999999q", 1, -1},
        {"4 5q", 1, 1},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct exits e = {0};
        struct hostloop *h = hostloop_new();
        hostloop_set_machine(h, &(struct machine_port){.request = on_request, .opaque = &e});
        struct host_chardev *c = open_text(h, "testdev,id=t");
        struct chardev *front = host_chardev_front(c, NULL);
        for (const char *p = cases[i].text; *p != '\0'; p++) { /* a byte at a time */
            assert_int_equal(chardev_write(front, (const uint8_t *)p, 1), 1);
        }
        assert_int_equal(e.n, cases[i].n);
        if (cases[i].code >= 0) {
            assert_int_equal(e.code, cases[i].code);
        }
        host_chardev_close(c);
        hostloop_free(h);
    }
}

static void test_ringbuf(void **state)
{
    struct hostloop *h = hostloop_new();
    struct host_chardev *c = open_text(h, "ringbuf,id=r,size=8");
    struct chardev *f = host_chardev_front(c, NULL);
    uint8_t buf[16];
    say(f, "abc");
    assert_int_equal(host_chardev_ring_read(c, buf, 2), 2);
    assert_memory_equal(buf, "ab", 2);
    say(f, "0123456789");
    assert_int_equal(host_chardev_ring_read(c, buf, sizeof(buf)), 8);
    assert_memory_equal(buf, "23456789", 8);
    GError *err = NULL;
    assert_null(host_chardev_front(c, &err)); /* not shared */
    g_clear_error(&err);
    host_chardev_close(c);
    hostloop_free(h);
}

/* ---- descriptors, escape keys ---- */

struct pipes {
    struct hostloop *h;
    struct host_chardev *c;
    struct exits exits;
    int to, from; /* our ends */
    int theirs[2];
};

static void pipes_open(struct pipes *p, bool mux)
{
    int in[2], out[2];
    memset(p, 0, sizeof(*p));
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    assert_int_equal(fcntl(out[0], F_SETFL, O_NONBLOCK), 0);
    p->h = hostloop_new();
    hostloop_set_machine(p->h, &(struct machine_port){.request = on_request, .opaque = &p->exits});
    const struct chardev_cfg cfg = {
        .kind = CHARDEV_FD, .id = (char *)"fd", .mux = mux, .fd_in = in[0], .fd_out = out[1]};
    p->c = host_chardev_open(p->h, &cfg, NULL);
    assert_non_null(p->c);
    p->to = in[1];
    p->from = out[0];
    p->theirs[0] = in[0];
    p->theirs[1] = out[1];
}

static void pipes_close(struct pipes *p)
{
    host_chardev_close(p->c);
    hostloop_free(p->h);
    close(p->to);
    close(p->from);
    close(p->theirs[0]);
    close(p->theirs[1]);
}

static void type(struct pipes *p, const char *text)
{
    assert_int_equal(write(p->to, text, strlen(text)), strlen(text));
}

static void test_both_ways(void **state)
{
    struct pipes p;
    struct device_end e;
    char buf[64];
    pipes_open(&p, false);
    end_attach(&e, host_chardev_front(p.c, NULL));
    e.takes = 3; /* a small FIFO */
    type(&p, "ab\001xdef");
    (void)host_poll(p.h, 100);
    poll_for(p.h, &e, 3);
    assert_memory_equal(e.text, "ab\001", 3); /* no escape without mux */
    assert_false(host_poll(p.h, 0));
    e.takes = 10;
    assert_true(host_poll_due(p.h)); /* at once, not at the next interval */
    assert_true(host_poll(p.h, 0));
    assert_string_equal(e.text, "ab\001xdef");
    say(e.chr, "out");
    hostloop_flush(p.h);
    assert_int_equal(read(p.from, buf, sizeof(buf)), 3);
    assert_int_equal(p.exits.n, 0);
    pipes_close(&p);
}

/* While the machine is paused its devices wait for their input; a debugger does not. */
static void test_held_input(void **state)
{
    struct pipes p;
    struct device_end device, outside;
    pipes_open(&p, true);
    end_attach(&device, host_chardev_front(p.c, NULL));
    end_attach(&outside, host_chardev_front(p.c, NULL));
    outside.chr->outside = true;
    hostloop_hold_input(p.h, true);
    type(&p, "for the device\001b\001cfor the debugger");
    poll_for(p.h, &outside, strlen("for the debugger"));
    assert_int_equal(device.len, 0);
    assert_int_equal(device.breaks, 0);
    hostloop_hold_input(p.h, false);
    poll_for(p.h, &device, strlen("for the device"));
    assert_int_equal(device.breaks, 1);
    pipes_close(&p);
}

static void test_escapes(void **state)
{
    struct pipes p;
    struct device_end con, mon;
    char buf[1024];
    pipes_open(&p, true);
    end_attach(&con, host_chardev_front(p.c, NULL));
    end_attach(&mon, host_chardev_front(p.c, NULL));
    type(&p, "a\001\001b\001bc");
    poll_for(p.h, &con, 4);
    assert_memory_equal(con.text, "a\001bc", 4);
    assert_int_equal(con.breaks, 1);
    type(&p, "\001cinfo\001c!");
    poll_for(p.h, &con, 5);
    assert_string_equal(mon.text, "info");
    assert_int_equal(mon.focus, 0); /* had it, lost it */
    assert_int_equal(con.focus, 1);
    type(&p, "\001h");
    (void)host_poll(p.h, 100);
    ssize_t n = read(p.from, buf, sizeof(buf));
    assert_true(n > 100);
    type(&p, "\001");
    (void)host_poll(p.h, 100);
    type(&p, "x");
    (void)host_poll(p.h, 100);
    assert_int_equal(p.exits.n, 1);
    assert_int_equal(p.exits.code, 0);
    pipes_close(&p);
}

/* The reader is stuck and the output full: the guest waits, Ctrl-A x still works. */
static void test_leave_while_blocked(void **state)
{
    struct pipes p;
    struct device_end e;
    uint8_t block[8192] = {0};
    pipes_open(&p, true);
    end_attach(&e, host_chardev_front(p.c, NULL));
    type(&p, "\001x");
    for (unsigned i = 0; i < 64 && p.exits.n == 0; i++) {
        (void)chardev_write(e.chr, block, sizeof(block));
    }
    assert_int_equal(p.exits.n, 1);
    pipes_close(&p);
}

static void test_end_of_input(void **state)
{
    struct pipes p;
    struct device_end e;
    pipes_open(&p, false);
    end_attach(&e, host_chardev_front(p.c, NULL));
    type(&p, "last");
    close(p.to);
    p.to = -1;
    poll_for(p.h, &e, 4);
    int64_t before = hostloop_now_ms();
    (void)host_poll(p.h, 0);
    for (unsigned i = 0; i < 3; i++) {
        (void)host_poll(p.h, 20); /* does not spin on the closed descriptor */
    }
    assert_true(hostloop_now_ms() - before >= 35);
    close(p.from); /* the reader goes: no signal, no error */
    p.from = -1;
    say(e.chr, "nobody");
    hostloop_flush(p.h);
    pipes_close(&p);
}

static void test_kick(void **state)
{
    struct hostloop *h = hostloop_new();
    (void)host_poll(h, 0);
    hostloop_kick(h);
    assert_true(host_poll_due(h));
    int64_t before = hostloop_now_ms();
    (void)host_poll(h, 5000);
    assert_true(hostloop_now_ms() - before < 1000);
    hostloop_free(h);
}

/* ---- files, sockets, terminals ---- */

static void test_file(void **state)
{
    char *path = NULL;
    char *text = NULL;
    close(g_file_open_tmp("armature-XXXXXX", &path, NULL));
    struct hostloop *h = hostloop_new();
    g_autofree char *opts = g_strdup_printf("file,id=f,path=%s", path);
    for (unsigned i = 0; i < 2; i++) {
        g_autofree char *o = g_strconcat(opts, i != 0 ? ",append=on" : "", NULL);
        struct host_chardev *c = open_text(h, o);
        say(host_chardev_front(c, NULL), "line\n");
        host_chardev_close(c);
    }
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    assert_string_equal(text, "line\nline\n");
    GError *err = NULL;
    const struct chardev_cfg bad = {.kind = CHARDEV_FILE, .path = (char *)"/nonexistent/f"};
    assert_null(host_chardev_open(h, &bad, &err));
    assert_non_null(strstr(err->message, "No such file"));
    g_error_free(err);
    hostloop_free(h);
    g_unlink(path);
    g_free(path);
    g_free(text);
}

static int connect_to(const char *where)
{
    unsigned port = (unsigned)atoi(strrchr(where, ':') + 1);
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}

static void test_tcp_server(void **state)
{
    struct hostloop *h = hostloop_new();
    struct host_chardev *c = open_text(h, "socket,id=s,port=0,server=on,wait=off");
    struct device_end e;
    char buf[16];
    end_attach(&e, host_chardev_front(c, NULL));
    say(e.chr, "unheard");
    hostloop_flush(h);
    for (unsigned i = 1; i <= 2; i++) { /* a client comes, goes, and another comes */
        int fd = connect_to(host_chardev_where(c));
        assert_int_equal(write(fd, "hi", 2), 2);
        poll_for(h, &e, 2 * i);
        say(e.chr, "yo");
        hostloop_flush(h);
        assert_int_equal(read(fd, buf, sizeof(buf)), 2);
        assert_int_equal(e.came, i);
        close(fd);
        (void)host_poll(h, 50);
        assert_int_equal(e.left, i);
    }
    /* The port is taken now. */
    GError *err = NULL;
    struct chardev_cfg cfg;
    g_autofree char *opts = g_strdup_printf("socket,id=t,port=%d,server=on,wait=off",
                                            atoi(strrchr(host_chardev_where(c), ':') + 1));
    assert_true(chardev_cfg_parse(opts, &cfg, NULL));
    assert_null(host_chardev_open(h, &cfg, &err));
    assert_non_null(strstr(err->message, "in use"));
    g_error_free(err);
    chardev_cfg_clear(&cfg);
    host_chardev_close(c);
    hostloop_free(h);
}

static void test_unix_pair(void **state)
{
    g_autofree char *dir = g_dir_make_tmp("armature-XXXXXX", NULL);
    g_autofree char *server = g_strdup_printf("socket,id=s,path=%s/s,server=on,wait=off", dir);
    g_autofree char *client = g_strdup_printf("socket,id=c,path=%s/s", dir);
    g_autofree char *path = g_strdup_printf("%s/s", dir);
    struct hostloop *h = hostloop_new();
    struct host_chardev *s = open_text(h, server);
    struct host_chardev *c = open_text(h, client);
    struct device_end a, b;
    end_attach(&a, host_chardev_front(s, NULL));
    end_attach(&b, host_chardev_front(c, NULL));
    say(b.chr, "ping");
    poll_for(h, &a, 4);
    say(a.chr, "pong");
    poll_for(h, &b, 4);
    host_chardev_close(c);
    host_chardev_close(s);
    assert_int_not_equal(access(path, F_OK), 0); /* cleaned up */
    struct chardev_cfg cfg;
    GError *err = NULL;
    assert_true(chardev_cfg_parse(client, &cfg, NULL));
    assert_null(host_chardev_open(h, &cfg, &err)); /* nobody listens */
    assert_non_null(err);
    g_error_free(err);
    chardev_cfg_clear(&cfg);
    hostloop_free(h);
    g_rmdir(dir);
}

static void test_pty(void **state)
{
    struct hostloop *h = hostloop_new();
    struct host_chardev *c = open_text(h, "pty,id=p");
    struct device_end e;
    char buf[16];
    end_attach(&e, host_chardev_front(c, NULL));
    say(e.chr, "unheard");
    (void)host_poll(h, 0);
    int fd = open(host_chardev_where(c) + strlen("pty:"), O_RDWR | O_NOCTTY);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "k\003", 2), 2); /* raw: Ctrl-C is a byte */
    poll_for(h, &e, 2);
    say(e.chr, "o\n");
    hostloop_flush(h);
    assert_int_equal(read(fd, buf, sizeof(buf)), 2);
    close(fd);
    int64_t before = hostloop_now_ms();
    (void)host_poll(h, 20);
    (void)host_poll(h, 20);
    assert_true(hostloop_now_ms() - before >= 15); /* no spinning on the hang-up */
    host_chardev_close(c);
    hostloop_free(h);
}

/* ---- the terminal ---- */

/* In a child whose standard input is the terminal: raw, tell, wait to be told, exit. */
static void terminal_child(const char *path, int to_parent, int from_parent)
{
    char c = 0;
    (void)setsid();
    int fd = open(path, O_RDWR); /* becomes the controlling terminal */
    (void)dup2(fd, STDIN_FILENO);
    host_term_raw(false);
    if (write(to_parent, "r", 1) == 1 && read(from_parent, &c, 1) == 1) {
        exit(0); /* the exit handler restores */
    }
    _exit(1);
}

static void test_terminal(void **state)
{
    struct termios before, during, after;
    int up[2], down[2], status;
    char c, path[64];
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    assert_int_equal(ptsname_r(master, path, sizeof(path)), 0);
    int keep = open(path, O_RDWR | O_NOCTTY);
    assert_true(keep >= 0 && pipe(up) == 0 && pipe(down) == 0);
    assert_int_equal(tcgetattr(keep, &before), 0);
    pid_t child = fork();
    if (child == 0) {
        terminal_child(path, up[1], down[0]);
    }
    assert_int_equal(read(up[0], &c, 1), 1);
    assert_int_equal(tcgetattr(keep, &during), 0);
    assert_int_equal(during.c_lflag & (ICANON | ECHO | ISIG), 0);
    assert_true((during.c_oflag & OPOST) != 0);
    assert_int_equal(write(down[1], "g", 1), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(tcgetattr(keep, &after), 0);
    assert_int_equal(after.c_lflag, before.c_lflag);
    assert_int_equal(after.c_iflag, before.c_iflag);
    const int fds[] = {up[0], up[1], down[0], down[1], keep, master};
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
        close(fds[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),      cmocka_unit_test(test_short_options),
        cmocka_unit_test(test_bad_options),  cmocka_unit_test(test_testdev),
        cmocka_unit_test(test_ringbuf),      cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_escapes),      cmocka_unit_test(test_leave_while_blocked),
        cmocka_unit_test(test_end_of_input), cmocka_unit_test(test_kick),
        cmocka_unit_test(test_file),         cmocka_unit_test(test_tcp_server),
        cmocka_unit_test(test_unix_pair),    cmocka_unit_test(test_pty),
        cmocka_unit_test(test_terminal),     cmocka_unit_test(test_held_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
