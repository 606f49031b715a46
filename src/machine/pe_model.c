/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/pe_model.h"

#include <string.h>

#include "cpu/sys/models.h"

bool pe_model_read(const char *text, struct pe_model *out, GError **err)
{
    const struct cpu_model *model;
    struct cpu_features f;

    if (!cpu_model_parse(text, &model, &f, err)) {
        return false;
    }
    *out = (struct pe_model){
        .cntfrq_hz = model->cntfrq_hz,
        .vhe = features_has(&f, FEAT_VHE),
        .sel2 = features_has(&f, FEAT_SEL2),
        .ecv = features_has(&f, FEAT_ECV),
        .ecv_poff = features_has(&f, FEAT_ECV_POFF),
        .pmu = features_has(&f, FEAT_PMUv3),
        .nmi = features_has(&f, FEAT_NMI),
    };
    /* The reference machine calls its maximal PE this; a kernel only looks for errata by MIDR. */
    const char *name = strcmp(model->name, "max") == 0 ? "cortex-a57" : model->name;
    g_snprintf(out->compatible, sizeof(out->compatible), "arm,%s", name);
    return true;
}
