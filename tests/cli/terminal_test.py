#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The terminal: its keys, and that it is left as it was found on every way out."""
import os
import signal
import time

import cli
from terminal import CTRL_A, Timeout, quickly


class Leaving(cli.Case):
    def spinning(self, *args, words=cli.SPIN):
        t = self.terminal(*cli.BARE, "-serial", "mon:stdio", *args,
                          *cli.raw(self.folder / "code", words))
        end = time.monotonic() + 10
        while t.is_restored():  # raw mode is on when it runs
            if time.monotonic() > end:
                raise Timeout("the terminal never went raw")
            time.sleep(0.01)
        time.sleep(0.2)
        return t

    def check_gone(self, t, status):
        started = time.monotonic()
        self.assertEqual(t.wait(), status)
        self.assertLess(time.monotonic() - started, quickly())
        self.assertTrue(t.is_restored(), "the terminal is not as it was")

    def test_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            for words in (cli.SPIN, cli.SLEEP):
                for smp in ("1", "4"):
                    with self.subTest(signal=number, words=words, smp=smp):
                        t = self.spinning("-smp", smp, words=words)
                        t.signal(number)
                        self.check_gone(t, 128 + number)

    def test_ctrl_a_x(self):
        for pace in ("on", "off"):
            for words in (cli.SPIN, cli.SLEEP):
                with self.subTest(pace=pace, words=words):
                    t = self.spinning("--pace", pace, words=words)
                    t.send(CTRL_A + "x")
                    self.check_gone(t, 0)
                    self.assertIn("Terminated", t.text)

    def test_fatal_signals(self):
        for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS):
            with self.subTest(signal=number):
                t = self.spinning()
                t.signal(number)
                self.check_gone(t, 128 + number)

    def test_hangup(self):
        """The terminal window is closed."""
        t = self.spinning()
        os.close(t.slave)
        os.close(t.master)
        t.master = t.slave = None
        self.assertEqual(t.proc.wait(5), -signal.SIGHUP if t.proc.returncode < 0 else 128 + 1)

    def test_stop_and_continue(self):
        t = self.spinning()
        t.signal(signal.SIGTSTP)
        end = time.monotonic() + 5
        while t.state() != "T":
            self.assertLess(time.monotonic(), end, "not stopped")
            time.sleep(0.01)
        self.assertTrue(t.is_restored(), "stopped: the shell's terminal")
        t.signal(signal.SIGCONT)
        while t.is_restored():
            self.assertLess(time.monotonic(), end, "raw mode did not come back")
            time.sleep(0.01)
        t.send(CTRL_A + "x")
        self.check_gone(t, 0)

    def test_error_exits(self):
        """Mistakes found after the terminal went raw."""
        late = [["-netdev", "user,id=n,hostfwd=nonsense"],
                ["-device", "virtio-net-device,netdev=absent"],
                ["-kernel", "/nonexistent"],
                ["-cpu", "max,nonsense=on"],
                ["-device", "virtio-blk-device,drive=absent"]]
        for args in late:
            with self.subTest(args=args):
                t = self.terminal(*cli.BARE, "-serial", "mon:stdio", *args)
                self.assertEqual(t.wait(), 1)
                self.assertTrue(t.is_restored())

    def test_output_nobody_reads(self):
        """A guest that prints into a terminal that takes no more can be left."""
        # mov x0, #0x9000000; mov w1, #'x'; strb w1, [x0]; b .-4
        t = self.spinning(words=[0xD2A12000, 0x52800F01, 0x39000001, 0x17FFFFFF])
        time.sleep(0.5)
        t.signal(signal.SIGTERM)
        self.assertEqual(t.proc.wait(quickly()), 128 + signal.SIGTERM)
        self.assertTrue(t.is_restored())


class Keys(cli.Case):
    def test_help_and_escape(self):
        # Echo what the UART receives: x0 = UART; 1: ldr w1, [x0, #0x18]; tbnz w1, #4, 1b;
        # ldr w1, [x0]; add w1, w1, #1; str w1, [x0]; b 1b
        words = [0xD2A12000, 0xB9401801, 0x3727FFE1, 0xB9400001, 0x11000421, 0xB9000001,
                 0x17FFFFFB]
        t = self.terminal(*cli.BARE, "-serial", "mon:stdio",
                          *cli.raw(self.folder / "code", words))
        t.send("A")
        t.expect("B", 10)
        t.send(CTRL_A + "h")
        for key in ("h", "x", "b", "c", "Ctrl-A"):
            t.expect(f"Ctrl-A {key} ", 10)
        t.send(CTRL_A + CTRL_A)
        t.expect("\x02", 10)  # Ctrl-A plus one
        t.send(CTRL_A + "z" + "C")  # an unknown key is dropped
        t.expect("D", 10)
        self.assertNotIn("{", t.text)
        t.send("\x03\x1a\x1c\r\n\x11\x13\xc3\xa9".encode().decode("utf-8"))  # all of it
        t.expect("\x04\x1b\x1d\x0e\x0b\x12\x14", 10)
        t.send(CTRL_A + "x")
        self.assertEqual(t.wait(), 0)


if __name__ == "__main__":
    cli.main()
