#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boot a kernel in Armature and in QEMU with the same command; compare the logs line by line.

usage: compare_logs.py ARMATURE CASE [VMM]     (CASE of the tables in guests.py)

Times are stripped. What then differs must be in log_explained.txt, with the reason; the rest is
printed and is a failure. A line that both have at different places is counted as moved: the order
of the kernel's threads is not defined. Neither is where a line of the kernel falls into another
program's: it begins a line of its own, what the terminal writes apart (ends of lines, tabs) ends
one, and empty lines do not count.
"""
import collections
import difflib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import guests

TIME_LIMIT = 3600  # the reference takes a quarter of an hour for a guest in a guest
QEMU = "qemu-system-aarch64"
EXPLAINED = pathlib.Path(__file__).with_name("log_explained.txt")
TIME = re.compile(r"\[ *\d+\.\d{6}\] ")
KINDS = ("mask", "armature", "qemu")


class Explained:
    """The entries of log_explained.txt by kind."""

    def __init__(self, path):
        self.rules = {k: [] for k in KINDS}
        for n, line in enumerate(path.read_text().splitlines(), 1):
            if not line or line[0] in "# ":
                continue
            kind, _, pattern = line.partition(" ")  # a pattern may begin with a space
            if kind not in self.rules:
                sys.exit(f"{path}:{n}: no such kind: {kind}")
            self.rules[kind].append(re.compile(pattern))

    def clean(self, log):
        """Lines without times and without what is masked."""
        lines = []
        for line in re.split(r"[\n\t]", TIME.sub("\n", log.replace("\r", ""))):
            for r in self.rules["mask"]:
                line = r.sub("", line)
            if line:
                lines.append(line)
        return lines

    def has(self, kind, line):
        return any(r.search(line) for r in self.rules[kind])


def boot_log(emulator, case, folder, vmm):
    run = subprocess.run(guests.command(emulator, case, folder, *vmm), timeout=TIME_LIMIT,
                         stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if run.returncode != 0:
        sys.exit(f"{emulator}: exit status {run.returncode}\n{run.stderr.decode()}")
    return run.stdout.decode(errors="replace")


def differences(ours, theirs):
    """(kind, line) of every line that one log has and the other has not, and the number moved."""
    out = []
    for op, a0, a1, b0, b1 in difflib.SequenceMatcher(None, ours, theirs, False).get_opcodes():
        if op != "equal":
            out += [("armature", line) for line in ours[a0:a1]]
            out += [("qemu", line) for line in theirs[b0:b1]]
    count = {k: collections.Counter(line for kind, line in out if kind == k) for k in KINDS[1:]}
    moved = count["armature"] & count["qemu"]
    return [d for d in out if d[1] not in moved], moved.total()


def main():
    armature, case, *vmm = sys.argv[1:]
    if shutil.which(QEMU) is None:
        guests.skip(f"no {QEMU}")
    explained = Explained(EXPLAINED)
    with tempfile.TemporaryDirectory() as tmp:
        ours, theirs = (explained.clean(boot_log(e, case, tmp, vmm)) for e in (armature, QEMU))
    found, moved = differences(ours, theirs)
    left = [d for d in found if not explained.has(*d)]
    for kind, line in left:
        print(f"{kind:8} {line}")
    print(f"{case}: {len(ours)} and {len(theirs)} lines, {len(found) - len(left)} differences "
          f"explained, {len(left)} not, {moved} moved")
    sys.exit(1 if left else 0)


main()
