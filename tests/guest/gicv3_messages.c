/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Message-based SPIs: GICD_SETSPI and GICD_CLRSPI of both kinds, edge-triggered and with a level,
 * to ordinary and extended SPIs, who may send them, and what they do not reach. Arm IHI
 * 0069H, 12.9.
 */
#include "gic.h"

#define SETSPI_NSR 0x40
#define CLRSPI_NSR 0x48
#define SETSPI_SR  0x50
#define CLRSPI_SR  0x58
#define TYPER_MBIS BIT(16)
#define CTLR_DS    BIT(6)
#define GICD_NSACR 0x0e00
#define FIRST      224u /* mbi-ranges of the board's device tree */
#define N_SPI      64u
#define N_INTID    288u /* SGIs, PPIs and SPIs of the board */
#define FIRST_ESPI 4096u

SNIPPET(store_code, "str w1, [x0]");

static void send(unsigned reg, uint32_t v)
{
    mmio_write32(GICD_BASE + reg, v);
    dsb();
}

static void ns_send(unsigned reg, uint32_t v)
{
    run_at(MASKED(EL2H), store_code, ARGS(GICD_BASE + reg, v));
}

static bool pending(unsigned intid)
{
    return gic_get(intid, GICD_ISPENDR);
}

static void open(unsigned intid, bool edge)
{
    gic_set(intid, GICD_IGROUPR);
    gic_priority(intid, 0x80);
    gic_edge(intid, edge);
    gic_set(intid, GICD_ISENABLER);
}

static void edges(unsigned intid)
{
    open(intid, true);
    send(SETSPI_NSR, intid);
    check("a message makes it pending", pending(intid));
    send(SETSPI_NSR, intid);
    send(CLRSPI_NSR, intid);
    check("another takes that back", !pending(intid));
    *(volatile uint16_t *)(GICD_BASE + SETSPI_NSR) = (uint16_t)intid;
    dsb();
    check_eq("a halfword", grd(ICC_IAR1_EL1), intid);
    check("once", !pending(intid));
    gwr(ICC_EOIR1_EL1, intid);
    isb();
    check_eq("no more", grd(ICC_IAR1_EL1), SPURIOUS);
    gic_quiet(intid);
}

static void levels(unsigned intid)
{
    open(intid, false);
    send(SETSPI_NSR, intid);
    check_eq("level: acknowledged", grd(ICC_IAR1_EL1), intid);
    check("level: active and pending", pending(intid) && gic_get(intid, GICD_ISACTIVER));
    gwr(ICC_EOIR1_EL1, intid);
    isb();
    check_eq("level: again", grd(ICC_IAR1_EL1), intid);
    gic_set(intid, GICD_ICPENDR);
    check("level: ICPENDR does not lower it", pending(intid));
    send(CLRSPI_NSR, intid);
    check("level: lowered", !pending(intid));
    gwr(ICC_EOIR1_EL1, intid);
    isb();
    check_eq("level: no more", grd(ICC_IAR1_EL1), SPURIOUS);
    gic_quiet(intid);
}

/* INTIDs that are no SPIs. */
static void strangers(void)
{
    static const uint32_t values[] = {0, 15, 16, 31, N_INTID, 1019, 1023, 1056, 4095, 8191};

    for (unsigned i = 0; i < ARRAY_LEN(values); i++) {
        send(SETSPI_NSR, values[i]);
    }
    for (unsigned n = 0; n < N_INTID / 32; n++) {
        check_eq("INTIDs of others", mmio_read32(gic_frame(32 * n) + GICD_ISPENDR + 4 * n), 0);
    }
    send(SETSPI_NSR, 0x2000 + FIRST);
    check("13 bits count", pending(FIRST));
    gic_quiet(FIRST);
}

static void extended(void)
{
    uint64_t bank = GICD_BASE + 0x1604; /* GICD_ISPENDR1E */

    send(SETSPI_NSR, FIRST_ESPI + 35);
    check_eq("an extended SPI", mmio_read32(bank), BIT(3));
    send(CLRSPI_NSR, FIRST_ESPI + 35);
    check_eq("an extended SPI lowered", mmio_read32(bank), 0);
}

static void nsacr(unsigned intid, unsigned v)
{
    mmio_write32(GICD_BASE + GICD_NSACR + intid / 16 * 4, v << 2 * (intid % 16));
}

/* Who sends what, with two Security states. */
static void security(unsigned secure, unsigned own)
{
    open(own, true);
    gic_clear_group(secure);
    gic_edge(secure, true);
    ns_send(SETSPI_NSR, own);
    check("Non-secure, to its own", pending(own));
    ns_send(CLRSPI_SR, own);
    check("GICD_CLRSPI_SR is Secure software's", pending(own));
    ns_send(CLRSPI_NSR, own);
    check("Non-secure, takes back", !pending(own));
    ns_send(SETSPI_SR, own);
    check("GICD_SETSPI_SR is Secure software's", !pending(own));
    send(SETSPI_SR, secure);
    check("GICD_SETSPI_SR", pending(secure));
    send(CLRSPI_SR, secure);
    check("GICD_CLRSPI_SR", !pending(secure));
    for (unsigned level = 0; level < 4; level++) {
        nsacr(secure, level);
        ns_send(SETSPI_NSR, secure);
        check_eq("NSACR: set", pending(secure), level >= 1);
        send(SETSPI_NSR, secure);
        ns_send(CLRSPI_NSR, secure);
        check_eq("NSACR: clear", pending(secure), level < 2);
        gic_quiet(secure);
    }
    nsacr(secure, 0);
    mmio_write32(GICD_BASE + GICD_CTLR, mmio_read32(GICD_BASE + GICD_CTLR) | CTLR_DS);
    send(SETSPI_SR, own);
    check("with one Security state there is no _SR", !pending(own));
    ns_send(SETSPI_NSR, secure);
    check("and nothing is Secure", pending(secure));
    gic_quiet(secure);
    gic_quiet(own);
}

int guest_main(void)
{
    gic_init();
    check("GICD_TYPER.MBIS", mmio_read32(GICD_BASE + GICD_TYPER) & TYPER_MBIS);
    check_eq("GICD_SETSPI_NSR is write-only", mmio_read32(GICD_BASE + SETSPI_NSR), 0);
    edges(FIRST);
    edges(FIRST + N_SPI - 1);
    levels(FIRST + 1);
    strangers();
    extended();
    if (home_el() == 3) {
        security(FIRST + 8, FIRST + 9);
    } else {
        send(SETSPI_SR, FIRST);
        check("no _SR without Secure software", !pending(FIRST));
    }
    return 0;
}
