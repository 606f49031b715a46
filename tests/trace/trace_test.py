#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trace a bare-metal program in every way and compare the results with each other.

usage: trace_test.py EMULATOR PROGRAM.elf [--one-map] [--event "NAME pe=N .."] [MACHINE ARGS...]

A traced run prints and ends like a plain one and has the same hashes of the whole state on the way;
the binary trace converts to what is written as text at once, and agrees with the registers that
were written out for comparison; the text keeps to the grammar; filters leave exactly what they
say.
"""
import argparse
import json
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "guest"))
import emulator  # noqa: E402
import run as guest  # noqa: E402
import tarmac  # noqa: E402

FIXED = ["-rtc", "base=2026-01-01", "--hash-every", "50us"]


def expect(condition, what):
    if not condition:
        sys.exit(f"FAIL {what}")


class Case:
    def __init__(self, args, extra, scratch):
        self.command = [emulator.find(args.emulator), *guest.machine(extra), *guest.BASE,
                        "-kernel", args.program.resolve()]
        self.emulator, self.scratch = self.command[0], scratch
        self.n_pes = int(extra[extra.index("-smp") + 1]) if "-smp" in extra else 1

    def run(self, *more):
        r = emulator.run([*self.command, *FIXED, *more], 100, cwd=self.scratch)
        expect(not r.timed_out, f"no end with {more}")
        return r.status, r.output

    def trace(self, name, options):
        out = self.run("--trace", f"{name},{options}")
        return out, [self.scratch / (f"{name}.{i}" if self.n_pes > 1 else name)
                     for i in range(self.n_pes)]

    def convert(self, path, *filters):
        out = path.with_suffix(path.suffix + ".text")
        r = emulator.run([self.emulator, "trace", "convert", path, "-o", out, *filters], 100)
        expect(r.status == 0, f"convert {path.name}: {r.output}")
        return out


def instructions(path):
    return [line for line in path.read_text().splitlines() if " IT (" in line]


def lines_of(all_insns, keep):
    return [line for line in all_insns if keep(line)]


def address(line):
    return int(re.search(r"\) ([0-9a-f]{16}):", line)[1], 16)


def nanoseconds(line):
    return int(line.split()[0])


def check_filters(case, insns, binary):
    modes = sorted({re.search(r" O EL(\d)", line)[1] for line in insns})
    el = modes[0]
    _, files = case.trace("el", f"el={el}")
    expect(instructions(files[0]) == lines_of(insns, lambda s: f" O EL{el}" in s), f"el={el}")

    first, last = sorted(address(s) for s in insns)[len(insns) // 3], address(insns[0])
    first, last = min(first, last), max(first, last)
    want = lines_of(insns, lambda s: first <= address(s) <= last)
    _, files = case.trace("pc", f"pc={first:#x}-{last:#x}")
    expect(instructions(files[0]) == want, "pc=, while it runs")
    again = case.convert(binary, f"pc={first:#x}-{last:#x}")
    expect(instructions(again) == want, "pc=, when it is converted")

    end = nanoseconds(insns[-1])
    a, b = end // 3, end // 2
    _, files = case.trace("time", f"from={a}ns,to={b}ns")
    expect(instructions(files[0]) == lines_of(insns, lambda s: a <= nanoseconds(s) < b),
           "from=, to=")

    _, files = case.trace("events", "events=insn+exc")
    kinds = {line.split()[2] for line in files[0].read_text().splitlines()[1:]}
    expect("IT" in kinds and not {"MR1", "MR4", "MR8", "MW8"} & kinds, f"events=: {kinds}")


def check_events(texts, events):
    """Each is a record in the file of the PE that it names."""
    for e in events:
        pe = int(re.search(r"pe=(\d+)", e)[1])
        expect(re.search(rf" SIGNAL: SIGNAL={e}$", texts[pe].read_text(), re.M), f"no {e}")


def check_timeline(case, binaries, events):
    """Valid JSON of the trace-event format; spans of a track do not overlap."""
    out = case.scratch / "timeline.json"
    r = emulator.run([case.emulator, "trace", "timeline", *binaries, "-o", out], 100)
    expect(r.status == 0, f"timeline: {r.output}")
    begun, ends, phases, names = {}, {}, set(), set()
    for e in json.loads(out.read_text())["traceEvents"]:
        phases.add(e["ph"])
        names.add(e["name"])
        expect({"ph", "pid", "tid", "name"} <= e.keys() and e["name"], f"timeline: {e}")
        expect(e["ph"] == "M" or e["ts"] >= 0, f"timeline: {e}")
        if e["ph"] == "B":
            expect(e["tid"] not in begun and e["ts"] >= ends.get(e["tid"], 0), f"overlap: {e}")
            begun[e["tid"]] = e
        elif e["ph"] == "E":
            b = begun.pop(e["tid"])
            expect(b["name"] == e["name"] and e["ts"] > b["ts"], f"end: {e}")
            ends[e["tid"]] = e["ts"]
    expect(not begun, f"without an end: {begun}")
    expect({"M", "B", "E", "i"} <= phases, f"timeline has only {phases}")
    expect({e.split()[0] for e in events} <= names, f"timeline has only {names}")
    check_window(case, binaries, out)


def check_window(case, binaries, whole):
    """A part of a timeline is what the whole one has there; spans are cut at its ends."""
    out = case.scratch / "window.json"
    events = [e for e in json.loads(whole.read_text())["traceEvents"] if e["ph"] != "M"]
    times = sorted(e["ts"] for e in events)
    first, last = (round(times[len(times) * n // 4] * 1000) for n in (1, 3))
    r = emulator.run([case.emulator, "trace", "timeline", *binaries, "-o", out,
                      f"from={first}ns,to={last}ns"], 100)
    expect(r.status == 0, f"window: {r.output}")
    part = [e for e in json.loads(out.read_text())["traceEvents"] if e["ph"] != "M"]
    expect(all(first <= round(e["ts"] * 1000) <= last for e in part), "window: a time outside")
    points = [e for e in events if e["ph"] in "iC" and first <= round(e["ts"] * 1000) < last]
    expect([e for e in part if e["ph"] in "iC"] == points, "window: other events")
    begins = sum(e["ph"] == "B" for e in part)
    expect(0 < begins == sum(e["ph"] == "E" for e in part), "window: spans")


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--one-map", action="store_true")
    ap.add_argument("--event", action="append", default=[])
    ap.add_argument("emulator")
    ap.add_argument("program", type=pathlib.Path)
    args, extra = ap.parse_known_args()
    with tempfile.TemporaryDirectory() as scratch:
        case = Case(args, extra, pathlib.Path(scratch))
        plain = case.run()
        expect(plain[1].count("hash ") >= 2, f"hashes: {plain[1][-300:]}")
        binary = case.trace("bin", "format=bin,events=all,check=10")
        text = case.trace("text", "events=all")
        expect(binary[0] == plain, "a run with a binary trace differs from a plain one")
        expect(text[0] == plain, "a run with a trace differs from a plain one")
        n = 0
        for b, t in zip(binary[1], text[1]):
            expect(case.convert(b).read_bytes() == t.read_bytes(), f"{b.name}: converted")
            n += tarmac.check(t, args.one_map)
        insns = instructions(text[1][0])
        check_filters(case, insns, binary[1][0])
        check_events(text[1], args.event)
        check_timeline(case, binary[1], args.event)
        size = sum(b.stat().st_size for b in binary[1])
        print(f"{n} instructions, {size / n:.2f} bytes each")


if __name__ == "__main__":
    sys.exit(main())
