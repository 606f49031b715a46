/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How functions report outcomes.
 *
 * A user or host error is `bool f(..., GError **err)`: true on success, err set otherwise.
 * A guest error is an architectural outcome, never one of these.
 * ASSERT states what only a bug of ours can break: its operands never come from guest memory, guest
 * registers, images or snapshots.
 */
#ifndef BASE_RESULT_H
#define BASE_RESULT_H

#include <glib.h>
#include <stdbool.h>

#define NODISCARD __attribute__((warn_unused_result))

#if defined(__clang_analyzer__) /* tools/check_tidy.py: what it may take for granted */
#define ASSERT(x) ((x) ? (void)0 : __builtin_unreachable())
#elif defined(NDEBUG)
#define ASSERT(x) ((void)sizeof(x))
#else
#define ASSERT(x) g_assert(x)
#endif

/* Errors meant for the user. One domain; the message names the thing and what to do. */
#define ARMATURE_ERROR (armature_error_quark())
enum armature_error {
    ERR_OPTION, /* a command-line option or property */
    ERR_FILE,   /* an image, disk, journal or other file */
    ERR_HOST,   /* the host refused something: port, memory, terminal */
};
GQuark armature_error_quark(void);

/* Set *err to a formatted message; always returns false, so `return fail(err, ...)`. */
bool fail(GError **err, enum armature_error code, const char *fmt, ...) G_GNUC_PRINTF(3, 4);

#endif
