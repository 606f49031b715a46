// SPDX-License-Identifier: Apache-2.0
/*
 * The machine as KVM knows it: memory, vCPUs, an interrupt controller, and what to do when a vCPU
 * comes back. Linux, Documentation/virt/kvm/api.rst and devices/arm-vgic*.rst.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm.h"

/* Newer than the headers that may be installed. */
#define CAP_ARM_EL2           240
#define CAP_ARM_EL2_E2H0      241
#define VCPU_HAS_EL2          7
#define VCPU_HAS_EL2_E2H0     8
#define VM_TYPE_ARM_PROTECTED (1ul << 31)
#define VGIC_GRP_MAINT_IRQ    9
#define EXIT_STATUS_RESET     3
#define EXIT_STATUS_CRASH     4
#define ARM64_CORE(field)                                                                          \
    (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(field))

struct vcpu {
    struct vm *vm;
    unsigned id;
    int fd;
    struct kvm_run *run;
    pthread_t thread;
};

struct vm {
    int kvm_fd, fd, gic_fd;
    unsigned gic_version;
    const struct options *options;
    pthread_mutex_t device_lock;
    struct vcpu vcpus[MAX_VCPUS];
};

static int vm_ioctl(int fd, unsigned long request, const void *arg, const char *what)
{
    int r = ioctl(fd, request, arg);

    if (r < 0) {
        die(what);
    }
    return r;
}

static bool has_cap(const struct vm *vm, unsigned long cap)
{
    return ioctl(vm->fd, KVM_CHECK_EXTENSION, cap) > 0;
}

unsigned vm_gic_version(const struct vm *vm)
{
    return vm->gic_version;
}

void vm_set_spi(struct vm *vm, unsigned spi, bool level)
{
    struct kvm_irq_level irq = {.irq = KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | (32 + spi),
                                .level = level};

    vm_ioctl(vm->fd, KVM_IRQ_LINE, &irq, "KVM_IRQ_LINE");
}

/* ---- interrupt controller ---- */

static void gic_attr(struct vm *vm, uint32_t group, uint64_t attr, const void *value)
{
    struct kvm_device_attr a = {.group = group, .attr = attr, .addr = (uintptr_t)value};

    vm_ioctl(vm->gic_fd, KVM_SET_DEVICE_ATTR, &a, "attribute of the GIC");
}

static void gic_address(struct vm *vm, uint64_t type, uint64_t address)
{
    gic_attr(vm, KVM_DEV_ARM_VGIC_GRP_ADDR, type, &address);
}

/* GICv3 where the host has one, else GICv2. */
static void gic_create(struct vm *vm)
{
    struct kvm_create_device d = {.type = KVM_DEV_TYPE_ARM_VGIC_V3};

    vm->gic_version = 3;
    if (ioctl(vm->fd, KVM_CREATE_DEVICE, &d) < 0) {
        d.type = KVM_DEV_TYPE_ARM_VGIC_V2;
        vm->gic_version = 2;
        vm_ioctl(vm->fd, KVM_CREATE_DEVICE, &d, "GIC");
    }
    vm->gic_fd = (int)d.fd;
}

static void gic_init(struct vm *vm)
{
    if (vm->gic_version == 3) {
        gic_address(vm, KVM_VGIC_V3_ADDR_TYPE_DIST, GICD_BASE);
        gic_address(vm, KVM_VGIC_V3_ADDR_TYPE_REDIST, GICR_BASE);
    } else {
        gic_address(vm, KVM_VGIC_V2_ADDR_TYPE_DIST, GICD_BASE);
        gic_address(vm, KVM_VGIC_V2_ADDR_TYPE_CPU, GICC_BASE);
    }
    if (vm->options->el2) {
        uint32_t intid = 16 + PPI_MAINTENANCE;

        gic_attr(vm, VGIC_GRP_MAINT_IRQ, 0, &intid);
    }
    gic_attr(vm, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
}

/* ---- vCPUs ---- */

static struct kvm_vcpu_init vcpu_features(const struct vm *vm, unsigned id)
{
    struct kvm_vcpu_init init;
    uint32_t f = 1u << KVM_ARM_VCPU_PSCI_0_2;

    vm_ioctl(vm->fd, KVM_ARM_PREFERRED_TARGET, &init, "KVM_ARM_PREFERRED_TARGET");
    if (id != 0) {
        f |= 1u << KVM_ARM_VCPU_POWER_OFF;
    }
    if (has_cap(vm, KVM_CAP_ARM_PTRAUTH_ADDRESS) && has_cap(vm, KVM_CAP_ARM_PTRAUTH_GENERIC)) {
        f |= 1u << KVM_ARM_VCPU_PTRAUTH_ADDRESS | 1u << KVM_ARM_VCPU_PTRAUTH_GENERIC;
    }
    if (vm->options->el2) {
        f |= 1u << VCPU_HAS_EL2;
    }
    if (vm->options->e2h0) {
        f |= 1u << VCPU_HAS_EL2_E2H0;
    }
    init.features[0] = f;
    return init;
}

static void vcpu_create(struct vm *vm, unsigned id)
{
    struct vcpu *v = &vm->vcpus[id];
    struct kvm_vcpu_init init = vcpu_features(vm, id);
    int size = vm_ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, NULL, "KVM_GET_VCPU_MMAP_SIZE");

    v->vm = vm;
    v->id = id;
    v->fd = vm_ioctl(vm->fd, KVM_CREATE_VCPU, (void *)(uintptr_t)id, "KVM_CREATE_VCPU");
    v->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
    if (v->run == MAP_FAILED) {
        die("state of a vCPU");
    }
    vm_ioctl(v->fd, KVM_ARM_VCPU_INIT, &init, "KVM_ARM_VCPU_INIT");
}

static void vcpu_set_reg(struct vcpu *v, uint64_t id, uint64_t value)
{
    struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)&value};

    vm_ioctl(v->fd, KVM_SET_ONE_REG, &reg, "KVM_SET_ONE_REG");
}

static void vcpu_mmio(struct vcpu *v)
{
    uint64_t addr = v->run->mmio.phys_addr;
    struct mmio m = {.len_bytes = v->run->mmio.len, .is_write = v->run->mmio.is_write};

    if (m.is_write) {
        memcpy(&m.value, v->run->mmio.data, m.len_bytes);
    }
    pthread_mutex_lock(&v->vm->device_lock);
    if (addr - UART_BASE < UART_SIZE) {
        m.offset = addr - UART_BASE;
        uart_access(v->vm, &m);
    } else if (addr - VIRTIO_BASE < N_SLOTS * VIRTIO_SIZE) {
        m.offset = addr % VIRTIO_SIZE;
        virtio_access(v->vm, (unsigned)((addr - VIRTIO_BASE) / VIRTIO_SIZE), &m);
    }
    pthread_mutex_unlock(&v->vm->device_lock);
    if (!m.is_write) {
        memcpy(v->run->mmio.data, &m.value, m.len_bytes);
    }
}

void vm_console_input(struct vm *vm, uint8_t byte)
{
    pthread_mutex_lock(&vm->device_lock);
    uart_input(vm, byte);
    pthread_mutex_unlock(&vm->device_lock);
}

static void vcpu_system_event(const struct vcpu *v)
{
    switch (v->run->system_event.type) {
    case KVM_SYSTEM_EVENT_SHUTDOWN:
        exit(0);
    case KVM_SYSTEM_EVENT_RESET:
        exit(EXIT_STATUS_RESET);
    default:
        fprintf(stderr, "vmm: system event %u\n", v->run->system_event.type);
        exit(EXIT_STATUS_CRASH);
    }
}

static void *vcpu_thread(void *arg)
{
    struct vcpu *v = arg;

    for (;;) {
        if (ioctl(v->fd, KVM_RUN, 0) < 0 && errno != EINTR) {
            die("KVM_RUN");
        }
        switch (v->run->exit_reason) {
        case KVM_EXIT_MMIO:
            vcpu_mmio(v);
            break;
        case KVM_EXIT_SYSTEM_EVENT:
            vcpu_system_event(v);
            break;
        case KVM_EXIT_INTR:
            break;
        default:
            fprintf(stderr, "vmm: vCPU %u: exit reason %u\n", v->id, v->run->exit_reason);
            exit(1);
        }
    }
}

/* ---- the machine ---- */

static void check_options(const struct vm *vm)
{
    const struct options *o = vm->options;

    errno = EOPNOTSUPP;
    if (o->el2 && !has_cap(vm, CAP_ARM_EL2)) {
        die("--nested");
    }
    if (o->e2h0 && !has_cap(vm, CAP_ARM_EL2_E2H0)) {
        die("--e2h0");
    }
}

struct vm *vm_create(const struct options *o, void *ram)
{
    struct vm *vm = calloc(1, sizeof(*vm));
    struct kvm_userspace_memory_region region = {
        .guest_phys_addr = RAM_BASE, .memory_size = o->ram_bytes, .userspace_addr = (uintptr_t)ram};

    if (!vm) {
        die("memory");
    }
    pthread_mutex_init(&vm->device_lock, NULL);
    vm->options = o;
    vm->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (vm->kvm_fd < 0) {
        die("/dev/kvm");
    }
    vm->fd = vm_ioctl(vm->kvm_fd, KVM_CREATE_VM, (void *)(o->protected ? VM_TYPE_ARM_PROTECTED : 0),
                      "KVM_CREATE_VM");
    check_options(vm);
    vm_ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region, "KVM_SET_USER_MEMORY_REGION");
    gic_create(vm);
    for (unsigned i = 0; i < o->n_vcpus; i++) {
        vcpu_create(vm, i);
    }
    gic_init(vm);
    return vm;
}

void vm_start(struct vm *vm, const struct layout *l)
{
    vcpu_set_reg(&vm->vcpus[0], ARM64_CORE(regs.pc), l->entry);
    vcpu_set_reg(&vm->vcpus[0], ARM64_CORE(regs.regs[0]), l->dtb);
    for (unsigned i = 0; i < vm->options->n_vcpus; i++) {
        struct vcpu *v = &vm->vcpus[i];

        errno = pthread_create(&v->thread, NULL, vcpu_thread, v);
        if (errno) {
            die("thread of a vCPU");
        }
    }
}
