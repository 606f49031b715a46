/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board's device tree, written front to back with libfdt's sequential interface.
 * Left out, because the board has none yet: PCIe, SMMU.
 */
#include "machine/fdt.h"

#include <libfdt.h>
#include <string.h>

#include "base/bits.h"
#include "machine/memmap.h"

#define TREE_MAX_BYTES (1 * MIB)

/* Interrupt specifiers of the Arm GIC binding. */
enum { GIC_SPI, GIC_PPI, GIC_ESPI, GIC_EPPI };
enum { IRQ_EDGE_RISING = 1, IRQ_LEVEL_HIGH = 4 };

#define KEY_POWER 116

/* The reference machine counts phandles from here, in this order. */
#define PHANDLE_CLOCK 0x8000U

struct tree {
    void *fdt;
    int err; /* first error of libfdt; later calls do nothing */
    const struct fdt_config *c;
    uint32_t next_phandle;
    uint32_t gic, msi, gpio, secure_gpio;
    uint32_t ppi_cpus; /* GICv2: mask of PEs in the flags of a PPI */
};

static void begin(struct tree *t, const char *name)
{
    if (t->err == 0) {
        t->err = fdt_begin_node(t->fdt, name);
    }
}

static G_GNUC_PRINTF(2, 3) void begin_fmt(struct tree *t, const char *fmt, ...)
{
    char name[64];
    va_list ap;
    va_start(ap, fmt);
    g_vsnprintf(name, sizeof(name), fmt, ap);
    va_end(ap);
    begin(t, name);
}

static void end(struct tree *t)
{
    if (t->err == 0) {
        t->err = fdt_end_node(t->fdt);
    }
}

static void put(struct tree *t, const char *name, const void *data, size_t len)
{
    if (t->err == 0) {
        t->err = fdt_property(t->fdt, name, data, (int)len);
    }
}

static void put_flag(struct tree *t, const char *name)
{
    put(t, name, NULL, 0);
}

/* A literal, which may hold several strings: "a\0b". */
#define PUT_STR(t, name, s) put(t, name, s, sizeof(s))

static void put_str(struct tree *t, const char *name, const char *s)
{
    put(t, name, s, strlen(s) + 1);
}

static void put_cells(struct tree *t, const char *name, const uint32_t *cells, size_t n)
{
    void *p = NULL;
    if (t->err == 0) {
        t->err = fdt_property_placeholder(t->fdt, name, (int)(n * 4), &p);
    }
    for (size_t i = 0; i < n && t->err == 0; i++) {
        fdt32_st((uint8_t *)p + 4 * i, cells[i]);
    }
}

#define PUT_CELLS(t, name, ...)                                                                    \
    put_cells(t, name, (const uint32_t[]){__VA_ARGS__},                                            \
              ARRAY_LEN(((const uint32_t[]){__VA_ARGS__})))

#define CELLS64(v) (uint32_t)((v) >> 32), (uint32_t)(v)

static void put_reg(struct tree *t, const char *name, enum virt_region r)
{
    const struct memmap_entry *m = &virt_memmap[r];
    PUT_CELLS(t, name, CELLS64(m->base), CELLS64(m->size));
}

static void begin_region(struct tree *t, const char *name, enum virt_region r)
{
    begin_fmt(t, "%s@%" G_GINT64_MODIFIER "x", name, virt_memmap[r].base);
}

static void put_spi(struct tree *t, enum virt_region r, uint32_t flags)
{
    PUT_CELLS(t, "interrupts", GIC_SPI, (uint32_t)virt_memmap[r].spi, flags);
}

static void put_intid(struct tree *t, uint32_t intid, uint32_t flags)
{
    static const struct {
        uint32_t first, type;
    } kinds[] = {
        {INTID_OF_ESPI(0), GIC_ESPI},
        {INTID_OF_EPPI(0), GIC_EPPI},
        {INTID_OF_SPI(0), GIC_SPI},
        {INTID_OF_PPI(0), GIC_PPI},
    };
    unsigned k = 0;
    while (intid < kinds[k].first) {
        k++;
    }
    PUT_CELLS(t, "interrupts", kinds[k].type, intid - kinds[k].first, flags);
}

/* Nodes that only Secure software may use. */
static void put_secure_only(struct tree *t)
{
    put_str(t, "secure-status", "okay");
    put_str(t, "status", "disabled");
}

static void platform_bus(struct tree *t)
{
    const struct memmap_entry *m = &virt_memmap[VIRT_PLATFORM_BUS];
    begin_region(t, "platform-bus", VIRT_PLATFORM_BUS);
    PUT_CELLS(t, "interrupt-parent", t->gic);
    PUT_CELLS(t, "ranges", 0, CELLS64(m->base), (uint32_t)m->size);
    PUT_CELLS(t, "#address-cells", 1);
    PUT_CELLS(t, "#size-cells", 1);
    PUT_STR(t, "compatible", "qemu,platform\0simple-bus");
    end(t);
}

static void fw_cfg(struct tree *t)
{
    begin_region(t, "fw-cfg", VIRT_FW_CFG);
    put_flag(t, "dma-coherent");
    put_reg(t, "reg", VIRT_FW_CFG);
    put_str(t, "compatible", "qemu,fw-cfg-mmio");
    end(t);
}

static void virtio_mmio(struct tree *t)
{
    const struct memmap_entry *m = &virt_memmap[VIRT_VIRTIO];
    for (unsigned i = 0; i < VIRT_N_VIRTIO; i++) {
        uint64_t base = m->base + i * VIRT_VIRTIO_STRIDE;
        begin_fmt(t, "virtio_mmio@%" G_GINT64_MODIFIER "x", base);
        put_flag(t, "dma-coherent");
        put_intid(t, virt_virtio_intid(i, t->c->espi), IRQ_EDGE_RISING);
        PUT_CELLS(t, "reg", CELLS64(base), CELLS64(VIRT_VIRTIO_STRIDE));
        put_str(t, "compatible", "virtio,mmio");
        end(t);
    }
}

static void pl061(struct tree *t, enum virt_region r, uint32_t phandle, bool secure)
{
    begin_region(t, "pl061", r);
    if (secure) {
        put_secure_only(t);
    }
    PUT_CELLS(t, "phandle", phandle);
    put_str(t, "clock-names", "apb_pclk");
    PUT_CELLS(t, "clocks", PHANDLE_CLOCK);
    if (secure) {
        PUT_CELLS(t, "interrupts", GIC_SPI, 0, IRQ_LEVEL_HIGH); /* not connected */
    } else {
        put_spi(t, r, IRQ_LEVEL_HIGH);
    }
    put_flag(t, "gpio-controller");
    PUT_CELLS(t, "#gpio-cells", 2);
    PUT_STR(t, "compatible", "arm,pl061\0arm,primecell");
    put_reg(t, "reg", r);
    end(t);
}

static void secure_gpio_user(struct tree *t, const char *name, uint32_t line)
{
    begin(t, name);
    put_secure_only(t);
    PUT_CELLS(t, "gpios", t->secure_gpio, line, 0);
    put_str(t, "compatible", name);
    end(t);
}

static void secure_gpio(struct tree *t)
{
    secure_gpio_user(t, "gpio-restart", SECURE_GPIO_LINE_RESET);
    secure_gpio_user(t, "gpio-poweroff", SECURE_GPIO_LINE_POWEROFF);
    pl061(t, VIRT_SECURE_GPIO, t->secure_gpio, true);
}

static void power_key(struct tree *t)
{
    begin(t, "gpio-keys");
    put_str(t, "compatible", "gpio-keys");
    begin(t, "poweroff");
    PUT_CELLS(t, "gpios", t->gpio, GPIO_LINE_POWER_KEY, 0);
    PUT_CELLS(t, "linux,code", KEY_POWER);
    put_str(t, "label", "GPIO Key Poweroff");
    end(t);
    end(t);
}

static void rtc(struct tree *t)
{
    begin_region(t, "pl031", VIRT_RTC);
    put_str(t, "clock-names", "apb_pclk");
    PUT_CELLS(t, "clocks", PHANDLE_CLOCK);
    put_spi(t, VIRT_RTC, IRQ_LEVEL_HIGH);
    put_reg(t, "reg", VIRT_RTC);
    PUT_STR(t, "compatible", "arm,pl031\0arm,primecell");
    end(t);
}

static void uart(struct tree *t, enum virt_region r, bool secure)
{
    begin_region(t, "pl011", r);
    if (secure) {
        put_secure_only(t);
    }
    PUT_STR(t, "clock-names", "uartclk\0apb_pclk");
    PUT_CELLS(t, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
    put_spi(t, r, IRQ_LEVEL_HIGH);
    put_reg(t, "reg", r);
    PUT_STR(t, "compatible", "arm,pl011\0arm,primecell");
    end(t);
}

static void secure_ram(struct tree *t)
{
    begin_region(t, "secram", VIRT_SECURE_RAM);
    put_secure_only(t);
    put_reg(t, "reg", VIRT_SECURE_RAM);
    put_str(t, "device_type", "memory");
    end(t);
}

static void pmu(struct tree *t)
{
    begin(t, "pmu");
    put_intid(t, virt_pmu_intid(t->c->espi), IRQ_LEVEL_HIGH | t->ppi_cpus);
    put_str(t, "compatible", "arm,armv8-pmuv3");
    end(t);
}

static void put_gic_v2_reg(struct tree *t)
{
    const struct memmap_entry *m = virt_memmap;
    uint32_t cells[] = {
        CELLS64(m[VIRT_GICD].base), CELLS64(m[VIRT_GICD].size), CELLS64(m[VIRT_GICC].base),
        CELLS64(m[VIRT_GICC].size), CELLS64(m[VIRT_GICH].base), CELLS64(m[VIRT_GICH].size),
        CELLS64(m[VIRT_GICV].base), CELLS64(m[VIRT_GICV].size),
    };
    put_cells(t, "reg", cells, t->c->virtualization ? ARRAY_LEN(cells) : ARRAY_LEN(cells) / 2);
}

static void put_gic_v3_reg(struct tree *t)
{
    const struct memmap_entry *m = virt_memmap;
    bool two = t->c->n_cpus > virt_gicr_n_low(t->c->gic_version);
    uint32_t cells[] = {
        CELLS64(m[VIRT_GICD].base),      CELLS64(m[VIRT_GICD].size),
        CELLS64(m[VIRT_GICR].base),      CELLS64(m[VIRT_GICR].size),
        CELLS64(m[VIRT_GICR_HIGH].base), CELLS64(m[VIRT_GICR_HIGH].size),
    };
    put_cells(t, "reg", cells, two ? 12 : 8);
    PUT_CELLS(t, "#redistributor-regions", two ? 2 : 1);
}

static void its(struct tree *t)
{
    enum virt_region where = t->c->gic_minor == 1 ? VIRT_ITS_V4P1 : VIRT_ITS;
    begin_region(t, "its", where);
    PUT_CELLS(t, "phandle", t->msi);
    put_reg(t, "reg", where);
    PUT_CELLS(t, "#msi-cells", 1);
    put_flag(t, "msi-controller");
    put_str(t, "compatible", "arm,gic-v3-its");
    end(t);
}

static void gicv2m(struct tree *t)
{
    begin_region(t, "v2m", VIRT_GICV2M);
    PUT_CELLS(t, "phandle", t->msi);
    put_reg(t, "reg", VIRT_GICV2M);
    put_flag(t, "msi-controller");
    put_str(t, "compatible", "arm,gic-v2m-frame");
    end(t);
}

static void gic(struct tree *t)
{
    begin_region(t, "intc", VIRT_GICD);
    PUT_CELLS(t, "phandle", t->gic);
    if (t->c->virtualization) {
        PUT_CELLS(t, "interrupts", GIC_PPI, PPI_GIC_MAINTENANCE, IRQ_LEVEL_HIGH);
    }
    if (t->c->gic_version == 2) {
        put_gic_v2_reg(t);
        put_str(t, "compatible", "arm,cortex-a15-gic");
    } else {
        put_gic_v3_reg(t);
        put_str(t, "compatible", "arm,gic-v3");
    }
    if (t->c->mbi) {
        PUT_CELLS(t, "mbi-ranges", VIRT_FIRST_MBI, VIRT_N_MBI);
        put_flag(t, "msi-controller");
    }
    put_flag(t, "ranges");
    PUT_CELLS(t, "#size-cells", 2);
    PUT_CELLS(t, "#address-cells", 2);
    put_flag(t, "interrupt-controller");
    PUT_CELLS(t, "#interrupt-cells", 3);
    if (t->c->gic_version == 2) {
        gicv2m(t);
    } else if (t->c->its) {
        its(t);
    }
    end(t);
}

static void flash_bank(struct tree *t, const char *name, enum virt_region r, bool secure)
{
    begin_region(t, name, r);
    if (secure) {
        put_secure_only(t);
    }
    PUT_CELLS(t, "bank-width", 4);
    put_reg(t, "reg", r);
    put_str(t, "compatible", "cfi-flash");
    end(t);
}

static void flash(struct tree *t)
{
    const struct memmap_entry *a = &virt_memmap[VIRT_FLASH0];
    const struct memmap_entry *b = &virt_memmap[VIRT_FLASH1];

    if (t->c->secure) {
        flash_bank(t, "flash", VIRT_FLASH1, false);
        flash_bank(t, "secflash", VIRT_FLASH0, true);
        return;
    }
    begin_region(t, "flash", VIRT_FLASH0);
    PUT_CELLS(t, "bank-width", 4);
    PUT_CELLS(t, "reg", CELLS64(a->base), CELLS64(a->size), CELLS64(b->base), CELLS64(b->size));
    put_str(t, "compatible", "cfi-flash");
    end(t);
}

/* The reference machine adds PEs from the last to the first. */
static uint32_t cpu_phandle(const struct tree *t, unsigned n)
{
    return PHANDLE_CLOCK + t->c->n_cpus - n;
}

static void cpu_map_core(struct tree *t, unsigned first)
{
    if (t->c->topology.threads == 1) {
        PUT_CELLS(t, "cpu", cpu_phandle(t, first));
        return;
    }
    for (unsigned i = 0; i < t->c->topology.threads && first + i < t->c->n_cpus; i++) {
        begin_fmt(t, "thread%u", i);
        PUT_CELLS(t, "cpu", cpu_phandle(t, first + i));
        end(t);
    }
}

static void cpu_map(struct tree *t)
{
    const struct fdt_topology *y = &t->c->topology;
    unsigned per_cluster = y->cores * y->threads;
    unsigned per_socket = y->clusters * per_cluster;

    begin(t, "cpu-map");
    for (unsigned s = 0; s < t->c->n_cpus; s += per_socket) {
        begin_fmt(t, "socket%u", s / per_socket);
        for (unsigned c = s; c < s + per_socket && c < t->c->n_cpus; c += per_cluster) {
            begin_fmt(t, "cluster%u", (c - s) / per_cluster);
            for (unsigned k = c; k < c + per_cluster && k < t->c->n_cpus; k += y->threads) {
                begin_fmt(t, "core%u", (k - c) / y->threads);
                cpu_map_core(t, k);
                end(t);
            }
            end(t);
        }
        end(t);
    }
    end(t);
}

static void cpus(struct tree *t)
{
    begin(t, "cpus");
    PUT_CELLS(t, "#size-cells", 0);
    PUT_CELLS(t, "#address-cells", 1);
    cpu_map(t);
    for (unsigned i = 0; i < t->c->n_cpus; i++) {
        begin_fmt(t, "cpu@%u", i);
        PUT_CELLS(t, "phandle", cpu_phandle(t, i));
        PUT_CELLS(t, "reg", (uint32_t)virt_mpidr(i, t->c->gic_version));
        if (t->c->n_cpus > 1) {
            put_str(t, "enable-method", "psci");
        }
        put_str(t, "compatible", t->c->cpu_compatible);
        put_str(t, "device_type", "cpu");
        end(t);
    }
    end(t);
}

static void timer(struct tree *t)
{
    static const uint8_t order[] = {PPI_TIMER_SECURE, PPI_TIMER_PHYS, PPI_TIMER_VIRT, PPI_TIMER_HYP,
                                    PPI_TIMER_HYP_VIRT};
    uint32_t cells[3 * ARRAY_LEN(order)];
    size_t n = ARRAY_LEN(order) - (t->c->hyp_virt_timer ? 0 : 1);

    for (size_t i = 0; i < n; i++) {
        cells[3 * i] = GIC_PPI;
        cells[3 * i + 1] = order[i];
        cells[3 * i + 2] = IRQ_LEVEL_HIGH | t->ppi_cpus;
    }
    begin(t, "timer");
    put_cells(t, "interrupts", cells, 3 * n);
    put_flag(t, "always-on");
    PUT_STR(t, "compatible", "arm,armv8-timer\0arm,armv7-timer");
    end(t);
}

static void clock_node(struct tree *t)
{
    begin(t, "apb-pclk");
    PUT_CELLS(t, "phandle", PHANDLE_CLOCK);
    put_str(t, "clock-output-names", "clk24mhz");
    PUT_CELLS(t, "clock-frequency", 24000000);
    PUT_CELLS(t, "#clock-cells", 0);
    put_str(t, "compatible", "fixed-clock");
    end(t);
}

static void put_uart_path(struct tree *t, const char *property, enum virt_region r)
{
    char path[32];
    g_snprintf(path, sizeof(path), "/pl011@%" G_GINT64_MODIFIER "x", virt_memmap[r].base);
    put_str(t, property, path);
}

static void aliases(struct tree *t)
{
    begin(t, "aliases");
    put_uart_path(t, "serial0", VIRT_UART0);
    if (t->c->uart1 || t->c->secure) {
        put_uart_path(t, "serial1", VIRT_UART1);
    }
    end(t);
}

static void chosen(struct tree *t, const char *name, enum virt_region console,
                   const struct fdt_seeds *seeds)
{
    begin(t, name);
    put_uart_path(t, "stdout-path", console);
    put(t, "rng-seed", seeds->rng, sizeof(seeds->rng));
    put(t, "kaslr-seed", seeds->kaslr, sizeof(seeds->kaslr));
    end(t);
}

static void uarts(struct tree *t)
{
    if (t->c->secure) {
        uart(t, VIRT_UART1, true);
    }
    uart(t, VIRT_UART0, false);
    if (t->c->uart1 && !t->c->secure) {
        uart(t, VIRT_UART1, false);
    }
}

static void root(struct tree *t)
{
    begin(t, "");
    PUT_CELLS(t, "interrupt-parent", t->gic);
    put_flag(t, "dma-coherent");
    put_str(t, "model", "linux,dummy-virt");
    PUT_CELLS(t, "#size-cells", 2);
    PUT_CELLS(t, "#address-cells", 2);
    put_str(t, "compatible", "linux,dummy-virt");
    platform_bus(t);
    fw_cfg(t);
    virtio_mmio(t);
    if (t->c->secure) {
        secure_gpio(t);
    }
    power_key(t);
    pl061(t, VIRT_GPIO, t->gpio, false);
    rtc(t);
    if (t->c->secure) {
        secure_ram(t);
    }
    uarts(t);
    if (t->c->pmu) {
        pmu(t);
    }
    gic(t);
    flash(t);
    cpus(t);
    timer(t);
    clock_node(t);
    aliases(t);
    if (t->c->secure) {
        chosen(t, "secure-chosen", VIRT_UART1, &t->c->secure_seeds);
    }
    chosen(t, "chosen", VIRT_UART0, &t->c->seeds);
    end(t);
}

GBytes *fdt_build(const struct fdt_config *c, GError **err)
{
    g_autofree uint8_t *buf = g_malloc0(TREE_MAX_BYTES);
    struct tree t = {.fdt = buf, .c = c};

    t.gic = PHANDLE_CLOCK + c->n_cpus + 1;
    t.msi = t.gic + 1;
    t.gpio = t.gic + (c->gic_version == 2 || c->its ? 2 : 1);
    t.secure_gpio = t.gpio + 1;
    if (c->gic_version == 2) {
        t.ppi_cpus = ((1U << MIN(c->n_cpus, 8)) - 1) << 8;
    }
    t.err = fdt_create(buf, (int)TREE_MAX_BYTES);
    if (t.err == 0) {
        t.err = fdt_finish_reservemap(buf);
    }
    root(&t);
    if (t.err == 0) {
        t.err = fdt_finish(buf);
    }
    if (t.err != 0) {
        fail(err, ERR_HOST, "cannot build the device tree: %s", fdt_strerror(t.err));
        return NULL;
    }
    return g_bytes_new(buf, fdt_totalsize(buf));
}
