#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pairs of operations that share a handler (src/cpu/isa/pairs.h).

usage: pairs_gen.py pairs.txt OUT.c
       pairs_gen.py --profile N EMULATOR pairs.out... > pairs.txt

The first form turns the list into C. The second one makes the list: the N most frequent pairs of
profiles that an emulator configured with -Dpair_profile=true wrote, each profile counting the same.
pairs.txt was made from: a boot of Debian's 6.1 kernel; the same boot and tests/bench/linux_init.c
with only its forkexec, only its faults; the same boot and busybox's checksums, gzip, bzip2,
strings, sort, uniq, sed, tr, awk, grep, factor, od, hexdump, uuencode, diff, xxd, bc, find, ls, tar
and a shell loop, most of them on its own binary.
"""
import collections
import pathlib
import re
import subprocess
import sys

ISA = pathlib.Path(__file__).resolve().parents[1] / "src/cpu/isa"
# Operations with a data slot go on behind it, branches nowhere: neither can come first.
NOT_FIRST = re.compile(r"(_near|_far|mov_imm64|ret|br|blr|bfm_x|(and|orr|eor|ands)_x_imm)$|"
                       r"_b_(eq|ne|cs|cc|mi|pl|hi|ls|ge|lt|gt|le)$")
NOT_SECOND = re.compile(r"_far$|unpriv|exclusive|^(ld|st).*x(r|p)")


def templates():
    """The operations that can be in a pair: all whose name the preprocessed templates define."""
    text = '#define HANDLER(name) @@name@@\n#define MEM_HANDLER(name) @@name@@\n'
    text += '#define FOR_EACH_COND(F) ' + ' '.join(
        f'F({c})' for c in 'eq ne cs cc mi pl vs vc hi ls ge lt gt le al'.split()) + '\n'
    for name in re.findall(r'isa/(\S+\.c\.inc)"', (ISA / 'pair_templates.c.inc').read_text()):
        text += re.sub(r'#include.*', '', (ISA / name).read_text())
    out = subprocess.run(['cpp', '-P', '-'], input=text, capture_output=True, text=True, check=True)
    return set(re.findall(r'@@\s*(\w+)\s*@@', out.stdout))


def read_profile(path, names):
    counts = collections.Counter()
    for line in open(path):
        n, first, second = line.split()
        pair = names.get(first), names.get(second)
        if None not in pair:
            counts[pair] += int(n)
    return counts


def profile(n, emulator, files):
    symbols = subprocess.run(['nm', emulator], capture_output=True, text=True, check=True).stdout
    names = {hex(int(a, 16)): s for a, s in re.findall(r'(\w+) [tT] op_(\w+)', symbols)}
    share = collections.Counter()
    for f in files:
        counts = read_profile(f, names)
        total = sum(counts.values())
        for pair, k in counts.items():
            share[pair] += k / total / len(files)
    usable = templates()
    chosen = [(k, pair) for pair, k in share.most_common() if set(pair) <= usable and
              not NOT_FIRST.search(pair[0]) and not NOT_SECOND.search(pair[1])][:n]
    print('# SPDX-License-Identifier: Apache-2.0')
    print('# Made by tools/pairs_gen.py: share of all neighbours in %, first, second')
    for k, pair in chosen:
        print(f'{100 * k:.3f} {pair[0]} {pair[1]}')


def generate(path, out):
    pairs = [line.split()[1:] for line in open(path) if not line.startswith('#')]
    seconds = collections.defaultdict(list)
    for first, second in pairs:
        seconds[second].append(first)
    text = ['/* Generated from pairs.txt. */', '#include "cpu/isa/pairs_build.h"', '',
            '#undef HANDLER', '#define HANDLER(name) INLINE_HANDLER in_##name(OP_ARGS)',
            '#include "cpu/isa/pair_templates.c.inc"']
    for second in seconds:
        text += ['', '#undef HANDLER', '#undef NEXT',
                 f'#define HANDLER(name) PAIR_HANDLER op_##name##_then_{second}(OP_ARGS)',
                 f'#define NEXT(n) EXIT_TO(in_{second}(c, o + (n), budget))',
                 '#include "cpu/isa/pair_templates.c.inc"']
    text += ['']
    text += [f'op_fn op_{name};' for name in sorted({n for pair in pairs for n in pair})]
    text += ['', 'const struct pair_row pair_rows[] = {']
    text += [f'    {{op_{a}, op_{b}, op_{a}_then_{b}}},' for a, b in pairs]
    text += ['};', f'const size_t n_pair_rows = {len(pairs)};', '']
    pathlib.Path(out).write_text('\n'.join(text))


def main():
    if sys.argv[1] == '--profile':
        profile(int(sys.argv[2]), sys.argv[3], sys.argv[4:])
    else:
        generate(sys.argv[1], sys.argv[2])


if __name__ == '__main__':
    main()
