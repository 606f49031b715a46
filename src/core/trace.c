/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trace.h"

#include <string.h>

const struct trace_kind_desc trace_kinds[TRACE_N_KINDS] = {
    [TRACE_EXCEPTION] = {"exception",
                         TRACE_EXC,
                         {"u:type", "u:from", "u:to", "x:esr", "x:far", "x:elr", "x:pc", "x:pstate",
                          "x:sp", "u:pas"}},
    [TRACE_RETURN] = {"eret", TRACE_EXC, {"u:from", "u:to", "x:pc", "x:pstate", "x:sp", "u:pas"}},
    [TRACE_CONTEXT] = {"context", TRACE_CTX, {"u:el", "u:pas", "u:vmid", "u:asid", "x:contextidr"}},
    [TRACE_WALK] = {"walk", TRACE_MMU, {"u:access", "x:va", "x:pa", "u:size_log2"}},
    [TRACE_WALK_FAULT] = {"fault", TRACE_MMU, {"u:access", "x:va", "u:stage", "x:status", "x:ipa"}},
    [TRACE_DESCRIPTOR] = {"descriptor", TRACE_MMU, {"x:at", "x:old", "x:new"}},
    [TRACE_TLBI] = {"tlbi", TRACE_TLB, {"x:insn", "x:operand", "u:broadcast"}},
    [TRACE_IRQ_LINE] = {"irq_line", TRACE_GIC, {"u:line", "u:level"}},
    [TRACE_GIC_PENDING] = {"gic_pending", TRACE_GIC, {"u:intid"}},
    [TRACE_GIC_ACTIVATE] = {"gic_activate", TRACE_GIC, {"u:intid", "u:virtual"}},
    [TRACE_GIC_EOI] = {"gic_eoi", TRACE_GIC, {"u:intid", "u:virtual"}},
    [TRACE_GIC_LR] = {"gic_list_register", TRACE_GIC, {"u:n", "x:value"}},
    [TRACE_TIMER_SET] = {"timer_set", TRACE_TIMER, {"u:timer", "u:ctl", "u:cval"}},
    [TRACE_TIMER_FIRE] = {"timer_fire", TRACE_TIMER, {"u:timer"}},
    [TRACE_PE_ON] = {"cpu_on", TRACE_EXC, {"u:pe", "x:pc", "u:el"}},
    [TRACE_PE_OFF] = {"cpu_off", TRACE_EXC, {"u:pe", "x:pc", "u:el"}},
    [TRACE_PE_RESET] = {"warm_reset", TRACE_EXC, {"u:pe", "x:pc", "u:el"}},
};

unsigned trace_n_args(enum trace_kind k)
{
    unsigned n = 0;
    while (trace_kinds[k].args[n] != NULL) {
        n++;
    }
    return n;
}

/* NULL behind the last one. */
static const char *const group_names[TRACE_N_GROUPS + 1] = {
    [TRACE_INSN] = "insn", [TRACE_REG] = "reg", [TRACE_MEM] = "mem",
    [TRACE_EXC] = "exc",   [TRACE_CTX] = "ctx", [TRACE_MMU] = "mmu",
    [TRACE_TLB] = "tlb",   [TRACE_GIC] = "gic", [TRACE_TIMER] = "timer",
};

static bool parse_group(const char *name, uint32_t *out)
{
    if (strcmp(name, "all") == 0) {
        *out |= TRACE_ALL_GROUPS;
        return true;
    }
    for (unsigned g = 0; g < TRACE_N_GROUPS; g++) {
        if (strcmp(name, group_names[g]) == 0) {
            *out |= 1U << g;
            return true;
        }
    }
    return false;
}

bool trace_parse_groups(const char *names, uint32_t *out, GError **err)
{
    g_auto(GStrv) words = g_strsplit_set(names, ",+", -1);
    *out = 0;
    for (char **w = words; *w != NULL; w++) {
        if (!parse_group(*w, out)) {
            g_autofree char *all = g_strjoinv(" ", (char **)(uintptr_t)group_names);
            return fail(err, ERR_OPTION, "events: '%s' is none of: %s all", *w, all);
        }
    }
    return *out != 0 || fail(err, ERR_OPTION, "events= names nothing to record");
}
