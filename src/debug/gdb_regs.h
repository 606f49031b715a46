/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of a PE as GDB numbers them, and the target description that says so. Core and
 * FP/SIMD registers in the order of GDB's own features, then every system register by name.
 */
#ifndef DEBUG_GDB_REGS_H
#define DEBUG_GDB_REGS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct cpu;

enum {
    GDB_REG_FP = 29,
    GDB_REG_SP = 31,
    GDB_REG_PC = 32,
    GDB_REG_CPSR = 33,
    GDB_REG_V0 = 34,
    GDB_REG_FPSR = 66,
    GDB_REG_FPCR = 67,
    GDB_N_CORE = 68, /* those of a `g` packet */
    GDB_REG_PAC = 68,
    GDB_REG_SYSTEM = 72,
};
#define GDB_REG_MAX_BYTES 16

/* target.xml of a PE. */
char *gdb_regs_xml(const struct cpu *c);

/* Bytes of register n; 0: there is no such register. */
unsigned gdb_reg_size(const struct cpu *c, unsigned n);
/* Little endian. False: it has no value that could be read. */
bool gdb_reg_get(struct cpu *c, unsigned n, uint8_t out[GDB_REG_MAX_BYTES]);
bool gdb_reg_set(struct cpu *c, unsigned n, const uint8_t in[GDB_REG_MAX_BYTES]);

#endif
