#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the golden test sets (results of Arm's published specification) on an emulator.

usage: golden.py [-v] [--data DIR] [--keep DIR] EMULATOR SET...      SET: vectors xlat traps

Each set is a bare-metal image and its data; it writes out.bin by semihosting, and the set's own
compare.py says what differs. DIR defaults to $ARMATURE_DATA or shared/data beside the repository.
Skipped (status 77) where the data is absent. A difference that no rule of rules.py explains is a
failure.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import Callable

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import emulator  # noqa: E402
import rules  # noqa: E402
import trap_cases  # noqa: E402
import xlat_cases  # noqa: E402

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
MACHINE = "virt,secure=on,virtualization=on,gic-version=3"
IMAGE, DATA = "0x40200000", "0x80000000"
TIME_LIMIT = 120
OTHER_DATA = "other.bin"


@dataclass
class GoldenSet:
    cpu: str
    compare: list  # arguments of compare.py
    cases: Callable = lambda folder: ()  # (name, case) of each difference, for rules
    rules: tuple = ()
    reference: str = ""  # machine properties of the reference emulator


SETS = {
    "vectors": GoldenSet("max,pauth-qarma5=on",
                         ["{dir}", "out.bin", "expected.bin", "-v", "99999"]),
    "xlat": GoldenSet("max", ["{dir}/out.bin", "-v", "99999"],
                      xlat_cases.golden_cases, rules.XLAT_RULES),
    "traps": GoldenSet("max,pauth-qarma5=on", ["{dir}", "{dir}/out.bin", "-v", "--all"],
                       trap_cases.golden_cases, rules.TRAP_RULES, ",mte=on"),
}
SUMMARY = re.compile(r"differ (\d+)")


def data_folder(given):
    folder = given or os.environ.get("ARMATURE_DATA") or REPOSITORY.parent / "shared" / "data"
    return pathlib.Path(folder)


def unpack(source, scratch):
    """The set, decompressed, in a folder of its own: compare.py looks beside itself."""
    for path in sorted(source.iterdir()):
        target = scratch / path.name.removesuffix(".zst")
        if path.suffix == ".zst":
            subprocess.run(["zstd", "-dqf", str(path), "-o", str(target)], check=True)
        elif path.suffix == ".py":
            target.write_bytes(path.read_bytes())


def command(emu, golden, data, machine):
    return [emu, "-M", machine, "-m", "2048", "-cpu", golden.cpu, "-smp", "1", "-nic", "none",
            "-display", "none", "-monitor", "none", "-serial", "none",
            "-semihosting-config", "enable=on,target=native",
            "-device", f"loader,file=img.bin,addr={IMAGE},force-raw=on",
            "-device", f"loader,file={data},addr={DATA},force-raw=on",
            "-device", f"loader,addr={IMAGE},cpu-num=0"]


def command_of(emu, golden, scratch):
    """The set as it is. The reference emulator has MTE, and aborts on some AT operations."""
    is_reference = emulator.QEMU in emu
    avoiding = is_reference and (scratch / "data_q.bin").exists()
    return command(emu, golden, "data_q.bin" if avoiding else "data.bin",
                   MACHINE + (golden.reference if is_reference else ""))


def compare(golden, scratch):
    args = [a.format(dir=scratch) for a in golden.compare]
    report = subprocess.run([sys.executable, str(scratch / "compare.py"), *args],
                            capture_output=True, text=True, check=False)
    print(report.stderr, end="", file=sys.stderr)
    return report.stdout


def run_set(emu, name, scratch, limit):
    """True when the emulator agrees with the set, but for what is explained."""
    golden = SETS[name]
    result = emulator.run(command_of(emu, golden, scratch), TIME_LIMIT, cwd=scratch)
    print(result.output, end="")
    if result.timed_out or result.status != 0 or not (scratch / "out.bin").exists():
        print(f"{name}: exit status {result.status}, "
              f"{'no end within the time limit' if result.timed_out else 'no result'}")
        return False
    report = compare(golden, scratch)
    counts = [int(n) for n in SUMMARY.findall(report)]
    cases = list(golden.cases(scratch)) if sum(counts) else []
    new = [name for name, case in cases if not rules.explain(golden.rules, case, golden=True)]
    lines = report.splitlines()
    print("\n".join(lines if len(lines) <= limit + 3 else lines[:limit] + ["..."] + lines[-3:]))
    explained = len(cases) - len(new)
    passed = bool(counts) and sum(counts) == explained
    for name in new:
        print(f"no rule explains {name}")
    print(f"{name}: {result.cpu:.2f} s, differ {sum(counts)}, of these explained {explained}; "
          f"{'pass' if passed else 'FAIL'}")
    return passed


def run_data(emu, name, scratch, data):
    """The result file of one emulator on a set's image with other data."""
    out = scratch / "out.bin"
    out.unlink(missing_ok=True)
    (scratch / OTHER_DATA).write_bytes(data)
    result = emulator.run(command(emu, SETS[name], OTHER_DATA, MACHINE), TIME_LIMIT, cwd=scratch)
    if result.timed_out or result.status != 0 or not out.exists():
        sys.exit(f"{emu}: {'time limit' if result.timed_out else result.status}\n{result.output}")
    return out.read_bytes()


def random_arguments(doc, count, counted):
    """Arguments of a test that changes a set at random and compares two emulators."""
    ap = argparse.ArgumentParser(description=doc.splitlines()[0])
    ap.add_argument("--seed", type=lambda s: int(s, 0), default=1)
    ap.add_argument("--count", type=int, default=count, help=counted)
    ap.add_argument("--data", help="as of golden.py")
    ap.add_argument("emulator")
    ap.add_argument("reference")
    return ap.parse_args()


def require(data, sets, *emulators):
    """The emulators' paths; skips when one of them, or the data, is absent."""
    for name in emulators:
        if emulator.find(name) is None:
            emulator.skip(f"no {name} on this machine")
    folder = data_folder(data)
    if not all((folder / s).is_dir() for s in sets):
        emulator.skip(f"no test data in {folder} (ARMATURE_DATA names another folder)")
    if not emulator.find("zstd"):
        emulator.skip("no zstd on this machine")
    return [emulator.find(name) for name in emulators]


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("-v", "--verbose", action="store_true", help="every difference")
    ap.add_argument("--data")
    ap.add_argument("--keep", type=pathlib.Path, help="leave the unpacked sets here")
    ap.add_argument("emulator")
    ap.add_argument("sets", nargs="+", choices=sorted(SETS))
    args = ap.parse_args()
    rules.check_documented(rules.TRAP_RULES, rules.XLAT_RULES)
    [emu] = require(args.data, args.sets, args.emulator)
    folder = data_folder(args.data)
    ok = True
    for name in args.sets:
        with tempfile.TemporaryDirectory() as tmp:
            scratch = args.keep / name if args.keep else pathlib.Path(tmp)
            scratch.mkdir(parents=True, exist_ok=True)
            unpack(folder / name, scratch)
            ok &= run_set(emu, name, scratch, 10**9 if args.verbose else 40)
    return not ok


if __name__ == "__main__":
    sys.exit(main())
