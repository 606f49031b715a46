/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka, with what it needs in front, and without its fail(): that is ours (base/result.h). */
#ifndef TESTS_FAKES_UNIT_H
#define TESTS_FAKES_UNIT_H

/* cmocka.h needs the others first. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#undef fail

#endif
