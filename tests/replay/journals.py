# SPDX-License-Identifier: Apache-2.0
"""The Linux journals: what their guests are made of. The bare-metal ones carry their program."""
import gzip
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CACHE = ROOT / "images/cache"
sys.path.insert(0, str(ROOT / "tests"))
import emulator  # noqa: E402

sys.path.insert(0, str(ROOT / "tests/boot"))
import guests  # noqa: E402

# journal: script of its initramfs, modules
INITRAMFS = {
    "shell": (ROOT / "images/init/shell.sh", ""),
    "shell-smp4": (ROOT / "images/init/shell.sh", ""),
    "net": (ROOT / "images/init/net.sh", "virtio_mmio,virtio_net"),
    "disk": (HERE / "disk.sh", "virtio_mmio,virtio_blk"),
}


# Those whose initramfs has a program of the cross compiler.
KVM = "kvm"
LINUX = [*INITRAMFS, KVM]


def need():
    """The guests of the journals, or the test is skipped."""
    for name in ("k61", "busybox"):
        if not (CACHE / name).exists():
            emulator.skip(f"no {name} in images/cache: run images/fetch.sh {name}")


def host_initramfs(folder, vmm):
    """A KVM host with a guest."""
    stripped = folder / "vmm"
    subprocess.run(["aarch64-linux-gnu-strip", "-o", stripped, vmm], check=True)
    host = guests.host_initramfs(folder, "k61", stripped, guests.initramfs(folder))
    host.rename(folder / f"{KVM}.cpio")


def initramfs(name, folder, vmm=None):
    """FOLDER/NAME.cpio: not compressed, so that it is the same with every zlib."""
    if name == KVM:
        host_initramfs(folder, vmm)
        return
    script, modules = INITRAMFS[name]
    packed = folder / f"{name}.gz"
    subprocess.run([ROOT / "images/mkinitramfs.py", "--init", script, "-o", packed,
                    *(["--kernel", CACHE / "k61", "--load", modules] if modules else [])],
                   check=True)
    (folder / f"{name}.cpio").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
