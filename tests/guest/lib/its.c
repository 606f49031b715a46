/* SPDX-License-Identifier: Apache-2.0 */
#include "its.h"

#define GITS_V4P1 UINT64_C(0x08050000)
#define GITS_V3   UINT64_C(0x08080000)

ITS_TABLE(queue, 4096, 4096);
ITS_TABLE(config, 8192, 4096);
ITS_TABLE(pending[MAX_PES], 0x10000, 0x10000);

uint64_t its_base(void)
{
    bool has_vpeids = mmio_read64(redist(0) + GICR_TYPER) >> 7 & 1;
    return has_vpeids ? GITS_V4P1 : GITS_V3;
}

void its_enable_lpis(unsigned n_pes)
{
    for (unsigned i = 0; i < sizeof(config); i++) {
        config[i] = LPI_PRIORITY | LPI_ENABLED;
    }
    for (unsigned pe = 0; pe < n_pes; pe++) {
        mmio_write64(redist(pe) + GICR_PROPBASER, (uint64_t)config | (LPI_ID_BITS - 1));
        mmio_write64(redist(pe) + GICR_PENDBASER, (uint64_t)pending[pe] | ITS_PTZ);
        mmio_write32(redist(pe) + GICR_CTLR, 1);
        check_eq("GICR_TYPER.PLPIS", mmio_read64(redist(pe) + GICR_TYPER) & 1, 1);
        check_eq("GICR_CTLR.EnableLPIs", mmio_read32(redist(pe) + GICR_CTLR) & 1, 1);
    }
}

void its_set_config(unsigned lpi, uint8_t v)
{
    *(volatile uint8_t *)&config[lpi - LPI(0)] = v;
    dsb();
}

void its_enable(uint64_t devices, uint64_t collections, uint64_t vpes)
{
    uint64_t base = its_base();

    check_eq("GICD_TYPER.LPIS", mmio_read32(GICD_BASE + GICD_TYPER) >> 17 & 1, 1);
    check_eq("GITS_TYPER.Physical", mmio_read64(base + GITS_TYPER) & 1, 1);
    check_eq("GITS_BASER0.Type", mmio_read64(base + GITS_BASER) >> 56 & 7, 1);
    check_eq("GITS_BASER1.Type", mmio_read64(base + GITS_BASER + 8) >> 56 & 7, 4);
    check_eq("quiescent", mmio_read32(base + GITS_CTLR) >> 31, 1);
    mmio_write64(base + GITS_BASER, devices | ITS_VALID);
    mmio_write64(base + GITS_BASER + 8, collections | ITS_VALID);
    if (vpes != 0) {
        check_eq("GITS_BASER2.Type", mmio_read64(base + GITS_BASER + 16) >> 56 & 7, 2);
        mmio_write64(base + GITS_BASER + 16, vpes | ITS_VALID);
    }
    mmio_write64(base + GITS_CBASER, (uint64_t)queue | ITS_VALID);
    mmio_write64(base + GITS_CWRITER, 0);
    mmio_write32(base + GITS_CTLR, 1);
}

uint8_t *its_queue(uint64_t at)
{
    return queue + at;
}

uint64_t its_next(uint64_t at)
{
    return (at + ITS_CMD_SIZE) % sizeof(queue);
}

bool its_cmd(uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
    uint64_t base = its_base();
    uint64_t at = mmio_read64(base + GITS_CWRITER);
    volatile uint64_t *c = (volatile uint64_t *)its_queue(at);

    c[0] = w0;
    c[1] = w1;
    c[2] = w2;
    c[3] = w3;
    dsb();
    at = its_next(at);
    mmio_write64(base + GITS_CWRITER, at);
    dsb();
    return mmio_read64(base + GITS_CREADR) == at;
}

bool its_mapd(uint64_t device, unsigned bits, const void *table)
{
    return its_cmd(MAPD | device << 32, bits - 1, (uint64_t)table | ITS_VALID, 0);
}

bool its_mapc(uint64_t icid, uint64_t pe, bool valid)
{
    return its_cmd(MAPC, 0, icid | pe << 16 | (valid ? ITS_VALID : 0), 0);
}

bool its_mapti(uint64_t device, uint64_t event, uint64_t lpi, uint64_t icid)
{
    return its_cmd(MAPTI | device << 32, event | lpi << 32, icid, 0);
}

bool its_on_event(unsigned op, uint64_t device, uint64_t event)
{
    return its_cmd(op | device << 32, event, 0, 0);
}

uint64_t its_highest(void)
{
    isb();
    return grd(ICC_HPPIR1_EL1);
}

uint64_t its_take(void)
{
    isb();
    uint64_t intid = grd(ICC_IAR1_EL1);
    if (intid != SPURIOUS) {
        gwr(ICC_EOIR1_EL1, intid);
        isb();
    }
    return intid;
}
