#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""virtio-mmio with Debian's kernel: disks, network, consoles, entropy."""
import hashlib
import re
import shutil
import socket
import subprocess
import time
import unittest

import cli
import web

MIB = 1024 * 1024
BLK = "virtio_mmio,virtio_blk,ext4"
NET = "virtio_mmio,virtio_net"
CONSOLE = "virtio_mmio,virtio_console"


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Linux(cli.Case):
    def batch(self, init, load, *args, cmdline="console=ttyAMA0 quiet", timeout=120):
        """Boot an init script to its end, without anybody at the console."""
        initrd = cli.initramfs(self.folder, init, load)
        result = cli.run("-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot",
                         *cli.linux(initrd, *args, cmdline=cmdline), timeout=timeout)
        self.assertFalse(result.timed_out, result.output[-2000:])
        return result


class Disk(Linux):
    def image(self, mib=100):
        if not shutil.which("mke2fs", path="/usr/sbin:/sbin:/usr/bin:/bin"):
            raise unittest.SkipTest("no mke2fs")
        path = self.folder / "disk.img"
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", path, f"{mib}M"], check=True,
                       env={"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"})
        return path

    def test_written_is_there_after_a_restart(self):
        path = self.image()
        for want in ("DISK: written", "DISK: verified"):
            for how in ([["-drive", f"file={path},format=raw,if=virtio"]],
                        [["-blockdev", f"file,node-name=f,filename={path}", "-blockdev",
                          "raw,node-name=d,file=f", "-device", "virtio-blk-device,drive=d"]])[
                              want == "DISK: verified"]:
                result = self.batch("disk", BLK, *how)
                self.assertIn(want, result.output)
                self.assertEqual(result.status, 0)

    def test_snapshot_keeps_nothing(self):
        path = self.image()
        before = digest(path)
        for how in (["-snapshot", "-drive", f"file={path},format=raw,if=virtio"],
                    ["-drive", f"file={path},format=raw,if=virtio,snapshot=on"]):
            self.assertIn("DISK: written", self.batch("disk", BLK, *how).output)
            self.assertEqual(digest(path), before)

    def test_read_only(self):
        path = self.image(8)
        before = digest(path)
        t = self.shell("-drive", f"file={path},format=raw,if=none,id=d,readonly=on", "-device",
                       "virtio-blk-device,drive=d,serial=first", load=BLK)
        self.assertEqual(self.command(t, "cat /sys/block/vda/ro")[0].strip(), "1")
        self.assertEqual(self.command(t, "cat /sys/block/vda/serial")[0].strip(), "first")
        self.assertEqual(self.command(t, "mount -t ext4 -o ro /dev/vda /mnt")[1], 0)
        self.assertNotEqual(self.command(t, "echo x >/mnt/x")[1], 0)
        out, status = self.command(t, "dd if=/dev/zero of=/dev/vda bs=512 count=1")
        self.assertNotEqual(status, 0, out)
        t.kill()
        self.assertEqual(digest(path), before)


class Net(Linux):
    def test_download(self):
        data = b"".join(hashlib.sha512(b"%d" % n).digest() for n in range(20 * MIB // 64))
        (self.folder / "file").write_bytes(data)
        port = self.enterContext(web.served(self.folder))
        url = f"http://10.0.2.2:{port}/file"
        result = self.batch("net", NET, "-netdev", "user,id=n", "-device",
                            "virtio-net-device,netdev=n",
                            cmdline=f"console=ttyAMA0 quiet url={url}")
        self.assertIn("WGET: " + hashlib.sha256(data).hexdigest(), result.output)
        self.assertEqual(result.status, 0)

    def free_port(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            return s.getsockname()[1]

    def listeners(self, port):
        """Local addresses of a listening TCP port, as the kernel prints them."""
        found = []
        for name in ("tcp", "tcp6"):
            with open(f"/proc/net/{name}", encoding="ascii") as f:
                for line in f.readlines()[1:]:
                    address, state = line.split()[1], line.split()[3]
                    if state == "0A" and int(address.rpartition(":")[2], 16) == port:
                        found.append(address.rpartition(":")[0])
        return found

    def test_dhcp_and_forward(self):
        port = self.free_port()
        t = self.shell("-nic", f"user,hostfwd=tcp::{port}-:8080,mac=52:54:00:aa:bb:cc", load=NET)
        self.assertEqual(self.listeners(port), ["0100007F"], "the forward is not loopback only")
        script = '#!/bin/sh\\n[ "$1" = bound ] && echo LEASE $ip $router $dns\\n'
        self.command(t, f"printf '{script}' >/tmp/s; chmod +x /tmp/s")
        self.command(t, "ifconfig lo 127.0.0.1; ifconfig eth0 up")
        out, _ = self.command(t, "udhcpc -i eth0 -n -q -f -s /tmp/s 2>/dev/null")
        self.assertIn("LEASE 10.0.2.15 10.0.2.2 10.0.2.3", out)
        out, _ = self.command(t, "cat /sys/class/net/eth0/address")
        self.assertIn("52:54:00:aa:bb:cc", out)
        self.command(t, "ifconfig eth0 10.0.2.15; route add default gw 10.0.2.2")
        self.command(t, "(echo from the guest; sleep 1) | nc -l -p 8080 >/tmp/got & true")
        time.sleep(0.5)
        with socket.create_connection(("127.0.0.1", port), 5) as s:
            s.sendall(b"from the host\n")
            s.settimeout(10)
            self.assertEqual(s.recv(100), b"from the guest\n")
            s.shutdown(socket.SHUT_WR)
            time.sleep(1)
        self.assertIn("from the host", self.command(t, "cat /tmp/got")[0])

    def test_forward_to_all(self):
        """Only who asks for it listens to the world."""
        port = self.free_port()
        t = self.terminal(*cli.BARE, "-serial", "mon:stdio", "-nic",
                          f"user,hostfwd=tcp:0.0.0.0:{port}-:22",
                          *cli.raw(self.folder / "code", cli.SLEEP))
        end = time.monotonic() + 10
        while not self.listeners(port) and time.monotonic() < end:
            t.drain(0.05)
        self.assertEqual(self.listeners(port), ["00000000"])


class Console(Linux):
    DEVICES = ["-device", "virtio-serial-device"]

    def test_guest_console(self):
        """hvc0 as the console; the UART is not there at all."""
        # The driver is a module, so the kernel's own console stays on the UART.
        script = self.folder / "hvc.sh"
        text = (cli.ROOT / "images/init/shell.sh").read_text()
        script.write_text(text.replace("setsid cttyhack sh",
                                       "setsid sh -c 'exec sh </dev/hvc0 >/dev/hvc0 2>&1'"))
        initrd = cli.initramfs(self.folder, script, CONSOLE)
        t = self.terminal("-nodefaults", "-display", "none", "-serial", "null", "-chardev",
                          "stdio,id=c,mux=on", *self.DEVICES, "-device", "virtconsole,chardev=c",
                          *cli.linux(initrd))
        t.expect(cli.PROMPT, 120)
        out, status = self.command(t, "tty; seq 20000 | tail -n 1; stty size")
        self.assertRegex(out, r"hvc0\n20000\n")
        self.assertEqual(status, 0)
        t.send("\x01x")
        self.assertEqual(t.wait(), 0)
        self.assertTrue(t.is_restored())

    def test_testdev(self):
        """QEMU's test device: `Nq` ends with (N << 1) | 1."""
        for n in (0, 42):
            with self.subTest(n=n):
                script = self.folder / "testdev.sh"
                script.write_text("#!/bin/sh\nexport PATH=/bin\nmount -t devtmpfs dev /dev\n"
                                  "while read -r m; do insmod $m; done </modules\nsleep 1\n"
                                  f"echo {n}q >/dev/hvc0\nsleep 20\necho late\npoweroff -f\n")
                result = self.batch(script, CONSOLE, *self.DEVICES, "-device",
                                    "virtconsole,chardev=ctd", "-chardev", "testdev,id=ctd")
                self.assertEqual(result.status, n << 1 | 1, result.output[-500:])
                self.assertNotIn("late", result.output)

    def test_console_and_entropy(self):
        out = self.folder / "hvc.txt"
        args = [*self.DEVICES, "-chardev", f"file,id=c,path={out}", "-device",
                "virtconsole,chardev=c", "-device", "virtio-rng-device"]
        seen = set()
        for seed in ("1", "1", "2"):
            result = self.batch("rng", CONSOLE + ",virtio_rng", *args, "--seed", seed)
            self.assertIn("RNG: virtio_rng", result.output)
            self.assertEqual(out.read_text().strip(), "HVC: hello")
            seen.add(re.search(r"\n(( [0-9a-f]{2}){16})", result.output)[1])
        self.assertEqual(len(seen), 2, "entropy follows the seed")

    def test_rtc(self):
        t = self.shell("-rtc", "base=2031-02-03T04:05:06")
        out, _ = self.command(t, "date -u '+%Y-%m-%d %H:%M'; cat /sys/class/rtc/rtc0/name")
        self.assertIn("2031-02-03 04:05", out)
        self.assertIn("rtc-pl031", out)


if __name__ == "__main__":
    cli.main()
