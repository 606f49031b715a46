/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: random programs on a whole machine, at every exception level, with the MMU on
 * and off, one and two PEs. Words are encodings of the table with random operands, accesses to
 * system registers, or anything; registers hold addresses of memory and of every device. Vectors
 * skip what faulted. A program ends after some turns of the run loop.
 *
 * Input: 8 bytes of set-up, then 6 bytes an instruction.
 */
#include <string.h>

#include "cpu/engine/context.h"
#include "cpu/isa/emit.h"
#include "cpu/sys/sysreg_table.h"

#include "cpu/cpu_internal.h"
#include "machine/machine_internal.h"

#define RAM         UINT64_C(0x40000000)
#define RAM_BYTES   (UINT64_C(16) << 20)
#define CODE        (RAM + 0x100000)
#define VECTORS     (RAM + 0x10000)
#define TABLE       (RAM + 0x20000)
#define CODE_WORDS  1024U
#define TURNS       8
#define QUANTUM     (2 * TICKS_PER_US)
#define VECTOR_SIZE 0x800U

#define SCTLR_M   BIT(0)
#define SCTLR_C_I (BIT(2) | BIT(12))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct machine *m;
    unsigned turns;
};

static void write_ram(struct machine *m, uint64_t at, const void *p, size_t n)
{
    struct mem_attrs a = {.pas = PAS_NS};
    if (bus_write(m->bus, pa(at), p, n, &a) != BUS_OK) {
        g_error("no memory at %" G_GINT64_MODIFIER "x", at);
    }
}

/* ---- the program ---- */

static uint32_t system_word(uint32_t v, unsigned which)
{
    uint32_t enc = sr_table[which % SR_COUNT].enc;
    return 0xd5100000 | (enc & 0x7fff) << 5 | (v & 31) | (v & 0x20) << 16;
}

static uint32_t make_word(const uint8_t *p)
{
    size_t n_rows;
    const struct a64_row *rows = a64_rows(&n_rows);
    unsigned which = p[0] | (unsigned)p[1] << 8;
    uint32_t v;
    memcpy(&v, p + 2, sizeof(v));
    switch (which >> 13) {
    case 0:
        return v;
    case 1:
        return system_word(v, which & 0x1fff);
    default:
        which %= n_rows;
        return rows[which].value | (v & ~rows[which].mask);
    }
}

static void write_code(struct machine *m, const uint8_t *p, size_t size)
{
    uint32_t words[CODE_WORDS];
    size_t n = MIN(size / 6, CODE_WORDS - 1);
    for (size_t i = 0; i < n; i++) {
        words[i] = make_word(p + 6 * i);
    }
    words[n] = 0x14000000 | (-(uint32_t)n & 0x3ffffff); /* B to the start */
    write_ram(m, CODE, words, (n + 1) * sizeof(words[0]));
}

/* MRS X30, ELR_ELn; ADD X30, X30, #4; MSR ELR_ELn, X30; ERET */
static void write_vectors(struct machine *m)
{
    static const uint32_t op1[] = {0, 0, 4, 6};
    for (unsigned el = 1; el <= 3; el++) {
        const uint32_t elr = 0x184020 | op1[el] << 16;
        const uint32_t code[] = {0xd5200000 | elr | 30, 0x910013de, 0xd5000000 | elr | 30,
                                 0xd69f03e0};
        for (unsigned v = 0; v < VECTOR_SIZE; v += 0x80) {
            write_ram(m, VECTORS + el * VECTOR_SIZE + v, code, sizeof(code));
        }
    }
}

/* ---- the machine ---- */

/* Flat, 1 GiB blocks: devices, memory. */
static void map_flat(struct machine *m, struct cpu *c)
{
    static const uint64_t blocks[] = {0x401 | BIT(2) | BIT(54), RAM | 0x701, RAM | 0x741};
    write_ram(m, TABLE, blocks, sizeof(blocks));
    for (unsigned el = 1; el <= 3; el++) {
        c->sr[SR_TTBR0_EL1 + el - 1] = TABLE;
        c->sr[SR_TCR_EL1 + el - 1] = 25 | BIT(8) | BIT(10) | UINT64_C(2) << (el == 1 ? 32 : 16);
        c->sr[SR_MAIR_EL1 + el - 1] = 0x00ff;
        c->sr[SR_SCTLR_EL1 + el - 1] |= SCTLR_M;
    }
}

static void start_pe(struct machine *m, unsigned i, const uint8_t *setup)
{
    struct cpu *c = m->pes[i];
    struct cpu_start s = {.el = 1 + setup[0] % 3, .secure = setup[1] & 1, .pc = CODE};
    cpu_reset(c);
    cpu_start(c, &s);
    for (unsigned el = 1; el <= 3; el++) {
        c->sr[SR_VBAR_EL1 + el - 1] = VECTORS + el * VECTOR_SIZE;
        if (setup[1] & 8) {
            c->sr[SR_SCTLR_EL1 + el - 1] |= SCTLR_C_I;
        }
    }
    if (setup[1] & 4) {
        map_flat(m, c);
    }
    for (unsigned r = 0; r < 31; r++) {
        const struct memmap_entry *e = &virt_memmap[(r * 7 + setup[2]) % VIRT_N_REGIONS];
        c->x[r] = r % 3 == 0   ? CODE + 8 * r
                  : r % 3 == 1 ? e->base + setup[3] * 4
                               : (uint64_t)setup[4] << (setup[5] % 64);
    }
    c->x[REG_SP] = CODE + 0x8000;
    context_flush(c);
}

static void stop(struct run *r)
{
    struct machine_port p = machine_port(r->m);
    p.request(p.opaque, REQ_EXIT, 0);
}

static bool turn(void *opaque)
{
    struct run *r = opaque;
    if (++r->turns >= TURNS) {
        stop(r);
    }
    return false;
}

static void idle(void *opaque, int timeout_ms)
{
    stop(opaque);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const cpus[] = {"max", "cortex-a53", "cortex-a76", "neoverse-n1"};
    struct run r = {0};
    struct machine_config cfg;
    if (size < 8) {
        return 0;
    }
    machine_config_init(&cfg);
    cfg.gic_version = data[6] & 1 ? 2 : 3;
    cfg.secure = data[6] & 2;
    cfg.virtualization = data[6] & 4;
    cfg.n_pes = data[6] & 8 ? 2 : 1;
    cfg.cpu = cpus[data[7] % ARRAY_LEN(cpus)];
    cfg.ram_bytes = RAM_BYTES;
    cfg.quantum = QUANTUM;
    cfg.no_reboot = true;
    cfg.host = (struct machine_host){.poll_due = turn, .poll = idle, .opaque = &r};
    GError *err = NULL;
    r.m = machine_new(&cfg, &err);
    g_assert_no_error(err);
    write_code(r.m, data + 8, size - 8);
    write_vectors(r.m);
    for (unsigned i = 0; i < cfg.n_pes; i++) {
        start_pe(r.m, i, data);
    }
    (void)!machine_run(r.m);
    machine_free(r.m);
    return 0;
}
