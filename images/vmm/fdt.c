// SPDX-License-Identifier: Apache-2.0
/*
 * The device tree of the guest, as a flattened blob (Devicetree Specification 0.4, chapter 5).
 * Nodes and properties are written in order; names of properties go into a block of strings.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmm.h"

enum token { BEGIN_NODE = 1, END_NODE = 2, PROP = 3, END = 9 };

enum { FDT_MAGIC = (int)0xd00dfeed, FDT_VERSION = 17, FDT_COMPATIBLE = 16 };

enum phandle { PHANDLE_GIC = 1, PHANDLE_CLOCK };

enum { IRQ_SPI = 0, IRQ_PPI = 1, IRQ_LEVEL = 4, UART_CLOCK_HZ = 24000000 };

struct fdt_header {
    uint32_t magic, totalsize, off_struct, off_strings, off_reserved, version, compatible, boot_cpu,
        size_strings, size_struct;
};

struct blob {
    char structure[16384], strings[2048];
    size_t n_structure, n_strings;
};

static void raw(struct blob *b, const void *data, size_t n)
{
    size_t padded = (n + 3) & ~(size_t)3;

    if (b->n_structure + padded > sizeof(b->structure)) {
        errno = ENOSPC;
        die("device tree");
    }
    memcpy(b->structure + b->n_structure, data, n);
    memset(b->structure + b->n_structure + n, 0, padded - n);
    b->n_structure += padded;
}

static void word(struct blob *b, uint32_t v)
{
    v = htobe32(v);
    raw(b, &v, sizeof(v));
}

static uint32_t string_offset(struct blob *b, const char *s)
{
    size_t n = strlen(s) + 1;

    for (size_t at = 0; at < b->n_strings; at += strlen(b->strings + at) + 1) {
        if (strcmp(b->strings + at, s) == 0) {
            return (uint32_t)at;
        }
    }
    if (b->n_strings + n > sizeof(b->strings)) {
        errno = ENOSPC;
        die("device tree");
    }
    memcpy(b->strings + b->n_strings, s, n);
    b->n_strings += n;
    return (uint32_t)(b->n_strings - n);
}

static void begin(struct blob *b, const char *name, uint64_t unit)
{
    char full[64];

    snprintf(full, sizeof(full), unit == UINT64_MAX ? "%s" : "%s@%lx", name, (unsigned long)unit);
    word(b, BEGIN_NODE);
    raw(b, full, strlen(full) + 1);
}

static void end(struct blob *b)
{
    word(b, END_NODE);
}

static void prop(struct blob *b, const char *name, const void *data, size_t n)
{
    word(b, PROP);
    word(b, (uint32_t)n);
    word(b, string_offset(b, name));
    raw(b, data, n);
}

static void prop_str(struct blob *b, const char *name, const char *s)
{
    prop(b, name, s, strlen(s) + 1);
}

static void prop_cells(struct blob *b, const char *name, const uint32_t *cells, size_t n)
{
    uint32_t be[24];

    for (size_t i = 0; i < n; i++) {
        be[i] = htobe32(cells[i]);
    }
    prop(b, name, be, n * sizeof(*be));
}

#define CELLS(b, name, ...)                                                                        \
    prop_cells(b, name, (const uint32_t[]){__VA_ARGS__},                                           \
               sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))
#define HI_LO(x) (uint32_t)((x) >> 32), (uint32_t)(x)
#define NO_UNIT  UINT64_MAX

static void chosen(struct blob *b, const struct options *o, const struct layout *l)
{
    begin(b, "chosen", NO_UNIT);
    prop_str(b, "bootargs", o->cmdline);
    prop_str(b, "stdout-path", "/pl011@9000000");
    if (l->initrd) {
        CELLS(b, "linux,initrd-start", HI_LO(l->initrd));
        CELLS(b, "linux,initrd-end", HI_LO(l->initrd_end));
    }
    end(b);
}

static void cpus(struct blob *b, const struct options *o)
{
    begin(b, "cpus", NO_UNIT);
    CELLS(b, "#address-cells", 1);
    CELLS(b, "#size-cells", 0);
    for (unsigned i = 0; i < o->n_vcpus; i++) {
        begin(b, "cpu", i);
        prop_str(b, "device_type", "cpu");
        prop_str(b, "compatible", "arm,arm-v8");
        CELLS(b, "reg", i);
        prop_str(b, "enable-method", "psci");
        end(b);
    }
    end(b);
    begin(b, "psci", NO_UNIT);
    prop(b, "compatible", "arm,psci-1.0\0arm,psci-0.2", 26);
    prop_str(b, "method", o->el2 ? "smc" : "hvc"); /* HVC is for the guest's own EL2 */
    end(b);
}

static void timer(struct blob *b)
{
    begin(b, "timer", NO_UNIT);
    prop_str(b, "compatible", "arm,armv8-timer");
    prop(b, "always-on", NULL, 0);
    CELLS(b, "interrupts", IRQ_PPI, 13, IRQ_LEVEL, IRQ_PPI, 14, IRQ_LEVEL, IRQ_PPI, 11, IRQ_LEVEL,
          IRQ_PPI, 10, IRQ_LEVEL, IRQ_PPI, 12, IRQ_LEVEL);
    end(b);
}

static void gic(struct blob *b, const struct options *o, unsigned version)
{
    begin(b, "intc", GICD_BASE);
    prop_str(b, "compatible", version == 3 ? "arm,gic-v3" : "arm,cortex-a15-gic");
    prop(b, "interrupt-controller", NULL, 0);
    CELLS(b, "#interrupt-cells", 3);
    CELLS(b, "phandle", PHANDLE_GIC);
    if (version == 3) {
        CELLS(b, "reg", 0, GICD_BASE, 0, GICD_SIZE, 0, GICR_BASE, 0, GICR_SIZE * o->n_vcpus);
    } else {
        CELLS(b, "reg", 0, GICD_BASE, 0, GICD_SIZE, 0, GICC_BASE, 0, GICC_SIZE);
    }
    if (o->el2) {
        CELLS(b, "interrupts", IRQ_PPI, PPI_MAINTENANCE, IRQ_LEVEL);
    }
    end(b);
}

static void uart(struct blob *b)
{
    begin(b, "apb-pclk", NO_UNIT);
    prop_str(b, "compatible", "fixed-clock");
    CELLS(b, "#clock-cells", 0);
    CELLS(b, "clock-frequency", UART_CLOCK_HZ);
    CELLS(b, "phandle", PHANDLE_CLOCK);
    end(b);
    begin(b, "pl011", UART_BASE);
    prop(b, "compatible", "arm,pl011\0arm,primecell", 24);
    CELLS(b, "reg", 0, UART_BASE, 0, UART_SIZE);
    CELLS(b, "interrupts", IRQ_SPI, SPI_UART, IRQ_LEVEL);
    CELLS(b, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
    prop(b, "clock-names", "uartclk\0apb_pclk", 17);
    end(b);
}

static void virtio(struct blob *b, const struct options *o)
{
    for (unsigned i = 0; i < N_SLOTS; i++) {
        uint32_t base = VIRTIO_BASE + i * VIRTIO_SIZE;

        if (!virtio_present(i, o)) {
            continue;
        }
        begin(b, "virtio_mmio", base);
        prop_str(b, "compatible", "virtio,mmio");
        CELLS(b, "reg", 0, base, 0, VIRTIO_SIZE);
        CELLS(b, "interrupts", IRQ_SPI, SPI_VIRTIO + i, IRQ_LEVEL);
        prop(b, "dma-coherent", NULL, 0);
        end(b);
    }
}

static void build_nodes(struct blob *b, const struct options *o, const struct layout *l,
                        unsigned gic_version)
{
    begin(b, "", NO_UNIT);
    prop_str(b, "compatible", "linux,dummy-virt");
    CELLS(b, "#address-cells", 2);
    CELLS(b, "#size-cells", 2);
    CELLS(b, "interrupt-parent", PHANDLE_GIC);
    chosen(b, o, l);
    begin(b, "memory", RAM_BASE);
    prop_str(b, "device_type", "memory");
    CELLS(b, "reg", 0, RAM_BASE, HI_LO(o->ram_bytes));
    end(b);
    cpus(b, o);
    timer(b);
    gic(b, o, gic_version);
    uart(b);
    virtio(b, o);
    end(b);
    word(b, END);
}

size_t fdt_build(void *at, size_t room, const struct options *o, const struct layout *l,
                 unsigned gic_version)
{
    static struct blob b;
    const uint32_t reserved = sizeof(struct fdt_header); /* an empty map: 16 bytes of zero */
    uint32_t structure = reserved + 16, strings, total;

    build_nodes(&b, o, l, gic_version);
    strings = structure + (uint32_t)b.n_structure;
    total = strings + (uint32_t)b.n_strings;
    if (total > room) {
        errno = ENOSPC;
        die("device tree");
    }
    memcpy(at,
           &(struct fdt_header){.magic = htobe32((uint32_t)FDT_MAGIC),
                                .totalsize = htobe32(total),
                                .off_struct = htobe32(structure),
                                .off_strings = htobe32(strings),
                                .off_reserved = htobe32(reserved),
                                .version = htobe32(FDT_VERSION),
                                .compatible = htobe32(FDT_COMPATIBLE),
                                .size_strings = htobe32((uint32_t)b.n_strings),
                                .size_struct = htobe32((uint32_t)b.n_structure)},
           sizeof(struct fdt_header));
    memset((char *)at + reserved, 0, structure - reserved);
    memcpy((char *)at + structure, b.structure, b.n_structure);
    memcpy((char *)at + strings, b.strings, b.n_strings);
    return total;
}
