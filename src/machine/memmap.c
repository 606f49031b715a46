/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/memmap.h"

const struct memmap_entry virt_memmap[VIRT_N_REGIONS] = {
#define X(id, name, base, size, spi, n) [VIRT_##id] = {name, base, size, spi, n},
    VIRT_REGIONS(X)
#undef X
};

unsigned virt_virtio_intid(unsigned slot, bool espi)
{
    return espi ? INTID_OF_ESPI(slot) : INTID_OF_SPI((unsigned)virt_memmap[VIRT_VIRTIO].spi + slot);
}

unsigned virt_pmu_intid(bool espi)
{
    return espi ? INTID_OF_EPPI(0) : INTID_OF_PPI(PPI_PMU);
}

/* GICv4 has the frames of virtual LPIs behind a redistributor. */
static uint64_t gicr_stride(unsigned gic_version)
{
    return gic_version == 4 ? 2 * VIRT_GICR_SIZE : VIRT_GICR_SIZE;
}

unsigned virt_gicr_n_low(unsigned gic_version)
{
    return (unsigned)(virt_memmap[VIRT_GICR].size / gicr_stride(gic_version));
}

uint64_t virt_gicr_base(unsigned gic_version, unsigned pe)
{
    unsigned n_low = virt_gicr_n_low(gic_version);
    bool low = pe < n_low;
    return virt_memmap[low ? VIRT_GICR : VIRT_GICR_HIGH].base +
           (low ? pe : pe - n_low) * gicr_stride(gic_version);
}

uint64_t virt_mpidr(unsigned pe, unsigned gic_version)
{
    /* An SGI target list covers Aff0: 8 values in GICv2, 16 in GICv3. */
    unsigned cluster = gic_version == 2 ? 8 : 16;
    return (uint64_t)(pe / cluster) << 8 | pe % cluster;
}
