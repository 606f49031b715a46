#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boot a KVM host on GICv4.1 with a guest of several vCPUs: the hardware delivers the guest's SGIs.

usage: vsgi.py ARMATURE CASE VMM     (CASE of the table KVM in guests.py)

What the kernels print is boot.py's matter. Here the log of the interrupt controller says whether
KVM configured virtual SGIs and sent them through the ITS, to vPEs that ran and to others, and
whether doorbells woke those.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

import guests

# What must be in the log, and how often at least.
EVENTS = {
    "VSGI commands": (re.compile(r"its: VSGI "), 4 * 16),
    "SGIs to vPEs that ran": (re.compile(r"vPE 0x\w+: INTID \d\d? pending, scheduled"), 20),
    "SGIs to other vPEs": (re.compile(r"vPE 0x\w+: INTID \d\d? pending$"), 1),
    "vPEs scheduled": (re.compile(r"GICR_VPENDBASER 0x[89a-f]\w{15}$"), 20),
    "vPEs left with a doorbell": (re.compile(r"GICR_VPENDBASER 0x4\w{15}$"), 1),
}


def main():
    armature, case, vmm = sys.argv[1:]
    with tempfile.TemporaryDirectory() as tmp:
        log = pathlib.Path(tmp) / "irq.log"
        command = guests.command(armature, case, tmp, vmm, quiet=True)
        run = subprocess.run([*command, "-d", "irq", "-D", log], timeout=1200,
                             stdin=subprocess.DEVNULL, capture_output=True, check=False)
        lines = log.read_text().splitlines()
    text = run.stdout.decode(errors="replace")
    if run.returncode != 0 or guests.LEFT not in text:
        sys.exit(f"{text[-2000:]}{run.stderr.decode()}\nexit status {run.returncode}")
    counts = {name: sum(map(bool, map(pattern.search, lines)))
              for name, (pattern, _) in EVENTS.items()}
    print(f"{case}:", ", ".join(f"{n} {name}" for name, n in counts.items()))
    missing = [name for name, (_, least) in EVENTS.items() if counts[name] < least]
    if missing:
        sys.exit("too few: " + ", ".join(missing))


main()
