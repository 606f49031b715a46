/* SPDX-License-Identifier: Apache-2.0 */
/* What the board must know of a CPU model before it makes PEs of it. */
#ifndef MACHINE_PE_MODEL_H
#define MACHINE_PE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"

struct pe_model {
    uint32_t cntfrq_hz;
    bool vhe, sel2, ecv, ecv_poff, pmu, nmi;
    char compatible[48]; /* of the device tree's cpu nodes */
};

/* text: "model[,feature=on|off...]". */
bool pe_model_read(const char *text, struct pe_model *out, GError **err) NODISCARD;

#endif
