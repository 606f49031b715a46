#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fail when a file includes a layer it may not, another folder's private header, or a host library.

usage: check_layers.py SRC
"""
import pathlib
import re
import sys

MAY = {  # folder -> folders it may include, besides itself
    "base": [], "core": ["base"], "mmu": ["core", "base"],
    "cpu": ["mmu", "core", "base"], "smmu": ["mmu", "core", "base"],
    "gic": ["core", "base"], "dmac": ["core", "base"], "devices": ["core", "base"],
    "host": ["core", "base"],
}
MAY["machine"] = ["cpu", "gic", "smmu", "dmac", "devices", "core", "base"]
MAY["debug"] = ["machine", "cpu", "mmu", "core", "base"]
MAY["app"] = [*MAY, "app"]

# System headers that only the edges of the program may use: the folder, or the start of the path.
HOST_ONLY = {
    r"SDL2?/|SDL\.h": ["host/"],
    r"capstone/": ["debug/"],
    r"libelf\.h|gelf\.h|elf\.h": ["debug/", "machine/loader_"],
    r"sys/socket\.h|netinet/|sys/un\.h|netdb\.h|slirp/": ["host/", "debug/"],
    r"setjmp\.h": [],
}
INCLUDE = re.compile(r'\s*#\s*include\s+(?:"([\w./]+)"|<([\w./]+)>)')
GENERATED = {"a64_gen.h"}


def check_project(here, name):
    folder, _, rest = name.partition("/")
    if name in GENERATED or folder == here:
        return None
    if not rest:
        return f'"{name}": write the folder too'
    if folder not in MAY.get(here, []):
        return f"{here}/ may not include {name}"
    if name.endswith("_internal.h"):
        return f"{name} is private to {folder}/"
    return None


def check_system(where, name):
    for pattern, allowed in HOST_ONLY.items():
        if re.match(pattern, name) and not any(where.startswith(a) for a in allowed):
            return f"<{name}> belongs to {', '.join(allowed) or 'nobody'}"
    return None


def main():
    root, bad = pathlib.Path(sys.argv[1]), 0
    for path in sorted(root.rglob("*")):
        if path.suffix not in (".c", ".h", ".inc", ".def"):
            continue
        where = path.relative_to(root)
        for n, line in enumerate(path.read_text().splitlines(), 1):
            m = INCLUDE.match(line)
            if not m:
                continue
            if m[1]:
                what = check_project(where.parts[0], m[1])
            else:
                what = check_system(where.as_posix(), m[2])
            if what:
                print(f"{path}:{n}: {what}")
                bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
