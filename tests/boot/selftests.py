#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the kernel's selftests in Armature and compare how each ends with selftests.txt.

usage: selftests.py EMULATOR CASE [ARGUMENT]...     (CASE of the table below)
"""
import os
import pathlib
import re
import sys
import tempfile

import guests

sys.path[:0] = [str(guests.ROOT / "tests")]
import emulator  # noqa: E402

# case: which programs, arguments, command line of the kernel, line that must appear
CASES = {
    "arm64": ("arm64/", "-cpu max -smp 2", "", guests.VHE),
    "arm64-n1": ("arm64/", "-cpu neoverse-n1 -smp 2", "", guests.VHE),
    "kvm": ("kvm/", "-cpu max -smp 2", "", guests.VHE),
    "kvm-nvhe": ("kvm/", "-cpu max -smp 2", "kvm-arm.mode=nvhe", guests.NVHE_72),
    # Not cortex-a57: for its erratum 834220 the kernel translates the address of a fault again, and
    # starts the guest again if that faults. It always does if stage 2 lacks the tables of stage 1,
    # which the tests write from outside.
    "kvm-a72": ("kvm/", "-cpu cortex-a72 -smp 2", "", guests.NVHE_72),
    "kvm-nested": ("kvm/", "-cpu max,lpa2=off -smp 2", "kvm-arm.mode=nested", guests.NV2),
}
ENDS = {"0": "pass", "4": "skip", "137": "late"}
# What programs start or need and what no line runs.
HELPERS = ("arm64/fp/fpsimd-test", "arm64/fp/kernel-test", "arm64/pauth/exec_target")


def expected(case, group):
    """{program and arguments: how it ends}, from the table."""
    out = {}
    table = pathlib.Path(__file__).with_name("selftests.txt").read_text()
    for line in table.splitlines():
        if not line.startswith(group):
            continue
        program, *ends = re.split(r"\s{2,}", line.strip())
        by_case = dict(word.split("=") for word in " ".join(ends).split())
        out[program] = by_case.get(case, by_case.get("*", "pass"))
    return {p: end for p, end in out.items() if end != "out"}


def host_initramfs(folder, tests):
    programs = {t.split()[0] for t in tests}
    programs |= {h for h in HELPERS if h.split("/")[0] in {p.split("/")[0] for p in programs}}
    listing = pathlib.Path(folder) / "tests"
    listing.write_text("".join(f"{t}\n" for t in tests))
    files = {f"{guests.need('selftests', p)}": f"/selftests/{p}" for p in sorted(programs)}
    adds = [word for f, to in {str(listing): "/tests", **files}.items()
            for word in ("--add", f"{f}={to}")]
    return guests.initramfs(folder, "selftests.sh", "--plain", *adds)


def main():
    program, case, *more = sys.argv[1:]
    group, args, append, mode = CASES[case]
    want = expected(case, group)
    with tempfile.TemporaryDirectory() as tmp:
        run = emulator.run(
            [*guests.machine(program), "-no-reboot", "-m", "2G",
             "-kernel", guests.need("k72", "vmlinuz"), "-initrd", host_initramfs(tmp, want),
             "-append", f"{guests.CONSOLE} quiet {append}", *args.split(), *more], 3600)
    text = run.output.replace("\r", "")
    if "ARMATURE_LOG" in os.environ:
        pathlib.Path(os.environ["ARMATURE_LOG"]).write_text(text)
    got = {t: ENDS.get(status, status)
           for status, t in re.findall(r"^RESULT: (\d+) (.*)$", text, re.MULTILINE)}
    wrong = [f"{t}: {got.get(t, 'not run')}, want {end}" for t, end in want.items()
             if got.get(t) != end]
    if wrong or mode not in text or guests.DONE not in text or run.status != 0:
        print(text[-20000:])
        sys.exit("\n".join(wrong) or f"exit status {run.status}, {mode}: {mode in text}")
    ends = list(want.values())
    print(f"{case}: " + ", ".join(f"{ends.count(e)} {e}" for e in sorted(set(ends))))


main()
