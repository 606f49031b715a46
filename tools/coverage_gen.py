#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the tables of docs/coverage.md that the sources determine.

usage: coverage_gen.py [--check] ROOT

Reads features.def, models.c, a64.decode, sysregs.def and sysops.def, and docs/features.tsv for the
tiers. What stands between `<!-- generated: NAME -->` and `<!-- end -->` is replaced; with --check
nothing is written and a difference is an error.

A note in features.tsv that begins with `partial:` means that the feature is not complete, with
`implied:` or `option:` that it is there although no model lists it.
"""
import collections
import pathlib
import re
import sys

PAGE = "docs/coverage.md"
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.S)


def read(root, name):
    return (pathlib.Path(root) / name).read_text(encoding="utf-8")


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(c) for c in r) + " |" for r in rows]) + "\n"


# ---- features ----

def defined_features(root):
    """name -> where its ID field is, of the features that code knows; absent ones left out."""
    text = read(root, "src/cpu/sys/features.def")
    return {m[1]: "" if m[2] == "NOREG" else f"{m[2]}[{int(m[3]) + 3}:{m[3]}]"
            for m in re.finditer(r"^FEATURE\((\w+), *(\w+), *(\d+),", text, re.M)}


def model_features(root):
    """name -> the models that have it."""
    text = read(root, "src/cpu/sys/models.c").replace("\\\n", " ")
    macros = dict(re.findall(r"^#define (V8_\d)\s+(.*)$", text, re.M))
    lists = {m[1]: m[2] for m in re.finditer(r"(\w+_features)\[\] = \{(.*?)\};", text, re.S)}

    def expand(body):
        for word in re.findall(r"\b(V8_\d|FEAT_\w+)", body):
            yield from expand(macros[word]) if word in macros else [word.removeprefix("FEAT_")]

    out = collections.defaultdict(list)
    for model, features in re.findall(r'\{"([\w-]+)",.*?(\w+_features),', text, re.S):
        for f in expand(lists[features]):
            out[f].append(model)
    return out


def state_of(name, note, defined, models):
    kind = note.split(":")[0]
    if kind in ("partial", "implied", "option"):
        return "partial" if kind == "partial" else "yes"
    if name not in defined:
        return "no"
    return "yes" if name in models else "not offered"


def who(name, models):
    have = models.get(name, [])
    others = [m for m in have if m != "max"]
    return "all" if len(others) == 6 else ", ".join(have)


def features(root):
    defined, models = defined_features(root), model_features(root)
    tiers = collections.defaultdict(list)
    for line in read(root, "docs/features.tsv").splitlines():
        if not line.startswith("#"):
            tier, name, note = (line.split("\t") + [""])[:3]
            state = state_of(name, note, defined, models)
            text = re.sub(r"^(partial|implied|option): ?", "", note)
            tiers[tier].append((name, state, who(name, models), defined.get(name, ""), text))
    parts = []
    for tier, rows in sorted(tiers.items()):
        count = collections.Counter(r[1] for r in rows)
        parts.append(f"**{tier}**: {len(rows)} features: " +
                     ", ".join(f"{n} {s}" for s, n in count.most_common()) + ".\n")
        there = [r for r in rows if r[1] != "no" or r[4]]
        if there:
            head = ("FEAT_", "state", "models", "ID field", "note")
            parts.append(table(head, there))
        missing = ", ".join(r[0] for r in rows if r[1] == "no" and not r[4])
        if missing:
            parts.append(f"Not implemented: {missing}.\n")
    return "\n".join(parts)


# ---- instructions ----

def encodings(root):
    rows = [line.split() for line in read(root, "src/cpu/isa/a64.decode").splitlines()
            if line and not line.startswith("#")]
    count = collections.Counter(r[3].removeprefix("FEAT_") for r in rows)
    base = count.pop("-")
    classes = len({r[1] for r in rows})
    text = (f"{len(rows)} encodings in {classes} classes; {base} of them need no feature. "
            "The others:")
    return text + "\n\n" + table(("FEAT_", "encodings"), sorted(count.items()))


# ---- system registers and instructions ----

def expand_rows(text):
    """The text with its own one-argument macros (BRP, WRP, PMC, PMT) replaced by their rows."""
    text = text.replace("\\\n", "\n")
    for name, body in re.findall(r"^#define (\w+)\(n\)\s*\n((?:SR\(.*\n)+)", text, re.M):
        text = re.sub(rf"^#define {name}\(n\)\s*\n(?:SR\(.*\n)+", "", text, flags=re.M)
        text = re.sub(rf"\b{name}\((\d+)\)",
                      lambda m, b=body: "\n" + re.sub(r"##n##|##n|\bn\b", m[1], b), text)
    return text


def sections(text, row):
    """(title, rows) for each `---- title ----` comment; row: a pattern."""
    pieces = re.split(r"/\* ---- (.*?) ----[^\n]*", text)
    for title, body in zip(pieces[1::2], pieces[2::2]):
        found = re.findall(row, body, re.M)
        if found:
            yield title.split(":")[0], found


def ranges(names):
    """DBGBVR0_EL1 to DBGBVR5_EL1 as one item: DBGBVR<0-5>_EL1."""
    groups = collections.OrderedDict()
    for n in names:
        m = re.fullmatch(r"(DBG[BW][VC]R|PMEV\w*?R)(\d+)(_EL\d)", n)
        groups.setdefault((m[1], m[3]) if m else n, []).append(int(m[2]) if m else None)
    return ", ".join(f"{k[0]}<0-{max(v)}>{k[1]}" if isinstance(k, tuple) else k
                     for k, v in groups.items())


def sysregs(root):
    text = expand_rows(read(root, "src/cpu/sys/sysregs.def"))
    rows = []
    for title, found in sections(text, r"^SR(?:12)?\((\w+),([^\n]*)\)"):
        storage = [n for n, rest in found if "DBG" in "".join(rest.split(",")[11:12])]
        rows.append((title, len(found), ranges([n for n, _ in found]), ranges(storage)))
    total = sum(r[1] for r in rows)
    return f"{total} names, with those of the EL12 aliases.\n\n" + table(
        ("group", "n", "registers", "storage without function"), rows)


def sysops(root):
    text = read(root, "src/cpu/sys/sysops.def")
    plain = collections.defaultdict(list)
    for name in re.findall(r"^OP\((\w+),", text, re.M):
        plain[name.split("_")[0] if "RCTX" not in name else "RCTX"].append(name)
    rows = [(k, len(v), ", ".join(v)) for k, v in plain.items()]
    by_el = re.findall(r"^TLBI\((\w+), +(\d),", text, re.M)
    for op1, el in (("0", "EL1"), ("4", "EL2"), ("6", "EL3")):
        names = [n for n, o in by_el if o == op1]
        rows.append((f"TLBI, {el}", len(names), ", ".join(names)))
    return table(("group", "n", "instructions"), rows)


TABLES = {"features": features, "encodings": encodings, "sysregs": sysregs, "sysops": sysops}


def main():
    check = sys.argv[1:2] == ["--check"]
    root = sys.argv[-1]
    page = read(root, PAGE)
    new = BLOCK.sub(lambda m: m[1] + TABLES[m[2]](root) + m[3], page)
    if new == page:
        return 0
    if check:
        print(f"{PAGE} is out of date: run tools/coverage_gen.py {root}")
        return 1
    (pathlib.Path(root) / PAGE).write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
