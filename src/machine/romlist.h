/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What loaders put into guest memory before the first instruction, kept so that a reset can put it
 * there again. Nothing is written until rom_list_write.
 */
#ifndef MACHINE_ROMLIST_H
#define MACHINE_ROMLIST_H

#include <stdint.h>

#include "base/result.h"
#include "core/bus.h"

struct rom_list;

struct rom_list *rom_list_new(void);
void rom_list_free(struct rom_list *l);

/* size >= the bytes: the rest is zero. Overlap with an earlier one is an error that names both. */
bool rom_list_add(struct rom_list *l, const char *name, uint64_t pa, GBytes *bytes, uint64_t size,
                  GError **err) NODISCARD;
/* Something else already there? */
bool rom_list_overlaps(const struct rom_list *l, uint64_t pa, uint64_t size);

/* Copy everything into memory, ROM included. An address where nothing is gives an error. */
bool rom_list_write(const struct rom_list *l, struct bus *bus, GError **err) NODISCARD;
/* Forget the contents: for machines that are never reset. */
void rom_list_drop(struct rom_list *l);

#endif
