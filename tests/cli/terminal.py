# SPDX-License-Identifier: Apache-2.0
"""A program on a terminal of its own: type, wait for what it prints, see what it left behind."""
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time

CTRL_A = "\x01"
CTRL_C = "\x03"


def quickly():
    """Seconds from being asked to leave to being gone, where others use the host, too."""
    return 0.5 * max(1, os.getloadavg()[0] / os.cpu_count())


class Timeout(Exception):
    """What was waited for did not come."""


class Terminal:
    """The program leads a session whose controlling terminal is a pty that we hold."""

    def __init__(self, argv, cwd=None):
        self.master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.settings = termios.tcgetattr(slave)
        self.slave = slave  # kept open: the settings can be read when the program is gone
        self.text = ""  # all that was printed
        self.seen = 0  # how much of it expect() has used up
        self.proc = subprocess.Popen([str(a) for a in argv], cwd=cwd, stdin=slave, stdout=slave,
                                     stderr=slave, start_new_session=True,
                                     preexec_fn=self._own_terminal)

    @staticmethod
    def _own_terminal():
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.kill()

    def kill(self):
        if self.proc.poll() is None:
            os.killpg(self.proc.pid, signal.SIGKILL)
            self.proc.wait()
        for fd in (self.master, self.slave):
            if fd is not None:
                os.close(fd)
        self.master = self.slave = None

    def send(self, text):
        os.write(self.master, text.encode())

    def _read(self, seconds):
        ready, _, _ = select.select([self.master], [], [], max(seconds, 0))
        if not ready:
            return False
        self.text += os.read(self.master, 65536).decode("utf-8", "replace")
        return True

    def expect(self, pattern, timeout=60):
        """Wait for a regular expression in what has not been used up; returns the match."""
        end = time.monotonic() + timeout
        while True:
            match = re.compile(pattern).search(self.text, self.seen)
            if match:
                self.seen = match.end()
                return match
            if not self._read(end - time.monotonic()) and time.monotonic() >= end:
                raise Timeout(f"no {pattern!r} in {timeout} s after {self.text[self.seen:]!r}")

    def drain(self, seconds):
        """Read for a while; returns what came and counts it as used up."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._read(end - time.monotonic())
        new, self.seen = self.text[self.seen:], len(self.text)
        return new

    def wait(self, timeout=10):
        """The exit status; 128 + n on signal n."""
        end = time.monotonic() + timeout
        while self.proc.poll() is None:
            if time.monotonic() > end:
                raise Timeout(f"still running after {timeout} s: {self.text[-400:]!r}")
            self._read(0.01)
        while self._read(0):
            pass
        code = self.proc.returncode
        return code if code >= 0 else 128 - code

    def signal(self, number):
        os.kill(self.proc.pid, number)

    def settings_now(self):
        return termios.tcgetattr(self.slave)

    def is_restored(self):
        return self.settings_now() == self.settings

    def _stat(self):
        with open(f"/proc/{self.proc.pid}/stat", encoding="ascii") as f:
            return f.read().rpartition(")")[2].split()

    def state(self):
        """R, S, T (stopped), Z, ..."""
        return self._stat()[0]

    def cpu_seconds(self):
        """User and system time of the running program so far."""
        fields = self._stat()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
