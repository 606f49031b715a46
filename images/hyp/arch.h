/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the architecture defines and both the hypervisor and its guests use: access to system
 * registers, bits, the GIC and PSCI. Names are Arm's (DDI 0487, IHI 0069, DEN 0022).
 */
#ifndef ARCH_H
#define ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(a)         (sizeof(a) / sizeof((a)[0]))
#define BIT(n)               (UINT64_C(1) << (n))
#define FIELD(v, low, width) (((v) >> (low)) & (BIT(width) - 1))

#define rd_(reg)                                                                                   \
    ({                                                                                             \
        uint64_t v_;                                                                               \
        __asm__ volatile("mrs %0, " #reg : "=r"(v_)::"memory");                                    \
        v_;                                                                                        \
    })
#define wr_(reg, val)                                                                              \
    do {                                                                                           \
        uint64_t v_ = (val);                                                                       \
        __asm__ volatile("msr " #reg ", %x0" ::"rZ"(v_) : "memory");                               \
    } while (0)
#define rd(reg)      rd_(reg)
#define wr(reg, val) wr_(reg, val)
#define insn(text)   __asm__ volatile(text ::: "memory")
#define isb()        insn("isb")
#define dsb()        insn("dsb sy")

/* PSTATE, as SPSR_ELx holds it. */
#define PSTATE_EL0T 0x0
#define PSTATE_EL1H 0x5
#define PSTATE_EL2H 0x9
#define PSTATE_DAIF 0x3c0

/* ESR_ELx */
#define ESR_EC(esr)  FIELD(esr, 26, 6)
#define ESR_ISS(esr) FIELD(esr, 0, 25)
#define ESR_IL       BIT(25)
#define ESR(ec, iss) ((uint64_t)(ec) << 26 | ESR_IL | (iss))
#define EC_UNKNOWN   0x00
#define EC_WFX       0x01
#define EC_SVC64     0x15
#define EC_HVC64     0x16
#define EC_SMC64     0x17
#define EC_SYSREG    0x18
#define EC_ERET      0x1a
#define EC_IABT_LOW  0x20
#define EC_DABT_LOW  0x24
#define EC_DABT      0x25
#define EC_SERROR    0x2f
#define DFSC_SEA     0x10 /* synchronous External abort */

/* Stage 1 descriptors; MAIR_ELx index 0 is Normal Write-Back, 1 is Device-nGnRE. */
#define PAGE      UINT64_C(0x1000)
#define BLOCK_2M  UINT64_C(0x200000)
#define BLOCK_1G  UINT64_C(0x40000000)
#define D_VALID   BIT(0)
#define D_TABLE   BIT(1) /* in a table of the last level: a page */
#define D_ATTR(n) ((uint64_t)(n) << 2)
#define D_INNER   (UINT64_C(3) << 8)
#define D_AF      BIT(10)
#define D_NG      BIT(11)
#define D_XN      BIT(54)
#define D_PXN     BIT(53)
#define D_ADDRESS UINT64_C(0x0000fffffffff000)
#define MAIR      UINT64_C(0x04ff)
#define D_NORMAL  (D_VALID | D_ATTR(0) | D_INNER | D_AF)
#define D_DEVICE  (D_VALID | D_ATTR(1) | D_AF | D_XN | D_PXN)

/* Generic timer: CNTx_CTL */
#define CNT_ENABLE  BIT(0)
#define CNT_IMASK   BIT(1)
#define CNT_ISTATUS BIT(2)

/* ---- GICv3 ---- */
#define GICD_CTLR        0x0000
#define GICD_TYPER       0x0004
#define GICR_CTLR        0x0000
#define GICR_TYPER       0x0008
#define GICR_WAKER       0x0014
#define GICR_SGI         0x10000 /* the frame of the private interrupts, in that of the PE */
#define GICR_STRIDE      0x20000
#define GICR_IGROUPR0    0x0080
#define GICR_ISENABLER0  0x0100
#define GICR_ICENABLER0  0x0180
#define GICR_ISPENDR0    0x0200
#define GICR_ICPENDR0    0x0280
#define GICR_ISACTIVER0  0x0300
#define GICR_ICACTIVER0  0x0380
#define GICR_IPRIORITYR0 0x0400
#define SPURIOUS         1023

#define ICC_PMR_EL1     S3_0_C4_C6_0
#define ICC_IAR0_EL1    S3_0_C12_C8_0
#define ICC_EOIR0_EL1   S3_0_C12_C8_1
#define ICC_DIR_EL1     S3_0_C12_C11_1
#define ICC_RPR_EL1     S3_0_C12_C11_3
#define ICC_SGI1R_EL1   S3_0_C12_C11_5
#define ICC_IAR1_EL1    S3_0_C12_C12_0
#define ICC_EOIR1_EL1   S3_0_C12_C12_1
#define ICC_CTLR_EL1    S3_0_C12_C12_4
#define ICC_SRE_EL1     S3_0_C12_C12_5
#define ICC_IGRPEN0_EL1 S3_0_C12_C12_6
#define ICC_IGRPEN1_EL1 S3_0_C12_C12_7
#define ICC_EOIMODE     BIT(1)

#define PPI_MAINTENANCE 25
#define PPI_EL2_TIMER   26
#define PPI_VTIMER      27

/* ---- PSCI, and where the board has what ---- */
#define PSCI_VERSION    0x84000000
#define PSCI_CPU_OFF    0x84000002
#define PSCI_CPU_ON     0xc4000003
#define PSCI_SYSTEM_OFF 0x84000008

#define GICD_BASE UINT64_C(0x08000000)
#define GICR_BASE UINT64_C(0x080a0000)
#define UART_BASE UINT64_C(0x09000000)

/* Devices. In assembly, because a compiler may choose write-back, and for that a stage 2 fault has
 * no syndrome that a hypervisor could emulate from (mmio.c). */
static inline uint32_t read32(uint64_t a)
{
    uint32_t v;

    __asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(a) : "memory");
    return v;
}

static inline void write32(uint64_t a, uint32_t v)
{
    __asm__ volatile("str %w0, [%1]" ::"rZ"(v), "r"(a) : "memory");
}

#endif
