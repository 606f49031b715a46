/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about interrupts and timers: what the registers of the GIC and of the PE say. */
#include <inttypes.h>
#include <string.h>

#include "base/bits.h"
#include "machine/memmap.h"

#include "debug/monitor_internal.h"

/* ---- registers in memory ---- */

/* A register as this PE sees it, without side effects. */
static uint64_t peek(const struct monitor *mon, uint64_t at, unsigned size)
{
    struct bus_txn t = {
        .pa = pa(at),
        .attrs = {.requester_id = mon->pe,
                  .pas = machine_get_config(mon->m)->secure ? PAS_S : PAS_NS,
                  .priv = true},
        .size = (uint8_t)size,
        .debug = true,
    };
    return bus_access(machine_bus(mon->m), &t) == BUS_OK ? t.data : 0;
}

static uint32_t peek32(const struct monitor *mon, uint64_t at)
{
    return (uint32_t)peek(mon, at, 4);
}

/* ---- the GIC ---- */

enum {
    GIC_CTLR = 0x0,
    GIC_TYPER = 0x4,
    GIC_IGROUPR = 0x80,
    GIC_ISENABLER = 0x100,
    GIC_ISPENDR = 0x200,
    GIC_ISACTIVER = 0x300,
    GIC_IPRIORITYR = 0x400,
    GIC_ITARGETSR = 0x800,
    GIC_ICFGR = 0xc00,
    GIC_IGRPMODR = 0xd00,
    GIC_IROUTER = 0x6000,
};
#define GICR_SGI_FRAME 0x10000U

static bool is_v3(const struct monitor *mon)
{
    return machine_get_config(mon->m)->gic_version >= 3;
}

/* Where the registers of an INTID are: the distributor, or the PE's redistributor. */
static uint64_t bank_of(const struct monitor *mon, unsigned intid)
{
    if (intid >= 32 || !is_v3(mon)) {
        return virt_memmap[VIRT_GICD].base;
    }
    return virt_memmap[VIRT_GICR].base +
           mon->pe * virt_gicr_stride(machine_get_config(mon->m)->gic_version) + GICR_SGI_FRAME;
}

static bool bit_of(const struct monitor *mon, unsigned reg, unsigned intid)
{
    return bit(peek32(mon, bank_of(mon, intid) + reg + intid / 32 * UINT64_C(4)), intid % 32);
}

static void put_group(const struct monitor *mon, unsigned intid, GString *out)
{
    bool group1 = bit_of(mon, GIC_IGROUPR, intid);
    bool modifier = is_v3(mon) && bit_of(mon, GIC_IGRPMODR, intid);
    g_string_append(out, group1 ? "1 " : modifier ? "1S" : "0 ");
}

static void put_route(const struct monitor *mon, unsigned intid, GString *out)
{
    uint64_t d = virt_memmap[VIRT_GICD].base;
    if (intid < 32) {
        g_string_append(out, "this PE");
    } else if (is_v3(mon)) {
        g_string_append_printf(out, "%" PRIx64,
                               peek(mon, d + GIC_IROUTER + intid * UINT64_C(8), 8));
    } else {
        g_string_append_printf(out, "PEs %02x", (unsigned)peek(mon, d + GIC_ITARGETSR + intid, 1));
    }
}

static void put_interrupt(const struct monitor *mon, unsigned intid, GString *out)
{
    uint64_t bank = bank_of(mon, intid);
    bool enabled = bit_of(mon, GIC_ISENABLER, intid);
    bool pending = bit_of(mon, GIC_ISPENDR, intid);
    bool active = bit_of(mon, GIC_ISACTIVER, intid);
    if (!enabled && !pending && !active) {
        return;
    }
    uint32_t cfg = peek32(mon, bank + GIC_ICFGR + intid / 16 * UINT64_C(4)) >> (intid % 16 * 2);
    g_string_append_printf(out, "%5u  group ", intid);
    put_group(mon, intid, out);
    g_string_append_printf(out, "  priority %02x  %s  %s  %s  %s  ",
                           (unsigned)peek(mon, bank + GIC_IPRIORITYR + intid, 1),
                           cfg & 2 ? "edge " : "level", enabled ? "enabled" : "-------",
                           pending ? "pending" : "-------", active ? "active" : "------");
    put_route(mon, intid, out);
    g_string_append_c(out, '\n');
}

/* The CPU interface of GICv2, in memory. */
static void put_memory_interface(const struct monitor *mon, GString *out)
{
    static const struct {
        const char *name;
        unsigned off;
    } regs[] = {{"GICC_CTLR", 0x0},
                {"GICC_PMR", 0x4},
                {"GICC_BPR", 0x8},
                {"GICC_RPR", 0x14},
                {"GICC_HPPIR", 0x18}};
    for (size_t i = 0; i < ARRAY_LEN(regs); i++) {
        g_string_append_printf(out, "%-20s %08x\n", regs[i].name,
                               peek32(mon, virt_memmap[VIRT_GICC].base + regs[i].off));
    }
}

/* That of GICv3: every ICC and ICH register. */
static void put_register_interface(const struct monitor *mon, GString *out)
{
    struct cpu_sysreg r;
    for (unsigned i = 0; cpu_sysreg_at(monitor_cpu(mon), i, &r); i++) {
        uint64_t v;
        if (r.name != NULL && r.readable &&
            (g_str_has_prefix(r.name, "ICC_") || g_str_has_prefix(r.name, "ICH_")) &&
            cpu_sysreg_get(monitor_cpu(mon), r.enc, &v)) {
            g_string_append_printf(out, "%-20s %016" PRIx64 "\n", r.name, v);
        }
    }
}

bool monitor_info_gic(struct monitor *mon, char **args, GString *out, GError **err)
{
    uint64_t d = virt_memmap[VIRT_GICD].base;
    uint32_t typer = peek32(mon, d + GIC_TYPER);
    unsigned n = 32 * ((typer & 31) + 1);
    g_string_append_printf(out, "GICv%u, PE %u, GICD_CTLR %08x, GICD_TYPER %08x\n",
                           machine_get_config(mon->m)->gic_version, mon->pe,
                           peek32(mon, d + GIC_CTLR), typer);
    for (unsigned intid = 0; intid < MIN(n, 1020); intid++) {
        put_interrupt(mon, intid, out);
    }
    (is_v3(mon) ? put_register_interface : put_memory_interface)(mon, out);
    return true;
}

/* ---- timers ---- */

static const struct {
    const char *name, *ctl, *cval, *count;
} timers[] = {
    {"EL1 physical", "CNTP_CTL_EL0", "CNTP_CVAL_EL0", "CNTPCT_EL0"},
    {"EL1 virtual", "CNTV_CTL_EL0", "CNTV_CVAL_EL0", "CNTVCT_EL0"},
    {"EL2 physical", "CNTHP_CTL_EL2", "CNTHP_CVAL_EL2", "CNTPCT_EL0"},
    {"EL2 virtual", "CNTHV_CTL_EL2", "CNTHV_CVAL_EL2", "CNTPCT_EL0"},
    {"Secure EL1", "CNTPS_CTL_EL1", "CNTPS_CVAL_EL1", "CNTPCT_EL0"},
    {"Secure EL2 phys.", "CNTHPS_CTL_EL2", "CNTHPS_CVAL_EL2", "CNTPCT_EL0"},
    {"Secure EL2 virt.", "CNTHVS_CTL_EL2", "CNTHVS_CVAL_EL2", "CNTPCT_EL0"},
};

static void put_timer(const struct monitor *mon, size_t i, GString *out)
{
    uint64_t ctl;
    uint64_t cval;
    uint64_t count;
    if (!monitor_register(mon, timers[i].ctl, &ctl) ||
        !monitor_register(mon, timers[i].cval, &cval) ||
        !monitor_register(mon, timers[i].count, &count)) {
        return; /* not in this machine */
    }
    g_string_append_printf(out, "%-16s  %-8s %-6s %-3s  compare %016" PRIx64 "  in %" PRId64 "\n",
                           timers[i].name, bit(ctl, 0) ? "enabled" : "disabled",
                           bit(ctl, 1) ? "masked" : "", bit(ctl, 2) ? "met" : "", cval,
                           (int64_t)(cval - count));
}

bool monitor_info_timers(struct monitor *mon, char **args, GString *out, GError **err)
{
    static const char *const counters[] = {"CNTFRQ_EL0", "CNTPCT_EL0", "CNTVCT_EL0", "CNTVOFF_EL2"};
    for (size_t i = 0; i < ARRAY_LEN(counters); i++) {
        uint64_t v;
        if (monitor_register(mon, counters[i], &v)) {
            g_string_append_printf(out, "%-12s %016" PRIx64 "\n", counters[i], v);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(timers); i++) {
        put_timer(mon, i, out);
    }
    return true;
}
