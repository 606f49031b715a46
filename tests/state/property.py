#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same command gives the same states, and a loaded snapshot goes on as the run it was made in.

usage: property.py [--points N] [--seed N] [--every TIME] EMULATOR (guest PROGRAM | linux CASE)
                   [MACHINE ARGUMENTS...]

Three kinds of runs, each with a hash of the whole state at every TIME: two alike in other
surroundings; one that saves at N random times; one from each snapshot, which saves at those times,
too. Every hash at a time must be the same in all of them.
"""
import argparse
import contextlib
import os
import pathlib
import random
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "boot"), str(HERE.parent / "guest")]
import emulator  # noqa: E402
import guests  # noqa: E402
import run as guest_run  # noqa: E402

ON_A_DATE = ["-rtc", "base=2026-01-31T12:00:00"]
LIMIT = 280
# A round of PEs: a snapshot is taken, and the first hash after it printed, at its end.
ROUND = 0.0002
# Of many snapshots each goes on past some others, and each tenth to the end.
AHEAD, WHOLE = 4, 10


def command(a, folder):
    if a.kind == "guest":
        return [a.emulator, *guest_run.BASE, *guest_run.machine(a.extra), *ON_A_DATE, "-kernel",
                a.name]
    return [*guests.command(a.emulator, a.name, folder), *ON_A_DATE]


def hashes(output):
    return {t: h for t, h in re.findall(r"hash (\d+\.\d{6}) ([0-9a-f]{16})\n", output)}


def states(argv, every, *more):
    r = emulator.run([*argv, "--hash-every", every, *more], LIMIT)
    if r.timed_out:
        sys.exit("no end within the time limit")
    return r.status, hashes(r.output), r.output


@contextlib.contextmanager
def elsewhere():
    """What must make no difference: language, time zone, terminal, and where things are in memory
    because the environment is larger."""
    before = dict(os.environ)
    os.environ.update(LC_ALL="de_DE.UTF-8", TZ="Asia/Tokyo", COLUMNS="7", LINES="3", TERM="dumb",
                      HOME="/nonexistent", FILLER="x" * 10007)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def differing(a, b):
    """The first time at which both have a hash and not the same."""
    both = sorted(a.keys() & b.keys(), key=float)
    return next((t for t in both if a[t] != b[t]), None)


def check(what, expected, got, since=0.0, until=None):
    """until: where the other run was stopped."""
    status, known, _ = expected
    new_status, new, output = got
    if until is not None:
        status, known = 0, {t: h for t, h in known.items() if float(t) < until - ROUND}
    at = differing(known, new)
    missing = [t for t in known if float(t) > since + ROUND and t not in new]
    if at is None and status == new_status and not missing:
        return
    print(output[-2000:])
    sys.exit(f"{what}: " + (f"another state at {at} s" if at else f"status {new_status}, not "
             f"{status}; {len(missing)} hashes are missing"))


def apart(points):
    """A save waits for the end of a PE's turn: it must not come to the next point meanwhile."""
    kept = points[:1]
    for t in points[1:]:
        if t - kept[-1] > ROUND:
            kept.append(t)
    return kept


def save(snaps, suffix=""):
    return [x for t, f in snaps for x in ("--snapshot-save-at", f"{t:.6f}s,file={f}{suffix}")]


def go_on(argv, every, snaps, i):
    """From snapshot i to the end, or past some more: it saves where the other run did, because
    saving empties TLBs. Returns what it printed, and where it was stopped."""
    whole = i % WHOLE == 0 or i + AHEAD >= len(snaps)
    more = snaps[i + 1:] if whole else snaps[i + 1:i + AHEAD]
    until = None if whole else snaps[i + AHEAD][0]
    stop = ["--stop-at", f"{until:.6f}s"] if until else []
    got = states(argv, every, "--snapshot-load", snaps[i][1], *save(more, ".again"), *stop)
    for _, f in more:
        pathlib.Path(f"{f}.again").unlink(missing_ok=True)
    return got, until


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--points", type=int, default=3)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--every", default="200us")
    p.add_argument("emulator")
    p.add_argument("kind", choices=["guest", "linux"])
    p.add_argument("name")
    p.add_argument("extra", nargs=argparse.REMAINDER)
    a = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        argv = command(a, folder)
        reference = states(argv, a.every)
        if not reference[1]:
            sys.exit("no hashes: the guest is too short\n" + reference[2])
        with elsewhere():
            check("the same again", reference, states(argv, a.every))
        end = max(map(float, reference[1]))
        rng = random.Random(a.seed)
        points = apart(sorted(round(rng.uniform(0.00005, end), 6) for _ in range(a.points)))
        snaps = [(t, pathlib.Path(folder) / f"{i}.snap") for i, t in enumerate(points)]
        saving = states(argv, a.every, *save(snaps))
        check("the run that saves", reference, saving)
        for i, (t, _) in enumerate(snaps):
            got, until = go_on(argv, a.every, snaps, i)
            check(f"from {t} s", saving, got, t, until)
    print(f"{len(reference[1])} states, again from {len(snaps)} snapshots")


if __name__ == "__main__":
    main()
