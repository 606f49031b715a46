#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Going back in time: by packets, so that thousands of states can be compared, and as GDB does."""
import re
import subprocess

import cli
from terminal import CTRL_A
import gdb_test


class Stub:
    """A client of the remote protocol."""

    def __init__(self, path, timeout):
        self.s = cli.connect(path, timeout)
        self.buf = b""
        assert self("QStartNoAckMode") == "OK"
        self.s.sendall(b"+")

    def read(self):
        while not (m := re.search(rb"\$([^#]*)#..", self.buf)):
            data = self.s.recv(65536)
            assert data, "the stub is gone"
            self.buf += data
        self.buf = self.buf[m.end():]
        return m[1].decode()

    def send(self, text):
        self.s.sendall(b"$%s#%02x" % (text.encode(), sum(text.encode()) % 256))

    def __call__(self, text):
        self.send(text)
        return self.read()

    def interrupt(self):
        self.s.sendall(b"\x03")
        return self.read()

    def close(self):
        self.s.close()


def pc(stop):
    return int.from_bytes(bytes.fromhex(re.search(r"20:(\w+);", stop)[1]), "little")


class ReverseCase(gdb_test.GdbCase):
    def stub(self, d):
        s = Stub(d.socket, 60 * cli.emulator.SLOWDOWN)
        self.addCleanup(s.close)
        self.assertIn("ReverseStep+;ReverseContinue+", s("qSupported"))
        return s

    def address(self, elf, name):
        out = subprocess.run(["nm", elf], check=True, capture_output=True, text=True).stdout
        return int(re.search(rf"^(\w+) \w {name}$", out, re.M)[1], 16)

    def state(self, s, n_pes, ranges=()):
        """Registers of all PEs and some memory."""
        out = []
        for pe in range(n_pes):
            s(f"Hg{pe + 1:x}")
            out.append(s("g"))
        s("Hg1")
        return (*out, *(s(f"m{a:x},{n:x}") for a, n in ranges))


class Bare(ReverseCase):
    STEPS = 150

    def back_and_forth(self, smp, *args):
        """Every state on the way back, and again on the way forward, is the one it was."""
        elf = cli.program("debuggee")
        d = self.start(*self.debuggee("-smp", str(smp), "-S", *args))
        s = self.stub(d)
        tick, laps = self.address(elf, "tick"), self.address(elf, "laps")
        step = "vCont;s:1;c"
        memory = [(laps, 64), (self.address(elf, "counter"), 24)]
        s(f"Z0,{tick:x},4")
        for _ in range(4):
            s("vCont;c")
        s(f"z0,{tick:x},4")
        states = [self.state(s, smp, memory)]
        for _ in range(self.STEPS):
            s(step)
            states.append(self.state(s, smp, memory))
        self.assertEqual(len(set(states)), len(states))
        for n in reversed(range(self.STEPS)):
            self.assertNotIn("replaylog", s("bs"))
            self.assertEqual(self.state(s, smp, memory), states[n], n)
        s("bs")
        for n in range(self.STEPS):  # one more: past the present
            s(step)
            self.assertEqual(self.state(s, smp, memory), states[n], n)
        for _ in range(20):
            s(step)
        s.send("vCont;c")
        self.assertEqual(s.read(), "W00")
        self.assertEqual(d.wait(), 0)
        return d.text()

    def test_steps(self):
        plain = self.undisturbed()
        self.assertEqual(self.back_and_forth(1), plain)

    def test_steps_of_one_of_many(self):
        """Turns are short: the others run in between."""
        plain = self.undisturbed("-smp", "4", "--quantum", "100ns")
        self.assertEqual(self.back_and_forth(4, "--quantum", "100ns"), plain)

    def test_interrupts(self):
        """Steps that hold interrupts back are part of what happened."""
        elf = cli.program("debuggee").parent.parent / "guest/timers.elf"
        d = self.start("-M", "virt,virtualization=on,secure=on,gic-version=3", "-semihosting",
                       "-kernel", elf, "-S")
        s = self.stub(d)
        trap = self.address(elf, "guest_trap")
        s(f"Z0,{trap:x},4")
        stops = [s("vCont;c") for _ in range(3)]
        self.assertEqual({pc(x) for x in stops}, {trap})
        here = self.state(s, 1)
        s("bc")
        self.assertNotEqual(self.state(s, 1), here)
        s("vCont;c")
        self.assertEqual(self.state(s, 1), here)
        s(f"z0,{trap:x},4")
        states = []
        for _ in range(300):
            s("vCont;s:1")
            states.append(self.state(s, 1))
        for want in reversed(states[:-1]):
            s("bs")
            self.assertEqual(self.state(s, 1), want)
        for want in states[1:]:
            s("vCont;s:1")
            self.assertEqual(self.state(s, 1), want)
        s.send("vCont;c")
        self.assertEqual(s.read(), "W00")
        self.assertEqual(d.wait(), 0)

    def test_changes_make_another_present(self):
        """What a debugger wrote stays, also when the machine comes there from its past; in the past
        it ends what came later."""
        elf = cli.program("debuggee")
        d = self.start(*self.debuggee("-S"))
        s = self.stub(d)
        tick, rounds = self.address(elf, "tick"), self.address(elf, "rounds")
        s(f"Z0,{tick:x},4")
        for _ in range(3):
            s("vCont;c")
        self.assertEqual(s(f"M{rounds:x},8:0500000000000000"), "OK")
        written = self.state(s, 1, [(rounds, 8)])
        s("vCont;c")
        s("bc")
        self.assertEqual(self.state(s, 1, [(rounds, 8)]), written)
        s("bc")
        self.assertEqual(s(f"m{rounds:x},8"), "1400000000000000")
        s("vCont;c")
        self.assertEqual(self.state(s, 1, [(rounds, 8)]), written)
        s("bc")
        self.assertEqual(s(f"M{rounds:x},8:0700000000000000"), "OK")
        for _ in range(5):
            s("vCont;c")
        s.send("vCont;c")
        self.assertEqual(s.read(), "W00")
        self.assertEqual(d.wait(), 0)
        self.assertIn("OK 7 checks", d.text())

    def test_little_memory(self):
        """Frames that are given up are not missed; the history begins later."""
        elf = cli.program("debuggee")
        args = self.debuggee("-smp", "2")
        plain = cli.run(*cli.BARE, "-serial", "none", *args, "--quantum", "1ms")
        for size in ("2M", "512K"):
            d = self.start(*args, "-S", "--quantum", "1ms", "--key-frames", size)
            s = self.stub(d)
            tick, hold = self.address(elf, "tick"), self.address(elf, "hold")
            s(f"Z0,{tick:x},4")
            stops = [self.state(s, 2) for _ in range(15) if s("vCont;c")]
            for want in reversed(stops[:-1]):
                self.assertNotIn("replaylog", s("bc"))
                self.assertEqual(self.state(s, 2), want)
            s(f"z0,{tick:x},4")
            s.send("vCont;c")
            self.assertEqual(s.read(), "W00")
            self.assertEqual(d.wait(), 0)
            self.assertEqual(d.text(), plain.output, hold)

    def test_gdb(self):
        """Breakpoints and watchpoints backwards, the beginning, and forward to the end."""
        for smp in ("1", "4"):
            plain = self.undisturbed("-smp", smp)
            d = self.start(*self.debuggee("-smp", smp, "-S"))
            out = self.gdb(
                d, "tbreak tick if i == 7", "continue", "break touch", "reverse-continue", "p i",
                "reverse-finish", "delete", "watch counter", "reverse-continue", "x/i $pc",
                "reverse-continue", "p counter", "delete", "rwatch seen", "reverse-continue",
                "delete", "awatch watched", "reverse-continue", "reverse-continue", "x/i $pc",
                "delete", "break tick if i == 2", "reverse-continue", "reverse-next",
                "p $pc", "delete", "reverse-continue", "stepi", "tbreak tick if i == 9",
                "continue", "delete", "continue", symbols=self.elf)
            self.check_values(
                out, r"\nTemporary breakpoint 1, |hit Temporary breakpoint 1, ",
                r"Breakpoint 2, .*touch \(i=i@entry=6", r"\$1 = 6", r"touch\(i\);",
                r"Hardware watchpoint 3: counter\n\nOld value = 6\nNew value = 5", r"str\s",
                r"Old value = 5\nNew value = 4", r"\$2 = 4",
                r"No more reverse-execution history")
            self.assertEqual(d.wait(), 0)
            self.assertEqual(d.text(), plain)

    def test_replay(self):
        """A journal is replayed under a debugger, back and forth; it cannot be changed in its past,
        and ends as it was recorded."""
        elf = cli.program("debuggee")
        log = self.folder / "journal"
        plain = cli.run(*cli.BARE, "-serial", "none", *self.debuggee("-smp", "2"), "--record", log)
        self.assertEqual(plain.status, 0, plain.output)
        d = self.start("--replay", log, "-S")
        s = self.stub(d)
        tick = self.address(elf, "tick")
        s(f"Z0,{tick:x},4")
        stops = [self.state(s, 2) for _ in range(6) if s("vCont;c")]
        for want in reversed(stops[:-1]):
            s("bc")
            self.assertEqual(self.state(s, 2), want)
        self.assertEqual(s("P0=0000000000000000"), "E16")
        s(f"z0,{tick:x},4")
        end = s("vCont;c")
        self.assertIn("replaylog:end;", end)
        last = self.state(s, 2)
        s("bs")
        self.assertNotEqual(self.state(s, 2), last)
        self.assertIn("replaylog:end;", s("vCont;c"))
        self.assertEqual(self.state(s, 2), last)
        s(f"Z0,{tick:x},4")
        s("bc")
        self.assertNotIn("replaylog", s("bc"))
        s(f"z0,{tick:x},4")
        self.assertIn("replaylog:end;", s("vCont;c"))
        s.send("vCont;c")
        self.assertEqual(s.read(), "W00")
        self.assertEqual(d.wait(), 0)
        self.assertEqual(d.text(), plain.output)

    def test_end_of_a_replay_that_somebody_stopped(self):
        """It is shown, too, and a debugger that detaches there lets it end."""
        log = self.folder / "journal"
        with self.terminal(*cli.BARE, "-serial", "mon:stdio", "--record", log,
                           *cli.raw(self.folder / "spin", cli.SPIN)) as t:
            t.drain(0.5)  # it runs
            t.send(CTRL_A + "x")
            self.assertEqual(t.wait(20), 0)
        d = self.start("--replay", log, "-S")
        s = self.stub(d)
        self.assertIn("replaylog:end;", s("vCont;c"))
        s("bs")
        self.assertIn("replaylog:end;", s("vCont;c"))
        self.assertEqual(s("D"), "OK")
        self.assertEqual(d.wait(), 0)

    def test_end_of_a_journal_that_was_cut(self):
        """It stays where it is, however often a debugger comes there from the past."""
        log = self.folder / "journal"
        count = [0x91000400, 0x17FFFFFF]  # ADD X0, X0, #1; B
        with self.terminal(*cli.BARE, "-serial", "null", "--record", log,
                           *cli.raw(self.folder / "count", count)) as t:
            sizes = set()  # none yet, its beginning, a state
            cli.wait_for(lambda: sizes.add(log.exists() and log.stat().st_size) or len(sizes) > 2)
            t.kill()
        d = self.start("--replay", log, "-S")
        s = self.stub(d)
        self.assertIn("replaylog:end;", s("vCont;c"))
        end = self.state(s, 1)
        for back in "bs", "bc", "bs":
            s(back)
            self.assertNotEqual(self.state(s, 1), end)
            self.assertIn("replaylog:end;", s("vCont;c"))
            self.assertEqual(self.state(s, 1), end)
        s.send("vCont;c")
        self.assertEqual(s.read(), "W00")
        self.assertEqual(d.wait(), 0)

    def test_replay_of_nothing(self):
        """A run that ended before its first instruction waits at its start for a debugger."""
        log = self.folder / "journal"
        spin = cli.raw(self.folder / "spin", cli.SPIN)
        with self.terminal(*cli.BARE, "-serial", "null", "-monitor", "stdio", "-S", "--record",
                           log, *spin) as t:
            t.expect(r"\(qemu\)")
            t.send("quit\r")
            self.assertEqual(t.wait(20), 0)
        self.assertEqual(cli.run("--replay", log).status, 0)
        d = self.start("--replay", log, "-S")
        s = self.stub(d)
        start = self.state(s, 1)
        self.assertIn("replaylog:end;", s("vCont;c"))
        self.assertEqual(self.state(s, 1), start)
        s.send("vCont;c")
        self.assertEqual(s.read(), "W00")
        self.assertEqual(d.wait(), 0)

    def stays_off(self, *lines):
        """The journal of a machine that powers off, stays, and is told lines by the monitor."""
        log = self.folder / "journal"
        off = [0xD503201F, 0x52800100, 0x72B08000, 0xD4000003]  # NOP; PSCI SYSTEM_OFF
        with self.terminal(*cli.BARE, "-M", "virt,virtualization=on", "-m", "16M", "-serial",
                           "null", "-monitor", "stdio", "-no-shutdown", "--record", log,
                           *cli.raw(self.folder / "off", off)) as t:
            cli.wait_for(lambda: self.is_off(t))
            for line in lines:
                t.send(line + "\r")
                t.expect(r"\(qemu\)")
            cli.wait_for(lambda: self.is_off(t))
            t.send("quit\r")
            self.assertEqual(t.wait(20), 0)
        return log

    def test_replay_of_a_reset_that_leads_out(self):
        """Of -no-shutdown: who let the reset machine go on is not in the journal."""
        log = self.stays_off("system_reset", "cont")
        self.assertEqual(cli.run("--replay", log).status, 0)

    def test_replay_of_a_machine_that_stays_off(self):
        """The end of the journal comes after the guest's own."""
        d = self.start("--replay", self.stays_off(), "-S")
        s = self.stub(d)
        self.assertIn("T05", s("vCont;c"))
        s("bs")
        s("bs")
        self.assertIn("replaylog:end;", s("vCont;c"))
        s.send("vCont;c")
        self.assertEqual(s.read(), "W00")
        self.assertEqual(d.wait(), 0)

    @staticmethod
    def is_off(t):
        t.send("info status\r")
        return "shutdown" in t.expect(r"(?s)VM status: (.*?)\(qemu\)")[1]


CRASH = """#!/bin/sh
export PATH=/bin
mount -t proc proc /proc
echo c >/proc/sysrq-trigger
"""

# bust_spinlocks counts in a variable that the kernel's list of symbols does not have.
FIND_VARIABLE = r"""python
import re
text = gdb.execute("x/12i bust_spinlocks", to_string=True)
page = int(re.search(r"adrp\s+x\d+, 0x([0-9a-f]+)", text)[1], 16)
offset = int(re.search(r"str\s+w\d+, \[x\d+, #(\d+)\]", text)[1])
gdb.execute(f"set $v = (int *) {page + offset:#x}")
end"""


class Linux(gdb_test.Linux):
    def test_boot(self):
        """In gdb_test."""

    def test_from_the_end_of_a_panic_to_the_store(self):
        """The kernel panics and is about to restart; the way back leads to the store that
        announced it, to who asked for it, and forward again to the same end."""
        elf = self.symbols()
        script, serial = self.folder / "crash.sh", self.folder / "serial.txt"
        script.write_text(CRASH)
        args = cli.linux(cli.initramfs(self.folder, script), "-smp", "2", "-cpu", "cortex-a76",
                         "-no-reboot", "-rtc", "base=2026-01-31T12:00:00",
                         cmdline=f"{self.CMDLINE} panic=-1")
        plain = cli.run(*cli.BARE, *args, "-serial", f"file:{serial}", timeout=120)
        self.assertEqual(plain.status, 0, plain.output)
        expected = serial.read_bytes()
        self.assertIn(b"sysrq triggered crash", expected)
        d = self.start(*args, "-serial", f"file:{serial}", "-S")
        clock = "python print(f'took {time.monotonic() - t:.1f} s'); t = time.monotonic()"
        out = self.gdb(
            d, "hbreak panic", "continue", FIND_VARIABLE, "delete", "hbreak emergency_restart",
            "continue", "delete", "set $last = $x19", "p *$v", "watch *$v",
            "python import time; t = time.monotonic()", "reverse-continue", clock, "bt 2",
            "x/i $pc", "p *$v", "delete", "break __handle_sysrq", "reverse-continue", clock,
            "set $at = $pc", "stepi 50", "reverse-stepi 50", clock, "p $pc == $at", "delete",
            "hbreak emergency_restart", "continue", "p $last == $x19", "delete", "continue",
            symbols=elf)
        self.check_values(
            out, r"Breakpoint 1, .* in panic \(\)", r"Breakpoint 2, .* in emergency_restart",
            r"\$1 = 1", r"Hardware watchpoint 3: \*\$v\n\nOld value = 1\nNew value = 0",
            r"#0 .* in bust_spinlocks \(\)\n#1 .* in panic", r"bust_spinlocks\+\d+>:\s+str\s",
            r"\$2 = 0", r"Breakpoint 4, .* in __handle_sysrq", r"\$3 = 1",
            r"Breakpoint 5, .* in emergency_restart", r"\$4 = 1", r"exited normally")
        print(*re.findall(r"took .*", out))
        self.assertEqual(d.wait(), 0)
        self.assertEqual(serial.read_bytes(), expected)


if __name__ == "__main__":
    cli.main()
