/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's objects: virtual machines and their vCPUs. README.md says who does what. */
#ifndef HYP_H
#define HYP_H

#include "abi.h"

/*
 * A host at EL2 with FEAT_VHE (HCR_EL2.E2H = 1) reaches EL1's registers by names of their own,
 * because the plain names of EL1 mean EL2's registers there. One source for both kinds of host.
 */
#if VHE
#define EL1(reg)     reg##_el12
#define EL1_TIMER(r) r##_el02
#define HYP_TIMER(r) cntp_##r##_el0 /* redirected to CNTHP */
#else
#define EL1(reg)     reg##_el1
#define EL1_TIMER(r) r##_el0
#define HYP_TIMER(r) cnthp_##r##_el2
#endif

/* Registers of EL1 that have an _EL12 name, and those that mean the same at every level. */
/* clang-format off */
#define BANKED_REGS(X)                                                                             \
    X(sctlr) X(cpacr) X(ttbr0) X(ttbr1) X(tcr) X(mair) X(amair) X(afsr0) X(afsr1) X(esr) X(far)    \
    X(vbar) X(contextidr) X(cntkctl) X(elr) X(spsr)
#define PLAIN_REGS(X)                                                                              \
    X(sp_el0) X(sp_el1) X(tpidr_el0) X(tpidrro_el0) X(tpidr_el1) X(par_el1) X(mdscr_el1)           \
    X(csselr_el1)
/* clang-format on */

struct context {
#define MEMBER(reg) uint64_t reg;
    BANKED_REGS(MEMBER)
    PLAIN_REGS(MEMBER)
#undef MEMBER
};

/* The private interrupts of a vCPU. While some are in list registers, those hold the truth. */
struct vgic {
    uint32_t enabled, pending, active, group1;
    uint32_t notify; /* wants a maintenance interrupt at EOI */
    uint32_t in_lr;  /* these are in list registers */
    uint8_t priority[32];
    uint64_t vmcr, ap0r0, ap1r0;
    unsigned maintenance[8]; /* by bit of ICH_MISR_EL2 */
    bool flushed;
};

struct vtimer {
    uint64_t ctl, cval;
    uint64_t offset;  /* CNTVOFF_EL2: what was not this vCPU's time */
    uint64_t left_at; /* when it lost the PE; 0 while it waits, because waiting is its own time */
    bool active;      /* the physical interrupt is active on its behalf */
};

enum vcpu_state { VCPU_OFF, VCPU_READY, VCPU_WAITING };

struct vcpu {
    uint64_t x[31], pc, pstate; /* switch.S knows these */
    struct vm *vm;
    unsigned n;
    enum vcpu_state state;
    uint64_t lines; /* HCR_EL2.{VF, VI, VSE} */
    struct context el1;
    struct vgic gic;
    struct vtimer timer;
};

#define N_VMS          (NESTED ? 1 : 2)
#define MAX_VCPUS      2
#define MAX_LINE_CHARS 120

struct vm {
    unsigned n, n_vcpus;
    uint64_t vttbr, ram;
    struct vcpu vcpu[MAX_VCPUS];
    uint32_t gicd_ctlr;
    uint64_t scratch[2]; /* SCRATCH_DEVICE */
    char line[MAX_LINE_CHARS + 1];
    unsigned line_chars;
};
extern struct vm vms[N_VMS]; /* one, when it is a hypervisor */

/* ---- main.c ---- */
void el2_mmu_on(void);
void hyp_panic(uint64_t vector);

/* ---- switch.S ---- */
enum exit_kind { EXIT_SYNC, EXIT_IRQ, EXIT_FIQ, EXIT_SERROR };
enum exit_kind guest_enter(struct vcpu *v);

/* ---- console.c ---- */
void console_init(void);
void print(const char *s);
void print_hex(uint64_t v);
void print_dec(uint64_t v);
_Noreturn void finish(bool ok);

/* ---- stage2.c ---- */
uint64_t *table_new(void);
void stage2_init(void);
void stage2_create(struct vm *vm);
void stage2_map(struct vm *vm, uint64_t ipa, uint64_t pa, uint64_t size);

/* ---- vcpu.c ---- */
void vcpu_init(void);
void vcpu_start(struct vcpu *v, uint64_t pc, uint64_t arg);
void vcpu_load(struct vcpu *v);
void vcpu_put(struct vcpu *v);
uint64_t vcpu_hcr(void); /* HCR_EL2 while a guest runs */
void vcpu_lines(struct vcpu *v, uint64_t lines);
void vcpu_inject(struct vcpu *v, uint64_t esr, uint64_t far);
static inline uint64_t vcpu_reg(const struct vcpu *v, unsigned n)
{
    return n == 31 ? 0 : v->x[n];
}
static inline void vcpu_set_reg(struct vcpu *v, unsigned n, uint64_t value)
{
    if (n != 31) {
        v->x[n] = value;
    }
}

/* ---- trap.c, sysreg.c, mmio.c: false when the vCPU is to leave the PE ---- */
bool trap_sync(struct vcpu *v);
bool trap_hypercall(struct vcpu *v);
bool sysreg_trap(struct vcpu *v, uint64_t iss);
bool mmio_trap(struct vcpu *v, uint64_t esr, uint64_t ipa);

/* ---- vgic.c ---- */
void gic_init(void);
void vgic_reset(struct vgic *g);
void vgic_load(struct vgic *g);
void vgic_put(struct vgic *g);
void vgic_flush(struct vgic *g); /* before entry: into list registers */
void vgic_sync(struct vgic *g);  /* before anybody looks: out of them */
bool vgic_wakes(const struct vgic *g);
void vgic_sgi(struct vcpu *from, uint64_t sgi1r);
void vgic_dir(struct vcpu *v, uint64_t intid);
bool vgic_mmio(struct vcpu *v, uint64_t offset, bool write, uint64_t *value);
unsigned irq_acknowledge(void);
void irq_end(unsigned intid);
void vgic_raw_load(const volatile uint64_t *lr, uint64_t hcr, uint64_t vmcr, uint64_t ap0r0,
                   uint64_t ap1r0);
uint64_t vgic_raw_save(volatile uint64_t *lr, volatile uint64_t *hcr, volatile uint64_t *vmcr,
                       volatile uint64_t *ap0r0, volatile uint64_t *ap1r0);
void vgic_hw_deactivated(struct vgic *g);
bool irq_taken(struct vcpu *v); /* NULL: nobody runs. False: the time slice is over */

/* ---- vtimer.c ---- */
void vtimer_init(void);
void vtimer_load(struct vtimer *t);
void vtimer_put(struct vtimer *t, bool waits);
bool vtimer_wakes(struct vtimer *t);
bool vtimer_deadline(const struct vtimer *t, uint64_t *out_when);
void slice_start(uint64_t ticks);
void slice_until(uint64_t when);
void slice_stop(void);

/* ---- nested.c: for a guest that is a hypervisor ---- */
#define NESTED_RAM      UINT64_C(0x40000000)
#define NESTED_RAM_SIZE UINT64_C(0x06000000)
_Noreturn void nested_run(struct vcpu *v);
void nested_irq(struct vcpu *v);

/* ---- sched.c ---- */
_Noreturn void sched_run(void);

#endif
