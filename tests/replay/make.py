#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Record the journals of this folder anew: after a change of guests or inputs.

usage: make.py BUILD_FOLDER [NAME...]

After a change of the emulator that is meant, `armature replay-suite tests/replay --accept` is
enough: it keeps programs and input.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

import journals

sys.path[:0] = [str(journals.ROOT / "tests" / d) for d in ("", "cli", "guest")]
import run as guest_run  # noqa: E402
import web  # noqa: E402
from terminal import Terminal  # noqa: E402

ON_A_DATE = ["-rtc", "base=2026-01-31T12:00:00"]
PROMPT = r"armature:/# (\x1b\[6n)?"
TYPED = ["uname -srm", "echo $((6 * 7))", "seq 1 1000 | md5sum", "cat /proc/cpuinfo | head -3",
         "for i in 1 2 3; do date +%Y; sleep 0.1; done", "echo hello >/tmp/x",
         "cat /tmp/x"]

# program: arguments that replace the runner's, time between states
EL2_SMP4 = ["-M", "virt,virtualization=on,gic-version=3", "-smp", "4"]
EL2_V2 = ["-M", "virt,virtualization=on,gic-version=2"]
PROGRAMS = {
    "hello": ([], "50us"), "exceptions": ([], "100us"), "faults_stage1": ([], "1ms"),
    "faults_stage2": ([], "1ms"), "tlbi": ([], "100us"), "timers": ([], "1ms"),
    "irq_routing": ([], "10ms"), "virtual_irqs": ([], "1ms"), "waits": ([], "1ms"),
    "pauth": ([], "100us"), "mops": ([], "10ms"), "debug_step": ([], "1ms"),
    "debug_watchpoints": ([], "1ms"), "gicv3_cpuif": ([], "100us"),
    "gicv3_virtual": (["-M", "virt,virtualization=on,gic-version=3"], "100us"),
    "gicv2_virtual": (EL2_V2, "100us"), "gicv2_sgi": ([*EL2_V2, "-smp", "4"], "100us"),
    "psci": (EL2_SMP4, "1ms"), "smp_atomics": (EL2_SMP4, "1ms"), "smp_sync": (EL2_SMP4, "50ms"),
}


def bare(armature, programs, name, folder):
    args, every = PROGRAMS[name]
    elf = folder / f"{name}.elf"
    subprocess.run(["aarch64-linux-gnu-strip", "-o", elf, programs / elf.name], check=True)
    subprocess.run([armature, *guest_run.machine(args), *guest_run.BASE, *ON_A_DATE, "-kernel",
                    elf.name, "--record", f"{name}.jrnl,every={every}"], check=True, cwd=folder)


def linux(armature, name, folder, *args, cmdline="", memory="256M", vmm=None):
    """The command of a guest with Debian's kernel, in a folder with what it needs."""
    journals.initramfs(name, folder, vmm)
    (folder / "k61").symlink_to(journals.CACHE / "k61")
    version = (journals.CACHE / "k61/vmlinuz").resolve().name.removeprefix("vmlinuz-")
    note = f"Debian's linux-image-{version} and busybox: images/fetch.sh k61 busybox"
    note += "; images/vmm as it was" if vmm else ""
    return [armature, "-M", "virt,gic-version=3", "-cpu", "cortex-a57", "-m", memory,
            "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot", *ON_A_DATE,
            "-kernel", "k61/vmlinuz", "-initrd", f"{name}.cpio", "-append",
            f"console=ttyAMA0 quiet {cmdline}", *args, "--record",
            f"{name}.jrnl,embed=64K,note={note},every=200ms"]


def typed(armature, name, folder, *args):
    with Terminal(linux(armature, name, folder, *args), cwd=folder) as t:
        for line in TYPED:
            t.expect(PROMPT, 120)
            t.send(line + "\r")
        t.expect(r"\nhello\r+\n")
        t.expect(PROMPT)
        t.send("poweroff -f\r")
        if t.wait(60) != 0:
            sys.exit(t.text)


def net(armature, folder):
    (folder / "file").write_text("".join(f"{n * n}\n" for n in range(4000)))
    with web.served(folder) as port:
        command = linux(armature, "net", folder, "-netdev", "user,id=n", "-device",
                        "virtio-net-device,netdev=n",
                        cmdline=f"url=http://10.0.2.2:{port}/file")
        subprocess.run(command, check=True, cwd=folder, stdin=subprocess.DEVNULL)


def disk(armature, folder):
    (folder / "disk.img").write_text("".join(f"{n:7}\n" for n in range(8192)))
    command = linux(armature, "disk", folder, "-drive",
                    "file=disk.img,format=raw,if=virtio,snapshot=on")
    subprocess.run(command, check=True, cwd=folder, stdin=subprocess.DEVNULL)


def kvm(armature, folder, vmm):
    command = linux(armature, "kvm", folder, memory="1G", vmm=vmm,
                    cmdline='panic=-1 -- -a "console=ttyAMA0 quiet panic=-1"')
    subprocess.run(command, check=True, cwd=folder, stdin=subprocess.DEVNULL)


def record(build, name, folder):
    """Where the journal belongs."""
    armature = build / "armature"
    if name in PROGRAMS:
        bare(armature, build / "tests/guest", name, folder)
        return "bare"
    if name == journals.KVM:
        kvm(armature, folder, build / "tests/boot/vmm")
    elif name in ("net", "disk"):
        {"net": net, "disk": disk}[name](armature, folder)
    else:
        typed(armature, name, folder, *(["-smp", "4"] if name == "shell-smp4" else []))
    return "linux"


def main():
    build, *names = sys.argv[1:]
    for name in names or [*PROGRAMS, *journals.LINUX]:
        with tempfile.TemporaryDirectory() as tmp:
            folder = pathlib.Path(tmp)
            where = record(pathlib.Path(build).resolve(), name, folder)
            target = journals.HERE / where / f"{name}.jrnl"
            target.parent.mkdir(exist_ok=True)
            shutil.copy(folder / target.name, target)


main()
