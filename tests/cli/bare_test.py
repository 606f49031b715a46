#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bare-metal guests: semihosting on the host's files, and programs that misbehave."""
import shutil
import signal
import time

import cli
from terminal import CTRL_A, quickly

# Programs that never do anything sensible again, as words.
VOID = 0xD2A60000  # mov x0, #0x30000000: nothing is there
MISBEHAVIOUR = {
    "spins": cli.SPIN,
    "waits with everything masked": [0xD5034FDF, *cli.SLEEP],  # msr daifset, #15
    "jumps into the void": [VOID, 0xD61F0000],  # br x0
    "has its vectors in the void": [VOID, 0xD51CC000, 0xD4000001],  # msr vbar_el2, x0; svc #0
    "has no vectors": [0x00000000],  # udf
    "loads from the void": [VOID, 0xF9400001],  # ldr x1, [x0]
    "yields": [0xD503203F, 0x17FFFFFF],  # yield; b .-4
    "waits for events": [0xD503205F, 0x17FFFFFF],  # wfe; b .-4
    "calls nobody": [0xD4000002, 0x17FFFFFF],  # hvc #0; b .-4
    "resets for ever": [0x52800120, 0x72B08000, 0xD4000003],  # PSCI SYSTEM_RESET
    "writes over itself": [0x10000000, 0xB900001F, 0x17FFFFFE],  # adr x0, .; str wzr, [x0]; b .-8
}


class Semihosting(cli.Case):
    def program(self, emulator, *args):
        """Runs in a folder with files; what it printed."""
        for name, text in (("in.txt", "0123456789"), ("old", "x"), ("gone", "x")):
            (self.folder / name).write_text(text)
        result = cli.emulator.run(
            [emulator, "-M", "virt,virtualization=on,secure=on,gic-version=3", "-cpu", "max",
             *cli.BARE, "-serial", "none", "-monitor", "none", "-kernel",
             cli.program("semihost"), *args], 30, cwd=self.folder)
        self.assertFalse(result.timed_out)
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()),
                         ["in.txt", "new", "out.txt"])
        (self.folder / "new").unlink()
        return result

    def check_both(self, *args):
        """The same as the reference emulator."""
        ours = self.program(cli.armature(), *args)
        self.assertNotIn("FAIL", ours.output)
        # The reference forgets to append: what it writes is not compared.
        self.assertEqual((self.folder / "out.txt").read_text(), "hello from the guest\n")
        if shutil.which(cli.emulator.QEMU):
            reference = self.program(cli.emulator.QEMU, *args)
            self.assertEqual((ours.status, ours.output), (reference.status, reference.output))
        return ours

    def test_arguments_and_status(self):
        result = self.check_both("-semihosting-config",
                                 "enable=on,target=native,arg=prog,arg=two words,arg=42")
        self.assertIn("ARGS prog two words 42\n", result.output)
        self.assertIn("on standard output\non standard error\n", result.output)
        self.assertEqual(result.status, 42)

    def test_command_line_is_kernel_and_append(self):
        result = self.check_both("-semihosting", "-append", "one 7")
        self.assertIn("semihost.elf one 7\n", result.output)
        self.assertEqual(result.status, 7)

    def test_console_on_a_chardev(self):
        out = self.folder.parent / (self.folder.name + ".out")
        self.addCleanup(out.unlink)
        result = self.program(cli.armature(), "-chardev", f"file,id=c,path={out}",
                              "-semihosting-config", "enable=on,target=native,chardev=c,arg=0")
        self.assertEqual(result.output, "")
        self.assertIn("ARGS 0\non standard output\non standard error\n", out.read_text())

    def test_off_unless_asked_for(self):
        """HLT is UNDEFINED then: nothing is printed, no file is made."""
        for args in ([], ["-semihosting-config", "enable=off"]):
            result = cli.run(*cli.BARE, "-serial", "none", "-kernel", cli.program("semihost"),
                             *args, timeout=2, cwd=self.folder)
            self.assertTrue(result.timed_out)
            self.assertEqual(result.output, "")
            self.assertEqual(list(self.folder.iterdir()), [])


class Misbehaviour(cli.Case):
    def check_leaves(self, name, args):
        for how in ("Ctrl-A x", "SIGTERM"):
            for pace in ("on", "off"):
                with self.subTest(guest=name, how=how, pace=pace):
                    t = self.terminal(*cli.BARE, "-serial", "mon:stdio", "--pace", pace, *args)
                    t.drain(0.4)
                    self.assertIsNone(t.proc.poll(), t.text)
                    started = time.monotonic()
                    if how == "SIGTERM":
                        t.signal(signal.SIGTERM)
                    else:
                        t.send(CTRL_A + "x")
                    self.assertEqual(t.wait(5), 128 + signal.SIGTERM if how == "SIGTERM" else 0)
                    self.assertLess(time.monotonic() - started, quickly())
                    self.assertTrue(t.is_restored())

    def test_programs(self):
        for name, words in MISBEHAVIOUR.items():
            self.check_leaves(name, cli.raw(self.folder / "code", words))

    def test_garbage_to_devices(self):
        for version in ("2", "3"):
            args = ["-M", f"virt,virtualization=on,gic-version={version}", "-smp", "2",
                    "-device", "virtio-rng-device", "-device", "virtio-net-device",
                    "-device", "virtio-serial-device", "-semihosting", "-kernel"]
            self.check_leaves(f"garbage, GICv{version}", [*args, cli.program("garbage")])


if __name__ == "__main__":
    cli.main()
