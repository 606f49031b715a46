#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Machine code of handlers with holes for operands (src/cpu/engine/stencil.h).

usage: stencils_gen.py SOURCE OUT.c DEPFILE -- COMPILER FLAGS...

The functions stencil_* of SOURCE are compiled to assembler text, each is cut in two sections where
it first jumps to the next operation, and what the assembler makes of them becomes tables in C. A
function that needs anything but code (constants, tables) is left out: its handler stays
interpreted.
"""
import collections
import pathlib
import re
import struct
import subprocess
import sys

FLAGS = ['-O2', '-fno-pic', '-fno-pie', '-mcmodel=small', '-fno-jump-tables',
         '-fcf-protection=none', '-fomit-frame-pointer', '-fno-asynchronous-unwind-tables',
         '-fno-strict-aliasing', '-fno-tree-vectorize', '-fno-math-errno', '-fno-stack-protector',
         '-g0', '-w']
VALUES = {f'hole_{kind}_{field}': f'STENCIL_{kind}_{field}'.upper()
          for kind in ('reg', 'vreg', 'num') for field in 'abcd'}
VALUES |= {'hole_imm': 'STENCIL_IMM', 'hole_op': 'STENCIL_OP', 'next_1': 'STENCIL_NEXT_1',
           'next_2': 'STENCIL_NEXT_2'}
# ELF relocation types of x86-64.
FORMS = {2: 'STENCIL_PC32', 4: 'STENCIL_PC32', 10: 'STENCIL_ABS32', 11: 'STENCIL_ABS32S',
         14: 'STENCIL_ABS8'}
NEXT = re.compile(r'\tj(\w+)\tnext_(\d)\b')

Stencil = collections.namedtuple('Stencil', 'name hot cold holes next')


def split(text):
    """Assembler text with a section for each part of each function, and where it goes on."""
    out, following = [], {}
    functions = re.split(r'^(?=stencil_\w+:)', text, flags=re.M)
    for function in functions[1:]:
        label, body = re.split(r'^\s*\.size\b', function, flags=re.M)[0].split('\n', 1)
        name = re.match(r'stencil_(\w+):', label)[1]
        body = body.replace('.LC', 'constant.LC')  # not local: the pool stays behind
        lines = [line for line in body.split('\n')
                 if not re.match(r'\s*\.(cfi_|globl|type|p2align|size|section|text)|\s*#', line)]
        ends = [n for n, line in enumerate(lines) if NEXT.match(line)]
        hot, cold = (lines[:ends[0]], lines[ends[0] + 1:]) if ends else (lines, [])
        if m := ends and NEXT.match(lines[ends[0]]):
            if m[1] != 'mp':  # the other way round, so that the usual way is the straight one
                inverse = m[1][1:] if m[1][0] == 'n' else 'n' + m[1]
                hot.append(f'\tj{inverse}\tcold_{name}')
            following[name] = int(m[2])
        else:
            following[name] = 0
        out += [f'.section .hot.{name},"ax",@progbits', f'stencil_{name}:'] + hot
        out += [f'.section .cold.{name},"ax",@progbits', f'cold_{name}:'] + cold
    return '\n'.join(out) + '\n', following


def c_string(data, at):
    return data[at:data.index(b'\0', at)].decode()


def parse(elf):
    """Sections by name: (bytes, [(offset, type, symbol or section, addend)])."""
    shoff, = struct.unpack_from('<Q', elf, 0x28)
    shentsize, shnum, shstrndx = struct.unpack_from('<HHH', elf, 0x3a)
    heads = [struct.unpack_from('<IIQQQQIIQQ', elf, shoff + n * shentsize) for n in range(shnum)]
    names = [c_string(elf, heads[shstrndx][4] + h[0]) for h in heads]
    data = [elf[h[4]:h[4] + h[5]] if h[1] != 8 else b'' for h in heads]
    sections = {names[n]: (data[n], []) for n in range(shnum)}
    for h in heads:
        if h[1] != 4:  # SHT_RELA
            continue
        table = data[h[6]]
        strings = data[heads[h[6]][6]]
        for at, info, addend in struct.iter_unpack('<QQq', data[heads.index(h)]):
            st_name, st_info, _, st_shndx, st_value, _ = struct.unpack_from(
                '<IBBHQQ', table, (info >> 32) * 24)
            symbol = c_string(strings, st_name) if st_name else names[st_shndx]
            if 0 < st_shndx < 0xff00:
                symbol, addend = names[st_shndx], addend + st_value
            sections[names[h[7]]][1].append((at, info & 0xffffffff, symbol, addend))
    return sections


def stencil(name, sections, following, functions):
    hot, hot_relocs = sections[f'.hot.{name}']
    cold, cold_relocs = sections[f'.cold.{name}']
    holes = []
    for base, relocs in ((0, hot_relocs), (len(hot), cold_relocs)):
        for at, kind, symbol, addend in relocs:
            if kind not in FORMS:
                return None
            if symbol.startswith('next_') and symbol != f'next_{following[name]}':
                return None
            if symbol in VALUES:
                value = VALUES[symbol]
            elif symbol == f'.hot.{name}':
                value = 'STENCIL_HOT'
            elif symbol == f'.cold.{name}':
                value = 'STENCIL_COLD'
            elif not re.fullmatch(r'\w+', symbol):
                return None
            else:
                value = f'STENCIL_FUNCTION + {functions.setdefault(symbol, len(functions))}'
            holes.append((base + at, FORMS[kind], value, addend))
    return Stencil(name, hot, cold, holes, following[name])


def write(path, all_stencils, functions):
    code = b''.join(s.hot + s.cold for s in all_stencils)
    text = ['/* Generated by tools/stencils_gen.py. */', '#include "cpu/engine/stencil.h"', '']
    text += [f'extern void {f}(void);' for f in
             sorted({f'op_{s.name}' for s in all_stencils} | set(functions))]
    text += ['', 'void (*const stencil_functions[])(void) = {']
    text += [f'    {f},' for f in functions] + ['    0,', '};']
    text += ['', 'const uint8_t stencil_code[] = {']
    text += ['    ' + ', '.join(map(str, code[n:n + 24])) + ',' for n in range(0, len(code), 24)]
    text += ['    0,', '};', '', 'const struct stencil_hole stencil_holes[] = {']
    text += [f'    {{{at}, {form}, 0, {value}, {addend}}},' for s in all_stencils
             for at, form, value, addend in s.holes]
    text += ['    {0},', '};', '', 'const struct stencil stencils[] = {']
    at = hole = 0
    for s in all_stencils:
        text.append(f'    {{op_{s.name}, {at}, {len(s.hot)}, {len(s.cold)}, {hole}, '
                    f'{len(s.holes)}, {s.next}}},')
        at += len(s.hot) + len(s.cold)
        hole += len(s.holes)
    text += ['    {0},', '};', f'const size_t n_stencils = {len(all_stencils)};', '']
    pathlib.Path(path).write_text('\n'.join(text))


def main():
    source, out, depfile = sys.argv[1:4]
    compiler = sys.argv[5:]
    scratch = pathlib.Path(out).with_suffix('')
    asm, cut, obj = (scratch.with_suffix(s) for s in ('.full.s', '.cut.s', '.cut.o'))
    subprocess.run(compiler + FLAGS + ['-S', source, '-o', str(asm), '-MD', '-MT', out, '-MF',
                                       depfile], check=True)
    text, following = split(asm.read_text())
    cut.write_text(text)
    tool = [a for a in compiler if not a.startswith('-')]
    subprocess.run(tool + ['-c', str(cut), '-o', str(obj)], check=True)
    sections, functions = parse(obj.read_bytes()), {}
    made = [stencil(name, sections, following, functions) for name in following]
    write(out, [s for s in made if s is not None], functions)
    left_out = [name for name, s in zip(following, made) if s is None]
    if left_out:
        print('no stencils:', ' '.join(left_out))


if __name__ == '__main__':
    main()
