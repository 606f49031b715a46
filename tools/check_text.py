#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every file names its licence in its first lines and follows .editorconfig.

usage: check_text.py ROOT
"""
import sys

from source_files import repository_files

SOURCE = {".c", ".h", ".inc", ".def", ".decode", ".py", ".sh", ".S", ".ld", ".build"}
SOURCE_NAMES = {"check", "demo", "run", "meson_options.txt"}
TEXT = SOURCE | {".md", ".txt", ".tsv", ".toml", ".yml"}
MAX_COLUMNS = 100
MAX_BYTES = 512 * 1024
LICENCE = "SPDX-License-Identifier: Apache-2.0"


def is_source(path):
    return path.suffix in SOURCE or path.name in SOURCE_NAMES


def problems(path):
    raw = path.read_bytes()
    if len(raw) > MAX_BYTES:
        yield 1, f"{len(raw)} bytes: too large for the repository"
    if not (is_source(path) or path.suffix in TEXT):
        return
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        yield 1, "not UTF-8"
        return
    lines = text.split("\n")
    if is_source(path) and not any(LICENCE in line for line in lines[:3]):
        yield 1, f"no '{LICENCE}' in the first three lines"
    if text and not text.endswith("\n") or text.endswith("\n\n"):
        yield len(lines), "end the file with one newline"
    for n, line in enumerate(lines, 1):
        if line != line.rstrip():
            yield n, "space at the end of the line"
        if "\t" in line and is_source(path):
            yield n, "tab"
        if line.startswith(("<<<<<<< ", ">>>>>>> ")):
            yield n, "merge marker"
        if len(line) > MAX_COLUMNS and path.suffix in (".py", ".S"):  # C: clang-format
            yield n, f"{len(line)} columns, at most {MAX_COLUMNS}"


def main():
    bad = 0
    for path in repository_files(sys.argv[1]):
        for n, what in problems(path):
            print(f"{path}:{n}: {what}")
            bad += 1
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
