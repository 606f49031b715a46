#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Command lines that people have for QEMU's virt: each works here, or one line says what to do."""
import shlex
import signal
import struct
import time

import cli

# PSCI SYSTEM_OFF by SMC at EL2 (HVC at EL1).
OFF = [0x52800100, 0x72B08000, 0xD4000003, 0xD4000002, 0x14000000]

# They run a program that powers off, FILE, or a disk image, DISK. From: kvm-unit-tests arm/run,
# Linux's and U-Boot's documentation, Xen's wiki, Debian's, EDK2's, buildroot's, syzkaller's pages.
WORK = """
-machine virt,gic-version=2 -cpu max -device virtio-serial-device \
    -device virtconsole,chardev=ctd -chardev testdev,id=ctd -display none -serial stdio \
    -kernel FILE -smp 1 -append x
-machine virt,gic-version=3 -cpu max -device virtio-serial-device \
    -device virtconsole,chardev=ctd -chardev testdev,id=ctd  -display none -serial stdio \
    -kernel FILE -smp 8
-nodefaults -machine virt,gic-version=3,accel=tcg -cpu cortex-a57 \
    -device virtio-serial-device -device virtconsole,chardev=ctd -chardev testdev,id=ctd \
    -display none -serial stdio -kernel FILE -smp 4 -append 'vmx smp' # -initrd FILE
-M virt -cpu cortex-a53 -nographic -smp 1 -kernel FILE \
    -append "rootwait root=/dev/vda console=ttyAMA0" -netdev user,id=eth0 \
    -device virtio-net-device,netdev=eth0 -drive file=DISK,if=none,format=raw,id=hd0 \
    -device virtio-blk-device,drive=hd0
-machine virt,virtualization=true -cpu cortex-a57 -machine type=virt -m 4096 -smp 4 \
    -kernel FILE -nographic -no-reboot \
    -chardev socket,id=qemu-monitor,host=localhost,port=0,server=on,wait=off
-nographic -machine virt,gic-version=max -m 512M -cpu max \
    -smp cpus=4,sockets=1,cores=4,threads=1 -netdev user,id=vnet,hostfwd=tcp::0-:22 \
    -device virtio-net-device,netdev=vnet \
    -drive file=DISK,if=none,id=drive0,cache=writeback,format=raw \
    -device virtio-blk-device,drive=drive0,bootindex=0 -kernel FILE
-m size=1024M,slots=0 -machine virt -cpu max,pauth-impdef=on -nographic -kernel FILE
-m 1024 \
    -machine \
    virt,secure=off,mte=off,acpi=off,highmem=off,its=off,iommu=none,usb=off,dump-guest-core=off \
    -cpu max,sve=off -display none -serial mon:stdio -kernel FILE
-name guest=test,debug-threads=on -machine virt -nographic -no-user-config -nodefaults \
    -serial mon:stdio -rtc base=utc -boot strict=on -msg timestamp=on -kernel FILE \
    -sandbox on,obsolete=deny
-name test -machine virt -display none -monitor none -parallel none -vga none -serial stdio \
    -kernel FILE -boot menu=on -overcommit mem-lock=off
-machine virt -accel tcg -nographic -kernel FILE -d guest_errors -D /dev/null
-machine virt -accel kvm -accel tcg,thread=multi -nographic -kernel FILE
-machine virt,accel=kvm:tcg -cpu max -nographic -kernel FILE
-machine virt -cpu max -nographic -object rng-random,filename=/dev/urandom,id=rng0 \
    -device virtio-rng-device,rng=rng0 -kernel FILE
-machine virt -nic none -net none -nographic -kernel FILE
-machine virt -nic user,model=virtio-net-device -nographic -kernel FILE
-machine virt -nographic -kernel FILE -pidfile PIDFILE
-machine virt -nographic -rtc base=localtime,clock=host,driftfix=slew -kernel FILE
-machine virt -nographic -rtc base=2020-01-01,clock=vm -icount shift=0,sleep=off -kernel FILE
-machine virt -nographic -kernel FILE -smp 2,maxcpus=2 -m 2G,maxmem=2G
-machine virt -nographic -kernel FILE \
    -drive if=virtio,file=DISK,format=raw,index=0,media=disk -snapshot
-machine virt -nographic -kernel FILE -hda DISK
-machine virt -nographic -kernel FILE -drive if=none,file=DISK,format=raw,id=x \
    -global virtio-mmio.force-legacy=false -device virtio-blk-device,drive=x
-machine virt -nographic -kernel FILE -action reboot=shutdown,panic=none -watchdog-action none
-machine virt -nographic -kernel FILE -semihosting-config enable=on,target=native
-machine virt -nographic -kernel FILE -L /usr/share/qemu
-machine virt -nographic -kernel FILE -uuid 12345678-1234-1234-1234-123456789abc \
    -smbios type=1,serial=1
-machine virt -nographic -device loader,file=FILE,addr=0x40200000 \
    -device loader,addr=0x40200000,cpu-num=0
-machine virt,virtualization=true -cpu cortex-a57 -m 512M -nographic -kernel FILE \
    -append 'dom0_mem=1G,max:1G loglvl=all guest_loglvl=all' \
    -device guest-loader,addr=0x47000000,kernel=FILE,bootargs="root=/dev/sda2 ro console=hvc0" \
    -device guest-loader,addr=0x4a000000,initrd=DISK
-machine virt -nographic -bios FILE
-machine virt-9.2 -cpu neoverse-n1 -nographic -kernel FILE
-machine virt -nographic -kernel FILE -gdb unix:g.sock
-machine virt -display none -serial none -kernel FILE -qmp unix:q,server=on,wait=off -monitor null
-machine virt -display none -kernel FILE -chardev stdio,mux=on,id=c,signal=off -serial chardev:c \
    -mon chardev=c,mode=readline
--machine virt --nographic --kernel FILE
"""

# One line that says so.
REFUSED = """
-machine virt -enable-kvm -kernel FILE                     | -enable-kvm
-machine virt -cpu host -accel kvm -kernel FILE            | kvm
-machine virt -device virtio-gpu-pci -kernel FILE          | virtio-gpu-pci, PCIe
-machine virt -device virtio-net-pci,netdev=x -kernel FILE | virtio-net-device
-machine virt -device e1000 -kernel FILE                   | e1000
-machine virt -monitor telnet::45454,server,nowait         | -monitor
-machine virt -daemonize                                   | -daemonize
-machine virt -fsdev local,id=x,path=.                     | -fsdev
-machine virt -net nic -net user                         | -net nic, -nic
-machine virt -numa node                                  | -numa
-machine virt -device pci-testdev                         | pci-testdev
-machine raspi3b -kernel FILE                              | raspi3b, virt
-machine virt -cpu cortex-a15                              | cortex-a15
-machine virt -vnc :0                                      | -vnc
-machine virt -display sdl                                 | sdl
-machine virt -readconfig x                                | -readconfig
-machine virt -netdev tap,id=n                             | tap
"""


# What scripts look for in lists.
PROBES = """
-device ?            | virtconsole, virtio-blk-device
-device help         | virtio-net-device, virtio-rng-device
-chardev help        | testdev, stdio, socket
-chardev ?           | testdev
-machine help        | virt
-machine virt,help   | gic-version=, virtualization=
-cpu help            | cortex-a57, max
-accel help          | tcg
-netdev help         | user
-d help              | guest_errors
--version            | version
-help                | -kernel, -append
"""


class Compat(cli.Case):
    def setUp(self):
        super().setUp()
        (self.folder / "FILE").write_bytes(struct.pack(f"<{len(OFF)}I", *OFF))
        (self.folder / "DISK").write_bytes(bytes(1 << 20))

    def test_works(self):
        for line in WORK.strip().splitlines():
            with self.subTest(line=line):
                result = cli.run(*self.words(line), timeout=20, cwd=self.folder)
                self.assertEqual((result.status, result.output), (0, ""))

    @staticmethod
    def words(line):
        return shlex.split(line, comments=True)

    def test_probes(self):
        for line in PROBES.strip().splitlines():
            args, _, want = line.partition("|")
            with self.subTest(line=args):
                result = cli.run(*self.words(args), timeout=20, cwd=self.folder)
                self.assertEqual(result.status, 0)
                for word in want.split(","):
                    self.assertIn(word.strip(), result.output)

    def test_pid_file(self):
        path = self.folder / "pid"
        t = self.terminal(*cli.BARE, "-serial", "mon:stdio", "-pidfile", path,
                          *cli.raw(self.folder / "code", cli.SPIN))
        end = time.monotonic() + 10
        while not (path.exists() and path.read_text()) and time.monotonic() < end:
            t.drain(0.05)
        self.assertEqual(int(path.read_text()), t.proc.pid)
        t.signal(signal.SIGTERM)
        t.wait()
        self.assertFalse(path.exists())

    def test_refused(self):
        for line in REFUSED.strip().splitlines():
            args, _, want = line.partition("|")
            with self.subTest(line=args):
                result = cli.run(*self.words(args), timeout=20, cwd=self.folder)
                self.assertEqual(result.status, 1)
                self.assertEqual(result.output.count("\n"), 1, result.output)
                for word in want.split(","):
                    self.assertIn(word.strip(), result.output)


if __name__ == "__main__":
    cli.main()
