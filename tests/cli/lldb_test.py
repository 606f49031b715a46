#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The GDB stub, as LLDB uses it. Skipped where there is no lldb."""
import re
import shutil
import subprocess
import unittest

import cli
import gdb_test
from terminal import CTRL_C, Terminal

LLDB = "lldb"
MACHINE = "virt,virtualization=on,gic-version=3"
SETUP = ["settings set interpreter.stop-command-source-on-error false",
         "settings set auto-confirm true"]


@unittest.skipUnless(shutil.which(LLDB), f"no {LLDB}")
class Lldb(gdb_test.GdbCase):
    def start(self, *args):
        self.elf = cli.program("debuggee")
        return super().start("-M", MACHINE, "-serial", "none", "-semihosting", "-kernel",
                             self.elf, "-S", *args)

    def lldb(self, d, *script, files=()):
        """Runs a script to its end; its output."""
        path = self.folder / "script.lldb"
        path.write_text("\n".join([*SETUP, self.connect(d), *script]) + "\n")
        result = cli.emulator.run([LLDB, "-x", "-b", "-s", path, *files], 120, cwd=self.folder)
        self.assertFalse(result.timed_out, result.output)
        return result.output

    def connect(self, d):
        return f"process connect --plugin gdb-remote unix-connect://{d.socket}"

    def test_program(self):
        """Every kind of stop; nothing that the program sees has changed in the end."""
        plain = cli.run(*cli.BARE, "-serial", "none", "-M", MACHINE, "-semihosting", "-kernel",
                        cli.program("debuggee"))
        d = self.start()
        out = self.lldb(
            d, "register read pc HCR_EL2", "breakpoint set -n guest_main", "continue", "bt",
            "thread step-inst", "disassemble -p -c 2", "memory read -fx -s4 -c1 0x40200000",
            "breakpoint set -n tick -c i==2", "continue", "finish", "breakpoint delete 1 2",
            "watchpoint set variable watched", "continue", "watchpoint delete 1",
            "process plugin packet monitor info status", "continue", files=[self.elf])
        self.check_values(
            out, r"stop reason = signal SIGTRAP", r"pc = 0x0000000040200000", r"HCR_EL2 = 0x",
            r"Breakpoint 1: where", r"stop reason = breakpoint 1\.1", r"frame #0: .*guest_main",
            r"frame #1: .*guest_boot", r"stop reason = instruction step into", r"->  0x",
            r"0x40200000: 0x[0-9a-f]{8}", r"Breakpoint 2: where",
            r"stop reason = breakpoint 2\.1", r"tick\(i=2\)", r"stop reason = step out",
            r"2 breakpoints deleted", r"Watchpoint created",
            r"old value: 0\nnew value: 3", r"stop reason = watchpoint 1",
            r"VM status: paused \(debug\)", r"exited with status = 0")
        self.assertEqual(d.wait(), 0)
        self.assertEqual(d.text(), plain.output)

    def test_interrupt_and_attach_again(self):
        """Two PEs; a running machine is stopped, changed, left and, without a file, attached to
        again."""
        d = self.start("-smp", "2")
        t = Terminal([LLDB, "-x", "--no-use-colors", self.elf], cwd=self.folder)
        self.addCleanup(t.kill)
        for command, answer in (
                (self.connect(d), "stop reason = signal SIGTRAP"),
                ("breakpoint set -n guest_main", "Breakpoint 1: where"),
                ("continue", "stop reason = breakpoint 1"),
                ("expression hold = 1", r"\$0 = 1"), ("continue", "Process 1 resuming")):
            t.send(command + "\r")
            t.expect(answer)
        d.wait_for_text("held")
        t.send(CTRL_C)
        t.expect("stop reason = signal SIGINT")
        for command, answer in (
                ("thread list", r"thread #1: tid(.|\s)*thread #2: tid"),
                ("register write x28 0x1234", ""), ("detach", "detached"), ("quit", "")):
            t.send(command + "\r")
            t.expect(answer)
        self.assertEqual(t.wait(30), 0)
        hold = re.search(r"^([0-9a-f]{16}) \w hold$", subprocess.run(
            ["nm", self.elf], capture_output=True, text=True, check=True).stdout, re.M)
        out = self.lldb(d, "register read x28", "disassemble -p -c 1",
                        f"memory write -s8 0x{hold[1]} 0", "detach")
        self.check_values(out, r"x28 = 0x0000000000001234", r"->  0x", r"detached")
        self.assertEqual(d.wait(), 0)


if __name__ == "__main__":
    cli.main()
