/* SPDX-License-Identifier: Apache-2.0 */
/* Lists for -M help, -cpu help, -device help and --version. All are allocated. */
#ifndef APP_HELP_H
#define APP_HELP_H

#include <stdbool.h>

char *help_version(void);
char *help_machines(void);
char *help_machine_properties(void);
char *help_cpus(void);
char *help_devices(void);

/* What an option whose choices are a fixed list takes; NULL: another kind of option. */
char *help_values(const char *option);

/* "help" or "?". */
bool help_asked(const char *arg);

#endif
