#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The sources as clang-tidy wants them (.clang-tidy). Skipped (status 77) where 19 is absent.

usage: check_tidy.py ROOT BUILD [--analyze] [FILE...]

--analyze adds the checks that walk paths through functions: about eight times the work.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

SKIPPED = 77
TOOL = "clang-tidy-19"
# Arguments of gcc that clang has not.
FOREIGN = ["--extra-arg=-Wno-unknown-warning-option",
           "--extra-arg=-Wno-ignored-optimization-argument"]


def sources(root, build):
    commands = json.loads((build / "compile_commands.json").read_text())
    paths = {(pathlib.Path(c["directory"]) / c["file"]).resolve() for c in commands}
    return sorted(p for p in paths if p.is_relative_to(root / "src"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--analyze", action="store_true")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    args = parser.parse_intermixed_args()
    tool = shutil.which(TOOL)
    if tool is None:
        print(f"SKIP: no {TOOL} on this machine")
        return SKIPPED
    options = [] if args.analyze else ["--checks=-clang-analyzer-*"]

    def check(path):
        done = subprocess.run([tool, "-p", args.build, "--quiet", *options, *FOREIGN, path],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    files = args.files or sources(args.root.resolve(), args.build)
    seen, bad = set(), 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, (status, text) in zip(files, pool.map(check, files)):
            bad += status != 0
            for finding in re.split(r"\n(?=\S+:\d+:\d+: (?:error|warning):)", text):
                if finding.strip() and finding not in seen:  # a header's is found in many files
                    seen.add(finding)
                    print(finding)
            if status != 0 and not text.strip():
                print(f"{path}: {TOOL} ended with status {status}")
    print(f"{len(files)} files, {bad} with findings")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
