#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Journals: a recorded run is replayed without what it came from; damage and differences are told.
"""
import os
import pathlib
import shutil
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
import cli  # noqa: E402
from terminal import CTRL_A  # noqa: E402

SEMIHOST = ["-M", "virt,virtualization=on,secure=on,gic-version=3", *cli.BARE, "-serial", "none",
            "-monitor", "none", "-semihosting-config", "enable=on,target=native,arg=prog,arg=7"]


class Journal(cli.Case):
    def setUp(self):
        super().setUp()
        self.log = self.folder / "run.jrnl"

    def record(self, *args, options="", **kw):
        return cli.run(*args, "--record", f"{self.log},every=1ms{options}", **kw)

    def replay(self, *args, **kw):
        return cli.run("--replay", self.log, *args, **kw)

    def check(self, result, status, text):
        self.assertIn(text, result.output)
        self.assertEqual(result.status, status, result.output)

    def suite(self, *args, **kw):
        return cli.run("replay-suite", *args, **kw)


class Files(Journal):
    """A guest that reads and writes files of the host."""

    def fill(self):
        """What the program expects."""
        for name, text in (("in.txt", "0123456789"), ("old", "x"), ("gone", "x")):
            (self.work / name).write_text(text)
        for name in ("new", "out.txt"):
            (self.work / name).unlink(missing_ok=True)
        return self.work

    def start(self, options=""):
        self.work = self.folder / "work"
        self.work.mkdir()
        self.fill()
        self.elf = self.work / "guest.elf"
        shutil.copy(cli.program("semihost"), self.elf)
        result = self.record(*SEMIHOST, "-kernel", "guest.elf", options=options, cwd=self.work)
        self.assertEqual(result.status, 7)
        return result

    def test_files_and_images_are_in_the_journal(self):
        recorded = self.start()
        shutil.rmtree(self.work)
        result = self.replay(cwd=self.folder)
        self.check(result, 7, recorded.output)
        self.assertEqual(list(self.folder.iterdir()), [self.log])

    def test_another_machine_is_another_run(self):
        self.start()
        result = self.replay("-m", "256M", "-cpu", "cortex-a57")
        self.check(result, 1, "the replay is another run: at 0.00")
        self.assertRegex(result.output, r"machine \([0-9a-f]{16}, was [0-9a-f]{16}\).*; PE 0 EL")

    def test_cut_anywhere(self):
        self.start()
        whole = self.log.read_bytes()
        for n in range(0, len(whole), max(1, len(whole) // 40)):
            self.log.write_bytes(whole[:n])
            result = self.replay()
            self.assertRegex(result.output, "the journal ends here|not a journal|no configuration|"
                             "before its files are whole")
            self.assertIn(result.status, (0, 1, 7))

    def test_damaged_anywhere(self):
        self.start()
        whole = self.log.read_bytes()
        for n in range(0, len(whole), max(1, len(whole) // 40)):
            self.log.write_bytes(whole[:n] + bytes([whole[n] ^ 1]) + whole[n + 1:])
            result = self.replay()
            self.assertRegex(result.output, "damaged at byte|not a journal|version|ends here")

    def test_named_images(self):
        self.start(options=",embed=0,note=ask Ann")
        away = self.folder / "a/work"
        self.check(self.replay(cwd=self.work), 7, "")
        self.check(self.replay(), 1, "'guest.elf' is not here (ask Ann): name its folder")
        away.mkdir(parents=True)
        moved = self.elf.rename(away / "guest.elf")
        self.check(self.replay("--images", away), 7, "")
        os.environ["ARMATURE_CACHE"] = str(away)
        self.addCleanup(os.environ.pop, "ARMATURE_CACHE", None)
        self.check(self.replay(), 7, "")
        moved.write_bytes(moved.read_bytes() + b"x")
        self.check(self.replay(), 1, "guest.elf' is not the file that was recorded as 'guest.elf'")
        del os.environ["ARMATURE_CACHE"]
        shutil.copy(cli.program("semihost"), self.folder / "guest.elf")
        self.check(self.replay(), 7, "")

    def test_refused(self):
        disk = self.folder / "disk"
        disk.write_bytes(bytes(1 << 16))
        for args, why in ((["-s"], "not with -gdb"),
                          (["--snapshot-save-at", "1ms"], "not with snapshots"),
                          (["--snapshot-load", "x"], "not with snapshots"),
                          (["-drive", f"file={disk},format=raw"], "would be another file")):
            self.check(self.record(*SEMIHOST, "-kernel", cli.program("semihost"), *args), 1, why)
            self.assertFalse(self.log.exists())

    def test_a_journal_opens_nothing(self):
        """Neither the files nor the sockets of the recorded command."""
        out = [self.folder / n for n in ("log", "trace", "serial", "pid", "socket", "chardev")]
        self.start()
        self.check(self.record(
            *SEMIHOST, "-kernel", "guest.elf", "-d", "int", "-D", out[0], "--trace", out[1],
            "-serial", f"file:{out[2]}", "-pidfile", out[3], "-qmp",
            f"unix:{out[4]},server=on,wait=off", "-chardev", f"stdio,id=c,logfile={out[5]}",
            "-device", "virtio-serial-device", "-device", "virtconsole,chardev=c", cwd=self.fill()),
            7, "")
        for path in out:
            path.unlink(missing_ok=True)
        before = sorted(self.folder.rglob("*"))
        self.check(self.replay(cwd=self.work), 7, "")
        self.assertEqual(sorted(self.folder.rglob("*")), before)

    def test_suite(self):
        self.start()
        shutil.rmtree(self.work)
        deep = self.folder / "deep/er"
        deep.mkdir(parents=True)
        for name in ("a", "b", "c"):
            shutil.copy(self.log, deep / f"{name}.jrnl")
        self.check(self.suite(self.folder, "--jobs", "2"), 0,
                   "4 journals: 4 the same, 0 accepted, 0 not the same, 0 cut short, 0 skipped")
        whole = self.log.read_bytes()
        self.log.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        result = self.suite(self.folder)
        self.check(result, 1,
                   "4 journals: 3 the same, 0 accepted, 1 not the same, 0 cut short, 0 skipped")
        self.assertRegex(result.output, r"(?m)^differs .*run.jrnl .*\n +the journal is damaged")
        self.check(self.suite(self.folder / "work"), 1, "does not exist")
        self.check(self.suite(deep, "--", "-m", "256M"), 1, "3 not the same")

    def test_suite_with_a_journal_cut_short(self):
        """It is not the same: nobody knows how it ended. Accepted, it ends where it was cut."""
        self.start()
        self.log.write_bytes(self.log.read_bytes()[:-1])
        result = self.suite(self.folder)
        self.check(result, 1, "1 journals: 0 the same, 0 accepted, 0 not the same, 1 cut short")
        self.assertRegex(result.output, r"(?m)^cut .*run.jrnl .*\n +the journal ends here")
        self.check(self.suite(self.folder, "--accept"), 0, "1 accepted")
        self.check(self.suite(self.folder), 0, "1 the same")

    def test_accept(self):
        """A journal of another machine becomes one of this one, when somebody says so."""
        self.start()
        other = ["--", "-cpu", "cortex-a57"]
        self.check(self.suite(self.folder, *other), 1, "1 not the same")
        before = self.log.read_bytes()
        result = self.suite(self.folder, "--accept", *other)
        self.check(result, 0, "1 accepted")
        self.assertRegex(result.output, r"(?m)^changed .*\n +\d+ of \d+ states are others; the "
                         r"first one at 0\.\d+ s: .*was [0-9a-f]{16}")
        self.assertNotEqual(self.log.read_bytes(), before)
        self.assertEqual(len(list(self.folder.iterdir())), 2)
        self.check(self.suite(self.folder, *other), 0, "1 the same")
        self.check(self.suite(self.folder), 1, "1 not the same")


class Bare(Journal):
    """Guests of a few words."""

    # Echo: x1 = UART; until a key: read UARTFR.RXFE; then write it back.
    ECHO = [0xD2A12001,  # mov x1, #0x09000000
            0xB9401822, 0x3727FFE2,  # ldr w2, [x1, #0x18]; tbnz w2, #4, .-4
            0xB9400023, 0xB9000023,  # ldr w3, [x1]; str w3, [x1]
            0x17FFFFFC]  # b .-16

    def spawn(self, *args):
        return self.terminal(*cli.BARE, *args, "--record", f"{self.log},every=10ms")

    def test_keys(self):
        t = self.spawn("-serial", "stdio", *cli.raw(self.folder / "echo", self.ECHO))
        for key in "armature":
            t.send(key)
            t.expect(key)
            time.sleep(0.05)
        t.send(CTRL_A + "x")
        self.assertEqual(t.wait(20), 0)
        result = self.replay(stdin=b"something else")
        self.check(result, 0, "armature")
        self.assertNotIn("else", result.output)

    def test_killed(self):
        """Nothing is lost but the end."""
        t = self.spawn("-serial", "stdio", *cli.raw(self.folder / "echo", self.ECHO))
        for key in "abc":
            t.send(key)
            t.expect(key)
        time.sleep(0.2)
        t.proc.send_signal(signal.SIGKILL)
        t.proc.wait()
        result = self.replay()
        self.check(result, 0, "abc")
        self.assertIn("the journal ends here", result.output)

    def test_monitor(self):
        """Commands that change the machine are input; stop and cont are not."""
        t = self.spawn("-serial", "mon:stdio", *cli.raw(self.folder / "echo", self.ECHO))
        t.send("1")
        t.expect("1")
        t.send(CTRL_A + "c")
        t.expect(r"\(qemu\)")
        for line in ("stop", "cont", "system_reset", "savevm x", "info status"):
            t.send(line + "\r")
            t.expect(r"\(qemu\)")
        self.assertIn("while the run is recorded", t.text)
        t.send(CTRL_A + "c")
        t.send("2")
        t.expect("2")
        t.send(CTRL_A + "c" + "quit\r")
        self.assertEqual(t.wait(20), 0)
        result = self.replay("-monitor", "none")
        self.check(result, 0, "12")

    def test_waits_for_ever(self):
        """An end that somebody made, and an end that is missing, do not leave a replay waiting."""
        t = self.spawn("-serial", "null", "-monitor", "stdio",
                       *cli.raw(self.folder / "sleep", cli.SLEEP))
        t.expect(r"\(qemu\)")
        t.send("quit\r")
        self.assertEqual(t.wait(20), 0)
        self.check(self.replay(), 0, "")
        self.log.write_bytes(self.log.read_bytes()[:-1])
        self.check(self.replay(), 0, "the journal ends here")


if __name__ == "__main__":
    cli.main()
