/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The `virt` board as one table: every region, where it is and which interrupt it raises. The
 * board, the device tree and the documentation read it; no other file knows an address.
 *
 * The map is that of the reference `virt` machine, so that firmware built for it runs here. The
 * reference has no GICv4.1, whose ITS is larger than the place of the other.
 */
#ifndef MACHINE_MEMMAP_H
#define MACHINE_MEMMAP_H

#include <stdbool.h>
#include <stdint.h>

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)

/* clang-format off */
/* id, name, base, size, first SPI (-1: none), number of SPIs */
#define VIRT_REGIONS(X)                                                         \
    X(FLASH0,       "flash0",        0x00000000,      64 * MIB,   -1,  0)       \
    X(FLASH1,       "flash1",        0x04000000,      64 * MIB,   -1,  0)       \
    X(GICD,         "gicd",          0x08000000,      64 * KIB,   -1,  0)       \
    X(GICC,         "gicc",          0x08010000,      64 * KIB,   -1,  0)       \
    X(GICV2M,       "gicv2m",        0x08020000,       4 * KIB,   48, 64)       \
    X(GICH,         "gich",          0x08030000,      64 * KIB,   -1,  0)       \
    X(GICV,         "gicv",          0x08040000,      64 * KIB,   -1,  0)       \
    X(ITS_V4P1,     "its",           0x08050000,     192 * KIB,   -1,  0)       \
    X(ITS,          "its",           0x08080000,     128 * KIB,   -1,  0)       \
    X(GICR,         "gicr",          0x080a0000,      0xf60000,   -1,  0)       \
    X(UART0,        "pl011",         0x09000000,       4 * KIB,    1,  1)       \
    X(RTC,          "pl031",         0x09010000,       4 * KIB,    2,  1)       \
    X(FW_CFG,       "fw-cfg",        0x09020000,          0x18,   -1,  0)       \
    X(GPIO,         "pl061",         0x09030000,       4 * KIB,    7,  1)       \
    X(UART1,        "pl011",         0x09040000,       4 * KIB,    8,  1)       \
    X(SMMU,         "smmuv3",        0x09050000,     128 * KIB,   74,  4)       \
    X(SECURE_GPIO,  "secure-pl061",  0x090b0000,       4 * KIB,   -1,  0)       \
    X(VIRTIO,       "virtio-mmio",   0x0a000000,     16 * KIB,   16, 32)       \
    X(PLATFORM_BUS, "platform-bus",  0x0c000000,      32 * MIB,  112, 64)       \
    X(SECURE_RAM,   "secram",        0x0e000000,      16 * MIB,   -1,  0)       \
    X(PCIE_MMIO,    "pcie-mmio",     0x10000000,    0x2eff0000,    3,  4)       \
    X(PCIE_PIO,     "pcie-pio",      0x3eff0000,      64 * KIB,   -1,  0)       \
    X(PCIE_ECAM,    "pcie-ecam",     0x3f000000,      16 * MIB,   -1,  0)       \
    X(RAM,          "ram",           0x40000000,     255 * GIB,   -1,  0)       \
    X(GICR_HIGH,    "gicr-high",     0x4000000000,    64 * MIB,   -1,  0)       \
    X(ECAM_HIGH,    "pcie-ecam-high",0x4010000000,   256 * MIB,   -1,  0)       \
    X(PCIE_HIGH,    "pcie-mmio-high",0x8000000000,   512 * GIB,   -1,  0)
/* clang-format on */

enum virt_region {
#define X(id, name, base, size, spi, n) VIRT_##id,
    VIRT_REGIONS(X)
#undef X
        VIRT_N_REGIONS,
};

struct memmap_entry {
    const char *name;
    uint64_t base, size;
    int16_t spi; /* first shared peripheral interrupt, as the device tree counts; -1: none */
    uint16_t n_spi;
};

extern const struct memmap_entry virt_memmap[VIRT_N_REGIONS];

#define VIRT_N_VIRTIO      32
#define VIRT_VIRTIO_STRIDE UINT64_C(0x200)

/* Interrupt numbers: private ones as the device tree counts them (INTID - 16). */
enum virt_ppi {
    PPI_PMU = 7,
    PPI_GIC_MAINTENANCE = 9,
    PPI_TIMER_HYP = 10,
    PPI_TIMER_VIRT = 11,
    PPI_TIMER_HYP_VIRT = 12,
    PPI_TIMER_SECURE = 13,
    PPI_TIMER_PHYS = 14,
};
/* Timers of Secure EL2, which the device tree does not describe. */
#define INTID_SEC_HYPVIRT_TIMER 19
#define INTID_SEC_HYP_TIMER     20

#define INTID_OF_PPI(n)  (16 + (n))
#define INTID_OF_SPI(n)  (32 + (n))
#define INTID_OF_EPPI(n) (1056 + (n))
#define INTID_OF_ESPI(n) (4096 + (n))

/* Shared peripheral interrupts that the board wires: enough for the platform bus. */
#define VIRT_N_SPI 256
/* The last of them are for messages. */
#define VIRT_N_MBI     64
#define VIRT_FIRST_MBI INTID_OF_SPI(VIRT_N_SPI - VIRT_N_MBI)
/* Extended ones, with espi=on. */
#define VIRT_N_ESPI 64
#define VIRT_N_EPPI 64
/* What extended interrupts replace: those of virtio slots and of the PMU. */
unsigned virt_virtio_intid(unsigned slot, bool espi);
unsigned virt_pmu_intid(bool espi);

/* Lines of the PL061. */
#define GPIO_LINE_POWER_KEY 3
/* Lines of the Secure PL061, outputs. */
#define SECURE_GPIO_LINE_POWEROFF 0
#define SECURE_GPIO_LINE_RESET    1

/* How many PEs have their redistributor in the first window; where that of a PE is. */
unsigned virt_gicr_n_low(unsigned gic_version);
uint64_t virt_gicr_base(unsigned gic_version, unsigned pe);
#define VIRT_GICR_SIZE (128 * KIB)

#define VIRT_MAX_CPUS_GICV2 8
#define VIRT_MAX_CPUS_GICV3 512
#define VIRT_MAX_CPUS_GICV4 317

/* The affinity value (Aff3:Aff2:Aff1:Aff0 as in MPIDR_EL1) of PE n: SGIs reach this many by a list.
 */
uint64_t virt_mpidr(unsigned pe, unsigned gic_version);

#endif
