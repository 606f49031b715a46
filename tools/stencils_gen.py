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
VALUES |= {f'hole_src_{field}': f'STENCIL_REG_{field.upper()}' for field in 'abcd'}
VALUES |= {'hole_imm': 'STENCIL_IMM', 'hole_op': 'STENCIL_OP', 'next_1': 'STENCIL_NEXT_1',
           'next_2': 'STENCIL_NEXT_2'}
# ELF relocation types of x86-64.
FORMS = {2: 'STENCIL_PC32', 4: 'STENCIL_PC32', 10: 'STENCIL_ABS32', 11: 'STENCIL_ABS32S',
         14: 'STENCIL_ABS8'}
NEXT = re.compile(r'\tj(\w+)\tnext_(\d)\b')

NOTE = re.compile(r'\s*# note (\w+) (\w+)')
FLAG_BITS = {'vf': 1, 'cf': 2, 'zf': 4, 'nf': 8}
FIELDS = 'xabcd'  # none, or one of an operation's
# Where a stencil may go without anybody looking at flags before the end of the block.
BLOCK_END = 'leave_before_block'

Stencil = collections.namedtuple('Stencil', 'name hot cold holes next notes')


def notes_of(lines, hot_lines):
    """Flags read and written anywhere; the register that was set last on the usual way."""
    notes = [m.groups() for line in lines if (m := NOTE.match(line))]
    masks = {what: sum({FLAG_BITS[flag] for w, flag in notes if w == what})
             for what in ('reads', 'writes')}
    sets = [m[2] for line in hot_lines if (m := NOTE.match(line)) and m[1] == 'sets']
    return {**masks, 'sets': FIELDS.index(sets[-1]) if sets else 0}


def split(text):
    """Assembler text with a section for each part of each function, where it goes on, notes."""
    out, following, notes = [], {}, {}
    functions = re.split(r'^(?=stencil_\w+:)', text, flags=re.M)
    for function in functions[1:]:
        label, body = re.split(r'^\s*\.size\b', function, flags=re.M)[0].split('\n', 1)
        name = re.match(r'stencil_(\w+):', label)[1]
        body = body.replace('.LC', 'constant.LC')  # not local: the pool stays behind
        body = body.split('\n')
        first = next((n for n, line in enumerate(body) if NEXT.match(line)), 0)
        notes[name] = notes_of(body, body[:first])
        lines = [line for line in body
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
    return '\n'.join(out) + '\n', following, notes


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


def stencil(name, sections, following, notes, functions):
    hot, hot_relocs = sections[f'.hot.{name}']
    cold, cold_relocs = sections[f'.cold.{name}']
    holes, exits = [], False
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
                exits |= symbol != BLOCK_END
            holes.append((base + at, FORMS[kind], value, addend))
    return Stencil(name, hot, cold, holes, following[name], {**notes[name], 'exits': int(exits)})


def by_handler(all_stencils):
    """{handler: its stencils}: the plain one, then variants that are of use."""
    handlers = collections.defaultdict(list)
    for s in all_stencils:
        handlers[s.name.split('__')[0]].append(s)
    for name, (plain, *variants) in handlers.items():
        # At the end of a block all flags are looked at.
        handlers[name] = [plain] + [
            s for s in variants if len(s.hot) < len(plain.hot) and
            (s.next or s.notes['writes'] == plain.notes['writes'])]
    return {name: group for name, group in handlers.items()
            if group[0].name == f'{name}__x__nzcv'}


def row(s, more, code, hole):
    _, operand, shape = s.name.split('__')
    fields = [f'op_{s.name.split("__")[0]}', code, len(s.hot), len(s.cold), hole, len(s.holes),
              s.next, more, FIELDS.index(operand), s.notes['sets'], int(shape.startswith('sink')),
              s.notes['reads'], s.notes['writes'], s.notes['exits']]
    return '    {' + ', '.join(map(str, fields)) + '},'


def write(path, handlers, functions):
    all_stencils = [s for group in handlers.values() for s in group]
    code = b''.join(s.hot + s.cold for s in all_stencils)
    text = ['/* Generated by tools/stencils_gen.py. */', '#include "cpu/engine/stencil.h"', '']
    text += [f'extern void {f}(void);' for f in
             sorted({f'op_{name}' for name in handlers} | set(functions))]
    text += ['', 'void (*const stencil_functions[])(void) = {']
    text += [f'    {f},' for f in functions] + ['    0,', '};']
    text += ['', 'const uint8_t stencil_code[] = {']
    text += ['    ' + ', '.join(map(str, code[n:n + 24])) + ',' for n in range(0, len(code), 24)]
    text += ['    0,', '};', '', 'const struct stencil_hole stencil_holes[] = {']
    text += [f'    {{{at}, {form}, 0, {value}, {addend}}},' for s in all_stencils
             for at, form, value, addend in s.holes]
    text += ['    {0},', '};', '', 'const struct stencil stencils[] = {']
    at = hole = 0
    for group in handlers.values():
        for n, s in enumerate(group):
            text.append(row(s, len(group) - 1 - n, at, hole))
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
    text, following, notes = split(asm.read_text())
    cut.write_text(text)
    tool = [a for a in compiler if not a.startswith('-')]
    subprocess.run(tool + ['-c', str(cut), '-o', str(obj)], check=True)
    sections, functions = parse(obj.read_bytes()), {}
    made = [stencil(name, sections, following, notes, functions) for name in following]
    handlers = by_handler([s for s in made if s is not None])
    write(out, handlers, functions)
    left_out = sorted({name.split('__')[0] for name in following} - set(handlers))
    if left_out:
        print('no stencils:', ' '.join(left_out))


if __name__ == '__main__':
    main()
