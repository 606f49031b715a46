#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run one set of golden tests (results of Arm's executed specification) and count differences.

usage: golden.py ARMATURE SET DATA_DIR     SET: vectors, xlat, traps

DATA_DIR/SET holds img.bin, data.bin, expected.bin, tests.json (zstd) and compare.py. Absent: skipped
(exit 77). ALLOWED lists what docs/choices.md explains; anything else fails.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

# set: extra -cpu properties, compare.py arguments, how to read the number of differences, how many
# of them docs/choices.md explains
SETS = {
    "vectors": (",pauth-qarma5=on", [".", "expected.bin", "out.bin"], r"differ (\d+)", 0),
    "xlat": ("", ["out.bin"], r"operations \d+ differ (\d+)", 1),
    "traps": ("", [".", "out.bin", "--without", "MTE"], r"differ (\d+)$", 5),
}


def main():
    armature, name, data = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]) / sys.argv[2]
    cpu, args, pattern, allowed = SETS[name]
    if not data.exists():
        print(f"SKIP: no golden data at {data}")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as tmp:
        for f in data.glob("*.zst"):
            subprocess.run(["zstd", "-qdf", f, "-o", pathlib.Path(tmp) / f.stem], check=True)
        cmd = [armature, "-M", "virt,secure=on,virtualization=on,gic-version=3", "-m", "2048",
               "-cpu", "max" + cpu, "-smp", "1", "-nic", "none", "-display", "none",
               "-monitor", "none", "-serial", "none",
               "-semihosting-config", "enable=on,target=native",
               "-device", "loader,file=img.bin,addr=0x40200000,force-raw=on",
               "-device", "loader,file=data.bin,addr=0x80000000,force-raw=on",
               "-device", "loader,addr=0x40200000,cpu-num=0"]
        subprocess.run(cmd, cwd=tmp, stdin=subprocess.DEVNULL, check=True, timeout=300)
        out = subprocess.run([sys.executable, data / "compare.py", *args], cwd=tmp,
                             capture_output=True, text=True).stdout
    found = re.search(pattern, out, re.M)
    if found is None or int(found[1]) > allowed:
        print(out[-6000:])
        sys.exit(f"{name}: more than the {allowed} explained differences")
    print(f"{name}: {found[1]} differences, {allowed} explained in docs/choices.md")


main()
