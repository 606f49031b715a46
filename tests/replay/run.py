#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Replay journals of this folder: each run must be what it was.

usage: run.py EMULATOR FOLDER|JOURNAL [VMM]

A Linux journal needs the kernel and the busybox that it was recorded with, and VMM if it is of a
KVM host: with others the test is skipped, and the reason names them. Options of the test setup go
to each replay.
"""
import pathlib
import re
import sys
import tempfile

import journals
from journals import emulator


def main():
    armature, where, *vmm = sys.argv[1:]
    name = pathlib.Path(where).stem
    with tempfile.TemporaryDirectory() as tmp:
        args = []
        if name in journals.LINUX:
            journals.need()
            journals.initramfs(name, pathlib.Path(tmp), *vmm)
            args = ["--images", tmp, "--images", journals.CACHE]
        result = emulator.run([armature, "replay-suite", where, "--jobs", "2", *args, "--"], 280)
    print(result.output)
    other = re.search(r"(?m)^other-file .*\n *(.*)", result.output)
    if other:
        emulator.skip(other[1])
    if result.timed_out or result.status != 0 or ", 0 skipped" not in result.output:
        print("If the change is meant: armature replay-suite tests/replay --accept")
        return 1
    return 0


sys.exit(main())
