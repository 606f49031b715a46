#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Layout is what clang-format says. Skipped (status 77) where clang-format 19 is absent.

usage: check_format.py ROOT [--fix]
"""
import shutil
import subprocess
import sys

from source_files import repository_files

SKIPPED = 77


def formatter():
    for name in ("clang-format-19", "clang-format"):
        path = shutil.which(name)
        if path and " 19." in subprocess.run([path, "--version"], capture_output=True, text=True,
                                             check=False).stdout:
            return path
    return None


def main():
    tool = formatter()
    if tool is None:
        print("SKIP: no clang-format 19 on this machine")
        return SKIPPED
    files = [str(p) for p in repository_files(sys.argv[1])
             if p.suffix in (".c", ".h") or p.name.endswith(".c.inc")]
    mode = ["-i"] if "--fix" in sys.argv else ["--dry-run", "-Werror"]
    return subprocess.run([tool, *mode, *files], check=False).returncode != 0


if __name__ == "__main__":
    sys.exit(main())
