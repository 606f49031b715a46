/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What came into a machine lately, in memory: the records of a journal, to be given again from any
 * place on, and marks between them. Records have numbers that stay when older ones are forgotten.
 */
#ifndef CORE_INPUT_LOG_H
#define CORE_INPUT_LOG_H

#include "core/journal.h"

/* kind of a mark; source: whose. */
#define INPUT_MARK 0xff

struct input_log;

struct input_log *input_log_new(void);
void input_log_free(struct input_log *l);
/* Copies the data. */
void input_log_add(struct input_log *l, const struct journal_rec *r);
/* The number of the next one. */
uint64_t input_log_end(const struct input_log *l);
/* Valid until the log changes. */
const struct journal_rec *input_log_at(const struct input_log *l, uint64_t n);
/* Those from n on never happened. */
void input_log_cut(struct input_log *l, uint64_t n);
/* Those before n are not needed any more. */
void input_log_forget(struct input_log *l, uint64_t n);
uint64_t input_log_bytes(const struct input_log *l);

#endif
