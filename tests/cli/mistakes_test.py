#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What users get wrong: one line on stderr names it, exit status 1, nothing half-made."""
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile

import cli

MIB = 1024 * 1024
HALF = "-nodefaults -serial none".split()


def elf_header(machine=183, bits=2, entry=0x40000000, paddr=0x40000000, filesz=0, memsz=4096):
    ident = b"\x7fELF" + bytes([bits, 1, 1]) + bytes(9)
    head = struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, entry, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return ident + head + struct.pack("<IIQQQQQQ", 1, 5, 120, paddr, paddr, filesz, memsz, 4)


def image_header(size, magic=b"ARM\x64"):
    """Linux's Documentation/arch/arm64/booting.rst."""
    return struct.pack("<IIQQQQQQ4sI", 0x14000000, 0, 0, size, 0, 0, 0, 0, magic, 0)


def make_files(d):
    """Everything that the table below names."""
    files = {
        "empty": b"", "image": image_header(4096) + bytes(4032),
        "image-huge": image_header(1 << 40) + bytes(4032),
        "elf-x86": elf_header(machine=62), "elf-32": elf_header(machine=40, bits=1),
        "elf-nowhere": elf_header(entry=0, paddr=0x1000), "elf-truncated": elf_header()[:80],
        "elf-beyond": elf_header(filesz=1 << 40, memsz=1 << 40),
        "elf-too-big": elf_header(memsz=4 << 30),
        "gzip-truncated": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b\x4c",
        "gzip-garbage": b"\x1f\x8b\x08\x00" + bytes(range(200)),
        "bzimage": bytes(0x1FE) + b"\x55\xaa" + b"\xeb\x66HdrS" + bytes(4096),
        "zboot-truncated": b"MZ\0\0zimg" + struct.pack("<II8x", 64, 1 << 20) + b"gzip" + bytes(99),
        "dtb-garbage": b"not a device tree at all, but long enough to be one" * 4,
        "dtb-truncated": struct.pack(">10I", 0xD00DFEED, 4096, 56, 100, 40, 17, 16, 0, 0, 0),
        "dtb-odd": struct.pack(">10I", 0xD00DFEED, 40, 1 << 30, 1 << 30, 40, 17, 16, 0, 8, 8),
        "qcow2": b"QFI\xfb" + bytes(508), "disk": bytes(MIB), "odd": bytes(1000),
        "text": b"hello\n", "unreadable": b"x",
    }
    for name, data in files.items():
        (d / name).write_bytes(data)
    for name, size in (("big", 65 * MIB), ("initrd-big", 200 * MIB)):
        with open(d / name, "wb") as f:
            f.truncate(size)
    (d / "unreadable").chmod(0)
    (d / "folder").mkdir()
    os.mkfifo(d / "fifo")


# Arguments, and words that the line must have. KERNEL is a good Image, PORT a port in use.
CASES = """
-kernel absent                                  | absent, exist
-kernel folder                                  | folder, directory
-kernel unreadable                              | unreadable, Permission denied
-kernel fifo                                    | fifo
-kernel empty                                   | empty
-kernel image-huge                              | image-huge, -m
-kernel KERNEL-half                             | KERNEL-half, truncated
-kernel elf-x86                                 | elf-x86, AArch64
-kernel elf-32                                  | elf-32
-kernel elf-nowhere                             | elf-nowhere
-kernel elf-truncated                           | elf-truncated, truncated
-kernel elf-beyond                              | elf-beyond, truncated
-kernel elf-too-big                             | elf-too-big
-kernel gzip-truncated                          | gzip-truncated
-kernel gzip-garbage                            | gzip-garbage
-kernel bzimage                                 | bzimage
-kernel zboot-truncated                         | zboot-truncated
-kernel KERNEL -m 1M                            | KERNEL, -m
-kernel image -initrd absent                    | absent, exist
-kernel image -initrd folder                    | folder, directory
-kernel image -initrd initrd-big                | initrd-big, -m
-initrd disk                                    | -initrd, -kernel
-initrd disk -bios disk                         | -initrd, -kernel
-append x                                       | -append, -kernel
-append x -device loader,file=text,addr=0x1000  | -append, -kernel
-M virt,append=                                 | -append, -kernel
-kernel image -dtb absent                       | absent, exist
-kernel image -dtb empty                        | empty
-kernel image -dtb dtb-garbage                  | dtb-garbage, device tree
-kernel image -dtb dtb-truncated                | dtb-truncated
-kernel image -dtb dtb-odd                      | dtb-odd
-kernel image -dtb folder                       | folder, directory
-bios absent                                    | absent, exist
-bios folder                                    | folder, directory
-bios big                                       | big, 64 MiB
-bios empty                                     | empty
-pflash absent                                  | absent, No such file
-pflash disk                                    | disk, 64 MiB
-pflash big                                     | big, 64 MiB
-pflash disk -bios disk                         | disk
-drive file=absent,format=raw                   | absent, No such file
-drive file=folder,format=raw                   | folder
-drive file=unreadable,format=raw               | unreadable, Permission denied
-drive file=qcow2                               | qcow2, raw
-drive file=disk,format=qcow2                   | qcow2, raw
-drive file=disk,format=raw,if=scsi             | scsi
-drive file=disk,format=raw,nonsense=1          | nonsense
-drive file=disk,format=raw,id=a -drive file=odd,format=raw,id=a | 'a'
-drive format=raw                               | file=
-drive file=disk,format=raw,readonly=maybe      | readonly, maybe
-blockdev qcow2,node-name=a,filename=disk       | qcow2
-blockdev raw,node-name=a,file=b                | 'b'
-nonsense                                       | -nonsense
-kernal image                                   | -kernal, -kernel
kernel                                          | kernel, -kernel
-kernel                                         | -kernel, argument
-M pc                                           | pc, virt
-M virt,nonsense=on                             | nonsense
-M virt,gic-version=5                           | gic-version
-M virt,its=on,gic-version=4.1,virtualization=off | gic-version=4.1, virtualization=on
-M virt,gic-version=4,its=off                   | gic-version=4, its=on
-M virt,secure=perhaps                          | secure, perhaps
-M virt,dumpdtb=folder                          | folder
-M virt,dumpdtb=folder/absent/x                 | folder/absent/x
-M virt,mte=on                                  | mte
-cpu nonsense                                   | nonsense
-cpu cortex-a15                                 | cortex-a15
-cpu host                                       | host
-cpu max,nonsense=on                            | nonsense
-cpu max,sve=on                                 | sve
-cpu max,pmu=perhaps                            | pmu
-smp 0                                          | -smp
-smp 9 -M virt,gic-version=2                    | 9, 8
-smp 513                                        | -smp, 512
-smp 4,sockets=3                                | sockets
-smp sockets=512,clusters=512,cores=512,threads=512 | -smp, 512
-smp x                                          | -smp, x
-m 0                                            | -m
-m 100k                                         | -m
-m 256G                                         | -m, 255G
-m 12q                                          | -m, 12q
-m 99999999999999999999                         | -m
-m -5                                           | -m
-device nonsense                                | nonsense
-device virtio-blk-device                       | drive=
-device virtio-blk-device,drive=absent          | absent
-device virtio-blk-device,nonsense=1            | nonsense
-device virtio-blk-pci,drive=a                  | virtio-blk-pci, virtio-blk-device
-device virtio-net-device,mac=nonsense          | nonsense
-device virtio-net-device,mac=01:00:00:00:00:00 | 01:00:00:00:00:00
-device virtio-net-device,netdev=absent         | absent
-device virtio-rng-device,bus=nonsense          | nonsense
-device virtio-rng-device,rng=absent            | absent
-device virtconsole                             | virtio-serial-device
-device virtio-serial-device -device virtconsole,chardev=absent | absent
-device virtio-rng-device,bus=virtio-mmio-bus.32 | virtio-rng-device, 32
-device loader                                  | loader, file=
-device loader,file=absent                      | absent, exist
-device loader,file=text                        | text, addr=
-device loader,file=text,addr=0x10000000000     | text
-device loader,addr=0x40000000,cpu-num=5        | 5, -smp
-device guest-loader,addr=0x49000000            | guest-loader, kernel=, initrd=
-device guest-loader,addr=0x49000000,kernel=absent | guest-loader, absent
-device guest-loader,addr=0x49000000,initrd=folder | guest-loader, folder
-device guest-loader,addr=0x49000000,initrd=text,bootargs=x | guest-loader, bootargs=
-device guest-loader,kernel=text                | guest-loader, addr=
-device guest-loader,addr=x,kernel=text         | guest-loader, addr, x
-device guest-loader,addr=0x49000000,kernal=text | kernal, kernel
-device guest-loader,addr=0x10000000000,kernel=text | text
-device guest-loader,addr=1G,initrd=text          | 1G
-netdev tap,id=n                                | tap
-netdev user                                    | id
-netdev user,id=n,nonsense=1                    | nonsense
-netdev user,id=n,hostfwd=tcp::PORT-:22         | PORT, in use
-netdev user,id=n,hostfwd=tcp::99999-:22        | 99999
-netdev user,id=n,tftp=absent                   | absent
-nic nonsense                                   | nonsense
-nic user,model=e1000                           | e1000
-chardev nonsense,id=a                          | nonsense
-chardev null                                   | id
-chardev file,id=a                              | path
-chardev file,id=a,path=folder                  | folder, directory
-chardev file,id=a,path=folder/absent/x         | folder/absent/x
-chardev socket,id=a,host=127.0.0.1,port=PORT,server=on,wait=off | PORT, in use
-chardev socket,id=a,port=70000                 | 70000
-chardev socket,id=a,path=absent                | absent
-chardev null,id=a -chardev null,id=a           | 'a'
-serial nonsense                                | nonsense
-serial chardev:absent                          | absent
-serial tcp:127.0.0.1:PORT,server,nowait        | PORT, in use
-serial file:folder                             | folder
-chardev stdio,id=a -chardev stdio,id=b         | b, standard input
-serial null -serial null -serial null          | 2 UARTs
-d nonsense                                     | nonsense
-D folder -d int                                | folder
-rtc base=yesterday                             | yesterday
-semihosting-config enable=on,target=gdb        | gdb
-semihosting-config enable=on,chardev=absent    | absent
-fw_cfg name=opt/x,file=absent                  | absent, exist
-fw_cfg opt/x                                   | opt/x
-global nonsense.x=1                            | nonsense
-accel kvm                                      | kvm
-enable-kvm                                     | -enable-kvm
-gdb tcp:192.0.2.1:1234                         | -gdb, this host
-gdb tcp::no                                    | -gdb, port
-gdb what                                       | -gdb, what
--gdb-lost what                                 | --gdb-lost
-qmp unix:/no/such/folder/q,server=on,wait=off  | -qmp, /no/such
-mon mode=control                               | -mon, chardev
-mon chardev=x                                  | -monitor, 'x'
-monitor telnet::45454,server,nowait            | -monitor, telnet
-display gtk                                    | gtk
-vga std                                        | std
-uuid nonsense                                  | nonsense
--seed x                                        | x
--replay absent                                 | journal 'absent' does not exist
--replay folder                                 | folder, directory
--record new -drive file=absent,format=raw,snapshot=on | 'absent' does not exist
--snapshot-load absent                          | snapshot 'absent' does not exist
--snapshot-load fifo                            | fifo, regular
--snapshot-save-at 1s,file=folder               | --snapshot-save-at, 'folder', directory
--snapshot-save-at 1s,file=folder/absent/x      | --snapshot-save-at, folder/absent
--quantum 5                                     | 5
--pace maybe                                    | maybe
--trace new,events=foo                          | events, foo, insn
--trace new,events=                             | events=
--trace new,pc=5-4                              | pc=5-4
--trace new,from=1s,to=1ms                      | from=, to=
--trace new,el=4                                | el=4
--trace new,vmid=70000                          | vmid, 70000
--trace new,format=xml                          | format=xml
--trace new,bogus=1                             | bogus
-object memory-backend-ram,id=m                 | memory-backend-ram
-name                                           | -name
"""


def rows():
    for line in CASES.strip().splitlines():
        args, _, want = line.partition("|")
        yield args.split(), [w.strip() for w in want.split(",")]


class Mistakes(cli.Case):
    @classmethod
    def setUpClass(cls):
        cls.files = tempfile.TemporaryDirectory()
        make_files(pathlib.Path(cls.files.name))
        half = pathlib.Path(cls.files.name) / "half"
        whole = cli.CACHE / "k61/vmlinuz"
        half.write_bytes(whole.read_bytes()[:8 * MIB] if whole.exists() else image_header(1 << 40))
        cls.busy = socket.create_server(("127.0.0.1", 0))

    @classmethod
    def tearDownClass(cls):
        cls.busy.close()
        cls.files.cleanup()

    def fill_in(self, word):
        port = str(self.busy.getsockname()[1])
        word = word.replace("PORT", port).replace("KERNEL-half", "half")
        return word.replace("KERNEL", str(cli.kernel())) if "KERNEL" in word else word

    def listing(self):
        return sorted((p.name, p.lstat().st_size) for p in pathlib.Path(self.files.name).iterdir())

    def check_one_line(self, args, want, cwd):
        done = subprocess.run([cli.armature(), *HALF, *args], cwd=cwd, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=20)
        err = done.stderr.decode()
        self.assertEqual(done.returncode, 1, f"exit status; stderr: {err}")
        self.assertEqual(err.count("\n"), 1, f"one line: {err!r}")
        self.assertTrue(err.startswith("armature: ") and err.endswith("\n"), err)
        self.assertEqual(done.stdout, b"", "stdout")
        for word in want:
            self.assertIn(self.fill_in(word), err)
        return err.rstrip()

    def test_table(self):
        cwd = self.files.name
        before = self.listing()
        for args, want in rows():
            if os.getuid() == 0 and any("unreadable" in a for a in args):
                continue  # root reads everything
            with self.subTest(args=" ".join(args)):
                args = [self.fill_in(a) for a in args]
                print(self.check_one_line(args, want, cwd))
                after, unchanged = self.listing(), before
                before = after
                self.assertEqual(after, unchanged, "files were made or changed")

    def test_outputs_of_other_options(self):
        """A mistake costs an old output its contents no more than it makes a new one."""
        for name in ("old", "log"):
            (self.folder / name).write_text("precious\n")
        for args in (["-serial", "file:old"], ["-serial", "file:new"], ["-D", "log", "-d", "int"],
                     ["-D", "new-log", "-d", "int"], ["-serial", "unix:socket,server,nowait"],
                     ["-M", "virt,dumpdtb=new.dtb"]):
            for mistake in (["-kernel", "absent"], ["-cpu", "nonsense"], ["-nic", "nonsense"]):
                with self.subTest(args=" ".join(args + mistake)):
                    done = cli.run(*cli.BARE, *args, *mistake, cwd=self.folder, timeout=20)
                    self.assertEqual(done.status, 1, done.output)
                    self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["log", "old"])
                    for name in ("old", "log"):
                        self.assertEqual((self.folder / name).read_text(), "precious\n")

    def test_trace_command(self):
        """A mistake in it costs a file nothing, least of all the one that is read."""
        code = cli.raw(self.folder / "code", [0x52800100, 0x72B08000, 0xD4000003])
        cli.run(*cli.BARE, *code, "--trace", "run,format=bin,events=all", cwd=self.folder)
        (self.folder / "old").write_text("precious\n")
        before = {p.name: p.read_bytes() for p in self.folder.iterdir()}
        self.assertTrue(before["run"].startswith(b"ARMTRACE"))
        usage = "usage: armature trace convert"
        for args, want in ((["convert", "run", "-o", "run"], "'run' is read"),
                           (["convert", "run", "-o", "./run"], "'./run' is read"),
                           (["timeline", "run", "-o", "run"], "'run' is read"),
                           (["convert", "absent", "-o", "old"], "'absent'"),
                           (["timeline", "run", "absent", "-o", "old"], "'absent'"),
                           (["convert", "run", "-o", "old", "events=foo"], "'foo'"),
                           (["convert", "run", "-o", "old", "pc=2-1"], "pc=2-1"),
                           (["timeline", "run", "-o"], usage), (["convert", "--help"], usage),
                           (["convert", "run", "-x"], usage), ([], usage)):
            with self.subTest(args=" ".join(args)):
                done = cli.run("trace", *args, cwd=self.folder, timeout=20)
                self.assertEqual(done.status, 1, done.output)
                self.assertIn(want, done.output)
                after = {p.name: p.read_bytes() for p in self.folder.iterdir()}
                self.assertEqual(after, before)

    def test_full_disk(self):
        """Output that cannot be written is not lost in silence."""
        # mov x0, #0x9000000; mov w1, #'x'; strb w1, [x0]; then PSCI SYSTEM_OFF by SMC
        code = cli.raw(pathlib.Path(self.folder) / "code", [
            0xD2A12000, 0x52800F01, 0x39000001, 0x52800100, 0x72B08000, 0xD4000003, 0x14000000])
        link = self.folder / "full"  # the device itself is too good to lose
        link.symlink_to("/dev/full")
        for args in (["-serial", "file:/dev/full"],
                     ["-serial", "none", "--record", link],
                     ["-serial", "none", "--trace", link],
                     ["-serial", "none", "--trace", f"{link},format=bin"],
                     ["-serial", "stdio"],
                     ["-chardev", "file,id=a,path=/dev/full", "-serial", "chardev:a"],
                     ["-chardev", "null,id=a,logfile=/dev/full", "-serial", "chardev:a"],
                     ["-serial", "none", "-d", "all", "-D", "/dev/full"],
                     ["-serial", "none", "-M", "virt,dumpdtb=/dev/full"],
                     ["-help"], ["-M", "help"]):
            args = [str(a) for a in args]
            with self.subTest(args=" ".join(args)), open("/dev/full", "wb") as full:
                done = subprocess.run([cli.armature(), *cli.BARE, *code, *args], stdout=full,
                                      stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=20)
                err = done.stderr.decode()
                print(err.rstrip())
                self.assertEqual(done.returncode, 1, err)
                self.assertEqual(err.count("\n"), 1, err)
                self.assertTrue(err.startswith("armature: "), err)

    def test_snapshot_through_a_link(self):
        """It goes where the link leads, and does not take its place: that may be a device."""
        spin = cli.raw(self.folder / "spin", cli.SPIN)
        for name, to, status, want in (("file", "there", 0, ""),
                                       ("full", "/dev/full", 1, "No space left on device")):
            link = self.folder / name
            link.symlink_to(to)
            done = cli.run(*cli.BARE, *spin, "--snapshot-save-at", f"1ms,file={link}",
                           "--stop-at", "2ms")
            self.assertEqual(done.status, status, done.output)
            self.assertIn(want, done.output)
            self.assertTrue(link.is_symlink())
        done = cli.run(*cli.BARE, *spin, "--snapshot-load", self.folder / "there", "--stop-at",
                       "2ms")
        self.assertEqual(done.status, 0, done.output)


if __name__ == "__main__":
    sys.stderr.flush()
    cli.main()
