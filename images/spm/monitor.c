/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor at EL3: two worlds, of which one has the PE. It keeps the registers of EL1 and EL2 of
 * the other one, carries requests and results, and decides whose an interrupt is: in each world
 * those of the other one, and Group 0, are FIQs and come here (SCR_EL3.FIQ).
 */
#include "spm.h"

#define SCR_NS   BIT(0)
#define SCR_FIQ  BIT(2)
#define SCR_HCE  BIT(8)
#define SCR_RW   BIT(10)
#define SCR_ST   BIT(11)
#define SCR_APK  BIT(16)
#define SCR_API  BIT(17)
#define SCR_EEL2 BIT(18)
#define SCR_RES1 (BIT(4) | BIT(5))
#define SCR      (SCR_FIQ | SCR_HCE | SCR_RW | SCR_ST | SCR_APK | SCR_API | SCR_EEL2 | SCR_RES1)

#define SCTLR_EL2_RES1 UINT64_C(0x30c50830)
#define SCTLR_EL1_RES1 UINT64_C(0x30d00800)
#define HCR_RW         BIT(31)

#define CNTPS_TVAL_EL1 S3_7_C14_C2_0
#define CNTPS_CTL_EL1  S3_7_C14_C2_1

#define GPIODATA_0 0x004 /* the address masks: line 0 alone */
#define GPIODIR    0x400

#define VEC_SYNC_LOWER 0x400
#define VEC_FIQ_LOWER  0x500

/* start.S knows this. */
struct frame {
    uint64_t x[31], elr, spsr, unused;
};

enum world { SECURE, NON_SECURE };

static struct {
    struct frame frame;
#define MEMBER(reg) uint64_t reg;
    struct {
        WORLD_REGS(MEMBER)
    } regs;
#undef MEMBER
} worlds[2];

static enum world current;
static bool broken_off; /* the Secure world, by an interrupt for the other one */
static unsigned n_group0;

void monitor_main(struct frame *f);
void monitor_trap(struct frame *f, uint64_t vector);
void *memcpy(void *to, const void *from, size_t n);
_Noreturn void spm_main(void);
extern const char spm_stack_top[], ns_image[], ns_image_end[];

/* ---- switching ---- */
static void regs_save(enum world w)
{
#define SAVE(reg) worlds[w].regs.reg = rd(reg);
    WORLD_REGS(SAVE)
#undef SAVE
}

static void regs_restore(enum world w)
{
#define RESTORE(reg) wr(reg, worlds[w].regs.reg);
    WORLD_REGS(RESTORE)
#undef RESTORE
}

static void scr_write(enum world w)
{
    wr(scr_el3, SCR | (w == NON_SECURE ? SCR_NS : 0));
    isb();
}

/* `f` becomes what the other world left with. */
static void switch_to(enum world w, struct frame *f)
{
    worlds[current].frame = *f;
    regs_save(current);
    scr_write(w);
    regs_restore(w);
    *f = worlds[w].frame;
    current = w;
    isb();
}

/* ---- requests ---- */
static void secure_request(struct frame *f, uint64_t function, uint64_t arg)
{
    switch_to(SECURE, f);
    f->x[0] = function;
    f->x[1] = arg;
}

/* Line 0 of the Secure PL061 switches the board off. */
static void power_off(void)
{
    write32(SECURE_GPIO + GPIODIR, 1);
    write32(SECURE_GPIO + GPIODATA_0, 0);
    write32(SECURE_GPIO + GPIODATA_0, 1);
}

static void from_non_secure(struct frame *f)
{
    switch (f->x[0]) {
    case MON_TIMER:
        wr(CNTPS_TVAL_EL1, f->x[1]);
        wr(CNTPS_CTL_EL1, CNT_ENABLE);
        break;
    case MON_COUNT:
        f->x[0] = n_group0;
        break;
    case PSCI_SYSTEM_OFF:
        power_off();
        break;
    case MON_RESUME:
        if (broken_off) {
            broken_off = false;
            switch_to(SECURE, f);
        }
        break;
    default:
        secure_request(f, f->x[0], f->x[1]);
    }
}

static void from_secure(struct frame *f)
{
    uint64_t result = f->x[1];
    bool interrupt = f->x[0] != MON_DONE; /* the end of SPM_INTERRUPT: nobody asked for it */

    switch_to(NON_SECURE, f);
    if (!interrupt) {
        f->x[0] = result;
    }
}

/* ---- interrupts ---- */
static void group0(unsigned intid)
{
    if (intid == PPI_CNTPS) {
        wr(CNTPS_CTL_EL1, 0);
        n_group0++;
        isb();
    }
    wr(ICC_EOIR0_EL1, intid);
}

static void fiq(struct frame *f)
{
    unsigned intid = rd(ICC_IAR0_EL1);

    if (intid == GROUP1S_PENDING && current == NON_SECURE) {
        secure_request(f, SPM_INTERRUPT, 0);
    } else if (intid == GROUP1NS_PENDING && current == SECURE) {
        broken_off = true;
        switch_to(NON_SECURE, f);
        f->x[0] = PREEMPTED;
    } else if (intid < GROUP1S_PENDING) {
        group0(intid);
    }
}

void monitor_trap(struct frame *f, uint64_t vector)
{
    if (vector == VEC_SYNC_LOWER && ESR_EC(rd(esr_el3)) == EC_SMC64) {
        if (current == NON_SECURE) {
            from_non_secure(f);
        } else {
            from_secure(f);
        }
    } else if (vector == VEC_FIQ_LOWER) {
        fiq(f);
    } else {
        print("FAIL monitor: 0x");
        print_hex(vector);
        print_hex(rd(esr_el3));
        print_hex(f->elr);
        print("\n");
        for (;;) {
            insn("wfi");
        }
    }
}

/* ---- start ---- */
static void gic_init(void)
{
    uint64_t sgi = GICR_BASE + GICR_SGI;
    uint32_t group1s = BIT(PPI_CNTHPS) | BIT(PPI_CNTHVS), group1ns = BIT(PPI_CNTP);

    wr(ICC_SRE_EL3, 0xf);
    isb();
    wr(ICC_SRE_EL2, 0xf);
    isb();
    write32(GICD_BASE + GICD_CTLR, 0x30); /* affinity routing, both Security states */
    write32(GICD_BASE + GICD_CTLR, 0x37); /* Group 0, Non-secure and Secure Group 1 */
    write32(GICR_BASE + GICR_WAKER, 0);
    write32(sgi + GICR_IGROUPR0, group1ns);
    write32(sgi + GICR_IGRPMODR0, group1s);
    for (unsigned n = 0; n < 32; n += 4) {
        write32(sgi + GICR_IPRIORITYR0 + n, n == (PPI_CNTP & ~3u) ? 0x40c04040 : 0x40404040);
    }
    write32(sgi + GICR_ISENABLER0, group1s | group1ns | BIT(PPI_CNTPS));
    wr(ICC_PMR_EL1, 0xff);
    wr(ICC_IGRPEN0_EL1, 1);
    wr(ICC_IGRPEN1_EL3, 3);
}

static void world_init(enum world w, uint64_t entry, uint64_t stack)
{
    worlds[w].frame.elr = entry;
    worlds[w].frame.spsr = PSTATE_EL2H | PSTATE_DAIF;
    worlds[w].regs.sctlr_el2 = SCTLR_EL2_RES1;
    worlds[w].regs.sctlr_el1 = SCTLR_EL1_RES1;
    worlds[w].regs.hcr_el2 = HCR_RW;
    worlds[w].regs.cptr_el2 = 0x33ff;
    worlds[w].regs.mdcr_el2 = rd(mdcr_el2) & 0x1f;
    worlds[w].regs.cnthctl_el2 = 3;
    worlds[w].regs.sp_el2 = stack;
}

/* The Secure world first: it asks for its first request. */
void monitor_main(struct frame *f)
{
    console_init();
    wr(cptr_el3, 0);
    wr(mdcr_el3, 0);
    scr_write(SECURE);
    gic_init();
    memcpy((void *)NS_IMAGE, ns_image, (size_t)(ns_image_end - ns_image));
    insn("ic iallu\ndsb sy\nisb");
    world_init(SECURE, (uintptr_t)spm_main, (uintptr_t)spm_stack_top);
    world_init(NON_SECURE, NS_IMAGE, 0);
    current = SECURE;
    regs_restore(SECURE);
    isb();
    *f = worlds[SECURE].frame;
}
