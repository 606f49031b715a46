#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The GDB stub, as gdb-multiarch uses it."""
import re
import shutil
import signal
import subprocess
import time

import cli
import kernel_symbols

GDB = "gdb-multiarch"
SETUP = ["set pagination off", "set confirm off", "set width 0", "set remotetimeout 60"]


class Debugged:
    """The emulator with a stub behind a socket; what it prints goes to a file."""

    def __init__(self, folder, *args):
        self.socket = folder / "gdb.sock"
        self.out = folder / "out.txt"
        with open(self.out, "wb") as f:
            self.proc = subprocess.Popen(
                [str(a) for a in (cli.armature(), *cli.BARE, *args, "-gdb",
                                  f"unix:{self.socket}")],
                stdin=subprocess.DEVNULL, stdout=f, stderr=subprocess.STDOUT)

    def text(self):
        return self.out.read_text("utf-8", "replace")

    def wait_for(self, done, what, timeout=60):
        end = time.monotonic() + timeout * cli.emulator.SLOWDOWN
        while not done():
            if time.monotonic() > end:
                raise AssertionError(f"no {what} in {timeout} s: {self.text()[-400:]!r}")
            time.sleep(0.02)

    def wait_for_text(self, text):
        self.wait_for(lambda: text in self.text(), repr(text))

    def wait(self):
        """The exit status."""
        self.wait_for(lambda: self.proc.poll() is not None, "end")
        return self.proc.returncode

    def kill(self):
        if self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()


class GdbCase(cli.Case):
    SMP = "virt,virtualization=on,gic-version=3"

    def setUp(self):
        super().setUp()
        if not shutil.which(GDB):
            self.skipTest(f"no {GDB}")

    def start(self, *args):
        d = Debugged(self.folder, *args)
        self.addCleanup(d.kill)
        d.wait_for(d.socket.exists, "socket")
        return d

    def command(self, d, script, symbols):
        lines = [*SETUP, *([f"symbol-file {symbols}"] if symbols else []),
                 f"target remote {d.socket}", *script]
        path = self.folder / "script.gdb"
        path.write_text("\n".join(lines) + "\n")
        return [GDB, "-nx", "-q", "-batch", "-x", path]

    def gdb(self, d, *script, symbols=None):
        """Runs a script to its end; its output."""
        result = cli.emulator.run(self.command(d, script, symbols), 120, cwd=self.folder)
        self.assertFalse(result.timed_out, result.output)
        return result.output

    def debuggee(self, *args):
        self.elf = cli.program("debuggee")
        return ["-M", self.SMP, "-semihosting", "-kernel", self.elf, *args]

    def undisturbed(self, *args):
        """What the program prints without a debugger."""
        result = cli.run(*cli.BARE, "-serial", "none", *self.debuggee(*args))
        self.assertEqual(result.status, 0, result.output)
        self.assertIn("seen 3, time ", result.output)
        return result.output

    def check_values(self, text, *patterns):
        at = 0
        for p in patterns:
            m = re.compile(p).search(text, at)
            self.assertIsNotNone(m, f"no {p!r} in {text[at:]}")
            at = m.end()


class Bare(GdbCase):
    """Programs without an operating system."""

    def test_stops_change_nothing(self):
        """From before the first instruction to the end: every kind of stop; the program sums its
        own text and tells the time at the end."""
        plain = self.undisturbed()
        d = self.start(*self.debuggee("-S"))
        out = self.gdb(
            d, "p/x $pc", "info registers sp", "hbreak guest_main", "continue", "bt 1",
            "break tick if i == 2", "continue", "stepi", "stepi", "x/2i $pc", "p i", "finish",
            "delete", "watch watched", "continue", "p watched", "delete",
            "rwatch watched", "continue", "delete", "awatch seen", "continue", "delete",
            "break sum_text", "continue 5", "p counter", "delete", "continue", symbols=self.elf)
        self.check_values(
            out, r"\$1 = 0x40200000", r"\nBreakpoint 1, .*guest_main", r"#0 +guest_main",
            r"\nBreakpoint 2, tick \(i=i@entry=2\)", r"=> 0x", r"\$2 = 2", r"guest_main \(\)",
            r"\n\nHardware watchpoint 3: watched", r"Old value = 0", r"New value = 3", r"\$3 = 3",
            r"\n\nHardware read watchpoint 4: watched", r"Value = 3",
            r"\n\nHardware access \(read/write\) watchpoint 5: seen", r"New value = 3",
            r"touch \(", r"\nBreakpoint 6, sum_text", r"\$4 = 5", r"exited normally")
        self.assertEqual(d.wait(), 0)
        self.assertEqual(d.text(), plain)

    def test_smp_stops_change_nothing(self):
        """All PEs stand still together, and go on where they were."""
        plain = self.undisturbed("-smp", "4")
        d = self.start(*self.debuggee("-smp", "4", "-S"))
        out = self.gdb(
            d, "break tick if i == 4", "continue", "info threads", "thread apply all bt 1",
            "p laps", "p laps", "thread 3", "p $pc", "p/x $MPIDR_EL1", "set scheduler-locking off",
            "stepi", "stepi", "info threads", "break bystander if pe == 9", "watch laps[2] if "
            "laps[2] % 2000 == 0", "continue", "p laps[2] % 2000", "delete", "tbreak wait_released",
            "continue", "continue", symbols=self.elf)
        self.check_values(
            out, r"\nThread 1 hit Breakpoint 1, tick", r"\* 1 +Thread 1 \(PE 0 0+ EL2 on\) tick",
            r"  2 +Thread 2 \(PE 1 0+1 EL2 on\).* bystander", r"  4 +Thread 4",
            r"Thread 4 \(.*\n#0 .*bystander", r"Thread 1 \(.*\n#0 +tick", r"\$1 = (.*)\n\$2 = ",
            r"Switching to thread 3", r"\$3 = .*bystander", r"\$4 = 0x80000002", r"\* 3 +Thread 3",
            r"Thread 3 hit Hardware watchpoint", r"\$5 = 0", r"hit Temporary breakpoint",
            r"exited normally")
        values = re.search(r"\$1 = (.*)\n\$2 = (.*)\n", out)
        self.assertEqual(values[1], values[2])
        self.assertEqual(d.wait(), 0)
        self.assertEqual(d.text(), plain)

    def test_scheduler_locking(self):
        """The others stand while one is stepped, and run again afterwards."""
        d = self.start(*self.debuggee("-smp", "2", "-S"))
        out = self.gdb(
            d, "tbreak tick if i == 4", "continue", "set scheduler-locking on", "p laps[1]",
            "stepi 20", "p laps[1]", "thread 2", "stepi 400", "p laps[1]",
            "set scheduler-locking off", "thread 1", "continue", symbols=self.elf)
        laps = [int(n) for n in re.findall(r"\$\d = (\d+)", out)]
        self.assertEqual(laps[0], laps[1])
        self.assertGreater(laps[2], laps[1])
        self.assertIn("exited normally", out)
        self.assertEqual(d.wait(), 0)
        self.assertIn("OK 20 checks", d.text())

    def interrupted(self, d, script, text, symbols):
        """Runs a script; Ctrl-C when the program has printed the text."""
        with open(self.folder / "gdb.out", "w+b") as f:
            gdb = subprocess.Popen(self.command(d, script, symbols), stdin=subprocess.DEVNULL,
                                   stdout=f, stderr=subprocess.STDOUT)
            self.addCleanup(gdb.wait)
            d.wait_for_text(text)
            gdb.send_signal(signal.SIGINT)
            d.wait_for(lambda: gdb.poll() is not None, "end of gdb")
            f.seek(0)
            return f.read().decode()

    def test_interrupt_and_change(self):
        """Ctrl-C, then variables and registers are set."""
        for smp in ("1", "3"):
            d = self.start(*self.debuggee("-smp", smp, "-S"))
            out = self.interrupted(
                d, ["tbreak guest_main", "continue", "set var hold = 1", "continue",
                    "p hold", "set var hold = 0", "set var rounds = 7", "set $old = $x19",
                    "set $x19 = 0x1234", "p/x $x19", "set $x19 = $old", "set $v3.u64[1] = 77",
                    "p $v3.u64[1]", "set $TPIDR_EL1 = 0xabc", "p/x $TPIDR_EL1",
                    "detach"], "held\n", self.elf)
            self.check_values(out, r"received signal SIGINT", r"\$1 = 1", r"\$2 = 0x1234",
                              r"\$3 = 77", r"\$4 = 0xabc", r"detached")
            self.assertEqual(d.wait(), 0)
            self.assertIn("OK 7 checks", d.text())

    def test_detach_and_attach_again(self):
        """Breakpoints go with the debugger; the machine runs on; the next one finds it running."""
        d = self.start(*self.debuggee("-S"))
        out = self.gdb(d, "break guest_main", "continue", "set var hold = 1", "break wait_released",
                       "continue", "detach", symbols=self.elf)
        self.check_values(out, r"Breakpoint 2, wait_released", "detached")
        d.wait_for_text("held\n")
        out = self.gdb(d, "bt", "p hold", "set var hold = 0", "tbreak tick", "continue", "detach",
                       symbols=self.elf)
        self.check_values(out, r"#0 .*wait_released", r"#1 .*guest_main", r"\$1 = 1",
                          r"Temporary breakpoint 1, tick \(i=i@entry=1\)", "detached")
        self.assertEqual(d.wait(), 0)

    def lost_debugger(self, *args):
        """A debugger that is killed with the machine stopped at a breakpoint."""
        d = self.start(*self.debuggee("-S", *args))
        with open(self.folder / "gdb.out", "w+b") as f:
            gdb = subprocess.Popen(
                self.command(d, ["break tick", "continue", "echo THERE\\n", "shell sleep 100"],
                             self.elf), stdin=subprocess.DEVNULL, stdout=f,
                stderr=subprocess.STDOUT, start_new_session=True)
            d.wait_for(lambda: b"THERE" in (self.folder / "gdb.out").read_bytes(), "breakpoint")
            cli.emulator._kill_group(gdb.pid)
            gdb.wait()
        return d

    def test_lost_and_stopped(self):
        d = self.lost_debugger()
        time.sleep(0.5)
        self.assertIsNone(d.proc.poll())
        out = self.gdb(d, "p i", "continue", symbols=self.elf)
        self.check_values(out, r"\$1 = 0", "exited normally")
        self.assertEqual(d.wait(), 0)

    def test_lost_and_running(self):
        d = self.lost_debugger("--gdb-lost", "run")
        self.assertEqual(d.wait(), 0)
        self.assertIn("OK 20 checks", d.text())

    def test_load(self):
        """A program that the debugger brings, into a machine without one."""
        elf = cli.program("debuggee")
        d = self.start("-M", self.SMP, "-semihosting", "-S")
        out = self.gdb(d, f"file {elf}", "load", "compare-sections", "p/x $pc = image_start",
                       "tbreak guest_main", "continue", "continue")
        self.check_values(out, "Loading section .text", r"matched", r"Temporary breakpoint 1, .*"
                          "guest_main", "exited normally")
        self.assertNotIn("MIS-MATCHED", out)
        self.assertEqual(d.wait(), 0)
        self.assertIn("OK 20 checks", d.text())

    def test_monitor_and_physical_memory(self):
        d = self.start(*self.debuggee("-smp", "2", "-S"))
        out = self.gdb(
            d, "tbreak tick", "continue", "monitor help", "monitor info cpus",
            "monitor translate $pc", "monitor info contexts", "monitor info gic",
            "monitor info timers", "monitor info registers SCTLR_", "monitor info mtree",
            "monitor no such thing",
            "monitor x /2xw $pc", "x/2xw $pc", "maint packet qqemu.PhyMemMode",
            "maint packet Qqemu.PhyMemMode:1", "x/1xw 0x40000000", "monitor info view",
            "maint packet qqemu.PhyMemMode", "monitor view pe", "kill", symbols=self.elf)
        self.check_values(
            out, r"translate ADDRESS", r"\* PE 0 EL2 pc=", r"stage 1 level 1: NS:",
            r"IPA .* PA NS:0000402", r"\*.*EL2", r"GICv3, PE 0", r"ICC_PMR_EL1", r"CNTFRQ_EL0",
            r"EL1 virtual", r"mem NS.*ram", r"Error: unknown command: 'no such thing'",
            r": 0x[0-9a-f]{8} 0x[0-9a-f]{8}\n", r'"0"', '"OK"', r"memory physical", r'"1"')
        self.assertIn("SCTLR_EL2", out)
        self.assertNotIn("SCTLR_EL3", out)  # there is no EL3
        ours, theirs = re.findall(r":\s(0x[0-9a-f]{8})\s(0x[0-9a-f]{8})\n", out)[:2]
        self.assertEqual(ours, theirs)
        self.assertEqual(d.wait(), 0)

    def test_snapshot_at_a_breakpoint(self):
        """In the middle of a turn; the rest of the run is the same twice."""
        for smp in ("1", "4"):
            plain = self.undisturbed("-smp", smp)
            d = self.start(*self.debuggee("-smp", smp, "-S", "--snapshot-dir", self.folder))
            out = self.gdb(
                d, "tbreak tick if i == 5", "continue", "monitor savevm five",
                "tbreak tick if i == 9", "continue", "p i", "monitor loadvm five",
                "maint flush register-cache", "p i", "continue", symbols=self.elf)
            self.check_values(out, r"\$1 = 9", r"\$2 = 5", r"exited normally")
            self.assertEqual(d.wait(), 0)
            self.assertEqual(d.text(), plain)

    def test_code_that_sums_itself(self):
        """At EL2, EL1, EL0 and in a VM: it runs into breakpoints, and never sees them."""
        args = ["-M", self.SMP, "-semihosting", "-kernel", cli.program("sums")]
        plain = cli.run(*cli.BARE, "-serial", "none", *args)
        self.assertEqual(plain.status, 0, plain.output)
        self.assertEqual(len(set(re.findall(r"(?m)^.*EL\d ([0-9a-fx]+)$", plain.output))), 1)
        d = self.start(*args, "-S")
        out = self.gdb(
            d, "break *sum_loop if $x0 == (unsigned long)&sum_code", "break *sum_end",
            *["continue", "p ($cpsr >> 2) & 3", "p $HCR_EL2 & 1", "continue"] * 5, "continue",
            symbols=cli.program("sums"))
        self.check_values(out, *(rf"Breakpoint 1, .*\n\$\d+ = {el}\n\$\d+ = {vm}\n(.*\n)+?"
                                 r"Breakpoint 2, " for el, vm in
                                 ((2, 0), (1, 0), (0, 0), (1, 1), (0, 1))), r"exited normally")
        self.assertEqual(d.wait(), 0)
        self.assertEqual(d.text(), plain.output)

    def test_memory_of_a_virtual_machine(self):
        """By VMID, while EL2 runs: what its stage 2 maps, and what it does not."""
        elf = cli.program("debuggee").parent.parent / "guest/faults_stage2.elf"
        d = self.start("-M", self.SMP, "-semihosting", "-kernel", elf, "-S", "--snapshot-dir",
                       self.folder)
        out = self.gdb(
            d, "break guest_trap if $HCR_EL2 & 1", "continue", "monitor info contexts",
            "monitor translate 0x40200000 ipa", "monitor xp /2xw 0x40200000",
            "monitor savevm flushes", "monitor info contexts", "monitor view vmid 1 ipa",
            "continue", "monitor info view", "x/2xw 0x40200000", "monitor view vmid 77",
            "python\ntry:\n  gdb.execute('x/1xw 0')\nexcept gdb.error as e:\n  print(e)\nend",
            "kill", symbols=elf)
        self.check_values(out, r"EL1&0 NS priv VMID 1 .*VTTBR", r"stage 2 level 2: .*block",
                          r"PA NS:000040200000", r"VMID 1 .*VTTBR.* retired",
                          r"memory of VM 1, context \d", r"Error: no PE has a context of VMID 77",
                          r"Cannot access memory at address 0x0")
        ours, theirs = re.findall(r":\s(0x[0-9a-f]{8})\s(0x[0-9a-f]{8})\n", out)
        self.assertEqual(ours, theirs)
        self.assertEqual(d.wait(), 0)

    def test_reset(self):
        """The machine starts again; breakpoints stay."""
        d = self.start(*self.debuggee("-smp", "2", "-S"))
        out = self.gdb(
            d, "hbreak tick if i == 7", "continue", "monitor system_reset", "monitor info status",
            "maint flush register-cache", "p/x $pc == image_start", "continue", "p i", "delete",
            "continue", symbols=self.elf)
        self.check_values(out, r"hit Breakpoint 1, tick", r"\$1 = 0x1", r"hit Breakpoint 1, tick",
                          r"\$2 = 7", r"exited normally")
        self.assertEqual(d.wait(), 0)
        self.assertIn("OK 20 checks", d.text())


KALLSYMS = """#!/bin/sh
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
while read -r m; do insmod "$m"; done </modules
cat /proc/kallsyms >/dev/vda
sync
poweroff -f
"""


class Linux(GdbCase):
    """Debian's kernel, started at EL2."""
    CMDLINE = "console=ttyAMA0 nokaslr"

    def symbols(self):
        """An ELF file of the kernel's own list of symbols."""
        script, disk, elf = (self.folder / n for n in ("kallsyms.sh", "kallsyms.img", "kernel.elf"))
        script.write_text(KALLSYMS)
        disk.write_bytes(bytes(16 << 20))
        initrd = cli.initramfs(self.folder, script, "virtio_mmio,virtio_blk")
        result = cli.run(*cli.BARE, "-serial", "none", "-no-reboot",
                         *cli.linux(initrd, "-drive", f"file={disk},format=raw,if=virtio",
                                    cmdline=self.CMDLINE), timeout=120)
        self.assertEqual(result.status, 0, result.output)
        kernel_symbols.write(disk, elf)
        return elf

    def test_boot(self):
        """Breakpoints before the MMU is on, watchpoints, steps, backtraces of all PEs; the kernel
        comes to its end all the same."""
        elf = self.symbols()
        initrd = cli.initramfs(self.folder, "poweroff")
        serial = self.folder / "serial.txt"
        # Without signed return addresses: GDB 13 removes the codes of user addresses only.
        args = cli.linux(initrd, "-smp", "2", "-cpu", "cortex-a76", cmdline=self.CMDLINE)
        d = self.start(*args, "-serial", f"file:{serial}", "-S")
        out = self.gdb(
            d, "p/x $SCTLR_EL2 & 1", "hbreak start_kernel", "continue", "p/x $SCTLR_EL2 & 1", "bt",
            "break kernel_init", "continue", "bt", "x/2i start_kernel", "stepi", "stepi",
            "x/2i $pc", "monitor translate $pc", "delete", "watch -l *(long *)($sp - 64)",
            "continue", "bt 3", "delete", "break __arm64_sys_reboot", "continue", "info threads",
            "thread apply all bt 4", "delete", "continue", symbols=elf)
        self.check_values(
            out, r"\$1 = 0x0", r"Breakpoint 1, 0x[0-9a-f]+ in start_kernel", r"\$2 = 0x1",
            r"#0 .* in start_kernel \(\)\n#1 .* in __primary_switched",
            r"Breakpoint 2, .*kernel_init", r"#1 .* in ret_from_fork", r"<start_kernel.*>:\t",
            r"=> 0x.*kernel_init\+", r"stage 1 level 0", r"stage 1 level [123].*(page|block)",
            r"PA NS:0000[4-5]", r"Hardware watchpoint 3", r"New value = ", r"#0 .* in ",
            r"Breakpoint 4, .* in __arm64_sys_reboot", r"\* . +Thread . \(PE .*sys_reboot",
            r"Thread \d \(PE \d 0000000\d EL2 waits\).*\n#0 .* in cpu_do_idle.*\n#1 .* in ",
            r"exited normally")
        self.assertEqual(d.wait(), 0)
        self.assertIn("INIT: done", serial.read_text())


if __name__ == "__main__":
    cli.main()
