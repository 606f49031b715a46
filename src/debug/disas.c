/* SPDX-License-Identifier: Apache-2.0 */
#include "debug/disas.h"

#include <capstone/capstone.h>
#include <glib.h>

#include "base/result.h"

struct disas {
    csh handle;
    cs_insn *insn;
};

struct disas *disas_new(void)
{
    struct disas *d = g_new0(struct disas, 1);
    cs_err e = cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &d->handle);
    ASSERT(e == CS_ERR_OK);
    (void)e;
    d->insn = cs_malloc(d->handle);
    return d;
}

void disas_free(struct disas *d)
{
    if (d != NULL) {
        cs_free(d->insn, 1);
        cs_close(&d->handle);
        g_free(d);
    }
}

void disas_insn(struct disas *d, uint64_t va, uint32_t word, char *buf, size_t len)
{
    const uint8_t *p = (const uint8_t *)&word;
    size_t n = sizeof(word);
    uint64_t at = va;
    if (!cs_disasm_iter(d->handle, &p, &n, &at, d->insn)) {
        g_snprintf(buf, len, ".inst 0x%08x", word);
        return;
    }
    bool bare = d->insn->op_str[0] == '\0';
    g_snprintf(buf, len, "%s%s%s", d->insn->mnemonic, bare ? "" : " ", d->insn->op_str);
}
