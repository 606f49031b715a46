/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about the machine as a whole: its run state, PEs, registers, memory map. */
#include <inttypes.h>
#include <string.h>

#include "core/bus.h"

#include "debug/monitor_internal.h"

#define ISS_MAX 0x1ffffff

static bool request(struct monitor *mon, enum machine_request what, int code)
{
    struct machine_port port = machine_outer_port(mon->m);
    port.request(port.opaque, what, code);
    return true;
}

bool monitor_stop(struct monitor *mon, char **args, GString *out, GError **err)
{
    machine_pause(mon->m, MACHINE_PAUSED);
    return true;
}

bool monitor_cont(struct monitor *mon, char **args, GString *out, GError **err)
{
    return machine_resume(mon->m) ||
           fail(err, ERR_OPTION, "Resetting the Virtual Machine is required");
}

bool monitor_quit(struct monitor *mon, char **args, GString *out, GError **err)
{
    return request(mon, REQ_EXIT, 0);
}

bool monitor_system_reset(struct monitor *mon, char **args, GString *out, GError **err)
{
    return request(mon, REQ_RESET, 0);
}

bool monitor_system_powerdown(struct monitor *mon, char **args, GString *out, GError **err)
{
    return request(mon, REQ_POWER_KEY, 0);
}

bool monitor_serror(struct monitor *mon, char **args, GString *out, GError **err)
{
    uint64_t iss = 0;
    if (args[0] != NULL && !monitor_number(mon, args[0], &iss, err)) {
        return false;
    }
    if (iss > ISS_MAX) {
        return fail(err, ERR_OPTION, "a syndrome has 25 bits: IDS and ISS of ESR_ELx");
    }
    return request(mon, REQ_SERROR, SERROR_CODE(mon->pe, (unsigned)iss));
}

bool monitor_cpu_select(struct monitor *mon, char **args, GString *out, GError **err)
{
    uint64_t n;
    if (!monitor_number(mon, args[0], &n, err)) {
        return false;
    }
    if (n >= machine_n_pes(mon->m)) {
        return fail(err, ERR_OPTION, "there are %u PEs", machine_n_pes(mon->m));
    }
    mon->pe = (unsigned)n;
    return true;
}

bool monitor_info_status(struct monitor *mon, char **args, GString *out, GError **err)
{
    enum machine_state s = machine_state(mon->m);
    g_string_append_printf(out, "VM status: %s", s == MACHINE_RUNNING ? "running" : "paused");
    if (s != MACHINE_RUNNING && s != MACHINE_PAUSED) {
        g_string_append_printf(out, " (%s)", machine_state_name(s));
    }
    g_string_append_printf(out, "\nvirtual time: %" PRIu64 " ns\n",
                           machine_now(mon->m) / TICKS_PER_NS);
    return true;
}

bool monitor_info_version(struct monitor *mon, char **args, GString *out, GError **err)
{
    const struct machine_config *c = machine_get_config(mon->m);
    g_string_append_printf(out,
                           "armature: -M virt,gic-version=%s,virtualization=%s,secure=%s "
                           "-cpu %s -smp %u -m %" PRIu64 "M\n",
                           machine_gic_name(c), c->virtualization ? "on" : "off",
                           c->secure ? "on" : "off", c->cpu, c->n_pes, c->ram_bytes >> 20);
    return true;
}

bool monitor_info_cpus(struct monitor *mon, char **args, GString *out, GError **err)
{
    for (unsigned i = 0; i < machine_n_pes(mon->m); i++) {
        char line[256];
        cpu_describe(machine_pe(mon->m, i), line, sizeof(line));
        g_string_append_printf(out, "%c %s\n", i == mon->pe ? '*' : ' ', line);
    }
    return true;
}

static void core_registers(const struct cpu *c, GString *out)
{
    for (unsigned n = 0; n < 31; n++) {
        g_string_append_printf(out, "%sx%u=%016" PRIx64 "%s", n < 10 ? " " : "", n, cpu_get_x(c, n),
                               n % 4 == 3 ? "\n" : "  ");
    }
    g_string_append_printf(out,
                           " sp=%016" PRIx64 "\n pc=%016" PRIx64 "  pstate=%08" PRIx64 "  EL%u\n",
                           cpu_get_x(c, 31), cpu_get_pc(c), cpu_get_pstate(c), cpu_get_el(c));
}

bool monitor_info_registers(struct monitor *mon, char **args, GString *out, GError **err)
{
    struct cpu *c = monitor_cpu(mon);
    struct cpu_sysreg r;
    size_t before = out->len;
    if (args[0] == NULL) {
        core_registers(c, out);
        return true;
    }
    for (unsigned i = 0; cpu_sysreg_at(c, i, &r); i++) {
        uint64_t v;
        if (r.name != NULL && g_ascii_strncasecmp(r.name, args[0], strlen(args[0])) == 0 &&
            r.readable && cpu_sysreg_get(c, r.enc, &v)) {
            g_string_append_printf(out, "%-20s %016" PRIx64 "\n", r.name, v);
        }
    }
    return out->len != before || fail(err, ERR_OPTION, "no register begins with '%s'", args[0]);
}

bool monitor_info_mtree(struct monitor *mon, char **args, GString *out, GError **err)
{
    struct bus *b = machine_bus(mon->m);
    for (size_t i = 0; i < bus_n_regions(b); i++) {
        struct bus_region_info r = bus_region(b, i);
        g_string_append_printf(out, "%016" PRIx64 "-%016" PRIx64 " %s %s%s %s\n", r.base.v,
                               r.base.v + (r.size - 1), r.is_ram ? "mem" : "i/o",
                               r.pas_mask & PAS_MASK_NS ? "NS" : "  ",
                               r.pas_mask & PAS_MASK_S ? "S" : " ", r.name);
    }
    return true;
}
