/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <sys/stat.h>

static const char *not_a_file(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        return errno == ENOENT ? "does not exist" : "cannot be reached";
    }
    if (S_ISDIR(st.st_mode)) {
        return "is a directory";
    }
    /* A FIFO would wait for its writer, a device may never end. */
    return S_ISREG(st.st_mode) ? NULL : "is not a regular file";
}

GBytes *file_map(const char *what, const char *path, GError **err)
{
    const char *why = not_a_file(path);
    if (why != NULL) {
        fail(err, ERR_FILE, "%s '%s' %s", what, path, why);
        return NULL;
    }
    g_autoptr(GMappedFile) map = g_mapped_file_new(path, FALSE, NULL);
    if (map == NULL) {
        fail(err, ERR_FILE, "cannot read %s '%s': %s", what, path, g_strerror(errno));
        return NULL;
    }
    return g_mapped_file_get_bytes(map);
}

GDir *folder_open(const char *path, GError **err)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    if (dir == NULL) {
        fail(err, ERR_FILE, "cannot read the folder '%s': %s", path, g_strerror(errno));
    }
    return dir;
}
