/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Emulated devices. A stage 2 fault says in its syndrome (ISV = 1) which register was to be loaded
 * or stored, how wide it is and how it extends. Where it does not (pairs, write-back, atomics), the
 * instruction is refused: nothing is decoded here. Arm DDI 0487, "ISS encoding for an exception
 * from a Data Abort".
 */
#include "hyp.h"

struct access {
    struct vcpu *v;
    uint64_t offset;
    unsigned bytes;
    bool write;
    uint64_t value;
};

/* A console for the guest: lines of one machine stay together. */
static bool uart(struct access *a)
{
    struct vm *vm = a->v->vm;
    char c = (char)a->value;

    if (a->offset != 0 || !a->write) {
        a->value = 0; /* UARTFR: never full */
        return true;
    }
    if (c != '\n' && vm->line_chars < MAX_LINE_CHARS) {
        vm->line[vm->line_chars++] = c;
        return true;
    }
    vm->line[vm->line_chars] = '\0';
    vm->line_chars = 0;
    print(vm->line);
    print("\n");
    return true;
}

/* Registers of 64 bits, of which any aligned part can be accessed. */
static bool scratch(struct access *a)
{
    uint64_t *reg = &a->v->vm->scratch[a->offset / 8];
    unsigned shift = a->offset % 8 * 8;
    uint64_t mask = a->bytes == 8 ? ~UINT64_C(0) : BIT(8 * a->bytes) - 1;

    if (a->write) {
        *reg = (*reg & ~(mask << shift)) | (a->value & mask) << shift;
    } else {
        a->value = *reg >> shift & mask;
    }
    return true;
}

static bool gicd(struct access *a)
{
    struct vm *vm = a->v->vm;

    if (a->offset == GICD_CTLR && a->write) {
        vm->gicd_ctlr = a->value;
    }
    a->value = a->offset == GICD_CTLR ? vm->gicd_ctlr : 0;
    return true;
}

static bool gicr(struct access *a)
{
    return vgic_mmio(a->v, a->offset, a->write, &a->value);
}

static const struct {
    uint64_t base, size;
    bool (*access)(struct access *a);
} devices[] = {
    {GICD_BASE, 0x10000, gicd},
    {GICR_BASE, MAX_VCPUS *GICR_STRIDE, gicr},
    {UART_BASE, 0x1000, uart},
    {SCRATCH_DEVICE, sizeof(vms[0].scratch), scratch},
};

static uint64_t extend(uint64_t value, unsigned bytes, bool sign, bool wide)
{
    unsigned unused = 64 - 8 * bytes;

    if (sign) {
        value = (uint64_t)((int64_t)(value << unused) >> unused);
    }
    return wide ? value : (uint32_t)value;
}

bool mmio_trap(struct vcpu *v, uint64_t esr, uint64_t ipa)
{
    bool valid = (esr & BIT(24)) != 0; /* ISV; RES0 for an instruction fetch */
    bool sign = (esr & BIT(21)) != 0, wide = (esr & BIT(15)) != 0;
    unsigned rt = FIELD(esr, 16, 5);

    for (unsigned i = 0; valid && i < ARRAY_LEN(devices); i++) {
        struct access a = {v, ipa - devices[i].base, 1u << FIELD(esr, 22, 2), (esr & BIT(6)) != 0,
                           vcpu_reg(v, rt)};
        if (a.offset >= devices[i].size || a.bytes > devices[i].size - a.offset) {
            continue;
        }
        if (!devices[i].access(&a)) {
            return false;
        }
        if (!a.write) {
            vcpu_set_reg(v, rt, extend(a.value, a.bytes, sign, wide));
        }
        return true;
    }
    return false;
}
