/* SPDX-License-Identifier: Apache-2.0 */
/* The fw_cfg device of the `virt` board and what is in it. */
#ifndef MACHINE_BOARD_FW_CFG_H
#define MACHINE_BOARD_FW_CFG_H

#include "base/result.h"

struct machine;

bool board_add_fw_cfg(struct machine *m, GError **err) NODISCARD;

#endif
