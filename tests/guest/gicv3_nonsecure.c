/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Distributor and redistributor of GICv3 as Non-secure software sees them while there are two
 * Security states, and after GICD_CTLR.DS. Arm IHI 0069H, 4.6, 12.9 and 12.11.
 */
#include "gic.h"

#define GICD_NSACR     0x0e00
#define CTLR_DS        BIT(6)
#define TYPER_SECURITY BIT(10)
#define WAKER_SLEEP    BIT(1)

SNIPPET(load_code, "ldr w0, [x0]");
SNIPPET(load_byte_code, "ldrb w0, [x0]");
SNIPPET(store_code, "str w1, [x0]");
SNIPPET(store_byte_code, "strb w1, [x0]");

static uint64_t bank(unsigned intid, unsigned reg)
{
    return gic_frame(intid) + reg + intid / 32 * 4;
}

/* One bit an interrupt: a register that sets it and one that clears it. */
static const struct pair {
    const char *name;
    unsigned set, clear;
} pairs[] = {
    {"ISENABLER and ICENABLER", GICD_ISENABLER, GICD_ICENABLER},
    {"ISPENDR and ICPENDR", GICD_ISPENDR, GICD_ICPENDR},
    {"ISACTIVER and ICACTIVER", GICD_ISACTIVER, GICD_ICACTIVER},
};
static uint32_t ns_read(uint64_t a)
{
    return run_at(MASKED(EL2H), load_code, ARGS(a)).x[0];
}

static void ns_write(uint64_t a, uint32_t v)
{
    run_at(MASKED(EL2H), store_code, ARGS(a, v));
}

static void set_group(unsigned intid, bool group1)
{
    if (group1) {
        mmio_write32(bank(intid, GICD_IGROUPR),
                     mmio_read32(bank(intid, GICD_IGROUPR)) | 1u << intid % 32);
    } else {
        gic_clear_group(intid);
    }
}

/* INTID 200 is Secure: RAZ/WI. INTID 201 is not. */
static void non_secure_bits(void)
{
    const uint32_t secure = 1u << 200 % 32, own = 1u << 201 % 32;

    for (unsigned k = 0; k < ARRAY_LEN(pairs); k++) {
        ns_write(bank(200, pairs[k].set), secure | own);
        check_eq("Non-secure set", mmio_read32(bank(200, pairs[k].set)) & (secure | own), own);
        mmio_write32(bank(200, pairs[k].set), secure);
        check_eq("Non-secure read", ns_read(bank(200, pairs[k].set)) & (secure | own), own);
        ns_write(bank(200, pairs[k].clear), secure | own);
        check_eq("Non-secure clear", mmio_read32(bank(200, pairs[k].set)) & (secure | own), secure);
        mmio_write32(bank(200, pairs[k].clear), secure);
    }
    check_eq("Non-secure IGROUPR", ns_read(bank(200, GICD_IGROUPR)), 0);
    ns_write(bank(200, GICD_IGROUPR), ~0u);
    check_eq("Non-secure write of IGROUPR", mmio_read32(bank(200, GICD_IGROUPR)) & secure, 0);
    check_eq("Non-secure NSACR", ns_read(GICD_BASE + GICD_NSACR + 200 / 16 * 4), 0);
    check_eq("Non-secure IGRPMODR", ns_read(bank(200, GICD_IGRPMODR)), 0);
}

static void non_secure_priorities(void)
{
    uint64_t a = GICD_BASE + GICD_IPRIORITYR;

    mmio_write8(a + 200, 0x40);
    mmio_write8(a + 201, 0xc0);
    check_eq("Non-secure priority of a Secure interrupt", ns_read(a + 200) & 0xff, 0);
    check_eq("Non-secure priority", run_at(MASKED(EL2H), load_byte_code, ARGS(a + 201)).x[0], 0x80);
    run_at(MASKED(EL2H), store_byte_code, ARGS(a + 200, 0xf8));
    run_at(MASKED(EL2H), store_byte_code, ARGS(a + 201, 0x20));
    check_eq("a Secure priority stays", mmio_read8(a + 200), 0x40);
    check_eq("Non-secure write is shifted", mmio_read8(a + 201), 0x90);
}

static void non_secure_routing(void)
{
    uint64_t secure = GICD_BASE + GICD_IROUTER + 8 * 200, own = secure + 8;

    gic_route(200, 5);
    ns_write(secure, 3);
    ns_write(own, 2);
    check_eq("Non-secure IROUTER of a Secure interrupt", ns_read(secure), 0);
    check_eq("IROUTER of a Secure interrupt stays", mmio_read32(secure), 5);
    check_eq("Non-secure IROUTER", mmio_read32(own), 2);
    gic_route(200, 0);
    gic_route(201, 0);
}

/* NSACR opens a Group 0 or Secure Group 1 interrupt: 1 set pending, 2 clear too, 3 its route. */
static void opened_by_nsacr(void)
{
    uint64_t nsacr = GICD_BASE + GICD_NSACR + 200 / 16 * 4;
    uint64_t router = GICD_BASE + GICD_IROUTER + 8 * 200;
    unsigned shift = 200 % 16 * 2;
    uint32_t bit = 1u << 200 % 32;

    for (unsigned level = 0; level < 4; level++) {
        mmio_write32(nsacr, level << shift);
        check_eq("NSACR", mmio_read32(nsacr), level << shift);
        ns_write(bank(200, GICD_ISPENDR), bit);
        check_eq("NSACR: set pending", gic_get(200, GICD_ISPENDR), level >= 1);
        gic_set(200, GICD_ISPENDR);
        ns_write(bank(200, GICD_ICPENDR), bit);
        check_eq("NSACR: clear pending", gic_get(200, GICD_ISPENDR), level < 2);
        gic_set(200, GICD_ICPENDR);
        ns_write(router, 1);
        check_eq("NSACR: route", mmio_read32(router), level == 3);
        gic_route(200, 0);
        ns_write(bank(200, GICD_ISENABLER), bit);
        check_eq("NSACR: enable", gic_get(200, GICD_ISENABLER), false);
    }
    mmio_write32(nsacr, 0);
}

static void non_secure_control(void)
{
    uint32_t ctlr = mmio_read32(GICD_BASE + GICD_CTLR);

    check_eq("GICD_CTLR", ctlr, 0x37);
    check_eq("Non-secure GICD_CTLR", ns_read(GICD_BASE + GICD_CTLR), 0x12);
    ns_write(GICD_BASE + GICD_CTLR, 0x10);
    check_eq("Non-secure write disables its group", mmio_read32(GICD_BASE + GICD_CTLR), 0x35);
    ns_write(GICD_BASE + GICD_CTLR, 0x57);
    check_eq("Non-secure write cannot set DS", mmio_read32(GICD_BASE + GICD_CTLR), 0x37);
    check_eq("Non-secure GICR_WAKER", ns_read(GICR_BASE + GICR_WAKER), 0);
    ns_write(GICR_BASE + GICR_WAKER, WAKER_SLEEP);
    check_eq("GICR_WAKER stays", mmio_read32(GICR_BASE + GICR_WAKER) & 6, 0);
}

/* Last: GICD_CTLR.DS stays until reset. */
static void one_security_state(void)
{
    gic_clear_group(200);
    mmio_write32(GICD_BASE + GICD_CTLR, 0x13 | CTLR_DS);
    check_eq("GICD_CTLR.DS", mmio_read32(GICD_BASE + GICD_CTLR), 0x53);
    mmio_write32(GICD_BASE + GICD_CTLR, 0x13);
    check_eq("GICD_CTLR.DS is sticky", mmio_read32(GICD_BASE + GICD_CTLR), 0x53);
    check_eq("GICD_TYPER.SecurityExtn with DS",
             mmio_read32(GICD_BASE + GICD_TYPER) & TYPER_SECURITY, 0);
    ns_write(bank(200, GICD_ISPENDR), 1u << 200 % 32);
    check("with DS, Non-secure software owns Group 0", gic_get(200, GICD_ISPENDR));
    check_eq("with DS, IGROUPR", ns_read(bank(200, GICD_IGROUPR)) & 1u << 200 % 32, 0);
    gic_priority(200, 0x40);
    check_eq("with DS, priorities are not shifted",
             ns_read(GICD_BASE + GICD_IPRIORITYR + 200) & 0xff, 0x40);
    check_eq("with DS, NSACR", mmio_read32(GICD_BASE + GICD_NSACR + 200 / 16 * 4), 0);
}

int guest_main(void)
{
    gic_init();
    set_group(200, false);
    set_group(201, true);
    non_secure_bits();
    non_secure_priorities();
    non_secure_routing();
    opened_by_nsacr();
    non_secure_control();
    one_security_state();
    return 0;
}
