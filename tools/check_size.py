#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files and functions have limits: over the soft one is printed, over the hard one is an error.

usage: check_size.py [--soft] ROOT      --soft also lists what is over the soft limits

Tables (.def, .decode) are data and have no limit. A C function is what stands between a `{` and a
`}` in the first column, which the layout of .clang-format guarantees.
"""
import ast
import re
import sys

from source_files import repository_files

FILE_SOFT, FILE_HARD = 800, 1200
FUNCTION_SOFT, FUNCTION_HARD = 60, 120
CODE = {".c", ".h", ".inc", ".py", ".S", ".sh"}
BAD_NAMES = re.compile(r"^(utils?|misc|common|helpers?)\.")


def c_functions(lines):
    """(name, first line, length) of each function."""
    start, name = None, ""
    for n, line in enumerate(lines, 1):
        if line == "{":
            start = n
            name = next((m[1] for back in range(n - 2, max(n - 8, -1), -1)
                         if (m := re.match(r"\w.*?\b(\w+)\(", lines[back]))), "?")
        elif line.startswith("}") and start is not None:
            yield name, start, n - start + 1
            start = None


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def sizes(path):
    """(what, length, soft, hard) of a file and of its functions."""
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = text.splitlines()
    yield str(path), len(lines), FILE_SOFT, FILE_HARD
    if path.suffix == ".py":
        functions = python_functions(text)
    elif path.suffix in (".c", ".h", ".inc"):
        functions = c_functions(lines)
    else:
        functions = ()
    for name, line, length in functions:
        yield f"{path}:{line}: {name}()", length, FUNCTION_SOFT, FUNCTION_HARD


def main():
    args = [a for a in sys.argv[1:] if a != "--soft"]
    bad, soft = 0, []
    for path in repository_files(args[0]):
        if BAD_NAMES.search(path.name) and path.suffix in CODE:
            print(f"{path}: the name says nothing about what is in it")
            bad += 1
        if path.suffix not in CODE:
            continue
        for what, length, soft_limit, hard in sizes(path):
            if length > hard:
                print(f"{what}: {length} lines, at most {hard}")
                bad += 1
            elif length > soft_limit:
                soft.append(f"{what}: {length} lines, over {soft_limit}")
    if "--soft" in sys.argv:
        print("\n".join(soft))
    print(f"{bad} over the hard limits, {len(soft)} over the soft ones")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
