#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The monitors: JSON for programs, a prompt for people."""
import json
import re
import subprocess
import time

import cli
from terminal import CTRL_A

UP, TAB = "\x1b[A", "\t"


class Qmp:
    """A client: commands, and what comes unasked."""

    def __init__(self, path, timeout):
        self.s = cli.connect(path, timeout)
        self.f = self.s.makefile("rw", newline="\n", errors="surrogateescape")
        self.events = []
        self.greeting = self.read()

    def read(self):
        line = self.f.readline()
        return json.loads(line) if line else None

    def raw(self, text):
        """Send some text; the next message that is no event."""
        self.f.write(text)
        self.f.flush()
        while (message := self.read()) and "event" in message:
            self.events.append(message)
        return message

    def __call__(self, command, **args):
        message = {"execute": command, **({"arguments": args} if args else {})}
        return self.raw(json.dumps(message))

    def event(self, name):
        while not any(e["event"] == name for e in self.events):
            self.events.append(self.read())
        return next(e for e in self.events if e["event"] == name)

    def names(self):
        return [e["event"] for e in self.events]

    def close(self):
        self.f.close()
        self.s.close()


class QmpCase(cli.Case):
    """Against our emulator, and where the answer is the reference's too, against that."""

    def start(self, *args, emulator=None):
        path = self.folder / f"qmp{time.monotonic_ns()}.sock"
        out = open(self.folder / "out.txt", "wb")
        self.addCleanup(out.close)
        proc = subprocess.Popen(
            [str(a) for a in (emulator or cli.armature(), *cli.BARE, "-serial", "none", *args,
                              "-qmp", f"unix:{path},server=on,wait=off")],
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        self.addCleanup(proc.wait)
        self.addCleanup(proc.kill)
        end = time.monotonic() + 30 * cli.emulator.SLOWDOWN
        while not path.exists():
            self.assertIsNone(proc.poll(), (self.folder / "out.txt").read_text())
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        q = Qmp(path, 30 * cli.emulator.SLOWDOWN)
        q.proc, q.path = proc, path
        self.addCleanup(q.close)
        return q

    def spin(self):
        return ["-M", "virt", "-m", "16M", *cli.raw(self.folder / "spin", cli.SPIN)]


class Protocol(QmpCase):
    # What is sent, and the part of the answer that scripts look at.
    DIALOGUE = [
        ('{"execute":"query-status"}', "CommandNotFound"),
        ('{"execute":"qmp_capabilities"}', {}),
        ('{"execute":"qmp_capabilities"}', "CommandNotFound"),
        ('{"execute":"query-status","id":7}', {"running": False, "status": "prelaunch"}),
        ('{"execute":"no-such-thing"}', "CommandNotFound"),
        ('{"execute":"stop","arguments":{"x":1}}', "GenericError"),
        ('{"execute":"memsave","arguments":{"size":1,"filename":"x"}}', "GenericError"),
        ('{"execute":"memsave","arguments":{"val":"1","size":1,"filename":"x"}}', "GenericError"),
        ('{"arguments":{}}', "GenericError"),
        ('{"execute":"stop","what":1}', "GenericError"),
        ('[1,2]', "GenericError"),
        ('{"execute":"cont"}', {}),
        ('{"execute":"query-status"}', {"running": True, "status": "running"}),
        ('{ "execute"\n:\t"stop" }', {}),
        ('{"execute":"query-status"}', {"running": False, "status": "paused"}),
        ('{"execute":"system_reset"}', {}),
        ('{"execute":"cont"}', {}),
        ('{"execute":"system_powerdown"}', {}),
        ('{"execute":"quit","id":{"a":[1]}}', {}),
    ]

    def dialogue(self, q):
        """Everything that came back, without what differs from run to run."""
        out = []
        for text, want in self.DIALOGUE:
            answer = q.raw(text + "\n")
            self.assertIn("QMP", q.greeting)
            if isinstance(want, str):
                self.assertEqual(answer["error"]["class"], want, text)
            else:
                self.assertEqual(answer["return"], want, text)
            out.append((answer.get("id"), answer.get("error", {}).get("desc", answer)))
            if "system_reset" in text:
                q.event("RESET")
            if "powerdown" in text:
                q.event("POWERDOWN")
        q.event("SHUTDOWN")
        for e in q.events:
            self.assertEqual(set(e.pop("timestamp")), {"seconds", "microseconds"})
        self.assertEqual(q.proc.wait(30 * cli.emulator.SLOWDOWN), 0)
        return out, q.events

    def test_dialogue(self):
        ours = self.dialogue(self.start(*self.spin(), "-S"))
        self.assertEqual([e["event"] for e in ours[1]],
                         ["RESUME", "STOP", "RESET", "RESUME", "POWERDOWN", "SHUTDOWN"])
        self.assertEqual(ours[1][-1]["data"], {"guest": False, "reason": "host-qmp-quit"})
        reference = cli.emulator.find(cli.emulator.QEMU)
        if reference:
            theirs = self.dialogue(self.start(*self.spin(), "-S", emulator=reference))
            self.assertEqual(ours[1], theirs[1])
            self.assertEqual(ours[0], theirs[0])

    def test_garbage(self):
        """An error each, and the next command works; a client may come back."""
        q = self.start(*self.spin())
        for text in ("nonsense\n", "}\n", '{"execute":}\n', '{"execute":"stop"]\n', "[" * 200 +
                     "]" * 200, '{"execute":"stop\n', "[" * 1025, "\udcff", "{\udcff",
                     "{" * 5 + "}" * 5 + "\n", '"a string"\n', "12\n"):
            self.assertIn("error", q.raw(text), text)
        self.assertEqual(q("qmp_capabilities"), {"return": {}})
        q.close()
        again = Qmp(q.path, 30)
        self.assertIn("QMP", again.greeting)
        self.assertIn("error", again("query-status"))
        self.assertEqual(again("qmp_capabilities"), {"return": {}})
        self.assertEqual(again("quit"), {"return": {}})
        again.close()
        self.assertEqual(q.proc.wait(30), 0)

    def test_memory_and_human_commands(self):
        q = self.start(*self.spin(), "-smp", "2")
        q("qmp_capabilities")
        q("stop")
        cpus = q("query-cpus-fast")["return"]
        self.assertEqual([c["cpu-index"] for c in cpus], [0, 1])
        self.assertEqual({c["target"] for c in cpus}, {"aarch64"})
        code = (self.folder / "spin").read_bytes()
        for command in ("memsave", "pmemsave"):
            out = self.folder / command
            self.assertEqual(q(command, val=cli.CODE, size=len(code), filename=str(out)),
                             {"return": {}})
            self.assertEqual(out.read_bytes(), code)
        spaced = self.folder / 'a "name" with spaces'
        quoted = str(spaced).replace('"', '\\"')
        self.assertEqual(self.human(q, f'pmemsave {cli.CODE}+8-2*3 2 "{quoted}"'), "")
        self.assertEqual(spaced.read_bytes(), code[2:4])
        for line, error in (('pmemsave 0 4 "x', "unterminated string"),
                            ('pmemsave 0 4 "\\q"', "unsupported escape code: '\\q'"),
                            ("pmemsave 0 4 a b", "the form is: pmemsave")):
            self.assertIn(error, self.human(q, line))
        self.assertIn("error", q("pmemsave", val=0x30000000, size=8, filename=str(out)))
        self.assertIn("error", q("memsave", val=0, size=8, filename="/no/such/folder"))
        self.assertIn("error", q("memsave", val=0, size=8, filename=str(out), **{"cpu-index": 2}))
        human = {"command-line": "info cpus"}
        self.assertRegex(q("human-monitor-command", **human)["return"], r"\* PE 0 EL2 pc=")
        human = {"command-line": "info cpus", "cpu-index": 1}
        self.assertRegex(q("human-monitor-command", **human)["return"], r"\* PE 1 ")
        human = {"command-line": "nonsense"}
        self.assertIn("Error:", q("human-monitor-command", **human)["return"])
        q("quit")
        self.assertEqual(q.proc.wait(30), 0)

    def human(self, q, line):
        return q("human-monitor-command", **{"command-line": line})["return"]

    def now(self, q):
        return int(re.search(r"virtual time: (\d+) ns", self.human(q, "info status"))[1])

    def test_snapshots(self):
        """Saved and loaded while the machine runs, and while it does not."""
        q = self.start(*self.spin(), "-smp", "2", "--snapshot-dir", self.folder)
        q("qmp_capabilities")
        self.assertIn("no snapshot in", self.human(q, "info snapshots"))
        self.assertEqual(self.human(q, "savevm running"), "")
        q("stop")
        then, state = self.now(q), self.human(q, "info cpus")
        self.assertEqual(self.human(q, "savevm stopped"), "")
        self.assertRegex(self.human(q, "info snapshots"), r"(?s)^running .* MiB .*\nstopped .*\n$")
        q("cont")
        cli.wait_for(lambda: self.now(q) > then)
        q("stop")
        self.assertEqual(self.human(q, "loadvm stopped"), "")
        self.assertEqual((self.now(q), self.human(q, "info cpus")), (then, state))
        q("cont")
        self.assertEqual(self.human(q, "loadvm running"), "")
        self.assertTrue(q("query-status")["return"]["running"])
        self.assertEqual(self.human(q, "delvm stopped"), "")
        for line, error in (("loadvm stopped", "there is no snapshot 'stopped'"),
                            ("delvm none", "there is no snapshot 'none'"),
                            ("savevm ../a", "no name"), ("loadvm .a", "no name"),
                            ("savevm", "the form is")):
            self.assertIn("Error: ", self.human(q, line))
            self.assertIn(error, self.human(q, line))
        (self.folder / "running.snap").write_bytes(b"ARMASNAP")
        self.assertIn("not a snapshot", self.human(q, "loadvm running"))
        self.assertTrue(q("query-status")["return"]["running"])
        q("quit")
        self.assertEqual(q.proc.wait(30), 0)

    SERRORS = """\
EL1: taken to EL1 vector 0x380 esr 0xbf100012
EL1 masked: pending
EL1 AMO: taken to EL2 vector 0x580 esr 0xbf100012
EL1 EA: taken to EL3 vector 0x580 esr 0xbf100012
EL0 TGE: taken to EL2 vector 0x580 esr 0xbf100012
EL2: pending
EL2 AMO: taken to EL2 vector 0x380 esr 0xbf100012
EL2 AMO masked: pending
EL3: pending
EL3 EA masked: pending
EL3 EA NMEA masked: taken to EL3 vector 0x380 esr 0xbf100012
EL1 ESB: deferred 0x81100012
EL2 ESB: deferred 0x81100012
"""

    def test_serror(self):
        """Errors from outside, each when the guest says that it waits for one."""
        q = self.start("-M", "virt,secure=on,virtualization=on", "-cpu", "max", "-m", "64M",
                       "-semihosting", "-kernel", cli.program("serror"))
        q("qmp_capabilities")
        out = self.folder / "out.txt"
        for n in range(1, self.SERRORS.count("\n") + 1):
            cli.wait_for(lambda n=n: out.read_text().count("ready") == n)
            then = self.now(q)
            cli.wait_for(lambda then=then: self.now(q) > then + 100000)
            self.assertEqual(self.human(q, "serror 0x1100012"), "")
        self.assertEqual(q.proc.wait(30), 0)
        self.assertEqual(out.read_text().replace("ready\n", ""), self.SERRORS + "OK 0 checks\n")

    def test_serror_mistakes(self):
        q = self.start(*self.spin(), "-S")
        q("qmp_capabilities")
        self.assertIn("25 bits", self.human(q, "serror 0x2000000"))
        self.assertIn("not a number", self.human(q, "serror x"))

    def test_power_off_and_stay(self):
        """With -no-shutdown: only a reset leads out of it, to a machine that waits."""
        off = [0x52800100, 0x72B08000, 0xD4000003]  # PSCI SYSTEM_OFF
        args = ["-M", "virt,virtualization=on", "-m", "16M", "-no-shutdown",
                *cli.raw(self.folder / "off", off)]
        q = self.start(*args, "-S")
        q("qmp_capabilities")
        q("cont")
        self.assertEqual(q.event("SHUTDOWN")["data"], {"guest": True, "reason": "guest-shutdown"})
        q.event("STOP")
        self.assertEqual(q("query-status")["return"], {"running": False, "status": "shutdown"})
        self.assertIn("Resetting", q("cont")["error"]["desc"])
        q("system_reset")
        q.event("RESET")
        self.assertEqual(q("query-status")["return"]["status"], "prelaunch")
        q("quit")
        self.assertEqual(q.proc.wait(30), 0)


class Human(cli.Case):
    SPIN = ["-M", "virt", "-m", "16M"]

    def test_shared_with_a_serial_line(self):
        """Ctrl-A c on -nographic: prompt, help, completion, history, and back."""
        t = self.terminal("-nographic", *self.SPIN, *cli.raw(self.folder / "spin", cli.SPIN))
        cli.wait_for(lambda: not t.is_restored())
        t.send(CTRL_A + "c")
        t.expect(r"Armature monitor.*\r\n\(qemu\) ")
        t.send("help\r")
        t.expect(r"system_reset .*reset the machine\r+\n(.*\r+\n)+\(qemu\) ")
        t.send("inf" + TAB + "sta" + TAB + "\r")
        t.expect(r"info status \r+\nVM status: running\r+\n")
        t.send("sx\bt" + TAB + "\r")
        t.expect(r"top \r+\n\(qemu\) ")
        t.send("info st" + TAB + "\r")
        t.expect(r"VM status: paused\r+\n")
        t.send(UP + "\r")
        t.expect(r"info status\r+\nVM status: paused\r+\n")
        t.send("system" + TAB + TAB)
        t.expect(r"system_reset +system_powerdown\r+\n\(qemu\) system_$")
        t.send("\x15nonsense\r")
        t.expect(r"Error: unknown command: 'nonsense'\r+\n\(qemu\) ")
        t.send("cont\r" + CTRL_A + "c" + CTRL_A + "c")
        t.expect(r"\(qemu\) .*\(qemu\) ".replace(".*", r"(.|\n)*"))
        t.send("quit\r")
        self.assertEqual(t.wait(), 0)
        self.assertTrue(t.is_restored())

    def test_on_standard_input(self):
        result = cli.run(*cli.BARE, "-serial", "none", *self.SPIN, "-monitor", "stdio", "-S",
                         *cli.raw(self.folder / "spin", cli.SPIN),
                         stdin=b"info status\ninfo registers\nx /1xw 0x40200000\nx /2i $pc\n"
                         b"x/xw $pc-4*(2-1)+4\np/d -(1+2)*3|1\nprint 1/0\np 1+\np (1\ninfo\nq\n")
        self.assertEqual(result.status, 0)
        self.assertRegex(result.output, r"VM status: paused \(prelaunch\)")
        self.assertRegex(result.output, r"pc=0000000040200000")
        self.assertEqual(result.output.count("0000000040200000: 0x14000000"), 2)
        for line in (r" -9", r"Error: '1/0' divides by zero", r"Error: '1\+' is not a number",
                     r"Error: '\)' expected in '\(1'", r"info status +does the machine run\?"):
            self.assertRegex(result.output, rf"(?m){line}\r*$")
        self.assertRegex(result.output, r"0000000040200000: 14000000  b\s+#?0x40200000")

    def test_extended_interrupts(self):
        """A program that enables one SPI, one extended SPI, one extended PPI."""
        enable = [0xD2A10000, 0x91400401,  # mov x0, #0x8000000; add x1, x0, #0x1000
                  0xD2A10162, 0x52800103,  # mov x2, #0x80b0000; mov w3, #8
                  0xB9010803, 0xB9020023, 0xB9010443]  # str w3: [x0, #264] [x1, #512] [x2, #260]
        t = self.terminal("-monitor", "stdio", "-serial", "none", "-display", "none",
                          "-M", "virt,gic-version=4.1,espi=on", "-m", "16M",
                          *cli.raw(self.folder / "enable", enable + cli.SPIN))
        t.drain(0.5)
        t.send("info gic\r")
        t.expect(r"GICv4\.1, PE 0")
        t.expect(r" +67 .*level  enabled .*  0\r+\n"
                 r" +1059 .*level  enabled .*this PE\r+\n"
                 r" +4099 .*level  enabled .*  0\r+\n")
        t.expect(r"GICR_CTLR +0{15}6\r+\n(.*\r+\n){3}GICR_VPENDBASER +\w{16}\r+\n")
        t.send("quit\r")
        self.assertEqual(t.wait(), 0)


if __name__ == "__main__":
    cli.main()
