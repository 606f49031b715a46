# SPDX-License-Identifier: Apache-2.0
"""What the tests of the command share: the program, guests to run in it, the end of a test file."""
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = ROOT / "images/cache"
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "images"))
sys.dont_write_bytecode = True
import emulator  # noqa: E402
from terminal import Terminal  # noqa: E402

RAM = 0x40000000
CODE = RAM + 0x200000
BARE = ["-nodefaults", "-display", "none"]

# Programs of a few words.
SPIN = [0x14000000]  # b .
SLEEP = [0xD503207F, 0x17FFFFFF]  # wfi; b .-4

PROMPT = r"armature:/# (\x1b\[6n)?"


def armature():
    return os.environ["ARMATURE"]


def run(*args, timeout=60, **kw):
    """The command to its end."""
    return emulator.run([armature(), *args], timeout, **kw)


def wait_for(done, timeout=60):
    """Until done() is true; a TimeoutError after so many seconds of a quiet machine."""
    end = time.monotonic() + timeout * emulator.SLOWDOWN
    while not done():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.02)


def connect(path, timeout):
    """A client's end of a Unix socket that a server is about to make."""
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(timeout)

    def connects():
        try:
            s.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):  # it gets its name before it listens
            return False
        return True

    wait_for(connects)
    return s


def raw(path, words):
    """A program of raw words as a file, and the arguments that run it."""
    path = pathlib.Path(path)
    path.write_bytes(struct.pack(f"<{len(words)}I", *words))
    return ["-device", f"loader,file={path},addr={CODE:#x},force-raw=on",
            "-device", f"loader,addr={CODE:#x},cpu-num=0"]


def program(name):
    """A bare-metal program that the build made (tests/cli/guests)."""
    path = pathlib.Path(os.environ.get("GUESTS", ".")) / f"cli-{name}.elf"
    if not path.exists():
        raise unittest.SkipTest(f"{path.name} was not built: no cross compiler")
    return path


def kernel(name="k61"):
    path = CACHE / name / "vmlinuz"
    if not path.exists() or not (CACHE / "busybox").exists():
        raise unittest.SkipTest(f"no {name} or busybox: images/fetch.sh {name} busybox")
    return path


def initramfs(folder, init="shell", load="", add=()):
    """An initramfs of images/mkinitramfs.py with an init script and modules of Debian's 6.1."""
    out = pathlib.Path(folder) / f"{pathlib.Path(init).stem}.gz"
    script = init if pathlib.Path(init).exists() else ROOT / f"images/init/{init}.sh"
    command = [ROOT / "images/mkinitramfs.py", "--init", script, "-o", out]
    if load:
        command += ["--kernel", CACHE / "k61", "--load", load]
    for item in add:
        command += ["--add", item]
    subprocess.run(command, check=True)
    return out


def linux(initrd, *args, cmdline="console=ttyAMA0 quiet"):
    """The arguments that boot Debian's 6.1."""
    return ["-M", "virt,gic-version=3", "-m", "512M", "-kernel", kernel(), "-initrd", initrd,
            "-append", cmdline, *args]


class Case(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def terminal(self, *args, cwd=None):
        t = Terminal([armature(), *args], cwd=cwd)
        self.addCleanup(t.kill)
        return t

    def shell(self, *args, load="", cmdline="console=ttyAMA0 quiet"):
        """A guest with a shell on our terminal."""
        t = self.terminal("-nographic", *linux(initramfs(self.folder, load=load), *args,
                                               cmdline=cmdline))
        t.expect(PROMPT, 120)
        return t

    def command(self, shell, line, timeout=60):
        """Type a line at the shell; what it prints."""
        shell.send(f"echo BEG''IN; {line}; echo EN''D $?\r")
        text = shell.expect(r"(?s)BEGIN\r+\n(.*?)END (\d+)\r+\n(?:\[.*\n)?" + PROMPT, timeout)
        return text[1].replace("\r", ""), int(text[2])


def main():
    """meson's idea of the result: 77 when everything was skipped."""
    result = unittest.main(verbosity=2, exit=False).result
    if result.wasSuccessful() and result.testsRun and len(result.skipped) == result.testsRun:
        sys.exit(emulator.SKIPPED)
    sys.exit(not result.wasSuccessful())
