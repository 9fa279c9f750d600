"""What the figures were measured on."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

from tests.support.servers import ROOT, find


def facts() -> dict[str, str | int]:
    """The machine, the versions and the commit."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count() or 0,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": platform.platform(),
        "python": platform.python_version(),
        "database": _said(find("mariadbd", "mysqld"), "--version"),
        "node": _said("node", "--version") if shutil.which("node") else "",
        "commit": _said("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"),
    }


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor()
    lines = [line for line in info.read_text().splitlines() if line.startswith("model name")]
    return lines[0].split(":", 1)[1].strip() if lines else platform.processor()


def _said(*command: str) -> str:
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()
