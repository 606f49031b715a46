/* SPDX-License-Identifier: Apache-2.0 */
/* An interpreter of a small stack machine: one indirect branch an operation. */
#include "bench.h"

enum code { PUSH, ADD, SUB, XOR, DUP, SWAP, LOAD, STORE, JUMP_NZ, DEC, SHL, HALT };

static uint64_t interpret(const uint8_t *code, uint64_t *vars)
{
    uint64_t stack[32], *sp = stack;

    for (unsigned pc = 0;;) {
        switch (code[pc++]) {
        case PUSH:
            *sp++ = code[pc++];
            break;
        case ADD:
            sp--;
            sp[-1] += sp[0];
            break;
        case SUB:
            sp--;
            sp[-1] -= sp[0];
            break;
        case XOR:
            sp--;
            sp[-1] ^= sp[0];
            break;
        case DUP:
            sp[0] = sp[-1];
            sp++;
            break;
        case SWAP: {
            uint64_t t = sp[-1];
            sp[-1] = sp[-2];
            sp[-2] = t;
            break;
        }
        case LOAD:
            *sp++ = vars[code[pc++]];
            break;
        case STORE:
            vars[code[pc++]] = *--sp;
            break;
        case JUMP_NZ:
            pc = *--sp != 0 ? code[pc] : pc + 1;
            break;
        case DEC:
            sp[-1]--;
            break;
        case SHL:
            sp[-1] = sp[-1] << 1 | sp[-1] >> 63;
            break;
        default:
            return vars[1];
        }
    }
}

uint64_t bench_run(void)
{
    static const uint8_t program[] = {
        LOAD, 1,    SHL, LOAD, 0,     XOR, DUP,     PUSH, 13,
        ADD,  SWAP, SUB, LOAD, 1,     ADD, STORE,   1, /* 0 */
        LOAD, 0,    DEC, DUP,  STORE, 0,   JUMP_NZ, 0,    HALT,
    };
    uint64_t vars[2] = {2000000, 1};

    return interpret(program, vars);
}
