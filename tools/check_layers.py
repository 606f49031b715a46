#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fail when a file includes a layer it may not, or another folder's private header.

usage: check_layers.py SRC
"""
import pathlib
import re
import sys

MAY = {  # folder -> folders it may include, besides itself
    "base": [],
    "core": ["base"],
    "mmu": ["core", "base"],
    "cpu": ["mmu", "core", "base"],
    "smmu": ["mmu", "core", "base"],
    "gic": ["core", "base"],
    "dmac": ["core", "base"],
    "devices": ["core", "base"],
    "host": ["core", "base"],
}
MAY["machine"] = ["cpu", "gic", "smmu", "dmac", "devices", "core", "base"]
MAY["debug"] = ["machine", "cpu", "core", "base"]
MAY["app"] = [*MAY, "app"]


def main():
    root, bad = pathlib.Path(sys.argv[1]), 0
    for path in sorted(root.rglob("*")):
        if path.suffix not in (".c", ".h", ".inc", ".def"):
            continue
        here = path.relative_to(root).parts[0]
        for n, line in enumerate(path.read_text().splitlines(), 1):
            m = re.match(r'\s*#\s*include\s+"(\w+)/([\w./]+)"', line)
            if not m or m[1] == here:
                continue
            if m[1] not in MAY.get(here, []) or m[2].endswith("_internal.h"):
                print(f"{path}:{n}: {here}/ may not include {m[1]}/{m[2]}")
                bad = 1
    sys.exit(bad)


main()
