/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The `virt` board: which devices there are, where they are, and who is wired to whom. Addresses
 * and interrupt numbers come from memmap.h.
 */
#include <string.h>

#include "base/bits.h"
#include "devices/cfi_flash.h"
#include "devices/gicv2m.h"
#include "devices/pl011.h"
#include "devices/pl031.h"
#include "devices/pl061.h"
#include "devices/virtio_mmio.h"
#include "machine/board_fw_cfg.h"

#include "machine/machine_internal.h"

#define PAS_MASK_BOTH (PAS_MASK_NS | PAS_MASK_S)

/* How long the power key is held. */
#define POWER_KEY_TICKS (100 * TICKS_PER_MS)

/* A name that lives as long as the machine. */
static G_GNUC_PRINTF(2, 3) const char *name(struct machine *m, const char *fmt, ...)
{
    char buf[32];
    va_list ap;
    va_start(ap, fmt);
    g_vsnprintf(buf, sizeof(buf), fmt, ap);
    va_end(ap);
    return g_string_chunk_insert_const(m->names, buf);
}

/* From here on the machine owns it. */
static struct device *adopt(struct machine *m, struct device *d)
{
    g_ptr_array_add(m->devices, d);
    return d;
}

/* Realize and map the first region where the map says. */
static bool place(struct machine *m, struct device *d, enum virt_region r, uint8_t pas_mask,
                  GError **err)
{
    return device_realize(d, err) &&
           bus_map_device(m->bus, pa(virt_memmap[r].base), d, 0, pas_mask, err);
}

static void wire(struct machine *m, enum virt_region r, struct irq_line *line)
{
    gic_wire_spi(m->gic, INTID_OF_SPI((unsigned)virt_memmap[r].spi), line);
}

/* ---- memory ---- */

static bool add_memory(struct machine *m, GError **err)
{
    const struct memmap_entry *ram = &virt_memmap[VIRT_RAM];
    const struct memmap_entry *sec = &virt_memmap[VIRT_SECURE_RAM];

    return bus_map_ram(m->bus, ram->name, pa(ram->base), m->cfg.ram_bytes, PAS_MASK_BOTH, false,
                       err) &&
           (!m->cfg.secure ||
            bus_map_ram(m->bus, sec->name, pa(sec->base), sec->size, PAS_MASK_S, false, err));
}

static bool add_flash(struct machine *m, unsigned n, enum virt_region r, uint8_t pas_mask,
                      GError **err)
{
    const struct memmap_entry *map = &virt_memmap[r];
    struct device *d = adopt(m, cfi_flash_new(map->name));
    m->flash[n] = d;
    cfi_flash_set_contents(d, m->cfg.flash[n]);
    cfi_flash_set_bus(d, m->bus);
    return place(m, d, r, pas_mask, err);
}

static bool add_flashes(struct machine *m, GError **err)
{
    return add_flash(m, 0, VIRT_FLASH0, m->cfg.secure ? PAS_MASK_S : PAS_MASK_BOTH, err) &&
           add_flash(m, 1, VIRT_FLASH1, PAS_MASK_BOTH, err);
}

/* ---- interrupt controller, timers ---- */

static bool map_gic_v2(struct machine *m, struct device *d, GError **err)
{
    static const struct {
        unsigned region;
        enum virt_region where;
        bool virtualization;
    } map[] = {
        {GIC_REGION_DIST, VIRT_GICD, false},
        {GICV2_REGION_CPU, VIRT_GICC, false},
        {GICV2_REGION_HYP, VIRT_GICH, true},
        {GICV2_REGION_VCPU, VIRT_GICV, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(map); i++) {
        if ((!map[i].virtualization || m->cfg.virtualization) &&
            !bus_map_device(m->bus, pa(virt_memmap[map[i].where].base), d, map[i].region,
                            PAS_MASK_BOTH, err)) {
            return false;
        }
    }
    return true;
}

static bool add_gicv2m(struct machine *m, GError **err)
{
    const struct memmap_entry *map = &virt_memmap[VIRT_GICV2M];
    unsigned first = INTID_OF_SPI((unsigned)map->spi);
    struct device *d = adopt(m, gicv2m_new(map->name, first, map->n_spi));
    for (unsigned i = 0; i < map->n_spi; i++) {
        gic_wire_spi(m->gic, first + i, gicv2m_output(d, i));
    }
    return place(m, d, VIRT_GICV2M, PAS_MASK_BOTH, err);
}

/* NULL: this version has no such part. */
static bool map_part(struct machine *m, uint64_t base, struct device *d, GError **err)
{
    return d == NULL || bus_map_device(m->bus, pa(base), d, 0, PAS_MASK_BOTH, err);
}

static bool map_gic_v3(struct machine *m, struct device *d, GError **err)
{
    if (!bus_map_device(m->bus, pa(virt_memmap[VIRT_GICD].base), d, GIC_REGION_DIST, PAS_MASK_BOTH,
                        err)) {
        return false;
    }
    for (unsigned i = 0; i < m->n_pes; i++) {
        uint64_t base = virt_gicr_base(m->cfg.gic_version, i);
        if (!map_part(m, base, gic_redist_device(m->gic, i), err) ||
            !map_part(m, base + VIRT_GICR_SIZE, gic_vlpi_device(m->gic, i), err)) {
            return false;
        }
    }
    uint64_t its = virt_memmap[m->cfg.gic_minor == 1 ? VIRT_ITS_V4P1 : VIRT_ITS].base;
    return map_part(m, its, gic_its_device(m->gic), err) &&
           map_part(m, its + virt_memmap[VIRT_ITS].size, gic_its_sgi_device(m->gic), err);
}

static bool add_gic(struct machine *m, GError **err)
{
    struct bus_port memory = bus_direct_port(m->bus, PAS_NS);
    struct gic_cfg c = {
        .version = m->cfg.gic_version,
        .minor = m->cfg.gic_minor,
        .n_pe = m->n_pes,
        .n_spi = VIRT_N_SPI,
        .n_first_redists = virt_gicr_n_low(m->cfg.gic_version),
        .mpidr = m->mpidr,
        .security = m->cfg.secure,
        .virtualization = m->cfg.virtualization,
        .ns_boot = m->cfg.secure && m->plan.linux_boot,
        .n_espi = m->cfg.espi ? VIRT_N_ESPI : 0,
        .n_eppi = m->cfg.espi ? VIRT_N_EPPI : 0,
        .nmi = m->cfg.gic_version >= 3 && m->model.nmi,
        .mbi = m->cfg.mbi,
        .memory = m->cfg.its ? &memory : NULL,
    };
    m->gic = gic_new(&c, "gic", err);
    if (m->gic == NULL) {
        return false;
    }
    struct device *d = gic_device(m->gic);
    if (m->cfg.gic_version == 2) {
        return map_gic_v2(m, d, err) && add_gicv2m(m, err);
    }
    return map_gic_v3(m, d, err);
}

static bool add_timers(struct machine *m, GError **err)
{
    struct gtimer_cfg c = {
        .n_pe = m->n_pes,
        .freq_hz = m->model.cntfrq_hz,
        .el2 = m->cfg.virtualization,
        .vhe = m->cfg.virtualization && m->model.vhe,
        .sel2 = m->cfg.virtualization && m->cfg.secure && m->model.sel2,
        .ecv = m->model.ecv,
        .ecv_poff = m->model.ecv_poff,
    };
    m->gtimer = gtimer_new(&c, m->evq, err);
    return m->gtimer != NULL;
}

/* ---- devices ---- */

static bool add_uart(struct machine *m, unsigned n, enum virt_region r, uint8_t pas_mask,
                     GError **err)
{
    /* As the reference board: revision r1p4. */
    struct device *d = adopt(m, pl011_new(name(m, "uart%u", n), 16));
    pl011_set_chardev(d, m->cfg.serial[n]);
    wire(m, r, pl011_irq(d));
    return place(m, d, r, pas_mask, err);
}

static bool add_uarts(struct machine *m, GError **err)
{
    if (!add_uart(m, 0, VIRT_UART0, PAS_MASK_BOTH, err)) {
        return false;
    }
    if (m->cfg.secure) {
        return add_uart(m, 1, VIRT_UART1, PAS_MASK_S, err);
    }
    return !m->cfg.serial1 || add_uart(m, 1, VIRT_UART1, PAS_MASK_BOTH, err);
}

static bool add_rtc(struct machine *m, GError **err)
{
    struct device *d = adopt(m, pl031_new("rtc", m->evq, (uint32_t)m->cfg.rtc_seconds));
    wire(m, VIRT_RTC, pl031_irq(d));
    return place(m, d, VIRT_RTC, PAS_MASK_BOTH, err);
}

static void release_power_key(void *opaque, tick_t now)
{
    struct machine *m = opaque;
    pl061_set_input(m->gpio, GPIO_LINE_POWER_KEY, false);
}

static bool add_gpio(struct machine *m, GError **err)
{
    m->gpio = adopt(m, pl061_new("gpio"));
    m->key_release = (struct event){.name = "power key", .fn = release_power_key, .opaque = m};
    wire(m, VIRT_GPIO, pl061_irq(m->gpio));
    return place(m, m->gpio, VIRT_GPIO, PAS_MASK_BOTH, err);
}

/* As long as a finger does: drivers debounce and look at the level again. */
void board_press_power_key(struct machine *m)
{
    pl061_set_input(m->gpio, GPIO_LINE_POWER_KEY, true);
    evq_schedule(m->evq, &m->key_release, evq_now(m->evq) + POWER_KEY_TICKS);
}

/* Secure firmware ends the machine by a pin. */
static void secure_gpio_sink(void *opaque, unsigned line, bool level)
{
    if (level) {
        machine_request(opaque, line == SECURE_GPIO_LINE_RESET ? REQ_RESET : REQ_POWEROFF, 0);
    }
}

static bool add_secure_gpio(struct machine *m, GError **err)
{
    struct device *d = adopt(m, pl061_new("secure-gpio"));
    for (unsigned i = 0; i <= SECURE_GPIO_LINE_RESET; i++) {
        *pl061_output(d, i) = (struct irq_line){.sink = secure_gpio_sink, .opaque = m, .n = i};
    }
    return place(m, d, VIRT_SECURE_GPIO, PAS_MASK_S, err);
}

static bool add_virtio_slot(struct machine *m, unsigned i, GError **err)
{
    const struct memmap_entry *map = &virt_memmap[VIRT_VIRTIO];
    struct device *d = adopt(m, device_new(&virtio_mmio_ops, name(m, "virtio-mmio.%u", i)));
    struct virtio_mmio *t = (struct virtio_mmio *)d;

    t->port = bus_direct_port(m->bus, PAS_NS);
    t->evq = m->evq;
    t->legacy = !m->cfg.virtio_modern;
    gic_wire_spi(m->gic, virt_virtio_intid(i, m->cfg.espi), &t->irq);
    if (m->cfg.virtio[i] != NULL) {
        if (!virtio_mmio_plug(t, m->cfg.virtio[i], err)) {
            return false;
        }
        m->cfg.virtio[i] = NULL;
    }
    return device_realize(d, err) &&
           bus_map_device(m->bus, pa(map->base + i * VIRT_VIRTIO_STRIDE), d, 0, PAS_MASK_BOTH, err);
}

static bool add_virtio(struct machine *m, GError **err)
{
    for (unsigned i = 0; i < VIRT_N_VIRTIO; i++) {
        if (!add_virtio_slot(m, i, err)) {
            return false;
        }
    }
    return true;
}

/* ---- the whole ---- */

bool board_build(struct machine *m, GError **err)
{
    return add_memory(m, err) && add_gic(m, err) && add_timers(m, err) && add_flashes(m, err) &&
           add_uarts(m, err) && add_rtc(m, err) && add_gpio(m, err) &&
           (!m->cfg.secure || add_secure_gpio(m, err)) && board_add_fw_cfg(m, err) &&
           add_virtio(m, err);
}

void board_reset(struct machine *m)
{
    /* The controller first: devices that reset drive their lines into it. */
    device_reset(gic_device(m->gic), RESET_COLD);
    gtimer_reset(m->gtimer);
    for (guint i = 0; i < m->devices->len; i++) {
        device_reset(g_ptr_array_index(m->devices, i), RESET_COLD);
    }
}

void board_free(struct machine *m)
{
    for (guint i = m->devices->len; i > 0; i--) {
        device_free(g_ptr_array_index(m->devices, i - 1));
    }
    g_ptr_array_unref(m->devices);
    for (unsigned i = 0; i < VIRT_N_VIRTIO; i++) {
        if (m->cfg.virtio[i] != NULL) {
            virtio_dev_free(m->cfg.virtio[i]); /* never got into its slot */
        }
    }
    gtimer_free(m->gtimer);
    gic_free(m->gic);
    g_string_chunk_free(m->names);
}
