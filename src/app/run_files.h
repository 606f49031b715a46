/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that a command reads: into a journal when it is recorded, found again when it is
 * replayed. A file is what its content says: one of that name with another content is not it.
 */
#ifndef APP_RUN_FILES_H
#define APP_RUN_FILES_H

#include "app/options.h"
#include "core/journal_head.h"

/* Every file of the machine of `o`, with its hash; the small ones with their content. */
bool run_files_collect(struct options *o, struct journal_head *h, GError **err) NODISCARD;

/*
 * Lead the options to the files of a journal at `path`: those in it, else where the command had
 * them, beside the journal, or in a folder of images. There any end of the recorded name will do:
 * a/b/c is found as FOLDER/c, FOLDER/b/c, FOLDER/a/b/c.
 */
enum run_files_result { RUN_FILES_FOUND, RUN_FILES_ABSENT, RUN_FILES_OTHER };
enum run_files_result run_files_locate(struct options *o, const struct journal_head *h,
                                       const char *path, GError **err) NODISCARD;

#endif
