#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Refuse calls that would end the process, depend on the host's time or chance, or skip checks.

usage: check_banned.py SRC
"""
import pathlib
import re
import sys

CALL = r"(?<![\w.>])({})\s*\("
# what | why | the files (starts of paths below SRC) that may
RULES = [
    ("exit|_exit|abort|g_error|g_assert\\w*|assert|__builtin_trap",
     "no guest may end the process: return an error, or ASSERT() for our own bugs",
     ["app/main.c", "app/signals.c", "base/result"]),
    ("setjmp|longjmp|sigsetjmp|siglongjmp", "faults are return values or tail calls", []),
    ("time|gettimeofday|clock_gettime|clock|g_get_monotonic_time|g_get_real_time|localtime\\w*",
     "models take their time from the event queue", ["host/", "app/", "base/log.c"]),
    ("rand|random|srand|drand48|rand_r|g_random_\\w+|getrandom|arc4random\\w*",
     "chance enters through one gate", ["host/entropy"]),
    ("sprintf|strcpy|strcat|gets|alloca|strtok|atoi|atol|atoll",
     "has no bound or reports no error", []),
    ("system|popen|execv\\w*|fork", "starts a program", ["host/netdev_"]),
    ("sleep|usleep|nanosleep|clock_nanosleep", "waits on the host", ["host/"]),
]


def code_only(text):
    """Comments and strings blanked, line numbers kept."""
    def blank(m):
        return re.sub(r"[^\n]", " ", m[0])
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text,
                  flags=re.S)


def main():
    root, bad = pathlib.Path(sys.argv[1]), 0
    rules = [(re.compile(CALL.format(names)), why, may) for names, why, may in RULES]
    for path in sorted(root.rglob("*")):
        if path.suffix not in (".c", ".h", ".inc"):
            continue
        where = path.relative_to(root).as_posix()
        for n, line in enumerate(code_only(path.read_text()).splitlines(), 1):
            for pattern, why, may in rules:
                m = pattern.search(line)
                if m and not any(where.startswith(p) for p in may):
                    print(f"{path}:{n}: {m[1]}(): {why}")
                    bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
