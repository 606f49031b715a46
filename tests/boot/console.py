# SPDX-License-Identifier: Apache-2.0
"""A conversation with a guest over its serial console."""
import os
import re
import select
import subprocess
import sys
import time

ESCAPES = re.compile(r"\x1b(\[[0-9;=?!]*[A-Za-z]|[()].)")
BEGUN = re.compile(rb"\x1b(\[[0-9;=?!]*|[()])?$")  # one that is not whole yet


class Console:
    """A process whose stdin and stdout are the console. What it prints is kept in .log."""

    def __init__(self, argv):
        self.log = ""
        self.at = 0  # what is before this has been seen
        self.raw = b""
        self.proc = subprocess.Popen([str(a) for a in argv], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.proc.kill()
        self.proc.wait()
        self.proc.stdin.close()
        self.proc.stdout.close()

    def _fail(self, why):
        print(self.log[-3000:])
        sys.exit(f"\n{why}")

    def _read(self, left):
        """False at the end of the output. Escape sequences are taken out, whole ones only."""
        if not select.select([self.proc.stdout], [], [], max(left, 0))[0]:
            return True
        data = os.read(self.proc.stdout.fileno(), 65536)
        self.raw += data
        begun = BEGUN.search(self.raw)
        whole = begun.start() if begun and data else len(self.raw)
        text = self.raw[:whole].decode("utf-8", "replace")
        self.raw = self.raw[whole:]
        self.log += ESCAPES.sub("", text).replace("\r", "")
        return bool(data)

    def expect(self, pattern, timeout=120):
        """Wait for a regular expression in what has not been seen; returns the match."""
        end = time.monotonic() + timeout
        running = True
        while True:
            m = re.compile(pattern).search(self.log, self.at)
            if m:
                self.at = m.end()
                return m
            if not running:
                self._fail(f"ended with status {self.proc.wait()} without: {pattern}")
            if time.monotonic() > end:
                self._fail(f"not in {timeout} s: {pattern}")
            running = self._read(end - time.monotonic())

    def send(self, text):
        try:
            self.proc.stdin.write(text.encode())
            self.proc.stdin.flush()
        except BrokenPipeError:
            self._fail(f"ended before it could read {text!r}")

    def ends(self, status=0, timeout=60):
        """Wait until the emulator has left, with this status."""
        end = time.monotonic() + timeout
        while self._read(end - time.monotonic()):
            if time.monotonic() > end:
                self._fail(f"still runs after {timeout} s")
        got = self.proc.wait()
        if got != status:
            self._fail(f"exit status {got}, want {status}")
