"""`python settle.py FOLDER...`: one time and equal rights for all: equal trees are equal layers."""

import os
import sys
from pathlib import Path

# 1980: the first year that a zip file knows. When an image was built is in its labels.
TIME_S = 315_532_800


def settle(path: Path) -> None:
    """All may read and enter, nobody but the owner (root) may write; one time for all."""
    if not path.is_symlink():
        runs = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod(0o755 if runs else 0o644)
    os.utime(path, (TIME_S, TIME_S), follow_symlinks=False)


def main() -> None:
    for top in map(Path, sys.argv[1:]):
        for path in sorted(top.rglob("*"), reverse=True):
            settle(path)
        settle(top)


if __name__ == "__main__":
    main()
