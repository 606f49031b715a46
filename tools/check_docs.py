#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the documentation names exists: links, their anchors, and files in `code quotes`.

usage: check_docs.py ROOT

A quoted file name is the end of a path: `sys/traps.c` and `walk.c` will do. `a_*.c` must match a
file, `a.{c,h}` both, <name> stands for any name.
"""
import fnmatch
import pathlib
import re
import sys

from source_files import repository_files

FENCE = re.compile(r"^```.*?^```", re.M | re.S)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
QUOTED = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^#+ +(.*)$", re.M)
# A path with an extension of ours, or a folder of the repository; a target of the build is neither.
FILE = re.compile(r"[\w./*<>{},-]+\.(?:c|h|inc|def|decode|py|sh|md|tsv|txt|build|S|ld)")
FOLDER = re.compile(r"(?:src|tests|tools|docs|images)/[\w./-]*")
NOT_OURS = ("a64_gen.h", "images/cache/")  # made by the build, or fetched


def anchors(text):
    """GitHub's names of the headings of a page."""
    plain = (re.sub(r"[^\w\- ]", "", h.lower()) for h in HEADING.findall(FENCE.sub("", text)))
    return {h.strip().replace(" ", "-") for h in plain}


def link_problem(root, page, target):
    if re.match(r"[a-z]+:", target):
        return None
    name, _, anchor = target.partition("#")
    path = (page.parent / name).resolve() if name else page
    if not path.exists():
        return f"link to {target}: no such file"
    if anchor and anchor not in anchors(path.read_text(encoding="utf-8")):
        return f"link to {target}: no such heading"
    return None if path.is_relative_to(root) else f"link to {target}: outside the repository"


def braces(pattern):
    """a.{c,h} as a.c and a.h, <name> as *."""
    pattern = re.sub(r"<\w+>", "*", pattern)
    m = re.search(r"\{([^}]*)\}", pattern)
    if not m:
        return [pattern]
    return [p for part in m[1].split(",") for p in braces(pattern[:m.start()] + part +
                                                           pattern[m.end():])]


def name_problem(names, quoted):
    """quoted: what stands between back quotes."""
    if quoted.startswith(NOT_OURS) or not (FILE.fullmatch(quoted) or FOLDER.fullmatch(quoted)):
        return None
    for pattern in braces(quoted.rstrip("/")):
        if not any(fnmatch.fnmatch(n, p) for n in names for p in (pattern, "*/" + pattern)):
            return f"`{quoted}`: no such file"
    return None


def problems(root, page, names):
    text = page.read_text(encoding="utf-8")
    prose = FENCE.sub("", text)
    found = [link_problem(root, page, t) for t in LINK.findall(prose)]
    found += [name_problem(names, q) for q in QUOTED.findall(prose)]
    return [f for f in found if f]


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    files = [p.resolve() for p in repository_files(root)]
    names = {str(p.relative_to(root)) for p in files}
    names |= {str(d) for n in names for d in pathlib.PurePath(n).parents}
    bad = 0
    pages = [p for p in files if p.suffix == ".md"]
    for page in pages:
        for what in problems(root, page, names):
            print(f"{page.relative_to(root)}: {what}")
            bad += 1
    print(f"{len(pages)} pages, {bad} names that lead nowhere")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
