#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Disassemble the engine's handlers and refuse a call, a push or a stack frame in a hot one.

usage: check_handlers.py LIBRARY.a... [--list]

A hot handler ends in a tail call and keeps nothing on the stack: a compiler that does otherwise (a
local whose address escapes, a call that is not the last thing) costs every instruction of the
guest.
Hot are all op_* functions of the objects below. What is allowed to be slow says so by its name.
"""
import re
import subprocess
import sys

# Sources whose handlers are hot, and op_ names in them that are not (they call out by nature).
HOT_OBJECTS = ("int_arith", "int_logic", "branch", "ldst_int", "pairs_gen")
COLD = re.compile(r"op_(?:casp_[wx]|ldra|.*_(?:pac|auth\w*)|eret\w*|svc|hvc|smc|brk|hlt|dcps\w*|"
                  r"b?rau?a\w*|"
                  r"b?lra\w*|reta\w*|pac\w*|aut\w*|xpac\w*|\w+_then_(?:pac|aut)_fast)$")
FUNCTION = re.compile(r"^[0-9a-f]+ <(op_\w+?)(?:\.\w+)*>:$")
BAD = re.compile(r"\t(call\w*|push\w*|(?:sub|add)\s+\$0x[0-9a-f]+,%rsp)")


def disassemble(library):
    out = subprocess.run(["objdump", "-d", "--no-show-raw-insn", library], capture_output=True,
                         text=True, check=True).stdout
    member, function = "", None
    for line in out.splitlines():
        if line.endswith("file format elf64-x86-64"):
            member = line.split(":")[0]
        elif line.endswith(">:"):
            m = FUNCTION.match(line)
            function = m[1] if m else None
        elif function:
            yield member, function, line


def main():
    seen, bad = set(), {}
    for library in (a for a in sys.argv[1:] if not a.startswith("-")):
        for member, function, line in disassemble(library):
            if not any(hot in member for hot in HOT_OBJECTS) or COLD.match(function):
                continue
            seen.add(function)
            if (m := BAD.search(line)) and function not in bad:
                bad[function] = f"{member}: {function}: {line.split(chr(9), 1)[1]}"
    if "--list" in sys.argv:
        print("\n".join(sorted(seen)))
    for what in bad.values():
        print(what)
    print(f"{len(seen)} hot handlers, {len(bad)} with a call or a stack frame")
    if not seen:
        print("SKIP: no x86-64 handlers in these libraries")
        return 77
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
