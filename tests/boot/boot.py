#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boot a Debian kernel, or Xen with one, in Armature and check what it prints.

usage: boot.py ARMATURE CASE [VMM]     (CASE of the tables in guests.py)
"""
import subprocess
import sys
import tempfile

import guests


def main():
    armature, case, *vmm = sys.argv[1:]
    want = guests.wanted(case)
    with tempfile.TemporaryDirectory() as tmp:
        run = subprocess.run(guests.command(armature, case, tmp, *vmm, quiet=True), timeout=1200,
                             stdin=subprocess.DEVNULL, capture_output=True, check=False)
    text = run.stdout.decode(errors="replace")
    at = 0
    for line in want:
        at = text.find(line, at)
        if at < 0:
            print(text[-3000:], run.stderr.decode(errors="replace"), f"MISSING: {line}", sep="\n")
            sys.exit(1)
    if run.returncode != 0:
        sys.exit(f"exit status {run.returncode}, want 0")
    print(f"{case}: {len(text.splitlines())} lines, {', '.join(want)}")


main()
