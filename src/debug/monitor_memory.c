/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that show or save memory, and choose whose memory. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "debug/disas.h"

#include "debug/monitor_internal.h"

#define LINE_BYTES 16U
#define COUNT_MAX  65536U

static const struct memory_view physical = {.kind = MEMORY_PHYSICAL};

/* ---- x, xp ---- */

struct format {
    uint64_t count;
    unsigned size;
    char letter; /* x d u o c i */
};

/* "/16xw", any order of letters: as GDB's. */
static bool parse_format(const char *s, struct format *f, GError **err)
{
    static const char sizes[] = "bhwg";
    char *end;
    *f = (struct format){1, 4, 'x'};
    if (s == NULL) {
        return true;
    }
    if (g_ascii_isdigit(s[1])) {
        f->count = g_ascii_strtoull(s + 1, &end, 10);
    } else {
        end = (char *)(uintptr_t)s + 1;
    }
    for (; *end != '\0'; end++) {
        const char *size = strchr(sizes, *end);
        if (size != NULL) {
            f->size = 1U << (size - sizes);
        } else if (strchr("xduoci", *end) != NULL) {
            f->letter = *end;
        } else {
            return fail(err, ERR_OPTION, "'%s' is not a format like /16xw (xduoci, bhwg)", s);
        }
    }
    f->size = f->letter == 'c' ? 1 : f->letter == 'i' ? 4 : f->size;
    return f->count <= COUNT_MAX || fail(err, ERR_OPTION, "at most %u values", COUNT_MAX);
}

static void put_value(GString *out, const struct format *f, const uint8_t *p)
{
    uint64_t v = 0;
    memcpy(&v, p, f->size);
    switch (f->letter) {
    case 'd':
        g_string_append_printf(out, " %" PRId64, sextract64(v, 0, f->size * 8));
        break;
    case 'u':
        g_string_append_printf(out, " %" PRIu64, v);
        break;
    case 'o':
        g_string_append_printf(out, " 0%" PRIo64, v);
        break;
    case 'c':
        g_string_append_printf(out, g_ascii_isprint((char)v) ? " '%c'" : " '\\x%02x'", (unsigned)v);
        break;
    default:
        g_string_append_printf(out, " 0x%0*" PRIx64, (int)f->size * 2, v);
        break;
    }
}

static void put_insn(GString *out, uint64_t addr, const uint8_t *p)
{
    struct disas *d = disas_new();
    char text[128];
    uint32_t word;
    memcpy(&word, p, sizeof(word));
    disas_insn(d, addr, word, text, sizeof(text));
    g_string_append_printf(out, " %08x  %s", word, text);
    disas_free(d);
}

bool monitor_print(struct monitor *mon, char **args, GString *out, GError **err)
{
    struct format f;
    bool has_format = args[0][0] == '/';
    uint64_t value;
    if (args[has_format] == NULL) {
        return fail(err, ERR_OPTION, "which value?");
    }
    if (!parse_format(has_format ? args[0] : NULL, &f, err) ||
        !monitor_number(mon, args[has_format], &value, err)) {
        return false;
    }
    f.size = f.letter == 'c' ? 1 : sizeof(value);
    if (f.letter == 'i') {
        f.letter = 'x';
    }
    put_value(out, &f, (const uint8_t *)&value);
    g_string_append_c(out, '\n');
    return true;
}

static bool dump(struct monitor *mon, const struct memory_view *view, char **args, GString *out,
                 GError **err)
{
    struct format f;
    bool has_format = args[0][0] == '/';
    const char *where = args[has_format];
    uint64_t addr;
    if (where == NULL) {
        return fail(err, ERR_OPTION, "which address?");
    }
    if (!parse_format(has_format ? args[0] : NULL, &f, err) ||
        !monitor_number(mon, where, &addr, err)) {
        return false;
    }
    for (uint64_t i = 0; i < f.count; i++, addr += f.size) {
        uint8_t v[8];
        if (i * f.size % LINE_BYTES == 0 || f.letter == 'i') {
            g_string_append_printf(out, "%s%016" PRIx64 ":", i != 0 ? "\n" : "", addr);
        }
        if (memory_read(mon->m, mon->pe, view, addr, v, f.size) != f.size) {
            g_string_append_c(out, '\n');
            return fail(err, ERR_OPTION, "cannot access memory at %#" PRIx64, addr);
        }
        if (f.letter == 'i') {
            put_insn(out, addr, v);
        } else {
            put_value(out, &f, v);
        }
    }
    g_string_append(out, f.count != 0 ? "\n" : "");
    return true;
}

bool monitor_x(struct monitor *mon, char **args, GString *out, GError **err)
{
    return dump(mon, &mon->view, args, out, err);
}

bool monitor_xp(struct monitor *mon, char **args, GString *out, GError **err)
{
    return dump(mon, &physical, args, out, err);
}

/* ---- memsave, pmemsave ---- */

static bool copy_out(struct monitor *mon, const struct memory_view *view, uint64_t addr,
                     uint64_t size, FILE *f, GError **err)
{
    uint8_t buf[4096];
    for (uint64_t done = 0; done < size;) {
        size_t n = MIN(size - done, sizeof(buf));
        if (memory_read(mon->m, mon->pe, view, addr + done, buf, n) != n) {
            return fail(err, ERR_OPTION, "Invalid addr 0x%016" PRIx64 "/size %" PRIu64 " specified",
                        addr, size);
        }
        if (fwrite(buf, 1, n, f) != n) {
            return fail(err, ERR_FILE, "cannot write: %s", g_strerror(errno));
        }
        done += n;
    }
    return true;
}

bool monitor_save(struct monitor *mon, const struct memory_view *view, uint64_t addr, uint64_t size,
                  const char *path, GError **err)
{
    FILE *f = fopen(path, "we");
    if (f == NULL) {
        return fail(err, ERR_FILE, "Could not open '%s': %s", path, g_strerror(errno));
    }
    bool ok = copy_out(mon, view, addr, size, f, err);
    if (fclose(f) != 0 && ok) {
        return fail(err, ERR_FILE, "cannot write '%s': %s", path, g_strerror(errno));
    }
    return ok;
}

static bool save_range(struct monitor *mon, const struct memory_view *view, char **args,
                       GError **err)
{
    uint64_t addr;
    uint64_t size;
    return monitor_number(mon, args[0], &addr, err) && monitor_number(mon, args[1], &size, err) &&
           monitor_save(mon, view, addr, size, args[2], err);
}

bool monitor_memsave(struct monitor *mon, char **args, GString *out, GError **err)
{
    return save_range(mon, &mon->view, args, err);
}

bool monitor_pmemsave(struct monitor *mon, char **args, GString *out, GError **err)
{
    return save_range(mon, &physical, args, err);
}

/* ---- views ---- */

bool monitor_views_context(const struct monitor *mon)
{
    return mon->view.kind == MEMORY_CONTEXT || mon->view.kind == MEMORY_VM;
}

static bool view_context(struct monitor *mon, char **args, struct memory_view *v, GError **err)
{
    unsigned pe, i;
    uint64_t n;
    if (args[1] == NULL || !monitor_number(mon, args[1], &n, err)) {
        return args[1] != NULL || fail(err, ERR_OPTION, "%s: which one?", args[0]);
    }
    v->ipa = g_strcmp0(args[2], "ipa") == 0;
    if (args[2] != NULL && !v->ipa) {
        return fail(err, ERR_OPTION, "'%s': there is 'ipa'", args[2]);
    }
    if (strcmp(args[0], "vmid") == 0) {
        v->kind = MEMORY_VM;
        v->vmid = n;
        return memory_find_context(mon->m, mon->pe, v, &pe, &i) ||
               fail(err, ERR_OPTION, "no PE has a context of VMID %" PRIu64 " (info contexts)", n);
    }
    v->kind = MEMORY_CONTEXT;
    return (n < CPU_CONTEXT_EL1 && cpu_context_at(monitor_cpu(mon), (unsigned)n, &v->context)) ||
           fail(err, ERR_OPTION, "there is no context %" PRIu64 " (info contexts)", n);
}

bool monitor_view_command(struct monitor *mon, char **args, GString *out, GError **err)
{
    struct memory_view v = {.kind = MEMORY_PE};
    if (strcmp(args[0], "context") == 0 || strcmp(args[0], "vmid") == 0) {
        if (!view_context(mon, args, &v, err)) {
            return false;
        }
    } else if (monitor_el(args[0], &v.el)) {
        v.kind = MEMORY_EL;
    } else if (strcmp(args[0], "physical") == 0) {
        v.kind = MEMORY_PHYSICAL;
    } else if (strcmp(args[0], "pe") != 0) {
        return fail(err, ERR_OPTION, "'%s' is not a view: pe, physical, el0 to el3, context, vmid",
                    args[0]);
    }
    mon->view = v;
    return true;
}

static void put_context(const struct monitor *mon, GString *out)
{
    const struct memory_view *v = &mon->view;
    unsigned pe, i;
    if (memory_find_context(mon->m, mon->pe, v, &pe, &i)) {
        g_string_append_printf(out, "%scontext %u of PE %u", v->kind == MEMORY_VM ? ", " : "of ", i,
                               pe);
    } else {
        g_string_append(out, ", of which no TLB knows any more");
    }
    g_string_append(out, v->ipa ? ", intermediate physical\n" : "\n");
}

bool monitor_info_view(struct monitor *mon, char **args, GString *out, GError **err)
{
    const struct memory_view *v = &mon->view;
    g_string_append_printf(out, "PE %u, memory ", mon->pe);
    switch (v->kind) {
    case MEMORY_PE:
        g_string_append(out, "as it sees it\n");
        break;
    case MEMORY_EL:
        g_string_append_printf(out, "as EL%u sees it\n", v->el);
        break;
    case MEMORY_CONTEXT:
        put_context(mon, out);
        break;
    case MEMORY_VM:
        g_string_append_printf(out, "of VM %" PRIu64, v->vmid);
        put_context(mon, out);
        break;
    case MEMORY_PHYSICAL:
        g_string_append(out, "physical\n");
        break;
    }
    return true;
}
