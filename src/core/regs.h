/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory-mapped registers as tables. One engine serves every device: decode, access widths, masks,
 * reset, names. A hook holds only what masks cannot say.
 *
 * Write: new = (old & ~wmask) | (v & wmask); then old &= ~(v & w1c); old |= v & w1s. Then .write is
 * called with the value as written by the guest. Read: storage, or .read's result. Partial accesses
 * (allowed by .widths, inside the register) are merged into a full-width one; a write of part of a
 * register keeps the other bytes, or writes zeros there for w1c/w1s registers.
 */
#ifndef CORE_REGS_H
#define CORE_REGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct device;
struct bus_txn;

enum reg_width { W8 = 1, W16 = 2, W32 = 4, W64 = 8 }; /* allowed access sizes, in bytes, or-ed */

enum reg_flags {
    REGF_VIEW = 1 << 0,    /* shows storage owned by another register, or computed: never saved */
    REGF_NORESET = 1 << 1, /* keeps its value at warm reset */
    REGF_SECURE = 1 << 2,  /* RAZ/WI for Non-secure accesses */
};

struct reg_field {
    const char *name;
    uint8_t lo, len;
};

struct reg_desc {
    const char *name;
    uint32_t offset;
    uint16_t count;  /* 0 and 1: one register; else an array */
    uint16_t stride; /* bytes between array elements; 0: size */
    uint8_t size;    /* bytes: 1, 2, 4, 8 */
    uint8_t widths;  /* enum reg_width, or-ed; 0: size only */
    uint16_t flags;
    uint64_t reset, wmask, w1c, w1s;
    /* Storage: offset and element size of the field in the state struct; st_size 0: none. */
    uint32_t st_off;
    uint8_t st_size;
    /* idx: array element. Hooks may be NULL. */
    uint64_t (*read)(struct device *d, const struct reg_desc *r, unsigned idx,
                     const struct bus_txn *t);
    void (*write)(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                  const struct bus_txn *t);
    const struct reg_field *fields;
};

/* ST(struct pl011, cr) names a field as a register's storage. For arrays, the array's name. */
#define ST(type, field)                                                                            \
    .st_off = offsetof(type, field), .st_size = sizeof(*(_Generic(&((type *)0)->field,             \
                                                             uint8_t *: (uint8_t *)0,              \
                                                             uint16_t *: (uint16_t *)0,            \
                                                             uint32_t *: (uint32_t *)0,            \
                                                             uint64_t *: (uint64_t *)0)))
#define ST_ARRAY(type, field)                                                                      \
    .st_off = offsetof(type, field), .st_size = sizeof(((type *)0)->field[0])

struct reg_block {
    const char *name; /* region name, "regs" */
    uint32_t size;    /* bytes of address space */
    const struct reg_desc *regs;
    size_t n_regs;
    /* 0: an access to no register is RAZ/WI with a log_guest line; else BUS_SLVERR. */
    bool unmapped_is_error;
};

/* Reset all storage described by the block. */
void regs_reset(struct device *d, const struct reg_block *b, bool warm);
/* Perform t (pa = offset) on the block. Misaligned or wrong-width accesses are guest errors: RAZ/WI
 * and one log line. */
int regs_access(struct device *d, const struct reg_block *b, struct bus_txn *t);
/* The descriptor at an offset, or NULL; *out_idx its array index. */
const struct reg_desc *regs_find(const struct reg_block *b, uint32_t offset, unsigned *out_idx);

#endif
