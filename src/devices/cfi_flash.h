/* SPDX-License-Identifier: Apache-2.0 */
/* A bank of parallel NOR flash with the Intel command set, as the reference board has two of. */
#ifndef DEVICES_CFI_FLASH_H
#define DEVICES_CFI_FLASH_H

#include "core/backend.h"
#include "core/bus.h"
#include "core/device.h"

#define CFI_FLASH_SIZE   (UINT64_C(64) << 20)
#define CFI_FLASH_SECTOR (UINT32_C(256) << 10)

struct device *cfi_flash_new(const char *id);

/*
 * Before realize. contents: what is in the flash, read at realize; NULL: zeros. Programmed data
 * goes back to it; if it is read only, the flash refuses to be programmed. A read-only one may be
 * smaller than the bank: the rest is zeros.
 */
void cfi_flash_set_contents(struct device *d, struct blockdev *contents);
/* The bus to which the array is lent for direct reads. NULL: each read comes to the device. */
void cfi_flash_set_bus(struct device *d, struct bus *b);

/* The array, CFI_FLASH_SIZE bytes, after realize: for loaders. */
uint8_t *cfi_flash_array(struct device *d);

#endif
