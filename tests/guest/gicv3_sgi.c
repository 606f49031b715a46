/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts between PEs on GICv3: which PEs and which groups a write of ICC_SGI*R_EL1 reaches,
 * interrupts that wake another PE, shared interrupts routed by affinity. Arm IHI 0069H, 4.4.2 "SGI
 * generation" and 4.7 "Interrupt routing".
 */
#include "gic.h"
#include "smp.h"

#define GICR_NSACR 0x0e00
#define SCR_NS     BIT(0)
#define SGI        5
#define SPI        200
#define ROUNDS     20

#define INTID(n) ((uint64_t)(n) << 24)
#define IRM      BIT(40)
#define AFF1(n)  ((uint64_t)(n) << 16)
#define AFF2(n)  ((uint64_t)(n) << 32)
#define AFF3(n)  ((uint64_t)(n) << 48)

static uint64_t sgi_frame(unsigned pe)
{
    return GICR_BASE + pe * gicr_stride() + GICR_SGI;
}

/* ---- targets ---- */

static const struct {
    const char *name;
    uint64_t value;
    unsigned pes; /* a bit a PE, of four */
} targets[] = {
    {"SGI to nobody", 0, 0x0},
    {"SGI to itself", 0x1, 0x1},
    {"SGI to one", 0x4, 0x4},
    {"SGI to a list", 0xb, 0xb},
    {"SGI to PEs there are not", 0xfff0, 0x0},
    {"SGI to another Aff1", AFF1(1) | 0xf, 0x0},
    {"SGI to another Aff2", AFF2(1) | 0xf, 0x0},
    {"SGI to another Aff3", AFF3(1) | 0xf, 0x0},
    {"SGI to all but itself", IRM, 0xe},
    {"SGI to all but itself, list ignored", IRM | AFF1(3) | 0x1, 0xe},
};

static unsigned pending_at(unsigned n_pes)
{
    unsigned pes = 0;

    for (unsigned pe = 0; pe < n_pes; pe++) {
        pes |= (mmio_read32(sgi_frame(pe) + GICD_ISPENDR) >> SGI & 1) << pe;
        mmio_write32(sgi_frame(pe) + GICD_ICPENDR, 1u << SGI);
    }
    return pes;
}

static void target_lists(unsigned n_pes)
{
    for (unsigned pe = 0; pe < n_pes; pe++) {
        mmio_write32(sgi_frame(pe) + GICD_IGROUPR, ~0u);
    }
    for (unsigned i = 0; i < ARRAY_LEN(targets); i++) {
        gwr(ICC_SGI1R_EL1, targets[i].value | INTID(SGI));
        isb();
        check_eq(targets[i].name, pending_at(n_pes), targets[i].pes & (BIT(n_pes) - 1));
    }
}

/* ---- groups ---- */

SNIPPET(sgi0_code, "msr icc_sgi0r_el1, x0\nisb");
SNIPPET(sgi1_code, "msr icc_sgi1r_el1, x0\nisb");
SNIPPET(asgi1_code, "msr icc_asgi1r_el1, x0\nisb");

enum group { GROUP_0, GROUP_1S, GROUP_1NS, N_GROUPS };

static bool sent(uint64_t mode, bool secure, const char *code, enum group g, unsigned nsacr)
{
    uint64_t frame = sgi_frame(0), scr = rd(scr_el3);

    mmio_write32(frame + GICD_IGROUPR, g == GROUP_1NS ? 1u << SGI : 0);
    mmio_write32(frame + GICD_IGRPMODR, g == GROUP_1S ? 1u << SGI : 0);
    mmio_write32(frame + GICR_NSACR, nsacr << 2 * SGI);
    wr(scr_el3, secure ? scr & ~SCR_NS : scr);
    isb();
    struct outcome o = run_at(MASKED(mode), code, ARGS(INTID(SGI) | 1));
    check_done("SGI register", &o);
    wr(scr_el3, scr);
    isb();
    return pending_at(1);
}

/*
 * Whether each register reaches an SGI of each group. From Non-secure state the numbers are the
 * least GICR_NSACR that opens it; 4: never.
 */
static const struct {
    const char *name;
    const char *code;
    bool from_secure[N_GROUPS];
    unsigned from_normal[N_GROUPS];
} registers[] = {
    {"ICC_SGI0R_EL1", sgi0_code, {true, false, false}, {1, 4, 4}},
    {"ICC_SGI1R_EL1", sgi1_code, {true, true, false}, {4, 4, 0}},
    {"ICC_ASGI1R_EL1", asgi1_code, {false, false, true}, {1, 2, 4}},
};

static void groups(void)
{
    for (unsigned i = 0; i < ARRAY_LEN(registers); i++) {
        for (enum group g = 0; g < N_GROUPS; g++) {
            const char *name = registers[i].name, *code = registers[i].code;

            check_eq(name, sent(EL1H, true, code, g, 0), registers[i].from_secure[g]);
            check_eq(name, sent(EL3H, true, code, g, 0), registers[i].from_secure[g]);
            for (unsigned nsacr = 0; nsacr < 3; nsacr++) {
                bool opened = nsacr >= registers[i].from_normal[g];

                check_eq(name, sent(EL2H, false, code, g, nsacr), opened);
                check_eq(name, sent(EL1H, false, code, g, nsacr), opened);
            }
        }
    }
}

/* ---- interrupts that are taken ---- */

static uint64_t taken[MAX_PES];

static bool on_irq(struct trap *t)
{
    if ((t->vector & 0x180) != VEC_IRQ) {
        return false;
    }
    uint64_t intid = grd(ICC_IAR1_EL1);
    if (intid != SPURIOUS) {
        gwr(ICC_EOIR1_EL1, intid);
        store_release(&taken[pe_number()], taken[pe_number()] + (intid == SGI));
    }
    return true;
}

static void prepare(uint64_t unused)
{
    (void)unused;
    gic_init();
    gic_quiet(SGI);
    gic_priority(SGI, 0x80);
    gic_set(SGI, GICD_ISENABLER);
    if (current_el() == 2) {
        wr(hcr_el2, rd(hcr_el2) | BIT(4)); /* IMO: to EL2 */
        isb();
    }
}

/* Sleeps until PE 0 has sent, and answers; what is pending while masked ends WFI, too. */
static void answer(uint64_t unused)
{
    (void)unused;
    for (uint64_t n = 1; n <= ROUNDS; n++) {
        while (taken[pe_number()] < n) {
            insn("wfi\nmsr daifclr, #2\nisb\nmsr daifset, #2");
        }
        gwr(ICC_SGI1R_EL1, INTID(SGI) | 1);
        isb();
    }
}

static void ping_pong(unsigned n_pes)
{
    trap_hook(current_el(), on_irq);
    smp_all(prepare, 0);
    for (unsigned pe = 1; pe < n_pes; pe++) {
        taken[0] = taken[pe] = 0;
        smp_run(pe, answer, 0);
        for (uint64_t n = 1; n <= ROUNDS; n++) {
            gwr(ICC_SGI1R_EL1, INTID(SGI) | BIT(pe));
            isb();
            while (taken[0] < n) {
                insn("wfi\nmsr daifclr, #2\nisb\nmsr daifset, #2");
            }
        }
        smp_wait(pe);
        check_eq("SGIs taken by the other PE", taken[pe], ROUNDS);
        check_eq("SGIs taken by this PE", taken[0], ROUNDS);
    }
}

/* ---- routes of a shared interrupt ---- */

static uint64_t highest[MAX_PES];

static void look(uint64_t unused)
{
    (void)unused;
    isb();
    highest[pe_number()] = grd(ICC_HPPIR1_EL1);
}

static void expect_only(const char *name, unsigned n_pes, unsigned target)
{
    smp_all(look, 0);
    for (unsigned pe = 0; pe < n_pes; pe++) {
        check_eq(name, highest[pe], pe == target ? SPI : SPURIOUS);
    }
}

static void routes(unsigned n_pes)
{
    gic_quiet(SPI);
    gic_set(SPI, GICD_IGROUPR);
    gic_edge(SPI, true);
    gic_priority(SPI, 0x40);
    gic_route(SPI, 0);
    gic_set(SPI, GICD_ISENABLER);
    gic_set(SPI, GICD_ISPENDR);
    for (unsigned pe = 0; pe < n_pes; pe++) {
        gic_route(SPI, pe);
        expect_only("IROUTER moves a pending interrupt", n_pes, pe);
    }
    gic_route(SPI, 0x100);
    expect_only("IROUTER to nobody", n_pes, n_pes);
    gic_route(SPI, 0);
    expect_only("IROUTER back", n_pes, 0);
    gic_quiet(SPI);
}

int guest_main(void)
{
    gic_init();
    if (home_el() == 3) {
        groups();
        return 0;
    }
    smp_start();
    unsigned n_pes = smp_count();
    check_eq("PEs", n_pes, 4);
    target_lists(n_pes);
    ping_pong(n_pes);
    routes(n_pes);
    return 0;
}
