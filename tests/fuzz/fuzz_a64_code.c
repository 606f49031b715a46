/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: random programs on a whole machine, at every exception level, with the MMU on
 * and off, one and two PEs. Words are encodings of the table with random operands, accesses to
 * system registers, more of those by which a hypervisor or a monitor can go wrong, or anything;
 * registers hold addresses of memory and of every device, and numbers. Vectors skip what faulted. A
 * program ends after some turns of the run loop.
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

/* op0, op1, CRn, CRm, op2 */
#define MSR(op0, op1, n, m, op2)                                                                   \
    (0xd5000000 | (op0) << 19 | (op1) << 16 | (n) << 12 | (m) << 8 | (op2) << 5)

/* What decides about lower levels: traps, both stages, both worlds, virtual interrupts, returns. */
/* clang-format off */
static const uint32_t control_words[] = {
    MSR(3, 4, 1, 1, 0), MSR(3, 4, 1, 2, 2), MSR(3, 4, 2, 2, 0),    /* HCR_EL2, HCRX_EL2, VNCR_EL2 */
    MSR(3, 4, 2, 1, 0), MSR(3, 4, 2, 1, 2),                        /* VTTBR_EL2, VTCR_EL2 */
    MSR(3, 4, 2, 6, 0), MSR(3, 4, 2, 6, 2), MSR(3, 6, 1, 1, 0),    /* VSTTBR, VSTCR, SCR_EL3 */
    MSR(3, 4, 4, 0, 0), MSR(3, 4, 4, 0, 1),                        /* SPSR_EL2, ELR_EL2 */
    MSR(3, 6, 4, 0, 0), MSR(3, 6, 4, 0, 1),                        /* SPSR_EL3, ELR_EL3 */
    MSR(3, 4, 14, 1, 0), MSR(3, 4, 14, 0, 3),                      /* CNTHCTL_EL2, CNTVOFF_EL2 */
    MSR(3, 4, 12, 11, 0), MSR(3, 4, 12, 11, 7), MSR(3, 4, 12, 9, 0), /* ICH_HCR, VMCR, AP1R0 */
    MSR(3, 4, 12, 12, 0), MSR(3, 4, 12, 12, 1), MSR(3, 4, 12, 12, 2), /* ICH_LR0 to LR3 */
    MSR(3, 4, 12, 12, 3), MSR(3, 0, 12, 12, 0) | 1 << 21,          /* MRS ICC_IAR1_EL1 */
    MSR(3, 0, 12, 8, 1), MSR(3, 0, 12, 12, 1), MSR(3, 0, 12, 11, 1), /* ICC_EOIR0, EOIR1, DIR */
    MSR(3, 0, 12, 11, 5), MSR(1, 4, 7, 8, 4), MSR(1, 0, 7, 8, 0),  /* ICC_SGI1R, AT S12E1R, S1E1R */
    MSR(1, 4, 8, 7, 4), MSR(1, 4, 8, 0, 1),                        /* TLBI ALLE1, IPAS2E1IS */
    0xd69f03e0, 0xd5033fdf, 0xd4000002, 0xd4000003,                /* ERET, ISB, HVC, SMC */
};
/* clang-format on */

/* The last four have no register. */
static uint32_t control_word(uint32_t v, unsigned which)
{
    which %= ARRAY_LEN(control_words);
    return control_words[which] | (which < ARRAY_LEN(control_words) - 4 ? v & 31 : 0);
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
    case 2:
        return control_word(v, which & 0x1fff);
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

/* A number that has bits everywhere. */
static uint64_t scramble(uint64_t v)
{
    v = (v ^ v >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    v = (v ^ v >> 27) * UINT64_C(0x94d049bb133111eb);
    return v ^ v >> 31;
}

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
                  : r % 2 == 0 ? (uint64_t)setup[4] << (setup[5] % 64)
                               : scramble((uint64_t)setup[4] << 16 | setup[5] << 8 | r);
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
