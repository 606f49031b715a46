/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about address translation. */
#include <inttypes.h>
#include <string.h>

#include "base/bits.h"
#include "mmu/perm.h"
#include "mmu/regime.h"

#include "debug/monitor_internal.h"

static const char *pas_name(uint8_t pas)
{
    return pas == PAS_NS ? "NS" : pas == PAS_S ? "S" : "?";
}

/* ---- walks ---- */

/* What a descriptor is: a level 3 one is a page where others are tables. */
static const char *kind_of(const struct cpu_walk_step *s)
{
    static const char *const kinds[] = {"invalid", "block", "invalid", "table"};
    unsigned low = (unsigned)extract64(s->descriptor, 0, 2);
    if (s->level == 3) {
        return low == 3 ? "page" : "invalid";
    }
    return kinds[low];
}

static void put_steps(const struct cpu_walk *w, GString *out)
{
    for (unsigned i = 0; i < w->n; i++) {
        const struct cpu_walk_step *s = &w->step[i];
        g_string_append_printf(out, "  stage %u level %d: %s:%012" PRIx64 "  %016" PRIx64 "  %s\n",
                               s->stage, s->level, pas_name(s->pas), s->at.v, s->descriptor,
                               kind_of(s));
    }
}

static const char *fault_name(uint8_t status)
{
    static const char *const by_level[] = {"Address size", "Translation", "Access flag",
                                           "Permission"};
    if (status < 0x10) {
        return by_level[status >> 2];
    }
    switch (status) {
    case 0x29:
        return "Address size, level -1";
    case 0x2b:
        return "Translation, level -1";
    default:
        return "External abort or another";
    }
}

static void put_permissions(uint8_t perm, GString *out)
{
    g_string_append_printf(out, "EL0 %c%c%c, above %c%c%c", perm & PERM_UR ? 'r' : '-',
                           perm & PERM_UW ? 'w' : '-', perm & PERM_UX ? 'x' : '-',
                           perm & PERM_PR ? 'r' : '-', perm & PERM_PW ? 'w' : '-',
                           perm & PERM_PX ? 'x' : '-');
}

static void put_result(const struct cpu_walk *w, GString *out)
{
    if (!w->ok) {
        g_string_append_printf(out, "  fault: stage %u, status 0x%02x (%s", w->fault_stage,
                               w->fault_status, fault_name(w->fault_status));
        if (w->fault_status < 0x10) {
            g_string_append_printf(out, ", level %u", w->fault_status & 3U);
        }
        g_string_append(out, ")\n");
        return;
    }
    g_string_append_printf(out, "  IPA %012" PRIx64 "  PA %s:%012" PRIx64 "  block of 2^%u, ",
                           w->ipa, pas_name(w->pas), w->pa.v, w->size_log2);
    put_permissions(w->perm, out);
    g_string_append_printf(out, ", attributes 0x%02x, shareability %u\n", w->mair, w->sh);
}

static bool walk(struct monitor *mon, const char *how, uint64_t addr, struct cpu_walk *w,
                 GError **err)
{
    struct cpu *c = monitor_cpu(mon);
    unsigned el = cpu_get_el(c);
    if (how == NULL || monitor_el(how, &el)) {
        (void)cpu_walk(c, el, addr, w);
    } else if (strcmp(how, "ipa") == 0) {
        (void)cpu_walk_context(c, CPU_CONTEXT_EL1, true, addr, w);
    } else if (strcmp(how, "view") == 0 && monitor_views_context(mon)) {
        (void)memory_walk_context(mon->m, mon->pe, &mon->view, addr, w);
    } else {
        return fail(err, ERR_OPTION,
                    "'%s': there is el0 to el3, ipa, and view when it is a context", how);
    }
    return true;
}

bool monitor_translate(struct monitor *mon, char **args, GString *out, GError **err)
{
    struct cpu_walk w = {0};
    uint64_t addr;
    if (!monitor_number(mon, args[0], &addr, err) || !walk(mon, args[1], addr, &w, err)) {
        return false;
    }
    g_string_append_printf(out, "PE %u, %s: %016" PRIx64 "\n", mon->pe,
                           args[1] != NULL ? args[1] : "as it sees it", addr);
    put_steps(&w, out);
    put_result(&w, out);
    return true;
}

bool monitor_gva2gpa(struct monitor *mon, char **args, GString *out, GError **err)
{
    struct memory_place p;
    uint64_t addr;
    if (!monitor_number(mon, args[0], &addr, err)) {
        return false;
    }
    if (memory_translate(mon->m, mon->pe, &mon->view, addr, &p)) {
        g_string_append_printf(out, "gpa: %#" PRIx64 "\n", p.pa.v);
    } else {
        g_string_append(out, "Unmapped\n");
    }
    return true;
}

/* ---- contexts ---- */

bool monitor_info_contexts(struct monitor *mon, char **args, GString *out, GError **err)
{
    static const char *const regimes[REGIME_N] = {"EL1&0", "EL2&0", "EL2", "EL3"};
    struct cpu_context x;
    for (unsigned i = 0; cpu_context_at(monitor_cpu(mon), i, &x); i++) {
        g_string_append_printf(out, "%c%3u %-5s %s %-4s", x.current ? '*' : ' ', i,
                               regimes[x.regime], pas_name(x.pas), x.el0 ? "user" : "priv");
        g_string_append_printf(out, " VMID %-5u ASID %-5u", x.vmid, x.asid);
        g_string_append_printf(out, " TTBR0 %012" PRIx64 " TTBR1 %012" PRIx64, x.ttbr[0],
                               x.ttbr[1]);
        if (x.s2) {
            g_string_append_printf(out, " VTTBR %012" PRIx64, x.vttbr);
        }
        g_string_append_printf(out, "%s%s%s\n", x.s1 ? "" : " MMU off",
                               x.shared ? " all ASIDs" : "", x.number == 0 ? " retired" : "");
    }
    return true;
}
