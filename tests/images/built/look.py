"""Runs inside an image: what there is, as JSON. Standard library only."""

import json
import os
import stat
import sys
from importlib.metadata import distributions
from pathlib import Path

PROGRAMS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
SITE = next(Path(name) for name in sys.path if name.endswith("site-packages"))
OURS = ("/app", "/opt/venv")


def files(top: str) -> list[Path]:
    return [Path(folder, name) for folder, _, names in os.walk(top) for name in names]


def writable(path: Path) -> bool:
    return not path.is_symlink() and bool(path.stat().st_mode & 0o022)


regular = [path for path in files("/usr") if not path.is_symlink()]
ours = [path for top in OURS for path in files(top)]
json.dump(
    {
        "uid": os.getuid(),
        "groups": os.getgroups(),
        "programs": sorted({path.name for top in PROGRAMS for path in Path(top).glob("*")}),
        "setuid": [str(p) for p in regular if p.stat().st_mode & (stat.S_ISUID | stat.S_ISGID)],
        "writable": [str(path) for path in ours if writable(path)],
        "times": sorted({int(path.lstat().st_mtime) for path in ours}),
        "installed": {found.metadata["Name"]: found.version for found in distributions()},
        "sources": [str(path) for path in SITE.rglob("*.py")],
        "uncompiled": [
            str(path)
            for path in files("/app")
            if path.suffix == ".py" and not list(path.parent.glob(f"__pycache__/{path.stem}.*.pyc"))
        ],
        "apps": sorted(path.name for path in Path("/app/apps").iterdir() if path.is_dir()),
        "top": sorted(path.name for path in Path("/app").iterdir()),
        "flags": sorted({path.read_bytes()[4] for path in ours if path.suffix == ".pyc"}),
        "read_only": not any(os.access(top, os.W_OK) for top in ("/", *OURS)),
        "scratch": os.access("/tmp", os.W_OK),
    },
    sys.stdout,
)
