#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Firmware in Armature: U-Boot and EDK2, their shells, and Debian's kernel started from them; the
same below Trusted Firmware-A, which owns EL3.

usage: firmware.py EMULATOR CASE [ARGUMENT...]     (arguments go to the emulator)

Firmware and kernel come from images/cache; a case that lacks one, or mtools for the FAT disk, is
skipped.
"""
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import uuid

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


def linux_disk(folder, kernel="k61", initrd=None):
    return fat_disk(folder, {"vmlinuz": guests.need(kernel, "vmlinuz"),
                             "initrd.gz": initrd or guests.initramfs(folder)})


def booti(c, more="", kernel_addr="${kernel_addr_r}"):
    """From U-Boot's countdown: kernel and initramfs of linux_disk() are loaded and started."""
    c.expect("Hit any key to stop autoboot")
    c.send("x")
    for command, answer in (
            ("virtio scan", ""),
            ("virtio info", "VirtIO Block Device"),
            ("fatls virtio 0", "vmlinuz"),
            (f"load virtio 0 {kernel_addr} vmlinuz", r"\d+ bytes read"),
            ("load virtio 0 ${ramdisk_addr_r} initrd.gz", r"\d+ bytes read"),
            (f"setenv bootargs {CMDLINE}{more}", "")):
        c.expect(UBOOT)
        c.send(command + "\n")
        c.expect(answer)
    c.expect(UBOOT)
    c.send(f"booti {kernel_addr} ${{ramdisk_addr_r}}:${{filesize}} ${{fdtcontroladdr}}\n")
    c.expect("Linux version 6")


def uboot_linux(emulator, folder, args):
    """Kernel and initramfs from a FAT disk, started by booti."""
    bios = guests.need("uboot", "u-boot.bin")
    with Console([*guests.machine(emulator), "-bios", bios, *linux_disk(folder), *args]) as c:
        booti(c)
        c.expect(guests.DONE)
        c.ends()


# ---- EDK2 ----
SHELL = r"Shell> "


def bios(_folder):
    return ["-bios", guests.need("efi", "QEMU_EFI.fd")]


def two_flashes(folder, target="efi", names=("AAVMF_CODE.fd", "AAVMF_VARS.fd")):
    """Code that cannot be written, and variables of our own."""
    code, variables = guests.need(target, *names)
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


GRUB_CFG = """set timeout=0
linux ($root)/vmlinuz console=ttyAMA0 panic=-1
initrd ($root)/initrd.gz
boot
"""


def efi_secure_boot(emulator, folder, args):
    """Secure Boot with the keys machines are sold with: each stage checks the signature of the
    next, shim, GRUB, kernel, and the kernel locks itself down. A kernel with one bit changed is
    refused."""
    flashes = two_flashes(folder, "efi-secure", ("AAVMF_CODE.secboot.fd", "AAVMF_VARS.ms.fd"))
    kernel = guests.need("k612", "vmlinuz")
    bad = folder / "bad"
    image = bytearray(kernel.read_bytes())
    image[len(image) // 2] ^= 1
    bad.write_bytes(image)
    for vmlinuz in (kernel, bad):
        disk = fat_disk(folder, {
            "EFI/BOOT/BOOTAA64.EFI": guests.need("shim", "shimaa64.efi.signed"),
            "EFI/BOOT/grubaa64.efi": guests.need("grub", "grubaa64.efi.signed"),
            "EFI/debian/grub.cfg": GRUB_CFG,
            "vmlinuz": vmlinuz, "initrd.gz": guests.initramfs(folder)})
        with Console([*guests.machine(emulator), *flashes, *disk, *args]) as c:
            if vmlinuz == bad:
                c.expect("bad shim signature")
                continue
            c.expect("EFI stub: UEFI Secure Boot is enabled")
            c.expect("Kernel is locked down from EFI Secure Boot")
            c.expect("Loaded X.509 cert 'Debian Secure Boot CA")
            c.expect(guests.DONE)
            c.ends()


def efi_netboot(emulator, folder, args):
    """EDK2's PXE client loads the kernel by TFTP from the user network's server."""
    tftp = folder / "tftp"
    tftp.mkdir()
    shutil.copy(guests.need("k61", "vmlinuz"), tftp / "vmlinuz")
    with Console([*guests.machine(emulator), *bios(folder), "-netdev",
                  f"user,id=net,tftp={tftp},bootfile=vmlinuz", "-device",
                  "virtio-net-device,netdev=net", "-device", "virtio-rng-device", *args]) as c:
        c.expect("Start PXE over IPv4")
        c.expect(r"Downloading NBP file\.\.\.")
        c.expect("NBP file downloaded successfully", timeout=300)
        c.expect("EFI stub: Booting Linux Kernel")
        c.expect(r"efi: EFI v2\.\d+ by EDK II")
        c.expect("Unable to mount root fs")


# ---- Trusted Firmware-A: BL1, BL2 and BL31 at EL3 and Secure EL1, then one of the above ----
SECURE = ["-M", "secure=on"]
# Firmware Image Package: a table of names, offsets and sizes, then the images.
FIP_MAGIC, FIP_AT = 0xaa640001, 0x40000
FIP_NAMES = {"bl2": "5ff9ec0b-4d22-3e4d-a544-c39d81c73f0a",
             "bl31": "47d4086d-4cfe-9846-9b95-2950cbbd5a00",
             "bl32": "05d0e189-53dc-1347-8d2b-500a4b7a3e38",
             "bl32-extra1": "0b70c29b-2a5a-7840-9f65-0a5682738288",
             "bl33": "d6d0eea7-fcea-d54b-9782-9934f234b6e4"}


# U-Boot does not load over what OP-TEE shares with the Normal world, 2 MiB from 0x42000000.
BEHIND_SHARED_MEMORY = "0x46000000"
# Of OP-TEE's regression suite: sessions, mutual calls, panics, concurrency, floating point, memory
# references; SHA, AES; persistent objects.
OPTEE_TESTS = ("1004", "1005", "1006", "1007", "1016", "1022", "4001", "4003", "6001")


def fip(images):
    at = 16 + 40 * (len(images) + 1)
    table, body = struct.pack("<IIQ", FIP_MAGIC, 1, 0), b""
    for name, data in images.items():
        table += uuid.UUID(FIP_NAMES[name]).bytes
        table += struct.pack("<QQQ", at + len(body), len(data), 0)
        body += data
    return table + bytes(16) + struct.pack("<QQQ", at + len(body), 0, 0) + body


def tfa_flash(folder, bl33, tfa="tfa", more=None):
    """-bios: BL1 at the start of the Secure flash, the other images where BL1 looks for them."""
    bl1, bl2, bl31 = (guests.need(tfa, f"{n}.bin").read_bytes() for n in ("bl1", "bl2", "bl31"))
    image = folder / "flash.bin"
    image.write_bytes(bl1.ljust(FIP_AT, b"\xff") +
                      fip({"bl2": bl2, "bl31": bl31, **(more or {}), "bl33": bl33.read_bytes()}))
    return [*SECURE, "-bios", image]


def tfa_starts(c):
    for line in ("BL1: Booting BL2", "BL1: Booting BL31", "BL31: Preparing for EL3 exit",
                 "Entry point address = 0x60000000", "SPSR = 0x3c9"):
        c.expect(line)


def tfa_uboot(emulator, folder, args):
    """To the prompt at EL2; power-off goes to BL31 by SMC and out through the Secure GPIO."""
    flash = tfa_flash(folder, guests.need("uboot", "u-boot.bin"))
    with Console([*guests.machine(emulator), *flash, *args]) as c:
        tfa_starts(c)
        c.expect("Hit any key to stop autoboot")
        c.send("x")
        c.expect(UBOOT)
        c.send("bdinfo\n")
        c.expect("-> start    = 0x0000000040000000")
        c.expect(UBOOT)
        c.send("poweroff\n")
        c.expect("QEMU System Power off: with GPIO")
        c.ends()


def tfa_linux(emulator, folder, args):
    """U-Boot starts a kernel, which brings up its PEs and powers off through BL31."""
    flash = tfa_flash(folder, guests.need("uboot", "u-boot.bin"))
    with Console([*guests.machine(emulator), *flash, *linux_disk(folder), *args]) as c:
        tfa_starts(c)
        booti(c)
        c.expect(r"psci: PSCIv1\.1 detected in firmware")
        c.expect(r"All CPU\(s\) started at EL2")
        c.expect(guests.DONE)
        c.expect("QEMU System Power off: with GPIO")
        c.ends()


def tfa_optee(emulator, folder, args):
    """OP-TEE at Secure EL1 under a kernel whose user space runs OP-TEE's own tests: sessions with
    Trusted Applications, threads that leave for the Normal world and come back, storage, time."""
    header, pager = guests.need("optee", "tee-header_v2.bin", "tee-pager_v2.bin")
    flash = tfa_flash(folder, guests.need("uboot", "u-boot.bin"), "tfa-optee",
                      {"bl32": header.read_bytes(), "bl32-extra1": pager.read_bytes()})
    initrd = guests.initramfs(folder, "root.sh", "--add",
                              f"{guests.ROOT}/images/init/optee.sh=/guest/run",
                              *guests.with_modules("k612", "virtio_mmio,virtio_blk,ext4,optee"))
    secure = folder / "secure.log"
    with Console([*guests.machine(emulator), *flash, "-serial", f"file:{secure}",
                  *linux_disk(folder, "k612", initrd), *guests.disk("disk-optee"), *args]) as c:
        tfa_starts(c)
        booti(c, f" disk=/dev/vdb -- {' '.join(OPTEE_TESTS)}", BEHIND_SHARED_MEMORY)
        c.expect("optee: initialized driver")
        for test in OPTEE_TESTS:
            c.expect(rf"\* regression_{test} ")
        c.expect(f"{len(OPTEE_TESTS)} test cases of which 0 failed")
        c.expect(guests.LEFT)
        c.expect("QEMU System Power off: with GPIO")
        c.ends()
    if "I/TC: Primary CPU switching to normal world boot" not in secure.read_text():
        sys.exit("OP-TEE's console, the Secure UART, lacks its end of boot")


CASES = {f.__name__.replace("_", "-"): f for f in (
    uboot, uboot_linux, efi_shell, efi_variables, efi_startup, efi_boot_entry,
    efi_removable, efi_kernel, efi_secure_boot, efi_netboot, tfa_uboot, tfa_linux, tfa_optee)}


def main():
    emulator, case, *args = sys.argv[1:]
    with tempfile.TemporaryDirectory() as tmp:
        CASES[case](emulator, pathlib.Path(tmp), args)
    print(f"{case} {' '.join(args)}: ok")


main()
