#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boot a Debian kernel in Armature and check what it prints.

usage: boot.py ARMATURE CASE     (CASE as in the table below)

Guests come from images/cache (images/fetch.sh); a case whose guest is absent exits with 77:
skipped.
"""
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = ROOT / "images/cache"
VHE = "VHE mode initialized successfully"
NVHE = "Hyp mode initialized successfully"
DONE = "INIT: done"

# case: kernel, arguments, lines that must appear in this order
CASES = {
    "max": ("k61", "-cpu max", [VHE, DONE]),
    "a57": ("k61", "-cpu cortex-a57", [NVHE, DONE]),
    "a53": ("k61", "-cpu cortex-a53", [NVHE, DONE]),
    "a72": ("k61", "-cpu cortex-a72", [NVHE, DONE]),
    "a76": ("k61", "-cpu cortex-a76", [VHE, DONE]),
    "n1": ("k61", "-cpu neoverse-n1", [VHE, DONE]),
    "smp4": ("k61", "-cpu max -smp 4", ["Brought up 1 node, 4 CPUs", DONE]),
    "smp8": ("k61", "-cpu max -smp 8", ["Brought up 1 node, 8 CPUs", DONE]),
    "gicv2": ("k61", "-cpu max -M gic-version=2", [VHE, DONE]),
    "el1": ("k61", "-cpu max -M virtualization=off", ["HYP mode not available", DONE]),
    "64M": ("k61", "-cpu max -m 64M", [DONE]),
    "8G": ("k61", "-cpu max -m 8G", [DONE]),
    "k72": ("k72", "-cpu max", [VHE, DONE]),
    "k612-16k": ("k612-16k", "-cpu max", [VHE, DONE]),
    "k72-16k": ("k72-16k", "-cpu max", [VHE, DONE]),
}


def skip(why):
    print(f"SKIP: {why}")
    sys.exit(77)


def initramfs(tmp):
    out = pathlib.Path(tmp) / "initramfs.gz"
    subprocess.run([ROOT / "images/mkinitramfs.py", "--init", ROOT / "images/init/poweroff.sh",
                    "-o", out], check=True)
    return out


def main():
    armature, case = sys.argv[1:3]
    kernel, args, want = CASES[case]
    image = CACHE / kernel / "vmlinuz"
    if not image.exists() or not (CACHE / "busybox").exists():
        skip(f"no {kernel} or busybox in images/cache: run images/fetch.sh {kernel} busybox")
    with tempfile.TemporaryDirectory() as tmp:
        cmd = [armature, "-M", "virt,virtualization=on,gic-version=3", "-m", "1G", "-nodefaults",
               "-serial", "stdio", "-display", "none", "-no-reboot", "-kernel", image,
               "-initrd", initramfs(tmp), "-append", "console=ttyAMA0 panic=-1", *args.split()]
        run = subprocess.run(cmd, stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
    text = run.stdout.decode(errors="replace")
    at = 0
    for line in want:
        at = text.find(line, at)
        if at < 0:
            print(text[-3000:], run.stderr.decode(errors="replace"), f"MISSING: {line}", sep="\n")
            sys.exit(1)
    if run.returncode != 0:
        sys.exit(f"exit status {run.returncode}, want 0")
    print(f"{case}: {len(text.splitlines())} lines, {', '.join(want)}")


main()
