#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A recorded run is replayed; another seed, another file or damage is told.

usage: replay.py EMULATOR PROGRAM
"""
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "guest")]
import emulator  # noqa: E402
import run as guest_run  # noqa: E402

MACHINE = ["-M", "virt,virtualization=on,gic-version=3", "-smp", "4"]


def expect(what, r, status, text):
    if r.status != status or text not in r.output:
        print(r.output[-2000:])
        sys.exit(f"{what}: status {r.status}, not {status} with '{text}'")


def main():
    armature, program = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        elf = pathlib.Path(folder) / "guest.elf"
        elf.write_bytes(pathlib.Path(program).read_bytes())
        log = pathlib.Path(folder) / "journal"
        expect("recording", emulator.run([armature, *guest_run.BASE, *guest_run.machine(MACHINE),
                                          "-kernel", elf, "--record", log], 60), 0, "OK ")
        good = log.read_bytes()
        expect("the replay", emulator.run([armature, "--replay", log], 60), 0, "OK ")
        expect("another machine", emulator.run([armature, "--replay", log, "-m", "128M"], 60), 1,
               "the replay is another run: at 0.1")
        log.write_bytes(good[:-50])
        expect("a journal that was cut", emulator.run([armature, "--replay", log], 60), 0,
               "the journal ends here")
        log.write_bytes(good[:700] + bytes([good[700] ^ 1]) + good[701:])
        expect("a damaged journal", emulator.run([armature, "--replay", log], 60), 1, "damaged")
        log.write_bytes(good)
        elf.write_bytes(elf.read_bytes() + b"x")
        expect("another file", emulator.run([armature, "--replay", log], 60), 1,
               "is not the file that was recorded")


if __name__ == "__main__":
    main()
