#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone, so the order of includes never matters.

usage: check_headers.py SRC GENERATED COMPILER...
"""
import pathlib
import subprocess
import sys

# Parts of a template, included in the middle of something by design: they say so at their top.
NOT_ALONE = {"mem_build.h"}


def library_flags():
    out = subprocess.run(["pkg-config", "--cflags", "glib-2.0", "json-glib-1.0"],
                         capture_output=True, text=True, check=True)
    return out.stdout.split()


def main():
    src, generated, compiler = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    headers = [h for h in sorted(src.rglob("*.h")) if h.name not in NOT_ALONE]
    command = [*compiler, "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
               "-Wno-unused-parameter", "-Wno-sign-compare", "-Wno-missing-field-initializers",
               "-Wno-unused-function", "-fsyntax-only", f"-I{src}", f"-I{generated}",
               *library_flags()]
    bad = 0
    for header in headers:
        unit = f'#include "{header.relative_to(src)}"\n#include "{header.relative_to(src)}"\n'
        result = subprocess.run([*command, "-x", "c", "-"], input=unit, capture_output=True,
                                text=True, check=False)
        if result.returncode != 0:
            print(f"{header}:\n{result.stderr}")
            bad += 1
    print(f"{len(headers)} headers, {bad} that do not compile alone")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
