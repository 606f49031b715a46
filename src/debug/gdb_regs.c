/* SPDX-License-Identifier: Apache-2.0 */
#include "debug/gdb_regs.h"

#include <string.h>

#include "base/bits.h"
#include "cpu/cpu.h"
#include "cpu/cpu_debug.h"

/* ---- one register ---- */

static uint64_t get_sp(struct cpu *c, unsigned n)
{
    return cpu_get_x(c, 31);
}

static uint64_t get_pc(struct cpu *c, unsigned n)
{
    return cpu_get_pc(c);
}

static uint64_t get_pstate(struct cpu *c, unsigned n)
{
    return cpu_get_pstate(c);
}

static uint64_t get_fpsr(struct cpu *c, unsigned n)
{
    return cpu_get_fpsr(c);
}

static uint64_t get_fpcr(struct cpu *c, unsigned n)
{
    return cpu_get_fpcr(c);
}

static uint64_t get_x(struct cpu *c, unsigned n)
{
    return cpu_get_x(c, n);
}

static void set_sp(struct cpu *c, unsigned n, uint64_t v)
{
    cpu_set_x(c, 31, v);
}

static void set_pc(struct cpu *c, unsigned n, uint64_t v)
{
    cpu_set_pc(c, v);
}

static void set_pstate(struct cpu *c, unsigned n, uint64_t v)
{
    cpu_set_pstate(c, v);
}

static void set_fpsr(struct cpu *c, unsigned n, uint64_t v)
{
    cpu_set_fpsr(c, v);
}

static void set_fpcr(struct cpu *c, unsigned n, uint64_t v)
{
    cpu_set_fpcr(c, v);
}

static void set_x(struct cpu *c, unsigned n, uint64_t v)
{
    cpu_set_x(c, n, v);
}

/* Data and code pointers, lower and upper half: the bits that GDB strips. */
static uint64_t get_pac_mask(struct cpu *c, unsigned n)
{
    return cpu_pac_mask(c, n & 2, n & 1);
}

/* ---- the table ---- */

/* Runs of registers of one kind. */
static const struct run {
    const char *feature; /* the feature they belong to */
    const char *name;    /* the number within the run comes behind it */
    const char *type;
    const char *group; /* NULL: by type */
    uint16_t first, n;
    uint8_t bytes;
    uint64_t (*get)(struct cpu *c, unsigned n);
    void (*set)(struct cpu *c, unsigned n, uint64_t v);
} runs[] = {
    /* clang-format off */
    {"org.gnu.gdb.aarch64.core", "x", "int", NULL, 0, 31, 8, get_x, set_x},
    {"org.gnu.gdb.aarch64.core", "sp", "data_ptr", NULL, GDB_REG_SP, 1, 8, get_sp, set_sp},
    {"org.gnu.gdb.aarch64.core", "pc", "code_ptr", NULL, GDB_REG_PC, 1, 8, get_pc, set_pc},
    {"org.gnu.gdb.aarch64.core", "cpsr", "cpsr_flags", NULL, GDB_REG_CPSR, 1, 4, get_pstate, set_pstate},
    {"org.gnu.gdb.aarch64.fpu", "v", "aarch64v", NULL, GDB_REG_V0, 32, 16, NULL, NULL},
    {"org.gnu.gdb.aarch64.fpu", "fpsr", "int", "float", GDB_REG_FPSR, 1, 4, get_fpsr, set_fpsr},
    {"org.gnu.gdb.aarch64.fpu", "fpcr", "int", "float", GDB_REG_FPCR, 1, 4, get_fpcr, set_fpcr},
    {"org.gnu.gdb.aarch64.pauth_v2", "pauth_", "uint64", "system", GDB_REG_PAC, 4, 8, get_pac_mask, NULL},
    /* clang-format on */
};

static const struct run *run_of(unsigned n)
{
    for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
        if (n >= runs[i].first && n < runs[i].first + runs[i].n) {
            return &runs[i];
        }
    }
    return NULL;
}

/* ---- access ---- */

unsigned gdb_reg_size(const struct cpu *c, unsigned n)
{
    const struct run *r = run_of(n);
    struct cpu_sysreg s;
    if (r != NULL) {
        return r->bytes;
    }
    return n >= GDB_REG_SYSTEM && cpu_sysreg_at(c, n - GDB_REG_SYSTEM, &s) ? 8 : 0;
}

static bool get_system(struct cpu *c, unsigned n, uint64_t *out)
{
    struct cpu_sysreg s;
    return n >= GDB_REG_SYSTEM && cpu_sysreg_at(c, n - GDB_REG_SYSTEM, &s) && s.readable &&
           cpu_sysreg_get(c, s.enc, out);
}

bool gdb_reg_get(struct cpu *c, unsigned n, uint8_t out[GDB_REG_MAX_BYTES])
{
    const struct run *r = run_of(n);
    uint64_t d[2] = {0, 0};
    bool ok = true;

    if (r == NULL) {
        ok = get_system(c, n, d);
    } else if (r->get != NULL) {
        d[0] = r->get(c, n - r->first);
    } else {
        cpu_get_v(c, n - r->first, d);
    }
    memcpy(out, d, sizeof(d));
    return ok;
}

bool gdb_reg_set(struct cpu *c, unsigned n, const uint8_t in[GDB_REG_MAX_BYTES])
{
    const struct run *r = run_of(n);
    struct cpu_sysreg s;
    uint64_t d[2];

    memcpy(d, in, sizeof(d));
    if (r == NULL) {
        return n >= GDB_REG_SYSTEM && cpu_sysreg_at(c, n - GDB_REG_SYSTEM, &s) && s.writable &&
               cpu_sysreg_set(c, s.enc, d[0]);
    }
    if (r->set != NULL) {
        r->set(c, n - r->first, d[0]);
    } else if (r->get == NULL) {
        cpu_set_v(c, n - r->first, d);
    }
    return r->set != NULL || r->get == NULL;
}

/* ---- the target description ---- */

/* Types that registers of a feature refer to. */
static const struct {
    const char *feature, *xml;
} types[] = {
    {"org.gnu.gdb.aarch64.core", "<flags id=\"cpsr_flags\" size=\"4\">"
                                 "<field name=\"SP\" start=\"0\" end=\"0\"/>"
                                 "<field name=\"EL\" start=\"2\" end=\"3\"/>"
                                 "<field name=\"nRW\" start=\"4\" end=\"4\"/>"
                                 "<field name=\"F\" start=\"6\" end=\"6\"/>"
                                 "<field name=\"I\" start=\"7\" end=\"7\"/>"
                                 "<field name=\"A\" start=\"8\" end=\"8\"/>"
                                 "<field name=\"D\" start=\"9\" end=\"9\"/>"
                                 "<field name=\"BTYPE\" start=\"10\" end=\"11\"/>"
                                 "<field name=\"SSBS\" start=\"12\" end=\"12\"/>"
                                 "<field name=\"IL\" start=\"20\" end=\"20\"/>"
                                 "<field name=\"SS\" start=\"21\" end=\"21\"/>"
                                 "<field name=\"PAN\" start=\"22\" end=\"22\"/>"
                                 "<field name=\"UAO\" start=\"23\" end=\"23\"/>"
                                 "<field name=\"DIT\" start=\"24\" end=\"24\"/>"
                                 "<field name=\"TCO\" start=\"25\" end=\"25\"/>"
                                 "<field name=\"V\" start=\"28\" end=\"28\"/>"
                                 "<field name=\"C\" start=\"29\" end=\"29\"/>"
                                 "<field name=\"Z\" start=\"30\" end=\"30\"/>"
                                 "<field name=\"N\" start=\"31\" end=\"31\"/></flags>\n"},
    {"org.gnu.gdb.aarch64.fpu", "<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
                                "<vector id=\"v2u\" type=\"uint64\" count=\"2\"/>"
                                "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>"
                                "<vector id=\"v4u\" type=\"uint32\" count=\"4\"/>"
                                "<vector id=\"v8u\" type=\"uint16\" count=\"8\"/>"
                                "<vector id=\"v16u\" type=\"uint8\" count=\"16\"/>"
                                "<vector id=\"v1u\" type=\"uint128\" count=\"1\"/>"
                                "<union id=\"aarch64v\"><field name=\"d\" type=\"v2d\"/>"
                                "<field name=\"s\" type=\"v4f\"/><field name=\"u64\" type=\"v2u\"/>"
                                "<field name=\"u32\" type=\"v4u\"/>"
                                "<field name=\"u16\" type=\"v8u\"/>"
                                "<field name=\"u8\" type=\"v16u\"/>"
                                "<field name=\"q\" type=\"v1u\"/></union>\n"},
};

/* ends the feature before it and begins the next one; NULL: only ends. */
static void change_feature(GString *s, const char **now, const char *next)
{
    if (*now != NULL && next != NULL && strcmp(*now, next) == 0) {
        return;
    }
    g_string_append(s, *now != NULL ? "</feature>\n" : "");
    *now = next;
    if (next == NULL) {
        return;
    }
    g_string_append_printf(s, "<feature name=\"%s\">\n", next);
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        g_string_append(s, strcmp(types[i].feature, next) == 0 ? types[i].xml : "");
    }
}

static char *name_in_run(const struct run *r, unsigned i)
{
    static const char *const masks[] = {"dmask", "cmask", "dmask_high", "cmask_high"};
    if (r->first == GDB_REG_PAC) {
        return g_strconcat(r->name, masks[i], NULL);
    }
    return r->n == 1 ? g_strdup(r->name) : g_strdup_printf("%s%u", r->name, i);
}

static void add_run(GString *s, const struct run *r)
{
    for (unsigned i = 0; i < r->n; i++) {
        g_autofree char *name = name_in_run(r, i);
        g_string_append_printf(s, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\" regnum=\"%u\"", name,
                               r->bytes * 8, r->type, r->first + i);
        if (r->group != NULL) {
            g_string_append_printf(s, " group=\"%s\"", r->group);
        }
        g_string_append(s, "/>\n");
    }
}

char *gdb_regs_xml(const struct cpu *c)
{
    GString *s = g_string_new("<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM "
                              "\"gdb-target.dtd\">\n<target version=\"1.0\">\n"
                              "<architecture>aarch64</architecture>\n");
    const char *feature = NULL;
    struct cpu_sysreg r;

    for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
        change_feature(s, &feature, runs[i].feature);
        add_run(s, &runs[i]);
    }
    change_feature(s, &feature, "armature.aarch64.system");
    for (unsigned i = 0; cpu_sysreg_at(c, i, &r); i++) {
        if (r.name == NULL || !r.readable) {
            continue;
        }
        g_string_append_printf(s,
                               "<reg name=\"%s\" bitsize=\"64\" type=\"uint64\" regnum=\"%u\" "
                               "group=\"system\" save-restore=\"no\"/>\n",
                               r.name, GDB_REG_SYSTEM + i);
    }
    change_feature(s, &feature, NULL);
    g_string_append(s, "</target>\n");
    return g_string_free(s, FALSE);
}
