/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about named snapshots: files NAME.snap in the folder of --snapshot-dir. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "machine/state.h"

#include "debug/monitor_internal.h"

#define SUFFIX         ".snap"
#define NAME_MAX_CHARS 64U
#define MIB_BYTES      (1024.0 * 1024.0)

static const char *folder(const struct monitor *mon)
{
    const char *dir = machine_get_config(mon->m)->snapshot_dir;
    return dir != NULL ? dir : ".";
}

/* A word that cannot lead out of the folder. */
static bool is_name(const char *s)
{
    size_t n = strspn(s, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-");
    return n != 0 && n <= NAME_MAX_CHARS && s[n] == '\0' && s[0] != '.' && s[0] != '-';
}

static char *path_of(const struct monitor *mon, const char *name, GError **err)
{
    if (!is_name(name)) {
        fail(err, ERR_OPTION, "'%s' is no name for a snapshot: letters, digits and . _ -", name);
        return NULL;
    }
    return g_strdup_printf("%s/%s" SUFFIX, folder(mon), name);
}

static bool exists(const struct monitor *mon, const char *name, const char *path, GError **err)
{
    return g_file_test(path, G_FILE_TEST_IS_REGULAR) ||
           fail(err, ERR_FILE, "there is no snapshot '%s' in '%s' (info snapshots)", name,
                folder(mon));
}

bool monitor_savevm(struct monitor *mon, char **args, GString *out, GError **err)
{
    const struct replay *gate = machine_get_config(mon->m)->gate;
    if (replay_has_journal(gate) && !replay_is_playing(gate)) {
        return fail(err, ERR_FILE, "not while the run is recorded: its replay can save snapshots");
    }
    g_autofree char *path = path_of(mon, args[0], err);
    return path != NULL && machine_save(mon->m, path, err);
}

bool monitor_loadvm(struct monitor *mon, char **args, GString *out, GError **err)
{
    if (replay_has_journal(machine_get_config(mon->m)->gate)) {
        return fail(err, ERR_FILE, "a run that is recorded or replayed cannot become another one");
    }
    g_autofree char *path = path_of(mon, args[0], err);
    return path != NULL && exists(mon, args[0], path, err) && machine_load(mon->m, path, err);
}

bool monitor_delvm(struct monitor *mon, char **args, GString *out, GError **err)
{
    g_autofree char *path = path_of(mon, args[0], err);
    return path != NULL && exists(mon, args[0], path, err) &&
           (unlink(path) == 0 ||
            fail(err, ERR_FILE, "cannot remove '%s': %s", path, g_strerror(errno)));
}

/* ---- the list ---- */

static void add_line(const struct monitor *mon, const char *file, GString *out)
{
    struct stat st;
    g_autofree char *path = g_strdup_printf("%s/%s", folder(mon), file);
    g_autofree char *name = g_strndup(file, strlen(file) - strlen(SUFFIX));
    if (!is_name(name) || stat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
        return;
    }
    g_autoptr(GDateTime) t = g_date_time_new_from_unix_local(st.st_mtime);
    g_autofree char *date = t != NULL ? g_date_time_format(t, "%Y-%m-%d %H:%M:%S") : NULL;
    g_string_append_printf(out, "%-24s %8.1f MiB  %s\n", name, (double)st.st_size / MIB_BYTES,
                           date != NULL ? date : "");
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool monitor_info_snapshots(struct monitor *mon, char **args, GString *out, GError **err)
{
    g_autoptr(GDir) dir = folder_open(folder(mon), err);
    if (dir == NULL) {
        return false;
    }
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    for (const char *f = g_dir_read_name(dir); f != NULL; f = g_dir_read_name(dir)) {
        if (g_str_has_suffix(f, SUFFIX)) {
            g_ptr_array_add(files, g_strdup(f));
        }
    }
    g_ptr_array_sort(files, compare_names);
    size_t before = out->len;
    for (guint i = 0; i < files->len; i++) {
        add_line(mon, g_ptr_array_index(files, i), out);
    }
    if (out->len == before) {
        g_string_append_printf(out, "There is no snapshot in '%s'.\n", folder(mon));
    }
    return true;
}
