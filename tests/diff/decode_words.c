/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the decoder says of instruction words: little-endian words on standard input, a byte for
 * each on standard output. Bit 0: the PE has the instruction; bit 1: capstone knows it.
 *
 *     decode_words MODEL EL      answers words
 *     decode_words MODEL         prints the features of the model
 */
#include <capstone/capstone.h>
#include <stdio.h>
#include <stdlib.h>

#include "cpu/engine/decode.h"
#include "fakes/pe.h"

#define BATCH 4096

static void print_features(const struct cpu *c)
{
    for (unsigned f = FEAT_NONE + 1; f < FEAT_COUNT; f++) {
        if (cpu_has(c, f)) {
            printf("FEAT_%s\n", feature_name(f));
        }
    }
}

static bool allocated(struct cpu *c, unsigned el, uint32_t word)
{
    struct op slots[64];
    struct emit e = {.cpu = c,
                     .p = slots,
                     .end = slots + ARRAY_LEN(slots),
                     .insn = word,
                     .mode = el | (el != 0 ? MODE_SPSEL : 0)};
    return decode_allocated(&e);
}

static bool known_to_capstone(csh cs, cs_insn *insn, uint32_t word)
{
    const uint8_t bytes[] = {word & 0xff, word >> 8 & 0xff, word >> 16 & 0xff, word >> 24};
    const uint8_t *p = bytes;
    size_t left = sizeof(bytes);
    uint64_t at = 0;
    return cs_disasm_iter(cs, &p, &left, &at, insn);
}

int main(int argc, char **argv)
{
    static uint32_t words[BATCH];
    static uint8_t answers[BATCH];
    csh cs;
    size_t n;

    if (argc < 2 || cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &cs) != CS_ERR_OK) {
        return 2;
    }
    struct cpu *c = pe_new(&(struct pe_config){.model = argv[1]});
    if (argc < 3) {
        print_features(c);
        return 0;
    }
    unsigned el = (unsigned)atoi(argv[2]);
    cs_insn *insn = cs_malloc(cs);
    while ((n = fread(words, sizeof(words[0]), BATCH, stdin)) != 0) {
        for (size_t i = 0; i < n; i++) {
            answers[i] =
                (uint8_t)(allocated(c, el, words[i]) | known_to_capstone(cs, insn, words[i]) << 1);
        }
        fwrite(answers, 1, n, stdout);
    }
    cs_free(insn, 1);
    cs_close(&cs);
    pe_free(c);
    return 0;
}
