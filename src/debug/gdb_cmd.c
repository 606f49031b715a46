/* SPDX-License-Identifier: Apache-2.0 */
/* The packets, other than queries. GDB manual, "Remote Protocol", section "Packets". */
#include <string.h>

#include "cpu/cpu.h"
#include "debug/gdb_regs.h"
#include "debug/memory.h"

#include "debug/gdb_internal.h"

static void say(struct gdb_stub *g, const char *text)
{
    g_string_assign(g->reply, text);
}

static void say_ok(struct gdb_stub *g, bool ok)
{
    say(g, ok ? "OK" : GDB_E_INVAL);
}

/* ---- threads ---- */

bool gdb_take_thread(const struct gdb_stub *g, const char **p, int *out_pe)
{
    uint64_t id;
    if (gdb_take_char(p, 'p')) { /* a process is in front: there is one */
        (void)gdb_take_char(p, '-');
        if (!gdb_take_number(p, &id)) {
            return false;
        }
        if (!gdb_take_char(p, '.')) {
            *out_pe = -1;
            return true;
        }
    }
    bool all = gdb_take_char(p, '-');
    if (!gdb_take_number(p, &id) || (!all && id > machine_n_pes(gdb_machine(g)))) {
        return false;
    }
    *out_pe = all ? -1 : id == 0 ? (int)g->pe : (int)id - 1;
    return true;
}

/* Hg: registers and memory; Hc: what c and s step, which vCont has replaced. */
static void cmd_thread(struct gdb_stub *g, const char *p)
{
    int pe;
    char op = *p;
    const char *id = p + 1;
    if ((op != 'g' && op != 'c') || !gdb_take_thread(g, &id, &pe)) {
        say_ok(g, false);
        return;
    }
    if (pe >= 0 && op == 'g') {
        g->pe = (unsigned)pe;
        monitor_set_pe(g->monitor, g->pe);
    }
    say_ok(g, true);
}

static void cmd_alive(struct gdb_stub *g, const char *p)
{
    int pe;
    say_ok(g, gdb_take_thread(g, &p, &pe));
}

/* ---- registers ---- */

static void cmd_read_registers(struct gdb_stub *g, const char *p)
{
    for (unsigned n = 0; n < GDB_N_CORE; n++) {
        uint8_t v[GDB_REG_MAX_BYTES];
        (void)gdb_reg_get(gdb_cpu(g), n, v);
        gdb_put_hex(g->reply, v, gdb_reg_size(gdb_cpu(g), n));
    }
}

static void cmd_write_registers(struct gdb_stub *g, const char *p)
{
    if (!machine_change(gdb_machine(g))) {
        say_ok(g, false);
        return;
    }
    for (unsigned n = 0; n < GDB_N_CORE && *p != '\0'; n++) {
        uint8_t v[GDB_REG_MAX_BYTES] = {0};
        if (!gdb_take_hex(&p, v, gdb_reg_size(gdb_cpu(g), n))) {
            say_ok(g, false);
            return;
        }
        (void)gdb_reg_set(gdb_cpu(g), n, v);
    }
    say_ok(g, true);
}

static bool take_register(struct gdb_stub *g, const char **p, unsigned *out_n, unsigned *out_size)
{
    uint64_t n;
    if (!gdb_take_number(p, &n) || n > UINT16_MAX) {
        return false;
    }
    *out_n = (unsigned)n;
    *out_size = gdb_reg_size(gdb_cpu(g), *out_n);
    return *out_size != 0;
}

static void cmd_read_register(struct gdb_stub *g, const char *p)
{
    unsigned n;
    unsigned size;
    uint8_t v[GDB_REG_MAX_BYTES];
    if (!take_register(g, &p, &n, &size)) {
        say_ok(g, false);
    } else if (gdb_reg_get(gdb_cpu(g), n, v)) {
        gdb_put_hex(g->reply, v, size);
    } else {
        for (unsigned i = 0; i < size; i++) {
            g_string_append(g->reply, "xx"); /* unavailable */
        }
    }
}

static void cmd_write_register(struct gdb_stub *g, const char *p)
{
    unsigned n;
    unsigned size;
    uint8_t v[GDB_REG_MAX_BYTES] = {0};
    say_ok(g, take_register(g, &p, &n, &size) && gdb_take_char(&p, '=') &&
                  gdb_take_hex(&p, v, size) && machine_change(gdb_machine(g)) &&
                  gdb_reg_set(gdb_cpu(g), n, v));
}

/* ---- memory ---- */

static bool take_range(const char **p, uint64_t *addr, uint64_t *len)
{
    return gdb_take_number(p, addr) && gdb_take_char(p, ',') && gdb_take_number(p, len);
}

static void cmd_read_memory(struct gdb_stub *g, const char *p)
{
    uint8_t buf[GDB_PACKET_BYTES / 2 - 1];
    uint64_t addr;
    uint64_t len;
    if (!take_range(&p, &addr, &len)) {
        say_ok(g, false);
        return;
    }
    size_t n = memory_read(gdb_machine(g), g->pe, monitor_view(g->monitor), addr, buf,
                           MIN(len, sizeof(buf)));
    if (n == 0 && len != 0) {
        say(g, GDB_E_FAULT);
    } else {
        gdb_put_hex(g->reply, buf, n);
    }
}

static void write_memory(struct gdb_stub *g, uint64_t addr, const void *buf, size_t len)
{
    if (!machine_change(gdb_machine(g))) {
        say_ok(g, false);
        return;
    }
    size_t n = memory_write(gdb_machine(g), g->pe, monitor_view(g->monitor), addr, buf, len);
    say(g, n == len ? "OK" : GDB_E_FAULT);
}

static void cmd_write_memory(struct gdb_stub *g, const char *p)
{
    uint8_t buf[GDB_PACKET_BYTES / 2];
    uint64_t addr;
    uint64_t len;
    if (!take_range(&p, &addr, &len) || !gdb_take_char(&p, ':') || len > sizeof(buf) ||
        !gdb_take_hex(&p, buf, len)) {
        say_ok(g, false);
        return;
    }
    write_memory(g, addr, buf, len);
}

static void cmd_write_binary(struct gdb_stub *g, const char *p)
{
    uint64_t addr;
    uint64_t len;
    if (!take_range(&p, &addr, &len) || !gdb_take_char(&p, ':') ||
        len != g->link.len - (size_t)(p - g->link.in)) {
        say_ok(g, false);
        return;
    }
    write_memory(g, addr, p, len);
}

/* ---- running ---- */

static void cmd_why(struct gdb_stub *g, const char *p)
{
    gdb_put_stop(g);
}

static void cmd_continue(struct gdb_stub *g, const char *p)
{
    uint64_t addr;
    if (gdb_take_number(&p, &addr) && machine_change(gdb_machine(g))) {
        cpu_set_pc(gdb_cpu(g), addr);
    }
    gdb_go(g, false);
}

static void cmd_step(struct gdb_stub *g, const char *p)
{
    uint64_t addr;
    if (gdb_take_number(&p, &addr) && machine_change(gdb_machine(g))) {
        cpu_set_pc(gdb_cpu(g), addr);
    }
    gdb_go(g, true);
}

static void cmd_continue_signal(struct gdb_stub *g, const char *p)
{
    gdb_go(g, false); /* nobody to give a signal to */
}

static void cmd_step_signal(struct gdb_stub *g, const char *p)
{
    gdb_go(g, true);
}

static void cmd_back_step(struct gdb_stub *g, const char *p)
{
    gdb_back(g, true);
}

static void cmd_back_continue(struct gdb_stub *g, const char *p)
{
    gdb_back(g, false);
}

static void cmd_detach(struct gdb_stub *g, const char *p)
{
    say_ok(g, true);
    g->leaving = true;
}

static void cmd_kill(struct gdb_stub *g, const char *p)
{
    struct machine_port port = machine_outer_port(gdb_machine(g));
    g->no_reply = true; /* k has none, and the machine's end is W */
    port.request(port.opaque, REQ_EXIT, 0);
}

static void cmd_vkill(struct gdb_stub *g, const char *p)
{
    cmd_kill(g, p);
    say_ok(g, true);
    g->no_reply = false;
    g->attached = false;
}

static void cmd_cont_query(struct gdb_stub *g, const char *p)
{
    gdb_cont_query(g);
}

/* A set or a query that we do not know gets an empty answer, as all that is unknown. */
static void cmd_query(struct gdb_stub *g, const char *p)
{
    if (!gdb_query(g, g->link.in)) {
        say(g, "");
    }
}

/* ---- dispatch ---- */

/* The first that is a prefix. */
static const struct {
    const char *prefix;
    void (*run)(struct gdb_stub *g, const char *arg);
} commands[] = {
    {"?", cmd_why},
    {"g", cmd_read_registers},
    {"G", cmd_write_registers},
    {"p", cmd_read_register},
    {"P", cmd_write_register},
    {"m", cmd_read_memory},
    {"M", cmd_write_memory},
    {"X", cmd_write_binary},
    {"H", cmd_thread},
    {"T", cmd_alive},
    {"Z", gdb_point_insert},
    {"z", gdb_point_remove},
    {"q", cmd_query},
    {"Q", cmd_query},
    {"vCont?", cmd_cont_query},
    {"vCont", gdb_cont},
    {"vKill;", cmd_vkill},
    {"bs", cmd_back_step},
    {"bc", cmd_back_continue},
    {"c", cmd_continue},
    {"C", cmd_continue_signal},
    {"s", cmd_step},
    {"S", cmd_step_signal},
    {"D", cmd_detach},
    {"k", cmd_kill},
};

void gdb_command(struct gdb_stub *g)
{
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (g_str_has_prefix(g->link.in, commands[i].prefix)) {
            commands[i].run(g, g->link.in + strlen(commands[i].prefix));
            return;
        }
    }
}
