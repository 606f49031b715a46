/* SPDX-License-Identifier: Apache-2.0 */
/* "armature trace ...": what is done with binary traces afterwards. */
#ifndef APP_TRACE_COMMAND_H
#define APP_TRACE_COMMAND_H

#include "app/optlist.h"
#include "base/result.h"
#include "debug/trace_tarmac.h"

/* Arguments after the word "trace". */
bool trace_command(int argc, char **argv, GError **err) NODISCARD;

/* pc=, from=, to=, events=; what is not there keeps its value. */
bool trace_parse_filter(const struct optlist *l, struct trace_filter *f, GError **err) NODISCARD;

#endif
