#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turn src/cpu/isa/a64.decode into C: the row table, its index, and prototypes of the emitters.

usage: decode_gen.py a64.decode OUT.c OUT.h

The index has a bucket for each value of instruction bits 31:21; a bucket lists the rows that may
match, those with more fixed bits first: where two rows overlap, they are the special case.
"""
import sys

INDEX_SHIFT = 21
INDEX_BITS = 11


def parse(path):
    rows = []
    for n, line in enumerate(open(path), 1):
        line = line.split('#')[0].split()
        if not line:
            continue
        if len(line) != 5 or len(line[2]) != 32 or set(line[2]) - set('01.'):
            sys.exit(f'{path}:{n}: want: name class pattern feature fp')
        name, cls, pattern, feature, fp = line
        mask = int(''.join('0' if c == '.' else '1' for c in pattern), 2)
        value = int(pattern.replace('.', '0'), 2)
        rows.append((name, cls, mask, value, feature, fp))
    return rows


def check_order(rows):
    """A row that an earlier one of another class hides completely can never match."""
    for i, b in enumerate(rows):
        for a in rows[:i]:
            if a[1] != b[1] and a[2] & b[2] == a[2] and not (a[3] ^ b[3]) & a[2]:
                sys.exit(f'a64.decode: {a[0]}/{a[1]} hides {b[0]}/{b[1]}')


def buckets(rows):
    out = [[] for _ in range(1 << INDEX_BITS)]
    for n, row in enumerate(rows):
        mask, value = row[2] >> INDEX_SHIFT, row[3] >> INDEX_SHIFT
        for i in range(1 << INDEX_BITS):
            if i & mask == value:
                out[i].append(n)
    return out


def main():
    rows = sorted(parse(sys.argv[1]), key=lambda r: -r[2].bit_count())
    check_order(rows)
    index = buckets(rows)
    classes = sorted({r[1] for r in rows})
    with open(sys.argv[3], 'w') as h:
        h.write('/* Generated from a64.decode. */\n#ifndef A64_GEN_H\n#define A64_GEN_H\n\n'
                '#include "cpu/isa/emit.h"\n\n')
        h.writelines(f'emit_fn emit_{c};\n' for c in classes)
        h.write('\n#endif\n')
    with open(sys.argv[2], 'w') as c:
        c.write('/* Generated from a64.decode. */\n#include "a64_gen.h"\n\n'
                'static const struct a64_row rows[] = {\n')
        for name, cls, mask, value, feature, fp in rows:
            feature = 'FEAT_NONE' if feature == '-' else feature
            flags = 'ROW_FP' if fp == 'fp' else '0'
            c.write(f'    {{{mask:#010x}, {value:#010x}, emit_{cls}, {feature}, {flags}, '
                    f'"{name}"}},\n')
        c.write('};\n\nstatic const uint16_t bucket_rows[] = {\n')
        start, offsets = 0, []
        for b in index:
            offsets.append(start)
            start += len(b)
            if b:
                c.write('    ' + ', '.join(map(str, b)) + ',\n')
        offsets.append(start)
        c.write('};\n\nstatic const uint16_t bucket_start[] = {\n    ')
        c.write(', '.join(map(str, offsets)) + ',\n};\n')
        c.write(f'''
const struct a64_row *a64_lookup(uint32_t insn)
{{
    unsigned b = insn >> {INDEX_SHIFT};
    for (unsigned i = bucket_start[b]; i < bucket_start[b + 1]; i++) {{
        const struct a64_row *r = &rows[bucket_rows[i]];
        if ((insn & r->mask) == r->value) {{
            return r;
        }}
    }}
    return NULL;
}}

const struct a64_row *a64_rows(size_t *out_n)
{{
    *out_n = sizeof(rows) / sizeof(rows[0]);
    return rows;
}}
''')


main()
