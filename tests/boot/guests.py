# SPDX-License-Identifier: Apache-2.0
"""What the boot tests share: where guests are, how a kernel is started, the Linux cases."""
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = ROOT / "images/cache"
SKIPPED = 77  # meson's exit status of a skipped test

VHE = "VHE mode initialized successfully"
NVHE = "Hyp mode initialized successfully"
NVHE_72 = "Hyp nVHE mode initialized successfully"
NO_HYP = "HYP mode not available"
DONE = "INIT: done"

# case: kernel, arguments, lines that must appear in this order
LINUX = {
    "max": ("k61", "-cpu max", [VHE, DONE]),
    "a57": ("k61", "-cpu cortex-a57", [NVHE, DONE]),
    "a53": ("k61", "-cpu cortex-a53", [NVHE, DONE]),
    "a72": ("k61", "-cpu cortex-a72", [NVHE, DONE]),
    "a76": ("k61", "-cpu cortex-a76", [VHE, DONE]),
    "n1": ("k61", "-cpu neoverse-n1", [VHE, DONE]),
    "smp4": ("k61", "-cpu max -smp 4", ["Brought up 1 node, 4 CPUs", VHE, DONE]),
    "smp8": ("k61", "-cpu max -smp 8", ["Brought up 1 node, 8 CPUs", VHE, DONE]),
    "smp8-a57": ("k61", "-cpu cortex-a57 -smp 8", ["Brought up 1 node, 8 CPUs", NVHE, DONE]),
    # More than the first window of redistributors has room for.
    "smp130": ("k61", "-cpu cortex-a57 -smp 130", ["Brought up 1 node, 130 CPUs", NVHE, DONE]),
    "gicv2": ("k61", "-cpu max -M gic-version=2", [VHE, DONE]),
    "gicv2-smp8": ("k61", "-cpu cortex-a57 -smp 8 -M gic-version=2",
                   ["Brought up 1 node, 8 CPUs", NVHE, DONE]),
    "gicv4": ("k61", "-cpu max -smp 4 -M gic-version=4", ["Enabling GICv4 support", VHE, DONE]),
    "el1": ("k61", "-cpu max -M virtualization=off", [NO_HYP, DONE]),
    "el1-gicv2-smp4": ("k61", "-cpu cortex-a53 -smp 4 -M virtualization=off,gic-version=2",
                       ["Brought up 1 node, 4 CPUs", NO_HYP, DONE]),
    "secure": ("k61", "-cpu max -smp 4 -M secure=on", ["Brought up 1 node, 4 CPUs", VHE, DONE]),
    "secure-gicv2": ("k61", "-cpu cortex-a57 -M secure=on,gic-version=2", [NVHE, DONE]),
    "secure-gicv4": ("k61", "-cpu max -smp 4 -M secure=on,gic-version=4",
                     ["Enabling GICv4 support", VHE, DONE]),
    "secure-gicv4.1": ("k61", "-cpu max -smp 4 -M secure=on,gic-version=4.1",
                       ["Using GICv4.1 mode", VHE, DONE]),
    "espi": ("k61", "-cpu max -smp 4 -M espi=on,mbi=on",
             ["64 Extended SPIs implemented", "MBI range [224:287]", "80 PPIs", VHE, DONE]),
    "secure-el1": ("k61", "-cpu max -M secure=on,virtualization=off", [NO_HYP, DONE]),
    "64M": ("k61", "-cpu max -m 64M", [DONE]),
    "4G": ("k61", "-cpu max -m 4G", [DONE]),
    "8G": ("k61", "-cpu max -m 8G -smp 4", [DONE]),
    "k72": ("k72", "-cpu max", [VHE, DONE]),
    "k72-a57": ("k72", "-cpu cortex-a57", [NVHE_72, DONE]),
    "k72-n1": ("k72", "-cpu neoverse-n1 -smp 4", [VHE, DONE]),
    "k72-gicv2": ("k72", "-cpu max -smp 8 -M gic-version=2", [VHE, DONE]),
    "k72-gicv4": ("k72", "-cpu max -smp 4 -M gic-version=4",
                  ["Enabling GICv4 support", VHE, DONE]),
    "k72-el1": ("k72", "-cpu max -M virtualization=off", [NO_HYP, DONE]),
    "k612-16k": ("k612-16k", "-cpu max", [VHE, DONE]),
    "k72-16k": ("k72-16k", "-cpu max", [VHE, DONE]),
    "k72-16k-smp4": ("k72-16k", "-cpu max -smp 4 -M gic-version=2", [VHE, DONE]),
    "k72-64k": ("k72-64k", "-cpu max", [VHE, DONE]),
}

HVHE_72 = "Protected hVHE mode initialized successfully"
PROTECTED = "Protected nVHE mode initialized successfully"
PVM = "kvm: protected VMs are experimental"
LEFT = "HOST: guest left with status 0"
V4 = "kvm-arm.vgic_v4_enable=1"
V41 = ["GICv4 features: DirectLPI RVPEID Valid+Dirty", "Using GICv4.1 mode",
       "GICv4.1 support enabled"]

# A KVM host that starts a guest with images/vmm; the guest has the host's kernel and no EL2.
# case: kernel of host and guest, arguments, command line of the host, arguments of the monitor,
# lines that must appear in this order
KVM = {
    "kvm": ("k61", "-cpu max", "", "", [VHE, DONE, LEFT]),
    "kvm-a57": ("k61", "-cpu cortex-a57", "", "", [NVHE, DONE, LEFT]),
    "kvm-nvhe": ("k61", "-cpu max", "kvm-arm.mode=nvhe", "", [NVHE, DONE, LEFT]),
    "kvm-protected": ("k61", "-cpu max", "kvm-arm.mode=protected", "", [PROTECTED, DONE, LEFT]),
    "kvm-gicv2": ("k61", "-cpu max -M gic-version=2", "", "", [VHE, DONE, LEFT]),
    "kvm-gicv2-a57": ("k61", "-cpu cortex-a57 -M gic-version=2", "", "", [NVHE, DONE, LEFT]),
    "kvm-gicv4": ("k61", "-cpu max -smp 4 -M gic-version=4", V4, "-c 4",
                  ["GICv4 support enabled", VHE, "on 4 PEs", DONE, LEFT]),
    "kvm-gicv4.1": ("k61", "-cpu max -smp 4 -M gic-version=4.1", V4, "-c 4",
                    [*V41, VHE, "on 4 PEs", DONE, LEFT]),
    "kvm-smp4": ("k61", "-cpu max -smp 4", "", "-c 4", [VHE, "on 4 PEs", DONE, LEFT]),
    "kvm-smp4-a57": ("k61", "-cpu cortex-a57 -smp 4", "", "-c 4",
                     [NVHE, "on 4 PEs", DONE, LEFT]),
    "kvm-smp4-gicv2": ("k61", "-cpu max -smp 4 -M gic-version=2", "", "-c 4",
                       [VHE, "on 4 PEs", DONE, LEFT]),
    "kvm-smp4-protected": ("k61", "-cpu max -smp 4", "kvm-arm.mode=protected", "-c 4",
                           [PROTECTED, "on 4 PEs", DONE, LEFT]),
    "kvm-4-on-1": ("k61", "-cpu max", "", "-c 4", ["on 1 PEs", VHE, "on 4 PEs", DONE, LEFT]),
    "kvm72": ("k72", "-cpu max", "", "", [VHE, DONE, LEFT]),
    "kvm72-a57": ("k72", "-cpu cortex-a57", "", "", [NVHE_72, DONE, LEFT]),
    "kvm72-nvhe": ("k72", "-cpu max", "kvm-arm.mode=nvhe", "", [NVHE_72, DONE, LEFT]),
    "kvm72-protected": ("k72", "-cpu max", "kvm-arm.mode=protected", "", [HVHE_72, DONE, LEFT]),
    "kvm72-gicv4.1": ("k72", "-cpu max -smp 4 -M gic-version=4.1", V4, "-c 4",
                      [*V41, VHE, "on 4 PEs", DONE, LEFT]),
    "kvm72-smp4": ("k72", "-cpu max -smp 4", "", "-c 4", [VHE, "on 4 PEs", DONE, LEFT]),
    "kvm72-smp4-protected": ("k72", "-cpu max -smp 4", "kvm-arm.mode=protected", "-c 4",
                             [HVHE_72, "on 4 PEs", DONE, LEFT]),
    # Protected guests: their memory is taken from the host.
    "kvm72-pvm": ("k72", "-cpu max", "kvm-arm.mode=protected", "--protected",
                  [HVHE_72, PVM, DONE, LEFT]),
    "kvm72-pvm-a53": ("k72", "-cpu cortex-a53", "kvm-arm.mode=protected", "--protected",
                      [PROTECTED, PVM, DONE, LEFT]),
    "kvm72-pvm-smp4": ("k72", "-cpu max -smp 4", "kvm-arm.mode=protected", "-c 4 --protected",
                       [HVHE_72, PVM, "on 4 PEs", DONE, LEFT]),
}

# The same guests with an ext4 disk and a virtio console; the guest's initramfs is virtio.sh.
# case: as above
READ_BACK = "DISK: read back"
KVM_VIRTIO = {
    "kvm-virtio": ("k61", "-cpu max", "", "", [VHE, READ_BACK, LEFT]),
    "kvm-virtio-nvhe": ("k61", "-cpu max", "kvm-arm.mode=nvhe", "", [NVHE, READ_BACK, LEFT]),
    "kvm-virtio-protected": ("k61", "-cpu max", "kvm-arm.mode=protected", "",
                             [PROTECTED, READ_BACK, LEFT]),
    "kvm-virtio-gicv2": ("k61", "-cpu cortex-a57 -M gic-version=2", "", "",
                         [NVHE, READ_BACK, LEFT]),
    "kvm-virtio-smp4": ("k61", "-cpu max -smp 4", "", "-c 4",
                        [VHE, "on 4 PEs", READ_BACK, LEFT]),
    "kvm-virtio-smp4-nvhe": ("k61", "-cpu cortex-a57 -smp 4", "", "-c 4",
                             [NVHE, "on 4 PEs", READ_BACK, LEFT]),
    "kvm-virtio-smp4-gicv2": ("k61", "-cpu max -smp 4 -M gic-version=2", "", "-c 4",
                              [VHE, "on 4 PEs", READ_BACK, LEFT]),
    "kvm72-virtio-smp4-protected": ("k72", "-cpu max -smp 4", "kvm-arm.mode=protected", "-c 4",
                                    [HVHE_72, "on 4 PEs", READ_BACK, LEFT]),
    # A protected guest that shares no memory: Debian's kernel has no pKVM guest driver. EL2 keeps
    # the monitor from the rings.
    "kvm72-pvm-virtio": ("k72", "-cpu max", "kvm-arm.mode=protected", "--protected",
                         [HVHE_72, PVM, "Segmentation fault", "HOST: guest left with status 139"]),
}

# The same with Debian's own qemu-system-aarch64 as monitor, on a disk of images/mkdisk.sh.
# case: kernel of host and guest, disk, arguments, command line of the host, arguments of the
# monitor, lines that must appear in this order
SAID = ["INSIDE: disk read back", "HOST: the guest's disk is in its file",
        "HOST: the guest said: INSIDE: hello on hvc0", LEFT]
QEMU_KVM = {
    "qemu": ("k61", "disk-qemu", "-cpu max", "", "", [VHE, *SAID]),
    "qemu-a57": ("k61", "disk-qemu", "-cpu cortex-a57", "", "", [NVHE, *SAID]),
    "qemu-protected": ("k61", "disk-qemu", "-cpu max", "kvm-arm.mode=protected", "",
                       [PROTECTED, *SAID]),
    "qemu-gicv2": ("k61", "disk-qemu", "-cpu cortex-a57 -M gic-version=2", "", "",
                   [NVHE, *SAID]),
    "qemu-smp4": ("k61", "disk-qemu", "-cpu max -smp 4", "", "-smp 4",
                  [VHE, "on 4 PEs", *SAID]),
    "qemu-smp4-a57": ("k61", "disk-qemu", "-cpu cortex-a57 -smp 4", "", "-smp 4",
                      [NVHE, "on 4 PEs", *SAID]),
    "qemu-smp4-protected": ("k61", "disk-qemu", "-cpu max -smp 4", "kvm-arm.mode=protected",
                            "-smp 4", [PROTECTED, "on 4 PEs", *SAID]),
    "qemu72": ("k72", "disk-qemu-forky", "-cpu max", "", "", [VHE, *SAID]),
    "qemu72-a57": ("k72", "disk-qemu-forky", "-cpu cortex-a57", "", "", [NVHE_72, *SAID]),
    "qemu72-smp4-protected": ("k72", "disk-qemu-forky", "-cpu max -smp 4",
                              "kvm-arm.mode=protected", "-smp 4", [HVHE_72, "on 4 PEs", *SAID]),
}

# Xen with K61 as dom0; a case begins with the hypervisor's target. Case: arguments, PEs of a
# domain that Xen starts itself from the device tree (0: none), lines.
XEN_UP = "*** Serial input to DOM0"
XEN_OFF = "Hardware Dom0 halted: halting machine"
XEN_SMP4 = ["Brought up 4 CPUs", XEN_UP, DONE, XEN_OFF]
XEN_DOMU = [XEN_UP, "DOM1: INIT: Linux", "DOM1: INIT: done", XEN_OFF]
XEN = {
    "xen": ("-cpu cortex-a57", 0, [XEN_UP, DONE, XEN_OFF]),
    "xen-smp4": ("-cpu cortex-a57 -smp 4", 0, XEN_SMP4),
    "xen-max": ("-cpu max", 0, [XEN_UP, DONE, XEN_OFF]),
    "xen-max-smp4": ("-cpu max -smp 4", 0, XEN_SMP4),
    "xen-gicv2": ("-cpu cortex-a57 -M gic-version=2", 0, [XEN_UP, DONE, XEN_OFF]),
    "xen-gicv2-smp4": ("-cpu cortex-a57 -smp 4 -M gic-version=2", 0, XEN_SMP4),
    "xen-gicv2-max": ("-cpu max -M gic-version=2", 0, [XEN_UP, DONE, XEN_OFF]),
    "xen-gicv2-max-smp4": ("-cpu max -smp 4 -M gic-version=2", 0, XEN_SMP4),
    "xen-gicv4": ("-cpu max -M gic-version=4", 0, [XEN_UP, DONE, XEN_OFF]),
    "xen-gicv4.1-smp4": ("-cpu max -smp 4 -M gic-version=4.1", 0, XEN_SMP4),
    "xen-domu": ("-cpu cortex-a57 -m 2G", 1, XEN_DOMU),
    "xen-domu-gicv2-smp4": ("-cpu max -smp 4 -m 2G -M gic-version=2", 2, XEN_DOMU),
    "xen420": ("-cpu cortex-a57", 0, [XEN_UP, DONE, XEN_OFF]),
    "xen420-domu": ("-cpu neoverse-n1 -smp 2 -m 2G", 1, XEN_DOMU),
}

# dom0 with Debian's own tools, from a disk, which start a domain and show its console.
# case: arguments, lines of the domain's configuration, lines
XL_DONE = ["Starting Xen daemons", "DOMU: INIT: Linux", "DOMU: INIT: done",
           "HOST: guest left with status 0", XEN_OFF]
XL = {
    "xl": ("-cpu cortex-a57", "", [XEN_UP, *XL_DONE]),
    "xl-max-smp4": ("-cpu max -smp 4", "vcpus=4", ["Brought up 4 CPUs", XEN_UP, *XL_DONE]),
    "xl-gicv2": ("-cpu cortex-a57 -M gic-version=2", "", [XEN_UP, *XL_DONE]),
    "xl-gicv2-smp4": ("-cpu cortex-a57 -smp 4 -M gic-version=2", "vcpus=4",
                      ["Brought up 4 CPUs", XEN_UP, *XL_DONE]),
}

# A shadow stage 2 has the size of the PE's physical addresses, and the host unmaps it by steps of
# 1 GiB, each with two TLBIs: with 52 bits that is four million, which the reference does not come
# through in an hour. So what is compared with it has 48 bits.
NESTED_ARGS = "-cpu max,lpa2=off -m 2G"
NESTED_52 = "-cpu max -m 2G"
# An nVHE L1 that sees LPA2 at stage 1 but not at stage 2 sets TCR_EL2.DS and writes descriptors
# that have a shareability where OA[51:50] is: an Address size fault (docs/choices.md).
NO_LVA = "arm64.nolva"
NV2 = "VHE+NV2 mode initialized successfully"

# A host with nested virtualization, a guest that is a KVM host itself (L1), and its guest (L2).
# case: kernel of all three, arguments, how the monitor starts L1, command line of L1, lines
NESTED = {
    "nested": ("k72", NESTED_ARGS, "--nested", "", [NV2, VHE, DONE, LEFT, LEFT]),
    "nested-nvhe": ("k72", NESTED_ARGS, "--e2h0", "", [NV2, NVHE_72, DONE, LEFT, LEFT]),
    "nested-gicv4": ("k72", f"{NESTED_ARGS} -M gic-version=4", "--nested", "",
                     ["GICv4 support enabled", NV2, VHE, DONE, LEFT, LEFT]),
    "nested-gicv4.1": ("k72", f"{NESTED_ARGS} -M gic-version=4.1", "--nested", "",
                       [*V41[:2], NV2, VHE, DONE, LEFT, LEFT]),
    "nested-52": ("k72", NESTED_52, "--nested", "", [NV2, VHE, DONE, LEFT, LEFT]),
    "nested-52-nvhe": ("k72", NESTED_52, "--e2h0", NO_LVA, [NV2, NVHE_72, DONE, LEFT, LEFT]),
}


def skip(why):
    print(f"SKIP: {why}")
    sys.exit(SKIPPED)


def need(target, *names):
    """Files of a target of images/fetch.sh; without them the test is skipped."""
    paths = [CACHE / target / n for n in names]
    if not all(p.exists() for p in paths):
        skip(f"no {target} in images/cache: run images/fetch.sh {target}")
    return paths[0] if len(paths) == 1 else paths


def disk(target):
    """A disk of images/mkdisk.sh, which stays as it is."""
    image = CACHE / target / "disk.img"
    if not image.exists():
        skip(f"no {target} in images/cache: run images/mkdisk.sh {target}")
    return ["-drive", f"if=none,id=root,format=raw,snapshot=on,file={image}",
            "-device", "virtio-blk-device,drive=root"]


def initramfs(folder, init="poweroff.sh", *more):
    """An initramfs; the usual one prints and powers off."""
    need("busybox", "busybox")
    out = pathlib.Path(folder) / f"{init}.gz"
    subprocess.run([ROOT / "images/mkinitramfs.py", "--init", ROOT / "images/init" / init,
                    "-o", out, *more], check=True)
    return out


def with_modules(kernel, names):
    return ["--kernel", need(kernel, "modules").parent, "--load", names]


def machine(emulator):
    """A machine whose console is our pipe; properties and sizes may be given again after it."""
    return [emulator, "-M", "virt,virtualization=on,gic-version=3", "-m", "1G", "-nodefaults",
            "-serial", "stdio", "-display", "none"]


def host_initramfs(folder, kernel, vmm, guest_initrd, name="host.cpio", more=()):
    """The initramfs of a KVM host: the monitor, a kernel and an initramfs for it to start."""
    out = pathlib.Path(folder) / name
    subprocess.run([ROOT / "images/mkinitramfs.py", "--init", ROOT / "images/init/kvm.sh",
                    "--plain", "--add", f"{vmm}=/bin/vmm",
                    "--add", f"{need(kernel, 'vmlinuz')}=/guest/kernel",
                    "--add", f"{guest_initrd}=/guest/initrd", "-o", out, *more], check=True)
    return out


def ext4_image(folder):
    """A small disk, the same every time."""
    tools = "/usr/sbin:/sbin:/usr/bin:/bin"
    if not shutil.which("mke2fs", path=tools):
        skip("no mke2fs")
    out = pathlib.Path(folder) / "disk.img"
    uuid = "6b766d00-0000-4000-8000-000000000001"
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-U", uuid, "-E", f"hash_seed={uuid}",
                    out, "4M"], check=True, capture_output=True,
                   env={"PATH": tools, "E2FSPROGS_FAKE_TIME": "1000000000"})
    return out


def root_initramfs(folder, kernel, run, guest_initrd, modules=""):
    """An initramfs that goes to the disk and runs the script there, which has a guest to start."""
    return initramfs(folder, "root.sh", "--plain",
                     *with_modules(kernel, f"virtio_mmio,virtio_blk,ext4{modules}"),
                     "--add", f"{ROOT}/images/init/{run}=/guest/run",
                     "--add", f"{need(kernel, 'vmlinuz')}=/guest/kernel",
                     "--add", f"{guest_initrd}=/guest/initrd")


def xen_machine(emulator, hypervisor, initrd, bootargs, args, dom0_mem="512M"):
    """Xen with K61 as dom0."""
    kernel = need("k61", "vmlinuz")
    return [*machine(emulator), "-no-reboot", "-kernel", need(hypervisor, "xen"),
            "-append", f"dom0_mem={dom0_mem} console=dtuart sync_console loglvl=all",
            "-device", f"guest-loader,addr=0x49000000,kernel={kernel},bootargs={bootargs}",
            "-device", f"guest-loader,addr=0x4d000000,initrd={initrd}", *args.split()]


DOM0_CONSOLE = "console=hvc0 panic=-1"


def xen_command(emulator, case, folder):
    args, domu_pes, _ = XEN[case]
    initrd = initramfs(folder, "dom0.sh" if domu_pes else "poweroff.sh")
    run = xen_machine(emulator, case.split("-")[0], initrd, f"{DOM0_CONSOLE} wait=20", args)
    return [*run, *add_domu(run, domu_pes, folder)] if domu_pes else run


def xl_command(emulator, case, folder):
    args, config, _ = XL[case]
    modules = ",xenfs,xen_privcmd,xen_evtchn,xen_gntdev,xen_gntalloc"
    initrd = root_initramfs(folder, "k61", "domu.sh", initramfs(folder), modules)
    run = xen_machine(emulator, "xen", initrd, f"{DOM0_CONSOLE} -- {config}", f"-m 2G {args}", "1G")
    return [*run, *disk("disk-xen")]


def add_domu(run, n_pes, folder):
    """Arguments for a domain beside dom0: the machine's own tree with it, and loaders."""
    tree = pathlib.Path(folder) / "xen.dtb"
    if shutil.which("fdtput") is None:
        skip("no device-tree-compiler")
    subprocess.run([*run, "-M", f"dumpdtb={tree}"], check=True, capture_output=True)
    loaders = subprocess.run(
        [ROOT / "images/dom0less.sh", tree, "domU1", "256", str(n_pes),
         f"{need('k61', 'vmlinuz')}@0x52000000", f"{initramfs(folder)}@0x56000000", CONSOLE],
        check=True, capture_output=True, text=True).stdout
    return ["-dtb", tree, *loaders.split()]


CONSOLE = "console=ttyAMA0 panic=-1"
# The reference's time is the host's, and a guest in a guest is slow there.
GUEST_CONSOLE = CONSOLE + " nowatchdog"


def linux_guest(case, folder, _vmm, _quiet):
    kernel, args, _ = LINUX[case]
    return kernel, args.split(), initramfs(folder), CONSOLE


def kvm_guest(case, folder, vmm, quiet):
    kernel, args, host, guest, _ = KVM[case]
    initrd = host_initramfs(folder, kernel, vmm, initramfs(folder))
    append = f'{CONSOLE} {host} -- -a "{GUEST_CONSOLE}{quiet}" {guest}'
    return kernel, args.split(), initrd, append


def virtio_guest(case, folder, vmm, quiet):
    kernel, args, host, guest, _ = KVM_VIRTIO[case]
    inside = initramfs(folder, "virtio.sh",
                       *with_modules(kernel, "virtio_mmio,virtio_blk,virtio_console,ext4"))
    initrd = host_initramfs(folder, kernel, vmm, inside,
                            more=["--add", f"{ext4_image(folder)}=/guest/disk"])
    append = f'{CONSOLE} {host} -- -d /guest/disk -a "{GUEST_CONSOLE}{quiet}" {guest}'
    return kernel, args.split(), initrd, append


def nested_guest(case, folder, vmm, quiet):
    kernel, args, how, l1, _ = NESTED[case]
    l1_initrd = host_initramfs(folder, kernel, vmm, initramfs(folder), "l1.cpio")
    initrd = host_initramfs(folder, kernel, vmm, l1_initrd)
    # Quotes do not nest: the command line of L2 is one word. Its console is the device tree's.
    inner = f"{GUEST_CONSOLE}{quiet} {l1} -- -a {quiet.strip() or 'nowatchdog'}"
    host = f" {V4}" if "gic-version=4" in args else ""
    append = f'{CONSOLE} kvm-arm.mode=nested{host} -- {how} -m 768 -a "{inner}"'
    return kernel, args.split(), initrd, append


def qemu_guest(case, folder, _vmm, quiet):
    kernel, image, args, host, guest, _ = QEMU_KVM[case]
    inside = initramfs(folder, "inside.sh",
                       *with_modules(kernel, "virtio_mmio,virtio_blk,virtio_console"))
    initrd = root_initramfs(folder, kernel, "qemu.sh", inside)
    append = f'{CONSOLE} {host} -- -append "{GUEST_CONSOLE}{quiet}" {guest}'
    return kernel, [*disk(image), "-m", "2G", *args.split()], initrd, append


KINDS = ((LINUX, linux_guest), (KVM, kvm_guest), (NESTED, nested_guest),
         (KVM_VIRTIO, virtio_guest), (QEMU_KVM, qemu_guest))


def command(emulator, case, folder, vmm=None, quiet=False):
    """The command that runs a case; `quiet` keeps the kernels of KVM guests off the console."""
    if case in XEN:
        return xen_command(emulator, case, folder)
    if case in XL:
        return xl_command(emulator, case, folder)
    build = next(f for table, f in KINDS if case in table)
    kernel, args, initrd, append = build(case, folder, vmm, " quiet" if quiet else "")
    return [*machine(emulator), "-no-reboot", "-kernel", need(kernel, "vmlinuz"),
            "-initrd", initrd, "-append", append, *args]


def wanted(case):
    """What a case must print, in this order."""
    return next(table[case][-1] for table in (LINUX, KVM, KVM_VIRTIO, QEMU_KVM, NESTED, XEN, XL)
                if case in table)
