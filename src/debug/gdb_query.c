/* SPDX-License-Identifier: Apache-2.0 */
/* Queries and settings: q and Q packets. GDB manual, "General Query Packets"; qqemu.*: QEMU's
 * manual, "GDB usage". */
#include <inttypes.h>
#include <string.h>

#include "cpu/cpu.h"
#include "debug/gdb_regs.h"

#include "debug/gdb_internal.h"

/* Characters of output that one packet takes, two digits each. */
#define OUTPUT_CHUNK (GDB_PACKET_BYTES / 2 - 1)

static void query_supported(struct gdb_stub *g, const char *p)
{
    g_string_printf(g->reply,
                    "PacketSize=%x;qXfer:features:read+;qXfer:threads:read+;vContSupported+;"
                    "QStartNoAckMode+%s",
                    GDB_PACKET_BYTES,
                    machine_has_history(gdb_machine(g)) ? ";ReverseStep+;ReverseContinue+" : "");
}

static void set_no_ack(struct gdb_stub *g, const char *p)
{
    /* From the next packet on: this one has been acknowledged, its answer will be. */
    g->link.no_ack = true;
    g_string_assign(g->reply, "OK");
}

static void query_attached(struct gdb_stub *g, const char *p)
{
    g_string_assign(g->reply, "1");
}

static void query_symbol(struct gdb_stub *g, const char *p)
{
    g_string_assign(g->reply, "OK");
}

/* LLDB's. It steps over a watched access by itself, if it knows that we stop in front of it, and
 * how many watchpoints there are: any number. */
static void query_watchpoints(struct gdb_stub *g, const char *p)
{
    g_string_assign(g->reply, "num:255;");
}

static void query_host(struct gdb_stub *g, const char *p)
{
    static const char triple[] = "aarch64-unknown-unknown";
    g_string_assign(g->reply, "triple:");
    gdb_put_hex(g->reply, triple, strlen(triple));
    g_string_append(g->reply, ";ptrsize:8;endian:little;watchpoint_exceptions_received:before;");
}

/* ---- threads ---- */

static void query_thread(struct gdb_stub *g, const char *p)
{
    g_string_printf(g->reply, "QC%x", g->pe + 1);
}

static void list_threads(struct gdb_stub *g)
{
    unsigned n = machine_n_pes(gdb_machine(g));
    g_string_assign(g->reply, g->listed < n ? "m" : "l");
    for (unsigned i = 0; i < 256 && g->listed < n; i++) {
        g_string_append_printf(g->reply, "%s%x", i != 0 ? "," : "", ++g->listed);
    }
}

static void query_first_threads(struct gdb_stub *g, const char *p)
{
    g->listed = 0;
    list_threads(g);
}

static void query_more_threads(struct gdb_stub *g, const char *p)
{
    list_threads(g);
}

static char *describe_pe(const struct gdb_stub *g, unsigned pe)
{
    const struct cpu *c = machine_pe(gdb_machine(g), pe);
    const char *what = cpu_power_state(c) == CPU_OFF ? "off" : cpu_has_work(c) ? "on" : "waits";
    return g_strdup_printf("PE %u %08" PRIx64 " EL%u %s", pe, machine_mpidr(gdb_machine(g), pe),
                           cpu_get_el(c), what);
}

static void query_thread_info(struct gdb_stub *g, const char *p)
{
    int pe;
    if (!gdb_take_thread(g, &p, &pe) || pe < 0) {
        g_string_assign(g->reply, GDB_E_INVAL);
        return;
    }
    g_autofree char *text = describe_pe(g, (unsigned)pe);
    gdb_put_hex(g->reply, text, strlen(text));
}

/* ---- documents ---- */

/* "offset,length" of a text: a part of it. */
static void send_part(struct gdb_stub *g, const char *p, const char *text)
{
    uint64_t off;
    uint64_t len;
    size_t all = strlen(text);
    if (!gdb_take_number(&p, &off) || !gdb_take_char(&p, ',') || !gdb_take_number(&p, &len) ||
        off > all) {
        g_string_assign(g->reply, GDB_E_INVAL);
        return;
    }
    size_t n = MIN(MIN(len, all - off), GDB_PACKET_BYTES / 2);
    g_string_assign(g->reply, n < all - off ? "m" : "l");
    g_string_append_len(g->reply, text + off, (gssize)n);
}

static void read_features(struct gdb_stub *g, const char *p)
{
    if (g->xml == NULL) {
        g->xml = gdb_regs_xml(gdb_cpu(g));
    }
    send_part(g, p, g->xml);
}

static void read_threads(struct gdb_stub *g, const char *p)
{
    g_autoptr(GString) s = g_string_new("<?xml version=\"1.0\"?>\n<threads>\n");
    for (unsigned i = 0; i < machine_n_pes(gdb_machine(g)); i++) {
        g_autofree char *text = describe_pe(g, i);
        g_string_append_printf(s, "<thread id=\"%x\" core=\"%u\">%s</thread>\n", i + 1, i, text);
    }
    g_string_append(s, "</threads>\n");
    send_part(g, p, s->str);
}

/* ---- the monitor ---- */

static void run_monitor(struct gdb_stub *g, const char *p)
{
    uint8_t line[GDB_PACKET_BYTES / 2 + 1] = {0};
    size_t len = strlen(p) / 2;
    if (len >= sizeof(line) || !gdb_take_hex(&p, line, len)) {
        g_string_assign(g->reply, GDB_E_INVAL);
        return;
    }
    g_autoptr(GString) out = g_string_new(NULL);
    monitor_run(g->monitor, (const char *)line, out);
    for (size_t at = 0; at < out->len; at += OUTPUT_CHUNK) {
        g_autoptr(GString) packet = g_string_new("O");
        gdb_put_hex(packet, out->str + at, MIN(OUTPUT_CHUNK, out->len - at));
        gdb_link_reply(&g->link, packet->str, packet->len);
    }
    g_string_assign(g->reply, "OK");
}

/* ---- QEMU's ---- */

static void query_qemu(struct gdb_stub *g, const char *p)
{
    g_string_assign(g->reply, "sstepbits;sstep;PhyMemMode");
}

static void query_sstep_bits(struct gdb_stub *g, const char *p)
{
    g_string_printf(g->reply, "ENABLE=%x,NOIRQ=%x,NOTIMER=%x", SSTEP_ENABLE, SSTEP_NOIRQ,
                    SSTEP_NOTIMER);
}

static void query_sstep(struct gdb_stub *g, const char *p)
{
    g_string_printf(g->reply, "0x%x", g->sstep);
}

static void set_sstep(struct gdb_stub *g, const char *p)
{
    uint64_t v;
    if (!gdb_take_number(&p, &v) || v > (SSTEP_ENABLE | SSTEP_NOIRQ | SSTEP_NOTIMER)) {
        g_string_assign(g->reply, GDB_E_INVAL);
        return;
    }
    g->sstep = (uint8_t)v;
    g_string_assign(g->reply, "OK");
}

static void query_physical(struct gdb_stub *g, const char *p)
{
    g_string_assign(g->reply, monitor_view(g->monitor)->kind == MEMORY_PHYSICAL ? "1" : "0");
}

static void set_physical(struct gdb_stub *g, const char *p)
{
    struct memory_view v = {.kind = *p == '0' ? MEMORY_PE : MEMORY_PHYSICAL};
    monitor_set_view(g->monitor, &v);
    g_string_assign(g->reply, "OK");
}

/* ---- dispatch ---- */

/* The first that is a prefix. */
static const struct {
    const char *prefix;
    void (*run)(struct gdb_stub *g, const char *arg);
} queries[] = {
    {"qSupported", query_supported},
    {"QStartNoAckMode", set_no_ack},
    {"qAttached", query_attached},
    {"qHostInfo", query_host},
    {"qWatchpointSupportInfo:", query_watchpoints},
    {"qSymbol:", query_symbol},
    {"qfThreadInfo", query_first_threads},
    {"qsThreadInfo", query_more_threads},
    {"qThreadExtraInfo,", query_thread_info},
    {"qXfer:features:read:target.xml:", read_features},
    {"qXfer:threads:read::", read_threads},
    {"qRcmd,", run_monitor},
    {"qqemu.Supported", query_qemu},
    {"qqemu.sstepbits", query_sstep_bits},
    {"qqemu.sstep", query_sstep},
    {"Qqemu.sstep=", set_sstep},
    {"Qqemu.sstep:", set_sstep},
    {"qqemu.PhyMemMode", query_physical},
    {"Qqemu.PhyMemMode:", set_physical},
};

bool gdb_query(struct gdb_stub *g, const char *p)
{
    if (strcmp(p, "qC") == 0) {
        query_thread(g, p);
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(queries); i++) {
        if (g_str_has_prefix(p, queries[i].prefix)) {
            queries[i].run(g, p + strlen(queries[i].prefix));
            return true;
        }
    }
    return false;
}
