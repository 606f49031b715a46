#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Firmware in Armature: U-Boot and EDK2, their shells, and Debian's kernel started from them.

usage: firmware.py EMULATOR CASE [ARGUMENT...]     (arguments go to the emulator)

Firmware and kernel come from images/cache; a case that lacks one, or mtools for the FAT disk, is
skipped.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

import guests
from console import Console

FAT_SECTORS = 163840  # 80 MiB: a kernel and an initramfs
VARIABLE = "Armature -guid 3c1a5b52-8d0e-4f0c-9c8e-6d2f0a7b91e4"
CMDLINE = "console=ttyAMA0 panic=-1"


def fat_disk(folder, files):
    """A FAT disk image; files: path in the image -> path of the host, or text."""
    if shutil.which("mformat") is None:
        guests.skip("no mtools")
    image = folder / "fat.img"
    run = ["-i", image]
    subprocess.run(["mformat", *run, "-C", "-T", str(FAT_SECTORS), "-h", "16", "-s", "63", "::"],
                   check=True)
    for name, source in files.items():
        for parent in reversed(pathlib.PurePosixPath(name).parents[:-1]):
            subprocess.run(["mmd", *run, "-D", "s", f"::{parent}"], check=False)
        if isinstance(source, str):
            text, source = source, folder / "text"
            source.write_text(text)
        subprocess.run(["mcopy", *run, source, f"::{name}"], check=True)
    return ["-drive", f"file={image},format=raw,if=virtio"]


# ---- U-Boot ----
UBOOT = r"\n=> "


def uboot(emulator, folder, args):
    """To the prompt by a key in the countdown; then what boards are brought up with."""
    bios = guests.need("uboot", "u-boot.bin")
    with Console([*guests.machine(emulator), "-bios", bios, *args]) as c:
        c.expect("Hit any key to stop autoboot")
        c.send("x")
        c.expect(UBOOT)
        c.send("version\n")
        c.expect(r"U-Boot 20\d\d")
        c.expect(UBOOT)
        c.send("bdinfo\n")
        c.expect("DRAM bank")
        c.expect("-> start    = 0x0000000040000000")
        c.expect(UBOOT)
        c.send("poweroff\n")
        c.ends()


def uboot_linux(emulator, folder, args):
    """Kernel and initramfs from a FAT disk, started by booti."""
    bios = guests.need("uboot", "u-boot.bin")
    disk = fat_disk(folder, {"vmlinuz": guests.need("k61", "vmlinuz"),
                             "initrd.gz": guests.initramfs(folder)})
    with Console([*guests.machine(emulator), "-bios", bios, *disk, *args]) as c:
        c.expect("Hit any key to stop autoboot")
        c.send("x")
        for command, answer in (
                ("virtio scan", ""),
                ("virtio info", "VirtIO Block Device"),
                ("fatls virtio 0", "vmlinuz"),
                ("load virtio 0 ${kernel_addr_r} vmlinuz", r"\d+ bytes read"),
                ("load virtio 0 ${ramdisk_addr_r} initrd.gz", r"\d+ bytes read"),
                (f"setenv bootargs {CMDLINE}", "")):
            c.expect(UBOOT)
            c.send(command + "\n")
            c.expect(answer)
        c.expect(UBOOT)
        c.send("booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdtcontroladdr}\n")
        c.expect("Linux version 6")
        c.expect(guests.DONE)
        c.ends()


# ---- EDK2 ----
SHELL = r"Shell> "


def bios(_folder):
    return ["-bios", guests.need("efi", "QEMU_EFI.fd")]


def two_flashes(folder):
    """Code that cannot be written, and variables of our own."""
    code, variables = guests.need("efi", "AAVMF_CODE.fd", "AAVMF_VARS.fd")
    ours = folder / "vars.fd"
    if not ours.exists():
        shutil.copy(variables, ours)
    return ["-drive", f"if=pflash,format=raw,readonly=on,file={code}",
            "-drive", f"if=pflash,format=raw,file={ours}"]


def to_shell(c):
    c.expect("UEFI firmware")
    c.expect("Press ESC")
    c.send("\r")
    c.expect(SHELL)


def efi_shell(emulator, folder, args):
    """-bios: the shell; reset and power-off."""
    with Console([*guests.machine(emulator), *bios(folder), *args]) as c:
        to_shell(c)
        c.send("memmap\r")
        c.expect("Total Memory: +1,024 MB")
        c.expect(SHELL)
        c.send("reset\r")
        c.expect("UEFI firmware")
        c.expect("Press ESC")
        c.send("\r")
        c.expect(SHELL)
        c.send("reset -s\r")
        c.ends()


def efi_variables(emulator, folder, args):
    """A variable set in the shell is there after the emulator was started again."""
    for word, answer in ((' -bs -rt -nv =L"kept"', ""), ("", "6B 00 65 00 70 00 74 00")):
        with Console([*guests.machine(emulator), *two_flashes(folder), *args]) as c:
            to_shell(c)
            c.send(f"setvar {VARIABLE}{word}\r")
            c.expect(answer)
            c.expect(SHELL)
            c.send("reset -s\r")
            c.ends()


def efi_startup(emulator, folder, args):
    """The shell runs startup.nsh of a FAT disk, which starts the kernel."""
    disk = fat_disk(folder, {
        "vmlinuz": guests.need("k61", "vmlinuz"), "initrd.gz": guests.initramfs(folder),
        "startup.nsh": f"map -r\r\nFS0:\r\nvmlinuz initrd=\\initrd.gz {CMDLINE}\r\n"})
    with Console([*guests.machine(emulator), *two_flashes(folder), *disk, *args]) as c:
        c.expect("startup.nsh")
        c.expect("EFI stub: Booting Linux Kernel")
        c.expect(r"efi: EFI v2\.\d+ by EDK II")
        c.expect(guests.DONE)
        c.ends()


def efi_boot_entry(emulator, folder, args):
    """An entry of the boot manager, kept in the variable flash, starts the kernel next time."""
    disk = fat_disk(folder, {"vmlinuz": guests.need("k61", "vmlinuz")})
    command = [*guests.machine(emulator), *two_flashes(folder), *disk, *args]
    with Console(command) as c:
        to_shell(c)
        c.send("bcfg boot add 0 FS0:\\vmlinuz Debian\r")
        c.expect("Add Boot0.* as 0")
        c.expect(SHELL)
        c.send("reset -s\r")
        c.ends()
    with Console(command) as c:
        c.expect('BdsDxe: starting Boot0.* "Debian"')
        c.expect(r"efi: EFI v2\.\d+ by EDK II")


def efi_removable(emulator, folder, args):
    r"""The kernel as \EFI\BOOT\BOOTAA64.EFI, which the boot manager finds by itself. It has no
    command line and no root file system there, and says so."""
    disk = fat_disk(folder, {"EFI/BOOT/BOOTAA64.EFI": guests.need("k61", "vmlinuz")})
    with Console([*guests.machine(emulator), *bios(folder), *disk, *args]) as c:
        c.expect("EFI stub: Booting Linux Kernel")
        c.expect(r"efi: EFI v2\.\d+ by EDK II")
        c.expect("Unable to mount root fs")


def efi_kernel(emulator, folder, args):
    """-kernel, -initrd and -append reach the kernel through fw_cfg and EDK2."""
    kernel = guests.need("k61", "vmlinuz")
    with Console([*guests.machine(emulator), *bios(folder), "-kernel", kernel, "-initrd",
                  guests.initramfs(folder), "-append", CMDLINE, *args]) as c:
        c.expect("EFI stub: Loaded initrd from LINUX_EFI_INITRD_MEDIA_GUID")
        c.expect(r"efi: EFI v2\.\d+ by EDK II")
        c.expect(f"Kernel command line: .*{CMDLINE}")
        c.expect(guests.DONE)
        c.ends()


CASES = {f.__name__.replace("_", "-"): f for f in (
    uboot, uboot_linux, efi_shell, efi_variables, efi_startup, efi_boot_entry,
    efi_removable, efi_kernel)}


def main():
    emulator, case, *args = sys.argv[1:]
    with tempfile.TemporaryDirectory() as tmp:
        CASES[case](emulator, pathlib.Path(tmp), args)
    print(f"{case} {' '.join(args)}: ok")


main()
