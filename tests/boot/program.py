#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boot a Debian kernel with a program of ours as its only user process.

usage: program.py [--kernel NAME] ARMATURE INIT [ARGUMENT]...

The program prints a FAIL line for what is wrong and "INIT: done" at its end.
"""
import argparse
import pathlib
import sys
import tempfile

import guests

sys.path[:0] = [str(guests.ROOT / "tests"), str(guests.ROOT / "images")]
import emulator  # noqa: E402
import mkinitramfs  # noqa: E402


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--kernel", default="k61")
    ap.add_argument("armature")
    ap.add_argument("init", type=pathlib.Path)
    ap.add_argument("rest", nargs=argparse.REMAINDER)
    a = ap.parse_args()
    with tempfile.TemporaryDirectory() as tmp:
        initrd = pathlib.Path(tmp) / "initramfs.gz"
        initrd.write_bytes(mkinitramfs.of_program(a.init))
        run = emulator.run([*guests.machine(a.armature), "-no-reboot", "-kernel",
                            guests.need(a.kernel, "vmlinuz"), "-initrd", initrd, "-append",
                            "console=ttyAMA0 quiet panic=-1", *a.rest], 300)
    failed = [line for line in run.output.splitlines() if "FAIL" in line]
    if failed or guests.DONE not in run.output or run.status != 0:
        sys.exit("\n".join(failed) or run.output[-3000:])
    print(guests.DONE)


main()
