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

enum { GIC_CTLR = 0x0, GIC_TYPER = 0x4, GICR_TYPER = 0x8 };
#define GICR_SGI_FRAME 0x10000U

/* Registers with a field an interrupt: where they begin, also those of extended SPIs. */
enum irq_reg {
    GIC_IGROUPR,
    GIC_ISENABLER,
    GIC_ISPENDR,
    GIC_ISACTIVER,
    GIC_IPRIORITYR,
    GIC_ITARGETSR,
    GIC_ICFGR,
    GIC_IGRPMODR,
    GIC_IROUTER,
};
static const struct {
    uint16_t at, espi, bits;
} irq_regs[] = {
    [GIC_IGROUPR] = {0x80, 0x1000, 1},     [GIC_ISENABLER] = {0x100, 0x1200, 1},
    [GIC_ISPENDR] = {0x200, 0x1600, 1},    [GIC_ISACTIVER] = {0x300, 0x1a00, 1},
    [GIC_IPRIORITYR] = {0x400, 0x2000, 8}, [GIC_ITARGETSR] = {0x800, 0, 8},
    [GIC_ICFGR] = {0xc00, 0x3000, 2},      [GIC_IGRPMODR] = {0xd00, 0x3400, 1},
    [GIC_IROUTER] = {0x6000, 0x8000, 64},
};

static bool is_v3(const struct monitor *mon)
{
    return machine_get_config(mon->m)->gic_version >= 3;
}

static uint64_t redistributor(const struct monitor *mon)
{
    return virt_gicr_base(machine_get_config(mon->m)->gic_version, mon->pe);
}

static bool is_espi(unsigned intid)
{
    return intid >= INTID_OF_ESPI(0);
}

static bool is_eppi(unsigned intid)
{
    return intid >= INTID_OF_EPPI(0) && !is_espi(intid);
}

static bool is_private(unsigned intid)
{
    return intid < INTID_OF_SPI(0) || is_eppi(intid);
}

/* The field of an INTID: in the distributor, or in the PE's redistributor, which has extended PPIs
 * behind its PPIs. */
static uint64_t field_of(const struct monitor *mon, enum irq_reg reg, unsigned intid)
{
    unsigned n = is_espi(intid)   ? intid - INTID_OF_ESPI(0)
                 : is_eppi(intid) ? intid - INTID_OF_EPPI(0) + INTID_OF_SPI(0)
                                  : intid;
    unsigned bits = irq_regs[reg].bits;
    unsigned lo = n * bits % 32;
    uint64_t at = is_espi(intid) ? irq_regs[reg].espi : irq_regs[reg].at;
    at += is_private(intid) && is_v3(mon) ? redistributor(mon) + GICR_SGI_FRAME
                                          : virt_memmap[VIRT_GICD].base;
    if (bits == 64) {
        return peek(mon, at + n * UINT64_C(8), 8);
    }
    return extract32(peek32(mon, at + n * bits / 32 * UINT64_C(4)), lo, bits);
}

static void put_group(const struct monitor *mon, unsigned intid, GString *out)
{
    bool group1 = field_of(mon, GIC_IGROUPR, intid);
    bool modifier = is_v3(mon) && field_of(mon, GIC_IGRPMODR, intid);
    g_string_append(out, group1 ? "1 " : modifier ? "1S" : "0 ");
}

static void put_route(const struct monitor *mon, unsigned intid, GString *out)
{
    if (is_private(intid)) {
        g_string_append(out, "this PE");
    } else if (is_v3(mon)) {
        g_string_append_printf(out, "%" PRIx64, field_of(mon, GIC_IROUTER, intid));
    } else {
        g_string_append_printf(out, "PEs %02x", (unsigned)field_of(mon, GIC_ITARGETSR, intid));
    }
}

static void put_interrupt(const struct monitor *mon, unsigned intid, GString *out)
{
    bool enabled = field_of(mon, GIC_ISENABLER, intid);
    bool pending = field_of(mon, GIC_ISPENDR, intid);
    bool active = field_of(mon, GIC_ISACTIVER, intid);
    if (!enabled && !pending && !active) {
        return;
    }
    g_string_append_printf(out, "%5u  group ", intid);
    put_group(mon, intid, out);
    g_string_append_printf(
        out, "  priority %02x  %s  %s  %s  %s  ", (unsigned)field_of(mon, GIC_IPRIORITYR, intid),
        field_of(mon, GIC_ICFGR, intid) & 2 ? "edge " : "level", enabled ? "enabled" : "-------",
        pending ? "pending" : "-------", active ? "active" : "------");
    put_route(mon, intid, out);
    g_string_append_c(out, '\n');
}

static void put_interrupts(const struct monitor *mon, unsigned first, unsigned n, GString *out)
{
    for (unsigned i = 0; i < n; i++) {
        put_interrupt(mon, first + i, out);
    }
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

/* LPIs of the PE, and with GICv4 the virtual PE that is resident there. */
static void put_lpis(const struct monitor *mon, GString *out)
{
    static const struct {
        const char *name;
        unsigned off, size, version;
    } regs[] = {{"GICR_CTLR", 0x0, 4, 3},
                {"GICR_PROPBASER", 0x70, 8, 3},
                {"GICR_PENDBASER", 0x78, 8, 3},
                {"GICR_VPROPBASER", 0x20070, 8, 4},
                {"GICR_VPENDBASER", 0x20078, 8, 4}};
    for (size_t i = 0; i < ARRAY_LEN(regs); i++) {
        if (machine_get_config(mon->m)->gic_version >= regs[i].version) {
            g_string_append_printf(out, "%-20s %016" PRIx64 "\n", regs[i].name,
                                   peek(mon, redistributor(mon) + regs[i].off, regs[i].size));
        }
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
    unsigned n = 32 * (extract32(typer, 0, 5) + 1);
    const struct machine_config *cfg = machine_get_config(mon->m);
    g_string_append_printf(out, "GICv%u%s, PE %u, GICD_CTLR %08x, GICD_TYPER %08x\n",
                           cfg->gic_version, cfg->gic_minor != 0 ? ".1" : "", mon->pe,
                           peek32(mon, d + GIC_CTLR), typer);
    put_interrupts(mon, 0, MIN(n, 1020), out);
    if (is_v3(mon)) {
        unsigned n_eppi = 32 * extract32(peek32(mon, redistributor(mon) + GICR_TYPER), 27, 5);
        unsigned n_espi = bit(typer, 8) ? 32 * (extract32(typer, 27, 5) + 1) : 0;
        put_interrupts(mon, INTID_OF_EPPI(0), n_eppi, out);
        put_interrupts(mon, INTID_OF_ESPI(0), n_espi, out);
        put_lpis(mon, out);
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
