/* SPDX-License-Identifier: Apache-2.0 */
#include "app/run_files.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"

#define CACHE_VARIABLE "ARMATURE_CACHE"

/* ---- which files there are ---- */

typedef bool file_fn(void *ctx, char **path, GError **err);

struct visit {
    file_fn *fn;
    void *ctx;
};

static bool visit_file(const struct visit *v, char **path, GError **err)
{
    return *path == NULL || strcmp(*path, "none") == 0 || v->fn(v->ctx, path, err);
}

static bool visit_boot(const struct visit *v, struct options *o, GError **err)
{
    char **files[] = {&o->kernel, &o->initrd, &o->dtb, &o->bios};
    bool ok = true;
    for (size_t i = 0; i < G_N_ELEMENTS(files) && ok; i++) {
        ok = visit_file(v, files[i], err);
    }
    for (guint i = 0; i < o->items->len && ok; i++) {
        ok = visit_file(v, &g_array_index(o->items, struct boot_item, i).file, err);
    }
    for (guint i = 0; i < o->modules->len && ok; i++) {
        ok = visit_file(v, &g_array_index(o->modules, struct boot_module, i).file, err);
    }
    return ok;
}

static bool visit_fw_file(const struct visit *v, struct optlist *l, GError **err)
{
    g_autofree char *file = g_strdup(optlist_get(l, "file"));
    if (!visit_file(v, &file, err)) {
        return false;
    }
    if (g_strcmp0(file, optlist_get(l, "file")) != 0) {
        optlist_set(l, "file", file);
    }
    return true;
}

static bool visit_all(struct options *o, file_fn *fn, void *ctx, GError **err)
{
    const struct visit v = {fn, ctx};
    bool ok = visit_boot(&v, o, err);
    for (guint i = 0; i < o->fw_files->len && ok; i++) {
        ok = visit_fw_file(&v, g_ptr_array_index(o->fw_files, i), err);
    }
    for (guint i = 0; i < o->drives->len && ok; i++) {
        ok = visit_file(&v, &((struct opt_drive *)g_ptr_array_index(o->drives, i))->file, err);
    }
    return ok;
}

/* ---- into a journal ---- */

struct collection {
    const struct options *o;
    struct journal_head *h;
};

static struct journal_file *find_file(const struct journal_head *h, const char *name)
{
    for (guint i = 0; i < h->files->len; i++) {
        struct journal_file *f = &g_array_index(h->files, struct journal_file, i);
        if (strcmp(f->name, name) == 0) {
            return f;
        }
    }
    return NULL;
}

static bool collect(void *ctx, char **path, GError **err)
{
    struct collection *c = ctx;
    if (find_file(c->h, *path) != NULL) {
        return true;
    }
    g_autoptr(GBytes) bytes = file_map("--record: file", *path, err);
    if (bytes == NULL) {
        return false;
    }
    struct journal_file f = {.name = g_strdup(*path), .size = g_bytes_get_size(bytes)};
    const void *data = g_bytes_get_data(bytes, NULL);
    f.hash = hash64(data, f.size, 0);
    if (f.size <= c->o->record.embed) {
        f.data = g_bytes_new(data, f.size);
    }
    g_array_append_val(c->h->files, f);
    return true;
}

bool run_files_collect(struct options *o, struct journal_head *h, GError **err)
{
    struct collection c = {o, h};
    return visit_all(o, collect, &c, err);
}

/* ---- found again ---- */

struct search {
    const struct options *o;
    const struct journal_head *h;
    char *beside; /* the journal's folder */
    enum run_files_result result;
};

/* A path that leads to these bytes, as long as this process lives. */
static char *in_memory(const struct journal_file *f, GError **err)
{
    size_t len;
    const uint8_t *p = g_bytes_get_data(f->data, &len);
    int fd = memfd_create("armature", MFD_CLOEXEC);
    while (fd >= 0 && len != 0) {
        ssize_t n = write(fd, p, len);
        if (n <= 0) {
            close(fd);
            fd = -1;
            break;
        }
        p += n;
        len -= (size_t)n;
    }
    if (fd < 0) {
        fail(err, ERR_HOST, "no memory for '%s': %s", f->name, g_strerror(errno));
        return NULL;
    }
    return g_strdup_printf("/proc/self/fd/%d", fd);
}

static bool is_file(const struct journal_file *f, const char *path)
{
    g_autoptr(GMappedFile) m = g_mapped_file_new(path, FALSE, NULL);
    return m != NULL && g_mapped_file_get_length(m) == f->size &&
           hash64(g_mapped_file_get_contents(m), f->size, 0) == f->hash;
}

/* *other: a file of that name that is not it, if there was one. */
static bool try_path(const struct journal_file *f, char *path, char **found, char **other)
{
    if (is_file(f, path)) {
        *found = path;
        return true;
    }
    if (*other == NULL && g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        *other = path;
    } else {
        g_free(path);
    }
    return false;
}

static bool try_folder(const struct journal_file *f, const char *folder, char **found, char **other)
{
    for (const char *end = f->name + strlen(f->name); end > f->name; end--) {
        if ((end[-1] == '/' && try_path(f, g_build_filename(folder, end, NULL), found, other))) {
            return true;
        }
    }
    return f->name[0] != '/' && try_path(f, g_build_filename(folder, f->name, NULL), found, other);
}

static bool try_all(const struct search *s, const struct journal_file *f, char **found,
                    char **other)
{
    const char *cache = g_getenv(CACHE_VARIABLE);
    bool ok =
        try_path(f, g_strdup(f->name), found, other) || try_folder(f, s->beside, found, other);
    for (guint i = 0; i < s->o->images->len && !ok; i++) {
        ok = try_folder(f, g_ptr_array_index(s->o->images, i), found, other);
    }
    return ok || (cache != NULL && try_folder(f, cache, found, other));
}

static bool tell_absent(struct search *s, const struct journal_file *f, const char *other,
                        GError **err)
{
    g_autofree char *note =
        s->h->note != NULL ? g_strdup_printf(" (%s)", s->h->note) : g_strdup("");
    s->result = other != NULL ? RUN_FILES_OTHER : RUN_FILES_ABSENT;
    if (other != NULL) {
        return fail(err, ERR_FILE, "'%s' is not the file that was recorded as '%s'%s", other,
                    f->name, note);
    }
    return fail(err, ERR_FILE,
                "'%s' is not here%s: name its folder by --images or " CACHE_VARIABLE " (%" PRIu64
                " bytes, hash %016" PRIx64 ")",
                f->name, note, f->size, f->hash);
}

static bool locate(void *ctx, char **path, GError **err)
{
    struct search *s = ctx;
    const struct journal_file *f = find_file(s->h, *path);
    char *found = NULL;
    g_autofree char *other = NULL;
    if (f == NULL) {
        return true; /* an option of the replay's own */
    }
    if (f->data != NULL) {
        found = in_memory(f, err);
    } else if (!try_all(s, f, &found, &other)) {
        return tell_absent(s, f, other, err);
    }
    if (found != NULL) {
        g_free(*path);
        *path = found;
    }
    return found != NULL;
}

/* A guest that asks for its command line gets the recorded one. */
static void keep_command_line(struct options *o)
{
    const char *append = o->append != NULL ? o->append : "";
    if (o->semihosting.args == NULL && o->kernel != NULL) {
        o->semihosting.args = g_string_new(o->kernel);
        g_string_append_printf(o->semihosting.args, "%s%s", *append != '\0' ? " " : "", append);
    }
}

enum run_files_result run_files_locate(struct options *o, const struct journal_head *h,
                                       const char *path, GError **err)
{
    g_autofree char *beside = g_path_get_dirname(path);
    struct search s = {o, h, beside, RUN_FILES_ABSENT};
    keep_command_line(o);
    return visit_all(o, locate, &s, err) ? RUN_FILES_FOUND : s.result;
}
