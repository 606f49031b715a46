#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Build an initramfs (cpio newc, gzip) from the static busybox and an init script.

    mkinitramfs.py --init images/init/poweroff.sh -o initramfs.gz
    mkinitramfs.py --init images/init/disk.sh --kernel images/cache/k61 --load virtio_blk,ext4 -o
d.gz
    mkinitramfs.py --init images/init/shell.sh --add prog=/bin/prog -o s.gz

--load names kernel modules; what they depend on is added and /modules lists all of them in the
order
in which insmod must see them. The same input always gives the same bytes.
"""
import argparse
import gzip
import lzma
import pathlib
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent

# Applets that init scripts call by name; everything else is `busybox APPLET`.
APPLETS = """sh mount umount cat echo ls insmod poweroff reboot mknod mkdir sync sleep dd md5sum
sha256sum
uname dmesg ifconfig route udhcpc wget nc ping ip cp mv rm ln ps grep sed awk head tail wc hexdump
date
free df stty setsid cttyhack seq test true false printf cut tr sort touch chmod halt time od cmp vi
top
kill nproc taskset devmem""".split()


class Cpio:
    """A newc archive with nothing of the host in it: owner root, time zero, inodes counted."""

    def __init__(self):
        self.out, self.ino, self.dirs = bytearray(), 0, set()

    def _entry(self, name, mode, data=b"", rdev=(0, 0)):
        self.ino += 1
        raw = name.encode() + b"\0"
        fields = (self.ino, mode, 0, 0, 1, 0, len(data), 0, 0, *rdev, len(raw), 0)
        self.out += b"070701" + b"".join(b"%08X" % f for f in fields) + raw
        self._pad()
        self.out += data
        self._pad()

    def _pad(self):
        self.out += b"\0" * (-len(self.out) % 4)

    def mkdir(self, path):
        path = path.strip("/")
        if path and path not in self.dirs:
            self.mkdir(path.rpartition("/")[0])
            self.dirs.add(path)
            self._entry(path, 0o040755)

    def file(self, path, data, mode=0o755):
        self.mkdir(path.rpartition("/")[0])
        self._entry(path.strip("/"), 0o100000 | mode, data)

    def symlink(self, path, target):
        self.mkdir(path.rpartition("/")[0])
        self._entry(path.strip("/"), 0o120777, target.encode())

    def chardev(self, path, major, minor):
        self.mkdir(path.rpartition("/")[0])
        self._entry(path.strip("/"), 0o020600, rdev=(major, minor))

    def finish(self):
        self._entry("TRAILER!!!", 0)
        return bytes(self.out)


def of_program(init):
    """An initramfs with one static program and a console."""
    cpio = Cpio()
    cpio.mkdir("dev")
    cpio.chardev("dev/console", 5, 1)
    cpio.file("init", init.read_bytes())
    return gzip.compress(cpio.finish(), 6, mtime=0)


def modinfo(ko):
    """The key=value strings of a module's .modinfo section."""
    if ko[:6] != b"\x7fELF\x02\x01":
        raise ValueError("not a 64-bit ELF module")
    shoff, = struct.unpack_from("<Q", ko, 0x28)
    shentsize, shnum, shstrndx = struct.unpack_from("<HHH", ko, 0x3A)
    sections = [struct.unpack_from("<IIQQQQ", ko, shoff + i * shentsize) for i in range(shnum)]
    names = sections[shstrndx][4]
    for name, _, _, _, offset, size in sections:
        if ko[names + name:].startswith(b".modinfo\0"):
            strings = ko[offset:offset + size].split(b"\0")
            return [s.decode().partition("=")[::2] for s in strings if b"=" in s]
    return []


class Modules:
    """The module tree of one kernel, with dependencies as the modules themselves state them."""

    # Soft dependencies that a driver asks for by the name of an algorithm.
    ALGORITHMS = {"crc32c": "crc32c_generic"}

    def __init__(self, tree):
        self.files = {}
        for path in sorted(pathlib.Path(tree).rglob("*.ko*")):
            self.files[path.name.split(".ko")[0].replace("-", "_")] = path
        self.order, self.data = [], {}

    def read(self, name):
        raw = self.files[name].read_bytes()
        return lzma.decompress(raw) if self.files[name].suffix == ".xz" else raw

    def add(self, name, wanted=True):
        name = name.replace("-", "_")
        name = name if name in self.files else self.ALGORITHMS.get(name, name)
        if name in self.data:
            return
        if name not in self.files:  # built into the kernel, or of another version
            if wanted:
                print(f"mkinitramfs: no module {name}: taken as built in", file=sys.stderr)
            return
        self.data[name] = self.read(name)
        for key, value in modinfo(self.data[name]):
            if key == "depends":
                for dep in filter(None, value.split(",")):
                    self.add(dep)
            elif key == "softdep" and value.startswith("pre:"):
                for dep in value[4:].split():
                    self.add(dep.removeprefix("crypto-"), wanted=False)
        self.order.append(name)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--init", required=True, type=pathlib.Path, help="script that becomes /init")
    ap.add_argument("--busybox", type=pathlib.Path, default=HERE / "cache/busybox/busybox")
    ap.add_argument("--kernel", type=pathlib.Path, help="cache/TARGET of images/fetch.sh")
    ap.add_argument("--load", default="", help="kernel modules, by name")
    ap.add_argument("--add", action="append", default=[], metavar="FILE=/PATH")
    ap.add_argument("--plain", action="store_true", help="do not compress: soon unpacked")
    ap.add_argument("-o", "--output", required=True, type=pathlib.Path)
    args = ap.parse_args()

    cpio = Cpio()
    for name in ("dev", "proc", "sys", "tmp", "mnt", "etc", "bin"):
        cpio.mkdir(name)
    cpio.chardev("dev/console", 5, 1)
    cpio.chardev("dev/null", 1, 3)
    cpio.file("bin/busybox", args.busybox.read_bytes())
    for applet in APPLETS:
        cpio.symlink(f"bin/{applet}", "busybox")
    cpio.file("init", args.init.read_bytes())
    if args.load:
        if args.kernel is None:
            ap.error("--load needs --kernel")
        modules = Modules(args.kernel / "modules")
        for name in args.load.split(","):
            modules.add(name)
        for name in modules.order:
            cpio.file(f"lib/{name}.ko", modules.data[name], 0o644)
        listing = "".join(f"/lib/{name}.ko\n" for name in modules.order)
        cpio.file("modules", listing.encode(), 0o644)
    for item in args.add:
        source, _, target = item.partition("=")
        cpio.file(target or f"bin/{pathlib.Path(source).name}", pathlib.Path(source).read_bytes())
    tmp = args.output.with_name(args.output.name + ".tmp")
    archive = cpio.finish()
    tmp.write_bytes(archive if args.plain else gzip.compress(archive, 6, mtime=0))
    tmp.rename(args.output)


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as e:
        sys.exit(f"mkinitramfs: {e}")
