/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The GICv2m frame of boards with a GICv2: MSI_TYPER, messages by words and halfwords to each of
 * its SPIs, values that are none of its SPIs, an interrupt taken.
 */
#include "gicv2.h"

#define V2M_BASE      UINT64_C(0x08020000)
#define MSI_TYPER     (V2M_BASE + 0x008)
#define MSI_SETSPI_NS (V2M_BASE + 0x040)
#define MSI_IIDR      (V2M_BASE + 0xfcc)
#define MSI_PIDR2     (V2M_BASE + 0xfe8)
#define FIRST         80 /* INTIDs */
#define N_SPI         64

SNIPPET(send_code, "str w1, [x0]\nmov x9, #64\n1: subs x9, x9, #1\nb.ne 1b");

static void send(bool half, uint32_t value)
{
    if (half) {
        *(volatile uint16_t *)MSI_SETSPI_NS = (uint16_t)value;
    } else {
        mmio_write32(MSI_SETSPI_NS, value);
    }
    dsb();
}

/* How many of the frame's SPIs are pending. */
static unsigned pending(void)
{
    unsigned n = 0;

    for (unsigned intid = FIRST; intid < FIRST + N_SPI; intid++) {
        n += gicv2_get(intid, GICD_ISPENDR);
    }
    return n;
}

static void registers(void)
{
    check_eq("MSI_TYPER", mmio_read32(MSI_TYPER), FIRST << 16 | N_SPI);
    check_eq("MSI_IIDR: architecture", FIELD(mmio_read32(MSI_IIDR), 16, 4), 0);
    check_eq("MSI_PIDR2: architecture", FIELD(mmio_read32(MSI_PIDR2), 4, 4), 0);
    mmio_write32(MSI_TYPER, 0);
    check_eq("MSI_TYPER is read-only", mmio_read32(MSI_TYPER), FIRST << 16 | N_SPI);
    check_eq("MSI_SETSPI_NS is write-only", mmio_read32(MSI_SETSPI_NS), 0);
}

static void messages(void)
{
    for (unsigned i = 0; i < 2 * N_SPI; i++) {
        unsigned intid = FIRST + i / 2;

        gicv2_quiet(intid);
        gicv2_edge(intid, true);
        send(i & 1, intid);
        check_eq("a message makes its SPI pending", gicv2_get(intid, GICD_ISPENDR), 1);
        check_eq("and no other", pending(), 1);
        gicv2_set(intid, GICD_ICPENDR);
    }
    gicv2_edge(FIRST, false);
    send(false, FIRST);
    check_eq("a level-sensitive SPI does not see it", pending(), 0);
    gicv2_edge(FIRST, true);
}

static void strangers(void)
{
    static const uint32_t values[] = {0, 31, FIRST - 1, FIRST + N_SPI, 1023};

    for (unsigned i = 0; i < ARRAY_LEN(values); i++) {
        send(false, values[i]);
        check_eq("INTIDs of others", pending(), 0);
    }
    send(false, 1024 + FIRST);
    check_eq("10 bits count", gicv2_get(FIRST, GICD_ISPENDR), 1);
    gicv2_set(FIRST, GICD_ICPENDR);
}

/* A device's message, as the PE at EL1 would see it. */
static void taken(void)
{
    const unsigned intid = FIRST + 17;

    gicv2_quiet(intid);
    mmio_write8(GICD_BASE + GICD_IPRIORITYR + intid, 0x40);
    mmio_write8(GICD_BASE + GICD_ITARGETSR + intid, 1);
    gicv2_set(intid, GICD_ISENABLER);
    struct outcome o =
        run_at(MASKED(EL1H) & ~(BIT(7) | BIT(6)), send_code, ARGS(MSI_SETSPI_NS, intid));
    check("taken", !o.done && (o.vector & 0x80 || o.vector & 0x100));
    check_eq("GICC_IAR", mmio_read32(GICC_BASE + GICC_IAR), intid);
    mmio_write32(GICC_BASE + GICC_EOIR, intid);
    check_eq("once", mmio_read32(GICC_BASE + GICC_IAR), SPURIOUS);
    gicv2_quiet(intid);
}

int guest_main(void)
{
    gicv2_init();
    registers();
    messages();
    strangers();
    taken();
    return 0;
}
