#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which words are UNDEFINED: the decoder against Arm's list of encodings, llvm-mc and capstone.

usage: decode_check.py [options] decode_words a64.decode

Words: every encoding with its operation bits exhaustively and registers at their edges, its
neighbours at one and two changed fixed bits, and random ones. Differences that have a reason are in
decode_explained.txt. Prints the seed; same seed, same words.
"""
import argparse
import array
import itertools
import os
import pathlib
import random
import re
import subprocess
import sys
from collections import defaultdict

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import a64_data  # noqa: E402
import emulator  # noqa: E402

EXPLAINED = pathlib.Path(__file__).with_name("decode_explained.txt")
LLVM_MC = "llvm-mc-19"
BATCH = 1 << 20
SHOWN = 30
EXHAUSTIVE_BITS = 10  # operation bits of an encoding beyond this are random
# What llvm-mc 19 calls the features of -cpu max, and its names of our models.
LLVM_MAX = "+v8.6a,+fullfp16,+fp16fml,+sha2,+sha3,+sm4,+aes,+rand,+mops,+cssc,+hbc,+wfxt,+xs,+ssbs"
LLVM_NO = "-sve,-sme,-mte,-ls64,-the,-d128,-lse128,-gcs,-rcpc3,-tme"
MODELS = ("max", "cortex-a53", "cortex-a57", "cortex-a72", "cortex-a76", "neoverse-n1")


# ---- words ----

def mask_and_value(pattern):
    return (int(re.sub("[01]", "1", pattern).replace(".", "0"), 2),
            int(pattern.replace(".", "0"), 2))


def table(path):
    """(mask, value) of the decoder's own rows."""
    for line in open(path):
        f = line.split("#")[0].split()
        if f:
            yield mask_and_value(f[2])


def places(mask):
    """The bits of a mask."""
    return [1 << i for i in range(32) if mask >> i & 1]


def scatter(bits, n):
    return sum(b for i, b in enumerate(bits) if n >> i & 1)


def words_of(rows, rng):
    """Words of each (mask, value): exhaustive above the registers, then its neighbours."""
    for mask, value in rows:
        free = ~mask & 0xffffffff
        registers = free & 0x1f03ff  # where Rm, Rn and Rd are
        bits = places(free & ~registers)
        rng.shuffle(bits)
        for n in range(1 << min(len(bits), EXHAUSTIVE_BITS)):
            word = value | scatter(bits[:EXHAUSTIVE_BITS], n)
            word |= scatter(bits[EXHAUSTIVE_BITS:], rng.getrandbits(32))
            for fill in (0, 0xffffffff, rng.getrandbits(32)):
                yield word | fill & registers
        for a, b in itertools.combinations_with_replacement(places(mask), 2):
            yield (value | rng.getrandbits(32) & free) ^ (a | b)


def random_words(n, rng):
    """Half anywhere, half outside the SVE, SME and reserved groups (op0 of C4.1)."""
    for i in range(n):
        word = rng.getrandbits(32)
        yield word | (8 if i & 2 else 5) << 25 if i & 1 else word


def batches(words):
    words = iter(words)
    while batch := array.array("I", itertools.islice(words, BATCH)):
        yield batch


# ---- opinions ----

def ask_decoder(program, model, words):
    return subprocess.run([program, model, "1"], input=words.tobytes(), stdout=subprocess.PIPE,
                          check=True).stdout


def ask_llvm(tool, options, words):
    """Does llvm-mc accept the words? What it calls potentially undefined, it does."""
    text = "".join(" ".join(f"0x{b:02x}" for b in w.to_bytes(4, "little")) + "\n" for w in words)
    run = subprocess.run([tool, "-disassemble", "-triple=aarch64", *options], input=text, text=True,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    known = bytearray(b"\1") * len(words)
    for m in re.finditer(r"^<stdin>:(\d+):\d+: warning: invalid instruction", run.stderr, re.M):
        known[int(m[1]) - 1] = 0
    return known


def llvm_options(model):
    return ["-mattr=" + LLVM_MAX + "," + LLVM_NO] if model == "max" else [f"-mcpu={model}"]


# ---- differences ----

class Differences:
    def __init__(self, path):
        self.seen = defaultdict(list)
        self.explained = []
        for line in path.read_text().splitlines():
            f = [x.strip() for x in line.split("#")[0].split("|")]
            if len(f) == 4:
                self.explained.append((f[0], f[1], *mask_and_value(f[2])))

    def note(self, who, ours, word):
        """ours: the decoder says it is allocated, and `who` that it is not; or the other way."""
        verdict = "extra" if ours else "missing"
        for w, v, mask, value in self.explained:
            if w == who and v == verdict and word & mask == value:
                return
        self.seen[who, verdict].append(word)

    def report(self):
        for (who, verdict), words in sorted(self.seen.items()):
            print(f"{who}: {len(words)} words {verdict}: "
                  f"{' '.join(f'{w:08x}' for w in words[:SHOWN])}")
        return bool(self.seen)


def check(args, model, words, out, opinions):
    features = set(subprocess.run([args.program, model], stdout=subprocess.PIPE, text=True,
                                  check=True).stdout.split())
    allocated = a64_data.predicate(a64_data.read(args.data), features)
    count = 0
    for batch in batches(words):
        count += len(batch)
        ours = ask_decoder(args.program, model, batch)
        for word, answer in zip(batch, ours):
            if allocated(word) != answer & 1:
                out.note("data", answer & 1, word)
        if "llvm" in opinions:
            for word, answer, llvm in zip(batch, ours,
                                          ask_llvm(args.llvm, llvm_options(model), batch)):
                if answer & 1 != llvm:
                    out.note("llvm", answer & 1, word)
        if "capstone" in opinions:
            for word, answer in zip(batch, ours):
                if answer == 2:  # only what it knows: Debian's is older than many features
                    out.note("capstone", 0, word)
    print(f"{model}: {count} words against the data {' '.join(opinions)}")


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--random", type=int, default=1000000)
    ap.add_argument("--models", default=",".join(MODELS))
    ap.add_argument("program")
    ap.add_argument("table")
    args = ap.parse_args()
    args.data = os.path.join(os.environ.get("ARMATURE_DATA", ""), "a64-encodings.tsv")
    args.llvm = emulator.find(LLVM_MC)
    if not os.path.exists(args.data):
        emulator.skip("no a64-encodings.tsv")
    print(f"seed {args.seed}, {args.llvm or 'without ' + LLVM_MC}")
    rows = [(r.mask, r.value) for r in a64_data.read(args.data)
            if r.group not in a64_data.OTHER_GROUPS]
    rows = sorted(set(rows) | set(table(args.table)))
    out = Differences(EXPLAINED)
    llvm = ["llvm"] if args.llvm else []
    for model in args.models.split(","):
        rng = random.Random(args.seed)
        capstone = ["capstone"] if model == "max" else []
        check(args, model, words_of(rows, rng), out, llvm + capstone)
    rng = random.Random(args.seed)
    check(args, "max", random_words(args.random, rng), out, [])
    check(args, "max", random_words(args.random // 10, rng), out, llvm + ["capstone"])
    return out.report()


if __name__ == "__main__":
    sys.exit(main())
