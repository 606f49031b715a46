#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run one bare-metal program: it checks itself and exits 0 or 1 through semihosting.

usage: run.py [--timeout S] [--known FILE --name TEST] EMULATOR PROGRAM.elf [MACHINE ARGUMENTS...]

--bios: PROGRAM is a flat image for the flash instead.

Lines of output that begin with FAIL name what failed. --known is for a reference emulator: a list
of checks it is known to fail, `test | check | why`, where * in a test's name is for all machines
that it runs on. Failing another one, or no longer failing one of them, is an error.
"""
import argparse
import fnmatch
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import emulator  # noqa: E402

BASE = ["-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot",
        "-semihosting-config", "enable=on,target=native"]
DEFAULTS = {"-M": "virt,secure=on,virtualization=on,gic-version=3", "-cpu": "max", "-smp": "1",
            "-m": "256M"}


def machine(extra):
    """The arguments of a run: the program's own ones replace the defaults."""
    args = [a for k, v in DEFAULTS.items() if k not in extra for a in (k, v)]
    return args + list(extra)


def known_failures(path, test):
    known = set()
    for line in pathlib.Path(path).read_text().splitlines():
        fields = [f.strip() for f in line.split("#")[0].split("|")]
        if len(fields) == 3 and fnmatch.fnmatch(test, fields[0]):
            known.add(fields[1])
    return known


def failed_checks(output):
    return set(re.findall(r"^FAIL (.*?)(?:: (?:0x|EL\d|came to).*)?$", output, re.M))


def verdict(result, known):
    failed = failed_checks(result.output)
    if result.timed_out:
        return "no end within the time limit"
    if failed - known:
        return "failed: " + "; ".join(sorted(failed - known))
    if known - failed:
        return "passes what it is listed to fail: " + "; ".join(sorted(known - failed))
    if failed:
        return None
    if result.status != 0:
        return f"exit status {result.status}"
    return None if re.search(r"^OK \d+ checks$", result.output, re.M) else "no final OK line"


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--timeout", type=float, default=30)
    ap.add_argument("--known")
    ap.add_argument("--name")
    ap.add_argument("--bios", action="store_true")
    ap.add_argument("emulator")
    ap.add_argument("program", type=pathlib.Path)
    args, extra = ap.parse_known_args()
    if not emulator.find(args.emulator):
        emulator.skip(f"no {args.emulator} on this machine")
    known = known_failures(args.known, args.name) if args.known else set()
    command = [emulator.find(args.emulator), *machine(extra), *BASE,
               "-bios" if args.bios else "-kernel", args.program.resolve()]
    with tempfile.TemporaryDirectory() as scratch:
        result = emulator.run(command, args.timeout, cwd=scratch)
    print(" ".join(map(str, command)))
    print(result.output, end="")
    what = verdict(result, known)
    print(what or f"pass ({result.cpu:.2f} s)")
    return what is not None


if __name__ == "__main__":
    sys.exit(main())
