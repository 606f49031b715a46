/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptor memory behind a walk_port, and a builder of translation tables. The builder knows the
 * formats from tables of its own, so that it does not repeat mistakes of the walker.
 */
#ifndef TESTS_FAKES_WALK_MEMORY_H
#define TESTS_FAKES_WALK_MEMORY_H

#include <glib.h>

#include "mmu/walk.h"

struct walk_memory {
    GHashTable *words[4]; /* by PAS: address -> value */
    uint64_t next_table;  /* bump allocator */
    unsigned n_reads, n_cas;
    int fail_read;          /* the read with this number is an External abort; -1: none */
    bool fail_cas;          /* every update is */
    unsigned lost_races;    /* so many updates find another value, which is then put back */
    uint64_t read_addr[64]; /* of the first reads */
    uint8_t read_pas[64];
};

struct walk_memory *walk_memory_new(void);
void walk_memory_free(struct walk_memory *m);
struct walk_port walk_memory_port(struct walk_memory *m);
uint64_t walk_memory_get(struct walk_memory *m, enum pas pas, uint64_t addr);
void walk_memory_set(struct walk_memory *m, enum pas pas, uint64_t addr, uint64_t v);
/* Naturally aligned room for a table of 2^log2 bytes. */
uint64_t walk_memory_alloc(struct walk_memory *m, unsigned log2);

/* One tree of tables. */
struct table_tree {
    struct walk_memory *m;
    enum pas pas;
    uint64_t base;         /* of the first table */
    unsigned granule_log2; /* 12, 14, 16 */
    int start_level;
    bool ds, big_endian;
};

/* Bits of an address that one entry at a level maps. */
unsigned tree_shift(unsigned granule_log2, int level);
/* The descriptor's output address field. */
uint64_t tree_address(const struct table_tree *t, uint64_t addr);
/*
 * Make va map at level to desc (complete, with its low bits), creating tables above it with the
 * attributes in table_bits. Returns the address of the descriptor.
 */
uint64_t tree_map(const struct table_tree *t, uint64_t va, int level, uint64_t desc,
                  uint64_t table_bits);
/* Address of the descriptor at level on the way to va; 0: no such. */
uint64_t tree_entry(const struct table_tree *t, uint64_t va, int level);
uint64_t tree_read(const struct table_tree *t, uint64_t entry);
void tree_write(const struct table_tree *t, uint64_t entry, uint64_t desc);

#endif
