// SPDX-License-Identifier: Apache-2.0
/*
 * A small virtual machine monitor over /dev/kvm for arm64: what its files share.
 *
 *   main.c    options; memory, images and the device tree; one thread for each vCPU
 *   vm.c      the ioctls of KVM: machine, vCPUs, interrupt controller, exits
 *   fdt.c     the device tree of the guest
 *   uart.c    PL011: the console
 *   virtio.c  virtio-mmio: a disk and a second console
 *
 * The board is the part of QEMU's `virt` that a guest needs: same addresses, same interrupts.
 */
#ifndef VMM_H
#define VMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_VCPUS 8

enum board_map {
    GICD_BASE = 0x08000000,
    GICD_SIZE = 0x10000,
    GICC_BASE = 0x08010000,
    GICC_SIZE = 0x2000,
    GICR_BASE = 0x080a0000,
    GICR_SIZE = 0x20000, /* of each PE */
    UART_BASE = 0x09000000,
    UART_SIZE = 0x1000,
    VIRTIO_BASE = 0x0a000000,
    VIRTIO_SIZE = 0x200, /* of each device */
    RAM_BASE = 0x40000000,
};

enum board_irq { PPI_MAINTENANCE = 9, SPI_UART = 1, SPI_VIRTIO = 16 };

enum virtio_slot { SLOT_DISK, SLOT_CONSOLE, N_SLOTS };

struct options {
    const char *kernel, *initrd, *disk, *cmdline;
    uint64_t ram_bytes;
    unsigned n_vcpus;
    bool el2;       /* the guest has EL2: nested virtualization */
    bool e2h0;      /* its HCR_EL2.E2H is 0 for ever: an nVHE hypervisor */
    bool protected; /* ask pKVM for a protected machine */
    bool input;     /* stdin is the console's other half */
};

/* Where main.c put things in the guest's memory. */
struct layout {
    uint64_t entry, dtb, initrd, initrd_end;
};

struct vm;

/* ---- main.c ---- */
void die(const char *what) __attribute__((noreturn));
/* A whole file into memory at `at`, of which `room` bytes are left; returns its size. */
size_t load_file(const char *path, void *at, size_t room);

/* ---- vm.c ---- */
struct vm *vm_create(const struct options *o, void *ram);
unsigned vm_gic_version(const struct vm *vm);
void vm_start(struct vm *vm, const struct layout *l); /* returns when all vCPUs run */
void vm_set_spi(struct vm *vm, unsigned spi, bool level);
void vm_console_input(struct vm *vm, uint8_t byte);

/* ---- fdt.c ---- */
size_t fdt_build(void *at, size_t room, const struct options *o, const struct layout *l,
                 unsigned gic_version);

/* ---- devices: called with the device lock held ---- */
struct mmio {
    uint64_t offset;
    unsigned len_bytes;
    bool is_write;
    uint64_t value;
};

void uart_access(struct vm *vm, struct mmio *m);
void uart_input(struct vm *vm, uint8_t byte);

void virtio_init(void *ram, const struct options *o);
bool virtio_present(unsigned slot, const struct options *o);
void virtio_access(struct vm *vm, unsigned slot, struct mmio *m);

#endif
