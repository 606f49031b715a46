#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A person at the console of Debian's kernel: editing, Ctrl-C, time, idling, the power key."""
import os
import re
import statistics
import struct
import time

import cli
from terminal import CTRL_A, CTRL_C

MAX_IDLE_LOAD = 0.05  # of a host core
MAX_ECHO_SECONDS = 0.02


class Shell(cli.Case):
    def check_editing(self, t):
        left, backspace = "\x1b[D", "\x7f"
        t.send(f"echo hexlo{left}{left}{backspace}l\r")
        t.expect(r"\nhello\r", 10)
        t.expect(cli.PROMPT)
        t.send("\x1b[A\r")  # arrow up: the last line again
        t.expect(r"\nhello\r", 10)
        t.expect(cli.PROMPT)

    def check_interrupt(self, t):
        t.send("sleep 100\r")
        t.drain(0.5)
        t.send(CTRL_C)
        t.expect(r"\^C", 5)
        t.expect(cli.PROMPT, 5)

    def check_echo(self, t):
        times = []
        for key in "abcdefghijklmno":
            started = time.monotonic()
            t.send(key)
            t.expect(key, 5)
            times.append(time.monotonic() - started)
            time.sleep(0.02)
        t.send("\x15\r")  # forget the line
        t.drain(0.3)
        busy = max(1, os.getloadavg()[0] / os.cpu_count())  # others use the host, too
        self.assertLess(statistics.median(times), MAX_ECHO_SECONDS * busy)

    def check_clock(self, t):
        host = time.monotonic()
        out, _ = self.command(t, "date +%s; sleep 2; date +%s")
        host = time.monotonic() - host
        first, last = map(int, out.split())
        self.assertAlmostEqual(host, 2, delta=1)
        self.assertIn(last - first, (2, 3))

    def check_idle(self, t):
        t.drain(1)
        before = t.cpu_seconds()
        time.sleep(10)
        load = (t.cpu_seconds() - before) / 10
        print(f"idle: {load:.1%} of a core")
        self.assertLess(load, MAX_IDLE_LOAD)

    def check_all(self, smp):
        t = self.shell("-smp", smp)
        self.assertFalse(t.is_restored(), "the terminal is not raw")
        self.check_editing(t)
        self.check_interrupt(t)
        self.check_echo(t)
        self.check_clock(t)
        self.check_idle(t)
        t.send("poweroff -f\r")
        self.assertEqual(t.wait(), 0)
        self.assertTrue(t.is_restored())

    def test_one_pe(self):
        self.check_all("1")

    def test_four_pes(self):
        self.check_all("4")

    def test_power_key(self):
        """Ctrl-A p holds the key for 100 ms: gpio-keys sees it go down and up."""
        t = self.shell(load="gpio_keys,evdev")
        t.send("dd bs=24 count=4 </dev/input/event0 2>/dev/null | od -An -v -tx1\r")
        t.drain(1)
        t.send(CTRL_A + "p")
        text = t.expect(r"((?:( [0-9a-f]{2}){16}\r+\n){6})", 10)[1]
        raw = bytes.fromhex(re.sub(r"\s", "", text))
        events = [struct.unpack_from("<qqHHi", raw, at) for at in range(0, len(raw), 24)]
        down, _, up, _ = events
        self.assertEqual([down[2:], up[2:]], [(1, 116, 1), (1, 116, 0)])  # EV_KEY KEY_POWER
        held = (up[0] - down[0]) + (up[1] - down[1]) / 1e6
        self.assertAlmostEqual(held, 0.1, delta=0.02)

    def test_reboot_and_leave(self):
        t = self.shell()
        t.send("reboot -f\r")
        t.expect(cli.PROMPT, 60)
        t.send("\x04")  # the end of input leaves the shell: the guest powers off
        self.assertEqual(t.wait(), 0)
        t = self.shell("-no-reboot")
        t.send("reboot -f\r")
        self.assertEqual(t.wait(), 0)
        self.assertTrue(t.is_restored())


if __name__ == "__main__":
    cli.main()
