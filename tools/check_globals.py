#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No mutable file-scope state: two machines must be able to live in one process.

usage: check_globals.py LIBRARY.a...

Reads the symbol tables: anything in .data or .bss is refused unless the list below names it.
"""
import re
import subprocess
import sys

# object: symbol (regular expressions) that may be writable, with the reason beside it.
ALLOWED = [
    r"log\.c:",        # where messages go is a property of the process
    r"signals\.c:",    # so are its signals
    r"terminal\.c:",   # and its terminal, restored on every way out
    r"\.log_site_",   # counts of a rate-limited message, not state of a machine
]
SYMBOL = re.compile(r"^[0-9a-f]+ \w.{6} (\.(?:t?data|t?bss)(?!\.rel\.ro)\S*)\s+([0-9a-f]+)\s+(\S+)")


def writable(library):
    out = subprocess.run(["objdump", "-t", library], capture_output=True, text=True,
                         check=True).stdout
    member = ""
    for line in out.splitlines():
        if "file format" in line:
            member = line.split(":")[0].removesuffix(".o")
        m = SYMBOL.match(line)
        if m and int(m[2], 16) > 0 and not m[1].startswith(".data.rel.ro"):
            yield f"{member}:{m[3]}"


def main():
    bad = 0
    for library in sys.argv[1:]:
        for symbol in writable(library):
            if not any(re.search(a, symbol) for a in ALLOWED):
                print(f"{library}: {symbol}: mutable file-scope variable")
                bad += 1
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
