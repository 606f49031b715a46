# SPDX-License-Identifier: Apache-2.0
"""The files of the repository, for the checks beside this file."""
import pathlib
import subprocess

SKIP_DIRS = {".git", "cache", "__pycache__"}


def _walk(root):
    for path in sorted(root.iterdir()):
        if path.is_dir():
            if path.name not in SKIP_DIRS and not path.name.startswith("build"):
                yield from _walk(path)
        elif not path.is_symlink():
            yield path


def repository_files(root):
    """Paths that git tracks or would track; without git (a release archive) everything."""
    root = pathlib.Path(root)
    git = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"],
                         capture_output=True, check=False)
    if git.returncode == 0 and git.stdout:
        names = sorted(n for n in git.stdout.decode().split("\0") if n)
        return [root / n for n in names if (root / n).is_file()]
    return list(_walk(root))
