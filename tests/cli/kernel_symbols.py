# SPDX-License-Identifier: Apache-2.0
"""/proc/kallsyms as an ELF file that GDB takes for symbols: Debian's kernels come without."""
import struct

FUNCTION = 2  # STT_FUNC
LETTERS = "tTwWD"  # Debian lists code only, and where it ends


def sections(symbols):
    """Without contents: GDB asks the target."""
    return [(name, 6, symbols[first], symbols[last] - symbols[first]) for name, first, last in
            ((".text", "_stext", "_etext"), (".init.text", "_sinittext", "_einittext"))]


def parse(kallsyms):
    """name -> address."""
    names = {}
    with open(kallsyms, encoding="ascii", errors="replace") as f:
        for line in f:
            words = line.rstrip("\0\n").split()
            if len(words) == 3 and words[1] in LETTERS:  # four words: of a module
                names[words[2]] = int(words[0], 16)
    return names


def write(kallsyms, out):
    names = parse(kallsyms)
    areas = sections(names)
    strings, entries = bytearray(b"\0"), [bytes(24)]
    for name, address in names.items():
        for i, (_, _, start, size) in enumerate(areas):
            if start <= address < start + size:
                entries.append(struct.pack("<IBBHQQ", len(strings), 1 << 4 | FUNCTION, 0, i + 1,
                                           address, 0))
                strings += name.encode() + b"\0"
    table = b"".join(entries)
    heads = [bytes(64)]
    text = bytearray(b"\0")

    def head(name, kind, flags, address, offset, size, link=0, entry=0):
        heads.append(struct.pack("<IIQQQQIIQQ", len(text), kind, flags, address, offset, size,
                                 link, 1 if entry else 0, 8, entry))
        text.extend(name.encode() + b"\0")

    for name, flags, start, size in areas:
        head(name, 8, flags, start, 64, size)
    at = 64
    head(".symtab", 2, 0, 0, at, len(table), len(areas) + 2, 24)
    at += len(table)
    head(".strtab", 3, 0, 0, at, len(strings))
    at += len(strings)
    text_at = at
    name_at = len(text)
    text.extend(b".shstrtab\0")
    heads.append(struct.pack("<IIQQQQIIQQ", name_at, 3, 0, 0, text_at, len(text), 0, 0, 1, 0))
    at += len(text)
    elf = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 183, 1, names["_stext"],
                      0, at, 0, 64, 0, 0, 64, len(heads), len(heads) - 1)
    with open(out, "wb") as f:
        f.write(elf + table + strings + text + b"".join(heads))
