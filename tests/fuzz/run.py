#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run one fuzz target over its saved corpus and for some seconds of new inputs.

usage: run.py TARGET CORPUS [ARGUMENTS OF THE TARGET...]

New inputs stay in a scratch folder; the one that crashes is kept in the working directory.
"""
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import emulator  # noqa: E402

TIME_LIMIT = 45


def main():
    target, corpus, extra = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    with tempfile.TemporaryDirectory() as scratch:
        folders = [scratch] + ([corpus] if corpus.is_dir() else [])
        result = emulator.run([target, *extra, *folders], TIME_LIMIT)
    lines = result.output.splitlines()
    print("\n".join(lines[:20] + (["..."] + lines[-40:] if len(lines) > 60 else lines[20:])))
    if result.timed_out:
        print("no end within the time limit: an input that loops?")
    return result.timed_out or result.status != 0


if __name__ == "__main__":
    sys.exit(main())
