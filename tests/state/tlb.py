#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How many translations are kept makes no difference: the same states with all, with few and none.

usage: tlb.py [--every TIME] EMULATOR PROGRAM [MACHINE ARGUMENTS...]

For software with correct TLB maintenance; of the modes see --tlb in docs/usage.md.
"""
import argparse
import sys

import property as runs

MODES = ("normal", "tiny", "off")


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--every", default="1ms")
    ap.add_argument("emulator")
    ap.add_argument("name")
    args, args.extra = ap.parse_known_args()
    args.kind = "guest"
    argv = runs.command(args, None)
    found = {mode: runs.states(argv, args.every, "--tlb", mode) for mode in MODES}
    status, known, output = found["normal"]
    if status != 0 or not known:
        sys.exit(f"exit status {status}\n{output}")
    for mode in MODES[1:]:
        runs.check(f"--tlb {mode}", found["normal"], found[mode])
    print(f"{len(known)} states, the same with --tlb {', '.join(MODES)}")


if __name__ == "__main__":
    main()
