#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boot a Debian kernel with a program of ours as its only user process.

usage: program.py ARMATURE INIT [ARGUMENT]...

The program prints a FAIL line for what is wrong and "INIT: done" at its end.
"""
import pathlib
import sys
import tempfile

import guests

sys.path[:0] = [str(guests.ROOT / "tests"), str(guests.ROOT / "images")]
import emulator  # noqa: E402
import mkinitramfs  # noqa: E402


def main():
    armature, init, *args = sys.argv[1:]
    with tempfile.TemporaryDirectory() as tmp:
        initrd = pathlib.Path(tmp) / "initramfs.gz"
        initrd.write_bytes(mkinitramfs.of_program(pathlib.Path(init)))
        run = emulator.run([*guests.machine(armature), "-no-reboot", "-kernel",
                            guests.need("k61", "vmlinuz"), "-initrd", initrd, "-append",
                            "console=ttyAMA0 quiet panic=-1", *args], 300)
    failed = [line for line in run.output.splitlines() if "FAIL" in line]
    if failed or guests.DONE not in run.output or run.status != 0:
        sys.exit("\n".join(failed) or run.output[-3000:])
    print(guests.DONE)


main()
