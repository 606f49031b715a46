/* SPDX-License-Identifier: Apache-2.0 */
/* A PE without a board, for tests of sys/. */
#ifndef TESTS_FAKES_PE_H
#define TESTS_FAKES_PE_H

#include "cpu/cpu_internal.h"

/* Fail with a message (fakes/unit.h comes first). */
#define FAIL(...)                                                                                  \
    do {                                                                                           \
        print_error(__VA_ARGS__);                                                                  \
        print_error("\n");                                                                         \
        _fail(__FILE__, __LINE__);                                                                 \
    } while (0)

struct pe_config {
    const char *model; /* NULL: max */
    bool no_el2, no_el3;
};

/* Reset, at the highest EL; test ends if the model is refused. */
struct cpu *pe_new(const struct pe_config *cfg);
void pe_free(struct cpu *c);
/* Enter EL el, as an exception return would. */
void pe_set_el(struct cpu *c, unsigned el);
/* Write a register as EL3 (without checks). */
void pe_set(struct cpu *c, enum sr_id id, uint64_t v);

#endif
